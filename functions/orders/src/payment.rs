//! Paying an order by card.

use accounts::user::User;
use axum::extract::State;
use callers::MemberWith;
use commerce::{
    order::Order,
    order_writes::{Written, write},
};
use http::HeaderMap;
use kernel::{Kind, Problem, id::OrderId};
use payments::{CAPTCHAS, Customer, FROM_NETWORK, PAYMENTS, PaidFor, Progress};
use serde::Deserialize;
use store::limits::{self, HOUR, Limit, Quota};
use stripe_api::{Failed, Payer, Payment, Settled, close, settle_for};
use utoipa::ToSchema;
use web::{Client, Error, Json, Problems};

use crate::{
    State as Shop,
    shown::{OrderInfo, OrderPayment},
};

/// The limit on readings and cancellations of unpaid orders, because each sends a request to Stripe.
pub const CHECKS: Quota = Quota::window("order_looks", 120, HOUR, "looks at orders that are not paid, and cancellations").frequent();

/// Attempts after concurrent changes of the order.
const ROUNDS: u32 = 5;

/// Returns the limits on the payments that a person begins.
pub(crate) fn tries(user: &User, network: &str) -> [Limit; 2] {
    [PAYMENTS.of(user.id), FROM_NETWORK.of(network)]
}

/// Returns the order, with the secret to pay it if it is not paid. If it has no payment at Stripe, one is created, once. `customer` is the
/// buyer's customer as read, and `tries` has the limits on further payments.
pub(crate) async fn payable(
    s: &Shop,
    user: &User,
    customer: Option<Customer>,
    mut order: Order,
    tries: &[Limit],
) -> Result<OrderInfo, Problem> {
    for _ in 0..ROUNDS {
        let now = s.sys.now();
        let Some(card) = order.card.clone().filter(|_| order.is_payable(now)) else { return Ok(order.into()) };
        let Some(intent) = &card.intent else {
            let (current, begun) = with_payment(s, user, customer.clone(), order).await?;
            if let Some(payment) = begun {
                return Ok(shown(current, &payment));
            }
            order = current;
            continue;
        };
        let payment = match s.stripe.payment(intent).await {
            Ok(payment) if matches!(payment.state.progress, Progress::Open | Progress::Processing) => return Ok(shown(order, &payment)),
            Ok(payment) => Some(payment),
            Err(Failed::Gone) => None,
            Err(e) => return Err(e.into()),
        };
        if payment.is_some_and(|payment| payment.state.progress == Progress::Succeeded) {
            order = refreshed(s, order).await?;
            continue;
        }
        // Stripe has cancelled it by itself.
        limits::take(&s.table, now, tries).await?;
        order = match write(&s.table, &s.sys, &order, &order.with_card(card.anew()), None).await? {
            Written::Now(now) | Written::Outdated(Some(now)) => *now,
            Written::Outdated(None) | Written::Refused => return Err(Kind::NotFound.into()),
        };
    }
    Err(Kind::Conflict.because("concurrent requests changed the order each time"))
}

fn shown(order: Order, payment: &Payment) -> OrderInfo {
    let secret = payment.client_secret.expose().clone();
    let mut info = OrderInfo::from(order);
    info.payment = info.payment.map(|payment| OrderPayment { client_secret: Some(secret), ..payment });
    info
}

/// Creates the payment of an order at Stripe and adds it to the order. Returns no payment if the order has changed meanwhile. If the order
/// has ended or has another payment by now, the new one is cancelled.
async fn with_payment(s: &Shop, user: &User, customer: Option<Customer>, order: Order) -> Result<(Order, Option<Payment>), Problem> {
    let (Some(new), Some(card)) = (order.new_payment(), &order.card) else { return Ok((order, None)) };
    let payer = Payer { table: &s.table, sys: &s.sys, stripe: &s.stripe, user, customer };
    let (payment, id) = payer.begin_payment(&new).await?;
    let intent = payment.state.intent.clone();
    match write(&s.table, &s.sys, &order, &order.with_card(card.with_intent(intent.clone(), id)), None).await? {
        Written::Now(order) => Ok((*order, Some(payment))),
        // A concurrent request with the same key, or the webhook, has changed the order.
        Written::Outdated(current) => {
            let now = s.sys.now();
            let (is_own, has_none) = current.as_deref().map_or((false, false), |order| {
                let stored = order.card.as_ref().and_then(|card| card.intent.as_ref());
                (stored == Some(&intent), stored.is_none() && order.is_payable(now))
            });
            if !is_own && !has_none {
                s.stripe.end_payment(&intent).await?;
            }
            let order = current.map(|order| *order).ok_or(Kind::NotFound)?;
            let payment = Some(payment).filter(|_| is_own && order.is_payable(now));
            Ok((order, payment))
        }
        Written::Refused => Ok((order, None)),
    }
}

/// Returns the current order. If it is not paid, Stripe is asked about its payment first, and the order ends if its time is over.
pub(crate) async fn refreshed(s: &Shop, order: Order) -> Result<Order, Problem> {
    let Some(card) = order.card.as_ref().filter(|_| order.is_pending()) else { return Ok(order) };
    if card.end(s.sys.now()).is_some() {
        return Ok(close(&s.table, &s.sys, &s.stripe, order).await?);
    }
    let Some(intent) = card.intent.clone() else { return Ok(order) };
    Ok(match settle_for(&s.table, &s.sys, &s.stripe, &intent, (order.user, PaidFor::Order(order.id))).await? {
        Settled::Order(order) => *order,
        _ => order,
    })
}

/// Another attempt to pay an order.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayOrder {
    /// The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any
    /// text will do: the answer is `proof_of_work_required` then.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

/// Returns the secret to pay one of the caller's orders by card, for example in another tab. If Stripe has cancelled the payment, another
/// one is begun. After three refused cards a captcha is required, if this deployment uses captchas, and a proof of work while their service
/// does not answer.
///
/// AWS calls: the caller and the order in one; a counter; with captchas a batch read; a read of the caller's customer. If another payment
/// is begun also two counters and two transactions. One to four requests to Stripe.
#[utoipa::path(post, path = "/v1/orders/{order}/payment", params(("order" = OrderId, Path, description = "The order.")),
    request_body = Option<PayOrder>,
    extensions(
        ("x-problems" = json!(["captcha_required", "proof_of_work_required", "not_found", "order_state", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([CHECKS, PAYMENTS, FROM_NETWORK, CAPTCHAS])),
    ),
    responses((status = 200, body = OrderInfo), Problems))]
pub async fn pay_order(
    State(s): State<Shop>,
    caller: MemberWith<Order>,
    client: Client,
    headers: HeaderMap,
    body: Option<Json<PayOrder>>,
) -> Result<Json<OrderInfo>, Error> {
    let order = caller.resource.ok_or(Kind::NotFound)?;
    let (user, now, network) = (&caller.member.user, s.sys.now(), client.network());
    if !order.is_payable(now) {
        return Err(order.stays().into());
    }
    limits::take(&s.table, now, &[CHECKS.of(user.id)]).await?;
    let PayOrder { captcha } = body.map(|Json(body)| body).unwrap_or_default();
    s.gate.check(&s.table, now, user.id, (&client.0, &headers), captcha.as_deref()).await?;
    let customer = s.table.get::<Customer>(Customer::key_of(user.id)).await?;
    let info = payable(&s, user, customer, order, &tries(user, &network)).await?;
    Ok(Json(info))
}
