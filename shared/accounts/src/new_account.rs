//! The beginning of every account, whichever way it is opened.

use kernel::Sys;
use store::{CommitError, Slot, Table, Tx};

use crate::{
    invite::{self, Invite, InviteCode, Inviter, InviterSlots},
    statistics::{self, Counts},
    user::{NameClaims, PasswordHash, User},
};

/// An account that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// The record.
    pub user: &'a User,
    /// The password, if there is one.
    pub password: Option<&'a PasswordHash>,
    /// The account that had its number until now and that nothing but the number led into. It is put to rest.
    pub instead_of: Option<&'a User>,
    /// Whose invitation code was given. Should it not be one to enter any more, the account is made without.
    pub inviter: Option<&'a Inviter>,
    /// How many addresses and numbers are proven by what comes with it; those that were proven before are counted already.
    pub verifications: u64,
}

/// An account was not made.
#[derive(Debug)]
pub struct NotMade<T> {
    /// Why.
    pub error: CommitError,
    /// The claims that another account can make fail.
    pub claims: NameClaims,
    /// What the other writes of the transaction came to.
    pub also: T,
}

impl<'a> NewAccount<'a> {
    /// An account of these, with nothing else.
    #[must_use]
    pub const fn new(user: &'a User) -> Self {
        Self { user, password: None, instead_of: None, inviter: None, verifications: 0 }
    }

    /// Makes the account, with an invitation code of its own, in one transaction with what `also` adds to it.
    ///
    /// Another transaction for each drawn code that is, or was, somebody's: of 887 million hardly ever one.
    ///
    /// # Errors
    /// [`NotMade`], which says whether it was a claim, or one of the other writes, that was refused.
    pub async fn make<T>(mut self, table: &Table, sys: &Sys, also: impl Fn(&mut Tx) -> T) -> Result<(), NotMade<T>> {
        let mut draws = 0;
        loop {
            let mut tx = Tx::new();
            let others = also(&mut tx);
            let parts = self.write(&mut tx, sys);
            let Err(error) = table.commit(tx).await else { return Ok(()) };
            let not_made = |error| NotMade { error, claims: parts.claims, also: others };
            if parts.welcome.is_some_and(|welcome| welcome.was_refused(&error)) {
                self.inviter = None;
            } else if !error.refused(parts.code) {
                return Err(not_made(error));
            } else if draws == invite::DRAWS {
                return Err(not_made(invite::none_free().into()));
            } else {
                draws = draws.saturating_add(1);
            }
        }
    }

    fn write(&self, tx: &mut Tx, sys: &Sys) -> Writes {
        let claims = match self.instead_of {
            None => self.user.create(tx, self.password),
            Some(former) => self.user.create_instead_of(tx, sys, former),
        };
        let (id, now) = (self.user.id, sys.now());
        let code = Invite::create(tx, id, InviteCode::draw(sys), self.inviter.map(Inviter::user), now);
        let welcome = self.inviter.map(|inviter| inviter.welcome(tx, now, false));
        let counts = Counts { registrations: 1, verifications: self.verifications, invites: self.inviter.is_some().into() };
        statistics::count(tx, sys, counts);
        Writes { claims, code, welcome }
    }
}

struct Writes {
    claims: NameClaims,
    code: Slot,
    welcome: Option<InviterSlots>,
}
