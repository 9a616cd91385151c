//! Orders that buyers, staff, Stripe and the clock move at random, compared with a model after each step.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Env;
use local::outside::stripe::{Act, Webhooks};
use tests::{App, Caller, Cloud, Reply, Value, json};

use crate::{
    card_orders::QUARTER,
    card_refunds::refund,
    cart::put,
    donations::{VISA, card, intent},
    items,
    orders::{ORDERS, ask_to_pay, become_state},
    products::{category, change, create, text},
    stripe::post,
};

/// How many steps are made: `STOA_ORDER_STEPS` overrides it.
const STEPS: usize = 300;
/// The beginning of the random numbers: `STOA_ORDER_SEED` overrides it.
const SEED: u64 = 11;
/// After how many steps the time of all unpaid orders ends.
const PERIOD: usize = 100;
/// A test card that is refused.
const REFUSED: &str = "4000000000009995";

/// The states in which an order keeps its products reserved, and those in which they are sold.
const RESERVES: [&str; 4] = ["placed", "pending_payment", "paid", "refunding"];
const SOLD: [&str; 2] = ["shipped", "delivered"];
/// The states that no step leaves.
const ENDED: [&str; 4] = ["cancelled", "expired", "refunded", "returned"];
/// The steps of staff.
const BY_STAFF: [(&str, &str); 7] = [
    ("placed", "shipped"),
    ("placed", "cancelled"),
    ("paid", "shipped"),
    ("refunding", "shipped"),
    ("shipped", "delivered"),
    ("shipped", "returned"),
    ("delivered", "returned"),
];

/// A product as the model has it.
struct Product {
    id: String,
    price: u64,
    received: u64,
}

/// The state of a payment at Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Open,
    Paid,
    Cancelled,
}

/// A payment as Stripe has it, whether it was heard of here or not.
struct AtStripe {
    intent: String,
    status: Status,
    refunded: u64,
}

/// An order as the model has it.
struct Order {
    id: String,
    buyer: usize,
    lines: BTreeMap<usize, u64>,
    total: u64,
    state: &'static str,
    /// How much is known to be given back, and how often staff have asked for that.
    refunded: u64,
    refunds: usize,
    payment: Option<AtStripe>,
}

impl Order {
    /// Everything that follows from the payment at Stripe becomes known.
    fn hears(&mut self) {
        let Some(payment) = &self.payment else { return };
        if self.state == "pending_payment" && payment.status == Status::Paid {
            self.state = "paid";
        }
        self.refunded = payment.refunded;
        if self.state == "paid" && self.refunded > 0 {
            self.state = "refunding";
        }
        if self.state == "refunding" && self.refunded == self.total {
            self.state = "refunded";
        }
    }

    /// It ends unpaid, and so does its payment at Stripe.
    fn ends(&mut self, state: &'static str) {
        self.state = state;
        if let Some(payment) = &mut self.payment {
            payment.status = Status::Cancelled;
        }
    }

    /// Whether it is known to be paid by card.
    fn is_paid(&self) -> bool {
        self.payment.is_some() && !["pending_payment", "expired", "cancelled"].contains(&self.state)
    }

    fn reference(&self) -> Value {
        json!({ "id": self.id })
    }
}

/// An event of Stripe about an order.
struct Event {
    id: String,
    order: Option<usize>,
    sent: bool,
}

/// A shop, its buyers and its administrator, with a model of all of it.
struct Shop<'a> {
    cloud: &'a Cloud,
    staff: (Caller, App),
    buyers: Vec<Caller>,
    /// Sends the webhooks.
    stripe: Caller,
    products: Vec<Product>,
    carts: Vec<BTreeMap<usize, u64>>,
    orders: Vec<Order>,
    events: Vec<Event>,
    /// How many of the events a run of the schedule may have found.
    found: usize,
    keys: usize,
    refused: usize,
    seen: BTreeSet<&'static str>,
    dice: u64,
}

