//! Counts the AWS calls of each operation, because on AWS calls and capacity units cost money and time.
//!
//! A gateway that invokes a function for an operation opens the invocation's trace, and closes it with the operation's name and whether it
//! succeeded. The endpoints count each call for the trace header in it. With a file, every closed operation and every used permission is
//! appended to it as one line, so that `cargo xtask calls` can add them up over a whole test suite.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use super::{Service, iam::Need};

/// Capacity units, counted in halves because an eventually consistent read costs half a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Units(u64);

impl Units {
    /// One unit.
    pub const ONE: Self = Self(2);

    /// From the number that the database reports.
    #[expect(
        clippy::float_arithmetic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small multiple of one half; the cast saturates"
    )]
    pub fn reported(units: f64) -> Self {
        Self((units * 2.0).round() as u64)
    }

    fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl std::iter::Sum for Units {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        units.fold(Self::default(), |mut sum, u| {
            sum.add(u);
            sum
        })
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0 >> 1, if self.0 & 1 == 1 { ".5" } else { "" })
    }
}

impl Serialize for Units {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // A JSON number, written as Display writes it.
        self.to_string().parse::<f64>().map_err(serde::ser::Error::custom)?.serialize(s)
    }
}

/// The DynamoDB capacity that one call consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Read units.
    pub read: Units,
    /// Write units.
    pub write: Units,
}

/// The AWS calls of one operation so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often each call was made, by `service.Operation`.
    pub calls: BTreeMap<String, u64>,
    /// Read units consumed.
    pub rcu: Units,
    /// Write units consumed.
    pub wcu: Units,
}

impl Tally {
    /// Returns the number of all calls.
    pub fn total(&self) -> u64 {
        self.calls.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    fn count(&mut self, call: &str, capacity: Capacity) {
        let n = self.calls.entry(call.to_owned()).or_default();
        *n = n.saturating_add(1);
        self.rcu.add(capacity.read);
        self.wcu.add(capacity.write);
    }

    fn add(&mut self, other: &Self) {
        for (call, times) in &other.calls {
            let n = self.calls.entry(call.clone()).or_default();
            *n = n.saturating_add(*times);
        }
        self.rcu.add(other.rcu);
        self.wcu.add(other.wcu);
    }
}

/// How often an operation was performed, and the sum of its calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperationTotals {
    /// The number of times.
    pub times: u64,
    /// The sum of the calls.
    #[serde(flatten)]
    pub tally: Tally,
}

/// The description in a `Server-Timing` header.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "calls={} rcu={} wcu={}", self.total(), self.rcu, self.wcu)
    }
}

/// A permission that a function has used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Permission {
    /// The function's logical id.
    pub function: String,
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// The ARN. Connections are not distinguished, because every socket is another one.
    pub resource: String,
}

/// What precedes the id of a connection in an ARN.
const CONNECTION: &str = "/@connections/";

/// All counts of one local cloud. Cloning shares them.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    file: Option<File>,
    open: HashMap<String, Tally>,
    functions: BTreeMap<String, Tally>,
    operations: BTreeMap<String, OperationTotals>,
    /// The resources of the used permissions, by function and action.
    permissions: HashMap<String, HashMap<String, BTreeSet<String>>>,
}

#[derive(Serialize)]
struct Closed<'a> {
    operation: &'a str,
    served: bool,
    #[serde(flatten)]
    tally: &'a Tally,
}

