//! Reading tickets.

use accounts::{
    audit::{Action, AuditEntry},
    statistics::Day,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{
    Fields, Kind, Problem,
    conversation::ThreadState,
    id::{TicketId, UserId},
};
use serde::{Deserialize, Serialize};
use store::Tx;
use tickets::{Days, Ticket, TicketPosition, Words};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Language, PageQuery, Path, Problems, Query, RequestId, Versioned};

use crate::shown::{Names, TicketInfo, TicketMessageInfo};

/// The maximum number of tickets that one request searches for words.
const EXAMINED: u32 = 200;

/// Which tickets are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketsQuery {
    /// The state of the tickets.
    #[serde(default = "open")]
    #[param(required = false, default = "open")]
    state: ThreadState,
    /// The first day on which they came into this state, `YYYY-MM-DD`; for snoozed ones the first day on which the snooze ends. Days begin
    /// at midnight UTC.
    #[param(format = Date, max_length = 10)]
    since_from: Option<String>,
    /// The last of these days.
    #[param(format = Date, max_length = 10)]
    since_until: Option<String>,
    /// Words, or parts of words, in the name, the address or the beginning of the message, in upper or lower case.
    #[param(max_length = 100, example = "parcel")]
    q: Option<String>,
    /// Lists the latest fifty tickets of this account, in every state, on one page.
    #[param(value_type = UserId, inline, required = false)]
    user: Option<UserId>,
}

impl TicketsQuery {
    fn days(&self) -> Result<Days, Problem> {
        let mut fields = Fields::new();
        let from = self.since_from.as_deref().and_then(|day| fields.take("/since_from", Day::parse(day)));
        let until = self.since_until.as_deref().and_then(|day| fields.take("/since_until", Day::parse(day)));
        fields.finish()?;
        Ok(Days { from, until })
    }
}

const fn open() -> ThreadState {
    ThreadState::Open
}

/// A page of tickets.
#[derive(Serialize, ToSchema)]
pub struct TicketList {
    /// The tickets. Open ones by how long they wait, the longest first; snoozed ones by the end of the snooze, the next one first; others
    /// by when they came into their state, the latest first. With `q` a page can have fewer than requested, or none, although there is a
    /// next one.
    items: Vec<TicketInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the tickets in one state or of one account, with `q` only those that contain the words. For administrators. With `q` a request
/// examines at most 200 tickets.
///
/// AWS calls: the caller and their roles in one; a query; a batch of the authors and the assignees, if they have accounts.
#[utoipa::path(get, path = "/v1/admin/tickets", params(TicketsQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = TicketList), Problems))]
pub async fn list_tickets(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Language(locale): Language,
    Query(wanted): Query<TicketsQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<TicketList>, Error> {
    let (limit, days, state, now) = (query.limit()?, wanted.days()?, wanted.state, s.sys.now());
    let words = wanted.q.as_deref().and_then(Words::parse);
    let has = |ticket: &Ticket| words.as_ref().is_none_or(|words| words.find(ticket));
    let (found, next_cursor) = if let Some(user) = wanted.user {
        let mut theirs = tickets::of_account(&s.table, user).await?;
        theirs.retain(has);
        (theirs, None)
    } else {
        let shown = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let when = format!("{} from {} until {}, {words:?}", state.as_str(), shown(days.from), shown(days.until));
        let cursors = s.sealer.cursors(format!("tickets for {} that are {when}", caller.member.user.id));
        let after = cursors.open::<TicketPosition>(query.cursor())?;
        let examined = if words.is_some() { EXAMINED.max(limit) } else { limit };
        let mut found = tickets::list(&s.table, state, days, after.as_ref(), examined).await?;
        let mut next = found.last().map(TicketPosition::behind);
        found.items.retain(has);
        let max = usize::try_from(limit).unwrap_or(usize::MAX);
        if found.items.len() > max {
            found.items.truncate(max);
            next = found.items.last().map(TicketPosition::behind);
        }
        (found.items, cursors.next(next)?)
    };
    let kept: Vec<&Ticket> = found.iter().filter(|ticket| ticket.is_kept(now)).collect();
    let names = Names::read(&s.table, &kept, &[]).await?;
    let items = kept.into_iter().map(|ticket| names.ticket(ticket, &s.subjects, locale, now)).collect();
    Ok(Json(TicketList { items, next_cursor }))
}

/// A ticket with its messages.
#[derive(Serialize, ToSchema)]
pub struct TicketRead {
    /// The ticket.
    ticket: TicketInfo,
    /// Its messages, the oldest first. At most fifty.
    messages: Vec<TicketMessageInfo>,
}

/// Shows a ticket with its messages. For administrators. The audit records who read it.
///
/// AWS calls: the caller and their roles in one; a query of the ticket and its messages; an entry of the audit; a batch of the people in
/// it, if there are any.
#[utoipa::path(get, path = "/v1/admin/tickets/{ticket}",
    params(("ticket" = TicketId, Path, description = "The ticket.")), extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = TicketRead, headers(("ETag" = String, description = "The version, for changes."))), Problems))]
pub async fn get_ticket(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Language(locale): Language,
    request: RequestId,
    Path(id): Path<TicketId>,
) -> Result<Versioned<TicketRead>, Error> {
    let now = s.sys.now();
    let (ticket, messages) = tickets::read(&s.table, now, id).await?.ok_or(Kind::NotFound)?;
    let mut tx = Tx::new();
    s.audit.add(&mut tx, &entry(&s, caller.member.user.id, &request, Action::TicketRead, &ticket));
    s.table.commit(tx).await?;
    let names = Names::read(&s.table, &[&ticket], &messages).await?;
    let shown = TicketRead {
        ticket: names.ticket(&ticket, &s.subjects, locale, now),
        messages: messages.iter().map(|message| names.message(message)).collect(),
    };
    Ok(Versioned(ticket.version, shown))
}

/// Returns an audit entry about a ticket. Its subject is the account that wrote the ticket, or the caller's own if the author has no
/// account.
pub fn entry(s: &crate::State, me: UserId, request: &RequestId, action: Action, ticket: &Ticket) -> AuditEntry {
    AuditEntry::by(&s.sys, me, &request.0, action, ticket.user.unwrap_or(me)).changed("ticket", ticket.id, ticket.id)
}
