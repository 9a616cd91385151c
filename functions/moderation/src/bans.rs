//! Bans from chat by moderators.

use accounts::{
    audit::{Action, AuditEntry},
    staff,
    user::{Status, User},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use kernel::{Fields, Kind, Problem, Time, Timestamp, id::UserId};
use messaging::{
    ban::{self, Ban, BanReason},
    banning,
    message::{Author, Explanation},
    report::ReportReason,
    spam::ChatState,
};
use serde::{Deserialize, Serialize};
use store::Tx;
use utoipa::ToSchema;
use web::{Error, Json, NoContent, PageQuery, Path, Problems, Query, Reason, RequestId};

use crate::still_moderator;

/// A ban.
#[derive(Serialize, ToSchema)]
pub struct BanInfo {
    /// The banned person.
    user: Author,
    /// Why.
    reason: BanReason,
    /// The moderator's explanation for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    explanation: Option<String>,
    /// The moderator. Absent for a ban by the server, and if the moderator's account was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<UserId>,
    /// When it began.
    created_at: Timestamp,
    /// When it ends. Absent if it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ends_at: Option<Timestamp>,
}

/// A page of the bans.
#[derive(Serialize, ToSchema)]
pub struct BanList {
    /// Those that end first come first, those without an end last.
    items: Vec<BanInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the people who are banned from chat, in the order in which the bans end.
///
/// For moderators, with a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query; a batch of the people, if there are any.
#[utoipa::path(get, path = "/v1/moderation/bans", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = BanList), Problems))]
pub async fn list_bans(
    State(s): State<crate::State>,
    caller: Staff<Moderator>,
    Query(query): Query<PageQuery>,
) -> Result<Json<BanList>, Error> {
    let limit = query.limit()?;
    let cursors = s.sealer.cursors(format!("bans for {}", caller.member.user.id));
    let after = cursors.open::<(UserId, Option<Time>)>(query.cursor())?;
    let now = s.sys.now();
    let page = banning::page(&s.table, now, after, limit).await?;
    let place = |chat: &ChatState| Some((chat.user?, chat.ban(now)?.until));
    let next_cursor = cursors.next(page.last().and_then(place))?;
    let bans: Vec<(UserId, Ban)> = page.items.iter().filter_map(|chat| Some((chat.user?, chat.ban(now)?))).collect();
    let keys: Vec<_> = bans.iter().map(|(user, _)| User::key_of(*user)).collect();
    let mut people = if keys.is_empty() { store::Batch::default() } else { s.table.get_many(keys).await? };
    let mut items = Vec::new();
    for (id, Ban { at, until, reason, explanation, by }) in bans {
        let Some(person) = people.take::<User>(&User::key_of(id))? else { continue };
        let user = Author { id, username: person.username.to_string() };
        let explanation = explanation.map(|explanation| explanation.to_string());
        items.push(BanInfo { user, reason, explanation, by, created_at: at.into(), ends_at: until.map(Into::into) });
    }
    Ok(Json(BanList { items, next_cursor }))
}

/// A ban to impose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BanFromChat {
    /// The reason. The person is notified of it.
    reason: ReportReason,
    /// An explanation for the person: up to 500 characters.
    #[schema(max_length = 500, nullable = false)]
    explanation: Option<String>,
    /// How long, in minutes, up to a year. Without it the ban has no end.
    #[schema(minimum = 1, maximum = 527_040, nullable = false, examples(1440))]
    minutes: Option<u32>,
}

impl BanFromChat {
    fn parse(self, by: UserId, now: Time) -> Result<Ban, Problem> {
        let mut fields = Fields::new();
        let explanation = self.explanation.and_then(|text| fields.take("/explanation", Explanation::parse(&text))).flatten();
        let until = self.minutes.and_then(|minutes| fields.take("/minutes", ban::ends_after(minutes, now)));
        fields.finish()?;
        Ok(Ban { at: now, until, reason: BanReason::Conduct(self.reason), explanation, by: Some(by) })
    }
}

/// Bans somebody from chat, or replaces their ban by another one.
///
/// For moderators with a recent proof by a second factor. From then on messages of the person are refused, and so are new sockets. Their
/// open sockets get a frame with the reason and the end, and are closed. Staff cannot be banned.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a batch of the ban and the person; a transaction; then a read
/// of the sockets, a frame and a close for each, and a transaction.
#[utoipa::path(put, path = "/v1/moderation/bans/{user}", request_body = BanFromChat,
    params(("user" = UserId, Path, description = "Who is banned.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "conflict"]))),
    responses((status = 204, description = "They are banned."), Problems))]
pub async fn ban_from_chat(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Path(user): Path<UserId>,
    Json(body): Json<BanFromChat>,
) -> Result<NoContent, Error> {
    let (me, now) = (caller.member.user.id, s.sys.now());
    let ban = body.parse(me, now)?;
    if user == me {
        return Err(Kind::Forbidden.because("nobody bans themselves").into());
    }
    let (before, person) = read(&s, user).await?;
    let person = person.filter(|person| person.status != Status::Purging).ok_or_else(|| Problem::from(Kind::NotFound))?;
    let mut tx = Tx::new();
    let slots = banning::by_staff(&mut tx, &s.sys, user, &ban, &before);
    let still = still_moderator(&mut tx, me);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::ChatBanned, user);
    s.audit.add(&mut tx, &ban::audited(entry, before.ban(now).as_ref(), Some(&ban)));
    s.table.commit(tx).await.map_err(|e| match e {
        e if e.refused(slots.ordinary) => Kind::Forbidden.because("staff cannot be banned"),
        e => staff::refused(e, still),
    })?;
    tracing::info!(user.id = %user, actor.id = %me, reason = ban.reason.as_str(), "banned from chat");
    // The event closes the sockets that stay open.
    if let Err(e) = banning::close(&s.table, &s.sys, &s.sockets, user, &ban, person.locale).await {
        tracing::warn!(error = %e, user.id = %user, "sockets of a banned person are still open");
    }
    Ok(NoContent)
}

