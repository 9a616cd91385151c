//! What is removed, in which order: one line for each feature, whose own crate knows how.
//!
//! First every way in, so that nothing is written behind the purge's back; the record that names the person after all that
//! needs a name. Flows come last: anybody can begin one with an address that still has its owner. A step removes a bounded part
//! and says whether there is more; it may be cut off and run again at any point. Steps are remembered by their names, so that a step that a new deployment adds is still done for
//! an account that is half purged.
//!
//! Not in the list is what names nobody or goes by itself: outbox items and the records of handled events carry ids and
//! expire, counters of limits stand under hashes and expire within a day, those of wrong codes in a row within a year. An address
//! or number of this person's that another member asked to make theirs stands with that member, who cannot prove it: nothing leads
//! there, and it expires within a day of being asked for last.

use accounts::{deletion::Deletion, identifier::Contact, user::User};
use function::Failure;
use futures_util::future::{BoxFuture, FutureExt as _};
use proofs::challenge::{Challenge, Purpose};
use store::Key;

use crate::State;

pub(crate) const ALL: [Step; 7] = [
    step("sessions", |s, d| run(accounts::purge::close(&s.table, d.user))),
    step("sockets", |s, d| run(messaging::purge::close(&s.table, &s.sys, &s.sockets, d.user))),
    step("files", |s, d| run(files::purge::purge(&s.table, &s.bucket, d.user))),
    step("chats", |s, d| run(messaging::purge::purge(&s.table, d.user))),
    step("invites", |s, d| run(accounts::purge::invites(&s.table, d.user))),
    step("account", |s, d| run(accounts::purge::erase(&s.table, d.user, phone_code))),
    step("flows", |s, d| run(accounts::purge::owned(&s.table, d.user))),
];

/// Where the code to sign in with a person's number is. Whoever asked for it did not say whose number it is.
fn phone_code(user: &User) -> Option<Key> {
    let phone = user.phone.clone().map(Contact::Phone)?;
    Some(Challenge::key_of(Challenge::id_of(Purpose::PhoneLogin, &phone, "")))
}

/// One step.
pub(crate) struct Step {
    /// Under which it is noted.
    pub name: &'static str,
    /// Removes a part.
    pub run: Run,
}

type Run = for<'a> fn(&'a State, &'a Deletion) -> BoxFuture<'a, Result<Progress, Failure>>;

const fn step(name: &'static str, run: Run) -> Step {
    Step { name, run }
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing is left.
    Done,
    /// Run it again.
    More,
}

fn run<'a, P, E>(part: impl Future<Output = Result<P, E>> + Send + 'a) -> BoxFuture<'a, Result<Progress, Failure>>
where
    P: Into<Progress>,
    E: Into<Failure>,
{
    part.map(|outcome| outcome.map(Into::into).map_err(Into::into)).boxed()
}

impl From<()> for Progress {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<accounts::purge::Purged> for Progress {
    fn from(purged: accounts::purge::Purged) -> Self {
        match purged {
            accounts::purge::Purged::Done => Self::Done,
            accounts::purge::Purged::More => Self::More,
        }
    }
}

impl From<messaging::purge::Purged> for Progress {
    fn from(purged: messaging::purge::Purged) -> Self {
        match purged {
            messaging::purge::Purged::Done => Self::Done,
            messaging::purge::Purged::More => Self::More,
        }
    }
}

impl From<files::purge::Purged> for Progress {
    fn from(purged: files::purge::Purged) -> Self {
        match purged {
            files::purge::Purged::All => Self::Done,
            files::purge::Purged::Some => Self::More,
        }
    }
}
