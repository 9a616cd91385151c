//! Schedule expressions: `rate(15 minutes)`, `cron(0/15 * * * ? *)`, `at(2030-01-01T12:00:00)`, in UTC.
//!
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>. The wildcards `L`, `W` and `#` are refused.

use std::{collections::BTreeSet, time::Duration};

use kernel::{Time, Timestamp};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How far into the future a due time is searched.
const HORIZON_DAYS: usize = 366 * 10;

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Repeatedly, after this time.
    Rate(Duration),
    /// Whenever the calendar matches.
    Cron(Box<Cron>),
    /// Once.
    At(Time),
}

/// The values that match, for each field of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    /// `None` is `?`.
    days: Option<BTreeSet<u16>>,
    months: BTreeSet<u16>,
    /// Sunday is 1. `None` is `?`.
    weekdays: Option<BTreeSet<u16>>,
    years: BTreeSet<u16>,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is neither rate(…) nor cron(…) nor at(…)");
        let (kind, rest) = text.trim().split_once('(').ok_or_else(bad)?;
        let inner = rest.strip_suffix(')').ok_or_else(bad)?;
        match kind {
            "rate" => rate(inner).ok_or_else(|| format!("rate({inner}) is not supported")).map(Self::Rate),
            "cron" => cron(inner).ok_or_else(|| format!("cron({inner}) is not supported")).map(|c| Self::Cron(Box::new(c))),
            "at" => format!("{inner}Z").parse::<Timestamp>().map_err(|e| format!("at({inner}): {e}")).map(|t| Self::At(t.0)),
            _ => Err(bad()),
        }
    }

    /// Returns the first due time after `after`. `None` if there is none.
    #[must_use]
    pub fn next(&self, after: Time) -> Option<Time> {
        match self {
            Self::Rate(every) => Some(after + *every),
            Self::At(time) => (*time > after).then_some(*time),
            Self::Cron(cron) => cron.next(after),
        }
    }
}

impl Cron {
    fn next(&self, after: Time) -> Option<Time> {
        let minute = Time::from_millis(after.millis().div_euclid(60_000).saturating_mul(60_000)) + MINUTE;
        let midnight = Time::from_millis(minute.millis().div_euclid(86_400_000).saturating_mul(86_400_000));
        let days = std::iter::successors(Some(midnight), |day| Some(*day + DAY)).take(HORIZON_DAYS);
        days.filter(|day| self.on(*day)).find_map(|day| {
            let hours = self.hours.iter().flat_map(|h| {
                self.minutes.iter().map(move |m| HOUR.saturating_mul((*h).into()).saturating_add(MINUTE.saturating_mul((*m).into())))
            });
            hours.map(|time| day + time).find(|due| *due >= minute)
        })
    }

    fn on(&self, day: Time) -> bool {
        let date = day.date();
        let matches = |set: &Option<BTreeSet<u16>>, value: u8| set.as_ref().is_none_or(|s| s.contains(&value.into()));
        matches(&self.days, date.day())
            && matches(&self.weekdays, date.weekday().number_from_sunday())
            && self.months.contains(&u8::from(date.month()).into())
            && u16::try_from(date.year()).is_ok_and(|y| self.years.contains(&y))
    }
}

fn rate(text: &str) -> Option<Duration> {
    let (n, unit) = text.trim().split_once(' ')?;
    let n: u32 = n.parse().ok().filter(|n| *n > 0)?;
    let unit = match (unit.trim(), n) {
        ("minute", 1) | ("minutes", _) => MINUTE,
        ("hour", 1) | ("hours", _) => HOUR,
        ("day", 1) | ("days", _) => DAY,
        _ => return None,
    };
    Some(unit.saturating_mul(n))
}

fn cron(text: &str) -> Option<Cron> {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else { return None };
    let either = |text: &str, low, high, names: &[&str]| if text == "?" { Some(None) } else { field(text, low, high, names).map(Some) };
    let cron = Cron {
        minutes: field(minutes, 0, 59, &[])?,
        hours: field(hours, 0, 23, &[])?,
        days: either(days, 1, 31, &[])?,
        months: field(months, 1, 12, &MONTHS)?,
        weekdays: either(weekdays, 1, 7, &WEEKDAYS)?,
        years: field(years, 1970, 2199, &[])?,
    };
    // Exactly one of the two fields must be `?`.
    (cron.days.is_none() != cron.weekdays.is_none()).then_some(cron)
}

/// `*`, `5`, `5,7`, `1-5`, `0/15`, `MON-FRI`.
fn field(text: &str, low: u16, high: u16, names: &[&str]) -> Option<BTreeSet<u16>> {
    let value = |text: &str| {
        let by_name = names.iter().position(|n| n.eq_ignore_ascii_case(text)).and_then(|i| u16::try_from(i).ok()?.checked_add(1));
        by_name.or_else(|| text.parse().ok()).filter(|v| (low..=high).contains(v))
    };
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (value(from)?, value(to)?),
            None if step.is_some() => (value(range)?, high),
            None => (value(range)?, value(range)?),
        };
        let step = step.map_or(Some(1), |s| s.parse::<usize>().ok().filter(|s| *s > 0))?;
        all.extend((from..=to).step_by(step));
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse::<Timestamp>().expect(text).0
    }

    #[test]
    fn the_next_due_time_is_the_first_after() {
        for (expression, after, expected) in [
            ("rate(15 minutes)", "2030-01-01T12:00:05Z", Some("2030-01-01T12:15:05Z")),
            ("rate(1 day)", "2030-01-01T12:00:00Z", Some("2030-01-02T12:00:00Z")),
            ("cron(0/15 * * * ? *)", "2030-01-01T12:00:00Z", Some("2030-01-01T12:15:00Z")),
            ("cron(0/15 * * * ? *)", "2030-01-01T11:59:59.999Z", Some("2030-01-01T12:00:00Z")),
            ("cron(7/15 * * * ? *)", "2030-12-31T23:52:30Z", Some("2031-01-01T00:07:00Z")),
            ("cron(0 3 ? * MON-FRI *)", "2030-01-04T03:00:00Z", Some("2030-01-07T03:00:00Z")),
            ("cron(30 8,20 1 1,7 ? 2030-2032)", "2030-02-01T00:00:00Z", Some("2030-07-01T08:30:00Z")),
            ("cron(0 0 29 2 ? *)", "2030-01-01T00:00:00Z", Some("2032-02-29T00:00:00Z")),
            ("cron(0 0 1 1 ? 2020)", "2030-01-01T00:00:00Z", None),
            ("at(2030-06-01T00:00:00)", "2030-01-01T00:00:00Z", Some("2030-06-01T00:00:00Z")),
            ("at(2030-06-01T00:00:00)", "2030-06-01T00:00:00Z", None),
        ] {
            let parsed = Expression::parse(expression).expect(expression);
            assert_eq!(parsed.next(time(after)), expected.map(time), "{expression} after {after}");
        }
    }

    #[test]
    fn expressions_that_aws_refuses_are_refused() {
        for text in [
            "every day",
            "rate(0 minutes)",
            "rate(2 minute)",
            "rate(5)",
            "cron(* * * * *)",
            "cron(* * * * * *)",
            "cron(60 * * * ? *)",
            "cron(0 0 L * ? *)",
            "at(soon)",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        // "1 minutes" is accepted by AWS as well as "1 minute".
        assert!(Expression::parse("rate(1 minutes)").is_ok());
    }
}