/// Ends a ban early. The person is notified by mail and in their inbox.
///
/// For moderators with a recent proof by a second factor. Nobody ends their own ban: somebody who was banned before they got a role asks
/// another moderator. 404 if the person is not banned.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a batch of the ban and the person; a transaction.
#[utoipa::path(delete, path = "/v1/moderation/bans/{user}", params(("user" = UserId, Path, description = "Who was banned.")),
    extensions(("x-problems" = json!(["not_found", "conflict"]))),
    responses((status = 204, description = "They are not banned any more."), Problems))]
pub async fn end_chat_ban(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(user): Path<UserId>,
) -> Result<NoContent, Error> {
    let me = caller.member.user.id;
    if user == me {
        return Err(Kind::Forbidden.because("nobody ends their own ban").into());
    }
    let (before, _) = read(&s, user).await?;
    let old = before.ban(s.sys.now()).ok_or_else(|| Problem::from(Kind::NotFound))?;
    let mut tx = Tx::new();
    banning::end(&mut tx, &s.sys, user, &before);
    let still = still_moderator(&mut tx, me);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::ChatUnbanned, user).because(reason);
    s.audit.add(&mut tx, &ban::audited(entry, Some(&old), None));
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    tracing::info!(user.id = %user, actor.id = %me, "a ban from chat was ended");
    Ok(NoContent)
}

/// Somebody's state in chat, and their account.
async fn read(s: &crate::State, user: UserId) -> Result<(ChatState, Option<User>), Problem> {
    let (chat, person) = (ChatState::key_of(user), User::key_of(user));
    let mut found = s.table.get_many(vec![chat.clone(), person.clone()]).await?;
    Ok((found.take::<ChatState>(&chat)?.unwrap_or_default(), found.take(&person)?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::Sys;
    use messaging::ban::MINUTES_MAX;

    use super::*;

    #[test]
    fn a_ban_has_an_end_within_a_year_or_none() {
        let (me, now) = (Sys::real().id(), Time::from_millis(1_893_499_200_000));
        let parsed = |minutes, explanation: Option<&str>| {
            BanFromChat { reason: ReportReason::Hate, explanation: explanation.map(str::to_owned), minutes }.parse(me, now)
        };
        assert_eq!(
            parsed(None, None).map(|ban| (ban.until, ban.by, ban.reason)).ok(),
            Some((None, Some(me), BanReason::Conduct(ReportReason::Hate)))
        );
        assert_eq!(parsed(Some(90), None).ok().and_then(|ban| ban.until), Some(now + Duration::from_secs(5_400)));
        for minutes in [0, MINUTES_MAX + 1] {
            assert_eq!(parsed(Some(minutes), None).map_err(|problem| problem.kind).err(), Some(Kind::Invalid), "{minutes}");
        }
        assert_eq!(parsed(None, Some(" ")).map(|ban| ban.explanation).ok(), Some(None));
        assert!(parsed(None, Some(&"x".repeat(500))).is_ok() && parsed(None, Some(&"x".repeat(501))).is_err());
    }
}
