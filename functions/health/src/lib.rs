//! Whether the system works: what a monitor asks every minute, without an account.
//!
//! Anybody may ask, because a monitor has no account, and learns names only: why something does not answer is in the log. What was found
//! is kept in memory for ten seconds, so that requests, however many, do not become calls of what is checked. It has a function of its
//! own, because no other one may call all of it; every question is one that changes nothing and costs next to nothing, and nothing is
//! asked while nobody asks. What became of mails, the states of alarms, and when schedules have last
//! run, are for administrators.
//!
//! CloudWatch tells of every change of an alarm with an event on the default bus of the account, from which a rule takes those of this
//! deployment. This function keeps what they say, because nobody else needs it, and CloudWatch need not be asked. Strangers can call this
//! function, so its role lets it write to the partition of alarms and nowhere else.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/health` | at most every ten seconds: a read, a list of the bucket, one question each to EventBridge, SES and SNS; also one request each to Stripe and to the service of captchas |
//! | `GET /v1/health/live` | none |
//! | `GET /v1/health/mail` | the caller and their roles in one; a question to SES |
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
use function::{Boot, Function, Outside, StartError};
use kernel::{Sys, Time};
use probe::{ProbeResult, Probes};
use serde_json::value::to_raw_value;
use store::Table;

store::items![Alarm];

/// How long an answer is kept.
pub(crate) const KEPT: Duration = Duration::from_secs(10);

/// Answers, and when they were given.
type Answered = (Time, Vec<ProbeResult>);

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    #[from_ref(skip)]
    probes: Probes,
    table: Table,
    tokens: Tokens,
    sys: Sys,
    #[from_ref(skip)]
    last: Arc<Mutex<Option<Answered>>>,
}

impl State {
    /// What everything answered at most ten seconds ago.
    async fn answers(&self) -> Vec<ProbeResult> {
        let now = self.sys.now();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, answers)) = last.filter(|(at, _)| now.since(*at) < KEPT) {
            return answers;
        }
        let answers = self.probes.ask().await;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, answers.clone()));
        answers
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
    let outside = Outside::new().map_err(|e| StartError::Broken("requests to services outside AWS", e))?;
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
