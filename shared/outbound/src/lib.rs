//! Outbound messages: mails by SES and text messages by SNS, in the recipient's language.
//!
//! A [`Mail`] or [`Text`] has the values that its sentences mention. Sentences are Fluent messages (`locales/<language>/outbound.ftl`). The
//! layout of all mails is one HTML template and one plain-text template. The only texts of strangers in mails are usernames, whose
//! characters are safe; in mails about missed messages, the names of rooms and the beginnings of messages (short, in one line, and
//! escaped); and in mails of the support desk and the contact form, the messages of both sides, which the templates escape. Mails to
//! unproven addresses contain no text of a stranger. Codes, links and addresses are never logged. The errors of SES and SNS are not logged
//! either, because they can repeat addresses.

mod mail;
mod mailer;
mod mime;
mod render;
mod text;

use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
pub use mail::{ContactSubject, Conversation, Excerpt, Happened, Mail, MissedRoom, Occasion, Repeated, ThreadMessage};
pub use mailer::Mailer;
pub use render::heading;
pub use text::{Text, Texter};

/// Why a message could not be sent. A retry may succeed; the queue decides how often to retry.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The message cannot be composed, because of a defect or an invalid address.
    #[error("the message cannot be composed: {0}")]
    Compose(&'static str),
    /// The service refused the message. Only the service's error code is kept, because its text may repeat the address.
    #[error("{service} did not take the message: {code}")]
    Refused {
        /// The service.
        service: &'static str,
        /// Its error code, or why it could not be reached.
        code: String,
    },
}

impl SendError {
    pub(crate) fn refused<E: ProvideErrorMetadata, R>(service: &'static str, e: &SdkError<E, R>) -> Self {
        let code = match e {
            SdkError::ServiceError(_) => e.code().unwrap_or("unknown"),
            SdkError::TimeoutError(_) => "timed out",
            _ => "not reachable",
        };
        Self::Refused { service, code: code.to_owned() }
    }
}
