//! The operations of Stripe's API. <https://docs.stripe.com/api>

use std::{collections::BTreeMap, time::Duration};

use kernel::{Sys, Time};
use serde_json::{Value, json};

use super::{
    API_VERSION, PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET,
    banks::Bank,
    books::Confirmation,
    cards::Card,
    form::Form,
    objects::{Books, CustomerEntry, IntentEntry, RefundEntry, StoredAnswer, cards, new_id},
    refusal::Refusal,
    render,
};

/// How long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// The most characters of an idempotency key.
const KEY_MAX: usize = 255;
/// The smallest payment by card in each currency, in minor units. [`MAX_AMOUNT`] is the largest.
const MIN_AMOUNTS: [(&str, i64); 4] = [("pln", 200), ("gbp", 30), ("eur", 50), ("usd", 50)];
const MAX_AMOUNT: i64 = 99_999_999;
/// The properties of a payment that a request can expand.
const EXPANDABLE: [&str; 3] = ["latest_charge", "latest_charge.refunds", "customer"];

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub method: String,
    /// Without `/v1`.
    pub path: String,
    pub query: String,
    pub body: String,
    /// The key in `Authorization`.
    pub key: Option<String>,
    pub idempotency_key: Option<String>,
    pub version: Option<String>,
}

