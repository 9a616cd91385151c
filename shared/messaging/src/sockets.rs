//! The management endpoint of the WebSocket API: posting to sockets and closing them.

use aws_sdk_apigatewaymanagement::{
    Client,
    config::Builder,
    operation::{delete_connection::DeleteConnectionError, post_to_connection::PostToConnectionError},
    primitives::Blob,
};
use function::Aws;
use futures_util::{StreamExt as _, stream};
use kernel::env::Reader;

/// The number of sockets to which one invocation posts concurrently.
const AT_ONCE: usize = 16;

/// Posts to sockets. Cloning shares the client.
#[derive(Clone)]
pub struct Sockets(Client);

/// The result of posting a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The platform accepted it.
    Taken,
    /// The socket is closed.
    Gone,
    /// The post failed. The client will notice the gap and ask for the message.
    Lost,
}

impl Sockets {
    /// Returns the sockets of the management endpoint in the variable `SOCKET_ENDPOINT`.
    ///
    /// API Gateway accepts a frame before the client receives it, so a slow client does not delay others.
    #[must_use]
    pub fn read(r: &mut Reader<'_>, aws: &Aws) -> Self {
        let config = Builder::from(aws.sdk())
            .interceptor(aws.interceptor())
            .retry_partition(aws.retries("execute-api"))
            .endpoint_url(r.need("SOCKET_ENDPOINT"));
        Self(Client::from_conf(config.build()))
    }

    /// Posts a frame to one socket.
    pub async fn post(&self, connection: &str, frame: &[u8]) -> Posted {
        match self.0.post_to_connection().connection_id(connection).data(Blob::new(frame)).send().await {
            Ok(_) => Posted::Taken,
            Err(e) if e.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => Posted::Gone,
            Err(e) => {
                tracing::warn!(error = ?e, "a frame could not be posted to a socket");
                Posted::Lost
            }
        }
    }

    /// Closes one socket. True if it is closed afterwards, also if it was already closed.
    async fn close(&self, connection: &str) -> bool {
        match self.0.delete_connection().connection_id(connection).send().await {
            Ok(_) => true,
            Err(e) if e.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) => true,
            Err(e) => {
                tracing::warn!(error = ?e, "a socket could not be closed");
                false
            }
        }
    }

    /// Posts a frame to many sockets and returns those that are closed.
    pub async fn post_all<T>(&self, targets: Vec<(T, String)>, frame: &[u8]) -> Vec<(T, String)> {
        let posts = targets.into_iter().map(async |(whose, id)| (self.post(&id, frame).await == Posted::Gone).then_some((whose, id)));
        stream::iter(posts).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
    }

    /// Sends some sockets a last frame, if there is one, and closes them. Returns those that could not be closed. Frames from them are
    /// refused anyway, because every frame is checked.
    pub async fn close_all(&self, connections: Vec<String>, last: Option<&[u8]>) -> Vec<String> {
        let closing = connections.into_iter().map(async |id| {
            if let Some(frame) = last {
                self.post(&id, frame).await;
            }
            (!self.close(&id).await).then_some(id)
        });
        stream::iter(closing).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
    }
}
