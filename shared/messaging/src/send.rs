//! Saying something: committed before it is acknowledged, once for each nonce, at the next number of the room.
//!
//! Three requests behind the two that judge the frame: taking the number, the transaction, and beside it the batch read of
//! the members' sockets. The number cannot be taken within the transaction without making everybody who speaks in a room at
//! the same moment collide on it. The sockets are read once the number is taken, never before: see the crate's rules.
//!
//! Of sends of one nonce at the same moment each may take a number before it learns that another one was committed. A number that
//! was taken for nothing counts as a message ([`crate::spam`]), so nobody uses up more numbers than they could say things.

use std::time::Duration;

use accounts::user::User;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{Event, Outbox};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{MessageId, RoomId, UserId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{About, CommitError, Cond, Item, Key, Personal, Refused, Slot, StoreError, Table, Tx, Update, field};

use crate::{
    history::bury,
    message::{Entry, Message, Nonce, Said, Text},
    presence::Presence,
    room::{self, INLINE_MOST, Number, Room},
    spam::ChatState,
};

/// How long a nonce is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// How often a send that lost against another one of the same person is tried again. Each loss means that the other one
/// was counted, and a minute holds sixty.
const TRIES: usize = 60;

/// What was committed under a nonce: the acknowledgement, given again to whoever sends it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Who sent it.
    pub user: UserId,
    /// Where.
    pub room: RoomId,
    /// Under which nonce.
    pub nonce: Nonce,
    /// The message's number.
    pub seq: u64,
    /// The message.
    pub id: MessageId,
    /// When its number was taken.
    pub at: Time,
    /// SHA-256 of the text, in base64url. Receipts from before it was kept have none.
    #[serde(default)]
    digest: Option<String>,
    until: Time,
}

impl Receipt {
    /// Where the receipt of a nonce is.
    #[must_use]
    pub fn key_of(user: UserId, room: RoomId, nonce: &Nonce) -> Key {
        Key::new(accounts::user::partition(user), format!("NONCE#{room}#{nonce}"))
    }

    /// What answers a send of the same nonce.
    ///
    /// # Errors
    /// [`Kind::NonceReused`] if it has another text.
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

/// Something to say, and what was read about who says it.
#[derive(Debug)]
pub struct Sending<'a> {
    /// Who, already judged.
    pub user: &'a User,
    /// Where; they are in it.
    pub room: &'a Room,
    /// On which socket: it gets the acknowledgement and not the message.
    pub socket: &'a str,
    /// What.
    pub text: Text,
    /// What the client calls this send.
    pub nonce: Nonce,
    /// What the person has lately sent.
    pub chat: ChatState,
    /// What was committed under the nonce, if anything.
    pub receipt: Option<Receipt>,
}

/// What became of it.
#[derive(Debug)]
pub struct Sent {
    /// What to acknowledge.
    pub receipt: Receipt,
    /// The message and the members' sockets, if it was committed now and is to be delivered now.
    pub deliver: Option<(Message, Vec<Presence>)>,
}

/// Why it was not said.
#[derive(Debug)]
pub enum Unsaid {
    /// It was one message too many: the person is to be banned.
    Spam,
    /// Anything else.
    Refused(Problem),
}

impl<P: Into<Problem>> From<P> for Unsaid {
    #[track_caller]
    fn from(p: P) -> Self {
        Self::Refused(p.into())
    }
}

/// Says it.
///
/// # Errors
/// [`Unsaid::Spam`], or [`Kind::ChatBanned`], [`Kind::ChatNotAllowed`], [`Kind::NonceReused`], [`Kind::NotFound`].
pub async fn send(table: &Table, sys: &Sys, sending: Sending<'_>) -> Result<Sent, Unsaid> {
    let mut attempt = Attempt::new(table, sys, sending);
    let outcome = attempt.repeat().await;
    attempt.bury_unused().await;
    outcome
}

/// A send, tried again until nothing is in its way any more.
struct Attempt<'a> {
    table: &'a Table,
    sys: &'a Sys,
    /// The person's state and the receipt in it are those that the last refusal showed.
    sending: Sending<'a>,
    id: MessageId,
    /// Of the text, as the receipt keeps it.
    digest: String,
    /// The number that was taken, as long as nothing stands at it.
    unused: Option<Number>,
}

impl<'a> Attempt<'a> {
    fn new(table: &'a Table, sys: &'a Sys, sending: Sending<'a>) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(sending.text.to_string()));
        Self { table, sys, sending, id: sys.id(), digest, unused: None }
    }

