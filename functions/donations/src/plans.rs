//! Plans: listing them, buying one, and reading the caller's own.

use axum::{extract::State, http::HeaderMap};
use callers::{Member, MemberWith};
use kernel::{Fields, Kind, Locale, Problem, Timestamp, id::PlanPaymentId};
use money::Money;
use payments::{CAPTCHAS, Customer, FROM_NETWORK, HeldPlan, PAYMENTS, Plan, PlanPayment, history};
use serde::{Deserialize, Serialize};
use stripe_api::Settled;
use utoipa::ToSchema;
use web::{Client, Created, IdempotencyKey, Json, Language, PageQuery, Problems, Query};

use crate::{
    pay::{Begin, CHECKS, PaymentCourse, look},
    settings::PaymentPage,
};

/// A plan.
#[derive(Serialize, ToSchema)]
pub struct PlanInfo {
    /// Its id.
    #[schema(examples("basic"))]
    id: String,
    /// Its name, in the reader's language.
    #[schema(examples("Basic"))]
    name: String,
    /// The price. It is paid once.
    price: Money,
}

impl PlanInfo {
    fn of(plan: &Plan, locale: Locale) -> Self {
        Self { id: plan.id.clone(), name: plan.name(locale).to_owned(), price: plan.price }
    }
}

/// The plans that can be bought, and the settings for paying them.
#[derive(Serialize, ToSchema)]
pub struct PlanList {
    /// The plans.
    items: Vec<PlanInfo>,
    #[serde(flatten)]
    page: PaymentPage,
}

/// Returns the plans that can be bought, the key for Stripe's script in the browser, and where captchas come from.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/v1/plans", responses((status = 200, body = PlanList), Problems))]
pub async fn list_plans(State(s): State<crate::State>, Language(locale): Language) -> Result<Json<PlanList>, web::Error> {
    let items = s.plans.all().iter().map(|plan| PlanInfo::of(plan, locale)).collect();
    Ok(Json(PlanList { items, page: PaymentPage::of(&s) }))
}

/// A plan to buy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlanPayment {
    /// The id of the plan.
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z0-9-]+$", examples("basic"))]
    plan: String,
    /// The token of a captcha with the action `pay`. Required after `captcha_required`, otherwise ignored. While their service is away any
    /// text will do: the answer is `proof_of_work_required` then.
    #[schema(max_length = 8192, nullable = false)]
    captcha: Option<String>,
}

/// The payment of a plan.
#[derive(Serialize, ToSchema)]
pub struct PlanPaymentInfo {
    /// Its id, which the receipt names.
    id: PlanPaymentId,
    /// The id of the plan.
    #[schema(examples("basic"))]
    plan: String,
    /// The name of the plan, in the reader's language.
    #[schema(examples("Basic"))]
    name: String,
    #[serde(flatten)]
    course: PaymentCourse,
}

impl PlanPaymentInfo {
    fn of(payment: &PlanPayment, locale: Locale) -> Self {
        let plan = &payment.purpose;
        Self { id: payment.id, plan: plan.id.clone(), name: plan.name(locale).to_owned(), course: PaymentCourse::of(payment) }
    }
}

/// The payment of a plan, which can be made now.
#[derive(Serialize, ToSchema)]
pub struct BegunPlanPayment {
    #[serde(flatten)]
    payment: PlanPaymentInfo,
    /// The secret with which Stripe's script in the browser pays it. Only for the payer's browser.
    #[schema(examples("pi_3_secret_4"))]
    client_secret: String,
}

/// Begins the payment of a plan, and creates it at Stripe. The amount is the price of the plan.
///
/// The browser pays it with Stripe's script and the `client_secret`. The same `Idempotency-Key` with the same body gets the same payment
/// for 24 hours. A caller who has this plan, or one in the same currency with the same or a higher price, gets `plan_held`. If two payments
/// are begun before one of them is paid, and the one that is paid first excludes the other, the other is refunded at once. After three
/// refused cards a captcha is required, if this deployment uses captchas, and a proof of work while their service does not answer.
///
/// AWS calls: the batch that authenticates the caller and reads their customer; a read of the key; a query of the caller's plans; a batch
/// of two counters; a transaction of the key, the payment and the counters; a transaction that adds Stripe's payment. With the first
/// payment of a person also a read, a transaction and an update of the customer. With captchas also a batch read. One to four requests to
/// Stripe.
#[utoipa::path(post, path = "/v1/plan-payments", request_body = NewPlanPayment,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, description = "Names this request, for 24 hours.", example = "7f9c24e8-3b12-4f0a-9d1e-5c6a7b8d9e0f")),
    extensions(
        ("x-problems" = json!(["idempotency_key_required", "captcha_required", "proof_of_work_required", "plan_held", "idempotency_key_reused", "invalid", "too_many_requests", "unavailable", "conflict"])),
        ("x-limits" = json!([PAYMENTS, FROM_NETWORK, CAPTCHAS])),
    ),
    responses((status = 201, body = BegunPlanPayment), Problems))]