impl Call {
    /// Returns the idempotency key, if the account sends one: that of a request without its secret key is not looked at.
    pub(crate) fn by_account_once(&self) -> Option<&str> {
        let is_by_account = self.method == "POST" && self.key.as_deref() == Some(SECRET_KEY);
        self.idempotency_key.as_deref().filter(|_| is_by_account)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
    /// Whether it is the answer to an earlier request with the same idempotency key.
    pub replayed: bool,
}

impl From<Result<Value, Refusal>> for Answer {
    fn from(done: Result<Value, Refusal>) -> Self {
        match done {
            Ok(body) => Self { status: 200, body, replayed: false },
            Err(refusal) => Self { status: refusal.status, body: refusal.body(), replayed: false },
        }
    }
}

/// Returns the answer to a refused request.
pub(crate) fn refused(refusal: Refusal) -> Answer {
    Answer::from(Err::<Value, _>(refusal))
}

/// Answers a request.
pub(crate) fn answer(books: &mut Books, sys: &Sys, call: &Call) -> Answer {
    answer_once(books, sys, call, |books, form| perform(books, sys, call, form).into())
}

/// Fails with 500, before or after the request is executed.
pub(crate) fn fail(books: &mut Books, sys: &Sys, call: &Call, after: bool) -> Answer {
    answer_once(books, sys, call, |books, form| {
        if after {
            drop(perform(books, sys, call, form));
        }
        refused(Refusal::new(500, "api_error", "An unknown error occurred."))
    })
}

/// Executes a request, unless an earlier one with the same idempotency key has an answer.
fn answer_once(books: &mut Books, sys: &Sys, call: &Call, work: impl FnOnce(&mut Books, &Form) -> Answer) -> Answer {
    let form = Form::parse(&call.query, &call.body);
    if let Err(refusal) = admit(books, call, &form) {
        return refused(refusal);
    }
    let Some(key) = call.idempotency_key.as_deref().filter(|_| call.method == "POST") else {
        return work(books, &form);
    };
    if key.chars().count() > KEY_MAX {
        return refused(Refusal::invalid("Idempotency keys can have at most 255 characters."));
    }
    let (asked, now) = (format!("{} {} {form:?}", call.method, call.path), sys.now());
    books.requests.retain(|_, answered| now.since(answered.at) < REMEMBERED);
    if let Some(answered) = books.requests.get(key) {
        if answered.asked == asked {
            return Answer { status: answered.status, body: answered.body.clone(), replayed: true };
        }
        let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        return refused(Refusal::new(400, "idempotency_error", message));
    }
    let done = work(books, &form);
    remember(books, key, asked, now, &done);
    done
}

/// Remembers the answer for the idempotency key. Like Stripe, this includes a declined card and a failure during the execution, but not a
/// request with wrong parameters.
fn remember(books: &mut Books, key: &str, asked: String, at: Time, done: &Answer) {
    if matches!(done.status, 200 | 402 | 500) {
        books.requests.insert(key.to_owned(), StoredAnswer { at, asked, status: done.status, body: done.body.clone() });
    }
}

/// Checks the key of the account, and the version.
fn admit(books: &Books, call: &Call, form: &Form) -> Result<(), Refusal> {
    let unauthorized = |message: &str| Err(Refusal::new(401, "invalid_request_error", message));
    if call.version.as_deref().is_some_and(|version| version != API_VERSION) {
        return Err(Refusal::invalid("Invalid Stripe API version.").code("api_version_invalid"));
    }
    match call.key.as_deref() {
        None | Some("") => unauthorized("You did not provide an API key."),
        Some(SECRET_KEY) => Ok(()),
        Some(PUBLISHABLE_KEY) => by_browser(books, call, form),
        Some(_) => unauthorized("Invalid API Key provided."),
    }
}

/// Browsers may read and confirm a payment whose secret they have.
fn by_browser(books: &Books, call: &Call, form: &Form) -> Result<(), Refusal> {
    let intent = call.path.strip_prefix("/payment_intents/").map(|rest| rest.strip_suffix("/confirm").unwrap_or(rest));
    let Some(intent) = intent.filter(|id| !id.contains('/')) else {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key.";
        return Err(Refusal::new(403, "invalid_request_error", message).code("secret_key_required"));
    };
    if books.intent(intent, "id")?.client_secret == form.need("client_secret")? {
        return Ok(());
    }
    let message = "The client_secret provided does not match any associated PaymentIntent on this account.";
    Err(Refusal::invalid(message).code("payment_intent_invalid_parameter").param("client_secret"))
}

fn perform(books: &mut Books, sys: &Sys, call: &Call, form: &Form) -> Result<Value, Refusal> {
    let segments: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["account"]) => {
            let id = if books.is_other { "acct_1OtherQ8Zr2mV7xN" } else { "acct_1StoaLq8Zr2mV7xN" };
            Ok(json!({ "id": id, "object": "account" }))
        }
        ("POST", ["customers"]) => create_customer(books, sys, form),
        ("GET", ["customers"]) => list_customers(books, form),
        ("GET", ["customers", id]) => get_customer(books, id),
        ("POST", ["customers", id]) => update_customer(books, sys, id, form),
        ("DELETE", ["customers", id]) => delete_customer(books, sys, id),
        ("POST", ["payment_intents"]) => create_intent(books, sys, form),
        ("GET", ["payment_intents"]) => list_intents(books, form),
        ("GET", ["payment_intents", id]) => shown(books, id, form),
        ("POST", ["payment_intents", id]) => update_intent(books, id, form),
        ("POST", ["payment_intents", id, "confirm"]) => confirm_intent(books, sys, id, form),
        ("POST", ["payment_intents", id, "cancel"]) => cancel_intent(books, sys, id, form),
        ("GET", ["charges", id]) => books.charges.get(*id).map(render::charge).ok_or_else(|| Refusal::missing("charge", id, "id")),
        ("POST", ["refunds"]) => create_refund(books, sys, form),
        ("GET", ["refunds"]) => list_refunds(books, form),
        ("GET", ["refunds", id]) => books.refunds.get(*id).map(render::refund).ok_or_else(|| Refusal::missing("refund", id, "id")),
        ("GET", ["disputes"]) => list_disputes(books, form),
        ("GET", ["disputes", id]) => books.disputes.get(*id).map(render::dispute).ok_or_else(|| Refusal::missing("dispute", id, "id")),
        ("GET", ["payment_methods", id]) => {
            let found = Card::of_method(id).map(render::method).or_else(|| Bank::of_method(id).map(render::bank_method));
            found.ok_or_else(|| Refusal::missing("PaymentMethod", id, "id"))
        }
        ("POST", ["webhook_endpoints"]) => create_endpoint(sys, form),
        ("GET", ["events"]) => list_events(books, form),
        ("GET", ["events", id]) => {
            let found = books.events.iter().find(|event| event.id == *id);
            found.map(render::event).ok_or_else(|| Refusal::missing("event", id, "id"))
        }
        (method, _) => {
            let message = format!("Unrecognized request URL ({method}: /v1{}).", call.path);
            Err(Refusal::new(404, "invalid_request_error", message))
        }
    }
}

