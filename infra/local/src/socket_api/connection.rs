//! A WebSocket connection: its frames, its messages, the limits of API Gateway, and the close.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::body::Bytes;
use function::RawValue;
use futures_util::{FutureExt as _, Sink, SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use kernel::Time;
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt as _,
    sync::mpsc::{self, error::TryRecvError},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::CapacityError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    ConnectionInfo, MAX_MESSAGE, Outgoing, READ_BUFFER, closes_at,
    event::{Cause, event},
    gateway::{FunctionResponse, Gateway},
};
use crate::{
    Core,
    activity::Guard,
    hosts::Trace,
    http_api::request_id,
    requests::{Begun, Handled, SOCKET},
};

/// The largest frame, in bytes.
const MAX_FRAME: usize = 32 * 1024;
/// How long a closed connection is still read, so that the client reads the close frame.
const CLOSE_PATIENCE: Duration = Duration::from_millis(200);
/// The longest time of a close, if the client goes on sending, or reads nothing.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// How long a client may read nothing of what is sent to it. Then its connection ends, and with it the guards of what is still queued.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// The most messages that are sent before the next frame is read.
const MESSAGES_AT_ONCE: usize = 1_000;
/// The reason with which a function closes a connection.
const CLOSED: &str = "Connection closed normally";
/// The reason with which a connection is closed whose time is over.
const AWAY: &str = "Going away";

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A connection, with its function's routes and its id.
pub(super) struct Caller {
    pub info: ConnectionInfo,
    pub domain_name: String,
}

/// How a connection ended: the close code and the reason.
struct End(u16, String);

/// Serves a connection from its acceptance to its end.
pub(super) async fn serve(gateway: Arc<Gateway>, caller: Caller, upgrade: OnUpgrade, mut requests: mpsc::UnboundedReceiver<Outgoing>) {
    let core = Arc::clone(&gateway.core);
    let caller = Arc::new(caller);
    let (mut open, mut closing) = (None, None);
    let end = match upgrade.await {
        Ok(upgraded) => {
            let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
            let config = config.max_frame_size(Some(MAX_FRAME)).max_message_size(Some(MAX_MESSAGE));
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
            run(&gateway, &caller, open.insert(socket), &mut requests, &mut closing).await
        }
        Err(_) => End(1006, String::new()),
    };
    let guard = core.activity.begin();
    core.connections.remove(&caller.info.id);
    // The client sees the end only now, when what follows from it is pending work.
    drop(open);
    tracing::info!(connection = caller.info.id, code = end.0, "socket closed");
    notify(&core, &caller, "$disconnect", Cause::Disconnect { code: end.0, reason: &end.1 }).await;
    // Unread requests have guards too.
    drop((guard, closing, requests));
}

/// Serves an open connection until it ends. If this side closes it, `closing` is the guard of that.
async fn run(
    gateway: &Arc<Gateway>,
    caller: &Arc<Caller>,
    socket: &mut Socket,
    requests: &mut mpsc::UnboundedReceiver<Outgoing>,
    closing: &mut Option<Guard>,
) -> End {
    let core = &gateway.core;
    let connected: Time = caller.info.connected_at.0;
    let mut active = connected;
    let mut idle = pin!(core.clock.sleep_until(closes_at(connected, active)));
    let mut is_flooded = false;
    loop {
        // Messages that never end must not keep the client from being heard.
        let mut frame = if is_flooded { socket.next().now_or_never() } else { None };
        is_flooded = false;
        tokio::select! {
            // Messages are sent before the next frame is read, so that the pong comes after everything that was posted before the ping.
            biased;
            () = std::future::ready(()), if frame.is_some() => {}
            outgoing = requests.recv() => {
                let Some(outgoing) = outgoing else { return close(socket, CloseCode::Normal, CLOSED).await };
                match send(socket, outgoing, requests, closing).await {
                    Ok(sent) => is_flooded = sent >= MESSAGES_AT_ONCE,
                    Err(end) => return end,
                }
            }
            read = socket.next() => frame = Some(read),
            // Set again only when it is over, and not for each frame.
            () = idle.as_mut() => {
                if core.clock.now() >= closes_at(connected, active) {
                    *closing = Some(core.activity.begin());
                    return close(socket, CloseCode::Away, AWAY).await;
                }
                idle.set(core.clock.sleep_until(closes_at(connected, active)));
                continue;
            }
        }
        if let Some(frame) = frame
            && let Some(end) = handle(gateway, caller, socket, frame).await
        {
            return end;
        }
        active = core.clock.now();
        core.connections.active(&caller.info.id, active);
    }
}

