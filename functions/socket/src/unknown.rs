//! Frames that name no stream of ours, or are no JSON at all: an answer, and the socket stays.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use kernel::{Kind, Problem};
use messaging::{connection, frame, pace::Cost};
use serde_json::Value;

use crate::State;

/// The stream on which such answers come.
const STREAM: &str = "error";

/// Tells the sender what is wrong with the frame, in the function's response. Nobody else is told anything, and nothing is read but
/// whose the socket is, once, so that such frames count for the account.
pub async fn answer(s: &State, event: &ApiGatewayWebsocketProxyRequest, socket: &str) -> Value {
    let body = event.body.as_deref().unwrap_or_default();
    let kind = if frame::stream_of(body).is_some() { Kind::StreamUnknown } else { Kind::FrameInvalid };
    let request = event.request_context.request_id.as_deref().unwrap_or_default();
    let refused = match s.pace.enter(&s.table, socket, Cost::Twice, s.sys.now()).await {
        Ok(owner) => Some((Problem::from(kind), owner.locale)),
        Err(unheard) => unheard.settle(&s.table, &s.sys, &s.sockets, socket).await,
    };
    let Some((problem, locale)) = refused else { return frame::reply(None) };
    let told = frame::error(STREAM, frame::id_of(body).as_deref(), &problem, locale, request);
    frame::reply(connection::refuse(&s.sockets, socket, &problem, told).await)
}
