//! Accounts for staff: one account with its roles and its deletion, and lists of accounts, the newest first.
//!
//! | list | items | written |
//! |---|---|---|
//! | all accounts | [`DirectoryEntry`], in four partitions | once, with the account |
//! | staff | the roles, in [`Index::Staff`] | with the roles |
//! | deactivated, scheduled for deletion, being purged | the account or its deletion, in [`Index::AccountsInState`] | with the state |
//!
//! The lists are in the order of ids. The id of an account is made when its registration begins, at most [`REGISTRATION`] before the
//! account, so that a range of joining dates is a range of each list. A page reads at most `limit` accounts, whatever the filter, and
//! returns those that match: it can be shorter than `limit`.

use std::time::Duration;

use futures_util::future::try_join_all;
use kernel::{
    Kind, Problem,
    id::{UserId, before, first_at},
};
use serde::{Deserialize, Serialize};
use store::{About, Batch, Index, Item, Key, Personal, Range, StoreError, Table, Tx, limits::DAY};

use crate::{
    account_state::in_state,
    deletion::{Deletion, shard_of},
    staff::{Role, Roles, STAFF},
    statistics::Day,
    user::{Status, User},
    username::UsernameClaim,
};

pub use crate::account_state::AccountState;

/// An upper bound of the time from the beginning of a registration to the account.
const REGISTRATION: Duration = DAY.saturating_mul(2);
/// The number of partitions of the list of all accounts, so that many people can register at once.
const SHARDS: u8 = 4;

/// An account in the list of all accounts.
#[derive(Debug, Serialize, Deserialize)]
pub struct DirectoryEntry {
    user: UserId,
}

impl DirectoryEntry {
    /// Returns the key of an account's entry.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(everybody(shard_of(user, SHARDS)), user.to_string())
    }

    /// Returns the entry of an account.
    #[must_use]
    pub const fn of(user: UserId) -> Self {
        Self { user }
    }

    /// Adds the entry of a new account to a transaction.
    pub(crate) fn create(tx: &mut Tx, user: UserId) {
        tx.create(&Self::of(user));
    }
}

impl Item for DirectoryEntry {
    const KIND: &'static str = "directory_entry";
    const ABOUT: About =
        About::at("DIRECTORY#{shard}", "{user}", Personal::Withheld("the record of its person has it")).removed_by("account");
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
}

fn everybody(shard: u8) -> String {
    format!("DIRECTORY#{shard}")
}

/// An account with its roles and its deletion, which determine its state and who may change it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user item.
    pub user: User,
    /// Their roles.
    pub roles: Roles,
    /// Its deletion, if one is scheduled or has begun.
    pub deletion: Option<Deletion>,
}

impl Account {
    /// Returns the account with this username. Two reads, one after the other: the claim of the name, and the items of its owner.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if nobody has the name.
    pub async fn named(table: &Table, username: &str) -> Result<Self, Problem> {
        let id = UsernameClaim::person_named(table, username).await?;
        let found = Self::of_all(table, &[id]).await?.pop();
        found.ok_or_else(|| Kind::NotFound.into())
    }

    /// Returns the accounts of these people, in the same order, without accounts that were deleted. One batch for every thirty-three
    /// people.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_all(table: &Table, people: &[UserId]) -> Result<Vec<Self>, StoreError> {
        let mut found = table.get_many(people.iter().flat_map(|user| Self::keys(*user)).collect()).await?;
        let accounts = people.iter().map(|user| Self::take(&mut found, *user));
        accounts.filter_map(Result::transpose).collect()
    }

    fn keys(user: UserId) -> [Key; 3] {
        [User::key_of(user), Roles::key_of(user), Deletion::key_of(user)]
    }

    fn take(found: &mut Batch, user: UserId) -> Result<Option<Self>, StoreError> {
        let roles = found.take(&Roles::key_of(user))?.unwrap_or_else(|| Roles::none(user));
        let deletion = found.take(&Deletion::key_of(user))?;
        Ok(found.take(&User::key_of(user))?.map(|user| Self { user, roles, deletion }))
    }

    /// Returns the state of the account.
    #[must_use]
    pub const fn state(&self) -> AccountState {
        match (self.user.status, &self.deletion) {
            (Status::Purging, _) => AccountState::Purging,
            (Status::Deactivated, _) => AccountState::Deactivated,
            (Status::Active, Some(_)) => AccountState::Leaving,
            (Status::Active, None) => AccountState::Active,
        }
    }

    /// Returns the problem for an account whose state does not allow an operation.
    #[must_use]
    #[track_caller]
    pub fn refusal(&self) -> Problem {
        Problem::new(Kind::AccountState).with("state", self.state().as_str())
    }
}

/// A filter for accounts. All conditions have to hold.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Accounts with this role.
    pub role: Option<Role>,
    /// Accounts in this state.
    pub state: Option<AccountState>,
    /// Accounts that were created on this day or later.
    pub joined_from: Option<Day>,
    /// Accounts that were created on this day or earlier.
    pub joined_until: Option<Day>,
}

/// A page of accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    /// The accounts, the newest first. There can be fewer than requested, or none, although there is a next page.
    pub accounts: Vec<Account>,
    /// The account after which the next page begins. `None` on the last page.
    pub next: Option<UserId>,
}

impl AccountFilter {
    /// Returns whether an account matches.
    #[must_use]
    pub fn has(&self, account: &Account) -> bool {
        let joined = account.user.created_at;
        self.role.is_none_or(|role| account.roles.roles.contains(&role))
            && self.state.is_none_or(|state| account.state() == state)
            && self.joined_from.is_none_or(|day| day.begins() <= joined)
            && self.joined_until.is_none_or(|day| joined < day.ends())
    }

