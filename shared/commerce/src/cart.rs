//! Carts: the products that somebody wants, with quantities. A cart has no prices; they are read when it is shown.
//!
//! A member has one cart. The cart of a guest is identified by a random token, of which the table has only a hash. After a sign-in the
//! guest's cart is merged into the member's in one transaction ([`merge`]) and deleted, so that another person who signs in with the same
//! token gets nothing of it.

use std::time::Duration;

use accounts::{
    Resource,
    user::{self, Status, User},
};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{ProductId, UserId},
    opaque,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Item, Key, Personal, Row, Slot, StoreError, Table, Tx, field};

/// The maximum number of products in a cart. An order is one transaction that writes each of them, and a transaction has at most 100
/// writes.
pub const LINES_MAX: usize = 50;
/// The maximum quantity of a product in a cart.
pub const QUANTITY_MAX: u32 = 99;

/// How long a guest's cart is kept after its last change.
const GUEST_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Attempts to make a change against concurrent changes.
const ROUNDS: u32 = 20;
/// The prefix of the tokens of guests.
const TOKEN: &str = "crt";

/// The quantity of a product: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u32);

impl Quantity {
    /// This quantity. `None` if it is not from 1 to 99.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 || number > QUANTITY_MAX { None } else { Some(Self(number)) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns the sum, limited to 99, and whether it was limited.
    fn plus(self, other: Self) -> (Self, bool) {
        let sum = self.0.saturating_add(other.0);
        (Self(sum.min(QUANTITY_MAX)), sum > QUANTITY_MAX)
    }
}

impl TryFrom<u32> for Quantity {
    type Error = &'static str;
    fn try_from(number: u32) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("not from 1 to 99")
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

/// A product in a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The product.
    pub product: ProductId,
    /// The quantity.
    pub quantity: Quantity,
}

/// The content of a cart: at most 50 different products, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(Vec<CartLine>);

/// The error if the cart already has 50 products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl From<Full> for Problem {
    fn from(Full: Full) -> Self {
        Self::new(Kind::TooMany).with("max", LINES_MAX)
    }
}

/// What a merge could not take over unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Products whose quantity was limited to 99.
    pub capped: Vec<ProductId>,
    /// Products that did not fit into the cart.
    pub left_out: Vec<ProductId>,
}

impl Lines {
    /// Returns the lines.
    #[must_use]
    pub fn as_slice(&self) -> &[CartLine] {
        &self.0
    }

    /// Returns whether the cart is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the quantity of a product. `None` removes the product.
    ///
    /// # Errors
    /// [`Full`]
    pub fn set(&mut self, product: ProductId, quantity: Option<Quantity>) -> Result<(), Full> {
        let Some(quantity) = quantity else {
            self.0.retain(|line| line.product != product);
            return Ok(());
        };
        let is_full = self.0.len() >= LINES_MAX;
        match self.0.iter_mut().find(|line| line.product == product) {
            Some(line) => line.quantity = quantity,
            None if is_full => return Err(Full),
            None => self.0.push(CartLine { product, quantity }),
        }
        Ok(())
    }

    /// Adds the content of another cart.
    pub fn take_in(&mut self, other: &Self) -> Merged {
        let mut merged = Merged::default();
        for line in &other.0 {
            if let Some(own) = self.0.iter_mut().find(|own| own.product == line.product) {
                let (sum, capped) = own.quantity.plus(line.quantity);
                own.quantity = sum;
                merged.capped.extend(capped.then_some(line.product));
            } else if self.0.len() < LINES_MAX {
                self.0.push(*line);
            } else {
                merged.left_out.push(line.product);
            }
        }
        merged
    }
}

/// The cart of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The member.
    pub user: UserId,
    /// What is in it.
    pub lines: Lines,
    /// The content that a guest's cart has replaced at a checkout. It is restored after the order.
    #[serde(default)]
    pub saved: Lines,
    /// Increased by every change.
    version: u64,
}

/// How a guest's cart is merged into a member's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The quantities are added.
    Both,
    /// For a checkout: the guest's cart replaces the member's, whose content is saved. An empty guest's cart replaces nothing.
    Guest,
}

