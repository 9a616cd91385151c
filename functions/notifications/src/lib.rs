//! Notifications in the app: an inbox, and pushes on the stream `notification`.
//!
//! One function for the inbox and for the events that fill it, because both use the same entries. An event is stored once, under its own
//! id, while the account is active. The entry is also pushed to the person's open sockets. Pushes are best effort: clients read the inbox
//! when they connect.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/notifications` | the caller and the state of their inbox in one; a query; a batch read of the people and rooms in it, if there are any |
//! | `GET /v1/notifications/unread` | the caller and the state of their inbox in one; a query of at most a hundred; a batch read of the rooms in it, if there are any; the last two are repeated while fewer than a hundred count and there are more |
//! | `POST /v1/notifications/{notification}/read` | the caller; an update |
//! | `POST /v1/notifications/read` | the caller; an update |
//! | `GET /v1/me/notification-settings` | the caller and the settings in one |
//! | `PATCH /v1/me/notification-settings` | the caller and the settings in one; a transaction |
//! | `GET /unsubscribe/{token}` | none |
//! | `POST /unsubscribe/{token}` | a read of the settings; a transaction |
//! | an event | a read of the settings if it is about friends; a transaction of the entry and checks of the accounts; a batch read of the sockets and of the person that it is about; a post for each socket |

mod consumer;
mod entry;
mod inbox;
mod settings;
mod unsubscribe;

use accounts::token::Tokens;
use axum::extract::FromRef;
use consumer::on_event;
use function::{Boot, Function, StartError};
use kernel::Sys;
use messaging::Sockets;
use preferences::Unsubscribe;
use store::{Sealer, Table};

pub use consumer::HEARD;
pub use entry::{NotificationInfo, STREAM};

store::items![entry::InboxEntry, inbox::Inbox];

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    sockets: Sockets,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "notifications", "The inbox of notifications. They are also pushed on the stream `notification` of the socket.", State =>
    inbox::list_notifications,
    inbox::count_unread_notifications,
    inbox::read_notification,
    inbox::read_notifications,
    settings::get_notification_settings,
    settings::update_notification_settings,
    unsubscribe::get_unsubscribe_page,
    unsubscribe::unsubscribe,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let sealer = tokens.warm_up_with_sealer(Unsubscribe::SEALED_BY).await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        tokens: tokens.clone(),
        sealer,
        sockets: Sockets::read(r, &aws),
        sys: sys.clone(),
    })?;
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move { if events::is_of_bus(&payload) { on_event(&state, &payload).await } else { http.invoke(payload, context).await } }
    }))
}
