//! Frames that name no known stream, or are not JSON: an error is answered, and the socket stays open.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use messaging::{connection, frame, pace::Cost};
use serde_json::Value;

use crate::State;

/// Answers the error of the frame in the function's response. It only reads whose socket it is, once, so that such frames count
/// for the account.
pub async fn answer(s: &State, event: &ApiGatewayWebsocketProxyRequest, socket: &str) -> Value {
    let body = event.body.as_deref().unwrap_or_default();
    let request = event.request_context.request_id.as_deref().unwrap_or_default();
    let refused = match s.pace.enter(&s.table, socket, Cost::Twice, s.sys.now()).await {
        Ok(owner) => Some((frame::unrouted(body), owner.locale)),
        Err(unheard) => unheard.settle(&s.table, &s.sys, &s.sockets, socket).await,
    };
    let Some((problem, locale)) = refused else { return frame::reply(None) };
    let told = frame::error(frame::ERROR_STREAM, frame::id_of(body).as_deref(), &problem, locale, request);
    frame::reply(connection::refuse(&s.sockets, socket, &problem, told).await)
}
