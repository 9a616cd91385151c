//! The reconciliation with Stripe, every quarter of an hour: events that did not arrive, unpaid payments and orders, refunds that have to
//! be made, and payments and customers of deleted accounts.

use std::time::Duration;

use commerce::{
    order::{self, Order},
    order_writes,
};
use function::{Context, Failure};
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use kernel::Time;
use payments::{
    ABANDONED, CardPayment, Customer, CustomerRemoval, Donor, HandledEvent, PaymentRemoval, Plan, Purpose, Written, alert::FailedRefund,
    due, purge, unfinished, write,
};
use serde::Serialize;
use store::Conditional as _;
use stripe_api::{
    Failed, Removed, Settled, Undelivered, UndeliveredPage, close, created, give_back, remove_customer, remove_payment, settle, settle_for,
};

use crate::{State, webhook::PAYMENT_EXPECTED_WITHIN};

/// The age up to which undelivered events are requested. Stripe delivers them for three days.
const LOOK_BACK: Duration = Duration::from_secs(4 * 24 * 3600);
/// The number of payments, orders or customers of one query.
const AT_ONCE: u32 = 100;
/// The number of payments, orders or customers of one kind that are processed concurrently.
const CONCURRENCY: usize = 5;
/// Attempts to lease an order after concurrent changes.
const ROUNDS: u32 = 5;
/// No further work is begun when less time than this is left of the invocation.
const MARGIN: Duration = Duration::from_secs(20);

/// The result of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Undelivered events that this run has applied.
    undelivered: u64,
    /// Unpaid donations and payments of plans that were checked.
    checked: u64,
    /// Orders that were checked, because they were not paid or had to be refunded.
    orders: u64,
    /// Customers that this run has deleted at Stripe.
    customers: u64,
    /// Payments of deleted accounts, and payments that nobody requested, that this run has ended at Stripe.
    payments: u64,
    /// Customers whose interrupted creation was finished.
    finished: u64,
    /// Work that failed in this run.
    failed: u64,
    /// Whether the time was too short for all work.
    more: bool,
}

impl Report {
    fn count(counter: &mut u64) {
        *counter = counter.saturating_add(1);
    }

    /// Returns whether there is time for more work. If not, sets `more`.
    fn has_time(&mut self, context: &Context) -> bool {
        self.more |= !context.has_left(MARGIN);
        !self.more
    }

    fn failed(&mut self, error: &Failure) {
        tracing::error!(error = %error, "a payment or a customer could not be reconciled");
        Self::count(&mut self.failed);
    }

    /// Returns the sums of both.
    fn plus(self, other: Self) -> Self {
        let sum = u64::saturating_add;
        Self {
            undelivered: sum(self.undelivered, other.undelivered),
            checked: sum(self.checked, other.checked),
            orders: sum(self.orders, other.orders),
            customers: sum(self.customers, other.customers),
            payments: sum(self.payments, other.payments),
            finished: sum(self.finished, other.finished),
            failed: sum(self.failed, other.failed),
            more: self.more || other.more,
        }
    }
}

/// Does all kinds of work concurrently, so that much work of one kind does not delay the others. A payment that fails does not stop the
/// others, and the next run tries it again. Nothing is changed at Stripe if the key belongs to another account.
pub(crate) async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let is_known = match s.stripe.check_account().await {
        Ok(()) => true,
        Err(e @ Failed::OtherAccount) => return Err(e.into()),
        // Work without requests to Stripe is done even if Stripe does not answer. A restricted key may lack the permission to read the
        // account.
        Err(e) => {
            tracing::error!(error = %e, "the Stripe account of the secret key could not be read");
            false
        }
    };
    let mut parts: [Report; 7] = Default::default();
    let [ended, donations, plans, lost, removed, begun, left] = &mut parts;
    let kinds: [BoxFuture<'_, Result<(), Failure>>; 7] = [
        orders(s, context, ended).boxed(),
        unpaid::<Donor>(s, context, donations).boxed(),
        unpaid::<Plan>(s, context, plans).boxed(),
        undelivered(s, context, lost).boxed(),
        orphaned_payments(s, context, removed).boxed(),
        // Another account would accept a new customer, although it does not know the payments and customers of the other steps.
        async move { if is_known { unfinished_customers(s, context, begun).await } else { Ok(()) } }.boxed(),
        customers(s, context, left).boxed(),
    ];
    let outcomes = join_all(kinds).await;
    let mut report = parts.into_iter().fold(Report::default(), Report::plus);
    for error in outcomes.into_iter().filter_map(Result::err) {
        report.failed(&error);
    }
    let Report { undelivered, checked, orders, customers, payments, finished, failed, more } = report;
    tracing::info!(undelivered, checked, orders, customers, payments, finished, failed, more, "reconciled");
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 { Err(format!("{failed} payments or customers could not be reconciled").into()) } else { Ok(report) }
}

