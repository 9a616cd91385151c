//! Turning second factors on: the wizard.

use accounts::{
    audit::{Action, AuditEntry},
    session,
    user::{Factor, User, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member, MemberWith};
use events::Notice;
use kernel::{Kind, Problem, Secret};
use proofs::{
    challenge::{self, DIGITS},
    code::TypedCode,
    factor::{AppFactor, RecoveryCodes, Seed},
    password, sending,
};
use serde::Deserialize;
use store::{Tx, Update};
use utoipa::ToSchema;
use web::{Client, Created, Json, NoContent, Problems, RequestId};

use crate::{
    pending::{self, Setup, SetupState},
    recovery::RecoveryCodesShown,
    status::{Missing, missing},
};

/// The first step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartMfaSetup {
    /// The current password. Not needed for an account without one, nor right after a step-up with it.
    #[schema(value_type = Option<String>, format = Password, examples("tall giraffes dance"), max_length = 1024)]
    password: Option<Secret>,
}

/// Begins the set-up with the password, and returns the secret for the authenticator app. An earlier set-up ends.
///
/// Needs a proven phone number and e-mail address, because without them somebody who loses the app would be locked out.
///
/// AWS calls: the caller, a counter, the calls of [`password::demand`], one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/setup", request_body = StartMfaSetup,
    extensions(("x-problems" = json!(["password_wrong", "too_many_requests", "mfa_enabled", "contact_required", "conflict"])), ("x-limits" = json!([pending::SETUPS, password::DEMANDS]))),
    responses((status = 201, body = SetupState), Problems))]
pub async fn start_mfa_setup(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: Client,
    Json(body): Json<StartMfaSetup>,
) -> Result<Created<SetupState>, web::Error> {
    let user = &member.user;
    if user.has_second_step() {
        return Err(Kind::MfaEnabled.into());
    }
    let missing = missing(user);
    if !missing.is_empty() {
        return Err(Problem::new(Kind::ContactRequired)
            .with("missing", missing.into_iter().map(Missing::name).collect::<Vec<_>>().join(", "))
            .into());
    }
    pending::count(&s, user).await?;
    let keys = s.keys.get().await?;
    let mut tx = Tx::new();
    password::demand(&s.table, &keys.hasher(&s.sys), s.cooldown, &mut tx, &client, &member, body.password.as_ref()).await?;
    let app = AppFactor::new(&keys.factor_keys(&s.sys), user.id, &Seed::draw(&s.sys), s.sys.now())?;
    let setup = Setup::begin(&s.sys, &member, true, Factor::App, Some(app));
    setup.write(&mut tx);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(Created("/v1/me/mfa/setup".to_owned(), setup.first_state(&keys.factor_keys(&s.sys), user, None)?))
}

/// Shows the current set-up, so that it can be resumed after a reload. The secret of the authenticator app is not included: it
/// is shown only when the set-up begins.
///
/// A set-up belongs to the step-up after which it was begun: an access token of another step-up gets 404, also in the same
/// session.
///
/// AWS calls: the caller with the set-up, in one request.
#[utoipa::path(get, path = "/v1/me/mfa/setup",
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = SetupState), Problems))]
pub async fn get_mfa_setup(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
) -> Result<Json<SetupState>, web::Error> {
    let setup = resource.ok_or(Kind::NotFound)?.open(&member, s.sys.now())?;
    Ok(Json(setup.state(None)))
}

