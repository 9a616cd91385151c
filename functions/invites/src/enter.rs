//! Entering somebody's code: once, and for good. What they may see of one is one's own to say at any time.

use accounts::{
    MemberAnd,
    invite::{Invite, InviteCode, Inviter},
};
use axum::extract::State;
use kernel::Kind;
use serde::Deserialize;
use store::{Cond, Tx, Update, WriteError, limits};
use utoipa::ToSchema;
use web::{Client, Created, Json, NoContent, Problems};

use crate::code::{InviteCodeInfo, info, own};

/// Somebody's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterInviteCode {
    /// In any case, with space around it.
    #[schema(examples("K7M2XP"), max_length = 32)]
    code: String,
    /// Whether its owner may see one's phone number. Default: no.
    #[serde(default)]
    #[schema(required = false)]
    shows_phone: bool,
}

/// Enters the code of somebody who invited one.
///
/// Once, and not to be changed. A code that is nobody's, one's own, that of somebody whose account is not in use or about to be
/// deleted, and that of somebody whom one has invited oneself are all refused as `invite_invalid`.
///
/// AWS calls: one batch for the caller and their code, two counters at once, a read of whose the code is, a batch for whether
/// they are there, a transaction, a batch for what is answered. The counters go before the look at the code, which they limit;
/// each of the others says where the next one is.
#[utoipa::path(post, path = "/v1/me/inviter", tag = "invites", request_body = EnterInviteCode,
    extensions(("x-problems" = json!(["invite_invalid", "invite_used", "too_many_requests", "conflict"])), ("x-limits" = json!(["invite"]))),
    responses((status = 201, body = InviteCodeInfo), Problems))]
pub async fn enter_invite_code(
    State(s): State<crate::State>,
    client: Client,
    caller: MemberAnd<Invite>,
    Json(body): Json<EnterInviteCode>,
) -> Result<Created<InviteCodeInfo>, web::Error> {
    let own = own(&s, caller).await?;
    if own.entered_at.is_some() {
        return Err(Kind::InviteUsed.into());
    }
    limits::take(&s.table, s.sys.now(), &InviteCode::tries(own.user, &client)).await?;
    let inviter = Inviter::find(&s.table, &body.code, own.user).await?.ok_or(Kind::InviteInvalid)?;
    let mut tx = Tx::new();
    let (entering, at) = inviter.enter(&mut tx, &s.sys, body.shows_phone);
    s.table.commit(tx).await.map_err(|e| match e {
        e if entering.was_done(&e) => Kind::InviteUsed.into(),
        e if entering.was_invalid(&e) => Kind::InviteInvalid.into(),
        e => kernel::Problem::from(e),
    })?;
    let entered = Invite { entered_at: Some(at), inviter: Some(inviter.user()), ..own };
    Ok(Created("/v1/me/invite-code".to_owned(), info(&s, entered).await?))
}

/// What the inviter may see.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInviterConsent {
    /// Whether they may see one's phone number.
    shows_phone: bool,
}

/// Says whether the person whose code one has entered may see one's phone number, or takes it back.
///
/// AWS calls: two, the batch that proves the session and says where the entry is, and its update.
#[utoipa::path(put, path = "/v1/me/inviter/consent", tag = "invites", request_body = SetInviterConsent,
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 204, description = "It is so from now on."), Problems))]
pub async fn set_inviter_consent(
    State(s): State<crate::State>,
    caller: MemberAnd<Invite>,
    Json(body): Json<SetInviterConsent>,
) -> Result<NoContent, web::Error> {
    let entry = caller.subject.and_then(|own| own.entry()).ok_or(Kind::NotFound)?;
    let consent = Update::of(entry).set("shows_phone", body.shows_phone).when(Cond::Exists);
    match s.table.update(consent).await {
        Ok(_) => Ok(NoContent),
        // The inviter has gone since.
        Err(WriteError::Refused(_)) => Err(Kind::NotFound.into()),
        Err(WriteError::Store(e)) => Err(e.into()),
    }
}
