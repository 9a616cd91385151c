//! Frames of unknown streams, and frames that are not JSON: they get an error, and the socket stays open.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use messaging::{connection, frame, pace::Cost};
use serde_json::Value;

use crate::State;

/// Returns the error frame. Reads once whose socket it is, so that such frames count against the limit of the account.
pub async fn answer(s: &State, event: &ApiGatewayWebsocketProxyRequest, socket: &str) -> Value {
    let body = event.body.as_deref().unwrap_or_default();
    let request = event.request_context.request_id.as_deref().unwrap_or_default();
    let refused = match s.pace.enter(&s.table, socket, Cost::Twice, s.sys.now()).await {
        Ok(owner) => Some((frame::unrouted(body), owner.locale)),
        Err(unheard) => unheard.settle(&s.table, &s.sys, &s.sockets, socket).await,
    };
    let Some((problem, locale)) = refused else { return frame::reply(None) };
    let error = frame::error(frame::ERROR_STREAM, frame::id_of(body).as_deref(), &problem, locale, request);
    frame::reply(connection::refuse(&s.sockets, socket, &problem, error).await)
}
