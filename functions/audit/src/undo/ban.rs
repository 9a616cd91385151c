//! Undoing a ban from chat, or its end. The whole ban is one field.

use accounts::{
    audit::Action,
    staff::{self, Actor, Role, Roles},
    undo::{Field, Obstacle},
    user::{Status, User},
};
use kernel::{
    Problem, Time,
    audit::{AuditValue, Auditable as _},
    id::UserId,
};
use messaging::{
    ban::{self, Ban, BanReason},
    banning,
    report::ReportReason,
    spam::ChatState,
};
use store::Tx;

use super::{
    planned::{Allowed, MakeEntry, Planned},
    recorded::Recorded,
};

/// The name of the field.
const BAN: &str = "ban";

/// Somebody's ban, and whether they can be banned.
pub struct Target {
    who: Actor,
    user: UserId,
    chat: Box<ChatState>,
    now: Option<Ban>,
    /// The ban before the change. `None` if there was none.
    was: Option<Ban>,
    /// Whether the ban before the change can be imposed again.
    known: bool,
    there: bool,
    ordinary: bool,
}

impl Target {
    pub async fn read(s: &crate::State, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let id = entry.record.subject;
        let (chat, user, roles) = (ChatState::key_of(id), User::key_of(id), Roles::key_of(id));
        let mut found = s.table.get_many(vec![chat.clone(), user.clone(), roles.clone()]).await?;
        let (chat, at) = (found.take::<ChatState>(&chat)?.unwrap_or_default(), s.sys.now());
        let person = found.take::<User>(&user)?;
        let was = ban_value(entry.was("reason"), entry.was("ends_at"));
        let former = former(entry.was("reason"), entry.was("ends_at"), who, at);
        Ok(Self {
            who,
            user: id,
            now: chat.ban(at),
            chat: Box::new(chat),
            known: (was == AuditValue::Nothing) == former.is_none(),
            was: former,
            there: person.is_some_and(|person| person.status != Status::Purging),
            ordinary: found.take::<Roles>(&roles)?.is_none(),
        })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let was = ban_value(entry.was("reason"), entry.was("ends_at"));
        let became = ban_value(entry.became("reason"), entry.became("ends_at"));
        let is_now = self.now.as_ref().map_or(AuditValue::Nothing, |ban| (ban.reason, ban.until).audited());
        vec![Field::of(BAN, (was, became), is_now, self.obstacle())]
    }

    fn obstacle(&self) -> Option<Obstacle> {
        match &self.was {
            _ if !self.there => Some(Obstacle::Gone),
            _ if !self.known => Some(Obstacle::Never),
            // Staff are not banned.
            Some(_) if !self.ordinary => Some(Obstacle::Never),
            // The former ban has ended by now.
            Some(was) if was.until.is_some_and(|until| until <= was.at) => Some(Obstacle::Gone),
            // Nobody ends their own ban.
            None if self.who.user == self.user => Some(Obstacle::Never),
            _ => None,
        }
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>) -> Planned {
        let user = self.user;
        let shown = match &self.was {
            Some(was) => {
                let slots = banning::by_staff(tx, &s.sys, user, was, &self.chat);
                vec![slots.same, slots.ordinary]
            }
            None => vec![banning::end(tx, &s.sys, user, &self.chat)],
        };
        let still = staff::require(tx, self.who.user, Role::Moderator);
        let entry = entry(if self.was.is_some() { Action::ChatBanned } else { Action::ChatUnbanned }, user);
        Planned::new(ban::audited(entry, self.now.as_ref(), self.was.as_ref()), shown, Allowed::Role(still))
    }
}

/// Returns a ban as one value.
fn ban_value(reason: Option<&AuditValue>, ends_at: Option<&AuditValue>) -> AuditValue {
    match reason {
        None | Some(AuditValue::Nothing) => AuditValue::Nothing,
        Some(reason) => (reason, ends_at.unwrap_or(&AuditValue::Nothing)).audited(),
    }
}

/// Returns the ban before a change, imposed again from now on by the caller. `None` for a reason that only the server uses.
fn former(reason: Option<&AuditValue>, ends_at: Option<&AuditValue>, who: Actor, now: Time) -> Option<Ban> {
    let mut all = ReportReason::ALL.into_iter().map(BanReason::Conduct);
    let reason = all.find(|one| Some(&one.audited()) == reason)?;
    let until = match ends_at {
        Some(AuditValue::Time(until)) => Some(*until),
        None | Some(AuditValue::Nothing) => None,
        _ => return None,
    };
    Some(Ban { at: now, until, reason, explanation: None, by: Some(who.user) })
}
