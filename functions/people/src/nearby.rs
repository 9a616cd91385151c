//! Who is nearby. Distances are computed from cell to cell and returned in steps. Moving within a cell changes no answer, so nobody's
//! position can be trilaterated more exactly than a cell.

use std::collections::BTreeMap;

use accounts::{pair::Pair, user::User};
use axum::extract::State;
use callers::MemberWith;
use futures_util::future::try_join_all;
use kernel::{FieldError, Kind, Problem, Time, id::UserId};
use serde::{Deserialize, Serialize};
use store::limits::{self, MINUTE, Quota};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

use crate::{
    cell::{Cell, PRECISE_FROM, Size},
    find::{PersonInfo, read, shown},
    location::Location,
};

/// The distances that are returned, in kilometres. A distance is rounded up to one of them.
const STEPS: [u32; 7] = [1, 2, 5, 10, 20, 50, 100];
/// The most locations that are read in each of nine areas.
const IN_AREA: u32 = 200;
/// The most people of an answer.
const MAX: usize = 50;
/// How often one person may ask who is nearby.
pub const NEARBY_SEARCHES: Quota = Quota::window("people_nearby", 60, MINUTE, "looks at who is nearby, for an account").frequent();

/// How far to look.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NearbyQuery {
    /// Kilometres: 1, 2, 5, 10, 20, 50 or 100.
    #[param(minimum = 1, maximum = 100, default = 10)]
    within_km: Option<u32>,
}

/// People nearby.
#[derive(Serialize, ToSchema)]
pub struct NearbyList {
    /// At most fifty, by distance, and in an arbitrary but fixed order within the same distance.
    items: Vec<NearbyPerson>,
    /// Whether there are more, which a smaller distance may show.
    more: bool,
}

/// A person nearby.
#[derive(Serialize, ToSchema)]
pub struct NearbyPerson {
    #[serde(flatten)]
    person: PersonInfo,
    /// They are at most about this far away, in kilometres: 1, 2, 5, 10, 20, 50 or 100. From the middle of the caller's cell to the
    /// middle of theirs, or of the larger cell around it if fewer than three people share their location there.
    within_km: u32,
}

/// Lists people nearby who share their location, to a caller who does too.
///
/// Nobody sees themselves, or somebody if one of the two blocks the other.
///
/// AWS calls: the batch that authenticates the caller and reads their location; a counter; up to nine concurrent queries; a batch of
/// the people.
#[utoipa::path(get, path = "/v1/people/nearby", params(NearbyQuery),
    extensions(("x-problems" = json!(["invalid", "location_required", "too_many_requests"])), ("x-limits" = json!([NEARBY_SEARCHES]))),
    responses((status = 200, body = NearbyList), Problems))]
pub async fn list_nearby(
    State(s): State<crate::State>,
    caller: MemberWith<Location>,
    Query(query): Query<NearbyQuery>,
) -> Result<Json<NearbyList>, web::Error> {
    let (me, now) = (caller.member.user.id, s.sys.now());
    let within = query.within_km.unwrap_or(10);
    if !STEPS.contains(&within) {
        return Err(Problem::field("/within_km", FieldError::CHOICE).into());
    }
    let here = caller.resource.filter(|location| now < location.until).ok_or(Kind::LocationRequired)?.cell;
    limits::take(&s.table, now, &[NEARBY_SEARCHES.of(me)]).await?;
    let areas = here.around(Size::reaching(within, here));
    let pages = try_join_all(areas.iter().map(|area| s.table.query::<Location>(Location::in_area(area).limit(IN_AREA)))).await?;
    let mut more = pages.iter().any(|page| page.more);
    let mut near = within_distance(here, pages.into_iter().flat_map(|page| page.items).collect(), now, within);
    near.retain(|(_, user)| *user != me);
    more |= near.len() > MAX;
    near.truncate(MAX);
    let keys = near.iter().flat_map(|(_, user)| [User::key_of(*user), Pair::key_of(me, *user)]).collect();
    let mut people = s.table.get_many(keys).await?;
    let mut items = Vec::new();
    for (within_km, id) in near {
        if let Some((user, pair)) = read(&mut people, me, id)? {
            items.push(NearbyPerson { person: shown(&s.links, me, user, pair.as_ref()), within_km });
        }
    }
    Ok(Json(NearbyList { items, more }))
}

/// Returns the people within a distance of a cell, by the step of their distance and by id.
fn within_distance(here: Cell, locations: Vec<Location>, now: Time, within: u32) -> Vec<(u32, UserId)> {
    let shared: Vec<Location> = locations.into_iter().filter(|location| now < location.until).collect();
    let mut people = BTreeMap::<Cell, usize>::new();
    for location in &shared {
        let there = people.entry(location.cell).or_default();
        *there = there.saturating_add(1);
    }
    let step = |cell: Cell| {
        let crowded = people.get(&cell).is_some_and(|people| *people >= PRECISE_FROM);
        let there = if crowded { cell.middle() } else { cell.coarse_middle() };
        let metres = here.middle().metres_to(there);
        STEPS.into_iter().find(|step| metres <= i64::from(*step).saturating_mul(1000))
    };
    let mut near: Vec<(u32, UserId)> = shared.iter().filter_map(|location| Some((step(location.cell)?, location.user))).collect();
    near.retain(|(step, _)| *step <= within);
    near.sort_unstable();
    near
}
