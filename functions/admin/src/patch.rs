//! The request to change somebody's profile.

use accounts::{
    identifier::Username,
    profile::{Edit, ProfilePatch},
    staff::Role,
};
use kernel::{FieldError, Kind, Locale, PatchMember, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

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
    /// Returns the edit. An error if this role may not make it.
    pub(crate) fn parse(self, role: Role) -> Result<Edit, Problem> {
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

    /// Returns the names of the members that somebody with this role may change: those that are not refused as forbidden.
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
    fn changeable_members_are_listed() {
        let names = UpdateAccount::changeable(Role::Administrator);
        assert_eq!(names, ["username", "first_name", "last_name", "bio", "picture"]);
        assert_eq!(UpdateAccount::changeable(Role::Superuser), [&names[..], &["birth_date", "private", "language"]].concat());
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
