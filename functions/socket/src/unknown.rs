//! Frames that name no stream of ours, or are no JSON at all: an answer, and the socket stays.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use kernel::{Kind, Locale};
use messaging::frame;

use crate::State;

/// The stream on which such answers come.
const STREAM: &str = "error";

/// Tells the sender what is wrong with the frame. Nobody else is told anything, so nothing needs to be read.
pub async fn answer(s: &State, event: &ApiGatewayWebsocketProxyRequest, id: &str) {
    let body = event.body.as_deref().unwrap_or_default();
    let kind = if frame::stream_of(body).is_some() { Kind::StreamUnknown } else { Kind::FrameInvalid };
    let request = event.request_context.request_id.as_deref().unwrap_or_default();
    let told = frame::error(STREAM, frame::id_of(body).as_deref(), &kind.into(), Locale::default(), request);
    s.sockets.post(id, &told).await;
}
