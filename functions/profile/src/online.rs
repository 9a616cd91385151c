//! The online status. A person is online while they have an open socket. Without one they are online for five minutes after their last
//! activity, unless they have signed out since.

use std::time::Duration;

use accounts::last_seen::{LastSeen, REMEMBERED};
use kernel::{Time, Timestamp, id::UserId};
use messaging::presence::Presence;
use store::{Batch, Key, StoreError};

/// How long a person counts as online after their last activity.
const ONLINE: Duration = Duration::from_secs(300);

/// Whether somebody is online, and when they were last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineStatus {
    pub online: bool,
    pub last_seen_at: Option<Time>,
}

/// Returns the keys of the items that [`status`] needs.
pub fn keys(user: UserId) -> [Key; 2] {
    [LastSeen::key_of(user), Presence::key_of(user)]
}

/// Returns the online status of a person, from the items in `found`.
///
/// # Errors
/// [`StoreError::Corrupt`]
pub fn status(found: &mut Batch, user: UserId, now: Time) -> Result<OnlineStatus, StoreError> {
    let seen = found.take::<LastSeen>(&LastSeen::key_of(user))?;
    let presence = found.take::<Presence>(&Presence::key_of(user))?;
    Ok(status_of(seen.as_ref(), presence.as_ref(), now))
}

fn status_of(seen: Option<&LastSeen>, presence: Option<&Presence>, now: Time) -> OnlineStatus {
    let socket_seen_at = presence.map(|p| p.seen);
    let left = seen.is_some_and(|s| s.left && socket_seen_at.is_none_or(|socket_seen_at| socket_seen_at <= s.at));
    let last_seen_at = seen.map(|s| s.at).max(socket_seen_at).filter(|at| now < *at + REMEMBERED);
    let lately = last_seen_at.is_some_and(|at| now.since(at) < ONLINE);
    OnlineStatus { online: presence.is_some_and(|p| p.is_online(now)) || (lately && !left), last_seen_at }
}

impl OnlineStatus {
    /// Returns whether the person is online, and when they were last seen. Others see the time rounded down to the minute, so that they
    /// cannot compare exact times of two people.
    pub fn public(self) -> (bool, Option<Timestamp>) {
        let minute = |at: Time| Time::from_millis(at.millis().saturating_sub(at.millis().rem_euclid(60_000)));
        (self.online, self.last_seen_at.map(minute).map(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;
    use messaging::presence::{OpenSocket, open_socket};

    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn five_minutes_or_a_socket_and_not_after_leaving() {
        let sys = Sys::real();
        let user = sys.id();
        let here = open_socket(
            None,
            user,
            OpenSocket { id: "a".to_owned(), session: sys.id(), since: NOW, until: NOW + Duration::from_secs(86_400) },
            NOW,
        )
        .unwrap()
        .next;
        let closed = here.clone().remove_sockets(|_| true, NOW).unwrap().next;
        let seen = |left| LastSeen { user, at: NOW, left };
        let late = NOW + ONLINE;
        assert_eq!(status_of(None, None, NOW), OnlineStatus { online: false, last_seen_at: None });
        for (seen, presence, now, online) in [
            (Some(seen(false)), None, late - SECOND, true),
            (Some(seen(false)), None, late, false),
            (Some(seen(true)), None, NOW, false),
            (None, Some(&here), late - SECOND, true),
            (None, Some(&here), late, false),
            (Some(seen(true)), Some(&here), NOW, true),
            (Some(seen(true)), Some(&closed), NOW, false),
            (None, Some(&closed), late - SECOND, true),
            (None, Some(&closed), late, false),
        ] {
            let status = status_of(seen.as_ref(), presence, now);
            assert_eq!(status, OnlineStatus { online, last_seen_at: Some(NOW) }, "{seen:?} {presence:?}");
        }
        assert_eq!(status_of(Some(&seen(false)), Some(&closed), NOW + REMEMBERED).last_seen_at, None);
    }
}
