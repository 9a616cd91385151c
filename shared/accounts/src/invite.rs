//! Invitation codes. Every account has one, and can enter one code of another account, once and without a later change.
//!
//! ```text
//! INVITE#<code>            the owner of the code; stays without an owner after the account is deleted, so that no code is reused
//! USER#<id> / INVITE       the account's own code, how often it was entered, and the inviter
//! USER#<id> / INVITEE#…    the accounts that entered the code, in order of time
//! ```
//!
//! Entering a code is one transaction over the items of both accounts. If one account enters two codes concurrently, one
//! succeeds. If two accounts enter each other's codes concurrently, one succeeds. All codes that cannot be entered get the same
//! error after the same number of requests, so that the answer hides which codes exist.

use kernel::{Client, FieldError, Sys, Time, id::UserId, text};
use serde::{Deserialize, Serialize};
use store::{
    About, CommitError, Cond, Conditional as _, Item, Key, Personal, Range, Slot, StoreError, Table, Tx, Update, field,
    limits::{HOUR, Limit, Quota},
};

use crate::{
    Resource,
    deletion::{Deletion, Stage},
    profanity,
    statistics::{self, Counts},
    user::{Status, User, partition},
};

/// The characters of codes, without the look-alikes `0` and `O`, `1`, `I` and `L`.
pub const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// The number of characters of a code. 31^6 is 887 million codes.
const LENGTH: usize = 6;
/// Attempts to find a random code that is free.
pub(crate) const DRAWS: u32 = 8;

/// The limit on codes that an account or flow tries.
const CHECKS: Quota = Quota::window("invite_check", 10, HOUR, "invitation codes for one account or flow");
/// The limit on codes that a client tries, for all accounts together.
const CLIENT_CHECKS: Quota = Quota::window("invite_client", 30, HOUR, "invitation codes for a client");
/// The limits of operations that tell whether a code can be entered: see [`InviteCode::tries`].
pub const TRIES: [Quota; 2] = [CHECKS, CLIENT_CHECKS];

/// An invitation code in its canonical spelling: upper case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCode(String);

impl InviteCode {
    /// Makes a random code. The claim decides whether the code is free.
    #[must_use]
    pub fn draw(sys: &Sys) -> Self {
        loop {
            let random_char = || ALPHABET.get(sys.below(31) as usize).copied().map_or('2', char::from);
            let code: String = (0..LENGTH).map(|_| random_char()).collect();
            // Random characters can form offensive words.
            if !profanity::in_code(&code) {
                return Self(code);
            }
        }
    }

    /// Parses a code in any case and in any spelling that [`text::compact`] knows.
    ///
    /// # Errors
    /// `code_format` if it cannot be a code, which needs no look-up.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let code = text::typed(text).unwrap_or_default().to_ascii_uppercase();
        let right = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        if right { Ok(Self(code)) } else { Err(FieldError::CODE_FORMAT) }
    }

    /// Returns the limits ([`TRIES`]) for one `subject` (an account or a flow) and one client.
    #[must_use]
    pub fn tries(subject: impl ToString, client: &Client) -> [Limit; 2] {
        [CHECKS.of(subject), CLIENT_CHECKS.of(client.network())]
    }
}

impl std::fmt::Display for InviteCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The marker item that makes a code unique, with its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InviteClaim {
    /// The code.
    pub code: InviteCode,
    /// The owner. `None` after the owner's account was deleted.
    pub user: Option<UserId>,
}

impl InviteClaim {
    /// Returns the key of the claim of a code.
    #[must_use]
    pub fn key_of(code: &InviteCode) -> Key {
        Key::new(format!("INVITE#{code}"), "INVITE")
    }
}

impl Item for InviteClaim {
    const KIND: &'static str = "invite_claim";
    const ABOUT: About =
        About::at("INVITE#{code}", "INVITE", Personal::Withheld("the invitation item of the person has the code")).removed_by("invites");
    fn key(&self) -> Key {
        Self::key_of(&self.code)
    }
}

/// An account's own code, and the code that it has entered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// The account.
    pub user: UserId,
    /// The code.
    pub code: InviteCode,
    /// The number of existing accounts that have entered it.
    #[serde(default)]
    pub used: u64,
    /// When the account entered a code. Set once: it stays if the inviter's account is deleted.
    pub entered_at: Option<Time>,
    /// The owner of the entered code. `None` after the inviter's account was deleted.
    pub inviter: Option<UserId>,
}

