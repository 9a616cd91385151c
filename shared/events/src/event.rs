//! The events. The `detail-type` on the bus is the event's name; rules in the template select by it.

use kernel::{
    Time,
    id::{ChallengeId, DeletionId, EventId, ExportId, PictureId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};

/// Something that happened. Variants are added, never changed: consumers of two deployments meet during a roll-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Event {
    /// A code or link must be drawn and sent. The draw of this number kills all earlier ones.
    ChallengeIssued {
        /// Which challenge.
        challenge: ChallengeId,
        /// The how-manieth sending of it, from 1.
        sending: u32,
    },
    /// A person must be told something: by mail, unless an address or a number stands with them under the id of this event. Who
    /// has no address is told by text message what is worth one.
    NoticeDue {
        /// Whom.
        user: UserId,
        /// What.
        notice: Notice,
    },
    /// A message was committed in a room that is too large to deliver inline.
    MessagePosted {
        /// Where.
        room: RoomId,
        /// Its place in the room.
        seq: u64,
    },
    /// Somebody came to or left the public room.
    PresenceChanged {
        /// Where.
        room: RoomId,
    },
    /// A picture was replaced or removed.
    PictureRetired {
        /// Whose it was.
        user: UserId,
        /// Which.
        picture: PictureId,
    },
    /// Sessions of a person have ended: their sockets are to be closed.
    SessionsEnded {
        /// Whose.
        user: UserId,
    },
    /// A person asked for everything that is kept about them.
    ExportRequested {
        /// Who.
        user: UserId,
        /// Which archive it goes into.
        export: ExportId,
    },
    /// The 30 days are over and the sweep has claimed the account.
    AccountPurgeDue {
        /// Whose.
        user: UserId,
        /// Which scheduling of it.
        deletion: DeletionId,
    },
}

/// What a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Deletion was cancelled.
    DeletionCancelled,
    /// Somebody signed in with a client that the person has not been signed in with.
    NewSignIn,
    /// A spent refresh token was used again: the session was ended.
    SessionReused,
    /// The password was changed.
    PasswordChanged,
    /// Second factors were turned on.
    MfaEnabled,
    /// Second factors were turned off.
    MfaDisabled,
    /// One second factor was added, replaced or removed.
    FactorChanged,
    /// New recovery codes were made; the ones before are void.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey answered with a counter that went back: there may be a copy of it.
    PasskeyCopied,
    /// A device was trusted to skip the second step.
    DeviceTrusted,
    /// The archive that was asked for is ready.
    ExportReady,
    /// Somebody asked to change the address or the number.
    ContactChangeAsked,
    /// The address was changed.
    EmailChanged,
    /// The number was changed or removed.
    PhoneChanged,
    /// The username was changed.
    UsernameChanged,
    /// The account was put back into use.
    AccountReactivated,
}

impl Notice {
    /// Its name, in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeletionCancelled => "deletion_cancelled",
            Self::NewSignIn => "new_sign_in",
            Self::SessionReused => "session_reused",
            Self::PasswordChanged => "password_changed",
            Self::MfaEnabled => "mfa_enabled",
            Self::MfaDisabled => "mfa_disabled",
            Self::FactorChanged => "factor_changed",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasskeyCopied => "passkey_copied",
            Self::DeviceTrusted => "device_trusted",
            Self::ExportReady => "export_ready",
            Self::ContactChangeAsked => "contact_change_asked",
            Self::EmailChanged => "email_changed",
            Self::PhoneChanged => "phone_changed",
            Self::UsernameChanged => "username_changed",
            Self::AccountReactivated => "account_reactivated",
        }
    }

    /// Whether whoever has no address is told by text message: where an account is at stake.
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
            | Self::EmailChanged
            | Self::PhoneChanged
            | Self::UsernameChanged
            | Self::AccountReactivated => true,
            // Who has second factors has an address.
            Self::MfaEnabled
            | Self::MfaDisabled
            | Self::FactorChanged
            | Self::RecoveryCodesMade
            | Self::RecoveryCodeUsed
            | Self::DeviceTrusted
            | Self::DeletionCancelled
            | Self::ExportReady => false,
        }
    }
}

impl Event {
    /// The name on the bus.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ChallengeIssued { .. } => "challenge_issued",
            Self::NoticeDue { .. } => "notice_due",
            Self::MessagePosted { .. } => "message_posted",
            Self::PresenceChanged { .. } => "presence_changed",
            Self::PictureRetired { .. } => "picture_retired",
            Self::SessionsEnded { .. } => "sessions_ended",
            Self::ExportRequested { .. } => "export_requested",
            Self::AccountPurgeDue { .. } => "account_purge_due",
        }
    }
}

/// An event on the bus: the `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Which occurrence; consumers recognise repetitions by it.
    pub id: EventId,
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    #[test]
    fn the_name_on_the_bus_is_the_name_in_the_detail() {
        let sys = Sys::real();
        let events = [
            Event::ChallengeIssued { challenge: sys.id(), sending: 1 },
            Event::NoticeDue { user: sys.id(), notice: Notice::DeletionCancelled },
            Event::MessagePosted { room: sys.id(), seq: 7 },
            Event::PresenceChanged { room: sys.id() },
            Event::PictureRetired { user: sys.id(), picture: sys.id() },
            Event::SessionsEnded { user: sys.id() },
            Event::ExportRequested { user: sys.id(), export: sys.id() },
            Event::AccountPurgeDue { user: sys.id(), deletion: sys.id() },
        ];
        for event in events {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["name"], event.name());
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
    }
}
