//! The creation of an account, which all kinds of registration share.

use kernel::Sys;
use search::IndexChange;
use store::{CommitError, Slot, Table, Tx, field};

use crate::{
    directory::DirectoryEntry,
    identifier::Phone,
    invite::{self, Invite, InviteCode, Inviter, InviterSlots},
    people_search,
    session::renew_credentials,
    staff,
    statistics::{self, Counts},
    user::{EmailClaim, PasswordHash, PhoneClaim, User},
    username::UsernameClaim,
};

/// An account to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// The user item.
    pub user: &'a User,
    /// The password, if there is one.
    pub password: Option<&'a PasswordHash>,
    /// The account that has had the phone number so far and has no other way to sign in. It is deactivated.
    pub instead_of: Option<&'a User>,
    /// The owner of the entered invitation code. If the code cannot be entered any more, the account is created without an inviter.
    pub inviter: Option<&'a Inviter>,
    /// The number of contacts that this request proves, for the statistics. Contacts that were proven in earlier requests are already
    /// counted.
    pub verifications: u64,
}

/// The slots of a new account's claims, which are refused if another account has them.
#[derive(Clone, Copy, Debug)]
pub struct NameClaims {
    /// Refused if the username is taken.
    pub username: Slot,
    /// Refused if another account has the address.
    pub email: Option<Slot>,
    /// Refused if another account has the number.
    pub phone: Option<Slot>,
}

/// The error of [`NewAccount::make`]: the account was not created.
#[derive(Debug)]
pub struct NotMade<T> {
    /// The reason.
    pub error: CommitError,
    /// The claims of names, which are refused if another account has them.
    pub claims: NameClaims,
    /// The result of the caller's own writes in the transaction.
    pub also: T,
}

impl<'a> NewAccount<'a> {
    /// Creates an account of this user item alone.
    #[must_use]
    pub const fn new(user: &'a User) -> Self {
        Self { user, password: None, instead_of: None, inviter: None, verifications: 0 }
    }

    /// Creates the account and its own invitation code in one transaction, together with the writes that `also` adds.
    ///
    /// One more transaction for each random invitation code that is taken, which is rare among 887 million codes.
    ///
    /// # Errors
    /// [`NotMade`], with the slots of the claims and of the caller's writes.
    pub async fn make<T>(mut self, table: &Table, sys: &Sys, also: impl Fn(&mut Tx) -> T) -> Result<(), NotMade<T>> {
        let mut draws = 0;
        loop {
            let mut tx = Tx::new();
            let others = also(&mut tx);
            let parts = self.write(&mut tx, sys);
            let Err(error) = parts.found.commit(table, tx).await else { return Ok(()) };
            let not_made = |error| NotMade { error, claims: parts.claims, also: others };
            if parts.inviter.is_some_and(|inviter| inviter.was_refused(&error)) {
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
            None => create(tx, self.user, self.password),
            Some(former) => create_instead_of(tx, sys, self.user, former),
        };
        let (id, now) = (self.user.id, sys.now());
        let code = Invite::create(tx, id, InviteCode::draw(sys), self.inviter.map(Inviter::user), now);
        let inviter = self.inviter.map(|inviter| inviter.count_invitee(tx, now, false));
        let counts = Counts { registrations: 1, verifications: self.verifications, invites: self.inviter.is_some().into() };
        statistics::count(tx, sys, counts);
        DirectoryEntry::create(tx, id);
        Writes { claims, code, inviter, found: people_search::add(tx, self.user) }
    }
}

struct Writes {
    claims: NameClaims,
    code: Slot,
    inviter: Option<InviterSlots>,
    found: IndexChange,
}

/// Adds the user item of a new account, its password and the claims of its names to a transaction.
fn create(tx: &mut Tx, user: &User, password: Option<&PasswordHash>) -> NameClaims {
    tx.create(user);
    if let Some(password) = password {
        tx.create(password);
    }
    let username = UsernameClaim::take(tx, &user.username, user.id, user.created_at);
    let email = user.email.as_ref().map(|email| tx.create(&EmailClaim { email: email.key(), user: user.id }));
    let phone = user.phone.as_ref().map(|phone| tx.create(&PhoneClaim { phone: phone.clone(), user: user.id }));
    NameClaims { username, email, phone }
}

/// Adds a new account to a transaction as [`create`] does, and moves the phone number to it from the `former` account, which has no other
/// way to sign in. The former account is deactivated, and only staff can reactivate it. Refused if it is a superuser's account, because it
/// may be the last one.
fn create_instead_of(tx: &mut Tx, sys: &Sys, user: &User, former: &User) -> NameClaims {
    tx.create(user);
    let username = UsernameClaim::take(tx, &user.username, user.id, user.created_at);
    let claim = |phone: &Phone| PhoneClaim { phone: phone.clone(), user: user.id };
    let phone = user.phone.as_ref().map(|phone| tx.put(&claim(phone), field("user").eq(former.id)));
    renew_credentials(tx, sys, former, former.deactivate(sys.now()).remove("phone"), None);
    staff::require_no_superuser(tx, former.id);
    NameClaims { username, email: None, phone }
}
