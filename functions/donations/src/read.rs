//! Reading donations.

use axum::extract::State;
use callers::{Member, MemberWith};
use kernel::id::DonationId;
use payments::{Donation, Donor, history};
use serde::Serialize;
use stripe_api::Settled;
use utoipa::ToSchema;
use web::{Json, PageQuery, Problems, Query};

use crate::{
    info::DonationInfo,
    pay::{CHECKS, look},
};

/// A page of donations.
#[derive(Serialize, ToSchema)]
pub struct DonationList {
    /// The donations, the newest first.
    items: Vec<DonationInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the caller's donations, the newest first, including unpaid ones.
///
/// AWS calls: the caller; a query.
#[utoipa::path(get, path = "/v1/donations", params(PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = DonationList), Problems))]
pub async fn list_donations(
    State(s): State<crate::State>,
    caller: Member,
    Query(page): Query<PageQuery>,
) -> Result<Json<DonationList>, web::Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let cursors = s.sealer.cursors(format!("donations of {me}"));
    let after = cursors.open::<DonationId>(page.cursor())?;
    let found = history::<Donor>(&s.table, me, after, limit).await?;
    let next_cursor = cursors.next(found.last().map(|donation| donation.id))?;
    Ok(Json(DonationList { items: found.items.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Returns one of the caller's donations. If it is not paid yet, Stripe is asked first, so that a caller who has just paid sees the current
/// state even if Stripe's webhook is late.
///
/// AWS calls: the batch that authenticates the caller and reads the donation; while it is not paid also a counter, a request to Stripe,
/// a read, and a transaction if there is news.
#[utoipa::path(get, path = "/v1/donations/{donation}", params(("donation" = DonationId, Path)),
    extensions(("x-problems" = json!(["not_found", "too_many_requests", "unavailable", "conflict"])), ("x-limits" = json!([CHECKS]))),
    responses((status = 200, body = DonationInfo), Problems))]
pub async fn get_donation(State(s): State<crate::State>, caller: MemberWith<Donation>) -> Result<Json<DonationInfo>, web::Error> {
    Ok(Json(look(&s, caller.resource, Settled::donation).await?.into()))
}
