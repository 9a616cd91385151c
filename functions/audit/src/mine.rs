//! The caller's security events: entries of the audit about their own account.

use accounts::audit::{Action, AuditRecord, Search};
use axum::extract::State;
use callers::Member;
use kernel::{
    Timestamp,
    id::{AuditId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, PageQuery, Problems, Query};

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityEventBy {
    /// The caller, or somebody who had signed in as them.
    You,
    /// A member of staff.
    Staff,
    /// The operator, or the system itself.
    System,
}

/// A change of the caller's account.
#[derive(Serialize, ToSchema)]
pub struct SecurityEventInfo {
    id: AuditId,
    /// When it was made.
    created_at: Timestamp,
    /// What was done.
    action: Action,
    /// The names of what has changed.
    fields: Vec<String>,
    /// Who made the change.
    by: SecurityEventBy,
    /// City and country, if they are known and `by` is `you`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Łódź, PL"))]
    place: Option<String>,
    /// Browser and system, if they are known and `by` is `you`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("Firefox 140, Linux"))]
    device: Option<String>,
}

impl SecurityEventInfo {
    /// Returns the entry as its owner sees it: without the identity, the place and the device of a member of staff.
    fn new(record: AuditRecord, me: UserId) -> Self {
        let by = match record.actor {
            Some(actor) if actor == me => SecurityEventBy::You,
            Some(_) => SecurityEventBy::Staff,
            None => SecurityEventBy::System,
        };
        let mine = |value: Option<String>| value.filter(|_| by == SecurityEventBy::You);
        let AuditRecord { id, at, action, fields, place, device, .. } = record;
        Self { id, created_at: at.into(), action, fields, by, place: mine(place), device: mine(device) }
    }
}

/// A page of the caller's security events.
#[derive(Serialize, ToSchema)]
pub struct SecurityEventList {
    /// The events, the newest first. A page can have fewer than requested, or none, although there is a next one.
    items: Vec<SecurityEventInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's security events, the newest first: changes of their credentials, addresses and profile, and changes by staff.
///
/// AWS calls: the batch that authenticates the caller; a query.
#[utoipa::path(get, path = "/v1/me/security-events", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = SecurityEventList), Problems))]
pub async fn list_security_events(
    State(s): State<crate::State>,
    caller: Member,
    Query(page): Query<PageQuery>,
) -> Result<Json<SecurityEventList>, Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let cursors = s.sealer.cursors(format!("security events of {me}"));
    let after = cursors.open::<AuditId>(page.cursor())?;
    let found = s.log.page(&Search::Subject(me), after.map(|id| (id, me)), limit).await?;
    let next_cursor = cursors.next(found.last().map(|record| record.id))?;
    let own = found.items.into_iter().filter(|record| record.action.is_told_to_subject());
    Ok(Json(SecurityEventList { items: own.map(|record| SecurityEventInfo::new(record, me)).collect(), next_cursor }))
}

#[cfg(test)]
mod tests {
    use kernel::{Sys, Time};

    use super::*;

    #[test]
    fn staff_are_not_named_and_not_located() {
        let (sys, me) = (Sys::real(), UserId::NIL);
        let record = |actor| AuditRecord {
            id: AuditId::NIL,
            at: Time::ZERO,
            actor,
            action: Action::RoleGranted,
            subject: me,
            fields: Vec::new(),
            request: None,
            place: Some("Łódź, PL".to_owned()),
            device: Some("Firefox 140".to_owned()),
            commitment: None,
            hash: String::new(),
        };
        let event_by = |actor| {
            let SecurityEventInfo { by, place, device, .. } = SecurityEventInfo::new(record(actor), me);
            (by, place.is_some(), device.is_some())
        };
        assert_eq!(event_by(Some(me)), (SecurityEventBy::You, true, true));
        assert_eq!(event_by(Some(sys.id())), (SecurityEventBy::Staff, false, false));
        assert_eq!(event_by(None), (SecurityEventBy::System, false, false));
    }
}
