//! Swear words in English and Polish. Usernames and postal addresses may not contain them, and rooms can mask them in messages.
//!
//! Names of many people, streets and towns contain a swear word as a part, so most words count only as whole words. The words are in
//! `data/profanity.txt`.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

/// The lists of words, which the file explains.
#[derive(Default)]
struct Words {
    strong: BTreeSet<&'static str>,
    word: BTreeSet<&'static str>,
    doubtful: BTreeSet<&'static str>,
    companion: BTreeSet<&'static str>,
    anywhere: BTreeSet<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::default();
    let mut list = &mut words.strong;
    for line in include_str!("../data/profanity.txt").lines().filter(|line| !line.starts_with('#')) {
        match line {
            "[strong]" => list = &mut words.strong,
            "[word]" => list = &mut words.word,
            "[doubtful]" => list = &mut words.doubtful,
            "[companion]" => list = &mut words.companion,
            "[anywhere]" => list = &mut words.anywhere,
            line => list.extend(line.split_whitespace()),
        }
    }
    words
});

impl Words {
    /// Returns whether a part of a username is a swear word, contains an unmistakable one, or is composed of words of the lists with a
    /// swear word among them.
    fn in_part(&self, part: &str) -> bool {
        let swears = self.strong.contains(part) || self.word.contains(part) || self.anywhere.iter().any(|word| part.contains(word));
        swears || (!self.doubtful.contains(part) && self.is_joined(part, false))
    }

    /// Returns whether the rest of a part is composed of words of the lists. `sworn` is whether a word before it was a swear word.
    fn is_joined(&self, rest: &str, sworn: bool) -> bool {
        if rest.is_empty() {
            return sworn;
        }
        let follows = |words: &BTreeSet<&str>, sworn| {
            words.iter().any(|word| rest.strip_prefix(word).is_some_and(|rest| self.is_joined(rest, sworn)))
        };
        [&self.strong, &self.word, &self.doubtful].into_iter().any(|words| follows(words, true)) || follows(&self.companion, sworn)
    }
}

/// Returns whether a username contains a swear word: as a part between separators and digits, with digits in place of letters or between
/// them, or split into pieces of one or two letters.
#[must_use]
pub fn in_username(name: &str) -> bool {
    let name = name.to_lowercase();
    let disguised =
        numbered(&name).into_iter().chain(split(&name)).any(|word| WORDS.in_part(&word) || WORDS.doubtful.contains(word.as_str()));
    disguised || words(&name).iter().any(|word| WORDS.in_part(word))
}

/// Returns whether a line of a postal address contains a swear word as a whole word, plain or disguised as in [`in_username`].
#[must_use]
pub fn in_address(line: &str) -> bool {
    let line = line.to_lowercase();
    // Abbreviations such as "ul." count as pieces too.
    let spelled = split(&line).iter().any(|pieces| WORDS.strong.iter().any(|word| pieces.contains(word)));
    spelled || words(&line).iter().chain(&numbered(&line)).any(|word| WORDS.strong.contains(word.as_str()))
}

/// Returns whether a random code can be read as containing a swear word.
#[must_use]
pub fn in_code(code: &str) -> bool {
    let code = code.to_lowercase();
    let lists = [&WORDS.strong, &WORDS.word, &WORDS.doubtful, &WORDS.anywhere];
    let swears = |text: &String| lists.into_iter().flatten().any(|word| text.contains(word));
    words(&code).iter().chain(&numbered(&code)).any(swears)
}

/// Replaces each letter and digit of the swear words in a text by `*`. Inflected forms are found by their stems, and single letters are
/// read as one word: `k u r w a`.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let runs: Vec<Range<usize>> = runs_of(&letters);
    let spelled = runs.chunk_by(|a, b| a.len() == 1 && b.len() == 1).filter(|run| run.len() > 2).filter(|run| {
        let word: Vec<char> = run.iter().flat_map(|letter| letters.get(letter.clone()).unwrap_or_default()).copied().collect();
        swears(&word)
    });
    let alone = runs.iter().filter(|run| letters.get((*run).clone()).is_some_and(swears)).cloned();
    let hidden: Vec<Range<usize>> = spelled.flatten().cloned().chain(alone).collect();
    for letter in hidden.into_iter().flatten() {
        if let Some(letter) = letters.get_mut(letter) {
            *letter = '*';
        }
    }
    letters.into_iter().collect()
}

