//! Changing the state of a ticket, and its assignee.

use accounts::{
    audit::Action,
    staff::{self, Role, Roles},
    user::{Status, User},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{
    FieldError, Fields, Kind, PatchMember, Problem, Time, Timestamp,
    conversation::ThreadState,
    id::{TicketId, UserId},
};
use serde::Deserialize;
use store::{Slot, Table, Tx, field};
use tickets::Ticket;
use utoipa::ToSchema;
use web::{Error, IfMatch, Json, Language, Path, Problems, RequestId, Versioned};

use crate::{
    desk::entry,
    shown::{Names, TicketInfo},
};

/// The changes to a ticket. Absent members do not change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTicket {
    /// The state. A ticket that is done has no assignee.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(nullable = false)]
    state: Option<ThreadState>,
    /// The end of the snooze, within 90 days. Required with `snoozed`, and not allowed with other states.
    #[serde(default, deserialize_with = "kernel::not_null")]
    #[schema(value_type = Option<String>, format = DateTime, max_length = 35, nullable = false)]
    snoozed_until: Option<Timestamp>,
    /// The assignee, who is an administrator. `null` for nobody.
    #[serde(default)]
    #[schema(value_type = Option<UserId>, required = false)]
    assignee: PatchMember<UserId>,
}

impl UpdateTicket {
    /// Returns the state and the end of the snooze, checked. `None` if the state stays.
    fn state(&self, now: Time) -> Result<Option<(ThreadState, Option<Time>)>, FieldError> {
        match (self.state, self.snoozed_until) {
            (Some(state), until) => Ok(Some((state, state.snooze(until, now)?))),
            (None, Some(_)) => Err(FieldError::CHOICE),
            (None, None) => Ok(None),
        }
    }

    /// Returns the ticket after the change.
    async fn apply(&self, table: &Table, ticket: &Ticket, now: Time) -> Result<Ticket, Problem> {
        let mut fields = Fields::new();
        let state = fields.take("/snoozed_until", self.state(now));
        let done = self.state.unwrap_or(ticket.state) == ThreadState::Done;
        let assignee = match self.assignee {
            PatchMember::To(_) if done => fields.take("/assignee", Err(FieldError::CHOICE)),
            PatchMember::Leave => ticket.assignee,
            PatchMember::Clear => None,
            PatchMember::To(person) if Some(person) == ticket.assignee => Some(person),
            PatchMember::To(person) => {
                let may = is_assignable(table, person).await?;
                fields.take("/assignee", may.then_some(person).ok_or(FieldError::CHOICE))
            }
        };
        fields.finish()?;
        let given = if assignee == ticket.assignee { ticket.clone() } else { ticket.given_to(assignee) };
        let next = match state.flatten() {
            Some((state, until)) => given.in_state(state, until, now),
            None => given,
        };
        // Any change increases the version by one.
        let same = Ticket { version: ticket.version, since: ticket.since, ..next.clone() } == *ticket;
        Ok(if same { ticket.clone() } else { Ticket { version: ticket.version.saturating_add(1), ..next } })
    }
}

/// Returns whether somebody is an administrator with an active account. One batch.
async fn is_assignable(table: &Table, person: UserId) -> Result<bool, Problem> {
    let (account, roles) = (User::key_of(person), Roles::key_of(person));
    let mut found = table.get_many(vec![account.clone(), roles.clone()]).await?;
    let active = found.take::<User>(&account)?.is_some_and(|user| user.status == Status::Active);
    Ok(active && found.take::<Roles>(&roles)?.is_some_and(|roles| roles.roles.iter().any(|role| *role >= Role::Administrator)))
}

/// Adds the condition that somebody may still have tickets to a transaction of this caller: see [`is_assignable`].
fn require_assignable(tx: &mut Tx, person: UserId, caller: UserId) -> Vec<Slot> {
    let active = tx.check(User::key_of(person), field("status").eq(Status::Active));
    // A transaction checks each item once, and the role of the caller is a condition already.
    let role = (person != caller).then(|| staff::require(tx, person, Role::Administrator));
    [active].into_iter().chain(role).collect()
}

/// Changes the state or the assignee of a ticket: 412 if it has changed since the version in `If-Match`. For administrators with a recent
/// proof by a second factor.
///
/// A JSON merge patch (RFC 7396).
///
/// AWS calls: the caller and their roles in one; a read; a batch of the new assignee and their roles; a transaction, unless nothing
/// changes; a batch of the author and the assignee, if they have accounts.
#[utoipa::path(patch, path = "/v1/admin/tickets/{ticket}",
    request_body(
        content(
            (UpdateTicket = "application/merge-patch+json", example = json!({"state": "done"})),
            (UpdateTicket = "application/json", example = json!({"state": "done"})),
        )
    ),
    params(
        ("ticket" = TicketId, Path, description = "The ticket."),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the ticket, a list of them, or `*` for any.", example = "\"v3\""),
    ),
    extensions(("x-problems" = json!(["not_found", "invalid", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 200, body = TicketInfo, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn update_ticket(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    Language(locale): Language,
    request: RequestId,
    wanted: IfMatch,
    Path(id): Path<TicketId>,
    Json(patch): Json<UpdateTicket>,
) -> Result<Versioned<TicketInfo>, Error> {
    let (me, now) = (caller.member.user.id, s.sys.now());
    let ticket = s.table.get::<Ticket>(Ticket::key_of(id)).await?.filter(|ticket| ticket.is_kept(now)).ok_or(Kind::NotFound)?;
    if !wanted.names(ticket.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let next = patch.apply(&s.table, &ticket, now).await?;
    if next != ticket {
        let mut tx = Tx::new();
        let own = ticket.replace(&mut tx, &next);
        let still = staff::require(&mut tx, me, Role::Administrator);
        let taker = next.assignee.filter(|person| Some(*person) != ticket.assignee);
        let may = taker.map(|person| require_assignable(&mut tx, person, me)).unwrap_or_default();
        let entry = entry(&s, me, &request, Action::TicketChanged, &ticket).changed("state", ticket.state, next.state);
        s.audit.add(&mut tx, &entry.changed("assignee", ticket.assignee, next.assignee));
        match s.table.commit(tx).await {
            Ok(()) => {}
            Err(e) if e.refused(own) => return Err(Kind::VersionMismatch.into()),
            Err(e) if may.iter().any(|slot| e.refused(*slot)) => {
                return Err(Problem::field("/assignee", FieldError::CHOICE).into());
            }
            Err(e) => return Err(staff::refused(e, still).into()),
        }
        tracing::info!(ticket.id = %id, actor.id = %me, state = next.state.as_str(), "a ticket was changed by staff");
    }
    let names = Names::read(&s.table, &[&next], &[]).await?;
    Ok(Versioned(next.version, names.ticket(&next, &s.subjects, locale, now)))
}
