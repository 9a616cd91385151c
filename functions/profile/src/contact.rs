//! Changing the e-mail address or phone number: the new contact replaces the old one when it is proven, and the old one is notified.
//!
//! A change is bound to the exact contact that the code was sent to, and to the proof of the session that requested it. A contact that
//! belongs to somebody else gets the same answer, and can never be proven. Nothing changes before the proof. With it the claim moves, all
//! other sessions end, and the former contact is notified.
//!
//! The owner is notified once when a change is requested and once when it is made: by mail if the account has an address, by text message
//! at the number that changes, and at the number of an account without an address.

use std::time::Duration;

use accounts::{
    Resource,
    audit::{Action, AuditEntry},
    deletion::{Deletion, Stage},
    former_contact::FormerContact,
    identifier::{Contact, Email, Phone},
    session::{self, Session},
    user::{EmailClaim, PhoneClaim, User, notify_at, partition},
};
use axum::extract::State;
use callers::{Fresh, Member, MemberWith, Proof};
use events::Notice;
use kernel::{
    FieldError, Kind, Problem, Time,
    id::{ChallengeId, UserId},
};
use proofs::{
    challenge::{self, Challenge, CodeKey, DIGITS, Form, Purpose, Sent},
    code::TypedCode,
    code_attempt, contact_link, deletion_link,
    guesses::ClientGuesses,
    repeat::{RefusedWork, Repeatable, Reply},
    sending::{self, Permit},
};
use serde::{Deserialize, Serialize};
use store::{About, Item, Key, Personal, Slot, Tx, Update, field};
use utoipa::ToSchema;
use web::{Accepted, Client, Error, Json, NoContent, Problems, RequestId, Versioned};

use crate::read::Me;

/// How long a change may wait for its code, including repeated codes.
const LIFE: Duration = Duration::from_secs(3600);

/// A new contact of one kind that is not proven yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending<C> {
    user: UserId,
    /// The proof of the session that requested the change. Only this proof can continue it. Absent in items of older versions.
    #[serde(default)]
    proof: Option<Proof>,
    to: C,
    expires_at: Time,
}

/// The differences between the two kinds of contact.
pub trait ContactKind: Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + Into<Contact> {
    /// The account that has it.
    type Claim: Item;
    const KIND: &'static str;
    const SORT_KEY: &'static str;
    /// The name of its field in the audit.
    const FIELD: &'static str;
    const CHANGED: Notice;
    fn current(user: &User) -> Option<Contact>;
    /// Returns the number that is notified of a change.
    fn number_to_notify(user: &User) -> Option<&Phone>;
    /// Returns the key of its claim.
    fn claim_key(&self) -> Key;
    /// Adds the claim that makes it unique and the change of the account.
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (Slot, Update);
}

impl ContactKind for Email {
    type Claim = EmailClaim;
    const KIND: &'static str = "email_change";
    const SORT_KEY: &'static str = "CONTACT_CHANGE#EMAIL";
    const FIELD: &'static str = "email";
    const CHANGED: Notice = Notice::EmailChanged;
    fn current(user: &User) -> Option<Contact> {
        user.email.clone().map(Contact::Email)
    }
    fn number_to_notify(user: &User) -> Option<&Phone> {
        user.phone.as_ref().filter(|_| user.email.is_none())
    }
    fn claim_key(&self) -> Key {
        EmailClaim::key_of(self)
    }
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (Slot, Update) {
        (tx.create(&EmailClaim { email: self.key(), user }), record.set("email", self))
    }
}

impl ContactKind for Phone {
    type Claim = PhoneClaim;
    const KIND: &'static str = "phone_change";
    const SORT_KEY: &'static str = "CONTACT_CHANGE#PHONE";
    const FIELD: &'static str = "phone";
    const CHANGED: Notice = Notice::PhoneChanged;
    fn current(user: &User) -> Option<Contact> {
        user.phone.clone().map(Contact::Phone)
    }
    fn number_to_notify(user: &User) -> Option<&Phone> {
        user.phone.as_ref()
    }
    fn claim_key(&self) -> Key {
        PhoneClaim::key_of(self)
    }
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (Slot, Update) {
        (tx.create(&PhoneClaim { phone: self.clone(), user }), record.set("phone", self))
    }
}

