//! Sending a message: it is committed before it is acknowledged, once for each nonce, under the next number of the room.
//!
//! Three requests after the two that authorize the frame: taking the number, the transaction, and at the same time the batch
//! read of the members' sockets. The number is not taken in the transaction, because then all transactions of a room at the same
//! moment would conflict. The sockets are read after the number was taken, never before: see the rules of the crate.
//!
//! If a nonce is sent several times at the same moment, each send may take a number before it learns that another one was
//! committed. An unused number counts as a message ([`crate::spam`]), so nobody uses up more numbers than they may send messages.

use std::time::Duration;

use accounts::{pair::Pair, user::User};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{Outbox, rooms::MessagePosted};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{MessageId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Item, Key, Personal, Refused, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    history::fill_with_tombstone,
    message::{LogEntry, Message, Nonce, Said, Text},
    presence::Presence,
    room::{self, Accepted, INLINE_MOST, Number, Room},
    spam::ChatState,
};

/// How long a nonce is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// How often a send is tried again that lost against another one of the same person. With each loss the other one was counted,
/// and a minute has sixty.
const TRIES: usize = 60;

/// The receipt of a nonce: the acknowledgement, which a repetition gets again.
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
    /// SHA-256 of the text, in base64url. Absent in receipts of older versions.
    #[serde(default)]
    digest: Option<String>,
    until: Time,
}

impl Receipt {
    /// The key of a nonce's receipt.
    #[must_use]
    pub fn key_of(user: UserId, room: RoomId, nonce: &Nonce) -> Key {
        Key::new(accounts::user::partition(user), format!("NONCE#{room}#{nonce}"))
    }

