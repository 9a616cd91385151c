//! Undoing against a model: two administrators change and undo at random, and people are renamed, take names that others have left,
//! lose pictures and are deleted.
//!
//! The world under test keeps values and entries, and decides by [`Preview`]. The model keeps only who has written what and when, and
//! decides by reading that back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{Sys, audit::AuditValue as Value, id::AuditId};

use super::{Field, NotUndone, Obstacle, Outcome, Preview};

const STEPS: usize = 30_000;
const FIELDS: [&str; 4] = ["bio", "picture", "role", "username"];

fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

/// Returns whether a picture is one of these files.
fn is_of(files: &BTreeSet<String>, picture: &Value) -> bool {
    matches!(picture, Value::Text(file) if files.contains(file))
}

type Values = BTreeMap<&'static str, Value>;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap().checked_rem(end).unwrap()
    }

    fn odds(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// Some of these.
    fn some<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| self.odds(2)).collect()
    }
}

/// A change, as the audit keeps it.
#[derive(Clone)]
struct Change {
    id: AuditId,
    person: usize,
    fields: BTreeMap<&'static str, (Value, Value)>,
    at: usize,
}

/// The world under test. People who were deleted are `None`.
#[derive(Default)]
struct World {
    people: Vec<Option<Values>>,
    purged: BTreeSet<String>,
    entries: Vec<Change>,
    undone: BTreeMap<AuditId, AuditId>,
}

impl World {
    fn taken(&self, person: usize, name: &Value) -> bool {
        let theirs = |values: &Option<Values>| values.as_ref().is_some_and(|values| values["username"] == *name);
        self.people.iter().enumerate().any(|(other, values)| other != person && theirs(values))
    }

    fn living(&self) -> Vec<usize> {
        (0..self.people.len()).filter(|person| self.people[*person].is_some()).collect()
    }

    fn obstacle(&self, actor: usize, change: &Change, field: &str, was: &Value) -> Option<Obstacle> {
        let Some(values) = &self.people[change.person] else { return Some(Obstacle::Gone) };
        match field {
            // The second administrator is no superuser, and nobody changes their own roles.
            "role" if actor == 1 || actor == change.person => Some(Obstacle::Never),
            "username" if self.taken(change.person, was) => Some(Obstacle::Taken),
            "picture" if is_of(&self.purged, was) && values["picture"] != *was => Some(Obstacle::Gone),
            _ => None,
        }
    }

    fn preview(&self, actor: usize, change: &Change) -> Preview {
        let now = |field: &str| self.people[change.person].as_ref().map_or(Value::Nothing, |values| values[field].clone());
        let fields = change.fields.iter().map(|(name, (was, became))| {
            Field::of(name, (was.clone(), became.clone()), now(name), self.obstacle(actor, change, name, was))
        });
        Preview::new(change.id, self.undone.get(&change.id).copied(), fields.collect())
    }

    /// Returns the values that an undo gives. `Err(None)` if something has changed since the preview of this version.
    fn undo(&self, actor: usize, change: &Change, seen: u64, chosen: &[String], force: bool) -> Result<Values, Option<NotUndone>> {
        let preview = self.preview(actor, change);
        if preview.version().unwrap() != seen {
            return Err(None);
        }
        let fields = preview.choose(chosen, force).map_err(Some)?;
        let name = |field: &Field| FIELDS.into_iter().find(|name| *name == field.name).unwrap();
        Ok(fields.into_iter().map(|field| (name(field), field.would_be.clone())).collect())
    }

    fn write(&mut self, id: AuditId, person: usize, to: Values, at: usize) {
        let values = self.people[person].as_mut().unwrap();
        let fields = to.into_iter().map(|(name, value)| (name, (values.insert(name, value.clone()).unwrap(), value))).collect();
        self.entries.push(Change { id, person, fields, at });
    }
}

