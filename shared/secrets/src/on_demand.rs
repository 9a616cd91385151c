use std::sync::Arc;

use function::{Boot, StartError, trace};
use kernel::Problem;
use proofs::IdentityKeys;
use tokio::sync::OnceCell;

use crate::Secrets;

/// The root keys of passwords, codes and factors, for a function whose requests rarely need them. They are read with the first request that
/// needs them, and kept. So other requests after a cold start take no connection and no request to Secrets Manager.
#[derive(Clone)]
pub struct KeysOnDemand(Arc<Source>);

struct Source {
    boot: Boot,
    keys: OnceCell<IdentityKeys>,
}

impl KeysOnDemand {
    /// Returns the keys in the secret whose ARN is in [`IdentityKeys::VARIABLE`].
    ///
    /// # Errors
    /// [`StartError::Config`] if the variable is missing.
    pub fn new(boot: &Boot) -> Result<Self, StartError> {
        boot.env.read(|r| r.need(IdentityKeys::VARIABLE))?;
        Ok(Self(Arc::new(Source { boot: boot.clone(), keys: OnceCell::new() })))
    }

    /// Returns the keys. One request with the first call, also if there are several at once.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](kernel::Kind::Unavailable) if they cannot be read, or are weak. The next call tries again.
    pub async fn get(&self) -> Result<&IdentityKeys, Problem> {
        let boot = &self.0.boot;
        // The call has no trace, because it belongs to the instance and not to the request that happens to need the keys first.
        let read = || trace::scope(None, async { Secrets::new(&boot.aws()?).identity_keys(&boot.env).await });
        self.0.keys.get_or_try_init(read).await.map_err(Problem::unavailable)
    }
}
