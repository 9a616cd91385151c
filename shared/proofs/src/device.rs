//! Trusted devices, which skip the second step of a sign-in for thirty days.
//!
//! A device holds a secret of 256 bits, and the server stores its hash. Every use replaces the secret, so that after a use of a copy the
//! other one is refused. A trusted device proves nothing else.

use std::time::Duration;

use accounts::{
    identifier::Contact,
    user::{Status, User, notify_of, partition},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use events::Notice;
use kernel::{
    Client, Secret, Sys, Time,
    id::{DeviceId, UserId},
    opaque,
    secret::same,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, Cond, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field};

/// How long a device is trusted, regardless of use.
pub const TRUSTED: Duration = Duration::from_secs(30 * 24 * 3600);
/// The maximum number of trusted devices of an account. A new one replaces the least recently used one.
pub const MAX: usize = 10;

/// A trusted device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    /// The id of the device.
    pub id: DeviceId,
    /// The account.
    pub user: UserId,
    /// The `User-Agent`.
    pub user_agent: String,
    /// The IP address of the last use, as seen by the platform.
    pub address: Option<String>,
    /// City and country, if known.
    #[serde(default)]
    pub place: Option<String>,
    /// When it was trusted.
    pub created_at: Time,
    /// When it last skipped the second step, or was trusted.
    pub last_used_at: Time,
    /// [`User::credentials`] at that time.
    pub credentials: u32,
    /// The hash of the current secret.
    pub hash: String,
}

/// The token that a device stores.
#[derive(Clone, Debug)]
pub struct DeviceToken {
    /// The account.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    secret: Secret<[u8; 32]>,
}

impl DeviceToken {
    fn draw(sys: &Sys, user: UserId, device: DeviceId) -> Self {
        Self { user, device, secret: Secret::new(sys.bytes()) }
    }

    /// Parses a token. It is not verified yet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (user, device, secret) = opaque::read("dvc", text)?;
        Some(Self { user, device, secret: Secret::new(secret) })
    }

    /// Returns the token for the device.
    #[must_use]
    pub fn reveal(&self) -> String {
        opaque::write("dvc", &(self.user, self.device, *self.secret.expose()))
    }

    fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret.expose()))
    }
}

impl Device {
    /// Returns the key of a device.
    #[must_use]
    pub fn key_of(user: UserId, id: DeviceId) -> Key {
        Key::new(partition(user), format!("DEVICE#{id}"))
    }

    /// Returns when the trust ends.
    #[must_use]
    pub fn ends_at(&self) -> Time {
        self.created_at + TRUSTED
    }

    /// Returns whether this user still trusts the device.
    #[must_use]
    pub fn is_good(&self, user: &User, now: Time) -> bool {
        now < self.ends_at() && self.credentials == user.credentials
    }

    /// Returns whether this is the device's current token.
    #[must_use]
    pub fn holds(&self, token: &DeviceToken) -> bool {
        token.user == self.user && token.device == self.id && same(token.hash().as_bytes(), self.hash.as_bytes())
    }

    /// Adds its use to a transaction, and returns its next token. The slot is refused if it was used in the meantime.
    pub fn renew(&self, tx: &mut Tx, sys: &Sys, client: &Client) -> (DeviceToken, Slot) {
        let token = DeviceToken::draw(sys, self.user, self.id);
        let renewal = Update::of(self.key())
            .set("hash", token.hash())
            .set("last_used_at", sys.now())
            .set("user_agent", &client.user_agent)
            .set("address", client.address.map(|a| a.to_string()))
            .set("place", &client.place);
        (token, tx.update(renewal.when(field("hash").eq(&self.hash))))
    }
}

impl Item for Device {
    const KIND: &'static str = "device";
    const ABOUT: About =
        About::beside_user("DEVICE#{device}", Personal::Exported(&["id", "user_agent", "address", "place", "created_at", "last_used_at"]))
            .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user, self.id)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.ends_at())
    }
}

/// Adds a new trusted device to a transaction, beside `others`, with a notice to its owner.
pub fn trust(tx: &mut Tx, sys: &Sys, user: &User, client: &Client, mut others: Vec<Device>) -> (Device, DeviceToken) {
    others.sort_by_key(|d| std::cmp::Reverse(d.last_used_at));
    for surplus in others.iter().skip(MAX.saturating_sub(1)).take(50) {
        tx.delete(surplus.key());
    }
    let (now, id) = (sys.now(), sys.id());
    let token = DeviceToken::draw(sys, user.id, id);
    let device = Device {
        id,
        user: user.id,
        user_agent: client.user_agent.clone(),
        address: client.address.map(|a| a.to_string()),
        place: client.place.clone(),
        created_at: now,
        last_used_at: now,
        credentials: user.credentials,
        hash: token.hash(),
    };
    tx.create(&device);
    notify_of(tx, sys, user.id, Notice::DeviceTrusted, client);
    (device, token)
}

/// Returns all devices of an account, including those whose trust has ended and that are not deleted yet. Bounded by [`MAX`].
///
/// # Errors
/// [`StoreError`]
pub async fn list(table: &Table, user: UserId) -> Result<Vec<Device>, StoreError> {
    Ok(table.query::<Device>(Range::of(partition(user)).prefix("DEVICE#")).await?.items)
}

/// Adds the deletion of a device to a transaction. The slot is refused if it does not exist.
pub fn forget(tx: &mut Tx, user: UserId, device: DeviceId) -> Slot {
    tx.delete_when(Device::key_of(user, device), Cond::Exists)
}

/// Returns whether the owner of this address or number trusts the shown device. One request if a device is shown.
///
/// # Errors
/// [`StoreError`]
pub async fn is_trusted_by(table: &Table, now: Time, to: &Contact, shown: Option<&DeviceToken>) -> Result<bool, StoreError> {
    let Some(token) = shown else { return Ok(false) };
    let (person, device) = (User::key_of(token.user), Device::key_of(token.user, token.device));
    let mut found = table.get_many(vec![person.clone(), device.clone()]).await?;
    let user = found.take::<User>(&person)?.filter(|user| user.status == Status::Active);
    let device = found.take::<Device>(&device)?;
    Ok(user.zip(device).is_some_and(|(user, device)| {
        let theirs = user.contacts().iter().any(|contact| contact.key() == to.key());
        theirs && device.is_good(&user, now) && device.holds(token)
    }))
}

#[cfg(test)]
mod tests {
    use kernel::Locale;

    use super::*;
    use accounts::identifier::Username;

    #[test]
    fn a_device_is_trusted_for_thirty_days_and_until_the_credentials_change() {
        let sys = Sys::real();
        let mut user = User::new(sys.id(), Username::parse("anna").unwrap(), Locale::En, sys.now());
        let client = Client { address: None, user_agent: "test".to_owned(), place: None };
        let (device, token) = trust(&mut Tx::new(), &sys, &user, &client, Vec::new());
        let kept = DeviceToken::parse(&token.reveal()).unwrap();
        assert!(device.holds(&kept) && device.is_good(&user, sys.now()));
        assert!(!device.is_good(&user, device.created_at + TRUSTED));
        assert!(!device.holds(&DeviceToken { secret: Secret::new([0; 32]), ..kept.clone() }));
        assert!(!device.holds(&DeviceToken { user: sys.id(), ..kept }));
        user.credentials += 1;
        assert!(!device.is_good(&user, sys.now()));
    }
}
