//! Step two: the mailed code. By default it allows three attempts, is valid for ten minutes, and can be sent again after twenty seconds.

use accounts::statistics::{self, Counts};
use axum::extract::State;
use http::HeaderMap;
use proofs::{
    FlowToken,
    challenge::{self, DIGITS, Purpose},
    code::TypedCode,
    code_attempt,
    guesses::{self, ClientGuesses},
    sending::{self, Request, Requester},
};
use serde::Deserialize;
use store::{Cond, Tx, Update, field};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::{
    RESENDS,
    flow::{Flow, LIFE, Registration, load_with, load_with_mail},
};

/// The code that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRegistrationCode {
    /// Six digits, or the letters and digits of a long code.
    #[schema(examples("042617"), format = "typed")]
    code: String,
}

/// Proves the address with the mailed code.
///
/// AWS calls: the flow with the client's counters, the counted attempt, the transaction that uses the code up: an attempt must
/// be counted before codes are compared. A wrong code costs three concurrent counters.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code", params(("flow" = FlowToken, Path)),
    request_body = VerifyRegistrationCode,
    extensions(("x-problems" = json!(["not_found", "invalid", "code_invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([guesses::BY_CLIENT]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn verify_registration_code(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<VerifyRegistrationCode>,
) -> Result<Json<Registration>, web::Error> {
    let code = TypedCode::of_field(&body.code, DIGITS)?;
    let (now, guesses) = (s.sys.now(), ClientGuesses::of(&client));
    let (mut flow, _, mut found) = load_with(&s.table, now, &token, guesses.keys()).await?;
    if flow.proven {
        // A repeated request: the first one was accepted.
        return Ok(Json(Registration::new(token, flow, None)));
    }
    let guesses = guesses.judge(&mut found, now)?;
    let challenge = match code_attempt::attempt(&s.table, now, &s.code_key, Purpose::Registration, token.id(), &code).await {
        Ok(challenge) => challenge,
        Err(problem) => {
            guesses.wrong(&s.table, now, &client, &problem).await?;
            return Err(problem.into());
        }
    };
    let mut tx = Tx::new();
    challenge.consume(&mut tx);
    // The code proves only the address it was sent to: a concurrent request may have changed the address of the flow.
    tx.update(Update::of(Flow::key_of(token.id())).set("proven", true).when(field("email").eq(&challenge.destination)));
    statistics::count(&mut tx, &s.sys, Counts { verifications: 1, ..Counts::default() });
    s.table.commit(tx).await?;
    flow.proven = true;
    Ok(Json(Registration::new(token, flow, None)))
}

/// Mails another code, or the link again. The previous one becomes invalid.
///
/// AWS calls: the challenge with its flow, and a link in another request; the counters, read and then counted together; one
/// transaction. A shown device costs another read.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code/resend", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found", "proof_of_work_required", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!([challenge::MAIL_AGAIN, challenge::LINK_AGAIN, sending::ASKED, RESENDS]))),
    responses((status = 202, body = challenge::Sent), Problems))]
pub async fn resend_registration_code(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
) -> Result<web::Accepted<challenge::Sent>, web::Error> {
    let now = s.sys.now();
    let (flow, mut challenge) = load_with_mail(&s.table, now, &token).await?;
    // All flows of an address share one link. The new link activates the flow of this request.
    challenge.flow = challenge.flow.map(|_| flow.id);
    let before = challenge.again(now)?;
    let request = Request::of_anybody(challenge.purpose, &challenge.contact(), &client);
    let mut found = s.table.get_many(request.keys().collect()).await?;
    let requester = Requester { client: &client, headers: &headers, gate: &s.gate };
    let permit = s.permit(requester, &mut found, request, &mut challenge, vec![RESENDS.of(client.network())]).await?;
    let mut tx = Tx::new();
    challenge.replace(&mut tx, &s.sys, Some(&before));
    // The flow must not expire before its new link.
    tx.update(Update::of(Flow::key_of(flow.id)).set("expires_at", now + LIFE).expires(now + LIFE).when(Cond::Exists));
    permit.commit(&s.table, tx).await?;
    Ok(web::Accepted(challenge.sent()))
}
