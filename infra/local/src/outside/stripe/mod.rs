//! Stripe, as far as payments need it: customers, payments with the documented test cards, BLIK and Przelewy24, refunds, disputes,
//! idempotency keys, and signed webhooks. Tests and the console act as payers and banks, set how Stripe answers, and when webhooks are
//! sent.
//!
//! All times are those of the local cloud's clock. Requests that Stripe refuses are refused here, with the same codes. Objects have the
//! form of one version of the API, the one that `async-stripe` reads.

mod api;
mod banks;
mod books;
mod cards;
mod form;
mod objects;
mod refusal;
mod render;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use kernel::{ConfigError, Env, Sys, Time, crypto::hmac_sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};

use self::{
    api::{Answer, Call},
    banks::Bank,
    books::Confirmation,
    cards::Card,
    objects::Books,
    refusal::Refusal,
};
use super::mode::{Mode, SLOW, garbled};
use crate::{
    Core, StartError,
    activity::Guard,
    hosts::AT_ONCE,
    storage::{damaged, read_file, replace_file},
};

/// The path of the service on the listener.
pub(super) const PATH: &str = "/stripe";
/// The address of Stripe's own API.
const REAL_URL: &str = "https://api.stripe.com";
/// The version of the API.
const API_VERSION: &str = "2026-09-30.endive";
/// The secret key of its account.
pub const SECRET_KEY: &str = "sk_test_51StoaLq8Zr2mV7xN4kT9wB3yH6jD1";
/// The publishable key of its account.
pub const PUBLISHABLE_KEY: &str = "pk_test_51StoaLq8Zr2mV7xN4kT9wB3yH6jD1";
/// The secret that signs webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_9fK2mQ7vX4nL8tR3wB6yH1jD5sG0pZcA";

/// The path of the HTTP API to which webhooks are sent.
const ENDPOINT: &str = "/v1/stripe-events";
/// When a failed delivery is repeated: after these times, then every twelve hours, for three days in all.
const RETRIES: [Duration; 5] = [
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
];
const LAST_RETRY_INTERVAL: Duration = Duration::from_secs(12 * 3600);
const RETRY_PERIOD: Duration = Duration::from_secs(3 * 24 * 3600);
/// The most requests that are remembered.
const REMEMBERED: usize = 200;

/// Returns the address of the stand-in on the listener at this address.
pub(crate) fn url(outside: &str) -> String {
    format!("{outside}{PATH}")
}

/// Returns the parameters of the template with which payments are made at Stripe itself, if the environment has `STRIPE_SECRET_KEY`. Then
/// `STRIPE_PUBLISHABLE_KEY` and `STRIPE_WEBHOOK_SECRETS` are needed too, and `STRIPE_URL` may name another address than Stripe's own.
///
/// # Errors
/// If one of them is missing, or a key is not one of test mode: real money has no place where the clock can be moved and the state be
/// deleted.
pub fn parameters(env: &Env) -> Result<Vec<(String, String)>, ConfigError> {
    if env.get("STRIPE_SECRET_KEY").is_none() {
        return Ok(Vec::new());
    }
    env.read(|r| {
        let (secret, publishable) = (r.need("STRIPE_SECRET_KEY"), r.need("STRIPE_PUBLISHABLE_KEY"));
        let is_for_tests = |key: &str, kinds: &[&str]| key.is_empty() || kinds.iter().any(|kind| key.starts_with(kind));
        if !is_for_tests(&secret, &["sk_test_", "rk_test_"]) || !is_for_tests(&publishable, &["pk_test_"]) {
            r.wrong("the local cloud takes keys of Stripe's test mode only (sk_test_…, pk_test_…)".to_owned());
        }
        let given = [
            ("StripeUrl", r.or("STRIPE_URL", REAL_URL.to_owned())),
            ("StripeSecretKey", secret),
            ("StripePublishableKey", publishable),
            ("StripeWebhookSecrets", r.need("STRIPE_WEBHOOK_SECRETS")),
        ];
        given.map(|(name, value)| (name.to_owned(), value)).into()
    })
}

/// How the webhooks of new events are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Webhooks {
    /// They are delivered at once, and again if the endpoint fails.
    #[default]
    AtOnce,
    /// Each is delivered twice.
    Twice,
    /// They are delivered after this number of seconds.
    After(u64),
    /// They wait until [`Stripe::deliver`] is called.
    Held,
    /// They are never delivered.
    Lost,
}

