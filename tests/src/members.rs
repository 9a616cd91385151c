//! Members that are written to the table by the code of the functions, without requests, because most tests only need a member and not the
//! registration. A test in `registration.rs` compares them with a registered member.

use accounts::{
    Keyring, NewAccount,
    identifier::{BirthDate, Email, MinimumAge, PersonName, Phone, Username},
    session::{IdleDays, Opening},
    token::{Issuer, Method, Tokens},
    user::{Factor, PasswordHash, User},
};
use function::Boot;
use kernel::{Locale, Secret, Sys, id::UserId};
use local::Core;
use proofs::{
    IdentityKeys,
    challenge::CodeKey,
    factor::{AppFactor, FactorKeys, RecoveryCodes, Seed},
    password::Hasher,
    signed_in::{Cookies, SessionIssuer, SignedIn, TokenDelivery},
};
use store::{Table, Tx};

use crate::{App, Caller};

/// The password of every member.
pub const PASSWORD: &str = "tall giraffes dance";
/// The first name of every member.
pub(crate) const FIRST_NAME: &str = "Ana";
/// The last name of every member.
pub(crate) const LAST_NAME: &str = "Nowak";
/// The day of birth of every member.
pub(crate) const BIRTH_DATE: &str = "2000-02-29";

/// Makes the members of one cloud.
pub(crate) struct Members {
    table: Table,
    sys: Sys,
    issuer: SessionIssuer,
    code_key: CodeKey,
    factor_keys: FactorKeys,
    hasher: Hasher,
    /// The hash of the password that all members have.
    password: PasswordHash,
}

impl Members {
    /// Prepares members for this cloud: writes to its table as its operator, with the keys of its functions.
    pub async fn of(core: &Core) -> Self {
        let sys = core.sys.clone();
        let http = function::http_client().expect("a client is built");
        let operator = Boot { env: core.operator().into_iter().collect(), sys: sys.clone(), http };
        let aws = operator.aws().expect("there is an operator");
        // `login` has all keys that are needed here.
        let env = core.hosts.environment("login").expect("the template has this function");
        let secret = |variable| {
            let arn = env.get(variable).expect("the function has its configuration");
            Secret::new(core.secrets.get(arn).expect("the secret is drawn").to_owned())
        };
        let keys = IdentityKeys::parse(&secret(IdentityKeys::VARIABLE)).expect("keys");
        let tokens = env.read(|r| Tokens::read(r, &aws, &sys)).expect("the function has its configuration");
        let ring = Keyring::parse(Issuer::VARIABLE, &secret(Issuer::VARIABLE)).expect("keys");
        let issuer = Issuer::open(&ring, &tokens).await.expect("the table works");
        let issuer = env.read(|r| SessionIssuer::new(issuer, Cookies::read(r), IdleDays::read(r)));
        let issuer = issuer.expect("the function has its configuration");
        let (table, hasher, code_key, factor_keys) = (tokens.table().clone(), keys.hasher(&sys), keys.code_key(), keys.factor_keys(&sys));
        let password = hasher.hash(UserId::NIL, &Secret::new(PASSWORD.to_owned())).await.expect("there is memory to hash");
        Self { table, sys, issuer, code_key, factor_keys, hasher, password }
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
        let seed = Seed::draw(&self.sys);
        let change = |user: &mut User| user.factors = vec![Factor::App];
        let also = |tx: &mut Tx, user: UserId| {
            tx.create(&AppFactor::new(&self.factor_keys, user, &seed, self.sys.now()).expect("there is a key to seal with"));
        };
        (self.make(caller, vec![Method::Pwd, Method::Otp, Method::Mfa], change, also).await, App::new(&seed.readable()))
    }

    /// Returns a member with second factors. Also returns their app and their recovery codes.
    pub async fn careful(&self, caller: Caller, phone: &str) -> (Caller, App, Vec<String>) {
        let seed = Seed::draw(&self.sys);
        // Tests write numbers with their country code, so the default country does not matter.
        let phone = Phone::parse(phone, "GB").expect("a number");
        let (recovery, codes) = RecoveryCodes::draw(&self.sys, &self.hasher, UserId::NIL).await.expect("there is memory to hash");
        let change = |user: &mut User| {
            user.phone = Some(phone.clone());
            user.factors = vec![Factor::App, Factor::Email, Factor::Sms];
        };
        let also = |tx: &mut Tx, user: UserId| {
            tx.create(&AppFactor::new(&self.factor_keys, user, &seed, self.sys.now()).expect("there is a key to seal with"));
            let mut theirs = codes.clone();
            theirs.user = user;
            tx.create(&theirs);
        };
        (self.make(caller, vec![Method::Pwd, Method::Email], change, also).await, App::new(&seed.readable()), recovery)
    }

    /// Returns a member who signed in with these proofs, whose account `change` adjusts, with the items that `also` adds.
    async fn make(&self, caller: Caller, proofs: Vec<Method>, change: impl FnOnce(&mut User), also: impl Fn(&mut Tx, UserId)) -> Caller {
        let now = self.sys.now();
        let username = Username::parse(caller.name()).expect("a username");
        let email = Email::parse(&caller.email()).expect("an address");
        let mut user = User {
            email: Some(email.clone()),
            first_name: PersonName::parse(FIRST_NAME).ok(),
            last_name: PersonName::parse(LAST_NAME).ok(),
            birth_date: BirthDate::parse(BIRTH_DATE, now, MinimumAge::DEFAULT).ok(),
            has_password: true,
            ..User::new(self.sys.id(), username, Locale::En, now)
        };
        change(&mut user);
        let key = self.code_key.secret();
        let opening = Opening::first(&self.sys, key, user.id, email, proofs, &caller.client()).idle_for(self.issuer.idle());
        let password = PasswordHash { user: user.id, ..self.password.clone() };
        let account = NewAccount { password: Some(&password), verifications: 1, ..NewAccount::new(&user) };
        let made = account.make(&self.table, &self.sys, |tx| {
            opening.create(tx, &self.sys);
            also(tx, user.id);
        });
        made.await.unwrap_or_else(|e| panic!("{} is not made: {:?}", caller.name(), e.error));
        let signed_in = SignedIn::new(&self.issuer, &opening.session, &opening.refresh, TokenDelivery::Body).expect("a token is signed");
        caller.signed_in(serde_json::to_value(signed_in).expect("it is JSON"))
    }
}
