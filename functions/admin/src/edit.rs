//! Changing somebody's profile. Only the owner can change credentials, factors, contacts and the other settings.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    staff::Actor,
    username::FormerNames,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::Kind;
use store::Tx;
use web::{Error, IfMatch, Json, Path, Problems, Reason, RequestId, Versioned};

use crate::{
    account::{AccountDetails, details},
    patch::UpdateAccount,
};

/// Changes somebody's profile, by the same rules as for its owner, who is notified by mail or text message.
///
/// A JSON merge patch (RFC 7396), which is applied completely or not at all: 412 if the profile has changed since the version in
/// `If-Match`. A patch that changes nothing keeps the version.
///
/// For administrators with a recent proof by a second factor; some members are for superusers. Nobody changes their own account here, nor
/// that of somebody with a role as high as theirs.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; the claim of the username; a batch for the account; the
/// former usernames; the transaction; then those of reading the account.
#[utoipa::path(patch, path = "/v1/admin/users/{username}",
    params(
        ("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna"),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: the `ETag` of the account, a list of them, or `*` for any.", example = "\"v3\""),
    ),
    request_body(
        content(
            (UpdateAccount = "application/merge-patch+json", example = json!({"bio": null, "username": "anna_nowak"})),
            (UpdateAccount = "application/json", example = json!({"bio": "Climbs."})),
        )
    ),
    extensions(("x-problems" = json!(["not_found", "invalid", "version_required", "version_mismatch", "account_protected", "account_state", "conflict"]))),
    responses((status = 200, body = AccountDetails, headers(("ETag" = String, description = "The new version."))), Problems))]
pub async fn update_account(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    wanted: IfMatch,
    Path(username): Path<String>,
    Json(patch): Json<UpdateAccount>,
) -> Result<Versioned<AccountDetails>, Error> {
    let edit = patch.parse(caller.role)?;
    let mut account = Account::named(&s.table, &username).await?;
    if !wanted.names(account.user.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let user = account.user.id;
    let former = s.table.get::<FormerNames>(FormerNames::key_of(user)).await?.unwrap_or_else(|| FormerNames::none(user));
    let actor = Actor { user: caller.member.user.id, role: caller.role };
    let entry = AuditEntry::by(&s.sys, actor.user, &request.0, Action::ProfileChanged, user).because(reason);
    let mut tx = Tx::new();
    if let Some(edited) = edit.add(&mut tx, &s.sys, (actor, entry), (&account, &former), s.minimum_age)? {
        account.user = edited.commit(&s.table, &s.audit, tx).await?;
        tracing::info!(user.id = %user, actor.id = %actor.user, "a profile was changed by staff");
    }
    Ok(details(&s, account, actor).await?)
}