/// A request to Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StripeRequest {
    /// The method and the path.
    pub asked: String,
    /// The status of the answer.
    pub status: u16,
    /// Whether the answer was that of an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StripeEvent {
    /// The id.
    pub id: String,
    /// The type.
    pub kind: String,
    /// Whether the endpoint has answered with a success.
    pub delivered: bool,
    /// How often it was sent.
    pub attempts: u32,
}

/// The stand-in. Cloning shares it.
#[derive(Clone)]
pub struct Stripe(Arc<Shared>);

struct Shared {
    file: Option<PathBuf>,
    /// Sends the webhooks. It has no timeout, unlike Stripe: the gateway has one, so that each delivery is answered, but the time in which
    /// a request waits for a slot of the hosts must not count, because AWS has no such slots.
    client: reqwest::Client,
    /// The places of parallel deliveries, as many as of invocations. Others wait, and are signed when they are sent.
    places: Semaphore,
    /// Told when requests are not held any more: see [`Stripe::hold`].
    released: Notify,
    kept: Mutex<StripeState>,
}

struct StripeState {
    books: Books,
    /// The books of the other account: see [`Stripe::swap_account`].
    elsewhere: Books,
    mode: Mode,
    webhooks: Webhooks,
    asked: Vec<StripeRequest>,
    /// The idempotency keys of the requests that are being handled.
    in_progress: BTreeSet<String>,
    /// The method and path of the requests that are held.
    held: Option<String>,
    /// The method and path of the requests that the secret key may not make.
    forbidden: Option<String>,
}

/// A request with an idempotency key that is being handled. It ends when this is dropped.
struct InProgress<'a> {
    stripe: &'a Stripe,
    key: String,
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.stripe.kept().in_progress.remove(&self.key);
    }
}