/// Returns the ranges of the runs of letters and digits.
fn runs_of(letters: &[char]) -> Vec<Range<usize>> {
    let mut runs = Vec::<Range<usize>>::new();
    for (at, _) in letters.iter().enumerate().filter(|(_, letter)| letter.is_alphanumeric()) {
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => run.end = at.saturating_add(1),
            None => runs.push(at..at.saturating_add(1)),
        }
    }
    runs
}

/// Returns whether a run of letters and digits is a swear word, with or without its diacritics.
fn swears(run: &[char]) -> bool {
    let lower: String = run.iter().flat_map(|letter| letter.to_lowercase()).collect();
    let folded: String = lower.chars().map(without_diacritic).collect();
    [lower, folded].iter().any(|word| {
        words(word).into_iter().chain(numbered(word)).any(|form| {
            let whole = WORDS.strong.contains(form.as_str()) || WORDS.word.contains(form.as_str());
            whole || WORDS.anywhere.iter().any(|stem| form.contains(stem))
        })
    })
}

/// Returns the base letter of a Polish letter with a diacritic.
const fn without_diacritic(c: char) -> char {
    match c {
        'ą' => 'a',
        'ć' => 'c',
        'ę' => 'e',
        'ł' => 'l',
        'ń' => 'n',
        'ó' => 'o',
        'ś' => 's',
        'ź' | 'ż' => 'z',
        c => c,
    }
}

/// Returns the words of a name, and also each word with runs of three or more equal letters shortened to one: `fuuuck`.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 2);
    words.flat_map(|word| [word.to_owned(), without_stretches(word)]).collect()
}

fn without_stretches(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    letters.chunk_by(|a, b| a == b).flat_map(|run| run.iter().take(if run.len() > 2 { 1 } else { 2 })).collect()
}

/// Readings of words with digits before or between their letters: without the digits, and with the letters that the digits resemble. Digits
/// after the last letter, and in a word with more digits than letters, are numbers and stay.
fn numbered(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_alphanumeric()) {
        let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let letters: String = part.chars().filter(|c| c.is_alphabetic()).collect();
        let (count, kept) = (part.chars().count(), letters.chars().count());
        if kept > 1 && count > kept && kept.saturating_mul(2) >= count {
            words.extend(['i', 'l'].map(|one| part.chars().map(|c| letter(c, one)).collect()));
            words.push(letters);
        }
    }
    words
}

/// Returns the runs of pieces of one or two letters, each run as one word.
fn split(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().any(char::is_alphabetic));
    let pieces: Vec<&str> = parts.collect();
    let runs = pieces.chunk_by(|a, b| a.chars().count() <= 2 && b.chars().count() <= 2).filter(|run| run.len() > 1);
    runs.map(|run| run.concat().chars().filter(|c| c.is_alphabetic()).collect()).collect()
}

