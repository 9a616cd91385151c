//! `Content-Disposition` (RFC 6266).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to encode: all except `attr-char` (RFC 8187, section 3.2.1).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Returns the header value that makes browsers save a file under this name. Old clients read the first form, in which `_` replaces
/// characters outside of ASCII.
pub(crate) fn attachment(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || " !#$&()+,-.=@[]^_{}~".contains(c) { c } else { '_' };
    let fallback: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_header_or_begins_another_parameter() {
        for (name, value) in [
            ("cat.png", "attachment; filename=\"cat.png\"; filename*=UTF-8''cat.png"),
            ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
            ("\u{17c}.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C5%BC.pdf"),
            ("a\"; x=\"b", "attachment; filename=\"a__ x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
            ("a\r\nb\\%41*'", "attachment; filename=\"a__b__41__\"; filename*=UTF-8''a%0D%0Ab%5C%2541%2A%27"),
        ] {
            assert_eq!(attachment(name), value);
        }
    }
}
