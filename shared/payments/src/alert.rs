//! Alerts: payments that staff have to check, because they are disputed, a refund failed, or the payment differs from the request or came
//! after the end of its order. There is one list for donations, plans and orders.
//!
//! An alert is written and deleted in the transactions of the paid object, or of the [`crate::PaymentRemoval`] that Stripe refuses. That of
//! a failed refund stays until the money is given back at Stripe, or staff say that they have given it back outside. The others expire
//! after a month, because the system cannot know when staff have dealt with them.

use std::time::Duration;

use accounts::user;
use kernel::{
    FieldError, Id as _, Kind, Problem, Time,
    id::{OrderId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Cond, Index, Item, Key, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::{ClosedRemoval, PaidFor, PaymentRemoval, settlement::same};

/// How long an alert is kept, except that of a failed refund.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// The shortest time between two versions of an alert.
const TICK: Duration = Duration::from_millis(1);

/// Why staff have to check a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// The payment is disputed, or the payer has won a dispute.
    Disputed,
    /// The payer's bank refused a refund of an order, or the automatic refund of a donation or a plan, or Stripe refuses an automatic
    /// refund, and no later refund has succeeded, nor have staff given the money back outside Stripe.
    RefundFailed,
    /// The amount, the currency or the payer differs from the request, because somebody has changed the payment at Stripe. It is refunded,
    /// and the paid object has ended.
    WrongPayment,
    /// The payment of an order came after its end, and is given back.
    LatePayment,
}

impl Alert {
    /// All alerts.
    const ALL: [Self; 4] = [Self::Disputed, Self::RefundFailed, Self::WrongPayment, Self::LatePayment];

    /// Returns its name in keys and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disputed => "disputed",
            Self::RefundFailed => "refund_failed",
            Self::WrongPayment => "wrong_payment",
            Self::LatePayment => "late_payment",
        }
    }

    fn partition(self) -> String {
        format!("PAYMENT_ALERTS#{}", self.as_str())
    }

    /// Returns whether it ends by itself. The payer is owed the money of a failed refund until it is given back.
    const fn expires(self) -> bool {
        !matches!(self, Self::RefundFailed)
    }
}

/// A payment that may have alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// What it is for.
    pub paid_for: PaidFor,
    /// Who pays. `None` in the alert of a removal, which names nobody.
    #[serde(default)]
    pub user: Option<UserId>,
    /// The requested amount.
    pub amount: Money,
    /// Stripe's id of the payment.
    pub intent: Option<String>,
}

/// What the alert of a failed refund says. If it is something else, the alert gets a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedRefund {
    /// The amount of refunds that have come back.
    pub came_back: u64,
    /// What is owed in the currency that was paid, without what staff have given back outside Stripe. `None` if that currency is not used
    /// here. Of an order it is in minor units of what was paid, with the currency of the order.
    pub owed: Option<Money>,
    /// Whether Stripe was not allowed to make it with the secret key of this system.
    pub not_allowed: bool,
}

impl FailedRefund {
    /// Returns the condition that the stored alert of a [`crate::PaymentRemoval`] says something else. That of an earlier state of the
    /// payment must not replace that of a later one.
    pub(crate) fn is_news(self) -> Cond {
        let (more, as_much) = (field("came_back").lt(self.came_back), || field("came_back").eq(self.came_back));
        let more = more.or(as_much().and(same("not_allowed", !self.not_allowed)));
        match self.owed {
            Some(owed) => more.or(as_much().and(field("owed").ne(owed))),
            None => more,
        }
    }
}

/// The item of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAlert {
    alert: Alert,
    /// The payment.
    pub payment: Watched,
    /// When the alert began, more money has come back, or another amount is owed.
    pub since: Time,
    /// What is owed after a failed refund, if that is known ([`FailedRefund::owed`]).
    #[serde(default)]
    pub owed: Option<Money>,
    /// Why a refund has failed, if the alert is that of a [`crate::PaymentRemoval`]: see [`FailedRefund::not_allowed`].
    #[serde(default)]
    pub not_allowed: bool,
    /// The payer, if the alert is that of a [`crate::PaymentRemoval`] and their account is not being deleted. What is given back is shown to
    /// them.
    #[serde(default)]
    pub payer: Option<UserId>,
    /// Stripe's id of the payment, if the alert is that of a [`crate::PaymentRemoval`].
    #[serde(default)]
    removal: Option<String>,
    /// The amount of refunds that had come back by then, if the alert is that of a [`crate::PaymentRemoval`].
    #[serde(default)]
    came_back: u64,
}

