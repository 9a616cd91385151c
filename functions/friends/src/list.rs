//! The lists of the caller: friends, requests in both directions, and the people they block.

use accounts::{
    pair::{self, Pair, Relation},
    people_search::Term,
    picture::Picture,
    user::{Status, User},
};
use axum::extract::State;
use callers::Member;
use kernel::{Problem, Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError};
use utoipa::{IntoParams, ToSchema};
use web::{Json, PageQuery, Problems, Query};

/// How many pairs a search by username reads in one query.
const READ_AT_ONCE: u32 = 100;
/// How many queries one request of a search makes at most.
const READS: usize = 5;

/// The filter and the order of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FriendQuery {
    /// The list: friends, sent requests, received requests, or the people whom the caller blocks.
    #[serde(default)]
    #[param(inline, required = false)]
    relation: ListOf,
    /// Only people whose username begins with this, in upper or lower case.
    #[param(max_length = 35)]
    username: Option<String>,
    /// The order, by the time at which the relation began.
    #[serde(default)]
    #[param(inline, required = false)]
    order: Order,
}

/// A list of people, by their relation to the caller.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListOf {
    /// Friends.
    #[default]
    Friends,
    /// Requests that the caller has sent.
    Sent,
    /// Requests that the caller has received.
    Received,
    /// People whom the caller blocks.
    Blocked,
}

impl From<ListOf> for Relation {
    fn from(list: ListOf) -> Self {
        match list {
            ListOf::Friends => Self::Friends,
            ListOf::Sent => Self::Sent,
            ListOf::Received => Self::Received,
            ListOf::Blocked => Self::Blocked,
        }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub struct FriendList {
    items: Vec<FriendInfo>,
    /// The cursor of the next page. Absent on the last page. In a search a page can have fewer people than asked for, or none,
    /// although there is a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A person on a list.
#[derive(Serialize, ToSchema)]
pub struct FriendInfo {
    /// The id of the account.
    user: UserId,
    /// Their username. Absent, like the picture, while their account is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ben"))]
    username: Option<String>,
    /// The address of the picture or of the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    /// The relation, from the caller's point of view. `sent` and `received` are the two directions of a request.
    relation: Relation,
    /// Since when.
    since: Timestamp,
}

/// Lists the caller's friends, the requests that they have sent or received, or the people whom they block.
///
/// AWS calls: the caller; two concurrent queries; a batch of the people, because names and pictures can change. A search by
/// username repeats the queries and the batch up to five times, until the page is full.
#[utoipa::path(get, path = "/v1/friends", params(FriendQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = FriendList), Problems))]
pub async fn list_friends(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<FriendQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<FriendList>, web::Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let term = query.username.as_deref().map(Term::parse).transpose().map_err(|e| Problem::field("/username", e))?;
    let name = format!("{:?} of {me}, {:?}, {:?}", query.relation, query.order, query.username);
    let cursors = s.sealer.cursors(name);
    let mut after = cursors.open::<String>(page.cursor())?;
    let size = if term.is_some() { READ_AT_ONCE } else { limit };
    let (newest, limit) = (query.order == Order::Newest, usize::try_from(limit).unwrap_or(usize::MAX));
    let mut items = Vec::new();
    for _ in 0..READS {
        let found = pair::page(&s.table, me, query.relation.into(), after.as_deref(), newest, size).await?;
        let mut people = s.table.get_many(found.items.iter().map(|pair| User::key_of(pair.other(me))).collect()).await?;
        after = found.last().map(|pair| pair::position(pair, me));
        for pair in &found.items {
            let info = shown(&s, &mut people, pair, me)?;
            if term.as_ref().is_none_or(|term| info.username.as_deref().is_some_and(|name| term.begins(name))) {
                items.push(info);
            }
            if items.len() == limit {
                after = Some(pair::position(pair, me)).filter(|_| found.more || found.items.last() != Some(pair));
                break;
            }
        }
        if items.len() == limit || after.is_none() {
            break;
        }
    }
    Ok(Json(FriendList { items, next_cursor: cursors.next(after)? }))
}

fn shown(s: &crate::State, people: &mut Batch, pair: &Pair, me: UserId) -> Result<FriendInfo, StoreError> {
    let user = pair.other(me);
    let account = people.take::<User>(&User::key_of(user))?.filter(|account| account.status == Status::Active);
    Ok(FriendInfo {
        user,
        picture: account.as_ref().map(|account| s.links.of(account.picture)),
        username: account.map(|account| account.username.to_string()),
        relation: pair.relation(me),
        since: pair.since(me).into(),
    })
}
