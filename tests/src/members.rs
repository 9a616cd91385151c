//! Members of the tests: see [`local::members`].

use accounts::{
    identifier::Phone,
    token::Method,
    user::{Factor, User},
};
use kernel::id::UserId;
pub use local::members::PASSWORD;
pub(crate) use local::members::{BIRTH_DATE, FIRST_NAME, LAST_NAME};
use local::{Core, members};
use proofs::factor::{AppFactor, RecoveryCodes, Seed};
use store::Tx;

use crate::{App, Caller};

/// Makes the members of one cloud.
pub(crate) struct Members(members::Members);

impl Members {
    /// Prepares members for this cloud.
    pub async fn of(core: &Core) -> Self {
        Self(members::Members::of(core).await.unwrap_or_else(|e| panic!("no members can be made: {e}")))
    }

    /// Returns a member with only an address and a password.
    pub async fn plain(&self, caller: Caller) -> Caller {
        self.make(caller, vec![Method::Pwd, Method::Email], |_| {}, |_, _| {}).await
    }

    /// Returns a member with a phone number too.
    pub async fn with_phone(&self, caller: Caller, phone: &str) -> Caller {
        let phone = Phone::parse(phone, "GB").expect("a number");
        self.make(caller, vec![Method::Pwd, Method::Email], |user| user.phone = Some(phone), |_, _| {}).await
    }

    /// Returns a member with an app as the second factor, who has just signed in with it. Without recovery codes, because their ten hashes
    /// take long.
    pub async fn proven(&self, caller: Caller) -> (Caller, App) {
        let seed = Seed::draw(&self.0.sys);
        let change = |user: &mut User| user.factors = vec![Factor::App];
        let also = |tx: &mut Tx, user: UserId| self.add_app(tx, user, &seed);
        (self.make(caller, vec![Method::Pwd, Method::Otp, Method::Mfa], change, also).await, App::new(&seed.readable()))
    }

    /// Returns a member with second factors. Also returns their app and their recovery codes.
    pub async fn careful(&self, caller: Caller, phone: &str) -> (Caller, App, Vec<String>) {
        let seed = Seed::draw(&self.0.sys);
        // Tests write numbers with their country code, so the default country does not matter.
        let phone = Phone::parse(phone, "GB").expect("a number");
        let drawn = RecoveryCodes::draw(&self.0.sys, &self.0.hasher, UserId::NIL).await;
        let (recovery, codes) = drawn.expect("there is memory to hash");
        let change = |user: &mut User| {
            user.phone = Some(phone.clone());
            user.factors = vec![Factor::App, Factor::Email, Factor::Sms];
        };
        let also = |tx: &mut Tx, user: UserId| {
            self.add_app(tx, user, &seed);
            let mut theirs = codes.clone();
            theirs.user = user;
            tx.create(&theirs);
        };
        (self.make(caller, vec![Method::Pwd, Method::Email], change, also).await, App::new(&seed.readable()), recovery)
    }

    fn add_app(&self, tx: &mut Tx, user: UserId, seed: &Seed) {
        tx.create(&AppFactor::new(&self.0.factor_keys, user, seed, self.0.sys.now()).expect("there is a key to seal with"));
    }

    /// Returns a member who signed in with these proofs, whose account `change` adjusts, with the items that `also` adds.
    async fn make(&self, caller: Caller, proofs: Vec<Method>, change: impl FnOnce(&mut User), also: impl Fn(&mut Tx, UserId)) -> Caller {
        let made = self.0.make(caller.name(), &caller.client(), proofs, change, also).await;
        let signed_in = made.unwrap_or_else(|e| panic!("{e}"));
        caller.signed_in(serde_json::to_value(signed_in).expect("it is JSON"))
    }
}
