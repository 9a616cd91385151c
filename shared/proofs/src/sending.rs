//! Limits on messages (mails and text messages).
//!
//! Anybody can request a code to any number, and owners of some numbers are paid for each message. So every message is counted before it is
//! sent: for its destination, for the client's network, for the account that requests it, and text messages also for all clients together.
//! Refused requests and messages that could not be sent are not counted. If the counters do not work, nothing is sent.
//!
//! The limits must not lock out the owners of addresses and numbers. The limits refill one by one, so that nobody waits longer than an
//! hour. Known clients of an account ([`accounts::known_network`]) have a separate share. The last message to a destination is reserved for
//! clients that have had none there. From the fourth message on strangers need a proof of work, whose difficulty grows with the number of
//! text messages. A part of the text messages is reserved for numbers that an account has proven, and a range of numbers from which few
//! codes come back is blocked only for numbers that no account has proven.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use accounts::{
    identifier::{Channel, Contact, Phone},
    known_network::KnownNetwork,
};
use countries::Country;
use futures_util::{future::join_all, join};
use http::HeaderMap;
use kernel::{Client, FieldError, Problem, Sys, Time, env::Reader, id::UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, Batch, CommitError, Cond, Conditional as _, Item, Key, Personal, StoreError, Table, Tx, Update, WriteError, field,
    limits::{self, DAY, HOUR, Limit, LimitError, Quota},
};

use crate::{
    MISUSE,
    challenge::{Challenge, GUESSES, Purpose, Share},
    device, factor,
    gate::{self, Gate},
    signed_in,
};

/// Codes for second factors and step-ups to one destination: the shares of strangers and of known clients. In this limit and the next
/// three, the last message of the strangers' share is reserved for a client that has had none there today.
pub const CODES: [Quota; 2] = [
    Quota::refilling("code_destination", 6, HOUR, "codes to an address or number of an account, for clients that it does not know"),
    Quota::refilling("code_known", 6, HOUR, "codes to an address or number of an account, for clients that it knows"),
];
/// Codes and links to one destination, for registrations and for signing in with a number: the same two shares.
pub const ASKED: [Quota; 2] = [
    Quota::refilling("asked_destination", 6, HOUR, "messages to one address or number, for clients that its account does not know"),
    Quota::refilling("asked_known", 6, HOUR, "messages to one address or number, for clients that its account knows"),
];
/// Codes to one destination that a member wants to add as a contact: the same two shares.
pub const CHANGES: [Quota; 2] = [
    Quota::refilling("change_destination", 6, HOUR, "codes to the new address or number of an account"),
    Quota::refilling("change_known", 6, HOUR, "codes to the new address or number of an account, for clients that it knows"),
];
/// Links to reset a password, to one address: the same two shares.
pub const RESETS: [Quota; 2] = [
    Quota::refilling("reset_destination", 4, HOUR, "links to an address"),
    Quota::refilling("reset_known", 4, HOUR, "links to an address, for clients that its account knows"),
];
/// Mails and text messages that one account requests, to any destination: forty on the first day.
pub const SENT: Quota = Quota::refilling("sent_account", 15, Duration::from_secs(3456), "messages for an account");
/// Mails that one client requests: two hundred on the first day, because many people may share its address.
pub const MAILS: Quota = Quota::refilling("mail_client", 60, Duration::from_secs(617), "mails for a client");
/// Text messages that one client requests: forty on the first day.
const CLIENT_TEXTS: Quota = Quota::refilling("sms_client", 10, Duration::from_secs(2880), "text messages for a client");
/// Text messages that all clients of a neighbourhood request.
const NEIGHBOURHOOD_TEXTS: Quota =
    Quota::refilling("sms_neighbourhood", 100, Duration::from_secs(36), "text messages for a client and its neighbouring networks");
/// The limits on text messages for every purpose.
pub const TEXTS: [Quota; 2] = [CLIENT_TEXTS, NEIGHBOURHOOD_TEXTS];
/// The block of a range of numbers from which few codes come back. Numbers that an account has proven are exempt.
const RANGE: Quota =
    Quota::gap("sms_range", HOUR, "text messages to numbers with the same prefix that belong to no account, if few codes are entered");
