//! Every quarter of an hour: what the webhook has lost, payments that nobody has paid, what is to be given back, and what is at Stripe of
//! people who have left.

use std::time::Duration;

use commerce::order::{self, Order};
use function::{Context, Failure};
use payments::{ABANDONED, CardPayment, Donor, HandledEvent, PaymentRemoval, Plan, Purpose, Written, due, purge, unfinished, write};
use serde::Serialize;
use store::Item as _;
use stripe_api::{Failed, Settled, UndeliveredPage, close, created, give_back, remove_payment, settle};

use crate::State;

/// How far back undelivered events are asked for. Stripe delivers them for three days.
const LOOK_BACK: Duration = Duration::from_secs(4 * 24 * 3600);
/// Payments, orders or customers that are read at once.
const AT_ONCE: u32 = 100;
/// Nothing more is begun when less than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(20);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Events that were not delivered, and are applied now.
    undelivered: u64,
    /// Donations and payments of plans that were looked at because nobody had made them.
    looked_at: u64,
    /// Orders that were looked at because nobody had paid them, or because money was to be given back.
    orders: u64,
    /// Customers that were deleted at Stripe.
    customers: u64,
    /// Payments of people who have left that were ended at Stripe.
    payments: u64,
    /// Customers whose interrupted creation was finished.
    finished: u64,
    /// What could not be done in this run.
    failed: u64,
    /// Whether the time was too short for all.
    more: bool,
}

impl Report {
    fn count(counter: &mut u64) {
        *counter = counter.saturating_add(1);
    }

    /// Whether there is time for one more. If not, it is noted.
    fn has_time(&mut self, context: &Context) -> bool {
        self.more |= !context.has_left(MARGIN);
        !self.more
    }

    fn failed(&mut self, error: &Failure) {
        tracing::error!(error = %error, "a payment or a customer could not be reconciled");
        Self::count(&mut self.failed);
    }
}

/// Takes all steps. A payment that fails does not stop the others, and the next run tries it again.
pub(crate) async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let mut report = Report::default();
    let outcomes = [
        orders(s, context, &mut report).await,
        unpaid::<Donor>(s, context, &mut report).await,
        unpaid::<Plan>(s, context, &mut report).await,
        undelivered(s, context, &mut report).await,
        payments_of_nobody(s, context, &mut report).await,
        unfinished_customers(s, context, &mut report).await,
        customers(s, context, &mut report).await,
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        report.failed(&error);
    }
    let Report { undelivered, looked_at, orders, customers, payments, finished, failed, more } = report;
    tracing::info!(undelivered, looked_at, orders, customers, payments, finished, failed, more, "reconciled");
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 { Err(format!("{failed} payments or customers could not be reconciled").into()) } else { Ok(report) }
}

