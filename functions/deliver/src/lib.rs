//! Sends codes, links and notices, by mail or text message.
//!
//! No request waits for a message to be sent, so the time of an answer does not reveal whether an address has an account. A code or link
//! is drawn here, immediately before it is sent, and only its keyed hash is stored. Events contain the id of a challenge, so neither the
//! table, the bus nor a dead-letter queue ever has a code. If sending fails, the invocation fails: Lambda retries, then the event goes to
//! the dead-letter queue. A code that could not be sent does not count: another one can be requested at once, and the address's limit is
//! not used up. A repeated event is sent once. Only if a run is killed between sending and recording, two mails are sent, and the code of
//! the later one is valid.
//!
//! AWS calls of an event: two updates for the lease and the record of the event (the lease prevents a concurrent delivery from sending
//! again, the record a later one), and one request to SES or SNS for each message. In addition:
//!
//! - A challenge takes a read, because it has the channel and the destination, and an update, which stores the hash if the sending is still
//!   current. A failed sending takes an update of the challenge, and the first failure an update of the counters.
//! - A notice takes a read of the person, together with the client that caused the notice and, if it is not the person's address, the
//!   destination. A text message to a person without an address, or to a former number, takes three counters. The message about a scheduled
//!   deletion takes another read, for its date and the name in it, and so does the link to a former address or number. If that link is not
//!   sent, because the number has got too many messages, an update makes it void. The first notice of a kind is sent at once, and
//!   repetitions of most kinds once an hour ([`crate::throttle`]): that takes an update, and for a repetition that is held back a
//!   transaction instead of the request to SES or SNS.
//! - A text message about unread messages takes a read of the person, and three counters.
//! - A transcript takes a batch read and a query.
//! - The receipt for a donation, the confirmation of an order and each mail about a ticket of the contact form take a batch read.
//!
//! AWS calls of the run every five minutes:
//!
//! - Notices that were held back: a query, and for each person and kind two updates, a read and a sending.
//! - Answers of the support desk: a query, and for each thread an update, a batch read, a query, a read of the customer's settings, a
//!   sending, and a transaction that adds the answers to the customer's inbox.
//! - Threads of the support desk: two queries, and an update for each thread whose snooze ends, or which is closed because it waited for
//!   its customer for a week. This run does it because no other function runs as often, and it reads the threads anyway.
//! - Tickets: two queries, and a write for each ticket whose snooze ends, or which is closed because it was answered a week ago.
//! - Once an hour a write, by which staff see that the function runs.

mod challenge;
mod held;
mod missed;
mod notice;
mod order;
mod receipt;
mod support;
mod test_phones;
mod throttle;
mod ticket;

use std::{sync::Arc, time::Duration};

use accounts::last_run::run_and_record;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use events::{
    Envelope, Once,
    delivery::{
        ChallengeIssued, MissedTextDue, NoticeDue, PlanReceiptDue, ReceiptDue, TicketAnswered, TicketCopyDue, TicketOpened, TranscriptAsked,
    },
    once,
    shop::OrderPlaced,
};
use function::{Boot, Context, Failure, Function, Scheduled, StartError, metrics::Metric};
use kernel::{Locale, Sys};
use outbound::{Mailer, Text, Texter};
use payments::{Donor, Plan};
use preferences::Unsubscribe;
use proofs::{challenge::CodeKey, sending::SendLimits};
use secrets::Secrets;
use serde::{Deserialize, Serialize};
use store::{Sealer, Table};
use test_phones::TestPhones;
use tickets::Subjects;

store::items![throttle::NoticeThrottle];

/// The name under which processed events are recorded.
const CONSUMER: &str = "deliver";
/// The interval of its schedule in the template.
const EVERY: Duration = Duration::from_secs(300);

events::hears! {
    ChallengeIssued, MissedTextDue, NoticeDue, OrderPlaced, PlanReceiptDue, ReceiptDue, TicketAnswered, TicketCopyDue, TicketOpened,
    TranscriptAsked,
}

function::metrics! {
    /// Text messages that were sent.
    const TEXTS_SENT: Metric = Metric::new("TextsSent");
    /// Text messages that could not be sent.
    const TEXTS_FAILED: Metric = Metric::new("TextsFailed");
}

