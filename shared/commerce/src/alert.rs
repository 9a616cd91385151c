//! Alerts of orders, which staff have to check: the payment is disputed, a refund failed, or the payment differs from the request or came
//! after the end of the order. They are in one list with the alerts of other payments ([`payments::alert`]).

use kernel::{
    Time,
    id::{OrderId, UserId},
};
use money::Money;
pub use payments::alert::Alert;
use payments::{
    PaidFor,
    alert::{self, FailedRefund, PaymentAlert, Watched},
};
use store::{StoreError, Table, Tx};

use crate::{machine::OrderState, order::Order};

fn is_of(alert: Alert, order: &Order) -> bool {
    let Some(card) = &order.card else { return false };
    match alert {
        Alert::Disputed => card.back.disputed,
        Alert::RefundFailed => card.has_failed_refund(order.total),
        Alert::WrongPayment => card.is_wrong,
        Alert::LatePayment => matches!(order.state, OrderState::Expired | OrderState::Cancelled) && card.paid_at.is_some(),
    }
}

/// An order that staff have to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderAlert {
    /// The order.
    pub order: OrderId,
    /// Its buyer.
    pub user: UserId,
}

impl OrderAlert {
    fn of(alert: &PaymentAlert) -> Option<Self> {
        let PaidFor::Order(order) = alert.payment.paid_for else { return None };
        Some(Self { order, user: alert.payment.user? })
    }
}

/// Adds the alerts that begin and end with a change of an order to its transaction.
pub(crate) fn follow(tx: &mut Tx, before: &Order, after: &Order, now: Time) {
    let intent = after.card.as_ref().and_then(|card| card.intent.clone());
    let payment = Watched { paid_for: PaidFor::Order(after.id), user: Some(after.user), amount: after.total, intent };
    let failed = |order: &Order| {
        let (came_back, owed) = order.card.as_ref().map_or((0, 0), |card| (card.back.came_back, card.owed(order.total)));
        FailedRefund { came_back, owed: Money::new(owed, order.total.currency()).ok(), not_allowed: false }
    };
    alert::follow(tx, now, &payment, (failed(before), failed(after)), |alert| (is_of(alert, before), is_of(alert, after)));
}

/// Returns the next alerts of a kind after this order, the oldest order first, and the order after which the next page begins. One query.
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
    let (alerts, reached) = alert::page_of_orders(table, alert, now, after, limit).await?;
    Ok((alerts.iter().filter_map(OrderAlert::of).collect(), reached.and_then(|order| order.parse().ok())))
}
