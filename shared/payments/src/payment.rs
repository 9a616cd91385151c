//! Payments by card: an amount that a person pays for something, and its state.
//!
//! | from | to | because |
//! |---|---|---|
//! | `pending_payment` | `paid` | Stripe has received the whole amount |
//! | `pending_payment` | `cancelled` | Stripe has cancelled it, at the latest a day after it was begun; or something else was paid |
//! | `paid` | `refunded` | all of it was given back; a part of it changes only the sum |
//! | `refunded` | `paid` | some of it has come back, because the payer's bank has refused it; not of a surplus |
//!
//! No other transition exists. What is paid differs by its [`Purpose`]: a donation ([`crate::Donor`]), or a plan ([`crate::Plan`]).

use std::{fmt, future::ready, str::FromStr, time::Duration};

use accounts::{figures, purge::Retention, user::partition};
use countries::Country;
use kernel::{Id, Problem, Sys, Time, id::UserId};
use money::Money;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{About, CommitError, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::{
    HandledEvent, Mismatch, MoneyBack, NewPayment, PaidFor, PaymentRemoval, Progress, Settlement,
    alert::{self, Alert, FailedRefund, PaymentAlert, Watched},
    waiting,
};

/// The time until the first automatic check of a payment, and between later checks.
pub const RECHECK: Duration = Duration::from_secs(3600);
/// The age at which a payment that nobody has paid is cancelled.
pub const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What a payment is for.
pub trait Purpose: Clone + fmt::Debug + PartialEq + Eq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The ids of its payments.
    type Id: Id + Copy + fmt::Debug + fmt::Display + PartialEq + Eq + FromStr + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The kind of its items.
    const KIND: &'static str;
    /// The prefix of their sort keys.
    const PREFIX: &'static str;
    /// The pattern of their sort keys.
    const SORT: &'static str;
    /// The partition of [`Index::DuePayments`] with those that are not made.
    const DUE: &'static str;
    /// What Stripe and the payer's bank show.
    const DESCRIPTION: &'static str;
    /// Returns how a payment with this id is named at Stripe.
    fn paid_for(id: Self::Id) -> PaidFor;
    /// Returns the amount to pay.
    fn amount(&self) -> Money;
    /// Returns the payer's country, if it is known.
    fn country(&self) -> Option<Country>;
    /// Returns the fingerprint of a request. A request with the same key and another fingerprint is refused.
    fn fingerprint(&self) -> String;
    /// Returns the other payments of the payer that affect a payment that was just made. By default there are none.
    ///
    /// # Errors
    /// [`StoreError`]
    fn beside(_table: &Table, _payment: &CardPayment<Self>) -> impl Future<Output = Result<Beside, StoreError>> + Send {
        ready(Ok(Beside::default()))
    }
    /// Adds the consequences of a change of one of its payments to a transaction.
    fn follow(tx: &mut Tx, sys: &Sys, before: &CardPayment<Self>, after: &CardPayment<Self>);
}

/// Other payments of the same payer that affect a payment, as read.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Whether the payer already has what is paid, so that the payment is refunded.
    pub is_held: bool,
    /// The unpaid payments that could change this, with their versions. None of them may change before the write.
    pub unmade: Vec<(Key, u64)>,
}

/// The state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// It is not paid yet.
    PendingPayment,
    /// It is paid.
    Paid,
    /// All of it was given back.
    Refunded,
    /// It was not paid in time, or something else was paid and given back, and it cannot be paid any more.
    Cancelled,
}

impl PaymentState {
    /// Returns the state after staff have given back some of the payment outside Stripe. Nothing is left if that was all of it.
    const fn given_outside(self, nothing_left: bool) -> Self {
        match self {
            Self::Paid if nothing_left => Self::Refunded,
            state => state,
        }
    }

    /// Returns the state after what Stripe says of the payment. Nothing is left if all of it was given back.
    const fn after(self, progress: Progress, nothing_left: bool) -> Self {
        match (self, progress) {
            (Self::PendingPayment | Self::Cancelled, Progress::Succeeded) | (Self::Paid, _) if nothing_left => Self::Refunded,
            (Self::PendingPayment | Self::Cancelled, Progress::Succeeded) => Self::Paid,
            (Self::PendingPayment, Progress::Cancelled) => Self::Cancelled,
            (Self::Refunded, _) if !nothing_left => Self::Paid,
            (state, _) => state,
        }
    }
}

