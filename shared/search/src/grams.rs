//! Grams: the short parts of a text, by which the text is found.

use std::collections::BTreeSet;

use crate::{
    entry::SEPARATOR,
    frequency::{is_common, rank},
};

/// Returns the grams of a text in normal form: all parts of three characters, and all shorter parts that are not common. No gram extends
/// over two texts that are searched together.
pub fn grams(text: &str) -> BTreeSet<&str> {
    let short = [1, 2].into_iter().flat_map(|length| windows(text, length)).filter(|gram| !is_common(gram));
    short.chain(windows(text, 3)).filter(|gram| !gram.contains(SEPARATOR)).collect()
}

/// Returns the gram of these texts whose list is probably the shortest. `None` if the texts are short and common; then the list of all
/// records has to be read.
pub fn rarest<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<&'t str> {
    let parts: Vec<&str> = texts.into_iter().flat_map(longest).collect();
    // If several grams are not in the table, the first one is used.
    parts.into_iter().rev().max_by_key(|gram| (rank(gram).is_none(), rank(gram)))
}

/// Returns the grams with the maximum length, because the lists of their shorter parts are longer.
fn longest(text: &str) -> Vec<&str> {
    match text.chars().take(3).count() {
        3 => windows(text, 3).collect(),
        length => windows(text, length).filter(|gram| !is_common(gram)).collect(),
    }
}

/// Returns every part of a text that has this many characters.
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