    /// Returns a page of the matching accounts after the account `after`, the newest first. A query, or four concurrent ones for the list
    /// of all accounts, and one batch for every thirty-three accounts.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(&self, table: &Table, after: Option<UserId>, limit: u32) -> Result<Accounts, StoreError> {
        let Some(ids) = self.ids(after) else { return Ok(Accounts::default()) };
        let parts = try_join_all(self.lists().into_iter().map(|list| list.part(table, &ids, limit))).await?;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut more = parts.iter().any(|part| part.more);
        let mut people: Vec<UserId> = parts.into_iter().flat_map(|part| part.people).collect();
        people.sort_unstable_by(|one, other| other.cmp(one));
        more |= people.len() > size;
        people.truncate(size);
        let next = people.last().copied().filter(|_| more);
        let mut accounts = Account::of_all(table, &people).await?;
        accounts.retain(|account| self.has(account));
        Ok(Accounts { accounts, next })
    }

    /// Returns the lowest and the highest id of the matching accounts after `after`. `None` if there is no id between them.
    fn ids(&self, after: Option<UserId>) -> Option<(UserId, UserId)> {
        let low = self.joined_from.map_or(UserId::NIL, |day| first_at(day.begins() - REGISTRATION));
        let end = self.joined_until.map(|day| first_at(day.ends()));
        // No account has the highest id of all.
        let bound = [end, after].into_iter().flatten().min().unwrap_or_else(|| first_at(kernel::Time::from_millis(i64::MAX)));
        before(&bound).filter(|high| low <= *high).map(|high| (low, high))
    }

    /// Returns the smallest lists that contain all matching accounts.
    fn lists(&self) -> Vec<List> {
        match (self.role, self.state) {
            (Some(_), _) => vec![List { index: Some(Index::Staff), partition: STAFF.to_owned() }],
            (None, Some(state)) if state != AccountState::Active => {
                vec![List { index: Some(Index::AccountsInState), partition: in_state(state) }]
            }
            (None, _) => (0..SHARDS).map(|shard| List { index: None, partition: everybody(shard) }).collect(),
        }
    }
}

/// A list of accounts, whose sort keys are their ids.
struct List {
    index: Option<Index>,
    partition: String,
}

/// The people of a list in a range of ids.
struct Part {
    people: Vec<UserId>,
    more: bool,
}

impl List {
    async fn part(self, table: &Table, (low, high): &(UserId, UserId), limit: u32) -> Result<Part, StoreError> {
        let range = match self.index {
            Some(index) => Range::of_index(index, self.partition),
            None => Range::of(self.partition).eventually(),
        };
        let range = range.between(low.to_string(), high.to_string()).newest_first().limit(limit);
        let page = table.query_rows(range).await?;
        let key = |row: &store::Row| self.index.map_or_else(|| row.key(), |index| row.place(index));
        Ok(Part { people: page.items.iter().filter_map(|row| key(row)?.sort().parse().ok()).collect(), more: page.more })
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Sys, Time};

    use super::*;
    use crate::identifier::Username;

    fn anna(sys: &Sys) -> Account {
        let user = User::new(sys.id(), Username::draw(sys), Locale::En, sys.now());
        Account { roles: Roles::none(user.id), user, deletion: None }
    }

    #[test]
    fn an_account_is_one_of_those_for_which_everything_holds() {
        let sys = Sys::real();
        let (anna, today) = (anna(&sys), Day::of(sys.now()));
        let yesterday = Day::of(sys.now() - DAY);
        let staff = Account { roles: anna.roles.with(Role::Moderator), ..anna.clone() };
        let resting = Account { user: User { status: Status::Deactivated, ..anna.user.clone() }, ..anna.clone() };
        for (wanted, expected) in [
            (AccountFilter::default(), [true, true, true]),
            (AccountFilter { role: Some(Role::Moderator), ..AccountFilter::default() }, [false, true, false]),
            (AccountFilter { role: Some(Role::Superuser), ..AccountFilter::default() }, [false; 3]),
            (AccountFilter { state: Some(AccountState::Active), ..AccountFilter::default() }, [true, true, false]),
            (AccountFilter { state: Some(AccountState::Deactivated), ..AccountFilter::default() }, [false, false, true]),
            (AccountFilter { joined_from: Some(today), joined_until: Some(today), ..AccountFilter::default() }, [true; 3]),
            (AccountFilter { joined_until: Some(yesterday), ..AccountFilter::default() }, [false; 3]),
        ] {
            assert_eq!([&anna, &staff, &resting].map(|account| wanted.has(account)), expected, "{wanted:?}");
        }
    }

    #[test]
    fn ids_are_between_the_days() {
        let sys = Sys::real();
        let (anna, today) = (anna(&sys), Day::of(sys.now()));
        let within =
            |wanted: &AccountFilter, after| wanted.ids(after).is_some_and(|(low, high)| low <= anna.user.id && anna.user.id <= high);
        let of = |day| AccountFilter { joined_from: Some(day), joined_until: Some(day), ..AccountFilter::default() };
        assert!(within(&AccountFilter::default(), None) && within(&of(today), None));
        assert!(!within(&of(Day::of(Time::ZERO)), None) && !within(&AccountFilter::default(), Some(anna.user.id)));
        let backwards = AccountFilter { joined_from: Some(today), joined_until: Some(Day::of(Time::ZERO)), ..AccountFilter::default() };
        assert!(backwards.ids(None).is_none() && AccountFilter::default().ids(Some(UserId::NIL)).is_none());
    }

    #[test]
    fn a_state_has_one_name() {
        for state in [AccountState::Active, AccountState::Leaving, AccountState::Deactivated, AccountState::Purging] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
