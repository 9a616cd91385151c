//! The operations of staff on orders.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use commerce::{
    alert::{self, Alert},
    machine::{By, OrderState},
    order::{Order, history, in_this_state},
    order_writes::advance,
};
use kernel::{
    Kind, PAGE,
    id::{OrderId, UserId},
    page_limit,
};
use serde::{Deserialize, Serialize};
use store::{Key, Page, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Path, Problems, Query, Reason, RequestId};

use crate::{State as Shop, shown::CustomerOrder};

/// Which orders are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrdersQuery {
    /// The state of the orders. Default: `placed`.
    #[param(value_type = OrderState, inline, required = false)]
    state: Option<OrderState>,
    /// Lists the orders with this alert instead, in every state: those of the last month, and failed refunds until the money is given back.
    #[param(value_type = Alert, inline, required = false)]
    alert: Option<Alert>,
    /// Lists the orders of this buyer, in every state, instead.
    #[param(value_type = UserId, inline, required = false)]
    user: Option<UserId>,
    /// Maximum number of items in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the first page is returned.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub struct CustomerOrderList {
    /// The orders: those of one buyer with the newest first, others with the oldest first.
    items: Vec<CustomerOrder>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the orders of everybody in one state, or with one alert, the oldest first; or all orders of one buyer, the newest first. For
/// administrators.
///
/// AWS calls: the caller and their roles in one; a query; with `alert` a batch of the orders, if there are any.
#[utoipa::path(get, path = "/v1/admin/orders", params(OrdersQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = CustomerOrderList), Problems))]
pub async fn list_all_orders(
    State(s): State<Shop>,
    caller: Staff<Administrator>,
    Query(query): Query<OrdersQuery>,
) -> Result<Json<CustomerOrderList>, Error> {
    let (limit, state, me) = (page_limit(query.limit, PAGE)?, query.state.unwrap_or(OrderState::Placed), caller.member.user.id);
    let cursors = s.sealer.cursors(match (query.alert, query.user) {
        (Some(alert), _) => format!("orders for {me} because of {}", alert.as_str()),
        (None, Some(user)) => format!("orders for {me} of {user}"),
        (None, None) => format!("orders for {me} that are {}", state.as_str()),
    });
    let after = cursors.open::<OrderId>(query.cursor.as_deref())?;
    let (orders, next) = match (query.alert, query.user) {
        (Some(alert), _) => alerted(&s, alert, after, limit).await?,
        (None, Some(user)) => with_next(history(&s.table, user, after, limit).await?),
        (None, None) => with_next(in_this_state(&s.table, state, after, limit).await?),
    };
    Ok(Json(CustomerOrderList { items: orders.into_iter().map(Into::into).collect(), next_cursor: cursors.next(next)? }))
}

/// A page of orders, and the order after which the next page begins.
type Orders = (Vec<Order>, Option<OrderId>);

fn with_next(page: Page<Order>) -> Orders {
    let next = page.last().map(|order| order.id);
    (page.items, next)
}

/// Returns the orders with this alert.
async fn alerted(s: &Shop, alert: Alert, after: Option<OrderId>, limit: u32) -> Result<Orders, StoreError> {
    let (alerts, next) = alert::page(&s.table, alert, s.sys.now(), after, limit).await?;
    if alerts.is_empty() {
        return Ok((Vec::new(), next));
    }
    let keys: Vec<Key> = alerts.iter().map(|alert| Order::key_of(alert.user, alert.order)).collect();
    let mut found = s.table.get_many(keys.clone()).await?;
    let orders = keys.iter().filter_map(|key| found.take::<Order>(key).transpose()).collect::<Result<_, _>>()?;
    Ok((orders, next))
}

/// An order of somebody, in a path.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct OrderPath {
    user: UserId,
    order: OrderId,
}

/// The requested state of an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeState {
    /// The next state.
    state: OrderState,
}

/// Moves an order to its next state. For administrators with a recent proof by a second factor.
///
/// A placed order can be shipped or cancelled. A paid order can be shipped, even after a partial refund, unless it is disputed or a refund
/// is in progress. A shipped order can be delivered or returned, and a delivered order can be returned. `cancelled` and `returned` require
/// a `Reason`. Administrators can also change the state of their own orders: no step refunds money, and the audit records who made it.
///
/// AWS calls: the caller and their roles in one; a read; a transaction.
#[utoipa::path(put, path = "/v1/admin/orders/{user}/{order}/state", request_body = ChangeState,
    params(("user" = UserId, Path, description = "The buyer."), ("order" = OrderId, Path, description = "The order.")),
    extensions(("x-problems" = json!(["not_found", "order_state", "order_held", "conflict"]))),
    responses((status = 200, body = CustomerOrder), Problems))]
pub async fn change_order_state(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    reason: Option<Reason>,
    Path(OrderPath { user, order }): Path<OrderPath>,
    Json(ChangeState { state }): Json<ChangeState>,
) -> Result<Json<CustomerOrder>, Error> {
    let me = caller.member.user.id;
    let reason = Reason::if_asked(reason, matches!(state, OrderState::Cancelled | OrderState::Returned))?;
    let order = s.table.get::<Order>(Order::key_of(user, order)).await?.ok_or(Kind::NotFound)?;
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::OrderChanged, user);
    let entry = entry.changed("order", order.id, order.id).changed("state", order.state, state).because(reason);
    let changed = advance(&s.table, &s.sys, &order, (state, By::Staff), |tx| {
        s.audit.add(tx, &entry);
        Some(staff::require(tx, me, Role::Administrator))
    });
    let changed = changed.await?;
    tracing::info!(order.id = %changed.id, actor.id = %me, state = state.as_str(), "an order was changed by staff");
    Ok(Json(changed.into()))
}
