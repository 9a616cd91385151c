//! Prepared (canned) replies of the support team. A text may have the variables `{name}` and `{order}`, which are replaced when it is used.

use kernel::{
    FieldError, Time,
    id::{ReplyId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, BoundedList, Conditional as _, Item, Key, Personal, Range, StoreError, Table, Update, field};

use crate::message::TEXT_MAX_CHARS;

/// The most prepared texts of the team.
const MAX: u32 = 200;
/// The partition of all prepared replies.
const PARTITION: &str = "SUPPORT_REPLIES";
/// The list of all prepared replies.
pub const REPLIES: BoundedList = BoundedList::new("support_replies", PARTITION, MAX);

kernel::lines! {
    /// The title of a prepared text: 1 to 60 characters.
    ReplyTitle 1 60;
}

/// The variables of a prepared text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    /// The customer's username.
    Name,
    /// The number of an order.
    Order,
}

impl Variable {
    const ALL: [Self; 2] = [Self::Name, Self::Order];

    const fn written(self) -> &'static str {
        match self {
            Self::Name => "{name}",
            Self::Order => "{order}",
        }
    }
}

/// The text of a prepared reply, in which every `{…}` is a known variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyText(String);

impl ReplyText {
    /// Parses what somebody typed.
    ///
    /// # Errors
    /// `required`, `too_long`, or `choice` for an unknown variable.
    pub fn parse(typed: &str) -> Result<Self, FieldError> {
        let text = typed.trim();
        if kernel::text::is_blank(text) {
            return Err(FieldError::REQUIRED);
        }
        if text.chars().count() > TEXT_MAX_CHARS {
            return Err(FieldError::TOO_LONG.with("max", TEXT_MAX_CHARS));
        }
        let without = Variable::ALL.iter().fold(text.to_owned(), |text, variable| text.replace(variable.written(), ""));
        if without.contains(['{', '}']) { Err(FieldError::CHOICE) } else { Ok(Self(text.to_owned())) }
    }

    /// Returns the text as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text with its variables replaced. Variables inside values are not replaced.
    #[must_use]
    pub fn filled(&self, name: &str, order: &str) -> String {
        let (mut rest, mut filled) = (self.0.as_str(), String::with_capacity(self.0.len()));
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            let variable = behind.split_once('}').and_then(|(variable, after)| match variable {
                "name" => Some((name, after)),
                "order" => Some((order, after)),
                _ => None,
            });
            let (value, after) = variable.unwrap_or(("{", behind));
            filled.push_str(value);
            rest = after;
        }
        filled + rest
    }
}

/// A prepared reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedReply {
    /// The id.
    pub id: ReplyId,
    /// The title, by which it is found.
    pub title: ReplyTitle,
    /// The text.
    pub text: ReplyText,
    /// The last author. Absent if their account was deleted.
    #[serde(default)]
    pub by: Option<UserId>,
    /// When it was written last.
    pub at: Time,
    /// Increased by every change.
    #[serde(default = "store::first_version")]
    pub version: u64,
}

impl PreparedReply {
    /// Returns the key of a prepared reply.
    #[must_use]
    pub fn key_of(id: ReplyId) -> Key {
        Key::new(PARTITION, id.to_string())
    }
}

impl Item for PreparedReply {
    const KIND: &'static str = "support_reply";
    const ABOUT: About = About::at(PARTITION, "{reply}", Personal::Withheld("written for the support team; only its last author is named"))
        .removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// Returns all prepared replies, the oldest first. One query of at most 200 items.
///
/// # Errors
/// [`StoreError`]
pub async fn all(table: &Table) -> Result<Vec<PreparedReply>, StoreError> {
    Ok(table.query(Range::of(PARTITION).limit(MAX)).await?.items)
}

/// Removes a person from the replies of which they are the last author.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn forget_author(table: &Table, author: UserId) -> Result<(), StoreError> {
    for reply in all(table).await?.iter().filter(|reply| reply.by == Some(author)) {
        let nameless = Update::of(reply.key()).remove("by").when(field("by").eq(author));
        table.update(nameless).await.refused_is_fine()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_variables_are_taken() {
        assert!(ReplyText::parse("Hello {name}, about {order}").is_ok());
        for bad in ["Hello {surname}", "{name", "name}", "{{name}}", "{ name }"] {
            assert_eq!(ReplyText::parse(bad).unwrap_err().code, "choice", "{bad}");
        }
        assert_eq!(ReplyText::parse("  ").unwrap_err().code, "required");
    }

    #[test]
    fn a_value_is_not_filled_in_again() {
        let text = ReplyText::parse("Hello {name}: {order}, {name}.").unwrap();
        assert_eq!(text.filled("ana", "7"), "Hello ana: 7, ana.");
        assert_eq!(text.filled("{order}", "7"), "Hello {order}: 7, {order}.");
    }
}
