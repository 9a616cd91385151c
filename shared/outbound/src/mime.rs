//! Composes the bytes of a mail: RFC 5322 with MIME, by lettre.

use std::time::UNIX_EPOCH;

use kernel::Time;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{
    SendError,
    mail::Conversation,
    render::{Bodies, Letter},
};

/// Composes a mail with both bodies. An address with a line break is an error, so that nobody can inject headers.
pub(crate) fn compose(from: &Mailbox, reply_to: Option<&Mailbox>, to: &str, now: Time, letter: &Letter) -> Result<Vec<u8>, SendError> {
    let to: Address = to.parse().map_err(|_| SendError::Compose("the address cannot be mailed to"))?;
    let date = UNIX_EPOCH.checked_add(now.since(Time::ZERO)).unwrap_or(UNIX_EPOCH);
    let Bodies { text, html } = letter.bodies()?;
    let mut message =
        Message::builder().from(from.clone()).to(Mailbox::new(None, to)).subject(letter.subject.clone()).date(date).raw_header(automatic());
    for header in letter.unsubscribe.iter().flat_map(|link| one_click(link)) {
        message = message.raw_header(header);
    }
    if let Some(reply_to) = reply_to {
        message = message.reply_to(reply_to.clone());
    }
    if let Some(Conversation { root, mail }) = &letter.conversation {
        let named = |name: &str| format!("<{name}@{}>", from.email.domain());
        message = message.message_id(Some(named(mail))).in_reply_to(named(root)).references(named(root));
    }
    let body = MultiPart::alternative_plain_html(text, html);
    message.multipart(body).map(|m| m.formatted()).map_err(|_| SendError::Compose("the message is not well-formed"))
}

/// Returns the header `Auto-Submitted`, which prevents automatic replies (RFC 3834 §5).
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

/// Returns the headers with which mail programs offer a button to unsubscribe, which posts to the link (RFC 8058).
fn one_click(link: &str) -> [HeaderValue; 2] {
    // The values are not encoded, because a URL has only characters that need no encoding.
    let header = |name, text: String| HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), text.clone(), text);
    [header("List-Unsubscribe", format!("<{link}>")), header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Secret};

    use super::*;
    use crate::Mail;

    fn composed(to: &str, username: &str) -> Result<String, SendError> {
        let from = Mailbox::new(Some("Stoa".to_owned()), "no-reply@stoa.example".parse().unwrap());
        let letter = Letter::new(
            &Mail::DeletionScheduled {
                username: username.to_owned(),
                due_at: Time::ZERO,
                link: Secret::new("https://stoa.example/x#token=a".to_owned()),
            },
            Locale::Pl,
        );
        compose(&from, Some(&from), to, Time::from_millis(1_798_358_700_000), &letter).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_mail_has_both_bodies_and_one_recipient() {
        let mail = composed("ana@example.test", "ana").unwrap();
        for part in ["To: ana@example.test\r\n", "multipart/alternative", "text/plain; charset=utf-8", "text/html; charset=utf-8"] {
            assert!(mail.contains(part), "{part} in\n{mail}");
        }
        assert!(mail.contains("Auto-Submitted: auto-generated\r\n") && mail.contains("Date: Sun, 27 Dec 2026 08:05:00"), "{mail}");
        assert!(mail.lines().all(|line| line.len() <= 998 && line.is_ascii()));
    }

    #[test]
    fn mails_of_a_conversation_refer_to_the_same_root() {
        let from = Mailbox::new(None, "no-reply@stoa.example".parse().unwrap());
        let mail = |number: u32| {
            let conversation = Conversation { root: "support.rom_1".to_owned(), mail: format!("support.rom_1.{number}") };
            let unsubscribe = Secret::new("https://stoa.example/unsubscribe/a".to_owned());
            let mail = Mail::SupportAnswer { username: "ana".to_owned(), answers: Vec::new(), unsubscribe, conversation };
            let raw = compose(&from, None, "ana@example.test", Time::ZERO, &Letter::new(&mail, Locale::En)).unwrap();
            String::from_utf8(raw).unwrap()
        };
        for number in [3, 9] {
            let mail = mail(number);
            assert!(mail.contains(&format!("Message-ID: <support.rom_1.{number}@stoa.example>\r\n")), "{mail}");
            assert!(mail.contains("In-Reply-To: <support.rom_1@stoa.example>\r\n"), "{mail}");
            assert!(mail.contains("References: <support.rom_1@stoa.example>\r\n"), "{mail}");
        }
    }

    #[test]
    fn nobody_can_add_headers() {
        for to in ["ana@example.test\r\nBcc: eve@example.test", "ana@example.test\nX: y", "ana@example.test, eve@example.test", "", "ana"] {
            assert!(matches!(composed(to, "ana"), Err(SendError::Compose(_))), "{to}");
        }
        let mail = composed("ana@example.test", "ana\r\nBcc: eve@example.test").unwrap();
        let headers = mail.split("\r\n\r\n").next().unwrap();
        assert!(!headers.contains("eve"), "{headers}");
    }
}
