//! Random words of syllables of English, Polish and German.

use kernel::Sys;

const SYLLABLES: [&str; 64] = [
    "an", "ber", "bla", "cho", "ci", "da", "der", "dom", "el", "en", "er", "fi", "frau", "gar", "gra", "ha", "haus", "her", "in", "ing",
    "ja", "je", "ka", "ken", "ko", "la", "le", "li", "lo", "ma", "mi", "mor", "na", "ne", "nie", "no", "ny", "o", "on", "or", "pa", "po",
    "pra", "prze", "que", "ra", "ri", "ro", "sch", "sen", "ska", "st", "ta", "ten", "the", "to", "tra", "und", "ver", "wa", "wie", "wy",
    "zy", "żó",
];
/// Parts that many texts have.
const FREQUENT: [&str; 10] = ["the", "nie", "der", "en ", "ie ", "sch", "ing", "prze", "and", "her"];
/// How many different words there are.
const WORDS: u32 = 30_000;

/// Returns a random word; the first ones are the most frequent (Zipf).
pub fn word(sys: &Sys) -> String {
    let (one, other) = (u64::from(sys.below(WORDS)), u64::from(sys.below(WORDS)));
    let mut number = one.saturating_mul(other) / u64::from(WORDS);
    let mut word = String::new();
    loop {
        let syllable = usize::try_from(number % 64).ok().and_then(|at| SYLLABLES.get(at));
        word.push_str(syllable.copied().unwrap_or_default());
        number /= 64;
        if number == 0 {
            return word;
        }
    }
}

/// Returns so many random words.
pub fn words(sys: &Sys, count: u32) -> String {
    (0..count).map(|_| word(sys)).collect::<Vec<_>>().join(" ")
}

/// Returns a word of a text.
pub fn word_of(sys: &Sys, text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    words.get(below(sys, words.len())).copied().unwrap_or_default().to_owned()
}

/// Returns the first characters of a text.
pub fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// Returns every pair of frequent parts, joined.
pub fn frequent_pairs() -> impl Iterator<Item = String> {
    FREQUENT.iter().flat_map(|one| FREQUENT.iter().map(move |other| format!("{one}{other}")))
}

/// Returns a random number below a bound.
pub fn below(sys: &Sys, bound: usize) -> usize {
    usize::try_from(sys.below(u32::try_from(bound).unwrap_or(u32::MAX))).unwrap_or_default()
}

/// Returns one of these.
pub fn one_of<'a, T>(sys: &Sys, all: &'a [T]) -> Option<&'a T> {
    all.get(below(sys, all.len()))
}
