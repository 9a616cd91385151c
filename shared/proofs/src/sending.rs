//! How much may be sent, and to whom.
//!
//! Anybody can have a code sent to any number, and whoever owns numbers can be paid for each message that reaches them. So
//! whatever is sent is counted first: for its destination, for the client's network as the gateway saw it, for the account that
//! asks, and text messages for everybody together. What is refused uses nothing up, nor does what could not be sent; if the
//! counters do not work, nothing is sent.
//!
//! None of this may be turned against the people it protects. Counts are given back one after the other, so that nobody waits
//! longer than an hour. Clients that an account knows ([`accounts::known`]) have a share of their own. The last message that may go
//! to a destination is kept for clients that have had none there. From the fourth on a stranger works first, and the more text messages
//! go out the more. A part of the text messages is reserved for numbers that an account has proven, and a range of numbers
//! from which few codes come back is closed only for numbers that none has.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use accounts::{
    identifier::{Contact, Phone, has_phones},
    known::KnownNetwork,
};
use function::Figures;
use futures_util::{future::join_all, join};
use http::HeaderMap;
use kernel::{Client, FieldError, Problem, Sys, Time, env::Reader, id::UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    About, Batch, CommitError, Cond, Conditional as _, Item, Key, Personal, StoreError, Table, Tx, Update, WriteError, field,
    limits::{self, DAY, HOUR, Limit, LimitError, Reached},
};

use crate::{
    challenge::{Challenge, GUESSES, Purpose},
    device, factor,
    gate::{self, Gate},
    signed_in,
};

/// Text messages that one client may have sent at once, whatever for,
const TEXTS_MAX: u32 = 10;
/// and then one every so long: forty in a first day.
const TEXTS_REFILL: Duration = Duration::from_secs(2880);
/// Text messages to all clients of a neighbourhood at once,
const NEIGHBOURHOOD_MAX: u32 = 100;
/// and then one every so long: a hundred an hour.
const NEIGHBOURHOOD_REFILL: Duration = Duration::from_secs(36);
/// Mails that one client may have sent at once: many people may be behind its address,
const MAILS_MAX: u32 = 60;
/// and then one every so long: two hundred in a first day.
const MAILS_REFILL: Duration = Duration::from_secs(617);
/// Mails and text messages that one person may have sent at once, to whomever,
const ASKED_MAX: u32 = 15;
/// and then one every so long: forty in a first day.
const ASKED_REFILL: Duration = Duration::from_secs(3456);
/// Messages to one destination at once; then one an hour. The last one is kept for a client that has had none there today.
const DESTINATION_MAX: u32 = 6;
/// Links to reset a password, to one address at once, likewise.
const RESETS_MAX: u32 = 4;
/// With so many messages to a destination not given back yet, a stranger works before the next one.
const FREE_OF_WORK: u32 = 3;
/// So many messages must have gone to a range before it is judged,
const ENOUGH: i64 = 50;
/// asked for by clients in so many networks,
const ENOUGH_NETWORKS: usize = 20;
/// and so many in a hundred codes must have come back then.
const GOOD_PERCENT: i64 = 30;
/// How often counting a message to a range is tried.
const ROUNDS: usize = 4;

/// Whose share of what may be sent to a destination something is counted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// That of everybody.
    #[default]
    Strangers,
    /// That of the clients that the account knows.
    Known,
}

/// What may be sent to one address or number: a few messages at once, then one an hour. Nothing is counted for what its caller
/// spaces out itself.
///
/// What anybody can have sent there is counted apart from what only its owner is sent: strangers must neither keep the owner's
/// codes away nor learn of them from what is refused. A member who wants to have the address or number is counted by themselves.
fn to_one(purpose: Purpose, to: &Contact, user: Option<UserId>, share: Share) -> Option<Limit> {
    let (names, max) = match purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup => (["code_destination", "code_known"], DESTINATION_MAX),
        Purpose::Registration | Purpose::Activation | Purpose::PhoneLogin => (["asked_destination", "asked_known"], DESTINATION_MAX),
        Purpose::ContactChange => (["change_destination", "change_known"], DESTINATION_MAX),
        Purpose::PasswordReset => (["reset_destination", "reset_known"], RESETS_MAX),
        // One for each time that it is scheduled.
        Purpose::DeletionCancel => return None,
    };
    let [strangers, known] = names;
    let name = if share == Share::Known { known } else { strangers };
    let subject = match (purpose, user) {
        (Purpose::ContactChange, Some(user)) => format!("{user} {}", to.mailbox_key()),
        _ => to.mailbox_key(),
    };
    Some(Limit::refilling(name, subject, max, HOUR))
}

