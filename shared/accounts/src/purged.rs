//! The result of a step of a purge.

/// Whether there is more to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// All is deleted.
    Done,
    /// There is more: call again.
    More,
}

/// Steps that delete everything in one call return `()`.
impl From<()> for Purged {
    fn from((): ()) -> Self {
        Self::Done
    }
}
