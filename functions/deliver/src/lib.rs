//! Sends what people are to be told: codes, links and notices, by mail or text message.
//!
//! Nobody waits for it and nobody learns from it whether an address has an account. A code or link is drawn here, a moment
//! before it leaves, and only its keyed hash is kept: events name a challenge, so neither the table, the bus nor a
//! dead-letter queue ever holds one. Whatever fails is an error of the invocation: the platform tries again, then keeps the
//! event in the queue of failures. A code that could not be sent does not count: another may be asked for at once, and none of
//! the address's quota is used up. Delivered twice, an event is sent once; only a kill between the sending and its note makes
//! two mails, and then the later one's code is the one that counts.
//!
//! AWS calls: two updates for the lease and the note of the event (without the first a repetition would send again, without
//! the second so would one after the lease), and one request to SES or SNS. A challenge takes a read, because how it is sent
//! stands in it, and an update, which keeps the hash while the sending is still current; a notice takes one read of the person,
//! with where it goes if that is not their address, and three counters if it goes by text message to who has none. The mail
//! about a scheduled deletion takes one more, for the date and the name in it. A sending that fails takes an update of the
//! challenge, and the first time the counters'.
//!
//! A person is told the same thing at once and then once an hour ([`crate::told`]): a notice takes an update for that, one that is
//! held back a transaction besides and no sending. Every quarter of an hour, what was held back and is due is told: a query, and for
//! each person and kind two updates, a read and a sending.

mod challenge;
mod held;
mod notice;
mod test_phones;
mod told;

use std::sync::Arc;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{Envelope, Event, Once, once};
use function::{Boot, Failure, Figures, Function, StartError};
use kernel::{Locale, Sys};
use outbound::{Mailer, Text, Texter};
use proofs::{challenge::CodeKey, sending::Sending};
use secrets::Secrets;
use serde::Deserialize;
use store::Table;
use test_phones::TestPhones;

/// Under this name handled events are remembered.
const CONSUMER: &str = "deliver";

/// What this function may touch.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    code_key: CodeKey,
    mailer: Mailer,
    texter: Texter,
    sending: Sending,
    test_phones: TestPhones,
    figures: Figures,
    /// What the links in mails begin with. Never taken from a request.
    link_base: Arc<str>,
}

impl State {
    /// Sends a text message, and counts it for operators. Nothing goes to the numbers of tests.
    async fn text(&self, to: &str, locale: Locale, text: &Text) -> Result<(), Failure> {
        if self.test_phones.code_of(to).is_some() {
            return Ok(());
        }
        let sent = self.texter.send(to, locale, text).await;
        self.figures.report(&[("TextsSent", u64::from(sent.is_ok())), ("TextsFailed", u64::from(sent.is_err()))]);
        Ok(sent?)
    }
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let keys = Secrets::new(&aws).identity_keys(&boot.env).await?;
    let state = boot.env.read(|r| {
        let link_base = r.address("LINK_BASE_URL");
        State {
            table: Table::new(&aws, &sys, &r.need("TABLE_NAME")),
            code_key: keys.code_key(),
            mailer: Mailer::read(r, &aws, &sys),
            texter: Texter::read(r, &aws, &link_base),
            sending: Sending::read(r, Figures::new(&boot)),
            test_phones: TestPhones::read(r),
            figures: Figures::new(&boot),
            link_base: link_base.trim_end_matches('/').into(),
            sys: sys.clone(),
        }
    })?;
    state.table.warm_up().await;
    Ok(Function::new(move |trigger: Trigger, context| {
        let state = state.clone();
        async move {
            match trigger {
                Trigger::Bus(event) => deliver(&state, event.detail).await.map(|()| None),
                Trigger::Schedule(_) => held::tell(&state, &context).await.map(Some),
            }
        }
    }))
}

/// What invokes the function.
#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    /// An event on the bus: something is to be sent.
    Bus(Box<EventBridgeEvent<Envelope>>),
    /// A quarter of an hour is over.
    Schedule(Scheduled),
}

#[derive(Deserialize)]
struct Scheduled {
    #[serde(rename = "source")]
    _source: Scheduler,
}

#[derive(Deserialize)]
enum Scheduler {
    #[serde(rename = "aws.scheduler")]
    Scheduler,
}

async fn deliver(s: &State, Envelope { id, at, event }: Envelope) -> Result<(), Failure> {
    let name = event.name();
    // On the heap: the clients' futures are large.
    let send = Box::pin(async {
        match event {
            Event::ChallengeIssued { challenge, sending } => challenge::send(s, challenge, sending).await,
            Event::NoticeDue { user, notice } => notice::send(s, (id, at), user, notice).await,
            _ => Err("not an event that anything is sent for".into()),
        }
    });
    let done = once(&s.table, &s.sys, CONSUMER, id, send).await?;
    tracing::info!(event.id = %id, name, again = done == Once::Before, "delivered");
    Ok(())
}
