//! How much may be sent, and to whom.
//!
//! Anybody can have a code sent to any number, and whoever owns numbers can be paid for each message that reaches them. So
//! whatever sends a code asks [`Sending::permit`] first. Counted is what a caller cannot choose: the number, its range, the
//! client's network as the gateway saw it, the account, and everything together. A range from which few codes come back is left
//! alone for a while. What is refused uses nothing up, nor does what could not be sent; if the counters do not work, nothing is
//! sent.

use std::sync::Arc;

use function::Figures;
use futures_util::{future::join_all, join};
use kernel::{FieldError, Problem, Sys, Time, env::Reader};
use serde::{Deserialize, Serialize};
use store::{
    CommitError, Cond, Item, Key, Table, Tx, Update, WriteError, field,
    limits::{self, DAY, HOUR, Limit, LimitError, Reached},
};
use web::Client;

use crate::{
    challenge::{Challenge, Purpose},
    identifier::{Contact, Phone, has_phones},
};

/// Text messages to one client in an hour, whatever for,
const TEXTS_MAX: u32 = 10;
/// and in a day.
const TEXTS_DAY_MAX: u32 = 40;
/// Text messages to all clients of a neighbourhood in an hour.
const NEIGHBOURHOOD_MAX: u32 = 100;
/// Mails to one client in an hour: many people may be behind its address,
const MAILS_MAX: u32 = 60;
/// and in a day.
const MAILS_DAY_MAX: u32 = 200;
/// Mails and text messages that one person has sent in an hour, to whomever,
const ASKED_MAX: u32 = 15;
/// and in a day.
const ASKED_DAY_MAX: u32 = 40;
/// To all numbers of a range.
const RANGE_MAX: u32 = 100;
/// So many must have gone to a range before it is judged,
const ENOUGH: i64 = 20;
/// and so many in a hundred codes must have come back then.
const GOOD_PERCENT: i64 = 30;

/// What may be sent to one address or number, whoever asks: five codes or links an hour, ten a day.
///
/// What anybody can have sent there is counted apart from what only its owner is sent: strangers must neither keep the owner's
/// codes away nor learn of them from what is refused. Whoever sends for one that is not counted here asks nobody.
#[must_use]
pub fn to_one(purpose: Purpose, to: &Contact) -> Vec<Limit> {
    let limits = |hour, hour_max, day| vec![Limit::new(hour, to.key(), hour_max, HOUR), Limit::new(day, to.key(), 10, DAY)];
    match purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup => limits("code_hour", 5, "code_day"),
        Purpose::Registration | Purpose::Activation | Purpose::PhoneLogin | Purpose::ContactChange => limits("asked_hour", 5, "asked_day"),
        Purpose::PasswordReset => limits("reset_address", 3, "reset_address_day"),
        // One for each time that it is scheduled.
        Purpose::DeletionCancel => Vec::new(),
    }
}

/// What may be sent for whoever is signed in, or about to be.
fn by_account(challenge: &Challenge) -> Vec<Limit> {
    let asker = match challenge.purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup | Purpose::ContactChange => challenge.user,
        // Whoever asks is nobody yet, whomever it is about.
        Purpose::Registration | Purpose::Activation | Purpose::PhoneLogin | Purpose::PasswordReset | Purpose::DeletionCancel => None,
    };
    let limits = |user| [Limit::new("sent_account", user, ASKED_MAX, HOUR), Limit::new("sent_account_day", user, ASKED_DAY_MAX, DAY)];
    asker.map(limits).into_iter().flatten().collect()
}

/// The limits of this deployment.
#[derive(Clone)]
pub struct Sending {
    countries: Arc<[String]>,
    daily_max: u32,
    figures: Figures,
}

impl Sending {
    /// Reads `SMS_COUNTRIES`, the countries that text messages go to (ISO 3166-1 codes; a number without a country code is of
    /// the first), and `SMS_DAILY_MAX`, how many go out in a day.
    pub fn read(r: &mut Reader<'_>, figures: Figures) -> Self {
        let countries = r.list("SMS_COUNTRIES");
        if countries.is_empty() || !countries.iter().all(|c| has_phones(c)) {
            r.wrong("SMS_COUNTRIES is not a list of country codes".to_owned());
        }
        Self { countries: countries.into(), daily_max: r.or("SMS_DAILY_MAX", 1000), figures }
    }

    /// Parses a number that text messages can and may be sent to.
    ///
    /// # Errors
    /// `required`, `phone` or `phone_country`.
    pub fn phone(&self, text: &str) -> Result<Phone, FieldError> {
        let phone = Phone::parse(text, self.countries.first().map_or("", String::as_str))?;
        self.allow(&phone).map(|()| phone)
    }

