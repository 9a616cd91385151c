//! Removing the caller's picture.

use accounts::audit::{Action, AuditEntry};
use axum::extract::State;
use callers::Member;
use events::{Outbox, files::PictureRetired};
use store::Tx;
use web::{Error, NoContent, Problems, RequestId};

/// Removes the caller's picture.
///
/// The default picture takes its place. Without a picture nothing happens.
///
/// AWS calls: two, the batch that authenticates the caller and reads the profile, and the transaction that removes the picture
/// from it and tells the processor to move the files to the trash. One without a picture.
#[utoipa::path(
    delete, path = "/v1/me/picture", operation_id = "delete_picture",
    extensions(("x-problems" = json!(["conflict"]))),
    responses((status = 204, description = "The caller has the default picture."), Problems)
)]
pub async fn delete_picture(State(s): State<crate::State>, member: Member, request: RequestId) -> Result<NoContent, Error> {
    let user = member.user;
    if let Some(picture) = user.picture {
        let mut tx = Tx::new();
        user.change_picture(&mut tx, None);
        let entry = AuditEntry::of_own(&s.sys, user.id, &request.0, Action::PictureRemoved);
        s.audit.add(&mut tx, &entry.changed("picture", picture, ()));
        Outbox::add(&mut tx, &s.sys, &PictureRetired { user: user.id, picture });
        s.table.commit(tx).await?;
    }
    Ok(NoContent)
}
