//! Products, and the claims of their names.

use accounts::audit::AuditEntry;
use events::{Outbox, shop::ProductPictureRetired};
use kernel::{
    Sys, Time,
    id::{CategoryId, PictureId, ProductId},
};
use money::{Money, MoneyError, Percent};
use search::normal;
use serde::{Deserialize, Serialize};
use store::{About, Cond, Item, Key, Personal, Slot, Tx, Update, field};

use crate::{
    slug::ProductSlug,
    text::{Description, ProductName},
};

/// The maximum price in minor units: 999.99.
pub const PRICE_MAX: u64 = 99_999;
/// The maximum number of items of a product in stock.
pub const STOCK_MAX: u32 = 1_000_000;

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The id.
    pub id: ProductId,
    /// The number of changes by staff. Orders and ratings do not count.
    pub version: u64,
    /// Its name, which no other product has.
    pub name: ProductName,
    /// The slug, which never changes.
    pub slug: ProductSlug,
    /// The description.
    pub description: Description,
    /// The category.
    pub category: CategoryId,
    /// The price of one item without the discount.
    pub price: Money,
    /// The discount, if there is one.
    pub discount: Option<Percent>,
    /// The lowest price within the thirty days before the discount. Absent without a discount.
    pub lowest: Option<Money>,
    /// The version since which it has its current price.
    pub(crate) price_since: u64,
    /// Whether it can be ordered while it is in stock.
    pub for_sale: bool,
    /// The picture.
    pub picture: Option<PictureId>,
    /// The number of items that can be ordered.
    pub available: u32,
    /// The number of items in orders that are not shipped yet.
    pub reserved: u32,
    /// The number of sold items.
    pub sold: u32,
    /// The number of received items: the sum of the three.
    pub received: u32,
    /// The sum of all ratings.
    pub rating_sum: u64,
    /// The number of ratings.
    pub rating_count: u64,
    /// When it was created.
    pub created_at: Time,
    /// When staff changed it last.
    pub updated_at: Time,
}

/// The attributes of a new product.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// See [`Product::name`].
    pub name: ProductName,
    /// See [`Product::description`].
    pub description: Description,
    /// See [`Product::category`].
    pub category: CategoryId,
    /// See [`Product::price`].
    pub price: Money,
    /// See [`Product::for_sale`].
    pub for_sale: bool,
    /// The number of items in stock.
    pub available: u32,
}

/// A change of a product by staff. Absent attributes stay unchanged.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    /// See [`Product::name`].
    pub name: Option<ProductName>,
    /// See [`Product::description`].
    pub description: Option<Description>,
    /// See [`Product::category`].
    pub category: Option<CategoryId>,
    /// See [`Product::price`].
    pub price: Option<Money>,
    /// See [`Product::discount`].
    pub discount: Option<Option<Percent>>,
    /// See [`Product::for_sale`].
    pub for_sale: Option<bool>,
    /// Like [`Product::available`], as counted by staff. The difference counts as received or lost.
    pub available: Option<u32>,
}

/// The conditions of a transaction that creates or changes a product.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// Refused if it has changed in the meantime.
    pub product: Slot,
    /// Refused if another product has the name.
    pub name: Option<Slot>,
    /// Refused if another product has the slug.
    pub slug: Option<Slot>,
    /// Refused if there is no such category.
    pub category: Option<Slot>,
}

/// Returns the partition of a product: its prices, its comments and its ratings.
#[must_use]
pub fn partition(product: ProductId) -> String {
    format!("PRODUCT#{product}")
}

impl Product {
    /// Returns the key of a product.
    #[must_use]
    pub fn key_of(id: ProductId) -> Key {
        Key::new(partition(id), "PRODUCT")
    }

