//! Stripe's test cards: <https://docs.stripe.com/testing>.

/// The outcome of a payment with a test card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardOutcome {
    /// The payment succeeds.
    Pays,
    /// The bank declines the card, with the code of the error and the reason.
    Declined(&'static str, &'static str),
    /// The payer has to confirm the payment first. Then it succeeds, or is declined with this code and reason.
    Confirmed(Option<(&'static str, &'static str)>),
    /// The payment succeeds, and the payer disputes it for this reason.
    Disputed(&'static str),
}

/// A test card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Card {
    pub number: &'static str,
    /// Stripe's id of a payment method with this card.
    pub method: &'static str,
    pub brand: &'static str,
    pub outcome: CardOutcome,
}

const fn card(number: &'static str, method: &'static str, outcome: CardOutcome) -> Card {
    Card { number, method, brand: "visa", outcome }
}

const fn declined(number: &'static str, method: &'static str, reason: &'static str) -> Card {
    card(number, method, CardOutcome::Declined("card_declined", reason))
}

/// The cards.
pub(crate) const CARDS: [Card; 20] = [
    card("4242424242424242", "pm_card_visa", CardOutcome::Pays),
    Card { number: "5555555555554444", method: "pm_card_mastercard", brand: "mastercard", outcome: CardOutcome::Pays },
    declined("4000000000000002", "pm_card_visa_chargeDeclined", "generic_decline"),
    declined("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    declined("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "lost_card"),
    declined("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
    declined("4000000000006975", "pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_velocity_exceeded"),
    declined("4100000000000019", "pm_card_radarBlock", "fraudulent"),
    declined("4000000000000341", "pm_card_chargeCustomerFail", "generic_decline"),
    card("4000000000000069", "pm_card_chargeDeclinedExpiredCard", CardOutcome::Declined("expired_card", "expired_card")),
    card("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", CardOutcome::Declined("incorrect_cvc", "incorrect_cvc")),
    card("4000000000000119", "pm_card_chargeDeclinedProcessingError", CardOutcome::Declined("processing_error", "processing_error")),
    card("4242424242424241", "pm_card_incorrectNumber", CardOutcome::Declined("incorrect_number", "incorrect_number")),
    card("4000002760003184", "pm_card_authenticationRequired", CardOutcome::Confirmed(None)),
    card("4000002500003155", "pm_card_authenticationRequiredOnSetup", CardOutcome::Confirmed(None)),
    card(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        CardOutcome::Confirmed(Some(("card_declined", "insufficient_funds"))),
    ),
    card("4000000000003220", "pm_card_threeDSecure2Required", CardOutcome::Confirmed(None)),
    card("4000000000000259", "pm_card_createDispute", CardOutcome::Disputed("fraudulent")),
    card("4000000000002685", "pm_card_createDisputeProductNotReceived", CardOutcome::Disputed("product_not_received")),
    card("4000000000001976", "pm_card_createDisputeInquiry", CardOutcome::Disputed("general")),
];

impl Card {
    /// Returns the card of a payment method.
    pub fn of_method(method: &str) -> Option<Self> {
        CARDS.into_iter().find(|card| card.method == method)
    }

    /// Returns the card with this number, which may have spaces.
    pub fn of_number(number: &str) -> Option<Self> {
        let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        CARDS.into_iter().find(|card| card.number == digits)
    }

    /// Returns the last four digits.
    pub fn last4(self) -> &'static str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_card_is_found_by_its_number_and_its_method() {
        let numbers: BTreeSet<&str> = CARDS.iter().map(|card| card.number).collect();
        let methods: BTreeSet<&str> = CARDS.iter().map(|card| card.method).collect();
        assert_eq!((numbers.len(), methods.len()), (CARDS.len(), CARDS.len()));
        assert_eq!(Card::of_number("4242 4242 4242 4242").map(|card| card.method), Some("pm_card_visa"));
        assert_eq!(Card::of_method("pm_card_createDispute").map(Card::last4), Some("0259"));
        assert!(Card::of_number("4242424242424240").is_none());
    }
}
