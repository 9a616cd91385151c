//! Mentions: `@ana` in a text, resolved to people when it is sent.

use std::collections::BTreeSet;

use accounts::{identifier::Username, username::UsernameClaim};
use kernel::id::UserId;
use store::{StoreError, Table};

use crate::message::Text;

/// The maximum number of people that a message mentions. Further names stay plain text.
pub const MAX: usize = 10;

/// Returns the names after an `@` at the beginning of a word, each once.
fn names(text: &str) -> Vec<Username> {
    let mut seen = BTreeSet::new();
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '@' | '_')));
    let names = words.filter_map(|word| word.strip_prefix('@')).filter_map(|name| Username::parse(name).ok());
    names.filter(|name| seen.insert(name.to_string())).take(MAX).collect()
}

/// Returns the people whom a text mentions. One batch read, none if the text contains no name.
///
/// # Errors
/// [`StoreError`]
pub async fn resolve(table: &Table, text: &Text) -> Result<Vec<UserId>, StoreError> {
    let keys: Vec<_> = names(&text.to_string()).iter().map(UsernameClaim::key_of).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = table.get_many(keys.clone()).await?;
    let claims = keys.iter().map(|key| found.take::<UsernameClaim>(key)).collect::<Result<Vec<_>, _>>()?;
    Ok(claims.into_iter().flatten().filter_map(|claim| claim.owner()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_an_at_sign_at_the_beginning_of_a_word() {
        let found = |text: &str| names(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("@ana, (@Ben_Nowak) and @ana: look at ana@example.test"), ["ana", "ben_nowak"]);
        assert_eq!(found("@ @@ana @a @-x"), [""; 0]);
        let many: String = (0..12).map(|i| format!("@name{i} ")).collect();
        assert_eq!(found(&many).len(), MAX);
    }
}
