//! When somebody was last seen over HTTP. Sockets note it by themselves.
//!
//! A sign-in notes it within its own transaction, and so does a sign-out, after which nobody takes its person for present. In
//! between whoever has no socket is seen when they read their own profile, and then at most once a minute is it written. A
//! refresh of tokens is no sign of a person: programs do that while nobody is there. Nor does any other operation write it: all
//! of them would pay for what few ask about.

use std::time::Duration;

use kernel::{Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Table, Tx, Update};

use crate::{Resource, session::Session, user::partition};

/// How old the note may get before it is renewed.
const RENEWED_AFTER: Duration = Duration::from_secs(60);
/// Whoever was not seen for this long was last seen at no time that anybody is told.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// When a person was last seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastSeen {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Time,
    /// Whether they signed out then.
    #[serde(default)]
    pub left: bool,
}

impl LastSeen {
    /// Where it is noted.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "SEEN")
    }

    /// Notes that the person was seen now, if the last note is not of this minute; as well as can be. No request or one update.
    pub async fn renew(self, table: &Table, sys: &Sys) -> Self {
        let now = sys.now();
        if !self.left && now.since(self.at) < RENEWED_AFTER {
            return self;
        }
        let renewed = Self { at: now, left: false, ..self };
        // Only what is there: an account that is being removed gets nothing new.
        let note = Update::of(renewed.key()).set("at", now).remove("left").expires(now + REMEMBERED).when(Cond::Exists);
        if let Err(e) = table.update(note).await.refused_is_fine() {
            tracing::warn!(error = %e, "a person was seen, which could not be noted");
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

/// The caller's own item, loaded in the same batch as the caller.
impl Resource for LastSeen {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Adds to the transaction that begins a session that its person was seen.
pub(crate) fn came(tx: &mut Tx, session: &Session) {
    tx.put_always(&LastSeen { user: session.user, at: session.created_at, left: false });
}

/// Adds to the transaction that ends a session that its person has left.
pub(crate) fn went(tx: &mut Tx, user: UserId, now: Time) {
    tx.put_always(&LastSeen { user, at: now, left: true });
}
