//! Reading any order, and refunding orders by card. For staff.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
    user::User,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use commerce::{
    card::{OrderCard, Refund, RefundReason, RefundState},
    order::{Order, find},
    order_writes::{Written, replace},
};
use kernel::{FieldError, Kind, Problem, crypto::short_hash, id::OrderId};
use money::Money;
use payments::PaidFor;
use serde::Deserialize;
use stripe_api::{Settled, give_back, settle_for};
use utoipa::ToSchema;
use web::{Created, Error, IdempotencyKey, Json, Path, Problems, RequestId};

use crate::{
    State as Shop,
    shown::{CustomerOrder, CustomerOrderRead},
};

/// Attempts after concurrent changes of the order.
const ROUNDS: u32 = 5;

/// Shows an order of anybody, with the username of its buyer. For administrators.
///
/// AWS calls: the caller and their roles in one; three reads.
#[utoipa::path(get, path = "/v1/admin/orders/{order}", params(("order" = OrderId, Path, description = "The order.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = CustomerOrderRead), Problems))]
pub async fn get_any_order(
    State(s): State<Shop>,
    _caller: Staff<Administrator>,
    Path(order): Path<OrderId>,
) -> Result<Json<CustomerOrderRead>, Error> {
    let order = find(&s.table, order).await?.ok_or(Kind::NotFound)?;
    let buyer = s.table.get::<User>(User::key_of(order.user)).await?;
    Ok(Json(CustomerOrderRead { username: buyer.map(|buyer| buyer.username.to_string()), order: order.into() }))
}

/// A new refund.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// The amount: the rest of the payment, or a part of it.
    amount: Money,
    /// The reason. Not `order_ended`, which only automatic refunds have.
    reason: RefundReason,
}

impl NewRefund {
    fn check(&self, total: Money) -> Result<(), Problem> {
        if self.amount.currency() != total.currency() {
            return Err(Problem::field("/amount/currency", FieldError::CURRENCY));
        }
        if self.reason == RefundReason::OrderEnded {
            return Err(Problem::field("/reason", FieldError::REFUND_REASON));
        }
        Ok(())
    }
}

/// Refunds the payment of an order by card, or a part of it. For administrators with a recent proof by a second factor.
///
/// All refunds together are at most the paid amount. The same `Idempotency-Key` with the same body makes one refund. An order that is not
/// shipped is `refunding` afterwards, and `refunded` when nothing is left. If a payment differed from the requested one and its automatic
/// refund is `refused` or `failed`, this operation requests that refund again, with the amount in the minor units of the payment, whatever
/// its currency. Administrators cannot refund their own orders.
///
/// AWS calls: the caller and their roles in one; two reads; three transactions; a read. Two requests to Stripe.
#[utoipa::path(post, path = "/v1/admin/orders/{order}/refunds", request_body = NewRefund,
    params(
        ("order" = OrderId, Path, description = "The order."),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f"),
    ),
    extensions(("x-problems" = json!(["idempotency_key_required", "idempotency_key_reused", "not_found", "order_state", "invalid", "too_many", "refund_refused", "unavailable", "conflict"]))),
    responses((status = 201, body = CustomerOrder), Problems))]
pub async fn refund_order(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    IdempotencyKey(key): IdempotencyKey,
    Path(order): Path<OrderId>,
    Json(new): Json<NewRefund>,
) -> Result<Created<CustomerOrder>, Error> {
    let me = caller.member.user.id;
    let name = short_hash(key);
    let found = find(&s.table, order).await?.ok_or(Kind::NotFound)?;
    if found.user == me {
        return Err(Kind::Forbidden.because("the caller cannot refund their own order").into());
    }
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::OrderChanged, found.user);
    let entry = entry.changed("order", order, order).changed("refund", (), new.amount);
    let requested = ask(&s, found, &new, &name, |tx| {
        s.audit.add(tx, &entry);
        Some(staff::require(tx, me, Role::Administrator))
    });
    let requested = requested.await?;
    let given = give_back(&s.table, &s.sys, &s.stripe, requested).await?;
    let intent = given.card.as_ref().and_then(|card| card.intent.clone()).ok_or_else(|| given.stays())?;
    let current = match settle_for(&s.table, &s.sys, &s.stripe, &intent, (given.user, PaidFor::Order(given.id))).await? {
        Settled::Order(order) => *order,
        _ => given,
    };
    let state = current.card.as_ref().and_then(|card| card.refunds.iter().find(|refund| refund.name == name)).map(|refund| refund.state);
    if matches!(state, Some(RefundState::Refused | RefundState::Failed)) {
        return Err(Kind::RefundRefused.into());
    }
    tracing::info!(order.id = %current.id, actor.id = %me, "an order was refunded");
    Ok(Created(format!("/v1/admin/orders/{}", current.id), current.into()))
}

/// Adds this refund to the order, so that it is requested from Stripe, unless the order has it already.
async fn ask(
    s: &Shop,
    mut order: Order,
    new: &NewRefund,
    name: &str,
    also: impl Fn(&mut store::Tx) -> Option<store::Slot> + Send + Sync,
) -> Result<Order, Problem> {
    for _ in 0..ROUNDS {
        new.check(order.total)?;
        let card: &OrderCard = order.card.as_ref().filter(|card| card.is_paid()).ok_or_else(|| order.stays())?;
        if let Some(earlier) = card.refunds.iter().find(|refund| refund.name == name) {
            let same = earlier.amount == new.amount.amount() && earlier.reason == new.reason;
            return if same { Ok(order) } else { Err(Kind::IdempotencyKeyReused.into()) };
        }
        let refund = Refund::new(name.to_owned(), new.amount.amount(), new.reason, s.sys.now());
        let requested = order.with_card(card.with_refund(order.total, refund)?);
        match replace(&s.table, &s.sys, &order, &requested, &also).await? {
            Written::Now(order) => return Ok(*order),
            Written::Refused => return Err(Kind::Forbidden.because("the caller lost the role meanwhile")),
            Written::Outdated(current) => order = *current.ok_or(Kind::NotFound)?,
        }
    }
    Err(Kind::Conflict.because("concurrent requests changed the order each time"))
}
