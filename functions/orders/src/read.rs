//! The caller's own orders.

use axum::extract::State;
use callers::{Member, MemberWith};
use commerce::{
    machine::{By, OrderState},
    order::{Order, history},
    order_writes::{Written, advance, write},
};
use kernel::{Kind, Problem, id::OrderId};
use serde::Serialize;
use store::limits;
use stripe_api::close;
use utoipa::ToSchema;
use web::{Error, Json, PageQuery, Problems, Query};

use crate::{
    State as Shop,
    payment::{CHECKS, refreshed},
    shown::OrderInfo,
};

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

/// Returns one of the caller's orders. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the current
/// state even if Stripe's webhook is late.
///
/// AWS calls: the caller and the order in one; while it is not paid also a counter, one or two requests to Stripe, a read, and a
/// transaction if the state has changed.
#[utoipa::path(get, path = "/v1/orders/{order}", params(("order" = OrderId, Path, description = "The order.")),
    extensions(("x-problems" = json!(["not_found", "too_many_requests", "unavailable", "conflict"])), ("x-limits" = json!([CHECKS]))),
    responses((status = 200, body = OrderInfo), Problems))]
pub async fn get_order(State(s): State<Shop>, caller: MemberWith<Order>) -> Result<Json<OrderInfo>, Error> {
    let order = caller.resource.ok_or(Kind::NotFound)?;
    if order.is_pending() {
        limits::take(&s.table, s.sys.now(), &[CHECKS.of(order.user)]).await?;
    }
    Ok(Json(refreshed(&s, order).await?.into()))
}

/// Cancels one of the caller's orders that is not shipped yet and, if it is by card, not paid. Its products are in stock again. The payment
/// of an order by card is cancelled at Stripe first; while the bank decides about it the order does not change.
///
/// AWS calls: the caller and the order in one; a transaction. By card also a counter, another transaction, a read, and two requests to
/// Stripe.
#[utoipa::path(post, path = "/v1/orders/{order}/cancellation", params(("order" = OrderId, Path, description = "The order.")),
    extensions(
        ("x-problems" = json!(["not_found", "order_state", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([CHECKS])),
    ),
    responses((status = 200, body = OrderInfo), Problems))]
pub async fn cancel_order(State(s): State<Shop>, caller: MemberWith<Order>) -> Result<Json<OrderInfo>, Error> {
    let order = caller.resource.ok_or(Kind::NotFound)?;
    let cancelled = if order.is_pending() {
        limits::take(&s.table, s.sys.now(), &[CHECKS.of(order.user)]).await?;
        cancelled_at_stripe(&s, &order).await?
    } else {
        advance(&s.table, &s.sys, &order, (OrderState::Cancelled, By::Buyer), |_| None).await?
    };
    tracing::info!(order.id = %cancelled.id, "an order was cancelled by its buyer");
    Ok(Json(cancelled.into()))
}

/// Cancels an order that is not paid. The intention is stored first, so that the next reading of the order continues if this invocation
/// ends early.
async fn cancelled_at_stripe(s: &Shop, order: &Order) -> Result<Order, Problem> {
    let Some(card) = &order.card else { return Err(order.stays()) };
    let cancelling = order.with_card(card.cancelled(s.sys.now()));
    let order = match write(&s.table, &s.sys, order, &cancelling, None).await? {
        Written::Now(order) => close(&s.table, &s.sys, &s.stripe, *order).await?,
        Written::Outdated(Some(_)) => return Err(Kind::Conflict.because("the order has changed meanwhile")),
        Written::Outdated(None) | Written::Refused => return Err(Kind::NotFound.into()),
    };
    // It was paid in the meantime, and perhaps refunded since.
    let is_paid = order.card.as_ref().is_some_and(|card| card.paid_at.is_some());
    if is_paid { Err(order.stays()) } else { Ok(order) }
}
