//! Who is there: distinct other people, however many tabs they have.

use kernel::{Kind, Problem};
use messaging::{
    presence::{self, Online},
    room::{PUBLIC, Room},
};

use crate::{State, ask::Answer};

/// Answers `online`. Only the public room has such a figure: between two people it would tell one when the other is there.
pub async fn online(s: &State, room: &Room) -> Result<Answer, Problem> {
    if room.id != PUBLIC {
        return Err(Kind::NotFound.into());
    }
    let online = presence::online(&s.table, s.sys.now()).await?;
    Ok(Answer::Online { room: room.id, online: others(online), more: online.more })
}

/// Everybody but the one who asks, who is online because they ask.
pub fn others(online: Online) -> u64 {
    online.people.saturating_sub(1)
}
