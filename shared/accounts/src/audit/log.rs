//! Reading the audit: by account, actor, action and time.

use function::Aws;
use kernel::{
    Sys, Time,
    id::{AuditId, UserId, first_at, time_of},
};
use store::{Index, Key, Page, Range, StoreError, Table, limits::DAY};

use super::{Action, AuditRecord, records_by, records_of, records_on, records_with};
use crate::statistics::Day;

/// The maximum number of records that a filtered query reads.
const EXAMINED: u32 = 300;

/// A month in UTC: `2026-11`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month(String);

impl Month {
    /// Returns the month of a time.
    #[must_use]
    pub fn of(at: Time) -> Self {
        let date = at.date();
        Self(format!("{:04}-{:02}", date.year(), u8::from(date.month())))
    }

    /// Parses what somebody typed.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        Day::parse(&format!("{typed}-01")).is_ok().then(|| Self(typed.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the times of its beginning and its end. `None` for the last month that can be represented.
    #[must_use]
    pub fn span(&self) -> Option<(Time, Time)> {
        let begins = |month: &Self| Day::parse(&format!("{}-01", month.0)).ok().map(Day::begins);
        let first = begins(self)?;
        // 31 days after the first day of a month is always in the next month.
        let next = begins(&Self::of(first + DAY.saturating_mul(31)))?;
        (first < next).then_some((first, next))
    }
}

/// The records to read. Each variant is one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Records about an account.
    Subject(UserId),
    /// Records of an actor in a month. `None` stands for operators.
    Actor(Option<UserId>, Month),
    /// Records of an action in a month.
    Action(Action, Month),
    /// All records of a day.
    Day(Day),
}

impl Search {
    /// Returns the index and the partition.
    fn partition(&self) -> (Option<Index>, String) {
        match self {
            Self::Subject(subject) => (None, records_of(*subject)),
            Self::Actor(actor, month) => (Some(Index::AuditByActor), records_by(*actor, month.as_str())),
            Self::Action(action, month) => (Some(Index::AuditByAction), records_with(*action, month.as_str())),
            Self::Day(day) => (Some(Index::AuditByDay), records_on(*day)),
        }
    }

    fn range(&self) -> Range {
        match self.partition() {
            (None, partition) => Range::of(partition),
            (Some(index), partition) => Range::of_index(index, partition),
        }
    }

    /// Returns the newest first, after the record with this id and subject.
    fn after(&self, after: Option<(AuditId, UserId)>) -> Range {
        let range = self.range().newest_first();
        match (after, self.partition()) {
            (None, _) => range,
            (Some((id, subject)), (None, _)) => range.after(AuditRecord::key_of(subject, id), None),
            (Some((id, subject)), (Some(_), partition)) => {
                range.after(AuditRecord::key_of(subject, id), Some(Key::new(partition, id.to_string())))
            }
        }
    }
}

/// The actor to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorFilter {
    /// An operator, or the system itself.
    Operator,
    /// This person.
    Person(UserId),
}

impl ActorFilter {
    /// Returns the account of the actor, in the form of [`AuditRecord::actor`].
    #[must_use]
    pub const fn account(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::Person(user) => Some(user),
        }
    }
}

/// A search with further conditions on its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// The search.
    pub search: Search,
    /// From the first time, inclusive, to the second, exclusive.
    pub within: Option<(Time, Time)>,
    /// Only records of this actor.
    pub actor: Option<ActorFilter>,
    /// Only records of this action.
    pub action: Option<Action>,
}

impl RecordFilter {
    fn has(&self, record: &AuditRecord) -> bool {
        self.within.is_none_or(|(from, until)| from <= record.at && record.at < until)
            && self.actor.is_none_or(|who| record.actor == who.account())
            && self.action.is_none_or(|action| record.action == action)
    }

    /// Returns whether all records of the search within the times fulfil the conditions.
    const fn is_all(&self) -> bool {
        match self.search {
            Search::Subject(_) | Search::Day(_) => self.actor.is_none() && self.action.is_none(),
            Search::Actor(..) => self.action.is_none(),
            Search::Action(..) => self.actor.is_none(),
        }
    }
}

/// The records that a request has found.
#[derive(Clone, Debug)]
pub struct FoundRecords {
    /// The records, the newest first.
    pub records: Vec<AuditRecord>,
    /// The id and the subject of the record after which to go on, if there may be more.
    pub next: Option<(AuditId, UserId)>,
}

/// Reads the audit table.
#[derive(Clone)]
pub struct AuditLog(Table);

impl AuditLog {
    /// Returns the audit in the table of this name.
    #[must_use]
    pub fn new(aws: &Aws, sys: &Sys, table: &str) -> Self {
        Self(Table::new(aws, sys, table))
    }

    /// Returns its table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// Returns a page of records, the newest first, after the one with this id and subject. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(&self, search: &Search, after: Option<(AuditId, UserId)>, limit: u32) -> Result<Page<AuditRecord>, StoreError> {
        self.0.query(search.after(after).limit(limit)).await
    }

    /// Returns the next records that match, the newest first, after the one with this id and subject. One query. If it has to filter, it
    /// reads at most 300 records, so that there can be more records although fewer than `limit` were found.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, wanted: &RecordFilter, after: Option<(AuditId, UserId)>, limit: u32) -> Result<FoundRecords, StoreError> {
        let mut range = wanted.search.after(after).limit(if wanted.is_all() { limit } else { EXAMINED.max(limit) });
        if let Some((from, until)) = wanted.within {
            range = range.between(first_at::<AuditId>(from).to_string(), first_at::<AuditId>(until).to_string());
        }
        let page = self.0.query::<AuditRecord>(range).await?;
        let place = |record: &AuditRecord| (record.id, record.subject);
        let mut next = page.last().map(place);
        let mut records: Vec<AuditRecord> = page.items.into_iter().filter(|record| wanted.has(record)).collect();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if records.len() > most {
            records.truncate(most);
            next = records.last().map(place);
        }
        Ok(FoundRecords { records, next })
    }

    /// Returns the record with this id, found by the day of the id. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record(&self, id: AuditId) -> Result<Option<AuditRecord>, StoreError> {
        let range = Search::Day(Day::of(time_of(&id))).range().between(id.to_string(), id.to_string());
        Ok(self.0.query(range.limit(1)).await?.items.into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_have_one_spelling() {
        for day in ["2026-11-30", "2028-02-29"] {
            assert_eq!(Day::parse(day).map(|day| day.to_string()), Ok(day.to_owned()));
        }
        for day in ["", "2026-11-31", "2026-1-01", "2026-11-30T", "2026-11-30T00:00:00Z", "26-11-30", "DAY#x"] {
            assert!(Day::parse(day).is_err(), "{day}");
        }
        assert_eq!(Month::parse("2026-11").map(|month| month.0).as_deref(), Some("2026-11"));
        assert!(["2026-13", "2026-1", "2026", "2026-11-30"].iter().all(|month| Month::parse(month).is_none()));
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let span = |month: &str| Month::parse(month).unwrap().span();
        let begins = |day: &str| Day::parse(day).unwrap().begins();
        for (month, first, next) in
            [("2026-11", "2026-11-01", "2026-12-01"), ("2026-12", "2026-12-01", "2027-01-01"), ("2028-02", "2028-02-01", "2028-03-01")]
        {
            assert_eq!(span(month), Some((begins(first), begins(next))), "{month}");
        }
    }
}
