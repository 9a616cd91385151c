//! The subjects of mails.

use std::{borrow::Cow, time::Duration};

use kernel::{Secret, Time};

/// A mail, by its subject.
#[derive(Clone, Debug)]
pub enum Mail {
    /// A code to type in.
    Code {
        /// The purpose. The names of its Fluent messages begin with it and `_code`.
        purpose: &'static str,
        /// The digits.
        code: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// The link that activates an account.
    Activation {
        /// The address of the button.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// Somebody registered with the address of an existing account.
    AddressTaken,
    /// A deletion was scheduled.
    DeletionScheduled {
        /// The username of the account.
        username: String,
        /// When it begins.
        due_at: Time,
        /// The address of the button that cancels it.
        link: Secret,
    },
    /// The link to choose a new password.
    PasswordReset {
        /// The username of the account.
        username: String,
        /// The address of the button.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// A notice about an event of an account.
    Notice {
        /// The event. The names of its Fluent messages begin with it.
        name: &'static str,
        /// The username of the account.
        username: String,
        /// When and how often it happened.
        happened: Happened,
    },
}

/// When the event of a notice happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// Once.
    Once(Occasion),
    /// Several times since the last notice, of which this one is the sum.
    Often(Repeated),
}

/// One occurrence of an event.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// When it happened.
    pub at: Time,
    /// The client that caused it: the browser and the system.
    pub device: Option<String>,
    /// Where that client was: a city or a network address.
    pub place: Option<String>,
}

/// Several occurrences of an event, summed up in one notice.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// The number of times.
    pub times: u32,
    /// When the last notice was sent.
    pub since: Time,
    /// When it happened last.
    pub last: Time,
}

impl Mail {
    /// The beginning of the names of its Fluent messages.
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
