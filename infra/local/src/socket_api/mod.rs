//! API Gateway's WebSocket API: routes selected by the content of a message, and a management endpoint for functions.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html>

mod connection;
mod event;
mod gateway;
mod handshake;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
pub use handshake::router;
use kernel::{Time, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::activity::{Activity, Guard};

/// The bytes that are read from a connection at once, by the gateway and by the clients of tests and measurements. tungstenite clears this
/// buffer before each read, and each connection has its own: with the 128 KiB that it has by default, ten thousand connections would take
/// 1.3 GB.
pub const READ_BUFFER: usize = 4 * 1024;
/// The largest message in either direction, in bytes.
const MAX_MESSAGE: usize = 128 * 1024;
/// A connection is closed after this time without traffic.
const IDLE: Duration = Duration::from_mins(10);
/// Every connection is closed after this time.
const LIFE: Duration = Duration::from_hours(2);

/// The description of a connection by the management endpoint.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInfo {
    /// The id. Not part of the response of the management endpoint.
    #[serde(skip)]
    pub id: String,
    /// When `$connect` was accepted.
    pub connected_at: Timestamp,
    /// When the last frame was sent in either direction.
    pub last_active_at: Timestamp,
    /// The client.
    pub identity: Identity,
}

/// The client of a connection.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The peer's address.
    pub source_ip: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
}

/// An error of the management endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// 410 `GoneException`: the connection does not exist, is closed, or its `$connect` is not answered yet.
    #[error("the connection is gone")]
    Gone,
    /// 413 `PayloadTooLargeException`: more than 128 KB.
    #[error("the message is larger than 128 KB")]
    TooLarge,
}

/// The open connections. Cloning shares them.
#[derive(Clone)]
pub struct Connections {
    all: Arc<Mutex<HashMap<String, Open>>>,
    activity: Activity,
}

struct Open {
    info: ConnectionInfo,
    outgoing: mpsc::UnboundedSender<Outgoing>,
}

/// A request to a connection.
enum Outgoing {
    Message(Bytes),
    /// A function or a person closes it. The guard is held until `$disconnect` is answered.
    Close(Guard),
    /// Its time is over: see [`closes_at`].
    Away(Guard),
}

/// Returns when a connection is closed that has no more traffic.
fn closes_at(connected: Time, active: Time) -> Time {
    (active + IDLE).min(connected + LIFE)
}

impl Connections {
    /// Returns the connections of a local cloud, none at first. A connection that closes is pending work.
    #[must_use]
    pub fn new(activity: Activity) -> Self {
        Self { all: Arc::default(), activity }
    }

    /// Sends a message. It is queued when this returns. Whether the client receives it is not known.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub fn post(&self, id: &str, data: Bytes) -> Result<(), ConnectionError> {
        if data.len() > MAX_MESSAGE {
            return Err(ConnectionError::TooLarge);
        }
        let open = self.open();
        let connection = open.get(id).ok_or(ConnectionError::Gone)?;
        connection.outgoing.send(Outgoing::Message(data)).map_err(|_| ConnectionError::Gone)
    }

    /// Describes a connection.
    ///
    /// # Errors
    /// [`ConnectionError::Gone`].
    pub fn get(&self, id: &str) -> Result<ConnectionInfo, ConnectionError> {
        self.open().get(id).map(|c| c.info.clone()).ok_or(ConnectionError::Gone)
    }

    /// Closes a connection. It no longer exists when this returns.
    ///
    /// # Errors
    /// [`ConnectionError::Gone`].
    pub fn delete(&self, id: &str) -> Result<(), ConnectionError> {
        let connection = self.open().remove(id).ok_or(ConnectionError::Gone)?;
        connection.outgoing.send(Outgoing::Close(self.activity.begin())).map_err(|_| ConnectionError::Gone)
    }

    /// Closes every connection whose time is over. Each does so by itself too, but waiting for pending work after a move of the clock does
    /// not include that.
    pub(crate) fn close_due(&self, now: Time) {
        let over = |info: &ConnectionInfo| closes_at(info.connected_at.0, info.last_active_at.0) <= now;
        for connection in self.open().values().filter(|connection| over(&connection.info)) {
            // An error means that it is closing already.
            connection.outgoing.send(Outgoing::Away(self.activity.begin())).unwrap_or_default();
        }
    }

    /// Returns all open connections, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<ConnectionInfo> {
        let mut all: Vec<_> = self.open().values().map(|c| c.info.clone()).collect();
        all.sort_by(|a, b| (a.connected_at, &a.id).cmp(&(b.connected_at, &b.id)));
        all
    }

    /// Closes every connection.
    pub(crate) fn end(&self) {
        // A connection closes when nobody can send to it any more.
        self.open().clear();
    }

    fn add(&self, info: ConnectionInfo) -> mpsc::UnboundedReceiver<Outgoing> {
        let (outgoing, requests) = mpsc::unbounded_channel();
        self.open().insert(info.id.clone(), Open { info, outgoing });
        requests
    }

    fn active(&self, id: &str, now: Time) {
        if let Some(connection) = self.open().get_mut(id) {
            connection.info.last_active_at = now.into();
        }
    }

    fn remove(&self, id: &str) {
        self.open().remove(id);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Open>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
