//! Creating, changing and deleting products, by staff.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, StaffOrKey, api_key::ProductsWrite, staff::Administrator};
use commerce::{
    CURRENCY, listing,
    product::{NewProduct, PRICE_MAX, Product, ProductChange, STOCK_MAX, Slots},
    slug::ProductSlug,
    text::{Description, ProductName},
};
use kernel::{
    FieldError, Fields, Kind, PatchMember, Problem,
    id::{CategoryId, ProductId},
};
use money::{DISCOUNT_MAX, Money, Percent};
use serde::Deserialize;
use store::{CommitError, Slot, Tx};
use utoipa::ToSchema;
use web::{Created, Error, IfMatch, Json, Language, NoContent, Path, Problems, Reason, RequestId, Versioned};

use crate::{
    State as Shop,
    shown::{ProductInfo, read, versioned},
};

/// How many slugs are tried for a new product: one made of its name, then the same with numbers, and at last one made of its id.
const SLUGS: u32 = 20;

/// A product to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProduct {
    /// 1 to 100 characters. No other product may have it.
    #[schema(min_length = 1, max_length = 100, examples("Garden turtle"))]
    name: String,
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000, examples("Of stone, for the garden."))]
    description: String,
    /// The category.
    category: CategoryId,
    /// The price of one: up to 999.99 in the currency of the shop.
    price: Money,
    /// Whether it can be ordered while it is in stock.
    #[serde(default)]
    #[schema(required = false, examples(true))]
    for_sale: bool,
    /// The number of pieces in stock.
    #[serde(default)]
    #[schema(required = false, maximum = 1_000_000, examples(20))]
    available: u32,
}

impl CreateProduct {
    fn parse(self) -> Result<NewProduct, Problem> {
        let mut fields = Fields::new();
        let name = fields.take("/name", ProductName::parse(&self.name));
        let description = fields.take("/description", Description::parse(&self.description));
        let price = check_price(&mut fields, self.price);
        let available = fields.take("/available", check_stock(self.available));
        let (category, for_sale) = (self.category, self.for_sale);
        match (name, description, price, available) {
            (Some(name), Some(description), Some(price), Some(available)) => {
                Ok(NewProduct { name, description, category, price, for_sale, available })
            }
            _ => Err(fields.problem()),
        }
    }
}

/// Returns a price that a product can have.
fn check_price(fields: &mut Fields, price: Money) -> Option<Money> {
    let range = || FieldError::RANGE.with("min", 0).with("max", PRICE_MAX);
    let amount = fields.take("/price/amount", if price.amount() <= PRICE_MAX { Ok(()) } else { Err(range()) });
    let currency = fields.take("/price/currency", if price.currency() == CURRENCY { Ok(()) } else { Err(FieldError::CHOICE) });
    amount.and(currency).map(|()| price)
}

fn check_stock(available: u32) -> Result<u32, FieldError> {
    let range = || FieldError::RANGE.with("min", 0).with("max", STOCK_MAX);
    if available <= STOCK_MAX { Ok(available) } else { Err(range()) }
}

/// Creates a product.
///
/// For administrators with a recent proof by a second factor, and for programs with an API key of one that has the scope
/// `products:write`.
///
/// Its slug is made of its name, with a number if another product has it, and stays when it is renamed.
///
/// AWS calls: the caller and their roles in one; a transaction, and another one for each product with the same slug; with a long text
/// further ones for the entries by which it is found.
#[utoipa::path(post, path = "/v1/products", request_body = CreateProduct,
    extensions(("x-problems" = json!(["invalid", "name_taken", "conflict"]))),
    responses((status = 201, body = ProductInfo), Problems))]
