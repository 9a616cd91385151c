//! The caller's profile.

use accounts::{
    last_seen::LastSeen,
    staff::{Role, Roles},
    user::{User, WhoCanMessage},
};
use axum::extract::State;
use callers::MemberWithBoth;
use kernel::{Locale, Sys, Timestamp, id::UserId};
use serde::Serialize;
use store::Table;
use utoipa::ToSchema;
use web::{Error, Problems, Versioned};

use crate::picture::{Links, Picture};

/// The whole profile of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings")]
pub struct Me {
    /// The id of the account. It never changes.
    id: UserId,
    /// The username, which is unique and in lower case.
    #[schema(examples("anna"))]
    username: String,
    /// The proven e-mail address, which nobody else sees. Absent for an account that signed up with a phone number.
    #[schema(examples("anna@example.test"))]
    email: Option<String>,
    /// The proven phone number, which nobody else sees.
    #[schema(examples("+447911123456"))]
    phone: Option<String>,
    /// 1 to 35 characters; nobody else sees it, but unless the profile is private, people are found by the words in it.
    first_name: Option<String>,
    /// 1 to 35 characters; nobody else sees it, but unless the profile is private, people are found by the words in it.
    last_name: Option<String>,
    /// `YYYY-MM-DD`; nobody else sees it.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// Up to 500 characters.
    bio: Option<String>,
    /// Whether others only see the username and the picture, and find the person only by the username.
    private: bool,
    /// The language of mails.
    language: Locale,
    /// Who may open a direct chat.
    who_can_message: WhoCanMessage,
    /// Whether everybody who knows the e-mail address finds the caller by it. Friends and the inviter always do.
    found_by_email: bool,
    /// Whether everybody who knows the phone number finds the caller by it. Friends and the inviter always do.
    found_by_phone: bool,
    /// Whether the caller shows read receipts in rooms of up to twenty people, and sees those of others.
    read_receipts: bool,
    /// Whether friends can add the caller to groups at once. Otherwise they can only invite the caller, as everybody can.
    added_by_friends: bool,
    /// The address of the picture or of the default one.
    picture: Picture,
    /// When the account was created.
    created_at: Timestamp,
    /// Whether the caller is online. Reading their own profile makes them online.
    online: bool,
    /// When the caller was last active, rounded down to the minute. Others see it unless the profile is private. Absent in the answer to
    /// a change of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<Timestamp>,
    /// The caller's roles, if they are staff: a page for staff offers what these allow. Empty for everybody else. Absent in the answer to a
    /// change of the username or of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<Role>>,
}

impl Me {
    pub fn of(user: &User, links: &Links) -> Self {
        Self {
            id: user.id,
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            phone: user.phone.as_ref().map(ToString::to_string),
            first_name: user.first_name.as_ref().map(ToString::to_string),
            last_name: user.last_name.as_ref().map(ToString::to_string),
            birth_date: user.birth_date.as_ref().map(ToString::to_string),
            bio: user.bio.clone(),
            private: user.private,
            language: user.locale,
            who_can_message: user.who_can_message,
            found_by_email: user.found_by_email,
            found_by_phone: user.found_by_phone,
            read_receipts: user.read_receipts,
            added_by_friends: user.added_by_friends,
            picture: links.of(user.picture),
            created_at: user.created_at.into(),
            online: true,
            last_seen_at: None,
            roles: None,
        }
    }

    /// Adds what is read together with the caller: the time of the last activity, and the roles.
    pub fn with(self, seen: Option<&LastSeen>, roles: Option<Roles>) -> Self {
        Self { last_seen_at: seen.map(|s| s.at.into()), roles: Some(roles.map(|r| r.roles).unwrap_or_default()), ..self }
    }
}

/// Reads the caller's profile.
///
/// The `ETag` is the version of the profile, which a change sends in `If-Match`.
///
/// For a person without a socket, this request counts as activity (`online`, `last_seen_at`).
///
/// AWS calls: one, the batch that also authenticates the caller. At most once a minute an update, which records the activity.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "get_me",
    responses(
        (status = 200, body = Me, headers(("ETag" = String, description = "The version, such as `\"v3\"`.")), example = json!(example())),
        Problems,
    )
)]
pub async fn get_me(
    MemberWithBoth { member, first, second }: MemberWithBoth<LastSeen, Roles>,
    State(table): State<Table>,
    State(sys): State<Sys>,
    State(links): State<Links>,
) -> Result<Versioned<Me>, Error> {
    let seen = match first {
        Some(seen) => Some(seen.renew(&table, &sys).await),
        None => None,
    };
    Ok(Versioned(member.user.version, Me::of(&member.user, &links).with(seen.as_ref(), second)))
}

/// Returns an example of a profile.
pub fn example() -> serde_json::Value {
    serde_json::json!({
        "id": "usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP",
        "username": "anna",
        "email": "anna@example.test",
        "phone": "+447911123456",
        "first_name": "Anna",
        "last_name": "Nowak",
        "birth_date": "1998-05-17",
        "bio": "Climbs.",
        "private": false,
        "language": "pl",
        "who_can_message": "everyone",
        "found_by_email": false,
        "found_by_phone": false,
        "read_receipts": true,
        "added_by_friends": true,
        "picture": Picture::example(),
        "created_at": "2026-11-21T08:00:00.000Z",
        "online": true,
        "last_seen_at": "2026-11-25T12:00:00.000Z",
        "roles": [],
    })
}
