//! The figures of each day, which the function `figures` counts.

use std::collections::BTreeMap;

use accounts::{
    figures::{self, DELETIONS, MESSAGES, ORDERS, REGISTRATIONS, REVENUE, SIGN_INS},
    statistics::Day,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{FieldError, Fields, Problem, Time};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, Problems, Query};

/// The most days of one request.
const DAYS_MAX: u32 = 92;
/// The days of a request that does not state a first day.
const DAYS: u32 = 30;

/// The days to return.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FigureDays {
    /// The first day, `YYYY-MM-DD`. By default the request is for thirty days.
    #[param(format = Date, max_length = 10)]
    from: Option<String>,
    /// The last day. Default: today. At most 92 days in all. Days begin at midnight UTC.
    #[param(format = Date, max_length = 10)]
    until: Option<String>,
}

impl FigureDays {
    fn parse(&self, now: Time) -> Result<Vec<Day>, Problem> {
        let mut fields = Fields::new();
        let until = fields.take("/until", self.until.as_deref().map_or_else(|| Ok(Day::of(now)), Day::parse));
        let from = self.from.as_deref().and_then(|from| fields.take("/from", Day::parse(from)));
        let Some(until) = until else { return Err(fields.problem()) };
        let days = match from {
            Some(from) => until.back(DAYS_MAX).into_iter().skip_while(|day| *day < from).collect(),
            None => until.back(DAYS),
        };
        if from.is_some_and(|from| days.first() != Some(&from)) {
            fields.wrong("/from", FieldError::DAY_RANGE.with("max", DAYS_MAX));
        }
        fields.finish().map(|()| days)
    }
}

/// The figures of some days.
#[derive(Serialize, ToSchema)]
pub struct DailyFigures {
    /// Every requested day, the earliest first.
    days: Vec<FiguresOfDay>,
}

/// The figures of a day.
#[derive(Serialize, ToSchema)]
pub struct FiguresOfDay {
    /// The day.
    #[schema(format = Date, examples("2026-11-25"))]
    date: String,
    /// Created accounts.
    registrations: u64,
    /// Sessions that began, the first one of a new account included.
    sign_ins: u64,
    /// Sent messages.
    messages: u64,
    /// Placed orders. Orders by card count when they are paid.
    orders: u64,
    /// The sum of these orders, donations and plans, by currency, without what was cancelled, returned or given back of them since.
    revenue: Vec<Money>,
    /// Deletions of accounts that were completed.
    deletions: u64,
}

impl FiguresOfDay {
    fn of(day: Day, figures: Option<&BTreeMap<String, u64>>) -> Self {
        let count = |figure: &str| figures.and_then(|figures| figures.get(figure)).copied().unwrap_or_default();
        let sum = |currency: Currency| Money::new(count(&format!("{REVENUE}{}", currency.code())), currency).ok();
        Self {
            date: day.to_string(),
            registrations: count(REGISTRATIONS),
            sign_ins: count(SIGN_INS),
            messages: count(MESSAGES),
            orders: count(ORDERS),
            revenue: Currency::ALL.into_iter().filter_map(sum).filter(|sum| sum.amount() > 0).collect(),
            deletions: count(DELETIONS),
        }
    }
}

/// Shows the figures of up to 92 days, by days in UTC: registrations, sign-ins, messages, orders, revenue, deletions.
///
/// For administrators, with a second factor. What happened in the last minute may be missing.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query of a few small items a day.
#[utoipa::path(get, path = "/v1/admin/figures", params(FigureDays),
    extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 200, body = DailyFigures), Problems))]
pub async fn get_figures(
    State(s): State<crate::State>,
    _: Staff<Administrator>,
    Query(query): Query<FigureDays>,
) -> Result<Json<DailyFigures>, Error> {
    let days = query.parse(s.sys.now())?;
    let (first, last) = days.first().zip(days.last()).ok_or_else(|| Problem::internal("no days"))?;
    let figures = figures::read(&s.table, *first, *last).await?;
    let of_day = |day: Day| FiguresOfDay::of(day, figures.get(&day.to_string()));
    Ok(Json(DailyFigures { days: days.iter().copied().map(of_day).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_ninety_two_days_are_shown() {
        let now = Time::from_millis(1_796_083_200_000);
        let days = |from: Option<&str>, until: Option<&str>| {
            let query = FigureDays { from: from.map(str::to_owned), until: until.map(str::to_owned) };
            query.parse(now).map(|days| days.len()).map_err(|p| p.fields.into_iter().map(|(at, e)| format!("{at} {}", e.code)).collect())
        };
        let wrong = |error: &str| Err::<usize, Vec<String>>(vec![error.to_owned()]);
        assert_eq!(days(None, None), Ok(30));
        assert_eq!(days(Some("2026-12-01"), None), Ok(1));
        assert_eq!(days(Some("2026-09-01"), Some("2026-12-01")), Ok(92));
        assert_eq!(days(Some("2026-08-31"), Some("2026-12-01")), wrong("/from day_range"));
        assert_eq!(days(Some("2026-12-02"), Some("2026-12-01")), wrong("/from day_range"));
        assert_eq!(days(Some("x"), None), wrong("/from date"));
        assert_eq!(days(None, Some("2026-13-01")), wrong("/until date"));
    }
}
