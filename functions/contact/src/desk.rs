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

/// Tickets that a request looks at for the words that it looks for.
const EXAMINED: u32 = 200;

/// Which tickets are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketsQuery {
    /// The state that they are in.
    #[serde(default = "open")]
    #[param(required = false, default = "open")]
    state: ThreadState,
    /// The first day on which they came into this state, `YYYY-MM-DD`; of snoozed ones the first day on which the snooze ends. Days begin
    /// at midnight UTC.
    #[param(format = Date, max_length = 10)]
    since_from: Option<String>,
    /// The last day of that.
    #[param(format = Date, max_length = 10)]
    since_until: Option<String>,
    /// Words, or parts of them, that are in the name, the address or the beginning of what was written, in upper or lower case.
    #[param(max_length = 100, example = "parcel")]
    q: Option<String>,
    /// Instead of those in a state, the latest fifty that this account has written, in every state. They are one page.
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
    /// by when they came into their state, the latest first. With `q` a page can have fewer than asked for, even none, and still be
    /// followed by another.
    items: Vec<TicketInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the tickets in one state, or of one account, all or those with some words. For administrators. With `q` a request looks at no
/// more than 200 of them.
///
/// AWS calls: the caller and their roles in one; a query; a batch of who wrote and who has them, if these are
/// accounts.
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
        let looked_at = if words.is_some() { EXAMINED.max(limit) } else { limit };
        let mut found = tickets::list(&s.table, state, days, after.as_ref(), looked_at).await?;
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
    /// Its messages in their order: at most fifty.
    messages: Vec<TicketMessageInfo>,
}

/// Shows a ticket with its messages. For administrators; it is recorded who did.
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

/// An entry of the audit about a ticket: about the account that wrote it, or about the caller's own if none did.
pub fn entry(s: &crate::State, me: UserId, request: &RequestId, action: Action, ticket: &Ticket) -> AuditEntry {
    AuditEntry::by(&s.sys, me, &request.0, action, ticket.user.unwrap_or(me)).changed("ticket", ticket.id, ticket.id)
}
