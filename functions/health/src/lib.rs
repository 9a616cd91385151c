//! Health checks, for monitors without an account.
//!
//! Anybody may call them, because a monitor has no account. The response contains only names; the reason why a service does not answer is
//! in the log. Results are kept in memory for ten seconds, so that the number of requests does not determine the number of calls to the
//! checked services. The function is separate, because no other function may call all of these services. Each probe changes nothing and
//! costs almost nothing, and without requests there are no probes. The statistics of mails, the states of alarms and the last runs of
//! schedules are for administrators.
//!
//! CloudWatch puts an event on the default bus of the account at every change of an alarm, and a rule selects the events of this
//! deployment. This function stores them, so that CloudWatch need not be called. Anybody can call this function, so its role allows writes
//! only to the partition of alarms.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/health` | at most every ten seconds: a read, a list of the bucket, one request each to EventBridge, SES and SNS; also one request each to Stripe and to the service of captchas |
//! | `GET /v1/health/live` | none |
//! | `GET /v1/health/mail` | the caller and their roles in one; a request to SES |
//! | `GET /v1/health/alarms`, `GET /v1/health/schedules` | the caller and their roles in one; a query |
//! | events about alarms | a write for each |

mod alarms;
mod mail;
mod probe;
mod schedules;
mod show;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use accounts::token::Tokens;
use alarms::{Alarm, AlarmEvent};
use axum::extract::FromRef;
use function::{Boot, Function, OutsideClient, StartError};
use kernel::{Sys, Time};
use probe::{ProbeResult, Probes};
use serde_json::value::to_raw_value;
use store::Table;

store::items![Alarm];

/// How long results are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(10);

/// The results of the probes, and when they were obtained.
type LastResults = (Time, Vec<ProbeResult>);

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    #[from_ref(skip)]
    probes: Probes,
    table: Table,
    tokens: Tokens,
    sys: Sys,
    #[from_ref(skip)]
    last: Arc<Mutex<Option<LastResults>>>,
}

impl State {
    /// Returns the results of all probes, at most ten seconds old.
    async fn results(&self) -> Vec<ProbeResult> {
        let now = self.sys.now();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, results)) = last.filter(|(at, _)| now.since(*at) < KEPT) {
            return results;
        }
        let results = self.probes.run().await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, results.clone()));
        results
    }
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "health", "Whether the system works.", State =>
    show::get_health,
    show::get_liveness,
    mail::get_mail_health,
    alarms::list_alarms,
    schedules::list_schedules,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError`]
#[expect(clippy::unused_async, reason = "every function starts alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let outside = OutsideClient::new().map_err(|e| StartError::Broken("requests to services outside AWS", e))?;
    let probes = boot.env.read(|r| Probes::read(r, &aws, &sys, outside))?;
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let table = tokens.table().clone();
    let state = State { probes, table: table.clone(), tokens, sys, last: Arc::default() };
    let http = web::function(&boot, routes(), state)?;
    Ok(Function::raw(move |payload, context| {
        let (table, http) = (table.clone(), http.clone());
        async move {
            match serde_json::from_str::<AlarmEvent>(payload.get()) {
                Ok(event) => {
                    alarms::keep(&table, &Alarm::from(event)).await?;
                    Ok(to_raw_value(&())?)
                }
                Err(_) => http.invoke(payload, context).await,
            }
        }
    }))
}
