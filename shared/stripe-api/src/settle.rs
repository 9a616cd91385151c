//! Applies Stripe's state of a payment to the donation, plan or order that it pays. All callers use this module.

use commerce::{card::OrderCard, leaving::OrderRecord, order::Order, order_writes};
use kernel::{
    Sys,
    id::{OrderId, UserId},
};
use money::Money;
use payments::{
    Beside, CardPayment, ClosedRemoval, Donation, Donor, Mismatch, PaidFor, PaymentRecord, PaymentRemoval, PaymentState, Plan, PlanPayment,
    Progress, Purpose, Recorded, Settlement, Written, card_refused, card_refused_in, write, write_beside,
};
use store::Table;

use crate::{
    Failed, Payment, Stripe,
    error::{ROUNDS, SettleError},
    give_back, remove_payment,
};

/// The result of applying Stripe's state.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The donation, up to date.
    Donation(Donation),
    /// The payment of a plan, up to date.
    Plan(PlanPayment),
    /// The order, up to date.
    Order(Box<Order>),
    /// The account was deleted. The record of the payment is up to date.
    Record,
    /// The event was already handled.
    Before,
    /// The payment is not for anything of this system, or not the expected one. Nothing was changed.
    Foreign,
    /// The paid object does not exist. It may not be written yet.
    Missing(Payment),
    /// Stripe does not know the payment.
    Gone,
}

impl Settled {
    /// Returns the donation, if it is one.
    #[must_use]
    pub fn donation(self) -> Option<Donation> {
        if let Self::Donation(donation) = self { Some(donation) } else { None }
    }

    /// Returns the payment of a plan, if it is one.
    #[must_use]
    pub fn plan(self) -> Option<PlanPayment> {
        if let Self::Plan(payment) = self { Some(payment) } else { None }
    }
}

/// Reads a payment at Stripe and applies its state to the paid object, with the event that reported it, if any. A request to Stripe, or two
/// if it was disputed, a read and a transaction, or none if there is nothing new. If the person has left, two reads and a write, with
/// two more reads if money has come back. A payment beside the one that was asked for takes four requests, two transactions and two
/// updates to give it back. A plan that is just paid takes two queries, and if its payer has it already, as much to give it back.
///
/// An older state than the applied one changes nothing.
///
/// # Errors
/// [`SettleError`]
pub async fn settle(table: &Table, sys: &Sys, stripe: &Stripe, intent: &str, event: Option<&str>) -> Result<Settled, SettleError> {
    let payment = match stripe.payment(intent).await {
        Ok(payment) => payment,
        Err(Failed::Gone) => return Ok(Settled::Gone),
        Err(e) => return Err(e.into()),
    };
    let Some((user, paid_for)) = PaidFor::find(&payment.metadata) else { return Ok(Settled::Foreign) };
    apply(News { table, sys, user, payment, event }, stripe, paid_for).await
}

/// As [`settle`], of a payment that is known to be for this, by this person: whatever somebody has made of its metadata at Stripe.
///
/// # Errors
/// [`SettleError`]
pub async fn settle_for(
    table: &Table,
    sys: &Sys,
    stripe: &Stripe,
    intent: &str,
    (user, paid_for): (UserId, PaidFor),
) -> Result<Settled, SettleError> {
    match stripe.payment(intent).await {
        Ok(payment) => apply(News { table, sys, user, payment, event: None }, stripe, paid_for).await,
        Err(Failed::Gone) => Ok(Settled::Gone),
        Err(e) => Err(e.into()),
    }
}

/// Applies what was heard to what is paid.
async fn apply(news: News<'_>, stripe: &Stripe, paid_for: PaidFor) -> Result<Settled, SettleError> {
    if let Some(charge) = &news.payment.refused {
        card_refused(news.table, news.sys.now(), news.user, charge).await?;
    }
    match paid_for {
        PaidFor::Donation(id) => news.of::<Donor>(stripe, id, Settled::Donation).await,
        PaidFor::Plan(id) => news.of::<Plan>(stripe, id, Settled::Plan).await,
        PaidFor::Order(id) => news.of_order(stripe, id).await,
    }
}

