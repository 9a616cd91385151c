//! A type of item that a request can be about.

use kernel::id::UserId;
use serde::de::DeserializeOwned;
use store::{Key, Stored};

/// A type of item whose key follows from the path of a request and the caller, so that the item is read in the same batch as the caller.
pub trait Resource: Stored {
    /// The parameters of the path.
    type Path: DeserializeOwned + Send;
    /// Whether callers whose account is being purged are admitted, to read the state of the deletion.
    const EVEN_PURGING: bool = false;
    /// Returns the key of the item that a request of the caller with this path is about. `None` if the path cannot name an item.
    fn key_for(caller: UserId, path: Self::Path) -> Option<Key>;
}
