//! The normal form of texts, in which they are compared and sorted.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Returns the normal form of a text: compatibility characters replaced, without accents and other marks, in lower case, with single
/// spaces. `Żółw` and `ZOLW` have the same normal form.
#[must_use]
pub fn normal(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let folded = plain.fold(String::with_capacity(text.len()), |mut folded, c| {
        match c {
            // Letters with marks that Unicode does not decompose.
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ς' => folded.push('σ'),
            // White space, and control characters, which separate the parts of keys.
            c if c.is_whitespace() || c.is_control() => folded.push(' '),
            other => folded.push(other),
        }
        folded
    });
    folded.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_marks_do_not_matter() {
        for (text, expected) in [
            ("The Old Town", "the old town"),
            ("  CAF\u{c9}\tna\u{ef}ve \n", "cafe naive"),
            ("Æsop’s Œuvre", "aesop’s oeuvre"),
            ("ŻÓŁW", "zolw"),
            ("zażółć gęślą jaźń", "zazolc gesla jazn"),
            ("ZAŻÓŁĆ GĘŚLĄ JAŹŃ", "zazolc gesla jazn"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("STRAẞE", "strasse"),
            ("Äpfel über Öl", "apfel uber ol"),
            ("A\u{308}pfel", "apfel"),
            ("\u{fb01}n", "fin"),
            ("Đorđe Søren", "dorde soren"),
            ("İstanbul ıı", "istanbul ii"),
            ("Ⅷ №5 １２", "viii no5 12"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("Σίσυφος", "σισυφοσ"),
            ("a\u{1}b", "a b"),
            ("李 小龍", "李 小龍"),
            (" \u{301} ", ""),
            ("", ""),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn it_is_its_own_normal_form() {
        for text in ["Żółw", "Straße", "Ⅷ", "한국어", "ﷺ", "Ǆ", "ŉ", "ẖ", "Ͼ"] {
            assert_eq!(normal(&normal(text)), normal(text), "{text}");
        }
    }
}
