//! Reading and changing the cart.

use accounts::picture::Picture;
use axum::extract::State;
use commerce::{
    cart::{CartLine, GuestCart, GuestToken, Lines, Merged, Precedence, QUANTITY_MAX, Quantity, merge},
    place,
    product::Product,
    quote::{PricedLine, total},
    slug::ProductSlug,
};
use http::HeaderMap;
use kernel::{FieldError, Kind, Problem, id::ProductId};
use money::Money;
use serde::{Deserialize, Serialize};
use store::limits::{self, HOUR, Quota};
use utoipa::{IntoParams, ToSchema};
use web::{Client, Error, IfMatch, Json, Path, Problems, Query, Versioned};

use crate::{State as Shop, shopper::Shopper};

/// The limit on changes of the cart of one person.
const CHANGES: Quota = Quota::window("cart_changes", 600, HOUR, "changes of the cart of a member").frequent();
/// The limit on changes of carts of guests from one network.
const FROM_NETWORK: Quota = Quota::window("guest_cart_changes", 600, HOUR, "changes of carts of guests from a network").frequent();

/// A product in a cart.
#[derive(Serialize, ToSchema)]
pub struct CartItem {
    /// The product.
    product: ProductId,
    /// Its name in addresses.
    slug: ProductSlug,
    /// Its name.
    #[schema(examples("Garden turtle"))]
    name: String,
    /// How many: 1 to 99.
    #[schema(minimum = 1, maximum = 99, examples(2))]
    quantity: u32,
    /// The quantity that can be ordered.
    #[schema(examples(12))]
    available: u32,
    /// The price of one, without the discount.
    price: Money,
    /// The discount in per cent, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 90, nullable = false, examples(10))]
    discount_percent: Option<u8>,
    /// The price of all, with the discount.
    amount: Money,
    /// The addresses of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    picture: Option<Picture>,
}

/// A product that was in the cart before.
#[derive(Serialize, ToSchema)]
pub struct SavedItem {
    /// The product.
    product: ProductId,
    /// How many: 1 to 99.
    #[schema(minimum = 1, maximum = 99, examples(2))]
    quantity: u32,
}

impl From<&CartLine> for SavedItem {
    fn from(line: &CartLine) -> Self {
        Self { product: line.product, quantity: line.quantity.get() }
    }
}

/// A cart, at the current prices.
#[derive(Serialize, ToSchema)]
pub struct CartInfo {
    /// The products, in the order in which they came into the cart. At most 50.
    items: Vec<CartItem>,
    /// The sum of the amounts.
    total: Money,
    /// Products of the cart that are no longer sold. They cannot be ordered.
    gone: Vec<ProductId>,
    /// The content of the cart before a guest's cart replaced it at the checkout. It is restored after the order.
    saved: Vec<SavedItem>,
    /// After the guest's cart was merged: products whose quantity was limited to 99.
    capped: Vec<ProductId>,
    /// After the guest's cart was merged: products that did not fit into the cart.
    left_out: Vec<ProductId>,
    /// The token of a guest's new cart, for the header `Cart-Token`. Only its holder can see or change the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("crt_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"))]
    token: Option<String>,
}

/// The parts of a response besides the lines of the cart.
#[derive(Default)]
struct CartExtras {
    saved: Lines,
    merged: Merged,
    token: Option<GuestToken>,
}

/// Returns the lines of a cart with the current data of the products.
async fn shown(s: &Shop, lines: &Lines, extras: CartExtras) -> Result<CartInfo, Problem> {
    let mut found = place::read(&s.table, lines.as_slice()).await?;
    let (mut items, mut priced, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines.as_slice() {
        let Some(product) = found.take::<Product>(&Product::key_of(line.product))? else {
            gone.push(line.product);
            continue;
        };
        let now = PricedLine::of(&product, line.quantity)?;
        items.push(CartItem {
            product: product.id,
            slug: now.slug.clone(),
            name: now.name.as_str().to_owned(),
            quantity: now.quantity.get(),
            available: if product.for_sale { product.available } else { 0 },
            price: now.price,
            discount_percent: now.discount.map(money::Percent::get),
            amount: now.amount,
            picture: product.picture.map(|picture| s.links.of(Some(picture))),
        });
        priced.push(now);
    }
    let Merged { capped, left_out } = extras.merged;
    let saved = extras.saved.as_slice().iter().map(Into::into).collect();
    let token = extras.token.map(|token| token.expose());
    Ok(CartInfo { items, total: total(&priced)?, gone, saved, capped, left_out, token })
}

/// How to read the cart.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CartQuery {
    /// Whether the caller is about to order. Then a guest's cart replaces the caller's own cart, which is saved.
    #[param(required = false)]
    #[serde(default)]
    checkout: bool,
}

/// Returns the cart of the signed-in caller, or of a guest's `Cart-Token`, at the current prices.
///
/// A request with both is from a guest who has signed in: the guest's cart is merged into the caller's own cart, and its token becomes
/// invalid. Quantities are added, up to 99.
///
/// AWS calls: the caller and their cart in one, or a read of the guest's cart; a batch of the products. With both also a read and a
/// transaction.
#[utoipa::path(get, path = "/v1/cart",
    params(CartQuery, ("Cart-Token" = Option<String>, Header, max_length = 60, description = "The token of a guest's cart.", example = "crt_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ")),
    extensions(("x-problems" = json!(["token_invalid"]))),
    responses((status = 200, body = CartInfo, headers(("ETag" = String, description = "The version."))), Problems))]
