//! Ending the alert of a failed refund, because staff have given the money back outside Stripe, such as by a bank transfer.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
    user::User,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use commerce::{
    leaving::OrderRecord,
    order,
    order_writes::{Written, replace},
};
use kernel::{
    FieldError, Kind, Problem,
    audit::{AuditValue, ReasonText},
    id::{OrderId, UserId},
};
use money::{AMOUNT_MAX, Money};
use payments::{CardPayment, Donor, PaidFor, PaymentRecord, Plan, Purpose, alert::PaymentAlert};
use serde::Deserialize;
use store::{Slot, Tx};
use utoipa::ToSchema;
use web::{Error, IfMatch, Json, NoContent, Path, Problems, Reason, RequestId};

/// Attempts after concurrent changes of what is paid.
const ROUNDS: u32 = 5;
/// The maximum number of characters of an id.
const ID_MAX: usize = 255;

/// How staff have given the money back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolvePaymentAlert {
    /// The amount that was given back outside Stripe: at most what is `owed`, or of an order of a `user` at most what is left of its
    /// payment.
    amount: Money,
}

/// Records that staff have given money back outside Stripe, because its refund had failed, and ends the alert.
///
/// For administrators with a recent proof by a second factor. 412 if more money has come back, or another amount is owed, since the version
/// in `If-Match`. 409 while Stripe is asked again for the refund of a payment that is not kept, because it may be made, and
/// while the account of the payer is being deleted: try again a quarter of an hour later. No effect if there is no such alert any more. The
/// alert stays, in another version, until all of what is `owed` was given back. The refunds of an order that have failed are `made_outside`
/// then, and what was given back cannot be refunded at Stripe too: an order that is not shipped becomes `refunding`, or `refunded` if
/// nothing is left. A payment that is not kept is then not refunded any more, and its payer sees what was given back, such as of a second
/// payment of a plan. A new alert begins only if more money comes back. Nobody does this for a payment of their own.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read of the alert; for an order two reads before it,
/// otherwise one or two after it; the transaction. Repeated after each concurrent change of the order.
#[utoipa::path(post, path = "/v1/admin/payment-alerts/{payment}/resolution", request_body = ResolvePaymentAlert,
    params(
        ("payment" = String, Path, min_length = 1, max_length = 255, description = "The `id` in the list or, if it names no `user`, the `intent`.", example = "don_01K9ZC4QW8V3T6R1NHXJ5B2MDP"),
        ("If-Match" = String, Header, format = "versions", description = "The version to be ended: `v` and the `version` in the list, in quotes, a list of them, or `*` for any.", example = "\"v1795248000000\""),
    ),
    extensions(("x-problems" = json!(["invalid", "order_state", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 204, description = "There is no such alert any more."), Problems))]
pub async fn resolve_payment_alert(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    wanted: IfMatch,
    Path(payment): Path<String>,
    Json(ResolvePaymentAlert { amount }): Json<ResolvePaymentAlert>,
) -> Result<NoContent, Error> {
    if amount.amount() == 0 {
        return Err(Problem::field("/amount/amount", FieldError::RANGE.with("min", 1).with("max", AMOUNT_MAX)).into());
    }
    let resolution = Resolution { s: &s, me: caller.member.user.id, request: &request, reason, wanted, amount };
    if let Ok(order) = payment.parse::<OrderId>() {
        resolution.of_order(order).await?;
    } else if payment.len() <= ID_MAX {
        resolution.of_payment(&payment).await?;
    }
    Ok(NoContent)
}

/// That staff have given money back.
struct Resolution<'a> {
    s: &'a crate::State,
    me: UserId,
    request: &'a RequestId,
    reason: ReasonText,
    wanted: IfMatch,
    amount: Money,
}

