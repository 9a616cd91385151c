//! The API's documents: the OpenAPI description, a page to read and try it with, and what each kind of problem means.
//!
//! Everything is compiled in, Swagger UI included, and nothing is loaded from elsewhere: the page's policy allows its own
//! origin and nothing inline.

mod docs;
mod document;
mod problems;

use function::{Boot, Function, StartError};
use web::{Edge, OpenApiRouter, routes};

/// The operations, in the order a reader meets them.
pub fn routes() -> OpenApiRouter {
    web::openapi::routes("api-docs", "This description, and the pages to read it with.")
        .routes(routes!(document::get_document))
        .routes(routes!(docs::get_docs))
        .routes(routes!(docs::get_docs_file))
        .routes(routes!(problems::get_problem))
}

/// Needs nothing.
///
/// # Errors
/// None.
#[expect(clippy::unused_async, reason = "every function starts alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    Ok(web::function(routes(), (), Edge { sys: boot.sys }))
}
