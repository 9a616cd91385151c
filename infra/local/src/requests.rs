//! The last requests to the APIs, each with the calls of AWS and the log lines of its invocation.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kernel::{Time, Timestamp};

use crate::{aws::calls::Tally, logs::Lines};

/// The most requests that are kept. The oldest are forgotten first.
pub const MAX_REQUESTS: usize = 500;
/// The most characters of a path that are kept.
const MAX_PATH: usize = 500;

/// The target of the log lines of requests, which are printed also where only warnings of other parts are.
pub const TARGET: &str = "request";

/// The method that is shown for events of a WebSocket.
pub const SOCKET: &str = "SOCKET";

/// A request that has been answered.
#[derive(Clone, Debug)]
pub struct Request {
    /// The id, which the client finds in the headers of the reply and in problem documents.
    pub id: String,
    /// When it arrived, by the local cloud's clock.
    pub at: Timestamp,
    /// The method, or [`SOCKET`].
    pub method: String,
    /// The path with the query, as it was sent; the id of the connection of a WebSocket.
    pub path: String,
    /// The status of the reply. 200 for an event of a WebSocket that its function handled, 500 for one on which it failed.
    pub status: u16,
    /// The real time until the reply.
    pub took: Duration,
    /// The function that handled it, with its calls and log lines.
    pub handled: Handled,
}

/// How a gateway handled a request. Empty if the gateway itself refused the request.
#[derive(Clone, Debug, Default)]
pub struct Handled {
    /// The path of the route, such as `/v1/users/{username}`.
    pub route: Option<String>,
    /// The logical id of the function.
    pub function: Option<String>,
    /// The calls of AWS.
    pub calls: Tally,
    /// The log lines of the invocation. More may come after the reply if the function was too slow.
    pub lines: Lines,
}

/// A request that is being answered.
pub(crate) struct Begun {
    id: String,
    at: Time,
    method: String,
    path: String,
    since: Instant,
    logged: bool,
}

impl Begun {
    /// Creates a request that arrived at the time `at`.
    pub(crate) fn new(id: &str, at: Time, method: &str, path: &str) -> Self {
        let path = path.chars().take(MAX_PATH).collect();
        Self { id: id.to_owned(), at, method: method.to_owned(), path, since: Instant::now(), logged: true }
    }

    /// Returns whether it gets a log line. The requests with which the local cloud registers its own accounts get none.
    #[must_use]
    pub(crate) fn logged(self, logged: bool) -> Self {
        Self { logged, ..self }
    }
}

/// The last requests. Cloning shares them.
#[derive(Clone, Default)]
pub struct Requests(Arc<Mutex<VecDeque<Arc<Request>>>>);

impl Requests {
    /// Keeps an answered request, and logs it as one line of [`TARGET`].
    pub(crate) fn answered(&self, begun: Begun, status: u16, handled: Handled) {
        let Begun { id, at, method, path, since, logged } = begun;
        let request = Request { id, at: at.into(), method, path, status, took: since.elapsed(), handled };
        if logged {
            tracing::info!(target: TARGET, "{}", request.line());
        }
        let mut kept = self.kept();
        if kept.len() >= MAX_REQUESTS {
            kept.pop_front();
        }
        kept.push_back(Arc::new(request));
    }

    /// Returns the requests, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Request>> {
        self.kept().iter().rev().cloned().collect()
    }

    /// Returns the request with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Request>> {
        self.kept().iter().rev().find(|request| request.id == id).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<Request>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// Method, route, status, duration and id, in one line. Without the path, which may have somebody's name in it.
    fn line(&self) -> String {
        let route = self.handled.route.as_deref().unwrap_or("(no route)");
        format!("{} {route} {} {} ms {}", self.method, self.status, self.took.as_millis(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_requests_are_found_by_their_ids() {
        let requests = Requests::default();
        for n in 0..MAX_REQUESTS + 3 {
            let begun = Begun::new(&format!("id{n}="), Time::ZERO, "GET", &format!("/{}", "x".repeat(10_000)));
            requests.answered(begun, 200, Handled { route: Some("/v1/me".to_owned()), ..Handled::default() });
        }
        assert_eq!((requests.list().len(), requests.list().first().map(|r| r.id.clone())), (MAX_REQUESTS, Some("id502=".to_owned())));
        assert!(requests.get("id2=").is_none() && requests.list().iter().all(|r| r.path.len() <= MAX_PATH));
        let request = requests.get("id3=").expect("kept");
        assert_eq!(request.line(), format!("GET /v1/me 200 {} ms id3=", request.took.as_millis()));
    }
}