impl<C: ContactKind> Item for Pending<C> {
    const KIND: &'static str = C::KIND;
    const ABOUT: About = About::beside_user(C::SORT_KEY, Personal::Exported(&["to", "expires_at"])).expires();
    fn key(&self) -> Key {
        Key::new(partition(self.user), C::SORT_KEY)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

impl<C: ContactKind> Resource for Pending<C> {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Key::new(partition(caller), C::SORT_KEY))
    }
}

/// A new e-mail address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    /// The address for the code.
    #[schema(examples("anna.new@example.test"), max_length = 254)]
    email: String,
}

/// A new phone number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePhone {
    /// The number for the code: with `+` and the country code, or as it is dialled at home.
    #[schema(examples("+44 7911 123456"), max_length = 32)]
    phone: String,
}

/// The code that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyContact {
    /// Six digits, or the letters and digits of a long code.
    #[schema(examples("042617"), format = "typed")]
    code: String,
}

/// Mails a code to a new address. The current address stays in use until the code is verified, and is notified. An account
/// without an address is notified by text message: while the limits allow none, the change is refused.
///
/// AWS calls: the caller with the former change; whether the address has an account; the code that was sent there before and
/// the counters, which are then counted, with those of a text message for the notice; one transaction.
#[utoipa::path(post, path = "/v1/me/email-changes", request_body = ChangeEmail,
    extensions(("x-problems" = json!(["invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::CHANGES, sending::SENT, sending::MAILS, sending::UNPROVEN_TEXTS, sending::NOTICES]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn change_email(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<MemberWith<Pending<Email>>>,
    client: Client,
    Json(body): Json<ChangeEmail>,
) -> Result<Accepted<Sent>, Error> {
    let email = Email::parse(&body.email).map_err(|e| Problem::field("/email", e))?;
    start(&s, caller, &client, email, "/email").await
}

/// Sends a code to a new number. The current number stays in use until the code is verified, and is notified.
///
/// AWS calls: the same as for an address.
#[utoipa::path(post, path = "/v1/me/phone-changes", request_body = ChangePhone,
    extensions(("x-problems" = json!(["invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::CHANGES, sending::SENT, sending::MAILS, sending::UNPROVEN_TEXTS, sending::NOTICES]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn change_phone(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<MemberWith<Pending<Phone>>>,
    client: Client,
    Json(body): Json<ChangePhone>,
) -> Result<Accepted<Sent>, Error> {
    let phone = s.sending.phone(&body.phone).map_err(|e| Problem::field("/phone", e))?;
    start(&s, caller, &client, phone, "/phone").await
}

/// Proves the new address, which replaces the former one. All other sessions end, and the former address is notified. Codes and
/// links that were sent to it become invalid. If a deletion is scheduled, another link to cancel it is mailed to the new
/// address. The same request again within ten seconds after it succeeded gets the same answer.
///
/// AWS calls: the caller with the change, the counted attempt, the scheduled deletion if there is one, the counters of a text
/// message for the notice, one transaction, and a read of the changed account. A wrong code costs three concurrent counters. A
/// refused or repeated request costs another read.
#[utoipa::path(post, path = "/v1/me/email-changes/verify", request_body = VerifyContact,
    extensions(("x-problems" = json!(["not_found", "invalid", "code_invalid", "account_exists", "conflict"]))),
    responses((status = 200, body = Me, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn verify_email_change(
    State(s): State<crate::State>,
    caller: MemberWith<Pending<Email>>,
    client: RequestId,
    Json(body): Json<VerifyContact>,
) -> Result<Versioned<Me>, Error> {
    verify(&s, caller, &client, &body.code).await
}

/// Proves the new number, which replaces the former one. All other sessions end, and the former number is notified. Codes that
/// were sent to it become invalid. If a deletion is scheduled and the account has no address, another link to cancel it is sent to
/// the new number. The same request again within ten seconds after it succeeded gets the same answer.
///
/// AWS calls: the same as for an address, without the deletion if the account has an address.
#[utoipa::path(post, path = "/v1/me/phone-changes/verify", request_body = VerifyContact,
    extensions(("x-problems" = json!(["not_found", "invalid", "code_invalid", "account_exists", "conflict"]))),
    responses((status = 200, body = Me, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn verify_phone_change(
    State(s): State<crate::State>,
    caller: MemberWith<Pending<Phone>>,
    client: RequestId,
    Json(body): Json<VerifyContact>,
) -> Result<Versioned<Me>, Error> {
    verify(&s, caller, &client, &body.code).await
}

/// Mails another code to the new address. The previous one becomes invalid.
///
/// AWS calls: the caller with the change; whether the address has an account; the code that was sent and the counters, which
/// are then counted; one transaction.
#[utoipa::path(post, path = "/v1/me/email-changes/resend",
    extensions(("x-problems" = json!(["not_found", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::CHANGES, sending::SENT, sending::MAILS, sending::UNPROVEN_TEXTS]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_email_change(
    State(s): State<crate::State>,
    caller: MemberWith<Pending<Email>>,
    client: Client,
) -> Result<Accepted<Sent>, Error> {
    resend(&s, caller, &client).await
}

/// Sends another code to the new number. The previous one becomes invalid.
///
/// AWS calls: the same as for an address.
#[utoipa::path(post, path = "/v1/me/phone-changes/resend",
    extensions(("x-problems" = json!(["not_found", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::TEXT_AGAIN, sending::CHANGES, sending::SENT, sending::MAILS, sending::UNPROVEN_TEXTS]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_phone_change(
    State(s): State<crate::State>,
    caller: MemberWith<Pending<Phone>>,
    client: Client,
) -> Result<Accepted<Sent>, Error> {
    resend(&s, caller, &client).await
}

/// Removes the phone number, unless second factors need it or there is no other way to sign in. All other sessions end.
///
/// AWS calls: the caller, the counters of a text message for the notice, one transaction. Without an address also the scheduled
/// deletion, whose link was sent to the number.
#[utoipa::path(delete, path = "/v1/me/phone",
    extensions(("x-problems" = json!(["not_found", "last_factor", "too_many_requests", "conflict"])), ("x-limits" = json!([sending::NOTICES]))),
    responses((status = 204), Problems))]
pub async fn delete_phone(State(s): State<crate::State>, Fresh(member): Fresh<Member>, client: RequestId) -> Result<NoContent, Error> {
    let user = &member.user;
    let phone = user.phone.clone().ok_or(Kind::NotFound)?;
    if user.has_second_step() || !(user.has_password || user.passkeys > 0) {
        return Err(Kind::LastFactor.into());
    }
    let mut tx = Tx::new();
    if let Some(deletion) = deletion_to_readdress(&s, user, None).await? {
        deletion_link::readdress(&mut tx, &s.sys, user, &deletion, None);
    }
    record::<Phone>(&s, &mut tx, user, None, AuditEntry::of_own(&s.sys, user.id, &client.0, Action::ContactChanged));
    leave(&mut tx, user, &Contact::Phone(phone));
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(user.key()).remove("phone"), Some(&member.session));
    announce::<Phone>(&s, &mut tx, user, Phone::CHANGED, &client).await?.commit(&s.table, tx).await?;
    Ok(NoContent)
}

fn challenge_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactChange, to, &user.to_string())
}

/// Returns the challenge that proves a new contact, or a decoy if somebody has it already.
async fn code_to<C: ContactKind>(s: &crate::State, user: &User, new: &C) -> Result<Challenge, Problem> {
    let to: Contact = new.clone().into();
    let (id, form) = (challenge_of(user.id, &to), Form::Code { digits: DIGITS });
    let challenge = Challenge::new(&s.sys, &s.codes, id, Purpose::ContactChange, form, &to, user.locale);
    Ok(Challenge { user: Some(user.id), decoy: s.table.get::<C::Claim>(new.claim_key()).await?.is_some(), ..challenge })
}

async fn start<C: ContactKind>(
    s: &crate::State,
    MemberWith { member, resource: before }: MemberWith<Pending<C>>,
    client: &Client,
    new: C,
    pointer: &str,
) -> Result<Accepted<Sent>, Error> {
    let (user, now, to): (&User, Time, Contact) = (&member.user, s.sys.now(), new.clone().into());
    if C::current(user).is_some_and(|current| current.key() == to.key()) {
        return Err(Problem::field(pointer, FieldError::UNCHANGED).into());
    }
    let challenge = code_to(s, user, &new).await?;
    let mut tx = Tx::new();
    let (challenge, permit) = s.sending.code(&s.table, &s.sys, &mut tx, client, challenge).await?;
    let pending = Pending { user: user.id, proof: Some(member.proof()), to: new, expires_at: now + LIFE };
    tx.put_always(&pending);
    // Repeating a change sends no notice, nor does returning to one whose code is still valid.
    let is_repeated = before.is_some_and(|p| now < p.expires_at && p.to.into().key() == to.key());
    let permit = match permit {
        Some(code) if !is_repeated => match announce::<C>(s, &mut tx, user, Notice::ContactChangeAsked, client).await {
            Ok(notice) => code.and(notice),
            Err(e) => {
                code.give_back(&s.table).await;
                return Err(e.into());
            }
        },
        permit => permit.unwrap_or_default(),
    };
    permit.commit(&s.table, tx).await?;
    Ok(Accepted(challenge.sent()))
}

fn open<C: ContactKind>(member: &Member, now: Time, pending: Option<Pending<C>>) -> Result<Pending<C>, Problem> {
    pending.filter(|p| member.has_proof(p.proof.as_ref()) && now < p.expires_at).ok_or_else(|| Kind::NotFound.into())
}

async fn verify<C: ContactKind>(
    s: &crate::State,
    MemberWith { member, resource }: MemberWith<Pending<C>>,
    client: &RequestId,
    code: &str,
) -> Result<Versioned<Me>, Error> {
    let code = TypedCode::of_field(code, DIGITS)?;
    let key = s.keys.get().await?.code_key();
    let repeatable = Repeatable::new(&key, &s.sys, C::KIND, &[&member.session.id.to_string()], &[code.as_ref()]);
    // The answer is the account as it is now, also to a repetition.
    repeatable.answer(&s.table, change(s, &key, &member, resource, client, &code, &repeatable)).await?;
    let user = s.table.get::<User>(member.user.key()).await?.ok_or(Kind::NotFound)?;
    Ok(Versioned(user.version, Me::of(&user, &s.links)))
}

/// Makes a change that the code proves.
async fn change<C: ContactKind>(
    s: &crate::State,
    key: &CodeKey,
    member: &Member,
    pending: Option<Pending<C>>,
    client: &RequestId,
    code: &TypedCode,
    repeatable: &Repeatable,
) -> Result<Reply, RefusedWork> {
    let now = s.sys.now();
    let (pending, user) = (open(member, now, pending)?, &member.user);
    let to: Contact = pending.to.clone().into();
    let proven = match code_attempt::attempt(&s.table, now, key, Purpose::ContactChange, challenge_of(user.id, &to), code).await {
        Ok(proven) => proven,
        Err(problem) => {
            ClientGuesses::of(client).wrong(&s.table, now, client, &problem).await?;
            return Err(problem.into());
        }
    };
    let (mut tx, done) = (Tx::new(), repeatable.seal(NoContent).await?);
    done.keep(&mut tx);
    proven.consume(&mut tx);
    tx.delete_when(pending.key(), field("to").eq(&pending.to));
    let by = By { client, action: Action::ContactChanged, keep: Some(&member.session) };
    let (free, permit) = replace(s, &mut tx, user, &pending.to, Update::of(user.key()), by).await?;
    match permit.commit(&s.table, tx).await {
        Ok(()) => Ok(done.reply()),
        Err(e) => {
            let refusal = if e.refused(free) { Kind::AccountExists.into() } else { Problem::from(e) };
            Err(RefusedWork::after(proven, refusal))
        }
    }
}

/// The origin of a change.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// The client.
    pub client: &'a RequestId,
    /// The action in the audit.
    pub action: Action,
    /// The session that stays signed in, if there is one.
    pub keep: Option<&'a Session>,
}

/// Adds the replacement of an account's contact by one that its owner has just proven to a transaction, with all consequences. `account` is
/// the update of the account's item. The slot is refused if somebody else has the contact.
pub async fn replace<C: ContactKind>(
    s: &crate::State,
    tx: &mut Tx,
    user: &User,
    to: &C,
    account: Update,
    By { client, action, keep }: By<'_>,
) -> Result<(Slot, Permit), Problem> {
    let contact: Contact = to.clone().into();
    if let Some(deletion) = deletion_to_readdress(s, user, Some(&contact)).await? {
        deletion_link::readdress(tx, &s.sys, user, &deletion, Some(&contact));
    }
    if let Some(former) = C::current(user) {
        leave(tx, user, &former);
    }
    let (free, account) = to.claim(tx, user.id, account);
    // The link that restores this contact is no longer needed, and must not become valid when the contact is removed again.
    let is_back = user.restoration == Some(contact_link::link_of(user.id, &contact));
    let account = if is_back { account.remove("restoration") } else { account };
    session::renew_credentials(tx, &s.sys, user, account, keep);
    record::<C>(s, tx, user, Some(&contact), AuditEntry::of_own(&s.sys, user.id, &client.0, action));
    // The owner was notified when the change was requested, so it does not fail now because of a text message that may not be sent.
    let permit = announce::<C>(s, tx, user, C::CHANGED, client).await.unwrap_or_default();
    if let Contact::Email(_) = &contact {
        notify_at(tx, &s.sys, user.id, &contact, C::CHANGED, client);
    }
    Ok((free, permit))
}

/// Adds the audit entry of a change to a transaction, with both contacts masked, and stores the former contact, so that staff can offer it
/// to its owner again.
fn record<C: ContactKind>(s: &crate::State, tx: &mut Tx, user: &User, to: Option<&Contact>, entry: AuditEntry) {
    let (entry, former) = (entry.changed(C::FIELD, C::current(user), to), C::current(user));
    if let Some(former) = former {
        tx.create(&FormerContact::new(&entry, user.id, &former, to));
    }
    s.audit.add(tx, &entry);
}

/// Adds the removal of a contact to a transaction: somebody else may get it, so codes that were sent to it become void. Most codes are
/// bound to the credentials of their time. These codes are not, and would be valid again if the account got the contact back.
fn leave(tx: &mut Tx, user: &User, former: &Contact) {
    let (claim, by_contact) = match former {
        Contact::Email(email) => (EmailClaim::key_of(email), Purpose::PasswordReset),
        Contact::Phone(phone) => (PhoneClaim::key_of(phone), Purpose::PhoneLogin),
    };
    tx.delete_when(claim, field("user").eq(user.id));
    let id = user.id.to_string();
    let by_person = [Purpose::SecondFactor, Purpose::StepUp, Purpose::FactorSetup, Purpose::ContactRestoration];
    let by_person = by_person.map(|purpose| (purpose, id.as_str()));
    for (purpose, about) in by_person.into_iter().chain([(by_contact, "")]) {
        tx.delete(Challenge::key_of(Challenge::id_of(purpose, former, about)));
    }
}

/// Returns the scheduled deletion, if its link goes to the contact that changes: the address, or the number of a person without one. `to`
/// is the new contact, if there is one.
async fn deletion_to_readdress(s: &crate::State, user: &User, to: Option<&Contact>) -> Result<Option<Deletion>, Problem> {
    if user.email.is_some() && !matches!(to, Some(Contact::Email(_))) {
        return Ok(None);
    }
    let deletion = s.table.get::<Deletion>(Deletion::key_of(user.id)).await?;
    Ok(deletion.filter(|deletion| deletion.stage == Stage::Scheduled))
}

/// Adds the notices about a change to a transaction. They go to the contacts from before, whose owner may not have wanted the
/// change. Text messages are counted. If none may be sent, the notice by mail must be enough.
///
/// # Errors
/// The reached limit, if there is no address for a mail either.
async fn announce<C: ContactKind>(
    s: &crate::State,
    tx: &mut Tx,
    user: &User,
    notice: Notice,
    client: &kernel::Client,
) -> Result<Permit, Problem> {
    if let Some(email) = &user.email {
        notify_at(tx, &s.sys, user.id, &Contact::Email(email.clone()), notice, client);
    }
    let Some(phone) = C::number_to_notify(user) else { return Ok(Permit::default()) };
    match s.sending.notice(&s.table, s.sys.now(), phone).await {
        Ok(permit) => {
            notify_at(tx, &s.sys, user.id, &Contact::Phone(phone.clone()), notice, client);
            Ok(permit)
        }
        Err(_) if user.email.is_some() => Ok(Permit::default()),
        Err(e) => Err(sending::unsent(e)),
    }
}

async fn resend<C: ContactKind>(
    s: &crate::State,
    MemberWith { member, resource }: MemberWith<Pending<C>>,
    client: &Client,
) -> Result<Accepted<Sent>, Error> {
    let new = open(&member, s.sys.now(), resource)?.to;
    // Somebody may have taken or released the contact since the former code.
    let challenge = code_to(s, &member.user, &new).await?;
    Ok(Accepted(s.sending.resend(&s.table, &s.sys, client, challenge).await?.sent()))
}
