//! Payments at Stripe that have to be cancelled or refunded, because the payer's account was deleted, or nobody asked for them.

use std::time::Duration;

use accounts::user::User;
use kernel::{Time, id::UserId};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, Cond, Conditional as _, Item, Key, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::{MoneyBack, PaidFor, Settlement, alert::PaymentAlert, settlement::same};

/// How long it is remembered that a removal was closed: longer than a payer can dispute a payment.
const REMEMBERED: Duration = Duration::from_secs(2 * 365 * 24 * 3600);

/// The reason of a refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The buyer requested it.
    RequestedByCustomer,
    /// It was paid twice.
    Duplicate,
    /// The card was stolen.
    Fraudulent,
    /// The order had been cancelled or had expired before it was paid. Such a refund is made automatically.
    #[default]
    OrderEnded,
}

/// A payment that has to be cancelled at Stripe, or refunded if it was paid, because the payer's account was deleted, or because the payment
/// is not the one that was asked for. The item stays until that is done, or staff close it. If Stripe refuses a refund, there is also an
/// alert for staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRemoval {
    /// Stripe's id of the payment.
    pub intent: String,
    /// What it was for, and the amount that was asked for. Items of earlier versions have none.
    #[serde(default)]
    pub asked: Option<(PaidFor, Money)>,
    /// When the removal was requested.
    pub since: Time,
    /// The refunds that were promised. If there are any, the rest of the payment is kept.
    #[serde(default)]
    pub promised: Vec<Promised>,
    /// The amount that was refunded before those.
    #[serde(default)]
    pub refunded: u64,
    /// The amount that staff have given back outside Stripe before.
    #[serde(default)]
    pub outside: u64,
    /// The amount of refunds that had come back when it was begun, as far as that was known.
    #[serde(default)]
    pub came_back: u64,
}

/// A refund that Stripe had not confirmed yet when the account was deleted, or that the payer's bank had refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// Its name.
    pub name: String,
    /// The amount.
    pub amount: Money,
    /// The reason. It must be the same in a repeated request, because Stripe refuses different requests with the same key.
    #[serde(default)]
    pub reason: RefundReason,
    /// The number of the attempt, which must be the same, too.
    #[serde(default)]
    pub attempt: u32,
}

/// What Stripe says of a payment whose refund it refuses, or whose refund has come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRefund {
    /// The amount of refunds that have come back.
    pub came_back: u64,
    /// The amount that the payer is owed, without what staff have given back outside Stripe. `None` in another currency than that of the
    /// requested payment.
    pub owed: Option<u64>,
}

impl RefusedRefund {
    /// Returns the condition that the stored alert says something else.
    fn is_news(self) -> Cond {
        let more = field("came_back").lt(self.came_back);
        match self.owed {
            Some(owed) => more.or(field("owed").ne(owed)),
            None => more,
        }
    }
}

impl PaymentRemoval {
    const PARTITION: &'static str = "PAYMENT_REMOVALS";

    /// Returns the removal of a payment that is not kept.
    #[must_use]
    pub const fn new(intent: String, asked: (PaidFor, Money), since: Time) -> Self {
        Self { intent, asked: Some(asked), since, promised: Vec::new(), refunded: 0, outside: 0, came_back: 0 }
    }

    pub(crate) fn key_of(intent: &str) -> Key {
        Key::new(Self::PARTITION, format!("PAYMENT#{intent}"))
    }

