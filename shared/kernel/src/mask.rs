//! Masks contact details that are shown to somebody who has not yet proven to own them.

/// `anna@example.test` becomes `a****@example.test`: the first character, four stars whatever the length, the domain.
///
/// The number of stars is fixed, because it would reveal the length of the address.
#[must_use]
pub fn email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = local.chars().next().unwrap_or('*');
    format!("{first}****@{domain}")
}

/// `+447911123456` becomes `+••••••56`: only the last two digits, because the length of country codes varies.
#[must_use]
pub fn phone(number: &str) -> String {
    let tail: String = number.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
    format!("+••••••{tail}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn masks_hide_the_length() {
        assert_eq!(super::email("anna@example.test"), "a****@example.test");
        assert_eq!(super::email("a@example.test"), "a****@example.test");
        assert_eq!(super::phone("+447911123456"), "+••••••56");
    }
}