/// A payment by card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct CardPayment<P: Purpose> {
    /// The id, which the receipt names.
    pub id: P::Id,
    /// Who pays.
    pub user: UserId,
    /// What it is for.
    pub purpose: P,
    /// The network from which it was begun.
    #[serde(default)]
    pub network: String,
    /// Its state.
    pub state: PaymentState,
    /// Stripe's id of the payment. `None` until Stripe has answered.
    #[serde(default)]
    pub intent: Option<String>,
    /// Stripe's id of the payer. `None` until Stripe has answered.
    #[serde(default)]
    pub customer: Option<String>,
    /// What was given back of it, and how it is disputed.
    #[serde(flatten)]
    pub back: MoneyBack,
    /// Whether the payment differs from the request, so that it was refunded.
    #[serde(default)]
    pub is_wrong: bool,
    /// What was paid then. `None` in a currency that is not used here, and in items of earlier versions.
    #[serde(default)]
    pub received: Option<Money>,
    /// Whether the payer already had what was paid, so that it is refunded.
    #[serde(default)]
    pub is_surplus: bool,
    /// Why the last card was refused.
    #[serde(default)]
    pub decline: Option<String>,
    /// When it was begun.
    pub created_at: Time,
    /// When the payment became known.
    #[serde(default)]
    pub paid_at: Option<Time>,
    /// When it is next checked automatically, while it is not paid.
    pub look_at: Time,
    /// Increased by every change.
    pub version: u64,
}

impl<P: Purpose> CardPayment<P> {
    /// Creates a new, unpaid payment.
    #[must_use]
    pub fn new(sys: &Sys, user: UserId, network: String, purpose: P) -> Self {
        let now = sys.now();
        Self {
            id: sys.id(),
            user,
            purpose,
            network,
            state: PaymentState::PendingPayment,
            intent: None,
            customer: None,
            back: MoneyBack::default(),
            is_wrong: false,
            received: None,
            is_surplus: false,
            decline: None,
            created_at: now,
            paid_at: None,
            look_at: now + RECHECK,
            version: 1,
        }
    }

    /// Returns the key of a person's payment.
    #[must_use]
    pub fn key_of(user: UserId, id: P::Id) -> Key {
        Key::new(partition(user), format!("{}{id}", P::PREFIX))
    }

    /// Returns the payment to create at Stripe.
    #[must_use]
    pub fn new_payment(&self) -> NewPayment {
        let (user, paid_for, amount) = (self.user, P::paid_for(self.id), self.purpose.amount());
        let key = format!("{}-{}", P::KIND, self.id);
        NewPayment { user, paid_for, amount, key, since: self.created_at, description: P::DESCRIPTION }
    }

    /// Sets the payment that Stripe has created.
    #[must_use]
    pub fn with_payment(&self, intent: String, customer: String) -> Self {
        Self { intent: Some(intent), customer: Some(customer), ..self.clone() }
    }

    /// Returns the payment after Stripe's state was applied. Unchanged if nothing is new.
    ///
    /// # Errors
    /// [`Mismatch`] if it is not the payment that was asked for. Then nothing follows from it.
    pub fn after(&self, settlement: &Settlement, now: Time) -> Result<Self, Mismatch> {
        if self.intent.as_ref() != Some(&settlement.intent) {
            // A payment of another attempt that was cancelled.
            if settlement.progress == Progress::Cancelled {
                return Ok(self.clone());
            }
            if self.intent.is_some() {
                return Err(Mismatch::Intent);
            }
        }
        let (amount, paid) = (self.purpose.amount(), settlement.progress == Progress::Succeeded);
        settlement.judge(amount, self.customer.as_deref())?;
        let back = self.back.after(settlement.back);
        let state = self.state.after(settlement.progress, back.given() >= amount.amount());
        // What is owed of a surplus gives nothing to its payer.
        let stays = self.is_surplus && self.state == PaymentState::Refunded;
        Ok(Self {
            state: if stays { self.state } else { state },
            intent: Some(settlement.intent.clone()),
            customer: self.customer.clone().or_else(|| settlement.customer.clone()),
            back,
            decline: if paid { None } else { settlement.decline.clone().or_else(|| self.decline.clone()) },
            paid_at: self.paid_at.or_else(|| paid.then_some(now)),
            ..self.clone()
        })
    }

    /// Returns the payment of somebody who already had what was paid.
    #[must_use]
    pub fn surplus(&self) -> Self {
        Self { is_surplus: true, ..self.clone() }
    }

    /// Returns the payment with the time of its next automatic check.
    #[must_use]
    pub fn with_next_check(&self, now: Time) -> Self {
        Self { look_at: now + RECHECK, ..self.clone() }
    }

    /// Returns the payment in the state `cancelled`.
    #[must_use]
    pub fn cancelled(&self) -> Self {
        Self { state: PaymentState::Cancelled, ..self.clone() }
    }

    /// Returns the payment at its end, because Stripe's payment, which was paid, differs from the request and is refunded, with what was
    /// given back of it so far. Unchanged if it had already ended in another way.
    #[must_use]
    pub fn wrongly_paid(&self, settlement: &Settlement) -> Self {
        if !matches!(self.state, PaymentState::PendingPayment | PaymentState::Cancelled) {
            return self.clone();
        }
        let (intent, back) = (Some(settlement.intent.clone()), self.back.after(settlement.back));
        let received = settlement.asked.and_then(|asked| Money::new(settlement.received, asked.currency()).ok());
        Self { intent, back, is_wrong: true, received, ..self.cancelled() }
    }