/// What may be sent for whoever is signed in, or about to be.
fn by_account(challenge: &Challenge) -> Option<Limit> {
    let asker = match challenge.purpose {
        Purpose::SecondFactor | Purpose::StepUp | Purpose::FactorSetup | Purpose::ContactChange => challenge.user,
        // Whoever asks is nobody yet, whomever it is about.
        Purpose::Registration | Purpose::Activation | Purpose::PhoneLogin | Purpose::PasswordReset | Purpose::DeletionCancel => None,
    };
    asker.map(|user| Limit::refilling("sent_account", user, ASKED_MAX, ASKED_REFILL))
}

/// Anybody who asks for something to be sent, to an address or number that need not be theirs.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Where they ask from.
    pub client: &'a Client,
    /// May show a trusted device, and work.
    pub headers: &'a HeaderMap,
    /// Judges the work.
    pub gate: &'a Gate,
}

/// A request to send something, before anything is counted for it.
#[derive(Debug)]
pub struct Request {
    to: Contact,
    known: Key,
    /// Of strangers, and of clients that the account knows.
    destinations: Option<[Limit; 2]>,
    pair: Limit,
    /// Whether strangers work for it.
    work: bool,
}

/// Whose share a request counts for, and what it is counted for there.
#[derive(Debug)]
pub struct Admitted {
    share: Share,
    limits: Vec<Limit>,
    work: bool,
}

impl Request {
    /// Of anybody, who need not be whose address or number it is.
    #[must_use]
    pub fn of_anybody(purpose: Purpose, to: &Contact, client: &Client) -> Self {
        Self { work: true, ..Self::of_member(purpose, to, None, client) }
    }

    /// Of whoever is signed in, or has proven something already.
    #[must_use]
    pub fn of_member(purpose: Purpose, to: &Contact, user: Option<UserId>, client: &Client) -> Self {
        let [strangers, known] = [Share::Strangers, Share::Known].map(|share| to_one(purpose, to, user, share));
        Self {
            to: to.clone(),
            known: KnownNetwork::key_of(to, client),
            destinations: strangers.zip(known).map(|(strangers, known)| [strangers, known]),
            // Counted, and never reached.
            pair: Limit::new("destination_client", format!("{} {} {}", purpose.name(), to.mailbox_key(), client.network()), u32::MAX, DAY),
            work: false,
        }
    }

    /// What to read with other things.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.destinations.iter().flatten().map(Limit::key).chain([self.known.clone(), self.pair.key()])
    }

    /// Finds out whose share it counts for, judges that, and has strangers work. What is refused counts nowhere. `pressure` is how
    /// much of what may go out by text message is used up, from 0 to 4; for mails it is 0. One request, if a device is shown.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`](kernel::Kind::TooManyRequests) or [`Kind::ProofOfWorkRequired`](kernel::Kind::ProofOfWorkRequired)
    pub async fn admit(self, table: &Table, now: Time, found: &mut Batch, asker: Asker<'_>, pressure: u32) -> Result<Admitted, Problem> {
        let (to, shown) = (self.to.clone(), signed_in::device(asker.headers, None));
        let trusted = device::is_trusted_by(table, now, &to, shown.as_ref()).await?;
        let admitted = self.read(found, now, trusted)?;
        if admitted.work || (admitted.share == Share::Strangers && pressure > 0) {
            let difficulty = gate::DIFFICULTY.saturating_add(pressure.saturating_sub(1));
            asker.gate.demand(now, asker.client, asker.headers, &to.key(), difficulty)?;
        }
        Ok(admitted)
    }

    /// Finds out whose share it counts for, and judges that. `trusted` says that a device was shown which the account trusts.
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

