//! How many other people are online. Each person counts once, however many sockets they have.

use kernel::{Kind, Problem};
use messaging::{
    online::{self, OnlineFigure},
    presence::Presence,
    room::{PUBLIC, Room},
};

use crate::{State, ask::Answer};

/// Answers `online`. Only the public room has this number: in a direct room it would show when the other person is online.
pub async fn online(s: &State, room: &Room, figure: &OnlineFigure, caller: &Presence) -> Result<Answer, Problem> {
    if room.id != PUBLIC {
        return Err(Kind::NotFound.into());
    }
    let others = online::others(&s.table, &s.sys, room.id, figure, caller).await?;
    Ok(Answer::Online { room: room.id, online: others.people, more: others.more })
}
