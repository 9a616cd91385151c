//! Writing to the team.

use accounts::identifier::Email;
use axum::extract::{FromRequestParts, State};
use callers::Member;
use http::{header, request::Parts};
use kernel::{Fields, Locale, Problem, id::TicketId};
use serde::{Deserialize, Serialize};
use store::limits::{self, DAY, HOUR, LimitError, MINUTE, Quota};
use tickets::{NewTicket, RequestKey, SenderName, TicketText, open};
use utoipa::ToSchema;
use web::{Admits, Client, Created, IdempotencyKey, Json, Language, Problems};

use crate::CAPTCHA_ACTION;

/// The limit on messages from one network, including those whose captcha is refused.
const FROM_NETWORK: Quota = Quota::window("contact_network", 5, MINUTE, "messages from a network");
/// Like [`FROM_NETWORK`], for a longer time.
const FROM_NETWORK_BY_HOUR: Quota = Quota::window("contact_network_hour", 20, HOUR, "messages from a network in an hour");
/// The limit on messages with the same address for answers.
const OF_ADDRESS: Quota = Quota::window("contact_address", 5, HOUR, "messages that give an address for answers");
/// The limit on all messages together, because each sends a mail to the team.
const OF_ALL: Quota = Quota::window("contact", 300, HOUR, "messages of everybody").shared();
/// The limit on copies to an address that is not proven. Further messages are stored without a copy and get the same response.
const COPIES: Quota = Quota::window("contact_copies", 2, DAY, "copies to an address that is not proven");

/// The author: a signed-in caller, or anybody without an access token. An invalid token is refused.
pub struct Writer(Option<Member>);

impl Admits for Writer {}

impl FromRequestParts<crate::State> for Writer {
    type Rejection = web::Error;

    async fn from_request_parts(parts: &mut Parts, s: &crate::State) -> Result<Self, web::Error> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        Member::from_request_parts(parts, s).await.map(|member| Self(Some(member)))
    }
}

/// A message to the team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendContactMessage {
    /// The name of the author: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Ana Nowak"))]
    name: String,
    /// The address for answers.
    #[schema(max_length = 254, examples("ana@example.test"))]
    email: String,
    /// The value of one of the subjects of this deployment.
    #[schema(min_length = 1, max_length = 40, examples("bug_report"))]
    subject: String,
    /// 250 to 10,000 characters after trimming.
    #[schema(
        min_length = 250,
        max_length = 10000,
        examples(
            "Hello,\n\nmy name is Ana Nowak.\n\nSomething does not work. I opened the page of a product, chose two pieces of it and put them into my cart. I expected to find both of them there. The cart stayed empty, also after I loaded the page again and tried it with another browser on another computer.\n"
        )
    )]
    message: String,
    /// The token of a captcha with the action `contact`. Required if this deployment uses captchas, otherwise ignored.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

impl SendContactMessage {
    /// Returns the valid ticket to store.
    fn parse(&self, s: &crate::State, writer: &Writer, locale: Locale) -> Result<NewTicket, Problem> {
        let mut fields = Fields::new();
        let name = fields.take("/name", SenderName::parse(&self.name));
        let email = fields.take("/email", Email::parse(&self.email));
        let subject = fields.take("/subject", s.subjects.choose(&self.subject));
        let text = fields.take("/message", TicketText::of_sender(&self.message));
        let (Some(name), Some(email), Some(subject), Some(text)) = (name, email, subject, text) else { return Err(fields.problem()) };
        let user = writer.0.as_ref().map(|member| &member.user);
        let proven = user.and_then(|user| user.email.as_ref()).is_some_and(|own| own.key() == email.key());
        Ok(NewTicket { user: user.map(|user| user.id), name, email, proven, subject, locale, text })
    }
}

/// A message that was sent to the team.
#[derive(Serialize, ToSchema)]
pub struct SentContactMessage {
    /// The number of its ticket, which is in the subject of mails about it.
    id: TicketId,
}

