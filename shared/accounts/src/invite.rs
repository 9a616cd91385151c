//! Invitation codes: everybody has one, and everybody can enter one other person's, once and for good.
//!
//! ```text
//! INVITE#<code>            whose the code is; stays when they go, without them, so that no code is ever given again
//! USER#<id> / INVITE       one's own code, how many entered it, and whose one has entered
//! USER#<id> / INVITEE#…    those who entered it, in the order they did
//! ```
//!
//! Entering is one transaction over both people's items: of two that one person enters at once one happens, and of two people
//! who enter each other's. It is refused alike for every code that cannot be entered, after the same work.

use kernel::{Client, Sys, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Conditional as _, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field,
    limits::{HOUR, Limit},
};

use crate::{
    Resource,
    deletion::{Deletion, Stage},
    profanity,
    statistics::{self, Counts},
    user::{Status, User, partition},
};

/// What codes are made of: no `0` and `O`, no `1`, `I` and `L`.
pub const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// How many characters a code has: there are 887 million.
const LENGTH: usize = 6;
/// How often a drawn code may be somebody's already.
pub(crate) const DRAWS: u32 = 8;

/// An invitation code in its one spelling: upper case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCode(String);

impl InviteCode {
    /// Any code. Whether it is free shows when it is claimed.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        loop {
            let any = || ALPHABET.get(sys.below(31) as usize).copied().map_or('2', char::from);
            let code: String = (0..LENGTH).map(|_| any()).collect();
            // Chance makes words that nobody wants to send to their friends.
            if !profanity::in_name(&code.to_lowercase()) {
                return Self(code);
            }
        }
    }

    /// Reads a code as people type it, in any case and with space around it. What it is not can be nobody's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_ascii_uppercase();
        (code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b))).then_some(Self(code))
    }

    /// Finding out whether a code can be entered, by an account or a flow, and by a client whoever it is.
    #[must_use]
    pub fn tries(subject: impl ToString, client: &Client) -> [Limit; 2] {
        [Limit::new("invite_check", subject, 10, HOUR), Limit::new("invite_client", client.network(), 30, HOUR)]
    }
}

impl std::fmt::Display for InviteCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose a code is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InviteClaim {
    /// Which.
    pub code: InviteCode,
    /// Whose; nobody's once they are gone.
    pub user: Option<UserId>,
}

impl InviteClaim {
    /// Where the claim of a code is.
    #[must_use]
    pub fn key_of(code: &InviteCode) -> Key {
        Self::at(&code.0)
    }

    fn at(code: &str) -> Key {
        Key::new(format!("INVITE#{code}"), "INVITE")
    }
}

impl Item for InviteClaim {
    const KIND: &'static str = "invite_claim";
    const ABOUT: About =
        About::at("INVITE#{code}", "INVITE", Personal::Withheld("the invite of its person has the code")).removed_by("invites");
    fn key(&self) -> Key {
        Self::key_of(&self.code)
    }
}

/// A person's own code, and what they have to do with others' codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// Whose.
    pub user: UserId,
    /// Their code.
    pub code: InviteCode,
    /// How many people have entered it and are still there.
    #[serde(default)]
    pub used: u64,
    /// When they entered somebody's code; then that is final, also when that person is gone.
    pub entered_at: Option<Time>,
    /// Whose, as long as that person is there.
    pub inviter: Option<UserId>,
}

impl Invite {
    /// Where a person's own code is.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "INVITE")
    }

    /// The entry among those who entered the same code, if the inviter is there.
    #[must_use]
    pub fn entry(&self) -> Option<Key> {
        self.inviter.zip(self.entered_at).map(|(inviter, at)| Invitee::key_of(inviter, at, self.user))
    }

    /// Adds a code of one's own to a transaction, for somebody who has just entered `inviter`'s or nobody's. The slot is refused
    /// if the code is, or was, somebody's.
    pub(crate) fn give(tx: &mut Tx, user: UserId, code: InviteCode, inviter: Option<UserId>, now: Time) -> Slot {
        let claim = tx.create(&InviteClaim { code: code.clone(), user: Some(user) });
        tx.create(&Self { user, code, used: 0, entered_at: inviter.map(|_| now), inviter });
        claim
    }

    /// A code for somebody whose account was made before there were any. One transaction; another one for each code that is
    /// somebody's.
    ///
    /// # Errors
    /// [`CommitError`], refused if they have got one meanwhile.
    pub async fn give_late(table: &Table, sys: &Sys, user: UserId) -> Result<Self, CommitError> {
        for _ in 0..DRAWS {
            let (mut tx, code) = (Tx::new(), InviteCode::draw(sys));
            let claim = Self::give(&mut tx, user, code.clone(), None, sys.now());
            tx.check(User::key_of(user), field("status").eq(Status::Active));
            match table.commit(tx).await {
                Ok(()) => return Ok(Self { user, code, used: 0, entered_at: None, inviter: None }),
                Err(e) if e.refused(claim) => {}
                Err(e) => return Err(e),
            }
        }
        Err(none_free().into())
    }
}

