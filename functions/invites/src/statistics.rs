//! For staff: how many people came, and who brought most of them.

use accounts::{
    Staff, invite,
    staff::Administrator,
    statistics::{self, Day},
    user::User,
};
use axum::extract::State;
use futures_util::try_join;
use kernel::{FieldError, Fields, Problem, Sys, id::UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

/// Days that can be asked for at once: what they are added up from is one page of a query.
const DAYS_MAX: u32 = 366;
/// Days, unless the client asks otherwise.
const DAYS: u32 = 30;
/// How many inviters there are at the top.
const TOP: u32 = 10;

/// Which days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// How many: 1 to 366.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<u32>,
    /// The last of them, `YYYY-MM-DD`. Default: today. Days begin at midnight UTC.
    #[param(format = Date, max_length = 10)]
    until: Option<String>,
}

/// How many people came.
#[derive(Serialize, ToSchema)]
pub struct InviteStatistics {
    /// Every day that was asked for, the earliest first.
    days: Vec<DayStatistics>,
    /// The ten whose codes the most people have entered who are still there, since the beginning.
    top_inviters: Vec<TopInviter>,
}

/// What happened on a day.
#[derive(Serialize, ToSchema)]
pub struct DayStatistics {
    /// Which.
    #[schema(format = Date, examples("2026-11-25"))]
    date: String,
    /// Accounts that were made.
    registrations: u64,
    /// Addresses and phone numbers that were proven in order to make one.
    verifications: u64,
    /// Invitation codes that were entered.
    invites: u64,
}

/// Somebody whose code many have entered.
#[derive(Serialize, ToSchema)]
pub struct TopInviter {
    /// Who.
    user_id: UserId,
    /// Who, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("anna"))]
    username: Option<String>,
    /// How many.
    used: u64,
}

/// Counts who registered, who proved an address or a number, and who entered a code, day by day, and names the top inviters.
///
/// For administrators, with a second factor.
///
/// AWS calls: four, the batch that proves the session and brings the roles, two queries at once (counters, at most eight a day;
/// the first ten of an index), and a batch of the ten people's names. Nothing grows with the number of people.
#[utoipa::path(get, path = "/v1/statistics/invites", tag = "invites", params(Days),
    extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 200, body = InviteStatistics), Problems))]
pub async fn get_invite_statistics(
    State(s): State<crate::State>,
    _: Staff<Administrator>,
    Query(asked): Query<Days>,
) -> Result<Json<InviteStatistics>, web::Error> {
    let days = parse(&asked, &s.sys)?;
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

fn parse(asked: &Days, sys: &Sys) -> Result<Vec<Day>, Problem> {
    let mut fields = Fields::new();
    let days = asked.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        fields.wrong("/days", FieldError::new("range").with("min", 1).with("max", DAYS_MAX));
    }
    let until = asked.until.as_deref().map_or_else(|| Ok(Day::of(sys.now())), Day::parse);
    match fields.take("/until", until) {
        Some(until) => fields.finish().map(|()| until.back(days)),
        None => Err(fields.problem()),
    }
}