/// Handles what was read. Returns how the connection ended, if it did.
async fn handle(gateway: &Arc<Gateway>, caller: &Arc<Caller>, socket: &mut Socket, frame: Option<Result<Message, Error>>) -> Option<End> {
    let end = match frame {
        Some(Ok(Message::Text(text))) => {
            receive(gateway, caller, text.as_str().to_owned());
            return None;
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return None,
        Some(Ok(Message::Binary(_))) => close(socket, CloseCode::Unsupported, "Binary frames are not supported").await,
        Some(Ok(Message::Close(frame))) => {
            // The pong is queued, and sent by the next read.
            drop(timeout(CLOSE_PATIENCE, socket.next()).await);
            frame.map_or_else(|| End(1005, String::new()), |f| End(f.code.into(), f.reason.as_str().to_owned()))
        }
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => close(socket, CloseCode::Size, "Message too long").await,
        Some(Err(Error::Utf8(_))) => close(socket, CloseCode::Invalid, "Not UTF-8").await,
        Some(Err(Error::Protocol(_))) => close(socket, CloseCode::Protocol, "Protocol error").await,
        None | Some(Err(_)) => End(1006, String::new()),
    };
    Some(end)
}

/// Sends a message, and together with it those that are queued behind it, or closes the connection. Returns how many were sent, or how the
/// connection ended.
async fn send(
    socket: &mut Socket,
    first: Outgoing,
    requests: &mut mpsc::UnboundedReceiver<Outgoing>,
    closing: &mut Option<Guard>,
) -> Result<usize, End> {
    let Some((sent, next)) = write(socket, first, requests).await else { return Err(End(1006, String::new())) };
    let (code, reason, guard) = match next {
        Ok(Outgoing::Message(_)) | Err(TryRecvError::Empty) => return Ok(sent),
        Ok(Outgoing::Close(guard)) => (CloseCode::Normal, CLOSED, Some(guard)),
        Ok(Outgoing::Away(guard)) => (CloseCode::Away, AWAY, Some(guard)),
        Err(TryRecvError::Disconnected) => (CloseCode::Normal, CLOSED, None),
    };
    *closing = guard;
    Err(close(socket, code, reason).await)
}

/// Writes messages until the queue is empty, or something else is in it, or there were [`MESSAGES_AT_ONCE`]. Returns their number and what
/// came after them. `None` if the connection is broken, or the client reads nothing.
async fn write<S: Sink<Message> + Unpin>(
    socket: &mut S,
    first: Outgoing,
    requests: &mut mpsc::UnboundedReceiver<Outgoing>,
) -> Option<(usize, Result<Outgoing, TryRecvError>)> {
    let (mut sent, mut next) = (0_usize, Ok(first));
    while let Ok(Outgoing::Message(data)) = next {
        timeout(SEND_PATIENCE, socket.feed(message(data))).await.ok()?.ok()?;
        sent = sent.saturating_add(1);
        next = if sent < MESSAGES_AT_ONCE { requests.try_recv() } else { Err(TryRecvError::Empty) };
    }
    timeout(SEND_PATIENCE, socket.flush()).await.ok()?.ok()?;
    Some((sent, next))
}

/// Data that is not UTF-8 is sent as a binary message.
fn message(data: Bytes) -> Message {
    // A clone shares the bytes.
    Utf8Bytes::try_from(data.clone()).map_or_else(|_| Message::Binary(data), Message::Text)
}

async fn close(socket: &mut Socket, code: CloseCode, reason: &'static str) -> End {
    drop(timeout(CLOSE_LIMIT, send_close(socket, code, reason)).await);
    End(code.into(), reason.to_owned())
}

/// Sends the close frame and waits until the client has read it.
async fn send_close(socket: &mut Socket, code: CloseCode, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        // Closing a connection with unread bytes resets it, and the client would not get the close frame.
        while let Ok(Some(Ok(_))) = timeout(CLOSE_PATIENCE, socket.next()).await {}
        // A frame above the limit has not been read at all.
        let mut rest = [0; 4096];
        while code == CloseCode::Size && matches!(timeout(CLOSE_PATIENCE, socket.get_mut().read(&mut rest)).await, Ok(Ok(1..))) {}
    }
}

