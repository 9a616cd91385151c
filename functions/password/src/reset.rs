//! Resetting a forgotten password with a mailed link.

use accounts::{
    audit::{Action, AuditEntry},
    identifier::{Contact, Email},
    session,
    user::{EmailClaim, PasswordHash, Status, User, notify_of},
};
use axum::extract::State;
use events::Notice;
use http::HeaderMap;
use kernel::{
    Kind, Locale, Messages, Problem, Secret, Sys, Time,
    id::{ChallengeId, UserId},
};
use proofs::{
    challenge::{self, Challenge, Form, Purpose},
    factor,
    link::{self, LinkOwner, LinkToken},
    password::{MAX_BYTES, Verdict},
    repeat::{Repeatable, Reply},
    sending::{self, Request, Requester},
};
use serde::{Deserialize, Serialize};
use store::{
    Batch, Cond, Conditional as _, StoreError, Tx, Update, field,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Language, LinkPage, NoContent, PasswordField, Problems, RequestId};

const TEXTS: Messages = Messages::new(kernel::in_every_language!("reset.ftl"));

/// Links that one client may request, for any addresses.
const RESETS: Quota = Quota::window("reset_client", 10, HOUR, "for a client");
/// Passwords that may be tried with one link. Each costs two hashes.
const TRIES: Quota = Quota::window("reset_tries", 20, HOUR, "passwords for one link");

/// The account whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordReset {
    /// The address of the account.
    #[schema(examples("ana@example.test"), max_length = 254)]
    email: String,
}

/// The masked address that the link was sent to, if it has an account.
#[derive(Serialize, ToSchema)]
pub struct ResetRequested {
    #[schema(examples("a****@example.test"))]
    target: String,
}

/// Mails a link if the address belongs to an active account. The answer is the same if it does not. At most one link is mailed
/// in a minute.
///
/// AWS calls: the address's claim; the person with the former link and the counters; the counters together, one transaction. They are
/// the same for an unknown address, for which a link is stored that is never mailed. Within the minute after a mail only the client's
/// counter is written, because the address's counter counts mails. A device token costs another read.
#[utoipa::path(post, path = "/v1/password-resets", request_body = RequestPasswordReset,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "too_many_requests"])), ("x-limits" = json!([sending::RESETS, RESETS]))),
    responses((status = 202, body = ResetRequested), Problems))]
pub async fn request_password_reset(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Language(language): Language,
    Json(body): Json<RequestPasswordReset>,
) -> Result<Accepted<ResetRequested>, web::Error> {
    let email = Email::parse(&body.email).map_err(|e| Problem::field("/email", e))?;
    let (to, now) = (Contact::Email(email.clone()), s.sys.now());
    let request = Request::of_anybody(Purpose::PasswordReset, &to, &client);
    let by_client = RESETS.of(client.network());
    let answer = Accepted(ResetRequested { target: to.masked() });
    let (addressee, mut found) = Addressee::read(&s, &email, to, &request).await?;
    // A link was mailed less than a minute ago. The answer is the same, and nothing is mailed.
    if addressee.before.as_ref().is_some_and(|b| now < b.resend_at) {
        limits::take(&s.table, now, &[by_client]).await?;
        return Ok(answer);
    }
    let requester = Requester { client: &client, headers: &headers, gate: &s.gate };
    let admitted = request.admit(&s.table, now, &mut found, requester, 0).await?;
    let mut link = addressee.link(&s, language);
    let permit = sending::take(&s.table, now, &mut link, admitted, vec![by_client]).await.map_err(Problem::from)?;
    let mut tx = Tx::new();
    addressee.write(&mut tx, &s.sys, now, link);
    // Refused: a concurrent request for the same address was faster, and its link is mailed.
    permit.commit(&s.table, tx).await.refused_is_fine()?;
    Ok(answer)
}

/// The recipient of a link.
struct Addressee {
    to: Contact,
    /// The person with this address, if their account is active.
    person: Option<User>,
    /// The former link to this address.
    before: Option<Challenge>,
}

