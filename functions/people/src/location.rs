//! The caller's location. It is stored only if the caller shares it, as a cell and for a day.

use std::time::Duration;

use accounts::{Resource, user::partition};
use axum::extract::State;
use callers::{Member, MemberWith};
use kernel::{Fields, Time, Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use store::{
    About, Cond, Index, Item, Key, Personal, Range, field,
    limits::{self, DAY, MINUTE, Quota},
};
use utoipa::ToSchema;
use web::{Json, NoContent, Problems};

use crate::cell::{Cell, Degrees};

/// How long a location is kept after it was shared.
const KEPT: Duration = DAY;
/// The least time between two changes of a person's cell.
pub const MOVE_INTERVAL: Quota = Quota::gap("location_moves_apart", MINUTE.saturating_mul(10), "for the location of an account");
/// How often a person's cell can change in a day.
pub const MOVES: Quota = Quota::window("location_moves", 6, DAY, "locations for an account");

/// The cell of a person who shares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The person.
    pub user: UserId,
    /// The cell.
    pub cell: Cell,
    /// Until when it is kept.
    pub until: Time,
}

impl Location {
    /// Returns the key of a person's location.
    #[must_use]
    pub fn key_of(user: UserId) -> Key {
        Key::new(partition(user), "LOCATION")
    }

    /// Returns the locations in an area: the cells whose geohashes begin with this.
    #[must_use]
    pub fn in_area(area: &str) -> Range {
        Range::of_index(Index::Nearby, index_partition(area)).prefix(area)
    }
}

/// Returns the partition of the index for a geohash: its first two characters, which is an area of at most 1,250 by 625 km.
fn index_partition(geohash: &str) -> String {
    format!("NEAR#{}", geohash.chars().take(2).collect::<String>())
}

impl Item for Location {
    const KIND: &'static str = "location";
    const ABOUT: About = About::beside_user("LOCATION", Personal::Exported(&["cell", "until"]))
        .indexed(Index::Nearby, "NEAR#{area}", "{cell}#{user}")
        .expires();
    fn key(&self) -> Key {
        Self::key_of(self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        let cell = self.cell.to_string();
        vec![(Index::Nearby, Key::new(index_partition(&cell), format!("{cell}#{}", self.user)))]
    }
    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

/// The caller's own location.
impl Resource for Location {
    type Path = ();
    fn key_for(caller: UserId, (): ()) -> Option<Key> {
        Some(Self::key_of(caller))
    }
}

/// A position. Only its cell is stored, which is about a kilometre wide.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareLocation {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, examples(52.2297))]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, examples(21.0122))]
    longitude: f64,
}

/// Until when the caller's location is shared.
#[derive(Serialize, ToSchema)]
pub struct LocationInfo {
    expires_at: Timestamp,
}

/// Shares the caller's location for a day.
///
/// Only the cell of the position is stored. It can change once in ten minutes and six times a day. Sharing the same cell again
/// does not count, and extends the day.
///
/// AWS calls: the batch that authenticates the caller and reads their location; two counters in one transaction if the cell changes;
/// the conditional write.
#[utoipa::path(put, path = "/v1/me/location", request_body = ShareLocation,
    extensions(("x-problems" = json!(["invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([MOVE_INTERVAL, MOVES]))),
    responses((status = 200, body = LocationInfo), Problems))]
pub async fn share_location(
    State(s): State<crate::State>,
    caller: MemberWith<Location>,
    Json(body): Json<ShareLocation>,
) -> Result<Json<LocationInfo>, web::Error> {
    let (user, now, mut fields) = (caller.member.user.id, s.sys.now(), Fields::new());
    let latitude = fields.take("/latitude", Degrees::parse(body.latitude, 90));
    let longitude = fields.take("/longitude", Degrees::parse(body.longitude, 180));
    fields.finish()?;
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else { return Err(kernel::Kind::Invalid.into()) };
    let next = Location { user, cell: Cell::of(latitude, longitude), until: now + KEPT };
    let before = caller.resource;
    if before.as_ref().is_none_or(|before| before.cell != next.cell) {
        limits::take_together(&s.table, now, &[MOVE_INTERVAL.of(user), MOVES.of(user)]).await?;
    }
    // If a concurrent request has changed the cell, this request may be a change that was not counted.
    let unchanged = before.map_or(Cond::Absent, |before| field("cell").eq(before.cell));
    s.table.put(&next, unchanged).await?;
    Ok(Json(LocationInfo { expires_at: next.until.into() }))
}

/// Stops sharing the caller's location, at once.
///
/// AWS calls: the caller; the deletion.
#[utoipa::path(delete, path = "/v1/me/location", responses((status = 204, description = "No location is stored."), Problems))]
pub async fn delete_location(State(s): State<crate::State>, caller: Member) -> Result<NoContent, web::Error> {
    s.table.delete(Location::key_of(caller.user.id)).await?;
    Ok(NoContent)
}
