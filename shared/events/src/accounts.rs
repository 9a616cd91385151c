//! Events about accounts and their sessions.

use kernel::id::{DeletionId, UserId};

crate::event::events! {
    /// Sessions of a user have ended. Their sockets have to be closed.
    SessionsEnded {
        /// The owner of the sessions.
        user: UserId,
    }
    /// The waiting time of a deletion is over and the sweep has closed the account. Its data has to be deleted.
    AccountPurgeDue {
        /// The owner of the account.
        user: UserId,
        /// The deletion. An account whose deletion is cancelled and scheduled again has another one.
        deletion: DeletionId,
    }
}
