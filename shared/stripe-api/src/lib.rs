//! The client for Stripe, with the requests that payments need. Only this crate links `async-stripe`, which adds seven megabytes to each
//! function that uses it.
//!
//! Requests that create something have an idempotency key that is derived from our own item, so that a repetition creates nothing. Only
//! while Stripe handles the same request, or there are too many, this crate sends it again, some times within a second. Otherwise it does
//! not retry: clients repeat their request with the same key, Stripe repeats its events, and the schedule runs again.
//! The futures are boxed, because those of the client are large.
//!
//! The address and the key are configuration. The same code works with keys of Stripe's test mode and with live keys.

mod account;
mod begin;
mod customer;
mod customers;
mod disputes;
mod endpoint;
mod error;
mod events;
mod given;
mod intents;
mod lists;
mod methods;
mod order;
mod refunds;
mod removal;
mod settle;

use std::{collections::HashMap, time::Duration};

use customers::Search;
use given::{Given, charge_of, has_more};
use kernel::{Secret, Time, crypto::short_hash, env::Reader};
use methods::Methods;
use miniserde::Deserialize;
use money::{Currency, Money};
use payments::{Customer, MoneyBack, NewPayment, Progress, RefundReason, Settlement, StripeAccount, metadata_of};
use store::{StoreError, Table};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_core::{
    customer::{CreateCustomer, DeleteCustomer, UpdateCustomer},
    payment_intent::{CancelPaymentIntent, CreatePaymentIntent, RetrievePaymentIntent},
    refund::{CreateRefund, CreateRefundReason},
};
use stripe_shared::{PaymentIntent, PaymentIntentStatus as Status};
use tokio::time::sleep;

pub use customer::{Payer, created, remove_customer, sync_customer};
pub use error::{Failed, SettleError};
pub use events::{Undelivered, UndeliveredPage};
pub use lists::HasTime;
pub use order::close;
pub use refunds::give_back;
pub use removal::{Removed, remove_payment};
pub use settle::{Settled, settle, settle_for};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The times after which a request with an idempotency key is sent again, if Stripe handles the same request, or there are too many.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(600)];
/// The objects that are read with a payment: its charge, with the refunded amount and the disputes, and the refunds, with their states.
const CHARGE: &str = "latest_charge.refunds";
/// The metadata key of a refund with the name that we gave it.
const REFUND: &str = "refund";
/// The metadata key of a customer with the name of the request that created it.
const REQUEST: &str = "request";

/// A client of Stripe. Clones share it.
#[derive(Clone)]
pub struct Stripe {
    client: Client,
    live: bool,
    methods: Methods,
    /// A hash of the secret key.
    key: String,
    /// The table with the item of the payments' account.
    table: Option<Table>,
}

/// A payment at Stripe.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its state.
    pub state: Settlement,
    /// Whether the bank has yet to decide about a dispute.
    pub dispute_is_open: bool,
    /// Stripe's id of the charge of the last card, if that was refused and another one may follow.
    pub refused: Option<String>,
    /// The secret with which a browser pays it. It allows nothing else.
    pub client_secret: Secret,
    /// When it was created.
    pub created_at: Time,
    /// The metadata, which say what it is for.
    pub metadata: HashMap<String, String>,
}

