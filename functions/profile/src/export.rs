//! Requesting and downloading an archive of all data that is stored about the caller. `data-export` makes it.

use std::time::Duration;

use accounts::audit::{Action, AuditEntry};
use axum::extract::State;
use callers::{Fresh, Member, MemberWith};
use events::{Outbox, files::ExportRequested};
use files::export::{EXPORTS, Export, Progress, too_early};
use kernel::{Kind, Problem, Timestamp, id::ExportId};
use serde::Serialize;
use store::{CommitError, Tx};
use utoipa::ToSchema;
use web::{Accepted, Error, Json, Problems, RequestId};

/// How long the link to an archive is valid.
const LINK_LIFE: Duration = Duration::from_secs(300);

/// An archive of everything about the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportStatus {
    /// The id of the archive.
    id: ExportId,
    /// The state of the archive.
    #[serde(flatten)]
    status: ExportState,
    /// When it was requested.
    created_at: Timestamp,
}

/// The state of an archive.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ExportState {
    /// It is being created. A mail is sent when it is ready.
    Waiting,
    /// It can be downloaded.
    Ready {
        /// Until when it can be downloaded.
        expires_at: Timestamp,
        /// The link to the archive. It is valid for five minutes. Another request returns a new one.
        #[schema(format = "uri")]
        url: String,
    },
    /// It could not be created. Request another one.
    Failed,
    /// It has expired. Request another one.
    Expired,
}

impl ExportStatus {
    fn of(export: &Export, status: ExportState) -> Self {
        Self { id: export.id, status, created_at: export.created_at.into() }
    }

    fn example() -> serde_json::Value {
        serde_json::json!({"id": "exp_01K9ZC4QW8V3T6R1NHXJ5B2MDP", "status": "waiting", "created_at": "2026-11-21T08:00:00.000Z"})
    }
}

/// Requests an archive of all data that is stored about the caller: profile, addresses, sessions, rooms, messages, pictures, files
/// of messages. It contains no secrets.
///
/// The archive is created in the background, and a mail is sent when it is ready. One archive a day, and one at a time. An archive that
/// could not be created does not count. The request is recorded among the caller's security events.
///
/// AWS calls: two, the caller, and a transaction of the archive's item, the limit of one a day, the event that starts the
/// export, and an entry of the audit.
#[utoipa::path(
    post, path = "/v1/me/exports", operation_id = "create_export",
    extensions(("x-problems" = json!(["too_many_requests", "conflict"])), ("x-limits" = json!([EXPORTS]))),
    responses((status = 202, body = ExportStatus, example = json!(ExportStatus::example())), Problems)
)]
pub async fn create_export(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    request: RequestId,
) -> Result<Accepted<ExportStatus>, Error> {
    let (user, now) = (member.user.id, s.sys.now());
    let mut tx = Tx::new();
    let (export, slot) = Export::ask(&mut tx, &s.sys, user);
    Outbox::add(&mut tx, &s.sys, &ExportRequested { user, export: export.id });
    let entry = AuditEntry::of_own(&s.sys, user, &request.0, Action::ExportAsked);
    s.audit.add(&mut tx, &entry.changed("export", (), export.id));
    match s.table.commit(tx).await {
        Err(CommitError::Refused(r)) if r.at(slot) => return Err(Problem::from(too_early(r.current(slot), now)?).into()),
        committed => committed.map_err(Problem::from)?,
    }
    Ok(Accepted(ExportStatus::of(&export, ExportState::Waiting)))
}

/// Returns the state of the archive, and a link when it is ready. The link is valid for five minutes.
///
/// Needs a recent step-up, like the request for the archive: a stolen session must not be enough to read all data about a
/// person.
///
/// AWS calls: one, a batch that authenticates the caller and reads the archive's item. The link is signed without a call.
#[utoipa::path(
    get, path = "/v1/me/exports/{export}", operation_id = "get_export",
    params(("export" = inline(ExportId), Path, description = "The `id` that the request for the archive returned.", example = "exp_01K9ZC4QW8V3T6R1NHXJ5B2MDP")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ExportStatus, example = json!(ExportStatus::example())), Problems)
)]
pub async fn get_export(State(s): State<crate::State>, Fresh(caller): Fresh<MemberWith<Export>>) -> Result<Json<ExportStatus>, Error> {
    let (export, now) = (caller.resource.ok_or(Kind::NotFound)?, s.sys.now());
    let status = match export.progress(now) {
        Progress::Waiting => ExportState::Waiting,
        Progress::Ready(until) => ExportState::Ready {
            expires_at: until.into(),
            url: s.bucket.download_link(&Export::object_key(export.user, export.id), now, LINK_LIFE).await?.url,
        },
        Progress::Failed => ExportState::Failed,
        Progress::Expired => ExportState::Expired,
    };
    Ok(Json(ExportStatus::of(&export, status)))
}
