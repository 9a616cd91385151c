//! The audit: who changed what about whom, in the transaction that changes it, so that there is neither one without the other.
//!
//! It stands in a table of its own that only grows. An entry has ids and no personal data: once an account is deleted nothing in
//! the audit leads to the person any more.

use std::sync::Arc;

use kernel::{
    Sys, Time,
    id::{AuditId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{About, Item, Key, Personal, Tx};

use crate::user::partition;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An account that was put to rest was put back into use.
    AccountReactivated,
    /// A role was given.
    RoleGranted,
    /// A role was taken away.
    RoleTaken,
    /// An operator offered to make somebody the first superuser.
    SuperuserOffered,
    /// Somebody became the first superuser.
    FirstSuperuser,
}

/// One thing that was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    id: AuditId,
    at: Time,
    /// Who did it; nobody stands here where an operator did, with credentials of the platform.
    actor: Option<UserId>,
    action: Action,
    /// To whom.
    subject: UserId,
    /// What was there before, by attribute.
    before: Map<String, Value>,
    /// What is there since.
    after: Map<String, Value>,
    /// By which request: its `X-Request-Id`.
    request: Option<String>,
}

impl Entry {
    /// Something that a person does with a request.
    #[must_use]
    pub fn by(sys: &Sys, actor: UserId, request: &str, action: Action, subject: UserId) -> Self {
        Self { actor: Some(actor), request: Some(request.to_owned()), ..Self::by_operator(sys, action, subject) }
    }

    /// Something that an operator does.
    #[must_use]
    pub fn by_operator(sys: &Sys, action: Action, subject: UserId) -> Self {
        let (before, after) = (Map::new(), Map::new());
        Self { id: sys.id(), at: sys.now(), actor: None, action, subject, before, after, request: None }
    }

    /// Says what an attribute was and is.
    #[must_use]
    pub fn changed(mut self, attribute: &str, before: impl Serialize, after: impl Serialize) -> Self {
        let value = |v: Result<Value, serde_json::Error>| v.unwrap_or_default();
        self.before.insert(attribute.to_owned(), value(serde_json::to_value(before)));
        self.after.insert(attribute.to_owned(), value(serde_json::to_value(after)));
        self
    }
}

impl Item for Entry {
    const KIND: &'static str = "audit";
    const ABOUT: About = About::at("USER#{user}", "{audit}", Personal::Withheld("for operators; it has ids only"))
        .in_table("AuditTable")
        .stays("ids that lead to nobody once the account is deleted");
    // What was done to somebody stands together, in the order it was done.
    fn key(&self) -> Key {
        Key::new(partition(self.subject), self.id.to_string())
    }
}

/// The table of the audit.
#[derive(Clone, Debug)]
pub struct Audit(Arc<str>);

impl Audit {
    /// The one of this name.
    #[must_use]
    pub fn new(table: &str) -> Self {
        Self(table.into())
    }

    /// Adds an entry to the transaction that does what it says. It replaces none.
    pub fn add(&self, tx: &mut Tx, entry: &Entry) {
        tx.create_in(&self.0, entry);
    }
}
