//! The state of the caller's account deletion, which all operations for signed-in callers return.

use accounts::{
    deletion::{Deletion, Stage},
    user::User,
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{
    Locale, Time, Timestamp,
    id::{DeletionId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Error, Json, Language, Problems};

use crate::{Rules, TEXTS, countdown::Countdown};

/// The state of the caller's account deletion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Leaving {
    /// The stage of the deletion.
    #[serde(flatten)]
    status: Status,
    /// Details for support.
    details: Details,
    /// Instructions for the owner, in the reader's language.
    instructions: Vec<String>,
    /// The policies that the owner has agreed to, in the reader's language.
    policies: Vec<Policy>,
}

/// The stage of the deletion.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// No deletion is scheduled.
    NotScheduled,
    /// The deletion begins when it is due.
    Scheduled {
        /// When it was scheduled.
        scheduled_at: Timestamp,
        /// When the deletion is due. It begins at most a quarter of an hour later, and never earlier.
        due_at: Timestamp,
        /// The remaining time in which it can be cancelled.
        countdown: Countdown,
    },
    /// The deletion has begun.
    Purging {
        /// When it was scheduled.
        scheduled_at: Timestamp,
        /// When it was due.
        due_at: Timestamp,
    },
}

/// Details for support.
#[derive(Debug, Serialize, ToSchema)]
pub struct Details {
    /// The id of the account.
    user_id: UserId,
    /// The username of the account.
    username: String,
    /// How many days lie between the scheduling and the beginning of a deletion.
    #[schema(examples(30))]
    interval_days: u32,
    /// The id of the deletion and of its receipt. A deletion that is scheduled again has a new id.
    deletion_id: Option<DeletionId>,
}

/// A link to a policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Policy {
    /// The title of the policy.
    #[schema(examples("Privacy policy"))]
    name: String,
    /// The address of the policy.
    #[schema(format = "uri", examples("https://stoa.example/privacy"))]
    url: String,
}

impl Leaving {
    pub fn of(rules: &Rules, user: &User, deletion: Option<&Deletion>, now: Time, locale: Locale) -> Self {
        let status = deletion.map_or(Status::NotScheduled, |d| {
            let (scheduled_at, due_at) = (d.scheduled_at.into(), d.due_at.into());
            match d.stage {
                Stage::Scheduled => Status::Scheduled { scheduled_at, due_at, countdown: Countdown::of(d.due_at.since(now), locale) },
                Stage::Purging | Stage::Done => Status::Purging { scheduled_at, due_at },
            }
        });
        Self {
            instructions: instructions(&status, rules, locale),
            status,
            details: Details {
                user_id: user.id,
                username: user.username.to_string(),
                interval_days: rules.days,
                deletion_id: deletion.map(|d| d.id),
            },
            policies: policies(rules, locale),
        }
    }
}

fn instructions(status: &Status, rules: &Rules, locale: Locale) -> Vec<String> {
    let keys: &[&str] = match status {
        Status::NotScheduled => &["what-goes", "interval", "afterwards"],
        Status::Scheduled { .. } => &["what-goes", "change-of-mind", "again", "afterwards", "receipt"],
        Status::Purging { .. } => &["begun", "receipt"],
    };
    keys.iter().map(|key| TEXTS.text(locale, key, &[("days", rules.days.to_string())])).collect()
}

fn policies(rules: &Rules, locale: Locale) -> Vec<Policy> {
    let all = [("policy-terms", &rules.terms), ("policy-privacy", &rules.privacy)];
    all.into_iter().filter_map(|(key, url)| Some(Policy { name: TEXTS.text(locale, key, &[]), url: url.as_deref()?.to_owned() })).collect()
}

/// Reads the state of the caller's account deletion.
///
/// AWS calls: one, the batch that also authenticates the caller.
#[utoipa::path(get, path = "/v1/me/deletion",
    responses((status = 200, body = Leaving), Problems))]
pub async fn get_deletion(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Deletion>,
    Language(locale): Language,
) -> Result<Json<Leaving>, Error> {
    Ok(Json(Leaving::of(&s.rules, &member.user, resource.as_ref(), s.sys.now(), locale)))
}
