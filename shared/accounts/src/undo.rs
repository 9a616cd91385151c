//! Undoing a change that the audit has recorded: one entry, and of its fields those that staff choose.
//!
//! ```text
//! entry: was, became ─┐
//!                     ├─ Preview ─ choose ─▶ fields to give their former values, in one transaction with
//! subject: is now ────┘                      the mark of the entry and an entry of its own
//! ```
//!
//! Nothing here reads or writes: who undoes a change says what each field is now and what stands in the way of its former value, and
//! makes the change as everybody does who changes it. The undo has an entry of its own, so that undoing it is undoing that entry.

#[cfg(test)]
mod model;

use std::{collections::BTreeSet, time::Duration};

use kernel::{
    FieldError, Kind, Problem, Time,
    audit::{AuditValue, Auditable},
    crypto::truncate,
    id::{AuditId, ChallengeId, UserId, time_of},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Cond, Item, Key, Personal, Slot, Tx, field};
use utoipa::ToSchema;

use crate::audit::{VALUES_KEPT, values_of};

/// How much longer than the values of an entry its mark is kept.
const MARK_OUTLASTS: Duration = Duration::from_secs(24 * 3600);
/// The most fields that are undone together. No entry has as many.
pub const FIELDS_MAX: usize = 50;

/// What undoing a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UndoOutcome)]
pub enum Outcome {
    /// It has the value that the change gave it, and gets its former one.
    Clean,
    /// It has its former value already, and keeps it.
    Same,
    /// It has been changed again since. It gets its former value only by force.
    MovedOn,
    /// Its former value is unique, and somebody else has it. It stays.
    Taken,
    /// What it is about, or what its former value leads to, does not exist any more. It stays.
    Gone,
    /// It is not undone this way, or not by this caller. It stays.
    Never,
}

impl Outcome {
    /// Returns the value of a field after an undo with this outcome.
    fn value_of(self, was: &AuditValue, is_now: &AuditValue) -> AuditValue {
        if matches!(self, Self::Clean | Self::MovedOn) { was.clone() } else { is_now.clone() }
    }
}

/// What stands in the way of a former value, even by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// See [`Outcome::Taken`].
    Taken,
    /// See [`Outcome::Gone`].
    Gone,
    /// See [`Outcome::Never`].
    Never,
}

impl From<Obstacle> for Outcome {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Taken => Self::Taken,
            Obstacle::Gone => Self::Gone,
            Obstacle::Never => Self::Never,
        }
    }
}

/// One field of an entry, and what undoing it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name, as in the entry.
    pub name: String,
    /// Its value before the change.
    pub was: AuditValue,
    /// Its value after the change.
    pub became: AuditValue,
    /// Its value now.
    pub is_now: AuditValue,
    /// Its value after the undo, by force if that is needed.
    pub would_be: AuditValue,
    /// What undoing it does.
    pub outcome: Outcome,
}

impl Field {
    /// Returns a field with its values before and after the change and now.
    #[must_use]
    pub fn of(name: &str, (was, became): (AuditValue, AuditValue), is_now: AuditValue, obstacle: Option<Obstacle>) -> Self {
        let outcome = match obstacle {
            Some(obstacle) => obstacle.into(),
            None if is_now == was => Outcome::Same,
            None if is_now == became => Outcome::Clean,
            None => Outcome::MovedOn,
        };
        let would_be = outcome.value_of(&was, &is_now);
        Self { name: name.to_owned(), was, became, is_now, would_be, outcome }
    }

    /// Returns the field with other values in place of those that were compared, which nobody sees whole.
    #[must_use]
    pub fn shown_as(self, (was, became): (AuditValue, AuditValue), is_now: AuditValue) -> Self {
        let would_be = self.outcome.value_of(&was, &is_now);
        Self { was, became, is_now, would_be, ..self }
    }

    /// Returns the field without its values, for somebody who does not see them, and so does not undo it.
    #[must_use]
    pub fn hidden(self) -> Self {
        let outcome = if self.outcome == Outcome::Gone { Outcome::Gone } else { Outcome::Never };
        let nothing = || AuditValue::Nothing;
        Self { name: self.name, was: nothing(), became: nothing(), is_now: nothing(), would_be: nothing(), outcome }
    }
}

/// What undoing an entry does. It is shown before it is done, and what was shown is what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The entry.
    pub entry: AuditId,
    /// The entry of the undo, if the entry was undone: it is undone once.
    pub undone_by: Option<AuditId>,
    /// Its fields, by name.
    pub fields: Vec<Field>,
}

