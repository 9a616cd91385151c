//! The alphabetical order of names.

use kernel::Locale;
use unicode_normalization::UnicodeNormalization as _;

/// Behind a letter it is sorted after every letter, and before the next letter of the alphabet.
const BEHIND: char = '\u{10FFFF}';

/// A key by which names sort as readers of the language expect. In Polish, letters with marks are letters of their own, behind those
/// without; all other marks are ignored, as is everything but letters and spaces.
pub(crate) fn key(name: &str, locale: Locale) -> String {
    let mut key = String::new();
    for letter in name.to_lowercase().nfc() {
        let own = locale == Locale::Pl && "ąćęłńóśźż".contains(letter);
        let plain = match letter {
            'ł' => 'l',
            _ => std::iter::once(letter).nfd().next().unwrap_or(letter),
        };
        if !plain.is_alphanumeric() && plain != ' ' {
            continue;
        }
        key.push(plain);
        if own {
            key.push(BEHIND);
        }
        // Two letters stand behind z: first the one with the stroke.
        if own && letter == 'ż' {
            key.push(BEHIND);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Country;

    #[test]
    fn names_are_sorted_as_their_readers_look_for_them() {
        let sorted = |locale, codes: [&str; 4]| {
            let all: Vec<&str> = Country::by_name(locale).into_iter().map(Country::code).collect();
            let places = codes.map(|code| all.iter().position(|c| *c == code).unwrap());
            assert!(places.is_sorted(), "{codes:?} {places:?}");
        };
        // Litwa, Luksemburg, Łotwa, Macedonia Północna.
        sorted(Locale::Pl, ["LT", "LU", "LV", "MK"]);
        // Afghanistan, Åland Islands, Albania, Algeria; Costa Rica, Côte d’Ivoire, Croatia, Cuba.
        sorted(Locale::En, ["AF", "AX", "AL", "DZ"]);
        sorted(Locale::En, ["CR", "CI", "HR", "CU"]);
        assert!(key("Żywiec", Locale::Pl) > key("Źródło", Locale::Pl) && key("Źródło", Locale::Pl) > key("Zzz", Locale::Pl));
        assert!(key("Ósemka", Locale::Pl) > key("Ozon", Locale::Pl) && key("Ósemka", Locale::En) < key("Ozon", Locale::En));
    }
}