impl Resolution<'_> {
    /// Returns the alert of this payment in the version that is to be ended. `None` if there is none.
    async fn alert(&self, payment: &str) -> Result<Option<PaymentAlert>, Problem> {
        let alert = PaymentAlert::of_failed_refund(&self.s.table, payment).await?;
        if let Some(alert) = &alert {
            if alert.payment.user.or(alert.payer) == Some(self.me) {
                return Err(Kind::Forbidden.because("the caller cannot give back a payment of their own"));
            }
            if !self.wanted.names(alert.version()) {
                return Err(Kind::VersionMismatch.into());
            }
        }
        Ok(alert)
    }

    /// Adds the entry about this person, and the condition that the caller still has the role.
    fn add(&self, tx: &mut Tx, subject: UserId, payment: &str) -> Slot {
        let entry = AuditEntry::by(&self.s.sys, self.me, &self.request.0, Action::RefundMadeOutside, subject);
        let id = AuditValue::Id(payment.to_owned());
        let entry = entry.changed("payment", &id, &id).changed("refund", (), self.amount);
        self.s.audit.add(tx, &entry.because(self.reason.clone()));
        staff::require(tx, self.me, Role::Administrator)
    }

    /// The order is read before its alert, so that what comes back meanwhile changes one of them. The purge of its buyer deletes them in this
    /// order, too, and what is owed is then that of a payment that is not kept.
    async fn of_order(&self, id: OrderId) -> Result<(), Problem> {
        let (table, sys, name) = (&self.s.table, &self.s.sys, id.to_string());
        for _ in 0..ROUNDS {
            let order = order::find(table, id).await?;
            if self.alert(&name).await?.is_none() {
                return Ok(());
            }
            let order = order.ok_or_else(|| Kind::Conflict.because("the buyer leaves"))?;
            let refunded = order.refunded_outside(self.amount, sys.now())?;
            match replace(table, sys, &order, &refunded, |tx| Some(self.add(tx, order.user, &name))).await? {
                Written::Now(_) => {
                    tracing::info!(order.id = %id, actor.id = %self.me, "an order was refunded outside Stripe");
                    return Ok(());
                }
                Written::Refused => return Err(Kind::Forbidden.because("the caller lost the role meanwhile")),
                Written::Outdated(_) => {}
            }
        }
        Err(Kind::Conflict.because("concurrent requests changed the order each time"))
    }

    /// Ends the alert of a donation, a payment of a plan, or a payment that is not kept.
    async fn of_payment(&self, payment: &str) -> Result<(), Problem> {
        let Some(alert) = self.alert(payment).await? else { return Ok(()) };
        let mut tx = Tx::new();
        match (alert.payment.user, alert.payment.paid_for) {
            (Some(user), PaidFor::Donation(id)) => self.give_owed::<Donor>(&mut tx, &alert, user, id).await?,
            (Some(user), PaidFor::Plan(id)) => self.give_owed::<Plan>(&mut tx, &alert, user, id).await?,
            (Some(_), PaidFor::Order(_)) | (None, _) => {
                alert.give_outside(&self.s.table, &mut tx, self.amount, self.s.sys.now()).await?;
                self.add_to_payment(&mut tx, &alert).await?;
            }
        }
        if let Some(payer) = alert.payer {
            // The purge deletes the payment and the values of the audit before the alert, and none are written afterwards.
            tx.check(User::key_of(payer), User::stays());
        }
        let still = self.add(&mut tx, alert.payment.user.or(alert.payer).unwrap_or(self.me), payment);
        self.s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
        tracing::info!(payment.id = payment, actor.id = %self.me, "a payment was given back outside Stripe");
        Ok(())
    }

    /// Adds the amount to the payment, so that its payer sees it, or to its record if they have left. It is taken off the revenue.
    async fn add_to_payment(&self, tx: &mut Tx, alert: &PaymentAlert) -> Result<(), Problem> {
        match (alert.payer, alert.payment.paid_for) {
            (Some(payer), PaidFor::Donation(id)) => self.add_to_paid::<Donor>(tx, alert, payer, id).await,
            (Some(payer), PaidFor::Plan(id)) => self.add_to_paid::<Plan>(tx, alert, payer, id).await,
            // A payment that is not kept is beside that of its order.
            (Some(_), PaidFor::Order(_)) => Ok(()),
            (None, _) => self.add_to_record(tx, alert).await,
        }
    }

    /// Adds the amount to a payment, if the alert is about this one and not another one beside it.
    async fn add_to_paid<P: Purpose>(&self, tx: &mut Tx, alert: &PaymentAlert, payer: UserId, id: P::Id) -> Result<(), Problem> {
        let paid = self.s.table.get::<CardPayment<P>>(CardPayment::<P>::key_of(payer, id)).await?;
        if let Some(paid) = paid.filter(|paid| paid.intent == alert.payment.intent) {
            paid.give_outside(tx, &self.s.sys, self.amount)?;
        }
        Ok(())
    }

    /// Adds the amount to the record of a payment whose payer has left.
    async fn add_to_record(&self, tx: &mut Tx, alert: &PaymentAlert) -> Result<(), Problem> {
        let (table, sys) = (&self.s.table, &self.s.sys);
        let Some(intent) = alert.payment.intent.as_deref() else { return Ok(()) };
        match alert.payment.paid_for {
            PaidFor::Order(id) => OrderRecord::give_outside(table, sys, tx, (id, intent), self.amount).await?,
            paid_for => PaymentRecord::give_outside(table, sys, tx, (paid_for, intent), self.amount).await?,
        }
        Ok(())
    }

    /// Adds the amount to a payment that was refunded automatically and has come back, and ends its alert if nothing is owed any more.
    async fn give_owed<P: Purpose>(&self, tx: &mut Tx, alert: &PaymentAlert, user: UserId, id: P::Id) -> Result<(), Problem> {
        // The alert of somebody who has left is ended by the purge, or becomes that of a payment that is not kept.
        let paid = self.s.table.get::<CardPayment<P>>(CardPayment::<P>::key_of(user, id)).await?;
        paid.ok_or_else(|| Kind::Conflict.because("the payer leaves"))?.give_owed_outside(tx, &self.s.sys, alert, self.amount)
    }
}
