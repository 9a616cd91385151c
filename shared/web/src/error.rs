//! The error type of handlers.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::Problem;

/// A problem on its way to the client. Everything that converts into a [`Problem`] converts into it, so handlers can use `?`.
///
/// The response carries the problem in an extension. The layer that renders it knows the language and the request id.
#[derive(Debug)]
pub struct Error(pub Problem);

impl<E: Into<Problem>> From<E> for Error {
    #[track_caller]
    fn from(e: E) -> Self {
        Self(e.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Unrendered(std::sync::Arc::new(self.0)));
        response
    }
}

/// A problem that is not rendered yet.
#[derive(Clone)]
pub(crate) struct Unrendered(pub std::sync::Arc<Problem>);
