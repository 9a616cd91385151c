//! Changing the caller's profile: a merge patch (RFC 7396) of the version that the client has read.

use accounts::{
    audit::{Action, AuditEntry},
    last_seen::LastSeen,
    people_search,
    profile::{self, ProfilePatch, difference},
    staff::Roles,
    user::User,
};
use axum::extract::State;
use callers::MemberWithBoth;
use kernel::{Kind, Problem};
use store::{CommitError, Row, Tx, Update, WriteError};
use web::{Error, IfMatch, Json, Problems, RequestId, Versioned};

use crate::read::{Me, example};

/// Changes the caller's profile.
///
/// A JSON merge patch (RFC 7396), which is applied completely or not at all: 412 if the profile has changed since the version
/// in `If-Match`. A patch that changes nothing keeps the version.
///
/// AWS calls: two, the batch that authenticates the caller and reads the profile, and the transaction, which depends on it and has
/// the words by which people are found if a name changes. One if nothing changes.
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "update_me",
    params(("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the profile, a list of them, or `*` for any.", example = "\"v3\"")),
    request_body(
        content(
            (ProfilePatch = "application/merge-patch+json", example = json!({"bio": "Climbs.", "language": "pl", "last_name": null})),
            (ProfilePatch = "application/json", example = json!({"private": true})),
        )
    ),
    extensions(("x-problems" = json!(["invalid", "version_required", "version_mismatch"]))),
    responses(
        (status = 200, body = Me, headers(("ETag" = String, description = "The new version.")), example = json!(example())),
        Problems,
    )
)]
pub async fn update_me(
    MemberWithBoth { member, first, second }: MemberWithBoth<LastSeen, Roles>,
    wanted: IfMatch,
    State(s): State<crate::State>,
    request: RequestId,
    Json(patch): Json<ProfilePatch>,
) -> Result<Versioned<Me>, Error> {
    let old = member.user;
    if !wanted.names(old.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let mut new = patch.apply(&old, s.sys.now(), s.minimum_age)?;
    if let Some(update) = difference(&old, &new) {
        new.version = old.version.saturating_add(1);
        if let Err(e) = write(&s, update, &old, &new, &request).await {
            collision(e, &new)?;
        }
    }
    Ok(Versioned(new.version, Me::of(&new, &s.links).with(first.as_ref(), second)))
}

/// Writes the change if the version is still the same, together with its entry in the audit. If a name changes, also writes the words by
/// which the person is found.
async fn write(s: &crate::State, update: Update, old: &User, new: &User, request: &RequestId) -> Result<(), WriteError> {
    let mut tx = Tx::new();
    let record = tx.update(update);
    let entry = AuditEntry::of_own(&s.sys, old.id, &request.0, Action::ProfileChanged);
    s.audit.add(&mut tx, &profile::audited(entry, old, new));
    people_search::change(&mut tx, old, new).commit(&s.table, tx).await.map_err(|e| match e {
        CommitError::Refused(r) => WriteError::Refused(r.current(record)),
        CommitError::Store(e) => WriteError::Store(e),
    })
}

/// Fails with the problem of a refused write. Succeeds if the stored profile equals the new one: then the write succeeded and its reply was
/// lost.
fn collision(e: WriteError, new: &User) -> Result<(), Problem> {
    let stored = match e {
        WriteError::Refused(row) => row.map(Row::decode::<User>).transpose()?,
        WriteError::Store(e) => return Err(e.into()),
    };
    let written = stored.is_some_and(|stored| stored.version == new.version && difference(&stored, new).is_none());
    if written { Ok(()) } else { Err(Kind::VersionMismatch.into()) }
}