impl PaymentAlert {
    /// Returns the alert that Stripe refuses the refund of the payment `intent`, which is not kept, or that it has come back. `asked` is
    /// what it was for, and the requested amount.
    pub(crate) fn of_refused_refund(
        intent: &str,
        (paid_for, amount): (PaidFor, Money),
        failed: FailedRefund,
        payer: Option<UserId>,
        now: Time,
    ) -> Self {
        let payment = Watched { paid_for, user: None, amount, intent: Some(intent.to_owned()) };
        let (FailedRefund { came_back, owed, not_allowed }, removal) = (failed, Some(intent.to_owned()));
        Self { alert: Alert::RefundFailed, payment, since: now, owed, not_allowed, payer, removal, came_back }
    }

    /// Returns the key of the alert that a refund has failed: see [`Self::of_failed_refund`].
    pub(crate) fn key_of_failed_refund(payment: &str) -> Key {
        Key::new(Alert::RefundFailed.partition(), payment.to_owned())
    }

    /// Returns the alert that a refund has failed, if there is one: that of a donation, a plan or an order by its id, and that of a payment
    /// that is not kept by Stripe's id. One read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_failed_refund(table: &Table, payment: &str) -> Result<Option<Self>, StoreError> {
        table.get(Self::key_of_failed_refund(payment)).await
    }

    /// Returns the version of the alert. It is another one when more money has come back, or another amount is owed.
    #[must_use]
    pub fn version(&self) -> u64 {
        u64::try_from(self.since.millis()).unwrap_or_default()
    }

    /// Adds to a transaction that the alert ends. Refused if it has ended, or has another version.
    pub(crate) fn end(&self, tx: &mut Tx) {
        tx.delete_when(self.key(), field("since").eq(self.since));
    }

    /// Adds to a transaction that this much is still owed: the alert stays, in another version. Refused if it has ended, or has another
    /// version.
    pub(crate) fn goes_on(&self, tx: &mut Tx, owed: Money, now: Time) {
        let next = Self { owed: Some(owed), since: now.max(self.since + TICK), ..self.clone() };
        tx.put(&next, field("since").eq(self.since));
    }

    /// Adds to a transaction that staff have given back outside Stripe this amount of a payment that is not kept: the [`PaymentRemoval`]
    /// and its alert end, and are not begun again unless more money comes back ([`ClosedRemoval`]). If only a part of what is owed was
    /// given back, both stay for the rest. Refused if the alert has ended or has another version, more money has come back than it says, or
    /// Stripe is being asked for a refund ([`PaymentRemoval::ask`]). One read.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] if the amount exceeds what is owed; [`kernel::Kind::Conflict`] if there is no removal any more; those of a
    /// [`StoreError`].
    pub async fn give_outside(&self, table: &Table, tx: &mut Tx, amount: Money, now: Time) -> Result<(), Problem> {
        let rest = self.owed.map(|owed| rest_of(owed, amount)).transpose()?.filter(|rest| rest.amount() > 0);
        let has_ended = || Kind::Conflict.because("the payment is not to be given back any more");
        let intent = self.removal.as_ref().ok_or_else(has_ended)?;
        let removal = table.get::<PaymentRemoval>(PaymentRemoval::key_of(intent)).await?.ok_or_else(has_ended)?;
        let outside = removal.outside.saturating_add(amount.amount());
        tx.put_always(&ClosedRemoval { intent: intent.clone(), came_back: self.came_back, outside, at: now });
        // More may have come back than the alert says: then the schedule gives the alert another version first.
        let no_more = field("came_back").absent().or(field("came_back").le(self.came_back));
        let is_open = no_more.and(PaymentRemoval::is_unasked());
        if let Some(rest) = rest {
            removal.give_part_outside(tx, amount.amount(), is_open);
            self.goes_on(tx, rest, now);
        } else {
            tx.delete_when(PaymentRemoval::key_of(intent), is_open);
            self.end(tx);
        }
        Ok(())
    }

    fn key_of(alert: Alert, paid_for: PaidFor) -> Key {
        Key::new(alert.partition(), paid_for.id())
    }
}

