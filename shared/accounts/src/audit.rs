//! The audit log: who changed what on whose account. Entries are written in the transaction of the change, so that neither exists
//! without the other.
//!
//! The log is a separate, append-only table. An entry has ids and no personal data: after an account is deleted, nothing in the
//! log identifies the person.

use std::sync::Arc;

use kernel::{
    Sys, Time,
    id::{AuditId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{About, Item, Key, Personal, Tx};

use crate::user::partition;

/// The kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A deactivated account was reactivated.
    AccountReactivated,
    /// A role was given.
    RoleGranted,
    /// A role was removed.
    RoleTaken,
    /// An operator offered the role of the first superuser.
    SuperuserOffered,
    /// Somebody became the first superuser.
    FirstSuperuser,
    /// Somebody was banned from chat.
    ChatBanned,
    /// A ban from chat was ended.
    ChatUnbanned,
    /// A moderator read a reported message and its earlier texts.
    MessageRead,
    /// A moderator deleted a message of somebody else.
    MessageDeleted,
    /// A moderator resolved the reports of a message.
    ReportResolved,
    /// The rules of the public room were changed. The entry is about the account that changed them.
    PublicRoomChanged,
    /// Somebody of the support team read a customer's thread.
    SupportThreadRead,
    /// A note of the support team beside a customer's thread was deleted.
    SupportNoteDeleted,
    /// A product was created. The entries about the shop are about the account that changed it.
    ProductCreated,
    /// A product was changed.
    ProductChanged,
    /// A product was deleted.
    ProductDeleted,
    /// A category of products was created.
    CategoryCreated,
    /// A category was renamed.
    CategoryChanged,
    /// A category was deleted.
    CategoryDeleted,
    /// A moderator changed a comment of somebody else on a product.
    CommentChanged,
    /// A moderator deleted a comment of somebody else on a product.
    CommentDeleted,
    /// The state of an order was changed by staff. The entry is about its buyer.
    OrderChanged,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// Staff changed the profile of somebody.
    ProfileChanged,
    /// Staff deactivated an account.
    AccountDeactivated,
    /// Staff scheduled the deletion of an account.
    DeletionScheduled,
    /// Staff cancelled the deletion of an account.
    DeletionCancelled,
    /// Staff ended all sessions of somebody.
    SessionsEnded,
    /// Staff closed a group or a channel. The entry is about its owner.
    RoomClosed,
}

/// An entry of the audit log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    id: AuditId,
    at: Time,
    /// The account that made the change. `None` for an operator with credentials of the platform.
    actor: Option<UserId>,
    action: Action,
    /// The account that was changed.
    subject: UserId,
    /// The values before the change, by attribute.
    before: Map<String, Value>,
    /// The values after the change.
    after: Map<String, Value>,
    /// The `X-Request-Id` of the request.
    request: Option<String>,
}

impl AuditEntry {
    /// An entry for a change by a person's request.
    #[must_use]
    pub fn by(sys: &Sys, actor: UserId, request: &str, action: Action, subject: UserId) -> Self {
        Self { actor: Some(actor), request: Some(request.to_owned()), ..Self::by_operator(sys, action, subject) }
    }

    /// An entry for a change by an operator.
    #[must_use]
    pub fn by_operator(sys: &Sys, action: Action, subject: UserId) -> Self {
        let (before, after) = (Map::new(), Map::new());
        Self { id: sys.id(), at: sys.now(), actor: None, action, subject, before, after, request: None }
    }

    /// Adds an attribute with its values before and after the change.
    #[must_use]
    pub fn changed(mut self, attribute: &str, before: impl Serialize, after: impl Serialize) -> Self {
        let value = |v: Result<Value, serde_json::Error>| v.unwrap_or_default();
        self.before.insert(attribute.to_owned(), value(serde_json::to_value(before)));
        self.after.insert(attribute.to_owned(), value(serde_json::to_value(after)));
        self
    }
}

impl Item for AuditEntry {
    const KIND: &'static str = "audit";
    const ABOUT: About = About::at("USER#{user}", "{audit}", Personal::Withheld("for operators; it has ids only"))
        .in_table("AuditTable")
        .stays("ids that lead to nobody once the account is deleted");
    // Entries about one account share a partition, in order of time.
    fn key(&self) -> Key {
        Key::new(partition(self.subject), self.id.to_string())
    }
}

/// The table of the audit log.
#[derive(Clone, Debug)]
pub struct Audit(Arc<str>);

impl Audit {
    /// The table of this name.
    #[must_use]
    pub fn new(table: &str) -> Self {
        Self(table.into())
    }

    /// Adds an entry to the transaction of the change. An existing entry is never replaced.
    pub fn add(&self, tx: &mut Tx, entry: &AuditEntry) {
        tx.create_in(&self.0, entry);
    }
}