/// Counts a mail or text message against these limits, and its code among the day's guesses. Where it does not fit there any more
/// the code is a long one, which does not count. One transaction; two where others were faster.
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
            Err(LimitError::Reached(reached)) if reached.name == GUESSES => challenge.long = true,
            taken => {
                challenge.booked = challenge.rules().tries;
                return taken;
            }
        }
    }
    Permit::take(table, now, limits).await
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

    /// The counters that all text messages share: to read with other things before [`Sending::pressure`].
    pub fn keys(&self) -> [Key; 2] {
        self.shares().map(|limit| limit.key())
    }

    /// How much of what may go out by text message is used up, in quarters: 0 to 4.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn pressure(&self, found: &mut Batch, now: Time) -> Result<u32, StoreError> {
        let mut most = 0;
        for limit in self.shares() {
            let limit = limit.read(found, now)?;
            most = limit.used(now).saturating_mul(4).div_euclid(limit.max.max(1)).min(4).max(most);
        }
        Ok(most)
    }

    /// What goes out to whatever number, and what is reserved for numbers that an account has proven: two fifths of the day's
    /// messages. A quarter of each may go out at once, and the rest is released evenly over a day, so that no day has more than its
    /// number.
    fn shares(&self) -> [Limit; 2] {
        let reserved = self.daily_max.saturating_mul(2).div_euclid(5);
        let share = |name, daily: u32| {
            let at_once = daily.div_euclid(4).max(1);
            let interval = DAY.checked_div(daily.saturating_sub(at_once)).unwrap_or(DAY);
            Limit::refilling(name, "", at_once, interval).frequent()
        };
        [share("texts_anybody", self.daily_max.saturating_sub(reserved)), share("texts_accounts", reserved)]
    }

    /// Counts one code or link that is about to be sent, if it may be: against all limits or none.
    ///
    /// One transaction: the destination, what the client has had sent there, the account that asks, the client, the day's guesses; for
    /// a text message also the client's neighbourhood. At once with it the range of a number that no account has proven; and after
    /// both the counter that all text messages share, so that nobody who is refused uses it up.
    ///
    /// # Errors
    /// [`Kind::Invalid`] at `/phone` for a country that nothing is sent to, [`Kind::TooManyRequests`], or [`Kind::Unavailable`]
    /// where no more text messages may go out now or the counters do not work.
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
        let by_range = async { if proven { Ok(Permit::default()) } else { self.count(table, now, range, client).await } };
        let permit = match join!(take(table, now, challenge, admitted, more), by_range) {
            (Ok(permit), Ok(range)) => permit.and(range),
            (Ok(permit), Err(e)) | (Err(e), Ok(permit)) => {
                permit.give_back(table).await;
                return Err(e.into());
            }
            (Err(e), Err(_)) => return Err(e.into()),
        };
        self.among_all(table, now, permit, proven).await
    }

    /// Counts a text message that tells the owner of a number something, if it may be sent: ten at once, then one an hour. The number
    /// was proven, and nothing is to come back from it. Nor does it count among what anybody can have sent there, who could otherwise
    /// keep the owner from being told.
    ///
    /// A counter, then the one that all share.
    ///
    /// # Errors
    /// As [`Sending::permit`].
    pub async fn notice(&self, table: &Table, now: Time, to: &Phone) -> Result<Permit, Problem> {
        let limit = Limit::refilling("notice", to, 10, HOUR);
        let permit = Permit::take(table, now, vec![limit]).await?;
        self.among_all(table, now, permit, true).await
    }

    /// Counts a text message that everything else allows among those of everybody. One to a proven number takes from what is reserved
    /// for these, and where that is used up from the rest.
    async fn among_all(&self, table: &Table, now: Time, mut permit: Permit, proven: bool) -> Result<Permit, Problem> {
        let [anybody, accounts] = self.shares();
        let mut reached = None;
        for share in [Some(accounts).filter(|_| proven), Some(anybody)].into_iter().flatten() {
            match limits::take(table, now, std::slice::from_ref(&share)).await {
                Ok(()) => {
                    permit.limits.push(share);
                    return Ok(permit);
                }
                Err(e) => reached = Some(e),
            }
        }
        permit.give_back(table).await;
        Err(reached.map_or_else(|| Problem::internal("there is no share of text messages"), |e| self.stop(table, e)))
    }

    /// Adds the sending of a code to a transaction, unless the one that was sent before to the same flow can still be typed, or
    /// it is refused, which adds nothing. What is returned is the one that counts, and what was counted for it if it is a new one.
    ///
    /// A read of the one before with the counters, and what [`Sending::permit`] takes.
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

    /// Sends a code once more that was sent to whoever is signed in, or has proven something already; the one before dies.
    ///
    /// The one before with the counters, what [`Sending::permit`] takes, one transaction.
    ///
    /// # Errors
    /// [`Kind::NotFound`](kernel::Kind::NotFound) if there is none, else as [`Sending::code`].
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

    /// What was sent before under the same id, and whether more may be; notes if only a long code may.
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

    /// What a caller is told when no more text messages may go out now, which operators must know.
    fn stop(&self, table: &Table, e: LimitError) -> Problem {
        match e {
            LimitError::Reached(reached) => {
                tracing::warn!(limit = reached.name, daily_max = self.daily_max, "no more text messages go out now");
                self.figures.report_of("TableName", table.name(), &[("Misuse", 1)]);
                let wait = reached.wait;
                Problem::unavailable(reached).retry_after(wait)
            }
            LimitError::Store(e) => e.into(),
        }
    }

    /// Counts a message to a range of numbers, for a number that no account has proven, and judges the range by how many codes came
    /// back. One update; two where it opens or closes.
    async fn count(&self, table: &Table, now: Time, range: &str, client: &Client) -> Result<Permit, LimitError> {
        let network = mark(&client.network());
        let mut next = Traffic::go_on(range, &network, now);
        // A refusal shows what stands there. More rounds than two are needed only where an hour ends meanwhile.
        for _ in 0..ROUNDS {
            let seen = match table.update(next).await {
                Ok(row) => return self.judge(table, now, &row.decode()?).await.map(|()| Permit::to_range(range)),
                Err(WriteError::Refused(row)) => row.map(store::Row::decode::<Traffic>).transpose()?,
                Err(WriteError::Store(e)) => return Err(e.into()),
            };
            if let Some(off) = seen.as_ref().and_then(|traffic| traffic.off_until).filter(|off| *off > now) {
                return Err(closed(off, now));
            }
            next = match seen {
                Some(traffic) if traffic.until > now => Traffic::go_on(range, &network, now),
                _ => Traffic::begin(range, &network, now),
            };
        }
        Err(closed(now + HOUR, now))
    }

    /// Leaves the range alone for an hour if too few of its codes have come back.
    async fn judge(&self, table: &Table, now: Time, traffic: &Traffic) -> Result<(), LimitError> {
        if !suspicious(traffic.sent.saturating_sub(1), traffic.came_back.len(), traffic.networks.len()) {
            return Ok(());
        }
        let until = now + HOUR;
        let close = Update::of(traffic.key()).add("sent", -1).set("off_until", until).when(field("until").eq(traffic.until)).when(on(now));
        // Refused: somebody else closed it.
        if table.update(close).await.applied()? {
            let Traffic { range, sent, came_back, .. } = traffic;
            let came_back = came_back.len();
            tracing::warn!(range, sent, came_back, "few codes come back: no text messages to unproven numbers of this range for an hour");
            self.figures.report_of("TableName", table.name(), &[("Misuse", 1)]);
        }
        Err(closed(until, now))
    }
}

