//! For whoever has forgotten it.

use accounts::{
    challenge::{self, Challenge, Form, Purpose},
    factor,
    identifier::{Contact, Email},
    password::{MAX_BYTES, Verdict},
    sending::{self, Asker, Request},
    session,
    user::{EmailClaim, PasswordHash, Status, User, tell},
};
use axum::extract::State;
use events::Notice;
use http::HeaderMap;
use kernel::{Kind, Problem, Secret, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    Cond, Conditional as _, Tx, Update, field,
    limits::{self, HOUR, Limit},
};
use utoipa::ToSchema;
use web::{Accepted, Client, Json, Language, NoContent, PasswordPage, PasswordWords, Problems};

const PAGE: PasswordPage = PasswordPage {
    call: "/v1/password-resets/confirm",
    autocomplete: "new-password",
    en: PasswordWords {
        title: "Choose a new password",
        lead: "Every sign-in ends, and you sign in again.",
        button: "Change password",
        done: "The password is changed. You may close this page.",
    },
    pl: PasswordWords {
        title: "Wybierz nowe hasło",
        lead: "Wszystkie logowania zakończą się i zalogujesz się ponownie.",
        button: "Zmień hasło",
        done: "Hasło jest zmienione. Możesz zamknąć tę stronę.",
    },
};

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordReset {
    /// The address of the account.
    #[schema(examples("ana@example.test"), max_length = 254)]
    email: String,
}

/// Where a link went, if the address has an account.
#[derive(Serialize, ToSchema)]
pub struct ResetRequested {
    #[schema(examples("a****@example.test"))]
    target: String,
}

/// Mails a link, if the address has an account that is in use. Answered alike in any case; within a minute no second one is
/// mailed.
///
/// AWS calls: the address's claim, the person with the link that was mailed before and the counters; the counters together, one
/// transaction: the same for an address that nobody has, for which a link is noted that is never drawn. Within the minute one counter,
/// the client's, and nothing more: for the address counts only what is mailed. A device that is shown costs a read more.
#[utoipa::path(post, path = "/v1/password-resets", tag = "password", request_body = RequestPasswordReset,
    extensions(("x-problems" = json!(["invalid", "proof_of_work_required", "too_many_requests"])), ("x-limits" = json!(["reset_destination", "reset_known", "reset_client"]))),
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
    let claim = s.table.get::<EmailClaim>(EmailClaim::key_of(&email)).await?;
    // For an address that nobody has, the same reads are done for an id that nobody has.
    let user: UserId = claim.map_or_else(|| s.sys.id(), |claim| claim.user);
    let id = Challenge::id_of(Purpose::PasswordReset, &to, "");
    let request = Request::of_anybody(Purpose::PasswordReset, &to, &client);
    let mut found = s.table.get_many(request.keys().chain([User::key_of(user), Challenge::key_of(id)]).collect()).await?;
    let person = found.take::<User>(&User::key_of(user))?.filter(|u| u.status == Status::Active && has(u, &to));
    let before = found.take::<Challenge>(&Challenge::key_of(id))?;
    let locale = person.as_ref().map_or(language, |p| p.locale);
    // Mailed is to the address as its owner proved it, not as somebody has typed it.
    let proven = person.as_ref().and_then(|p| p.email.clone()).map_or_else(|| to.clone(), Contact::Email);
    let mut link = Challenge::new(&s.sys, id, Purpose::PasswordReset, Form::Link, &proven, locale);
    let answer = Accepted(ResetRequested { target: to.masked() });
    let by_client = Limit::new("reset_client", client.network(), 10, HOUR);
    // Mailed a moment ago: nobody is told, and nothing is mailed again.
    if before.as_ref().is_some_and(|b| now < b.resend_at) {
        limits::take(&s.table, now, &[by_client]).await?;
        return Ok(answer);
    }
    let asker = Asker { client: &client, headers: &headers, gate: &s.gate };
    let admitted = request.admit(&s.table, now, &mut found, asker, 0).await?;
    let permit = sending::take(&s.table, now, &mut link, admitted, vec![by_client]).await.map_err(Problem::from)?;
    let mut tx = Tx::new();
    if let Some(person) = &person {
        link.user = Some(person.id);
        if let Some(before) = &before {
            link.follow(before, now);
        }
        link.replace(&mut tx, &s.sys, before.as_ref());
    } else {
        (link.decoy, link.destination) = (true, String::new());
        tx.put_always(&link);
    }
    // Refused: the same was asked for at the same moment, and one of the two is mailed.
    permit.commit(&s.table, tx).await.refused_is_fine()?;
    Ok(answer)
}

