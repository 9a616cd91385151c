//! Step two: the mailed code. Three tries, ten minutes, another one after twenty seconds.

use accounts::statistics::{self, Counts};
use axum::extract::State;
use http::HeaderMap;
use proofs::{
    FlowToken,
    challenge::{self, Purpose},
    guesses::ByClient,
    sending::{Asker, Request},
};
use serde::Deserialize;
use store::{Cond, Tx, Update, field};
use utoipa::ToSchema;
use web::{Client, Json, Path, Problems};

use crate::{
    Limits,
    flow::{Flow, LIFE, Registration, load_with, mailed},
};

/// The code that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRegistrationCode {
    /// Six digits, or the letters and digits of a long code.
    #[schema(examples("042617"), max_length = 20)]
    code: String,
}

/// Proves the address by the mailed code.
///
/// AWS calls: the flow with the client's counters, the counted try, the transaction that uses the code up: a try must be counted before
/// codes are compared. A wrong code three counters at once.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code", tag = "registration", params(("flow" = FlowToken, Path)),
    request_body = VerifyRegistrationCode,
    extensions(("x-problems" = json!(["not_found", "code_invalid", "too_many_requests", "conflict"])), ("x-limits" = json!(["guesses"]))),
    responses((status = 200, body = Registration), Problems))]
pub async fn verify_registration_code(
    State(s): State<crate::State>,
    client: Client,
    Path(token): Path<FlowToken>,
    Json(body): Json<VerifyRegistrationCode>,
) -> Result<Json<Registration>, web::Error> {
    let (now, guesses) = (s.sys.now(), ByClient::of(&client));
    let (mut flow, _, mut found) = load_with(&s.table, now, &token, guesses.keys()).await?;
    if flow.proven {
        // Sent twice: the first one counted.
        return Ok(Json(Registration::new(token, flow, None)));
    }
    let guesses = guesses.judge(&mut found, now)?;
    let challenge = match challenge::attempt(&s.table, now, &s.code_key, Purpose::Registration, token.id(), &body.code).await {
        Ok(challenge) => challenge,
        Err(problem) => {
            guesses.wrong(&s.table, now, &client, &problem).await?;
            return Err(problem.into());
        }
    };
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
/// AWS calls: the challenge with its flow, a link in a request more; the counters, read and then counted together; one transaction. A
/// device that is shown costs a read more.
#[utoipa::path(post, path = "/v1/registrations/{flow}/code/resend", tag = "registration", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found", "proof_of_work_required", "resend_too_early", "too_many_requests", "conflict"])), ("x-limits" = json!(["resend_mail", "resend_link", "asked_destination", "asked_known", "resend_client"]))),
    responses((status = 202, body = challenge::Sent), Problems))]
pub async fn resend_registration_code(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
) -> Result<web::Accepted<challenge::Sent>, web::Error> {
    let now = s.sys.now();
    let (flow, mut challenge) = mailed(&s.table, now, &token).await?;
    // A link that is asked for again leads to where it is asked for.
    challenge.flow = challenge.flow.map(|_| flow.id);
    let before = challenge.again(now)?;
    let request = Request::of_anybody(challenge.purpose, &challenge.contact(), &client);
    let mut found = s.table.get_many(request.keys().collect()).await?;
    let asker = Asker { client: &client, headers: &headers, gate: &s.gate };
    let permit = s.permit(asker, &mut found, request, &mut challenge, Limits::resend(&client)).await?;
    let mut tx = Tx::new();
    challenge.replace(&mut tx, &s.sys, Some(&before));
    // A new link is good for a day, and so is what it opens.
    tx.update(Update::of(Flow::key_of(flow.id)).set("expires_at", now + LIFE).expires(now + LIFE).when(Cond::Exists));
    permit.commit(&s.table, tx).await?;
    Ok(web::Accepted(challenge.sent()))
}
