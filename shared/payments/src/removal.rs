//! Payments at Stripe that have to be cancelled or refunded, because the payer's account was deleted, or nobody asked for them.

use std::time::Duration;

use accounts::user::User;
use kernel::{Time, id::UserId};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Conditional as _, Item, Key, Personal, Range, Row, StoreError, Table, Tx, Update, field};
use utoipa::ToSchema;

use crate::{
    MoneyBack, PaidFor, Settlement,
    alert::{FailedRefund, PaymentAlert},
    settlement::same,
};

/// The time after which a request to Stripe is not under way any more: longer than any function waits for one.
const UNDER_WAY: Duration = Duration::from_secs(60);
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
    /// The amount that has to be refunded at Stripe altogether, if the rest of the payment is kept. Items of earlier versions that have
    /// promised refunds may lack it: see [`Self::part`].
    #[serde(default)]
    pub due: Option<u64>,
    /// The amount that staff have given back outside Stripe before.
    #[serde(default)]
    pub outside: u64,
    /// The amount of refunds that had come back when it was begun, as far as that was known.
    #[serde(default)]
    pub came_back: u64,
    /// How many requests for a refund may be under way at Stripe, or have had no answer, or made a refund that is not recorded yet: see
    /// [`Self::ask`].
    #[serde(default)]
    pub unanswered: u32,
    /// When the last one was begun.
    #[serde(default)]
    pub asked_at: Option<Time>,
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

impl PaymentRemoval {
    const PARTITION: &'static str = "PAYMENT_REMOVALS";

    /// Returns the removal of a payment that is not kept.
    #[must_use]
    pub const fn new(intent: String, asked: (PaidFor, Money), since: Time) -> Self {
        let promised = Vec::new();
        Self { intent, asked: Some(asked), since, promised, due: None, outside: 0, came_back: 0, unanswered: 0, asked_at: None }
    }

    pub(crate) fn key_of(intent: &str) -> Key {
        Key::new(Self::PARTITION, format!("PAYMENT#{intent}"))
    }

    /// Returns the amount that has to be refunded at Stripe altogether, if the rest of the payment is kept.
    #[must_use]
    pub fn part(&self) -> Option<u64> {
        let sum = || self.promised.iter().fold(0_u64, |sum, promised| sum.saturating_add(promised.amount.amount()));
        self.due.or_else(|| (!self.promised.is_empty()).then(sum))
    }