/// Text messages with notices to the owner of a number.
pub const NOTICES: Quota = Quota::refilling("notice", 10, HOUR, "text messages with notices to a number");
/// Messages to one destination for one client. It is only counted, and its maximum is never reached.
const PAIR: Quota = Quota::window("destination_client", u32::MAX, DAY, "messages to one address or number for a client");

/// The limits of an operation that mails codes to an account's own address.
pub const MAILED_CODES: &[&[Quota]] = &[&CODES, &[SENT, MAILS]];
/// The limits of an operation that sends codes to an account's own number.
pub const TEXTED_CODES: &[&[Quota]] = &[&CODES, &[SENT], &TEXTS];
/// The limits of an operation that sends text messages to numbers that no account has proven, without those of the single number.
pub const UNPROVEN_TEXTS: &[&[Quota]] = &[&TEXTS, &[RANGE]];

/// The number of counted messages to a destination from which strangers need a proof of work.
const FREE_OF_WORK: u32 = 3;
/// A range of numbers is judged after this many messages,
const ENOUGH: i64 = 50;
/// requested by clients in this many networks,
const ENOUGH_NETWORKS: usize = 20;
/// and is blocked if less than this percentage of the codes came back.
const GOOD_PERCENT: i64 = 30;
/// Attempts to count a message to a range.
const ROUNDS: usize = 4;

/// Returns the limit on messages to one address or number: a few at once, then one an hour. `None` for a purpose that is limited elsewhere.
///
/// Messages that anybody can request are counted separately from those that only the owner gets: strangers must neither block the
/// owner's codes nor learn of them from refusals. A member's requests to change to the address or number are counted for that
/// member.
fn to_one(purpose: Purpose, to: &Contact, user: Option<UserId>, share: Share) -> Option<Limit> {
    let [strangers, known] = match purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup => CODES,
        Purpose::Registration | Purpose::Activation | Purpose::PhoneLogin => ASKED,
        Purpose::ContactChange => CHANGES,
        Purpose::PasswordReset => RESETS,
        // There is one message for each scheduling of a deletion, and for each undo of a change.
        Purpose::DeletionCancel | Purpose::ContactRestoration => return None,
    };
    let quota = if share == Share::Known { known } else { strangers };
    let subject = match (purpose, user) {
        (Purpose::ContactChange, Some(user)) => format!("{user} {}", to.mailbox_key()),
        _ => to.mailbox_key(),
    };
    Some(quota.of(subject))
}

/// Returns the limit on messages that one account requests.
fn by_account(challenge: &Challenge) -> Option<Limit> {
    let requester = match challenge.purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup | Purpose::ContactChange => challenge.user,
        // Nobody is signed in for these purposes.
        Purpose::Registration
        | Purpose::Activation
        | Purpose::PhoneLogin
        | Purpose::PasswordReset
        | Purpose::DeletionCancel
        | Purpose::ContactRestoration => None,
    };
    requester.map(|user| SENT.of(user))
}

/// A client that requests a message to an address or number that may belong to somebody else.
#[derive(Clone, Copy)]
pub struct Requester<'a> {
    /// The client.
    pub client: &'a Client,
    /// Headers, possibly with a trusted device and a proof of work.
    pub headers: &'a HeaderMap,
    /// Checks the proof of work.
    pub gate: &'a Gate,
}

/// A request for a message, before it is counted.
#[derive(Debug)]
pub struct Request {
    to: Contact,
    known: Key,
    /// The limits of strangers and of known clients.
    destinations: Option<[Limit; 2]>,
    pair: Limit,
    /// Whether strangers may need a proof of work.
    work: bool,
}

/// The share that a request is counted for, with its limits.
#[derive(Debug)]
pub struct Admitted {
    share: Share,
    limits: Vec<Limit>,
    work: bool,
}

