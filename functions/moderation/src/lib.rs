//! Moderation of chat: reports by members, and the operations of moderators: resolving reports, deleting messages, reading earlier texts,
//! banning people, and setting the rules of the public room.
//!
//! Every change by a moderator needs a recent proof of a second factor, writes its audit entry in the same transaction (`accounts::audit`),
//! and is refused if the caller has lost the role in the meantime. This includes the resolution of a report, because it removes the report
//! from the list of all moderators. Moderators cannot ban staff (their roles have to be removed first) nor themselves, cannot end their own
//! ban, and cannot resolve reports of their own messages. Messages can be deleted whatever the role of their author.
//!
//! Moderators can read messages of rooms that they are not in only if somebody has reported them. The audit records it. Nobody sees who
//! reported a message.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/rooms/{room}/messages/{seq}/reports` | the caller; a batch of the room, their membership, the message and its report; a counter; a transaction, and another one for each concurrent report of the same message |
//! | `GET /v1/moderation/reports` | the caller and their roles in one; a query |
//! | `POST …/reports/{room}/{seq}/resolution` | the caller and their roles in one; a read; a transaction |
//! | `GET /v1/moderation/messages/{room}/{seq}` | the caller and their roles in one; a batch of the message and its report; a query of what reporters said; a batch of the earlier texts, if there are any; outside the public room a transaction for the audit |
//! | `DELETE /v1/moderation/messages/{room}/{seq}` | the caller and their roles in one; a read; a transaction, unless it is deleted already |
//! | `GET /v1/moderation/bans` | the caller and their roles in one; a query; a batch of the people |
//! | `PUT /v1/moderation/bans/{user}` | the caller and their roles in one; a batch of the ban and the person; a transaction; a read, and for each socket a frame and a close, and a transaction |
//! | `DELETE /v1/moderation/bans/{user}` | the caller and their roles in one; a batch of the ban and the person; a transaction |
//! | `PUT /v1/moderation/public-room` | the caller and their roles in one; a transaction |

mod bans;
mod messages;
mod public_room;
mod reports;

use accounts::{
    audit::Audit,
    staff::{self, Role},
    token::Tokens,
};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{Sys, id::UserId};
use messaging::Sockets;
use store::{Sealer, Slot, Table, Tx};

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    sockets: Sockets,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "moderation", "Reports of messages, and what moderators do: deleting messages, banning people from chat.", State =>
    reports::report_message,
    reports::list_reports,
    reports::resolve_report,
    messages::get_reported_message,
    messages::remove_message,
    bans::list_bans,
    bans::ban_from_chat,
    bans::end_chat_ban,
    public_room::set_public_room,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer("moderation").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        sealer,
        sockets: Sockets::read(r, &aws),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}

/// Adds the condition to a transaction that the caller is still a moderator.
fn still_moderator(tx: &mut Tx, caller: UserId) -> Slot {
    staff::require(tx, caller, Role::Moderator)
}
