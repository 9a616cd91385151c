//! The rules of the public room, which only staff administrate.

use accounts::{
    audit::{Action, AuditEntry},
    staff,
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Moderator};
use kernel::Fields;
use messaging::room::{RulesChange, SlowMode, SlowModeChange, change_public};
use serde::Deserialize;
use store::Tx;
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Problems, RequestId};

use crate::still_moderator;

/// The rules of the public room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPublicRoom {
    /// How many seconds everybody except staff has to wait between two messages. 0 for no slow mode.
    #[schema(maximum = 120, examples(30))]
    slow_mode_seconds: u32,
    /// Whether swear words in new messages are masked.
    masks_profanity: bool,
}

/// Sets the rules of the public room. They apply to new messages. `GET /v1/rooms/public` shows the current ones.
///
/// For moderators with a recent proof by a second factor.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a transaction.
#[utoipa::path(put, path = "/v1/moderation/public-room", request_body = SetPublicRoom,
    extensions(("x-problems" = json!(["invalid"]))),
    responses((status = 204, description = "They hold."), Problems))]
pub async fn set_public_room(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Moderator>>,
    request: RequestId,
    Json(body): Json<SetPublicRoom>,
) -> Result<NoContent, Error> {
    let mut fields = Fields::new();
    let slow_mode = fields.take("/slow_mode_seconds", SlowMode::parse(body.slow_mode_seconds));
    fields.finish()?;
    let slow_mode = slow_mode.map_or(SlowModeChange::Stays, Into::into);
    let me = caller.member.user.id;
    let mut tx = Tx::new();
    change_public(&mut tx, RulesChange { slow_mode, masks: Some(body.masks_profanity) }, s.sys.now());
    let still = still_moderator(&mut tx, me);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::PublicRoomChanged, me);
    let entry = entry.changed("slow_mode_seconds", (), body.slow_mode_seconds).changed("masks_profanity", (), body.masks_profanity);
    s.audit.add(&mut tx, &entry);
    s.table.commit(tx).await.map_err(|e| staff::refused(e, still))?;
    Ok(NoContent)
}
