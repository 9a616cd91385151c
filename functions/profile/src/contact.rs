//! Changing how one is reached: a new address or number counts once it is proven, and the old one is told.
//!
//! What was asked for is bound to the very contact that a code went to, and to the proof that it was asked for with. A contact that belongs
//! to somebody else is answered like any other, and can never be proven. Until the proof everything stays as it was; with it
//! the claim moves, every other sign-in ends, and the former contact is told that it no longer counts.
//!
//! A change is told once when it is asked for and once when it is done: by mail to whoever has an address, by text message to
//! the number that changes, and to the number of whoever has no address.

use std::time::Duration;

use accounts::{
    Fresh, Member, MemberAnd, Proof, Subject,
    challenge::{self, Challenge, DIGITS, Form, Purpose, Sent},
    deletion::{self, Deletion, Stage},
    guesses::ByClient,
    identifier::{Contact, Email, Phone},
    sending::Permit,
    session,
    user::{EmailClaim, PhoneClaim, User, partition, tell_at},
};
use axum::extract::State;
use events::Notice;
use kernel::{
    FieldError, Kind, Problem, Time,
    id::{ChallengeId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{Cond, Item, Key, Tx, Update, field};
use utoipa::ToSchema;
use web::{Accepted, Client, Error, Json, NoContent, Problems, Versioned};

use crate::read::Me;

/// How long a change may wait for its code, with all that are sent again.
const LIFE: Duration = Duration::from_secs(3600);

/// A new contact of one kind that is not proven yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending<C> {
    user: UserId,
    /// What it was asked for with; nobody goes on with it by another. Absent in items from before it was stored.
    #[serde(default)]
    proof: Option<Proof>,
    to: C,
    expires_at: Time,
}

/// What is different between the two kinds.
pub trait ContactKind: Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + Into<Contact> {
    /// Who has it.
    type Claim: Item;
    const KIND: &'static str;
    const PLACE: &'static str;
    const CHANGED: Notice;
    fn current(user: &User) -> Option<Contact>;
    /// The number that is told of a change.
    fn texted(user: &User) -> Option<&Phone>;
    /// Where its claim is.
    fn place(&self) -> Key;
    /// The claim that makes it unique, and the change of the record.
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (store::Slot, Update);
}

impl ContactKind for Email {
    type Claim = EmailClaim;
    const KIND: &'static str = "email_change";
    const PLACE: &'static str = "CONTACT_CHANGE#EMAIL";
    const CHANGED: Notice = Notice::EmailChanged;
    fn current(user: &User) -> Option<Contact> {
        user.email.clone().map(Contact::Email)
    }
    fn texted(user: &User) -> Option<&Phone> {
        user.phone.as_ref().filter(|_| user.email.is_none())
    }
    fn place(&self) -> Key {
        EmailClaim::key_of(self)
    }
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (store::Slot, Update) {
        (tx.create(&EmailClaim { email: self.key(), user }), record.set("email", self))
    }
}

impl ContactKind for Phone {
    type Claim = PhoneClaim;
    const KIND: &'static str = "phone_change";
    const PLACE: &'static str = "CONTACT_CHANGE#PHONE";
    const CHANGED: Notice = Notice::PhoneChanged;
    fn current(user: &User) -> Option<Contact> {
        user.phone.clone().map(Contact::Phone)
    }
    fn texted(user: &User) -> Option<&Phone> {
        user.phone.as_ref()
    }
    fn place(&self) -> Key {
        PhoneClaim::key_of(self)
    }
    fn claim(&self, tx: &mut Tx, user: UserId, record: Update) -> (store::Slot, Update) {
        (tx.create(&PhoneClaim { phone: self.clone(), user }), record.set("phone", self))
    }
}

impl<C: ContactKind> Item for Pending<C> {
    const KIND: &'static str = C::KIND;
    fn key(&self) -> Key {
        Key::new(partition(self.user), C::PLACE)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

impl<C: ContactKind> Subject for Pending<C> {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Key::new(partition(caller), C::PLACE))
    }
}

/// A new address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    /// Where the code goes.
    #[schema(examples("anna.new@example.test"), max_length = 254)]
    email: String,
}

/// A new number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePhone {
    /// Where the code goes: with `+` and the country code, or as it is dialled at home.
    #[schema(examples("+44 7911 123456"), max_length = 32)]
    phone: String,
}

