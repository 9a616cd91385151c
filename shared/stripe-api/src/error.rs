//! Why a request to Stripe failed, or what it says could not be applied.

use kernel::{Kind, Problem};
use store::StoreError;
use stripe::{ApiErrorsCode, StripeError};

/// How often something is tried again because somebody else has changed what is paid meanwhile.
pub(crate) const ROUNDS: u32 = 10;

/// Why a request to Stripe failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Stripe did not answer, or not to whoever has this key. The same request may be sent again.
    #[error("Stripe does not answer: {0}")]
    Unavailable(String),
    /// Stripe has failed. It remembers that for the key of the request, for a day, and may have done what it was asked.
    #[error("Stripe has failed: {0}")]
    Broken(String),
    /// The same request is being handled, or there are too many. The same request may be sent again.
    #[error("Stripe is busy with the same request")]
    Busy,
    /// The secret key is that of another account, or of another mode, than the payments are in. What Stripe says is not about them.
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
                    // No answer to the request: the key is wrong, or may not do this, until whoever runs this sets it right.
                    (401 | 403, _) => Self::Unavailable(format!("{status} {code}")),
                    (500.., _) => Self::Broken(format!("{status} {code}")),
                    // Not the message, which can repeat parts of the request.
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
            Failed::Unavailable(_) | Failed::Broken(_) | Failed::OtherAccount => Self::unavailable(failed),
            Failed::Gone | Failed::Refused(_) | Failed::Unreadable(_) => Self::internal(failed),
        }
    }
}

/// Why what Stripe says could not be applied. It may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// A request to Stripe failed.
    #[error(transparent)]
    Stripe(#[from] Failed),
    /// The table does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others changed what is paid each time.
    #[error("others change what is paid again and again")]
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
            let right = if broken { matches!(failed(status), Failed::Broken(_)) } else { matches!(failed(status), Failed::Unavailable(_)) };
            assert!(right, "{status}");
        }
        assert!(matches!(failed(400), Failed::Refused(_)) && matches!(failed(402), Failed::Refused(_)));
        assert!(matches!(failed(404), Failed::Gone) && matches!(failed(429), Failed::Busy));
    }
}
