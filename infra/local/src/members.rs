//! Members that are written to the table by the code of the functions, without requests: for tests and measurements, which need people and
//! not their registration. A test in `registration.rs` compares them with a registered member.

use accounts::{
    Keyring, NewAccount,
    identifier::{BirthDate, Email, MinimumAge, PersonName, Username},
    session::{IdleDays, Opening},
    token::{Issuer, Method, Tokens},
    user::{PasswordHash, User},
};
use function::{Boot, Failure};
use kernel::{Client, Locale, Secret, Sys, id::UserId};
use proofs::{
    IdentityKeys,
    challenge::CodeKey,
    factor::FactorKeys,
    password::Hasher,
    signed_in::{Cookies, SessionIssuer, SignedIn, TokenDelivery},
};
use store::{Table, Tx};

use crate::Core;

/// The password of every member.
pub const PASSWORD: &str = "tall giraffes dance";
/// The first name of every member.
pub const FIRST_NAME: &str = "Ana";
/// The last name of every member.
pub const LAST_NAME: &str = "Nowak";
/// The day of birth of every member.
pub const BIRTH_DATE: &str = "2000-02-29";

/// The function whose keys are used: it has all that are needed here.
const FUNCTION: &str = "login";

/// Makes the members of one cloud.
pub struct Members {
    /// The clock, randomness and ids of the cloud.
    pub sys: Sys,
    /// The keys that seal the seeds of authenticator apps.
    pub factor_keys: FactorKeys,
    /// Hashes passwords and recovery codes.
    pub hasher: Hasher,
    table: Table,
    issuer: SessionIssuer,
    code_key: CodeKey,
    /// The hash of the password that all members have.
    password: PasswordHash,
}

impl Members {
    /// Prepares members for this cloud: writes to its table as its operator, with the keys of its functions.
    ///
    /// # Errors
    /// If the configuration lacks something, or the table does not work.
    pub async fn of(core: &Core) -> Result<Self, Failure> {
        let sys = core.sys.clone();
        let operator = Boot { env: core.operator().into_iter().collect(), sys: sys.clone(), http: function::http_client()? };
        let aws = operator.aws()?;
        let env = core.hosts.environment(FUNCTION).ok_or("the template has no function that signs people in")?;
        let secret = |variable: &'static str| {
            let stored = env.get(variable).and_then(|arn| core.secrets.get(arn)).ok_or_else(|| format!("{FUNCTION} has no {variable}"));
            stored.map(|stored| Secret::new(stored.to_owned()))
        };
        let keys = IdentityKeys::parse(&secret(IdentityKeys::VARIABLE)?)?;
        let ring = Keyring::parse(Issuer::VARIABLE, &secret(Issuer::VARIABLE)?)?;
        let tokens = env.read(|r| Tokens::read(r, &aws, &sys))?;
        let issuer = Issuer::open(&ring, &tokens).await?;
        let issuer = env.read(|r| SessionIssuer::new(issuer, Cookies::read(r), IdleDays::read(r)))?;
        let (table, hasher, code_key, factor_keys) = (tokens.table().clone(), keys.hasher(&sys), keys.code_key(), keys.factor_keys(&sys));
        let password = hasher.hash(UserId::NIL, &Secret::new(PASSWORD.to_owned())).await?;
        Ok(Self { sys, factor_keys, hasher, table, issuer, code_key, password })
    }

    /// Makes a member with only the address `<username>@example.test` and the [`PASSWORD`]. Returns what a sign-in from this client returns.
    ///
    /// # Errors
    /// If there is one of this name, or it is no username.
    pub async fn plain(&self, username: &str, client: &Client) -> Result<SignedIn, Failure> {
        self.make(username, client, vec![Method::Pwd, Method::Email], |_| {}, |_, _| {}).await
    }

    /// Makes a member who signed in with these proofs, whose account `change` adjusts, with the items that `also` adds.
    ///
    /// # Errors
    /// If there is one of this name, or it is no username.
    pub async fn make(
        &self,
        username: &str,
        client: &Client,
        proofs: Vec<Method>,
        change: impl FnOnce(&mut User),
        also: impl Fn(&mut Tx, UserId),
    ) -> Result<SignedIn, Failure> {
        let now = self.sys.now();
        let name = Username::parse(username).map_err(|e| format!("{username:?} is no username: {}", e.text(Locale::En)))?;
        let email = Email::parse(&format!("{username}@example.test"))
            .map_err(|e| format!("{username:?} makes no address: {}", e.text(Locale::En)))?;
        let mut user = User {
            email: Some(email.clone()),
            first_name: PersonName::parse(FIRST_NAME).ok(),
            last_name: PersonName::parse(LAST_NAME).ok(),
            birth_date: BirthDate::parse(BIRTH_DATE, now, MinimumAge::DEFAULT).ok(),
            has_password: true,
            ..User::new(self.sys.id(), name, Locale::En, now)
        };
        change(&mut user);
        let key = self.code_key.secret();
        let opening = Opening::first(&self.sys, key, user.id, email, proofs, client).idle_for(self.issuer.idle());
        let password = PasswordHash { user: user.id, ..self.password.clone() };
        let account = NewAccount { password: Some(&password), verifications: 1, ..NewAccount::new(&user) };
        let made = account.make(&self.table, &self.sys, |tx| {
            opening.create(tx, &self.sys);
            also(tx, user.id);
        });
        made.await.map_err(|e| {
            let taken = [Some(e.claims.username), e.claims.email].into_iter().flatten().any(|claim| e.error.refused(claim));
            if taken { format!("{username:?} is taken") } else { format!("{username:?} is not made: {:?}", e.error) }
        })?;
        Ok(SignedIn::new(&self.issuer, &opening.session, &opening.refresh, TokenDelivery::Body)?)
    }
}
