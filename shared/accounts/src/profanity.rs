//! Words that names may not contain. The engine is rustrict, with Polish words added, and with names decoded from common
//! disguises.

use rustrict::{CensorStr as _, Type};

/// Polish stems that the English-centred engine lacks. They match at the beginning of a part of a name.
const POLISH: &[&str] = &["kurw", "chuj", "huj", "pierdol", "pizd", "jeba", "jebi", "skurw", "cwel", "dziwk", "spierd", "zajeb", "wypierd"];

/// Whether a name, or a line of a postal address, contains a profane word: in the whole text; in a part between separators,
/// digits and changes of case; with digits in place of letters or between them; or split into pieces of one or two letters.
#[must_use]
pub fn in_name(name: &str) -> bool {
    let parts = || name.split(|c: char| !c.is_alphabetic()).filter(|p| p.chars().count() > 2);
    parts().any(profane) || profane(&parts().collect::<Vec<_>>().join(" ")) || disguised(&name.to_lowercase()).iter().any(|w| profane(w))
}

/// The readings of a name without digits and separators. Digits count as letters that they resemble, except in a part with more
/// digits than letters and after the last letter, where they are numbers.
fn disguised(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut pieces = String::new();
    // The end mark is an additional part, so that the last pieces are read, too.
    for part in name.split(|c: char| !c.is_alphanumeric()).filter(|p| p.chars().any(char::is_alphabetic)).chain(["~~~"]) {
        let letters: String = part.chars().filter(|c| c.is_alphabetic()).collect();
        let count = part.chars().count();
        if count <= 2 {
            pieces.push_str(&letters);
        } else {
            words.push(std::mem::take(&mut pieces));
        }
        let kept = letters.chars().count();
        let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
        if count > kept && kept.saturating_mul(2) >= count {
            words.extend(['i', 'l'].map(|one| part.chars().map(|c| letter(c, one)).collect()));
            words.push(letters);
        }
    }
    words.retain(|word| word.chars().count() > 2);
    words
}

/// The letter that a digit resembles.
const fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' => one,
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        c => c,
    }
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
    fn words_are_found() {
        let bad = [
            "fuck",
            "my_fuck_name",
            "fuckyou",
            "kurwa",
            "stara_kurwa1",
            "xx9chuj",
            "KURWA",
            "Stara_Kurwa",
            "sh1t",
            "b1tch",
            "fu_ck",
            "f_u_c_k",
            "kur1wa",
            "k u r w a",
            "k.u.r.w.a",
            "my_sh1t_99",
            "p1zda",
            "c0ck",
            "fuck_you",
            "f u c k 12",
            "ku_rw_a",
        ];
        for bad in bad {
            assert!(super::in_name(bad), "{bad}");
        }
    }

    #[test]
    fn innocent_names_pass() {
        let good = [
            "scunthorpe",
            "assassin",
            "cassandra",
            "dickens",
            "peacock",
            "jarowicz_x",
            "krzysztof",
            "essex",
            "ana_1990",
            "ana1990",
            "kasia5",
            "a_55",
            "agent007",
            "r2d2",
            "m4rc1n",
            "user_k7m2x9qpw4",
            "jan_12_34",
            "zeno2030",
            "sussex",
            "class1c",
            "b4ss",
            "ul. Długa 1/2",
            "Marszałkowska 44",
            "10 Downing St",
            "Flat 2a, 5 Hill Rd",
            "os. 3 Maja 12 m. 4",
            "Al. Jana Pawła II 15",
            "221b Baker Street",
            "Block A55",
            "123 1st Ave",
        ];
        for good in good {
            assert!(!super::in_name(good), "{good}");
        }
    }
}
