//! The console for staff, in the browser: people, support threads, orders, reports, the audit. It is a page with scripts on the API's own
//! origin, built on the project's own JavaScript client, and does nothing that the API does not allow its user: this function serves
//! files, and knows nobody.
//!
//! The screens are behind the `#` of the address (`/staff#/people/ana`). A browser does not send that part, so that the names and words
//! that staff look for are in no log, and the page needs one route instead of one for each depth of a path.

mod files;
mod page;

use function::{Boot, Function, StartError};

pub use crate::page::Policy;

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "console", "The console for staff, in the browser.", Policy =>
    page::get_console,
    page::get_console_file,
}

/// Reads the configuration.
///
/// # Errors
/// [`StartError::Config`]
#[expect(clippy::unused_async, reason = "every function starts alike")]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let policy = boot.env.read(Policy::read)?;
    web::function(&boot, routes(), policy)
}
