//! Sending a message: it is committed before it is acknowledged, once for each nonce, under the next number of the room.
//!
//! One transaction takes the number and stores the message ([`crate::log`]). The members of a small group are read concurrently: if
//! somebody joins or is removed in between, the room has another number and the transaction is refused. The members' sockets are read after
//! the transaction, never before: see the rules of the crate. The files of a message are attached in the same transaction, each only once.
//!
//! Ban, rate and slow mode are conditions of the same transaction, so that a refused message takes no number and concurrent messages cannot
//! exceed the limits.

use std::time::Duration;

use accounts::{pair::Pair, user::User};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{AttachmentId, MessageId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Item, Key, Personal, Refused, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    attachment::{AttachedFile, Attachment},
    delivery, digest,
    log::{self, TRIES},
    member::{Membership, RoomMember},
    message::{Content, LogEntry, Message, Nonce, Said, Text},
    presence::Presence,
    room::{Accepted, RoomKind, SlowMode},
    spam::ChatState,
    support::{
        figures,
        thread::{self, Side},
    },
};

/// How long a nonce is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// The receipt of a nonce: the acknowledgement that a repetition gets again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The sender.
    pub user: UserId,
    /// The room.
    pub room: RoomId,
    /// The nonce.
    pub nonce: Nonce,
    /// The number of the message.
    pub seq: u64,
    /// The id of the message.
    pub id: MessageId,
    /// When its number was taken.
    pub at: Time,
    /// SHA-256 of the text and the ids of files, in base64url. Absent in receipts of older versions.
    #[serde(default, rename = "digest")]
    fingerprint: Option<String>,
    until: Time,
}

impl Receipt {
    /// Returns the key of a nonce's receipt.
    #[must_use]
    pub fn key_of(user: UserId, room: RoomId, nonce: &Nonce) -> Key {
        Key::new(accounts::user::partition(user), format!("NONCE#{room}#{nonce}"))
    }

    /// Returns whether the receipt still answers repetitions at this time.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        now < self.until
    }

    /// Returns the result of a repetition.
    ///
    /// # Errors
    /// [`Kind::NonceReused`] if the text or the files differ.
    fn repeated(self, fingerprint: &str) -> Result<Sent, Problem> {
        match &self.fingerprint {
            Some(said) if said != fingerprint => Err(Kind::NonceReused.into()),
            _ => Ok(Sent { receipt: self, message: None, deliver: None, away: Vec::new() }),
        }
    }
}

impl Item for Receipt {
    const KIND: &'static str = "nonce";
    const ABOUT: About =
        About::beside_user("NONCE#{room}#{nonce}", Personal::Exported(&["room", "nonce", "seq", "id", "at"])).expires().removed_by("chats");
    fn key(&self) -> Key {
        Self::key_of(self.user, self.room, &self.nonce)
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// A message to send, with the data of its sender.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The sender, already authorized.
    pub user: &'a User,
    /// The room with the sender's membership.
    pub member: RoomMember,
    /// In a direct room: the relation of the two people.
    pub pair: Option<Pair>,
    /// The sender's socket, which gets the acknowledgement and not the message. Empty for a send over HTTP.
    pub socket: &'a str,
    /// The text.
    pub text: Text,
    /// The files.
    pub attachments: Vec<AttachedFile>,
    /// The number of the message that it answers.
    pub reply_to: Option<u64>,
    /// The people whom it mentions.
    pub mentions: Vec<UserId>,
    /// The [`fingerprint`] of the text and the files.
    pub fingerprint: String,
    /// The client's id of this send.
    pub nonce: Nonce,
    /// Whether the sender is staff and does not have to wait in a slow mode.
    pub staff: bool,
    /// The state of the sender's limit.
    pub chat: ChatState,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
    /// In a support thread: the side for which the message is sent.
    pub desk: Option<DeskSend>,
}

/// The side of a support thread for which a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskSend {
    /// As the customer.
    Customer,
    /// For the team, with the last number that the author has seen. `None` sends even if newer messages came.
    Team {
        /// The number.
        seen: Option<u64>,
    },
}

impl DeskSend {
    const fn side(self) -> Side {
        match self {
            Self::Customer => Side::Customer,
            Self::Team { .. } => Side::Team,
        }
    }
}