impl Cart {
    /// Returns the key of a member's cart.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(user::partition(user), "CART")
    }

    /// Returns the version. 0 for a cart that was never written.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns an empty cart.
    #[must_use]
    pub fn empty(user: UserId) -> Self {
        Self { user, lines: Lines::default(), saved: Lines::default(), version: 0 }
    }

    /// Returns the cart after a merge with a guest's cart.
    fn with(&self, guest: &Lines, precedence: Precedence) -> (Self, Merged) {
        let mut next = self.clone();
        let merged = match precedence {
            Precedence::Guest if !guest.is_empty() => {
                let former = std::mem::replace(&mut next.lines, guest.clone());
                next.saved.take_in(&former)
            }
            Precedence::Both | Precedence::Guest => next.lines.take_in(guest),
        };
        (next, merged)
    }

    /// Returns the cart after its content was ordered.
    pub(crate) fn ordered(&self) -> Self {
        Self { lines: self.saved.clone(), saved: Lines::default(), ..self.clone() }
    }

    /// Adds this state of the cart to a transaction. The slot is refused if it has changed since `before`.
    pub(crate) fn replace(&self, tx: &mut Tx, before: &Self) -> Slot {
        let next = Self { version: before.version.saturating_add(1), ..self.clone() };
        tx.put(&next, unchanged(before.version))
    }

    /// Changes the content of the cart, if its version is `wanted`. One transaction, and another one for each concurrent change.
    ///
    /// # Errors
    /// [`Kind::VersionMismatch`], [`Kind::TooMany`], or [`Kind::Conflict`] if others were faster all the time.
    pub async fn change(
        self,
        table: &Table,
        product: ProductId,
        quantity: Option<Quantity>,
        wanted: impl Fn(u64) -> bool + Send,
    ) -> Result<Self, Problem> {
        let (user, mut before) = (self.user, self);
        for _ in 0..ROUNDS {
            if !wanted(before.version) {
                return Err(Kind::VersionMismatch.into());
            }
            let mut next = before.clone();
            next.lines.set(product, quantity)?;
            if next == before {
                return Ok(before);
            }
            let mut tx = Tx::new();
            let own = next.replace(&mut tx, &before);
            in_use(&mut tx, user);
            match table.commit(tx).await {
                Ok(()) => return Ok(Self { version: before.version.saturating_add(1), ..next }),
                Err(CommitError::Refused(refused)) if refused.at(own) => {
                    before = refused.current(own).map(Row::decode).transpose()?.unwrap_or_else(|| Self::empty(user));
                }
                Err(e) => return Err(e.into()),
            }
        }
        Err(Kind::Conflict.into())
    }
}

/// Adds the condition to a transaction that the account is active, so that nothing is written for an account that is being purged.
pub(crate) fn in_use(tx: &mut Tx, user: UserId) -> Slot {
    tx.check(User::key_of(user), field("status").eq(Status::Active))
}

fn unchanged(version: u64) -> Cond {
    if version == 0 { Cond::Absent } else { field("version").eq(version) }
}

impl Item for Cart {
    const KIND: &'static str = "cart";
    const ABOUT: About = About::beside_user("CART", Personal::Exported(&["lines", "saved"])).removed_by("orders");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

impl Resource for Cart {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// The token that identifies the cart of a guest: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestToken([u8; 32]);

impl GuestToken {
    /// Returns a new token.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        Self(sys.bytes())
    }

    /// Parses a token. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        opaque::read(TOKEN, text).map(Self)
    }

    /// Returns the token for the guest.
    #[must_use]
    pub fn expose(&self) -> String {
        opaque::write(TOKEN, &self.0)
    }