/// Refunds the whole of a payment that nobody asked for, which is written down before, so that staff do not give it back outside Stripe at
/// the same time. If Stripe refuses that, staff see it, and every run of the schedule asks again, until staff say that they have given it
/// back outside Stripe. `asked` is what the payment was for, and the amount that was asked for, and `payer` who has paid, unless they have
/// left.
async fn give_all_back(
    (table, sys, stripe): (&Table, &Sys, &Stripe),
    said: &Settlement,
    asked: (PaidFor, Money),
    payer: Option<UserId>,
) -> Result<(), SettleError> {
    for _ in 0..ROUNDS {
        let closed = ClosedRemoval::of(table, &said.intent).await?;
        let outside = closed.as_ref().map_or(0, |closed| closed.outside);
        let is_given = said.back.refunded.saturating_add(outside) >= said.received;
        if is_given || closed.as_ref().is_some_and(|closed| closed.covers(said.back)) {
            return Ok(());
        }
        let removal = PaymentRemoval { outside, ..PaymentRemoval::new(said.intent.clone(), asked, sys.now()) };
        if let Some(removal) = removal.begin(table, closed.as_ref(), sys.now()).await? {
            remove_payment((table, sys, stripe), &removal, payer).await?;
            return Ok(());
        }
    }
    Err(SettleError::Busy)
}

/// Gives back what was paid instead of what was asked for, and ends that. Later it records what became of the refund. A payment beside the
/// one that is asked for is given back only. `None` if what is paid has changed since it was read.
async fn end_wrong<P: Purpose>(
    (table, sys, stripe): (&Table, &Sys, &Stripe),
    (before, mismatch): (&CardPayment<P>, Mismatch),
    said: &Settlement,
    event: Option<&str>,
    settled: fn(CardPayment<P>) -> Settled,
) -> Result<Option<Settled>, SettleError> {
    tracing::error!(error = %mismatch, payment.id = %before.id, "a payment is not the one that was asked for");
    let beside = mismatch == Mismatch::Intent;
    let over = if beside { before.clone() } else { before.wrongly_paid(said) };
    if said.progress != Progress::Succeeded || (!beside && over == *before) {
        return Ok(Some(Settled::Foreign));
    }
    if over.back.came_back > before.back.came_back {
        tracing::error!(payment.id = %before.id, "money that was given back has come back");
    }
    if beside || !before.is_wrong {
        give_all_back((table, sys, stripe), said, (P::paid_for(before.id), before.purpose.amount()), Some(before.user)).await?;
    }
    Ok(match write(table, sys, before, &over, event).await? {
        Written::Now => Some(settled(over)),
        Written::Before => Some(Settled::Before),
        Written::Outdated => None,
    })
}

/// Returns what follows for a payment whose person has left, after it was recorded. One beside that of the record is given back. `None` if
/// the record has changed since it was read.
async fn after_leaving(
    (table, sys, stripe): (&Table, &Sys, &Stripe),
    recorded: Recorded,
    payment: &Payment,
    paid_for: PaidFor,
) -> Result<Option<Settled>, SettleError> {
    Ok(match recorded {
        Recorded::Now => Some(Settled::Record),
        Recorded::Missing => Some(Settled::Missing(payment.clone())),
        Recorded::Outdated => None,
        Recorded::OfAnother(amount) => {
            tracing::error!(payment.id = %paid_for.id(), "a payment is not the one that was asked for");
            if payment.state.progress == Progress::Succeeded {
                give_all_back((table, sys, stripe), &payment.state, (paid_for, amount), None).await?;
            }
            Some(Settled::Foreign)
        }
    })
}

/// A payment to apply, with the event that reported it.
struct News<'a> {
    table: &'a Table,
    sys: &'a Sys,
    /// Who pays.
    user: UserId,
    /// The current payment.
    payment: Payment,
    /// The event that reported it, if there was one.
    event: Option<&'a str>,
}

