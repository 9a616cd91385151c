//! The limits on attempts to sign in with a password, and their counters.
//!
//! The answer depends on the typed name and on the client's address, never on whether the name has an account: an unknown name is
//! limited like any other. A second limit counts all names of an account together (username and e-mail address). Attempts beyond this
//! limit are answered like wrong passwords. So five guesses at a username do not reveal which address belongs to it, and an account with
//! two names allows no more guesses than one with a single name.
//!
//! A device that the account trusts has its own limits: guesses of others, at the account or from the same network, do not lock
//! it out, and somebody who has stolen it cannot guess without limit.

use futures_util::join;
use kernel::{Client, Time, id::DeviceId};
use proofs::{
    gate,
    guesses::{DIFFERENT_FREE, PasswordCooldown, at_account, of_client, of_client_different, of_client_in_a_day},
};
use store::{
    Batch, Key, StoreError, Table, Tx,
    limits::{self, DAY, HOUR, Limit, LimitError, MINUTE, Quota, Reached},
};

/// Failures of one client at one name.
pub const AT_NAME: Quota = PasswordCooldown::DEFAULT.quota("login_name", "failures of a client for one name");
/// Failures of a device that the account trusts.
pub const OF_DEVICE: Quota = PasswordCooldown::DEFAULT.quota("login_device", "failures of a trusted device");
/// All failures of such a device in a day.
pub const OF_DEVICE_DAY: Quota =
    Quota::window("login_device_day", 100, DAY, "failures of a trusted device, which then waits for an hour").frequent().blocking(HOUR);
/// Failures at one name from all clients, after which clients without a trusted device need a proof of work.
const EVERYWHERE: Quota = Quota::window("login_everywhere", 100, MINUTE.saturating_mul(15), "failures at one name").frequent();
/// The limit on correct passwords, because each costs a hash and a session.
pub const RIGHT_PASSWORDS: Quota = Quota::window("sign_ins", 60, HOUR, "successful password checks of an account from one client");

/// An attempt to sign in with a password, with the limits that count it.
pub struct Guess {
    /// Attempts at this name from this client, or of this device. A success resets them.
    own: Limit,
    /// Attempts of the client. A successful one is subtracted again.
    client: Option<Limit>,
    /// Counters of failures only.
    failures: Vec<Limit>,
    /// How many different wrong passwords the client has tried.
    different: Option<Limit>,
    /// Attempts at the account from this client, a limit without a visible effect.
    account: Option<Limit>,
    /// Failures at the name from all clients, after which clients without a trusted device need a proof of work.
    everywhere: Option<Limit>,
    /// Correct passwords, which cost as much work as wrong ones.
    right: Limit,
}

impl Guess {
    /// Returns an attempt from a client without a trusted device. `account` is the account of the name, or the name again if there is none,
    /// so that the same number of counters is used.
    pub fn untrusted(cooldown: PasswordCooldown, client: &Client, name: &str, account: &str) -> Self {
        Self {
            own: cooldown.of(AT_NAME).of(format!("{name} {}", client.network())),
            client: Some(of_client(client)),
            failures: vec![of_client_in_a_day(client)],
            different: Some(of_client_different(client)),
            account: Some(at_account(cooldown, account, &client.network())),
            right: RIGHT_PASSWORDS.of(format!("{account} {}", client.network())),
            everywhere: Some(EVERYWHERE.of(name)),
        }
    }

    /// Returns an attempt of a device that the account trusts.
    pub fn trusted(cooldown: PasswordCooldown, device: DeviceId) -> Self {
        Self {
            own: cooldown.of(OF_DEVICE).of(device),
            client: None,
            failures: vec![OF_DEVICE_DAY.of(device)],
            different: None,
            account: None,
            everywhere: None,
            right: RIGHT_PASSWORDS.of(device),
        }
    }

    /// Returns the limits whose refusal the caller sees.
    fn visible_limits(&self) -> impl Iterator<Item = &Limit> {
        [&self.own, &self.right].into_iter().chain(&self.client).chain(&self.failures).chain(&self.different)
    }

    /// Returns the keys of the counters, to be read in one batch with other items.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.visible_limits().chain(&self.account).chain(&self.everywhere).map(Limit::key)
    }

    /// Returns the same attempt with its counters as they were read.
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

    /// Returns whether a client without a trusted device must first send a proof of work: after many failures at the name from all clients,
    /// or many different wrong passwords of the client. Uses the counters as they were read. With the proof a correct password is accepted.
    #[must_use]
    pub fn needs_proof_of_work(&self) -> bool {
        let everywhere = self.everywhere.as_ref().is_some_and(|limit| limit.hits() >= i64::from(EVERYWHERE.max));
        everywhere || self.different.as_ref().is_some_and(|limit| limit.hits() >= i64::from(DIFFERENT_FREE))
    }

    /// Checks the visible limits without counting: a refused attempt is not counted and does not prolong a pause.
    ///
    /// # Errors
    /// [`Reached`]
    pub fn judge(&self, now: Time) -> Result<(), Reached> {
        limits::judge(now, self.visible_limits())
    }

    /// Counts the attempt before the password is compared, and returns whether it may be compared: not if the account has had
    /// too many guesses by another of its names.
    ///
    /// # Errors
    /// [`LimitError`] if concurrent attempts reached a limit first or a counter is unavailable. Then nothing is counted.
    pub async fn take(&self, table: &Table, now: Time) -> Result<bool, LimitError> {
        let visible: Vec<Limit> = [&self.own].into_iter().chain(&self.client).cloned().collect();
        let silent: Vec<Limit> = self.account.iter().cloned().collect();
        let (by_visible, by_silent) = join!(limits::take_together(table, now, &visible), limits::take(table, now, &silent));
        if by_visible.is_err() && by_silent.is_ok() {
            limits::give_all_back(table, &silent).await;
        }
        if by_visible.is_ok() && matches!(by_silent, Err(LimitError::Store(_))) {
            limits::give_all_back(table, &visible).await;
        }
        by_visible?;
        match by_silent {
            Ok(()) => Ok(true),
            Err(LimitError::Reached(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Counts a failure. `mark` identifies equal failures of the client.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_failure(self, table: &Table, now: Time, client: &Client, mark: &str) -> Result<(), StoreError> {
        let failures: Vec<Limit> = self.failures.into_iter().chain(self.everywhere).collect();
        let different = async {
            match &self.different {
                Some(limit) => limits::record_different(table, now, limit, mark).await,
                None => Ok(()),
            }
        };
        let (counted, different, ()) = join!(limits::record(table, now, &failures), different, gate::failed(table, now, client));
        counted.and(different)
    }

    /// Adds the success to a transaction: resets the failed attempts and counts a correct password.
    pub fn add_success(&self, tx: &mut Tx, now: Time) {
        self.right.count_in(tx, now);
        tx.delete(self.own.key());
        if let Some(attempts) = &self.account {
            tx.delete(attempts.key());
        }
    }

    /// Subtracts the attempt from the client's counter, outside of the transaction: many people behind one address would
    /// conflict in it.
    pub async fn give_back(&self, table: &Table) {
        limits::give_all_back(table, &self.client).await;
    }
}
