//! Orders as their buyers see them, and as staff do.

use commerce::{
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
    /// The product, which may be gone by now.
    product: ProductId,
    /// Its name in addresses.
    slug: ProductSlug,
    /// Its name.
    #[schema(examples("Garden turtle"))]
    name: String,
    /// How many.
    #[schema(minimum = 1, maximum = 99, examples(2))]
    quantity: u32,
    /// What one cost without the discount.
    price: Money,
    /// The discount in per cent, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 90, nullable = false, examples(10))]
    discount_percent: Option<u8>,
    /// What they cost together, with the discount.
    amount: Money,
}

impl From<PricedLine> for OrderItem {
    fn from(line: PricedLine) -> Self {
        let PricedLine { product, name, slug, quantity, price, discount, amount } = line;
        let discount_percent = discount.map(money::Percent::get);
        Self { product, slug, name: name.as_str().to_owned(), quantity: quantity.get(), price, discount_percent, amount }
    }
}

/// Who gets an order, and where, as it was when the order was placed.
#[derive(Serialize, ToSchema)]
pub struct RecipientInfo {
    /// First name.
    #[schema(examples("Ana"))]
    first_name: String,
    /// Last name.
    #[schema(examples("Nowak"))]
    last_name: String,
    /// The phone number, for whoever delivers it.
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

/// An order.
#[derive(Serialize, ToSchema)]
pub struct OrderInfo {
    /// The id, which is its number.
    pub id: OrderId,
    /// How it is paid.
    payment_method: PaymentMethod,
    /// Its state.
    state: OrderState,
    /// What was ordered, at the prices of that moment.
    items: Vec<OrderItem>,
    /// What it costs: the sum of the amounts.
    total: Money,
    /// Who gets it.
    recipient: RecipientInfo,
    /// When it was placed.
    created_at: Timestamp,
    /// When its state changed last.
    changed_at: Timestamp,
}

impl From<Order> for OrderInfo {
    fn from(order: Order) -> Self {
        Self {
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

/// An order as staff see it.
#[derive(Serialize, ToSchema)]
pub struct CustomerOrder {
    /// Who has placed it.
    user: UserId,
    #[serde(flatten)]
    order: OrderInfo,
}

impl From<Order> for CustomerOrder {
    fn from(order: Order) -> Self {
        Self { user: order.user, order: order.into() }
    }
}