    /// Returns what was not given back of all that was paid, if it is known.
    fn left(&self) -> Option<Money> {
        let all = if self.is_wrong { self.received } else { Some(self.purpose.amount()) };
        all.and_then(|all| self.back.left_of(all))
    }

    /// Returns what is owed of a payment that is refunded automatically, if it is known: all that is left.
    fn owed(&self) -> Option<Money> {
        self.left().filter(|_| self.is_wrong || self.is_surplus)
    }

    /// Returns the payment after staff have given back this amount outside Stripe: it is refunded if nothing is left.
    fn with_outside(&self, amount: u64) -> Self {
        let back = self.back.given_outside(amount);
        let state = self.state.given_outside(back.given() >= self.purpose.amount().amount());
        Self { state, back, ..self.clone() }
    }

    /// Returns the payment after staff have given back this amount of what is owed outside Stripe. If it is not known how much is owed,
    /// that is all that has come back.
    fn given_outside(&self, amount: Money) -> Result<Self, Problem> {
        let given = match self.owed() {
            Some(owed) => alert::rest_of(owed, amount).map(|_| amount.amount())?,
            None => self.back.came_back.saturating_sub(self.back.given()),
        };
        Ok(self.with_outside(given))
    }

    /// Adds to a transaction that staff have given back outside Stripe this amount of a payment that was refunded automatically, and has
    /// come back, with what follows from that. The alert ends when nothing is owed any more, and what may be left of a removal of it ends,
    /// too. Refused if the payment, or its alert, has changed since it was read, or Stripe is asked for a refund of it.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] if it is another currency, or more than what is owed.
    pub fn give_owed_outside(&self, tx: &mut Tx, sys: &Sys, alert: &PaymentAlert, amount: Money) -> Result<(), Problem> {
        let next = self.given_outside(amount)?;
        replace(tx, sys, self, &next);
        if let Some(intent) = &self.intent {
            PaymentRemoval::give_up(tx, intent);
        }
        match next.owed().filter(|owed| owed.amount() > 0) {
            Some(owed) => alert.goes_on(tx, owed, sys.now()),
            None => alert.end(tx),
        }
        Ok(())
    }

    /// Adds to a transaction that staff have given back outside Stripe this amount of a payment that is not kept, such as a second payment
    /// of a plan, with what follows from that: it is refunded if nothing is left. Refused if it has changed since it was read.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] if it is another currency, or more than what is left: Stripe may have given back some of it meanwhile.
    pub fn give_outside(&self, tx: &mut Tx, sys: &Sys, amount: Money) -> Result<(), Problem> {
        self.left().map(|left| alert::rest_of(left, amount)).transpose()?;
        change(tx, sys, self, &self.with_outside(amount.amount()));
        Ok(())
    }

    /// Returns the payment in the form for alerts.
    fn watched(&self) -> Watched {
        Watched { paid_for: P::paid_for(self.id), user: Some(self.user), amount: self.purpose.amount(), intent: self.intent.clone() }
    }

    /// Returns whether this alert holds for the payment. Of refunds only those that are made automatically: staff make others at Stripe,
    /// and see there that they have failed.
    pub(crate) fn has(&self, alert: Alert) -> bool {
        match alert {
            Alert::Disputed => self.back.disputed,
            // All of it was given back and has come back, until it is given back again.
            Alert::RefundFailed => {
                let is_owed = match self.owed() {
                    Some(owed) => self.back.came_back > 0 && owed.amount() > 0,
                    None => self.back.given() < self.back.came_back,
                };
                (self.is_wrong || self.is_surplus) && is_owed
            }
            Alert::WrongPayment => self.is_wrong,
            // What has ended is cancelled at Stripe first.
            Alert::LatePayment => false,
        }
    }

    /// Returns what the revenue depends on.
    fn sale(&self) -> Sale {
        Sale { amount: self.purpose.amount(), paid_at: self.paid_at, refunded: self.back.given() }
    }

    /// Returns whether this change is that which makes it paid.
    #[must_use]
    pub const fn is_paid_by(&self, after: &Self) -> bool {
        self.paid_at.is_none() && after.paid_at.is_some()
    }
}

impl<P: Purpose> Item for CardPayment<P> {
    const KIND: &'static str = P::KIND;
    const ABOUT: About = About::beside_user(
        P::SORT,
        Personal::Exported(&["id", "purpose", "network", "state", "refunded", "outside", "disputed", "decline", "created_at", "paid_at"]),
    )
    .indexed(Index::DuePayments, P::DUE, "{at}#{payment}")
    .removed_by("payments");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    // A sparse index: it contains only unpaid payments.
    fn indexes(&self) -> Vec<(Index, Key)> {
        if self.state != PaymentState::PendingPayment {
            return Vec::new();
        }
        vec![(Index::DuePayments, waiting::place(P::DUE, self.look_at, self.id))]
    }
}

