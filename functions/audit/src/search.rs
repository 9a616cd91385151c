//! Looking for entries.

use accounts::{
    audit::{Action, Month, Search},
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

/// Which entries are looked for: exactly one of `subject`, `actor`, `action` and `day`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Those about this account.
    #[param(value_type = UserId, required = false)]
    subject: Option<UserId>,
    /// What this person has done, or `operator` for operators and the system itself.
    #[param(max_length = 30)]
    actor: Option<String>,
    /// Where this was done.
    #[param(value_type = Action, inline, required = false)]
    action: Option<Action>,
    /// All of this day in UTC: `2026-11-30`.
    #[param(max_length = 10, example = "2026-11-30")]
    day: Option<String>,
    /// For `actor` and `action`: the month in UTC, `2026-11`. Without it, the current one.
    #[param(max_length = 7, example = "2026-11")]
    month: Option<String>,
}

impl AuditQuery {
    fn parse(&self, now: Time) -> Result<Search, Problem> {
        let wrong = |field, code| Problem::field(field, FieldError::new(code));
        let month = match self.month.as_deref() {
            None => Month::of(now),
            Some(typed) => Month::parse(typed).ok_or_else(|| wrong("/month", "date"))?,
        };
        match (self.subject, self.actor.as_deref(), self.action, self.day.as_deref()) {
            (Some(subject), None, None, None) => Ok(Search::Subject(subject)),
            (None, Some("operator"), None, None) => Ok(Search::Actor(None, month)),
            (None, Some(actor), None, None) => {
                let actor = actor.parse().map_err(|_| wrong("/actor", "choice"))?;
                Ok(Search::Actor(Some(actor), month))
            }
            (None, None, Some(action), None) => Ok(Search::Action(action, month)),
            (None, None, None, Some(day)) => Ok(Search::Day(Day::parse(day).map_err(|e| Problem::field("/day", e))?)),
            (None, None, None, None) => Err(wrong("/subject", "required")),
            _ => Err(wrong("/subject", "choice")),
        }
    }
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
pub struct AuditList {
    /// The entries, the newest first.
    items: Vec<AuditRecordInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists entries of the audit, the newest first: about an account, by an actor, of an action, or of a day.
///
/// For administrators, with a second factor. By actor, action and day an entry is there a moment after its change.
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
    let (limit, search) = (page.limit()?, query.parse(s.sys.now())?);
    let cursors = s.sealer.cursors(format!("audit for {}: {search:?}", caller.member.user.id));
    let after = cursors.open::<(AuditId, UserId)>(page.cursor())?;
    let found = s.log.page(&search, after, limit).await?;
    let next_cursor = cursors.next(found.last().map(|record| (record.id, record.subject)))?;
    let names = Names::read(&s.table, &found.items).await?;
    let items = found.items.into_iter().map(|record| AuditRecordInfo::new(record, &names)).collect();
    Ok(Json(AuditList { items, next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_looked_for() {
        let now = Time::from_millis(1_893_499_200_000);
        let none = || AuditQuery { subject: None, actor: None, action: None, day: None, month: None };
        let month = |text: &str| Month::parse(text).unwrap();
        let some = |text: &str| Some(text.to_owned());
        for (query, expected) in [
            (AuditQuery { subject: Some(UserId::NIL), ..none() }, Some(Search::Subject(UserId::NIL))),
            (AuditQuery { actor: some("operator"), ..none() }, Some(Search::Actor(None, month("2030-01")))),
            (
                AuditQuery { actor: Some(UserId::NIL.to_string()), month: some("2029-12"), ..none() },
                Some(Search::Actor(Some(UserId::NIL), month("2029-12"))),
            ),
            (AuditQuery { action: Some(Action::RoleTaken), ..none() }, Some(Search::Action(Action::RoleTaken, month("2030-01")))),
            (AuditQuery { day: some("2030-01-01"), ..none() }, Day::parse("2030-01-01").ok().map(Search::Day)),
            (none(), None),
            (AuditQuery { subject: Some(UserId::NIL), day: some("2030-01-01"), ..none() }, None),
            (AuditQuery { actor: some("ana"), ..none() }, None),
            (AuditQuery { day: some("today"), ..none() }, None),
            (AuditQuery { action: Some(Action::RoleTaken), month: some("January"), ..none() }, None),
        ] {
            assert_eq!(query.parse(now).ok(), expected);
        }
    }
}