impl Invite {
    /// Returns the key of an account's invitation item.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "INVITE")
    }

    /// Returns the key of the [`Invitee`] item in the inviter's partition, if there is an inviter.
    #[must_use]
    pub fn entry(&self) -> Option<Key> {
        self.inviter.zip(self.entered_at).map(|(inviter, at)| Invitee::key_of(inviter, at, self.user))
    }

    /// Adds the creation of an account's code and its claim to a transaction. `inviter` is the owner of the code that the account enters at
    /// the same time. The slot is refused if the code belongs or belonged to another account.
    pub(crate) fn create(tx: &mut Tx, user: UserId, code: InviteCode, inviter: Option<UserId>, now: Time) -> Slot {
        let claim = tx.create(&InviteClaim { code: code.clone(), user: Some(user) });
        tx.create(&Self { user, code, used: 0, entered_at: inviter.map(|_| now), inviter });
        claim
    }

    /// Creates the code of an account that is older than invitation codes. One transaction, and another one for each random code that is
    /// taken.
    ///
    /// # Errors
    /// [`CommitError`], refused if a concurrent request has created one.
    pub async fn create_late(table: &Table, sys: &Sys, user: UserId) -> Result<Self, CommitError> {
        for _ in 0..DRAWS {
            let (mut tx, code) = (Tx::new(), InviteCode::draw(sys));
            let claim = Self::create(&mut tx, user, code.clone(), None, sys.now());
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

/// The caller's own item, read in the same batch as the caller.
impl Resource for Invite {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// An account that entered the inviter's code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitee {
    /// The owner of the code.
    pub inviter: UserId,
    /// The account that entered it.
    pub user: UserId,
    /// When it was entered.
    pub at: Time,
    /// Whether the inviter may see the invitee's phone number. The invitee decides, and can change it.
    #[serde(default)]
    pub shows_phone: bool,
}

/// The prefix of the sort keys of these items.
const INVITEE: &str = "INVITEE#";

impl Invitee {
    /// Returns the key of an invitee.
    #[must_use]
    pub fn key_of(inviter: UserId, at: Time, user: UserId) -> Key {
        Key::new(partition(inviter), format!("{INVITEE}{:014}#{user}", at.millis()))
    }

    /// Returns the accounts that entered an inviter's code, the newest first.
    #[must_use]
    pub fn of(inviter: UserId) -> Range {
        Range::of(partition(inviter)).prefix(INVITEE).newest_first()
    }
}

impl Item for Invitee {
    const KIND: &'static str = "invitee";
    // The export omits who entered the code, because that is another person's data.
    const ABOUT: About = About::beside_user("INVITEE#{at}#{invitee}", Personal::Exported(&["at"])).removed_by("invites");
    fn key(&self) -> Key {
        Self::key_of(self.inviter, self.at, self.user)
    }
}

/// The ranking of inviters by how often their codes were entered.
const RANKING: &str = "INVITERS";

/// Returns the at most `most` inviters whose codes were entered most often, in descending order. One query, eventually consistent.
///
/// # Errors
/// [`StoreError`]
pub async fn top(table: &Table, most: u32) -> Result<Vec<Invite>, StoreError> {
    let top = table.query::<Invite>(Range::of_ranking(RANKING, most)).await?;
    Ok(top.items.into_iter().filter(|invite| invite.used > 0).collect())
}

/// An inviter whose code another account can enter.
#[derive(Clone, Debug)]
pub struct Inviter {
    user: UserId,
    invitee: UserId,
}

impl Inviter {
    /// Finds the owner of a code. `None` if `invitee` cannot enter it: it is their own code, the owner's account is not active,
    /// or its deletion is scheduled.
    ///
    /// Always two requests, also for an unknown code, so that the response time hides which codes exist.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(table: &Table, code: &InviteCode, invitee: UserId) -> Result<Option<Self>, StoreError> {
        let claim = table.get::<InviteClaim>(InviteClaim::key_of(code)).await?;
        let id = claim.and_then(|claim| claim.user).unwrap_or(UserId::NIL);
        let (user, deletion) = (User::key_of(id), Deletion::key_of(id));
        let mut found = table.get_many(vec![user.clone(), deletion.clone()]).await?;
        let deletion = found.take::<Deletion>(&deletion)?;
        let user = found.take::<User>(&user)?.filter(|user| user.id != invitee && can_invite(user.status, deletion.map(|d| d.stage)));
        Ok(user.map(|user| Self { user: user.id, invitee }))
    }

    /// Returns the inviter's account.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Adds to a transaction that an existing account enters the code. Returns the slots that can be refused, and the stored time.
    pub fn enter(&self, tx: &mut Tx, sys: &Sys, shows_phone: bool) -> (EnterSlots, Time) {
        let now = sys.now();
        let entered = Update::of(Invite::key_of(self.invitee)).set("entered_at", now).set("inviter", self.user);
        let first = tx.update(entered.when(Cond::Exists.and(field("entered_at").absent())));
        statistics::count(tx, sys, Counts { invites: 1, ..Counts::default() });
        (EnterSlots { first, inviter: self.count_invitee(tx, now, shows_phone) }, now)
    }

    /// Adds the writes on the inviter's items.
    pub(crate) fn count_invitee(&self, tx: &mut Tx, now: Time, shows_phone: bool) -> InviterSlots {
        tx.create(&Invitee { inviter: self.user, user: self.invitee, at: now, shows_phone });
        let counted = Update::of(Invite::key_of(self.user)).add("used", 1).rank(RANKING, 1);
        // Refused if the inviter has entered this account's code, or if the inviter's invitation item is being purged.
        let invite = tx.update(counted.when(Cond::Exists.and(field("inviter").ne(self.invitee))));
        InviterSlots { invite, account: tx.check(User::key_of(self.user), field("status").eq(Status::Active)) }
    }
}

/// Returns whether codes of an account with this status and this scheduled deletion can be entered.
const fn can_invite(status: Status, deletion: Option<Stage>) -> bool {
    matches!((status, deletion), (Status::Active, None))
}

/// The writes of [`Inviter::enter`] that can be refused.
#[derive(Clone, Copy, Debug)]
pub struct EnterSlots {
    first: Slot,
    inviter: InviterSlots,
}

impl EnterSlots {
    /// Returns whether it was refused because the account has entered a code before.
    #[must_use]
    pub fn was_entered_before(self, e: &CommitError) -> bool {
        e.refused(self.first)
    }

    /// Returns whether it was refused because the inviter's code cannot be entered any more.
    #[must_use]
    pub fn was_invalid(self, e: &CommitError) -> bool {
        self.inviter.was_refused(e)
    }
}

/// The slots of the writes on the inviter's items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InviterSlots {
    invite: Slot,
    account: Slot,
}

