//! Orders: the products with their prices, the recipient, and the state.
//!
//! The names, prices and address of an order do not change with the product or the account. Its state changes only by the steps of
//! [`crate::machine`], each in one transaction with the stock of its products.
//!
//! An unpaid order is deleted 30 days after its end.

use std::time::Duration;

use accounts::{
    Resource,
    address_book::{Book, PostalAddress},
    figures,
    identifier::{PersonName, Phone},
    user::{self, User},
};
use events::{Outbox, shop::OrderPlaced};
use kernel::{
    FieldError, Kind, Problem, Sys, Time,
    id::{OrderId, UserId},
};
use money::Money;
use payments::{Mismatch, MoneyBack, NewPayment, PaidFor, Settlement, waiting};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, StoreError, Table, Tx};
use utoipa::ToSchema;

use crate::{
    card::OrderCard,
    cart::Cart,
    machine::{By, OrderState, step},
    quote::PricedLine,
};

/// The prefix of the sort keys.
const PREFIX: &str = "ORDER#";
/// The partition of [`Index::DuePayments`].
const DUE: &str = "DUE_ORDERS";
/// How long an unpaid order is kept after its end.
const UNPAID_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// In cash, on delivery.
    CashOnDelivery,
    /// By card, within fifteen minutes.
    Card,
}

/// The recipient of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The phone number, for the delivery.
    pub phone: Phone,
    /// The address.
    pub address: PostalAddress,
}

impl Recipient {
    /// Returns the recipient from the data of the buyer. Also checks that the cart is not empty.
    ///
    /// # Errors
    /// [`Kind::OrderIncomplete`] with everything that is missing.
    pub fn of(user: &User, book: Option<&Book>, cart: &Cart) -> Result<Self, Problem> {
        let address = book.and_then(Book::main).map(|main| &main.place);
        let missing = [
            ("first_name", user.first_name.is_none()),
            ("last_name", user.last_name.is_none()),
            ("phone", user.phone.is_none()),
            ("address", address.is_none()),
            ("cart", cart.lines.is_empty()),
        ];
        match (&user.first_name, &user.last_name, &user.phone, address) {
            (Some(first_name), Some(last_name), Some(phone), Some(address)) if !cart.lines.is_empty() => {
                Ok(Self { first_name: first_name.clone(), last_name: last_name.clone(), phone: phone.clone(), address: address.clone() })
            }
            _ => {
                let missing: Vec<&str> = missing.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
                Err(Problem::new(Kind::OrderIncomplete).with("missing", missing.join(", ")))
            }
        }
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The id, which is its number.
    pub id: OrderId,
    /// The buyer.
    pub user: UserId,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Its state.
    pub state: OrderState,
    /// The products with their prices at that time.
    pub lines: Vec<PricedLine>,
    /// The total: the sum of the lines.
    pub total: Money,
    /// The recipient.
    pub recipient: Recipient,
    /// When it was placed.
    pub created_at: Time,
    /// When its state changed last.
    pub changed_at: Time,
    /// The payment by card. `None` for other payment methods.
    #[serde(default)]
    pub card: Option<OrderCard>,
    /// Increased by every change.
    pub version: u64,
}

impl Order {
    /// Returns the key of a person's order.
    #[must_use]
    pub fn key_of(user: UserId, id: OrderId) -> Key {
        Key::new(user::partition(user), format!("{PREFIX}{id}"))
    }

    /// Adds a new order to a transaction, with the event that mails the buyer, and its revenue. For an order by card both follow with the
    /// payment.
    pub(crate) fn create(&self, tx: &mut Tx, sys: &Sys) {
        tx.create(self);
        tx.create(&self.owner());
        if self.state == OrderState::Placed {
            Outbox::add(tx, sys, &OrderPlaced { user: self.user, order: self.id });
        }
        figures::change_revenue(tx, sys, self.sold_at(), self.total.currency().code(), (0, self.revenue()));
    }

    /// Returns the item by which the order is found by its number.
    pub(crate) fn owner(&self) -> OrderOwner {
        OrderOwner { order: self.id, user: self.user, until: self.expires() }
    }

