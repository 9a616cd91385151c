//! Cancelling a deletion with the link that was sent, without a session. Loading the page changes nothing, because mail scanners open
//! links. Its button cancels the deletion.

use accounts::{
    deletion::{Deletion, Stage},
    user::User,
};
use axum::extract::State;
use kernel::Kind;
use proofs::{
    challenge::{self, Purpose},
    link::{self, LinkOwner, LinkToken},
};
use web::{Client, Error, Json, Language, LinkPage, NoContent, Problems, RequestId, Site};

use crate::{TEXTS, cancel::cancel_scheduled};

/// Serves the page that the link opens if there is no frontend. Loading it reads and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/cancel-deletion",
    responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_cancel_deletion_page(State(site): State<Site>, Language(locale): Language) -> LinkPage {
    let (owner, call) = ("/v1/deletion-cancellations/link", "/v1/deletion-cancellations");
    LinkPage { locale, texts: TEXTS, owner, call, password: None, site }
}

/// Returns the account whose deletion a mailed link cancels, and when the deletion begins, so that a page can show both before it asks for
/// a confirmation. The link stays valid.
///
/// AWS calls: a counter, the link, the person with the scheduled deletion.
#[utoipa::path(post, path = "/v1/deletion-cancellations/link", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "deletion_begun", "too_many_requests"])), ("x-limits" = json!([link::QUESTIONS]))),
    responses((status = 200, body = LinkOwner), Problems))]
pub async fn describe_cancellation_link(
    State(s): State<crate::State>,
    client: Client,
    Json(body): Json<LinkToken>,
) -> Result<Json<LinkOwner>, Error> {
    let link = link::open(&s.table, s.sys.now(), &s.keys.get().await?.code_key(), Purpose::DeletionCancel, &client, &body).await?;
    let id = link.user.ok_or(Kind::LinkInvalid)?;
    let mut found = s.table.get_many(vec![User::key_of(id), Deletion::key_of(id)]).await?;
    let user = found.take::<User>(&User::key_of(id))?.ok_or(Kind::LinkInvalid)?;
    let deletion = found.take::<Deletion>(&Deletion::key_of(id))?.ok_or(Kind::LinkInvalid)?;
    if deletion.stage != Stage::Scheduled {
        return Err(Kind::DeletionBegun.into());
    }
    let due_at = Some(deletion.due_at.into()).filter(|_| deletion.cancel == Some(link.id)).ok_or(Kind::LinkInvalid)?;
    Ok(Json(LinkOwner { due_at: Some(due_at), ..LinkOwner::of(&link, user.username) }))
}

/// Cancels the deletion that the link was sent for, and sends a confirmation to the same contact. The link works once, and only until the
/// deletion is scheduled again.
///
/// AWS calls: a read of the link, which has the hash to compare and the account; the transaction.
#[utoipa::path(post, path = "/v1/deletion-cancellations", request_body = LinkToken,
    extensions(("x-problems" = json!(["link_invalid", "deletion_begun"]))),
    responses((status = 204), Problems))]
pub async fn cancel_deletion_by_link(
    State(s): State<crate::State>,
    client: RequestId,
    Json(body): Json<LinkToken>,
) -> Result<NoContent, Error> {
    let key = s.keys.get().await?.code_key();
    let link = challenge::open_link(&s.table, s.sys.now(), &key, Purpose::DeletionCancel, body.token.trim()).await?;
    cancel_scheduled(&s, link.user.ok_or(Kind::LinkInvalid)?, link.id, &client, Kind::LinkInvalid).await?;
    Ok(NoContent)
}
