//! `/_local/faults`: makes the next calls of a service fail, so that a frontend can be tried with errors and delays.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get},
};
use serde::{Deserialize, Serialize};

use super::ConsoleError;
use crate::{
    Core,
    aws::{
        Service,
        faults::{Fault, Script, Target},
    },
};

/// The longest delay of a call.
const MAX_DELAY: Duration = Duration::from_mins(5);
/// The most calls of one fault.
const MAX_CALLS: u32 = 10_000;
/// The most faults at once.
const MAX_FAULTS: usize = 50;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().route("/_local/faults", get(list).post(add).delete(clear)).route("/_local/faults/{id}", delete(end))
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mishap {
    /// An internal error of the service.
    Fail,
    /// A refusal because of too many calls.
    Throttle,
    /// A refusal because the service is not available.
    Unavailable,
    /// Executed, but later.
    Slow,
    /// Executed, but the answer does not arrive.
    LoseReply,
}

/// `{"service": "dynamo_db", "mishap": "fail", "calls": 3}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    service: Service,
    mishap: Mishap,
    /// How many of the next calls the fault applies to. Zero means all, until the fault is ended.
    calls: u32,
    /// The delay in milliseconds, for `slow`.
    delay_ms: Option<u64>,
    /// Only calls by the function with this name. For `lambda` and `http_api`, only invocations of it.
    function: Option<String>,
    /// Only this operation, such as `TransactWriteItems`; for `http_api` a route, such as `POST /v1/sessions`.
    operation: Option<String>,
}

#[derive(Serialize)]
struct Faults {
    /// In the order in which they were added.
    faults: Vec<FaultReading>,
    /// The names of the functions.
    functions: Vec<String>,
}

#[derive(Serialize)]
struct FaultReading {
    id: u64,
    /// `None` for a fault of all services, which only tests script.
    service: Option<Service>,
    /// `None` for a fault that only tests script.
    mishap: Option<Mishap>,
    calls: u32,
    delay_ms: Option<u64>,
    function: Option<String>,
    operation: Option<String>,
    /// How many calls the fault has applied to.
    hits: u32,
    /// Whether it applies to no further call.
    over: bool,
}

async fn list(State(core): State<Arc<Core>>) -> Json<Faults> {
    let faults = core.aws.faults.list().iter().map(|script| reading(&core, script)).collect();
    Json(Faults { faults, functions: core.template.functions.values().map(|f| f.name.clone()).collect() })
}

async fn add(State(core): State<Arc<Core>>, Json(wanted): Json<NewFault>) -> Result<(StatusCode, Json<FaultReading>), ConsoleError> {
    if core.aws.faults.list().iter().filter(|s| !s.is_spent()).count() >= MAX_FAULTS {
        return Err(ConsoleError::bad_request(format!("there are {MAX_FAULTS} faults already: end some of them")));
    }
    if wanted.calls > MAX_CALLS {
        return Err(ConsoleError::bad_request(format!("calls is at most {MAX_CALLS}; 0 means all")));
    }
    let function = match &wanted.function {
        Some(name) => {
            let found = core.template.functions.values().find(|f| f.name == *name);
            Some(found.ok_or_else(|| ConsoleError::bad_request(format!("there is no function {name:?}")))?.logical_id.clone())
        }
        None => None,
    };
    let fault = fault(wanted.mishap, wanted.delay_ms).map_err(ConsoleError::bad_request)?;
    let target = Target { function, service: Some(wanted.service), operation: wanted.operation, ..Target::default() };
    let script = core.aws.faults.script(target.times(wanted.calls), fault);
    Ok((StatusCode::CREATED, Json(reading(&core, &script))))
}

async fn end(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Result<StatusCode, ConsoleError> {
    core.aws.faults.list().iter().find(|script| script.id() == id).ok_or_else(ConsoleError::not_found)?.end();
    Ok(StatusCode::NO_CONTENT)
}

async fn clear(State(core): State<Arc<Core>>) -> StatusCode {
    core.aws.faults.list().iter().for_each(Script::end);
    StatusCode::NO_CONTENT
}

fn fault(mishap: Mishap, delay_ms: Option<u64>) -> Result<Fault, String> {
    let delay = delay_ms.map(Duration::from_millis);
    match (mishap, delay) {
        (Mishap::Slow, Some(delay)) if !delay.is_zero() && delay <= MAX_DELAY => Ok(Fault::Slow(delay)),
        (Mishap::Slow, _) => Err(format!("slow takes delay_ms from 1 to {}", MAX_DELAY.as_millis())),
        (_, Some(_)) => Err("only slow takes delay_ms".to_owned()),
        (Mishap::Fail, None) => Ok(Fault::Internal),
        (Mishap::Throttle, None) => Ok(Fault::Throttle),
        (Mishap::Unavailable, None) => Ok(Fault::Unavailable),
        (Mishap::LoseReply, None) => Ok(Fault::LostAfter),
    }
}

fn reading(core: &Core, script: &Script) -> FaultReading {
    let (target, fault) = (script.target(), script.fault());
    let (mishap, delay) = match fault {
        Fault::Internal => (Some(Mishap::Fail), None),
        Fault::Throttle => (Some(Mishap::Throttle), None),
        Fault::Unavailable => (Some(Mishap::Unavailable), None),
        Fault::Slow(delay) => (Some(Mishap::Slow), Some(delay)),
        Fault::LostAfter => (Some(Mishap::LoseReply), None),
        Fault::Conflict | Fault::Taken(_) | Fault::Held => (None, None),
    };
    FaultReading {
        id: script.id(),
        service: target.service,
        mishap,
        calls: target.times,
        delay_ms: delay.and_then(|delay| u64::try_from(delay.as_millis()).ok()),
        function: target.function.as_ref().map(|id| core.template.function(id).map_or_else(|| id.clone(), |f| f.name.clone())),
        operation: target.operation.clone(),
        hits: script.hits(),
        over: script.is_spent(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slow_call_takes_a_delay() {
        assert_eq!(fault(Mishap::Slow, Some(2_000)), Ok(Fault::Slow(Duration::from_secs(2))));
        for (mishap, delay) in [(Mishap::Slow, None), (Mishap::Slow, Some(0)), (Mishap::Slow, Some(300_001)), (Mishap::Fail, Some(5))] {
            assert!(fault(mishap, delay).is_err(), "{mishap:?} {delay:?}");
        }
        assert_eq!(fault(Mishap::LoseReply, None), Ok(Fault::LostAfter));
    }
}
