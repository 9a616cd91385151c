//! Putting an account back into use that its owner, or a number that was given out again, put to rest.

use accounts::{
    Fresh, Staff,
    audit::{Action, Entry},
    staff::{self, Superuser},
    user::{Status, tell},
};
use axum::extract::State;
use events::Notice;
use kernel::{Kind, Problem};
use store::{Item as _, Tx, Update, field};
use web::{Error, NoContent, Path, Problems, RequestId};

use crate::account::Account;

/// Puts a deactivated account back into use, with everything that is in it. The sign-ins and trusted devices from before stay ended:
/// the owner signs in again as they did, and is told so, by mail or, without an address, by text message.
///
/// For superusers who have lately proven a second factor.
///
/// AWS calls: the batch that proves the session and brings the caller's roles; whose the name is; a batch for the account; the
/// transaction.
#[utoipa::path(post, path = "/v1/admin/users/{username}/reactivation", tag = "admin",
    params(("username" = String, Path, max_length = 100, description = "In any case: `Anna` is `anna`.", example = "anna")),
    extensions(("x-problems" = json!(["account_state", "conflict"]))),
    responses((status = 204, description = "It is in use again."), Problems))]
pub async fn reactivate_account(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Superuser>>,
    request: RequestId,
    Path(username): Path<String>,
) -> Result<NoContent, Error> {
    let account = Account::named(&s.table, &username).await?;
    let (user, actor) = (&account.user, caller.member.user.id);
    if user.status != Status::Deactivated {
        return Err(account.refusal().into());
    }
    let mut tx = Tx::new();
    let back = Update::of(user.key()).set("status", Status::Active).remove("deactivated_at").add("version", 1);
    tx.update(back.when(field("status").eq(Status::Deactivated)));
    let still = staff::superuser(&mut tx, actor);
    let entry = Entry::by(&s.sys, actor, &request, Action::AccountReactivated, user.id);
    s.audit.add(&mut tx, &entry.changed("status", Status::Deactivated, Status::Active));
    tell(&mut tx, &s.sys, user.id, Notice::AccountReactivated);
    s.table
        .commit(tx)
        .await
        .map_err(|e| if e.refused(still) { Kind::Forbidden.because("the caller lost the role meanwhile") } else { Problem::from(e) })?;
    tracing::info!(user.id = %user.id, actor.id = %actor, "reactivated");
    Ok(NoContent)
}
