//! EventBridge's schedules, by the local cloud's clock. If it moves past several due times of a schedule, the schedule runs once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use function::RawValue;
use kernel::{Sys, Time, Timestamp};
use serde::Serialize;
use serde_json::{json, value::to_raw_value};

use crate::{
    Core,
    clock::whole_seconds,
    hosts::Hosts,
    template::{ACCOUNT, REGION, ScheduleSpec},
};

/// How long to wait if no schedule is ever due.
const IDLE: Duration = Duration::from_secs(86_400);

/// A schedule and its times.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleInfo {
    /// The name.
    pub name: String,
    /// The logical id of the function it calls.
    pub function: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// When it is due next. Absent if it never is.
    pub next: Option<Timestamp>,
    /// When it ran last.
    pub last: Option<Timestamp>,
}

/// All schedules. Cloning shares them.
#[derive(Clone)]
pub struct Schedules(Arc<Shared>);

struct Shared {
    hosts: Hosts,
    sys: Sys,
    all: Mutex<BTreeMap<String, Schedule>>,
}

struct Schedule {
    spec: ScheduleSpec,
    next: Option<Time>,
    last: Option<Time>,
}

impl Schedules {
    /// Returns the schedules of a template. They are due from now on.
    #[must_use]
    pub fn new(specs: &[ScheduleSpec], hosts: Hosts, sys: Sys) -> Self {
        let schedule = |spec: &ScheduleSpec| {
            let next = spec.times.next(sys.now()).filter(|_| spec.enabled);
            (spec.name.clone(), Schedule { spec: spec.clone(), next, last: None })
        };
        let all = specs.iter().map(schedule).collect();
        Self(Arc::new(Shared { hosts, sys, all: Mutex::new(all) }))
    }

    /// Returns all schedules, by name.
    #[must_use]
    pub fn list(&self) -> Vec<ScheduleInfo> {
        let info = |s: &Schedule| ScheduleInfo {
            name: s.spec.name.clone(),
            function: s.spec.function.clone(),
            expression: s.spec.expression.clone(),
            next: s.next.map(Timestamp),
            last: s.last.map(Timestamp),
        };
        self.all().values().map(info).collect()
    }

    /// Runs one now, independent of the clock. False if there is none with this name.
    #[must_use]
    pub fn run_now(&self, name: &str) -> bool {
        let now = self.0.sys.now();
        let mut all = self.all();
        let Some(schedule) = all.get_mut(name) else { return false };
        self.run(schedule, now);
        true
    }

    /// Runs every schedule that is due, once.
    fn run_due(&self) {
        let now = self.0.sys.now();
        for schedule in self.all().values_mut() {
            if schedule.next.is_some_and(|due| due <= now) {
                schedule.next = schedule.spec.times.next(now);
                self.run(schedule, now);
            }
        }
    }

    /// Recomputes due times after the clock was moved back, because they may now be too far in the future.
    fn recompute_due_times(&self) {
        let now = self.0.sys.now();
        for schedule in self.all().values_mut().filter(|s| s.spec.enabled) {
            let next = schedule.spec.times.next(now);
            if schedule.next.is_none_or(|due| next.is_some_and(|next| next < due)) {
                schedule.next = next;
            }
        }
    }

    fn run(&self, schedule: &mut Schedule, now: Time) {
        schedule.last = Some(now);
        if let Ok(event) = event(&schedule.spec, now, &self.0.sys) {
            self.0.hosts.invoke_async(&schedule.spec.function, event);
        }
    }

    fn next(&self) -> Option<Time> {
        self.all().values().filter_map(|s| s.next).min()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Schedule>> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs schedules, and sends the webhooks of Stripe, when they are due, until the stack ends. After a move of the clock also closes the
/// connections whose time is over.
pub async fn watch(core: Arc<Core>) {
    let schedules = &core.schedules;
    let mut moves = core.clock.subscribe();
    loop {
        let offset = *moves.borrow_and_update();
        schedules.recompute_due_times();
        schedules.run_due();
        core.outside.stripe.send_due(&core);
        core.connections.close_due(core.clock.now());
        core.clock.schedules_have_run(offset);
        let due = schedules.next().into_iter().chain(core.outside.stripe.next_due()).min();
        let next = due.unwrap_or_else(|| core.clock.now() + IDLE);
        core.clock.wait(&mut moves, next).await;
    }
}

/// Returns the event of a run: the schedule's own input, or the event of the service.
fn event(spec: &ScheduleSpec, now: Time, sys: &Sys) -> Result<Box<RawValue>, serde_json::Error> {
    if let Some(input) = &spec.input {
        return to_raw_value(input);
    }
    let (source, arn, detail) = if spec.scheduler {
        ("aws.scheduler", format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{}", spec.name), json!("{}"))
    } else {
        ("aws.events", format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{}", spec.name), json!({}))
    };
    to_raw_value(&json!({
        "version": "0",
        "id": crate::hosts::uuid(sys.bytes()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": whole_seconds(now),
        "region": REGION,
        "resources": [arn],
        "detail": detail,
    }))
}