    async fn repeat(&mut self) -> Result<Sent, Unsaid> {
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

    /// Commits the message at its number. Nothing if something is in the way that another try may get past.
    async fn try_once(&mut self, now: Time) -> Result<Option<Sent>, Unsaid> {
        let count = self.count(now)?;
        let number = self.number(now).await?;
        let (entry, receipt) = self.written(number, now);
        let room = self.sending.room;
        let inline = !room.members.is_empty() && room.members.len() <= INLINE_MOST;
        let (mut tx, slots) = transaction(room, &entry, &receipt, count, now);
        if !inline {
            Outbox::add(&mut tx, self.sys, &Event::MessagePosted { room: room.id, seq: number.seq });
        }
        let (committed, sockets) = tokio::join!(self.table.commit(tx), sockets(self.table, room, inline));
        match committed {
            Ok(()) => {}
            // Only the reply to an earlier try was lost: what stands there is ours.
            Err(CommitError::Refused(r)) if standing(&r, slots.first)?.is_some_and(|there| there.id == self.id) => {}
            Err(CommitError::Refused(refused)) => {
                self.learn(&refused, slots).await?;
                return Ok(None);
            }
            Err(CommitError::Store(e)) => return Err(e.into()),
        }
        self.unused = None;
        let deliver = entry.shown().filter(|_| inline).map(|message| (message, sockets));
        Ok(Some(Sent { receipt, deliver }))
    }

    /// The write that counts one more message of the person.
    fn count(&self, now: Time) -> Result<Update, Unsaid> {
        let Sending { user, chat, .. } = &self.sending;
        if chat.banned_at.is_some() {
            return Err(Kind::ChatBanned.because("the person is banned from chat").into());
        }
        chat.count(self.sys, user.id, now).ok_or(Unsaid::Spam)
    }

    /// The number that is still unused, or else the next one.
    async fn number(&mut self, now: Time) -> Result<Number, Problem> {
        match self.unused {
            Some(taken) => Ok(taken),
            None => Ok(*self.unused.insert(room::take_number(self.table, self.sending.room, now).await?)),
        }
    }

    /// The message at its number, and its receipt.
    fn written(&self, Number { seq, at }: Number, now: Time) -> (Entry, Receipt) {
        let Sending { user, room, socket, text, nonce, .. } = &self.sending;
        let said = Said { id: self.id, author: user.id, username: user.username.to_string(), text: text.clone() };
        let entry = Entry { room: room.id, seq, at, said: Some(said), via: Some((*socket).to_owned()) };
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

    /// Learns from a refused transaction what the next try has to do otherwise.
    async fn learn(&mut self, refused: &Refused, slots: Slots) -> Result<(), Unsaid> {
        if slots.heard.is_some_and(|slot| refused.at(slot)) {
            self.count_unused().await?;
            return Err(Kind::ChatNotAllowed.because("the other person takes no messages from this one").into());
        }
        if refused.at(slots.placed) {
            // A reader has buried the number.
            self.unused = None;
        }
        if refused.at(slots.counted) {
            self.sending.chat = counted(refused, slots.counted)?;
        }
        self.sending.receipt = standing(refused, slots.first)?;
        Ok(())
    }

    /// Counts a number as a message although nothing is said at it, together with the tombstone that tells readers so. One
    /// transaction, none if no number was taken.
    async fn count_unused(&mut self) -> Result<(), Unsaid> {
        for _ in 0..TRIES {
            let Some(Number { seq, .. }) = self.unused else { return Ok(()) };
            let now = self.sys.now();
            let count = self.count(now)?;
            let mut tx = Tx::new();
            let placed = tx.create(&Entry::tombstone(self.sending.room.id, seq, now));
            let slot = tx.update(count);
            match self.table.commit(tx).await {
                Ok(()) => self.unused = None,
                // A reader has buried it meanwhile, or this is done and only the reply was lost.
                Err(CommitError::Refused(refused)) if refused.at(placed) => self.unused = None,
                Err(CommitError::Refused(refused)) => self.sending.chat = counted(&refused, slot)?,
                Err(CommitError::Store(e)) => return Err(e.into()),
            }
        }
        Err(too_many_at_once().into())
    }

    /// Buries a number that was taken for nothing. Readers would do it in ten seconds; they need not wait. If it was used after all,
    /// and only the reply was lost, the message stands there and stays. Best effort.
    async fn bury_unused(&self) {
        let Some(Number { seq, .. }) = self.unused else { return };
        if let Err(e) = bury(self.table, Entry::tombstone(self.sending.room.id, seq, self.sys.now())).await {
            tracing::warn!(error = %e, "a number is left to be buried by readers");
        }
    }
}

fn too_many_at_once() -> Problem {
    Problem::unavailable("too many sends of one person at once")
}

/// Which condition of the transaction that says something is where.
#[derive(Clone, Copy)]
struct Slots {
    /// Nothing stands at the number.
    placed: Slot,
    /// The nonce is new.
    first: Slot,
    /// The slot is free and the person not banned.
    counted: Slot,
    /// In a room of two: the other one takes messages.
    heard: Option<Slot>,
}

fn transaction(room: &Room, entry: &Entry, receipt: &Receipt, count: Update, now: Time) -> (Tx, Slots) {
    let mut tx = Tx::new();
    let placed = tx.create(entry);
    let first = tx.put(receipt, Cond::Absent.or(field("until").le(now)));
    let counted = tx.update(count);
    let heard = room.peer_of(receipt.user).map(|peer| tx.check(User::key_of(peer), room::takes_messages()));
    (tx, Slots { placed, first, counted, heard })
}

/// The person's state that made the write that counts fail.
fn counted(refused: &Refused, slot: Slot) -> Result<ChatState, StoreError> {
    Ok(refused.current(slot).map(store::Row::decode).transpose()?.unwrap_or_default())
}

/// The receipt that made the write of ours fail.
fn standing(refused: &Refused, first: Slot) -> Result<Option<Receipt>, StoreError> {
    refused.current(first).map(store::Row::decode).transpose()
}

/// The members' sockets. A message that is committed does not fail because it cannot be delivered now: clients catch up.
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