    fn hash(&self) -> String {
        Sha256::digest(self.0).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The cart of somebody who is not signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestCart {
    /// A hash of the token.
    token: String,
    /// What is in it.
    pub lines: Lines,
    /// Increased by every change.
    version: u64,
    /// When it expires. Every change extends it.
    until: Time,
}

impl GuestCart {
    fn key_of(token: &str) -> Key {
        Key::new(format!("GUEST_CART#{token}"), "GUEST_CART")
    }

    /// Returns its version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the cart of a token, if there is one. One read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn read(table: &Table, token: &GuestToken, now: Time) -> Result<Option<Self>, StoreError> {
        let found = table.get::<Self>(Self::key_of(&token.hash())).await?;
        Ok(found.filter(|cart| cart.until > now))
    }

    /// Changes the content of the cart of a token, if its version is `wanted`: 0 if there is no cart yet. A read and a write, and both
    /// again for each concurrent change.
    ///
    /// # Errors
    /// [`Kind::VersionMismatch`], [`Kind::TooMany`], or [`Kind::Conflict`] if others were faster all the time.
    pub async fn change(
        table: &Table,
        sys: &Sys,
        token: &GuestToken,
        product: ProductId,
        quantity: Option<Quantity>,
        wanted: impl Fn(u64) -> bool + Send,
    ) -> Result<Self, Problem> {
        for _ in 0..ROUNDS {
            let now = sys.now();
            let before = Self::read(table, token, now).await?;
            let version = before.as_ref().map_or(0, Self::version);
            if !wanted(version) {
                return Err(Kind::VersionMismatch.into());
            }
            let mut lines = before.map(|before| before.lines).unwrap_or_default();
            lines.set(product, quantity)?;
            let next = Self { token: token.hash(), lines, version: version.saturating_add(1), until: now + GUEST_KEPT };
            let same = if version == 0 { Cond::Absent.or(field("until").le(now)) } else { unchanged(version) };
            match table.put(&next, same).await {
                Ok(()) => return Ok(next),
                Err(store::WriteError::Refused(_)) => {}
                Err(store::WriteError::Store(e)) => return Err(e.into()),
            }
        }
        Err(Kind::Conflict.into())
    }
}

impl Item for GuestCart {
    const KIND: &'static str = "guest_cart";
    const ABOUT: About = About::at("GUEST_CART#{token_hash}", "GUEST_CART", Personal::Nobody("products in the cart of a guest")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.token)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// Merges the cart of a guest into the cart of the member who has signed in. `found` is the member's cart as read. A read, and a
/// transaction if the guest has a cart; both again for each concurrent change. If concurrent changes are always faster, nothing is merged,
/// and the next call tries again.
///
/// # Errors
/// [`StoreError`]. Then nothing is merged.
pub async fn merge(
    table: &Table,
    found: Cart,
    token: &GuestToken,
    precedence: Precedence,
    now: Time,
) -> Result<(Cart, Merged), StoreError> {
    let mut before = found;
    for _ in 0..ROUNDS {
        let Some(guest) = GuestCart::read(table, token, now).await? else { break };
        let (next, merged) = before.with(&guest.lines, precedence);
        let mut tx = Tx::new();
        next.replace(&mut tx, &before);
        tx.delete_when(guest.key(), field("version").eq(guest.version));
        in_use(&mut tx, before.user);
        match table.commit(tx).await {
            Ok(()) => return Ok((Cart { version: before.version.saturating_add(1), ..next }, merged)),
            Err(CommitError::Refused(_)) => {
                let user = before.user;
                before = table.get::<Cart>(Cart::key_of(user)).await?.unwrap_or_else(|| Cart::empty(user));
            }
            Err(CommitError::Store(e)) => return Err(e),
        }
    }
    Ok((before, Merged::default()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What is in a cart, by product, as the random tests expect it.
    type Model = BTreeMap<ProductId, u32>;

    fn content(lines: &Lines) -> Model {
        lines.as_slice().iter().map(|line| (line.product, line.quantity.get())).collect()
    }

    #[test]
    fn a_quantity_is_one_to_ninety_nine() {
        let is = |number| Quantity::new(number).is_some();
        assert_eq!([0, 1, 99, 100, u32::MAX].map(is), [false, true, true, false, false]);
        assert!(serde_json::from_str::<Quantity>("0").is_err() && serde_json::from_str::<Quantity>("99").is_ok());
    }

    #[test]
    fn carts_are_as_a_map_would_be() {
        let sys = Sys::real();
        let products: Vec<ProductId> = (0..70).map(|_| sys.id()).collect();
        let (mut lines, mut model) = (Lines::default(), Model::new());
        for step in 0..50_000 {
            let product = products[sys.below(70) as usize];
            let number = sys.below(QUANTITY_MAX + 1);
            let done = lines.set(product, Quantity::new(number));
            let fits = number == 0 || model.contains_key(&product) || model.len() < LINES_MAX;
            assert_eq!(done.is_ok(), fits, "step {step}");
            match number {
                0 => {
                    model.remove(&product);
                }
                _ if fits => {
                    model.insert(product, number);
                }
                _ => {}
            }
            if step % 100 == 0 {
                assert_eq!(content(&lines), model, "step {step}");
            }
        }
    }

    #[test]
    fn a_merge_adds_and_tells_what_it_has_capped() {
        let sys = Sys::real();
        let products: Vec<ProductId> = (0..80).map(|_| sys.id()).collect();
        for _ in 0..2_000 {
            let mut carts = [Lines::default(), Lines::default()];
            for cart in &mut carts {
                for _ in 0..sys.below(60) {
                    let quantity = Quantity::new(sys.below(QUANTITY_MAX) + 1);
                    let put = cart.set(products[sys.below(80) as usize], quantity);
                    assert!(put.is_ok() || cart.as_slice().len() == LINES_MAX);
                }
            }
            let [own, guest] = carts;
            let (mut all, before, other) = (own.clone(), content(&own), content(&guest));
            let merged = all.take_in(&guest);
            let after = content(&all);
            assert!(after.len() <= LINES_MAX && after.len() == all.as_slice().len());
            for (product, number) in &other {
                let sum = before.get(product).copied().unwrap_or_default() + number;
                let left_out = merged.left_out.contains(product);
                assert_eq!(after.get(product).copied(), (!left_out).then_some(sum.min(QUANTITY_MAX)));
                assert_eq!(merged.capped.contains(product), sum > QUANTITY_MAX);
            }
            assert!(before.keys().all(|product| after.contains_key(product)));
        }
    }

    /// Adds what a merge has not left out.
    fn take_in(model: &mut Model, other: &Model, merged: &Merged) {
        for (product, number) in other.iter().filter(|(product, _)| !merged.left_out.contains(product)) {
            let sum = model.get(product).copied().unwrap_or_default().saturating_add(*number);
            model.insert(*product, sum.min(QUANTITY_MAX));
        }
        assert!(merged.left_out.is_empty() || model.len() == LINES_MAX);
    }

    #[test]
    fn a_cart_is_as_its_model_after_any_steps() {
        let sys = Sys::real();
        let products: Vec<ProductId> = (0..70).map(|_| sys.id()).collect();
        let any = || products[sys.below(70) as usize];
        let (mut cart, mut own, mut saved) = (Cart::empty(sys.id()), Model::new(), Model::new());
        for step in 0..50_000 {
            match sys.below(100) {
                0..=89 => {
                    let (product, number) = (any(), sys.below(QUANTITY_MAX + 1));
                    match cart.lines.set(product, Quantity::new(number)) {
                        Err(_) => assert_eq!(own.len(), LINES_MAX),
                        Ok(()) if number == 0 => {
                            own.remove(&product);
                        }
                        Ok(()) => {
                            own.insert(product, number);
                        }
                    }
                }
                90..=95 => {
                    let mut guest = Lines::default();
                    for _ in 0..sys.below(20) {
                        guest.set(any(), Quantity::new(sys.below(QUANTITY_MAX) + 1)).unwrap();
                    }
                    let precedence = [Precedence::Both, Precedence::Guest][sys.below(2) as usize];
                    let (next, merged) = cart.with(&guest, precedence);
                    match precedence {
                        _ if guest.is_empty() => {}
                        Precedence::Both => take_in(&mut own, &content(&guest), &merged),
                        Precedence::Guest => take_in(&mut saved, &std::mem::replace(&mut own, content(&guest)), &merged),
                    }
                    cart = next;
                }
                _ => (cart, own) = (cart.ordered(), std::mem::take(&mut saved)),
            }
            assert!(step % 10 > 0 || (content(&cart.lines), content(&cart.saved)) == (own.clone(), saved.clone()), "step {step}");
        }
    }

    #[test]
    fn at_a_checkout_the_own_cart_is_saved_and_comes_back() {
        let sys = Sys::real();
        let (old, new): (ProductId, ProductId) = (sys.id(), sys.id());
        let mut cart = Cart::empty(sys.id());
        cart.lines.set(old, Quantity::new(2)).unwrap();
        let mut guest = Lines::default();
        guest.set(new, Quantity::new(3)).unwrap();
        let (both, _) = cart.with(&guest, Precedence::Both);
        assert_eq!(content(&both.lines), Model::from([(old, 2), (new, 3)]));
        let (checkout, merged) = cart.with(&guest, Precedence::Guest);
        assert_eq!((content(&checkout.lines), content(&checkout.saved)), (Model::from([(new, 3)]), Model::from([(old, 2)])));
        assert_eq!(merged, Merged::default());
        let ordered = checkout.ordered();
        assert_eq!((content(&ordered.lines), ordered.saved.is_empty()), (Model::from([(old, 2)]), true));
        assert_eq!(cart.with(&Lines::default(), Precedence::Guest), (cart.clone(), Merged::default()), "an empty cart is no order");
    }

    #[test]
    fn a_token_is_read_as_it_was_drawn() {
        let sys = Sys::real();
        let token = GuestToken::draw(&sys);
        assert!(GuestToken::parse(&token.expose()) == Some(token.clone()) && GuestToken::draw(&sys) != token);
        assert!(!token.hash().contains(&token.expose()));
        for bad in ["", "crt_", "crt_abc", "abc_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"] {
            assert!(GuestToken::parse(bad).is_none(), "{bad}");
        }
    }
}