/// Returns what is left of an amount that is owed, after `given` of it was given back outside Stripe.
///
/// # Errors
/// [`kernel::Kind::Invalid`] if that is another currency, nothing, or more than what is owed.
pub fn rest_of(owed: Money, given: Money) -> Result<Money, Problem> {
    if given.currency() != owed.currency() {
        return Err(Problem::field("/amount/currency", FieldError::CURRENCY));
    }
    let out_of_range = || Problem::field("/amount/amount", FieldError::RANGE.with("min", 1).with("max", owed.amount()));
    let rest = owed.amount().checked_sub(given.amount()).filter(|_| given.amount() > 0).ok_or_else(out_of_range)?;
    Ok(Money::new(rest, owed.currency())?)
}

impl Item for PaymentAlert {
    const KIND: &'static str = "payment_alert";
    const ABOUT: About =
        About::at("PAYMENT_ALERTS#{alert}", "{payment}", Personal::Withheld("that staff look at a payment, which says why"))
            .owned()
            .may_expire();
    fn key(&self) -> Key {
        match &self.removal {
            Some(intent) => Key::new(self.alert.partition(), intent.clone()),
            None => Self::key_of(self.alert, self.payment.paid_for),
        }
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.payment.user.or(self.payer).map(|user| (Index::Owner, user::owned(user, &self.key()))).into_iter().collect()
    }
    fn expires(&self) -> Option<Time> {
        self.alert.expires().then(|| self.since + KEPT)
    }
}

/// Adds the alerts that begin and end with a change of a payment (`before`, `after`) to its transaction. `changes` has for each alert
/// whether it holds before and after the change.
pub fn follow(
    tx: &mut Tx,
    now: Time,
    payment: &Watched,
    (before, after): (FailedRefund, FailedRefund),
    changes: impl Fn(Alert) -> (bool, bool),
) {
    for alert in Alert::ALL {
        let (held, holds) = changes(alert);
        let is_new_version = before != after && holds && alert == Alert::RefundFailed;
        match (held && !is_new_version, holds) {
            (false, true) => {
                let owed = after.owed.filter(|_| alert == Alert::RefundFailed);
                let payment = payment.clone();
                let not_allowed = after.not_allowed;
                tx.put_always(&PaymentAlert { alert, payment, since: now, owed, not_allowed, payer: None, removal: None, came_back: 0 });
            }
            (true, false) => {
                tx.delete(PaymentAlert::key_of(alert, payment.paid_for));
            }
            _ => {}
        }
    }
}

/// Returns the next alerts of a kind after this position: of donations, then of orders, then of plans, each the oldest first, with those of
/// removals between or behind them. Also the position of the next page. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(
    table: &Table,
    alert: Alert,
    now: Time,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<PaymentAlert>, Option<String>), StoreError> {
    let range = Range::of(alert.partition()).limit(limit);
    window(table, alert, now, after.into_iter().fold(range, Range::beyond)).await
}

/// Like [`page`], for orders only.
///
/// # Errors
/// [`StoreError`]
pub async fn page_of_orders(
    table: &Table,
    alert: Alert,
    now: Time,
    after: Option<OrderId>,
    limit: u32,
) -> Result<(Vec<PaymentAlert>, Option<String>), StoreError> {
    let prefix = format!("{}_", OrderId::PREFIX);
    let low = after.map_or_else(|| prefix.clone(), |after| format!("{after}~"));
    window(table, alert, now, Range::of(alert.partition()).between(low, format!("{prefix}~")).limit(limit)).await
}

async fn window(table: &Table, alert: Alert, now: Time, range: Range) -> Result<(Vec<PaymentAlert>, Option<String>), StoreError> {
    let window = table.window::<PaymentAlert>(range, alert.expires().then(|| field("since").gt(now - KEPT))).await?;
    Ok((window.items, window.reached))
}
