//! Requests to services that are not AWS's: the same TLS as everywhere, trusting the public roots, which are compiled in.
//!
//! No connection is kept. Such services are asked now and then, and a sandbox may have slept for hours in between: the first
//! request over a connection that died meanwhile would fail.

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

/// How long a connection may take to be opened.
const CONNECT: Duration = Duration::from_millis(300);
/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 * 1024;

/// Asks services outside. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct Outside(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Outside {
    /// A client.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new() -> Result<Self, Failure> {
        let mut tcp = HttpConnector::new();
        // TLS is the layer above.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// If there is no whole answer `within` this time, or it is too long.
    pub async fn send(&self, request: Request<Bytes>, within: Duration) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let (parts, body) = self.0.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, ANSWER_MAX).collect().await?.to_bytes();
            Ok(Response::from_parts(parts, body))
        };
        tokio::time::timeout(within, exchange).await?
    }
}