/// Returns the fingerprint by which a repetition of a send is recognised: the SHA-256 of the text and of the ids of files, if any. NUL
/// separates them, because a text has no NUL.
#[must_use]
pub fn fingerprint(text: &Text, attachments: &[AttachmentId]) -> String {
    let mut hash = Sha256::new_with_prefix(text.to_string());
    for id in attachments {
        hash.update(format!("\0{id}"));
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The result of a send.
#[derive(Debug)]
pub struct Sent {
    /// The receipt.
    pub receipt: Receipt,
    /// The message, if this call committed it.
    pub message: Option<Message>,
    /// The members' sockets, if this call committed the message and has to deliver it.
    pub deliver: Option<Vec<Presence>>,
    /// The absent members whose digests have to be scheduled, if this call committed the message in a small room.
    pub away: Vec<UserId>,
}

impl Sent {
    /// Returns the message as members see it, to acknowledge with. It may differ from what was sent: its words may be masked, and a
    /// message that was sent before may have been changed since. One read for a repetition.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if the message of a repetition was deleted with its room.
    pub async fn shown(&self, table: &Table) -> Result<Message, Problem> {
        if let Some(message) = &self.message {
            return Ok(message.clone());
        }
        let entry = table.get::<LogEntry>(LogEntry::key_of(self.receipt.room, self.receipt.seq)).await?;
        Ok(entry.ok_or(Kind::NotFound)?.shown())
    }
}

/// Why a message was not sent.
#[derive(Debug)]
pub enum SendError {
    /// The message exceeds the limit: the caller bans the person.
    Spam,
    /// Any other problem.
    Refused(Problem),
}

impl<P: Into<Problem>> From<P> for SendError {
    #[track_caller]
    fn from(p: P) -> Self {
        Self::Refused(p.into())
    }
}

/// Sends a message.
///
/// # Errors
/// [`SendError::Spam`], or [`Kind::AttachmentInvalid`], [`Kind::ChatBanned`], [`Kind::ChatNotAllowed`], [`Kind::Forbidden`],
/// [`Kind::NonceReused`], [`Kind::NotFound`], [`Kind::SlowMode`].
pub async fn send(table: &Table, sys: &Sys, sending: Sending<'_>) -> Result<Sent, SendError> {
    Attempt::new(table, sys, sending).repeat().await
}

/// A send, which is attempted until it is committed or finally refused.
struct Attempt<'a> {
    table: &'a Table,
    sys: &'a Sys,
    /// The message to send. The room, the sender's limit and the receipt in it are updated from each refused transaction.
    sending: Sending<'a>,
    id: MessageId,
}

impl<'a> Attempt<'a> {
    fn new(table: &'a Table, sys: &'a Sys, sending: Sending<'a>) -> Self {
        Self { table, sys, sending, id: sys.id() }
    }

    async fn repeat(&mut self) -> Result<Sent, SendError> {
        for tries in 0..TRIES {
            log::pause(self.sys, tries).await;
            let now = self.sys.now();
            if let Some(receipt) = self.sending.receipt.take().filter(|r| r.holds(now)) {
                return Ok(receipt.repeated(&self.sending.fingerprint)?);
            }
            if let Some(sent) = self.try_once(now).await? {
                return Ok(sent);
            }
        }
        Err(log::busy().into())
    }

    /// Commits the message under the next number. `None` if the transaction was refused and another attempt may succeed.
    async fn try_once(&mut self, now: Time) -> Result<Option<Sent>, SendError> {
        self.sending.member.writes()?;
        if self.sending.pair.as_ref().is_some_and(Pair::is_blocked) {
            return Err(Kind::ChatNotAllowed.because("one blocks the other").into());
        }
        self.has_seen_latest()?;
        let count = self.count(now)?;
        let slow = self.slow();
        self.may_speak(slow, now)?;
        let (entry, receipt) = self.items(now);
        let member = &self.sending.member;
        let (mut tx, slots) = transaction(&self.sending, &entry, &receipt, (count, slow), now);
        let small = member.room.is_small();
        if !small {
            log::fan_out(&mut tx, self.sys, &entry);
        }
        let (committed, people) = tokio::join!(self.table.commit(tx), delivery::recipients(self.table, member, entry.seq));
        match committed {
            Ok(()) => {}
            // An earlier attempt was committed, and only its reply was lost.
            Err(CommitError::Refused(r)) if current_receipt(&r, slots.first)?.is_some_and(|there| there.id == self.id) => {}
            Err(CommitError::Refused(refused)) => {
                self.read_refusal(&refused, &slots, now)?;
                return Ok(None);
            }
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
        let message = Some(entry.shown());
        if !small {
            return Ok(Some(Sent { receipt, message, deliver: None, away: Vec::new() }));
        }
        let members = people.as_deref().unwrap_or_default().to_vec();
        let people = people.map(|people| people.into_iter().map(|member| member.user).collect());
        let open = delivery::sockets_or_nobody(self.table, people).await;
        // The time after the commit: see `digest::is_scheduled`.
        let now = self.sys.now();
        let unscheduled: Vec<_> = members.iter().filter(|m| !digest::is_scheduled(m.digest_due, now)).map(|m| m.user).collect();
        let away = digest::away(&unscheduled, &open, receipt.user, now);
        Ok(Some(Sent { receipt, message, deliver: Some(open), away }))
    }

    /// Checks that the author of an answer of the team has seen the last message. If another message takes the number in between, the
    /// transaction is refused and this is checked again, so that only one of two concurrent answers is sent.
    fn has_seen_latest(&self) -> Result<(), Problem> {
        match self.sending.desk {
            Some(DeskSend::Team { seen: Some(seen) }) if self.sending.member.room.seq > seen => {
                Err(thread::moved_on(self.sending.member.room.seq))
            }
            _ => Ok(()),
        }
    }

    /// Returns the update that counts one more message of the person. The support team is not counted.
    fn count(&self, now: Time) -> Result<Option<Update>, SendError> {
        let Sending { user, chat, desk, .. } = &self.sending;
        if matches!(desk, Some(DeskSend::Team { .. })) {
            return Ok(None);
        }
        if let Some(ban) = chat.ban(now) {
            return Err(ban.problem(now).into());
        }
        chat.count(self.sys, user.id, now).map(Some).ok_or(SendError::Spam)
    }

    /// Returns the slow mode of the room, if it applies to the sender.
    fn slow(&self) -> Option<SlowMode> {
        let Sending { member, staff, .. } = &self.sending;
        member.room.slow_mode.filter(|_| !staff && member.administrates().is_err())
    }

    /// Checks that the sender has waited as long as the slow mode requires.
    fn may_speak(&self, slow: Option<SlowMode>, now: Time) -> Result<(), Problem> {
        let spoke_at = self.sending.member.membership.spoke_at;
        match slow.and_then(|slow| slow.wait(spoke_at, now).map(|left| slow.problem(left))) {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }

    /// Returns the item of the message, and its receipt.
    fn items(&self, now: Time) -> (LogEntry, Receipt) {
        let Sending { user, member, socket, text, attachments, nonce, reply_to, mentions, .. } = &self.sending;
        let (room, seq) = (member.room.id, member.room.seq.saturating_add(1));
        let text = if member.room.masks { text.masked() } else { text.clone() };
        let said = Said {
            id: self.id,
            author: user.id,
            username: user.username.to_string(),
            text,
            attachments: attachments.clone(),
            edited_at: None,
            reply_to: *reply_to,
            mentions: mentions.clone(),
        };
        let via = Some((*socket).to_owned()).filter(|via| !via.is_empty());
        let entry = LogEntry { room, seq, at: now, content: Content::Said(said), via, changes: 0 };
        let (nonce, fingerprint) = (nonce.clone(), Some(self.sending.fingerprint.clone()));
        let receipt = Receipt { user: user.id, room, nonce, seq, id: self.id, at: now, fingerprint, until: now + REMEMBERED };
        (entry, receipt)
    }

    /// Updates the state for the next attempt from a refused transaction.
    fn read_refusal(&mut self, refused: &Refused, slots: &Conditions, now: Time) -> Result<(), Problem> {
        let room = self.sending.member.room.id;
        // A repetition is answered from its receipt, whatever has changed since.
        self.sending.receipt = current_receipt(refused, slots.first)?;
        if self.sending.receipt.is_some() {
            return Ok(());
        }
        match slots.admitted {
            // The next attempt checks the current pair.
            Admitted::ByPeer(accepted) if refused.at(accepted.pair) => {
                self.sending.pair = refused.current(accepted.pair).map(store::Row::decode).transpose()?;
            }
            Admitted::ByPeer(accepted) if refused.at(accepted.peer) => {
                return Err(Kind::ChatNotAllowed.because("the other person accepts no messages from this one"));
            }
            Admitted::ByMembership(slot) if refused.at(slot) => return Err(Kind::NotFound.because("the person was removed")),
            Admitted::Slowly(slot) if refused.at(slot) => {
                let membership = refused.current(slot).map(store::Row::decode::<Membership>).transpose()?;
                self.sending.member.membership = membership.ok_or_else(|| Kind::NotFound.because("the person was removed"))?;
                self.may_speak(self.slow(), now)?;
            }
            _ => {}
        }
        if refused.at(slots.next) {
            self.sending.member.room = log::current(refused, slots.next, room)?;
        }
        if let Some(counted) = slots.counted.filter(|counted| refused.at(*counted)) {
            self.sending.chat = current_chat(refused, counted)?;
        }
        // If another copy of this send had used the files, there would be a receipt, so the files were sent with another message.
        if slots.attached.iter().any(|slot| refused.at(*slot)) {
            return Err(Kind::AttachmentInvalid.because("a file was already sent, or was not sent in time"));
        }
        Ok(())
    }
}

/// The conditions of the transaction of a message.
struct Conditions {
    /// The number is the next one.
    next: Slot,
    /// The nonce is new.
    first: Slot,
    /// The slot of the rate limit is free and the person is not banned.
    counted: Option<Slot>,
    /// The person may write in the room.
    admitted: Admitted,
    /// The files are ready.
    attached: Vec<Slot>,
}

/// The condition of the transaction that the person may write in the room.
#[derive(Clone, Copy)]
enum Admitted {
    /// No condition: everybody may write.
    AsEverybody,
    /// The other member of a direct room accepts their messages.
    ByPeer(Accepted),
    /// They are still a member.
    ByMembership(Slot),
    /// They are still a member, and have waited as long as the slow mode requires.
    Slowly(Slot),
}

fn transaction(
    sending: &Sending<'_>,
    entry: &LogEntry,
    receipt: &Receipt,
    (count, slow): (Option<Update>, Option<SlowMode>),
    now: Time,
) -> (Tx, Conditions) {
    let RoomMember { room, membership } = &sending.member;
    let mut tx = Tx::new();
    let desk = sending.desk.zip(room.desk.as_ref()).map(|(send, desk)| {
        let after = desk.after(send.side(), sending.user.username.as_ref(), entry.seq, now);
        (send.side(), desk, after)
    });
    // The state of a support thread changes in the update that takes the number.
    let next = log::append(&mut tx, room, now, std::slice::from_ref(entry), |update| {
        let update = update.when(room.rules_unchanged());
        match &desk {
            Some((side, before, after)) => {
                let update = after.desk.write_message(*side, before, update, room.id, now);
                // A member of the team who answers with `seen` has read up to that number.
                let answers = matches!(sending.desk, Some(DeskSend::Team { seen: Some(_) }));
                if answers { update.set("team_read", entry.seq) } else { update }
            }
            None => update,
        }
    });
    if let Some(waited) = desk.and_then(|(.., after)| after.first_answer) {
        figures::add(&mut tx, now, waited);
    }
    let first = tx.put(receipt, Cond::Absent.or(field("until").le(now)));
    let counted = count.map(|count| tx.update(count));
    let admitted = match (room.kind, membership.peer, slow) {
        (RoomKind::Direct, Some(peer), _) => Admitted::ByPeer(Accepted::check(&mut tx, receipt.user, peer, sending.pair.as_ref())),
        (.., Some(slow)) => Admitted::Slowly(tx.update(membership.update().set("spoke_at", now).when(slow.allows(now)))),
        (RoomKind::Public | RoomKind::Support, ..) => Admitted::AsEverybody,
        _ => Admitted::ByMembership(tx.check(Membership::key_of(room.id, membership.user), Cond::Exists)),
    };
    let attached = sending.attachments.iter().map(|file| tx.update(Attachment::sent(file.id, entry.seq))).collect();
    (tx, Conditions { next, first, counted, admitted, attached })
}

/// Returns the sender's state that refused the counting update.
fn current_chat(refused: &Refused, slot: Slot) -> Result<ChatState, StoreError> {
    Ok(refused.current(slot).map(store::Row::decode).transpose()?.unwrap_or_default())
}

/// Returns the existing receipt that refused the new one.
fn current_receipt(refused: &Refused, first: Slot) -> Result<Option<Receipt>, StoreError> {
    refused.current(first).map(store::Row::decode).transpose()
}
