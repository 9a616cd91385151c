//! The demonstration accounts of a local cloud for development: a superuser and five members, of whom two read Polish.
//!
//! They are registered through the public API, in six steps and with the codes from the inbox, so they are ordinary accounts. Existing
//! accounts are not changed. Two things that no client can do are written to the table directly, as an operator would do: appointing the
//! first superuser, and deleting the counters of this client's registrations. The first superuser is appointed whenever there is none, so
//! that the next run completes an interrupted one.

use accounts::{
    audit::{Action, Audit, AuditEntry},
    staff::{Role as StaffRole, Roles},
};
use admin::offer;
use function::Boot;
use futures_util::future::join_all;
use kernel::Secret;
use proofs::password::{Personal, Policy};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Table, Tx};

use crate::{
    Core,
    visitor::{ClientError, Person, Visitor},
};

/// A demonstration account.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Account {
    /// First and last name.
    pub name: &'static str,
    /// Username.
    pub username: &'static str,
    /// E-mail address. No mail server answers for `example.test`.
    pub email: &'static str,
    /// [`PASSWORD`], unless the rules for passwords demand another one: see [`accounts`].
    pub password: &'static str,
    /// The role.
    pub role: Role,
    /// The language of the profile.
    pub locale: &'static str,
}

/// The role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// All permissions.
    Superuser,
    /// No special permissions.
    Member,
}

/// The password of all demonstration accounts. Poikile, the painted porch, is where the first Stoics met; some of the names are theirs.
pub const PASSWORD: &str = "under the painted porch";

/// Candidates for the password of demonstration accounts. The first one that the deployment's rules allow is used. The second one has
/// characters of each kind, the third one also has the most characters that a rule can demand.
const PASSWORDS: [&str; 3] = [
    PASSWORD,
    "Under the painted porch, 300 BC",
    "Under the painted porch, in 300 BC: they walk up and down and talk, and whoever comes by may listen, ask, object, and stay, too.",
];

/// The demonstration accounts.
pub const ACCOUNTS: [Account; 6] = [
    Account { name: "Zeno Citium", username: "zeno", email: "zeno@example.test", password: PASSWORD, role: Role::Superuser, locale: "en" },
    member("Cleanthes Assos", "cleanthes", "cleanthes@example.test", "en"),
    member("Chrysippus Soli", "chrysippus", "chrysippus@example.test", "en"),
    member("Panaetius Rhodes", "panaetius", "panaetius@example.test", "en"),
    member("Aspasia Miletus", "aspasia", "aspasia@example.test", "pl"),
    member("Hypatia Alexandria", "hypatia", "hypatia@example.test", "pl"),
];

const fn member(name: &'static str, username: &'static str, email: &'static str, locale: &'static str) -> Account {
    Account { name, username, email, password: PASSWORD, role: Role::Member, locale }
}

/// Returns the demonstration accounts, with a password that the deployment's rules allow.
#[must_use]
pub fn accounts(core: &Core) -> [Account; 6] {
    let policy = core.hosts.environment("registration").and_then(|env| env.read(Policy::read).ok());
    let allowed =
        |password: &&str| policy.is_none_or(|policy| policy.check(&Secret::new((*password).to_owned()), Personal::default()).is_ok());
    let password = PASSWORDS.into_iter().find(allowed).unwrap_or(PASSWORD);
    ACCOUNTS.map(|account| Account { password, ..account })
}

/// Registers the accounts that are missing, in parallel, and returns them. Appoints the first superuser, if there is none. Does
/// nothing unless the stage is `development`, because the password is public.
///
/// # Errors
/// [`ClientError`] of the first account that could not be registered. The others are registered all the same.
pub async fn seed(core: &Core) -> Result<Vec<Account>, ClientError> {
    if core.stage != "development" {
        return Ok(Vec::new());
    }
    let tables = Tables::of(core)?;
    let missing: Vec<Account> = accounts(core).into_iter().filter(|a| tables.user_of(a.username).is_none()).collect();
    let visitor = Visitor::new(&core.urls.api)?;
    let made = join_all(missing.iter().map(|account| register(core, &visitor, account))).await;
    if !missing.is_empty() {
        core.aws.dynamodb.forget_counters("registration_client#").await.map_err(ClientError::new)?;
    }
    appoint(core, &tables, &visitor).await?;
    made.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(missing)
}