impl Request {
    /// Returns a request of a client that may not be the owner of the address or number.
    #[must_use]
    pub fn of_anybody(purpose: Purpose, to: &Contact, client: &Client) -> Self {
        Self { work: true, ..Self::of_member(purpose, to, None, client) }
    }

    /// Returns a request of somebody who is signed in, or has already proven a factor.
    #[must_use]
    pub fn of_member(purpose: Purpose, to: &Contact, user: Option<UserId>, client: &Client) -> Self {
        let [strangers, known] = [Share::Strangers, Share::Known].map(|share| to_one(purpose, to, user, share));
        Self {
            to: to.clone(),
            known: KnownNetwork::key_of(to, client),
            destinations: strangers.zip(known).map(|(strangers, known)| [strangers, known]),
            pair: PAIR.of(format!("{} {} {}", purpose.name(), to.mailbox_key(), client.network())),
            work: false,
        }
    }

    /// Returns the keys of the counters, for a batch with other items.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.destinations.iter().flatten().map(Limit::key).chain([self.known.clone(), self.pair.key()])
    }

    /// Determines the share, checks its limit, and requires a proof of work from strangers. A refused request is not counted.
    /// `pressure` is the used part of the text messages, from 0 to 4, and 0 for mails. One request if a device is shown.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`](kernel::Kind::TooManyRequests) or [`Kind::ProofOfWorkRequired`](kernel::Kind::ProofOfWorkRequired)
    pub async fn admit(
        self,
        table: &Table,
        now: Time,
        found: &mut Batch,
        requester: Requester<'_>,
        pressure: u32,
    ) -> Result<Admitted, Problem> {
        let (to, shown) = (self.to.clone(), signed_in::device(requester.headers, None));
        let trusted = device::is_trusted_by(table, now, &to, shown.as_ref()).await?;
        let admitted = self.read(found, now, trusted)?;
        if admitted.work || (admitted.share == Share::Strangers && pressure > 0) {
            let difficulty = gate::DIFFICULTY.saturating_add(pressure.saturating_sub(1));
            requester.gate.demand(now, requester.client, requester.headers, &to.key(), difficulty)?;
        }
        Ok(admitted)
    }

    /// Determines the share and checks its limit. `trusted` states that the account trusts the shown device.
    fn read(self, found: &mut Batch, now: Time, trusted: bool) -> Result<Admitted, Problem> {
        let network = found.take::<KnownNetwork>(&self.known)?.is_some_and(|known| now < known.until);
        let share = if network || trusted { Share::Known } else { Share::Strangers };
        let Some([strangers, known]) = self.destinations else { return Ok(Admitted { share, limits: Vec::new(), work: false }) };
        let (limits, work) = match share {
            Share::Known => (vec![known.read(found, now)?], false),
            Share::Strangers => {
                let pair = self.pair.read(found, now)?;
                let strangers = strangers.read(found, now)?.leaving(u32::from(pair.hits() > 0));
                let work = self.work && strangers.used(now) >= FREE_OF_WORK;
                (vec![strangers, pair], work)
            }
        };
        limits::judge(now, &limits)?;
        Ok(Admitted { share, limits, work })
    }
}

/// Counts a message against these limits, and the attempts at its code among the day's guesses. If those are exceeded, the code becomes a
/// long one, whose attempts are not counted. One transaction, or several after concurrent requests.
///
/// # Errors
/// [`LimitError`]
pub async fn take(table: &Table, now: Time, challenge: &mut Challenge, admitted: Admitted, more: Vec<Limit>) -> Result<Permit, LimitError> {
    challenge.share = admitted.share;
    let limits: Vec<Limit> = admitted.limits.into_iter().chain(more).collect();
    challenge.booked = 0;
    if let Some(guesses) = challenge.guesses().filter(|_| !challenge.long) {
        let all = limits.iter().cloned().chain([guesses]).collect();
        match Permit::take(table, now, all).await {
            Err(LimitError::Reached(reached)) if reached.quota == GUESSES => challenge.long = true,
            taken => {
                challenge.booked = challenge.tries_max;
                return taken;
            }
        }
    }
    Permit::take(table, now, limits).await
}