/// The payment that a path names, of the caller alone.
impl<P: Purpose> accounts::Resource for CardPayment<P> {
    type Path = P::Id;
    fn key_for(caller: UserId, id: P::Id) -> Option<Key> {
        Some(Self::key_of(caller, id))
    }
}

/// What the revenue of a payment depends on.
struct Sale {
    amount: Money,
    paid_at: Option<Time>,
    refunded: u64,
}

impl Sale {
    /// Returns the amount that it brings: nothing before it is paid.
    fn revenue(&self) -> u64 {
        self.paid_at.map_or(0, |_| self.amount.amount().saturating_sub(self.refunded))
    }
}

/// Adds to a transaction what a change of a payment adds to the revenue, or takes off.
fn change_revenue(tx: &mut Tx, sys: &Sys, before: &Sale, after: &Sale) {
    if let Some(sold_at) = after.paid_at {
        figures::change_revenue(tx, sys, sold_at, after.amount.currency().code(), (before.revenue(), after.revenue()));
    }
}

/// Adds a change of a payment to a transaction, with what follows from it, except its alerts. Refused if the payment has changed since it
/// was read.
fn replace<P: Purpose>(tx: &mut Tx, sys: &Sys, before: &CardPayment<P>, after: &CardPayment<P>) {
    let next = CardPayment { version: before.version.saturating_add(1), ..after.clone() };
    tx.put(&next, field("version").eq(before.version));
    P::follow(tx, sys, before, after);
    change_revenue(tx, sys, &before.sale(), &after.sale());
}

/// Adds a change of a payment to a transaction, with what follows from it. Refused if the payment has changed since it was read, or if
/// money has come back while Stripe is asked to refund the payment.
fn change<P: Purpose>(tx: &mut Tx, sys: &Sys, before: &CardPayment<P>, after: &CardPayment<P>) {
    replace(tx, sys, before, after);
    let failed = |payment: &CardPayment<P>| FailedRefund { came_back: payment.back.came_back, owed: payment.owed(), not_allowed: false };
    alert::follow(tx, sys.now(), &after.watched(), (failed(before), failed(after)), |alert| (before.has(alert), after.has(alert)));
    // From then on staff see what is owed at the payment itself. Two alerts would tell of the same money.
    if let (false, true, Some(intent)) = (before.has(Alert::RefundFailed), after.has(Alert::RefundFailed), &after.intent) {
        PaymentRemoval::give_up(tx, intent);
    }
}

/// The result of [`write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is written, or there was nothing to write.
    Now,
    /// The event was handled before.
    Before,
    /// The payment has changed since it was read: read it again.
    Outdated,
}

/// Writes the new state of a payment, as [`write_beside`] with nothing that decides about it.
///
/// # Errors
/// [`StoreError`]
pub async fn write<P: Purpose>(
    table: &Table,
    sys: &Sys,
    before: &CardPayment<P>,
    after: &CardPayment<P>,
    event: Option<&str>,
) -> Result<Written, StoreError> {
    write_beside(table, sys, (before, after), event, &Beside::default()).await
}

/// Writes the new state of a payment (before, after), if neither it nor what decides about it has changed since it was read; with the
/// event of Stripe that brought it, if there was one, and with what follows from it ([`Purpose::follow`]). One transaction, or nothing if
/// there is nothing to write.
///
/// # Errors
/// [`StoreError`]
pub async fn write_beside<P: Purpose>(
    table: &Table,
    sys: &Sys,
    (before, after): (&CardPayment<P>, &CardPayment<P>),
    event: Option<&str>,
    beside: &Beside,
) -> Result<Written, StoreError> {
    let mut tx = Tx::new();
    let handled = event.map(|event| tx.create(&HandledEvent { event: event.to_owned(), at: sys.now() }));
    if before != after {
        for (key, version) in &beside.unmade {
            tx.check(key.clone(), field("version").eq(*version));
        }
        change(&mut tx, sys, before, after);
        // Otherwise staff would see it as owed until the next run of the schedule.
        let nothing_left = |payment: &CardPayment<P>| payment.left().is_some_and(|left| left.amount() == 0);
        if let (false, true, Some(intent)) = (nothing_left(before), nothing_left(after), &after.intent) {
            PaymentRemoval::end(&mut tx, intent);
        }
    }
    if tx.is_empty() {
        return Ok(Written::Now);
    }
    match table.commit(tx).await {
        Ok(()) => Ok(Written::Now),
        Err(CommitError::Refused(refused)) if handled.is_some_and(|slot| refused.at(slot)) => Ok(Written::Before),
        Err(CommitError::Refused(_)) => Ok(Written::Outdated),
        Err(CommitError::Store(e)) => Err(e),
    }
}