pub async fn create_product(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Manager>,
    request: RequestId,
    Language(locale): Language,
    Json(body): Json<CreateProduct>,
) -> Result<Created<ProductInfo>, Error> {
    let (me, new) = (caller.user, body.parse()?);
    let id = s.sys.id();
    let of_name = ProductSlug::of(new.name.as_str(), id);
    for attempt in 0..SLUGS {
        let slug = match attempt {
            0 => of_name.clone(),
            n if n < SLUGS.saturating_sub(1) => of_name.numbered(n),
            _ => ProductSlug::of_id(id),
        };
        let product = Product::new(id, slug, new.clone(), s.sys.now());
        let mut tx = Tx::new();
        let slots = product.create(&mut tx)?;
        let still = staff::require(&mut tx, me, Role::Administrator);
        let entry = entry(&s, &caller, &request, Action::ProductCreated, id);
        s.audit.add(&mut tx, &entry.changed("price", (), product.price).changed("available", (), product.available));
        let listed = listing::add(&mut tx, &product)?;
        match listed.commit(&s.table, tx).await {
            Ok(()) => {
                tracing::info!(product.id = %id, actor.id = %me, "a product was created");
                return Ok(Created(format!("/v1/products/{id}"), ProductInfo::of(product, &s.links, locale)?));
            }
            // Other refusals are answered after the last attempt.
            Err(e) if only_slug_taken(&e, &slots, still) => {}
            Err(e) => return Err(not_written(e, &slots, still).into()),
        }
    }
    Err(Kind::Conflict.because("every slug was taken").into())
}

fn only_slug_taken(e: &CommitError, slots: &Slots, still: Slot) -> bool {
    let refused = |slot: Option<Slot>| slot.is_some_and(|slot| e.refused(slot));
    refused(slots.slug) && !refused(slots.name) && !refused(slots.category) && !e.refused(still)
}

/// Returns the problem of a refused transaction on a product.
fn not_written(e: CommitError, slots: &Slots, still: Slot) -> Problem {
    let taken = |slot: Option<Slot>| slot.is_some_and(|slot| e.refused(slot));
    if taken(slots.name) {
        return Kind::NameTaken.into();
    }
    if taken(slots.category) {
        return Problem::field("/category", FieldError::CHOICE);
    }
    staff::refused(e, still)
}

/// The callers who may manage products.
pub type Manager = StaffOrKey<Administrator, ProductsWrite>;

/// Returns an entry of the audit about a product, with the key that was used if there was one.
pub(crate) fn entry(s: &Shop, caller: &Manager, request: &RequestId, action: Action, product: ProductId) -> AuditEntry {
    let entry = AuditEntry::by(&s.sys, caller.user, &request.0, action, caller.user).changed("product", product, product);
    match caller.key {
        Some(key) => entry.changed("api_key", key, key),
        None => entry,
    }
}

/// The new values. Absent members do not change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProduct {
    /// 1 to 100 characters. No other product may have it.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(min_length = 1, max_length = 100, nullable = false, examples("Garden turtle"))]
    name: Option<String>,
    /// 1 to 4,000 characters.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(min_length = 1, max_length = 4000, nullable = false)]
    description: Option<String>,
    /// The category.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    category: Option<CategoryId>,
    /// The price of one without a discount: up to 999.99 in the currency of the shop.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    price: Option<Money>,
    /// The discount in per cent, or `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<u8>, required = false, minimum = 1, maximum = 90, examples(10))]
    discount_percent: PatchMember<u8>,
    /// Whether it can be ordered while it is in stock.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    for_sale: Option<bool>,
    /// The number of pieces in stock, without those in orders.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(maximum = 1_000_000, nullable = false, examples(20))]
    available: Option<u32>,
}

impl UpdateProduct {
    fn parse(self) -> Result<ProductChange, Problem> {
        let mut fields = Fields::new();
        let name = self.name.and_then(|name| fields.take("/name", ProductName::parse(&name)));
        let description = self.description.and_then(|text| fields.take("/description", Description::parse(&text)));
        let price = self.price.and_then(|price| check_price(&mut fields, price));
        let discount = match self.discount_percent {
            PatchMember::Leave => None,
            PatchMember::Clear => Some(None),
            PatchMember::To(number) => fields.take("/discount_percent", percent(number)).map(Some),
        };
        let available = self.available.and_then(|available| fields.take("/available", check_stock(available)));
        fields.finish()?;
        Ok(ProductChange { name, description, category: self.category, price, discount, for_sale: self.for_sale, available })
    }
}

fn percent(number: u8) -> Result<Percent, FieldError> {
    Percent::new(number).ok_or_else(|| FieldError::RANGE.with("min", 1).with("max", DISCOUNT_MAX))
}

