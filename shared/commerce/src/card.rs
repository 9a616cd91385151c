//! The payment of an order by card: its state as known from Stripe, and what follows for the order from a new state.

use std::time::Duration;

use kernel::{FieldError, Kind, Problem, Time};
use money::Money;
pub use payments::RefundReason;
use payments::{Mismatch, MoneyBack, Progress, SaidRefund, Settlement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::machine::OrderState;

/// How long an unpaid order reserves its products.
pub const PAYABLE: Duration = Duration::from_secs(15 * 60);
/// How long an automatic check leases an order.
const LEASE: Duration = Duration::from_secs(5 * 60);
/// The maximum number of refunds of an order. As many are listed with its payment at Stripe, without another request.
const REFUNDS_MAX: usize = 10;
/// How long the same request for a refund is sent to Stripe.
const SEND_FOR: Duration = Duration::from_secs(5 * 60);
/// The time after which no such request is in progress any more, so that the payment shows whether the refund was made.
const LOOK_AFTER: Duration = Duration::from_secs(10 * 60);
/// The name of the refund of a payment that arrived after its order had ended.
const AFTER_THE_END: &str = "after-the-end";

/// The state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Stripe is asked for it. So is it again if an earlier version has given it up because Stripe did not answer for a day.
    #[serde(alias = "unclear")]
    Asked,
    /// Stripe has accepted the refund.
    Done,
    /// Stripe has refused the refund.
    Refused,
    /// The payer's bank has refused the refund, and the money came back. It may be requested again, or given back outside Stripe.
    Failed,
    /// The refund has failed, and staff have given the money back outside Stripe, such as by a bank transfer.
    MadeOutside,
}

/// The next step towards a refund that Stripe has not made yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStep {
    /// Send the request of the current attempt, again if need be: Stripe makes one refund for it.
    Send,
    /// Wait, because that request may still be in progress.
    Wait,
    /// Read the payment. If it does not have the refund, begin another attempt, because Stripe repeats its failure for the request of the
    /// former one for a day.
    Look,
}

/// A refund at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The name within the order: a hash of the idempotency key of the request.
    pub name: String,
    /// The amount in minor units, in the currency of the order.
    pub amount: u64,
    /// Why.
    pub reason: RefundReason,
    /// The state.
    pub state: RefundState,
    /// Stripe's id of the refund. `None` until Stripe has answered.
    #[serde(default)]
    pub refund: Option<String>,
    /// When it was requested.
    pub at: Time,
    /// The number of the attempt, from 0.
    #[serde(default)]
    pub attempt: u32,
    /// When the attempt began. `None` for the first one.
    #[serde(default)]
    attempt_at: Option<Time>,
    /// When it became known that it had failed after it was made. Refunds of earlier versions lack it.
    #[serde(default)]
    failed_at: Option<Time>,
    /// The part of it that staff have given back outside Stripe since it has failed, while more is owed.
    #[serde(default)]
    outside: u64,
}

impl Refund {
    /// Creates a refund to be requested from Stripe.
    #[must_use]
    pub const fn new(name: String, amount: u64, reason: RefundReason, at: Time) -> Self {
        Self {
            name,
            amount,
            reason,
            state: RefundState::Asked,
            refund: None,
            at,
            attempt: 0,
            attempt_at: None,
            failed_at: None,
            outside: 0,
        }
    }

    /// Returns the refund after Stripe's state of the payment's refunds. A failed refund stays failed, or made outside Stripe.
    #[must_use]
    pub fn after(&self, said: &[SaidRefund], now: Time) -> Self {
        let own = said.iter().find(|said| said.name.as_ref() == Some(&self.name));
        let is_over = matches!(self.state, RefundState::Failed | RefundState::MadeOutside);
        let Some(said) = own.filter(|_| !is_over) else { return self.clone() };
        let state = if said.failed { RefundState::Failed } else { RefundState::Done };
        Self { state, refund: Some(said.id.clone()), failed_at: said.failed.then_some(now), ..self.clone() }
    }

    /// Returns whether it has failed. A refund that staff request in vain is no failure: they get the refusal as the response.
    fn has_failed(&self) -> bool {
        match self.state {
            RefundState::Failed => true,
            RefundState::Refused => self.reason == RefundReason::OrderEnded,
            RefundState::Asked | RefundState::Done | RefundState::MadeOutside => false,
        }
    }

    /// Returns whether it was over when another refund was requested at this time.
    fn had_failed(&self, at: Time) -> bool {
        self.has_failed() && self.failed_at.is_none_or(|failed_at| failed_at <= at)
    }

    /// Returns the next step, if Stripe has not made it yet.
    #[must_use]
    pub fn step(&self, now: Time) -> RefundStep {
        match now.since(self.attempt_at.unwrap_or(self.at)) {
            age if age < SEND_FOR => RefundStep::Send,
            age if age < LOOK_AFTER => RefundStep::Wait,
            _ => RefundStep::Look,
        }
    }
}