/// The limits on messages of this deployment.
#[derive(Clone)]
pub struct SendLimits {
    countries: Arc<[Country]>,
    daily_max: u32,
}

impl SendLimits {
    /// Reads `SMS_COUNTRIES`, the countries that text messages are sent to (ISO 3166-1 codes; a number without a country code
    /// belongs to the first), and `SMS_DAILY_MAX`, the number of text messages in a day.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let countries = Country::listed(r, "SMS_COUNTRIES");
        if countries.is_empty() {
            r.wrong("SMS_COUNTRIES names no country".to_owned());
        }
        Self { countries: countries.into(), daily_max: r.or("SMS_DAILY_MAX", 1000) }
    }

    /// Parses a number that text messages can and may be sent to.
    ///
    /// # Errors
    /// `required`, `phone` or `phone_country`.
    pub fn phone(&self, text: &str) -> Result<Phone, FieldError> {
        let phone = Phone::parse(text, self.countries.first().map_or("", |country| country.code()))?;
        self.allow(&phone).map(|()| phone)
    }

    fn allow(&self, phone: &Phone) -> Result<(), FieldError> {
        let allowed = phone.country().is_some_and(|country| self.countries.contains(&country));
        if allowed { Ok(()) } else { Err(FieldError::PHONE_COUNTRY) }
    }

    /// Returns the keys of the counters of all text messages, for a batch that is passed to [`Sending::pressure`].
    pub fn keys(&self) -> [Key; 2] {
        self.shares().map(|limit| limit.key())
    }

    /// Returns the used part of the text messages, in quarters: 0 to 4.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn pressure(&self, found: &mut Batch, now: Time) -> Result<u32, StoreError> {
        let mut most = 0;
        for limit in self.shares() {
            let limit = limit.read(found, now)?;
            most = limit.used(now).saturating_mul(4).div_euclid(limit.quota.max.max(1)).min(4).max(most);
        }
        Ok(most)
    }

    /// Returns the limits on all text messages, and on the part that is reserved for proven numbers, which is two fifths of the day's
    /// messages. A quarter of each is available at once, and the rest refills evenly over a day, so that no day exceeds the maximum.
    fn shares(&self) -> [Limit; 2] {
        let reserved = self.daily_max.saturating_mul(2).div_euclid(5);
        let share = |name, daily: u32| {
            let at_once = daily.div_euclid(4).max(1);
            let interval = DAY.checked_div(daily.saturating_sub(at_once)).unwrap_or(DAY);
            Quota::refilling(name, at_once, interval, "text messages to everybody").frequent().of("")
        };
        [share("texts_anybody", self.daily_max.saturating_sub(reserved)), share("texts_accounts", reserved)]
    }

    /// Counts a code or link that is about to be sent, against all limits or none.
    ///
    /// One transaction: the destination, the client's messages there, the requesting account, the client, the day's guesses, and for a text
    /// message the client's neighbourhood. Concurrently the range of a number that no account has proven. Afterwards the counter of all
    /// text messages, so that refused requests do not use it up.
    ///
    /// # Errors
    /// [`Kind::Invalid`] at `/phone` for a country that nothing is sent to, [`Kind::TooManyRequests`], or [`Kind::Unavailable`]
    /// if no more text messages may be sent now or the counters do not work.
    ///
    /// [`Kind::Invalid`]: kernel::Kind::Invalid
    /// [`Kind::TooManyRequests`]: kernel::Kind::TooManyRequests
    /// [`Kind::Unavailable`]: kernel::Kind::Unavailable
    pub async fn permit(
        &self,
        table: &Table,
        now: Time,
        client: &Client,
        challenge: &mut Challenge,
        admitted: Admitted,
    ) -> Result<Permit, Problem> {
        let to = challenge.contact();
        let more = by_account(challenge).into_iter().chain(by_client(client, &to)).collect();
        let Contact::Phone(phone) = to else { return Ok(take(table, now, challenge, admitted, more).await?) };
        self.allow(&phone).map_err(|e| Problem::field("/phone", e))?;
        let (range, proven) = (phone.range(), challenge.proven);
        let by_range = async { if proven { Ok(Permit::default()) } else { Self::count(table, now, range, client).await } };
        let permit = match join!(take(table, now, challenge, admitted, more), by_range) {
            (Ok(permit), Ok(range)) => permit.and(range),
            (Ok(permit), Err(e)) | (Err(e), Ok(permit)) => {
                permit.give_back(table).await;
                return Err(e.into());
            }
            (Err(e), Err(_)) => return Err(e.into()),
        };
        self.among_all(table, now, permit, proven).await.map_err(unsent)
    }

    /// Counts a text message with a notice to the owner of a number: ten at once, then one an hour. The number is proven, and no
    /// code has to come back. Notices are counted separately from messages that anybody can request, because strangers could
    /// otherwise suppress them.
    ///
    /// One counter, then the counter of all text messages.
    ///
    /// # Errors
    /// [`LimitError::Reached`] with [`NOTICES`], or with the limit of all text messages; [`unsent`] is the problem of a request.
    pub async fn notice(&self, table: &Table, now: Time, to: &Phone) -> Result<Permit, LimitError> {
        let permit = Permit::take(table, now, vec![NOTICES.of(to)]).await?;
        self.among_all(table, now, permit, true).await
    }

    /// Counts a text message against the limit of all text messages, after all other limits. A message to a proven number uses the reserved
    /// part first. If no more may be sent now, reports a metric for operators.
    async fn among_all(&self, table: &Table, now: Time, mut permit: Permit, proven: bool) -> Result<Permit, LimitError> {
        let [anybody, accounts] = self.shares();
        let is_reserved = proven && limits::take(table, now, std::slice::from_ref(&accounts)).await.is_ok();
        if !is_reserved && let Err(e) = limits::take(table, now, std::slice::from_ref(&anybody)).await {
            permit.give_back(table).await;
            if let LimitError::Reached(reached) = &e {
                tracing::warn!(limit = reached.quota.name, daily_max = self.daily_max, "no more text messages go out now");
                table.report(&[(MISUSE, 1)]);
            }
            return Err(e);
        }
        permit.limits.push(if is_reserved { accounts } else { anybody });
        Ok(permit)
    }

    /// Adds the sending of a code to a transaction, unless the previous one of the same flow is still valid. A refused sending
    /// adds nothing. Returns the current challenge, and the permit if it is a new one.
    ///
    /// A read of the previous challenge with the counters, and the requests of [`Sending::permit`].
    ///
    /// # Errors
    /// [`Kind::ResendTooEarly`](kernel::Kind::ResendTooEarly), or as [`SendLimits::permit`].
    pub async fn code(
        &self,
        table: &Table,
        sys: &Sys,
        tx: &mut Tx,
        client: &Client,
        mut fresh: Challenge,
    ) -> Result<(Challenge, Option<Permit>), Problem> {
        let now = sys.now();
        let (before, admitted) = self.look(table, now, client, &mut fresh).await?;
        if let Some(standing) = before.as_ref().filter(|c| c.stands(now) && c.flow == fresh.flow) {
            return Ok((standing.clone(), None));
        }
        fresh.after_cooldown(now, before.as_ref())?;
        let permit = self.permit(table, now, client, &mut fresh, admitted?).await?;
        fresh.replace(tx, sys, before.as_ref());
        Ok((fresh, Some(permit)))
    }

    /// Sends another code to somebody who is signed in, or has already proven a factor. It invalidates the previous code.
    ///
    /// A read of the previous challenge with the counters, the requests of [`Sending::permit`], one transaction.
    ///
    /// # Errors
    /// [`Kind::NotFound`](kernel::Kind::NotFound) if there is no previous code, otherwise as [`Sending::code`].
    pub async fn resend(&self, table: &Table, sys: &Sys, client: &Client, mut fresh: Challenge) -> Result<Challenge, Problem> {
        let (mut tx, now) = (Tx::new(), sys.now());
        let (before, admitted) = self.look(table, now, client, &mut fresh).await?;
        let before = before.ok_or(kernel::Kind::NotFound)?;
        fresh.after_cooldown(now, Some(&before))?;
        let permit = self.permit(table, now, client, &mut fresh, admitted?).await?;
        fresh.replace(&mut tx, sys, Some(&before));
        permit.commit(table, tx).await?;
        Ok(fresh)
    }

    /// Reads the previous challenge under the same id and the limits. Makes the code a long one if there were too many wrong answers in a
    /// row.
    async fn look(
        &self,
        table: &Table,
        now: Time,
        client: &Client,
        fresh: &mut Challenge,
    ) -> Result<(Option<Challenge>, Result<Admitted, Problem>), Problem> {
        let request = Request::of_member(fresh.purpose, &fresh.contact(), fresh.user, client);
        let wrong = factor::wrong_in_a_row(fresh);
        let keys = request.keys().chain([fresh.key()]).chain(wrong.as_ref().map(Limit::key));
        let mut found = table.get_many(keys.collect()).await?;
        if let Some(wrong) = wrong {
            fresh.long = wrong.read(&mut found, now)?.judge(now).is_err();
        }
        let before = found.take::<Challenge>(&fresh.key())?;
        Ok((before, request.read(&mut found, now, false)))
    }

    /// Counts a message to a number that no account has proven for its range, and blocks the range if too few codes came back. One update,
    /// or two at the beginning of an hour or if the range is blocked.
    async fn count(table: &Table, now: Time, range: &str, client: &Client) -> Result<Permit, LimitError> {
        let network = mark(&client.network());
        let mut next = Traffic::go_on(range, &network, now);
        // A refusal returns the current state. More than two attempts are needed only if an hour ends in between.
        for _ in 0..ROUNDS {
            let seen = match table.update(next).await {
                Ok(row) => return Self::judge(table, now, &row.decode()?).await.map(|()| Permit::to_range(range)),
                Err(WriteError::Refused(row)) => row.map(store::Row::decode::<Traffic>).transpose()?,
                Err(WriteError::Store(e)) => return Err(e.into()),
            };
            if let Some(off) = seen.as_ref().and_then(|traffic| traffic.off_until).filter(|off| *off > now) {
                return Err(RANGE.reached(off.since(now)).into());
            }
            next = match seen {
                Some(traffic) if traffic.until > now => Traffic::go_on(range, &network, now),
                _ => Traffic::begin(range, &network, now),
            };
        }
        Err(RANGE.reached(RANGE.window).into())
    }

    /// Blocks the range for an hour if too few of its codes have come back.
    async fn judge(table: &Table, now: Time, traffic: &Traffic) -> Result<(), LimitError> {
        if !suspicious(traffic.sent.saturating_sub(1), traffic.came_back.len(), traffic.networks.len()) {
            return Ok(());
        }
        let until = now + RANGE.window;
        let close = Update::of(traffic.key()).add("sent", -1).set("off_until", until).when(field("until").eq(traffic.until)).when(on(now));
        // A refusal means that a concurrent request has blocked it.
        if table.update(close).await.applied()? {
            let Traffic { range, sent, came_back, .. } = traffic;
            let came_back = came_back.len();
            tracing::warn!(range, sent, came_back, "few codes come back: no text messages to unproven numbers of this range for an hour");
            table.report(&[(MISUSE, 1)]);
        }
        Err(RANGE.reached(RANGE.window).into())
    }
}

