//! Restores a former e-mail address or phone number of an account, with the link that was sent to it at the request of staff
//! ([`proofs::contact_link`]). Opening the page changes nothing. Its button makes the change, by the function that members use
//! ([`replace`]).
//!
//! The person who replaced the contact may control the account. So all sessions end, and trusted devices and the password become invalid:
//! the owner chooses another password with the mailed link of `functions/password`, or signs in with the number.
//!
//! Passkeys and second factors stay. A restoration proves only that somebody reads a mailbox or has a phone. That may be a stranger by now,
//! or somebody who has deceived the team. So it must not weaken the other protections of the account: after a reset by the mailed link the
//! second step is required as before, and not with a code to the same mailbox. An account to which somebody else has added factors cannot
//! be recovered like this. Staff see in the audit that the factors were added, and deactivate the account.

use accounts::{
    audit::Action,
    identifier::Contact,
    user::{PasswordHash, Status, User},
};
use axum::extract::State;
use kernel::{Kind, Messages, Problem};
use proofs::{
    challenge::{self, Challenge, CodeKey, Purpose},
    link::{self, LinkOwner, LinkToken},
    repeat::{Repeatable, Reply},
};
use store::{
    Item as _, Tx, Update, field,
    limits::{self, HOUR, Quota},
};
use web::{Client, Error, Json, Language, LinkPage, NoContent, Problems, RequestId, Site};

use crate::contact::{By, ContactKind, replace};

const TEXTS: Messages = Messages::new(kernel::in_every_language!("restore.ftl"));

/// The limit on attempts with one link, which stays valid as long as somebody else has the contact.
const TRIES: Quota = Quota::window("restoration_tries", 20, HOUR, "tries with one link");

/// Serves the page that the link opens if there is no frontend. Loading it reads and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/restore-contact",
    responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_restore_contact_page(State(site): State<Site>, Language(locale): Language) -> LinkPage {
    let (owner, call) = ("/v1/contact-restorations/link", "/v1/contact-restorations");
    LinkPage { locale, texts: TEXTS, owner, call, password: None, site }
}

/// Returns the account whose former address or number a link restores, so that a page can show it before it asks for a confirmation. The
/// link stays valid.
///
/// AWS calls: a counter, the link, the person.
#[utoipa::path(post, path = "/v1/contact-restorations/link", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "too_many_requests"])), ("x-limits" = json!([link::QUESTIONS]))),
    responses((status = 200, body = LinkOwner), Problems))]
pub async fn describe_restoration_link(
    State(s): State<crate::State>,
    client: Client,
    Json(body): Json<LinkToken>,
) -> Result<Json<LinkOwner>, Error> {
    let key = s.keys.get().await?.code_key();
    let link = link::open(&s.table, s.sys.now(), &key, Purpose::ContactRestoration, &client, &body).await?;
    let user = person(&s, &link).await?;
    Ok(Json(LinkOwner::of(&link, user.username)))
}

/// Restores the former address or number of an account, in place of the current one. All sessions end, no device is trusted any more, and
/// the password becomes invalid. The replaced contact is notified, and codes and links that were sent to it become invalid. The client is
/// not signed in. Passkeys and second factors stay.
///
/// Only the last link of an account is valid. If somebody else has the address or number by now, nothing changes. The same request again
/// within ten seconds after it succeeded gets the same answer.
///
/// AWS calls: the link; a counter; the person; the scheduled deletion, if there is one whose link went to the contact; the counters of a
/// text message for the notice; one transaction, which uses the link up. A refused or repeated request costs another read.
#[utoipa::path(post, path = "/v1/contact-restorations", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "account_exists", "too_many_requests", "conflict"])), ("x-limits" = json!([TRIES]))),
    responses((status = 204), Problems))]
pub async fn restore_contact(State(s): State<crate::State>, client: RequestId, Json(body): Json<LinkToken>) -> Result<Reply, Error> {
    let (key, token) = (s.keys.get().await?.code_key(), body.token.trim());
    let repeatable = Repeatable::new(&key, &s.sys, "restore_contact", &[token], &[]);
    Ok(repeatable.answer(&s.table, restore(&s, &key, &client, token, &repeatable)).await?)
}

async fn restore(s: &crate::State, key: &CodeKey, client: &RequestId, token: &str, repeatable: &Repeatable) -> Result<Reply, Problem> {
    let now = s.sys.now();
    let link = challenge::open_link(&s.table, now, key, Purpose::ContactRestoration, token).await?;
    limits::take(&s.table, now, &[TRIES.of(link.id)]).await?;
    let user = person(s, &link).await?;
    match link.contact() {
        Contact::Email(email) => give_back(s, client, &link, &user, &email, repeatable).await,
        Contact::Phone(phone) => give_back(s, client, &link, &user, &phone, repeatable).await,
    }
}

async fn give_back<C: ContactKind>(
    s: &crate::State,
    client: &RequestId,
    link: &Challenge,
    user: &User,
    to: &C,
    repeatable: &Repeatable,
) -> Result<Reply, Problem> {
    let (mut tx, done) = (Tx::new(), repeatable.seal(NoContent).await?);
    done.keep(&mut tx);
    let link_slot = link.consume(&mut tx);
    tx.delete(PasswordHash::key_of(user.id));
    // Refused if another link was sent meanwhile.
    let account = Update::of(user.key()).set("has_password", false).when(field("restoration").eq(link.id));
    let by = By { client, action: Action::ContactRestored, keep: None };
    let (free, permit) = replace(s, &mut tx, user, to, account, by).await?;
    permit.commit(&s.table, tx).await.map_err(|e| match e {
        e if e.refused(link_slot) => Kind::LinkInvalid.into(),
        e if e.refused(free) => Kind::AccountExists.into(),
        e => Problem::from(e),
    })?;
    tracing::info!(user.id = %user.id, contact = C::FIELD, "a former contact was restored");
    Ok(done.reply())
}

/// Returns the person whose contact a link restores.
///
/// # Errors
/// [`Kind::LinkInvalid`] unless the account is active and this is the last link that was sent, and if the account has the contact already.
async fn person(s: &crate::State, link: &Challenge) -> Result<User, Problem> {
    let id = link.user.ok_or(Kind::LinkInvalid)?;
    let user = s.table.get::<User>(User::key_of(id)).await?.filter(|user| user.status == Status::Active);
    let user = user.filter(|user| user.restoration == Some(link.id)).ok_or(Kind::LinkInvalid)?;
    let to = link.contact().key();
    if user.contacts().iter().any(|contact| contact.key() == to) { Err(Kind::LinkInvalid.into()) } else { Ok(user) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_language_says_everything() {
        assert_eq!(super::TEXTS.faults(), [""; 0]);
    }
}
