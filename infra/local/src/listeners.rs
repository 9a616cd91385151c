//! The listeners of a local cloud, and the connections to them. A connection ends with the listener that accepted it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;

use crate::{StartError, Urls, outside};

/// The host of the addresses for browsers. Browsers send `SameSite` cookies only within a site. A site has any port, and development
/// servers of frontends are on `localhost`. Passkeys need a domain name, which this is.
pub(crate) const BROWSER_HOST: &str = "localhost";
/// The host of the addresses for functions. It needs no DNS look-up.
const FUNCTION_HOST: &str = "127.0.0.1";
/// How often listening on a port is retried.
const TRY_AGAIN: Duration = Duration::from_millis(20);
/// How long a patient stack waits for its ports.
const PATIENCE: Duration = Duration::from_mins(20);

/// The ports to listen on. Zero is any free port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The HTTP API.
    pub api: u16,
    /// The WebSocket API.
    pub socket: u16,
    /// The console.
    pub console: u16,
    /// The AWS endpoints.
    pub aws: u16,
    /// The stand-ins for services outside AWS.
    pub outside: u16,
}

impl Ports {
    /// Five consecutive ports.
    #[must_use]
    pub fn from(first: u16) -> Self {
        let port = |n| first.saturating_add(n);
        Self { api: first, socket: port(1), console: port(2), aws: port(3), outside: port(4) }
    }
}

pub(crate) struct Listeners {
    pub api: TcpListener,
    pub socket: TcpListener,
    pub console: TcpListener,
    pub aws: TcpListener,
    pub outside: TcpListener,
}

impl Listeners {
    /// Listens on all ports. If `patient` it waits until they are free, twenty minutes at most for each.
    ///
    /// # Errors
    /// [`StartError::Listen`] if a port is in use, or cannot be listened on.
    pub async fn open(ports: Ports, patient: bool) -> Result<Self, StartError> {
        Ok(Self {
            api: listen(ports.api, patient).await?,
            socket: listen(ports.socket, patient).await?,
            console: listen(ports.console, patient).await?,
            aws: listen(ports.aws, patient).await?,
            outside: listen(ports.outside, patient).await?,
        })
    }

    pub fn urls(&self) -> Result<Urls, StartError> {
        let api = url("http", BROWSER_HOST, &self.api)?;
        let outside = url("http", FUNCTION_HOST, &self.outside)?;
        Ok(Urls {
            docs: format!("{api}/docs"),
            staff: format!("{api}/staff"),
            api,
            socket: url("ws", BROWSER_HOST, &self.socket)?,
            console: url("http", BROWSER_HOST, &self.console)?,
            aws: url("http", FUNCTION_HOST, &self.aws)?,
            stripe: outside::stripe::url(&outside),
            outside,
        })
    }
}

async fn listen(port: u16, patient: bool) -> Result<TcpListener, StartError> {
    let begun = Instant::now();
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && patient && begun.elapsed() < PATIENCE => tokio::time::sleep(TRY_AGAIN).await,
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
                return Err(StartError::Listen(format!("port {port} is in use: stop what uses it, or choose other ports with --port")));
            }
            Err(e) => return Err(StartError::Listen(format!("port {port}: {e}"))),
        }
    }
}

fn url(scheme: &str, host: &str, listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(|e| StartError::Listen(e.to_string()))?;
    Ok(format!("{scheme}://{host}:{}", address.port()))
}

/// Accepts connections until `closing` is true. Then requests in progress are still answered. A client may take `patience` for the
/// head of a request, and for each further part of its body.
pub(crate) fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: Router, patience: Duration, closing: &watch::Sender<bool>) {
    let mut close = closing.subscribe();
    tasks.spawn(async move {
        // Dropping the set aborts the connections, so they end with this task.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => drop(connections.spawn(serve_connection(stream, peer, router.clone(), patience, close.clone()))),
                    Err(e) => {
                        tracing::warn!(error = %e, "a connection cannot be accepted");
                        tokio::time::sleep(TRY_AGAIN).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = closed(&mut close) => break,
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    });
}

/// Returns when the listeners are to close.
async fn closed(close: &mut watch::Receiver<bool>) {
    drop(close.wait_for(|closing| *closing).await);
}

/// Answers the requests of one connection.
async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, patience: Duration, mut close: watch::Receiver<bool>) {
    // Small replies are sent at once.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "no delay");
    }
    let answer = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        // The size of a body with a timeout is not known, and S3 demands a length of every body but an empty one.
        let body = |body: Incoming| if body.is_end_stream() { Body::empty() } else { Body::new(TimeoutBody::new(patience, body)) };
        router.clone().oneshot(request.map(body))
    });
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(patience);
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), answer).with_upgrades());
    tokio::select! {
        // An error means that the client has closed the connection.
        end = connection.as_mut() => return end.unwrap_or_default(),
        () = closed(&mut close) => connection.as_mut().graceful_shutdown(),
    }
    connection.await.unwrap_or_default();
}
