//! The people who entered the caller's code. Only the caller sees them.

use std::time::Duration;

use accounts::{
    invite::Invitee,
    picture::Picture,
    user::{Status, User},
};
use axum::extract::State;
use callers::Member;
use kernel::{Time, Timestamp, id::UserId, page_limit};
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

/// Maximum people of one page, as a batch read takes no more.
const PAGE_MAX: u32 = 100;
/// People of one page by default.
const PAGE: u32 = 30;
/// How long a cursor is valid.
const CURSOR_LIFE: Duration = Duration::from_secs(3600);

/// The requested page of the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Maximum number of people: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 30)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

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
#[utoipa::path(get, path = "/v1/me/invitees", tag = "invites", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = InviteeList), Problems))]
pub async fn list_invitees(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PageQuery>,
) -> Result<Json<InviteeList>, web::Error> {
    let (limit, owner) = (page_limit(query.limit, PAGE, PAGE_MAX)?, caller.user.id);
    let purpose = format!("invitees of {owner}");
    let after = query.cursor.as_deref().map(|text| s.sealer.open::<(Time, UserId)>(&purpose, text)).transpose()?;
    let range = Invitee::of(owner).limit(limit);
    let range = after.map_or(range.clone(), |(at, user)| range.after(Invitee::key_of(owner, at, user), None));
    let page = s.table.query::<Invitee>(range).await?;
    let mut people = s.table.get_many(page.items.iter().map(|entry| User::key_of(entry.user)).collect()).await?;
    let last = page.items.last().filter(|_| page.more).map(|entry| (entry.at, entry.user));
    let items = page.items.into_iter().map(|entry| shown(&s, &mut people, &entry)).collect::<Result<_, _>>()?;
    let next_cursor = last.map(|last| s.sealer.seal(&purpose, last, s.sys.now() + CURSOR_LIFE)).transpose()?;
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