impl Stripe {
    /// Reads `STRIPE_URL`, `STRIPE_SECRET_KEY`, a secret or restricted key, and `PAYMENT_METHODS`. `table` has the item of the payments'
    /// account. Functions that do not handle payments need none.
    pub fn read(r: &mut Reader<'_>, table: Option<&Table>) -> Option<Self> {
        let (url, key, methods) = (r.need("STRIPE_URL"), r.need("STRIPE_SECRET_KEY"), Methods::read(r));
        if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
            r.wrong("STRIPE_URL must begin with https://".to_owned());
        }
        let mode = ["sk_", "rk_"].iter().find_map(|kind| key.strip_prefix(kind)).and_then(|rest| rest.split('_').next());
        if !matches!(mode, Some("test" | "live")) {
            r.wrong("STRIPE_SECRET_KEY is no secret key of Stripe".to_owned());
        }
        r.strong("STRIPE_SECRET_KEY", &key);
        let url = format!("{}/", url.trim_end_matches('/'));
        let client = ClientBuilder::new(key.clone()).url(url).timeout(TIMEOUT).build().ok();
        if client.is_none() {
            r.wrong("STRIPE_URL or STRIPE_SECRET_KEY cannot be used in a request".to_owned());
        }
        client.map(|client| Self { client, live: mode == Some("live"), methods, key: short_hash(&key), table: table.cloned() })
    }

    /// Returns whether payments are real.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// Checks that the key belongs to the account of the payments. The first account is stored. A read; with a new key also a request to
    /// Stripe and a write.
    ///
    /// # Errors
    /// [`Failed::OtherAccount`], or another one if it is not known.
    pub async fn check_account(&self) -> Result<(), Failed> {
        let Some(table) = &self.table else { return Ok(()) };
        let unavailable = |e: StoreError| Failed::Unavailable(e.to_string());
        if StripeAccount::knows(table, &self.key).await.map_err(unavailable)? {
            return Ok(());
        }
        let account = account::id(&self.client).await?;
        if StripeAccount::is_ours(table, account, self.live, &self.key).await.map_err(unavailable)? {
            return Ok(());
        }
        tracing::error!("the secret key is that of another account or mode of Stripe than the payments are in");
        Err(Failed::OtherAccount)
    }

    /// Returns why a request failed. An unknown object counts as gone only if the key belongs to the account of the payments.
    async fn believed(&self, failed: Failed) -> Failed {
        match failed {
            Failed::Gone => self.check_account().await.err().unwrap_or(Failed::Gone),
            other => other,
        }
    }

    /// Creates the customer of a person, once for each attempt. Returns Stripe's id.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn create_customer(&self, customer: &Customer) -> Result<String, Failed> {
        let metadata: HashMap<String, String> =
            metadata_of(customer.user).into_iter().chain([(REQUEST.to_owned(), customer.request())]).collect();
        let mut request = CreateCustomer::new().name(customer.name.clone()).metadata(metadata);
        if let Some(email) = &customer.email {
            request = request.email(email.clone());
        }
        Ok(Box::pin(self.once(&request, &customer.idempotency_key())).await?.id.to_string())
    }

    /// Stripe's ids of the customers that were searched for. One request for every hundred customers with this address of that time.
    ///
    /// # Errors
    /// [`Failed`], also if there is no time for all of them.
    pub(crate) async fn customers_of(&self, search: Search<'_>, has_time: &HasTime<'_>) -> Result<Vec<String>, Failed> {
        customers::of(&self.client, search, has_time).await
    }

    /// Changes the name and the mail address of a customer.
    ///
    /// # Errors
    /// [`Failed::Gone`] if Stripe does not know the customer any more.
    pub async fn update_customer(&self, id: &str, name: &str, email: Option<&str>) -> Result<(), Failed> {
        // An empty address removes the former one.
        let request = UpdateCustomer::new(id).name(name.to_owned()).email(email.unwrap_or_default().to_owned());
        let failed = match Box::pin(request.send(&self.client)).await {
            Ok(_) => return Ok(()),
            Err(e) => Failed::from(e),
        };
        Err(self.believed(failed).await)
    }

    /// Deletes a customer. Not an error if there is none.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn delete_customer(&self, id: &str) -> Result<(), Failed> {
        let failed = match Box::pin(DeleteCustomer::new(id).send(&self.client)).await {
            Ok(_) => return Ok(()),
            Err(e) => Failed::from(e),
        };
        match self.believed(failed).await {
            Failed::Gone => Ok(()),
            failed => Err(failed),
        }
    }

    /// Creates a payment by a customer, once for each attempt, with the methods of its currency.
    ///
    /// # Errors
    /// [`Failed::Gone`] if Stripe does not know the customer any more.
    pub async fn create_payment(&self, new: &NewPayment, attempt: u64, customer: &str) -> Result<Payment, Failed> {
        let currency = match new.amount.currency() {
            Currency::Pln => stripe_types::Currency::PLN,
            Currency::Gbp => stripe_types::Currency::GBP,
        };
        let request = CreatePaymentIntent::new(i64::try_from(new.amount.amount()).map_err(|_| Failed::Unreadable("an amount"))?, currency)
            .allowed_payment_method_types(self.methods.of(new.amount.currency()))
            .customer(customer.to_owned())
            .description(new.description)
            .metadata(new.paid_for.metadata(new.user));
        // The key contains the customer, because a payment of a new customer is another request.
        let first = format!("{}-{customer}", new.key);
        let key = if attempt == 0 { first } else { format!("{first}-{attempt}") };
        let failed = match Box::pin(self.once(&request, &key)).await {
            Ok(created) => return payment(created),
            Err(failed) => failed,
        };
        Err(self.believed(failed).await)
    }

    /// Reads a payment with its charge. One request, and another one if it was ever disputed, or has more than ten refunds.
    ///
    /// # Errors
    /// [`Failed::Gone`] if there is none.
    pub async fn payment(&self, id: &str) -> Result<Payment, Failed> {
        let request = RetrievePaymentIntent::new(id).expand(vec![CHARGE.to_owned()]);
        let read = match Box::pin(request.send(&self.client)).await {
            // Stripe's object is large, and not kept while more is read.
            Ok(read) => Ok((has_more(&read), payment(read)?)),
            Err(failed) => Err(Failed::from(failed)),
        };
        let (has_more, mut found) = match read {
            Ok(read) => read,
            Err(failed) => return Err(self.believed(failed).await),
        };
        if has_more {
            let Given { refunded, came_back, said } = Given::of_all(&self.client, id).await?;
            (found.state.back.refunded, found.state.back.came_back, found.state.refunds) = (refunded, came_back, said);
        }
        let back = &mut found.state.back;
        if back.disputed {
            let standing = disputes::of(&self.client, id).await?;
            (back.disputed, back.disputes_won) = (standing.disputed, standing.won);
            back.refunded = back.refunded.saturating_add(standing.lost).min(found.state.received);
            found.dispute_is_open = standing.open;
        }
        Ok(found)
    }

    /// Returns the payment by a customer that was created for this, if there is one and it is not cancelled. Of several the first one, and
    /// the others are cancelled: nobody has the secret to pay them. A request for a list, one for the payment, and one for each of the
    /// others.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn find_payment(&self, new: &NewPayment, customer: &str) -> Result<Option<Payment>, Failed> {
        let mut found = match intents::of(&self.client, new, customer).await {
            Ok(found) => found,
            Err(failed) => return Err(self.believed(failed).await),
        };
        let Some(first) = found.pop() else { return Ok(None) };
        for other in found {
            self.end_payment(&other).await?;
        }
        Ok(Some(self.payment(&first).await?))
    }

    /// Cancels a payment that nobody needs. Not an error if it is gone, or it is too late.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn end_payment(&self, id: &str) -> Result<(), Failed> {
        match self.cancel_payment(id).await {
            Err(Failed::Refused(_) | Failed::Gone) => Ok(()),
            cancelled => cancelled,
        }
    }

    /// Cancels a payment, so that nobody can pay it any more.
    ///
    /// # Errors
    /// [`Failed::Refused`] if it is too late: it is paid, or being paid.
    pub async fn cancel_payment(&self, id: &str) -> Result<(), Failed> {
        let failed = match Box::pin(CancelPaymentIntent::new(id).send(&self.client)).await {
            Ok(_) => return Ok(()),
            Err(e) => Failed::from(e),
        };
        Err(self.believed(failed).await)
    }

    /// Gives back a part of a payment, in its currency, once for each name and attempt. Returns Stripe's id of the refund.
    ///
    /// # Errors
    /// [`Failed::Refused`] if there is not as much left, or the payment is disputed.
    pub async fn refund(&self, intent: &str, amount: u64, reason: RefundReason, (name, attempt): (&str, u32)) -> Result<String, Failed> {
        let amount = i64::try_from(amount).map_err(|_| Failed::Unreadable("an amount"))?;
        let named = HashMap::from([(REFUND.to_owned(), name.to_owned())]);
        let mut request = CreateRefund::new().payment_intent(intent.to_owned()).amount(amount).metadata(named);
        let reason = match reason {
            RefundReason::RequestedByCustomer => Some(CreateRefundReason::RequestedByCustomer),
            RefundReason::Duplicate => Some(CreateRefundReason::Duplicate),
            RefundReason::Fraudulent => Some(CreateRefundReason::Fraudulent),
            RefundReason::OrderEnded => None,
        };
        if let Some(reason) = reason {
            request = request.reason(reason);
        }
        let first = format!("refund-{intent}-{name}");
        let key = if attempt == 0 { first } else { format!("{first}-{attempt}") };
        let failed = match Box::pin(self.once(&request, &key)).await {
            Ok(refund) => return Ok(refund.id.to_string()),
            Err(failed) => failed,
        };
        Err(self.believed(failed).await)
    }

    /// Sends a request with this idempotency key. While Stripe handles another one with it, or there are too many, it is sent again after
    /// each of [`AGAIN_AFTER`].
    async fn once<R>(&self, request: &R, key: &str) -> Result<R::Output, Failed>
    where
        R: StripeRequest + Sync,
        R::Output: Deserialize + Send,
    {
        let key = IdempotencyKey::new(key).map_err(|_| Failed::Unreadable("an idempotency key"))?;
        let send = || request.customize().request_strategy(RequestStrategy::Idempotent(key.clone())).send(&self.client);
        for wait in AGAIN_AFTER {
            match send().await.map_err(Failed::from) {
                Err(Failed::Busy) => {}
                answer => return answer,
            }
            sleep(wait).await;
        }
        Ok(send().await?)
    }

    /// Creates an endpoint for webhooks at this address, with the version of the API that this crate reads. Returns the secret that signs
    /// them.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn create_endpoint(&self, url: &str) -> Result<Secret, Failed> {
        endpoint::create(&self.client, url).await
    }

    /// Returns the events since a time that could not be delivered, the newest first: those after this one, if one is given. At most a
    /// hundred.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn undelivered(&self, since: Time, after: Option<&str>) -> Result<UndeliveredPage, Failed> {
        events::list(&self.client, since, after).await
    }
}

