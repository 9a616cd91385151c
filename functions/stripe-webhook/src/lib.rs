//! Synchronises donations, plans, orders and customers with Stripe: receives the events of its webhook, searches every quarter of an hour
//! for events that did not arrive and for orders that were not paid in time, and sends new names and mail addresses of people to Stripe.
//!
//! Only the id of the payment is read from an event, and then the payment itself is read at Stripe. So neither the order of events nor
//! their version matters. Events of types that are not used get 200. A temporary failure gets 5xx, as does an event that takes too long,
//! and Stripe delivers the event again, for three days.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `POST /v1/stripe-events` | a read of the event; a read of what is paid; a transaction. One request to Stripe. For a plan that is paid two queries, and four requests if its payer has it already. None for events that are not used |
//! | somebody's name or address has changed | a batch read; a request to Stripe and an update, if they have a customer there |
//! | every quarter of an hour | once an hour a write, by which staff see that it runs; a read; six queries; a batch read of undelivered events; up to three transactions, two updates and a read for each payment, and a write for each event without an effect. A request to Stripe, and up to three for each payment and customer |

mod customer;
mod reconcile;
mod signature;
mod webhook;

use std::time::Duration;

use accounts::last_run::run_and_record;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use axum::extract::FromRef;
use events::{Envelope, delivery::NoticeDue};
use function::{Boot, Context, Failure, Function, RawValue, Scheduled, StartError, metrics::Metric};
use kernel::{ConfigError, Sys};
use serde::Deserialize;
use serde_json::value::to_raw_value;
use signature::WebhookSecrets;
use store::Table;
use stripe_api::Stripe;

/// The interval of its schedule in the template.
const EVERY: Duration = Duration::from_secs(900);
/// The default of `STRIPE_PATIENCE`, in milliseconds.
const PATIENCE_MS: u64 = 1500;

events::hears! { NoticeDue }

function::metrics! {
    /// An event of Stripe that has another form.
    const UNREADABLE_EVENTS: Metric = Metric::new("UnreadableEvents");
    /// An event of Stripe of a type that is not used.
    const UNUSED_EVENTS: Metric = Metric::new("UnusedEvents");
}

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    stripe: Stripe,
    secrets: WebhookSecrets,
    /// How long an event is worked on, so that Stripe has its answer within two seconds. What takes longer goes on after what was done by
    /// then, when Stripe sends the event again, or by the schedule.
    patience: Duration,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "stripe-webhook", "The webhook of Stripe, for events about payments.", State =>
    webhook::receive_stripe_event,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let (table, stripe, secrets, patience) = boot.env.read(|r| {
        let table = Table::read(r, &aws, &sys);
        let stripe = Stripe::read(r, Some(&table));
        (table, stripe, WebhookSecrets::read(r), Duration::from_millis(r.or("STRIPE_PATIENCE", PATIENCE_MS)))
    })?;
    let stripe = stripe.ok_or_else(|| ConfigError(vec!["Stripe cannot be used".to_owned()]))?;
    table.warm_up().await;
    let state = State { table, sys, stripe, secrets, patience };
    let http = web::function(&boot, routes(), state.clone())?;
    Ok(Function::raw(move |payload, context| {
        let (state, http) = (state.clone(), http.clone());
        async move {
            match serde_json::from_str::<Trigger>(payload.get()) {
                Ok(trigger) => handle(&state, trigger, &context).await,
                // A request has neither a source nor a detail.
                Err(_) => http.invoke(payload, context).await,
            }
        }
    }))
}

/// The reason of an invocation that is not from the HTTP API.
#[derive(Deserialize)]
#[serde(untagged)]
enum Trigger {
    /// The schedule.
    Schedule(Scheduled),
    /// A notice about a changed name or address: the rule in the template selects no others.
    Bus(Box<EventBridgeEvent<Envelope<Heard>>>),
}

async fn handle(s: &State, trigger: Trigger, context: &Context) -> Result<Box<RawValue>, Failure> {
    match trigger {
        Trigger::Schedule(_) => {
            let run = Box::pin(reconcile::reconcile(s, context));
            Ok(to_raw_value(&run_and_record((&s.table, &s.sys), env!("CARGO_PKG_NAME"), EVERY, run).await?)?)
        }
        Trigger::Bus(event) => {
            let Heard::NoticeDue(NoticeDue { user, .. }) = event.detail.event;
            customer::update(s, user).await?;
            Ok(to_raw_value(&())?)
        }
    }
}
