//! Every minute, notifies people who are offline about messages that have been unread for two minutes: in their inbox, and by one mail for
//! all rooms together, or by text message if they have no address and want it.
//!
//! The memberships that are due ([`messaging::digest`]) are only candidates. Everything that decides is read again: read markers, deleted
//! messages, muted rooms, blocks, the settings, the state of the account, and the proven address. A mail within quiet hours is sent at
//! their end.
//!
//! One transaction settles the rooms of a person, adds the events that fill the inbox, and marks the message as sent, before it is sent. A
//! concurrent run, or one after a killed run, does not send it again: a lost mail is better than a second one, because the inbox has the
//! entries. A mail that could not be sent is due again.
//!
//! AWS calls: a query for each shard, which is what a run costs when nothing is due. For each person an update for each
//! room, a batch read, a query for each room with news (in a large room up to ten), another batch read for the blocks if there are authors
//! in groups, a transaction, and a request to SES if there is a mail. Once an hour a write, by which staff see that it runs.

mod facts;
mod mail;
mod plan;
mod tell;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use accounts::last_run::run_and_record;
use function::{Boot, Context, Failure, Function, StartError};
use futures_util::{StreamExt as _, stream};
use kernel::{Sys, id::UserId};
use messaging::{
    digest::{self, Due, SHARDS},
    member::Membership,
};
use outbound::Mailer;
use preferences::Unsubscribe;
use serde::{Serialize, de::IgnoredAny};
use store::{Sealer, StoreError, Table};

store::items![tell::Sent];

/// How many memberships a page of the index has.
const PAGE: u32 = 100;
/// How many people are notified concurrently.
const AT_ONCE: usize = 8;
/// No further page is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(20);
/// The interval of its schedule in the template.
const EVERY: Duration = Duration::from_secs(60);

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    mailer: Mailer,
    /// Seals the links that stop mails.
    sealer: Sealer,
    /// The base address of those links.
    public_url: Arc<str>,
    /// The address of the frontend.
    site: Arc<str>,
}

/// The result of a run.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Mails and text messages that were sent.
    sent: u64,
    /// People or memberships that could not be handled in this run.
    failed: u64,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let table = boot.env.read(|r| Table::read(r, &aws, &sys))?;
    // This also opens the connection to the table.
    let sealer = Sealer::of_function(Unsubscribe::SEALED_BY, &table, &sys).await?;
    let state = boot.env.read(|r| State {
        table: table.clone(),
        mailer: Mailer::read(r, &aws, &sys),
        sealer,
        public_url: r.address("PUBLIC_URL").trim_end_matches('/').into(),
        site: r.address("LINK_BASE_URL").into(),
        sys: sys.clone(),
    })?;
    Ok(Function::new(state, |s, _: IgnoredAny, context| async move {
        run_and_record((&s.table, &s.sys), env!("CARGO_PKG_NAME"), EVERY, Box::pin(sweep(&s, &context))).await
    }))
}

async fn sweep(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    for shard in 0..SHARDS {
        // If a shard of the index cannot be read, the others are still processed.
        if let Err(e) = sweep_shard(s, context, shard, &mut report).await {
            tracing::error!(error = %e, shard, "a part of what is due could not be read");
            report.failed = report.failed.saturating_add(1);
        }
    }
    let Report { sent, failed } = report;
    // Runs without a message write no line: otherwise they would fill the log.
    if sent > 0 {
        tracing::info!(sent, failed, "notified");
    }
    // Failed items stay due for the next run. The error sets off an alarm.
    if failed > 0 { Err(format!("{failed} people could not be notified of their messages").into()) } else { Ok(report) }
}

async fn sweep_shard(s: &State, context: &Context, shard: u8, report: &mut Report) -> Result<(), StoreError> {
    let (now, mut after) = (s.sys.now(), None);
    while context.has_left(MARGIN) {
        let Due { members, next } = digest::due(&s.table, shard, now, PAGE, after).await?;
        let mut people: BTreeMap<UserId, Vec<Membership>> = BTreeMap::new();
        for member in members {
            match member {
                Ok(member) => people.entry(member.user).or_default().push(member),
                Err(e) => failed(report, &e),
            }
        }
        let notified = people.into_iter().map(|(user, due)| Box::pin(tell::tell(s, user, due)));
        for result in stream::iter(notified).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match result {
                Ok(sent) => report.sent = report.sent.saturating_add(sent.into()),
                Err(e) => failed(report, &e),
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

fn failed(report: &mut Report, e: &dyn std::fmt::Display) {
    tracing::error!(error = %e, "a person could not be notified of their messages");
    report.failed = report.failed.saturating_add(1);
}