impl Stripe {
    /// Opens the books in `file`, or empty ones if it does not exist.
    ///
    /// # Errors
    /// [`StartError::State`] if the file is damaged.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, StartError> {
        let books = file.as_deref().map_or(Ok(None), read_file).map_err(damaged(file.as_deref()))?.unwrap_or_default();
        let elsewhere = Books::of_another_account();
        let (mode, webhooks, in_progress) = (Mode::Well, Webhooks::AtOnce, BTreeSet::new());
        let state = StripeState { books, elsewhere, mode, webhooks, asked: Vec::new(), in_progress, held: None, forbidden: None };
        // Without idle connections, because the gateway closes them, and a webhook must not be lost with one.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let client = client.map_err(|e| StartError::State(format!("the client of the webhooks: {e}")))?;
        let (places, released) = (Semaphore::new(AT_ONCE), Notify::new());
        Ok(Self(Arc::new(Shared { file, client, places, released, kept: Mutex::new(state) })))
    }

    fn kept(&self) -> MutexGuard<'_, StripeState> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.kept().mode
    }

    /// Sets the mode, until the next call or the end of the process.
    pub fn be(&self, mode: Mode) {
        self.kept().mode = mode;
    }

    /// Answers for another account from now on, as if the secret key were that of another account, which has none of the objects of the
    /// first one. A second call switches back.
    pub fn swap_account(&self) {
        let kept = &mut *self.kept();
        std::mem::swap(&mut kept.books, &mut kept.elsewhere);
    }

    /// Holds the requests of this method and path, such as `POST /refunds`, before they are executed, until [`Self::release`].
    pub fn hold(&self, request: &str) {
        self.kept().held = Some(request.to_owned());
    }

    /// Executes the requests that are held, and holds no others.
    pub fn release(&self) {
        self.kept().held = None;
        self.0.released.notify_waiters();
    }

    /// Refuses the requests of this method and path, such as `POST /refunds`, as if the secret key had no permission for them, until the
    /// next call. `None` refuses none.
    pub fn forbid(&self, request: Option<&str>) {
        self.kept().forbidden = request.map(str::to_owned);
    }

    /// Returns how many requests with an idempotency key are being handled.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.kept().in_progress.len()
    }

    /// Begins to handle a request. `None` if it has no idempotency key.
    fn begin(&self, call: &Call) -> Result<Option<InProgress<'_>>, Refusal> {
        let Some(key) = call.by_account_once() else { return Ok(None) };
        if !self.kept().in_progress.insert(key.to_owned()) {
            return Err(Refusal::in_progress());
        }
        Ok(Some(InProgress { stripe: self, key: key.to_owned() }))
    }

    /// Waits while requests like this one are held.
    async fn pass(&self, call: &Call) {
        let request = format!("{} {}", call.method, call.path);
        loop {
            // It is told of every release from here on.
            let released = self.0.released.notified();
            if self.kept().held.as_ref() != Some(&request) {
                return;
            }
            released.await;
        }
    }

    /// Returns how the webhooks of new events are sent now.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        self.kept().webhooks
    }

    /// Sets how the webhooks of new events are sent.
    pub fn send_webhooks(&self, webhooks: Webhooks) {
        self.kept().webhooks = webhooks;
    }

    /// Returns the last requests, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<StripeRequest> {
        self.kept().asked.clone()
    }

    /// Returns the events, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<StripeEvent> {
        let event = |event: &objects::EventEntry| StripeEvent {
            id: event.id.clone(),
            kind: event.kind.clone(),
            delivered: event.delivered,
            attempts: event.attempts,
        };
        self.kept().books.events.iter().map(event).collect()
    }

    /// Returns the payments as Stripe shows them, with their charges, the newest first.
    #[must_use]
    pub fn payments(&self) -> Vec<Value> {
        let kept = self.kept();
        let mut all: Vec<_> = kept.books.intents.values().collect();
        all.sort_by_key(|intent| std::cmp::Reverse(intent.place));
        all.into_iter().map(|intent| render::intent(&kept.books, intent, &["latest_charge"])).collect()
    }

    /// Returns the customers who are not deleted, by their ids.
    #[must_use]
    pub fn customers(&self) -> Vec<Value> {
        let kept = self.kept();
        let there = kept.books.customers.iter().filter(|(_, customer)| !customer.deleted);
        there.map(|(id, customer)| render::customer(id, customer)).collect()
    }

    /// Acts as the payer, the bank or a user of Stripe's dashboard.
    ///
    /// # Errors
    /// Stripe's message, if it refuses the act.
    pub fn act(&self, core: &Arc<Core>, intent: &str, act: &Act) -> Result<(), String> {
        self.change(core, |books, sys| perform(books, sys, intent, act)).map_err(|refusal| refusal.message)
    }

    /// Deletes a customer, as a user of Stripe's dashboard would.
    pub fn delete_customer(&self, core: &Arc<Core>, id: &str) {
        let call = Call { method: "DELETE".to_owned(), path: format!("/customers/{id}"), ..by_account() };
        self.change(core, |books, sys| api::answer(books, sys, &call));
    }

    /// Changes the stored objects, saves them, and sends the webhooks of the new events.
    fn change<T>(&self, core: &Arc<Core>, change: impl FnOnce(&mut Books, &Sys) -> T) -> T {
        let done = {
            let mut kept = self.kept();
            let before = kept.books.events.len();
            let done = change(&mut kept.books, &core.sys);
            let (webhooks, now) = (kept.webhooks, core.sys.now());
            for event in kept.books.events.iter_mut().skip(before) {
                (event.due, event.times) = match webhooks {
                    Webhooks::AtOnce => (Some(now), 1),
                    Webhooks::Twice => (Some(now), 2),
                    Webhooks::After(seconds) => (Some(now + Duration::from_secs(seconds)), 1),
                    Webhooks::Held | Webhooks::Lost => (None, 1),
                };
            }
            if let Err(e) = self.keep(&kept.books) {
                tracing::warn!(error = %e, "what Stripe knows cannot be stored");
            }
            done
        };
        self.send_due(core);
        done
    }

    fn keep(&self, books: &Books) -> io::Result<()> {
        self.0.file.as_deref().map_or(Ok(()), |file| replace_file(file, books))
    }

    /// Sends the webhooks that are due. The work counts as pending before this returns.
    pub(crate) fn send_due(&self, core: &Arc<Core>) {
        let due = self.kept().books.begin_due(core.sys.now());
        for id in due {
            let (stripe, core, guard) = (self.clone(), Arc::clone(core), core.activity.begin());
            tokio::spawn(async move { stripe.send(&core, &id, guard).await });
        }
    }

    /// Returns when the next webhook is due, if one is.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.kept().books.next_due()
    }

    async fn send(&self, core: &Core, id: &str, guard: Guard) {
        if let Err(e) = self.deliver(core, id).await {
            tracing::debug!(error = %e, event = id, "a webhook is not delivered");
        }
        drop(guard);
    }

    /// Delivers the webhook of an event now, even if it was delivered before. Returns the status of the endpoint's answer. Without a
    /// success the delivery is repeated later.
    ///
    /// # Errors
    /// If there is no such event, or the endpoint does not answer.
    pub async fn deliver(&self, core: &Core, id: &str) -> Result<u16, String> {
        let body = self.kept().books.events.iter().find(|event| event.id == id).map(|event| render::event(event).to_string());
        let body = body.ok_or_else(|| format!("there is no event {id}"))?;
        let answer = self.post(core, body).await;
        let taken = answer.as_ref().is_ok_and(|status| (200..300).contains(status));
        let (now, mut kept) = (core.sys.now(), self.kept());
        if let Some(event) = kept.books.events.iter_mut().find(|event| event.id == id) {
            event.attempts = event.attempts.saturating_add(1);
            event.delivered |= taken;
            event.is_being_sent = false;
            let wait = RETRIES
                .get(usize::try_from(event.attempts.saturating_sub(1)).unwrap_or(usize::MAX))
                .copied()
                .unwrap_or(LAST_RETRY_INTERVAL);
            let next = now + wait;
            let given_up = Time::from_millis(event.created.saturating_mul(1000)) + RETRY_PERIOD;
            event.due = Some(next).filter(|next| !event.delivered && *next <= given_up);
        }
        answer
    }

    /// Sends a webhook as soon as there is a place, with a signature of that moment. Returns the status of the answer.
    async fn post(&self, core: &Core, body: String) -> Result<u16, String> {
        let _place = self.0.places.acquire().await.map_err(|e| e.to_string())?;
        let request = self.0.client.post(format!("{}{ENDPOINT}", core.urls.api));
        let request = request.header("stripe-signature", signature(&body, core.sys.now()));
        let request = request.header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)");
        let sent = request.header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(body).send().await;
        sent.map(|answer| answer.status().as_u16()).map_err(|e| e.to_string())
    }

    /// Returns the body of an event and its current signature, for tests that change one of them.
    #[must_use]
    pub fn webhook(&self, core: &Core, id: &str) -> Option<(String, String)> {
        let body = self.kept().books.events.iter().find(|event| event.id == id).map(|event| render::event(event).to_string())?;
        Some((signature(&body, core.sys.now()), body))
    }
}