impl Calls {
    /// Counts that are also appended to `file`, which several processes may share.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn with_file(file: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(file)?;
        Ok(Self(Arc::new(Mutex::new(Counts { file: Some(file), ..Counts::default() }))))
    }

    /// Opens a trace. One that is open already stays open.
    pub fn open(&self, trace: &str) {
        self.counts().open.entry(trace.to_owned()).or_default();
    }

    /// Closes a trace and returns its calls. `served` is false for an operation that was refused or failed.
    pub fn close(&self, trace: &str, operation: &str, served: bool) -> Tally {
        let mut counts = self.counts();
        let tally = counts.open.remove(trace).unwrap_or_default();
        counts.log(&Closed { operation, served, tally: &tally });
        let done = counts.operations.entry(operation.to_owned()).or_default();
        done.times = done.times.saturating_add(1);
        done.tally.add(&tally);
        tally
    }

    /// Returns the calls of each operation since the start.
    pub fn by_operation(&self) -> BTreeMap<String, OperationTotals> {
        self.counts().operations.clone()
    }

    /// Returns the calls of each function since the start, by logical id.
    pub fn by_function(&self) -> BTreeMap<String, Tally> {
        self.counts().functions.clone()
    }

    /// Returns every permission used since the start.
    pub fn permissions(&self) -> BTreeSet<Permission> {
        let counts = self.counts();
        let of = |function: &str, action: &str, resource: &str| Permission {
            function: function.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        };
        let each = counts.permissions.iter().flat_map(|(function, actions)| {
            actions.iter().flat_map(move |(action, resources)| resources.iter().map(move |resource| of(function, action, resource)))
        });
        each.collect()
    }

    pub(crate) fn count(&self, trace: Option<&str>, function: &str, service: Service, operation: &str, capacity: Capacity) {
        let call = format!("{}.{operation}", service.name());
        let mut counts = self.counts();
        if let Some(tally) = trace.and_then(|t| counts.open.get_mut(t)) {
            tally.count(&call, capacity);
        }
        counts.functions.entry(function.to_owned()).or_default().count(&call, capacity);
    }

    pub(crate) fn permitted(&self, function: &str, need: &Need) {
        let resource = match need.resource.split_once(CONNECTION) {
            Some((api, _)) => Cow::Owned(format!("{api}{CONNECTION}*")),
            None => Cow::Borrowed(need.resource.as_str()),
        };
        let mut counts = self.counts();
        let known = counts.permissions.get(function).and_then(|actions| actions.get(&need.action));
        if known.is_some_and(|resources| resources.contains(&*resource)) {
            return;
        }
        let permission = Permission { function: function.to_owned(), action: need.action.clone(), resource: resource.into_owned() };
        counts.log(&permission);
        let Permission { function, action, resource } = permission;
        counts.permissions.entry(function).or_default().entry(action).or_default().insert(resource);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Appends a line to the file. One write for each line, so that lines of several processes do not mix.
    fn log(&mut self, line: &impl Serialize) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_string(line).map_err(io::Error::from).and_then(|l| file.write_all(format!("{l}\n").as_bytes()));
        if let Err(e) = written {
            tracing::warn!(error = %e, "the file of calls cannot be written");
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(units: f64) -> Capacity {
        Capacity { read: Units::reported(units), ..Capacity::default() }
    }

    #[test]
    fn calls_are_counted_for_their_trace() {
        let calls = Calls::default();
        calls.open("Root=1-a");
        calls.count(Some("Root=1-a"), "F", Service::DynamoDb, "GetItem", read(0.5));
        calls.count(Some("Root=1-a"), "F", Service::DynamoDb, "GetItem", read(1.0));
        // A call by a consumer of an event of the same request.
        calls.count(Some("Root=1-a;Parent=x"), "F", Service::Ses, "SendRawEmail", Capacity::default());
        calls.count(None, "G", Service::DynamoDb, "PutItem", Capacity { write: Units::ONE, ..Capacity::default() });
        let tally = calls.close("Root=1-a", "GET /v1/me", true);
        assert_eq!(tally.to_string(), "calls=2 rcu=1.5 wcu=0");
        assert_eq!(tally.calls.get("dynamodb.GetItem"), Some(&2));
        assert_eq!(calls.by_function().get("F").map(Tally::total), Some(3));
        assert_eq!(calls.close("Root=1-a", "again", false).total(), 0);
        calls.close("Root=1-a", "again", false);
        assert_eq!(calls.by_operation().get("GET /v1/me").map(|d| (d.times, d.tally.total())), Some((1, 2)));
        assert_eq!(calls.by_operation().get("again").map(|d| d.times), Some(2));
    }

    #[test]
    fn operations_and_permissions_are_appended_as_lines() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("calls.jsonl");
        let calls = Calls::with_file(&file).expect("opened");
        calls.open("t");
        calls.count(Some("t"), "F", Service::DynamoDb, "GetItem", read(0.5));
        calls.close("t", "GET /v1/me", true);
        for _ in 0..2 {
            calls.permitted("F", &Need::new("dynamodb:GetItem", "arn"));
        }
        assert_eq!(
            std::fs::read_to_string(&file).expect("read"),
            "{\"operation\":\"GET /v1/me\",\"served\":true,\"calls\":{\"dynamodb.GetItem\":1},\"rcu\":0.5,\"wcu\":0.0}\n\
             {\"function\":\"F\",\"action\":\"dynamodb:GetItem\",\"resource\":\"arn\"}\n"
        );
    }
}
