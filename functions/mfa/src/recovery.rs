//! Recovery codes: for the day on which the phone is lost.

use accounts::{
    Fresh, Member,
    factor::RecoveryCodes,
    session,
    user::{User, tell},
};
use axum::extract::State;
use events::Notice;
use kernel::{Kind, Problem};
use serde::Serialize;
use store::{
    Cond, Tx, Update,
    limits::{self, DAY, Limit},
};
use utoipa::ToSchema;
use web::{Created, Problems};

/// Ten codes, each good once. They are shown now and never again.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesShown {
    #[schema(examples(json!(["00-8x4m-2k7q-h5np-w9ct", "01-d3vz-6yre-0jgs-b1fa"])))]
    recovery_codes: Vec<String>,
}

impl RecoveryCodesShown {
    pub const fn new(recovery_codes: Vec<String>) -> Self {
        Self { recovery_codes }
    }
}

/// Makes new recovery codes; those from before are void. Every other sign-in ends.
///
/// AWS calls: the caller, a counter, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/recovery-codes", tag = "mfa",
    extensions(("x-problems" = json!(["mfa_not_enabled", "too_many_requests", "conflict"])), ("x-limits" = json!(["recovery_sets"]))),
    responses((status = 201, body = RecoveryCodesShown), Problems))]
pub async fn create_recovery_codes(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
) -> Result<Created<RecoveryCodesShown>, web::Error> {
    let user = &member.user;
    if !user.has_second_step() {
        return Err(Kind::MfaNotEnabled.into());
    }
    // Each costs ten hashes, and tells by mail.
    limits::take(&s.table, s.sys.now(), &[Limit::new("recovery_sets", user.id, 10, DAY)]).await?;
    let (shown, codes) = RecoveryCodes::draw(&s.sys, &s.hasher, user.id).await?;
    let mut tx = Tx::new();
    tx.put(&codes, Cond::Absent.or(Cond::Exists));
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(User::key_of(user.id)), Some(&member.session));
    tell(&mut tx, &s.sys, user.id, Notice::RecoveryCodesMade);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(Created("/v1/me/mfa".to_owned(), RecoveryCodesShown::new(shown)))
}
