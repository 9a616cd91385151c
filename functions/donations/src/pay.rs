//! Beginning a payment, and reading its state: the same for donations and plans.

use accounts::user::User;
use axum::http::HeaderMap;
use callers::MemberWith;
use kernel::{Client, Kind, Problem, Timestamp};
use money::Money;
use payments::{CardPayment, Customer, PaymentState, Purpose, Written, begin, write};
use serde::Serialize;
use store::limits::{self, HOUR, Quota};
use stripe_api::{Payer, Payment, Settled, settle_for};
use utoipa::ToSchema;

use crate::State;

/// The limit on readings of unpaid payments, because each sends a request to Stripe.
pub const CHECKS: Quota = Quota::window("payment_looks", 120, HOUR, "looks at payments that are not made").frequent();

/// The progress of a payment.
#[derive(Serialize, ToSchema)]
pub struct PaymentCourse {
    /// The amount.
    amount: Money,
    /// Its state.
    state: PaymentState,
    /// The amount that was given back, at Stripe or outside, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded: Option<Money>,
    /// Whether it is disputed at the bank, or the payer has won the dispute.
    disputed: bool,
    /// Why the last card was refused, for programs: one of Stripe's decline codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("insufficient_funds"))]
    decline: Option<String>,
    /// When it was begun.
    created_at: Timestamp,
    /// When the system learned that it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
}

impl PaymentCourse {
    pub(crate) fn of<P: Purpose>(payment: &CardPayment<P>) -> Self {
        let amount = payment.purpose.amount();
        Self {
            amount,
            state: payment.state,
            // A wrong payment may have been in another currency.
            refunded: Money::new(payment.back.given(), amount.currency())
                .ok()
                .filter(|refunded| refunded.amount() > 0 && !payment.is_wrong),
            disputed: payment.back.disputed,
            decline: payment.decline.clone(),
            created_at: payment.created_at.into(),
            paid_at: payment.paid_at.map(Into::into),
        }
    }
}

/// A request to begin a payment.
pub(crate) struct Begin<'a> {
    /// The caller, with their customer.
    pub caller: MemberWith<Customer>,
    /// Where it came from.
    pub client: &'a Client,
    /// Its headers, which have a proof of work if one takes the place of a captcha.
    pub headers: &'a HeaderMap,
    /// Its idempotency key.
    pub key: &'a str,
    /// The token of a captcha.
    pub captcha: Option<&'a str>,
}

impl Begin<'_> {
    /// Begins a payment, once for each key, unless `admitted` refuses it. Returns it with the secret to pay it.
    pub async fn payment<P: Purpose>(
        self,
        s: &State,
        purpose: &P,
        admitted: impl Future<Output = Result<(), Problem>> + Send,
    ) -> Result<(CardPayment<P>, String), Problem> {
        let Self { caller: MemberWith { member, resource }, client, headers, key, captcha } = self;
        let (user, network) = (&member.user, client.network());
        let may_begin = async {
            admitted.await?;
            s.gate.check(&s.table, s.sys.now(), user.id, (client, headers), captcha).await
        };
        let payment = begin(&s.table, &s.sys, user.id, &network, key, purpose, may_begin).await?;
        let (payment, at_stripe) = match payment.intent.clone() {
            Some(intent) => (payment, s.stripe.payment(&intent).await?),
            None => with_intent(s, user, resource, payment).await?,
        };
        Ok((payment, at_stripe.client_secret.expose().clone()))
    }
}

/// Creates the payment at Stripe, once, and stores Stripe's id of it. If another one was stored meanwhile, this one is cancelled.
async fn with_intent<P: Purpose>(
    s: &State,
    user: &User,
    customer: Option<Customer>,
    payment: CardPayment<P>,
) -> Result<(CardPayment<P>, Payment), Problem> {
    let payer = Payer { table: &s.table, sys: &s.sys, stripe: &s.stripe, user, customer };
    let (at_stripe, id) = payer.begin_payment(&payment.new_payment()).await?;
    let begun = payment.with_payment(at_stripe.state.intent.clone(), id);
    match write(&s.table, &s.sys, &payment, &begun, None).await? {
        Written::Now | Written::Before => Ok((begun, at_stripe)),
        // A concurrent request with the same key, or the webhook, has changed the payment.
        Written::Outdated => {
            let key = CardPayment::<P>::key_of(payment.user, payment.id);
            match s.table.get::<CardPayment<P>>(key).await? {
                Some(current) if current.intent == begun.intent => Ok((current, at_stripe)),
                // The same request finds this one again.
                Some(current) if current.intent.is_none() && current.state == PaymentState::PendingPayment => Err(Kind::Conflict.into()),
                _ => {
                    s.stripe.end_payment(&at_stripe.state.intent).await?;
                    Err(Kind::Conflict.into())
                }
            }
        }
    }
}

/// Returns the current state of a payment. If it is not paid yet, Stripe is asked first. `own` returns the payment of this purpose.
pub(crate) async fn look<P: Purpose>(
    s: &State,
    payment: Option<CardPayment<P>>,
    own: fn(Settled) -> Option<CardPayment<P>>,
) -> Result<CardPayment<P>, Problem> {
    let payment = payment.ok_or(Kind::NotFound)?;
    let Some(intent) = payment.intent.clone().filter(|_| payment.state == PaymentState::PendingPayment) else { return Ok(payment) };
    limits::take(&s.table, s.sys.now(), &[CHECKS.of(payment.user)]).await?;
    let paid_for = (payment.user, P::paid_for(payment.id));
    Ok(own(settle_for(&s.table, &s.sys, &s.stripe, &intent, paid_for).await?).unwrap_or(payment))
}