pub(crate) fn none_free() -> StoreError {
    StoreError::Unavailable("no drawn invitation code was free".to_owned())
}

impl Item for Invite {
    const KIND: &'static str = "invite";
    const ABOUT: About =
        About::beside_user("INVITE", Personal::Exported(&["code", "used", "entered_at", "inviter"])).ranked(RANKING).removed_by("invites");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

/// The caller's own item, loaded in the same batch as the caller.
impl Resource for Invite {
    type Path = ();
    fn find(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// Somebody who entered a person's code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitee {
    /// Whose code.
    pub inviter: UserId,
    /// Who entered it.
    pub user: UserId,
    /// When.
    pub at: Time,
    /// Whether the inviter may see their phone number: theirs to say, and to take back.
    #[serde(default)]
    pub shows_phone: bool,
}

/// What the sort keys of entries begin with.
const INVITEE: &str = "INVITEE#";

impl Invitee {
    /// Where it is.
    #[must_use]
    pub fn key_of(inviter: UserId, at: Time, user: UserId) -> Key {
        Key::new(partition(inviter), format!("{INVITEE}{:014}#{user}", at.millis()))
    }

    /// Those who entered a person's code, the newest first.
    #[must_use]
    pub fn of(inviter: UserId) -> Range {
        Range::of(partition(inviter)).prefix(INVITEE).newest_first()
    }
}

impl Item for Invitee {
    const KIND: &'static str = "invitee";
    // Not who entered it: the list of invitees shows as much of them as they show of themselves.
    const ABOUT: About = About::beside_user("INVITEE#{at}#{invitee}", Personal::Exported(&["at"])).removed_by("invites");
    fn key(&self) -> Key {
        Self::key_of(self.inviter, self.at, self.user)
    }
}

/// The ranking of those whose codes were entered.
const RANKING: &str = "INVITERS";

/// Those whose codes were entered most, at most so many, the first first. One query of an index, which may be a moment behind.
///
/// # Errors
/// [`StoreError`]
pub async fn top(table: &Table, most: u32) -> Result<Vec<Invite>, StoreError> {
    let top = table.query::<Invite>(Range::of_ranking(RANKING, most)).await?;
    Ok(top.items.into_iter().filter(|invite| invite.used > 0).collect())
}

/// Somebody whose code another person can enter.
#[derive(Clone, Debug)]
pub struct Inviter {
    user: UserId,
    invitee: UserId,
}

impl Inviter {
    /// Whose this code is, if `invitee` can enter it: if it is another person, who is there and does not mean to leave.
    ///
    /// Two requests, also for a code that is nobody's or none: a code that was given cannot be told by the time it takes.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(table: &Table, text: &str, invitee: UserId) -> Result<Option<Self>, StoreError> {
        let code = InviteCode::parse(text);
        let claim = table.get::<InviteClaim>(InviteClaim::at(code.as_ref().map_or("", |c| c.0.as_str()))).await?;
        let id = claim.and_then(|claim| claim.user).unwrap_or(UserId::NIL);
        let (user, deletion) = (User::key_of(id), Deletion::key_of(id));
        let mut found = table.get_many(vec![user.clone(), deletion.clone()]).await?;
        let deletion = found.take::<Deletion>(&deletion)?;
        let user = found.take::<User>(&user)?.filter(|user| user.id != invitee && stays(user.status, deletion.map(|d| d.stage)));
        Ok(user.map(|user| Self { user: user.id, invitee }))
    }

    /// Who.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Adds to a transaction that the other person, who has an account, enters the code; and says when that is.
    pub fn enter(&self, tx: &mut Tx, sys: &Sys, shows_phone: bool) -> (Entering, Time) {
        let now = sys.now();
        let entered = Update::of(Invite::key_of(self.invitee)).set("entered_at", now).set("inviter", self.user);
        let first = tx.update(entered.when(Cond::Exists.and(field("entered_at").absent())));
        statistics::count(tx, sys, Counts { invites: 1, ..Counts::default() });
        (Entering { first, welcome: self.welcome(tx, now, shows_phone) }, now)
    }

