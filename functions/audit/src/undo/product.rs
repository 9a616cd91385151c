//! Undoing a change of a product.

use accounts::{
    audit::Action,
    staff::{self, Actor, Role},
    undo::{Field, Obstacle},
};
use commerce::{
    CURRENCY,
    category::Category,
    product::{NameClaim, PRICE_MAX, Product, ProductChange, STOCK_MAX},
    text::ProductName,
};
use kernel::{
    Problem,
    audit::{AuditValue, Auditable as _},
    id::{CategoryId, ProductId},
};
use money::{Money, Percent};
use store::{Table, Tx};

use super::{
    planned::{Allowed, MakeEntry, Planned, Reindexed, impossible_value},
    recorded::{Changed, Recorded, id, text},
};

/// A product, and the items that decide whether it can have its former values.
pub struct Target {
    who: Actor,
    product: Option<Box<Product>>,
    /// The product that has the former name.
    named: Option<ProductId>,
    /// Whether the former category exists.
    category: bool,
}

impl Target {
    pub async fn read(table: &Table, entry: &Recorded, who: Actor) -> Result<Self, Problem> {
        let Some(id) = entry.about::<ProductId>("product") else {
            return Ok(Self { who, product: None, named: None, category: false });
        };
        let product = Product::key_of(id);
        let named = entry.was("name").and_then(name).map(|name| NameClaim::key_of(&name));
        let category = entry.about::<CategoryId>("category").map(Category::key_of);
        let mut found = table.get_many([Some(product.clone()), named.clone(), category.clone()].into_iter().flatten().collect()).await?;
        Ok(Self {
            who,
            product: found.take(&product)?.map(Box::new),
            named: named.map(|key| found.take::<NameClaim>(&key)).transpose()?.flatten().map(|claim| claim.product),
            category: category.map(|key| found.take::<Category>(&key)).transpose()?.flatten().is_some(),
        })
    }

    pub fn fields(&self, entry: &Recorded) -> Vec<Field> {
        let field = |changed: Changed| {
            let is_now = self.product.as_ref().map_or(AuditValue::Nothing, |product| value(product, &changed.name));
            let obstacle = self.obstacle(&changed.name, &changed.was);
            changed.field(is_now, obstacle)
        };
        entry.changes().into_iter().map(field).collect()
    }

    fn obstacle(&self, name: &str, was: &AuditValue) -> Option<Obstacle> {
        let Some(product) = &self.product else { return Some(Obstacle::Gone) };
        match name {
            _ if set(&mut ProductChange::default(), name, was).is_none() => Some(Obstacle::Never),
            "name" if self.named.is_some_and(|other| other != product.id) => Some(Obstacle::Taken),
            "category" if !self.category => Some(Obstacle::Gone),
            _ => None,
        }
    }

    pub async fn plan(self, s: &crate::State, tx: &mut Tx, entry: &MakeEntry<'_>, fields: &[&Field]) -> Result<Planned, Problem> {
        let before = *self.product.ok_or_else(impossible_value)?;
        let mut change = ProductChange::default();
        for field in fields {
            set(&mut change, &field.name, &field.was).ok_or_else(impossible_value)?;
        }
        let after = before.changed(&s.table, change, s.sys.now()).await?;
        let slots = before.change(tx, &after)?;
        let still = staff::require(tx, self.who.user, Role::Administrator);
        let entry = entry(Action::ProductChanged, self.who.user).changed("product", before.id, before.id);
        let shown = [Some(slots.product), slots.name, slots.category].into_iter().flatten().collect();
        let planned = Planned::new(before.audited(entry, &after), shown, Allowed::Role(still));
        Ok(Planned { reindexed: Some(Reindexed::Product(Box::new((before, after)))), ..planned })
    }
}

/// Returns the value of a field of a product, in the form of the audit.
fn value(product: &Product, name: &str) -> AuditValue {
    match name {
        "name" => product.name.audited(),
        "category" => product.category.audited(),
        "price" => product.price.audited(),
        "discount" => product.discount.audited(),
        "for_sale" => product.for_sale.audited(),
        "available" => product.available.audited(),
        _ => AuditValue::Nothing,
    }
}

fn name(was: &AuditValue) -> Option<ProductName> {
    ProductName::parse(text(was)?).ok()
}

/// Sets a field to its former value in a change. `None` if there is no such field, or it cannot have the value.
fn set(change: &mut ProductChange, field: &str, was: &AuditValue) -> Option<()> {
    match (field, was) {
        ("name", _) => change.name = Some(name(was)?),
        ("category", _) => change.category = Some(id(was)?),
        ("price", AuditValue::Amount { amount, currency }) if *amount <= PRICE_MAX && currency == CURRENCY.code() => {
            change.price = Some(Money::new(*amount, CURRENCY).ok()?);
        }
        ("discount", AuditValue::Nothing) => change.discount = Some(None),
        ("discount", AuditValue::Number(number)) => change.discount = Some(Some(Percent::new(u8::try_from(*number).ok()?)?)),
        ("for_sale", AuditValue::Flag(flag)) => change.for_sale = Some(*flag),
        ("available", AuditValue::Number(number)) => {
            change.available = Some(u32::try_from(*number).ok().filter(|number| *number <= STOCK_MAX)?);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(amount: u64, currency: &str) -> AuditValue {
        AuditValue::Amount { amount, currency: currency.to_owned() }
    }

    fn text(text: &str) -> AuditValue {
        AuditValue::Text(text.to_owned())
    }

    fn id(id: &str) -> AuditValue {
        AuditValue::Id(id.to_owned())
    }

    #[test]
    fn a_field_gets_only_what_it_can_have() {
        use AuditValue::{Flag, Nothing, Number};
        let fits = |name: &str, was: &AuditValue| set(&mut ProductChange::default(), name, was).is_some();
        for (name, was) in [
            ("name", text("Garden turtle")),
            ("category", id("cat_01K9ZC4QW8V3T6R1NHXJ5B2MDP")),
            ("price", amount(0, "PLN")),
            ("discount", Number(10)),
            ("discount", Nothing),
            ("for_sale", Flag(false)),
            ("available", Number(0)),
        ] {
            assert!(fits(name, &was), "{name} {was:?}");
        }
        for (name, was) in [
            ("name", text("")),
            ("name", Nothing),
            ("category", id("prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP")),
            ("category", text("cat_01K9ZC4QW8V3T6R1NHXJ5B2MDP")),
            ("price", amount(100_000, "PLN")),
            ("price", amount(1, "GBP")),
            ("price", Number(1)),
            ("discount", Number(0)),
            ("discount", Number(91)),
            ("discount", Number(300)),
            ("for_sale", Number(1)),
            ("available", Number(-1)),
            ("available", Number(1_000_001)),
            ("id", id("prd_01K9ZC4QW8V3T6R1NHXJ5B2MDP")),
            ("version", Number(1)),
            ("rating_sum", Number(1)),
        ] {
            assert!(!fits(name, &was), "{name} {was:?}");
        }
    }
}
