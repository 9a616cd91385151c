//! Changing the username. Each request is a look-up of whether a name is free. The limit on look-ups of a client counts it together with
//! `GET /v1/usernames/{username}/availability`.
//!
//! The name is used for signing in and is known to others. So a change takes a fresh proof, the owner is notified, and the former name
//! stays reserved for its owner (see [`accounts::username`]).

use accounts::{
    audit::{Action, AuditEntry},
    identifier::Username,
    people_search,
    user::{Status, User, notify_of},
    username::{CHANGES, FormerNames, LOOKUPS, UsernameClaim},
};
use axum::extract::State;
use callers::{Fresh, MemberWith};
use events::Notice;
use kernel::{FieldError, Kind, Problem};
use serde::Deserialize;
use store::{CommitError, Tx, Update, field, limits};
use utoipa::ToSchema;
use web::{Error, IfMatch, Json, Problems, RequestId, Versioned};

use crate::read::{Me, example};

/// A new username.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUsername {
    /// The new username.
    #[schema(value_type = Username)]
    username: String,
}

/// Changes the caller's username, and notifies them by mail or text message. The former name can no longer be used to sign in.
/// It is reserved for 30 days, in which its owner can take it back.
///
/// 412 if the profile has changed since the version in `If-Match`. A request for the current name changes nothing.
///
/// AWS calls: the caller with their former names; the counter of look-ups, twice if it is the first in a minute; one
/// transaction, which reserves the former name and claims the new one, so that the person never has both or none. The counter
/// comes first, because it limits how often it is revealed whether a name is free.
#[utoipa::path(put, path = "/v1/me/username", request_body = ChangeUsername,
    params(("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the profile, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["invalid", "version_required", "version_mismatch", "too_many_requests", "conflict"])), ("x-limits" = json!([LOOKUPS, CHANGES]))),
    responses(
        (status = 200, body = Me, headers(("ETag" = String, description = "The new version.")), example = json!(example())),
        Problems,
    )
)]
pub async fn change_username(
    Fresh(MemberWith { member, resource }): Fresh<MemberWith<FormerNames>>,
    wanted: IfMatch,
    State(s): State<crate::State>,
    client: RequestId,
    Json(body): Json<ChangeUsername>,
) -> Result<Versioned<Me>, Error> {
    let (old, now) = (member.user, s.sys.now());
    let name = Username::parse(&body.username).map_err(|e| Problem::field("/username", e))?;
    if !wanted.names(old.version) {
        return Err(Kind::VersionMismatch.into());
    }
    if old.username == name {
        return Ok(Versioned(old.version, Me::of(&old, &s.links)));
    }
    let former = resource.unwrap_or_else(|| FormerNames::none(old.id));
    former.may_change(now).map_err(Problem::from)?;
    limits::take(&s.table, now, &[UsernameClaim::lookups(&client)]).await?;
    let new = User { username: name.clone(), version: old.version.saturating_add(1), ..old.clone() };
    let mut tx = Tx::new();
    let free = former.rename(&mut tx, &old.username, &name, now);
    let unchanged = field("version").eq(old.version).and(field("status").eq(Status::Active));
    let record = tx.update(Update::of(User::key_of(old.id)).set("username", &name).add("version", 1).when(unchanged));
    let entry = AuditEntry::of_own(&s.sys, old.id, &client.0, Action::UsernameChanged);
    s.audit.add(&mut tx, &entry.changed("username", &old.username, &name).to_version(new.version));
    notify_of(&mut tx, &s.sys, old.id, Notice::UsernameChanged, &client);
    people_search::change(&mut tx, &old, &new).commit(&s.table, tx).await.map_err(|e| match &e {
        CommitError::Refused(r) if r.at(record) => Kind::VersionMismatch.into(),
        CommitError::Refused(r) if r.at(free) => Problem::field("/username", FieldError::USERNAME_TAKEN),
        _ => Problem::from(e),
    })?;
    Ok(Versioned(new.version, Me::of(&new, &s.links)))
}
