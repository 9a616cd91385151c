//! Mails.

use std::{borrow::Cow, time::Duration};

use aws_sdk_ses::{Client, primitives::Blob, types::RawMessage};
use function::Aws;
use kernel::{Locale, Secret, Sys, Time, env::Reader};
use lettre::{Address, message::Mailbox};

use crate::{SendError, mime, render::Letter};

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

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    client: Client,
    from: Option<Mailbox>,
    reply_to: Option<Mailbox>,
    sys: Sys,
}

impl Mailer {
    /// Reads `MAIL_FROM`, the sender, and `MAIL_REPLY_TO`, where answers go if not there.
    pub fn read(r: &mut Reader<'_>, aws: &Aws, sys: &Sys) -> Self {
        let mut config = aws_sdk_ses::config::Builder::from(aws.sdk()).interceptor(aws.interceptor()).retry_partition(aws.retries("ses"));
        config.set_endpoint_url(aws.endpoint("AWS_ENDPOINT_URL_SES"));
        let from = r.need("MAIL_FROM");
        let from = mailbox(r, "MAIL_FROM", &from);
        let reply_to = r.or("MAIL_REPLY_TO", String::new());
        let reply_to = mailbox(r, "MAIL_REPLY_TO", &reply_to);
        Self { client: Client::from_conf(config.build()), from, reply_to, sys: sys.clone() }
    }

    /// Sends a mail to one address. One request to SES.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send(&self, to: &str, locale: Locale, mail: &Mail) -> Result<(), SendError> {
        let from = self.from.as_ref().ok_or(SendError::Compose("there is no sender"))?;
        let raw = mime::compose(from, self.reply_to.as_ref(), to, self.sys.now(), &Letter::new(mail, locale))?;
        let message = RawMessage::builder().data(Blob::new(raw)).build().map_err(|_| SendError::Compose("the message is empty"))?;
        let sent = self.client.send_raw_email().source(from.email.to_string()).destinations(to).raw_message(message).send().await;
        sent.map(drop).map_err(|e| SendError::refused("SES", &e))
    }
}

fn mailbox(r: &mut Reader<'_>, name: &'static str, address: &str) -> Option<Mailbox> {
    if address.is_empty() {
        return None;
    }
    let parsed = address.parse::<Address>().ok();
    if parsed.is_none() {
        r.wrong(format!("{name} is not an e-mail address"));
    }
    parsed.map(|address| Mailbox::new(Some("Stoa".to_owned()), address))
}