    /// Adds the inviter's part of it.
    pub(crate) fn welcome(&self, tx: &mut Tx, now: Time, shows_phone: bool) -> Welcome {
        tx.create(&Invitee { inviter: self.user, user: self.invitee, at: now, shows_phone });
        let counted = Update::of(Invite::key_of(self.user)).add("used", 1).rank(RANKING, 1);
        // Not in a circle of two, nor where the inviter's entries are being taken away.
        let theirs = tx.update(counted.when(Cond::Exists.and(field("inviter").ne(self.invitee))));
        Welcome { theirs, there: tx.check(User::key_of(self.user), field("status").eq(Status::Active)) }
    }
}

/// Whether a person of this status, with this deletion of their account, is one whose code can be entered.
const fn stays(status: Status, deletion: Option<Stage>) -> bool {
    matches!((status, deletion), (Status::Active, None))
}

/// The writes of [`Inviter::enter`] that can be refused.
#[derive(Clone, Copy, Debug)]
pub struct Entering {
    first: Slot,
    welcome: Welcome,
}

impl Entering {
    /// Whether it did not happen because they had entered one before.
    #[must_use]
    pub fn was_done(self, e: &CommitError) -> bool {
        e.refused(self.first)
    }

    /// Whether it did not happen because the inviter is not, or no longer, one whose code they can enter.
    #[must_use]
    pub fn was_invalid(self, e: &CommitError) -> bool {
        self.welcome.was_refused(e)
    }
}

/// The inviter's part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Welcome {
    theirs: Slot,
    there: Slot,
}

impl Welcome {
    pub(crate) fn was_refused(self, e: &CommitError) -> bool {
        e.refused(self.theirs) || e.refused(self.there)
    }
}

/// Takes a person's code and who entered it away: a bounded part, and says whether there is more.
///
/// The code stays taken. Whose code they had entered no longer counts them; who had entered theirs keeps that they have entered
/// one.
///
/// # Errors
/// [`StoreError`]; may be run again at any point.
pub(crate) async fn purge(table: &Table, user: UserId) -> Result<bool, StoreError> {
    const AT_ONCE: u32 = 100;
    if let Some(own) = table.get::<Invite>(Invite::key_of(user)).await? {
        let claim = Update::of(InviteClaim::key_of(&own.code)).remove("user").when(field("user").eq(user));
        table.update(claim).await.refused_is_fine()?;
        // From here on nobody enters it any more.
        if !leave(table, &own).await? {
            return Ok(true);
        }
    }
    let entries = table.query::<Invitee>(Invitee::of(user).limit(AT_ONCE)).await?;
    for entry in &entries.items {
        let forget = Update::of(Invite::key_of(entry.user)).remove("inviter");
        table.update(forget.when(field("inviter").eq(user))).await.refused_is_fine()?;
    }
    table.delete_many(entries.items.iter().map(Item::key).collect()).await?;
    Ok(entries.more)
}

/// Removes a person's own item together with their entry among others' and its count. False if it has changed since it was read.
async fn leave(table: &Table, own: &Invite) -> Result<bool, StoreError> {
    let mut tx = Tx::new();
    let unchanged = own.inviter.map_or_else(|| field("inviter").absent(), |inviter| field("inviter").eq(inviter));
    tx.delete_when(own.key(), unchanged);
    if let Some((inviter, entry)) = own.inviter.zip(own.entry()) {
        tx.delete(entry);
        // An inviter who is being removed too may have nothing left that counts.
        if table.get::<Invite>(Invite::key_of(inviter)).await?.is_some() {
            tx.update(Update::of(Invite::key_of(inviter)).add("used", -1).rank(RANKING, -1).when(Cond::Exists));
        }
    }
    table.commit(tx).await.applied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_unambiguous_characters_and_one_spelling() {
        let sys = Sys::real();
        let codes: std::collections::BTreeSet<String> = (0..2000).map(|_| InviteCode::draw(&sys).to_string()).collect();
        assert!(codes.len() > 1990, "{}", codes.len());
        assert!(codes.iter().all(|c| c.len() == 6 && !c.contains(['0', 'O', '1', 'I', 'L'])));
        let all: String = codes.iter().map(String::as_str).collect();
        assert!(ALPHABET.iter().all(|c| all.contains(char::from(*c))));
        let code = InviteCode::draw(&sys);
        for typed in [code.to_string(), format!("  {}\n", code.to_string().to_lowercase())] {
            assert_eq!(InviteCode::parse(&typed), Some(code.clone()), "{typed:?}");
        }
        for other in ["", "K7M2X", "K7M2XPQ", "K7M2X0", "K7M2XI", "K7 2XP", "K7M2Xż", "ＫＭ２ＸＰ２"] {
            assert_eq!(InviteCode::parse(other), None, "{other}");
        }
    }

    #[test]
    fn only_who_stays_invites() {
        assert!(stays(Status::Active, None));
        for (status, deletion) in
            [(Status::Active, Some(Stage::Scheduled)), (Status::Deactivated, None), (Status::Purging, Some(Stage::Purging))]
        {
            assert!(!stays(status, deletion), "{status:?} {deletion:?}");
        }
    }
}
