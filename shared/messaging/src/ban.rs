//! Bans from chat: by the limit of messages or by a moderator, with a reason, and with an end or without.
//!
//! A person has at most one ban. It is part of their [`ChatState`](crate::spam::ChatState), which is checked for every frame, message and
//! new socket, so that a ban is effective from the transaction that imposes it ([`crate::banning`]). A ban with an end is over when that
//! time has passed, without a write. Its attributes are removed with the person's next message.

use std::time::Duration;

use accounts::audit::AuditEntry;
use kernel::{FieldError, Kind, Problem, Time, Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use store::{Cond, Index, Update, field};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use crate::{message::Explanation, report::ReportReason};

/// The maximum of minutes of a ban with an end: one year.
pub const MINUTES_MAX: u32 = 366 * 24 * 60;

/// Returns the end of a ban that lasts so many minutes.
///
/// # Errors
/// `range`
pub fn ends_after(minutes: u32, now: Time) -> Result<Time, FieldError> {
    match minutes {
        1..=MINUTES_MAX => Ok(now + Duration::from_secs(u64::from(minutes).saturating_mul(60))),
        _ => Err(FieldError::RANGE.with("min", 1).with("max", MINUTES_MAX)),
    }
}

/// Why somebody is banned from chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BanReason {
    /// Too many messages within a minute. Only the server bans for that.
    Rate,
    /// The content of the person's messages.
    #[serde(untagged)]
    Conduct(ReportReason),
}

impl BanReason {
    /// Returns its name, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Conduct(reason) => reason.as_str(),
        }
    }
}

impl ToSchema for BanReason {}

/// One list of names, for the API document.
impl PartialSchema for BanReason {
    fn schema() -> RefOr<Schema> {
        let names = [Self::Rate].into_iter().chain(ReportReason::ALL.map(Self::Conduct)).map(Self::as_str);
        let text = ObjectBuilder::new().schema_type(Type::String).description(Some("Why somebody is banned from chat."));
        text.enum_values(Some(names)).into()
    }
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The time at which it was imposed.
    pub at: Time,
    /// Its end. `None` if it has none.
    pub until: Option<Time>,
    /// The reason.
    pub reason: BanReason,
    /// What the moderator tells the person about it.
    pub explanation: Option<Explanation>,
    /// The moderator. `None` for a ban by the server, or if the moderator's account was deleted.
    pub by: Option<UserId>,
}

impl Ban {
    /// Returns a ban for too many messages.
    #[must_use]
    pub const fn for_rate(now: Time) -> Self {
        Self { at: now, until: None, reason: BanReason::Rate, explanation: None, by: None }
    }

    /// Returns the problem with which a banned person's requests are refused.
    #[must_use]
    #[track_caller]
    pub fn problem(&self, now: Time) -> Problem {
        let problem = Kind::ChatBanned.because("the person is banned from chat").with("reason", self.reason.as_str());
        explained(problem, self.explanation.as_ref(), self.until, now)
    }
}

/// Adds the explanation of a ban and its end to its problem.
pub(crate) fn explained(mut problem: Problem, explanation: Option<&Explanation>, until: Option<Time>, now: Time) -> Problem {
    if let Some(explanation) = explanation {
        problem = problem.with("explanation", explanation.to_string());
    }
    if let Some(until) = until {
        let ends_at = serde_json::to_value(Timestamp::from(until)).unwrap_or_default();
        problem = problem.with("ends_at", ends_at).retry_after(until.since(now));
    }
    problem
}

/// Returns the condition that a person is not banned.
#[must_use]
pub fn is_over(now: Time) -> Cond {
    field("banned_at").absent().or(field("banned_until").le(now))
}

/// Adds the removal of the ban to an update.
pub(crate) fn lifted(update: Update) -> Update {
    let update = update.remove("banned_at").remove("banned_until").remove("ban_reason").remove("ban_text").remove("banned_by");
    update.index(Index::CurrentBans, None).index(Index::BansByAuthor, None)
}

/// Adds a change of a ban to an audit entry: imposed, replaced or ended.
#[must_use]
pub fn audited(entry: AuditEntry, before: Option<&Ban>, after: Option<&Ban>) -> AuditEntry {
    let entry = entry.changed("reason", before.map(|ban| ban.reason), after.map(|ban| ban.reason));
    entry.changed("ends_at", before.and_then(|ban| ban.until), after.and_then(|ban| ban.until))
}

kernel::audited_words!(BanReason);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_893_499_200_000);

    #[test]
    fn a_ban_says_why_and_until_when() {
        let until = NOW + Duration::from_secs(90);
        let ban = Ban { until: Some(until), reason: BanReason::Conduct(ReportReason::Hate), ..Ban::for_rate(NOW) };
        let problem = ban.problem(NOW);
        assert_eq!((problem.kind, problem.retry_after), (Kind::ChatBanned, Some(90)));
        assert_eq!(problem.members["reason"], "hate");
        assert!(problem.members["ends_at"].is_string() && !problem.members.contains_key("explanation"));
        let forever = Ban::for_rate(NOW).problem(NOW);
        assert_eq!((forever.retry_after, forever.members.contains_key("ends_at")), (None, false));
    }

    #[test]
    fn a_reason_has_one_name() {
        for reason in [BanReason::Rate].into_iter().chain(ReportReason::ALL.map(BanReason::Conduct)) {
            let name = serde_json::to_value(reason).unwrap();
            assert_eq!(name, reason.as_str());
            assert_eq!(serde_json::from_value::<BanReason>(name).unwrap(), reason);
        }
    }
}
