//! What is done by hand rather than by a schedule, and by tests.

pub mod appoint;
pub mod items;
pub mod redrive;

/// Why a task ends badly, for a person to read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
