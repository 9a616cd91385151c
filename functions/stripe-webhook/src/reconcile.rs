//! Every quarter of an hour: what the webhook has lost, payments that nobody has paid, what is to be given back, and what is at Stripe of
//! people who have left.

use std::time::Duration;

use commerce::order::{self, Order};
use function::{Context, Failure};
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use payments::{
    ABANDONED, CardPayment, Customer, CustomerRemoval, Donor, HandledEvent, PaymentRemoval, Plan, Purpose, Written, due, purge, unfinished,
    write,
};
use serde::Serialize;
use store::Conditional as _;
use stripe_api::{
    Failed, Removed, Settled, Undelivered, UndeliveredPage, close, created, give_back, remove_customer, remove_payment, settle, settle_for,
};

use crate::{State, webhook::AWAITED};

/// How far back undelivered events are asked for. Stripe delivers them for three days.
const LOOK_BACK: Duration = Duration::from_secs(4 * 24 * 3600);
/// Payments, orders or customers that are read at once.
const AT_ONCE: u32 = 100;
/// Payments, orders or customers of one kind that are worked on together.
const TOGETHER: usize = 5;
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
    /// Payments of people who have left, or that nobody has asked for, that were ended at Stripe.
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

    /// Both together.
    fn plus(self, other: Self) -> Self {
        let sum = u64::saturating_add;
        Self {
            undelivered: sum(self.undelivered, other.undelivered),
            looked_at: sum(self.looked_at, other.looked_at),
            orders: sum(self.orders, other.orders),
            customers: sum(self.customers, other.customers),
            payments: sum(self.payments, other.payments),
            finished: sum(self.finished, other.finished),
            failed: sum(self.failed, other.failed),
            more: self.more || other.more,
        }
    }
}

/// Takes all steps, all kinds of them at the same time, so that much of one kind takes no time from the others. A payment that fails does
/// not stop the others, and the next run tries it again. Nothing is done with the key of another account.
pub(crate) async fn reconcile(s: &State, context: &Context) -> Result<Report, Failure> {
    let is_known = match s.stripe.check_account().await {
        Ok(()) => true,
        Err(e @ Failed::OtherAccount) => return Err(e.into()),
        // What needs nothing of Stripe is done although it does not answer. A restricted key may not be allowed to read it.
        Err(e) => {
            tracing::error!(error = %e, "it is not known which account of Stripe the secret key is of");
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
        payments_of_nobody(s, context, removed).boxed(),
        // Another account would know a new customer, while it knows nothing of what the others ask for.
        async move { if is_known { unfinished_customers(s, context, begun).await } else { Ok(()) } }.boxed(),
        customers(s, context, left).boxed(),
    ];
    let outcomes = join_all(kinds).await;
    let mut report = parts.into_iter().fold(Report::default(), Report::plus);
    for error in outcomes.into_iter().filter_map(Result::err) {
        report.failed(&error);
    }
    let Report { undelivered, looked_at, orders, customers, payments, finished, failed, more } = report;
    tracing::info!(undelivered, looked_at, orders, customers, payments, finished, failed, more, "reconciled");
    // The platform retries soon, and an alarm counts errors.
    if failed > 0 { Err(format!("{failed} payments or customers could not be reconciled").into()) } else { Ok(report) }
}

/// Does this work for all of these, some of them together, and counts those for which it is done. Returns whether there was time for all.
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
        let some: Vec<W> = left.by_ref().take(TOGETHER).map(&work).collect();
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

/// Applies the events that Stripe could not deliver and that were not applied before.
async fn undelivered(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let (since, mut after) = (s.sys.now() - LOOK_BACK, None);
    loop {
        let UndeliveredPage { events, next } = s.stripe.undelivered(since, after.as_deref()).await?;
        // Stripe lists them for days, also when they are applied.
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

/// Applies an event that Stripe could not deliver. One that leads to nothing is written down too, so that it takes no time from others in
/// the next runs.
async fn apply(s: &State, Undelivered { event, intent }: Undelivered) -> Result<(), Failure> {
    let leads_to_nothing = match settle(&s.table, &s.sys, &s.stripe, &intent, Some(&event)).await? {
        Settled::Foreign | Settled::Gone | Settled::Record => true,
        Settled::Missing(payment) => s.sys.now().since(payment.created_at) >= AWAITED,
        Settled::Donation(_) | Settled::Plan(_) | Settled::Order(_) | Settled::Before => false,
    };
    if leads_to_nothing {
        s.table.create(&HandledEvent { event, at: s.sys.now() }).await.refused_is_fine()?;
    }
    Ok(())
}

/// Looks at the payments for one purpose that nobody has made, and cancels those of yesterday.
async fn unpaid<P: Purpose>(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = due::<P>(&s.table, s.sys.now(), after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |payment: CardPayment<P>| async move { look_at(s, &payment).await.map(|()| true) };
        if !each(context, report, found.items, |report| &mut report.looked_at, work).await || after.is_none() {
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
    match settle_for(&s.table, &s.sys, &s.stripe, intent, (taken.user, P::paid_for(taken.id))).await? {
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
        after = found.last().cloned();
        let work = |order: Order| async move { look_at_order(s, &order).await.map(|()| true) };
        if !each(context, report, found.items, |report| &mut report.orders, work).await || after.is_none() {
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

/// Deletes the customers of people who have left, and those whose creation was given up.
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

/// Ends the payments of people who have left, and those that nobody has asked for.
async fn payments_of_nobody(s: &State, context: &Context, report: &mut Report) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let found = PaymentRemoval::list(&s.table, after.as_ref(), AT_ONCE).await?;
        after = found.last().cloned();
        let work = |removal: PaymentRemoval| async move {
            let removed = remove_payment(&s.stripe, &removal).await?;
            match removed {
                Removed::Done => removal.done(&s.table).await?,
                Removed::Waits => {}
                Removed::Refused => removal.refused(&s.table, s.sys.now()).await?,
            }
            Ok::<bool, Failure>(removed == Removed::Done)
        };
        if !each(context, report, found, |report| &mut report.payments, work).await || after.is_none() {
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
        let work = |customer: Customer| async move {
            created(&s.table, &s.sys, &s.stripe, customer, &|| context.has_left(MARGIN)).await?;
            Ok::<bool, Failure>(true)
        };
        if !each(context, report, found.items, |report| &mut report.finished, work).await || after.is_none() {
            return Ok(());
        }
    }
}
