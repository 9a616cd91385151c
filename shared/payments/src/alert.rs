//! Payments that staff have to look at: they are disputed, money that was to be given back is not, or something else was paid than what
//! was asked for. One list for donations, plans and orders.
//!
//! An alert is written and deleted in the transactions of what is paid. It ends by itself after a month, because nothing tells that staff
//! have dealt with a dispute that is lost, or have given the money back in another way.

use std::time::Duration;

use accounts::user;
use kernel::{
    Id as _, Time,
    id::{OrderId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::PaidFor;

/// How long an alert is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why staff have to look at a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// It is disputed at the bank, or the payer has won that.
    Disputed,
    /// The last refund of an order was refused by the buyer's bank, or an automatic one by Stripe.
    RefundFailed,
    /// Another amount, another currency or another payer than was asked for, because somebody has changed the payment at Stripe. It is
    /// given back, and what was to be paid has ended.
    WrongPayment,
}

impl Alert {
    /// All of them.
    const ALL: [Self; 3] = [Self::Disputed, Self::RefundFailed, Self::WrongPayment];

    /// Its name in keys and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disputed => "disputed",
            Self::RefundFailed => "refund_failed",
            Self::WrongPayment => "wrong_payment",
        }
    }

    fn partition(self) -> String {
        format!("PAYMENT_ALERTS#{}", self.as_str())
    }
}

/// A payment that staff may have to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// What is paid with it.
    pub paid_for: PaidFor,
    /// Who pays.
    pub user: UserId,
    /// How much was asked for.
    pub amount: Money,
    /// Stripe's id of it.
    pub intent: Option<String>,
}

/// A payment that staff have to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAlert {
    alert: Alert,
    /// The payment.
    pub payment: Watched,
    /// Since when.
    pub since: Time,
}

impl PaymentAlert {
    fn key_of(alert: Alert, paid_for: PaidFor) -> Key {
        Key::new(alert.partition(), paid_for.id())
    }
}

impl Item for PaymentAlert {
    const KIND: &'static str = "payment_alert";
    const ABOUT: About =
        About::at("PAYMENT_ALERTS#{alert}", "{payment}", Personal::Withheld("that staff look at a payment, which says why"))
            .owned()
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.alert, self.payment.paid_for)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, user::owned(self.payment.user, &self.key()))]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.since + KEPT)
    }
}

/// Adds the alerts that begin and end with a change of a payment to its transaction. `changes` tells of each whether it was so before, and
/// whether it is so afterwards.
pub fn follow(tx: &mut Tx, now: Time, payment: &Watched, changes: impl Fn(Alert) -> (bool, bool)) {
    for alert in Alert::ALL {
        match changes(alert) {
            (false, true) => {
                tx.put_always(&PaymentAlert { alert, payment: payment.clone(), since: now });
            }
            (true, false) => {
                tx.delete(PaymentAlert::key_of(alert, payment.paid_for));
            }
            _ => {}
        }
    }
}

/// The next alerts of a kind behind the one with this id: of donations, then of orders, then of plans, of each the oldest first; and
/// where the next page begins. One query.
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
    window(table, now, after.into_iter().fold(range, Range::beyond)).await
}

/// As [`page`], of orders alone.
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
    window(table, now, Range::of(alert.partition()).between(low, format!("{prefix}~")).limit(limit)).await
}

async fn window(table: &Table, now: Time, range: Range) -> Result<(Vec<PaymentAlert>, Option<String>), StoreError> {
    let window = table.window::<PaymentAlert>(range, Some(field("since").gt(now - KEPT))).await?;
    Ok((window.items, window.reached))
}