/// Invokes the function of the message's route, without waiting. The next message may overtake it, as on AWS.
fn receive(gateway: &Arc<Gateway>, caller: &Arc<Caller>, text: String) {
    let (gateway, caller) = (Arc::clone(gateway), Arc::clone(caller));
    let guard = gateway.core.activity.begin();
    tokio::spawn(async move {
        let core = &gateway.core;
        let Some(api) = &core.template.socket_api else { return };
        let route = select(&api.selection, &text).filter(|key| api.routes.contains_key(key) && !key.starts_with('$'));
        let route = route.unwrap_or_else(|| "$default".to_owned());
        let answer = if !core.limits.lifted() && !gateway.throttles.admit(&route, core.clock.now()) {
            Err("Too Many Requests")
        } else if !api.routes.contains_key(&route) {
            Err("Forbidden")
        } else {
            let two_way = api.two_way.contains(&route);
            let response = notify(core, &caller, &route, Cause::Message(&text)).await;
            let body = response.and_then(|response| if two_way { body_of(&response).map(Some) } else { Some(None) });
            body.ok_or("Internal server error")
        };
        let frame = answer.unwrap_or_else(|message| {
            Some(json!({"message": message, "connectionId": caller.info.id, "requestId": request_id(&core.sys)}).to_string())
        });
        if let Some(frame) = frame {
            // An error means that the client has disconnected.
            core.connections.post(&caller.info.id, frame.into()).unwrap_or_default();
        }
        drop(guard);
    });
}

/// Returns the body that a two-way route sends to the client. As on AWS, a function that returns no body sends an empty message.
fn body_of(response: &RawValue) -> Option<String> {
    let Ok(FunctionResponse { status_code: Some(_), body, .. }) = serde_json::from_str(response.get()) else { return None };
    Some(body.unwrap_or_default())
}

/// Invokes the function of a route. Returns its response, or `None` if it failed.
async fn notify(core: &Core, caller: &Caller, route: &str, cause: Cause<'_>) -> Option<Box<RawValue>> {
    let function = core.template.socket_api.as_ref()?.routes.get(route)?;
    core.lift_limits().await;
    let id = request_id(&core.sys);
    let event = event(core, &caller.info, &caller.domain_name, route, cause, &id).ok()?;
    let trace = Trace::new(&core.sys);
    let begun = Begun::new(&id, core.clock.now(), SOCKET, &caller.info.id);
    core.aws.calls.open(trace.as_str());
    let result = core.hosts.invoke(function, event, &trace).await;
    let calls = core.aws.calls.close(trace.as_str(), &format!("socket {route}"), result.is_ok());
    let handled = Handled { route: Some(route.to_owned()), function: Some(function.clone()), calls, lines: trace.lines().clone() };
    core.requests.answered(begun, if result.is_ok() { 200 } else { 500 }, handled);
    result.inspect_err(|error| tracing::error!(route, function, %error, "a function failed")).ok()
}

/// Returns the route key of a message: for `$request.body.stream` the text at `stream` of the JSON object.
fn select(expression: &str, text: &str) -> Option<String> {
    let path = expression.trim_start_matches("${").trim_end_matches('}').trim_start_matches('$').strip_prefix("request.body.")?;
    let body: Value = serde_json::from_str(text).ok()?;
    let found = path.split('.').try_fold(&body, |at, key| at.get(key))?;
    found.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use futures_util::sink::drain;

    use super::*;

    #[tokio::test]
    async fn a_flood_of_messages_is_sent_in_parts() {
        let empty = || Outgoing::Message(Bytes::new());
        let (outgoing, mut requests) = mpsc::unbounded_channel();
        for _ in 0..MESSAGES_AT_ONCE {
            assert!(outgoing.send(empty()).is_ok());
        }
        let (sent, next) = write(&mut drain(), empty(), &mut requests).await.expect("sent");
        assert!(sent == MESSAGES_AT_ONCE && matches!(next, Err(TryRecvError::Empty)));
        let (sent, _) = write(&mut drain(), requests.try_recv().expect("the last one"), &mut requests).await.expect("sent");
        assert_eq!((sent, requests.len()), (1, 0));
    }

    #[test]
    fn a_two_way_route_sends_the_body_of_the_response() {
        let body = |json: &str| body_of(&RawValue::from_string(json.to_owned()).expect("JSON"));
        assert_eq!(body(r#"{"statusCode":200,"body":"x"}"#).as_deref(), Some("x"));
        assert_eq!(body(r#"{"statusCode":200}"#).as_deref(), Some(""));
        for none in ["null", "{}", r#"{"body":"x"}"#] {
            assert_eq!(body(none), None, "{none}");
        }
    }

    #[test]
    fn a_route_is_selected_by_the_message() {
        let select = |text| select("$request.body.stream", text);
        assert_eq!(select(r#"{"stream":"chat","x":1}"#).as_deref(), Some("chat"));
        for text in ["", "chat", "[]", r#"{"stream":1}"#, r#"{"Stream":"chat"}"#, r#"{"stream":"chat""#] {
            assert_eq!(select(text), None, "{text}");
        }
    }
}
