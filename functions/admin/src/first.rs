//! Becoming the first superuser, by a secret that an operator was given for one person and an hour.

use accounts::{
    Fresh, MemberAnd,
    audit::{Action, Entry},
    first::Offer,
    staff::{self, Role, Roles},
};
use axum::extract::State;
use kernel::{Kind, Secret};
use serde::Deserialize;
use store::{CommitError, Tx, limits};
use utoipa::ToSchema;
use web::{Error, Json, NoContent, Problems, RequestId};

/// What an operator has handed over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BecomeFirstSuperuser {
    /// What `cargo xtask appoint` printed.
    #[schema(value_type = String, format = Password, max_length = 64, examples("sup_q83vEjRWeJC6q83vEjRWeJC6q83vEjRWeJC6q83vEjQ"))]
    secret: Secret,
}

/// Makes the caller the first superuser, once, while there is none.
///
/// It takes the secret that an operator got for the caller within the last hour, and a second factor that no message carries, lately
/// proven. A secret that is wrong, another person's, spent or expired and one that comes when there is a superuser are all refused as
/// `appointment_invalid`; ten tries an hour are all.
///
/// AWS calls: the batch that proves the session and brings the offer; the counter, before the secret is compared; the caller's roles;
/// the transaction.
#[utoipa::path(post, path = "/v1/admin/first", tag = "admin", request_body = BecomeFirstSuperuser,
    extensions(("x-problems" = json!(["second_factor_required", "appointment_invalid", "account_state", "too_many_requests"])), ("x-limits" = json!(["superuser_offer"]))),
    responses((status = 204, description = "The caller is superuser."), Problems))]
pub async fn become_first_superuser(
    State(s): State<crate::State>,
    Fresh(MemberAnd { member, subject }): Fresh<MemberAnd<Offer>>,
    request: RequestId,
    Json(body): Json<BecomeFirstSuperuser>,
) -> Result<NoContent, Error> {
    let (user, now) = (member.user.id, s.sys.now());
    staff::proven(&member, now)?;
    limits::take(&s.table, now, &[Offer::tries(user)]).await?;
    let offer = subject.filter(|offer| offer.is_for(&body.secret, now)).ok_or(Kind::AppointmentInvalid)?;
    let before = s.table.get::<Roles>(Roles::key_of(user)).await?.unwrap_or_else(|| Roles::none(user));
    let mut tx = Tx::new();
    let staying = offer.accept(&mut tx, now, &before);
    let entry = Entry::by(&s.sys, user, &request, Action::FirstSuperuser, user);
    s.audit.add(&mut tx, &entry.changed("roles", &before.roles, before.with(Role::Superuser).roles));
    match s.table.commit(tx).await {
        Ok(()) => {
            tracing::info!(user.id = %user, "the first superuser");
            Ok(NoContent)
        }
        // Only by their own doing: an offer is made to nobody who is about to leave.
        Err(e) if staying.was_refused(&e) => Err(Kind::AccountState.into()),
        Err(CommitError::Refused(_)) => Err(Kind::AppointmentInvalid.into()),
        Err(CommitError::Store(e)) => Err(e.into()),
    }
}