    /// Creates a new product with this slug.
    #[must_use]
    pub fn new(id: ProductId, slug: ProductSlug, new: NewProduct, now: Time) -> Self {
        let NewProduct { name, description, category, price, for_sale, available } = new;
        Self {
            id,
            version: 1,
            name,
            slug,
            description,
            category,
            price,
            discount: None,
            lowest: None,
            price_since: 1,
            for_sale,
            picture: None,
            available,
            reserved: 0,
            sold: 0,
            received: available,
            rating_sum: 0,
            rating_count: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the price of one item with the discount.
    ///
    /// # Errors
    /// [`MoneyError`] for a price out of range.
    pub fn unit_price(&self) -> Result<Money, MoneyError> {
        self.price.line(1, self.discount)
    }

    /// Returns whether it can be ordered.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        self.for_sale && self.available > 0
    }

    /// Returns the product after a change. `lowest` is the lowest price of the thirty days before now.
    ///
    /// # Errors
    /// The errors of [`Product::unit_price`].
    pub fn after(&self, change: ProductChange, lowest: Option<Money>, now: Time) -> Result<Self, MoneyError> {
        let ProductChange { name, description, category, price, discount, for_sale, available } = change;
        let mut after = self.clone();
        after.version = self.version.saturating_add(1);
        after.updated_at = now;
        after.name = name.unwrap_or(after.name);
        after.description = description.unwrap_or(after.description);
        after.category = category.unwrap_or(after.category);
        after.price = price.unwrap_or(after.price);
        after.discount = discount.unwrap_or(after.discount);
        after.for_sale = for_sale.unwrap_or(after.for_sale);
        if let Some(available) = available {
            after.received = self.received.saturating_sub(self.available).saturating_add(available);
            after.available = available;
        }
        if (after.price, after.discount) != (self.price, self.discount) {
            after.lowest = lowest.filter(|_| after.discount.is_some());
        }
        if after.unit_price()? != self.unit_price()? {
            after.price_since = after.version;
        }
        Ok(after)
    }

    /// Returns whether the state `after` a change differs from this one in nothing but its version and its time.
    #[must_use]
    pub fn stays(&self, after: &Self) -> bool {
        *self == Self { version: self.version, updated_at: self.updated_at, ..after.clone() }
    }

    /// Adds the differences to an audit entry. The description is left out, because it is long.
    #[must_use]
    pub fn audited(&self, entry: AuditEntry, after: &Self) -> AuditEntry {
        entry
            .when_changed("name", &self.name, &after.name)
            .when_changed("category", self.category, after.category)
            .when_changed("price", self.price, after.price)
            .when_changed("discount", self.discount, after.discount)
            .when_changed("for_sale", self.for_sale, after.for_sale)
            .when_changed("available", self.available, after.available)
            .to_version(after.version)
    }

    /// Returns the update to the state `after`. It does not touch the attributes that ratings and orders change.
    pub(crate) fn update(&self, after: &Self) -> Update {
        let update = Update::of(self.key())
            .set("version", after.version)
            .set("name", &after.name)
            .set("description", &after.description)
            .set("category", after.category)
            .set("price", after.price)
            .set("discount", after.discount)
            .set("lowest", after.lowest)
            .set("price_since", after.price_since)
            .set("for_sale", after.for_sale)
            .set("updated_at", after.updated_at)
            .when(field("version").eq(self.version));
        if after.available == self.available {
            return update;
        }
        let by = i64::from(after.available).saturating_sub(i64::from(self.available));
        update.add("available", by).add("received", by).when(field("available").eq(self.available))
    }

    /// Adds another picture, or none, to a transaction. The slot is refused if the picture has changed in the meantime.
    pub fn change_picture(&self, tx: &mut Tx, sys: &Sys, picture: Option<PictureId>) -> Slot {
        self.retire_picture(tx, sys);
        if let Some(picture) = picture {
            tx.put_always(&ProductPicture { picture, product: self.id });
        }
        let same = match self.picture {
            Some(picture) => field("picture").eq(picture),
            None => field("picture").absent().and(Cond::Exists),
        };
        tx.update(Update::of(self.key()).set("picture", picture).when(same))
    }

    pub(crate) fn retire_picture(&self, tx: &mut Tx, sys: &Sys) {
        if let Some(picture) = self.picture {
            tx.delete(ProductPicture::key_of(picture));
            Outbox::add(tx, sys, &ProductPictureRetired { product: self.id, picture });
        }
    }
}

/// Adds that a product exists as a condition to a transaction.
pub(crate) fn require(tx: &mut Tx, product: ProductId) -> Slot {
    tx.check(Product::key_of(product), Cond::Exists)
}

impl Item for Product {
    const KIND: &'static str = "product";
    const ABOUT: About = About::at("PRODUCT#{product}", "PRODUCT", Personal::Nobody("a product of the shop"));
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// The claim of a product's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameClaim {
    name: String,
    /// The product.
    pub product: ProductId,
}

impl NameClaim {
    /// Returns the key of a name.
    #[must_use]
    pub fn key_of(name: &ProductName) -> Key {
        Self::key_of_normal(&normal(name.as_str()))
    }

    fn key_of_normal(name: &str) -> Key {
        Key::new(format!("PRODUCT_NAME#{name}"), "PRODUCT_NAME")
    }

