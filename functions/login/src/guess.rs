//! What an attempt to sign in with a password is judged by, and what it is counted for.
//!
//! What a caller is told depends on what they typed and on where they are, never on whose the name is: a name that nobody has
//! is limited like any other. The account that a name leads to is limited as well, by whichever of its names, and nobody is told
//! of that: what is beyond is answered as a wrong password is. So five guesses at a username tell nothing about an address, and
//! two names are no more guesses than one.
//!
//! A device that the account trusts is judged by itself alone: what others guess, at the account or from the same network, does
//! not keep it out, and whoever has stolen it cannot guess without end.

use std::time::Duration;

use accounts::{
    gate,
    guesses::{DIFFERENT_FREE, at_account, of_client, of_client_different, of_client_in_a_day},
};
use futures_util::join;
use kernel::{Time, id::DeviceId};
use store::{
    Batch, Key, StoreError, Table, Tx,
    limits::{self, DAY, HOUR, Limit, LimitError, Reached},
};
use web::Client;

/// Failures after which there is a pause,
const FAILURES: u32 = 5;
/// and how long it is.
const PAUSE: Duration = Duration::from_secs(300);
/// Failures at one name from anywhere, within a quarter of an hour, after which strangers work.
const EVERYWHERE: u32 = 100;
/// Right passwords of one account within an hour, from one client: each costs a hash and a session.
const RIGHT: u32 = 60;

/// An attempt.
pub struct Guess {
    /// Attempts at this name from here, or of this device. A success forgets them.
    own: Limit,
    /// Attempts of the client. A success is given back.
    client: Option<Limit>,
    /// What only failures count for.
    failures: Vec<Limit>,
    /// Where only failures count that are different.
    different: Option<Limit>,
    /// Attempts at the account from here, which nobody is told of.
    account: Option<Limit>,
    /// Failures at the name from anywhere, beyond which strangers work.
    everywhere: Option<Limit>,
    /// Right passwords, which cost as much as wrong ones.
    right: Limit,
}

impl Guess {
    /// An attempt of one client at a name. `account` is whose the name is, or the name again where it is nobody's: as much is
    /// counted for it.
    pub fn stranger(client: &Client, name: &str, account: &str) -> Self {
        let attempts = |limit, whose: &str| Limit::new(limit, format!("{whose} {}", client.network()), FAILURES, PAUSE).pausing();
        Self {
            own: attempts("login_name", name),
            client: Some(of_client(client)),
            failures: vec![of_client_in_a_day(client)],
            different: Some(of_client_different(client)),
            account: Some(at_account(account, &client.network())),
            right: Limit::new("sign_ins", format!("{account} {}", client.network()), RIGHT, HOUR),
            everywhere: Some(Limit::new("login_everywhere", name, EVERYWHERE, Duration::from_secs(900)).frequent()),
        }
    }

    /// An attempt of a device that the account trusts.
    pub fn device(device: DeviceId) -> Self {
        Self {
            own: Limit::new("login_device", device, FAILURES, PAUSE).pausing(),
            client: None,
            failures: vec![Limit::new("login_device_day", device, 100, DAY).frequent().blocking(HOUR)],
            different: None,
            account: None,
            everywhere: None,
            right: Limit::new("sign_ins", device, RIGHT, HOUR),
        }
    }

    /// What its caller is told of.
    fn told(&self) -> impl Iterator<Item = &Limit> {
        [&self.own, &self.right].into_iter().chain(&self.client).chain(&self.failures).chain(&self.different)
    }

    /// What to read with other things.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.told().chain(&self.account).chain(&self.everywhere).map(Limit::key)
    }

    /// The same with its counters as they were read.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]
    pub fn read(self, found: &mut Batch, now: Time) -> Result<Self, StoreError> {
        let mut read = |limit: Limit| limit.read(found, now);
        Ok(Self {
            own: read(self.own)?,
            client: self.client.map(&mut read).transpose()?,
            failures: self.failures.into_iter().map(&mut read).collect::<Result<_, _>>()?,
            different: self.different.map(&mut read).transpose()?,
            account: self.account.map(&mut read).transpose()?,
            everywhere: self.everywhere.map(&mut read).transpose()?,
            right: read(self.right)?,
        })
    }

    /// Whether a stranger works before it, by the counters as they were read: after very many failures at the name from anywhere, or
    /// many different ones of the client. Whoever has the right password is kept out by neither.
    #[must_use]
    pub fn takes_work(&self) -> bool {
        let everywhere = self.everywhere.as_ref().is_some_and(|limit| limit.hits() >= i64::from(EVERYWHERE));
        everywhere || self.different.as_ref().is_some_and(|limit| limit.hits() >= i64::from(DIFFERENT_FREE))
    }

    /// Judges it by what is told, and counts nothing: what is refused uses nothing up and makes no pause longer.
    ///
    /// # Errors
    /// [`Reached`]
    pub fn judge(&self, now: Time) -> Result<(), Reached> {
        limits::judge(now, self.told())
    }

    /// Counts it before the password is compared, and says whether it may be: an account that is guessed at too often by another
    /// of its names is not.
    ///
    /// # Errors
    /// [`LimitError`], where others were faster or a counter does not work. Then nothing is counted.
    pub async fn take(&self, table: &Table, now: Time) -> Result<bool, LimitError> {
        let told: Vec<Limit> = [&self.own].into_iter().chain(&self.client).cloned().collect();
        let silent: Vec<Limit> = self.account.iter().cloned().collect();
        let (by_told, by_silent) = join!(limits::take_together(table, now, &told), limits::take(table, now, &silent));
        if by_told.is_err() && by_silent.is_ok() {
            limits::give_all_back(table, &silent).await;
        }
        if by_told.is_ok() && matches!(by_silent, Err(LimitError::Store(_))) {
            limits::give_all_back(table, &told).await;
        }
        by_told?;
        match by_silent {
            Ok(()) => Ok(true),
            Err(LimitError::Reached(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Counts that it was wrong; `mark` tells it from others of the client.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn failed(self, table: &Table, now: Time, client: &Client, mark: &str) -> Result<(), StoreError> {
        let failures: Vec<Limit> = self.failures.into_iter().chain(self.everywhere).collect();
        let different = async {
            match &self.different {
                Some(limit) => limits::note_different(table, now, limit, mark).await,
                None => Ok(()),
            }
        };
        let (counted, different, ()) = join!(limits::note(table, now, &failures), different, gate::failed(table, now, client));
        counted.and(different)
    }

    /// Adds to a transaction that it was right: the attempts before it are forgotten, and it counts among the right ones.
    pub fn forget(&self, tx: &mut Tx, now: Time) {
        self.right.count_in(tx, now);
        tx.delete(self.own.key());
        if let Some(attempts) = &self.account {
            tx.delete(attempts.key());
        }
    }

    /// Gives back what the client alone has, apart from the transaction: many people behind one address would collide in it.
    pub async fn give_back(&self, table: &Table) {
        limits::give_all_back(table, &self.client).await;
    }
}