/// Returns the value of `Stripe-Signature` for these bytes at this time.
#[must_use]
pub fn signature(body: &str, at: Time) -> String {
    let at = at.seconds();
    let mac = hmac_sha256(WEBHOOK_SECRET.as_bytes(), &[format!("{at}.").as_bytes(), body.as_bytes()]);
    format!("t={at},v1={}", mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// An act of the payer, the bank or a user of Stripe's dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The payer uses the test card with this number.
    Card(String),
    /// The payer enters a code of BLIK, and is to confirm the payment in the app of the bank.
    Blik,
    /// The payer is sent to Przelewy24, and is to confirm the payment there.
    P24,
    /// The payer confirms the payment at the bank. With Przelewy24 the bank decides later, as it rarely does at Stripe.
    Confirm,
    /// The payer does not confirm the payment.
    FailToConfirm,
    /// The bank decides that it pays.
    BankPays,
    /// The bank decides that it does not pay.
    BankRefuses,
    /// The payer disputes the payment.
    Dispute,
    /// The account wins the dispute.
    WinDispute,
    /// The account loses the dispute.
    LoseDispute,
    /// The account refunds the whole payment, or this part in minor units.
    Refund(Option<i64>),
    /// The payer's bank refuses the refunds.
    FailRefunds,
    /// The payer's bank refuses the refunds of this amount in minor units.
    FailRefundsOf(i64),
    /// From now on Stripe refuses all refunds of the payment, or accepts them again.
    RefuseRefunds(bool),
    /// The account cancels the payment.
    Cancel,
}

fn perform(books: &mut Books, sys: &Sys, intent: &str, act: &Act) -> Result<(), Refusal> {
    match act {
        Act::Card(number) => {
            let card = Card::of_number(number).ok_or_else(|| Refusal::invalid("There is no such test card."))?;
            let method = Some(card.method.to_owned());
            books.confirm(sys, intent, Confirmation { method, return_url: None })
        }
        Act::Blik => ask(books, sys, intent, Bank::Blik),
        Act::P24 => ask(books, sys, intent, Bank::P24),
        Act::Confirm => books.authenticate(sys, intent, true),
        Act::FailToConfirm => books.authenticate(sys, intent, false),
        Act::BankPays => books.decide(sys, intent, true),
        Act::BankRefuses => books.decide(sys, intent, false),
        Act::Dispute => books.dispute(sys, intent, "fraudulent"),
        Act::WinDispute => books.end_dispute(sys, intent, "won"),
        Act::LoseDispute => books.end_dispute(sys, intent, "lost"),
        Act::Refund(amount) => {
            let charge = books.intent(intent, "id")?.charge.clone().unwrap_or_default();
            books.refund(sys, &charge, *amount, None, std::collections::BTreeMap::new()).map(drop)
        }
        Act::FailRefunds => books.fail_refunds(sys, intent, None),
        Act::FailRefundsOf(amount) => books.fail_refunds(sys, intent, Some(*amount)),
        Act::RefuseRefunds(refuses) => books.refuse_refunds(intent, *refuses),
        Act::Cancel => books.cancel(sys, intent, None),
    }
}

/// Acts as a payer who asks a bank to pay.
fn ask(books: &mut Books, sys: &Sys, intent: &str, bank: Bank) -> Result<(), Refusal> {
    let (method, return_url) = (Some(bank.method().to_owned()), Some("https://stoa.example/paid".to_owned()));
    books.confirm(sys, intent, Confirmation { method, return_url })
}

/// Returns a request with the account's secret key.
fn by_account() -> Call {
    Call { key: Some(SECRET_KEY.to_owned()), ..Call::default() }
}

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new().fallback(handle)
}