/// Applies the name and the address in a form to a customer. An empty value removes the former one.
fn person(form: &Form, entry: &mut CustomerEntry) -> Result<(), Refusal> {
    form.only(&["name", "email", "metadata", "description", "phone"])?;
    if let Some(name) = form.get("name") {
        if name.chars().count() > 256 {
            return Err(Refusal::invalid("Invalid string: name must be at most 256 characters").param("name"));
        }
        entry.name = Some(name.to_owned()).filter(|name| !name.is_empty());
    }
    if let Some(email) = form.get("email") {
        if !email.is_empty() && !email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
            return Err(Refusal::invalid(format!("Invalid email address: {email}")).code("email_invalid").param("email"));
        }
        entry.email = Some(email.to_owned()).filter(|email| !email.is_empty());
    }
    for (key, value) in form.metadata()? {
        if value.is_empty() { drop(entry.metadata.remove(&key)) } else { drop(entry.metadata.insert(key, value)) }
    }
    Ok(())
}

fn create_customer(books: &mut Books, sys: &Sys, form: &Form) -> Result<Value, Refusal> {
    let created = sys.now().seconds();
    let mut customer = CustomerEntry { created, name: None, email: None, metadata: form.metadata()?, deleted: false };
    person(form, &mut customer)?;
    let id = new_id(sys, "cus");
    let object = render::customer(&id, &customer);
    books.customers.insert(id, customer);
    books.add_event(sys, "customer.created", object.clone());
    Ok(object)
}

fn get_customer(books: &Books, id: &str) -> Result<Value, Refusal> {
    match books.customers.get(id) {
        Some(customer) if customer.deleted => Ok(json!({ "id": id, "object": "customer", "deleted": true })),
        Some(customer) => Ok(render::customer(id, customer)),
        None => Err(Refusal::missing("customer", id, "id")),
    }
}

fn update_customer(books: &mut Books, sys: &Sys, id: &str, form: &Form) -> Result<Value, Refusal> {
    let mut customer = books.customer(id, "id")?.clone();
    person(form, &mut customer)?;
    let object = render::customer(id, &customer);
    books.customers.insert(id.to_owned(), customer);
    books.add_event(sys, "customer.updated", object.clone());
    Ok(object)
}

fn delete_customer(books: &mut Books, sys: &Sys, id: &str) -> Result<Value, Refusal> {
    let former = books.customer(id, "id")?.clone();
    let object = render::customer(id, &former);
    // A deleted customer keeps no personal data.
    let deleted = CustomerEntry { name: None, email: None, metadata: BTreeMap::new(), deleted: true, ..former };
    books.customers.insert(id.to_owned(), deleted);
    books.add_event(sys, "customer.deleted", object);
    Ok(json!({ "id": id, "object": "customer", "deleted": true }))
}

/// Returns the amount of a form, which can be paid in this currency.
fn amount(form: &Form, currency: &str) -> Result<i64, Refusal> {
    form.need("amount")?;
    let Some((_, least)) = MIN_AMOUNTS.iter().find(|(known, _)| *known == currency) else {
        return Err(Refusal::invalid(format!("Invalid currency: {currency}.")).param("currency"));
    };
    match form.number("amount")?.unwrap_or(0) {
        amount if amount < *least => {
            Err(Refusal::invalid("Amount must be at least the minimum of the currency.").code("amount_too_small").param("amount"))
        }
        amount if amount > MAX_AMOUNT => {
            Err(Refusal::invalid("Amount must be no more than 999,999.99").code("amount_too_large").param("amount"))
        }
        amount => Ok(amount),
    }
}