/// Returns the problem of a request whose text message may not be sent: `too_many_requests` because of its number, and otherwise
/// `unavailable`, because of all text messages.
#[must_use]
pub fn unsent(e: LimitError) -> Problem {
    match e {
        LimitError::Reached(reached) if reached.quota != NOTICES => Problem::unavailable(reached).retry_after(reached.wait),
        e => e.into(),
    }
}

/// Returns the limits on one client's messages, for text messages also together with its neighbourhood.
fn by_client(client: &Client, to: &Contact) -> Vec<Limit> {
    match to {
        Contact::Email(_) => vec![MAILS.of(client.network())],
        Contact::Phone(_) => vec![CLIENT_TEXTS.of(client.network()), NEIGHBOURHOOD_TEXTS.of(client.neighbourhood())],
    }
}

/// Returns whether the codes to a range were probably requested by somebody other than their recipients.
fn suspicious(sent: i64, came_back: usize, networks: usize) -> bool {
    let came_back = i64::try_from(came_back).unwrap_or(i64::MAX);
    sent >= ENOUGH && networks >= ENOUGH_NETWORKS && came_back.saturating_mul(100) < sent.saturating_mul(GOOD_PERCENT)
}

/// Returns the condition that the range is not blocked.
fn on(now: Time) -> Cond {
    field("off_until").absent().or(field("off_until").le(now))
}

