//! Placing an order, once for each idempotency key.
//!
//! One transaction takes the products out of stock, empties the cart, and writes the order and the key. It is refused if a product or the
//! cart has changed since it was read, or if there is too little stock. Then everything is read and checked again.

use std::time::Duration;

use accounts::{
    address_book::Book,
    user::{self, User},
};
use kernel::{
    FieldError, Kind, Problem, Sys, Time,
    crypto::short_hash,
    id::{OrderId, ProductId, UserId},
};
use money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    About, Batch, CommitError, Cond, Item, Key, Personal, StoreError, Table, Tx, field,
    limits::{self, DAY, Limit, Quota},
};

use crate::{
    card::OrderCard,
    cart::{Cart, CartLine, in_use},
    machine::{OrderState, StockMove},
    order::{Order, PaymentMethod, Recipient},
    product::Product,
    quote::{PricedLine, total},
};

/// How long a key is remembered.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// The limit on a person's unshipped orders on delivery. They are not paid, and each reserves up to fifty times 99 products until staff
/// ship or cancel it. Few people need more than two. The count starts again after a time without new orders, in which these have been
/// shipped or cancelled.
pub(crate) const ON_DELIVERY: Quota =
    Quota::pausing("orders_on_delivery", 10, DAY.saturating_mul(90), "orders on delivery of a person that are not shipped");
/// Attempts to place an order after concurrent changes.
const ROUNDS: u32 = 10;

/// The content of a request to order the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The payment method.
    pub payment_method: PaymentMethod,
    /// The total that the buyer has seen.
    pub total: Money,
}

/// A stored request to place an order, by its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderRequest {
    user: UserId,
    /// A hash of the key.
    key: String,
    /// A hash of the content of the request.
    fingerprint: String,
    order: OrderId,
    until: Time,
}

impl OrderRequest {
    fn key_of(user: UserId, key: &str) -> Key {
        Key::new(user::partition(user), format!("ORDER_REQUEST#{key}"))
    }
}

impl Item for OrderRequest {
    const KIND: &'static str = "order_request";
    const ABOUT: About = About::beside_user("ORDER_REQUEST#{key}", Personal::Withheld("hashes of a request, kept for a day")).expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, &self.key)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// A request to place an order.
#[derive(Debug)]
pub struct Placing<'a> {
    /// The buyer.
    pub user: &'a User,
    /// The content of the request.
    pub wish: Wish,
    /// The idempotency key.
    pub key: &'a str,
    /// The network that the request came from.
    pub network: String,
    /// The limits on the person's orders.
    pub limits: Vec<Limit>,
}

