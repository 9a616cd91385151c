//! Reading products, and their stock for staff.

use accounts::picture::{Links, Picture};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use commerce::{
    product::{Product, SlugClaim},
    rating,
    slug::ProductSlug,
};
use kernel::{
    Kind, Locale, Problem, Timestamp,
    id::{CategoryId, ProductId},
};
use money::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Language, Path, Problems, Versioned};

/// A price.
#[derive(Serialize, ToSchema)]
pub struct Price {
    /// In minor units.
    #[schema(minimum = 0, examples(1799))]
    amount: u64,
    /// The currency.
    currency: Currency,
    /// The price as text, in the language of the response.
    #[schema(examples("17,99\u{a0}zł"))]
    text: String,
}

impl Price {
    fn of(money: Money, locale: Locale) -> Self {
        Self { amount: money.amount(), currency: money.currency(), text: money.shown(locale) }
    }
}

/// A discount.
#[derive(Serialize, ToSchema)]
pub struct Discount {
    /// The reduction of the price, in per cent.
    #[schema(minimum = 1, maximum = 90, examples(10))]
    percent: u8,
    /// The price without the discount.
    full_price: Price,
    /// The lowest price within the thirty days before the discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lowest_price: Option<Price>,
}

/// The ratings of a product.
#[derive(Serialize, ToSchema)]
pub struct Ratings {
    /// The number of people who have rated the product.
    #[schema(examples(3))]
    count: u64,
    /// The mean of their stars, with two digits. Absent without ratings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("4.33"))]
    mean: Option<String>,
}

/// A product.
#[derive(Serialize, ToSchema)]
pub struct ProductInfo {
    /// The id.
    id: ProductId,
    /// The name in addresses, which stays when the product is renamed.
    slug: ProductSlug,
    /// The name.
    #[schema(examples("Garden turtle"))]
    name: String,
    /// The description.
    #[schema(examples("Of stone, for the garden."))]
    description: String,
    /// The category.
    category: CategoryId,
    /// The price of one.
    price: Price,
    /// The discount that is in the price, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    discount: Option<Discount>,
    /// Whether it can be ordered: it is for sale, and in stock.
    is_available: bool,
    /// Whether it is for sale.
    for_sale: bool,
    /// The number of pieces in stock.
    #[schema(examples(12))]
    available: u32,
    /// The ratings.
    ratings: Ratings,
    /// The addresses of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    picture: Option<Picture>,
    /// When it was created.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

impl ProductInfo {
    /// Returns a product for a reader of this language.
    ///
    /// # Errors
    /// An internal [`Problem`] for a price that no product has.
    pub fn of(product: Product, links: &Links, locale: Locale) -> Result<Self, Problem> {
        let shown = |money| Price::of(money, locale);
        let unit = product.unit_price()?;
        let discount = product.discount.map(|percent| Discount {
            percent: percent.get(),
            full_price: shown(product.price),
            lowest_price: product.lowest.map(shown),
        });
        Ok(Self {
            id: product.id,
            price: shown(unit),
            discount,
            is_available: product.is_available(),
            for_sale: product.for_sale,
            available: product.available,
            ratings: Ratings { count: product.rating_count, mean: rating::mean(product.rating_sum, product.rating_count) },
            picture: product.picture.map(|picture| links.of(Some(picture))),
            category: product.category,
            created_at: product.created_at.into(),
            updated_at: product.updated_at.into(),
            name: product.name.as_str().to_owned(),
            description: product.description.as_str().to_owned(),
            slug: product.slug,
        })
    }
}

/// Reads a product.
///
/// # Errors
/// [`Kind::NotFound`]
pub async fn read(s: &crate::State, product: ProductId) -> Result<Product, Problem> {
    s.table.get(Product::key_of(product)).await?.ok_or_else(|| Kind::NotFound.into())
}

/// Returns a product with its version.
///
/// # Errors
/// The errors of [`ProductInfo::of`].
pub fn versioned(s: &crate::State, product: Product, locale: Locale) -> Result<Versioned<ProductInfo>, Error> {
    Ok(Versioned(product.version, ProductInfo::of(product, &s.links, locale)?))
}

/// Shows a product.
///
/// AWS calls: a read.
#[utoipa::path(get, path = "/v1/products/{product}",
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ProductInfo, headers(("ETag" = String, description = "Its version, for changes."))), Problems))]
pub async fn get_product(
    State(s): State<crate::State>,
    Path(product): Path<ProductId>,
    Language(locale): Language,
) -> Result<Versioned<ProductInfo>, Error> {
    versioned(&s, read(&s, product).await?, locale)
}

/// Shows the product with this slug.
///
/// AWS calls: a read of the claim of the slug, and one of the product.
#[utoipa::path(get, path = "/v1/product-slugs/{slug}",
    params(("slug" = String, Path, max_length = 50, description = "The product's slug.", example = "garden-turtle")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ProductInfo, headers(("ETag" = String, description = "Its version, for changes."))), Problems))]
pub async fn get_product_by_slug(
    State(s): State<crate::State>,
    Path(slug): Path<ProductSlug>,
    Language(locale): Language,
) -> Result<Versioned<ProductInfo>, Error> {
    let claim = s.table.get::<SlugClaim>(SlugClaim::key_of(&slug)).await?.ok_or(Kind::NotFound)?;
    versioned(&s, read(&s, claim.product).await?, locale)
}

/// The stock of a product. `received` is the sum of the other three.
#[derive(Serialize, ToSchema)]
pub struct Stock {
    /// The number of pieces that can be ordered.
    #[schema(examples(12))]
    available: u32,
    /// The number of pieces in orders that are not shipped yet.
    #[schema(examples(2))]
    reserved: u32,
    /// The number of pieces that were sold.
    #[schema(examples(6))]
    sold: u32,
    /// The number of pieces that were put into stock in total.
    #[schema(examples(20))]
    received: u32,
}

/// Shows the stock of a product. For administrators.
///
/// AWS calls: the caller and their roles in one; a read.
#[utoipa::path(get, path = "/v1/products/{product}/stock",
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = Stock), Problems))]
pub async fn get_stock(
    State(s): State<crate::State>,
    _caller: Staff<Administrator>,
    Path(product): Path<ProductId>,
) -> Result<Json<Stock>, Error> {
    let Product { available, reserved, sold, received, .. } = read(&s, product).await?;
    Ok(Json(Stock { available, reserved, sold, received }))
}