/// What one client may cause, of text messages also together with its neighbours.
fn by_client(client: &Client, to: &Contact) -> Vec<Limit> {
    match to {
        Contact::Email(_) => vec![Limit::refilling("mail_client", client.network(), MAILS_MAX, MAILS_REFILL)],
        Contact::Phone(_) => vec![
            Limit::refilling("sms_client", client.network(), TEXTS_MAX, TEXTS_REFILL),
            Limit::refilling("sms_neighbourhood", client.neighbourhood(), NEIGHBOURHOOD_MAX, NEIGHBOURHOOD_REFILL),
        ],
    }
}

/// Whether the codes that were sent to a range were hardly meant to be read.
fn suspicious(sent: i64, came_back: usize, networks: usize) -> bool {
    let came_back = i64::try_from(came_back).unwrap_or(i64::MAX);
    sent >= ENOUGH && networks >= ENOUGH_NETWORKS && came_back.saturating_mul(100) < sent.saturating_mul(GOOD_PERCENT)
}

/// Text messages go to the range now.
fn on(now: Time) -> Cond {
    field("off_until").absent().or(field("off_until").le(now))
}

fn closed(until: Time, now: Time) -> LimitError {
    Reached { name: "sms_range", wait: until.since(now), max: 1, window: HOUR }.into()
}

