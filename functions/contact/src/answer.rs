//! Answering a ticket.

use accounts::{
    audit::Action,
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{Problem, id::TicketId};
use serde::Deserialize;
use store::limits::{self, HOUR, Quota};
use tickets::{Answering, RequestKey, TicketText};
use utoipa::ToSchema;
use web::{Created, Error, IdempotencyKey, Json, Path, Problems, RequestId};

use crate::{
    desk::entry,
    shown::{Names, TicketMessageInfo},
};

/// The limit on answers of one person of the team, because each sends a mail to somebody outside.
const ANSWERS: Quota = Quota::window("ticket_answers", 100, HOUR, "answers of a person of the team");

/// An answer to a ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerTicket {
    /// 1 to 10,000 characters.
    #[schema(min_length = 1, max_length = 10000, examples("We have found it."))]
    text: String,
}

/// Answers the author of a ticket by mail. The ticket then waits for the author. For administrators with a recent proof by a second factor.
///
/// Mail programs show the mails about a ticket together, and a reply goes to the address of the team. The same `Idempotency-Key` with the
/// same text sends it once in 24 hours.
///
/// AWS calls: the caller and their roles in one; a counter; a batch of the key and the ticket; a transaction of the key, the ticket, the
/// message, the mail and an entry of the audit. The last two are repeated if the ticket has changed meanwhile.
#[utoipa::path(post, path = "/v1/admin/tickets/{ticket}/answers", request_body = AnswerTicket,
    params(
        ("ticket" = TicketId, Path, description = "The ticket."),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f"),
    ),
    extensions(
        ("x-problems" = json!(["not_found", "idempotency_key_required", "idempotency_key_reused", "invalid", "too_many", "too_many_requests", "conflict"])),
        ("x-limits" = json!([ANSWERS])),
    ),
    responses((status = 201, body = TicketMessageInfo), Problems))]
pub async fn answer_ticket(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<TicketId>,
    Json(body): Json<AnswerTicket>,
) -> Result<Created<TicketMessageInfo>, Error> {
    let me = &caller.member.user;
    let text = TicketText::of_team(&body.text).map_err(|e| Problem::field("/text", e))?;
    limits::take(&s.table, s.sys.now(), &[ANSWERS.of(me.id)]).await?;
    let request_key = RequestKey::new(&format!("answer of {} to {id}", me.id), &key, text.as_str());
    let answering = Answering { ticket: id, author: me.id, text, request: request_key };
    let written = tickets::answer(&s.table, &s.sys, &answering, |tx, ticket| {
        s.audit.add(tx, &entry(&s, me.id, &request, Action::TicketAnswered, ticket));
        staff::require(tx, me.id, Role::Administrator)
    });
    let written = written.await?;
    tracing::info!(ticket.id = %id, actor.id = %me.id, "a ticket was answered");
    Ok(Created(format!("/v1/admin/tickets/{id}"), Names::of(me).message(&written)))
}
