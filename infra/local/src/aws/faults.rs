//! Scripted faults: what AWS does on a bad day, on demand.
//!
//! dynoxide never throttles, never conflicts and never loses a reply; the code that handles those is tested with this.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::Service;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused as too fast; the SDK retries.
    Throttle,
    /// Answered with the service's 500; the SDK retries.
    Internal,
    /// Answered with a 503; the SDK retries.
    Unavailable,
    /// A transaction that met another one; the SDK does not retry. For other operations the same as [`Fault::Internal`].
    Conflict,
    /// A transaction of which one part, whose partition begins with this, is refused as if its item were there already. For
    /// other operations the same as [`Fault::Internal`].
    Taken(&'static str),
    /// Executed after this delay.
    Slow(Duration),
    /// Executed, but the reply is cut off.
    LostAfter,
}

/// Which calls a fault is for. What is not named is any.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The calling function's logical id.
    pub function: Option<String>,
    /// The service.
    pub service: Option<Service>,
    /// Such as `TransactWriteItems`.
    pub operation: Option<String>,
    /// The first of the matching calls to fail, counted from one.
    pub first: u32,
    /// How many fail from there on; zero means all.
    pub times: u32,
}

impl Target {
    /// Every call of one operation by one function.
    #[must_use]
    pub fn of(function: &str, service: Service, operation: &str) -> Self {
        Self { function: Some(function.to_owned()), service: Some(service), operation: Some(operation.to_owned()), ..Self::default() }
    }

    /// Only so many of them; zero means all.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

/// A fault that has been scripted. Dropping it does not end the fault; [`Script::end`] does.
#[derive(Clone, Debug)]
pub struct Script(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    target: Target,
    fault: Fault,
    seen: AtomicU32,
    hits: AtomicU32,
    ended: std::sync::atomic::AtomicBool,
}

/// The faults of one local cloud. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Script>>>);

impl Faults {
    /// Scripts a fault.
    pub fn script(&self, target: Target, fault: Fault) -> Script {
        let entry = Entry { target, fault, seen: AtomicU32::new(0), hits: AtomicU32::new(0), ended: false.into() };
        let script = Script(Arc::new(entry));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(script.clone());
        script
    }

    /// What happens to this call.
    pub(crate) fn strike(&self, function: &str, service: Service, operation: &str) -> Option<Fault> {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.retain(|s| !s.0.ended.load(Ordering::Relaxed));
        // Every script counts every call that it is for, also when another one strikes.
        let struck: Vec<Fault> = scripts.iter().filter_map(|s| s.0.strike(function, service, operation)).collect();
        struck.first().copied()
    }
}

impl Script {
    /// How many calls it has hit.
    pub fn hits(&self) -> u32 {
        self.0.hits.load(Ordering::Relaxed)
    }

    /// Ends the fault.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

impl Entry {
    fn strike(&self, function: &str, service: Service, operation: &str) -> Option<Fault> {
        let t = &self.target;
        let is_for = t.function.as_ref().is_none_or(|f| f == function)
            && t.service.is_none_or(|s| s == service)
            && t.operation.as_ref().is_none_or(|o| o == operation);
        if !is_for {
            return None;
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let since = number.checked_sub(t.first.max(1))?;
        if t.times != 0 && since >= t.times {
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_the_calls_it_names() {
        let faults = Faults::default();
        let second = faults.script(
            Target { operation: Some("PutItem".into()), service: Some(Service::DynamoDb), first: 2, times: 1, ..Target::default() },
            Fault::Throttle,
        );
        let strike = |function: &str, operation: &str| faults.strike(function, Service::DynamoDb, operation);
        assert_eq!(strike("A", "PutItem"), None);
        assert_eq!(strike("A", "GetItem"), None);
        assert_eq!(faults.strike("A", Service::S3, "PutItem"), None);
        assert_eq!(strike("B", "PutItem"), Some(Fault::Throttle));
        assert_eq!(strike("A", "PutItem"), None);
        assert_eq!(second.hits(), 1);
    }

    #[test]
    fn a_lasting_fault_ends_when_told() {
        let faults = Faults::default();
        let always = faults.script(Target { function: Some("A".into()), ..Target::default() }, Fault::LostAfter);
        assert_eq!(faults.strike("A", Service::Sns, "Publish"), Some(Fault::LostAfter));
        assert_eq!(faults.strike("B", Service::Sns, "Publish"), None);
        always.end();
        assert_eq!(faults.strike("A", Service::Sns, "Publish"), None);
    }
}