fn amount(amount: i64) -> Result<u64, Failed> {
    u64::try_from(amount).map_err(|_| Failed::Unreadable("an amount below zero"))
}

fn payment(intent: PaymentIntent) -> Result<Payment, Failed> {
    let code = intent.currency.to_string();
    let currency = Currency::ALL.into_iter().find(|currency| currency.code().eq_ignore_ascii_case(&code));
    let asked = amount(intent.amount)?;
    let charge = charge_of(&intent);
    let Given { refunded, came_back, said: refunds } = charge.map_or_else(|| Ok(Given::default()), Given::of)?;
    let error = intent.last_payment_error.as_ref();
    let reason = error.and_then(|error| error.code.as_ref()).map(|code| code.as_str().to_owned());
    let state = Settlement {
        intent: intent.id.to_string(),
        progress: match &intent.status {
            Status::Succeeded => Progress::Succeeded,
            Status::Canceled => Progress::Cancelled,
            Status::Processing | Status::RequiresCapture => Progress::Processing,
            _ => Progress::Open,
        },
        asked: currency.and_then(|currency| Money::new(asked, currency).ok()),
        received: amount(intent.amount_received)?,
        back: MoneyBack { refunded, came_back, disputed: charge.is_some_and(|charge| charge.disputed), ..MoneyBack::default() },
        refunds,
        customer: intent.customer.as_ref().map(|customer| customer.id().to_string()),
        decline: error.and_then(|error| error.decline_code.clone()).or(reason),
    };
    let refused = error.and_then(|error| error.charge.clone()).filter(|_| state.progress == Progress::Open);
    Ok(Payment {
        dispute_is_open: state.back.disputed,
        state,
        refused,
        client_secret: Secret::new(intent.client_secret.ok_or(Failed::Unreadable("a payment without a secret"))?),
        created_at: Time::from_millis(intent.created.saturating_mul(1000)),
        metadata: intent.metadata,
    })
}
