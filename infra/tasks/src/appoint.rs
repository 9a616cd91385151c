//! `cargo xtask appoint`: offers somebody to become the first superuser. The person then accepts with the printed secret.

use accounts::audit::Audit;
use admin::offer;
use function::Boot;
use kernel::{Env, Secret, Sys};
use store::Table;

use crate::Failure;

/// Offers a person to become the first superuser. Returns the secret that they have to send within the hour. `env` has the
/// credentials and, for a local cloud, the endpoints. `sys` is the clock by which the hour is measured.
///
/// # Errors
/// If there is a superuser, if nobody has the username, or if the tables cannot be used.
pub async fn appoint(env: Env, sys: Sys, stack: &str, username: &str) -> Result<Secret, Failure> {
    let aws = Boot { env, sys: sys.clone(), http: function::http_client()? }.aws()?;
    let (table, audit) = (Table::new(&aws, &sys, &format!("{stack}-state")), Audit::new(&format!("{stack}-audit")));
    Ok(offer::offer(&table, &audit, &sys, username).await?)
}
