//! Placing an order.

use axum::extract::State;
use callers::MemberWith;
use commerce::{
    order::PaymentMethod,
    place::{Placing, Wish, is_placed, place},
};
use http::HeaderMap;
use money::Money;
use payments::{CAPTCHAS, Customer, FROM_NETWORK, PAYMENTS};
use serde::Deserialize;
use store::limits::{HOUR, Quota};
use utoipa::ToSchema;
use web::{Client, Created, Error, IdempotencyKey, Json, Problems};

use crate::{
    State as Shop,
    payment::{payable, tries},
    shown::OrderInfo,
};

/// The limit on orders of one person, because each reserves products before it is paid.
pub const ORDERS: Quota = Quota::window("orders", 20, HOUR, "orders that a person places");

/// A request to order the content of the caller's cart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// How it is paid.
    payment_method: PaymentMethod,
    /// The total of the cart that the caller has seen. If the current total is different, the order is refused.
    total: Money,
    /// By card: the token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is
    /// away any text will do: the answer is `proof_of_work_required` then.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

/// Orders the content of the caller's cart. The recipient is the name, the phone number and the main address of the account.
///
/// An order by card has to be paid within fifteen minutes: the browser pays it with Stripe's script and the `client_secret`, and it counts
/// as paid when Stripe says so. After three refused cards a captcha is required, if this deployment uses captchas, and a proof
/// of work while their service does not answer.
///
/// An account can have ten orders in cash that are not shipped yet.
///
/// Either the whole cart is ordered or nothing. The same `Idempotency-Key` with the same body gets the same order for 24 hours. Afterwards
/// the cart is empty, or has the content that was saved at the checkout.
///
/// AWS calls: the caller and their customer in one; a batch of the key, the cart, the addresses and the counters; a batch of the products;
/// a transaction. The last three are repeated after a concurrent change. By card also a read of the key, and with captchas a batch read; a
/// transaction that adds the payment; with the first payment of a person a read, a transaction and an update of the customer. One to four
/// requests to Stripe.
#[utoipa::path(post, path = "/v1/orders", request_body = PlaceOrder,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(
        ("x-problems" = json!(["idempotency_key_required", "captcha_required", "proof_of_work_required", "idempotency_key_reused", "order_incomplete", "out_of_stock", "prices_changed", "orders_open", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([ORDERS, PAYMENTS, FROM_NETWORK, CAPTCHAS])),
    ),
    responses((status = 201, body = OrderInfo), Problems))]
pub async fn place_order(
    State(s): State<Shop>,
    caller: MemberWith<Customer>,
    client: Client,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    Json(PlaceOrder { payment_method, total, captcha }): Json<PlaceOrder>,
) -> Result<Created<OrderInfo>, Error> {
    let user = &caller.member.user;
    let (by_card, network, now) = (payment_method == PaymentMethod::Card, client.network(), s.sys.now());
    let tries = tries(user, &network);
    let limits = [ORDERS.of(user.id)].into_iter().chain(tries.iter().filter(|_| by_card).cloned()).collect();
    let placing = Placing { user, wish: Wish { payment_method, total }, key: &key, network, limits };
    if by_card && !is_placed(&s.table, now, &placing).await? {
        s.gate.check(&s.table, now, user.id, (&client.0, &headers), captcha.as_deref()).await?;
    }
    let order = place(&s.table, &s.sys, &placing).await?;
    tracing::info!(order.id = %order.id, "an order was placed");
    let location = format!("/v1/orders/{}", order.id);
    Ok(Created(location, payable(&s, user, caller.resource, order, &tries).await?))
}
