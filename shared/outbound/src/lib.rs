//! What leaves for people: mails through SES, text messages through SNS, in the reader's language.
//!
//! A [`Mail`] or [`Text`] names what happened and carries the few facts its sentences mention. Sentences are Fluent messages
//! (`locales/<language>/outbound.ftl`), the shape of a mail is one template in HTML and one in plain text; nothing that a
//! stranger typed is ever part of either, but for a username, whose alphabet is safe. Neither a code, a link nor an address
//! is ever logged, not even within the errors of the services, which like to repeat addresses.

mod mail;
mod mailer;
mod mime;
mod render;
mod text;

use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
pub use mail::{Mail, Repeated};
pub use mailer::Mailer;
pub use text::{Text, Texter};

/// Why something could not be sent. Sending it again later may help; the platform decides how often.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It cannot be put into the form that the service takes: a defect, or an address that no mail can go to.
    #[error("the message cannot be composed: {0}")]
    Compose(&'static str),
    /// The service did not take it. Only the service's code: its sentence may repeat the address.
    #[error("{service} did not take the message: {code}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// Its error code, or how it could not be reached.
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