/// Places an order. If an earlier request with the same key has placed it, returns that order in its current state. A batch of the key, the
/// cart, the addresses and the counters; a batch of the products; a transaction. All of them again after a concurrent change.
///
/// # Errors
/// [`Kind::IdempotencyKeyReused`], [`Kind::OrderIncomplete`], [`Kind::OutOfStock`], [`Kind::PricesChanged`], [`Kind::OrdersOpen`],
/// [`Kind::TooManyRequests`], [`Kind::Invalid`] for a total that Stripe does not accept, or [`Kind::Conflict`] if concurrent changes were
/// faster at every attempt.
pub async fn place(table: &Table, sys: &Sys, placing: &Placing<'_>) -> Result<Order, Problem> {
    let (user, now) = (placing.user, sys.now());
    let (key, fingerprint) = (short_hash(placing.key), short_hash(format!("{:?}", placing.wish)));
    let (request, cart, book) = (OrderRequest::key_of(user.id, &key), Cart::key_of(user.id), Book::key_of(user.id));
    let on_delivery = (placing.wish.payment_method == PaymentMethod::CashOnDelivery).then(|| ON_DELIVERY.of(user.id));
    for _ in 0..ROUNDS {
        let counters = placing.limits.iter().chain(&on_delivery).map(Limit::key);
        let mut found = table.get_many([request.clone(), cart.clone(), book.clone()].into_iter().chain(counters).collect()).await?;
        if let Some(earlier) = found.take::<OrderRequest>(&request)?.filter(|earlier| earlier.until > now) {
            return before(table, &earlier, &fingerprint).await;
        }
        let limits = placing.limits.iter().map(|limit| limit.clone().read(&mut found, now)).collect::<Result<Vec<_>, _>>()?;
        let open = on_delivery.clone().map(|limit| limit.read(&mut found, now)).transpose()?;
        let cart = found.take::<Cart>(&cart)?.unwrap_or_else(|| Cart::empty(user.id));
        let recipient = Recipient::of(user, found.take::<Book>(&book)?.as_ref(), &cart)?;
        let products = in_stock(table, cart.lines.as_slice()).await?;
        let order = drawn(sys, placing, recipient, &products)?;
        limits::judge(now, &limits)?;
        if limits::judge(now, &open).is_err() {
            return Err(Problem::new(Kind::OrdersOpen).with("max", ON_DELIVERY.max));
        }

        let mut tx = Tx::new();
        let (key, fingerprint) = (key.clone(), fingerprint.clone());
        let request = OrderRequest { user: user.id, key, fingerprint, order: order.id, until: now + KEPT };
        tx.put(&request, Cond::Absent.or(field("until").le(now)));
        order.create(&mut tx, sys);
        cart.ordered().replace(&mut tx, &cart);
        in_use(&mut tx, user.id);
        for limit in limits.iter().chain(&open) {
            limit.hit_in(&mut tx, now);
        }
        for (product, line) in &products {
            // The condition on the version ensures that the price is the one in the order.
            tx.update(StockMove::Reserve.update(*line).when(field("version").eq(product.version)));
        }
        match table.commit(tx).await {
            Ok(()) => return Ok(order),
            Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.because("the cart, a product or the account changed each time"))
}

/// Returns whether an earlier request with the same key has placed an order. One read.
///
/// # Errors
/// [`StoreError`]
pub async fn is_placed(table: &Table, now: Time, placing: &Placing<'_>) -> Result<bool, StoreError> {
    let request = OrderRequest::key_of(placing.user.id, &short_hash(placing.key));
    Ok(table.get::<OrderRequest>(request).await?.is_some_and(|earlier| earlier.until > now))
}

/// Returns the order of an earlier request with the same key.
async fn before(table: &Table, earlier: &OrderRequest, fingerprint: &str) -> Result<Order, Problem> {
    if earlier.fingerprint != fingerprint {
        return Err(Kind::IdempotencyKeyReused.into());
    }
    let order = table.get::<Order>(Order::key_of(earlier.user, earlier.order)).await?;
    order.ok_or_else(|| Kind::Conflict.because("the account is being deleted"))
}

/// Returns the products of these lines, which are in stock.
async fn in_stock(table: &Table, lines: &[CartLine]) -> Result<Vec<(Product, CartLine)>, Problem> {
    let mut found = read(table, lines).await?;
    let (mut products, mut short) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let product = found.take::<Product>(&Product::key_of(line.product))?;
        match product {
            Some(product) if product.for_sale && product.available >= line.quantity.get() => products.push((product, *line)),
            other => {
                let available = other.filter(|product| product.for_sale).map_or(0, |product| product.available);
                short.push((line.product, available));
            }
        }
    }
    if short.is_empty() { Ok(products) } else { Err(out_of_stock(&short)) }
}

/// Returns the problem of products with too little stock, each with the available quantity.
#[must_use]
pub fn out_of_stock(short: &[(ProductId, u32)]) -> Problem {
    let products: Vec<Value> = short.iter().map(|(product, available)| json!({ "product": product, "available": available })).collect();
    Problem::new(Kind::OutOfStock).with("products", products)
}

