//! What a request is about.

use kernel::id::UserId;
use serde::de::DeserializeOwned;
use store::{Key, Stored};

/// What a request is about, where its path and its caller say where that is kept.
pub trait Resource: Stored {
    /// The parameters of the path.
    type Path: DeserializeOwned + Send;
    /// Whether callers whose account is being deleted are let in too: only to be told that it is.
    const EVEN_PURGING: bool = false;
    /// Where it is; nothing if the path can name nothing.
    fn find(caller: UserId, path: Self::Path) -> Option<Key>;
}