/// The state of the function: its clients, keys and settings.
#[derive(Clone)]
struct State {
    table: Table,
    sys: Sys,
    code_key: CodeKey,
    mailer: Mailer,
    texter: Texter,
    sending: SendLimits,
    test_phones: TestPhones,
    /// The names of the subjects of the contact form.
    subjects: Subjects,
    /// Seals the links that stop mails.
    sealer: Sealer,
    /// The base address of those links, from the settings. It is never taken from a request.
    public_url: Arc<str>,
    link_base: Arc<str>,
}

impl State {
    /// Sends a text message, and counts it in the metrics for operators. Test numbers get no message.
    async fn text(&self, to: &str, locale: Locale, text: &Text) -> Result<(), Failure> {
        if self.test_phones.code_of(to).is_some() {
            return Ok(());
        }
        let sent = self.texter.send(to, locale, text).await;
        self.table.report(&[(TEXTS_SENT, u64::from(sent.is_ok())), (TEXTS_FAILED, u64::from(sent.is_err()))]);
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
    let table = boot.env.read(|r| Table::read(r, &aws, &sys))?;
    // This also opens the connection to the table.
    let sealer = Sealer::of_function(Unsubscribe::SEALED_BY, &table, &sys).await?;
    let state = boot.env.read(|r| {
        let link_base = r.address("LINK_BASE_URL");
        State {
            table: table.clone(),
            code_key: keys.code_key(),
            mailer: Mailer::read(r, &aws, &sys),
            texter: Texter::read(r, &aws, &link_base),
            sending: SendLimits::read(r),
            test_phones: TestPhones::read(r),
            subjects: Subjects::read(r),
            sealer,
            public_url: r.address("PUBLIC_URL").trim_end_matches('/').into(),
            link_base: link_base.trim_end_matches('/').into(),
            sys: sys.clone(),
        }
    })?;
    Ok(Function::new(state, |s, trigger: Trigger, context| async move {
        match trigger {
            Trigger::Bus(event) => deliver(&s, *event).await.map(|()| None),
            Trigger::Schedule(_) => {
                let run = Box::pin(due(&s, &context));
                run_and_record((&s.table, &s.sys), CONSUMER, EVERY, run).await.map(Some)
            }
        }
    }))
}

/// The reason of an invocation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    /// An event on the bus: a message is to be sent.
    Bus(Box<EventBridgeEvent<Envelope<Heard>>>),
    /// The schedule of every five minutes.
    Schedule(Scheduled),
}

/// The result of a run of the schedule.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    held: held::Report,
    support: support::Report,
    /// Tickets whose snooze ended, or which were closed.
    tickets: u64,
}

/// Does all work that is due. A failure of one part does not prevent the others.
async fn due(s: &State, context: &Context) -> Result<Report, Failure> {
    let held = held::deliver(s, context).await;
    let support = support::due(s, context).await;
    let tickets = ticket::due(s).await;
    Ok(Report { held: held?, support: support?, tickets: tickets? })
}

async fn deliver(s: &State, event: EventBridgeEvent<Envelope<Heard>>) -> Result<(), Failure> {
    let EventBridgeEvent { detail_type: name, detail: Envelope { id, at, event, .. }, .. } = event;
    // Boxed, because the futures of the clients are large.
    let send = Box::pin(async {
        match event {
            Heard::ChallengeIssued(ChallengeIssued { challenge, sending }) => challenge::send(s, challenge, sending).await,
            Heard::MissedTextDue(MissedTextDue { user, messages }) => missed::text(s, user, messages).await,
            Heard::NoticeDue(NoticeDue { user, notice }) => notice::send(s, (id, at), user, notice).await,
            Heard::OrderPlaced(OrderPlaced { user, order }) => order::send(s, user, order).await,
            Heard::PlanReceiptDue(PlanReceiptDue { user, payment }) => receipt::send::<Plan>(s, user, payment).await,
            Heard::ReceiptDue(ReceiptDue { user, donation }) => receipt::send::<Donor>(s, user, donation).await,
            Heard::TicketAnswered(TicketAnswered { ticket, message }) => ticket::answer(s, ticket, message).await,
            Heard::TicketCopyDue(TicketCopyDue { ticket }) => ticket::copy(s, ticket).await,
            Heard::TicketOpened(TicketOpened { ticket }) => ticket::to_team(s, ticket).await,
            Heard::TranscriptAsked(TranscriptAsked { user }) => support::transcript(s, user).await,
        }
    });
    let done = once(&s.table, &s.sys, CONSUMER, id, send).await?;
    tracing::info!(event.id = %id, name, again = done == Once::Before, "delivered");
    Ok(())
}
