//! Entering the code of another person. This is possible once and cannot be changed. The caller decides at any time whether that person
//! sees the caller's phone number.

use accounts::invite::{self, Invite, InviteCode, Inviter};
use axum::extract::State;
use callers::MemberWith;
use kernel::{Kind, Problem};
use serde::Deserialize;
use store::{Cond, Conditional as _, Tx, Update, limits};
use utoipa::ToSchema;
use web::{Client, Created, Json, NoContent, Problems};

use crate::code::{InviteCodeInfo, code_info, own_code};

/// The code of another person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterInviteCode {
    /// In upper or lower case, with or without spaces and hyphens.
    #[schema(examples("K7M2XP"), format = "typed")]
    code: String,
    /// Whether the owner of the code may see the caller's phone number. Default: no.
    #[serde(default)]
    #[schema(required = false)]
    shows_phone: bool,
}

/// Enters the code of the person who invited the caller.
///
/// A code can be entered once and not be changed. `invite_invalid` is the answer to an unknown code, the caller's own code, the
/// code of an account that is not active or has a scheduled deletion, and the code of a person whom the caller has invited.
///
/// AWS calls: one batch for the caller and their code, two concurrent counters, a read of the code's claim, a batch for its
/// owner, a transaction, a batch for the answer. The counters come before the claim because they limit look-ups of codes. Each other call
/// needs a key from the one before it.
#[utoipa::path(post, path = "/v1/me/inviter", request_body = EnterInviteCode,
    extensions(("x-problems" = json!(["invalid", "invite_invalid", "invite_used", "too_many_requests", "conflict"])), ("x-limits" = json!([invite::TRIES]))),
    responses((status = 201, body = InviteCodeInfo), Problems))]
pub async fn enter_invite_code(
    State(s): State<crate::State>,
    client: Client,
    caller: MemberWith<Invite>,
    Json(body): Json<EnterInviteCode>,
) -> Result<Created<InviteCodeInfo>, web::Error> {
    let own = own_code(&s, caller).await?;
    if own.entered_at.is_some() {
        return Err(Kind::InviteUsed.into());
    }
    let code = InviteCode::parse(&body.code).map_err(|e| Problem::field("/code", e))?;
    limits::take(&s.table, s.sys.now(), &InviteCode::tries(own.user, &client)).await?;
    let inviter = Inviter::find(&s.table, &code, own.user).await?.ok_or(Kind::InviteInvalid)?;
    let mut tx = Tx::new();
    let (entering, at) = inviter.enter(&mut tx, &s.sys, body.shows_phone);
    s.table.commit(tx).await.map_err(|e| match e {
        e if entering.was_entered_before(&e) => Kind::InviteUsed.into(),
        e if entering.was_invalid(&e) => Kind::InviteInvalid.into(),
        e => Problem::from(e),
    })?;
    let entered = Invite { entered_at: Some(at), inviter: Some(inviter.user()), ..own };
    Ok(Created("/v1/me/invite-code".to_owned(), code_info(&s, entered).await?))
}

/// Which data of the caller the inviter may see.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInviterConsent {
    /// Whether the inviter may see the caller's phone number.
    shows_phone: bool,
}

/// Allows or forbids the person whose code the caller has entered to see the caller's phone number.
///
/// AWS calls: two, the batch that authenticates the caller and reads the key of the entry, and its update.
#[utoipa::path(put, path = "/v1/me/inviter/consent", request_body = SetInviterConsent,
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204, description = "The consent is stored or withdrawn."), Problems))]
pub async fn set_inviter_consent(
    State(s): State<crate::State>,
    caller: MemberWith<Invite>,
    Json(body): Json<SetInviterConsent>,
) -> Result<NoContent, web::Error> {
    let entry = caller.resource.and_then(|own| own.entry()).ok_or(Kind::NotFound)?;
    let consent = Update::of(entry).set("shows_phone", body.shows_phone).when(Cond::Exists);
    // Refused: the inviter's account has been deleted in the meantime.
    if s.table.update(consent).await.applied()? { Ok(NoContent) } else { Err(Kind::NotFound.into()) }
}
