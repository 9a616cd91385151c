//! Cancels a deletion by the link that was sent, without a session. Opening the page changes nothing. Pressing its button
//! cancels.

use axum::{extract::State, response::Response};
use kernel::Kind;
use proofs::challenge::{self, Purpose};
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Client, Error, Json, NoContent, Problems};

use crate::cancel::take_back;

/// Serves the page that the link opens if there is no frontend. Loading it reads and changes nothing.
///
/// AWS calls: none.
#[utoipa::path(get, path = "/cancel-deletion",
    responses((status = 200, content_type = "text/html", body = String), Problems))]
pub async fn get_cancel_deletion_page() -> Response {
    web::page(include_str!("cancel-deletion.html"))
}

/// The token of the link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelDeletion {
    /// The part after `#token=` in the link.
    #[schema(max_length = 100)]
    token: String,
}

/// Cancels the deletion that the link was sent for, and confirms that in the same way. The link works once, and only until the deletion
/// is scheduled again.
///
/// AWS calls: a read of the link, which has the hash to compare and the account; the transaction.
#[utoipa::path(post, path = "/v1/deletion-cancellations", request_body = CancelDeletion,
    extensions(("x-problems" = json!(["link_invalid", "deletion_begun"]))),
    responses((status = 204), Problems))]
pub async fn cancel_deletion_by_link(
    State(s): State<crate::State>,
    client: Client,
    Json(body): Json<CancelDeletion>,
) -> Result<NoContent, Error> {
    let link =
        challenge::open_link(&s.table, s.sys.now(), &s.keys.get().await?.code_key(), Purpose::DeletionCancel, body.token.trim()).await?;
    take_back(&s, link.user.ok_or(Kind::LinkInvalid)?, link.id, &client, Kind::LinkInvalid).await?;
    Ok(NoContent)
}
