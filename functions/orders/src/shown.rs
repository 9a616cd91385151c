//! Orders as their buyers see them, and as staff do.

use commerce::{
    card::{Refund, RefundReason, RefundState},
    machine::OrderState,
    order::{Order, PaymentMethod, Recipient},
    quote::PricedLine,
    slug::ProductSlug,
};
use kernel::{
    Timestamp,
    id::{OrderId, ProductId, UserId},
};
use money::Money;
use serde::Serialize;
use utoipa::ToSchema;

/// A product of an order, as it was when the order was placed.
#[derive(Serialize, ToSchema)]
pub struct OrderItem {
    /// The product, which may have been deleted.
    product: ProductId,
    /// Its name in addresses.
    slug: ProductSlug,
    /// Its name.
    #[schema(examples("Garden turtle"))]
    name: String,
    /// The quantity.
    #[schema(minimum = 1, maximum = 99, examples(2))]
    quantity: u32,
    /// The price of one, without the discount.
    price: Money,
    /// The discount in per cent, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 90, nullable = false, examples(10))]
    discount_percent: Option<u8>,
    /// The price of all, with the discount.
    amount: Money,
}

impl From<PricedLine> for OrderItem {
    fn from(line: PricedLine) -> Self {
        let PricedLine { product, name, slug, quantity, price, discount, amount } = line;
        let discount_percent = discount.map(money::Percent::get);
        Self { product, slug, name: name.as_str().to_owned(), quantity: quantity.get(), price, discount_percent, amount }
    }
}

/// The recipient of an order, as it was when the order was placed.
#[derive(Serialize, ToSchema)]
pub struct RecipientInfo {
    /// First name.
    #[schema(examples("Ana"))]
    first_name: String,
    /// Last name.
    #[schema(examples("Nowak"))]
    last_name: String,
    /// The phone number, for the delivery.
    #[schema(examples("+48600100200"))]
    phone: String,
    /// Street and house.
    #[schema(examples("ul. Długa 1/2"))]
    street: String,
    /// City.
    #[schema(examples("Kraków"))]
    city: String,
    /// State or province, if the address has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    /// Postal code, in countries that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("30-001"))]
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, or `XK` for Kosovo.
    #[schema(examples("PL"))]
    country: String,
}

impl From<Recipient> for RecipientInfo {
    fn from(Recipient { first_name, last_name, phone, address }: Recipient) -> Self {
        Self {
            first_name: first_name.to_string(),
            last_name: last_name.to_string(),
            phone: phone.to_string(),
            street: address.street,
            city: address.city,
            state: address.state,
            postal_code: address.postal_code.map(|code| code.to_string()),
            country: address.country.to_string(),
        }
    }
}

/// The payment of an order by card that is not paid yet.
#[derive(Serialize, ToSchema)]
pub struct OrderPayment {
    /// The secret with which Stripe's script in the browser pays it. Only for the buyer's browser. Only in the responses to placing and to
    /// paying the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("pi_3_secret_4"))]
    pub client_secret: Option<String>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// Why the last card was refused, for programs: one of Stripe's decline codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("insufficient_funds"))]
    pub decline: Option<String>,
}

/// An order.
#[derive(Serialize, ToSchema)]
pub struct OrderInfo {
    /// The id, which is its number.
    pub id: OrderId,
    /// How it is paid.
    payment_method: PaymentMethod,
    /// Its state.
    state: OrderState,
    /// The ordered products, at the prices of that time.
    items: Vec<OrderItem>,
    /// The total: the sum of the amounts.
    total: Money,
    /// The recipient.
    recipient: RecipientInfo,
    /// When it was placed.
    created_at: Timestamp,
    /// When its state last changed.
    changed_at: Timestamp,
    /// The payment, while the order waits for a payment by card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment: Option<OrderPayment>,
    /// When the system learned that it is paid by card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paid_at: Option<Timestamp>,
    /// The amount that was given back, at Stripe or outside, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refunded: Option<Money>,
}

impl From<Order> for OrderInfo {
    fn from(order: Order) -> Self {
        let pending = order.is_pending();
        let card = order.card;
        let refunded = card.as_ref().map_or(0, |card| card.back.given());
        Self {
            paid_at: card.as_ref().and_then(|card| card.paid_at).map(Into::into),
            refunded: Money::new(refunded, order.total.currency()).ok().filter(|refunded| refunded.amount() > 0),
            payment: card.filter(|_| pending).map(|card| OrderPayment {
                client_secret: None,
                expires_at: card.expires_at.into(),
                decline: card.decline,
            }),
            id: order.id,
            payment_method: order.payment_method,
            state: order.state,
            items: order.lines.into_iter().map(Into::into).collect(),
            total: order.total,
            recipient: order.recipient.into(),
            created_at: order.created_at.into(),
            changed_at: order.changed_at.into(),
        }
    }
}

/// A refund of an order.
#[derive(Serialize, ToSchema)]
pub struct RefundInfo {
    /// The amount.
    amount: Money,
    /// The reason.
    reason: RefundReason,
    /// The state.
    state: RefundState,
    /// Stripe's id of it, once Stripe has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("re_3RtQ2bFq8Zr2mV7x"))]
    refund: Option<String>,
    /// When it was requested.
    at: Timestamp,
}

/// An order as staff see it.
#[derive(Serialize, ToSchema)]
pub struct CustomerOrder {
    /// The buyer.
    user: UserId,
    #[serde(flatten)]
    order: OrderInfo,
    /// Whether its payment is disputed at the bank, or the payer has won the dispute. A disputed order cannot be shipped.
    disputed: bool,
    /// Its refunds, the oldest first.
    refunds: Vec<RefundInfo>,
}

impl From<Order> for CustomerOrder {
    fn from(order: Order) -> Self {
        let (card, currency) = (order.card.clone(), order.total.currency());
        let disputed = card.as_ref().is_some_and(|card| card.back.disputed);
        let refund = |refund: Refund| {
            let Refund { amount, reason, state, refund, at, .. } = refund;
            Some(RefundInfo { amount: Money::new(amount, currency).ok()?, reason, state, refund, at: at.into() })
        };
        let refunds = card.into_iter().flat_map(|card| card.refunds).filter_map(refund).collect();
        Self { user: order.user, order: order.into(), disputed, refunds }
    }
}

/// One order, with the name of its buyer.
#[derive(Serialize, ToSchema)]
pub struct CustomerOrderRead {
    /// The username of the buyer. Absent if the account is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("ana"))]
    pub username: Option<String>,
    #[serde(flatten)]
    pub order: CustomerOrder,
}
