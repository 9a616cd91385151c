//! What Stripe refuses, and how: <https://docs.stripe.com/api/errors>, <https://docs.stripe.com/error-codes>.

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
    /// Why a bank refuses a card.
    pub decline: Option<&'static str>,
    /// The payment that was being paid, and the charge that failed.
    pub intent: Option<Value>,
    pub charge: Option<String>,
}

impl Refusal {
    pub fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into(), decline: None, intent: None, charge: None }
    }

    /// A request that is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub fn param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// An object that is not there: 404 if the path names it, 400 if a parameter does.
    pub fn missing(what: &str, id: &str, param: &str) -> Self {
        let status = if param == "id" { 404 } else { 400 };
        let refusal = Self::new(status, "invalid_request_error", format!("No such {what}: '{id}'"));
        refusal.code("resource_missing").param(if param == "id" { what } else { param })
    }

    /// A payment whose state does not allow it.
    pub fn state(act: &str, status: &str) -> Self {
        Self::invalid(format!("You cannot {act} this PaymentIntent because it has a status of {status}."))
            .code("payment_intent_unexpected_state")
    }

    /// The body.
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".to_owned(), self.kind.into());
        error.insert("message".to_owned(), self.message.clone().into());
        let optional = [
            ("code", self.code.map(Value::from)),
            ("param", self.param.clone().map(Value::from)),
            ("decline_code", self.decline.map(Value::from)),
            ("payment_intent", self.intent.clone()),
            ("charge", self.charge.clone().map(Value::from)),
        ];
        error.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        json!({ "error": error })
    }
}
