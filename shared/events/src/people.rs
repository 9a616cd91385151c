//! Events about how people stand to each other.

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How one person stands to another, as they see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Nothing connects them.
    None,
    /// They have sent a friend request, which waits for its answer.
    Sent,
    /// They have received a friend request and not answered it.
    Received,
    /// They are friends.
    Friends,
    /// They have blocked the other person.
    Blocked,
}

crate::event::events! {
    /// How a person stands to another one has changed, as this person sees it.
    RelationChanged {
        /// The person.
        user: UserId,
        /// The other one.
        other: UserId,
        /// How the person stands to the other one now.
        relation: Relation,
        /// Who of the two has changed it.
        by: UserId,
    }
}