impl<'a> Shop<'a> {
    async fn open(cloud: &'a Cloud, seed: u64) -> Self {
        let (staff, app) = cloud.staff("shopkeeper", "administrator").await;
        let garden = category(&staff, "Garden").await;
        let mut products = Vec::new();
        for n in 1..=3 {
            let id = text(&create(&staff, &format!("Turtle {n}"), &garden, n * 1000).await["id"]);
            products.push(Product { id, price: n * 1000, received: 10 });
        }
        let mut buyers = Vec::new();
        for n in 0..3 {
            buyers.push(cloud.buyer(&format!("buyer{n}"), &format!("+4479111234{n:02}")).await);
        }
        Self {
            cloud,
            staff: (staff, app),
            carts: vec![BTreeMap::new(); buyers.len()],
            buyers,
            stripe: cloud.anonymous(),
            products,
            orders: Vec::new(),
            events: Vec::new(),
            found: 0,
            keys: 0,
            refused: 0,
            seen: BTreeSet::new(),
            dice: seed,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap() % end
    }

    /// A number from 1 to `most`.
    fn up_to(&mut self, most: u64) -> u64 {
        u64::try_from(self.below(usize::try_from(most).unwrap())).unwrap() + 1
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        self.keys.to_string()
    }

    /// One of the orders for which this holds, mostly one that has not ended.
    fn order(&mut self, holds: impl Fn(&Order) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.orders.len()).filter(|at| holds(&self.orders[*at])).collect();
        let open: Vec<usize> = all.iter().copied().filter(|at| !ENDED.contains(&self.orders[*at].state)).collect();
        let from = if open.is_empty() || self.below(8) == 0 { all } else { open };
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }

    /// The stock of a product: available, reserved, sold, received.
    fn stock(&self, product: usize) -> [u64; 4] {
        let held = |states: &[&str]| -> u64 {
            let those = self.orders.iter().filter(|order| states.contains(&order.state));
            those.filter_map(|order| order.lines.get(&product)).sum()
        };
        let (reserved, sold, received) = (held(&RESERVES), held(&SOLD), self.products[product].received);
        [received - reserved - sold, reserved, sold, received]
    }

    fn available(&self, product: usize) -> u64 {
        self.stock(product)[0]
    }

    /// The answer is this, or a refusal with this code.
    fn answers(&mut self, reply: &Reply, expected: Result<u16, (u16, &str)>) {
        match expected {
            Ok(status) => {
                reply.has(status);
            }
            Err((status, code)) => {
                reply.is_problem(status, code);
                self.refused += 1;
            }
        }
    }

    /// Somebody fills their cart and orders it, perhaps twice with one key.
    async fn place(&mut self) -> Option<usize> {
        let (buyer, method) = (self.below(self.buyers.len()), ["card", "card", "cash_on_delivery"][self.below(3)]);
        let caller = self.buyers[buyer].clone();
        for _ in 0..=self.below(2) {
            let (product, quantity) = (self.below(self.products.len()), self.up_to(3));
            if self.available(product) == 0 {
                let path = format!("/v1/cart/items/{}", self.products[product].id);
                let reply = caller.put(&path, json!({ "quantity": quantity })).await;
                self.answers(&reply, Err((409, "out_of_stock")));
            } else {
                put(&caller, &self.products[product].id, u32::try_from(quantity).unwrap()).await;
                self.carts[buyer].insert(product, quantity);
            }
        }
        let cart = self.carts[buyer].clone();
        let total: u64 = cart.iter().map(|(product, quantity)| self.products[*product].price * quantity).sum();
        let key = self.key();
        let reply = ask_to_pay(&caller, method, &key, total).await;
        let short: Vec<usize> = cart.iter().filter(|(at, quantity)| self.available(**at) < **quantity).map(|(at, _)| *at).collect();
        if cart.is_empty() || !short.is_empty() {
            self.answers(&reply, Err((409, if cart.is_empty() { "order_incomplete" } else { "out_of_stock" })));
            for product in short {
                put(&caller, &self.products[product].id, 0).await;
                self.carts[buyer].remove(&product);
            }
            return None;
        }
        let placed = reply.is(201);
        let lines: u64 = placed["items"].as_array().unwrap().iter().map(|item| item["amount"]["amount"].as_u64().unwrap()).sum();
        assert_eq!((placed["total"]["amount"].as_u64(), lines), (Some(total), total));
        if self.below(4) == 0 {
            assert_eq!(ask_to_pay(&caller, method, &key, total).await.is(201)["id"], placed["id"], "the same key");
        }
        let by_card = method == "card";
        let payment = by_card.then(|| AtStripe { intent: intent(&placed["payment"]), status: Status::Open, refunded: 0 });
        let state = if by_card { "pending_payment" } else { "placed" };
        self.carts[buyer].clear();
        self.orders.push(Order { id: text(&placed["id"]), buyer, lines: cart, total, state, refunded: 0, refunds: 0, payment });
        Some(self.orders.len() - 1)
    }

