//! The tasks that tests also use.

pub mod appoint;
pub mod audit_verify;
pub mod endpoint;
pub mod items;
pub mod redrive;

/// Why a task failed, for people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
