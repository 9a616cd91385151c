//! Payment methods: cards, and others that operators add.
//!
//! None of these methods requires that the payer returns to our page, because Stripe reports what was paid.

use std::sync::Arc;

use kernel::env::Reader;
use money::Currency;
use stripe_shared::PaymentIntentAllowedPaymentMethodTypes as Method;

/// The methods of a deployment.
#[derive(Clone)]
pub(crate) struct Methods(Arc<[Method]>);

impl Methods {
    /// Reads `PAYMENT_METHODS`, a list of `card`, `blik` and `p24`. Cards alone if it is absent.
    pub fn read(r: &mut Reader<'_>) -> Self {
        let names = r.list("PAYMENT_METHODS");
        let methods: Vec<Method> = names.iter().filter_map(|name| known(name)).collect();
        if methods.len() != names.len() || !(names.is_empty() || methods.contains(&Method::Card)) {
            r.wrong("PAYMENT_METHODS must be card, or card and of blik and p24".to_owned());
        }
        Self(if methods.is_empty() { Arc::from([Method::Card]) } else { methods.into() })
    }

    /// Returns the methods for amounts in this currency. BLIK and Przelewy24 are only for złoty.
    pub fn of(&self, currency: Currency) -> Vec<Method> {
        self.0.iter().filter(|method| currency == Currency::Pln || **method == Method::Card).cloned().collect()
    }
}

fn known(name: &str) -> Option<Method> {
    match name {
        "card" => Some(Method::Card),
        "blik" => Some(Method::Blik),
        "p24" => Some(Method::P24),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kernel::Env;

    use super::*;

    #[test]
    fn cards_pay_everything_and_others_what_they_can() {
        let read = |list: Option<&str>| {
            let env: Env = list.into_iter().map(|list| ("PAYMENT_METHODS".to_owned(), list.to_owned())).collect();
            env.read(Methods::read).map(|methods| [Currency::Pln, Currency::Gbp].map(|currency| methods.of(currency).len()))
        };
        assert_eq!((read(None).unwrap(), read(Some("card")).unwrap(), read(Some("card,blik,p24")).unwrap()), ([1, 1], [1, 1], [3, 1]));
        for wrong in ["blik", "card,cheque", "CARD"] {
            assert!(read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
