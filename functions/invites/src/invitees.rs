//! The people who have entered the caller's code. Only the caller can list them.

use accounts::{
    invite::Invitee,
    picture::Picture,
    user::{Status, User},
};
use axum::extract::State;
use callers::Member;
use kernel::{Timestamp, id::UserId};
use serde::Serialize;
use store::{Batch, StoreError};
use utoipa::ToSchema;
use web::{Json, PageQuery, Problems, Query};

/// A page of people who entered the caller's code.
#[derive(Serialize, ToSchema)]
pub struct InviteeList {
    /// The people, newest first.
    items: Vec<InviteeInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A person who entered the caller's code.
#[derive(Serialize, ToSchema)]
pub struct InviteeInfo {
    /// The id of the account, with which a chat can be opened. Absent with the username.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// Their username. Absent, like everything but the date, while their account is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ben"))]
    username: Option<String>,
    /// The address of the picture or of the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    /// Their phone number, if they have one: its country and the last three digits, or the whole number if they allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("+44******123"))]
    phone: Option<String>,
    /// When they entered it.
    entered_at: Timestamp,
}

/// Lists the people who entered the caller's code, the newest first.
///
/// AWS calls: three, the batch that authenticates the caller, the query, and a batch of the people in it, because their names
/// and pictures can change.
#[utoipa::path(get, path = "/v1/me/invitees", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = InviteeList), Problems))]
pub async fn list_invitees(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PageQuery>,
) -> Result<Json<InviteeList>, web::Error> {
    let (limit, owner) = (query.limit()?, caller.user.id);
    let cursors = s.sealer.cursors(format!("invitees of {owner}"));
    let mut range = Invitee::of(owner).limit(limit);
    if let Some((at, user)) = cursors.open(query.cursor())? {
        range = range.after(Invitee::key_of(owner, at, user), None);
    }
    let page = s.table.query::<Invitee>(range).await?;
    let mut people = s.table.get_many(page.items.iter().map(|entry| User::key_of(entry.user)).collect()).await?;
    let next_cursor = cursors.next(page.last().map(|entry| (entry.at, entry.user)))?;
    let items = page.items.into_iter().map(|entry| shown(&s, &mut people, &entry)).collect::<Result<_, _>>()?;
    Ok(Json(InviteeList { items, next_cursor }))
}

fn shown(s: &crate::State, people: &mut Batch, entry: &Invitee) -> Result<InviteeInfo, StoreError> {
    let user = people.take::<User>(&User::key_of(entry.user))?.filter(|user| user.status == Status::Active);
    let phone = user.as_ref().and_then(|user| user.phone.as_ref());
    Ok(InviteeInfo {
        phone: phone.map(|phone| if entry.shows_phone { phone.to_string() } else { phone.hinted() }),
        picture: user.as_ref().map(|user| s.links.of(user.picture)),
        id: user.as_ref().map(|user| user.id),
        username: user.map(|user| user.username.to_string()),
        entered_at: entry.at.into(),
    })
}