/// Payments for one purpose that are not made and are to be looked at, those that have waited longest first: those after this one. One
/// query.
///
/// # Errors
/// [`StoreError`]
pub async fn due<P: Purpose>(
    table: &Table,
    now: Time,
    after: Option<&CardPayment<P>>,
    limit: u32,
) -> Result<Page<CardPayment<P>>, StoreError> {
    waiting::page(table, P::DUE, now, after, limit).await
}

/// Returns a person's payments for one purpose, the newest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn history<P: Purpose>(
    table: &Table,
    user: UserId,
    after: Option<P::Id>,
    limit: u32,
) -> Result<Page<CardPayment<P>>, StoreError> {
    let range = Range::of(partition(user)).prefix(P::PREFIX).newest_first().limit(limit);
    table.query(after.into_iter().fold(range, |range, after| range.after(CardPayment::<P>::key_of(user, after), None))).await
}

/// The result of writing what Stripe says of a payment or an order whose person has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The record is up to date.
    Now,
    /// There is no record.
    Missing,
    /// A concurrent request has changed the record, which has to be read again.
    Outdated,
    /// The record is that of another payment, of which this amount was asked for. This one is to be given back.
    OfAnother(Money),
}

impl Recorded {
    /// Returns the result of a transaction that writes a record as it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn of(committed: Result<(), CommitError>) -> Result<Self, StoreError> {
        match committed {
            Ok(()) => Ok(Self::Now),
            Err(CommitError::Refused(_)) => Ok(Self::Outdated),
            Err(CommitError::Store(e)) => Err(e),
        }
    }
}

/// What is kept of a payment whose person has left, as long as the law requires. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// The id of the payment.
    pub id: String,
    /// The amount.
    pub amount: Money,
    /// The country, if it was known.
    #[serde(default)]
    pub country: Option<Country>,
    /// The state.
    pub state: PaymentState,
    /// What was given back of it, and how it is disputed.
    #[serde(flatten)]
    pub back: MoneyBack,
    /// Stripe's id of the payment. Records of earlier versions have none.
    #[serde(default)]
    intent: Option<String>,
    /// Whether something else was paid, which was refunded.
    #[serde(default)]
    is_wrong: bool,
    /// When it was begun.
    pub created_at: Time,
    /// When the payment became known.
    #[serde(default)]
    pub paid_at: Option<Time>,
    /// When it is deleted.
    #[serde(default)]
    until: Option<Time>,
}

impl PaymentRecord {
    /// Returns what is kept of this payment, for this long.
    #[must_use]
    pub fn of<P: Purpose>(payment: &CardPayment<P>, kept: Retention) -> Self {
        Self {
            id: payment.id.to_string(),
            amount: payment.purpose.amount(),
            country: payment.purpose.country(),
            state: payment.state,
            back: payment.back,
            intent: payment.intent.clone(),
            is_wrong: payment.is_wrong,
            created_at: payment.created_at,
            paid_at: payment.paid_at,
            until: Some(kept.ends(payment.created_at)),
        }
    }

    fn key_of(id: &str) -> Key {
        Key::new(format!("PAYMENT_RECORD#{id}"), "PAYMENT_RECORD")
    }

