//! The first superuser: what an operator does for it, at the deployed table. The rest is theirs who becomes it.

use accounts::audit::Audit;
use admin::offer;
use function::Boot;
use kernel::{Env, Secret, Sys};
use store::Table;

use crate::Failure;

/// Offers somebody to become the first superuser, and answers the secret that they have to send within the hour. `env` has the
/// credentials and, unless they are those of AWS itself, the endpoints; `sys` the clock that the hour begins by.
///
/// # Errors
/// If there is a superuser, if nobody has the name, or if the tables do not work.
pub async fn appoint(env: Env, sys: Sys, stack: &str, username: &str) -> Result<Secret, Failure> {
    let aws = Boot { env, sys: sys.clone(), http: function::http_client()? }.aws()?;
    let (table, audit) = (Table::new(&aws, &sys, &format!("{stack}-state")), Audit::new(&format!("{stack}-audit")));
    Ok(offer::offer(&table, &audit, &sys, username).await?)
}