impl InviterSlots {
    pub(crate) fn was_refused(self, e: &CommitError) -> bool {
        e.refused(self.invite) || e.refused(self.account)
    }
}

/// Deletes an account's invitation data, a bounded part per call. Returns whether there is more.
///
/// The claim of the code stays, so that the code is not reused. The inviter no longer counts this account. Accounts that entered
/// this code keep the fact that they have entered one.
///
/// # Errors
/// [`StoreError`]; idempotent, may be repeated at any point.
pub(crate) async fn purge(table: &Table, user: UserId) -> Result<bool, StoreError> {
    const AT_ONCE: u32 = 100;
    if let Some(own) = table.get::<Invite>(Invite::key_of(user)).await? {
        let claim = Update::of(InviteClaim::key_of(&own.code)).remove("user").when(field("user").eq(user));
        table.update(claim).await.refused_is_fine()?;
        // After this nobody can enter the code any more.
        if !remove_own(table, &own).await? {
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

/// Deletes an account's own item together with its item at the inviter and the inviter's count. False if the own item has changed
/// since it was read.
async fn remove_own(table: &Table, own: &Invite) -> Result<bool, StoreError> {
    let mut tx = Tx::new();
    let unchanged = own.inviter.map_or_else(|| field("inviter").absent(), |inviter| field("inviter").eq(inviter));
    tx.delete_when(own.key(), unchanged);
    if let Some((inviter, entry)) = own.inviter.zip(own.entry()) {
        tx.delete(entry);
        // The item with the inviter's count may be gone, because the inviter is being purged.
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
        let (head, tail) = code.0.split_at(3);
        for typed in [
            code.to_string(),
            format!("  {}\n", code.to_string().to_lowercase()),
            format!("{head} {tail}"),
            format!("{head}-{tail}"),
            format!("{head}\u{a0}{tail}"),
            format!("{head}\u{2011}{tail}"),
            format!("\u{200f}{head}\u{200b}{tail}\u{200e}"),
        ] {
            assert_eq!(InviteCode::parse(&typed), Ok(code.clone()), "{typed:?}");
        }
        assert_eq!(InviteCode::parse("ｋＭ２Ｘ９２").map(|code| code.0), Ok("KM2X92".to_owned()));
        assert_eq!(InviteCode::parse("KM\u{662}X\u{6f9}\u{ff12}").map(|code| code.0), Ok("KM2X92".to_owned()));
        for other in ["", "\u{200b}", "K7M2X", "K7M2XPQ", "K7M2X0", "K7M2XI", "K7 2XP", "K7M2Xż", "KM2XP\u{661}", "K7.M2X"] {
            assert_eq!(InviteCode::parse(other).map_err(|e| e.code), Err("code_format"), "{other}");
        }
    }

    #[test]
    fn only_active_accounts_without_a_scheduled_deletion_can_invite() {
        assert!(can_invite(Status::Active, None));
        for (status, deletion) in
            [(Status::Active, Some(Stage::Scheduled)), (Status::Deactivated, None), (Status::Purging, Some(Stage::Purging))]
        {
            assert!(!can_invite(status, deletion), "{status:?} {deletion:?}");
        }
    }
}