    /// Writes what Stripe says of the payment after the person has left, with the change of revenue.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn settle(table: &Table, sys: &Sys, paid_for: PaidFor, settlement: &Settlement) -> Result<Recorded, StoreError> {
        let Some(record) = table.get::<Self>(Self::key_of(&paid_for.id())).await? else { return Ok(Recorded::Missing) };
        if !settlement.is_of(record.intent.as_deref()) {
            return Ok(Recorded::OfAnother(record.amount));
        }
        let after = record.after(settlement, sys.now());
        if after == record {
            return Ok(Recorded::Now);
        }
        let mut tx = Tx::new();
        record.replace(&mut tx, sys, &after);
        let (change, asked) = ((record.back, after.back), ((paid_for, record.amount), None));
        PaymentRemoval::reopen(table, &mut tx, sys.now(), change, settlement, asked).await?;
        Recorded::of(table.commit(tx).await)
    }

    /// Adds to a transaction that staff have given back this amount of the payment with this id at Stripe outside of it, with the change
    /// of revenue. Nothing if there is no record of that payment. Refused if the record has changed since it was read. One read.
    ///
    /// # Errors
    /// [`kernel::Kind::Invalid`] if it is more than what is left: Stripe may have given back some of it meanwhile; those of a [`StoreError`].
    pub async fn give_outside(
        table: &Table,
        sys: &Sys,
        tx: &mut Tx,
        (paid_for, intent): (PaidFor, &str),
        amount: Money,
    ) -> Result<(), Problem> {
        let record = table.get::<Self>(Self::key_of(&paid_for.id())).await?;
        if let Some(record) =
            record.filter(|record| record.intent.as_deref() == Some(intent) && record.amount.currency() == amount.currency())
        {
            // It does not have what was paid instead of what was asked for.
            let left = if record.is_wrong { None } else { record.back.left_of(record.amount) };
            left.map(|left| alert::rest_of(left, amount)).transpose()?;
            let back = record.back.given_outside(amount.amount());
            let state = record.state.given_outside(back.given() >= record.amount.amount());
            record.replace(tx, sys, &Self { state, back, ..record.clone() });
        }
        Ok(())
    }

    /// Adds the next state to a transaction, with the change of revenue. Refused if the record has changed since it was read.
    fn replace(&self, tx: &mut Tx, sys: &Sys, after: &Self) {
        tx.put(after, field("state").eq(self.state).and(self.back.is_stored()));
        change_revenue(tx, sys, &self.sale(), &after.sale());
    }

    fn sale(&self) -> Sale {
        Sale { amount: self.amount, paid_at: self.paid_at, refunded: self.back.given() }
    }

    /// Returns the record after what Stripe says of the payment, as [`CardPayment::after`] and [`CardPayment::wrongly_paid`].
    fn after(&self, settlement: &Settlement, now: Time) -> Self {
        let back = self.back.after(settlement.back);
        let paid = settlement.progress == Progress::Succeeded;
        let is_wrong = self.is_wrong || (paid && self.paid_at.is_none() && settlement.judge(self.amount, None).is_err());
        if is_wrong {
            return Self { state: PaymentState::Cancelled, back, is_wrong, ..self.clone() };
        }
        Self {
            state: self.state.after(settlement.progress, back.given() >= self.amount.amount()),
            back,
            paid_at: self.paid_at.or_else(|| paid.then_some(now)),
            ..self.clone()
        }
    }
}

impl Item for PaymentRecord {
    const KIND: &'static str = "payment_record";
    const ABOUT: About = About::at(
        "PAYMENT_RECORD#{payment}",
        "PAYMENT_RECORD",
        Personal::Nobody("an amount, a country and dates, which the law requires to be kept, and Stripe's id of the payment"),
    )
    .expires();
    fn key(&self) -> Key {
        Self::key_of(&self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until.unwrap_or_else(|| Retention::default().ends(self.created_at)))
    }
}

#[cfg(test)]
mod tests {
    use countries::Postcode;
    use money::Currency;

    use super::*;
    use crate::{Donation, Donor};

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    fn pending() -> Donation {
        let country = Country::of("PL").unwrap();
        let postcode = Postcode::parse("00-001", Some(country)).unwrap();
        let donor = Donor { amount: Money::new(1234, Currency::Pln).unwrap(), country, postcode };
        Donation::new(&Sys::real(), UserId::NIL, "203.0.113.7".to_owned(), donor).with_payment("pi_1".to_owned(), "cus_1".to_owned())
    }

    fn settlement(progress: Progress) -> Settlement {
        let received = if progress == Progress::Succeeded { 1234 } else { 0 };
        Settlement {
            intent: "pi_1".to_owned(),
            progress,
            asked: Some(Money::new(1234, Currency::Pln).unwrap()),
            received,
            back: MoneyBack::default(),
            refunds: Vec::new(),
            customer: Some("cus_1".to_owned()),
            decline: None,
        }
    }

    fn given_back(refunded: u64, disputed: bool) -> Settlement {
        let back = MoneyBack { refunded, disputed, ..MoneyBack::default() };
        Settlement { back, ..settlement(Progress::Succeeded) }
    }

    #[test]
    fn what_stripe_says_moves_a_payment_forward_only() {
        let paid = pending().after(&settlement(Progress::Succeeded), NOW).unwrap();
        assert_eq!((paid.state, paid.paid_at), (PaymentState::Paid, Some(NOW)));
        assert!(paid.indexes().is_empty() && !pending().indexes().is_empty());
        for progress in [Progress::Open, Progress::Processing, Progress::Cancelled, Progress::Succeeded] {
            assert_eq!(paid.after(&settlement(progress), NOW + RECHECK).unwrap(), paid, "{progress:?}");
        }
        let part = paid.after(&given_back(34, false), NOW).unwrap();
        assert_eq!((part.state, part.back.refunded), (PaymentState::Paid, 34));
        let all = part.after(&given_back(1234, true), NOW).unwrap();
        assert_eq!((all.state, all.back.refunded, all.back.disputed), (PaymentState::Refunded, 1234, true));
        assert_eq!(all.after(&settlement(Progress::Succeeded), NOW).unwrap(), all, "an older state changes nothing");
        let at_once = pending().after(&given_back(1234, false), NOW).unwrap();
        assert_eq!((at_once.state, at_once.paid_at), (PaymentState::Refunded, Some(NOW)));
        let cancelled = pending().after(&settlement(Progress::Cancelled), NOW).unwrap();
        assert_eq!((cancelled.state, cancelled.paid_at), (PaymentState::Cancelled, None));
    }

