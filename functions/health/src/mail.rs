//! Statistics of sent mails.

use std::collections::BTreeMap;

use accounts::statistics::Day;
use aws_sdk_ses::types::SendDataPoint;
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{Kind, Problem, Time};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Problems};

/// The mails of a day.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MailDay {
    /// The day in UTC.
    #[schema(format = Date, examples("2026-11-30"))]
    day: String,
    /// Mails that SES sent or tried to send.
    #[schema(examples(120))]
    sent: u64,
    /// Mails that bounced, because the mailbox does not exist.
    #[schema(examples(1))]
    bounced: u64,
    /// Mails about which the recipient complained.
    #[schema(examples(0))]
    complained: u64,
    /// Mails that SES rejected.
    #[schema(examples(0))]
    rejected: u64,
}

/// The mails of the last days.
#[derive(Serialize, ToSchema)]
pub struct MailHealth {
    /// The days with mails, the latest first. At most fifteen.
    days: Vec<MailDay>,
}

/// Returns the data points summed by day, the latest day first.
fn by_day(points: &[SendDataPoint]) -> Vec<MailDay> {
    let mut days = BTreeMap::<Day, MailDay>::new();
    for point in points {
        let Some(at) = point.timestamp().and_then(|at| at.to_millis().ok()) else { continue };
        let day = Day::of(Time::from_millis(at));
        let mails = days.entry(day).or_insert_with(|| MailDay { day: day.to_string(), ..MailDay::default() });
        for (count, more) in [
            (&mut mails.sent, point.delivery_attempts()),
            (&mut mails.bounced, point.bounces()),
            (&mut mails.complained, point.complaints()),
            (&mut mails.rejected, point.rejects()),
        ] {
            *count = count.saturating_add(u64::try_from(more).unwrap_or(0));
        }
    }
    days.into_values().rev().collect()
}

/// Returns the numbers of sent, bounced, complained and rejected mails of the last two weeks, by day. Mails that other systems send with
/// the same account of the mail service, in the same region, are included.
///
/// For administrators, with a second factor. 503 `unavailable` if SES does not answer, or is called more than once a second.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a request to SES.
#[utoipa::path(get, path = "/v1/health/mail", responses((status = 200, body = MailHealth), Problems))]
pub async fn get_mail_health(State(s): State<crate::State>, _: Staff<Administrator>) -> Result<Json<MailHealth>, Error> {
    let points = s.probes.mails_sent().await.map_err(|e| Problem::new(Kind::Unavailable).because(e.to_string()))?;
    Ok(Json(MailHealth { days: by_day(&points) }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ses::primitives::DateTime;

    use super::*;

    #[test]
    fn the_points_of_a_day_are_added() {
        let point = |seconds: i64, bounces| {
            let at = DateTime::from_secs(seconds);
            SendDataPoint::builder().timestamp(at).delivery_attempts(10).bounces(bounces).complaints(0).rejects(-1).build()
        };
        let noon = 1_893_499_200;
        let timeless = SendDataPoint::builder().delivery_attempts(5).build();
        let days = by_day(&[point(noon - 86_400, 1), point(noon, 2), point(noon + 900, 3), timeless]);
        let day = |day: &str, sent, bounced| MailDay { day: day.to_owned(), sent, bounced, ..MailDay::default() };
        assert_eq!(days, [day("2030-01-01", 20, 5), day("2029-12-31", 10, 1)]);
    }
}
