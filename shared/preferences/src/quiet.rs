//! Quiet hours: a daily window in a time zone, in which notifications that can wait are not sent.
//!
//! The window of each day is computed as two points in time, so that it is right across midnight and across both changes of daylight saving
//! time. A begin or an end that does not exist, because the clock is put forward, is later by the same amount. If a time exists twice, the
//! begin is the first and the end the second one, so that the quiet hours are never shorter than requested.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Disambiguation, TimeZone, TimeZoneDatabase},
};
use kernel::{FieldError, Fields, Time};
use serde::{Deserialize, Serialize};

/// A time of day on a clock, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

/// A text that is not a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadTimeOfDay;

impl fmt::Display for BadTimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time of day is written as 22:00")
    }
}

impl FromStr for TimeOfDay {
    type Err = BadTimeOfDay;
    fn from_str(text: &str) -> Result<Self, BadTimeOfDay> {
        let (hour, minute) = text.split_once(':').ok_or(BadTimeOfDay)?;
        let number = |digits: &str, most: i8| {
            let two = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<i8>().ok().filter(|n| two && *n <= most).ok_or(BadTimeOfDay)
        };
        Ok(Self { hour: number(hour, 23)?, minute: number(minute, 59)? })
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = BadTimeOfDay;
    fn try_from(text: String) -> Result<Self, BadTimeOfDay> {
        text.parse()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A daily window of a time zone. If it ends earlier in the day than it begins, it ends on the next day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends.
    pub to: TimeOfDay,
    /// The IANA name of the time zone.
    pub zone: String,
}

impl QuietHours {
    /// Parses the quiet hours that a client sends. Errors are recorded at `<pointer>/from`, `/to` and `/zone`.
    pub fn parse(fields: &mut Fields, pointer: &str, from: &str, to: &str, zone: &str) -> Option<Self> {
        let time = |text: &str| text.parse::<TimeOfDay>().map_err(|_| FieldError::TIME_OF_DAY);
        let from = fields.take(&format!("{pointer}/from"), time(from));
        let to = fields.take(&format!("{pointer}/to"), time(to));
        let zone = fields.take(&format!("{pointer}/zone"), canonical(zone).ok_or(FieldError::TIME_ZONE));
        let (from, to, zone) = (from?, to?, zone?);
        if from == to {
            fields.wrong(&format!("{pointer}/to"), FieldError::SAME_TIME);
            return None;
        }
        Some(Self { from, to, zone })
    }

    /// Returns the end of the window that contains `now`. `None` outside of the quiet hours.
    #[must_use]
    pub fn end(&self, now: Time) -> Option<Time> {
        let zone = TimeZoneDatabase::bundled().get(&self.zone).ok()?;
        let today = Timestamp::from_millisecond(now.millis()).ok()?.to_zoned(zone.clone()).date();
        // A window that began yesterday may last until today.
        let days = [today.yesterday().ok(), Some(today)];
        days.into_iter().flatten().find_map(|day| self.window(&zone, day).filter(|(from, to)| *from <= now && now < *to)).map(|(_, to)| to)
    }

    /// Returns the window that begins on a day.
    fn window(&self, zone: &TimeZone, day: Date) -> Option<(Time, Time)> {
        let last = if self.from < self.to { day } else { day.tomorrow().ok()? };
        let from = moment(zone, day, self.from, Disambiguation::Compatible)?;
        Some((from, moment(zone, last, self.to, Disambiguation::Later)?))
    }
}

/// Returns the point in time at which a clock in the zone shows this time on this day.
fn moment(zone: &TimeZone, day: Date, time: TimeOfDay, which: Disambiguation) -> Option<Time> {
    let at = zone.to_ambiguous_timestamp(day.at(time.hour, time.minute, 0, 0)).disambiguate(which).ok()?;
    Some(Time::from_millis(at.as_millisecond()))
}

/// Returns the name of a time zone in the spelling of the database.
fn canonical(name: &str) -> Option<String> {
    TimeZoneDatabase::bundled().get(name).ok()?.iana_name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        let mut fields = Fields::new();
        QuietHours::parse(&mut fields, "", from, to, zone).unwrap_or_else(|| panic!("{:?}", fields.problem().fields))
    }

    fn at(text: &str) -> Time {
        text.parse::<kernel::Timestamp>().unwrap().0
    }

    /// Checks when quiet hours end at these moments, all in UTC.
    fn ends(quiet: &QuietHours, moments: &[(&str, Option<&str>)]) {
        for (now, end) in moments {
            assert_eq!(quiet.end(at(now)), end.map(at), "{quiet:?} at {now}");
        }
    }

    #[test]
    fn a_window_across_midnight_and_one_within_a_day() {
        let night = hours("22:00", "07:00", "Europe/Warsaw");
        ends(
            &night,
            &[
                ("2026-01-10T20:59:59.999Z", None),
                ("2026-01-10T21:00:00Z", Some("2026-01-11T06:00:00Z")),
                ("2026-01-10T23:00:00Z", Some("2026-01-11T06:00:00Z")),
                ("2026-01-11T05:59:59.999Z", Some("2026-01-11T06:00:00Z")),
                ("2026-01-11T06:00:00Z", None),
            ],
        );
        let lunch = hours("12:00", "13:00", "Asia/Tokyo");
        ends(&lunch, &[("2026-07-01T02:59:59Z", None), ("2026-07-01T03:30:00Z", Some("2026-07-01T04:00:00Z"))]);
        ends(&lunch, &[("2026-07-01T04:00:00Z", None), ("2026-01-01T03:00:00Z", Some("2026-01-01T04:00:00Z"))]);
        let to_midnight = hours("18:00", "00:00", "Asia/Tokyo");
        ends(&to_midnight, &[("2026-07-01T14:59:00Z", Some("2026-07-01T15:00:00Z")), ("2026-07-01T15:00:00Z", None)]);
        let from_midnight = hours("00:00", "06:00", "Asia/Tokyo");
        ends(&from_midnight, &[("2026-07-01T15:00:00Z", Some("2026-07-01T21:00:00Z")), ("2026-07-01T14:59:59Z", None)]);
    }

    #[test]
    fn zones_with_half_hours_and_half_hours_of_summer_time() {
        ends(
            &hours("22:00", "06:30", "Asia/Kolkata"),
            &[("2026-03-01T16:29:59Z", None), ("2026-03-01T16:30:00Z", Some("2026-03-02T01:00:00Z"))],
        );
        // Lord Howe puts the clock back by half an hour, from UTC+11 to UTC+10:30, on 5 April 2026 at 02:00.
        let night = hours("22:00", "06:00", "Australia/Lord_Howe");
        ends(&night, &[("2026-04-03T12:00:00Z", Some("2026-04-03T19:00:00Z")), ("2026-04-05T12:00:00Z", Some("2026-04-05T19:30:00Z"))]);
    }

    #[test]
    fn nights_in_which_the_clock_changes_last_an_hour_less_or_more() {
        let night = hours("22:00", "07:00", "Europe/Warsaw");
        // From 02:00 to 03:00 on 29 March 2026: 22:00 is at UTC+1, 07:00 at UTC+2.
        ends(&night, &[("2026-03-28T21:00:00Z", Some("2026-03-29T05:00:00Z")), ("2026-03-29T05:00:00Z", None)]);
        // From 03:00 back to 02:00 on 25 October 2026.
        ends(&night, &[("2026-10-24T20:00:00Z", Some("2026-10-25T06:00:00Z")), ("2026-10-25T05:59:59Z", Some("2026-10-25T06:00:00Z"))]);
    }

    #[test]
    fn times_that_the_clock_skips_or_shows_twice() {
        // There is no 02:30 on 29 March: the end is at 03:30, which is 01:30 UTC.
        ends(
            &hours("22:00", "02:30", "Europe/Warsaw"),
            &[("2026-03-29T01:15:00Z", Some("2026-03-29T01:30:00Z")), ("2026-03-29T01:30:00Z", None)],
        );
        let from_skipped = hours("02:30", "08:00", "Europe/Warsaw");
        ends(&from_skipped, &[("2026-03-29T01:29:59Z", None), ("2026-03-29T01:30:00Z", Some("2026-03-29T06:00:00Z"))]);
        // 02:30 is at 00:30 and at 01:30 UTC on 25 October.
        let until_twice = hours("22:00", "02:30", "Europe/Warsaw");
        ends(&until_twice, &[("2026-10-25T00:45:00Z", Some("2026-10-25T01:30:00Z")), ("2026-10-25T01:30:00Z", None)]);
        let from_twice = hours("02:30", "08:00", "Europe/Warsaw");
        ends(&from_twice, &[("2026-10-25T00:29:59Z", None), ("2026-10-25T00:30:00Z", Some("2026-10-25T07:00:00Z"))]);
        ends(&from_twice, &[("2026-10-25T01:10:00Z", Some("2026-10-25T07:00:00Z"))]);
    }

    #[test]
    fn what_is_wrong_is_told_for_each_member() {
        let wrong = |from: &str, to: &str, zone: &str| {
            let mut fields = Fields::new();
            assert!(QuietHours::parse(&mut fields, "/quiet_hours", from, to, zone).is_none());
            fields.problem().fields.into_iter().map(|(pointer, e)| format!("{pointer} {}", e.code)).collect::<Vec<_>>()
        };
        assert_eq!(wrong("22:00", "22:00", "Europe/Warsaw"), ["/quiet_hours/to same_time"]);
        for zone in ["Europe/Atlantis", "", "Europe", "../etc/passwd", "CEST-1"] {
            assert_eq!(wrong("22:00", "07:00", zone), ["/quiet_hours/zone time_zone"], "{zone}");
        }
        for time in ["24:00", "22:60", "2:00", "22", "22:00:00", "+2:00", "22.00", "", "٢٢:00"] {
            assert_eq!(wrong(time, "07:00", "UTC"), ["/quiet_hours/from time_of_day"], "{time}");
        }
        assert_eq!(wrong("x", "y", "z").len(), 3);
        assert_eq!(hours("22:00", "07:00", "europe/warsaw").zone, "Europe/Warsaw", "the spelling of the database");
    }
}
