//! One's own code, how many entered it, and whose one has entered.

use accounts::{
    MemberAnd,
    invite::{Invite, Invitee},
    picture::Picture,
    user::{Status, User},
};
use axum::extract::State;
use kernel::{Kind, Problem, Timestamp, id::UserId};
use serde::Serialize;
use store::CommitError;
use utoipa::ToSchema;
use web::{Json, Problems};

/// One's own code.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviteCodeInfo {
    /// To be given to others. It never changes.
    #[schema(examples("K7M2XP"))]
    code: String,
    /// How many people have entered it and are still there.
    #[schema(examples(3))]
    used: u64,
    /// Whose code one has entered; absent if one has entered none.
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter: Option<InviterInfo>,
}

/// Whose code somebody has entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviterInfo {
    /// Absent if their account is no longer in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("anna"))]
    username: Option<String>,
    /// See there.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    /// When one did.
    entered_at: Timestamp,
    /// Whether they may see one's phone number.
    shows_phone: bool,
}

/// Shows one's own invitation code, how many have entered it, and whose one has entered.
///
/// AWS calls: one, the batch that proves the session and brings the code. Whoever has entered somebody's code needs another, which
/// brings that person: who it is stands in the first.
#[utoipa::path(get, path = "/v1/me/invite-code", tag = "invites",
    extensions(("x-problems" = json!(["conflict"]))),
    responses((status = 200, body = InviteCodeInfo), Problems))]
pub async fn get_invite_code(State(s): State<crate::State>, caller: MemberAnd<Invite>) -> Result<Json<InviteCodeInfo>, web::Error> {
    Ok(Json(info(&s, own(&s, caller).await?).await?))
}

/// The caller's code. Whoever has been here since before there were codes gets one now.
pub async fn own(s: &crate::State, caller: MemberAnd<Invite>) -> Result<Invite, Problem> {
    match caller.subject {
        Some(invite) => Ok(invite),
        None => given(s, caller.member.user.id).await,
    }
}

async fn given(s: &crate::State, user: UserId) -> Result<Invite, Problem> {
    match Invite::give_late(&s.table, &s.sys, user).await {
        // Another request of theirs was faster, or the account is not in use any more.
        Err(CommitError::Refused(_)) => Ok(s.table.get(Invite::key_of(user)).await?.ok_or(Kind::Conflict)?),
        given => Ok(given?),
    }
}

/// What its owner is shown.
pub async fn info(s: &crate::State, invite: Invite) -> Result<InviteCodeInfo, Problem> {
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
        // Theirs is gone with them.
        (Some(at), ..) => Some(InviterInfo { username: None, picture: None, entered_at: at.into(), shows_phone: false }),
        (None, ..) => None,
    };
    Ok(InviteCodeInfo { code: invite.code.to_string(), used: invite.used, inviter })
}
