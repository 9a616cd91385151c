//! The kinds of mails and their contents.

use std::{borrow::Cow, fmt, time::Duration};

use kernel::{Secret, Time};

/// A mail of one kind, with its contents.
#[derive(Clone, Debug)]
pub enum Mail {
    /// A code to type in.
    Code {
        /// The purpose of the code. With `_code` it is the prefix of the names of the Fluent messages.
        purpose: &'static str,
        /// The digits.
        code: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// The link that activates an account.
    Activation {
        /// The address of the button.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// Somebody registered with the address of an existing account.
    AddressTaken,
    /// A deletion was scheduled.
    DeletionScheduled {
        /// The username of the account.
        username: String,
        /// When it begins.
        due_at: Time,
        /// The address of the button that cancels it.
        link: Secret,
    },
    /// Unread messages wait for an absent person.
    Missed {
        /// The number of messages.
        messages: u32,
        /// The rooms, with some of their messages.
        rooms: Vec<MissedRoom>,
        /// The address of the frontend, for the button.
        site: Secret,
        /// The URL to unsubscribe: a `POST` stops such mails, and a `GET` shows a page with a button for it. It has only characters that
        /// are valid in URLs.
        unsubscribe: Secret,
    },
    /// The link to choose a new password.
    PasswordReset {
        /// The username of the account.
        username: String,
        /// The address of the button.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// The link that restores a former address of an account.
    ContactRestoration {
        /// The username of the account.
        username: String,
        /// The address of the button.
        link: Secret,
        /// How long it is valid.
        life: Duration,
    },
    /// The receipt for a donation.
    DonationReceipt {
        /// The donor's username.
        username: String,
        /// The amount, in the format of the mail's language.
        amount: String,
        /// The number of the donation.
        number: String,
        /// When it was paid.
        paid_at: Time,
    },
    /// The last seal of the audit, once a day for operators.
    AuditHead {
        /// The number of the seal.
        number: u64,
        /// Its hash, which covers all earlier seals.
        hash: String,
    },
    /// The receipt for a plan.
    PlanReceipt {
        /// The payer's username.
        username: String,
        /// The name of the plan, in the language of the mail.
        plan: String,
        /// The price, in the format of the mail's language.
        amount: String,
        /// The number of the payment.
        number: String,
        /// When it was paid.
        paid_at: Time,
    },
    /// The confirmation of an order.
    OrderConfirmation {
        /// The buyer's username.
        username: String,
        /// The number of the order.
        number: String,
        /// A line for each product, with its price in the format of the mail's language.
        lines: Vec<String>,
        /// The total, in the same format.
        total: String,
        /// Whether the order is paid. Otherwise it is paid on delivery.
        paid: bool,
    },
    /// The support team answered a customer who is away.
    SupportAnswer {
        /// The customer's username.
        username: String,
        /// The answers.
        answers: Vec<ThreadMessage>,
        /// Like the one of [`Mail::Missed`].
        unsubscribe: Secret,
        /// The thread in which mail programs show the mail.
        conversation: Conversation,
    },
    /// The transcript of a support thread, which its customer requested.
    SupportTranscript {
        /// The customer's username.
        username: String,
        /// The messages of both sides.
        messages: Vec<ThreadMessage>,
    },
    /// For the team: somebody has written with the contact form.
    ContactMessage {
        /// The subject that the sender chose.
        about: ContactSubject,
        /// The name that the sender gave.
        name: String,
        /// Their address, which answers to this mail go to.
        email: String,
        /// Whether they were signed in with that address.
        proven: bool,
        /// The message.
        text: String,
    },
    /// The copy for the sender. It contains the message only if the address is proven, so that it cannot be used to send texts to
    /// strangers.
    ContactCopy {
        /// The subject that the sender chose.
        about: ContactSubject,
        /// The message, if the address is proven.
        text: Option<String>,
    },
    /// The team's answer to a message of the contact form.
    ContactAnswer {
        /// The subject that the sender chose.
        about: ContactSubject,
        /// The answer.
        text: String,
        /// Its number among the messages of the ticket.
        message: u32,
    },
    /// A notice about an event of an account.
    Notice {
        /// The event. It is the prefix of the names of the Fluent messages.
        name: &'static str,
        /// The username of the account.
        username: String,
        /// When and how often it happened.
        happened: Happened,
    },
}

/// A room with messages that wait.
#[derive(Clone, Debug)]
pub struct MissedRoom {
    /// The name of a group or a channel. `None` for a direct room, whose other member is the author of its messages.
    pub name: Option<String>,
    /// The authors and the beginnings of some of the messages, the oldest first.
    pub messages: Vec<(String, Excerpt)>,
    /// The number of further messages.
    pub more: u32,
}

/// The maximum number of characters of a message in a mail.
const EXCERPT_MAX_CHARS: usize = 140;

/// The beginning of a message: one line, without invisible characters and direction marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// Returns the beginning of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let seen: Vec<char> = line.chars().filter(|c| !c.is_control() && !hidden(*c)).take(EXCERPT_MAX_CHARS.saturating_add(1)).collect();
        if seen.len() <= EXCERPT_MAX_CHARS {
            return Self(seen.into_iter().collect());
        }
        let kept = seen.into_iter().take(EXCERPT_MAX_CHARS.saturating_sub(1)).collect::<String>();
        Self(format!("{}…", kept.trim_end()))
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message of a support thread.
#[derive(Clone, Debug)]
pub struct ThreadMessage {
    /// When it was written.
    pub at: Time,
    /// The customer's username if they wrote it. `None` for the team, whose members are never named.
    pub by: Option<String>,
    /// The text.
    pub text: String,
}

/// The subject of a ticket.
#[derive(Clone, Debug)]
pub struct ContactSubject {
    /// The number of the ticket.
    pub number: String,
    /// The name of the subject, in the language of the mail. The operator chooses it.
    pub name: String,
}

impl ContactSubject {
    /// Returns the mail thread of the ticket. `mail` names the mail in it.
    fn conversation(&self, mail: &str) -> Conversation {
        let root = format!("contact.{}", self.number);
        Conversation { mail: format!("{root}.{mail}"), root }
    }
}

/// The recipient of answers to a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers<'a> {
    /// The usual address for answers.
    AsUsual,
    /// To the team.
    ToTeam,
    /// To this address.
    To(&'a str),
}

/// A mail thread, whose mails are shown together by mail programs. SES sets the `Message-ID` of each mail, so the mails are linked by a
/// common `References` header.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The name of the conversation: the same for each of its mails.
    pub root: String,
    /// The name of this mail.
    pub mail: String,
}

/// When the event of a notice happened.
#[derive(Clone, Debug)]
pub enum Happened {
    /// Once.
    Once(Occasion),
    /// Several times since the last notice. This notice sums them up.
    Often(Repeated),
}

/// One occurrence of an event.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// When it happened.
    pub at: Time,
    /// The client that caused it: the browser and the system.
    pub device: Option<String>,
    /// Where that client was: a city or a network address.
    pub place: Option<String>,
}

/// Several occurrences of an event, summed up in one notice.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// The number of times.
    pub times: u32,
    /// When the last notice was sent.
    pub since: Time,
    /// When it happened last.
    pub last: Time,
}