    fn allow(&self, phone: &Phone) -> Result<(), FieldError> {
        let country = phone.country();
        if self.countries.iter().any(|c| c == country) { Ok(()) } else { Err(FieldError::new("phone_country")) }
    }

    /// Counts one code or link that is about to be sent, if it may be: against all limits or none.
    ///
    /// A mail takes six counters together, in one request: an hour's and a day's of the address, of the account that asks, and of
    /// the client. A text message takes two more, of the client's neighbourhood and the number's range, but none of an account where nobody is
    /// known yet; and the one that everybody shares only after them, so that nobody who is refused uses it up.
    ///
    /// # Errors
    /// [`Kind::Invalid`] at `/phone` for a country that nothing is sent to, [`Kind::TooManyRequests`], or [`Kind::Unavailable`]
    /// where the day's messages are used up or the counters do not work.
    ///
    /// [`Kind::Invalid`]: kernel::Kind::Invalid
    /// [`Kind::TooManyRequests`]: kernel::Kind::TooManyRequests
    /// [`Kind::Unavailable`]: kernel::Kind::Unavailable
    pub async fn permit(&self, table: &Table, now: Time, client: &Client, challenge: &Challenge) -> Result<Permit, Problem> {
        let to = challenge.contact();
        let limits = to_one(challenge.purpose, &to).into_iter().chain(by_account(challenge)).chain(by_client(client, &to)).collect();
        let Contact::Phone(phone) = to else { return Ok(Permit::take(table, now, limits).await?) };
        self.allow(&phone).map_err(|e| Problem::field("/phone", e))?;
        let range = phone.range();
        let permit = match join!(Permit::take(table, now, limits), self.count(table, now, range)) {
            (Ok(permit), Ok(())) => permit.and(Permit::to_range(range)),
            (Ok(permit), Err(e)) => {
                permit.give_back(table).await;
                return Err(e.into());
            }
            (Err(e), Ok(())) => {
                Permit::to_range(range).give_back(table).await;
                return Err(e.into());
            }
            (Err(e), Err(_)) => return Err(e.into()),
        };
        self.among_all(table, now, permit).await
    }

    /// Counts a text message that tells the owner of a number something, if it may be sent: ten an hour, twenty a day. The number
    /// was proven, and nothing is to come back from it: its range is not judged by this. Nor does it count among what anybody can
    /// have sent there, who could otherwise keep the owner from being told.
    ///
    /// Two counters together, then the one that everybody shares.
    ///
    /// # Errors
    /// As [`Sending::permit`].
    pub async fn notice(&self, table: &Table, now: Time, to: &Phone) -> Result<Permit, Problem> {
        let limits = vec![Limit::new("notice_hour", to, 10, HOUR), Limit::new("notice_day", to, 20, DAY)];
        let permit = Permit::take(table, now, limits).await?;
        self.among_all(table, now, permit).await
    }

    /// Counts a text message that everything else allows among those of everybody.
    async fn among_all(&self, table: &Table, now: Time, mut permit: Permit) -> Result<Permit, Problem> {
        let all = everybody(self.daily_max);
        match limits::take(table, now, std::slice::from_ref(&all)).await {
            Ok(()) => permit.limits.push(all),
            Err(e) => {
                permit.give_back(table).await;
                return Err(self.stop(table, e));
            }
        }
        Ok(permit)
    }