impl Addressee {
    /// Reads the person with the address, the previous link, and the counters of the request's limits. For an address without
    /// an account the same reads are made with a random id, so that they take the same time.
    async fn read(s: &crate::State, email: &Email, to: Contact, request: &Request) -> Result<(Self, Batch), StoreError> {
        let claim = s.table.get::<EmailClaim>(EmailClaim::key_of(email)).await?;
        let user: UserId = claim.map_or_else(|| s.sys.id(), |claim| claim.user);
        let (user, link) = (User::key_of(user), Challenge::key_of(link_id(&to)));
        let mut found = s.table.get_many(request.keys().chain([user.clone(), link.clone()]).collect()).await?;
        let person = found.take::<User>(&user)?.filter(|u| u.status == Status::Active && is_current_address(u, &to));
        let before = found.take::<Challenge>(&link)?;
        Ok((Self { to, person, before }, found))
    }

    /// Returns the link to be mailed: to the address as its owner proved it, not as the client typed it.
    fn link(&self, s: &crate::State, language: Locale) -> Challenge {
        let locale = self.person.as_ref().map_or(language, |p| p.locale);
        let proven = self.person.as_ref().and_then(|p| p.email.clone()).map_or_else(|| self.to.clone(), Contact::Email);
        Challenge::new(&s.sys, &s.codes, link_id(&self.to), Purpose::PasswordReset, Form::Link, &proven, locale)
    }

    /// Adds the link to a transaction, and the event that mails it. For an address without an account a decoy is stored
    /// instead, which is never mailed.
    fn write(&self, tx: &mut Tx, sys: &Sys, now: Time, mut link: Challenge) {
        if let Some(person) = &self.person {
            link.user = Some(person.id);
            if let Some(before) = &self.before {
                link.follow(before, now);
            }
            link.replace(tx, sys, self.before.as_ref());
        } else {
            (link.decoy, link.destination) = (true, String::new());
            tx.put_always(&link);
        }
    }
}

/// Returns the id of the link to an address. There is only one link for each address: a new one replaces it.
fn link_id(to: &Contact) -> ChallengeId {
    Challenge::id_of(Purpose::PasswordReset, to, "")
}

/// Serves the page that the mailed link opens if there is no frontend. Loading it reads and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/reset-password",
    responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_reset_page(State(s): State<crate::State>, Language(locale): Language) -> LinkPage {
    let own = ["rule-common", "rule-same"].map(|rule| TEXTS.text(locale, rule, &[]));
    let rules = s.password_checker.rules().iter().map(|rule| rule.text(locale)).chain(own).collect();
    let (owner, call) = ("/v1/password-resets/link", "/v1/password-resets/confirm");
    LinkPage { locale, texts: TEXTS, owner, call, password: Some(PasswordField::New(rules)), site: s.site }
}

/// Returns the account whose password a mailed link changes, so that a page can show it before it asks for the new one. The link stays
/// valid.
///
/// AWS calls: a counter, the link, the person.
#[utoipa::path(post, path = "/v1/password-resets/link", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "too_many_requests"])), ("x-limits" = json!([link::QUESTIONS]))),
    responses((status = 200, body = LinkOwner), Problems))]
pub async fn describe_reset_link(
    State(s): State<crate::State>,
    client: Client,
    Json(body): Json<LinkToken>,
) -> Result<Json<LinkOwner>, web::Error> {
    let link = link::open(&s.table, s.sys.now(), &s.code_key, Purpose::PasswordReset, &client, &body).await?;
    let user = s.table.get::<User>(User::key_of(link.user.ok_or(Kind::LinkInvalid)?)).await?;
    let user = user.filter(|user| may_reset(&link, user)).ok_or(Kind::LinkInvalid)?;
    Ok(Json(LinkOwner::of(&link, user.username)))
}

/// The mailed token, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The part after `#token=` in the link.
    #[schema(max_length = 100)]
    token: String,
    /// At least 12 characters unless configured otherwise, at most 128, and different from the former one.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 128)]
    password: Secret,
}