/// Returns a short mark that distinguishes texts.
fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|b| format!("{b:02x}")).collect()
}

/// The messages within an hour to numbers of a range that no account has proven.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Traffic {
    range: String,
    sent: i64,
    /// The networks of the requesting clients.
    #[serde(default)]
    networks: BTreeSet<String>,
    /// The sendings whose code came back, each once, however often it is typed.
    #[serde(default)]
    came_back: BTreeSet<String>,
    until: Time,
    /// Until when the range is blocked.
    off_until: Option<Time>,
}

impl Traffic {
    fn key_of(range: &str) -> Key {
        Key::new(format!("SMS_RANGE#{range}"), "SMS_RANGE")
    }

    /// Returns the update for one more message within the hour, unless the range is blocked.
    fn go_on(range: &str, network: &str, now: Time) -> Update {
        let open = field("until").gt(now).and(on(now));
        Update::of(Self::key_of(range)).add("sent", 1).include("networks", network).when(open)
    }

    /// Returns the update for the first message of an hour, unless the range is blocked.
    fn begin(range: &str, network: &str, now: Time) -> Update {
        let until = now + HOUR;
        Update::upsert::<Self>(Self::key_of(range))
            .set("range", range)
            .set("sent", 1)
            .set_of("networks", network)
            .set("until", until)
            .remove("came_back")
            .remove("off_until")
            // Kept as long as the range can be blocked.
            .expires(until + RANGE.window)
            .when(Cond::Absent.or(field("until").le(now).and(on(now))))
    }
}