impl Preview {
    /// Returns what undoing this entry does to these fields.
    #[must_use]
    pub fn new(entry: AuditId, undone_by: Option<AuditId>, mut fields: Vec<Field>) -> Self {
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Self { entry, undone_by, fields }
    }

    /// Returns what of it somebody sees who does not see the values of all fields. Its version tells nothing of the others.
    #[must_use]
    pub fn seen_by(self, sees: impl Fn(&str) -> bool) -> Self {
        let shown = |field: Field| if sees(&field.name) { field } else { field.hidden() };
        Self { fields: self.fields.into_iter().map(shown).collect(), ..self }
    }

    /// Returns the version of what is shown, for `ETag` and `If-Match`: another one as soon as anything of it is different.
    ///
    /// # Errors
    /// [`Kind::Internal`]
    pub fn version(&self) -> Result<u64, Problem> {
        let shown = serde_json::to_vec(self).map_err(Problem::internal)?;
        Ok(u64::from_be_bytes(truncate(Sha256::digest(shown).into())))
    }

    /// Returns the fields that get their former values if these are undone: all that were chosen and are not the same already, or none.
    ///
    /// # Errors
    /// [`NotUndone`]
    pub fn choose(&self, chosen: &[String], force: bool) -> Result<Vec<&Field>, NotUndone> {
        if let Some(by) = self.undone_by {
            return Err(NotUndone::Already(by));
        }
        if let Some(unknown) = chosen.iter().position(|name| self.fields.iter().all(|field| field.name != *name)) {
            return Err(NotUndone::Unknown(unknown));
        }
        let fields: Vec<&Field> = self.fields.iter().filter(|field| chosen.contains(&field.name)).collect();
        let named = |wanted: fn(Outcome) -> bool| -> Vec<String> {
            fields.iter().filter(|field| wanted(field.outcome)).map(|field| field.name.clone()).collect()
        };
        let stuck = named(|outcome| matches!(outcome, Outcome::Taken | Outcome::Gone | Outcome::Never));
        let moved_on = named(|outcome| outcome == Outcome::MovedOn);
        if !stuck.is_empty() {
            return Err(NotUndone::Impossible(stuck));
        }
        if !moved_on.is_empty() && !force {
            return Err(NotUndone::MovedOn(moved_on));
        }
        let changed: Vec<&Field> = fields.into_iter().filter(|field| field.outcome != Outcome::Same).collect();
        if changed.is_empty() { Err(NotUndone::Nothing) } else { Ok(changed) }
    }
}

/// Why nothing is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUndone {
    /// The entry was undone, by the change with this entry.
    Already(AuditId),
    /// The entry has no such field: the place of its name in the list.
    Unknown(usize),
    /// The former values of these fields cannot be given again.
    Impossible(Vec<String>),
    /// These fields have been changed again since.
    MovedOn(Vec<String>),
    /// Every chosen field has its former value.
    Nothing,
}

impl From<NotUndone> for Problem {
    #[track_caller]
    fn from(not: NotUndone) -> Self {
        match not {
            NotUndone::Already(by) => Self::new(Kind::UndoneAlready).with("entry", by.to_string()),
            NotUndone::Unknown(place) => Self::field(&format!("/fields/{place}"), FieldError::CHOICE),
            NotUndone::Impossible(fields) => Self::new(Kind::UndoImpossible).with("not_undone", fields),
            NotUndone::MovedOn(fields) => Self::new(Kind::UndoMovedOn).with("not_undone", fields),
            NotUndone::Nothing => Kind::UndoNothing.into(),
        }
    }
}

kernel::lines! {
    /// Why a change is undone, in the words of who undoes it.
    UndoReason 1 500;
}

impl Auditable for UndoReason {
    fn audited(&self) -> AuditValue {
        AuditValue::Text(self.to_string())
    }
}

/// The mark of an entry that was undone, beside its values. It is not needed longer than they are kept: without them nothing is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Whom the entry is about.
    pub subject: UserId,
    /// The entry.
    pub entry: AuditId,
    /// The entry of the undo.
    pub by: AuditId,
    /// Who has undone it.
    pub actor: UserId,
    /// The fields that were chosen.
    pub fields: Vec<String>,
    /// The link by which somebody else makes the change, if the undo has only sent one.
    #[serde(default)]
    pub waits_for: Option<AwaitedLink>,
}

/// The link that an undo waits for. When it is not valid any more the entry can be undone again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedLink {
    /// The link to a former contact. It is valid as long as it is the last one of the account
    /// ([`User::restoration`](crate::user::User::restoration)).
    pub id: ChallengeId,
    /// When it expires.
    pub until: Time,
}

