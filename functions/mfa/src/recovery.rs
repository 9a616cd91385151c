//! Recovery codes, for people who have lost their phone.

use accounts::{
    audit::{Action, AuditEntry},
    session,
    user::{User, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member};
use events::Notice;
use kernel::{Kind, Problem};
use proofs::factor::RecoveryCodes;
use serde::Serialize;
use store::{
    Tx, Update,
    limits::{self, DAY, Quota},
};
use utoipa::ToSchema;
use web::{Created, Problems, RequestId};

/// How often one person may draw recovery codes.
const CODE_SETS: Quota = Quota::window("recovery_sets", 10, DAY, "for an account");

/// Ten codes, each valid once. They are shown only now.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesShown {
    /// The codes.
    #[schema(examples("00-8x4m-2k7q-h5np-w9ct"))]
    recovery_codes: Vec<String>,
}

impl RecoveryCodesShown {
    pub const fn new(recovery_codes: Vec<String>) -> Self {
        Self { recovery_codes }
    }
}

/// Makes new recovery codes, which replace the former ones. All other sessions end.
///
/// AWS calls: the caller, a counter, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/recovery-codes",
    extensions(("x-problems" = json!(["mfa_not_enabled", "too_many_requests", "conflict"])), ("x-limits" = json!([CODE_SETS]))),
    responses((status = 201, body = RecoveryCodesShown), Problems))]
pub async fn create_recovery_codes(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
) -> Result<Created<RecoveryCodesShown>, web::Error> {
    let user = &member.user;
    if !user.has_second_step() {
        return Err(Kind::MfaNotEnabled.into());
    }
    // Limited because each request costs ten hashes and a mail.
    limits::take(&s.table, s.sys.now(), &[CODE_SETS.of(user.id)]).await?;
    let hasher = s.keys.get().await?.hasher(&s.sys);
    let (shown, codes) = RecoveryCodes::draw(&s.sys, &hasher, user.id).await?;
    let mut tx = Tx::new();
    tx.put_always(&codes);
    session::renew_credentials(&mut tx, &s.sys, user, Update::of(User::key_of(user.id)), Some(&member.session));
    s.audit.add(&mut tx, &AuditEntry::of_own(&s.sys, user.id, &client.0, Action::RecoveryCodesMade));
    notify_of(&mut tx, &s.sys, user.id, Notice::RecoveryCodesMade, &client);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(Created("/v1/me/mfa".to_owned(), RecoveryCodesShown::new(shown)))
}
