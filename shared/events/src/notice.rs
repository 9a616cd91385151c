//! Notices to users about their accounts.

use serde::{Deserialize, Serialize};

macro_rules! notices {
    ($($(#[$doc:meta])* $notice:ident,)+) => {
        /// The kind of a notice. The keys of its messages begin with its name in snake case: `<name>-subject`, `<name>-sms`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Notice {
            $($(#[$doc])* $notice,)+
        }

        impl Notice {
            /// Every notice.
            pub const ALL: &[Self] = &[$(Self::$notice),+];

            /// Returns its name, in events, stored items and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$notice => pastey::paste!(stringify!([<$notice:snake>])),)+
                }
            }
        }
    };
}

notices! {
    /// The deletion of the account was cancelled.
    DeletionCancelled,
    /// Somebody signed in with a client that the user has not used lately.
    NewSignIn,
    /// A refresh token was used twice, so the session was ended.
    SessionReused,
    /// The password was changed.
    PasswordChanged,
    /// Second factors were turned on.
    MfaEnabled,
    /// Second factors were turned off.
    MfaDisabled,
    /// One second factor was added, replaced or removed.
    FactorChanged,
    /// New recovery codes were made. The old ones are invalid.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The signature counter of a passkey did not increase: the passkey may have been copied.
    PasskeyCopied,
    /// A device was trusted to skip the second step.
    DeviceTrusted,
    /// The requested export is ready.
    ExportReady,
    /// Somebody requested a change of the address or the number.
    ContactChangeAsked,
    /// Staff had a link sent to a former address or number, which restores it.
    ContactRestorationAsked,
    /// The address was changed.
    EmailChanged,
    /// The number was changed or removed.
    PhoneChanged,
    /// The username was changed.
    UsernameChanged,
    /// The account was reactivated.
    AccountReactivated,
    /// The account was deactivated.
    AccountDeactivated,
    /// The deletion of the account has begun.
    AccountDeleted,
    /// A ban from chat was ended before its time.
    ChatUnbanned,
    /// Staff changed the profile.
    ProfileChanged,
    /// Staff ended all sessions.
    SessionsEnded,
    /// An order was shipped.
    OrderShipped,
    /// Money that was paid for an order is given back.
    OrderRefunded,
}

impl Notice {
    /// Returns whether the notice is about an order. The recipient can choose whether such notices are in the inbox.
    #[must_use]
    pub const fn is_of_order(self) -> bool {
        matches!(self, Self::OrderShipped | Self::OrderRefunded)
    }

    /// Returns whether each notice of this kind is sent at once. Repetitions of other kinds are held back for up to an hour.
    #[must_use]
    pub const fn is_never_held_back(self) -> bool {
        // The reader of the first one has to write to the team before somebody opens the link. Only staff cause it, so that it floods
        // nobody. The second one is sent once, and the partition of a deleted account must stay empty: no item limits it.
        matches!(self, Self::ContactRestorationAsked | Self::AccountDeleted)
    }

    /// Returns whether users without an e-mail address get the notice by text message.
    #[must_use]
    pub const fn is_texted(self) -> bool {
        match self {
            Self::NewSignIn
            | Self::SessionReused
            | Self::PasswordChanged
            | Self::PasskeyAdded
            | Self::PasskeyRemoved
            | Self::PasskeyCopied
            | Self::ContactChangeAsked
            | Self::ContactRestorationAsked
            | Self::EmailChanged
            | Self::PhoneChanged
            | Self::UsernameChanged
            | Self::AccountReactivated
            | Self::AccountDeactivated
            | Self::AccountDeleted
            | Self::DeletionCancelled
            | Self::ProfileChanged
            | Self::SessionsEnded
            | Self::ExportReady => true,
            // Users with second factors have an address. Notices about bans and orders are in the inbox of the app.
            Self::MfaEnabled
            | Self::MfaDisabled
            | Self::FactorChanged
            | Self::RecoveryCodesMade
            | Self::RecoveryCodeUsed
            | Self::DeviceTrusted
            | Self::ChatUnbanned
            | Self::OrderShipped
            | Self::OrderRefunded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_messages_is_the_name_in_events() {
        for notice in Notice::ALL {
            assert_eq!(serde_json::to_value(notice).unwrap(), notice.name());
        }
    }
}