/// Returns the types of payment methods for this currency. Some types are only for one currency.
fn method_types(form: &Form, currency: &str) -> Result<Vec<String>, Refusal> {
    let wrong = |what: String| Refusal::invalid(what).param("allowed_payment_method_types");
    let mut types = Vec::new();
    for (_, kind) in form.within("allowed_payment_method_types") {
        match (kind, currency) {
            ("card", _) | ("blik" | "p24", "pln") => types.push(kind.to_owned()),
            ("blik" | "p24", _) => return Err(wrong(format!("The payment method type \"{kind}\" cannot be used with {currency}."))),
            _ => return Err(wrong(format!("The payment method type \"{kind}\" is invalid."))),
        }
    }
    Ok(if types.is_empty() { cards() } else { types })
}

fn create_intent(books: &mut Books, sys: &Sys, form: &Form) -> Result<Value, Refusal> {
    form.only(&[
        "amount",
        "currency",
        "customer",
        "description",
        "metadata",
        "allowed_payment_method_types",
        "payment_method",
        "confirm",
        "return_url",
    ])?;
    let expand = form.expand(&EXPANDABLE)?;
    form.need("amount")?;
    let currency = form.need("currency")?.to_ascii_lowercase();
    let amount = amount(form, &currency)?;
    if let Some(customer) = form.get("customer") {
        books.customer(customer, "customer")?;
    }
    let methods = method_types(form, &currency)?;
    let method = form.get("payment_method").map(str::to_owned);
    if let Some(method) = method.as_deref().filter(|method| Card::of_method(method).is_none()) {
        return Err(Refusal::missing("PaymentMethod", method, "payment_method"));
    }
    let confirm = form.word("confirm", &["true", "false"])? == Some("true");
    let (id, place) = (new_id(sys, "pi"), books.place());
    let client_secret = new_id(sys, &format!("{id}_secret"));
    let status = if method.is_some() { "requires_confirmation" } else { "requires_payment_method" };
    let intent = IntentEntry {
        id: id.clone(),
        place,
        created: sys.now().seconds(),
        amount,
        currency,
        customer: form.get("customer").map(str::to_owned),
        description: form.get("description").map(str::to_owned),
        metadata: form.metadata()?,
        client_secret,
        methods,
        status: status.to_owned(),
        received: 0,
        method,
        charge: None,
        asked_at: 0,
        refuses_refunds: false,
        error: None,
        canceled_at: None,
        cancellation_reason: None,
        return_url: None,
    };
    books.intents.insert(id.clone(), intent);
    books.add_intent_event(sys, &id, "payment_intent.created");
    if confirm {
        books.confirm(sys, &id, Confirmation { method: None, return_url: form.get("return_url").map(str::to_owned) })?;
    }
    Ok(render::intent(books, books.intent(&id, "id")?, &expand))
}

fn shown(books: &Books, id: &str, form: &Form) -> Result<Value, Refusal> {
    let expand = form.expand(&EXPANDABLE)?;
    Ok(render::intent(books, books.intent(id, "id")?, &expand))
}

fn update_intent(books: &mut Books, id: &str, form: &Form) -> Result<Value, Refusal> {
    form.only(&["amount", "currency", "metadata", "description", "customer"])?;
    let mut intent = books.intent(id, "id")?.clone();
    if (form.get("amount").is_some() || form.get("currency").is_some()) && ["succeeded", "canceled"].contains(&intent.status.as_str()) {
        return Err(Refusal::state("update the amount of", &intent.status));
    }
    if let Some(currency) = form.get("currency") {
        if !MIN_AMOUNTS.iter().any(|(known, _)| *known == currency) {
            return Err(Refusal::invalid(format!("Invalid currency: {currency}.")).param("currency"));
        }
        currency.clone_into(&mut intent.currency);
    }
    if form.get("amount").is_some() {
        intent.amount = amount(form, &intent.currency)?;
    }
    if let Some(customer) = form.get("customer") {
        books.customer(customer, "customer")?;
        intent.customer = Some(customer.to_owned());
    }
    intent.metadata.extend(form.metadata()?);
    books.intents.insert(id.to_owned(), intent);
    shown(books, id, form)
}