/// Sends a message to the team. Requires a captcha if this deployment uses captchas.
///
/// The team gets a mail and answers at the given address. A signed-in author who gives the address of their account gets a copy. Any other
/// address gets a mail that confirms the message without its text. The same `Idempotency-Key` with the same message sends it once in 24
/// hours, and needs no second captcha.
///
/// The limits of a network count each request whose captcha is checked, even if it is refused.
///
/// AWS calls: the caller, if they are signed in; a read of the key; two counters; a counter and a shared one; a counter if the address is
/// not proven; a transaction of the key, the ticket, its message and the mails. With captchas also a request to their service.
#[utoipa::path(post, path = "/v1/contact-messages", request_body = SendContactMessage,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(
        ("x-problems" = json!(["token_invalid", "idempotency_key_required", "idempotency_key_reused", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([FROM_NETWORK, FROM_NETWORK_BY_HOUR, OF_ADDRESS, OF_ALL])),
    ),
    responses((status = 201, body = SentContactMessage), Problems))]
pub async fn send_contact_message(
    State(s): State<crate::State>,
    writer: Writer,
    client: Client,
    Language(locale): Language,
    IdempotencyKey(key): IdempotencyKey,
    Json(body): Json<SendContactMessage>,
) -> Result<Created<SentContactMessage>, web::Error> {
    let new = body.parse(&s, &writer, locale)?;
    let request = request(&new, &key);
    let id = match request.earlier(&s.table, s.sys.now()).await? {
        Some(earlier) => earlier,
        None => first(&s, &client, &request, new, body.captcha.as_deref().unwrap_or_default()).await?,
    };
    Ok(Created(format!("/v1/admin/tickets/{id}"), SentContactMessage { id }))
}

/// Returns the key of a request. It does not contain the token of the captcha, which differs with each repetition.
fn request(new: &NewTicket, key: &str) -> RequestKey {
    let author = new.user.map_or_else(|| "a guest".to_owned(), |user| user.to_string());
    let content = format!("{:?}", (&new.name, &new.email, &new.subject, &new.text));
    RequestKey::new(&format!("contact message of {author}"), key, &content)
}

/// Sends a message that was not sent before.
async fn first(s: &crate::State, client: &Client, request: &RequestKey, new: NewTicket, captcha: &str) -> Result<TicketId, Problem> {
    let network = client.network();
    limits::take(&s.table, s.sys.now(), &[FROM_NETWORK.of(&network), FROM_NETWORK_BY_HOUR.of(&network)]).await?;
    if let Some(service) = &s.captcha {
        service.check(s.sys.now(), captcha, CAPTCHA_ACTION).await?;
    }
    // Counted after the captcha, so that programs cannot use up the limits of others.
    let mailbox = new.email.mailbox_key();
    limits::take_together(&s.table, s.sys.now(), &[OF_ADDRESS.of(&mailbox), OF_ALL.of("")]).await?;
    let copy = new.proven || may_get_copy(s, &mailbox).await?;
    let (subject, id) = (new.subject.clone(), open(&s.table, &s.sys, request, new, copy).await?);
    tracing::info!(ticket.id = %id, subject, "somebody wrote to the team");
    Ok(id)
}

/// Returns whether an address that is not proven may get another copy. One counter.
async fn may_get_copy(s: &crate::State, mailbox: &str) -> Result<bool, Problem> {
    match limits::take(&s.table, s.sys.now(), &[COPIES.of(mailbox)]).await {
        Ok(()) => Ok(true),
        Err(LimitError::Reached(_)) => Ok(false),
        Err(e @ LimitError::Store(_)) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_with_another_captcha_and_another_one_with_another_text() {
        let new = |text: &str| NewTicket {
            user: None,
            name: SenderName::parse("Ana").unwrap(),
            email: Email::parse("ana@example.test").unwrap(),
            proven: false,
            subject: "other".to_owned(),
            locale: Locale::En,
            text: TicketText::of_sender(&text.repeat(250)).unwrap(),
        };
        let shown = |text: &str, key: &str| format!("{:?}", request(&new(text), key));
        assert_eq!(shown("a", "k"), shown("a", "k"));
        assert_ne!(shown("a", "k"), shown("b", "k"));
        assert_ne!(shown("a", "k"), shown("a", "l"));
    }
}
