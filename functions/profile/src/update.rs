//! Changing the caller's profile: a merge patch (RFC 7396) of the version that the client has read.

use accounts::{
    finding,
    profile::{ProfilePatch, difference},
    seen::LastSeen,
    user::User,
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{Kind, Problem, Sys};
use store::{CommitError, Row, Table, Tx, Update, WriteError};
use web::{Error, IfMatch, Json, Problems, Versioned};

use crate::{
    picture::Links,
    read::{Me, example},
};

/// Changes the caller's profile.
///
/// A JSON merge patch (RFC 7396), which is applied completely or not at all: 412 if the profile has changed since the version
/// in `If-Match`. A patch that changes nothing keeps the version.
///
/// AWS calls: two, the batch that authenticates the caller and reads the profile, and the conditional write, which depends on
/// it and is a transaction with the words by which people are found if a name changes. One if nothing changes.
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
    MemberWith { member, resource }: MemberWith<LastSeen>,
    wanted: IfMatch,
    State(table): State<Table>,
    State(sys): State<Sys>,
    State(links): State<Links>,
    Json(patch): Json<ProfilePatch>,
) -> Result<Versioned<Me>, Error> {
    let old = member.user;
    if !wanted.names(old.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let mut new = patch.apply(&old, sys.now())?;
    if let Some(update) = difference(&old, &new) {
        new.version = old.version.saturating_add(1);
        if let Err(e) = write(&table, update, &old, &new).await {
            collision(e, &new)?;
        }
    }
    Ok(Versioned(new.version, Me::of(&new, &links).seen(resource.as_ref())))
}

/// The conditional write, together with the words by which the person is found if they change.
async fn write(table: &Table, update: Update, old: &User, new: &User) -> Result<(), WriteError> {
    if !finding::differs(old, new) {
        return table.update(update).await.map(drop);
    }
    let mut tx = Tx::new();
    let record = tx.update(update);
    finding::change(&mut tx, old, new).commit(table, tx).await.map_err(|e| match e {
        CommitError::Refused(r) => WriteError::Refused(r.current(record)),
        CommitError::Store(e) => WriteError::Store(e),
    })
}

/// `None` if the stored profile is the new one already: it was written, and the reply was lost.
fn collision(e: WriteError, new: &User) -> Result<(), Problem> {
    let stored = match e {
        WriteError::Refused(row) => row.map(Row::decode::<User>).transpose()?,
        WriteError::Store(e) => return Err(e.into()),
    };
    let written = stored.is_some_and(|stored| stored.version == new.version && difference(&stored, new).is_none());
    if written { Ok(()) } else { Err(Kind::VersionMismatch.into()) }
}