fn confirm_intent(books: &mut Books, sys: &Sys, id: &str, form: &Form) -> Result<Value, Refusal> {
    form.only(&["payment_method", "payment_method_data", "payment_method_options", "return_url", "client_secret", "use_stripe_sdk"])?;
    books.intent(id, "id")?;
    let method = match (form.get("payment_method"), Bank::of_form(form)?, form.get("payment_method_data[card][number]")) {
        (Some(method), _, _) => Some(method.to_owned()),
        (None, Some(bank), _) => Some(bank.method().to_owned()),
        (None, None, Some(number)) => Some(number_of(number)?.method.to_owned()),
        (None, None, None) => None,
    };
    books.confirm(sys, id, Confirmation { method, return_url: form.get("return_url").map(str::to_owned) })?;
    shown(books, id, form)
}

fn number_of(number: &str) -> Result<Card, Refusal> {
    Card::of_number(number).ok_or_else(|| {
        let refusal = Refusal::new(402, "card_error", "Your card number is incorrect.").code("incorrect_number");
        refusal.param("payment_method_data[card][number]")
    })
}

fn cancel_intent(books: &mut Books, sys: &Sys, id: &str, form: &Form) -> Result<Value, Refusal> {
    form.only(&["cancellation_reason"])?;
    let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
    let reason = form.word("cancellation_reason", &reasons)?.map(str::to_owned);
    books.cancel(sys, id, reason)?;
    shown(books, id, form)
}

fn create_refund(books: &mut Books, sys: &Sys, form: &Form) -> Result<Value, Refusal> {
    form.only(&["charge", "payment_intent", "amount", "reason", "metadata"])?;
    let charge = match (form.get("charge"), form.get("payment_intent")) {
        (Some(_), Some(_)) => return Err(Refusal::invalid("You may only specify one of these parameters: charge, payment_intent.")),
        (Some(charge), None) => charge.to_owned(),
        (None, Some(intent)) => {
            let found = books.intent(intent, "payment_intent")?;
            let message = format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
            found.charge.clone().filter(|_| found.status == "succeeded").ok_or_else(|| Refusal::invalid(message))?
        }
        (None, None) => return Err(Refusal::invalid("Missing required param: charge.").code("parameter_missing").param("charge")),
    };
    let reason = form.word("reason", &["duplicate", "fraudulent", "requested_by_customer"])?.map(str::to_owned);
    let id = books.refund(sys, &charge, form.number("amount")?, reason, form.metadata()?)?;
    books.refunds.get(&id).map(render::refund).ok_or_else(|| Refusal::missing("refund", &id, "id"))
}

/// Creates a webhook endpoint. It is not used: webhooks go to this local cloud. It returns the secret of this local cloud.
fn create_endpoint(sys: &Sys, form: &Form) -> Result<Value, Refusal> {
    form.only(&["url", "enabled_events", "api_version"])?;
    let url = form.need("url")?;
    if !url.starts_with("https://") {
        return Err(Refusal::invalid("Invalid URL: An explicit https scheme must be provided.").code("url_invalid").param("url"));
    }
    if form.within("enabled_events").next().is_none() {
        return Err(Refusal::invalid("Missing required param: enabled_events.").code("parameter_missing").param("enabled_events"));
    }
    if form.get("api_version").is_some_and(|version| version != API_VERSION) {
        return Err(Refusal::invalid("Invalid Stripe API version.").code("api_version_invalid").param("api_version"));
    }
    Ok(json!({
        "id": new_id(sys, "we"), "object": "webhook_endpoint", "api_version": API_VERSION, "created": sys.now().seconds(), "livemode": false,
        "enabled_events": form.within("enabled_events").map(|(_, kind)| kind).collect::<Vec<_>>(), "metadata": {},
        "secret": WEBHOOK_SECRET, "status": "enabled", "url": url,
    }))
}