impl News<'_> {
    /// Payments that differ from the request, or for something that the payer already has, are refunded before the state is written, so
    /// that everything is repeated as long as something fails. If such a refund comes back later, staff see that it is owed.
    async fn of<P: Purpose>(self, stripe: &Stripe, id: P::Id, settled: fn(CardPayment<P>) -> Settled) -> Result<Settled, SettleError> {
        let Self { table, sys, user, mut payment, event } = self;
        let (mut refused, mut gave_back) = (payment.refused.clone(), false);
        for _ in 0..ROUNDS {
            let Some(before) = table.get::<CardPayment<P>>(CardPayment::<P>::key_of(user, id)).await? else {
                let recorded = PaymentRecord::settle(table, sys, P::paid_for(id), &payment.state).await?;
                match after_leaving((table, sys, stripe), recorded, &payment, P::paid_for(id)).await? {
                    Some(outcome) => return Ok(outcome),
                    None => continue,
                }
            };
            let after = match before.after(&payment.state, sys.now()) {
                Ok(after) => after,
                Err(mismatch) => match end_wrong((table, sys, stripe), (&before, mismatch), &payment.state, event, settled).await? {
                    Some(outcome) => return Ok(outcome),
                    None => continue,
                },
            };
            if let Some(charge) = refused.take() {
                card_refused_in(table, sys.now(), &before.network, &charge).await?;
            }
            if after.back.came_back > before.back.came_back {
                tracing::error!(payment.id = %id, "money that was given back has come back");
            }
            let beside = if before.is_paid_by(&after) { P::beside(table, &before).await? } else { Beside::default() };
            if beside.is_held && after.state == PaymentState::Paid {
                if !gave_back {
                    let asked = (P::paid_for(id), before.purpose.amount());
                    give_all_back((table, sys, stripe), &payment.state, asked, Some(user)).await?;
                    (payment, gave_back) = (stripe.payment(&payment.state.intent).await?, true);
                    continue;
                }
                tracing::error!(payment.id = %id, "a payment for a plan that the payer already has cannot be refunded yet");
            }
            let after = if beside.is_held { after.surplus() } else { after };
            match write_beside(table, sys, (&before, &after), event, &beside).await? {
                Written::Now => return Ok(settled(after)),
                Written::Before => return Ok(Settled::Before),
                Written::Outdated => {}
            }
        }
        Err(SettleError::Busy)
    }

    /// Takes an order one step after the other, until nothing more follows. What came after its end is given back first, and the event is
    /// written with the last step: so all of it is done again as long as something fails.
    async fn of_order(self, stripe: &Stripe, id: OrderId) -> Result<Settled, SettleError> {
        let Self { table, sys, user, payment, event } = self;
        let (said, mut refused) = (&payment.state, payment.refused.clone());
        for _ in 0..ROUNDS {
            let Some(order) = table.get::<Order>(Order::key_of(user, id)).await? else {
                let recorded = OrderRecord::settle(table, sys, id, said).await?;
                match after_leaving((table, sys, stripe), recorded, &payment, PaidFor::Order(id)).await? {
                    Some(outcome) => return Ok(outcome),
                    None => continue,
                }
            };
            if let (Some(charge), Some(card)) = (refused.take(), &order.card) {
                card_refused_in(table, sys.now(), &card.network, &charge).await?;
            }
            if order.card.as_ref().is_some_and(OrderCard::owes) {
                give_back(table, sys, stripe, order).await?;
                continue;
            }
            let after = match order.after(said, sys.now()) {
                Ok(after) => after,
                Err(mismatch) => {
                    tracing::error!(error = %mismatch, order.id = %id, "a payment is not the one that was asked for");
                    if mismatch == Mismatch::Intent && said.progress == Progress::Succeeded {
                        // Beside the one that is asked for: it is given back.
                        give_all_back((table, sys, stripe), said, (PaidFor::Order(id), order.total), Some(user)).await?;
                    }
                    return Ok(Settled::Foreign);
                }
            };
            let is_wrong = |order: &Order| order.card.as_ref().is_some_and(|card| card.is_wrong);
            if is_wrong(&after) && !is_wrong(&order) {
                tracing::error!(order.id = %id, "a payment is not the one that was asked for");
            }
            let came_back = |order: &Order| order.card.as_ref().map_or(0, |card| card.back.came_back);
            if came_back(&after) > came_back(&order) {
                tracing::error!(order.id = %id, "money that was given back has come back");
            }
            let last = after.card.as_ref().is_some_and(|card| !card.owes()) && after.after(said, sys.now()).as_ref() == Ok(&after);
            match order_writes::write(table, sys, &order, &after, event.filter(|_| last)).await? {
                order_writes::Written::Now(order) if last => return Ok(Settled::Order(order)),
                order_writes::Written::Refused => return Ok(Settled::Before),
                order_writes::Written::Now(_) | order_writes::Written::Outdated(_) => {}
            }
        }
        Err(SettleError::Busy)
    }
}
