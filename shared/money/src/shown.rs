//! Amounts as text for people, in the formats of the Unicode CLDR.

use kernel::{Locale, Messages};

use crate::Money;

const TEXTS: Messages = Messages::new(kernel::in_every_language!("money.ftl"));

impl Money {
    /// Returns the amount for a reader of this language: `12,34 zł`, `PLN 12.34`, `£12.34`. All spaces are no-break spaces.
    #[must_use]
    pub fn shown(self, locale: Locale) -> String {
        let say = |key| TEXTS.text(locale, key, &[]);
        let (whole, rest) = (self.amount().div_euclid(100).to_string(), self.amount().rem_euclid(100));
        let groups = say("group-from").parse().is_ok_and(|digits: usize| whole.len() >= digits);
        let whole = if groups { grouped(&whole, &say("group")) } else { whole };
        let amount = format!("{whole}{}{rest:02}", say("decimal"));
        TEXTS.text(locale, self.currency().code(), &[("amount", amount)])
    }
}

/// Digits with a separator before every three from the end.
fn grouped(digits: &str, separator: &str) -> String {
    let mut grouped = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let behind = digits.len().saturating_sub(place);
        if place > 0 && behind.is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AMOUNT_MAX, Currency, tests::Numbers};

    fn shown(amount: u64, currency: Currency, locale: Locale) -> String {
        Money::new(amount, currency).unwrap().shown(locale)
    }

    #[test]
    fn an_amount_is_written_as_its_reader_does() {
        for (amount, polish, english) in [
            (0, "0,00\u{a0}zł", "PLN\u{a0}0.00"),
            (5, "0,05\u{a0}zł", "PLN\u{a0}0.05"),
            (1234, "12,34\u{a0}zł", "PLN\u{a0}12.34"),
            (123_450, "1234,50\u{a0}zł", "PLN\u{a0}1,234.50"),
            (1_234_500, "12\u{a0}345,00\u{a0}zł", "PLN\u{a0}12,345.00"),
            (123_456_789, "1\u{a0}234\u{a0}567,89\u{a0}zł", "PLN\u{a0}1,234,567.89"),
        ] {
            assert_eq!(shown(amount, Currency::Pln, Locale::Pl), polish);
            assert_eq!(shown(amount, Currency::Pln, Locale::En), english);
        }
        assert_eq!(shown(123_456, Currency::Gbp, Locale::En), "£1,234.56");
        assert_eq!(shown(123_456, Currency::Gbp, Locale::Pl), "1234,56\u{a0}GBP");
    }

    #[test]
    fn every_language_writes_every_currency() {
        assert_eq!(TEXTS.faults(), [""; 0]);
        for (currency, locale) in Currency::ALL.into_iter().flat_map(|currency| Locale::ALL.map(|locale| (currency, locale))) {
            assert!(TEXTS.has(locale, currency.code()), "{} in {}", currency.code(), locale.tag());
        }
    }

    /// For any amount the digits are those of the amount, and a line cannot break within it.
    #[test]
    fn no_digit_is_lost() {
        let mut numbers = Numbers::from(3);
        for _ in 0..2_000 {
            let amount = numbers.below(AMOUNT_MAX) >> numbers.below(53);
            for (currency, locale) in Currency::ALL.into_iter().flat_map(|currency| Locale::ALL.map(|locale| (currency, locale))) {
                let text = shown(amount, currency, locale);
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits.parse(), Ok(amount), "{text}");
                assert!(!text.contains(' '), "{text}");
            }
        }
    }
}