    /// Adds to a transaction that money has come back after the payer has left (`before`, `after`), if all of the payment was given back.
    /// Then the schedule finds that it is owed, and staff see it until it is given back again. Nothing is added if staff have already given
    /// that back outside Stripe ([`ClosedRemoval`]); refused if they do so meanwhile. At most one read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reopen(
        table: &Table,
        tx: &mut Tx,
        now: Time,
        (before, after): (MoneyBack, MoneyBack),
        said: &Settlement,
        asked: (PaidFor, Money),
    ) -> Result<(), StoreError> {
        if !after.has_come_back_since(before, said.received) {
            return Ok(());
        }
        let closed = ClosedRemoval::of(table, &said.intent).await?;
        if closed.as_ref().is_some_and(|closed| closed.covers(after)) {
            return Ok(());
        }
        tx.check(ClosedRemoval::key_of(&said.intent), ClosedRemoval::does_not_cover(after, now));
        let (outside, came_back) = (closed.map_or(0, |closed| closed.outside).max(after.outside), after.came_back);
        tx.put_always(&Self { outside, came_back, ..Self::new(said.intent.clone(), asked, now) });
        Ok(())
    }

    /// Writes it, with the alert that Stripe refuses its refund. Nothing is written if there is that alert already, and it says the same.
    /// Returns whether staff have given back no more outside Stripe than was known (`closed`): otherwise nothing is written, because more
    /// would be owed than is. One transaction, or two if the payer leaves at that moment: then nothing names them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin_refused(
        &self,
        table: &Table,
        refused: RefusedRefund,
        closed: Option<&ClosedRemoval>,
        mut payer: Option<UserId>,
        now: Time,
    ) -> Result<bool, StoreError> {
        loop {
            let mut tx = Tx::new();
            let known = tx.check(ClosedRemoval::key_of(&self.intent), ClosedRemoval::is_still(closed, now));
            let stays = payer.map(|payer| tx.check(User::key_of(payer), User::stays()));
            tx.put_always(self);
            self.alert(&mut tx, refused, payer, Cond::Absent.or(refused.is_news()), now);
            match table.commit(tx).await {
                Err(e) if e.refused(known) => return Ok(false),
                Err(e) if stays.is_some_and(|stays| e.refused(stays)) => payer = None,
                committed => return committed.refused_is_fine().map(|()| true),
            }
        }
    }

    /// Writes the alert that Stripe refuses its refund, unless there is one already that says the same, or the removal is done or closed
    /// meanwhile, or staff have given back a part outside Stripe. A read and a transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn refused(&self, table: &Table, refused: RefusedRefund, now: Time) -> Result<(), StoreError> {
        let payer = PaymentAlert::of_failed_refund(table, &self.intent).await?.and_then(|alert| alert.payer);
        let mut tx = Tx::new();
        tx.check(self.key(), field("intent").eq(&self.intent).and(same("outside", self.outside)));
        // The purge of a payer deletes the alert that names them, and another one is written without them.
        let is_news = if payer.is_some() { Cond::Exists.and(refused.is_news()) } else { Cond::Absent.or(refused.is_news()) };
        self.alert(&mut tx, refused, payer, is_news, now);
        table.commit(tx).await.refused_is_fine()
    }

    fn alert(&self, tx: &mut Tx, refused: RefusedRefund, payer: Option<UserId>, condition: Cond, now: Time) {
        if let Some(asked) = self.asked {
            tx.put(&PaymentAlert::of_refused_refund(&self.intent, asked, refused, payer, now), condition);
        }
    }

    /// Adds to a transaction that the payment is not refunded automatically any more: its removal ends with its alert, if there is one.
    pub(crate) fn give_up(tx: &mut Tx, intent: &str) {
        tx.delete(Self::key_of(intent));
        tx.delete(PaymentAlert::key_of_failed_refund(intent));
    }

    /// Deletes it with its alert, because it is done. Nothing is deleted if it was written again meanwhile, because money has come back
    /// ([`Self::reopen`]). One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn done(&self, table: &Table) -> Result<(), StoreError> {
        let mut tx = Tx::new();
        tx.delete_when(self.key(), field("since").eq(self.since));
        tx.delete(PaymentAlert::key_of_failed_refund(&self.intent));
        table.commit(tx).await.refused_is_fine()
    }

    /// Returns all of them after this one. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(table: &Table, after: Option<&Self>, limit: u32) -> Result<Vec<Self>, StoreError> {
        let range = Range::of(Self::PARTITION).limit(limit);
        Ok(table.query(after.into_iter().fold(range, |range, after| range.after(after.key(), None))).await?.items)
    }
}

impl Item for PaymentRemoval {
    const KIND: &'static str = "payment_removal";
    const ABOUT: About =
        About::at("PAYMENT_REMOVALS", "PAYMENT#{payment}", Personal::Nobody("Stripe's id of a payment, which ends there, and its amount"));
    fn key(&self) -> Key {
        Self::key_of(&self.intent)
    }
}

/// The memory that staff have given back outside Stripe a payment that is not kept, or a part of it. Without it a late event of Stripe would
/// begin the [`PaymentRemoval`] again, and give the money back twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClosedRemoval {
    /// Stripe's id of the payment.
    pub intent: String,
    /// The amount of refunds that had come back by then.
    pub came_back: u64,
    /// The amount that staff have given back outside Stripe, altogether.
    #[serde(default)]
    pub outside: u64,
    /// When.
    pub at: Time,
}

impl ClosedRemoval {
    fn key_of(intent: &str) -> Key {
        Key::new(format!("CLOSED_REMOVAL#{intent}"), "CLOSED_REMOVAL")
    }

    /// Returns that of this payment, if staff have given back any of it. One read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of(table: &Table, intent: &str) -> Result<Option<Self>, StoreError> {
        table.get(Self::key_of(intent)).await
    }

    /// Returns whether no more money has come back since (`back`).
    #[must_use]
    pub const fn covers(&self, back: MoneyBack) -> bool {
        back.came_back <= self.came_back
    }

    /// Returns the condition on the stored memory that it is this one, as read, or that there is none.
    fn is_still(read: Option<&Self>, now: Time) -> Cond {
        match read {
            Some(read) => field("at").eq(read.at).and(same("outside", read.outside)),
            None => Cond::Absent.or(field("at").le(now - REMEMBERED)),
        }
    }

    /// Returns the condition on the stored memory that it does not cover this ([`Self::covers`]), is gone, or has expired.
    fn does_not_cover(back: MoneyBack, now: Time) -> Cond {
        Cond::Absent.or(field("came_back").lt(back.came_back)).or(field("at").le(now - REMEMBERED))
    }
}

impl Item for ClosedRemoval {
    const KIND: &'static str = "closed_removal";
    const ABOUT: About =
        About::at("CLOSED_REMOVAL#{payment}", "CLOSED_REMOVAL", Personal::Nobody("Stripe's id of a payment, which ends there")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.intent)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.at + REMEMBERED)
    }
}
