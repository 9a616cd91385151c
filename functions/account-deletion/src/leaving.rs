//! How it stands with one's leaving: what every operation of a signed-in person answers.

use std::time::Duration;

use accounts::{
    MemberAnd,
    deletion::{Deletion, Stage},
    user::User,
};
use axum::extract::State;
use kernel::{
    Locale, Time, Timestamp,
    id::{DeletionId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Language, Problems};

use crate::{Rules, TEXTS, countdown::Countdown};

/// How it stands with one's leaving.
#[derive(Debug, Serialize, ToSchema)]
pub struct Leaving {
    /// How far it has come.
    status: Status,
    /// When it was scheduled.
    scheduled_at: Option<Timestamp>,
    /// When it begins; not a moment earlier, and a quarter of an hour later at the most.
    due_at: Option<Timestamp>,
    /// How long there is left to take it back.
    countdown: Option<Countdown>,
    /// For support, and for people who want to know exactly.
    details: Details,
    /// What to know and what to do, in the reader's language.
    instructions: Vec<String>,
    /// What one agreed to, in the reader's language.
    policies: Vec<Policy>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody wants to leave.
    NotScheduled,
    /// It will begin when it is due.
    Scheduled,
    /// It has begun.
    Purging,
}

/// For support, and for people who want to know exactly.
#[derive(Debug, Serialize, ToSchema)]
pub struct Details {
    /// Whose account.
    user_id: UserId,
    /// Under which name.
    username: String,
    /// Days between scheduling and beginning.
    #[schema(examples(30))]
    interval_days: u32,
    /// The number of the deletion and of its receipt. Scheduling again gives a new one.
    deletion_id: Option<DeletionId>,
}

/// Where a policy is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Policy {
    /// What it is called.
    #[schema(examples("Privacy policy"))]
    name: String,
    /// Where it is.
    #[schema(format = "uri", examples("https://stoa.example/privacy"))]
    url: String,
}

impl Leaving {
    pub fn of(rules: &Rules, user: &User, deletion: Option<&Deletion>, now: Time, locale: Locale) -> Self {
        let status = match deletion.map(|d| d.stage) {
            None => Status::NotScheduled,
            Some(Stage::Scheduled) => Status::Scheduled,
            Some(Stage::Purging | Stage::Done) => Status::Purging,
        };
        let left: Option<Duration> = deletion.filter(|d| d.stage == Stage::Scheduled).map(|d| d.due_at.since(now));
        Self {
            status,
            scheduled_at: deletion.map(|d| d.scheduled_at.into()),
            due_at: deletion.map(|d| d.due_at.into()),
            countdown: left.map(|left| Countdown::of(left, locale)),
            details: Details {
                user_id: user.id,
                username: user.username.to_string(),
                interval_days: rules.days,
                deletion_id: deletion.map(|d| d.id),
            },
            instructions: instructions(status, rules, locale),
            policies: policies(rules, locale),
        }
    }
}

fn instructions(status: Status, rules: &Rules, locale: Locale) -> Vec<String> {
    let keys: &[&str] = match status {
        Status::NotScheduled => &["what-goes", "interval", "afterwards"],
        Status::Scheduled => &["what-goes", "change-of-mind", "again", "afterwards", "receipt"],
        Status::Purging => &["begun", "receipt"],
    };
    keys.iter().map(|key| TEXTS.text(locale, key, &[("days", rules.days.to_string())])).collect()
}

fn policies(rules: &Rules, locale: Locale) -> Vec<Policy> {
    let all = [("policy-terms", &rules.terms), ("policy-privacy", &rules.privacy)];
    all.into_iter().filter_map(|(key, url)| Some(Policy { name: TEXTS.text(locale, key, &[]), url: url.as_deref()?.to_owned() })).collect()
}

/// Reads how it stands with one's leaving.
///
/// AWS calls: one, the batch that also proves the session.
#[utoipa::path(get, path = "/v1/me/deletion", tag = "account-deletion",
    responses((status = 200, body = Leaving), Problems))]
pub async fn get_deletion(
    State(s): State<crate::State>,
    MemberAnd { member, subject }: MemberAnd<Deletion>,
    Language(locale): Language,
) -> Result<Json<Leaving>, Error> {
    Ok(Json(Leaving::of(&s.rules, &member.user, subject.as_ref(), s.sys.now(), locale)))
}
