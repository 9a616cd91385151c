//! Searching entries.

use accounts::{
    audit::{Action, ActorFilter, FoundRecords, Month, RecordFilter, Search},
    statistics::Day,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{
    FieldError, Problem, Time,
    id::{AuditId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, PageQuery, Problems, Query};

use crate::shown::{AuditRecordInfo, Names};

/// The search: at least one of `subject`, `actor`, `action` and `day`. An entry must fulfil all parameters.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Entries about this account.
    #[param(value_type = UserId, required = false)]
    subject: Option<UserId>,
    /// Entries of changes by this person, or `operator` for operators and the system itself.
    #[param(max_length = 30)]
    actor: Option<String>,
    /// Entries of this action.
    #[param(value_type = Action, inline, required = false)]
    action: Option<Action>,
    /// Entries of this day in UTC: `2026-11-30`.
    #[param(max_length = 10, example = "2026-11-30")]
    day: Option<String>,
    /// Entries of this month in UTC, `2026-11`, instead of a day. Without a day and a month, `actor` and `action` are searched in the
    /// current month, unless there is a `subject`.
    #[param(max_length = 7, example = "2026-11")]
    month: Option<String>,
}

/// When entries were written.
enum Period {
    Day(Day),
    Month(Month, (Time, Time)),
}

impl Period {
    fn parse(day: Option<&str>, month: Option<&str>) -> Result<Option<Self>, Problem> {
        match (day, month) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(Problem::field("/month", FieldError::CHOICE)),
            (Some(day), None) => Ok(Some(Self::Day(Day::parse(day).map_err(|e| Problem::field("/day", e))?))),
            (None, Some(typed)) => {
                let month = Month::parse(typed).and_then(|month| Some((month.span()?, month)));
                let (span, month) = month.ok_or_else(|| Problem::field("/month", FieldError::DATE))?;
                Ok(Some(Self::Month(month, span)))
            }
        }
    }

    fn span(&self) -> (Time, Time) {
        match self {
            Self::Day(day) => (day.begins(), day.ends()),
            Self::Month(_, span) => *span,
        }
    }

    fn month(&self) -> Month {
        match self {
            Self::Day(day) => Month::of(day.begins()),
            Self::Month(month, _) => month.clone(),
        }
    }
}

impl AuditQuery {
    fn parse(&self, now: Time) -> Result<RecordFilter, Problem> {
        let period = Period::parse(self.day.as_deref(), self.month.as_deref())?;
        let actor = match self.actor.as_deref() {
            None => None,
            Some("operator") => Some(ActorFilter::Operator),
            Some(id) => Some(ActorFilter::Person(id.parse().map_err(|_| Problem::field("/actor", FieldError::CHOICE))?)),
        };
        let month = || period.as_ref().map_or_else(|| Month::of(now), Period::month);
        // The query reads by the parameter with the fewest entries. The others are compared.
        let search = match (self.subject, actor, self.action, &period) {
            (Some(subject), ..) => Search::Subject(subject),
            (None, Some(who), ..) => Search::Actor(who.account(), month()),
            (None, None, Some(action), _) => Search::Action(action, month()),
            (None, None, None, Some(Period::Day(day))) => Search::Day(*day),
            (None, None, None, _) => return Err(Problem::field("/subject", FieldError::REQUIRED)),
        };
        Ok(RecordFilter { search, within: period.as_ref().map(Period::span), actor, action: self.action })
    }
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
pub struct AuditList {
    /// The entries, the newest first. With several parameters a page can have fewer entries than requested, or none, although there is a
    /// next page.
    items: Vec<AuditRecordInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists entries of the audit, the newest first: about an account, by an actor, of an action, of a day or a month, or all of these.
///
/// For administrators, with a second factor. Without `subject` an entry can be found a moment after its change. A request examines at most
/// 300 entries.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query; a batch of the usernames for each hundred people.
#[utoipa::path(get, path = "/v1/audit", params(AuditQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = AuditList), Problems))]
pub async fn search_audit(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<AuditList>, Error> {
    let (limit, wanted) = (page.limit()?, query.parse(s.sys.now())?);
    let cursors = s.sealer.cursors(format!("audit for {}: {wanted:?}", caller.member.user.id));
    let after = cursors.open::<(AuditId, UserId)>(page.cursor())?;
    let FoundRecords { records, next } = s.log.find(&wanted, after, limit).await?;
    let next_cursor = cursors.next(next)?;
    let names = Names::read(&s.table, &records).await?;
    let items = records.into_iter().map(|record| AuditRecordInfo::new(record, &names)).collect();
    Ok(Json(AuditList { items, next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    fn filter_of(with: impl FnOnce(&mut AuditQuery)) -> Option<RecordFilter> {
        let mut query = AuditQuery { subject: None, actor: None, action: None, day: None, month: None };
        with(&mut query);
        query.parse(NOW).ok()
    }

    #[test]
    fn the_most_selective_parameter_is_searched_and_the_others_are_compared() {
        let month = |text: &str| Month::parse(text).unwrap();
        let some = |text: &str| Some(text.to_owned());
        let nil = || Some(UserId::NIL.to_string());
        let search = |with: fn(&mut AuditQuery)| filter_of(with).map(|wanted| wanted.search);
        let operator = filter_of(|q| q.actor = some("operator")).map(|wanted| wanted.search);
        assert_eq!(operator, Some(Search::Actor(None, month("2030-01"))));
        let earlier = filter_of(|q| (q.actor, q.month) = (nil(), some("2029-12"))).map(|wanted| wanted.search);
        assert_eq!(earlier, Some(Search::Actor(Some(UserId::NIL), month("2029-12"))));
        assert_eq!(search(|q| q.action = Some(Action::RoleTaken)), Some(Search::Action(Action::RoleTaken, month("2030-01"))));
        let day = Day::parse("2029-12-31").unwrap();
        assert_eq!(filter_of(|q| q.day = some("2029-12-31")).map(|wanted| wanted.search), Some(Search::Day(day)));
        let all = filter_of(|q| {
            (q.subject, q.actor, q.action, q.day) = (Some(UserId::NIL), some("operator"), Some(Action::RoleTaken), some("2029-12-31"));
        });
        let within = Some((day.begins(), day.ends()));
        let (actor, action) = (Some(ActorFilter::Operator), Some(Action::RoleTaken));
        assert_eq!(all, Some(RecordFilter { search: Search::Subject(UserId::NIL), within, actor, action }));
        // The month of the day is searched, and not the current one.
        let of_day =
            filter_of(|q| (q.action, q.day) = (Some(Action::RoleTaken), some("2029-12-31"))).map(|wanted| (wanted.search, wanted.within));
        assert_eq!(of_day, Some((Search::Action(Action::RoleTaken, month("2029-12")), within)));
    }

    #[test]
    fn invalid_searches_are_refused() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(filter_of(|_| {}), None);
        assert_eq!(filter_of(|q| q.month = some("2029-12")), None, "a month has too many entries");
        assert_eq!(filter_of(|q| q.actor = some("ana")), None);
        assert_eq!(filter_of(|q| q.day = some("today")), None);
        assert_eq!(filter_of(|q| (q.day, q.month) = (some("2030-01-01"), some("2030-01"))), None);
        for month in ["January", "9999-12"] {
            assert_eq!(filter_of(|q| (q.action, q.month) = (Some(Action::RoleTaken), some(month))), None, "{month}");
        }
    }
}
