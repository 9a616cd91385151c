//! Undoing changes at random, compared with a model that only knows the changes before.

use std::collections::BTreeMap;

use tests::{Caller, Cloud, json};

use crate::{
    products::{category, create, text},
    undo::{changed, outcomes, preview, undo_at},
};

/// A product as the model has it: its id, and its fields as the API shows them. Without fields once it is deleted.
struct Modelled {
    id: String,
    fields: Option<BTreeMap<&'static str, String>>,
}

/// An entry as the model has it.
struct Entry {
    id: String,
    product: usize,
    fields: BTreeMap<&'static str, (String, String)>,
    undone: bool,
}

/// What two administrators do in a shop, and what there is afterwards.
struct Shop<'a> {
    cloud: &'a Cloud,
    staff: [Caller; 2],
    garden: String,
    products: Vec<Modelled>,
    entries: Vec<Entry>,
    dice: u64,
}

impl Shop<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap() % end
    }

    fn taken(&self, by_another: usize, name: &str) -> bool {
        let has = |product: &Modelled| product.fields.as_ref().is_some_and(|fields| fields["name"] == name);
        self.products.iter().enumerate().any(|(other, product)| other != by_another && has(product))
    }

    async fn open(&mut self) {
        let name = format!("Product {}", self.products.len());
        let made = create(&self.staff[0], &name, &self.garden, 1000).await;
        let fields = BTreeMap::from([("name", name), ("price", "1000 PLN".to_owned()), ("for_sale", "true".to_owned())]);
        self.products.push(Modelled { id: text(&made["id"]), fields: Some(fields) });
    }

    async fn edit(&mut self, product: usize) {
        let Some(before) = self.products[product].fields.clone() else { return };
        let mut after = before.clone();
        let (name, amount, who) = (format!("Name {}", self.below(5)), 1000 + 500 * self.below(3), self.below(2));
        if self.below(2) == 0 && !self.taken(product, &name) {
            after.insert("name", name);
        }
        if self.below(2) == 0 {
            after.insert("price", format!("{amount} PLN"));
        }
        after.insert("for_sale", (self.below(3) > 0).to_string());
        if after == before {
            return;
        }
        let price: u64 = after["price"].trim_end_matches(" PLN").parse().unwrap();
        let price = json!({ "amount": price, "currency": "PLN" });
        let changes = json!({ "name": after["name"], "price": price, "for_sale": after["for_sale"] == "true" });
        let id = changed(self.cloud, &self.staff[who], &self.products[product].id, changes).await;
        self.record(id, product, &before, after);
    }

    fn record(&mut self, id: String, product: usize, before: &BTreeMap<&'static str, String>, after: BTreeMap<&'static str, String>) {
        let different = after.iter().filter(|(name, value)| before[*name] != **value);
        let fields = different.map(|(name, value)| (*name, (before[name].clone(), value.clone()))).collect();
        self.entries.push(Entry { id, product, fields, undone: false });
        self.products[product].fields = Some(after);
    }

    async fn close(&mut self, product: usize) {
        if self.products[product].fields.take().is_some() {
            let path = format!("/v1/products/{}", self.products[product].id);
            let version = self.staff[0].get(&path).await.header("etag");
            self.staff[0].with("if-match", version).delete(&path).await.is(204);
            self.open().await;
        }
    }

    /// What undoing a field does, by the model.
    fn expected(&self, entry: &Entry, field: &str) -> &'static str {
        let (was, became) = &entry.fields[field];
        match &self.products[entry.product].fields {
            None => "gone",
            Some(_) if field == "name" && self.taken(entry.product, was) => "taken",
            Some(now) if now[field] == *was => "same",
            Some(now) if now[field] == *became => "clean",
            Some(_) => "moved_on",
        }
    }

    async fn undo(&mut self, place: usize) {
        let (who, force, one) = (self.below(2), self.below(2) == 0, self.below(4));
        let (staff, entry) = (self.staff[who].clone(), &self.entries[place]);
        let (version, shown) = preview(&staff, &entry.id).await;
        let expected: Vec<(String, String)> =
            entry.fields.keys().map(|field| ((*field).to_owned(), self.expected(entry, field).to_owned())).collect();
        let mut sorted = expected.clone();
        sorted.sort();
        assert_eq!((outcomes(&shown), shown["undone_by"].is_string()), (sorted, entry.undone));
        let fields: Vec<&'static str> =
            entry.fields.keys().copied().enumerate().filter(|(n, _)| *n != one).map(|(_, field)| field).collect();
        let outcomes: Vec<&str> = fields.iter().map(|field| self.expected(entry, field)).collect();
        let fine = outcomes.iter().all(|outcome| ["clean", "same"].contains(outcome) || (*outcome == "moved_on" && force));
        let allowed = !entry.undone && fine && outcomes.iter().any(|outcome| *outcome != "same");
        let reply = undo_at(&staff, &entry.id, &version, &fields, force).await;
        if reply.status != 201 {
            assert!(!allowed || fields.is_empty(), "{reply:?} {outcomes:?}");
            return;
        }
        let done = text(&reply.json()["entry"]);
        if entry.undone {
            // The same request again: its answer, and nothing else.
            assert!(self.entries.iter().any(|entry| entry.id == done));
            return;
        }
        assert!(allowed, "{reply:?} {outcomes:?}");
        let (product, mut after) = (entry.product, self.products[entry.product].fields.clone().unwrap());
        let before = after.clone();
        for field in fields {
            after.insert(field, self.entries[place].fields[field].0.clone());
        }
        self.entries[place].undone = true;
        self.record(done, product, &before, after);
    }

    /// What there is is what the model has.
    async fn compare(&self) {
        for product in &self.products {
            let reply = self.staff[0].get(&format!("/v1/products/{}", product.id)).await;
            let Some(fields) = &product.fields else {
                reply.is_problem(404, "not_found");
                continue;
            };
            let is = reply.is(200);
            let shown = (text(&is["name"]), format!("{} PLN", is["price"]["amount"]));
            assert_eq!(shown, (fields["name"].clone(), fields["price"].clone()));
        }
    }
}

/// Two administrators rename, reprice, delete and undo at random; every preview and every product is as a model says that reads it from
/// what was done before. (The rules themselves meet thirty thousand random changes beside their code.)
/// Promise: undo-preview, undo-outcomes, undo-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undoing_agrees_with_a_model() {
    let cloud = Cloud::start().await;
    let staff = [cloud.staff("shopkeeper", "administrator").await.0, cloud.staff("assistant", "administrator").await.0];
    let garden = category(&staff[0], "Garden").await;
    let mut shop = Shop { cloud: &cloud, staff, garden, products: Vec::new(), entries: Vec::new(), dice: 11 };
    for _ in 0..3 {
        shop.open().await;
    }
    for step in 0..200 {
        let product = shop.below(shop.products.len());
        let entries = shop.entries.len();
        match shop.below(10) {
            0..=3 => shop.edit(product).await,
            4 if step % 4 == 0 => shop.close(product).await,
            _ if entries == 0 => shop.edit(product).await,
            _ => {
                let recent = shop.below(entries.min(8));
                shop.undo(entries - 1 - recent).await;
            }
        }
    }
    shop.compare().await;
    assert!(shop.entries.iter().filter(|entry| entry.undone).count() > 5);
}
