//! The categories of notifications, the channels, and which of them a person may choose.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The category of a notification, as people distinguish them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Messages in direct rooms.
    Direct,
    /// Messages that mention the person, in any room.
    Mention,
    /// Other messages in groups.
    Group,
    /// Answers of the support team.
    Support,
    /// Friend requests and their answers.
    Friends,
    /// Orders and payments.
    Orders,
    /// Sign-ins and changes of the account. They are always sent by mail or text message too.
    Security,
}

/// A channel by which notifications reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The inbox in the app.
    InApp,
    /// E-mail.
    Mail,
    /// Text message, for people without an address.
    Sms,
}

/// Whether a person can choose that a category uses a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The person can choose. The value is the default.
    Choice(bool),
    /// The category always uses the channel.
    Always,
    /// The category never uses the channel.
    Never,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 7] = [Self::Direct, Self::Mention, Self::Group, Self::Support, Self::Friends, Self::Orders, Self::Security];

    /// Returns its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Mention => "mention",
            Self::Group => "group",
            Self::Support => "support",
            Self::Friends => "friends",
            Self::Orders => "orders",
            Self::Security => "security",
        }
    }

    /// Returns whether a person can choose that the category uses a channel.
    #[must_use]
    pub const fn offer(self, channel: Channel) -> Offer {
        match (channel, self) {
            (Channel::InApp, Self::Security) | (Channel::Mail, Self::Orders | Self::Security) => Offer::Always,
            (Channel::Mail, Self::Friends) | (Channel::Sms, Self::Support | Self::Friends | Self::Orders | Self::Security) => Offer::Never,
            (Channel::Sms, _) => Offer::Choice(false),
            (Channel::InApp | Channel::Mail, _) => Offer::Choice(true),
        }
    }

    /// Returns whether notifications of the category wait for the end of the quiet hours.
    #[must_use]
    pub const fn waits(self) -> bool {
        !matches!(self, Self::Orders | Self::Security)
    }
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::InApp, Self::Mail, Self::Sms];

    /// Returns its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_orders_and_security_cannot_be_switched_off_in_mail_and_ignore_quiet_hours() {
        for category in Category::ALL {
            let always = category.offer(Channel::Mail) == Offer::Always;
            assert_eq!(always, matches!(category, Category::Orders | Category::Security), "{category:?}");
            assert_eq!(category.waits(), !always, "{category:?}");
            assert_ne!(category.offer(Channel::Sms), Offer::Choice(true), "text messages are only sent to who asks for them");
        }
    }
}
