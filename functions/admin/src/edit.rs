//! Changing somebody's profile. Only the owner can change credentials, factors, contacts and the other settings.

use accounts::{
    audit::{Action, AuditEntry},
    directory::Account,
    identifier::Username,
    profile::{Edit, ProfilePatch},
    staff::{Actor, Role},
    username::FormerNames,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{FieldError, Kind, Locale, PatchMember, Problem};
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use web::{Error, IfMatch, Json, Path, Problems, Reason, RequestId, Versioned};

use crate::account::{AccountDetails, details};

/// The members to change. Absent ones stay as they are, and `null` clears those that may be empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    first_name: PatchMember<String>,
    /// 1 to 35 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 35)]
    last_name: PatchMember<String>,
    /// Up to 500 characters, or `null`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    bio: PatchMember<String>,
    /// Another username. The former one stays reserved for the person for 30 days.
    #[serde(default)]
    #[schema(value_type = Username, required = false)]
    username: PatchMember<String>,
    /// `null` for the default picture. No other value is taken.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 30)]
    picture: PatchMember<String>,
    /// `YYYY-MM-DD`, at least 16 years ago unless the deployment sets another age, or `null`. For superusers only.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, max_length = 10)]
    birth_date: PatchMember<String>,
    /// Whether others only see the username and the picture. For superusers only.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    private: PatchMember<bool>,
    /// The language of mails. For superusers only.
    #[serde(default)]
    #[schema(value_type = Locale, required = false)]
    language: PatchMember<String>,
}

impl UpdateAccount {
    /// The edit. An error if this role may not make it.
    fn parse(self, role: Role) -> Result<Edit, Problem> {
        let Self { first_name, last_name, bio, username, picture, birth_date, private, language } = self;
        let username = match username {
            PatchMember::Leave => None,
            PatchMember::Clear => return Err(Problem::field("/username", FieldError::REQUIRED)),
            PatchMember::To(typed) => Some(Username::parse(&typed).map_err(|e| Problem::field("/username", e))?),
        };
        let picture = match picture {
            PatchMember::Leave => PatchMember::Leave,
            PatchMember::Clear => PatchMember::Clear,
            PatchMember::To(_) => return Err(Problem::field("/picture", FieldError::CHOICE)),
        };
        let patch = ProfilePatch { first_name, last_name, bio, birth_date, private, language, ..ProfilePatch::default() };
        let edit = Edit { patch, username, picture };
        if edit.takes().is_none_or(|least| role < least) {
            return Err(Kind::Forbidden.because("a member of the profile that superusers alone may change"));
        }
        Ok(edit)
    }

    /// The names of the members that somebody with this role may change: those that are not refused as forbidden.
    pub(crate) fn changeable(role: Role) -> Vec<&'static str> {
        let each = [
            ("username", Self { username: PatchMember::Clear, ..Self::default() }),
            ("first_name", Self { first_name: PatchMember::Clear, ..Self::default() }),
            ("last_name", Self { last_name: PatchMember::Clear, ..Self::default() }),
            ("bio", Self { bio: PatchMember::Clear, ..Self::default() }),
            ("picture", Self { picture: PatchMember::Clear, ..Self::default() }),
            ("birth_date", Self { birth_date: PatchMember::Clear, ..Self::default() }),
            ("private", Self { private: PatchMember::Clear, ..Self::default() }),
            ("language", Self { language: PatchMember::Clear, ..Self::default() }),
        ];
        let may = |patch: Self| patch.parse(role).map_or_else(|problem| problem.kind != Kind::Forbidden, |_| true);
        each.into_iter().filter_map(|(name, patch)| may(patch).then_some(name)).collect()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str, role: Role) -> Result<Edit, &'static str> {
        serde_json::from_str::<UpdateAccount>(json).map_err(|_| "malformed")?.parse(role).map_err(|p| p.kind.code())
    }

    #[test]
    fn what_may_be_changed_depends_on_the_role() {
        for json in [r#"{"bio":null}"#, r#"{"first_name":"Ana","last_name":null}"#, r#"{"username":"ana"}"#, r#"{"picture":null}"#] {
            assert!(parsed(json, Role::Administrator).is_ok(), "{json}");
        }
        for json in [r#"{"birth_date":null}"#, r#"{"private":true}"#, r#"{"language":"pl","bio":null}"#] {
            assert_eq!(parsed(json, Role::Administrator).err(), Some("forbidden"), "{json}");
            assert!(parsed(json, Role::Superuser).is_ok(), "{json}");
        }
        assert_eq!(parsed(r#"{"username":null}"#, Role::Superuser).err(), Some("invalid"));
    }

    #[test]
    fn what_may_be_changed_is_told() {
        let told = UpdateAccount::changeable(Role::Administrator);
        assert_eq!(told, ["username", "first_name", "last_name", "bio", "picture"]);
        assert_eq!(UpdateAccount::changeable(Role::Superuser), [&told[..], &["birth_date", "private", "language"]].concat());
        for name in UpdateAccount::changeable(Role::Superuser) {
            assert_ne!(parsed(&format!(r#"{{"{name}":null}}"#), Role::Superuser).err(), Some("malformed"), "{name}");
        }
    }

    #[test]
    fn protected_members_are_unknown() {
        for name in [
            "id",
            "email",
            "phone",
            "password",
            "factors",
            "passkeys",
            "mfa_secret",
            "role",
            "roles",
            "status",
            "state",
            "version",
            "created_at",
            "who_can_message",
            "found_by_email",
            "found_by_phone",
            "read_receipts",
            "pk",
            "gsi1pk",
            "ttl",
            "credentials",
        ] {
            assert_eq!(parsed(&format!(r#"{{"{name}":null}}"#), Role::Superuser).err(), Some("malformed"), "{name}");
        }
        assert_eq!(parsed(r#"{"picture":"pic_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"#, Role::Superuser).err(), Some("invalid"));
    }
}
