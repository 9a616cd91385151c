//! The item with a person's choices.

use accounts::{
    Resource,
    user::{Status, User, partition},
};
use kernel::{Kind, Problem, id::UserId};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Item, Key, Personal, Row, Table, Tx, field};

use crate::{Category, Channel, Offer, QuietHours};

/// Attempts to make a change against concurrent changes.
const TRIES: usize = 8;

/// The channels of a category as a person has chosen them. `None` means the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// The inbox in the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_app: Option<bool>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<bool>,
    /// Text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<bool>,
}

impl Switches {
    const fn of(self, channel: Channel) -> Option<bool> {
        match channel {
            Channel::InApp => self.in_app,
            Channel::Mail => self.mail,
            Channel::Sms => self.sms,
        }
    }

    /// Returns the switch of a channel.
    pub const fn switch(&mut self, channel: Channel) -> &mut Option<bool> {
        match channel {
            Channel::InApp => &mut self.in_app,
            Channel::Mail => &mut self.mail,
            Channel::Sms => &mut self.sms,
        }
    }
}

/// A person's choices about notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The person.
    pub user: UserId,
    #[serde(default)]
    direct: Switches,
    #[serde(default)]
    mention: Switches,
    #[serde(default)]
    group: Switches,
    #[serde(default)]
    support: Switches,
    #[serde(default)]
    friends: Switches,
    #[serde(default)]
    orders: Switches,
    #[serde(default)]
    security: Switches,
    /// The quiet hours, if the person has set them.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Increased by every change.
    version: u64,
}

impl Settings {
    /// Returns the key of a person's settings.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "NOTIFICATION_SETTINGS")
    }

    /// Returns the settings of a person without choices.
    #[must_use]
    pub fn of_default(user: UserId) -> Self {
        let all = Switches::default();
        let (direct, mention, group, support, friends, orders, security) = (all, all, all, all, all, all, all);
        Self { user, direct, mention, group, support, friends, orders, security, quiet_hours: None, version: 0 }
    }

    const fn switches(&self, category: Category) -> Switches {
        match category {
            Category::Direct => self.direct,
            Category::Mention => self.mention,
            Category::Group => self.group,
            Category::Support => self.support,
            Category::Friends => self.friends,
            Category::Orders => self.orders,
            Category::Security => self.security,
        }
    }

    const fn switches_mut(&mut self, category: Category) -> &mut Switches {
        match category {
            Category::Direct => &mut self.direct,
            Category::Mention => &mut self.mention,
            Category::Group => &mut self.group,
            Category::Support => &mut self.support,
            Category::Friends => &mut self.friends,
            Category::Orders => &mut self.orders,
            Category::Security => &mut self.security,
        }
    }

    /// Returns whether notifications of a category use a channel.
    #[must_use]
    pub fn wants(&self, category: Category, channel: Channel) -> bool {
        match category.offer(channel) {
            Offer::Always => true,
            Offer::Never => false,
            Offer::Choice(default) => self.switches(category).of(channel).unwrap_or(default),
        }
    }

    /// Switches a channel of a category on or off. No effect if the person cannot choose.
    pub const fn set(&mut self, category: Category, channel: Channel, on: bool) {
        if let Offer::Choice(_) = category.offer(channel) {
            *self.switches_mut(category).switch(channel) = Some(on);
        }
    }
}

impl Item for Settings {
    const KIND: &'static str = "notification_settings";
    const ABOUT: About = About::beside_user(
        "NOTIFICATION_SETTINGS",
        Personal::Exported(&["direct", "mention", "group", "support", "friends", "orders", "security", "quiet_hours"]),
    );
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// The caller's own settings.
impl Resource for Settings {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Applies a change to a person's settings, which were read as `read`, and returns the result. One transaction, which also checks that the
/// account is active; none if nothing changes. After a concurrent change `apply` is called again on the new settings.
///
/// # Errors
/// [`Kind::NotFound`] if the account is not active, [`Kind::Conflict`] if concurrent changes were faster at every attempt, and the errors
/// of `apply`.
pub async fn change(
    table: &Table,
    user: UserId,
    mut read: Option<Settings>,
    apply: impl Fn(&mut Settings) -> Result<(), Problem>,
) -> Result<Settings, Problem> {
    for _ in 0..TRIES {
        let before = read.take();
        let unchanged = before.as_ref().map_or(Cond::Absent, |settings| field("version").eq(settings.version));
        let before = before.unwrap_or_else(|| Settings::of_default(user));
        let mut after = before.clone();
        apply(&mut after)?;
        if after == before {
            return Ok(after);
        }
        after.version = before.version.saturating_add(1);
        let mut tx = Tx::new();
        let put = tx.put(&after, unchanged);
        tx.check(User::key_of(user), field("status").eq(Status::Active));
        match table.commit(tx).await {
            Ok(()) => return Ok(after),
            Err(CommitError::Refused(refused)) if refused.at(put) => read = refused.current(put).map(Row::decode).transpose()?,
            Err(CommitError::Refused(_)) => return Err(Kind::NotFound.because("the account is not in use")),
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.because("concurrent changes of the settings were faster at every attempt"))
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn what_is_not_chosen_follows_the_default_and_what_is_fixed_stays() {
        let mut settings = Settings::of_default(Sys::real().id());
        assert!(settings.wants(Category::Direct, Channel::Mail) && !settings.wants(Category::Direct, Channel::Sms));
        for category in Category::ALL {
            for channel in Channel::ALL {
                for on in [false, true, false] {
                    settings.set(category, channel, on);
                    let expected = match category.offer(channel) {
                        Offer::Choice(_) => on,
                        Offer::Always => true,
                        Offer::Never => false,
                    };
                    assert_eq!(settings.wants(category, channel), expected, "{category:?} {channel:?}");
                }
            }
        }
        assert!(settings.wants(Category::Security, Channel::Mail) && settings.wants(Category::Orders, Channel::Mail));
    }
}