    /// At Stripe somebody pays, is refused, cancels the payment or gives back a part of it. Nobody is told of it yet.
    fn act(&mut self) -> Option<usize> {
        let at = match self.below(4) {
            0 => self.order(|order| order.payment.is_some()),
            _ => self.order(|order| order.state == "pending_payment"),
        }?;
        let (what, total) = (self.below(16), self.orders[at].total);
        let part = self.up_to(total);
        let payment = self.orders[at].payment.as_mut().unwrap();
        let (is_open, is_left) = (payment.status == Status::Open, payment.status == Status::Paid && payment.refunded + part <= total);
        let (act, happens) = match what {
            0 => (card(REFUSED), false),
            1 => (Act::Cancel, is_open),
            2..=5 if !is_open => (Act::Refund(Some(i64::try_from(part).unwrap())), is_left),
            _ => (card(VISA), is_open),
        };
        let done = self.cloud.outside.stripe.act(&self.cloud.core(), &payment.intent, &act);
        assert_eq!(done.is_ok(), happens, "{act:?}: {done:?}");
        match act {
            Act::Cancel if happens => payment.status = Status::Cancelled,
            Act::Refund(_) if happens => payment.refunded += part,
            Act::Card(_) if happens => payment.status = Status::Paid,
            _ => self.refused += 1,
        }
        Some(at)
    }

    /// What Stripe has to tell and was not looked at yet.
    fn learn(&mut self) {
        let stripe = &self.cloud.outside.stripe;
        for event in stripe.events().into_iter().skip(self.events.len()) {
            let (_, body) = stripe.webhook(&self.cloud.core(), &event.id).unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            let object = &body["data"]["object"];
            let is_of = |payment: &AtStripe| object["id"] == payment.intent || object["payment_intent"] == payment.intent;
            let order = self.orders.iter().position(|order| order.payment.as_ref().is_some_and(is_of));
            self.events.push(Event { id: event.id, order, sent: false });
        }
    }

    /// A webhook comes: in any order, late, and perhaps not for the first time.
    async fn tell(&mut self) -> Option<usize> {
        self.learn();
        let is_new = self.below(3) > 0;
        let those = self.events.iter().enumerate().filter(|(_, event)| event.order.is_some() && !(is_new && event.sent));
        let those: Vec<usize> = those.map(|(at, _)| at).collect();
        if those.is_empty() {
            return None;
        }
        let at = those[self.below(those.len())];
        let (signed, body) = self.cloud.outside.stripe.webhook(&self.cloud.core(), &self.events[at].id).unwrap();
        let outcome = post(&self.stripe, &signed, &body).await.is(200)["outcome"].clone();
        let event = &mut self.events[at];
        // A run of the schedule may have found it before.
        assert!(event.sent || outcome == "applied" || (at < self.found && outcome == "handled_before"), "{outcome}: {body}");
        assert!(!event.sent || outcome == "handled_before", "{outcome}: {body}");
        event.sent = true;
        let order = event.order?;
        if outcome == "applied" {
            self.orders[order].hears();
        }
        Some(order)
    }

    /// A buyer cancels an order.
    async fn cancel(&mut self) -> Option<usize> {
        let at = self.order(|_| true)?;
        let order = &mut self.orders[at];
        let path = format!("{ORDERS}/{}/cancellation", order.id);
        let reply = self.buyers[order.buyer].post(&path, json!({})).await;
        let is_unpaid = order.payment.as_ref().is_none_or(|payment| payment.status != Status::Paid);
        let expected = if ["placed", "pending_payment"].contains(&order.state) && is_unpaid {
            order.ends("cancelled");
            Ok(200)
        } else {
            // Whoever cancels a paid order learns that it is paid.
            if order.state == "pending_payment" {
                order.hears();
            }
            Err((409, "order_state"))
        };
        self.answers(&reply, expected);
        Some(at)
    }

