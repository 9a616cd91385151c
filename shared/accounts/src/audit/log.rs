//! Reading the audit: by account, actor, action and day.

use function::Aws;
use kernel::{
    Sys, Time,
    id::{AuditId, UserId, time_of},
};
use store::{Index, Key, Page, Range, StoreError, Table};

use super::{Action, AuditRecord, records_by, records_of, records_on, records_with};
use crate::statistics::Day;

/// A month in UTC: `2026-11`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month(String);

impl Month {
    /// The month of a time.
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
}

/// Which records are looked for. Each is one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Those about an account.
    Subject(UserId),
    /// What somebody has done in a month. `None` for operators.
    Actor(Option<UserId>, Month),
    /// Where this was done, in a month.
    Action(Action, Month),
    /// All of a day.
    Day(Day),
}

impl Search {
    /// The index and the partition.
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
}

/// The audit as its readers see it.
#[derive(Clone)]
pub struct AuditLog(Table);

impl AuditLog {
    /// The audit in the table of this name.
    #[must_use]
    pub fn new(aws: &Aws, sys: &Sys, table: &str) -> Self {
        Self(Table::new(aws, sys, table))
    }

    /// Its table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.0
    }

    /// A page of records, the newest first, after the one with this id and subject. One query.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(&self, search: &Search, after: Option<(AuditId, UserId)>, limit: u32) -> Result<Page<AuditRecord>, StoreError> {
        let range = search.range().newest_first().limit(limit);
        let range = match (after, search.partition()) {
            (None, _) => range,
            (Some((id, subject)), (None, _)) => range.after(AuditRecord::key_of(subject, id), None),
            (Some((id, subject)), (Some(_), partition)) => {
                range.after(AuditRecord::key_of(subject, id), Some(Key::new(partition, id.to_string())))
            }
        };
        self.0.query(range).await
    }

    /// The record with this id, by the day that the id is of. One query.
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
}
