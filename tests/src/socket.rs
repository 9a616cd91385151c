//! A client with an open WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use local::socket_api::READ_BUFFER;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        http::HeaderValue,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use crate::{Caller, PATIENCE};

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard: Vec<Value>,
    last_id: u32,
}

/// Why a socket did not open: the status of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub u16);

/// The most bytes of a frame. API Gateway counts a frame of more than 32 KB as several.
const FRAME_BYTES: usize = 24 * 1024;

/// Returns a frame that has arrived: in every test it must be JSON and of a size that one frame may have.
fn read(text: &str) -> Value {
    assert!(text.len() <= FRAME_BYTES, "a frame of {} bytes: {text}", text.len());
    serde_json::from_str(text).expect("every frame is JSON")
}

impl Caller {
    /// Returns a ticket for a socket.
    pub async fn ticket(&self) -> Value {
        self.post("/v1/realtime/tickets", json!({})).await.is(201)
    }

    /// Opens a socket as a browser at the frontend's origin does.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn socket(&self) -> Socket {
        let ticket = self.ticket().await;
        let (url, token) = (ticket["url"].as_str().expect("a url"), ticket["ticket"].as_str().expect("a ticket"));
        Socket::open(url, Some(token), Some(self.origin())).await.expect("the socket opens")
    }
}

impl Socket {
    /// Opens a socket with a ticket and an origin, or without them.
    ///
    /// # Errors
    /// The status of the handshake.
    pub async fn open(url: &str, ticket: Option<&str>, origin: Option<&str>) -> Result<Self, Refused> {
        let mut request = url.into_client_request().expect("a url");
        if let Some(ticket) = ticket {
            let offer = HeaderValue::try_from(format!("stoa.v1, ticket.{ticket}")).expect("a header");
            request.headers_mut().insert("sec-websocket-protocol", offer);
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::try_from(origin).expect("a header"));
        }
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        match connect_async_with_config(request, Some(config), true).await {
            Ok((stream, _)) => Ok(Self { stream, heard: Vec::new(), last_id: 0 }),
            Err(Error::Http(reply)) => Err(Refused(reply.status().as_u16())),
            Err(e) => panic!("{url}: {e}"),
        }
    }

    /// Sends a text if the socket is still open.
    pub async fn try_send_text(&mut self, text: impl Into<String>) {
        drop(self.stream.send(Message::text(text.into())).await);
    }

    /// Sends a text.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.expect("the socket is open");
    }

    /// Sends a frame on the chat stream under an id, without waiting.
    pub async fn send(&mut self, id: &str, payload: Value) {
        self.send_text(json!({ "stream": "chat", "id": id, "payload": payload }).to_string()).await;
    }

    /// Sends a frame on the chat stream and returns the payload of its answer.
    pub async fn ask(&mut self, payload: Value) -> Value {
        self.last_id += 1;
        let id = format!("ask-{}", self.last_id);
        self.send(&id, payload).await;
        self.expect(|frame| frame["id"] == id.as_str()).await["payload"].clone()
    }

    /// Sends a frame on a stream and returns the payload of its answer.
    pub async fn ask_on(&mut self, stream: &str, payload: Value) -> Value {
        self.last_id += 1;
        let id = format!("ask-{}", self.last_id);
        self.send_text(json!({ "stream": stream, "id": id, "payload": payload }).to_string()).await;
        self.expect(|frame| frame["id"] == id.as_str()).await["payload"].clone()
    }

    /// Removes and returns the first matching frame, among those received and those to come.
    ///
    /// # Panics
    /// If none comes, showing the frames that came instead.
    pub async fn expect(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&mut fits) {
            return self.heard.remove(at);
        }
        let search = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let frame = read(&text);
                        if fits(&frame) {
                            return Ok(frame);
                        }
                        self.heard.push(frame);
                    }
                    Some(Ok(Message::Close(frame))) => return Err(format!("closed: {frame:?}")),
                    Some(Ok(_)) => {}
                    Some(Err(e)) => return Err(e.to_string()),
                    None => return Err("ended".to_owned()),
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| Err("in vain".to_owned()));
        found.unwrap_or_else(|why| panic!("expected a frame: {why}; heard {:?}", self.heard))
    }

    /// Returns the next frame on the chat stream of this payload type: its payload.
    pub async fn hear(&mut self, kind: &str) -> Value {
        self.expect(|frame| frame["payload"]["type"] == kind).await["payload"].clone()
    }

    /// Sends a ping, like a client that only listens, and waits until the server has answered or closed the socket.
    pub async fn ping(&mut self) {
        let heard = async {
            // The socket may be closed already.
            drop(self.stream.send(Message::Ping(Vec::new().into())).await);
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => self.heard.push(read(&text)),
                    Some(Ok(Message::Pong(_) | Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("the other side is there");
    }

    /// Returns the received frames that [`Socket::expect`] has not returned.
    #[must_use]
    pub fn heard(&self) -> &[Value] {
        &self.heard
    }

    /// Removes and returns the received frames that [`Socket::expect`] has not returned.
    pub fn take_heard(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.heard)
    }

    /// Waits until the other side has closed the connection, and returns the code. Then [`crate::Cloud::settle`] waits for what follows.
    ///
    /// # Panics
    /// If it does not close.
    pub async fn closed(&mut self) -> Option<u16> {
        let wait = async {
            let mut code = None;
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(frame))) => code = frame.map(|CloseFrame { code, .. }| code.into()),
                    Some(Ok(Message::Text(text))) => self.heard.push(read(&text)),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return code,
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the socket closes")
    }

    /// Closes the socket with a close frame, and waits until the other side has noticed. Then [`crate::Cloud::settle`] waits for what
    /// follows.
    pub async fn close(mut self) {
        // The socket may be closed already.
        drop(self.stream.close(None).await);
        self.closed().await;
    }

    /// Drops the connection without a close frame, like a client that loses its network. The other side notices it some time later.
    pub fn drop_silently(self) {
        drop(self);
    }
}