    /// Staff ask for a next state, mostly one that there is.
    async fn move_on(&mut self) -> Option<usize> {
        let at = self.order(|_| true)?;
        let (from, any) = (self.orders[at].state, ["shipped", "delivered", "returned", "cancelled", "paid"][self.below(5)]);
        let there_are: Vec<&'static str> = BY_STAFF.into_iter().filter(|(state, _)| *state == from).map(|(_, to)| to).collect();
        let to = if there_are.is_empty() || self.below(4) == 0 { any } else { there_are[self.below(there_are.len())] };
        let order = &mut self.orders[at];
        let reply = become_state(&self.staff.0, &self.buyers[order.buyer], &order.reference(), to).await;
        let expected = if there_are.contains(&to) { Ok(200) } else { Err((409, "order_state")) };
        if expected.is_ok() {
            order.state = to;
        }
        self.answers(&reply, expected);
        Some(at)
    }

    /// Staff give back a part of a payment, perhaps twice with one key.
    async fn give_back(&mut self) -> Option<usize> {
        let at = match self.below(4) {
            0 => self.order(|order| order.refunds < 8),
            _ => self.order(|order| order.is_paid() && order.refunds < 8),
        }?;
        let key = self.key();
        let left = self.orders[at].total - self.orders[at].refunded;
        let amount = match self.below(6) {
            0 => left + 1,
            1 | 2 => left.max(1),
            _ => self.up_to(left.max(1)),
        };
        let order = &mut self.orders[at];
        let mut expected = Err((409, "order_state"));
        if order.is_paid() {
            expected = Err((422, "invalid"));
            if amount <= left {
                let (payment, total) = (order.payment.as_mut().unwrap(), order.total);
                let is_taken = payment.refunded + amount <= total;
                payment.refunded += if is_taken { amount } else { 0 };
                order.refunds += 1;
                order.hears();
                expected = if is_taken { Ok(201) } else { Err((409, "refund_refused")) };
            }
        }
        let reference = order.reference();
        for _ in 0..=self.below(2) {
            let reply = refund(&self.staff.0, &reference, &key, amount).await;
            self.answers(&reply, expected);
        }
        Some(at)
    }

    /// A buyer looks at an order. For one that is not paid Stripe is asked.
    async fn look(&mut self) -> Option<usize> {
        let at = self.order(|_| true)?;
        let order = &mut self.orders[at];
        let shown = self.buyers[order.buyer].get(&format!("{ORDERS}/{}", order.id)).await.is(200);
        if order.state == "pending_payment" {
            order.hears();
        }
        let refunded = shown["refunded"]["amount"].as_u64().unwrap_or_default();
        assert_eq!((shown["state"].as_str(), refunded), (Some(order.state), order.refunded));
        Some(at)
    }

    /// Staff count the products that are left of one, and give it another price.
    async fn count(&mut self) {
        let (product, left, price) = (self.below(self.products.len()), self.up_to(15) - 1, 1000 + 100 * self.up_to(20));
        let [_, reserved, sold, _] = self.stock(product);
        let changes = json!({ "available": left, "price": { "amount": price, "currency": "PLN" } });
        change(&self.staff.0, &self.products[product].id, changes).await.is(200);
        (self.products[product].received, self.products[product].price) = (reserved + sold + left, price);
    }

    /// The time of all unpaid orders ends, and the schedule finds everything that no webhook has told. Everybody signs in again.
    async fn wait(&mut self) {
        self.cloud.advance(QUARTER * 2).await;
        for order in &mut self.orders {
            order.hears();
            if order.state == "pending_payment" {
                order.ends("expired");
            }
        }
        self.found = self.cloud.outside.stripe.events().len();
        self.staff.0 = self.cloud.sign_in_with(&self.cloud.anonymous(), "shopkeeper", &self.staff.1).await;
        for buyer in &mut self.buyers {
            *buyer = self.cloud.sign_in(buyer.name()).await;
        }
        self.all();
    }

    async fn step(&mut self) {
        let touched = match self.below(20) {
            0..=4 => self.place().await,
            5..=8 => self.act(),
            9..=11 => self.tell().await,
            12 => self.cancel().await,
            13..=15 => self.move_on().await,
            16..=17 => self.give_back().await,
            18 => self.look().await,
            _ => {
                self.count().await;
                None
            }
        };
        if let Some(order) = touched {
            self.compare(order);
        }
        self.compare_stock();
    }