/// The payment of an order by card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCard {
    /// The number of the payment at Stripe, from 1. It is increased when Stripe has cancelled the former payment on its own.
    pub attempt: u32,
    /// Stripe's id of the payment. `None` until Stripe has answered.
    #[serde(default)]
    pub intent: Option<String>,
    /// Stripe's id of the payer. `None` until Stripe has answered.
    #[serde(default)]
    pub customer: Option<String>,
    /// The network from which the order was placed.
    #[serde(default)]
    pub network: String,
    /// The time until which it can be paid.
    pub expires_at: Time,
    /// Whether the buyer has cancelled the order. The order ends when Stripe has cancelled the payment.
    #[serde(default)]
    pub cancelling: bool,
    /// Why the last card was refused.
    #[serde(default)]
    pub decline: Option<String>,
    /// When the payment became known.
    #[serde(default)]
    pub paid_at: Option<Time>,
    /// Refunds and disputes, as reported by Stripe.
    #[serde(flatten)]
    pub back: MoneyBack,
    /// Whether the payment differs from the request, so that it is refunded and the order has ended.
    #[serde(default)]
    pub is_wrong: bool,
    /// The requested refunds.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// The time of the next automatic check, while there is something to do.
    pub look_at: Time,
}

impl OrderCard {
    /// Returns the payment of an order that is placed now, from this network.
    #[must_use]
    pub fn new(network: String, now: Time) -> Self {
        Self {
            attempt: 1,
            intent: None,
            customer: None,
            network,
            expires_at: now + PAYABLE,
            cancelling: false,
            decline: None,
            paid_at: None,
            back: MoneyBack::default(),
            is_wrong: false,
            refunds: Vec::new(),
            look_at: now + PAYABLE,
        }
    }

    /// Sets the payment that Stripe has created.
    #[must_use]
    pub fn with_intent(&self, intent: String, customer: String) -> Self {
        Self { intent: Some(intent), customer: Some(customer), ..self.clone() }
    }

