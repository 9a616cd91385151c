//! Orders that staff have to look at: their payment is disputed, or money that was to be given back is not.
//!
//! An alert is written and deleted in the transactions of its order. It ends by itself after a month, because nothing tells that staff have
//! dealt with a dispute that is lost, or have given the money back in another way.

use std::time::Duration;

use accounts::user;
use kernel::{
    Time,
    id::{OrderId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::{
    card::{RefundReason, RefundState},
    order::Order,
};

/// How long an alert is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Why staff have to look at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// Its payment is disputed at the bank, or the payer has won that.
    Disputed,
    /// The last refund was refused by the buyer's bank, or an automatic one by Stripe.
    RefundFailed,
}

impl Alert {
    /// All of them.
    const ALL: [Self; 2] = [Self::Disputed, Self::RefundFailed];

    /// Its name in keys and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disputed => "disputed",
            Self::RefundFailed => "refund_failed",
        }
    }

    fn partition(self) -> String {
        format!("ORDER_ALERTS#{}", self.as_str())
    }

    fn is_of(self, order: &Order) -> bool {
        let Some(card) = &order.card else { return false };
        match self {
            Self::Disputed => card.back.disputed,
            Self::RefundFailed => card.refunds.last().is_some_and(|refund| match refund.state {
                RefundState::Failed => true,
                // Whoever has asked for another one knows the answer.
                RefundState::Refused => refund.reason == RefundReason::OrderEnded,
                RefundState::Asked | RefundState::Done => false,
            }),
        }
    }
}

/// An order that staff have to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAlert {
    alert: Alert,
    /// The order.
    pub order: OrderId,
    /// Its buyer.
    pub user: UserId,
    until: Time,
}

impl OrderAlert {
    fn key_of(alert: Alert, order: OrderId) -> Key {
        Key::new(alert.partition(), order.to_string())
    }
}

impl Item for OrderAlert {
    const KIND: &'static str = "order_alert";
    const ABOUT: About =
        About::at("ORDER_ALERTS#{alert}", "{order}", Personal::Withheld("that staff look at an order, which says why")).owned().expires();
    fn key(&self) -> Key {
        Self::key_of(self.alert, self.order)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, user::owned(self.user, &self.key()))]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Adds the alerts that begin and end with a change of an order to its transaction.
pub(crate) fn follow(tx: &mut Tx, before: &Order, after: &Order, now: Time) {
    for alert in Alert::ALL {
        match (alert.is_of(before), alert.is_of(after)) {
            (false, true) => {
                tx.put_always(&OrderAlert { alert, order: after.id, user: after.user, until: now + KEPT });
            }
            (true, false) => {
                tx.delete(OrderAlert::key_of(alert, after.id));
            }
            _ => {}
        }
    }
}

/// The next alerts of a kind after this order, the oldest order first, and the order after which the next page begins. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(
    table: &Table,
    alert: Alert,
    now: Time,
    after: Option<OrderId>,
    limit: u32,
) -> Result<(Vec<OrderAlert>, Option<OrderId>), StoreError> {
    let range = Range::of(alert.partition()).limit(limit);
    let range = after.into_iter().fold(range, |range, after| range.beyond(after.to_string()));
    let window = table.window::<OrderAlert>(range, Some(field("until").gt(now))).await?;
    Ok((window.items, window.reached.and_then(|order| order.parse().ok())))
}
