//! Once an hour: what the webhook has lost, payments that nobody has paid, and customers who have left.

use std::time::Duration;

use function::{Context, Failure};
use payments::{ABANDONED, CardPayment, Donation, PaymentState, PlanPayment, Purpose, due, purge, write};
use serde::Serialize;
use store::Row;
use stripe_api::{Failed, Settled, UndeliveredPage, settle};

use crate::State;

/// How far back undelivered events are asked for. Stripe delivers them for three days.
const LOOK_BACK: Duration = Duration::from_secs(4 * 24 * 3600);
/// Payments, and customers, of one run.
const AT_ONCE: u32 = 100;
/// Nothing more is begun when less than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(20);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Events that were not delivered, and are applied now or were before.
    undelivered: u64,
    /// Payments that were looked at because nobody had paid them.
    looked_at: u64,
    /// Payments that were cancelled at Stripe because their payers have left.
    cancelled: u64,
    /// Customers that were deleted at Stripe.
    customers: u64,
    /// What could not be done in this run.
    failed: u64,
    /// Whether the time was too short for all.
    more: bool,
}

impl Report {
    fn count(counter: &mut u64) {
        *counter = counter.saturating_add(1);
    }

    fn failed(&mut self, error: &Failure) {
        tracing::error!(error = %error, "a payment or a customer could not be reconciled");
        Self::count(&mut self.failed);
    }
}

/// Does what is to be done. What fails for one does not keep the others from it, and the next run tries again.
pub(crate) async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    let outcomes = [
        undelivered(s, context, &mut report).await,
        unpaid(s, context, &mut report).await,
        cancellations(s, context, &mut report).await,
        customers(s, context, &mut report).await,
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        report.failed(&error);
    }
    let Report { undelivered, looked_at, cancelled, customers, failed, more } = report;
    tracing::info!(undelivered, looked_at, cancelled, customers, failed, more, "reconciled");
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 { Err(format!("{failed} payments or customers could not be reconciled").into()) } else { Ok(report) }
}

/// Applies the events that Stripe could not deliver. Applying one again changes nothing.
async fn undelivered(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let (since, mut after) = (s.sys.now() - LOOK_BACK, None);
    loop {
        let UndeliveredPage { events, next } = s.stripe.undelivered(since, after.as_deref()).await?;
        for lost in events {
            if !context.has_left(MARGIN) {
                report.more = true;
                return Ok(());
            }
            match settle(&s.table, &s.sys, &s.stripe, &lost.intent, Some(&lost.event)).await {
                Ok(_) => Report::count(&mut report.undelivered),
                Err(e) => report.failed(&e.into()),
            }
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

/// Looks at the payments that nobody has paid, and cancels those of yesterday.
async fn unpaid(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let found = due(&s.table, s.sys.now(), AT_ONCE).await?;
    report.more |= found.more;
    for row in found.items {
        if !context.has_left(MARGIN) {
            report.more = true;
            return Ok(());
        }
        match look_at_row(s, row).await {
            Ok(()) => Report::count(&mut report.looked_at),
            Err(e) => report.failed(&e),
        }
    }
    Ok(())
}

async fn look_at_row(s: &State, row: Row) -> Result<(), Failure> {
    if row.is::<Donation>() {
        return look_at(s, row.decode::<Donation>()?).await;
    }
    look_at(s, row.decode::<PlanPayment>()?).await
}

async fn look_at<P: Purpose>(s: &State, payment: CardPayment<P>) -> Result<(), Failure> {
    let now = s.sys.now();
    let late = now.since(payment.created_at) >= ABANDONED;
    let Some(intent) = payment.intent.clone() else {
        // Whoever began it has never got the secret to pay it.
        let after = if late { payment.cancelled() } else { payment.looked_at(now) };
        return put(s, &payment, &after).await;
    };
    if late {
        cancel(s, &intent).await?;
    }
    match settle(&s.table, &s.sys, &s.stripe, &intent, None).await? {
        Settled::Gone => return put(s, &payment, &payment.cancelled()).await,
        Settled::Foreign | Settled::Donation(_) | Settled::Plan(_) => {}
        Settled::Record | Settled::Before | Settled::Missing(_) => return Ok(()),
    }
    let key = CardPayment::<P>::key_of(payment.user, payment.id);
    let current = s.table.get::<CardPayment<P>>(key).await?;
    // It stays as it is, and makes room for those that wait behind it.
    let Some(current) = current.filter(|current| current.state == PaymentState::PendingPayment) else { return Ok(()) };
    put(s, &current, &current.looked_at(now)).await
}

/// Cancels a payment at Stripe, unless it is too late.
async fn cancel(s: &State, intent: &str) -> Result<(), Failure> {
    match s.stripe.cancel_payment(intent).await {
        // It is paid at this moment, or cancelled already.
        Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

async fn put<P: Purpose>(s: &State, before: &CardPayment<P>, after: &CardPayment<P>) -> Result<(), Failure> {
    // If somebody else has just written it, the next run looks at it.
    write(&s.table, &s.sys, before, after, None).await?;
    Ok(())
}

/// Cancels the payments that people who have left did not make, and writes what has become of them.
async fn cancellations(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    for cancellation in purge::cancellations(&s.table, AT_ONCE).await? {
        if !context.has_left(MARGIN) {
            report.more = true;
            return Ok(());
        }
        match give_up(s, &cancellation).await {
            Ok(()) => Report::count(&mut report.cancelled),
            Err(e) => report.failed(&e),
        }
    }
    Ok(())
}

async fn give_up(s: &State, cancellation: &purge::PaymentCancellation) -> Result<(), Failure> {
    cancel(s, &cancellation.intent).await?;
    settle(&s.table, &s.sys, &s.stripe, &cancellation.intent, None).await?;
    Ok(purge::cancelled(&s.table, cancellation).await?)
}

/// Deletes the customers of people who have left.
async fn customers(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    for removal in purge::removals(&s.table, AT_ONCE).await? {
        if !context.has_left(MARGIN) {
            report.more = true;
            return Ok(());
        }
        match s.stripe.delete_customer(&removal.customer).await {
            Ok(()) => {
                purge::removed(&s.table, &removal).await?;
                Report::count(&mut report.customers);
            }
            Err(e) => report.failed(&e.into()),
        }
    }
    Ok(())
}
