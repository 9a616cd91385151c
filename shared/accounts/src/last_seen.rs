//! When a person was last seen over HTTP. Sockets record their presence themselves.
//!
//! A sign-in records it within its own transaction. So does a sign-out, which also ends the person's presence. In between it is recorded
//! when a person without a socket reads their own profile, at most once a minute. A refresh of tokens does not record it, because programs
//! refresh without a person. Other operations do not record it, to save the write.

use std::time::Duration;

use kernel::{Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Table, Tx, Update};

use crate::{Resource, partitions::partition};

/// The age at which the time is renewed.
const RENEWED_AFTER: Duration = Duration::from_secs(60);
/// The age after which the time is not shown any more.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// When a person was last seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastSeen {
    /// The person.
    pub user: UserId,
    /// The time.
    pub at: Time,
    /// Whether they signed out at that time.
    #[serde(default)]
    pub left: bool,
}

impl LastSeen {
    /// Returns the key of a person's last-seen time.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "SEEN")
    }

    /// Records that the person was seen now, unless the recorded time is recent. Best effort. No request, or one update.
    pub async fn renew(self, table: &Table, sys: &Sys) -> Self {
        let now = sys.now();
        if !self.left && now.since(self.at) < RENEWED_AFTER {
            return self;
        }
        let renewed = Self { at: now, left: false, ..self };
        // Updates an existing item only, so that nothing is created during a purge.
        let note = Update::of(renewed.key()).set("at", now).remove("left").expires(now + REMEMBERED).when(Cond::Exists);
        if let Err(e) = table.update(note).await.refused_is_fine() {
            tracing::warn!(error = %e, "the last-seen time could not be recorded");
        }
        renewed
    }
}

impl Item for LastSeen {
    const KIND: &'static str = "last_seen";
    const ABOUT: About = About::beside_user("SEEN", Personal::Exported(&["at", "left"])).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}

/// The caller's own item, read in the same batch as the caller.
impl Resource for LastSeen {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Records in the transaction that creates a session that the person was seen.
pub(crate) fn record_sign_in(tx: &mut Tx, user: UserId, now: Time) {
    tx.put_always(&LastSeen { user, at: now, left: false });
}

/// Records in the transaction that ends a session that the person signed out.
pub(crate) fn record_sign_out(tx: &mut Tx, user: UserId, now: Time) {
    tx.put_always(&LastSeen { user, at: now, left: true });
}