    /// Adds to a transaction that money has come back after the payer has left (`before`, `after`), if less than `due` is given back then:
    /// with `None`, if all of the payment was given back. So it is if something of the payment is still to be given back. The schedule finds
    /// that it is owed, and staff see it until it is given back again. Nothing is added if staff have already given that back outside Stripe
    /// ([`ClosedRemoval`]); refused if they do so meanwhile, or the schedule handles the payment. At most two reads.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reopen(
        table: &Table,
        tx: &mut Tx,
        now: Time,
        (before, after): (MoneyBack, MoneyBack),
        said: &Settlement,
        (asked, due): ((PaidFor, Money), Option<u64>),
    ) -> Result<(), StoreError> {
        if after.came_back <= before.came_back {
            return Ok(());
        }
        let current = table.get::<Self>(Self::key_of(&said.intent)).await?;
        let is_owed = match due {
            Some(due) => after.refunded < due,
            None => after.has_come_back_since(before, said.received),
        };
        // One that there is learns of everything that has come back, so that staff do not close it with an older alert.
        if current.is_none() && !is_owed {
            return Ok(());
        }
        let closed = ClosedRemoval::of(table, &said.intent).await?;
        if closed.as_ref().is_some_and(|closed| closed.covers(after)) {
            return Ok(());
        }
        tx.check(ClosedRemoval::key_of(&said.intent), ClosedRemoval::does_not_cover(after, now));
        let (outside, came_back) = (closed.map_or(0, |closed| closed.outside).max(after.outside), after.came_back);
        let begun = Self { due, outside, came_back, ..Self::new(said.intent.clone(), asked, now) };
        match current {
            // What is promised is still to be made.
            Some(current) => {
                let due = current.part().and(due);
                let (promised, unanswered, asked_at) = (current.promised.clone(), current.unanswered, current.asked_at);
                let same_requests = if unanswered == 0 { Self::is_unasked() } else { field("unanswered").eq(unanswered) };
                tx.put(&Self { promised, due, unanswered, asked_at, ..begun }, current.is_stored().and(same_requests));
            }
            None => {
                tx.create(&begun);
            }
        }
        Ok(())
    }

    /// Returns the condition that the item has not been written again since it was read.
    fn is_stored(&self) -> Cond {
        field("since").eq(self.since).and(same("came_back", self.came_back)).and(same("outside", self.outside))
    }

    /// Returns the condition that no request for a refund is under way, has had no answer, or made a refund that is not recorded yet.
    pub(crate) fn is_unasked() -> Cond {
        field("unanswered").absent().or(field("unanswered").eq(0))
    }

    /// Writes it before Stripe is asked for a refund. Returns the one of the payment that there is already, if there is one, and `None` if
    /// staff have given back more outside Stripe than was known (`closed`), because more would be owed than is. One transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin(self, table: &Table, closed: Option<&ClosedRemoval>, now: Time) -> Result<Option<Self>, StoreError> {
        let mut tx = Tx::new();
        let own = tx.create(&self);
        tx.check(ClosedRemoval::key_of(&self.intent), ClosedRemoval::is_still(closed, now));
        match table.commit(tx).await {
            Ok(()) => Ok(Some(self)),
            Err(CommitError::Refused(refused)) => refused.current(own).map(Row::decode).transpose(),
            Err(CommitError::Store(e)) => Err(e),
        }
    }

    /// Records that Stripe is going to be asked for a refund. As long as what became of it is not recorded, staff cannot give it back
    /// outside ([`PaymentAlert::give_outside`]), so that the money is given back once. A request without an answer counts until a later one
    /// has an answer, because what Stripe says then includes the former one. Returns whether it may be asked: not if the removal is done,
    /// closed or written again meanwhile. One update, or two while another request is under way.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ask(&self, table: &Table, now: Time) -> Result<bool, StoreError> {
        let asked = || Update::of(self.key()).set("asked_at", now);
        let none_under_way = field("asked_at").absent().or(field("asked_at").le(now - UNDER_WAY));
        let alone = asked().set("unanswered", 1).when(self.is_stored().and(none_under_way));
        if table.update(alone).await.applied()? {
            return Ok(true);
        }
        table.update(asked().add("unanswered", 1).when(self.is_stored())).await.applied()
    }

    /// Records that it is known and recorded what became of this many requests for a refund ([`Self::ask`]). One update, or none if there
    /// were none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn answered(&self, table: &Table, requests: u32) -> Result<(), StoreError> {
        if requests == 0 {
            return Ok(());
        }
        let fewer = Update::of(self.key()).add("unanswered", i64::from(requests).saturating_neg());
        table.update(fewer.when(field("unanswered").gt(requests.saturating_sub(1)))).await.refused_is_fine()
    }

    /// Records that the requests that had no answer are known to have ended, because Stripe's state of the payment was read after `since`,
    /// and is recorded. Nothing is changed if one was begun less than a minute before. One update, or none if none lacks an answer.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn known(&self, table: &Table, since: Time) -> Result<(), StoreError> {
        if self.unanswered == 0 {
            return Ok(());
        }
        table.update(self.all_known(since)).await.refused_is_fine()
    }

    /// As [`Self::known`], although nothing is owed yet that could be recorded: so that news of the payment are not refused until then. Not
    /// if there is an alert, because that may say that what was given back is owed. One transaction, or none if no request lacks an answer.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn known_while_waiting(&self, table: &Table, since: Time) -> Result<(), StoreError> {
        if self.unanswered == 0 {
            return Ok(());
        }
        let mut tx = Tx::new();
        tx.update(self.all_known(since));
        tx.check(PaymentAlert::key_of_failed_refund(&self.intent), Cond::Absent);
        table.commit(tx).await.refused_is_fine()
    }

    /// Returns the update that no request lacks an answer, refused if one was begun less than a minute before `since`.
    fn all_known(&self, since: Time) -> Update {
        let all_ended = self.is_stored().and(field("asked_at").le(since - UNDER_WAY));
        Update::of(self.key()).set("unanswered", 0).when(all_ended)
    }

    /// Adds to a transaction that staff have given back this amount of it outside Stripe, and the rest is still owed. Promised refunds are
    /// not asked for any more. Refused if it was written again since it was read, or is not open.
    pub(crate) fn give_part_outside(&self, tx: &mut Tx, amount: u64, is_open: Cond) {
        let (outside, due) = (self.outside.saturating_add(amount), self.part().map(|due| due.saturating_sub(amount)));
        let given = Update::of(self.key()).set("outside", outside).set("due", due).set("promised", Vec::<Promised>::new());
        tx.update(given.when(self.is_stored().and(is_open)));
    }

    /// Writes the alert that Stripe refuses its refund, unless there is one already that says the same, or the removal is done, closed or
    /// written again meanwhile. The alert names the payer, if that is known: `None` keeps the payer that it names. One transaction, or two
    /// if the payer leaves at that moment: then it names nobody. Without a payer also a read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn refused(&self, table: &Table, failed: FailedRefund, payer: Option<UserId>, now: Time) -> Result<(), StoreError> {
        if let Some(payer) = payer {
            let mut tx = Tx::new();
            let stays = tx.check(User::key_of(payer), User::stays());
            // The schedule does not know the payer, and may have written the alert first.
            let names_nobody = field("payer").absent().and(field("came_back").le(failed.came_back));
            self.alert(&mut tx, failed, Some(payer), Cond::Absent.or(names_nobody).or(failed.is_news()), now);
            match table.commit(tx).await {
                Err(e) if e.refused(stays) => {}
                committed => return committed.refused_is_fine(),
            }
        }
        let named = match payer {
            Some(_) => None,
            None => PaymentAlert::of_failed_refund(table, &self.intent).await?.and_then(|alert| alert.payer),
        };
        let mut tx = Tx::new();
        // The purge of a payer deletes the alert that names them, and another one is written without them.
        let is_news = if named.is_some() { Cond::Exists.and(failed.is_news()) } else { Cond::Absent.or(failed.is_news()) };
        self.alert(&mut tx, failed, named, is_news, now);
        table.commit(tx).await.refused_is_fine()
    }

    fn alert(&self, tx: &mut Tx, failed: FailedRefund, payer: Option<UserId>, condition: Cond, now: Time) {
        // Else the alert could say that more is owed than is left after staff have given back a part outside Stripe.
        tx.check(self.key(), self.is_stored());
        if let Some(asked) = self.asked {
            tx.put(&PaymentAlert::of_refused_refund(&self.intent, asked, failed, payer, now), condition);
        }
    }

    /// Adds to a transaction that the payment is not refunded automatically any more: its removal ends with its alert, if there is one.
    /// Refused while Stripe is asked for a refund, because what is owed is not known.
    pub(crate) fn give_up(tx: &mut Tx, intent: &str) {
        tx.delete_when(Self::key_of(intent), Self::is_unasked());
        tx.delete(PaymentAlert::key_of_failed_refund(intent));
    }

    /// Adds to a transaction that all of the payment was given back: its removal ends with its alert, if there is one.
    pub(crate) fn end(tx: &mut Tx, intent: &str) {
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
        tx.delete_when(self.key(), self.is_stored());
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
