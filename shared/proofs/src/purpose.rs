//! The purposes of codes and links.

use serde::{Deserialize, Serialize};

/// The purpose of a code or link. It is not valid for other purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Proves the address in a registration in steps.
    Registration,
    /// Activates an account that was registered with a mailed link.
    Activation,
    /// Cancels a scheduled deletion.
    DeletionCancel,
    /// The second step of a sign-in.
    SecondFactor,
    /// A step-up: a signed-in person proves their identity again.
    StepUp,
    /// Proves a contact in the setup of second factors.
    FactorSetup,
    /// Signs in or registers with a phone number.
    PhoneLogin,
    /// Sets a new password.
    PasswordReset,
    /// Proves a new e-mail address or phone number.
    ContactChange,
    /// Restores a former e-mail address or phone number.
    ContactRestoration,
}

impl Purpose {
    /// Returns the page of the frontend that a link opens. The token is in the fragment.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::DeletionCancel => "/cancel-deletion",
            Self::PasswordReset => "/reset-password",
            Self::ContactRestoration => "/restore-contact",
            _ => "/activate",
        }
    }

    /// Returns the name in events, keys and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Activation => "activation",
            Self::DeletionCancel => "deletion_cancel",
            Self::SecondFactor => "second_factor",
            Self::StepUp => "step_up",
            Self::FactorSetup => "factor_setup",
            Self::PhoneLogin => "phone_login",
            Self::PasswordReset => "password_reset",
            Self::ContactChange => "contact_change",
            Self::ContactRestoration => "contact_restoration",
        }
    }
}
