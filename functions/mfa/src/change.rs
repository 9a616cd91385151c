//! Adding, replacing and removing a single second factor while second factors are on.

use accounts::{
    audit::{Action, AuditEntry},
    session,
    user::{Factor, User, notify_of},
};
use axum::extract::State;
use callers::{Fresh, Member, MemberWith};
use events::Notice;
use kernel::{Kind, Problem};
use proofs::{
    challenge,
    factor::{AppFactor, Seed},
    sending,
};
use store::{Tx, Update};
use web::{Client, Created, Json, NoContent, Path, Problems, RequestId};

use crate::{
    pending::{self, Setup, SetupState},
    setup::ProveFactor,
};

/// Begins to add a factor, or to replace the app: returns the secret of the app, or sends a code. The enabled factors do not
/// change until the new one is proven.
///
/// AWS calls: the caller, a counter; for a code its challenge and the counters; one transaction.
#[utoipa::path(post, path = "/v1/me/mfa/factors/{factor}", params(("factor" = Factor, Path)),
    extensions(("x-problems" = json!(["mfa_not_enabled", "mfa_enabled", "factor_unavailable", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([pending::SETUPS, challenge::SETUP_AGAIN, sending::MAILED_CODES, sending::TEXTED_CODES]))),
    responses((status = 201, body = SetupState), Problems))]
pub async fn start_factor(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: Client,
    Path(factor): Path<Factor>,
) -> Result<Created<SetupState>, web::Error> {
    let user = &member.user;
    require_second_factors(user)?;
    pending::count(&s, user).await?;
    let keys = s.keys.get().await?.factor_keys(&s.sys);
    let (mut tx, mut app, mut sent) = (Tx::new(), None, None);
    match factor {
        Factor::App => app = Some(AppFactor::new(&keys, user.id, &Seed::draw(&s.sys), s.sys.now())?),
        Factor::Email | Factor::Sms if user.factors.contains(&factor) => return Err(Kind::MfaEnabled.into()),
        Factor::Email | Factor::Sms => sent = Some(pending::send(&s, &mut tx, &client, user, factor).await?),
        Factor::Password | Factor::Passkey | Factor::RecoveryCode => return Err(Kind::FactorUnavailable.into()),
    }
    let setup = Setup::begin(&s.sys, &member, false, factor, app);
    setup.write(&mut tx);
    let (challenge, permit) = sent.unzip();
    permit.unwrap_or_default().commit(&s.table, tx).await.map_err(Problem::from)?;
    Ok(Created("/v1/me/mfa/setup".to_owned(), setup.first_state(&keys, user, challenge.as_ref())?))
}

/// Proves the new factor, which turns it on. A new app replaces the former one. All other sessions end.
///
/// AWS calls: the caller with the set-up, the counted attempt, one transaction.
#[utoipa::path(put, path = "/v1/me/mfa/factors/{factor}", params(("factor" = Factor, Path)),
    request_body = ProveFactor,
    extensions(("x-problems" = json!(["not_found", "step_required", "mfa_not_enabled", "invalid", "code_invalid", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn confirm_factor(
    State(s): State<crate::State>,
    MemberWith { member, resource }: MemberWith<Setup>,
    client: RequestId,
    Path(factor): Path<Factor>,
    Json(body): Json<ProveFactor>,
) -> Result<NoContent, web::Error> {
    let (now, user) = (s.sys.now(), &member.user);
    require_second_factors(user)?;
    let setup = resource.ok_or(Kind::NotFound)?.require_step(&member, now, false, factor)?;
    let mut tx = Tx::new();
    if factor == Factor::App {
        let app = setup.check_app(&s.table, &s.keys.get().await?.factor_keys(&s.sys), now, &body.code()?).await?;
        tx.put_always(&app);
    } else {
        pending::attempt(&s, user, factor, &body.code()?).await?.consume(&mut tx);
    }
    setup.finish(&mut tx);
    let mut factors = user.factors.clone();
    if !factors.contains(&factor) {
        factors.push(factor);
    }
    change(&s, &mut tx, &member, &client, factors).await?;
    Ok(NoContent)
}

/// Turns one factor off. The last one cannot be turned off alone: use `POST /v1/me/mfa/removal`. All other sessions end.
///
/// AWS calls: the caller, one transaction.
#[utoipa::path(delete, path = "/v1/me/mfa/factors/{factor}", params(("factor" = Factor, Path)),
    extensions(("x-problems" = json!(["mfa_not_enabled", "last_factor", "conflict"]))),
    responses((status = 204), Problems))]
pub async fn remove_factor(
    State(s): State<crate::State>,
    Fresh(member): Fresh<Member>,
    client: RequestId,
    Path(factor): Path<Factor>,
) -> Result<NoContent, web::Error> {
    let factors: Vec<Factor> = member.user.factors.iter().copied().filter(|f| *f != factor).collect();
    if factors.len() == member.user.factors.len() {
        return Err(Kind::MfaNotEnabled.into());
    }
    if factors.is_empty() {
        return Err(Kind::LastFactor.into());
    }
    let mut tx = Tx::new();
    if factor == Factor::App {
        tx.delete(AppFactor::key_of(member.user.id));
    }
    change(&s, &mut tx, &member, &client, factors).await?;
    Ok(NoContent)
}

/// Refuses a person without second factors.
fn require_second_factors(user: &User) -> Result<(), Problem> {
    if user.has_second_step() { Ok(()) } else { Err(Kind::MfaNotEnabled.into()) }
}

async fn change(s: &crate::State, tx: &mut Tx, member: &Member, client: &RequestId, factors: Vec<Factor>) -> Result<(), Problem> {
    let entry = AuditEntry::of_own(&s.sys, member.user.id, &client.0, Action::FactorsChanged);
    // A new app replaces the former one, so the list of factors may stay the same.
    s.audit.add(tx, &entry.changed("factors", &member.user.factors, &factors));
    let changed = Update::of(User::key_of(member.user.id)).set("factors", factors);
    session::renew_credentials(tx, &s.sys, &member.user, changed, Some(&member.session));
    notify_of(tx, &s.sys, member.user.id, Notice::FactorChanged, client);
    Ok(s.table.commit(std::mem::take(tx)).await?)
}