/// Returns the letter that a digit resembles.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::Username;

    const REAL: &str = include_str!("../data/real-names.txt");
    const INSULTS: &str = include_str!("../data/insults.txt");

    fn entries(text: &'static str, section: &str) -> Vec<&'static str> {
        let lines = text.lines().filter(|line| !line.starts_with('#')).skip_while(|line| *line != section).skip(1);
        lines.take_while(|line| !line.starts_with('[')).flat_map(|line| line.split(',')).map(str::trim).filter(|e| !e.is_empty()).collect()
    }

    /// As a username, which is ASCII.
    fn plain(name: &str) -> String {
        use unicode_normalization::UnicodeNormalization as _;
        let letters = name.to_lowercase().replace('ł', "l").replace('ø', "o").replace('ß', "ss").replace('đ', "d").replace('ı', "i");
        letters.nfd().filter(char::is_ascii).map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
    }

    #[test]
    fn real_towns_streets_and_people_pass() {
        let (towns, people) = (entries(REAL, "[places]"), entries(REAL, "[people]"));
        assert!(towns.len() + people.len() >= 300, "{} places, {} people", towns.len(), people.len());
        let refused: Vec<&&str> = towns.iter().chain(&people).filter(|place| in_address(place)).collect();
        assert!(refused.is_empty(), "in an address: {refused:?}");
        let refused: Vec<&&str> = people.iter().filter(|name| in_username(&plain(name))).collect();
        assert!(refused.is_empty(), "as a username: {refused:?}");
        let numbered: Vec<&&str> = people.iter().filter(|name| in_username(&format!("{}1990", plain(name)))).collect();
        assert!(numbered.is_empty(), "as a username with a year: {numbered:?}");
    }

    #[test]
    fn insults_are_refused() {
        let (everywhere, usernames) = (entries(INSULTS, "[everywhere]"), entries(INSULTS, "[usernames]"));
        assert!(everywhere.len() + usernames.len() >= 100);
        let passed: Vec<&&str> = everywhere.iter().chain(&usernames).filter(|insult| !in_username(&plain(insult))).collect();
        assert!(passed.is_empty(), "as a username: {passed:?}");
        let passed: Vec<&&str> = everywhere.iter().filter(|insult| !in_address(&format!("ul. {insult} 12"))).collect();
        assert!(passed.is_empty(), "in an address: {passed:?}");
    }

    #[test]
    fn numbers_are_no_disguise() {
        for good in
            ["ana_1990", "kasia5", "a_55", "agent007", "r2d2", "m4rc1n", "user_k7m2x9qpw4", "jan_12_34", "class1c", "b4ss", "dick1990"]
        {
            assert!(!in_username(good), "{good}");
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for good in [
            "ul. Długa 1/2",
            "10 Downing St",
            "Flat 2a, 5 Hill Rd",
            "os. 3 Maja 12 m. 4",
            "Al. Jana Pawła II 15",
            "221b Baker Street",
            "Block A55",
            "123 1st Ave",
            "5h17 Building",
            "A. S. S. Road 5",
        ] {
            assert!(!in_address(good), "{good}");
        }
    }

    #[test]
    fn drawn_codes_contain_no_swear_words() {
        for bad in ["xfuckz", "KURWA2", "9SH1T9", "ASS222", "2D1CK2"] {
            assert!(in_code(bad), "{bad}");
        }
        assert!(!in_code("k7m2xp"));
    }

    #[test]
    fn swear_words_are_masked_and_nothing_else() {
        for (text, shown) in [
            ("What the fuck, Ben?", "What the ****, Ben?"),
            ("FUUUCK!!", "******!!"),
            ("sh1t happens", "**** happens"),
            ("k u r w a, znowu", "* * * * *, znowu"),
            ("f.u.c.k off", "*.*.*.* off"),
            ("Kurwa mać", "***** mać"),
            ("z tymi kurwami i chujem", "z tymi ******* i ******"),
            ("wyjebałem się", "********* się"),
            ("Pierdolę to, jebać.", "******** to, *****."),
            ("GÓWNO prawda", "***** prawda"),
            ("skurwysyn\tżółć\n", "*********\tżółć\n"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(text).chars().count(), text.chars().count(), "{text}");
        }
        for good in [
            "",
            "Zażółć gęślą jaźń.",
            "Scunthorpe and Assassin",
            "Idę do kina o 18:30, a ty?",
            "a b c d e",
            "class1c b4ss, agent007",
            "Cześć, jak się masz? 😀",
            "grass, shiitake, Hancock",
        ] {
            assert_eq!(masked(good), good);
        }
    }

    /// Each list has its words once, and in the place where the comment of the file puts them.
    #[test]
    fn the_file_is_consistent() {
        let lists = [&WORDS.strong, &WORDS.word, &WORDS.doubtful, &WORDS.companion];
        assert!(lists.iter().all(|list| list.iter().all(|word| *word == word.to_lowercase())));
        let all: BTreeSet<&str> = lists.into_iter().flatten().copied().collect();
        assert_eq!(all.len(), lists.iter().map(|list| list.len()).sum::<usize>());
    }
}