    /// An item as it is stored.
    fn item(&self, partition: String, sort: String) -> Value {
        let core = self.cloud.core();
        let table = core.template.tables.iter().find(|table| table.stream_arn.is_some()).unwrap();
        let request = json!({ "TableName": table.name, "Key": { "pk": { "S": partition }, "sk": { "S": sort } } });
        let found = core.aws.dynamodb.database().get_item(serde_json::from_value(request).unwrap()).unwrap();
        serde_json::to_value(found).unwrap()["Item"].take()
    }

    /// An order is stored as the model has it.
    fn compare(&mut self, at: usize) {
        let order = &self.orders[at];
        let stored = self.item(format!("USER#{}", self.buyers[order.buyer].id()), format!("ORDER#{}", order.id));
        let refunded = stored["card"]["M"]["refunded"]["N"].as_str().map_or(0_u64, |number| number.parse().unwrap());
        assert_eq!((stored["state"]["S"].as_str(), refunded), (Some(order.state), order.refunded), "{stored}");
        self.seen.insert(order.state);
    }

    /// The stock of every product is where the orders of the model are.
    fn compare_stock(&self) {
        for (at, product) in self.products.iter().enumerate() {
            let stored = self.item(format!("PRODUCT#{}", product.id), "PRODUCT".to_owned());
            let number = |name: &str| stored[name]["N"].as_str().unwrap().parse::<u64>().unwrap();
            assert_eq!(["available", "reserved", "sold", "received"].map(number), self.stock(at), "{stored}");
        }
    }

    /// Every order, every payment at Stripe and the stock are as the model has them.
    fn all(&mut self) {
        for order in 0..self.orders.len() {
            self.compare(order);
        }
        self.compare_stock();
        let payments: BTreeMap<String, Value> =
            self.cloud.outside.stripe.payments().into_iter().map(|payment| (text(&payment["id"]), payment)).collect();
        let by_card: Vec<(&Order, &AtStripe)> =
            self.orders.iter().filter_map(|order| order.payment.as_ref().map(|at_stripe| (order, at_stripe))).collect();
        assert_eq!(payments.len(), by_card.len(), "one payment for each order");
        for (order, AtStripe { intent, status, refunded }) in by_card {
            let (payment, ended) = (&payments[intent], if *status == Status::Paid { "succeeded" } else { "canceled" });
            let back = payment["latest_charge"]["amount_refunded"].as_u64().unwrap_or_default();
            let shown = (payment["amount"].as_u64(), payment["status"].as_str(), back);
            assert_eq!(shown, (Some(order.total), Some(ended), *refunded), "{payment}");
            assert_eq!((order.is_paid(), order.refunded), (*status == Status::Paid, *refunded), "what is true at Stripe is known");
        }
    }
}

/// Buyers order, pay and cancel, staff ship, take back and give back, webhooks come late, twice and in any order, and the clock moves, all
/// at random: after each step orders and stock are as a model says, and nothing is refused that the model allows. In the end every sum at
/// Stripe is that of its order. (The rules themselves meet more than fifty thousand random steps beside their code.)
/// Promise: order-steps, order-refunds, order-expiry, stripe-order, product-stock
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_steps_agree_with_a_model() {
    let env = Env::process();
    let steps = env.get("STOA_ORDER_STEPS").and_then(|steps| steps.parse().ok()).unwrap_or(STEPS);
    let seed = env.get("STOA_ORDER_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let cloud = Cloud::start().await;
    cloud.limits.lift(true);
    cloud.outside.stripe.send_webhooks(Webhooks::Held);
    let mut shop = Shop::open(&cloud, seed).await;
    for step in 0..steps {
        if step > 0 && step % PERIOD == 0 {
            shop.wait().await;
        }
        shop.step().await;
    }
    shop.wait().await;
    assert_eq!(shop.seen.len(), 10, "every state was reached: {:?}", shop.seen);
    assert!(shop.refused > 20 && shop.refused < steps, "{} were refused", shop.refused);
    items::are_as_described(&cloud).await;
}