async fn handle(State(core): State<Arc<Core>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = uri.path().strip_prefix(PATH).unwrap_or(uri.path());
    let call = Call {
        method: method.to_string(),
        path: path.strip_prefix("/v1").unwrap_or(path).to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        key: text("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned)),
        idempotency_key: text("idempotency-key"),
        version: text("stripe-version"),
    };
    let stripe = &core.outside.stripe;
    let answer = match stripe.begin(&call) {
        Ok(_in_progress) => {
            stripe.pass(&call).await;
            match answer(&core, &call).await {
                Some(answer) => answer,
                // Like a proxy between the caller and Stripe, without Stripe's JSON.
                None => return garbled(),
            }
        }
        Err(refusal) => api::refused(refusal),
    };
    let mut kept = stripe.kept();
    kept.asked.push(StripeRequest { asked: format!("{} {}", call.method, call.path), status: answer.status, replayed: answer.replayed });
    let over = kept.asked.len().saturating_sub(REMEMBERED);
    drop(kept.asked.drain(..over));
    drop(kept);
    reply(&core.sys, &answer)
}

/// Returns the answer in the current mode. `None` if that is not one of Stripe.
async fn answer(core: &Arc<Core>, call: &Call) -> Option<Answer> {
    let stripe = &core.outside.stripe;
    let mode = stripe.mode();
    if stripe.kept().forbidden.as_ref() == Some(&format!("{} {}", call.method, call.path)) {
        let message = "The provided key does not have the required permissions for this endpoint.";
        return Some(api::refused(Refusal::new(403, "invalid_request_error", message)));
    }
    Some(match mode {
        Mode::Slow => {
            tokio::time::sleep(SLOW).await;
            stripe.change(core, |books, sys| api::answer(books, sys, call))
        }
        Mode::Well => stripe.change(core, |books, sys| api::answer(books, sys, call)),
        Mode::Lost => {
            stripe.change(core, |books, sys| api::answer(books, sys, call));
            api::refused(Refusal::new(500, "api_error", "An unknown error occurred."))
        }
        Mode::FailsBefore | Mode::FailsAfter => stripe.change(core, |books, sys| api::fail(books, sys, call, mode == Mode::FailsAfter)),
        Mode::Garbled => return None,
        Mode::Down => api::refused(Refusal::new(503, "api_error", "Stripe is down.")),
        Mode::Busy => api::refused(Refusal::in_progress()),
        Mode::Limited => api::refused(Refusal::new(429, "invalid_request_error", "Request rate limit exceeded.").code("rate_limit")),
    })
}

fn reply(sys: &Sys, answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [("content-type", "application/json")], answer.body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert("stripe-version", HeaderValue::from_static(API_VERSION));
    if answer.replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if let Ok(request) = HeaderValue::try_from(objects::new_id(sys, "req")) {
        headers.insert("request-id", request);
    }
    response
}
