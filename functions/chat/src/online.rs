//! Who is online: other people, each counted once with any number of tabs.

use kernel::{Kind, Problem};
use messaging::{
    presence::{self, Online},
    room::{PUBLIC, Room},
};

use crate::{State, ask::Answer};

/// Answers `online`. Only the public room has this number: in a direct room it would show when the other person is online.
pub async fn online(s: &State, room: &Room) -> Result<Answer, Problem> {
    if room.id != PUBLIC {
        return Err(Kind::NotFound.into());
    }
    let online = presence::online(&s.table, s.sys.now()).await?;
    Ok(Answer::Online { room: room.id, online: others(online), more: online.more })
}

/// Everybody except the caller, who is always online.
pub fn others(online: Online) -> u64 {
    online.people.saturating_sub(1)
}