/// What a field of an entry was, became and is, and what undoing it does.
type Shown = (&'static str, Value, Value, Value, Outcome);

/// The model: of every field of everybody what was written when, and who and what is gone.
#[derive(Default)]
struct Model {
    writes: BTreeMap<(usize, &'static str), BTreeMap<usize, Value>>,
    people: usize,
    deleted: BTreeSet<usize>,
    purged: BTreeSet<String>,
    undone: BTreeSet<AuditId>,
}

impl Model {
    fn write(&mut self, person: usize, to: &Values, at: usize) {
        for (field, value) in to {
            self.writes.entry((person, *field)).or_default().insert(at, value.clone());
        }
    }

    /// Returns what somebody's field was before a moment.
    fn before(&self, person: usize, field: &'static str, at: usize) -> Value {
        self.writes[&(person, field)].range(..at).next_back().unwrap().1.clone()
    }

    fn shown(&self, actor: usize, change: &Change) -> (bool, Vec<Shown>) {
        let (person, at) = (change.person, change.at);
        let one = |field: &&'static str| {
            let field = *field;
            let was = self.before(person, field, at);
            let became = self.before(person, field, at.saturating_add(1));
            let now = if self.deleted.contains(&person) { Value::Nothing } else { self.before(person, field, usize::MAX) };
            let outcome = self.outcome(actor, person, field, (&was, &became, &now));
            (field, was, became, now, outcome)
        };
        (self.undone.contains(&change.id), change.fields.keys().map(one).collect())
    }

    fn outcome(&self, actor: usize, person: usize, field: &'static str, (was, became, now): (&Value, &Value, &Value)) -> Outcome {
        if self.deleted.contains(&person) {
            return Outcome::Gone;
        }
        let mut others = (0..self.people).filter(|other| *other != person && !self.deleted.contains(other));
        let taken = field == "username" && others.any(|other| self.before(other, field, usize::MAX) == *was);
        match field {
            "role" if actor != 0 || person == 0 => Outcome::Never,
            _ if taken => Outcome::Taken,
            _ if was == now => Outcome::Same,
            "picture" if is_of(&self.purged, was) => Outcome::Gone,
            _ if now != became => Outcome::MovedOn,
            _ => Outcome::Clean,
        }
    }

    /// Returns whether what is shown can be undone.
    fn allows((undone, shown): &(bool, Vec<Shown>), chosen: &[String], force: bool) -> bool {
        let of = |name: &String| shown.iter().find(|field| field.0 == name).map(|field| field.4);
        let fine = |outcome: &Option<Outcome>| match outcome {
            Some(Outcome::Clean | Outcome::Same) => true,
            Some(Outcome::MovedOn) => force,
            _ => false,
        };
        let outcomes: Vec<_> = chosen.iter().map(of).collect();
        !undone && outcomes.iter().all(fine) && outcomes.iter().any(|outcome| *outcome != Some(Outcome::Same))
    }
}

struct Run {
    sys: Sys,
    world: World,
    model: Model,
    dice: Dice,
    at: usize,
    seen: HashMap<Outcome, usize>,
    /// How many undos were done, refused, and refused because of a change behind the preview.
    ends: [usize; 3],
}

impl Run {
    fn tick(&mut self) -> usize {
        self.at = self.at.saturating_add(1);
        self.at
    }

    fn join(&mut self) {
        let (at, person) = (self.tick(), self.world.people.len());
        let values: Values = FIELDS.into_iter().map(|field| (field, text(format!("{field} of {person}")))).collect();
        self.model.write(person, &values, at);
        self.world.people.push(Some(values));
        self.model.people = self.world.people.len();
    }

    /// Somebody's fields are changed. Names are few, so that those that somebody has left are often taken by others.
    fn edit(&mut self) {
        let (at, living) = (self.tick(), self.world.living());
        let person = living[self.dice.below(living.len())];
        let mut to = Values::new();
        for field in self.dice.some(&FIELDS) {
            let value = match field {
                "username" => text(format!("name{}", self.dice.below(12))),
                "picture" => text(format!("picture{at}")),
                "role" => text(["moderator", "administrator"][self.dice.below(2)]),
                _ => text(format!("text{}", self.dice.below(4))),
            };
            if !(field == "username" && self.world.taken(person, &value)) {
                to.insert(field, value);
            }
        }
        if !to.is_empty() {
            self.model.write(person, &to, at);
            self.world.write(self.sys.id(), person, to, at);
        }
    }

    /// A picture that nobody has is deleted, or somebody is, and somebody else comes.
    fn lose(&mut self) {
        if self.dice.odds(20) {
            let person = self.world.living().into_iter().rfind(|_| self.dice.odds(2)).filter(|person| *person > 1);
            if let Some(person) = person {
                self.world.people[person] = None;
                self.model.deleted.insert(person);
                self.join();
            }
            return;
        }
        let back = self.dice.below(40);
        let file = format!("picture{}", self.at.saturating_sub(back));
        if self.world.people.iter().flatten().all(|values| values["picture"] != text(&file)) {
            self.world.purged.insert(file.clone());
            self.model.purged.insert(file);
        }
    }

    fn undo(&mut self) {
        let entries = self.world.entries.len();
        let recent = if self.dice.odds(8) { entries } else { entries.min(25) };
        let change = self.world.entries[entries.saturating_sub(1).saturating_sub(self.dice.below(recent))].clone();
        let actor = self.dice.below(2);
        let (preview, shown) = (self.world.preview(actor, &change), self.model.shown(actor, &change));
        self.compare(&preview, &shown);
        match self.dice.below(6) {
            0 => self.edit(),
            1 => self.lose(),
            2 => self.undo(),
            _ => {}
        }
        let same = self.model.shown(actor, &change) == shown;
        let mut names: Vec<&str> = change.fields.keys().copied().collect();
        if self.dice.odds(50) {
            names.push("password");
        }
        let chosen: Vec<String> = self.dice.some(&names).into_iter().map(str::to_owned).collect();
        let force = self.dice.odds(2);
        let allowed = Model::allows(&shown, &chosen, force);
        let end = match self.world.undo(actor, &change, preview.version().unwrap(), &chosen, force) {
            Ok(to) => {
                assert!(same && allowed, "{chosen:?} {shown:?}");
                self.done(&change, &shown.1, &chosen, to);
                0
            }
            Err(Some(why)) => {
                assert!(same && !allowed, "{why:?} {chosen:?} {shown:?}");
                1
            }
            Err(None) => {
                assert!(!same, "{shown:?}");
                2
            }
        };
        self.ends[end] = self.ends[end].saturating_add(1);
    }

    /// The preview is that of the model.
    fn compare(&mut self, preview: &Preview, (undone, shown): &(bool, Vec<Shown>)) {
        assert_eq!((preview.undone_by.is_some(), preview.fields.len()), (*undone, shown.len()));
        for (field, (name, was, became, now, outcome)) in preview.fields.iter().zip(shown) {
            let changes = matches!(outcome, Outcome::Clean | Outcome::MovedOn);
            let would_be = if changes { was } else { now };
            let told = (field.name.as_str(), &field.was, &field.became, &field.is_now, &field.would_be, field.outcome);
            assert_eq!(told, (*name, was, became, now, would_be, *outcome));
            let seen = self.seen.entry(*outcome).or_default();
            *seen = seen.saturating_add(1);
        }
    }

    /// An undo is done: what was chosen is what it was, and nothing else is different.
    fn done(&mut self, change: &Change, shown: &[Shown], chosen: &[String], to: Values) {
        let (id, at) = (self.sys.id(), self.tick());
        let mut expected = self.world.people.clone();
        let values = expected[change.person].as_mut().unwrap();
        for (name, was, ..) in shown.iter().filter(|field| chosen.iter().any(|name| name == field.0)) {
            values.insert(*name, was.clone());
        }
        self.model.write(change.person, &to, at);
        self.model.undone.insert(change.id);
        self.world.write(id, change.person, to, at);
        assert_eq!(self.world.undone.insert(change.id, id), None);
        assert_eq!(self.world.people, expected);
        let names: Vec<_> = self.world.people.iter().flatten().map(|values| values["username"].clone()).collect();
        assert!(names.iter().enumerate().all(|(i, name)| !names[..i].contains(name)), "{names:?}");
    }
}

#[test]
fn what_is_shown_is_what_happens() {
    let (world, model) = (World::default(), Model::default());
    let mut run = Run { sys: Sys::real(), world, model, dice: Dice(7), at: 0, seen: HashMap::new(), ends: [0; 3] };
    for _ in 0..5 {
        run.join();
    }
    for step in 0..STEPS {
        let what = if step < 20 { 0 } else { run.dice.below(10) };
        match what {
            0..=3 => run.edit(),
            4 => run.lose(),
            _ => run.undo(),
        }
    }
    for outcome in [Outcome::Clean, Outcome::Same, Outcome::MovedOn, Outcome::Taken, Outcome::Gone, Outcome::Never] {
        assert!(run.seen.get(&outcome).is_some_and(|seen| *seen >= 100), "{outcome:?} of {:?}", run.seen);
    }
    assert!(run.ends.iter().all(|end| *end >= 100), "{:?}", run.ends);
}
