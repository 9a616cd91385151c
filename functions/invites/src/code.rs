//! The caller's invitation code, how many people have entered it, and whose code the caller has entered.

use accounts::{
    invite::{Invite, Invitee},
    picture::Picture,
    user::{Status, User},
};
use axum::extract::State;
use callers::MemberWith;
use kernel::{Kind, Problem, Timestamp, id::UserId};
use serde::Serialize;
use store::CommitError;
use utoipa::ToSchema;
use web::{Json, Problems};

/// The caller's code.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviteCodeInfo {
    /// The code that the caller gives to others. It never changes.
    #[schema(examples("K7M2XP"))]
    code: String,
    /// The number of people who have entered the code and still have their account.
    #[schema(examples(3))]
    used: u64,
    /// The person whose code the caller has entered. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter: Option<InviterInfo>,
}

/// The person whose code was entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviterInfo {
    /// Their username. Absent if their account is no longer in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("anna"))]
    username: Option<String>,
    /// Their picture. Absent with the username.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    /// When the caller entered the code.
    entered_at: Timestamp,
    /// Whether they may see the caller's phone number.
    shows_phone: bool,
}

/// Shows the caller's invitation code, how many people have entered it, and whose code the caller has entered.
///
/// AWS calls: one, the batch that authenticates the caller and reads the code. If the caller has entered a code, another batch
/// reads that person, whose id is in the first one.
#[utoipa::path(get, path = "/v1/me/invite-code",
    extensions(("x-problems" = json!(["conflict"]))),
    responses((status = 200, body = InviteCodeInfo), Problems))]
pub async fn get_invite_code(State(s): State<crate::State>, caller: MemberWith<Invite>) -> Result<Json<InviteCodeInfo>, web::Error> {
    Ok(Json(code_info(&s, own_code(&s, caller).await?).await?))
}

/// Returns the caller's code. An account that was made by an older version and has no code gets one now.
pub async fn own_code(s: &crate::State, caller: MemberWith<Invite>) -> Result<Invite, Problem> {
    match caller.resource {
        Some(invite) => Ok(invite),
        None => create_code(s, caller.member.user.id).await,
    }
}

async fn create_code(s: &crate::State, user: UserId) -> Result<Invite, Problem> {
    match Invite::create_late(&s.table, &s.sys, user).await {
        // A concurrent request of the caller has made the code, or the account is no longer active.
        Err(CommitError::Refused(_)) => Ok(s.table.get(Invite::key_of(user)).await?.ok_or(Kind::Conflict)?),
        created => Ok(created?),
    }
}

/// Returns the answer to the owner of the code.
pub async fn code_info(s: &crate::State, invite: Invite) -> Result<InviteCodeInfo, Problem> {
    let inviter = match (invite.entered_at, invite.inviter, invite.entry()) {
        (Some(at), Some(inviter), Some(entry)) => {
            let user = User::key_of(inviter);
            let mut found = s.table.get_many(vec![user.clone(), entry.clone()]).await?;
            let user = found.take::<User>(&user)?.filter(|u| u.status == Status::Active);
            let shows_phone = found.take::<Invitee>(&entry)?.is_some_and(|entry| entry.shows_phone);
            Some(InviterInfo {
                picture: user.as_ref().map(|u| s.links.of(u.picture)),
                username: user.map(|u| u.username.to_string()),
                entered_at: at.into(),
                shows_phone,
            })
        }
        // A deleted person's picture is deleted too.
        (Some(at), ..) => Some(InviterInfo { username: None, picture: None, entered_at: at.into(), shows_phone: false }),
        (None, ..) => None,
    };
    Ok(InviteCodeInfo { code: invite.code.to_string(), used: invite.used, inviter })
}