    /// Returns the payment to create at Stripe, if it is paid by card.
    #[must_use]
    pub fn new_payment(&self) -> Option<NewPayment> {
        let (user, paid_for, amount) = (self.user, PaidFor::Order(self.id), self.total);
        let key = format!("order-{}-{}", self.id, self.card.as_ref()?.attempt);
        Some(NewPayment { user, paid_for, amount, key, since: self.created_at, description: "Order" })
    }

    /// Returns when it was placed, or paid if that is by card.
    pub(crate) fn sold_at(&self) -> Time {
        self.card.as_ref().and_then(|card| card.paid_at).unwrap_or(self.created_at)
    }

    /// See [`revenue`].
    pub(crate) fn revenue(&self) -> u64 {
        revenue(self.state, self.total, self.card.as_ref().map(|card| card.back))
    }

    /// Returns whether it waits for its payment by card.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.state == OrderState::PendingPayment
    }

    /// Returns whether it can be paid now.
    #[must_use]
    pub fn is_payable(&self, now: Time) -> bool {
        self.is_pending() && self.card.as_ref().is_some_and(|card| card.end(now).is_none())
    }

    /// Checks that the state allows a step. An order is not shipped while it is disputed or a refund is in progress, or if it is fully
    /// refunded.
    ///
    /// # Errors
    /// [`Kind::OrderState`] or [`Kind::OrderHeld`].
    pub(crate) fn admits(&self, to: OrderState, by: By) -> Result<(), Problem> {
        step(self.state, to, by).ok_or_else(|| self.stays())?;
        let is_held = |card: &OrderCard| card.back.disputed || card.asked_refund().is_some() || card.left(self.total) == 0;
        if to == OrderState::Shipped && self.card.as_ref().is_some_and(is_held) {
            return Err(Kind::OrderHeld.into());
        }
        Ok(())
    }

    /// Returns the order with this state of its payment.
    #[must_use]
    pub fn with_card(&self, card: OrderCard) -> Self {
        Self { card: Some(card), ..self.clone() }
    }

    /// After what Stripe says of its payment: one step at most. The same if that is nothing new.
    ///
    /// # Errors
    /// [`Mismatch`] if it is not the payment that was asked for. Then nothing follows from it.
    pub fn after(&self, said: &Settlement, now: Time) -> Result<Self, Mismatch> {
        let (state, card) = self.card.as_ref().ok_or(Mismatch::Intent)?.after(self.state, self.total, said, now)?;
        Ok(self.with_card(card).in_state(state, now))
    }

    /// Returns the order after staff have given back this amount outside Stripe, instead of refunds that have failed.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if it is another currency or more than what is left; [`Kind::OrderState`] if it was not paid by card.
    pub fn refunded_outside(&self, amount: Money, now: Time) -> Result<Self, Problem> {
        if amount.currency() != self.total.currency() {
            return Err(Problem::field("/amount/currency", FieldError::CURRENCY));
        }
        let paid = self.card.as_ref().filter(|card| card.is_paid()).ok_or_else(|| self.stays())?;
        let card = paid.with_refund_outside(self.total, amount.amount())?;
        // Of an order that was paid, one refund can be a part of it or all.
        let state = card.after_refunds(card.after_refunds(self.state, self.total), self.total);
        Ok(self.with_card(card).in_state(state, now))
    }

    /// Returns the order at its end, because Stripe knows no payment of it. Unchanged if it can still be paid.
    #[must_use]
    pub fn ended(&self, now: Time) -> Self {
        let end = self.card.as_ref().and_then(|card| card.end(now)).filter(|_| self.is_pending());
        self.in_state(end.unwrap_or(self.state), now)
    }

    /// Returns the order in this state.
    pub(crate) fn in_state(&self, state: OrderState, now: Time) -> Self {
        let changed_at = if state == self.state { self.changed_at } else { now };
        Self { state, changed_at, ..self.clone() }
    }

    /// Returns the time of the next automatic check, if there is something to do.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let card = self.card.as_ref()?;
        (self.is_pending() || card.asked_refund().is_some()).then_some(card.look_at)
    }

    /// Returns the problem of a step that its state does not allow.
    #[must_use]
    pub fn stays(&self) -> Problem {
        Problem::new(Kind::OrderState).with("order_state", self.state.as_str())
    }
}