impl Mail {
    /// Returns the prefix of the names of its Fluent messages.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Code { purpose, .. } => format!("{purpose}_code").into(),
            Self::Activation { .. } => "activation".into(),
            Self::AddressTaken => "address_taken".into(),
            Self::DeletionScheduled { .. } => "deletion_scheduled".into(),
            Self::Missed { .. } => "missed".into(),
            Self::PasswordReset { .. } => "password_reset".into(),
            Self::ContactRestoration { .. } => "contact_restoration".into(),
            Self::DonationReceipt { .. } => "donation_receipt".into(),
            Self::AuditHead { .. } => "audit_head".into(),
            Self::PlanReceipt { .. } => "plan_receipt".into(),
            Self::OrderConfirmation { paid: false, .. } => "order_confirmation".into(),
            Self::OrderConfirmation { paid: true, .. } => "order_paid".into(),
            Self::SupportAnswer { .. } => "support_answer".into(),
            Self::SupportTranscript { .. } => "support_transcript".into(),
            Self::ContactMessage { .. } => "contact_message".into(),
            Self::ContactCopy { .. } => "contact_copy".into(),
            Self::ContactAnswer { .. } => "contact_answer".into(),
            Self::Notice { name, .. } => (*name).into(),
        }
    }

    /// Returns the conversation that it belongs to, if there is one.
    pub(crate) fn conversation(&self) -> Option<Conversation> {
        match self {
            Self::SupportAnswer { conversation, .. } => Some(conversation.clone()),
            Self::ContactMessage { about, .. } => Some(about.conversation("team")),
            Self::ContactCopy { about, .. } => Some(about.conversation("1")),
            Self::ContactAnswer { about, message, .. } => Some(about.conversation(&message.to_string())),
            _ => None,
        }
    }

    /// Where answers to it go.
    pub(crate) fn answers(&self) -> Answers<'_> {
        match self {
            Self::ContactMessage { email, .. } => Answers::To(email),
            Self::ContactCopy { .. } | Self::ContactAnswer { .. } => Answers::ToTeam,
            _ => Answers::AsUsual,
        }
    }

    pub(crate) const fn code(&self) -> Option<&Secret> {
        match self {
            Self::Code { code, .. } => Some(code),
            _ => None,
        }
    }

    pub(crate) const fn link(&self) -> Option<&Secret> {
        match self {
            Self::Activation { link, .. }
            | Self::DeletionScheduled { link, .. }
            | Self::PasswordReset { link, .. }
            | Self::ContactRestoration { link, .. } => Some(link),
            Self::Missed { site, .. } => Some(site),
            _ => None,
        }
    }

    /// Returns the address that stops such mails. Only mails that can be switched off have one.
    pub(crate) const fn unsubscribe(&self) -> Option<&Secret> {
        match self {
            Self::Missed { unsubscribe, .. } | Self::SupportAnswer { unsubscribe, .. } => Some(unsubscribe),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_of_what_is_seen() {
        assert_eq!(Excerpt::of("  one\n\n two\tthree ").to_string(), "one two three");
        assert_eq!(Excerpt::of("a\u{202e}b\u{200b}c\u{7}").to_string(), "abc");
        assert_eq!(Excerpt::of(&"ż".repeat(140)).to_string(), "ż".repeat(140));
        assert_eq!(Excerpt::of(&"ż".repeat(141)).to_string(), format!("{}…", "ż".repeat(139)));
    }
}
