//! The list of dead letters.

use axum::extract::State;
use callers::{Staff, staff::Superuser};
use kernel::{Timestamp, id::DeadLetterId};
use serde::Serialize;
use store::Range;
use utoipa::ToSchema;
use web::{Error, Json, PageQuery, Problems, Query};

use crate::letter::{DeadLetter, PARTITION};

/// An event on which a function failed after all retries.
#[derive(Serialize, ToSchema)]
pub struct DeadLetterInfo {
    id: DeadLetterId,
    /// When the last attempt failed.
    given_up_at: Timestamp,
    /// The name of the function.
    #[schema(examples("stoa-deliver"))]
    function: String,
    /// The last error of the function.
    #[schema(examples("the mail could not be sent"))]
    error: String,
    /// The name of the event. Absent if it cannot be sent again, because it did not come from the bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("notice_due"))]
    event: Option<String>,
}

impl From<DeadLetter> for DeadLetterInfo {
    fn from(DeadLetter { id, at, function, error, event }: DeadLetter) -> Self {
        Self { id, given_up_at: at.into(), function, error, event: event.map(|event| event.name) }
    }
}

/// A page of dead letters.
#[derive(Serialize, ToSchema)]
pub struct DeadLetterList {
    /// The latest first.
    items: Vec<DeadLetterInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the dead letters of the last two weeks that nobody has sent again, the latest first: events on which functions failed after all
/// retries.
///
/// For superusers, with a second factor. Letters have ids of people, and no other personal data.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query.
#[utoipa::path(get, path = "/v1/admin/dead-letters", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = DeadLetterList), Problems))]
pub async fn list_dead_letters(
    State(s): State<crate::State>,
    caller: Staff<Superuser>,
    Query(page): Query<PageQuery>,
) -> Result<Json<DeadLetterList>, Error> {
    let limit = page.limit()?;
    let cursors = s.sealer.cursors(format!("dead letters for {}", caller.member.user.id));
    let range = Range::of(PARTITION).newest_first().limit(limit);
    let range = match cursors.open::<DeadLetterId>(page.cursor())? {
        Some(last) => range.after(DeadLetter::key_of(last), None),
        None => range,
    };
    let found = s.table.query::<DeadLetter>(range).await?;
    let next_cursor = cursors.next(found.last().map(|letter| letter.id))?;
    let now = s.sys.now();
    let kept = found.items.into_iter().filter(|letter| letter.is_kept(now));
    Ok(Json(DeadLetterList { items: kept.map(Into::into).collect(), next_cursor }))
}