pub async fn get_cart(State(s): State<Shop>, shopper: Shopper, Query(query): Query<CartQuery>) -> Result<Versioned<CartInfo>, Error> {
    let now = s.sys.now();
    let Shopper { cart, token } = shopper;
    let Some(cart) = cart else {
        let guest = match &token {
            Some(token) => GuestCart::read(&s.table, token, now).await?,
            None => None,
        };
        let version = guest.as_ref().map_or(0, GuestCart::version);
        let lines = guest.map(|guest| guest.lines).unwrap_or_default();
        return Ok(Versioned(version, shown(&s, &lines, CartExtras::default()).await?));
    };
    let precedence = if query.checkout { Precedence::Guest } else { Precedence::Both };
    let (cart, merged) = match &token {
        Some(token) => match merge(&s.table, cart.clone(), token, precedence, now).await {
            Ok(merged) => merged,
            // The member's own cart is returned, and the guest's cart is merged with the next reading.
            Err(e) => {
                tracing::warn!(error = %e, "a guest's cart could not be merged");
                (cart, Merged::default())
            }
        },
        None => (cart, Merged::default()),
    };
    Ok(Versioned(cart.version(), shown(&s, &cart.lines, CartExtras { saved: cart.saved.clone(), merged, token: None }).await?))
}

/// The new quantity of a product.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutInCart {
    /// 1 to 99, or 0 to remove it from the cart.
    #[schema(minimum = 0, maximum = 99, examples(2))]
    quantity: u32,
}

impl PutInCart {
    fn parse(&self) -> Result<Option<Quantity>, Problem> {
        let range = || FieldError::RANGE.with("min", 0).with("max", QUANTITY_MAX);
        match self.quantity {
            0 => Ok(None),
            number => Quantity::new(number).map(Some).ok_or_else(|| Problem::field("/quantity", range())),
        }
    }
}

/// Sets the quantity of a product in the cart. A guest without a `Cart-Token` gets a new cart, and its token in the response. With
/// `If-Match` the cart is changed only if it has that version, so that a client that adds to a quantity does not overwrite a change by
/// another device.
///
/// AWS calls: the caller and their cart in one, or a read of the guest's cart; a counter; a read of the product; a transaction, or a
/// write of the guest's cart; a batch of the products.
#[utoipa::path(put, path = "/v1/cart/items/{product}", request_body = PutInCart,
    params(
        ("product" = ProductId, Path, description = "The product."),
        ("If-Match" = Option<String>, Header, format = "versions", description = "The version to be changed: the `ETag` of the cart, a list of them, or `*` for any.", example = "\"v3\""),
        ("Cart-Token" = Option<String>, Header, max_length = 60, description = "The token of a guest's cart.", example = "crt_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"),
    ),
    extensions(
        ("x-problems" = json!(["token_invalid", "not_found", "out_of_stock", "version_mismatch", "invalid", "too_many", "too_many_requests", "conflict"])),
        ("x-limits" = json!([CHANGES, FROM_NETWORK])),
    ),
    responses((status = 200, body = CartInfo, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn put_in_cart(
    State(s): State<Shop>,
    shopper: Shopper,
    client: Client,
    headers: HeaderMap,
    Path(product): Path<ProductId>,
    Json(body): Json<PutInCart>,
) -> Result<Versioned<CartInfo>, Error> {
    let (quantity, now) = (body.parse()?, s.sys.now());
    let Shopper { cart, token } = shopper;
    let limit = cart.as_ref().map_or_else(|| FROM_NETWORK.of(client.network()), |cart| CHANGES.of(cart.user));
    limits::take(&s.table, now, &[limit]).await?;
    if quantity.is_some() {
        can_be_ordered(&s, product).await?;
    }
    let named = IfMatch::of(&headers);
    let wanted = |version| named.as_ref().is_none_or(|named| named.names(version));
    if let Some(cart) = cart {
        let cart = cart.change(&s.table, product, quantity, wanted).await?;
        let extras = CartExtras { saved: cart.saved.clone(), ..CartExtras::default() };
        return Ok(Versioned(cart.version(), shown(&s, &cart.lines, extras).await?));
    }
    let given = token.is_some();
    let token = token.unwrap_or_else(|| GuestToken::draw(&s.sys));
    let guest = GuestCart::change(&s.table, &s.sys, &token, product, quantity, wanted).await?;
    let token = (!given).then_some(token);
    Ok(Versioned(guest.version(), shown(&s, &guest.lines, CartExtras { token, ..CartExtras::default() }).await?))
}

/// Checks that a product exists and can be ordered.
async fn can_be_ordered(s: &Shop, product: ProductId) -> Result<(), Problem> {
    let found = s.table.get::<Product>(Product::key_of(product)).await?.ok_or(Kind::NotFound)?;
    if found.is_available() {
        return Ok(());
    }
    Err(place::out_of_stock(&[(product, 0)]))
}