impl Item for Traffic {
    const KIND: &'static str = "sms_range";
    const ABOUT: About = About::at("SMS_RANGE#{range}", "SMS_RANGE", Personal::Nobody("counts, and short hashes of networks")).expires();
    fn key(&self) -> Key {
        Self::key_of(&self.range)
    }
}

/// What was counted for a message. It has to be passed to the commit of the transaction that requests the sending, or be given back.
#[derive(Debug, Default)]
#[must_use]
pub struct Permit {
    limits: Vec<Limit>,
    ranges: Vec<String>,
}

impl Permit {
    /// Counts a message against all of these limits, or none.
    ///
    /// # Errors
    /// The errors of [`limits::take_together`].
    pub async fn take(table: &Table, now: Time, limits: Vec<Limit>) -> Result<Self, LimitError> {
        limits::take_together(table, now, &limits).await?;
        Ok(Self { limits, ranges: Vec::new() })
    }

    fn to_range(range: &str) -> Self {
        Self { limits: Vec::new(), ranges: vec![range.to_owned()] }
    }

    /// This permit together with that of another message in the same transaction.
    pub fn and(mut self, more: Self) -> Self {
        self.limits.extend(more.limits);
        self.ranges.extend(more.ranges);
        self
    }

    /// Commits the transaction that requests the sending. If it was not made for sure, the counts are given back. Without an answer
    /// they stay, because the message may be sent.
    ///
    /// # Errors
    /// [`CommitError`]
    pub async fn commit(self, table: &Table, tx: Tx) -> Result<(), CommitError> {
        let committed = table.commit(tx).await;
        if committed.as_ref().is_err_and(CommitError::is_unmade) {
            self.give_back(table).await;
        }
        committed
    }

