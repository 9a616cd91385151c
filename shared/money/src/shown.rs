//! Amounts for people, as the Unicode CLDR writes them in each language.

use kernel::Locale;

use crate::{Currency, Money};

/// Keeps a number and its currency on one line.
const NO_BREAK_SPACE: char = '\u{a0}';

impl Money {
    /// The amount for a reader of this language: `12,34 zł`, `PLN 12.34`, `£12.34`. All spaces are no-break spaces.
    #[must_use]
    pub fn shown(self, locale: Locale) -> String {
        let (whole, rest) = (self.amount().div_euclid(100).to_string(), self.amount().rem_euclid(100));
        match (locale, self.currency()) {
            (Locale::Pl, currency) => {
                // Polish groups from five digits on.
                let whole = if whole.len() > 4 { grouped(&whole, NO_BREAK_SPACE) } else { whole };
                let sign = match currency {
                    Currency::Pln => "zł",
                    Currency::Gbp => "GBP",
                };
                format!("{whole},{rest:02}{NO_BREAK_SPACE}{sign}")
            }
            (Locale::En, Currency::Pln) => format!("PLN{NO_BREAK_SPACE}{}.{rest:02}", grouped(&whole, ',')),
            (Locale::En, Currency::Gbp) => format!("£{}.{rest:02}", grouped(&whole, ',')),
        }
    }
}

/// Digits with a separator before every three from the end.
fn grouped(digits: &str, separator: char) -> String {
    let mut grouped = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let behind = digits.len().saturating_sub(place);
        if place > 0 && behind.is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AMOUNT_MAX, tests::Numbers};

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

    /// For any amount the digits are those of the amount, and a line cannot break within it.
    #[test]
    fn no_digit_is_lost() {
        let mut numbers = Numbers::from(3);
        for _ in 0..20_000 {
            let amount = numbers.below(AMOUNT_MAX) >> numbers.below(53);
            for (currency, locale) in Currency::ALL.into_iter().flat_map(|currency| [(currency, Locale::En), (currency, Locale::Pl)]) {
                let text = shown(amount, currency, locale);
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits.parse(), Ok(amount), "{text}");
                assert!(!text.contains(' '), "{text}");
            }
        }
    }
}