/// Changes the password with the token of the mailed link. All sessions end, and the client is not signed in. Second factors
/// stay on, but codes to the same mailbox are not accepted until a sign-in with another factor.
///
/// A refused password leaves the link valid. The same request again within ten seconds after it succeeded gets the same answer.
///
/// AWS calls: the link, the person with the password, one transaction, which uses the link up. A refused or repeated request costs
/// another read.
#[utoipa::path(post, path = "/v1/password-resets/confirm", request_body = ResetPassword,
    extensions(("x-problems" = json!(["link_invalid", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([TRIES]))),
    responses((status = 204), Problems))]
pub async fn reset_password(
    State(s): State<crate::State>,
    client: RequestId,
    Json(body): Json<ResetPassword>,
) -> Result<Reply, web::Error> {
    let (link, proof) = ([body.token.trim()], [body.password.expose().as_str()]);
    let repeatable = Repeatable::new(&s.code_key, &s.sys, "reset_password", &link, &proof);
    Ok(repeatable.answer(&s.table, reset(&s, &client, &body, &repeatable)).await?)
}

async fn reset(s: &crate::State, client: &RequestId, body: &ResetPassword, repeatable: &Repeatable) -> Result<Reply, Problem> {
    let now = s.sys.now();
    let link = challenge::open_link(&s.table, now, &s.code_key, Purpose::PasswordReset, body.token.trim()).await?;
    let id = link.user.ok_or(Kind::LinkInvalid)?;
    limits::take(&s.table, now, &[TRIES.of(link.id)]).await?;
    let mut found = s.table.get_many(vec![User::key_of(id), PasswordHash::key_of(id)]).await?;
    let user = found.take::<User>(&User::key_of(id))?.filter(|user| may_reset(&link, user)).ok_or(Kind::LinkInvalid)?;
    let old = found.take::<PasswordHash>(&PasswordHash::key_of(id))?;
    let short = body.password.expose().len() <= MAX_BYTES;
    let same = short && s.hasher.verify(old.as_ref(), &body.password).await? != Verdict::Wrong;
    crate::check_new_password(s, &user, &body.password, same, "/password").await?;
    let (mut tx, done) = (Tx::new(), repeatable.seal(NoContent).await?);
    done.keep(&mut tx);
    let link_slot = link.consume(&mut tx);
    tx.put(&s.hasher.hash(id, &body.password).await?, unchanged(old.as_ref()));
    let reset = Update::of(User::key_of(id)).set("has_password", true);
    let reset = reset.set("reset_by_mail", user.has_second_step() || user.passkeys > 0);
    if !user.reset_by_mail {
        // Whoever guessed codes knew the former password and does not know the new one, so the counted failures are reset. Not if this
        // mailbox has reset the password before: then the guesser may control the mailbox.
        factor::unlock(&mut tx, id);
    }
    session::renew_credentials(&mut tx, &s.sys, &user, reset, None);
    s.audit.add(&mut tx, &AuditEntry::of_own(&s.sys, id, &client.0, Action::PasswordReset));
    notify_of(&mut tx, &s.sys, id, Notice::PasswordChanged, client);
    s.table.commit(tx).await.map_err(|e| if e.refused(link_slot) { Kind::LinkInvalid.into() } else { Problem::from(e) })?;
    Ok(done.reply())
}

/// Adds the deletion of the link to a person's address to a transaction.
pub fn delete_link(tx: &mut Tx, user: &User) {
    if let Some(email) = &user.email {
        tx.delete(Challenge::key_of(link_id(&Contact::Email(email.clone()))));
    }
}

/// Returns whether a link may change this person's password. A link to a former address of the account may not.
fn may_reset(link: &Challenge, user: &User) -> bool {
    user.status == Status::Active && is_current_address(user, &link.contact())
}

/// Returns whether `address` is the person's current address.
fn is_current_address(user: &User, address: &Contact) -> bool {
    user.email.as_ref().is_some_and(|email| email.key() == address.key())
}

/// Returns the condition that the stored password hash is still `old`.
pub fn unchanged(old: Option<&PasswordHash>) -> Cond {
    old.map_or(Cond::Absent, |old| field("phc").eq(&old.phc))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_language_says_everything() {
        assert_eq!(super::TEXTS.faults(), [""; 0]);
    }
}
