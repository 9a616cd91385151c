//! The item that a request is about.

use kernel::id::UserId;
use serde::de::DeserializeOwned;
use store::{Key, Stored};

/// The item that a request is about, if its key follows from the path and the caller.
pub trait Resource: Stored {
    /// The parameters of the path.
    type Path: DeserializeOwned + Send;
    /// Whether callers whose account is being deleted are allowed, to read the state of the deletion.
    const EVEN_PURGING: bool = false;
    /// The key of the item. `None` if the path cannot name an item.
    fn find(caller: UserId, path: Self::Path) -> Option<Key>;
}
