//! The mail about unread messages.

use std::collections::BTreeSet;

use kernel::{Problem, Secret, Time, id::UserId};
use messaging::room::Room;
use outbound::{Excerpt, Mail, MissedRoom};
use preferences::{Category, Unsubscribe};

use crate::{State, facts::Line, plan::counted};

/// The most messages of one room in a mail.
const SHOWN_MAX: usize = 5;

/// Returns the mail about these messages, by room.
pub fn mail(s: &State, user: UserId, rooms: &[(&Room, &[(Category, Line)])], now: Time) -> Result<Mail, Problem> {
    let categories: BTreeSet<Category> = rooms.iter().flat_map(|(_, lines)| lines.iter()).map(|(category, _)| *category).collect();
    let link = Unsubscribe { user, categories: categories.into_iter().collect() };
    Ok(Mail::Missed {
        messages: total(rooms),
        rooms: rooms.iter().map(|(room, lines)| missed(room, lines)).collect(),
        site: Secret::new(s.site.to_string()),
        unsubscribe: link.address(&s.sealer, &s.public_url, now)?,
    })
}

/// Returns how many unread messages there are in all rooms, up to 99.
pub fn total(rooms: &[(&Room, &[(Category, Line)])]) -> u32 {
    counted(rooms.iter().map(|(_, lines)| lines.len()).fold(0, usize::saturating_add))
}

fn missed(room: &Room, lines: &[(Category, Line)]) -> MissedRoom {
    let messages = lines.iter().take(SHOWN_MAX).map(|(_, line)| (line.username.clone(), Excerpt::of(&line.text)));
    MissedRoom {
        name: room.club.as_ref().map(|club| club.name.to_string()),
        messages: messages.collect(),
        more: counted(lines.len().saturating_sub(SHOWN_MAX)),
    }
}