/// Does the work for all items, several at once, and counts the successes. Returns whether there was time for all.
async fn each<T, W>(
    context: &Context,
    report: &mut Report,
    items: Vec<T>,
    counter: fn(&mut Report) -> &mut u64,
    work: impl Fn(T) -> W,
) -> bool
where
    W: Future<Output = Result<bool, Failure>>,
{
    let mut left = items.into_iter();
    loop {
        let some: Vec<W> = left.by_ref().take(CONCURRENCY).map(&work).collect();
        if some.is_empty() {
            return true;
        }
        if !report.has_time(context) {
            return false;
        }
        for outcome in join_all(some).await {
            match outcome {
                Ok(true) => Report::count(counter(report)),
                Ok(false) => {}
                Err(e) => report.failed(&e),
            }
        }
    }
}

/// Applies the events that Stripe could not deliver, unless they were applied before.
async fn undelivered(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let (since, mut after) = (s.sys.now() - LOOK_BACK, None);
    loop {
        let UndeliveredPage { events, next } = s.stripe.undelivered(since, after.as_deref()).await?;
        // Stripe lists them for days, even after they were applied.
        let keys = events.iter().map(|lost| HandledEvent::key_of(&lost.event));
        let mut handled = s.table.get_many(keys.collect()).await?;
        let mut lost = Vec::new();
        for event in events {
            if handled.take::<HandledEvent>(&HandledEvent::key_of(&event.event))?.is_none() {
                lost.push(event);
            }
        }
        let work = |lost: Undelivered| async move { apply(s, lost).await.map(|()| true) };
        if !each(context, report, lost, |report| &mut report.undelivered, work).await || next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

/// Applies an event that Stripe could not deliver. An event without an effect is recorded too, so that the next runs skip it.
async fn apply(s: &State, Undelivered { event, intent }: Undelivered) -> Result<(), Failure> {
    let leads_to_nothing = match settle(&s.table, &s.sys, &s.stripe, &intent, Some(&event)).await? {
        Settled::Foreign | Settled::Gone | Settled::Record => true,
        Settled::Missing(payment) => s.sys.now().since(payment.created_at) >= PAYMENT_EXPECTED_WITHIN,
        Settled::Donation(_) | Settled::Plan(_) | Settled::Order(_) | Settled::Before => false,
    };
    if leads_to_nothing {
        s.table.create(&HandledEvent { event, at: s.sys.now() }).await.refused_is_fine()?;
    }
    Ok(())
}

/// Checks the unpaid payments for one purpose, and cancels those that are a day old.
async fn unpaid<P: Purpose>(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = due::<P>(&s.table, s.sys.now(), after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |payment: CardPayment<P>| async move { check_payment(s, &payment).await.map(|()| true) };
        if !each(context, report, found.items, |report| &mut report.checked, work).await || after.is_none() {
            return Ok(());
        }
    }
}

async fn check_payment<P: Purpose>(s: &State, payment: &CardPayment<P>) -> Result<(), Failure> {
    let now = s.sys.now();
    let rescheduled = payment.with_next_check(now);
    // Written first, so that a payment whose check fails does not block the others.
    if write(&s.table, &s.sys, payment, &rescheduled, None).await? != Written::Now {
        return Ok(());
    }
    let taken = CardPayment { version: payment.version.saturating_add(1), ..rescheduled };
    let late = now.since(taken.created_at) >= ABANDONED;
    let Some(intent) = &taken.intent else {
        // The payer has never received the secret to pay it.
        return if late { put(s, &taken, &taken.cancelled()).await } else { Ok(()) };
    };
    if late {
        match s.stripe.cancel_payment(intent).await {
            // It was paid in the meantime, or is cancelled already.
            Ok(()) | Err(Failed::Refused(_) | Failed::Gone) => {}
            Err(e) => return Err(e.into()),
        }
    }
    match settle_for(&s.table, &s.sys, &s.stripe, intent, (taken.user, P::paid_for(taken.id))).await? {
        Settled::Gone => put(s, &taken, &taken.cancelled()).await,
        _ => Ok(()),
    }
}

async fn put<P: Purpose>(s: &State, before: &CardPayment<P>, after: &CardPayment<P>) -> Result<(), Failure> {
    // After a concurrent change the next run checks it.
    write(&s.table, &s.sys, before, after, None).await?;
    Ok(())
}

/// Ends the orders that were not paid in time, and makes the pending refunds.
async fn orders(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = order::due(&s.table, s.sys.now(), after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |order: Order| async move { check_order(s, order).await.map(|()| true) };
        if !each(context, report, found.items, |report| &mut report.orders, work).await || after.is_none() {
            return Ok(());
        }
    }
}

async fn check_order(s: &State, order: Order) -> Result<(), Failure> {
    let now = s.sys.now();
    let Some(order) = leased(s, order, now).await? else { return Ok(()) };
    let over = order.is_pending() && !order.is_payable(now);
    let order = if over { close(&s.table, &s.sys, &s.stripe, order).await? } else { order };
    give_back(&s.table, &s.sys, &s.stripe, order).await?;
    Ok(())
}

/// Leases an order: it is due again in five minutes, and an order whose check fails does not block the others. `None` if it is not due any
/// more, because another run checks it or there is nothing left to do.
async fn leased(s: &State, mut order: Order, now: Time) -> Result<Option<Order>, Failure> {
    for _ in 0..ROUNDS {
        let is_due = order.due().is_some_and(|at| at <= now);
        let Some(card) = order.card.as_ref().filter(|_| is_due) else { return Ok(None) };
        let leased = order.with_card(card.leased(now));
        match order_writes::write(&s.table, &s.sys, &order, &leased, None).await? {
            order_writes::Written::Now(order) => return Ok(Some(*order)),
            // An event of Stripe has changed it.
            order_writes::Written::Outdated(Some(current)) => order = *current,
            order_writes::Written::Outdated(None) | order_writes::Written::Refused => return Ok(None),
        }
    }
    Ok(None)
}

/// Deletes the customers of deleted accounts, and those whose creation was abandoned.
async fn customers(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = purge::removals(&s.table, after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |removal: CustomerRemoval| async move {
            let done = remove_customer(&s.sys, &s.stripe, &removal, &|| context.has_left(MARGIN)).await?;
            if done {
                purge::removed(&s.table, &removal).await?;
            }
            Ok::<bool, Failure>(done)
        };
        if !each(context, report, found, |report| &mut report.customers, work).await || after.is_none() {
            return Ok(());
        }
    }
}

/// Ends the payments of deleted accounts, and those that nobody requested.
async fn orphaned_payments(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = PaymentRemoval::list(&s.table, after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |removal: PaymentRemoval| async move {
            let removed = remove_payment((&s.table, &s.sys, &s.stripe), &removal, None).await?;
            if let Removed::Refused(FailedRefund { not_allowed: true, .. }) = removed {
                return Err(Failure::from("the secret key is not allowed to make refunds"));
            }
            Ok::<bool, Failure>(removed == Removed::Done)
        };
        if !each(context, report, found, |report| &mut report.payments, work).await || after.is_none() {
            return Ok(());
        }
    }
}

/// Completes the interrupted creation of customers, so that no unknown customer stays at Stripe.
async fn unfinished_customers(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = unfinished(&s.table, after, AT_ONCE).await?;
        after = found.last().map(|customer| customer.user);
        let work = |customer: Customer| async move {
            created(&s.table, &s.sys, &s.stripe, customer, &|| context.has_left(MARGIN)).await?;
            Ok::<bool, Failure>(true)
        };
        if !each(context, report, found.items, |report| &mut report.finished, work).await || after.is_none() {
            return Ok(());
        }
    }
}