impl Undone {
    /// Returns the key of the mark of an entry about `subject`.
    #[must_use]
    pub fn key_of(subject: UserId, entry: AuditId) -> Key {
        Key::new(values_of(subject), format!("UNDONE#{entry}"))
    }

    /// Returns whether it is of the same request: by the same person, of the same fields. Its answer was lost.
    #[must_use]
    pub fn is_of(&self, actor: UserId, chosen: &[String]) -> bool {
        self.actor == actor && self.fields.iter().collect::<BTreeSet<_>>() == chosen.iter().collect()
    }

    /// Returns whether it stands. `restoration` is the last link of the account to a former contact: an undo that waits for another one, or
    /// for one that has expired, does not stand any more.
    #[must_use]
    pub fn stands(&self, now: Time, restoration: Option<ChallengeId>) -> bool {
        self.waits_for.as_ref().is_none_or(|link| now < link.until && restoration == Some(link.id))
    }

    /// Adds the mark to a transaction in place of the mark `before`, which does not stand any more. Refused if a concurrent request has
    /// undone the entry first.
    pub fn mark(&self, tx: &mut Tx, before: Option<&Self>) -> Slot {
        let first = before.map_or(Cond::Absent, |before| Cond::Absent.or(field("by").eq(before.by)));
        tx.put(self, first)
    }
}

