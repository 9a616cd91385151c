//! Asking for another code in the same flow.

use axum::extract::State;
use http::HeaderMap;
use kernel::Kind;
use proofs::{
    FlowToken,
    challenge::{self, Challenge, Sent},
    sending::{self, Requester},
};
use store::Tx;
use web::{Accepted, Client, Path, Problems};

use crate::{flow::Flow, start::CodeRequest};

/// Sends another code to the same number. The previous one becomes invalid.
///
/// Allowed when the previous code has expired or could not be sent. After a sign-in with the number in any flow, nothing can be
/// sent again: begin a new sign-in.
///
/// AWS calls: the flow, the former code, then the same as for the first code.
#[utoipa::path(post, path = "/v1/phone-sign-ins/{flow}/resend", params(("flow" = FlowToken, Path)),
    extensions(("x-problems" = json!(["not_found", "invalid", "proof_of_work_required", "resend_too_early", "too_many_requests"])), ("x-limits" = json!([challenge::PHONE_AGAIN, sending::ASKED, sending::UNPROVEN_TEXTS]))),
    responses((status = 202, body = Sent), Problems))]
pub async fn resend_phone_code(
    State(s): State<crate::State>,
    client: Client,
    headers: HeaderMap,
    Path(token): Path<FlowToken>,
) -> Result<Accepted<Sent>, web::Error> {
    let flow = Flow::load(&s.table, s.sys.now(), &token).await?;
    let before = s.table.get::<Challenge>(Challenge::key_of(flow.challenge)).await?.ok_or(Kind::NotFound)?;
    let to = before.contact();
    let request = CodeRequest::new(&s, Requester { client: &client, headers: &headers, gate: &s.gate }, &to);
    let mut found = s.table.get_many(request.keys()).await?;
    Ok(Accepted(request.send(&mut found, &flow, Some(&before), Tx::new()).await?))
}
