//! The support desk: a thread for each customer with the whole team, over HTTP and on the stream `support` of the socket.
//!
//! One function for the operations and the frames, because both do the same with a thread ([`messaging::support`]), and the route of a
//! stream has the name of its function. Customers see the team as "Support" ([`shown`]); the team are moderators and above, with the
//! proof of a second factor.
//!
//! Messages and notes of the team need no more recent proof than that (`callers::staff`), over HTTP and on the socket, and neither do the
//! state and the assignee of a thread: a conversation changes no accounts and no rights, and can take hours. The proof expires at the end
//! of the shift and after a pause of thirty minutes. Prepared replies are changed with a recent proof.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/support/thread` | the caller; the thread; a query of the unread messages, if there are new messages |
//! | `PUT /v1/support/thread` | the caller; the thread; a counter and a transaction if it changes |
//! | `GET …/messages` | the caller; the thread; a query; for the team an entry of the audit |
//! | `POST …/messages` | the caller; a batch read of the thread and the receipt; the transaction; what a delivery takes |
//! | `POST /v1/support/thread/transcript` | the caller; a counter; a transaction |
//! | `GET /v1/support/threads` | the caller and their roles in one; a query |
//! | `GET /v1/support/search` | the caller; a claim and the thread, or a query for each word and a batch read |
//! | `GET /v1/support/threads/{thread}` | the caller; the thread; a query of the unread messages; an entry of the audit |
//! | `PUT …/state` | the caller; the thread; a write; what a delivery takes |
//! | `POST …/take` | the caller; a transaction and a read; what a delivery takes |
//! | `POST …/give` | the caller; a batch read of the other person and their roles; a transaction and a read; what a delivery takes |
//! | notes, prepared replies | the caller; a query, or a transaction |
//! | `DELETE …/notes/{note}` | the caller; a batch of the thread and the note; a transaction |
//! | `GET /v1/support/figures` | the caller; a query |
//! | a frame | a batch read of the sender, their roles, the thread and the items of the frame; then as the operation |
//! | a delivery | a batch read of the customer's sockets and a post for each; a query of the desk's sockets, a batch read of their people and a post for each |

mod ask;
mod customer;
mod desk;
mod notes;
mod replies;
mod shown;
mod stream;
mod talk;

use accounts::{audit::Audit, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, RawValue, StartError};
use kernel::Sys;
use messaging::{Sockets, frame, pace::Pace};
use serde::Deserialize;
use store::{Sealer, Table};

use crate::{
    ask::{REPLIES, SupportAnswer, SupportAsk},
    shown::SupportPush,
};

/// The stream's name: the route that API Gateway selects by it.
pub const STREAM: &str = frame::SUPPORT_STREAM;

/// Returns the frames of the stream, for the API's document.
#[must_use]
pub fn frames() -> frame::Stream {
    frame::Stream::of::<SupportAsk, SupportAnswer, SupportPush<'_>>(STREAM, REPLIES)
}

/// Returns whether `body` is a valid frame of this stream. A test compares the document with it.
#[must_use]
pub fn reads(body: &str) -> bool {
    frame::read::<SupportAsk>(body).is_ok_and(|request| request.payload.parse().is_ok())
}

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    audit: Audit,
    sockets: Sockets,
    pace: Pace,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "support", "The support desk: a thread of each customer with the team. Messages are also sent on the stream `support` of the socket.", State =>
    customer::get_support_thread,
    customer::open_support_thread,
    customer::list_support_messages,
    customer::send_support_message,
    customer::mail_support_transcript,
    desk::list_desk_threads,
    desk::find_desk_threads,
    desk::get_desk_thread,
    desk::list_desk_messages,
    desk::send_desk_message,
    desk::set_desk_thread_state,
    desk::take_desk_thread,
    desk::give_desk_thread,
    notes::list_desk_notes,
    notes::write_desk_note,
    notes::delete_desk_note,
    replies::list_prepared_replies,
    replies::create_prepared_reply,
    replies::replace_prepared_reply,
    replies::remove_prepared_reply,
    replies::fill_prepared_reply,
    desk::get_desk_figures,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("support").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        sockets: Sockets::read(r, &aws),
        pace: Pace::default(),
        sys: sys.clone(),
    })?;
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move { if is_frame(&payload) { stream::on_frame(&state, &payload).await } else { http.invoke(payload, context).await } }
    }))
}

/// Returns whether an event is a frame of a socket, not an HTTP request.
fn is_frame(payload: &RawValue) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        request_context: SocketContext,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct SocketContext {
        connection_id: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Probe>(payload.get()).is_ok_and(|probe| probe.request_context.connection_id.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_requests() {
        let frame = |json: &str| is_frame(&RawValue::from_string(json.to_owned()).unwrap());
        assert!(frame(r#"{"requestContext":{"routeKey":"support","connectionId":"abc="},"body":"{}"}"#));
        assert!(!frame(r#"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{\"connectionId\":\"x\"}"}"#));
        assert!(!frame("[]"));
    }
}