impl Item for Undone {
    const KIND: &'static str = "undone";
    const ABOUT: About =
        About::at("AUDIT#{user}", "UNDONE#{audit}", Personal::Withheld("ids of audit entries")).expires().removed_by("audit");
    fn key(&self) -> Key {
        Self::key_of(self.subject, self.entry)
    }
    fn expires(&self) -> Option<Time> {
        Some(time_of(&self.entry) + VALUES_KEPT + MARK_OUTLASTS)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    fn field(is_now: u32, obstacle: Option<Obstacle>) -> Field {
        Field::of("bio", (1_u32.audited(), 2_u32.audited()), is_now.audited(), obstacle)
    }

    #[test]
    fn a_field_has_one_outcome() {
        for (is_now, obstacle, outcome, would_be) in [
            (2, None, Outcome::Clean, 1),
            (1, None, Outcome::Same, 1),
            (3, None, Outcome::MovedOn, 1),
            (2, Some(Obstacle::Taken), Outcome::Taken, 2),
            (3, Some(Obstacle::Gone), Outcome::Gone, 3),
            (1, Some(Obstacle::Never), Outcome::Never, 1),
        ] {
            let field = field(is_now, obstacle);
            assert_eq!((field.outcome, field.would_be), (outcome, AuditValue::Number(would_be)), "{is_now} {obstacle:?}");
        }
    }

    #[test]
    fn what_stands_in_the_way_cannot_be_forced() {
        let sys = Sys::real();
        let chosen = |fields: Vec<Field>, force| {
            let preview = Preview::new(sys.id(), None, fields);
            preview.choose(&["bio".to_owned()], force).map(|fields| fields.len())
        };
        let bio = || vec!["bio".to_owned()];
        for (now, obstacle, by_itself, forced) in [
            (2, None, Ok(1), Ok(1)),
            (1, None, Err(NotUndone::Nothing), Err(NotUndone::Nothing)),
            (3, None, Err(NotUndone::MovedOn(bio())), Ok(1)),
            (2, Some(Obstacle::Taken), Err(NotUndone::Impossible(bio())), Err(NotUndone::Impossible(bio()))),
            (2, Some(Obstacle::Gone), Err(NotUndone::Impossible(bio())), Err(NotUndone::Impossible(bio()))),
            (2, Some(Obstacle::Never), Err(NotUndone::Impossible(bio())), Err(NotUndone::Impossible(bio()))),
        ] {
            assert_eq!(chosen(vec![field(now, obstacle)], false), by_itself, "{now} {obstacle:?}");
            assert_eq!(chosen(vec![field(now, obstacle)], true), forced, "{now} {obstacle:?} by force");
        }
        assert_eq!(chosen(Vec::new(), true), Err(NotUndone::Unknown(0)));
    }

    #[test]
    fn all_chosen_fields_are_undone_or_none() {
        let sys = Sys::real();
        let of = |name: &str, obstacle| Field::of(name, (true.audited(), false.audited()), false.audited(), obstacle);
        let preview = Preview::new(sys.id(), None, vec![of("name", None), of("bio", None), of("email", Some(Obstacle::Never))]);
        let names = |chosen: &[&str]| {
            let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
            preview.choose(&chosen, true).map(|fields| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(names(&["name", "bio", "name"]), Ok(vec!["bio".to_owned(), "name".to_owned()]));
        assert_eq!(names(&["name", "email"]), Err(NotUndone::Impossible(vec!["email".to_owned()])));
        assert_eq!(names(&["name", "password"]), Err(NotUndone::Unknown(1)));
        assert_eq!(names(&[]), Err(NotUndone::Nothing));
        let by = sys.id();
        let done = Preview { undone_by: Some(by), ..preview };
        assert_eq!(done.choose(&["name".to_owned()], true), Err(NotUndone::Already(by)));
    }

    /// Two contacts can look the same.
    #[test]
    fn values_that_are_shown_as_others_are_compared_as_they_are() {
        let text = |text: &str| AuditValue::Text(text.to_owned());
        for (is_now, outcome) in [("ben", Outcome::Clean), ("ana", Outcome::Same), ("bob", Outcome::MovedOn)] {
            let field = Field::of("email", (text("ana"), text("ben")), text(is_now), None);
            let shown = field.shown_as((text("a*"), text("b*")), text(&format!("{}*", &is_now[..1])));
            let would_be = text("a*");
            assert_eq!((shown.outcome, &shown.was, &shown.would_be), (outcome, &would_be, &would_be), "{is_now}");
        }
        let stuck = Field::of("email", (text("ana"), text("ben")), text("ben"), Some(Obstacle::Taken));
        assert_eq!(stuck.shown_as((text("a*"), text("b*")), text("b*")).would_be, text("b*"));
    }

    #[test]
    fn an_undo_stands_while_its_link_is_valid() {
        let sys = Sys::real();
        let (link, at) = (sys.id(), Time::from_millis);
        let waits_for = Some(AwaitedLink { id: link, until: at(7) });
        let undone = Undone { subject: sys.id(), entry: sys.id(), by: sys.id(), actor: sys.id(), fields: Vec::new(), waits_for };
        assert!(undone.stands(at(6), Some(link)) && !undone.stands(at(7), Some(link)), "it expires");
        assert!(!undone.stands(at(6), None), "it was used, or is void");
        assert!(!undone.stands(at(6), Some(sys.id())), "another link has taken its place");
        assert!(Undone { waits_for: None, ..undone }.stands(at(7), None), "it waits for nobody");
    }

    #[test]
    fn a_request_that_is_repeated_is_recognised() {
        let sys = Sys::real();
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let fields = named(&["bio", "name"]);
        let undone = Undone { subject: sys.id(), entry: sys.id(), by: sys.id(), actor: sys.id(), fields, waits_for: None };
        assert!(undone.is_of(undone.actor, &named(&["name", "bio", "name"])));
        assert!(!undone.is_of(undone.actor, &named(&["name"])) && !undone.is_of(undone.subject, &undone.fields));
    }

    /// Otherwise whoever knows the rest could try all days of birth until the version is the one that they got.
    #[test]
    fn the_version_tells_nothing_of_what_is_hidden() {
        let entry: AuditId = Sys::real().id();
        let seen = |is_now, obstacle, sees: bool| Preview::new(entry, None, vec![field(is_now, obstacle)]).seen_by(|_| sees);
        let version = |is_now, sees| seen(is_now, None, sees).version().unwrap();
        assert_eq!(version(2, false), version(3, false));
        assert_ne!(version(2, true), version(3, true));
        let bio = vec!["bio".to_owned()];
        assert_eq!(seen(2, None, false).choose(&bio, true), Err(NotUndone::Impossible(bio.clone())));
        let outcome = |obstacle, sees| seen(2, obstacle, sees).fields[0].outcome;
        assert_eq!(
            (outcome(Some(Obstacle::Gone), false), outcome(None, false), outcome(None, true)),
            (Outcome::Gone, Outcome::Never, Outcome::Clean)
        );
    }

    #[test]
    fn the_version_is_of_all_that_is_shown() {
        let entry: AuditId = Sys::real().id();
        let version = |fields, undone_by| Preview::new(entry, undone_by, fields).version().unwrap();
        let shown = version(vec![field(2, None)], None);
        assert_eq!(version(vec![field(2, None)], None), shown);
        for other in [
            version(vec![field(3, None)], None),
            version(vec![field(2, Some(Obstacle::Taken))], None),
            version(Vec::new(), None),
            version(vec![field(2, None)], Some(entry)),
        ] {
            assert_ne!(other, shown);
        }
    }
}
