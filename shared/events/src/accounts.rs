//! Events about accounts and their sessions.

use kernel::id::{DeletionId, UserId};

crate::event::events! {
    /// Sessions of a user have ended. Their sockets have to be closed.
    SessionsEnded r#"{"name":"sessions_ended","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The owner of the sessions.
        user: UserId,
    }
    /// The waiting time of a deletion is over and the sweep has closed the account. Its data has to be deleted.
    AccountPurgeDue r#"{"name":"account_purge_due","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","deletion":"del_01K9ZC4QW8V3T6R1NHXJ5B2MDP"}"# {
        /// The owner of the account.
        user: UserId,
        /// The deletion. An account whose deletion is cancelled and scheduled again has another one.
        deletion: DeletionId,
    }
}
