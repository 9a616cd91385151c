//! The time until a deletion begins, in numbers and in words.

use std::time::Duration;

use kernel::Locale;
use serde::Serialize;
use utoipa::ToSchema;

use crate::TEXTS;

/// The remaining time. Days, hours, minutes and seconds add up to `seconds_left`, from which a client counts down.
#[derive(Debug, Serialize, ToSchema)]
pub struct Countdown {
    /// The remaining time in seconds. 0 when the deletion is due.
    #[schema(examples(2_591_998))]
    seconds_left: u64,
    /// Whole days.
    #[schema(examples(29))]
    days: u64,
    /// Hours in addition to the days, from 0 to 23.
    #[schema(examples(23))]
    hours: u64,
    /// Minutes in addition to the hours, from 0 to 59.
    #[schema(examples(59))]
    minutes: u64,
    /// Seconds in addition to the minutes, from 0 to 59.
    #[schema(examples(58))]
    seconds: u64,
    /// The remaining time in words: days and hours, and on the last day hours, minutes and seconds.
    #[schema(examples("29 days 23 hours"))]
    text: String,
}

impl Countdown {
    pub fn of(left: Duration, locale: Locale) -> Self {
        let total = left.as_secs();
        let (days, rest) = (total.div_euclid(86_400), total.rem_euclid(86_400));
        let (hours, rest) = (rest.div_euclid(3_600), rest.rem_euclid(3_600));
        let (minutes, seconds) = (rest.div_euclid(60), rest.rem_euclid(60));
        let parts = match (days, hours) {
            _ if total == 0 => vec![("over", 0)],
            (0, _) => vec![("hours", hours), ("minutes", minutes), ("seconds", seconds)],
            (_, 0) => vec![("days", days)],
            _ => vec![("days", days), ("hours", hours)],
        };
        let say = |(unit, n): (&str, u64)| TEXTS.text(locale, &format!("countdown-{unit}"), &[("n", n.to_string())]);
        let text = parts.into_iter().map(say).collect::<Vec<_>>().join(" ");
        Self { seconds_left: total, days, hours, minutes, seconds, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64, locale: Locale) -> String {
        Countdown::of(Duration::from_secs(seconds), locale).text
    }

    #[test]
    fn words_follow_what_is_left() {
        let day = 86_400;
        for (seconds, words) in [
            (30 * day, "30 days"),
            (30 * day - 1, "29 days 23 hours"),
            (day + 3_600, "1 day 1 hour"),
            (day, "1 day"),
            (day - 1, "23 hours 59 minutes 59 seconds"),
            (61, "0 hours 1 minute 1 second"),
        ] {
            assert_eq!(text(seconds, Locale::En), words);
        }
        assert_eq!(text(2 * day + 2 * 3_600, Locale::Pl), "2 dni 2 godziny");
        assert_eq!(text(5 * 3_600 + 22 * 60 + 12, Locale::Pl), "5 godzin 22 minuty 12 sekund");
        assert!(text(0, Locale::En).contains("no longer"));
    }

    #[test]
    fn the_parts_add_up() {
        let c = Countdown::of(Duration::from_secs(2_591_998), Locale::En);
        assert_eq!(((c.days * 24 + c.hours) * 60 + c.minutes) * 60 + c.seconds, c.seconds_left);
    }
}
