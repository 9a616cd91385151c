//! Payments from a bank account in Poland: <https://docs.stripe.com/payments/blik>, <https://docs.stripe.com/payments/p24>.
//!
//! With BLIK the payer enters a code of the bank's app, and confirms the payment there. Przelewy24 is a page to which the payer is sent.
//! Usually it answers at once. Here the bank always decides later, so that tests cover the waiting.

use super::{form::Form, refusal::Refusal};

/// A way to pay from a bank account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bank {
    Blik,
    P24,
}

impl Bank {
    pub const ALL: [Self; 2] = [Self::Blik, Self::P24];

    /// Returns the type of Stripe's payment method.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Blik => "blik",
            Self::P24 => "p24",
        }
    }

    /// Returns the id of the only payment method of this type in the local cloud.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Blik => "pm_blik",
            Self::P24 => "pm_p24",
        }
    }

    /// Returns the bank of a payment method with this id.
    pub fn of_method(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bank| bank.method() == method)
    }

    /// Returns the bank that a form pays with. Checks the fields that the bank requires.
    pub fn of_form(form: &Form) -> Result<Option<Self>, Refusal> {
        let kind = form.get("payment_method_data[type]");
        let Some(bank) = Self::ALL.into_iter().find(|bank| Some(bank.kind()) == kind) else { return Ok(None) };
        match bank {
            Self::Blik => {
                let code = form.need("payment_method_options[blik][code]")?;
                if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
                    let refusal = Refusal::invalid("The BLIK code must have six digits.");
                    return Err(refusal.code("payment_intent_invalid_parameter").param("payment_method_options[blik][code]"));
                }
            }
            Self::P24 => {
                form.need("payment_method_data[billing_details][email]")?;
            }
        }
        Ok(Some(bank))
    }
}