    /// Returns the state after Stripe has cancelled the payment on its own: another one has to be created.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), intent: None, customer: None, ..self.clone() }
    }

    /// Returns the state after the buyer has cancelled the order.
    #[must_use]
    pub fn cancelled(&self, now: Time) -> Self {
        Self { cancelling: true, ..self.leased(now) }
    }

    /// Returns the state with a lease of five minutes for the current check.
    #[must_use]
    pub fn leased(&self, now: Time) -> Self {
        Self { look_at: now + LEASE, ..self.clone() }
    }

    /// Returns the first refund that has to be requested from Stripe.
    #[must_use]
    pub fn asked_refund(&self) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.state == RefundState::Asked)
    }

    /// Returns whether a payment after the end of the order has to be refunded.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.asked_refund().is_some_and(|refund| refund.reason == RefundReason::OrderEnded)
    }

    /// Returns the refunds of an order with this total that have failed and were not made up for. None if all that was paid was given back
    /// in another way, such as in Stripe's dashboard.
    pub(crate) fn failed_refunds(&self, total: Money) -> impl Iterator<Item = &Refund> {
        let is_over = self.back.given() >= self.paid(total);
        self.refunds.iter().enumerate().filter(move |(place, _)| !is_over && self.is_unmet(*place)).map(|(_, refund)| refund)
    }

    /// Returns whether the refund at this place has failed, and none that was requested afterwards has succeeded. One that was requested
    /// before the failure was known is for something else.
    fn is_unmet(&self, place: usize) -> bool {
        let Some(refund) = self.refunds.get(place).filter(|refund| refund.has_failed()) else { return false };
        !self.refunds.iter().skip(place).any(|later| later.state == RefundState::Done && refund.had_failed(later.at))
    }

    /// Returns whether a refund of an order with this total has failed, see [`Self::failed_refunds`].
    pub(crate) fn has_failed_refund(&self, total: Money) -> bool {
        self.failed_refunds(total).next().is_some()
    }

    /// Returns the final state of an unpaid order whose payment is cancelled. `None` if it can still be paid.
    #[must_use]
    pub fn end(&self, now: Time) -> Option<OrderState> {
        if self.cancelling {
            return Some(OrderState::Cancelled);
        }
        (now >= self.expires_at).then_some(OrderState::Expired)
    }

    /// Returns whether something was paid, be it what was asked for or something else.
    #[must_use]
    pub const fn is_paid(&self) -> bool {
        self.paid_at.is_some() || self.is_wrong
    }

    /// Returns the amount that was paid of an order with this total, in minor units. If the payment differs from the request, that of its
    /// automatic refund.
    pub(crate) fn paid(&self, total: Money) -> u64 {
        let automatic = self.refunds.iter().find(|refund| refund.reason == RefundReason::OrderEnded);
        automatic.filter(|_| self.is_wrong).map_or(total.amount(), |refund| refund.amount)
    }

    /// Returns the sum of the refunds in this state.
    fn sum(&self, state: RefundState) -> u64 {
        let those = self.refunds.iter().filter(|refund| refund.state == state);
        those.fold(0_u64, |sum, refund| sum.saturating_add(refund.amount))
    }

    /// Returns the amount that was refunded at Stripe. Accepted refunds may be missing in Stripe's sum.
    pub(crate) fn refunded(&self) -> u64 {
        self.back.refunded.max(self.sum(RefundState::Done))
    }

    /// Returns the part of the refunds that have failed and were not made up for that staff have given back outside Stripe.
    fn failed_outside(&self) -> u64 {
        let unmet = self.refunds.iter().enumerate().filter(|(place, _)| self.is_unmet(*place));
        unmet.fold(0_u64, |sum, (_, refund)| sum.saturating_add(refund.outside))
    }

    /// Returns what is owed of an order with this total because refunds have failed, without what staff have given back outside Stripe.
    pub(crate) fn owed(&self, total: Money) -> u64 {
        let rest = |sum: u64, refund: &Refund| sum.saturating_add(refund.amount.saturating_sub(refund.outside));
        let failed = self.failed_refunds(total).fold(0, rest);
        let missing = self.due_back().saturating_sub(self.refunded());
        let kept = self.paid(total).saturating_sub(self.refunded()).saturating_sub(self.back.outside);
        failed.min(missing).min(kept)
    }

    /// Returns the amount that is to be refunded at Stripe: the most that was refunded or requested at a time. A refund that is requested
    /// after another one has failed takes its place, and what staff have given back of it outside Stripe is not refunded any more.
    pub(crate) fn due_back(&self) -> u64 {
        let counts = |refund: &&Refund| matches!(refund.state, RefundState::Asked | RefundState::Done) || refund.has_failed();
        let at_a_time = |(place, last): (usize, &Refund)| {
            let until_then = self.refunds.iter().take(place).filter(counts).filter(|refund| !refund.had_failed(last.at));
            until_then.fold(last.amount, |sum, refund| sum.saturating_add(refund.amount))
        };
        let requested = self.refunds.iter().enumerate().filter(|(_, refund)| counts(refund)).map(at_a_time).max().unwrap_or_default();
        // Such as in Stripe's dashboard.
        let otherwise = self.refunded().saturating_sub(self.sum(RefundState::Done));
        requested.saturating_add(otherwise).saturating_sub(self.failed_outside())
    }

    /// Returns the amount that can still be refunded of an order with this total, in minor units.
    #[must_use]
    pub fn left(&self, total: Money) -> u64 {
        let asked = self.sum(RefundState::Asked);
        self.paid(total).saturating_sub(self.refunded()).saturating_sub(asked).saturating_sub(self.back.outside)
    }

    /// Checks that this amount can still be refunded of an order with this total.
    fn check(&self, amount: u64, total: Money) -> Result<(), Problem> {
        let left = self.left(total);
        if (1..=left).contains(&amount) {
            return Ok(());
        }
        Err(Problem::field("/amount/amount", FieldError::RANGE.with("min", 1).with("max", left)))
    }

    /// Adds a refund to be requested, of an order with this total.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the amount exceeds the rest; [`Kind::TooMany`].
    pub fn with_refund(&self, total: Money, refund: Refund) -> Result<Self, Problem> {
        self.check(refund.amount, total)?;
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(Problem::new(Kind::TooMany).with("max", REFUNDS_MAX));
        }
        let refunds = self.refunds.iter().cloned().chain([refund.clone()]).collect();
        Ok(Self { refunds, look_at: refund.at + LOOK_AFTER, ..self.clone() })
    }

    /// Returns the state after another attempt of the refund with this name has begun.
    #[must_use]
    pub fn asked_again(&self, name: &str, now: Time) -> Self {
        let mut next = Self { look_at: now + LOOK_AFTER, ..self.clone() };
        if let Some(refund) = next.refunds.iter_mut().find(|refund| refund.name == name && refund.state == RefundState::Asked) {
            (refund.attempt, refund.attempt_at) = (refund.attempt.saturating_add(1), Some(now));
        }
        next
    }

    /// Returns the state after Stripe's answer to the refund with this name.
    #[must_use]
    pub fn with_answer(&self, name: &str, state: RefundState, id: Option<String>) -> Self {
        let mut next = self.clone();
        if let Some(refund) = next.refunds.iter_mut().find(|refund| refund.name == name && refund.state == RefundState::Asked) {
            (refund.state, refund.refund) = (state, id);
        }
        next
    }

    /// Returns the state after staff have given back this amount outside Stripe, of an order with this total, instead of the refunds that
    /// have failed and were not made up for. If that is less than what is owed, they have still failed.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the amount exceeds the rest.
    pub fn with_refund_outside(&self, total: Money, amount: u64) -> Result<Self, Problem> {
        self.check(amount, total)?;
        let (is_all, mut given) = (amount >= self.owed(total), amount);
        let mut next = Self { back: self.back.given_outside(amount), ..self.clone() };
        for (_, refund) in next.refunds.iter_mut().enumerate().filter(|(place, _)| self.is_unmet(*place)) {
            if is_all {
                refund.state = RefundState::MadeOutside;
            } else {
                let part = given.min(refund.amount.saturating_sub(refund.outside));
                (refund.outside, given) = (refund.outside.saturating_add(part), given.saturating_sub(part));
            }
        }
        Ok(next)
    }

    /// Returns the next state of an order with this total that was paid, after what was given back.
    pub(crate) fn after_refunds(&self, state: OrderState, total: Money) -> OrderState {
        match (state, self.back.given()) {
            (OrderState::Paid, 1..) => OrderState::Refunding,
            (OrderState::Refunding, given) if given >= total.amount() => OrderState::Refunded,
            // All refunds have come back.
            (OrderState::Refunding, 0) => OrderState::Paid,
            (state, _) => state,
        }
    }

    /// Returns what follows from what Stripe says of the payment of an order in a state, that costs `total`: one step at most. The same if
    /// that is nothing new. What comes after the end of the order is to be given back, and so is what was not asked for, which ends the
    /// order.
    ///
    /// # Errors
    /// [`Mismatch`] if it is not the payment that was asked for, and not paid. Then nothing follows from it.
    pub fn after(&self, state: OrderState, total: Money, settlement: &Settlement, now: Time) -> Result<(OrderState, Self), Mismatch> {
        if self.intent.as_ref() != Some(&settlement.intent) {
            // A former payment that was cancelled.
            if settlement.progress == Progress::Cancelled {
                return Ok((state, self.clone()));
            }
            if self.intent.is_some() {
                return Err(Mismatch::Intent);
            }
        }
        let paid = settlement.progress == Progress::Succeeded;
        let told = Self {
            intent: Some(settlement.intent.clone()),
            back: self.back.after(settlement.back),
            refunds: self.refunds.iter().map(|refund| refund.after(&settlement.refunds, now)).collect(),
            decline: if paid { None } else { settlement.decline.clone().or_else(|| self.decline.clone()) },
            ..self.clone()
        };
        match (settlement.judge(total, self.customer.as_deref()), state) {
            (Ok(()), _) => {}
            (Err(_), OrderState::PendingPayment | OrderState::Expired | OrderState::Cancelled) if paid => {
                let end = if state == OrderState::PendingPayment { OrderState::Cancelled } else { state };
                return Ok((end, Self { is_wrong: true, ..told }.given_back(settlement.received, now)));
            }
            (Err(mismatch), _) => return Err(mismatch),
        }
        let next = Self {
            customer: self.customer.clone().or_else(|| settlement.customer.clone()),
            paid_at: self.paid_at.or_else(|| paid.then_some(now)),
            ..told
        };
        let state = match (state, settlement.progress) {
            (OrderState::PendingPayment, Progress::Succeeded) => OrderState::Paid,
            (OrderState::PendingPayment, Progress::Cancelled) => next.end(now).unwrap_or(state),
            (state, _) => next.after_refunds(state, total),
        };
        let ended = matches!(state, OrderState::Expired | OrderState::Cancelled);
        Ok((state, if ended && paid { next.given_back(total.amount(), now) } else { next }))
    }

    /// Adds a refund of the received amount, once, because the order had ended before it was paid, or ends because of this payment.
    fn given_back(mut self, received: u64, now: Time) -> Self {
        let amount = received.saturating_sub(self.back.refunded);
        if amount > 0 && !self.refunds.iter().any(|refund| refund.reason == RefundReason::OrderEnded) {
            self.refunds.push(Refund::new(AFTER_THE_END.to_owned(), amount, RefundReason::OrderEnded, now));
            self.look_at = now;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "an overflow would fail the test")]

    use kernel::Sys;
    use money::Currency;

    use super::*;
    use crate::machine::{By, step};

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    fn zloty(amount: u64) -> Money {
        Money::new(amount, Currency::Pln).unwrap()
    }

    fn payment() -> OrderCard {
        OrderCard::new(String::new(), NOW).with_intent("pi_1".to_owned(), "cus_1".to_owned())
    }

    fn said(progress: Progress, refunded: u64) -> Settlement {
        Settlement {
            intent: "pi_1".to_owned(),
            progress,
            asked: Some(zloty(1234)),
            received: if progress == Progress::Succeeded { 1234 } else { 0 },
            back: MoneyBack { refunded, ..MoneyBack::default() },
            refunds: Vec::new(),
            customer: Some("cus_1".to_owned()),
            decline: None,
        }
    }

    /// Returns the state and the payment after everything that follows from what was said.
    fn settled(mut state: OrderState, mut card: OrderCard, said: &Settlement, now: Time) -> (OrderState, OrderCard) {
        for _ in 0..5 {
            let next = card.after(state, zloty(1234), said, now).unwrap();
            assert!(next.0 == state || step(state, next.0, By::System).is_some(), "{state:?} {:?}", next.0);
            (state, card) = next;
        }
        (state, card)
    }

    #[test]
    fn a_payment_pays_in_time_only() {
        use OrderState::{Cancelled, Expired, Paid, PendingPayment};
        let late = NOW + PAYABLE;
        let cancelling = OrderCard { cancelling: true, ..payment() };
        for (card, progress, now, expected) in [
            (payment(), Progress::Open, late, PendingPayment),
            (payment(), Progress::Processing, late, PendingPayment),
            (payment(), Progress::Succeeded, late, Paid),
            (payment(), Progress::Cancelled, NOW, PendingPayment),
            (payment(), Progress::Cancelled, late, Expired),
            (cancelling.clone(), Progress::Cancelled, NOW, Cancelled),
            (cancelling, Progress::Succeeded, NOW, Paid),
        ] {
            assert_eq!(settled(PendingPayment, card, &said(progress, 0), now).0, expected, "{progress:?}");
        }
        for ended in [Expired, Cancelled] {
            let (state, card) = settled(ended, payment(), &said(Progress::Succeeded, 0), late);
            assert_eq!((state, card.owes(), card.refunds.len(), card.refunds[0].amount), (ended, true, 1, 1234));
            let given = card.with_answer(AFTER_THE_END, RefundState::Done, Some("re_1".to_owned()));
            let (state, card) = settled(ended, given, &said(Progress::Succeeded, 1234), late);
            assert_eq!((state, card.owes(), card.refunds.len(), card.back.refunded), (ended, false, 1, 1234));
        }
    }

    #[test]
    fn refunds_of_parts_are_summed_up() {
        let paid = settled(OrderState::PendingPayment, payment(), &said(Progress::Succeeded, 0), NOW);
        let part = settled(paid.0, paid.1, &said(Progress::Succeeded, 34), NOW);
        assert_eq!((part.0, part.1.back.refunded, part.1.left(zloty(1234))), (OrderState::Refunding, 34, 1200));
        let all = settled(part.0, part.1, &said(Progress::Succeeded, 1234), NOW);
        assert_eq!((all.0, all.1.left(zloty(1234))), (OrderState::Refunded, 0));
        assert_eq!(settled(all.0, all.1.clone(), &said(Progress::Succeeded, 34), NOW), all, "an older state changes nothing");
        let shipped = settled(OrderState::Shipped, payment(), &said(Progress::Succeeded, 34), NOW);
        assert_eq!((shipped.0, shipped.1.back.refunded), (OrderState::Shipped, 34));
    }

    #[test]
    fn a_refund_that_an_earlier_version_has_given_up_is_looked_for() {
        let refund = Refund::new("one".to_owned(), 34, RefundReason::RequestedByCustomer, NOW);
        let stored = serde_json::to_string(&refund).unwrap().replace("asked", "unclear");
        assert_eq!(serde_json::from_str::<Refund>(&stored).unwrap(), refund);
    }

    #[test]
    fn another_attempt_of_a_refund_begins_when_the_former_one_has_ended() {
        use RefundStep::{Look, Send, Wait};
        let minutes = |number: u64| NOW + Duration::from_secs(60 * number);
        let steps = |refund: &Refund, times: [u64; 5]| times.map(|number| refund.step(minutes(number)));
        let (_, card) = settled(OrderState::PendingPayment, payment(), &said(Progress::Succeeded, 0), NOW);
        let card = card.with_refund(zloty(1234), Refund::new("one".to_owned(), 34, RefundReason::Duplicate, NOW)).unwrap();
        assert_eq!(steps(card.asked_refund().unwrap(), [0, 4, 5, 9, 10]), [Send, Send, Wait, Wait, Look]);
        let again = card.asked_again("one", minutes(10));
        let refund = again.asked_refund().unwrap();
        assert_eq!(steps(refund, [10, 14, 15, 19, 20]), [Send, Send, Wait, Wait, Look]);
        assert_eq!((refund.attempt, refund.at, again.look_at, again.left(zloty(1234))), (1, NOW, minutes(20), 1200));
        let done = again.with_answer("one", RefundState::Done, Some("re_1".to_owned()));
        assert_eq!(done.asked_again("one", minutes(20)).refunds, done.refunds, "what is made is not asked for");
    }

    #[test]
    fn a_refund_that_a_bank_refuses_can_be_asked_for_again() {
        use OrderState::{Paid, PendingPayment, Refunded, Refunding};
        let sent = |amount: u64, failed: bool| {
            let refunds = vec![SaidRefund { id: "re_1".to_owned(), name: Some("one".to_owned()), failed }];
            let (refunded, came_back) = if failed { (0, amount) } else { (amount, 0) };
            let back = MoneyBack { refunded, came_back, ..MoneyBack::default() };
            Settlement { back, refunds, ..said(Progress::Succeeded, refunded) }
        };
        for (amount, given, after) in [(34, Refunding, Paid), (1234, Refunded, Refunded)] {
            let (state, card) = settled(PendingPayment, payment(), &said(Progress::Succeeded, 0), NOW);
            let asked = Refund::new("one".to_owned(), amount, RefundReason::RequestedByCustomer, NOW);
            let asked = card.with_refund(zloty(1234), asked).unwrap();
            // Stripe has made it, and its answer was lost.
            let done = settled(state, asked, &sent(amount, false), NOW);
            assert_eq!((done.0, done.1.refunds[0].state, done.1.left(zloty(1234))), (given, RefundState::Done, 1234 - amount));
            let back = settled(done.0, done.1, &sent(amount, true), NOW);
            assert_eq!((back.0, back.1.refunds[0].state, back.1.back.refunded), (after, RefundState::Failed, 0));
            assert_eq!(back.1.left(zloty(1234)), 1234, "it can be given back again");
            assert_eq!(settled(back.0, back.1.clone(), &sent(amount, false), NOW), back, "an older state changes nothing");
        }
    }

    #[test]
    fn no_more_is_asked_back_than_was_paid() {
        let sys = Sys::real();
        for _ in 0..1_000 {
            let (mut card, mut asked) = (payment(), 0);
            for n in 0..sys.below(30) {
                let amount = u64::from(sys.below(600));
                let refund = Refund::new(n.to_string(), amount, RefundReason::RequestedByCustomer, NOW);
                if let Ok(next) = card.with_refund(zloty(1234), refund) {
                    let state = [RefundState::Asked, RefundState::Done, RefundState::Refused, RefundState::Failed][sys.below(4) as usize];
                    card = next.with_answer(&n.to_string(), state, None);
                    asked += if matches!(state, RefundState::Refused | RefundState::Failed) { 0 } else { amount };
                }
            }
            assert!(asked <= 1234 && card.left(zloty(1234)) == 1234 - asked && card.refunds.len() <= REFUNDS_MAX, "{card:?}");
        }
    }

    /// An order, what Stripe knows of its payment, and what somebody may hear of that, late or never.
    struct World {
        state: OrderState,
        card: OrderCard,
        now: Time,
        stripe: (Progress, u64),
        told: Vec<(Progress, u64)>,
    }

    impl World {
        fn step(&mut self, sys: &Sys, what: u32) {
            let left = 1234 - self.stripe.1;
            match (what, self.stripe.0) {
                (0, Progress::Open) => self.stripe.0 = Progress::Succeeded,
                // Only the end of the order cancels its payment.
                (1, Progress::Open) if self.card.intent.is_some() && self.card.end(self.now).is_some() => {
                    self.stripe.0 = Progress::Cancelled;
                }
                (2, _) => self.now = self.now + PAYABLE / 2,
                (3, _) if self.state == OrderState::PendingPayment => self.card = self.card.cancelled(self.now),
                (4, Progress::Succeeded) if left > 0 => self.stripe.1 += u64::from(sys.below(u32::try_from(left).unwrap())) + 1,
                (5, _) => self.answer(),
                (6, _) => self.end(),
                _ => self.hear(self.told[sys.below(u32::try_from(self.told.len()).unwrap()) as usize]),
            }
            self.told.push(self.stripe);
        }

        /// Stripe makes the refund that it is asked for, or refuses it.
        fn answer(&mut self) {
            let Some(refund) = self.card.asked_refund().cloned() else { return };
            let fits = self.stripe.1 + refund.amount <= 1234;
            self.stripe.1 += if fits { refund.amount } else { 0 };
            self.card = self.card.with_answer(&refund.name, if fits { RefundState::Done } else { RefundState::Refused }, None);
        }

        /// An order without a payment ends automatically.
        fn end(&mut self) {
            let end = self.card.end(self.now).filter(|_| self.card.intent.is_none() && self.state == OrderState::PendingPayment);
            self.state = end.unwrap_or(self.state);
        }

        fn hear(&mut self, (progress, refunded): (Progress, u64)) {
            let (state, card) = settled(self.state, self.card.clone(), &said(progress, refunded), self.now);
            (self.state, self.card) = (state, card);
        }
    }

    #[test]
    fn an_order_becomes_what_stripe_says_whatever_is_heard_when() {
        let sys = Sys::real();
        let mut ends = Vec::new();
        for n in 0..10_000 {
            let card = if n % 2 == 0 { payment() } else { OrderCard::new(String::new(), NOW) };
            let stripe = (Progress::Open, 0);
            let mut world = World { state: OrderState::PendingPayment, card, now: NOW, stripe, told: vec![stripe] };
            for _ in 0..12 {
                world.step(&sys, sys.below(12));
            }
            for _ in 0..3 {
                world.hear(world.stripe);
                world.answer();
                world.end();
            }
            let World { state, card, stripe, .. } = world;
            let was_refused = card.refunds.iter().any(|refund| refund.state == RefundState::Refused);
            let right = match (stripe.0, state) {
                (Progress::Succeeded, OrderState::Paid) => stripe.1 == 0,
                (Progress::Succeeded, OrderState::Refunding) => (1..1234).contains(&stripe.1),
                (Progress::Succeeded, OrderState::Refunded) => stripe.1 == 1234,
                (Progress::Succeeded, OrderState::Expired | OrderState::Cancelled) => stripe.1 == 1234 || was_refused,
                (Progress::Open, OrderState::PendingPayment) | (Progress::Cancelled, OrderState::Expired | OrderState::Cancelled) => true,
                (Progress::Open, OrderState::Expired | OrderState::Cancelled) => card.intent.is_none() || n % 2 == 1,
                _ => false,
            };
            assert!(right && card.refunds.len() <= 1, "{state:?} {stripe:?} {card:?}");
            ends.push(state);
        }
        for state in [OrderState::Paid, OrderState::Refunding, OrderState::Expired, OrderState::Cancelled, OrderState::PendingPayment] {
            assert!(ends.contains(&state), "{state:?}");
        }
    }

    #[test]
    fn of_what_was_not_asked_for_its_own_amount_is_given_back_again() {
        for received in [900, 1500] {
            let wrong = Settlement { asked: Some(zloty(received)), received, ..said(Progress::Succeeded, 0) };
            let (_, card) = settled(OrderState::PendingPayment, payment(), &wrong, NOW);
            assert_eq!((card.left(zloty(1234)), card.is_paid()), (0, true), "it is asked back");
            let refused = card.with_answer(AFTER_THE_END, RefundState::Refused, None);
            let ask = |amount| refused.with_refund(zloty(1234), Refund::new("one".to_owned(), amount, RefundReason::Duplicate, NOW));
            assert_eq!(refused.left(zloty(1234)), received);
            assert!(ask(received + 1).is_err() && ask(received).is_ok());
        }
    }

    #[test]
    fn a_refund_has_failed_until_one_succeeds() {
        use RefundReason::{Duplicate, OrderEnded};
        use RefundState::{Asked, Done, Failed, MadeOutside, Refused};
        let refund = |(state, reason)| Refund { state, ..Refund::new(String::new(), 1, reason, NOW) };
        for (refunds, expected) in [
            (vec![], false),
            (vec![(Asked, Duplicate)], false),
            (vec![(Refused, Duplicate)], false),
            (vec![(Refused, OrderEnded)], true),
            (vec![(Failed, Duplicate)], true),
            (vec![(Failed, Duplicate), (Asked, Duplicate)], true),
            (vec![(Failed, Duplicate), (Refused, Duplicate)], true),
            (vec![(Refused, OrderEnded), (Refused, Duplicate)], true),
            (vec![(Failed, Duplicate), (Done, Duplicate)], false),
            (vec![(Failed, Duplicate), (Done, Duplicate), (Failed, Duplicate)], true),
            (vec![(MadeOutside, Duplicate)], false),
            (vec![(MadeOutside, OrderEnded), (Refused, Duplicate)], false),
            (vec![(Failed, Duplicate), (MadeOutside, Duplicate)], true),
            (vec![(Failed, Duplicate), (Done, Duplicate), (MadeOutside, Duplicate)], false),
        ] {
            let card = OrderCard { refunds: refunds.iter().copied().map(refund).collect(), ..payment() };
            assert_eq!(card.has_failed_refund(zloty(1234)), expected, "{refunds:?}");
            let given = OrderCard { back: MoneyBack { refunded: 1234, ..MoneyBack::default() }, ..card };
            assert!(!given.has_failed_refund(zloty(1234)), "all was given back: {refunds:?}");
        }
    }

    #[test]
    fn a_refund_makes_up_for_what_had_failed_when_it_was_requested() {
        use RefundState::{Asked, Done, Failed};
        let at = |minute: u64| NOW + Duration::from_secs(60 * minute);
        // Each refund: the amount, the state, and the minutes in which it was requested and became known to have failed.
        let refund = |(amount, state, requested, failed): (u64, RefundState, u64, Option<u64>)| Refund {
            state,
            failed_at: failed.map(at),
            ..Refund::new(requested.to_string(), amount, RefundReason::Duplicate, at(requested))
        };
        for (refunds, failed, due) in [
            (vec![(100, Done, 0, None), (50, Done, 1, None)], vec![], 150),
            (vec![(100, Failed, 0, Some(2)), (50, Done, 1, None)], vec!["0"], 150),
            (vec![(100, Failed, 0, Some(1)), (100, Done, 2, None)], vec![], 100),
            (vec![(100, Failed, 0, Some(1)), (100, Failed, 2, Some(3))], vec!["0", "2"], 100),
            (vec![(100, Failed, 0, Some(3)), (50, Failed, 1, Some(3))], vec!["0", "1"], 150),
            (vec![(100, Failed, 0, Some(3)), (50, Failed, 1, Some(2)), (100, Done, 4, None)], vec![], 150),
            (vec![(100, Done, 0, None), (50, Asked, 1, None)], vec![], 150),
            (vec![(100, Failed, 0, None), (50, Done, 1, None)], vec![], 100),
        ] {
            let card = OrderCard { refunds: refunds.iter().copied().map(refund).collect(), ..payment() };
            let unmet: Vec<&str> = card.failed_refunds(zloty(1234)).map(|refund| &*refund.name).collect();
            assert_eq!((unmet, card.due_back()), (failed, due), "{refunds:?}");
            let in_the_dashboard = card.sum(Done) + 7;
            let more = OrderCard { back: MoneyBack { refunded: in_the_dashboard, ..MoneyBack::default() }, ..card };
            assert_eq!(more.due_back(), due + 7, "{refunds:?}");
        }
    }

    #[test]
    fn what_is_given_back_outside_stripe_is_not_given_back_again() {
        use OrderState::{Paid, PendingPayment, Refunded, Refunding, Shipped};
        let (_, paid) = settled(PendingPayment, payment(), &said(Progress::Succeeded, 0), NOW);
        let refund = |name: &str, state| Refund { state, ..Refund::new(name.to_owned(), 1000, RefundReason::Duplicate, NOW) };
        let refunds = [refund("one", RefundState::Done), refund("two", RefundState::Failed), refund("three", RefundState::Failed)];
        let back = MoneyBack { refunded: 34, came_back: 2000, ..MoneyBack::default() };
        let card = OrderCard { refunds: vec![refunds[1].clone(), refunds[2].clone()], back, ..paid };
        assert_eq!(card.left(zloty(1234)), 1200);
        for wrong in [0, 1201] {
            assert!(card.with_refund_outside(zloty(1234), wrong).is_err(), "{wrong}");
        }
        let part = card.with_refund_outside(zloty(1234), 1000).unwrap();
        assert_eq!((part.back.given(), part.left(zloty(1234)), part.has_failed_refund(zloty(1234))), (1034, 200, false));
        assert!(part.refunds.iter().all(|refund| refund.state == RefundState::MadeOutside));
        let again = said(Progress::Succeeded, 34);
        let again = Settlement { back: MoneyBack { came_back: 2000, ..again.back }, ..again };
        assert_eq!(settled(Refunding, part.clone(), &again, NOW), (Refunding, part.clone()), "Stripe says nothing new");
        assert_eq!([Paid, Refunding, Shipped].map(|state| part.after_refunds(state, zloty(1234))), [Refunding, Refunding, Shipped]);
        let all = part.with_refund_outside(zloty(1234), 200).unwrap();
        assert_eq!((all.left(zloty(1234)), all.after_refunds(Refunding, zloty(1234))), (0, Refunded));
        // What failed before another refund was made had been made up for.
        let mixed = OrderCard { refunds: vec![refunds[1].clone(), refunds[0].clone(), refunds[2].clone()], ..card };
        assert_eq!(mixed.owed(zloty(1234)), 234, "no more than was paid");
        let mixed = mixed.with_refund_outside(zloty(1234), 234).unwrap();
        assert_eq!(
            mixed.refunds.iter().map(|refund| refund.state).collect::<Vec<_>>(),
            [RefundState::Failed, RefundState::Done, RefundState::MadeOutside]
        );
    }

    #[test]
    fn a_part_that_is_given_back_outside_stripe_leaves_the_rest_owed() {
        use RefundState::{Asked, Done, Failed, MadeOutside};
        let at = |minute: u64| NOW + Duration::from_secs(60 * minute);
        let (_, paid) = settled(OrderState::PendingPayment, payment(), &said(Progress::Succeeded, 0), NOW);
        let refund = |(amount, state, requested, failed): (u64, RefundState, u64, Option<u64>)| Refund {
            state,
            failed_at: failed.map(at),
            ..Refund::new(requested.to_string(), amount, RefundReason::Duplicate, at(requested))
        };
        for (refunds, owed) in [
            (vec![(100, Failed, 0, Some(1))], 100),
            (vec![(100, Failed, 0, Some(3)), (50, Failed, 1, Some(3))], 150),
            // Asked for again in vain.
            (vec![(100, Failed, 0, Some(1)), (100, Failed, 2, Some(3))], 100),
            (vec![(100, Failed, 0, Some(1)), (100, Asked, 2, None)], 100),
            (vec![(100, Done, 0, None), (50, Failed, 1, Some(2))], 50),
            (vec![(100, Failed, 0, Some(1)), (50, Done, 2, None), (30, Failed, 3, Some(4))], 30),
            (vec![(100, Failed, 0, Some(1)), (100, Done, 2, None)], 0),
        ] {
            let card = OrderCard { refunds: refunds.iter().copied().map(refund).collect(), ..paid.clone() };
            assert_eq!(card.owed(zloty(1234)), owed, "{refunds:?}");
            if owed == 0 {
                continue;
            }
            let part = card.with_refund_outside(zloty(1234), owed - 10).unwrap();
            assert_eq!((part.owed(zloty(1234)), part.has_failed_refund(zloty(1234))), (10, true), "{refunds:?}");
            assert_eq!(card.due_back() - part.due_back(), owed - 10, "it is not given back at Stripe, too: {refunds:?}");
            for rest in [10, 200] {
                let all = part.with_refund_outside(zloty(1234), rest).unwrap();
                assert_eq!((all.owed(zloty(1234)), all.has_failed_refund(zloty(1234))), (0, false), "{refunds:?}");
                assert_eq!((all.back.outside, all.failed_outside()), (owed - 10 + rest, 0), "{refunds:?}");
                assert!(all.refunds.iter().any(|refund| refund.state == MadeOutside), "{refunds:?}");
            }
        }
    }

    /// Returns a payment that differs from the request.
    fn wrong(progress: Progress) -> [(Settlement, Mismatch); 5] {
        let good = said(progress, 0);
        [
            (Settlement { customer: Some("cus_2".to_owned()), ..good.clone() }, Mismatch::Customer),
            (Settlement { customer: None, ..good.clone() }, Mismatch::Customer),
            (Settlement { asked: Some(zloty(1)), received: good.received.min(1), ..good.clone() }, Mismatch::Amount),
            (Settlement { asked: Some(Money::new(1234, Currency::Gbp).unwrap()), ..good.clone() }, Mismatch::Amount),
            (Settlement { asked: None, ..good }, Mismatch::Amount),
        ]
    }

    #[test]
    fn what_was_not_asked_for_is_given_back_once_and_ends_the_order() {
        use OrderState::{Cancelled, Expired, Paid, PendingPayment};
        for (wrong, mismatch) in wrong(Progress::Succeeded) {
            for (state, end) in [(PendingPayment, Cancelled), (Expired, Expired), (Cancelled, Cancelled)] {
                let (ended, card) = settled(state, payment(), &wrong, NOW);
                let asked: Vec<u64> = card.refunds.iter().map(|refund| refund.amount).collect();
                assert_eq!((ended, card.paid_at, card.owes(), asked), (end, None, true, vec![wrong.received]), "{wrong:?}");
                let given = card.with_answer(AFTER_THE_END, RefundState::Done, Some("re_1".to_owned()));
                let back = MoneyBack { refunded: wrong.received, ..MoneyBack::default() };
                let (ended, card) = settled(ended, given, &Settlement { back, ..wrong.clone() }, NOW);
                assert_eq!((ended, card.owes(), card.refunds.len(), card.is_wrong), (end, false, 1, true), "{wrong:?}");
            }
            assert_eq!(payment().after(Paid, zloty(1234), &wrong, NOW), Err(mismatch), "what was paid stays so");
        }
        for (wrong, _) in wrong(Progress::Cancelled) {
            assert_eq!(settled(PendingPayment, payment(), &wrong, NOW + PAYABLE).0, Expired, "nobody can pay it any more");
        }
    }

    #[test]
    fn another_payment_changes_nothing() {
        let other = (Settlement { intent: "pi_2".to_owned(), ..said(Progress::Succeeded, 0) }, Mismatch::Intent);
        for (wrong, expected) in wrong(Progress::Open).into_iter().chain([other]) {
            assert_eq!(payment().after(OrderState::PendingPayment, zloty(1234), &wrong, NOW), Err(expected), "{wrong:?}");
        }
        let former = Settlement { intent: "pi_0".to_owned(), ..said(Progress::Cancelled, 0) };
        for card in [payment(), payment().anew()] {
            let same = (OrderState::PendingPayment, card.clone());
            assert_eq!(card.after(OrderState::PendingPayment, zloty(1234), &former, NOW + PAYABLE), Ok(same));
        }
    }
}
