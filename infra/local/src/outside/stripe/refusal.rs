//! Errors of Stripe's API: <https://docs.stripe.com/api/errors>, <https://docs.stripe.com/error-codes>.

use serde_json::{Map, Value, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    /// `type`.
    pub kind: &'static str,
    pub code: Option<&'static str>,
    /// The parameter that is wrong.
    pub param: Option<String>,
    pub message: String,
    /// Set if a bank has declined a card.
    pub declined: Option<Box<Declined>>,
}

/// A card that a bank has refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declined {
    /// Why.
    pub reason: &'static str,
    /// The charge that failed.
    pub charge: String,
    /// The payment that was being paid.
    pub intent: Option<Value>,
}

impl Refusal {
    pub fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into(), declined: None }
    }

    /// Returns an invalid request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub fn param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// Returns a request while another one with the same idempotency key is being handled.
    pub fn in_progress() -> Self {
        let message = "There is currently another in-progress request using this Idempotent Key.";
        Self::new(409, "idempotency_error", message).code("idempotency_key_in_use")
    }

    /// Returns an object that does not exist: 404 if the path names it, 400 if a parameter does.
    pub fn missing(what: &str, id: &str, param: &str) -> Self {
        let status = if param == "id" { 404 } else { 400 };
        let refusal = Self::new(status, "invalid_request_error", format!("No such {what}: '{id}'"));
        refusal.code("resource_missing").param(if param == "id" { what } else { param })
    }

    /// Returns an act that the state of the payment does not allow.
    pub fn state(act: &str, status: &str) -> Self {
        Self::invalid(format!("You cannot {act} this PaymentIntent because it has a status of {status}."))
            .code("payment_intent_unexpected_state")
    }

    /// Returns the body.
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".to_owned(), self.kind.into());
        error.insert("message".to_owned(), self.message.clone().into());
        let declined = self.declined.as_deref();
        let optional = [
            ("code", self.code.map(Value::from)),
            ("param", self.param.clone().map(Value::from)),
            ("decline_code", declined.map(|declined| declined.reason.into())),
            ("charge", declined.map(|declined| declined.charge.clone().into())),
            ("payment_intent", declined.and_then(|declined| declined.intent.clone())),
        ];
        error.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        json!({ "error": error })
    }
}
