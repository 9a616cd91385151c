//! Step two: the mailed code. Three tries, ten minutes, another one after twenty seconds.

use accounts::{
    FlowToken,
    challenge::{self, Purpose},
    sending::Permit,
    statistics::{self, Counts},
};
use axum::extract::State;
use serde::Deserialize;
use store::{Cond, Tx, Update, field};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::{
    Limits,
    flow::{Flow, LIFE, Registration, load, mailed},
};

/// The code that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRegistrationCode {
    /// Six digits.
    #[schema(examples("042617"), max_length = 20)]
    code: String,
}

/// Proves the address by the mailed code.
///
/// AWS calls: the flow, the counted try, the transaction that uses the code up: a try must be counted before codes are compared.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code", tag = "registration", params(("flow" = FlowToken, Path)),
    request_body = VerifyRegistrationCode,
    extensions(("x-problems" = json!(["not_found", "code_invalid", "conflict"]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn verify_registration_code(
    State(s): State<crate::State>,
    Path(token): Path<FlowToken>,
    Json(body): Json<VerifyRegistrationCode>,
) -> Result<Json<Registration>, web::Error> {
    let now = s.sys.now();
    let (mut flow, _) = load(&s.table, now, &token).await?;
    if flow.proven {
        // Sent twice: the first one counted.
        return Ok(Json(Registration::new(token, flow, None)));
    }
    let challenge = challenge::attempt(&s.table, now, &s.code_key, Purpose::Registration, token.id(), body.code.trim()).await?;
    let mut tx = Tx::new();
    challenge.consume(&mut tx);
    // Bound to the address that the code went to, should the flow have moved to another meanwhile.
    tx.update(Update::of(Flow::key_of(token.id())).set("proven", true).when(field("email").eq(&challenge.destination)));
    statistics::count(&mut tx, &s.sys, Counts { verifications: 1, ..Counts::default() });
    s.table.commit(tx).await?;
    flow.proven = true;
    Ok(Json(Registration::new(token, flow, None)))
}

/// Mails another code, or the link again; the one before dies.
///
/// AWS calls: the challenge with its flow, a link in a request more; three counters together, one transaction.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code/resend", tag = "registration", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_link", "asked", "resend_client"]))),
    responses((status = 202, body = challenge::Sent), Problems))]
pub async fn resend_registration_code(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
) -> Result<web::Accepted<challenge::Sent>, web::Error> {
    let now = s.sys.now();
    let (flow, mut challenge) = mailed(&s.table, now, &token).await?;
    // A link that is asked for again leads to where it is asked for.
    challenge.flow = challenge.flow.map(|_| flow.id);
    let mut tx = Tx::new();
    challenge.resend(&mut tx, &s.sys)?;
    // A new link is good for a day, and so is what it opens.
    tx.update(Update::of(Flow::key_of(flow.id)).set("expires_at", now + LIFE).expires(now + LIFE).when(Cond::Exists));
    Permit::take(&s.table, now, Limits::resend(&client, &challenge)).await?.commit(&s.table, tx).await?;
    Ok(web::Accepted(challenge.sent()))
}
