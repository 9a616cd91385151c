//! Statistics for staff: how many people registered, and who invited most of them.

use accounts::{
    invite,
    statistics::{self, Day},
    user::User,
};
use axum::extract::State;
use callers::{StaffOrKey, api_key::StatisticsRead, staff::Administrator};
use futures_util::try_join;
use kernel::{FieldError, Fields, Problem, Sys, id::UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

/// The most days of one request. Their counters, at most eight a day, fit into one page of a query.
const DAYS_MAX: u32 = 366;
/// The days of a request that does not state a number.
const DAYS: u32 = 30;
/// The number of top inviters.
const TOP: u32 = 10;

/// The days to return.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// The number of days: 1 to 366.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<u32>,
    /// The last day, `YYYY-MM-DD`. Default: today. Days begin at midnight UTC.
    #[param(format = Date, max_length = 10)]
    until: Option<String>,
}

/// The statistics.
#[derive(Serialize, ToSchema)]
pub struct InviteStatistics {
    /// Every requested day, the earliest first.
    days: Vec<DayStatistics>,
    /// The ten people with the most entries of their codes by accounts that still exist, of all time.
    top_inviters: Vec<TopInviter>,
}

/// The counts of a day.
#[derive(Serialize, ToSchema)]
pub struct DayStatistics {
    /// The day.
    #[schema(format = Date, examples("2026-11-25"))]
    date: String,
    /// Accounts made.
    registrations: u64,
    /// Addresses and phone numbers proven for a registration.
    verifications: u64,
    /// Invitation codes entered.
    invites: u64,
}

/// A person whose code many people have entered.
#[derive(Serialize, ToSchema)]
pub struct TopInviter {
    /// The id of the person.
    user_id: UserId,
    /// The username.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("anna"))]
    username: Option<String>,
    /// The number of entries.
    used: u64,
}

/// Counts registrations, proven contacts and entered codes by day, and lists the top inviters.
///
/// For administrators, with a second factor, and for programs with an API key of one that has the scope `statistics:read`.
///
/// AWS calls: four, the batch that authenticates the caller and reads their roles, two concurrent queries (counters, at most
/// eight a day; the first ten of an index), and a batch of the ten people's names. None grows with the number of people. With a key also
/// an update, at most every five minutes.
#[utoipa::path(get, path = "/v1/statistics/invites", params(Days),
    extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 200, body = InviteStatistics), Problems))]
pub async fn get_invite_statistics(
    State(s): State<crate::State>,
    _: StaffOrKey<Administrator, StatisticsRead>,
    Query(query): Query<Days>,
) -> Result<Json<InviteStatistics>, web::Error> {
    let days = parse(&query, &s.sys)?;
    let (first, last) = days.first().zip(days.last()).ok_or_else(|| Problem::internal("no days"))?;
    let (counts, top) = try_join!(statistics::read(&s.table, *first, *last), invite::top(&s.table, TOP))?;
    let mut people = s.table.get_many(top.iter().map(|invite| User::key_of(invite.user)).collect()).await?;
    let of_day = |day: &Day| {
        let date = day.to_string();
        let counts = counts.get(&date).copied().unwrap_or_default();
        DayStatistics { date, registrations: counts.registrations, verifications: counts.verifications, invites: counts.invites }
    };
    let mut top_inviters = Vec::new();
    for invite in top {
        let user = people.take::<User>(&User::key_of(invite.user))?;
        top_inviters.push(TopInviter { user_id: invite.user, username: user.map(|u| u.username.to_string()), used: invite.used });
    }
    Ok(Json(InviteStatistics { days: days.iter().map(of_day).collect(), top_inviters }))
}

fn parse(query: &Days, sys: &Sys) -> Result<Vec<Day>, Problem> {
    let mut fields = Fields::new();
    let days = query.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        fields.wrong("/days", FieldError::RANGE.with("min", 1).with("max", DAYS_MAX));
    }
    let until = query.until.as_deref().map_or_else(|| Ok(Day::of(sys.now())), Day::parse);
    match fields.take("/until", until) {
        Some(until) => fields.finish().map(|()| until.back(days)),
        None => Err(fields.problem()),
    }
}