    /// Gives the counts back, if nothing is sent. Best effort.
    pub async fn give_back(self, table: &Table) {
        let ranges = join_all(self.ranges.iter().map(|range| uncount(table, range)));
        join!(limits::give_all_back(table, &self.limits), ranges);
    }
}

/// Gives back the counts of a message that could not be sent, except those of the client, which is not known here, and the guesses, because
/// the code may still be guessed at.
pub(crate) async fn give_back(table: &Table, challenge: &Challenge) {
    let to = challenge.contact();
    let limits = to_one(challenge.purpose, &to, challenge.user, challenge.share).into_iter().chain(by_account(challenge)).collect();
    let ranges = match &to {
        Contact::Phone(phone) if !challenge.proven => vec![phone.range().to_owned()],
        _ => Vec::new(),
    };
    Permit { limits, ranges }.give_back(table).await;
}

/// Records that a sending failed: it is not counted, and another one may be requested at once. Idempotent.
///
/// Must not be called for decoys for which nothing is sent, because it would show the client that the address or number has an account.
///
/// # Errors
/// [`StoreError`]
pub async fn note_unsent(table: &Table, now: Time, unsent: &Challenge) -> Result<(), StoreError> {
    if matches!((unsent.purpose, unsent.channel), (Purpose::PasswordReset, _) | (Purpose::ContactChange, Channel::Sms)) {
        return Ok(());
    }
    let first = field("sending").eq(unsent.sending).and(field("unsent").ne(unsent.sending));
    let note = Update::of(unsent.key()).set("resend_at", now).set("unsent", unsent.sending);
    if let Some(noted) = table.update(note.when(first)).await.unless_refused()? {
        give_back(table, &noted.decode()?).await;
    }
    Ok(())
}

/// Counts a code that came back, once per sending, if its range was counted. Best effort.
pub(crate) async fn came_back(table: &Table, challenge: &Challenge) {
    let Contact::Phone(phone) = challenge.contact() else { return };
    if challenge.proven {
        return;
    }
    let back = mark(&format!("{} {}", challenge.id, challenge.sending));
    note(table, Update::of(Traffic::key_of(phone.range())).include("came_back", &back).when(Cond::Exists)).await;
}

async fn uncount(table: &Table, range: &str) {
    // If a new hour has begun, there may be no count to give back.
    note(table, Update::of(Traffic::key_of(range)).add("sent", -1).when(field("sent").gt(0))).await;
}

async fn note(table: &Table, update: Update) {
    if let Err(e) = table.update(update).await.refused_is_fine() {
        tracing::warn!(error = %e, "the messages to a range could not be counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_judged_after_enough_messages_for_enough_networks() {
        for (sent, came_back, networks, expected) in [
            (0, 0, 0, false),
            (49, 0, 49, false),
            (50, 0, 19, false),
            (50, 0, 20, true),
            (50, 14, 20, true),
            (50, 15, 20, false),
            (200, 59, 20, true),
            (200, 60, 20, false),
            (99, 120, 99, false),
        ] {
            assert_eq!(suspicious(sent, came_back, networks), expected, "{came_back} of {sent} for {networks}");
        }
    }

    #[test]
    fn only_numbers_of_allowed_countries_are_accepted() {
        let read = |countries: &str| {
            let env: kernel::Env = [("SMS_COUNTRIES".to_owned(), countries.to_owned())].into_iter().collect();
            env.read(SendLimits::read)
        };
        let sending = read("GB,PL").unwrap();
        assert_eq!(sending.phone("07700 900001").unwrap().as_ref(), "+447700900001");
        assert_eq!(sending.phone("+48512345678").unwrap().country(), Country::of("PL"));
        assert_eq!(sending.phone("+14155550123").unwrap_err().code, "phone_country");
        assert_eq!(sending.phone("what").unwrap_err().code, "phone");
        for bad in ["", "GB,XX", "Poland"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
