//! Alerts: the payments that staff have to check, and ending that of a refund that has failed.

use accounts::user;
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{PAGE, Timestamp, id::UserId, page_limit};
use money::Money;
use payments::alert::{self, Alert, PaymentAlert, Watched};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Problems, Query};

/// Which payments are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertsQuery {
    /// The kind of alert. Default: `disputed`.
    #[param(value_type = Alert, inline, required = false)]
    alert: Option<Alert>,
    /// Maximum number of items in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the first page is returned.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A payment that staff have to check.
#[derive(Serialize, ToSchema)]
pub struct AlertedPayment {
    /// What is paid with it: `donation`, `plan_payment` or `order`.
    #[schema(examples("donation"))]
    kind: &'static str,
    /// The id of the donation, the payment of a plan, or the order.
    #[schema(examples("don_01K9ZC4QW8V3T6R1NHXJ5B2MDP"))]
    id: String,
    /// The payer. Absent for a payment that is not kept, because it differs from the requested payment or its payer's account was deleted,
    /// and whose refund Stripe refuses. The refund is requested again until it succeeds, or staff have given the money back outside Stripe.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<UserId>,
    /// The username of the payer. Absent if the account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("anna"))]
    username: Option<String>,
    /// The requested amount.
    amount: Money,
    /// What is still owed after a failed refund, in the currency that was paid. Absent for other alerts, and in a currency that is not used
    /// here. Of an order of a `user` it is in the minor units of what was paid, and staff may give back more: whatever is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owed: Option<Money>,
    /// Whether Stripe refuses the refund because the secret key of this system is not allowed to make refunds. It is made when an operator
    /// has set that right.
    not_allowed: bool,
    /// Stripe's id of the payment, by which it is found in Stripe's dashboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("pi_3RtQ2bFq8Zr2mV7x"))]
    intent: Option<String>,
    /// When the alert began, more money has come back, or another amount is owed.
    since: Timestamp,
    /// Its version, for `If-Match`. It is another one when more money has come back, or another amount is owed.
    #[schema(examples(1_795_248_000_000_u64))]
    version: u64,
}

impl From<PaymentAlert> for AlertedPayment {
    fn from(alert: PaymentAlert) -> Self {
        let version = alert.version();
        let PaymentAlert { payment, since, owed, not_allowed, .. } = alert;
        let (kind, id, since) = (payment.paid_for.kind(), payment.paid_for.id(), since.into());
        let Watched { user, amount, intent, .. } = payment;
        Self { kind, id, user, username: None, amount, owed, not_allowed, intent, since, version }
    }
}

/// A page of payments.
#[derive(Serialize, ToSchema)]
pub struct AlertedPaymentList {
    /// Donations, then orders, then plans; the oldest of each kind first, with payments that are not kept between them. A page can have
    /// fewer payments than requested, or none, although there is a next one.
    items: Vec<AlertedPayment>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the payments of donations, orders and plans that staff have to check: those that were disputed within the last month, those whose
/// last refund failed, until a refund succeeds or staff have given the money back outside Stripe, and those of the last month that differ
/// from the requested payment or came after the end of their order. For administrators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query; a batch of those who pay, if there are payments.
#[utoipa::path(get, path = "/v1/admin/payment-alerts", params(AlertsQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = AlertedPaymentList), Problems))]
pub async fn list_payment_alerts(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<AlertedPaymentList>, Error> {
    let (limit, alert) = (page_limit(query.limit, PAGE)?, query.alert.unwrap_or(Alert::Disputed));
    let cursors = s.sealer.cursors(format!("payments for {} because of {}", caller.member.user.id, alert.as_str()));
    let after = cursors.open::<String>(query.cursor.as_deref())?;
    let (alerts, next) = alert::page(&s.table, alert, s.sys.now(), after.as_deref(), limit).await?;
    let payments: Vec<AlertedPayment> = alerts.into_iter().map(Into::into).collect();
    let names = user::usernames(&s.table, payments.iter().filter_map(|payment| payment.user).collect()).await?;
    let with_name = |payment: AlertedPayment| AlertedPayment {
        username: payment.user.and_then(|user| names.get(&user)).map(ToString::to_string),
        ..payment
    };
    Ok(Json(AlertedPaymentList { items: payments.into_iter().map(with_name).collect(), next_cursor: cursors.next(next)? }))
}
