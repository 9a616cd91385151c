use std::sync::Arc;

use function::{Boot, StartError, trace};
use kernel::Problem;
use proofs::IdentityKeys;
use tokio::sync::OnceCell;

use crate::Secrets;

/// The root keys of passwords, codes and factors for a function most of whose requests need none. They are read with the first
/// request that does, and kept. So a read after a cold start costs no client of Secrets Manager, no connection and no request.
#[derive(Clone)]
pub struct KeysOnDemand(Arc<Source>);

struct Source {
    boot: Boot,
    keys: OnceCell<IdentityKeys>,
}

impl KeysOnDemand {
    /// The keys in the secret whose ARN is in [`IdentityKeys::VARIABLE`].
    ///
    /// # Errors
    /// [`StartError::Config`] if the variable is missing.
    pub fn new(boot: &Boot) -> Result<Self, StartError> {
        boot.env.read(|r| r.need(IdentityKeys::VARIABLE))?;
        Ok(Self(Arc::new(Source { boot: boot.clone(), keys: OnceCell::new() })))
    }

    /// The keys. One request with the first call, also if there are several at once.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](kernel::Kind::Unavailable) if they cannot be read, or are weak. The next call tries again.
    pub async fn get(&self) -> Result<&IdentityKeys, Problem> {
        let boot = &self.0.boot;
        // Without a trace: it is a call of the instance, and not of the operation that happens to be its first.
        let read = || trace::scope(None, async { Secrets::new(&boot.aws()?).identity_keys(&boot.env).await });
        self.0.keys.get_or_try_init(read).await.map_err(Problem::unavailable)
    }
}