/// The page that the mailed link opens where there is no frontend. It reads nothing and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/reset-password", tag = "password",
    responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_reset_page() -> PasswordPage {
    PAGE
}

/// The mailed token, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// What follows `#token=` in the link.
    #[schema(max_length = 100)]
    token: String,
    /// At least 12 characters unless configured otherwise, at most 128; another one than before.
    #[schema(value_type = String, format = Password, examples("tall giraffes dance"), max_length = 128)]
    password: Secret,
}

/// Changes the password by the mailed link. Every sign-in ends, and nobody is signed in: second factors are asked for as before,
/// but not a code to the same mailbox, until another factor has signed in.
///
/// A password that is not good enough leaves the link as it is.
///
/// AWS calls: the link, the person with the password, one transaction, in which the link is spent.
#[utoipa::path(post, path = "/v1/password-resets/confirm", tag = "password", request_body = ResetPassword,
    extensions(("x-problems" = json!(["link_invalid", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!(["reset_tries"]))),
    responses((status = 204), Problems))]
pub async fn reset_password(State(s): State<crate::State>, Json(body): Json<ResetPassword>) -> Result<NoContent, web::Error> {
    let now = s.sys.now();
    let link = challenge::open_link(&s.table, now, &s.code_key, Purpose::PasswordReset, body.token.trim()).await?;
    let id = link.user.ok_or(Kind::LinkInvalid)?;
    // Each costs two hashes.
    limits::take(&s.table, now, &[Limit::new("reset_tries", link.id, 20, HOUR)]).await?;
    let mut found = s.table.get_many(vec![User::key_of(id), PasswordHash::key_of(id)]).await?;
    // Whoever reads the mail of an address that the account no longer has must not get in by it.
    let usable = |u: &User| u.status == Status::Active && has(u, &link.contact());
    let user = found.take::<User>(&User::key_of(id))?.filter(usable).ok_or(Kind::LinkInvalid)?;
    let old = found.take::<PasswordHash>(&PasswordHash::key_of(id))?;
    let short = body.password.expose().len() <= MAX_BYTES;
    let same = short && s.hasher.verify(old.as_ref(), &body.password).await? != Verdict::Wrong;
    crate::acceptable(&s, &user, &body.password, same, "/password").await?;
    let mut tx = Tx::new();
    let spent = link.consume(&mut tx);
    tx.put(&s.hasher.hash(id, &body.password).await?, unchanged(old.as_ref()));
    let reset = Update::of(User::key_of(id)).set("has_password", true);
    let reset = reset.set("reset_by_mail", user.has_second_step() || user.passkeys > 0);
    if !user.reset_by_mail {
        // Whoever guessed at codes knew the password from before; unless they have it by this mailbox, and reset it again.
        factor::unlock(&mut tx, id);
    }
    session::renew_credentials(&mut tx, &s.sys, &user, reset, None);
    tell(&mut tx, &s.sys, id, Notice::PasswordChanged);
    s.table.commit(tx).await.map_err(|e| if e.refused(spent) { Kind::LinkInvalid.into() } else { Problem::from(e) })?;
    Ok(NoContent)
}

/// Kills the link that may have been mailed to a person.
pub fn forget(tx: &mut Tx, user: &User) {
    if let Some(email) = &user.email {
        let id = Challenge::id_of(Purpose::PasswordReset, &Contact::Email(email.clone()), "");
        tx.delete(Challenge::key_of(id));
    }
}

/// Whether this is the person's address.
fn has(user: &User, address: &Contact) -> bool {
    user.email.as_ref().is_some_and(|email| email.key() == address.key())
}

/// That the password is still the one that was judged by.
pub fn unchanged(old: Option<&PasswordHash>) -> Cond {
    old.map_or(Cond::Absent, |old| field("phc").eq(&old.phc))
}
