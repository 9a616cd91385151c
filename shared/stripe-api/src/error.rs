//! Why a request to Stripe failed, or Stripe's state could not be applied.

use kernel::{Kind, Problem};
use store::StoreError;
use stripe::{ApiErrorsCode, StripeError};

/// Attempts to apply a state after concurrent changes.
pub(crate) const ROUNDS: u32 = 10;

/// Why a request to Stripe failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Stripe did not answer. The same request may be repeated.
    #[error("Stripe does not answer: {0}")]
    Unavailable(String),
    /// The key is wrong, or may not do this, until whoever runs this sets it right. The same request may be repeated.
    #[error("the secret key is not allowed to do this: {0}")]
    NotAllowed(String),
    /// Stripe had an internal error. It repeats the error for the key of the request for a day, and may have executed the request.
    #[error("Stripe has failed: {0}")]
    Broken(String),
    /// The same request is being handled, or there are too many. The same request may be sent again.
    #[error("Stripe is busy with the same request")]
    Busy,
    /// The secret key belongs to another account or mode than the payments, so Stripe's answers are not about them.
    #[error("the secret key is that of another account or mode of Stripe")]
    OtherAccount,
    /// Stripe does not know the object any more.
    #[error("Stripe does not know it")]
    Gone,
    /// Stripe refused the request.
    #[error("Stripe refused the request: {0}")]
    Refused(String),
    /// Stripe answered with something that is not understood here.
    #[error("Stripe answered with {0}")]
    Unreadable(&'static str),
}

impl From<StripeError> for Failed {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Stripe(error, status) => {
                let code = error.code.as_ref().map_or_else(|| error.type_.as_str(), ApiErrorsCode::as_str);
                match (status, code) {
                    (_, "resource_missing") | (404, _) => Self::Gone,
                    (409 | 429, _) => Self::Busy,
                    (401 | 403, _) => Self::NotAllowed(format!("{status} {code}")),
                    (500.., _) => Self::Broken(format!("{status} {code}")),
                    // The message is left out, because it can repeat parts of the request.
                    _ => Self::Refused(code.to_owned()),
                }
            }
            StripeError::JSONDeserialize(_) => Self::Unreadable("JSON of another form"),
            StripeError::ClientError(why) => Self::Unavailable(why),
            StripeError::ConfigError(_) => Self::Unreadable("nothing: the client cannot be used"),
            StripeError::Timeout => Self::Unavailable("timed out".to_owned()),
        }
    }
}

impl From<Failed> for Problem {
    #[track_caller]
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Busy => Self::new(Kind::Conflict).because(failed),
            Failed::NotAllowed(_) => {
                // It does not pass by itself, but the answer to the caller is logged as a warning only.
                tracing::error!(error = %failed, "Stripe cannot be used with this secret key");
                Self::unavailable(failed)
            }
            Failed::Unavailable(_) | Failed::Broken(_) | Failed::OtherAccount => Self::unavailable(failed),
            Failed::Gone | Failed::Refused(_) | Failed::Unreadable(_) => Self::internal(failed),
        }
    }
}

/// Why Stripe's state could not be applied. It may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// A request to Stripe failed.
    #[error(transparent)]
    Stripe(#[from] Failed),
    /// The table does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Concurrent changes were faster at every attempt.
    #[error("concurrent changes were faster at every attempt")]
    Busy,
}

impl From<SettleError> for Problem {
    #[track_caller]
    fn from(e: SettleError) -> Self {
        match e {
            SettleError::Stripe(e) => e.into(),
            SettleError::Store(e) => e.into(),
            SettleError::Busy => Self::new(Kind::Conflict),
        }
    }
}

#[cfg(test)]
mod tests {
    use miniserde::json::from_str;

    use super::*;

    #[test]
    fn a_key_that_may_not_do_it_refuses_nothing_for_good() {
        let failed = |status: u16| {
            let answer = from_str::<stripe_shared::Error>(r#"{"error":{"type":"invalid_request_error"}}"#).unwrap();
            Failed::from(StripeError::Stripe(answer.error, status))
        };
        for (status, broken) in [(401, false), (403, false), (500, true), (503, true)] {
            let right = if broken { matches!(failed(status), Failed::Broken(_)) } else { matches!(failed(status), Failed::NotAllowed(_)) };
            assert!(right, "{status}");
        }
        assert!(matches!(failed(400), Failed::Refused(_)) && matches!(failed(402), Failed::Refused(_)));
        assert!(matches!(failed(404), Failed::Gone) && matches!(failed(429), Failed::Busy));
    }
}