/// Applies the events that Stripe could not deliver and that were not applied before.
async fn undelivered(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let (since, mut after) = (s.sys.now() - LOOK_BACK, None);
    loop {
        let UndeliveredPage { events, next } = s.stripe.undelivered(since, after.as_deref()).await?;
        // Stripe lists them for days, also when they are applied.
        let keys = events.iter().map(|lost| HandledEvent::key_of(&lost.event));
        let mut handled = s.table.get_many(keys.collect()).await?;
        for lost in events {
            if handled.take::<HandledEvent>(&HandledEvent::key_of(&lost.event))?.is_some() {
                continue;
            }
            if !report.has_time(context) {
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

/// Looks at the payments for one purpose that nobody has made, and cancels those of yesterday.
async fn unpaid<P: Purpose>(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = due::<P>(&s.table, s.sys.now(), after.as_ref(), AT_ONCE).await?;
        for payment in &found.items {
            if !report.has_time(context) {
                return Ok(());
            }
            match look_at(s, payment).await {
                Ok(()) => Report::count(&mut report.looked_at),
                Err(e) => report.failed(&e),
            }
        }
        after = found.last().cloned();
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn look_at<P: Purpose>(s: &State, payment: &CardPayment<P>) -> Result<(), Failure> {
    let now = s.sys.now();
    let looked_at = payment.looked_at(now);
    // First of all, so that one that fails makes room for those that wait behind it.
    if write(&s.table, &s.sys, payment, &looked_at, None).await? != Written::Now {
        return Ok(());
    }
    let taken = CardPayment { version: payment.version.saturating_add(1), ..looked_at };
    let late = now.since(taken.created_at) >= ABANDONED;
    let Some(intent) = &taken.intent else {
        // Whoever began it has never got the secret to pay it.
        return if late { put(s, &taken, &taken.cancelled()).await } else { Ok(()) };
    };
    if late {
        match s.stripe.cancel_payment(intent).await {
            // It is paid at this moment, or cancelled already.
            Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => {}
            Err(e) => return Err(e.into()),
        }
    }
    match settle(&s.table, &s.sys, &s.stripe, intent, None).await? {
        Settled::Gone => put(s, &taken, &taken.cancelled()).await,
        _ => Ok(()),
    }
}

async fn put<P: Purpose>(s: &State, before: &CardPayment<P>, after: &CardPayment<P>) -> Result<(), Failure> {
    // If somebody else has just written it, the next run looks at it.
    write(&s.table, &s.sys, before, after, None).await?;
    Ok(())
}

/// Ends the orders that nobody has paid in time, and gives back what is still to be given back.
async fn orders(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = order::due(&s.table, s.sys.now(), after.as_ref(), AT_ONCE).await?;
        for order in &found.items {
            if !report.has_time(context) {
                return Ok(());
            }
            match look_at_order(s, order).await {
                Ok(()) => Report::count(&mut report.orders),
                Err(e) => report.failed(&e),
            }
        }
        after = found.last().cloned();
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn look_at_order(s: &State, order: &Order) -> Result<(), Failure> {
    let now = s.sys.now();
    let Some(card) = &order.card else { return Ok(()) };
    // Taken by a lease: for others it is due again in five minutes, and one that fails makes room for those behind it.
    let leased = order.with_card(card.leased(now));
    let order::Written::Now(order) = order::write(&s.table, &s.sys, order, &leased, None).await? else { return Ok(()) };
    let over = order.is_pending() && !order.is_payable(now);
    let order = if over { close(&s.table, &s.sys, &s.stripe, *order).await? } else { *order };
    give_back(&s.table, &s.sys, &s.stripe, order).await?;
    Ok(())
}

/// Deletes the customers of people who have left.
async fn customers(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = purge::removals(&s.table, after.as_ref(), AT_ONCE).await?;
        for removal in &found {
            if !report.has_time(context) {
                return Ok(());
            }
            match s.stripe.delete_customer(&removal.customer).await {
                Ok(()) => {
                    purge::removed(&s.table, removal).await?;
                    Report::count(&mut report.customers);
                }
                Err(e) => report.failed(&e.into()),
            }
        }
        after = found.into_iter().last();
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Ends the payments of people who have left.
async fn payments_of_nobody(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = PaymentRemoval::list(&s.table, after.as_ref(), AT_ONCE).await?;
        for removal in &found {
            if !report.has_time(context) {
                return Ok(());
            }
            match remove_payment(&s.stripe, removal).await {
                Ok(true) => {
                    s.table.delete(removal.key()).await?;
                    Report::count(&mut report.payments);
                }
                Ok(false) => {}
                Err(e) => report.failed(&e.into()),
            }
        }
        after = found.into_iter().last();
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Goes on with the customers whose creation was interrupted, so that none stays at Stripe without being known here.
async fn unfinished_customers(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = unfinished(&s.table, after, AT_ONCE).await?;
        after = found.last().map(|customer| customer.user);
        for customer in found.items {
            if !report.has_time(context) {
                return Ok(());
            }
            match created(&s.table, &s.stripe, customer).await {
                Ok(_) => Report::count(&mut report.finished),
                Err(e) => report.failed(&e.into()),
            }
        }
        if after.is_none() {
            return Ok(());
        }
    }
}