/// The code that came.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyContact {
    /// Six digits, or the letters and digits of a long code.
    #[schema(examples("042617"), max_length = 20)]
    code: String,
}

/// Has a code mailed to a new address. The current one stays until the code comes back, and is told. Whoever has no address
/// is told by text message; where none may be sent, the change has to wait.
///
/// AWS calls: the caller with what was asked for before; whether the address has an account; the code that was sent there before
/// with the counters, which are then counted, and those of a text message that tells; one transaction.
#[utoipa::path(post, path = "/v1/me/email-changes", tag = "profile", request_body = ChangeEmail,
    extensions(("x-problems" = json!(["invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_text", "change_destination", "change_known", "sent_account", "mail_client", "texts", "notice"]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn change_email(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<MemberAnd<Pending<Email>>>,
    client: Client,
    Json(body): Json<ChangeEmail>,
) -> Result<Accepted<Sent>, Error> {
    let email = Email::parse(&body.email).map_err(|e| Problem::field("/email", e))?;
    start(&s, caller, &client, email, "/email").await
}

/// Has a code sent to a new number. The current one stays until the code comes back, and is told.
///
/// AWS calls: as for an address.
#[utoipa::path(post, path = "/v1/me/phone-changes", tag = "profile", request_body = ChangePhone,
    extensions(("x-problems" = json!(["invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_text", "change_destination", "change_known", "sent_account", "mail_client", "texts", "notice"]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn change_phone(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<MemberAnd<Pending<Phone>>>,
    client: Client,
    Json(body): Json<ChangePhone>,
) -> Result<Accepted<Sent>, Error> {
    let phone = s.sending.phone(&body.phone).map_err(|e| Problem::field("/phone", e))?;
    start(&s, caller, &client, phone, "/phone").await
}

/// Proves the new address: it is the account's from now on. Every other sign-in ends, and the former address is told. Codes and links
/// that went to the former address prove nothing any more; where a deletion is scheduled, another link to cancel it is mailed to the new
/// one.
///
/// AWS calls: the caller with what was asked for, the counted try, the deletion that may be scheduled, the counters of a text message
/// that tells, one transaction, and the record as it is then. A wrong code three counters at once.
#[utoipa::path(post, path = "/v1/me/email-changes/verify", tag = "profile", request_body = VerifyContact,
    extensions(("x-problems" = json!(["not_found", "code_invalid", "account_exists", "conflict"]))),
    responses((status = 200, body = Me), Problems))]
pub async fn verify_email_change(
    State(s): State<crate::State>,
    caller: MemberAnd<Pending<Email>>,
    client: Client,
    Json(body): Json<VerifyContact>,
) -> Result<Versioned<Me>, Error> {
    verify(&s, caller, &client, &body.code).await
}

/// Proves the new number: it is the account's from now on. Every other sign-in ends, and the former number is told. Codes that
/// went to the former number prove nothing any more.
///
/// AWS calls: as for an address, but for the deletion.
#[utoipa::path(post, path = "/v1/me/phone-changes/verify", tag = "profile", request_body = VerifyContact,
    extensions(("x-problems" = json!(["not_found", "code_invalid", "account_exists", "conflict"]))),
    responses((status = 200, body = Me), Problems))]
pub async fn verify_phone_change(
    State(s): State<crate::State>,
    caller: MemberAnd<Pending<Phone>>,
    client: Client,
    Json(body): Json<VerifyContact>,
) -> Result<Versioned<Me>, Error> {
    verify(&s, caller, &client, &body.code).await
}

/// Mails another code to the new address; the one before dies.
///
/// AWS calls: the caller with what was asked for; whether the address has an account; the code that was sent with the counters, which
/// are then counted; one transaction.
#[utoipa::path(post, path = "/v1/me/email-changes/resend", tag = "profile",
    extensions(("x-problems" = json!(["not_found", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_text", "change_destination", "change_known", "sent_account", "mail_client", "texts"]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_email_change(
    State(s): State<crate::State>,
    caller: MemberAnd<Pending<Email>>,
    client: Client,
) -> Result<Accepted<Sent>, Error> {
    resend(&s, caller, &client).await
}

/// Sends another code to the new number; the one before dies.
///
/// AWS calls: as for an address.
#[utoipa::path(post, path = "/v1/me/phone-changes/resend", tag = "profile",
    extensions(("x-problems" = json!(["not_found", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_text", "change_destination", "change_known", "sent_account", "mail_client", "texts"]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_phone_change(
    State(s): State<crate::State>,
    caller: MemberAnd<Pending<Phone>>,
    client: Client,
) -> Result<Accepted<Sent>, Error> {
    resend(&s, caller, &client).await
}

/// Removes the phone number, unless second factors need it or there is no other way to sign in. Every other sign-in ends.
///
/// AWS calls: the caller, the counters of a text message that tells, one transaction.
#[utoipa::path(delete, path = "/v1/me/phone", tag = "profile",
    extensions(("x-problems" = json!(["not_found", "last_factor", "too_many_requests", "conflict"])), ("x-limits" = json!(["notice"]))),
    responses((status = 204), Problems))]
pub async fn delete_phone(State(s): State<crate::State>, Fresh(member): Fresh<Member>) -> Result<NoContent, Error> {
    let user = &member.user;
    let phone = user.phone.clone().ok_or(Kind::NotFound)?;
    if user.has_second_step() || !(user.has_password || user.passkeys > 0) {
        return Err(Kind::LastFactor.into());
    }
    let mut tx = Tx::new();
    leave(&mut tx, user, &Contact::Phone(phone));
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(user.key()).remove("phone"), Some(&member.session));
    announce::<Phone>(&s, &mut tx, user, Phone::CHANGED).await?.commit(&s.table, tx).await?;
    Ok(NoContent)
}

fn challenge_of(user: UserId, to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::ContactChange, to, &user.to_string())
}

/// The code that proves a new contact; a decoy, if somebody has it already.
async fn code_to<C: ContactKind>(s: &crate::State, user: &User, new: &C) -> Result<Challenge, Problem> {
    let to: Contact = new.clone().into();
    let (id, form) = (challenge_of(user.id, &to), Form::Code { digits: DIGITS });
    let challenge = Challenge::new(&s.sys, id, Purpose::ContactChange, form, &to, user.locale);
    Ok(Challenge { user: Some(user.id), decoy: s.table.get::<C::Claim>(new.place()).await?.is_some(), ..challenge })
}

async fn start<C: ContactKind>(
    s: &crate::State,
    MemberAnd { member, subject: before }: MemberAnd<Pending<C>>,
    client: &Client,
    new: C,
    pointer: &str,
) -> Result<Accepted<Sent>, Error> {
    let (user, now, to): (&User, Time, Contact) = (&member.user, s.sys.now(), new.clone().into());
    if C::current(user).is_some_and(|current| current.key() == to.key()) {
        return Err(Problem::field(pointer, FieldError::new("unchanged")).into());
    }
    let challenge = code_to(s, user, &new).await?;
    let mut tx = Tx::new();
    let (challenge, permit) = s.sending.code(&s.table, &s.sys, &mut tx, client, challenge).await?;
    let pending = Pending { user: user.id, proof: Some(member.proof()), to: new, expires_at: now + LIFE };
    tx.put(&pending, Cond::Absent.or(Cond::Exists));
    // The same change again is nothing new, nor is one whose code from before still does.
    let told = before.is_some_and(|p| now < p.expires_at && p.to.into().key() == to.key());
    let permit = match permit {
        Some(code) if !told => match announce::<C>(s, &mut tx, user, Notice::ContactChangeAsked).await {
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
    pending.filter(|p| member.shows(p.proof.as_ref()) && now < p.expires_at).ok_or_else(|| Kind::NotFound.into())
}

async fn verify<C: ContactKind>(
    s: &crate::State,
    MemberAnd { member, subject }: MemberAnd<Pending<C>>,
    client: &Client,
    code: &str,
) -> Result<Versioned<Me>, Error> {
    let now = s.sys.now();
    let (pending, user) = (open(&member, now, subject)?, &member.user);
    let to: Contact = pending.to.clone().into();
    let proven = match challenge::attempt(&s.table, now, &s.code_key, Purpose::ContactChange, challenge_of(user.id, &to), code).await {
        Ok(proven) => proven,
        Err(problem) => {
            ByClient::of(client).wrong(&s.table, now, client, &problem).await.map_err(Problem::from)?;
            return Err(problem.into());
        }
    };
    let leaving = to_readdress(s, user.id, &to).await?;
    let mut tx = Tx::new();
    proven.consume(&mut tx);
    if let Some((deletion, email)) = leaving {
        deletion::readdress(&mut tx, &s.sys, user, &deletion, email);
    }
    tx.delete_when(pending.key(), field("to").eq(&pending.to));
    if let Some(former) = C::current(user) {
        leave(&mut tx, user, &former);
    }
    let (free, record) = pending.to.claim(&mut tx, user.id, Update::of(user.key()));
    session::renew_credentials(&mut tx, &s.sys, user, record, Some(&member.session));
    // The change was told of when it was asked for: it does not fail because of a text message that may not be sent now.
    let permit = announce::<C>(s, &mut tx, user, C::CHANGED).await.unwrap_or_default();
    if let Contact::Email(_) = &to {
        tell_at(&mut tx, &s.sys, user.id, &to, C::CHANGED);
    }
    permit.commit(&s.table, tx).await.map_err(|e| if e.refused(free) { Kind::AccountExists.into() } else { Problem::from(e) })?;
    let user = s.table.get::<User>(user.key()).await?.ok_or(Kind::NotFound)?;
    Ok(Versioned(user.version, Me::of(&user, &s.links)))
}

/// Adds to a transaction that a contact is no longer the account's: somebody else may have it, and what was sent there proves
/// nothing any more. Most codes end with the credentials that they were sent for; these do not know of any, or would be good again
/// if the contact came back.
fn leave(tx: &mut Tx, user: &User, former: &Contact) {
    let (claim, by_contact) = match former {
        Contact::Email(email) => (EmailClaim::key_of(email), Purpose::PasswordReset),
        Contact::Phone(phone) => (PhoneClaim::key_of(phone), Purpose::PhoneLogin),
    };
    tx.delete_when(claim, field("user").eq(user.id));
    let id = user.id.to_string();
    let by_person = [Purpose::SecondFactor, Purpose::StepUp, Purpose::FactorSetup].map(|purpose| (purpose, id.as_str()));
    for (purpose, subject) in by_person.into_iter().chain([(by_contact, "")]) {
        tx.delete(Challenge::key_of(Challenge::id_of(purpose, former, subject)));
    }
}

/// The scheduled deletion whose link goes to an address, if this is one that changes.
async fn to_readdress(s: &crate::State, user: UserId, to: &Contact) -> Result<Option<(Deletion, Email)>, Problem> {
    let Contact::Email(email) = to else { return Ok(None) };
    let deletion = s.table.get::<Deletion>(Deletion::key_of(user)).await?;
    Ok(deletion.filter(|deletion| deletion.stage == Stage::Scheduled).map(|deletion| (deletion, email.clone())))
}

/// Adds to a transaction that a person is told of a change: whoever reads the contacts from before it may be the one who did
/// not want it. What is texted is counted; where it may not be, a mail has to do.
///
/// # Errors
/// Why nobody can be told, if there is no address either.
async fn announce<C: ContactKind>(s: &crate::State, tx: &mut Tx, user: &User, notice: Notice) -> Result<Permit, Problem> {
    if let Some(email) = &user.email {
        tell_at(tx, &s.sys, user.id, &Contact::Email(email.clone()), notice);
    }
    let Some(phone) = C::texted(user) else { return Ok(Permit::default()) };
    match s.sending.notice(&s.table, s.sys.now(), phone).await {
        Ok(permit) => {
            tell_at(tx, &s.sys, user.id, &Contact::Phone(phone.clone()), notice);
            Ok(permit)
        }
        Err(_) if user.email.is_some() => Ok(Permit::default()),
        Err(e) => Err(e),
    }
}

async fn resend<C: ContactKind>(
    s: &crate::State,
    MemberAnd { member, subject }: MemberAnd<Pending<C>>,
    client: &Client,
) -> Result<Accepted<Sent>, Error> {
    let new = open(&member, s.sys.now(), subject)?.to;
    // Somebody may have got it, or left it, since the code before.
    let challenge = code_to(s, &member.user, &new).await?;
    Ok(Accepted(s.sending.resend(&s.table, &s.sys, client, challenge).await?.sent()))
}