    /// The result of a repetition.
    ///
    /// # Errors
    /// [`Kind::NonceReused`] if the text is another one.
    fn repeated(self, digest: &str) -> Result<Sent, Problem> {
        match &self.digest {
            Some(said) if said != digest => Err(Kind::NonceReused.into()),
            _ => Ok(Sent { receipt: self, deliver: None }),
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

/// A message to send, with what was read about its sender.
#[derive(Debug)]
pub struct Sending<'a> {
    /// The sender, already authorized.
    pub user: &'a User,
    /// The room, which the sender is a member of.
    pub room: &'a Room,
    /// In a direct room: how the two people stand to each other.
    pub pair: Option<Pair>,
    /// The sender's socket. It gets the acknowledgement and not the message.
    pub socket: &'a str,
    /// The text.
    pub text: Text,
    /// The client's id of this send.
    pub nonce: Nonce,
    /// The state of the sender's limit.
    pub chat: ChatState,
    /// The receipt of the nonce, if it was committed before.
    pub receipt: Option<Receipt>,
}

/// The result of a send.
#[derive(Debug)]
pub struct Sent {
    /// The receipt to acknowledge with.
    pub receipt: Receipt,
    /// The message and the members' sockets, if it was committed by this call and is delivered while the sender waits.
    pub deliver: Option<(Message, Vec<Presence>)>,
}

/// Why a message was not sent.
#[derive(Debug)]
pub enum SendError {
    /// It was one message too many: the caller bans the person.
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
/// [`SendError::Spam`], or [`Kind::ChatBanned`], [`Kind::ChatNotAllowed`], [`Kind::NonceReused`], [`Kind::NotFound`].
pub async fn send(table: &Table, sys: &Sys, sending: Sending<'_>) -> Result<Sent, SendError> {
    let mut attempt = Attempt::new(table, sys, sending);
    let outcome = attempt.repeat().await;
    attempt.fill_unused().await;
    outcome
}

/// A send, which is tried until it is committed or refused for good.
struct Attempt<'a> {
    table: &'a Table,
    sys: &'a Sys,
    /// The sender's limit and the receipt in it are updated from each refused transaction.
    sending: Sending<'a>,
    id: MessageId,
    /// The digest of the text, for the receipt.
    digest: String,
    /// The number that was taken, while nothing is stored under it.
    unused: Option<Number>,
}

impl<'a> Attempt<'a> {
    fn new(table: &'a Table, sys: &'a Sys, sending: Sending<'a>) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(sending.text.to_string()));
        Self { table, sys, sending, id: sys.id(), digest, unused: None }
    }

    async fn repeat(&mut self) -> Result<Sent, SendError> {
        for _ in 0..TRIES {
            let now = self.sys.now();
            if let Some(receipt) = self.sending.receipt.take().filter(|r| now < r.until) {
                self.count_unused().await?;
                return Ok(receipt.repeated(&self.digest)?);
            }
            if let Some(sent) = self.try_once(now).await? {
                return Ok(sent);
            }
        }
        Err(too_many_at_once().into())
    }

    /// Commits the message under its number. `None` if the transaction was refused and another try may succeed.
    async fn try_once(&mut self, now: Time) -> Result<Option<Sent>, SendError> {
        if self.sending.pair.as_ref().is_some_and(Pair::is_blocked) {
            self.count_unused().await?;
            return Err(Kind::ChatNotAllowed.because("one blocks the other").into());
        }
        let count = self.count(now)?;
        let number = self.number(now).await?;
        let (entry, receipt) = self.items(number, now);
        let room = self.sending.room;
        let inline = !room.members.is_empty() && room.members.len() <= INLINE_MOST;
        let (mut tx, slots) = transaction(&self.sending, &entry, &receipt, count, now);
        if !inline {
            Outbox::add(&mut tx, self.sys, &MessagePosted { room: room.id, seq: number.seq });
        }
        let (committed, sockets) = tokio::join!(self.table.commit(tx), sockets(self.table, room, inline));
        match committed {
            Ok(()) => {}
            // An earlier try was committed and only its reply was lost.
            Err(CommitError::Refused(r)) if current_receipt(&r, slots.first)?.is_some_and(|there| there.id == self.id) => {}
            Err(CommitError::Refused(refused)) => {
                self.read_refusal(&refused, slots).await?;
                return Ok(None);
            }
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
        self.unused = None;
        let deliver = entry.shown().filter(|_| inline).map(|message| (message, sockets));
        Ok(Some(Sent { receipt, deliver }))
    }

    /// The update that counts one more message of the person.
    fn count(&self, now: Time) -> Result<Update, SendError> {
        let Sending { user, chat, .. } = &self.sending;
        if chat.banned_at.is_some() {
            return Err(Kind::ChatBanned.because("the person is banned from chat").into());
        }
        chat.count(self.sys, user.id, now).ok_or(SendError::Spam)
    }

    /// The number that is still unused, or else the next one.
    async fn number(&mut self, now: Time) -> Result<Number, Problem> {
        match self.unused {
            Some(taken) => Ok(taken),
            None => Ok(*self.unused.insert(room::take_number(self.table, self.sending.room, now).await?)),
        }
    }

    /// The item of the message, and its receipt.
    fn items(&self, Number { seq, at }: Number, now: Time) -> (LogEntry, Receipt) {
        let Sending { user, room, socket, text, nonce, .. } = &self.sending;
        let said = Said { id: self.id, author: user.id, username: user.username.to_string(), text: text.clone() };
        let entry = LogEntry { room: room.id, seq, at, said: Some(said), via: Some((*socket).to_owned()) };
        let receipt = Receipt {
            user: user.id,
            room: room.id,
            nonce: nonce.clone(),
            seq,
            id: self.id,
            at,
            digest: Some(self.digest.clone()),
            until: now + REMEMBERED,
        };
        (entry, receipt)
    }

    /// Updates the state for the next try from a refused transaction.
    async fn read_refusal(&mut self, refused: &Refused, slots: Conditions) -> Result<(), SendError> {
        if let Some(accepted) = slots.accepted.filter(|accepted| refused.at(accepted.pair)) {
            self.sending.pair = refused.current(accepted.pair).map(store::Row::decode).transpose()?;
        } else if slots.accepted.is_some_and(|accepted| refused.at(accepted.peer)) {
            self.count_unused().await?;
            return Err(Kind::ChatNotAllowed.because("the other person takes no messages from this one").into());
        }
        if refused.at(slots.at_number) {
            // A reader has stored a tombstone under the number.
            self.unused = None;
        }
        if refused.at(slots.counted) {
            self.sending.chat = current_chat(refused, slots.counted)?;
        }
        self.sending.receipt = current_receipt(refused, slots.first)?;
        Ok(())
    }

    /// Counts an unused number as a message, and stores a tombstone under it for readers. One transaction, none if no number was
    /// taken.
    async fn count_unused(&mut self) -> Result<(), SendError> {
        for _ in 0..TRIES {
            let Some(Number { seq, .. }) = self.unused else { return Ok(()) };
            let now = self.sys.now();
            let count = self.count(now)?;
            let mut tx = Tx::new();
            let at_number = tx.create(&LogEntry::tombstone(self.sending.room.id, seq, now));
            let slot = tx.update(count);
            match self.table.commit(tx).await {
                Ok(()) => self.unused = None,
                // A reader has stored the tombstone, or this transaction was committed and only its reply was lost.
                Err(CommitError::Refused(refused)) if refused.at(at_number) => self.unused = None,
                Err(CommitError::Refused(refused)) => self.sending.chat = current_chat(&refused, slot)?,
                Err(CommitError::Store(e)) => return Err(e.into()),
            }
        }
        Err(too_many_at_once().into())
    }

    /// Stores a tombstone under an unused number, so that readers need not wait ten seconds for it. If the number was used, and
    /// only the reply was lost, the message stays. Best effort.
    async fn fill_unused(&self) {
        let Some(Number { seq, .. }) = self.unused else { return };
        if let Err(e) = fill_with_tombstone(self.table, LogEntry::tombstone(self.sending.room.id, seq, self.sys.now())).await {
            tracing::warn!(error = %e, "an unused number is left without a tombstone, which readers will store");
        }
    }
}

fn too_many_at_once() -> Problem {
    Problem::unavailable("too many sends of one person at once")
}

/// The conditions of the transaction of a message.
#[derive(Clone, Copy)]
struct Conditions {
    /// The number has no item.
    at_number: Slot,
    /// The nonce is new.
    first: Slot,
    /// The slot is free and the person is not banned.
    counted: Slot,
    /// In a direct room: the other member accepts messages from the sender.
    accepted: Option<Accepted>,
}

fn transaction(sending: &Sending<'_>, entry: &LogEntry, receipt: &Receipt, count: Update, now: Time) -> (Tx, Conditions) {
    let mut tx = Tx::new();
    let at_number = tx.create(entry);
    let first = tx.put(receipt, Cond::Absent.or(field("until").le(now)));
    let counted = tx.update(count);
    let peer = sending.room.peer_of(receipt.user);
    let accepted = peer.map(|peer| Accepted::check(&mut tx, receipt.user, peer, sending.pair.as_ref()));
    (tx, Conditions { at_number, first, counted, accepted })
}

/// The sender's state that made the counting update fail.
fn current_chat(refused: &Refused, slot: Slot) -> Result<ChatState, StoreError> {
    Ok(refused.current(slot).map(store::Row::decode).transpose()?.unwrap_or_default())
}

/// The receipt that made the write of the new one fail.
fn current_receipt(refused: &Refused, first: Slot) -> Result<Option<Receipt>, StoreError> {
    refused.current(first).map(store::Row::decode).transpose()
}

/// The members' sockets. A committed message does not fail because it cannot be delivered now: clients ask for what they miss.
async fn sockets(table: &Table, room: &Room, inline: bool) -> Vec<Presence> {
    let read = async {
        let keys: Vec<Key> = room.members.iter().copied().filter(|_| inline).map(Presence::key_of).collect();
        let mut batch = table.get_many(keys.clone()).await?;
        let found = keys.iter().map(|key| batch.take::<Presence>(key)).collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>(found.into_iter().flatten().collect())
    };
    read.await.unwrap_or_else(|e| {
        tracing::warn!(error = %e, "a message is not delivered: the members' sockets are not known");
        Vec::new()
    })
}
