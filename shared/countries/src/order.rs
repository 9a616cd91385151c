//! The alphabetical order of names in a language.

use unicode_normalization::UnicodeNormalization as _;

/// Added after a letter, it sorts after the same letter with any continuation, and before the next letter of the alphabet.
const BEHIND: char = '\u{10FFFF}';

/// Returns the letters with marks that are separate letters of the alphabet of this file's language, in alphabetical order.
pub(crate) fn letters(names: &str) -> &str {
    names.lines().find_map(|line| line.strip_prefix("letters ")).unwrap_or_default()
}

/// Returns the sort key of a name in a language with these separate letters. A separate letter sorts after its base letter. All other marks
/// are ignored, and so is everything but letters and spaces.
pub(crate) fn key(name: &str, letters: &str) -> String {
    let mut key = String::new();
    for letter in name.to_lowercase().nfc() {
        let base = base(letter);
        if !base.is_alphanumeric() && base != ' ' {
            continue;
        }
        key.push(base);
        // Several separate letters can have the same base letter, in Polish ź and ż. The later one gets more marks.
        if let Some(place) = letters.chars().position(|own| own == letter) {
            let behind = letters.chars().take(place.saturating_add(1)).filter(|own| self::base(*own) == base).count();
            key.extend(std::iter::repeat_n(BEHIND, behind));
        }
    }
    key
}

/// Returns the base letter, without marks.
fn base(letter: char) -> char {
    match letter {
        'ł' => 'l',
        _ => std::iter::once(letter).nfd().next().unwrap_or(letter),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Locale;

    use super::*;
    use crate::{Country, country::NAMES};

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
        let (polish, english) = (|name| key(name, letters(Locale::Pl.of(&NAMES))), |name| key(name, letters(Locale::En.of(&NAMES))));
        assert!(polish("Żywiec") > polish("Źródło") && polish("Źródło") > polish("Zzz"));
        assert!(polish("Ósemka") > polish("Ozon") && english("Ósemka") < english("Ozon"));
    }
}
