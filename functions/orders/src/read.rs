//! The caller's own orders.

use axum::extract::State;
use callers::{Member, MemberWith};
use commerce::{
    machine::{By, OrderState},
    order::{Order, advance, history},
};
use kernel::{Kind, id::OrderId};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, PageQuery, Problems, Query};

use crate::{State as Shop, shown::OrderInfo};

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub struct OrderList {
    /// The orders, the newest first.
    items: Vec<OrderInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's orders, the newest first.
///
/// AWS calls: the caller; a query.
#[utoipa::path(get, path = "/v1/orders", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = OrderList), Problems))]
pub async fn list_orders(State(s): State<Shop>, caller: Member, Query(page): Query<PageQuery>) -> Result<Json<OrderList>, Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let cursors = s.sealer.cursors(format!("orders of {me}"));
    let after = cursors.open::<OrderId>(page.cursor())?;
    let found = history(&s.table, me, after, limit).await?;
    let next_cursor = cursors.next(found.last().map(|order| order.id))?;
    Ok(Json(OrderList { items: found.items.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Shows one of the caller's orders.
///
/// AWS calls: the caller and the order in one.
#[utoipa::path(get, path = "/v1/orders/{order}", params(("order" = OrderId, Path, description = "The order.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = OrderInfo), Problems))]
pub async fn get_order(caller: MemberWith<Order>) -> Result<Json<OrderInfo>, Error> {
    Ok(Json(caller.resource.ok_or(Kind::NotFound)?.into()))
}

/// Cancels one of the caller's orders that is not shipped yet. Its products are in stock again.
///
/// AWS calls: the caller and the order in one; a transaction.
#[utoipa::path(post, path = "/v1/orders/{order}/cancellation", params(("order" = OrderId, Path, description = "The order.")),
    extensions(("x-problems" = json!(["not_found", "order_state", "conflict"]))),
    responses((status = 200, body = OrderInfo), Problems))]
pub async fn cancel_order(State(s): State<Shop>, caller: MemberWith<Order>) -> Result<Json<OrderInfo>, Error> {
    let order = caller.resource.ok_or(Kind::NotFound)?;
    let cancelled = advance(&s.table, s.sys.now(), &order, (OrderState::Cancelled, By::Buyer), |_| None).await?;
    tracing::info!(order.id = %cancelled.id, "an order is cancelled by its buyer");
    Ok(Json(cancelled.into()))
}
