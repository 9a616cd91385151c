//! Undoing a change of a profile by its owner or by staff. Only fields that staff may change can be undone.

use accounts::{
    audit::Action,
    directory::Account,
    identifier::{MinimumAge, Username},
    profile::{self, Edit, ProfilePatch},
    staff::Actor,
    undo::{Field, Obstacle},
    username::{FormerNames, UsernameClaim},
};
use kernel::{PatchMember, Problem, Time, audit::AuditValue};
use store::Tx;

use super::{
    planned::{Allowed, MakeEntry, Planned, Reindexed, account, impossible_value},
    recorded::{Changed, Recorded, text},
};

/// A person, and the person who has the former username.
pub struct Target {
    who: Actor,
    now: Time,
    minimum_age: MinimumAge,
    account: Option<Box<Account>>,
    names: FormerNames,
    claim: Option<UsernameClaim>,
}

impl Target {
    pub async fn read(s: &crate::State, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let id = entry.record.subject;
        let names = FormerNames::key_of(id);
        let claim = entry.was("username").and_then(username).map(|name| UsernameClaim::key_of(&name));
        let mut found = s.table.get_many([Some(names.clone()), claim.clone()].into_iter().flatten().collect()).await?;
        Ok(Self {
            who,
            now: s.sys.now(),
            minimum_age: s.minimum_age,
            account: account(&s.table, entry).await?,
            names: found.take(&names)?.unwrap_or_else(|| FormerNames::none(id)),
            claim: claim.map(|key| found.take(&key)).transpose()?.flatten(),
        })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.account.as_ref().map_or(AuditValue::Nothing, |account| profile::value(&account.user, &changed.name));
            let obstacle = self.obstacle(&changed);
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    fn obstacle(&self, changed: &Changed) -> Option<Obstacle> {
        let Some(account) = &self.account else { return Some(Obstacle::Gone) };
        // The files of a picture are deleted as soon as it is replaced.
        if changed.name == "picture" && changed.was != AuditValue::Nothing {
            return Some(Obstacle::Gone);
        }
        let mut edit = Edit::default();
        let known = set(&mut edit, &changed.name, &changed.was).is_some();
        let may = edit.takes().is_some_and(|least| self.who.role >= least) && self.who.may_change(&account.roles).is_ok();
        // The former value has to follow the current rules.
        let fits = edit.patch.apply(&account.user, self.now, self.minimum_age).is_ok();
        if !known || !may || !fits {
            return Some(Obstacle::Never);
        }
        let taken = self.claim.as_ref().is_some_and(|claim| !claim.is_free_for(account.user.id, self.now));
        (changed.name == "username" && taken).then_some(Obstacle::Taken)
    }

    pub fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let account = self.account.ok_or_else(impossible_value)?;
        let mut edit = Edit::default();
        for field in fields {
            set(&mut edit, &field.name, &field.was).ok_or_else(impossible_value)?;
        }
        let entry = entry(Action::ProfileChanged, account.user.id);
        let edited = edit.add(tx, &s.sys, (self.who, entry), (&account, &self.names), self.minimum_age)?.ok_or_else(impossible_value)?;
        let shown = [Some(edited.record), edited.free].into_iter().flatten().collect();
        let planned = Planned::new(edited.entry, shown, Allowed::Above(edited.allowed));
        Ok(Planned { reindexed: Some(Reindexed::Person(Box::new((edited.before, edited.user)))), ..planned })
    }
}

fn username(was: &AuditValue) -> Option<Username> {
    Username::parse(text(was)?).ok()
}

/// Sets a member of a profile to its former value in an edit. `None` if there is no such member, or it cannot have the value.
fn set(edit: &mut Edit, member: &str, was: &AuditValue) -> Option<()> {
    let ProfilePatch { first_name, last_name, birth_date, bio, private, language, .. } = &mut edit.patch;
    let typed = || match was {
        AuditValue::Text(text) | AuditValue::Word(text) => Some(PatchMember::To(text.clone())),
        AuditValue::Nothing => Some(PatchMember::Clear),
        _ => None,
    };
    match (member, was) {
        ("first_name", _) => *first_name = typed()?,
        ("last_name", _) => *last_name = typed()?,
        ("birth_date", _) => *birth_date = typed()?,
        ("bio", _) => *bio = typed()?,
        ("language", _) => *language = typed()?,
        ("private", AuditValue::Flag(flag)) => *private = PatchMember::To(*flag),
        ("username", _) => edit.username = Some(username(was)?),
        ("picture", AuditValue::Nothing) => edit.picture = PatchMember::Clear,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use accounts::staff::Role;

    use super::*;

    fn words(text: &str) -> AuditValue {
        AuditValue::Text(text.to_owned())
    }

    /// Returns the role that is needed to undo a change of a member. `None` if it cannot be undone.
    fn takes(member: &str, was: &AuditValue) -> Option<Role> {
        let mut edit = Edit::default();
        set(&mut edit, member, was)?;
        edit.takes()
    }

    #[test]
    fn only_what_staff_may_change_is_undone() {
        use AuditValue::{Flag, Nothing};
        for member in ["first_name", "last_name", "bio"] {
            assert_eq!((takes(member, &words("Anna")), takes(member, &Nothing)), (Some(Role::Administrator), Some(Role::Administrator)));
        }
        assert_eq!((takes("username", &words("anna")), takes("username", &Nothing)), (Some(Role::Administrator), None));
        assert_eq!((takes("picture", &Nothing), takes("picture", &AuditValue::Id("pic_1".to_owned()))), (Some(Role::Administrator), None));
        for (member, was) in [("birth_date", words("1990-01-01")), ("private", Flag(true)), ("language", AuditValue::Word("pl".to_owned()))]
        {
            assert_eq!(takes(member, &was), Some(Role::Superuser), "{member}");
        }
        for member in ["email", "phone", "password", "factors", "roles", "status", "who_can_message", "found_by_email", "read_receipts"] {
            assert_eq!((takes(member, &words("x")), takes(member, &Flag(true)), takes(member, &Nothing)), (None, None, None), "{member}");
        }
    }
}