/// A few characters that tell one text from another.
fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|b| format!("{b:02x}")).collect()
}

/// What went to numbers of a range, within an hour, that no account has proven.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Traffic {
    range: String,
    sent: i64,
    /// The networks of the clients that had it sent.
    #[serde(default)]
    networks: BTreeSet<String>,
    /// The sendings whose code came back: each once, whoever types it how often.
    #[serde(default)]
    came_back: BTreeSet<String>,
    until: Time,
    /// Before this nothing is sent there.
    off_until: Option<Time>,
}

impl Traffic {
    fn key_of(range: &str) -> Key {
        Key::new(format!("SMS_RANGE#{range}"), "SMS_RANGE")
    }

    /// One more message within the hour, unless the range is off.
    fn go_on(range: &str, network: &str, now: Time) -> Update {
        let open = field("until").gt(now).and(on(now));
        Update::of(Self::key_of(range)).add("sent", 1).include("networks", network).when(open)
    }

    /// The first message of an hour, unless the range is off.
    fn begin(range: &str, network: &str, now: Time) -> Update {
        let until = now + HOUR;
        Update::upsert::<Self>(Self::key_of(range))
            .set("range", range)
            .set("sent", 1)
            .set_of("networks", network)
            .set("until", until)
            .remove("came_back")
            .remove("off_until")
            // As long as it may be off.
            .expires(until + HOUR)
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

    /// Takes it back where nothing is sent after all. Best effort.
    pub async fn give_back(self, table: &Table) {
        let ranges = join_all(self.ranges.iter().map(|range| uncount(table, range)));
        join!(limits::give_all_back(table, &self.limits), ranges);
    }
}

/// Takes back what was counted for a sending that failed, but for what was counted for the client, whoever that was, and for the
/// guesses, which its code still allows.
pub(crate) async fn give_back(table: &Table, challenge: &Challenge) {
    let to = challenge.contact();
    let limits = to_one(challenge.purpose, &to, challenge.user, challenge.share).into_iter().chain(by_account(challenge)).collect();
    let ranges = match &to {
        Contact::Phone(phone) if !challenge.proven => vec![phone.range().to_owned()],
        _ => Vec::new(),
    };
    Permit { limits, ranges }.give_back(table).await;
}

/// Counts a code that came back. Once for each that was sent, and only where its range was counted. Best effort.
pub(crate) async fn came_back(table: &Table, challenge: &Challenge) {
    let Contact::Phone(phone) = challenge.contact() else { return };
    if challenge.proven {
        return;
    }
    let back = mark(&format!("{} {}", challenge.id, challenge.sending));
    note(table, Update::of(Traffic::key_of(phone.range())).include("came_back", &back).when(Cond::Exists)).await;
}

async fn uncount(table: &Table, range: &str) {
    // Where an hour has ended meanwhile there may be nothing to take back.
    note(table, Update::of(Traffic::key_of(range)).add("sent", -1).when(field("sent").gt(0))).await;
}

async fn note(table: &Table, update: Update) {
    if let Err(e) = table.update(update).await.refused_is_fine() {
        tracing::warn!(error = %e, "the traffic of a range could not be counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_judged_once_enough_went_there_for_enough_networks() {
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
