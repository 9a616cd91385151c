//! The short texts of which a text consists, by which it is found.

use std::collections::BTreeSet;

use crate::frequency::{is_common, rank};

/// The texts of up to three characters that a text in normal form is listed under: all of three, and those shorter ones that are not
/// common.
pub fn grams(text: &str) -> BTreeSet<&str> {
    let short = [1, 2].into_iter().flat_map(|length| windows(text, length)).filter(|gram| !is_common(gram));
    short.chain(windows(text, 3)).collect()
}

/// The one of those whose list is likely to be the shortest. `None` if the text is short and common: no list is shorter than the list
/// of everything.
pub fn rarest<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<&'t str> {
    let parts: Vec<&str> = texts.into_iter().flat_map(longest).collect();
    // Of several that are in no table, the first.
    parts.into_iter().rev().max_by_key(|gram| (rank(gram).is_none(), rank(gram)))
}

/// The grams of the greatest length: each list of a shorter one contains theirs.
fn longest(text: &str) -> Vec<&str> {
    match text.chars().take(3).count() {
        3 => windows(text, 3).collect(),
        length => windows(text, length).filter(|gram| !is_common(gram)).collect(),
    }
}

/// Every part of a text that has this many characters.
fn windows(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(at, _)| at);
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).skip(length);
    starts.zip(ends).filter_map(move |(start, end)| text.get(start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_listed_under_three_characters_and_rare_shorter_ones() {
        assert_eq!(grams("the"), BTreeSet::from(["the"]));
        assert_eq!(grams("qx"), BTreeSet::from(["qx"]));
        assert_eq!(grams("ab"), BTreeSet::new());
        assert_eq!(grams(""), BTreeSet::new());
        assert_eq!(grams("李a"), BTreeSet::from(["李", "李a"]));
        assert_eq!(grams("ana na"), BTreeSet::from(["ana", "na ", "a n", " na"]));
    }

    #[test]
    fn the_rarest_part_is_looked_up() {
        for (text, gram) in [
            ("the", Some("the")),
            ("there", Some("her")),
            ("zxq and the", Some("zxq")),
            ("qx", Some("qx")),
            ("ab", None),
            ("a", None),
            ("李", Some("李")),
            ("", None),
        ] {
            assert_eq!(rarest([text]), gram, "{text}");
        }
        assert_eq!(rarest(["the", "zxq"]), Some("zxq"));
        assert_eq!(rarest(["ab", "the"]), Some("the"));
    }
}
