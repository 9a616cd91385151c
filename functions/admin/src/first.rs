//! Becoming the first superuser, with a secret that an operator gives to one person. It is valid for an hour.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{Role, Roles},
};
use axum::extract::State;
use callers::{Fresh, MemberWith, staff};
use kernel::{Kind, Secret};
use serde::Deserialize;
use store::{CommitError, Tx, limits};
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Problems, RequestId};

use crate::offer::{Offer, TRIES};

/// The secret of an operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BecomeFirstSuperuser {
    /// The secret that `cargo xtask appoint` printed.
    #[schema(value_type = String, format = Password, max_length = 64, examples("sup_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"))]
    secret: Secret,
}

/// Makes the caller the first superuser. Possible only while there is no superuser.
///
/// Needs the secret that an operator created for the caller within the last hour, and a step-up with a second factor other than
/// a code by mail or text message. `appointment_invalid` is the answer to every secret that is wrong, used, expired or another
/// person's, and to any secret once there is a superuser. Ten attempts an hour.
///
/// AWS calls: the batch that authenticates the caller and reads the offer; the counter, before the secret is compared; the
/// caller's roles; the transaction.
#[utoipa::path(post, path = "/v1/admin/first", request_body = BecomeFirstSuperuser,
    extensions(("x-problems" = json!(["second_factor_required", "appointment_invalid", "account_state", "too_many_requests"])), ("x-limits" = json!([TRIES]))),
    responses((status = 204, description = "The caller is a superuser."), Problems))]
pub async fn become_first_superuser(
    State(s): State<crate::State>,
    Fresh(MemberWith { member, resource }): Fresh<MemberWith<Offer>>,
    request: RequestId,
    Json(body): Json<BecomeFirstSuperuser>,
) -> Result<NoContent, Error> {
    let (user, now) = (member.user.id, s.sys.now());
    staff::proven(&member, now)?;
    limits::take(&s.table, now, &[TRIES.of(user)]).await?;
    let offer = resource.filter(|offer| offer.is_for(&body.secret, now)).ok_or(Kind::AppointmentInvalid)?;
    let before = s.table.get::<Roles>(Roles::key_of(user)).await?.unwrap_or_else(|| Roles::none(user));
    let mut tx = Tx::new();
    let staying = offer.accept(&mut tx, now, &before);
    let entry = AuditEntry::by(&s.sys, user, &request.0, Action::FirstSuperuser, user);
    s.audit.add(&mut tx, &entry.changed("roles", &before.roles, before.with(Role::Superuser).roles));
    match s.table.commit(tx).await {
        Ok(()) => {
            tracing::info!(user.id = %user, "the first superuser");
            Ok(NoContent)
        }
        // The caller has scheduled the deletion of the account since the offer: no offer is made to such an account.
        Err(e) if staying.was_refused(&e) => Err(Kind::AccountState.into()),
        Err(CommitError::Refused(_)) => Err(Kind::AppointmentInvalid.into()),
        Err(CommitError::Store(e)) => Err(e.into()),
    }
}
