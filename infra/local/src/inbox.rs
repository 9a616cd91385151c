//! The inbox: it receives all mails and text messages of the functions, instead of their recipients.
//!
//! A test or a developer waits for the next message to an address and takes its code or link, as a person would. Messages are
//! stored in the state folder, one JSON document per line, and the oldest are deleted first.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Sys, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};

/// The most messages that are kept.
const MAX_MESSAGES: usize = 1_000;
/// The most bytes that are kept. The newest message is kept whatever its size.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The channel of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Through SES.
    Mail,
    /// Through SNS.
    Sms,
}

/// A message from an endpoint. A mail to several people is delivered once to each.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The channel.
    pub channel: Channel,
    /// An address or a phone number.
    pub to: String,
    /// The sender. Empty for a text message without one.
    pub from: String,
    /// Empty for a text message.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The formatted version of a mail.
    pub html: Option<String>,
    /// Headers of a mail that programs act on, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// A message that has arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Counts up from 1, also across restarts, so that a client can wait for the messages after a known one.
    pub id: u64,
    /// The channel.
    pub channel: Channel,
    /// An address or a phone number.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The subject of a mail.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The formatted version of a mail.
    pub html: Option<String>,
    /// When it arrived, by the local cloud's clock.
    pub at: Timestamp,
    /// The code in the message, if the sender has marked one.
    pub code: Option<String>,
    /// Every link, in the order of the text.
    pub links: Vec<String>,
    /// Headers of a mail that programs act on, by their names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Message {
    fn size(&self) -> usize {
        self.text.len().saturating_add(self.html.as_ref().map_or(0, String::len)).saturating_add(self.subject.len())
    }
}

/// Every message, newest last. Cloning shares it.
#[derive(Clone)]
pub struct Inbox(Arc<Shared>);

struct Shared {
    sys: Sys,
    file: Option<PathBuf>,
    kept: Mutex<StoredMessages>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct StoredMessages {
    messages: VecDeque<Message>,
    bytes: usize,
    last_id: u64,
    /// The lines of the file, which is rewritten when it has twice as many as there are messages.
    lines: usize,
}

impl Inbox {
    /// Creates an inbox in memory.
    #[must_use]
    pub fn in_memory(sys: Sys) -> Self {
        Self::new(sys, None, StoredMessages::default())
    }

    /// Opens the inbox in `file`, which is created with the first message.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is no message. An incomplete last line (the process was killed while it wrote) is
    /// dropped instead.
    pub fn open(sys: Sys, file: &Path) -> io::Result<Self> {
        let (mut kept, mut is_incomplete) = (StoredMessages::default(), false);
        let written = match std::fs::read_to_string(file) {
            Ok(written) => written,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e),
        };
        for (number, line) in (1_usize..).zip(written.split_inclusive('\n')) {
            match (serde_json::from_str(line), line.ends_with('\n')) {
                (Ok(message), true) => kept.push(message),
                (_, false) => is_incomplete = true,
                (Err(e), true) => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("line {number}: {e}"))),
            }
        }
        kept.lines = written.lines().count();
        let inbox = Self::new(sys, Some(file.to_owned()), kept);
        if is_incomplete {
            inbox.rewrite(&mut inbox.kept())?;
        }
        Ok(inbox)
    }

    fn new(sys: Sys, file: Option<PathBuf>, kept: StoredMessages) -> Self {
        Self(Arc::new(Shared { sys, file, newest: watch::Sender::new(kept.last_id), kept: Mutex::new(kept) }))
    }

    /// Adds a message and wakes everybody who waits for one.
    ///
    /// # Errors
    /// If the state folder cannot be written. The message is then in memory all the same.
    pub fn receive(&self, draft: Draft) -> io::Result<Message> {
        let mut kept = self.kept();
        let message = Message {
            id: kept.last_id.saturating_add(1),
            channel: draft.channel,
            at: self.0.sys.now().into(),
            code: code(&draft),
            links: links(&draft.text, draft.html.as_deref().unwrap_or_default()),
            to: draft.to,
            from: draft.from,
            subject: draft.subject,
            text: draft.text,
            html: draft.html,
            headers: draft.headers,
        };
        kept.push(message.clone());
        let saved = self.append(&mut kept, &message);
        drop(kept);
        self.0.newest.send_replace(message.id);
        saved.map(|()| message)
    }

    /// Returns the messages to `to` (to anybody if it is `None`) after message `after`, oldest first.
    #[must_use]
    pub fn list(&self, to: Option<&str>, after: u64) -> Vec<Message> {
        self.kept().messages.iter().filter(|m| m.id > after && to.is_none_or(|to| same_address(to, &m.to))).cloned().collect()
    }

    /// Returns the number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().messages.len()
    }

    /// Returns whether there are no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns one message.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Message> {
        self.kept().messages.iter().find(|m| m.id == id).cloned()
    }

    /// Returns the id of the newest message, zero if there has never been one. To be passed as `after` of a later wait.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        self.kept().last_id
    }

    /// Returns the first message to `to` after message `after`, waiting for it up to `timeout` of real time.
    pub async fn wait(&self, to: &str, after: u64, timeout: Duration) -> Option<Message> {
        self.wait_for(Some(to), after, timeout).await.into_iter().next()
    }

    /// Waits until [`Inbox::list`] returns at least one message, at most for `timeout` of real time.
    pub async fn wait_for(&self, to: Option<&str>, after: u64, timeout: Duration) -> Vec<Message> {
        let mut newest = self.0.newest.subscribe();
        let deadline = Instant::now().checked_add(timeout).unwrap_or_else(Instant::now);
        loop {
            // The current state counts as seen before the list is read, so that a message that arrives in between ends the wait.
            newest.borrow_and_update();
            let found = self.list(to, after);
            if !found.is_empty() || !matches!(tokio::time::timeout_at(deadline, newest.changed()).await, Ok(Ok(()))) {
                return found;
            }
        }
    }

    /// Deletes every message. The ids continue while the process runs.
    ///
    /// # Errors
    /// If the state folder cannot be written.
    pub fn clear(&self) -> io::Result<()> {
        let mut kept = self.kept();
        kept.messages.clear();
        kept.bytes = 0;
        self.rewrite(&mut kept)
    }

    fn kept(&self) -> MutexGuard<'_, StoredMessages> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, kept: &mut StoredMessages, message: &Message) -> io::Result<()> {
        let Some(file) = &self.0.file else { return Ok(()) };
        if kept.lines > kept.messages.len().saturating_mul(2).max(MAX_MESSAGES) {
            return self.rewrite(kept);
        }
        let mut line = serde_json::to_string(message)?;
        line.push('\n');
        std::fs::OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())?;
        kept.lines = kept.lines.saturating_add(1);
        Ok(())
    }

    fn rewrite(&self, kept: &mut StoredMessages) -> io::Result<()> {
        let Some(file) = &self.0.file else { return Ok(()) };
        let mut text = String::new();
        for message in &kept.messages {
            text.push_str(&serde_json::to_string(message)?);
            text.push('\n');
        }
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(fresh, file)?;
        kept.lines = kept.messages.len();
        Ok(())
    }
}