/// Changes a product.
///
/// For administrators with a recent proof by a second factor, and for programs with an API key of one that has the scope
/// `products:write`.
///
/// A product with a discount also shows the lowest price of the thirty days before the discount. It is determined when the price or the
/// discount changes. A patch that changes nothing keeps the version.
///
/// AWS calls: the caller and their roles in one; a read; for another price with a discount a query of the former prices; a transaction;
/// with a long text further ones for the entries by which it is found. The first two if nothing changes.
#[utoipa::path(patch, path = "/v1/products/{product}", request_body = UpdateProduct,
    params(("product" = ProductId, Path, description = "The product."),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the product, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["not_found", "invalid", "name_taken", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 200, body = ProductInfo, headers(("ETag" = String, description = "Its new version."))), Problems))]
pub async fn update_product(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Manager>,
    request: RequestId,
    version: IfMatch,
    Path(id): Path<ProductId>,
    Language(locale): Language,
    Json(body): Json<UpdateProduct>,
) -> Result<Versioned<ProductInfo>, Error> {
    let (me, change, now) = (caller.user, body.parse()?, s.sys.now());
    let before = read_in_version(&s, &version, id).await?;
    let after = before.changed(&s.table, change, now).await?;
    if before.stays(&after) {
        return versioned(&s, before, locale);
    }
    let mut tx = Tx::new();
    let slots = before.change(&mut tx, &after)?;
    let still = staff::require(&mut tx, me, Role::Administrator);
    s.audit.add(&mut tx, &before.audited(entry(&s, &caller, &request, Action::ProductChanged, id), &after));
    let listed = listing::change(&mut tx, &before, &after)?;
    match listed.commit(&s.table, tx).await {
        Ok(()) => {}
        Err(CommitError::Refused(r)) if r.at(slots.product) => return Err(changed_meanwhile(r.current(slots.product), &before)?.into()),
        Err(e) => return Err(not_written(e, &slots, still).into()),
    }
    tracing::info!(product.id = %id, actor.id = %me, version = after.version, "a product was changed");
    versioned(&s, after, locale)
}

/// Returns the product, if it has a version in `If-Match`.
async fn read_in_version(s: &Shop, version: &IfMatch, id: ProductId) -> Result<Product, Problem> {
    let product = read(s, id).await?;
    if version.names(product.version) { Ok(product) } else { Err(Kind::VersionMismatch.into()) }
}

/// Returns the problem of a product that has changed since it was read.
fn changed_meanwhile(current: Option<store::Row>, before: &Product) -> Result<Problem, Problem> {
    let Some(current) = current.map(store::Row::decode::<Product>).transpose()? else { return Ok(Kind::NotFound.into()) };
    // The version is the same, so an order has changed the stock.
    Ok(if current.version == before.version { Kind::Conflict.into() } else { Kind::VersionMismatch.into() })
}

/// Deletes a product.
///
/// For administrators with a recent proof by a second factor, and for programs with an API key of one that has the scope
/// `products:write`.
///
/// From then on requests for it get 404. Its comments, ratings and prices are deleted shortly afterwards. Orders keep its name and price.
/// People have to state a `Reason`; programs may.
///
/// AWS calls: the caller and their roles in one; a read; a transaction; with a long text further ones for the entries by which it is found.
#[utoipa::path(delete, path = "/v1/products/{product}",
    params(("product" = ProductId, Path, description = "The product."),
        ("If-Match" = String, Header, format = "versions", description = "The version to be deleted: the `ETag` of the product, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["not_found", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn delete_product(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Manager>,
    request: RequestId,
    reason: Option<Reason>,
    version: IfMatch,
    Path(id): Path<ProductId>,
) -> Result<NoContent, Error> {
    let me = caller.user;
    let reason = Reason::if_asked(reason, caller.key.is_none())?;
    let product = read_in_version(&s, &version, id).await?;
    let mut tx = Tx::new();
    let same = product.delete(&mut tx, &s.sys);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = entry(&s, &caller, &request, Action::ProductDeleted, id).because(reason);
    s.audit.add(&mut tx, &entry.changed("price", product.price, ()).changed("available", product.available, ()));
    let listed = listing::remove(&mut tx, &product)?;
    match listed.commit(&s.table, tx).await {
        Ok(()) => {}
        Err(CommitError::Refused(r)) if r.at(same) => return Err(changed_meanwhile(r.current(same), &product)?.into()),
        Err(e) => return Err(staff::refused(e, still).into()),
    }
    tracing::info!(product.id = %id, actor.id = %me, "a product was deleted");
    Ok(NoContent)
}