    #[test]
    fn what_was_not_asked_for_is_never_paid() {
        let wrong = |back| Settlement { back, ..settlement(Progress::Succeeded) };
        let over = pending().wrongly_paid(&wrong(MoneyBack::default()));
        assert_eq!((over.state, over.is_wrong, over.paid_at), (PaymentState::Cancelled, true, None));
        assert!(over.indexes().is_empty() && over.has(Alert::WrongPayment) && !over.has(Alert::Disputed));
        let paid = pending().after(&settlement(Progress::Succeeded), NOW).unwrap();
        assert_eq!(paid.wrongly_paid(&wrong(MoneyBack::default())), paid, "what was paid stays so");
        let said = |refunded, came_back| wrong(MoneyBack { refunded, came_back, ..MoneyBack::default() });
        let given = over.wrongly_paid(&said(1234, 0));
        let back = given.wrongly_paid(&said(0, 1234));
        let again = back.wrongly_paid(&said(1234, 1234));
        let failed = [&over, &given, &back, &again].map(|payment| payment.has(Alert::RefundFailed));
        assert_eq!((failed, again.state), ([false, false, true, false], PaymentState::Cancelled));
        assert_eq!(back.wrongly_paid(&said(1234, 0)), back, "an older state changes nothing");
        let record = PaymentRecord::of(&given, Retention::default()).after(&said(0, 1234), NOW);
        assert_eq!((record.state, record.paid_at, record.back.came_back), (PaymentState::Cancelled, None, 1234));
        let unknown = Donation { intent: None, ..pending() };
        assert_eq!(unknown.wrongly_paid(&wrong(MoneyBack::default())).watched().intent.as_deref(), Some("pi_1"), "staff find it at Stripe");
        let cancelled = Settlement { customer: None, ..settlement(Progress::Cancelled) };
        assert_eq!(pending().after(&cancelled, NOW).unwrap().state, PaymentState::Cancelled, "nobody can pay it any more");
    }

    #[test]
    fn what_was_given_back_outside_stripe_is_not_owed_again() {
        let said = |refunded, came_back| {
            let back = MoneyBack { refunded, came_back, ..MoneyBack::default() };
            Settlement { back, ..settlement(Progress::Succeeded) }
        };
        let back = pending().wrongly_paid(&said(0, 1234));
        let zloty = |amount| Money::new(amount, Currency::Pln).unwrap();
        for wrong in [zloty(0), zloty(1235), Money::new(1234, Currency::Gbp).unwrap()] {
            assert!(back.given_outside(wrong).is_err(), "{wrong:?}");
        }
        let part = back.given_outside(zloty(1000)).unwrap();
        assert_eq!((part.has(Alert::RefundFailed), part.owed(), part.given_outside(zloty(235)).is_err()), (true, Some(zloty(234)), true));
        let rest = part.wrongly_paid(&said(34, 1234));
        assert_eq!(rest.owed(), Some(zloty(200)), "what Stripe has given back meanwhile is not owed");
        let outside = part.given_outside(zloty(234)).unwrap();
        assert_eq!((back.has(Alert::RefundFailed), outside.has(Alert::RefundFailed), outside.back.given()), (true, false, 1234));
        for same in [said(0, 1234), said(1234, 0)] {
            assert_eq!(outside.wrongly_paid(&same), outside, "Stripe says nothing new");
        }
        let twice = outside.wrongly_paid(&said(1234, 1234));
        let again = twice.wrongly_paid(&said(0, 2468));
        assert_eq!((twice.has(Alert::RefundFailed), again.has(Alert::RefundFailed)), (false, false), "it was given back outside Stripe");
        // An item of an earlier version does not know how much was paid.
        let older = Donation { received: None, ..back };
        let closed = older.given_outside(zloty(1)).unwrap();
        assert_eq!((closed.back.outside, closed.has(Alert::RefundFailed)), (1234, false));
    }

    #[test]
    fn a_dispute_that_was_won_is_over() {
        let said = |disputed, disputes_won| {
            let back = MoneyBack { disputed, disputes_won, ..MoneyBack::default() };
            Settlement { back, ..settlement(Progress::Succeeded) }
        };
        let disputed = pending().after(&said(true, 0), NOW).unwrap();
        let won = disputed.after(&said(false, 1), NOW).unwrap();
        assert_eq!((disputed.back.disputed, won.back.disputed), (true, false));
        for older in [said(true, 0), said(false, 0)] {
            assert_eq!(won.after(&older, NOW).unwrap(), won, "an older state changes nothing");
            assert!(!PaymentRecord::of(&won, Retention::default()).after(&older, NOW).back.disputed);
        }
        assert!(won.after(&said(true, 1), NOW).unwrap().back.disputed, "another one");
    }