/// Appoints the account that should be the first superuser, if there is none. Somebody else may have registered its name, so its
/// password is checked.
async fn appoint(core: &Core, tables: &Tables, visitor: &Visitor) -> Result<(), ClientError> {
    let sys = &core.sys;
    let aws =
        Boot { env: core.operator().into_iter().collect(), sys: sys.clone(), http: function::http_client().map_err(ClientError::new)? };
    let table = Table::new(&aws.aws().map_err(ClientError::new)?, sys, &tables.state);
    let Some(account) = accounts(core).into_iter().find(|account| account.role == Role::Superuser) else { return Ok(()) };
    if offer::exists(&table).await.map_err(ClientError::new)? {
        return Ok(());
    }
    let signed_in = json!({ "login": account.username, "password": account.password });
    let known = visitor.status(Method::POST, "/v1/sessions", Some(signed_in)).await?.is_success();
    let Some(user) = tables.user_of(account.username).filter(|_| known).and_then(|user| user.parse().ok()) else { return Ok(()) };
    let before = table.get::<Roles>(Roles::key_of(user)).await.map_err(ClientError::new)?.unwrap_or_else(|| Roles::none(user));
    let mut tx = Tx::new();
    offer::appoint(&mut tx, sys.now(), &before);
    let entry = AuditEntry::by_operator(sys, Action::FirstSuperuser, user);
    let entry = entry.changed("roles", &before.roles, before.with(StaffRole::Superuser).roles);
    Audit::new(&tables.audit).add(&mut tx, &entry);
    table.commit(tx).await.map_err(ClientError::new)
}

/// Returns whether an account exists.
pub fn exists(core: &Core, account: &Account) -> bool {
    Tables::of(core).is_ok_and(|tables| tables.user_of(account.username).is_some())
}

async fn register(core: &Core, visitor: &Visitor, account: &Account) -> Result<(), ClientError> {
    let (first_name, last_name) = account.name.split_once(' ').unwrap_or((account.name, account.name));
    let person = Person {
        first_name,
        last_name,
        birth_date: "1990-04-01",
        username: account.username,
        email: account.email,
        password: account.password,
        locale: account.locale,
    };
    visitor.register(&core.inbox, person, |_| {}).await.map(drop).map_err(|e| ClientError::new(format!("{}: {e}", account.username)))
}

/// The tables, for writes of an operator.
struct Tables {
    database: dynoxide::Database,
    state: String,
    audit: String,
}

impl Tables {
    fn of(core: &Core) -> Result<Self, ClientError> {
        let named = |has_stream| core.template.tables.iter().find(|t| t.stream_arn.is_some() == has_stream).map(|t| t.name.clone());
        let (state, audit) = named(true).zip(named(false)).ok_or_else(|| ClientError::new("the template lacks a table"))?;
        Ok(Self { database: core.aws.dynamodb.database(), state, audit })
    }

    /// Returns the id of the user with this username.
    fn user_of(&self, username: &str) -> Option<String> {
        let key = json!({ "pk": { "S": format!("USERNAME#{username}") }, "sk": { "S": "USERNAME" } });
        let answer = self.database.get_item(read(json!({ "TableName": self.state, "Key": key })).ok()?).ok()?;
        let claim = serde_json::to_value(answer.item?).ok()?;
        Some(claim.get("user")?.get("S")?.as_str()?.to_owned())
    }
}

fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, ClientError> {
    serde_json::from_value(request).map_err(ClientError::new)
}
