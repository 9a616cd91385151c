//! Returns the caller's username. An example that `cargo xtask new` has created, to be replaced by the feature.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/me/feature-name` | the caller |

mod show;

use accounts::token::Tokens;
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::Sys;
use store::Table;

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    sys: Sys,
    tokens: Tokens,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "feature-name", "The caller's username.", State =>
    show::get_feature_name,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    tokens.warm_up().await;
    let state = State { table: tokens.table().clone(), tokens, sys };
    web::function(&boot, routes(), state)
}