/// Cancels the set-up that was begun after the same step-up, if there is one. Enabled factors do not change.
///
/// AWS calls: the caller, one conditional deletion.
#[utoipa::path(delete, path = "/v1/me/mfa/setup", responses((status = 204), Problems))]
pub async fn cancel_mfa_setup(State(s): State<crate::State>, member: Member) -> Result<NoContent, web::Error> {
    Setup::cancel(&s.table, &member).await?;
    Ok(NoContent)
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveFactor {
    /// Six digits.
    #[schema(examples("042617"), format = "typed")]
    code: String,
}

impl ProveFactor {
    /// # Errors
    /// [`Kind::Invalid`] if it cannot be a code.
    pub fn code(&self) -> Result<TypedCode, Problem> {
        TypedCode::of_field(&self.code, DIGITS)
    }
}

/// Proves the app, and mails a code.
///
/// AWS calls: the caller with the set-up, the counted attempt, the challenge and the counters of sending, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/setup/app", request_body = ProveFactor,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "code_invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::SETUP_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 200, body = SetupState), Problems))]
pub async fn prove_app(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
    client: Client,
    Json(body): Json<ProveFactor>,
) -> Result<Json<SetupState>, web::Error> {
    let (now, user) = (s.sys.now(), &member.user);
    let mut setup = resource.ok_or(Kind::NotFound)?.require_step(&member, now, true, Factor::App)?;
    let app = setup.check_app(&s.table, &s.keys.get().await?.factor_keys(&s.sys), now, &body.code()?).await?;
    let mut tx = Tx::new();
    let (challenge, permit) = pending::send(&s, &mut tx, &client, user, Factor::Email).await?;
    setup.advance(&mut tx, now, Factor::Email, Some(app));
    permit.commit(&s.table, tx).await.map_err(Problem::from)?;
    Ok(Json(setup.state(Some(&challenge))))
}

/// Proves the mailbox, and sends a code by text message.
///
/// AWS calls: the caller with the set-up, the counted attempt, the challenge and the counters of sending, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/setup/email", request_body = ProveFactor,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "code_invalid", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::SETUP_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 200, body = SetupState), Problems))]
pub async fn prove_email(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
    client: Client,
    Json(body): Json<ProveFactor>,
) -> Result<Json<SetupState>, web::Error> {
    let (now, user) = (s.sys.now(), &member.user);
    let mut setup = resource.ok_or(Kind::NotFound)?.require_step(&member, now, true, Factor::Email)?;
    let proven = pending::attempt(&s, user, Factor::Email, &body.code()?).await?;
    let mut tx = Tx::new();
    proven.consume(&mut tx);
    let (challenge, permit) = pending::send(&s, &mut tx, &client, user, Factor::Sms).await?;
    setup.advance(&mut tx, now, Factor::Sms, None);
    permit.commit(&s.table, tx).await.map_err(Problem::from)?;
    Ok(Json(setup.state(Some(&challenge))))
}

/// Proves the phone, which turns second factors on. Returns the recovery codes, which are shown only once. All other sessions
/// end.
///
/// AWS calls: the caller with the set-up, the counted attempt, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/setup/sms", request_body = ProveFactor,
    extensions(("x-problems" = json!(["not_found", "step_required", "invalid", "code_invalid", "conflict"]))),
    responses((status = 201, body = RecoveryCodesShown), Problems))]
pub async fn prove_sms(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
    client: RequestId,
    Json(body): Json<ProveFactor>,
) -> Result<Created<RecoveryCodesShown>, web::Error> {
    let user = &member.user;
    let setup = resource.ok_or(Kind::NotFound)?.require_step(&member, s.sys.now(), true, Factor::Sms)?;
    let proven = pending::attempt(&s, user, Factor::Sms, &body.code()?).await?;
    let app = setup.app.as_ref().ok_or(Kind::NotFound)?;
    let hasher = s.keys.get().await?.hasher(&s.sys);
    let (shown, codes) = RecoveryCodes::draw(&s.sys, &hasher, user.id).await?;
    let mut tx = Tx::new();
    proven.consume(&mut tx);
    setup.finish(&mut tx);
    tx.put_always(app);
    tx.put_always(&codes);
    let on = Update::of(User::key_of(user.id)).set("factors", [Factor::App, Factor::Email, Factor::Sms]);
    // The app and the phone are proven too, so a password reset by mail no longer restricts codes to the mailbox.
    let on = on.remove("reset_by_mail");
    session::renew_credentials(&mut tx, &s.sys, user, on, Some(&member.session));
    let entry = AuditEntry::of_own(&s.sys, user.id, &client.0, Action::FactorsChanged);
    s.audit.add(&mut tx, &entry.changed("factors", &user.factors, vec![Factor::App, Factor::Email, Factor::Sms]));
    notify_of(&mut tx, &s.sys, user.id, Notice::MfaEnabled, &client);
    s.table.commit(tx).await.map_err(Problem::from)?;
    Ok(Created("/v1/me/mfa".to_owned(), RecoveryCodesShown::new(shown)))
}

/// Sends another code of the current step. The previous one becomes invalid.
///
/// AWS calls: the caller with the set-up, the challenge, the counters of sending, one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/setup/resend",
    extensions(("x-problems" = json!(["not_found", "factor_unavailable", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::SETUP_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 202, body = SetupState), Problems))]
pub async fn resend_mfa_setup_code(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
    client: Client,
) -> Result<web::Accepted<SetupState>, web::Error> {
    let user = &member.user;
    let setup = resource.ok_or(Kind::NotFound)?.open(&member, s.sys.now())?;
    let challenge = pending::resend(&s, &client, user, setup.step).await?;
    Ok(web::Accepted(setup.state(Some(&challenge))))
}
