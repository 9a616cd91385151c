//! Accounts: the user item, names and contacts, sessions and their tokens, friends and blocks, roles, the audit log,
//! the deletion.
//!
//! This crate does not depend on HTTP. `callers` authenticates requests, and `proofs` verifies credentials.
//! Every session is created by [`session::Opening`].

mod account_state;
pub mod address_book;
pub mod agent;
pub mod api_key;
pub mod audit;
pub mod audit_seal;
pub mod deletion;
pub mod directory;
mod eddsa;
pub mod export;
pub mod figures;
pub mod former_contact;
pub mod identifier;
pub mod invite;
pub mod keyring;
pub mod known_network;
pub mod last_run;
pub mod last_seen;
mod new_account;
pub mod pair;
mod partitions;
pub mod people_search;
pub mod picture;
pub mod profanity;
pub mod profile;
pub mod purge;
mod purged;
mod resource;
pub mod session;
pub mod staff;
pub mod statistics;
pub mod terms;
pub mod token;
pub mod undo;
pub mod user;
pub mod username;

use function::metrics::Metric;
pub use keyring::Keyring;
pub use new_account::{NameClaims, NewAccount, NotMade};
pub use resource::Resource;

store::items![
    address_book::Book,
    api_key::ApiKey,
    audit::AuditRecord,
    audit::AuditValues,
    audit_seal::Seal,
    deletion::Deletion,
    deletion::Receipt,
    directory::DirectoryEntry,
    figures::CountedBatch,
    figures::Figure,
    figures::RevenueChange,
    former_contact::FormerContact,
    invite::Invite,
    invite::InviteClaim,
    invite::Invitee,
    known_network::KnownNetwork,
    last_run::LastRun,
    last_seen::LastSeen,
    pair::Pair,
    pair::RelationCounts,
    session::Session,
    staff::Roles,
    statistics::DayShard,
    token::PublishedKeys,
    undo::Undone,
    user::EmailClaim,
    user::NoticeDetails,
    user::PasswordHash,
    user::PhoneClaim,
    user::User,
    username::FormerNames,
    username::UsernameClaim
];

function::metrics! {
    /// A successful run of the function that begins deletions, or of the one that continues missed ones.
    pub const DELETION_RUNS: Metric = Metric::new("DeletionRuns");
}