/// Returns the page of a list that a form asks for. The list is sorted, the newest first.
fn page<T>(form: &Form, all: Vec<T>, id: impl Fn(&T) -> &str, url: &str, shown: impl Fn(&T) -> Value) -> Result<Value, Refusal> {
    let limit = form.number("limit")?.unwrap_or(10);
    if limit > 100 {
        let refusal = Refusal::invalid("This value must be less than or equal to 100.");
        return Err(refusal.code("parameter_invalid_integer").param("limit"));
    }
    let limit = usize::try_from(limit).unwrap_or(100);
    let from = match form.get("starting_after") {
        None => 0,
        Some(after) => {
            let place = all.iter().position(|one| id(one) == after);
            place.ok_or_else(|| Refusal::missing("object", after, "starting_after"))?.saturating_add(1)
        }
    };
    let data: Vec<Value> = all.iter().skip(from).take(limit).map(shown).collect();
    let more = all.len() > from.saturating_add(data.len());
    Ok(render::list(url, data, more))
}

fn list_customers(books: &Books, form: &Form) -> Result<Value, Refusal> {
    form.only(&["email", "created", "limit", "starting_after"])?;
    let (since, until) = (form.number("created[gte]")?.unwrap_or(0), form.number("created[lte]")?.unwrap_or(i64::MAX));
    let matches = |customer: &CustomerEntry| {
        let has_address = form.get("email").is_none_or(|email| customer.email.as_deref() == Some(email));
        !customer.deleted && has_address && (since..=until).contains(&customer.created)
    };
    let mut all: Vec<(&String, &CustomerEntry)> = books.customers.iter().filter(|(_, customer)| matches(customer)).collect();
    all.sort_by_key(|(_, customer)| std::cmp::Reverse(customer.created));
    page(form, all, |(id, _)| id.as_str(), "/v1/customers", |(id, customer)| render::customer(id, customer))
}

fn list_intents(books: &Books, form: &Form) -> Result<Value, Refusal> {
    form.only(&["customer", "limit", "starting_after", "created"])?;
    let since = form.number("created[gte]")?.unwrap_or(0);
    let ours =
        |intent: &&IntentEntry| intent.created >= since && form.get("customer").is_none_or(|id| intent.customer.as_deref() == Some(id));
    let mut all: Vec<&IntentEntry> = books.intents.values().filter(ours).collect();
    all.sort_by_key(|intent| std::cmp::Reverse(intent.place));
    page(form, all, |intent| &intent.id, "/v1/payment_intents", |intent| render::intent(books, intent, &[]))
}

fn list_refunds(books: &Books, form: &Form) -> Result<Value, Refusal> {
    form.only(&["payment_intent", "limit", "starting_after"])?;
    let ours = |refund: &&RefundEntry| form.get("payment_intent").is_none_or(|intent| refund.intent == intent);
    let mut all: Vec<&RefundEntry> = books.refunds.values().filter(ours).collect();
    all.sort_by_key(|refund| std::cmp::Reverse(refund.created));
    page(form, all, |refund| &refund.id, "/v1/refunds", |refund| render::refund(refund))
}

fn list_disputes(books: &Books, form: &Form) -> Result<Value, Refusal> {
    form.only(&["payment_intent", "limit", "starting_after"])?;
    let all = books.disputes.values().filter(|dispute| form.get("payment_intent").is_none_or(|intent| dispute.intent == intent));
    page(form, all.collect(), |dispute| &dispute.id, "/v1/disputes", |dispute| render::dispute(dispute))
}

fn list_events(books: &Books, form: &Form) -> Result<Value, Refusal> {
    form.only(&["created", "delivery_success", "limit", "starting_after", "type", "types"])?;
    let since = form.number("created[gte]")?.unwrap_or(0);
    let delivered = form.word("delivery_success", &["true", "false"])?;
    let has_delivery = |delivery: bool| delivered.is_none_or(|word| (word == "true") == delivery);
    let kind = |kind: &str| form.get("type").is_none_or(|wanted| wanted == kind);
    let all = books.events.iter().rev().filter(|event| event.created >= since && has_delivery(event.delivered) && kind(&event.kind));
    page(form, all.collect(), |event| &event.id, "/v1/events", |event| render::event(event))
}