/// Reads the products of these lines. One batch.
///
/// # Errors
/// [`StoreError`]
pub async fn read(table: &Table, lines: &[CartLine]) -> Result<Batch, StoreError> {
    table.get_many(lines.iter().map(|line| Product::key_of(line.product)).collect()).await
}

/// Builds the order of these products, if its total is the one that the buyer has seen.
fn drawn(sys: &Sys, placing: &Placing<'_>, recipient: Recipient, products: &[(Product, CartLine)]) -> Result<Order, Problem> {
    let lines = products.iter().map(|(product, line)| PricedLine::of(product, line.quantity)).collect::<Result<Vec<_>, _>>()?;
    let (total, now) = (total(&lines)?, sys.now());
    if total != placing.wish.total {
        let total = json!({ "amount": total.amount(), "currency": total.currency() });
        return Err(Problem::new(Kind::PricesChanged).with("total", total));
    }
    let by_card = total.currency().by_card();
    let (state, card) = match placing.wish.payment_method {
        PaymentMethod::CashOnDelivery => (OrderState::Placed, None),
        PaymentMethod::Card if by_card.contains(&total.amount()) => {
            (OrderState::PendingPayment, Some(OrderCard::new(placing.network.clone(), now)))
        }
        PaymentMethod::Card => {
            let range = FieldError::RANGE.with("min", *by_card.start()).with("max", *by_card.end());
            return Err(Problem::field("/total/amount", range));
        }
    };
    Ok(Order {
        id: sys.id(),
        user: placing.user.id,
        payment_method: placing.wish.payment_method,
        state,
        lines,
        total,
        recipient,
        created_at: now,
        changed_at: now,
        card,
        version: 1,
    })
}

#[cfg(test)]
mod tests {
    use accounts::identifier::Username;
    use kernel::Locale;

    use super::*;
    use crate::{
        CURRENCY,
        cart::{QUANTITY_MAX, Quantity},
        quote::tests::product,
    };

    fn recipient() -> Recipient {
        let address = json!({ "street": "ul. Długa 1/2", "city": "Kraków", "country": "PL" });
        let recipient = json!({ "first_name": "Ana", "last_name": "Nowak", "phone": "+48600100200", "address": address });
        serde_json::from_value(recipient).unwrap()
    }

    fn line(sys: &Sys) -> (Product, CartLine) {
        let (product, quantity) = (product(sys), Quantity::new(sys.below(QUANTITY_MAX).saturating_add(1)).unwrap());
        let line = CartLine { product: product.id, quantity };
        (product, line)
    }

    #[test]
    fn stripe_is_asked_for_the_sum_of_the_lines() {
        let sys = Sys::real();
        let user = User::new(sys.id(), Username::parse("ana").unwrap(), Locale::En, sys.now());
        let mut asked = 0;
        for _ in 0..2_000 {
            let products: Vec<(Product, CartLine)> = (0..=sys.below(9)).map(|_| line(&sys)).collect();
            let priced = products.iter().map(|(product, line)| PricedLine::of(product, line.quantity).unwrap());
            let sum = priced.map(|line| line.amount.amount()).sum::<u64>();
            let placing = |total: u64| {
                let wish = Wish { payment_method: PaymentMethod::Card, total: Money::new(total, CURRENCY).unwrap() };
                Placing { user: &user, wish, key: "one", network: String::new(), limits: Vec::new() }
            };
            assert!(drawn(&sys, &placing(sum + 1), recipient(), &products).is_err(), "another total than the buyer has seen");
            let Ok(order) = drawn(&sys, &placing(sum), recipient(), &products) else {
                assert!(!CURRENCY.by_card().contains(&sum), "{sum}");
                continue;
            };
            let shown = order.lines.iter().map(|line| line.amount.amount()).sum::<u64>();
            assert_eq!((order.total.amount(), order.new_payment().unwrap().amount, shown), (sum, order.total, sum));
            asked += 1;
        }
        assert!(asked > 1_000, "{asked}");
    }
}
