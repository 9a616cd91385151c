//! The API's documents: the OpenAPI description of the HTTP API, the AsyncAPI description of the socket, pages to read them and to try
//! operations, a page about each kind of problem; the JavaScript client; and the list of countries. This function also answers requests
//! without a route, because it knows all paths and is the smallest function.
//!
//! All files, Swagger UI included, are compiled in and compressed. The pages load nothing from other origins: their content security policy
//! allows only their own origin and nothing inline.

#[cfg(test)]
#[path = "../bundle.rs"]
mod bundle;
mod client;
mod country_list;
mod docs;
mod document;
mod files;
mod problems;
mod unknown;

use axum::routing::any;
use countries::Blocked;
use function::{Boot, Function, StartError};

pub use crate::files::compressed_bytes;

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "api-docs", "This description and its pages, and what is the same for everybody.", Blocked =>
    docs::get_start,
    document::get_document,
    document::get_socket_document,
    docs::get_docs,
    docs::get_docs_file,
    client::get_client_file,
    problems::get_problem,
    country_list::list_countries,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
#[expect(clippy::unused_async, reason = "every function starts alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let rest = any(unknown::answer);
    let blocked = boot.env.read(Blocked::read)?;
    web::function(&boot, routes().route("/", rest.clone()).route("/{*path}", rest), blocked)
}
