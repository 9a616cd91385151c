//! Requests to services outside AWS, over TLS with compiled-in public root certificates.
//!
//! Connections are not reused. These services are called rarely, and Lambda may have frozen the process for hours in between, so that a
//! request over an old connection would fail.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::Failure;

/// The maximum time for opening a connection.
const CONNECT: Duration = Duration::from_millis(300);
/// The maximum number of bytes of a response.
const ANSWER_MAX: usize = 256 * 1024;

/// A client of services outside AWS. It does not follow redirects.
#[derive(Clone, Debug)]
pub struct OutsideClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl OutsideClient {
    /// Creates a client.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new() -> Result<Self, Failure> {
        let mut tcp = HttpConnector::new();
        // TLS is added by the layer above.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    /// Sends a request and reads the whole response, of any status.
    ///
    /// # Errors
    /// If the response is not complete `within` this time, or too long.
    pub async fn send(&self, request: Request<Bytes>, within: Duration) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let (parts, body) = self.0.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, ANSWER_MAX).collect().await?.to_bytes();
            Ok(Response::from_parts(parts, body))
        };
        tokio::time::timeout(within, exchange).await?
    }
}
