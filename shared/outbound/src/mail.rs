//! What a mail is about.

use std::{borrow::Cow, time::Duration};

use kernel::{Secret, Time};

/// A mail, by what it is about.
#[derive(Clone, Debug)]
pub enum Mail {
    /// A code that proves something.
    Code {
        /// What: its messages begin with it and `_code`.
        purpose: &'static str,
        /// The digits.
        code: Secret,
        /// How long they are good for.
        life: Duration,
    },
    /// The link that opens an account.
    Activation {
        /// Where the button leads.
        link: Secret,
        /// How long it is good for.
        life: Duration,
    },
    /// Somebody gave an address that an account has already.
    AddressTaken,
    /// Deletion was scheduled.
    DeletionScheduled {
        /// Of which account.
        username: String,
        /// When it begins.
        due_at: Time,
        /// Where the button that cancels it leads.
        link: Secret,
    },
    /// The link that opens the way to a new password.
    PasswordReset {
        /// Of which account.
        username: String,
        /// Where the button leads.
        link: Secret,
        /// How long it is good for.
        life: Duration,
    },
    /// Something that happened to an account.
    Notice {
        /// What: its messages begin with it.
        name: &'static str,
        /// To which account.
        username: String,
        /// How often it happened since it was told before, if this is not about a single time.
        repeated: Option<Repeated>,
    },
}

/// That something happened several times before it was told.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// How often.
    pub times: u32,
    /// When it was told before.
    pub since: Time,
    /// When it happened last.
    pub last: Time,
}

impl Mail {
    /// What its messages begin with.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Code { purpose, .. } => format!("{purpose}_code").into(),
            Self::Activation { .. } => "activation".into(),
            Self::AddressTaken => "address_taken".into(),
            Self::DeletionScheduled { .. } => "deletion_scheduled".into(),
            Self::PasswordReset { .. } => "password_reset".into(),
            Self::Notice { name, .. } => (*name).into(),
        }
    }

    pub(crate) const fn code(&self) -> Option<&Secret> {
        match self {
            Self::Code { code, .. } => Some(code),
            _ => None,
        }
    }

    pub(crate) const fn link(&self) -> Option<&Secret> {
        match self {
            Self::Activation { link, .. } | Self::DeletionScheduled { link, .. } | Self::PasswordReset { link, .. } => Some(link),
            _ => None,
        }
    }
}
