//! Events about relations of people.

use kernel::id::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The relation of one person to another, as the person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// No relation.
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
    /// The relation of a person to another one has changed, as this person sees it.
    RelationChanged r#"{"name":"relation_changed","user":"usr_01K9ZC4QW8V3T6R1NHXJ5B2MDP","other":"usr_01K9ZC7F2E9S4YAW0GKPQ8RT5V","relation":"received","by":"usr_01K9ZC7F2E9S4YAW0GKPQ8RT5V"}"# {
        /// The person.
        user: UserId,
        /// The other one.
        other: UserId,
        /// The new relation.
        relation: Relation,
        /// The one of the two who changed it.
        by: UserId,
    }
}