impl Item for Order {
    const KIND: &'static str = "order";
    const ABOUT: About = About::beside_user(
        "ORDER#{order}",
        Personal::Exported(&["id", "payment_method", "state", "lines", "total", "recipient", "created_at", "changed_at", "card"]),
    )
    .indexed(Index::DuePayments, "DUE_ORDERS", "{at}#{order}")
    .indexed(Index::OrdersByState, "ORDERS#{state}", "{order}")
    .may_expire()
    .removed_by("orders");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let due = self.due().map(|at| (Index::DuePayments, waiting::place(DUE, at, self.id)));
        due.into_iter().chain([(Index::OrdersByState, Key::new(in_state(self.state), self.id.to_string()))]).collect()
    }
    fn expires(&self) -> Option<Time> {
        let paid = self.card.as_ref().is_some_and(OrderCard::is_paid);
        let ended = matches!(self.state, OrderState::Cancelled | OrderState::Expired);
        (ended && !paid).then(|| self.changed_at + UNPAID_KEPT)
    }
}

/// The buyer of an order, to find an order by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOwner {
    order: OrderId,
    user: UserId,
    /// When it expires with its order, if it does.
    #[serde(default)]
    until: Option<Time>,
}

impl OrderOwner {
    fn key_of(order: OrderId) -> Key {
        Key::new(format!("ORDER#{order}"), "ORDER_OWNER")
    }
}

impl Item for OrderOwner {
    const KIND: &'static str = "order_owner";
    const ABOUT: About = About::at("ORDER#{order}", "ORDER_OWNER", Personal::Withheld("whose an order is")).owned().may_expire();
    fn key(&self) -> Key {
        Self::key_of(self.order)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, user::owned(self.user, &self.key()))]
    }
    fn expires(&self) -> Option<Time> {
        self.until
    }
}

/// The caller's own order that a path names.
impl Resource for Order {
    type Path = OrderId;
    fn key_for(caller: UserId, order: OrderId) -> Option<Key> {
        Some(Self::key_of(caller, order))
    }
}

/// Returns the amount that an order in this state brings: nothing before it is paid by card, or after it was cancelled, or returned without
/// having been paid by card. `by_card` is what was given back of a payment by card.
pub(crate) fn revenue(state: OrderState, total: Money, by_card: Option<MoneyBack>) -> u64 {
    match (by_card, state) {
        (_, OrderState::PendingPayment | OrderState::Expired | OrderState::Cancelled) | (None, OrderState::Returned) => 0,
        (by_card, _) => total.amount().saturating_sub(by_card.map_or(0, MoneyBack::given)),
    }
}

fn in_state(state: OrderState) -> String {
    format!("ORDERS#{}", state.as_str())
}

/// Returns the order with this number. Two reads.
///
/// # Errors
/// [`StoreError`]
pub async fn find(table: &Table, order: OrderId) -> Result<Option<Order>, StoreError> {
    let Some(owner) = table.get::<OrderOwner>(OrderOwner::key_of(order)).await? else { return Ok(None) };
    table.get::<Order>(Order::key_of(owner.user, order)).await
}

/// Returns the orders after `after` whose automatic check is due, because they are not paid or have to be refunded. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn due(table: &Table, now: Time, after: Option<&Order>, limit: u32) -> Result<Page<Order>, StoreError> {
    waiting::page(table, DUE, now, after, limit).await
}

/// Returns a person's orders, the newest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn history(table: &Table, user: UserId, after: Option<OrderId>, limit: u32) -> Result<Page<Order>, StoreError> {
    let range = Range::of(user::partition(user)).prefix(PREFIX).newest_first().limit(limit);
    table.query(after.into_iter().fold(range, |range, after| range.after(Order::key_of(user, after), None))).await
}

/// Returns the orders in a state after this one, the oldest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn in_this_state(table: &Table, state: OrderState, after: Option<OrderId>, limit: u32) -> Result<Page<Order>, StoreError> {
    let range = Range::of_index(Index::OrdersByState, in_state(state)).limit(limit);
    // Continues by the sort key alone, because the last order may have another state now.
    table.query(after.into_iter().fold(range, |range, after| range.beyond(after.to_string()))).await
}
