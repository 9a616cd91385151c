//! Passwords that guessing tools try first.
//!
//! The [list of common passwords](crate::common) matches its own entries only. This module also finds variants with the usual decorations:
//! substituted letters, digits and symbols around the word, repetitions, adjacent keys.

/// Words that people build passwords from.
fn words() -> impl Iterator<Item = &'static str> {
    include_str!("../data/words.txt").split_whitespace()
}

/// Rows of adjacent keys. Walks along them are recognised in both directions.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()",
];

/// Returns whether a guessing tool would find the password early, whatever its length.
pub(crate) fn guessable(password: &str) -> bool {
    let lower = password.to_lowercase();
    let core = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let plain = |text: &str| text.chars().map(unleet).collect::<String>();
    // Decorations are removed before or after substitutions are undone: `P@ssw0rd2024!` and `$ecret`.
    let cores = [core(&lower), plain(&core(&lower)), core(&plain(&lower))];
    let common = |text: &String| words().any(|w| w == text) || made_of_words(text) || repeated(text) || walk(text);
    few_symbols(&lower) || wordless(&lower) || repeated(&lower) || walk(&lower) || cores.iter().any(common)
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => c,
    }
}

/// Returns whether the text has fewer than five different characters.
fn few_symbols(text: &str) -> bool {
    text.chars().collect::<std::collections::BTreeSet<_>>().len() < 5
}

/// Returns whether the text is only digits and symbols, and short enough to be a date or a person's number. Twenty digits are as strong as
/// a key.
fn wordless(text: &str) -> bool {
    text.is_ascii() && text.len() < 20 && !text.contains(char::is_alphabetic)
}

/// Returns whether the text is a repeated part.
fn repeated(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let n = chars.len();
    (1..=n.div_euclid(2)).any(|size| {
        let Some(unit) = chars.get(..size) else { return false };
        chars.chunks(size).all(|chunk| unit.starts_with(chunk))
    })
}

/// Returns whether the text consists of at most two words of the list.
fn made_of_words(text: &str) -> bool {
    words().any(|w| text.strip_prefix(w).is_some_and(|rest| words().any(|v| v == rest.trim_matches(|c: char| !c.is_alphabetic()))))
}

/// Returns whether the text is mostly adjacent keys.
fn walk(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let near = |a: char, b: char| {
        a == b
            || ROWS.iter().any(|row| {
                let at = |c| row.chars().position(|r| r == c);
                at(a).zip(at(b)).is_some_and(|(x, y)| x.abs_diff(y) == 1)
            })
    };
    let steps = chars.windows(2).filter(|w| matches!(w, [a, b] if near(*a, *b))).count();
    let pairs = chars.len().saturating_sub(1);
    pairs >= 3 && steps.saturating_mul(4) >= pairs.saturating_mul(3)
}

#[cfg(test)]
mod tests {
    use super::guessable;

    #[test]
    fn passwords_that_tools_try_first_are_guessable() {
        for bad in [
            "password1234",
            "P@ssw0rd2024!",
            "123456789012",
            "qwertyuiop123",
            "aaaaaaaaaaaa",
            "abcdefghijkl",
            "iloveyou2023!!",
            "passwordpassword",
            "1qaz2wsx3edc4rfv",
            "Summer2024!!!",
            "welcome123456",
            "zaq12wsxcde34",
            "hasło1234567",
            "kochamcie2024",
            "football12345",
            "LetMeIn!!!!!",
            "111222333444",
            "qwertyqwerty",
            "!@#$%^&*()12",
            "adminadmin123",
            "dragonmonkey99",
            "1984-06-05 27",
            "48 600 123 456",
        ] {
            assert!(guessable(bad), "{bad}");
        }
        for good in [
            "correct horse battery",
            "tL9#vQ2x!mZ7",
            "żółta łódka na wiśle",
            "my cat eats cables",
            "vr4nkulpomidor",
            "Wisla-Odra-Bug-7",
            "82731 90466 1757 3829",
            "🐝🦊🌵🚲🐙🎈🍋🧭🐢🌋🎻🥁",
        ] {
            assert!(!guessable(good), "{good}");
        }
    }
}
