//! Ratings of products by members.

use axum::extract::State;
use callers::MemberWith;
use commerce::rating::{self, Rating, Stars};
use kernel::{Kind, Problem, Timestamp, id::ProductId};
use serde::{Deserialize, Serialize};
use store::limits::{self, HOUR, Quota};
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Path, Problems};

use crate::State as Shop;

/// How many ratings an account may give, change or withdraw.
const RATINGS: Quota = Quota::window("product_ratings", 60, HOUR, "ratings of an account that are given, changed or withdrawn");

/// The caller's rating of a product.
#[derive(Serialize, ToSchema)]
pub struct OwnRating {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5, examples(4))]
    stars: u8,
    /// When it was given.
    at: Timestamp,
}

/// Shows the caller's rating of a product.
///
/// AWS calls: the caller and their rating in one.
#[utoipa::path(get, path = "/v1/products/{product}/rating",
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = OwnRating), Problems))]
pub async fn get_own_rating(caller: MemberWith<Rating>) -> Result<Json<OwnRating>, Error> {
    let Rating { stars, at, .. } = caller.resource.ok_or(Kind::NotFound)?;
    Ok(Json(OwnRating { stars: stars.get(), at: at.into() }))
}

/// A rating to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateProduct {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5, examples(4))]
    stars: i64,
}

/// Rates a product. Replaces the caller's former rating.
///
/// The sum and the number of a product's ratings are exact, however many people rate it at the same time.
///
/// AWS calls: the caller and their rating in one; a counter; a transaction, and another one for each concurrent change of the same
/// rating. The same rating again takes no transaction.
#[utoipa::path(put, path = "/v1/products/{product}/rating", request_body = RateProduct,
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([RATINGS]))),
    responses((status = 204, description = "It is the caller's rating."), Problems))]
pub async fn rate_product(
    State(s): State<Shop>,
    caller: MemberWith<Rating>,
    Path(product): Path<ProductId>,
    Json(body): Json<RateProduct>,
) -> Result<NoContent, Error> {
    let stars = Stars::parse(body.stars).map_err(|e| Problem::field("/stars", e))?;
    let (user, now) = (caller.member.user.id, s.sys.now());
    limits::take(&s.table, now, &[RATINGS.of(user)]).await?;
    rating::give(&s.table, &s.sys, Rating { product, user, stars, at: now }, caller.resource).await?;
    Ok(NoContent)
}

/// Withdraws the caller's rating of a product. No effect if there is none.
///
/// AWS calls: the caller and their rating in one; with a rating a counter, and a transaction, and another one for each concurrent
/// change of it.
#[utoipa::path(delete, path = "/v1/products/{product}/rating",
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found", "too_many_requests", "conflict"])), ("x-limits" = json!([RATINGS]))),
    responses((status = 204, description = "The caller has no rating of the product."), Problems))]
pub async fn withdraw_rating(State(s): State<Shop>, caller: MemberWith<Rating>) -> Result<NoContent, Error> {
    if caller.resource.is_some() {
        limits::take(&s.table, s.sys.now(), &[RATINGS.of(caller.member.user.id)]).await?;
        rating::withdraw(&s.table, caller.resource).await?;
    }
    Ok(NoContent)
}