    #[test]
    fn what_a_bank_sends_back_is_paid_again() {
        let given = given_back(1234, false);
        let back = MoneyBack { came_back: 1234, ..MoneyBack::default() };
        let back = Settlement { back, ..settlement(Progress::Succeeded) };
        let paid = pending().after(&settlement(Progress::Succeeded), NOW).unwrap();
        let refunded = paid.after(&given, NOW).unwrap();
        let again = refunded.after(&back, NOW).unwrap();
        assert_eq!((again.state, again.back.refunded, again.paid_at), (PaymentState::Paid, 0, Some(NOW)));
        for older in [&given, &settlement(Progress::Succeeded)] {
            assert_eq!(&again.after(older, NOW).unwrap(), &again, "an older state changes nothing");
        }
        assert_eq!(paid.after(&back, NOW).unwrap(), again, "whatever is heard first");
        let record = PaymentRecord::of(&refunded, Retention::default()).after(&back, NOW);
        assert_eq!((record.state, record.back.refunded, record.after(&given, NOW).back.refunded), (PaymentState::Paid, 0, 0));
    }

    #[test]
    fn a_refused_card_is_remembered_until_another_one_pays() {
        let refused = pending().after(&Settlement { decline: Some("lost_card".to_owned()), ..settlement(Progress::Open) }, NOW).unwrap();
        assert_eq!((refused.state, refused.decline.as_deref()), (PaymentState::PendingPayment, Some("lost_card")));
        assert_eq!(refused.after(&settlement(Progress::Succeeded), NOW).unwrap().decline, None);
    }

    #[test]
    fn the_record_of_a_payment_moves_forward_as_the_payment_does() {
        let pending = PaymentRecord::of(&pending(), Retention::default());
        let paid = pending.after(&settlement(Progress::Succeeded), NOW);
        assert_eq!((paid.state, paid.paid_at), (PaymentState::Paid, Some(NOW)));
        let all = paid.after(&given_back(1234, true), NOW + RECHECK);
        assert_eq!((all.state, all.back.refunded, all.back.disputed, all.paid_at), (PaymentState::Refunded, 1234, true, Some(NOW)));
        assert_eq!(all.after(&settlement(Progress::Succeeded), NOW), all, "an older state changes nothing");
        assert_eq!(pending.after(&settlement(Progress::Cancelled), NOW).state, PaymentState::Cancelled);
        let wrong = pending.after(&Settlement { received: 1000, ..settlement(Progress::Succeeded) }, NOW);
        assert_eq!((wrong.state, wrong.is_wrong, wrong.sale().revenue()), (PaymentState::Cancelled, true, 0), "it is given back");
    }

    #[test]
    fn a_record_is_that_of_one_payment() {
        let record = PaymentRecord::of(&pending(), Retention::default());
        let another = Settlement { intent: "pi_2".to_owned(), ..settlement(Progress::Succeeded) };
        let is_of = |record: &PaymentRecord, said: &Settlement| said.is_of(record.intent.as_deref());
        assert!(is_of(&record, &settlement(Progress::Succeeded)) && !is_of(&record, &another));
        assert!(is_of(&PaymentRecord { intent: None, ..record }, &another), "records of earlier versions do not know it");
    }

    #[test]
    fn another_payment_changes_nothing() {
        let good = settlement(Progress::Succeeded);
        let zloty = |amount| Money::new(amount, Currency::Pln).unwrap();
        for (wrong, expected) in [
            (Settlement { intent: "pi_2".to_owned(), ..good.clone() }, Mismatch::Intent),
            (Settlement { customer: Some("cus_2".to_owned()), ..good.clone() }, Mismatch::Customer),
            (Settlement { customer: None, ..good.clone() }, Mismatch::Customer),
            (Settlement { asked: Some(zloty(1)), ..good.clone() }, Mismatch::Amount),
            (Settlement { asked: Some(Money::new(1234, Currency::Gbp).unwrap()), ..good.clone() }, Mismatch::Amount),
            (Settlement { asked: None, ..good.clone() }, Mismatch::Amount),
            (Settlement { received: 1233, ..good }, Mismatch::Amount),
        ] {
            assert_eq!(pending().after(&wrong, NOW), Err(expected), "{wrong:?}");
        }
        let former = Settlement { intent: "pi_2".to_owned(), ..settlement(Progress::Cancelled) };
        let begun = pending();
        for payment in [Donation { intent: None, ..begun.clone() }, begun] {
            assert_eq!(payment.after(&former, NOW), Ok(payment.clone()));
        }
    }
}