    pub(crate) fn of(name: &ProductName, product: ProductId) -> Self {
        Self { name: normal(name.as_str()), product }
    }
}

impl Item for NameClaim {
    const KIND: &'static str = "product_name";
    const ABOUT: About = About::at("PRODUCT_NAME#{name}", "PRODUCT_NAME", Personal::Nobody("the name of a product"));
    fn key(&self) -> Key {
        Self::key_of_normal(&self.name)
    }
}

/// The claim of a product's slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlugClaim {
    slug: ProductSlug,
    /// The product.
    pub product: ProductId,
}

impl SlugClaim {
    /// Returns the key of a slug.
    #[must_use]
    pub fn key_of(slug: &ProductSlug) -> Key {
        Key::new(format!("PRODUCT_SLUG#{slug}"), "PRODUCT_SLUG")
    }

    pub(crate) fn of(product: &Product) -> Self {
        Self { slug: product.slug.clone(), product: product.id }
    }
}

impl Item for SlugClaim {
    const KIND: &'static str = "product_slug";
    const ABOUT: About = About::at("PRODUCT_SLUG#{slug}", "PRODUCT_SLUG", Personal::Nobody("the name of a product in addresses"));
    fn key(&self) -> Key {
        Self::key_of(&self.slug)
    }
}

/// The product of a picture. It is stored because the item of the upload is deleted with the account of the uploader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductPicture {
    picture: PictureId,
    /// The product.
    pub product: ProductId,
}

impl ProductPicture {
    /// Returns the key of a picture.
    #[must_use]
    pub fn key_of(picture: PictureId) -> Key {
        Key::new(format!("PICTURE#{picture}"), "PRODUCT_PICTURE")
    }
}

impl Item for ProductPicture {
    const KIND: &'static str = "product_picture";
    const ABOUT: About = About::at("PICTURE#{picture}", "PRODUCT_PICTURE", Personal::Nobody("which product a picture is of"));
    fn key(&self) -> Key {
        Self::key_of(self.picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CURRENCY;

    fn product(sys: &Sys) -> Product {
        let id = sys.id();
        let new = NewProduct {
            name: ProductName::parse("Garden turtle").unwrap(),
            description: Description::parse("Of stone.").unwrap(),
            category: sys.id(),
            price: Money::new(1999, CURRENCY).unwrap(),
            for_sale: true,
            available: 5,
        };
        Product::new(id, ProductSlug::of("Garden turtle", id), new, sys.now())
    }

    fn balanced(product: &Product) -> bool {
        [product.available, product.reserved, product.sold].into_iter().sum::<u32>() == product.received
    }

    #[test]
    fn what_is_counted_is_received_or_lost() {
        let sys = Sys::real();
        let mut before = product(&sys);
        assert!(balanced(&before) && before.is_available());
        (before.available, before.reserved, before.sold) = (1, 2, 2);
        assert!(balanced(&before));
        for counted in [0, 1, 7, STOCK_MAX] {
            let change = ProductChange { available: Some(counted), ..ProductChange::default() };
            let after = before.after(change, None, sys.now()).unwrap();
            assert!(balanced(&after) && after.available == counted && after.is_available() == (counted > 0), "{after:?}");
        }
        let off = ProductChange { for_sale: Some(false), ..ProductChange::default() };
        assert!(!before.after(off, None, sys.now()).unwrap().is_available());
    }

    #[test]
    fn the_lowest_price_stands_beside_a_discount_only() {
        let sys = Sys::real();
        let before = product(&sys);
        let lowest = Some(Money::new(1500, CURRENCY).unwrap());
        let change = |discount| ProductChange { discount: Some(discount), ..ProductChange::default() };
        let reduced = before.after(change(Percent::new(10)), lowest, sys.now()).unwrap();
        assert_eq!((reduced.lowest, reduced.unit_price().unwrap().amount(), reduced.price_since), (lowest, 1799, 2));
        // It stays as long as the discount does, whatever else is changed.
        let renamed = ProductChange { name: Some(ProductName::parse("Turtle").unwrap()), ..ProductChange::default() };
        let renamed = reduced.after(renamed, None, sys.now()).unwrap();
        assert_eq!((renamed.lowest, renamed.price_since, renamed.version), (lowest, 2, 3));
        let ended = renamed.after(change(None), lowest, sys.now()).unwrap();
        assert_eq!((ended.lowest, ended.price_since, ended.unit_price()), (None, 4, Ok(before.price)));
    }
}