impl StoredMessages {
    fn push(&mut self, message: Message) {
        self.last_id = self.last_id.max(message.id);
        self.bytes = self.bytes.saturating_add(message.size());
        self.messages.push_back(message);
        while self.messages.len() > MAX_MESSAGES || (self.bytes > MAX_BYTES && self.messages.len() > 1) {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.size());
        }
    }
}

/// Domains are not case-sensitive, and no provider in use distinguishes case before the `@`.
fn same_address(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

/// The class of the element around the code in a formatted mail: HTML's name for such codes, as in `autocomplete`
/// (<https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofilling-form-controls:-the-autocomplete-attribute>).
const CODE_CLASS: &str = "class=\"one-time-code\"";

/// Returns the code in the message, if the sender has marked one. Other digits (years, amounts, phone numbers) are never taken for codes.
fn code(draft: &Draft) -> Option<String> {
    match draft.channel {
        Channel::Mail => marked(draft.html.as_deref()?),
        Channel::Sms => bound(&draft.text),
    }
}

/// Returns the text of the element with [`CODE_CLASS`].
fn marked(html: &str) -> Option<String> {
    let (_, after) = html.split_once(CODE_CLASS)?;
    let (_, content) = after.split_once('>')?;
    let text = content.split('<').next()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the code of a text message whose last line binds it to a domain: `@stoa.example #123456`
/// (<https://wicg.github.io/sms-one-time-codes/>).
fn bound(text: &str) -> Option<String> {
    let (domain, code) = text.lines().next_back()?.strip_prefix('@')?.split_once(" #")?;
    let code = code.split(' ').next()?;
    (!domain.contains(' ') && !code.is_empty()).then(|| code.to_owned())
}

/// Returns every `http` and `https` address in the text and in the `href` attributes of the HTML, each once.
fn links(text: &str, html: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let in_text = addresses(text).map(|a| a.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*']).to_owned());
    let in_html = html.split("href=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let address = rest.get(1..)?.split(quote).next()?.replace("&amp;", "&");
        addresses(&address).next().map(str::to_owned)
    });
    for link in in_text.chain(in_html) {
        if !found.contains(&link) {
            found.push(link);
        }
    }
    found
}

fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    starts.filter_map(|at| {
        let rest = text.get(at..)?;
        let host = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"))?;
        host.starts_with(|c: char| c.is_alphanumeric() || c == '[').then_some(())?;
        rest.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(to: &str, text: &str) -> Draft {
        Draft {
            channel: Channel::Mail,
            to: to.into(),
            from: "stoa@example.test".into(),
            subject: "Hello".into(),
            text: text.into(),
            html: None,
            headers: BTreeMap::new(),
        }
    }

    #[test]
    fn only_what_the_sender_marked_is_a_code() {
        let mail = |html: &str| Draft { html: Some(html.to_owned()), ..draft("ana@example.test", "Your code is 111111.") };
        let sms = |text: &str| Draft { channel: Channel::Sms, ..draft("+447700900123", text) };
        for (draft, expected) in [
            (mail(r#"<p class="one-time-code" style="padding:16px">012345</p>"#), Some("012345")),
            (mail("<p class=\"one-time-code\">\n  K7M2-XP9Q-4TRW </p>"), Some("K7M2-XP9Q-4TRW")),
            (mail("<p>Your account will be deleted on 28 December 2026, 08:05 UTC.</p>"), None),
            (mail("<p>Your code is 123456.</p>"), None),
            (mail(r#"<p class="one-time-code"></p>"#), None),
            (draft("ana@example.test", "Your code is 123456."), None),
            (sms("004213 is your code. It is valid for 2 minutes.\n\n@stoa.example #004213"), Some("004213")),
            (sms("Your code is 004213.\n\n@stoa.example #004213 %embedded.example"), Some("004213")),
            (sms("004213 is your code."), None),
            (sms("Stoa: a new device signed in on 28 December 2026."), None),
            (sms("Write to @stoa #1234\nThank you"), None),
            (sms("Write to @stoa now #1234"), None),
            (sms(""), None),
        ] {
            assert_eq!(code(&draft).as_deref(), expected, "{draft:?}");
        }
    }

    #[test]
    fn links_are_found_once_without_punctuation() {
        let text = "Open https://stoa.test/activate#token=a.b-c_d. (Or <http://localhost:8080/x?a=1&b=2>), not https:// nor httpx://no";
        let html = r#"<a href="https://stoa.test/activate#token=a.b-c_d">x</a> <a href='https://stoa.test/more?a=1&amp;b=2'>y</a> <a href="mailto:x@y">z</a>"#;
        assert_eq!(
            links(text, html),
            ["https://stoa.test/activate#token=a.b-c_d", "http://localhost:8080/x?a=1&b=2", "https://stoa.test/more?a=1&b=2"]
        );
    }

    #[tokio::test]
    async fn waiting_ends_with_the_next_message_to_the_address() {
        let inbox = Inbox::in_memory(Sys::real());
        inbox.receive(draft("anna@example.test", "1111")).expect("received");
        let mark = inbox.last_id();
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.wait("Anna@Example.test", mark, Duration::from_secs(30)).await }
        });
        tokio::task::yield_now().await;
        inbox.receive(draft("bert@example.test", "2222")).expect("received");
        inbox.receive(draft("anna@example.test", "3333")).expect("received");
        inbox.receive(draft("anna@example.test", "4444")).expect("received");
        assert_eq!(waiting.await.expect("joined").map(|m| m.text).as_deref(), Some("3333"));
    }

    #[tokio::test]
    async fn waiting_without_a_message_ends_at_the_timeout() {
        let inbox = Inbox::in_memory(Sys::real());
        assert!(inbox.wait("anna@example.test", 0, Duration::from_millis(20)).await.is_none());
    }

    #[test]
    fn the_oldest_messages_are_deleted_first() {
        let inbox = Inbox::in_memory(Sys::real());
        for _ in 0..MAX_MESSAGES + 5 {
            inbox.receive(draft("a@example.test", "x")).expect("received");
        }
        let ids: Vec<u64> = inbox.list(None, 0).iter().map(|m| m.id).collect();
        assert_eq!((ids.len(), ids.first()), (MAX_MESSAGES, Some(&6)));
        let huge = "x".repeat(MAX_BYTES + 1);
        inbox.receive(draft("a@example.test", &huge)).expect("received");
        assert_eq!(inbox.list(None, 0).len(), 1);
    }

    #[test]
    fn messages_and_ids_survive_a_restart_and_an_incomplete_line() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("inbox.jsonl");
        let inbox = Inbox::open(Sys::real(), &file).expect("opened");
        inbox.receive(draft("a@example.test", "1234")).expect("received");
        inbox.receive(draft("b@example.test", "5678")).expect("received");
        std::fs::OpenOptions::new().append(true).open(&file).and_then(|mut f| f.write_all(b"{\"id\":3,")).expect("torn");
        let again = Inbox::open(Sys::real(), &file).expect("opened again");
        assert_eq!(again.receive(draft("a@example.test", "9012")).expect("received").id, 3);
        let third = Inbox::open(Sys::real(), &file).expect("opened a third time");
        assert_eq!(third.list(Some("a@example.test"), 0).iter().map(|m| m.text.clone()).collect::<Vec<_>>(), ["1234", "9012"]);
        std::fs::write(&file, "not a message\n").expect("damaged");
        assert!(Inbox::open(Sys::real(), &file).is_err_and(|e| e.to_string().starts_with("line 1")));
    }
}