    /// Adds the sending of a code to a transaction, unless the one that was sent before to the same flow can still be typed, or
    /// it is refused, which adds nothing. What is returned is the one that counts, and what was counted for it if it is a new one.
    ///
    /// A read of the one before, and what [`Sending::permit`] takes.
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`](kernel::Kind::ResendTooEarly), or as [`Sending::permit`].
    pub async fn code(
        &self,
        table: &Table,
        sys: &Sys,
        tx: &mut Tx,
        client: &Client,
        mut fresh: Challenge,
    ) -> Result<(Challenge, Option<Permit>), Problem> {
        let before = table.get::<Challenge>(fresh.key()).await?;
        if let Some(standing) = before.as_ref().filter(|c| c.stands(sys.now()) && c.flow == fresh.flow) {
            return Ok((standing.clone(), None));
        }
        fresh.rest(sys.now(), before.as_ref())?;
        let permit = self.permit(table, sys.now(), client, &fresh).await?;
        fresh.replace(tx, sys, before.as_ref());
        Ok((fresh, Some(permit)))
    }

    /// What a caller is told when the day's messages are used up, which operators must know.
    fn stop(&self, table: &Table, e: LimitError) -> Problem {
        match e {
            LimitError::Reached(reached) => {
                tracing::error!(max = self.daily_max, "no more text messages are sent today");
                self.figures.report_of("TableName", table.name(), &[("TextsStopped", 1)]);
                let wait = reached.wait;
                Problem::unavailable(reached).retry_after(wait)
            }
            LimitError::Store(e) => e.into(),
        }
    }

    /// Counts a message to a range of numbers and judges it by how many were answered. One update; two where it opens or
    /// closes.
    async fn count(&self, table: &Table, now: Time, range: &str) -> Result<(), LimitError> {
        let until = now + HOUR;
        let hit = || {
            let open = field("until").gt(now).and(field("sent").lt(RANGE_MAX)).and(on(now));
            Update::of(Traffic::key_of(range)).add("sent", 1).when(open)
        };
        let begin = || {
            Update::of(Traffic::key_of(range))
                .set("kind", Traffic::KIND)
                .set("v", Traffic::VERSION)
                .set("range", range)
                .set("sent", 1)
                .set("verified", 0)
                .set("until", until)
                .remove("off_until")
                // As long as it may be off.
                .expires(until + HOUR)
                .when(Cond::Absent.or(field("until").le(now).and(on(now))))
        };
        let mut next = hit();
        // A refusal shows what stands there. More rounds than two are needed only where an hour ends meanwhile.
        for _ in 0..4 {
            let seen = match table.update(next).await {
                Ok(row) => return self.judge(table, now, &row.decode()?).await,
                Err(WriteError::Refused(row)) => row.map(store::Row::decode::<Traffic>).transpose()?,
                Err(WriteError::Store(e)) => return Err(e.into()),
            };
            next = match seen {
                Some(t) if t.off_until.is_some_and(|off| off > now) => return Err(refused(t.off_until.unwrap_or(now), now)),
                Some(t) if t.until > now && t.sent >= i64::from(RANGE_MAX) => return Err(refused(t.until, now)),
                Some(t) if t.until > now => hit(),
                _ => begin(),
            };
        }
        Err(refused(until, now))
    }

    /// Leaves the range alone for an hour if too few of its codes have come back.
    async fn judge(&self, table: &Table, now: Time, traffic: &Traffic) -> Result<(), LimitError> {
        if !suspicious(traffic.sent.saturating_sub(1), traffic.verified) {
            return Ok(());
        }
        let until = now + HOUR;
        let close = Update::of(traffic.key()).add("sent", -1).set("off_until", until).when(field("until").eq(traffic.until)).when(on(now));
        match table.update(close).await {
            Ok(_) => {
                let Traffic { range, sent, verified, .. } = traffic;
                tracing::error!(range, sent, verified, "few codes come back: no text messages to this range for an hour");
                self.figures.report_of("TableName", table.name(), &[("RangesClosed", 1)]);
            }
            // Somebody else closed it.
            Err(WriteError::Refused(_)) => {}
            Err(WriteError::Store(e)) => return Err(e.into()),
        }
        Err(refused(until, now))
    }
}

/// What one client may cause, of text messages also together with its neighbours.
fn by_client(client: &Client, to: &Contact) -> Vec<Limit> {
    let own = |name, max, window| Limit::new(name, client.network(), max, window);
    match to {
        Contact::Email(_) => vec![own("mail_client", MAILS_MAX, HOUR), own("mail_client_day", MAILS_DAY_MAX, DAY)],
        Contact::Phone(_) => vec![
            own("sms_client", TEXTS_MAX, HOUR),
            own("sms_client_day", TEXTS_DAY_MAX, DAY),
            Limit::new("sms_neighbourhood", client.neighbourhood(), NEIGHBOURHOOD_MAX, HOUR),
        ],
    }
}

/// The one counter that all text messages share.
fn everybody(max: u32) -> Limit {
    Limit::new("sms_everybody", "", max, DAY).frequent()
}

/// Whether the codes that were sent to a range were hardly meant to be read.
const fn suspicious(sent: i64, verified: i64) -> bool {
    sent >= ENOUGH && verified.saturating_mul(100) < sent.saturating_mul(GOOD_PERCENT)
}

fn on(now: Time) -> Cond {
    field("off_until").absent().or(field("off_until").le(now))
}

fn refused(until: Time, now: Time) -> LimitError {
    Reached { name: "sms_range", wait: until.since(now), max: RANGE_MAX, window: HOUR }.into()
}

/// What went to a range of numbers within an hour.
#[derive(Debug, Serialize, Deserialize)]
struct Traffic {
    range: String,
    sent: i64,
    /// How many of the codes came back.
    verified: i64,
    until: Time,
    /// Before this nothing is sent there.
    off_until: Option<Time>,
}

impl Traffic {
    fn key_of(range: &str) -> Key {
        Key::new(format!("SMS_RANGE#{range}"), "SMS_RANGE")
    }
}

impl Item for Traffic {
    const KIND: &'static str = "sms_range";
    fn key(&self) -> Key {
        Self::key_of(&self.range)
    }
}

/// What was counted for what is about to be sent. Either it is committed with the transaction that has it sent, or given back.
#[derive(Debug, Default)]
#[must_use]
pub struct Permit {
    limits: Vec<Limit>,
    ranges: Vec<String>,
}

impl Permit {
    /// Counts what is about to be sent against all of these, or none.
    ///
    /// # Errors
    /// As [`limits::take_together`].
    pub async fn take(table: &Table, now: Time, limits: Vec<Limit>) -> Result<Self, LimitError> {
        limits::take_together(table, now, &limits).await?;
        Ok(Self { limits, ranges: Vec::new() })
    }

    fn to_range(range: &str) -> Self {
        Self { limits: Vec::new(), ranges: vec![range.to_owned()] }
    }

    /// The same, with what was counted for something that is sent with it.
    pub fn and(mut self, more: Self) -> Self {
        self.limits.extend(more.limits);
        self.ranges.extend(more.ranges);
        self
    }

    /// Commits what has it sent. Where that fails nothing is sent, and nothing counts.
    ///
    /// # Errors
    /// [`CommitError`]
    pub async fn commit(self, table: &Table, tx: Tx) -> Result<(), CommitError> {
        let committed = table.commit(tx).await;
        if committed.is_err() {
            self.give_back(table).await;
        }
        committed
    }

    /// Takes it back where nothing is sent after all, as well as can be.
    pub async fn give_back(self, table: &Table) {
        let ranges = join_all(self.ranges.iter().map(|range| add(table, range, "sent", -1)));
        join!(limits::give_all_back(table, &self.limits), ranges);
    }
}

/// Takes back what was counted for a sending that failed, but for what was counted for the client, whoever that was.
pub(crate) async fn unsent(table: &Table, challenge: &Challenge) {
    let to = challenge.contact();
    let mut limits = to_one(challenge.purpose, &to);
    limits.extend(by_account(challenge));
    let mut ranges = Vec::new();
    if let Contact::Phone(phone) = &to {
        limits.push(everybody(0));
        ranges.push(phone.range().to_owned());
    }
    Permit { limits, ranges }.give_back(table).await;
}

/// Counts a code that came back.
pub(crate) async fn verified(table: &Table, to: &Contact) {
    if let Contact::Phone(phone) = to {
        add(table, phone.range(), "verified", 1).await;
    }
}

async fn add(table: &Table, range: &str, name: &'static str, amount: i64) {
    // Where an hour has ended meanwhile there may be nothing to take back.
    let can = if amount < 0 { field(name).gt(0) } else { Cond::Exists };
    match table.update(Update::of(Traffic::key_of(range)).add(name, amount).when(can)).await {
        Ok(_) | Err(WriteError::Refused(_)) => {}
        Err(WriteError::Store(e)) => tracing::warn!(error = %e, name, "the traffic of a range could not be counted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_judged_once_enough_went_there() {
        for (sent, verified, expected) in
            [(0, 0, false), (19, 0, false), (20, 0, true), (20, 5, true), (20, 6, false), (99, 29, true), (99, 30, false), (99, 120, false)]
        {
            assert_eq!(suspicious(sent, verified), expected, "{verified} of {sent}");
        }
    }

    #[test]
    fn only_countries_that_are_allowed() {
        let boot = |countries: &str| {
            let env: kernel::Env = [("SMS_COUNTRIES".to_owned(), countries.to_owned())].into_iter().collect();
            let http = function::http_client().unwrap();
            function::Boot { env, sys: kernel::Sys::real(), http }
        };
        let read = |countries: &str| {
            let boot = boot(countries);
            boot.env.read(|r| Sending::read(r, Figures::new(&boot)))
        };
        let sending = read("GB,PL").unwrap();
        assert_eq!(sending.phone("07700 900001").unwrap().as_ref(), "+447700900001");
        assert_eq!(sending.phone("+48512345678").unwrap().country(), "PL");
        assert_eq!(sending.phone("+14155550123").unwrap_err().code, "phone_country");
        assert_eq!(sending.phone("what").unwrap_err().code, "phone");
        for bad in ["", "GB,XX", "Poland"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
