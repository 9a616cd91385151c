//! Orders: what somebody has bought at which price, where it goes, and how far it is.
//!
//! An order keeps what it was placed with: names, prices and address do not change with the product or the account. Its state changes
//! by the steps of [`crate::machine`] alone, each of them one transaction with the stock of its products.

use std::collections::BTreeSet;

use accounts::{
    Resource,
    address_book::{Book, PostalAddress},
    identifier::{PersonName, Phone},
    user::{self, User},
};
use events::{Outbox, shop::OrderPlaced};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{OrderId, ProductId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Index, Item, Key, Page, Personal, Range, Row, Slot, StoreError, Table, Tx, field};
use utoipa::ToSchema;

use crate::{
    cart::Cart,
    machine::{By, OrderState, step},
    quote::PricedLine,
};

/// The beginning of the sort keys.
const PREFIX: &str = "ORDER#";
/// How often a step is tried again because products of the order were deleted.
const ROUNDS: usize = 60;

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// In cash, to whoever delivers it.
    CashOnDelivery,
}

/// Who gets an order, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The phone number, for whoever delivers it.
    pub phone: Phone,
    /// The address.
    pub address: PostalAddress,
}

impl Recipient {
    /// The recipient of what a person orders, who has these addresses and this cart.
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
    /// Who has placed it.
    pub user: UserId,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Its state.
    pub state: OrderState,
    /// What was ordered, with its prices at that moment.
    pub lines: Vec<PricedLine>,
    /// What it costs: the sum of the lines.
    pub total: Money,
    /// Who gets it.
    pub recipient: Recipient,
    /// When it was placed.
    pub created_at: Time,
    /// When its state changed last.
    pub changed_at: Time,
    /// Raised by every change.
    pub version: u64,
}

impl Order {
    /// The key of a person's order.
    #[must_use]
    pub fn key_of(user: UserId, id: OrderId) -> Key {
        Key::new(user::partition(user), format!("{PREFIX}{id}"))
    }

    /// Adds a new order to a transaction, and that its buyer is told.
    pub(crate) fn create(&self, tx: &mut Tx, sys: &Sys) {
        tx.create(self);
        Outbox::add(tx, sys, &OrderPlaced { user: self.user, order: self.id });
    }

    /// The problem of a step that cannot be taken from its state.
    fn stays(&self) -> Problem {
        Problem::new(Kind::OrderState).with("order_state", self.state.as_str())
    }
}

impl Item for Order {
    const KIND: &'static str = "order";
    const ABOUT: About = About::beside_user(
        "ORDER#{order}",
        Personal::Exported(&["id", "payment_method", "state", "lines", "total", "recipient", "created_at", "changed_at"]),
    )
    .indexed(Index::OrdersByState, "ORDERS#{state}", "{order}")
    .removed_by("orders");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::OrdersByState, Key::new(in_state(self.state), self.id.to_string()))]
    }
}

/// The order that a path names, of the caller alone.
impl Resource for Order {
    type Path = OrderId;
    fn find(caller: UserId, order: OrderId) -> Option<Key> {
        Some(Self::key_of(caller, order))
    }
}

fn in_state(state: OrderState) -> String {
    format!("ORDERS#{}", state.as_str())
}

/// Takes a step with an order as it was read, and moves the stock of its products. `also` adds to the transaction, and returns the
/// condition that the caller may still do this, if there is one. One transaction. Products that were deleted have no stock; for each of
/// them there is another one.
///
/// # Errors
/// [`Kind::OrderState`] if its state allows no such step, also if that is so since it was read; [`Kind::Forbidden`] if the condition of
/// `also` does not hold.
pub async fn advance(
    table: &Table,
    now: Time,
    order: &Order,
    (to, by): (OrderState, By),
    also: impl Fn(&mut Tx) -> Option<Slot> + Send + Sync,
) -> Result<Order, Problem> {
    let arrow = step(order.state, to, by).ok_or_else(|| order.stays())?;
    let next = Order { state: to, changed_at: now, version: order.version.saturating_add(1), ..order.clone() };
    let mut gone = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut tx = Tx::new();
        let own = tx.put(&next, field("version").eq(order.version));
        let allowed = also(&mut tx);
        let moved: Vec<(ProductId, Slot)> = arrow.stock.map_or_else(Vec::new, |stock| {
            let lines = order.lines.iter().map(PricedLine::line).filter(|line| !gone.contains(&line.product));
            lines.map(|line| (line.product, stock.add(&mut tx, line))).collect()
        });
        match table.commit(tx).await {
            Ok(()) => return Ok(next),
            Err(CommitError::Refused(refused)) if allowed.is_some_and(|slot| refused.at(slot)) => {
                return Err(Kind::Forbidden.because("the caller lost the role meanwhile"));
            }
            Err(CommitError::Refused(refused)) if refused.at(own) => {
                let current = refused.current(own).map(Row::decode::<Order>).transpose()?;
                return Err(current.map_or_else(|| Kind::NotFound.into(), |current| current.stays()));
            }
            Err(CommitError::Refused(refused)) => {
                for (product, slot) in moved.into_iter().filter(|(_, slot)| refused.at(*slot)) {
                    if refused.current(slot).is_some() {
                        return Err(Problem::internal("the stock of a product is less than its orders have"));
                    }
                    gone.insert(product);
                }
            }
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.into())
}

/// A person's orders, the newest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn history(table: &Table, user: UserId, after: Option<OrderId>, limit: u32) -> Result<Page<Order>, StoreError> {
    let range = Range::of(user::partition(user)).prefix(PREFIX).newest_first().limit(limit);
    table.query(after.into_iter().fold(range, |range, after| range.after(Order::key_of(user, after), None))).await
}

/// The orders in a state after this one, the oldest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn in_this_state(table: &Table, state: OrderState, after: Option<OrderId>, limit: u32) -> Result<Page<Order>, StoreError> {
    let range = Range::of_index(Index::OrdersByState, in_state(state)).limit(limit);
    // By the position alone, because an order of the last page may be in another state by now.
    table.query(after.into_iter().fold(range, |range, after| range.beyond(after.to_string()))).await
}