pub async fn create_plan_payment(
    State(s): State<crate::State>,
    caller: MemberWith<Customer>,
    client: Client,
    headers: HeaderMap,
    Language(locale): Language,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewPlanPayment>,
) -> Result<Created<BegunPlanPayment>, web::Error> {
    let mut fields = Fields::new();
    let Some(plan) = fields.take("/plan", s.plans.find(&new.plan)) else { return Err(fields.problem().into()) };
    let user = caller.member.user.id;
    let lacks_it = async {
        if plan.is_covered(&HeldPlan::of(&s.table, user).await?) {
            return Err(Problem::new(Kind::PlanHeld));
        }
        Ok(())
    };
    let begin = Begin { caller, client: &client, headers: &headers, key: &key, captcha: new.captcha.as_deref() };
    let (payment, client_secret) = begin.payment(&s, &plan, lacks_it).await?;
    let location = format!("/v1/plan-payments/{}", payment.id);
    Ok(Created(location, BegunPlanPayment { payment: PlanPaymentInfo::of(&payment, locale), client_secret }))
}

/// A page of payments of plans.
#[derive(Serialize, ToSchema)]
pub struct PlanPaymentList {
    /// The payments, the newest first.
    items: Vec<PlanPaymentInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's payments of plans, the newest first, including unpaid ones.
///
/// AWS calls: the caller; a query.
#[utoipa::path(get, path = "/v1/plan-payments", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = PlanPaymentList), Problems))]
pub async fn list_plan_payments(
    State(s): State<crate::State>,
    caller: Member,
    Language(locale): Language,
    Query(page): Query<PageQuery>,
) -> Result<Json<PlanPaymentList>, web::Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let cursors = s.sealer.cursors(format!("payments of plans of {me}"));
    let after = cursors.open::<PlanPaymentId>(page.cursor())?;
    let found = history::<Plan>(&s.table, me, after, limit).await?;
    let next_cursor = cursors.next(found.last().map(|payment| payment.id))?;
    let items = found.items.iter().map(|payment| PlanPaymentInfo::of(payment, locale)).collect();
    Ok(Json(PlanPaymentList { items, next_cursor }))
}

/// Returns one of the caller's payments of plans. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the
/// current state even if Stripe's webhook is late.
///
/// AWS calls: the batch that authenticates the caller and reads the payment; while it is not paid also a counter, a request to Stripe, a
/// read, and two queries and a transaction if there is news. Up to five requests to Stripe if the caller has the plan already.
#[utoipa::path(get, path = "/v1/plan-payments/{payment}", params(("payment" = PlanPaymentId, Path)),
    extensions(("x-problems" = json!(["not_found", "too_many_requests", "unavailable", "conflict"])), ("x-limits" = json!([CHECKS]))),
    responses((status = 200, body = PlanPaymentInfo), Problems))]
pub async fn get_plan_payment(
    State(s): State<crate::State>,
    caller: MemberWith<PlanPayment>,
    Language(locale): Language,
) -> Result<Json<PlanPaymentInfo>, web::Error> {
    let payment = look(&s, caller.resource, Settled::plan).await?;
    Ok(Json(PlanPaymentInfo::of(&payment, locale)))
}

/// The caller's plan. Both members are absent if there is none.
#[derive(Serialize, ToSchema)]
pub struct MyPlan {
    /// The plan: the most expensive one that is paid, in the currency that was paid last.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanInfo>,
    /// When it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
}

/// Returns the plan that the caller has paid for. A full refund ends it, and a dispute suspends it until it is won.
///
/// AWS calls: the caller; a query.
#[utoipa::path(get, path = "/v1/me/plan", responses((status = 200, body = MyPlan), Problems))]
pub async fn get_my_plan(State(s): State<crate::State>, caller: Member, Language(locale): Language) -> Result<Json<MyPlan>, web::Error> {
    let held = HeldPlan::of(&s.table, caller.user.id).await?;
    let best = held.first();
    Ok(Json(MyPlan { plan: best.map(|held| PlanInfo::of(&held.plan, locale)), paid_at: best.map(|held| held.paid_at.into()) }))
}
