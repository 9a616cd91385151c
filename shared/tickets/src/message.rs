//! The messages of a ticket: the first one is that of the contact form, the others are answers of the team.

use accounts::user::owned;
use kernel::{
    FieldError, Time,
    id::{TicketId, UserId},
    text,
};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Personal};

/// The prefix of the partition keys of tickets.
pub(crate) const PREFIX: &str = "CONTACT#";
/// The minimum number of characters of a message to the team.
pub const MESSAGE_MIN: usize = 250;
/// The maximum number of characters of a message to the team, and of an answer.
pub const TEXT_MAX: usize = 10_000;

/// The number of characters of a message that lists show: enough to go beyond the greeting of a template.
const PREVIEW_CHARS: usize = 150;

/// Returns the partition of a ticket and its messages.
pub(crate) fn partition(ticket: TicketId) -> String {
    format!("{PREFIX}{ticket}")
}

/// The text of a message or an answer, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketText(String);

impl TicketText {
    /// Parses a message to the team: 250 to 10,000 characters.
    ///
    /// # Errors
    /// `required`, `too_short`, `too_long` or `characters`.
    pub fn of_sender(typed: &str) -> Result<Self, FieldError> {
        text::paragraphs(typed, MESSAGE_MIN, TEXT_MAX).map(Self)
    }

    /// Parses an answer of the team: 1 to 10,000 characters.
    ///
    /// # Errors
    /// `required`, `too_long` or `characters`.
    pub fn of_team(typed: &str) -> Result<Self, FieldError> {
        text::paragraphs(typed, 1, TEXT_MAX).map(Self)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its beginning in one line.
    #[must_use]
    pub fn preview(&self) -> String {
        let line = self.0.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(PREVIEW_CHARS) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
            None => line,
        }
    }
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketMessage {
    /// The ticket.
    pub ticket: TicketId,
    /// Its number in the ticket, from 1.
    pub number: u32,
    /// The account that wrote the ticket, if it was one.
    pub user: Option<UserId>,
    /// The member of the team who wrote the message. `None` for the message of the contact form.
    pub author: Option<UserId>,
    /// Whether it is an answer of the team.
    pub by_team: bool,
    /// The text.
    pub text: TicketText,
    /// When it was written.
    pub at: Time,
    /// The time until which it is kept, as long as its ticket.
    pub until: Time,
}

impl TicketMessage {
    /// Returns the key of a message of a ticket.
    #[must_use]
    pub fn key_of(ticket: TicketId, number: u32) -> Key {
        Key::new(partition(ticket), format!("CONTACT_MESSAGE#{number:04}"))
    }
}

impl Item for TicketMessage {
    const KIND: &'static str = "contact_message";
    const ABOUT: About =
        About::at("CONTACT#{ticket}", "CONTACT_MESSAGE#{number}", Personal::Exported(&["ticket", "number", "by_team", "text", "at"]))
            .owned()
            .expires()
            .removed_by("contact");
    fn key(&self) -> Key {
        Self::key_of(self.ticket, self.number)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        self.user.iter().map(|user| (Index::Owner, owned(*user, &self.key()))).collect()
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_the_form_says() {
        let of = |count: usize| TicketText::of_sender(&format!(" {}\n", "ż".repeat(count))).map_err(|e| e.code).map(drop);
        assert_eq!([of(249), of(250), of(10_000), of(10_001)], [Err("too_short"), Ok(()), Ok(()), Err("too_long")]);
        assert_eq!(TicketText::of_sender(&" ".repeat(300)).unwrap_err().code, "required");
        assert_eq!(TicketText::of_sender(&format!("{}\u{8}", "x".repeat(250))).unwrap_err().code, "characters");
        assert_eq!(TicketText::of_team(" One\n\n two ").unwrap().preview(), "One two");
        assert_eq!(TicketText::of_sender(&"ż ".repeat(250)).unwrap().preview(), format!("{}…", "ż ".repeat(75).trim_end()));
        assert!(
            TicketText::of_team("Yes.").is_ok() && TicketText::of_team(" ").is_err() && TicketText::of_team(&"x".repeat(10_001)).is_err()
        );
    }
}
