//! The accounts that a local cloud for development starts with: a superuser and five members.
//!
//! They are made through the public API, by the six steps and with the codes from the inbox, so that they are what any account
//! is. Each is made on its own: whoever is there already is left as they are. Two things no client can do are done in the
//! table, as an operator would: making one of them the first superuser, and forgetting that this machine has just registered six
//! times. The first superuser is made whenever there is none, so that nothing is lost where an earlier run was cut off.

use accounts::{
    audit::{Action, Audit, AuditEntry},
    staff::{Role as StaffRole, Roles},
};
use admin::offer;
use function::Boot;
use futures_util::future::join_all;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Table, Tx};

use crate::{
    Core,
    visitor::{Person, Trouble, Visitor},
};

/// A demonstration account.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Account {
    /// First and last name.
    pub name: &'static str,
    /// Username.
    pub username: &'static str,
    /// Address. No mail server answers for `example.test`.
    pub email: &'static str,
    /// [`PASSWORD`].
    pub password: &'static str,
    /// What they may do.
    pub role: Role,
    #[serde(skip)]
    locale: &'static str,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Superuser,
    /// What everybody may.
    Member,
}

/// The password of all. Poikile, the painted porch, is where the first Stoics met; some of the names are theirs.
pub const PASSWORD: &str = "under the painted porch";

/// All of them.
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

/// Makes those accounts that are missing, at once, and says which; and the first superuser, if there is none. None but in
/// development: everybody knows their password.
///
/// # Errors
/// [`Trouble`] of the first account that could not be made. The others are made all the same.
pub async fn seed(core: &Core) -> Result<Vec<Account>, Trouble> {
    if core.stage != "development" {
        return Ok(Vec::new());
    }
    let tables = Tables::of(core)?;
    let missing: Vec<Account> = ACCOUNTS.into_iter().filter(|a| tables.user_of(a.username).is_none()).collect();
    let visitor = Visitor::new(&core.urls.api)?;
    let made = join_all(missing.iter().map(|account| register(core, &visitor, account))).await;
    if !missing.is_empty() {
        tables.forget_registrations()?;
    }
    appoint(core, &tables, &visitor).await?;
    made.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(missing)
}

/// Makes the account that is to be it the first superuser, if there is none. Somebody else may have its name: what is made here has
/// the password of all.
async fn appoint(core: &Core, tables: &Tables, visitor: &Visitor) -> Result<(), Trouble> {
    let sys = &core.sys;
    let aws = Boot { env: core.operator().into_iter().collect(), sys: sys.clone(), http: function::http_client().map_err(Trouble::new)? };
    let table = Table::new(&aws.aws().map_err(Trouble::new)?, sys, &tables.state);
    let Some(account) = ACCOUNTS.iter().find(|account| account.role == Role::Superuser) else { return Ok(()) };
    if offer::exists(&table).await.map_err(Trouble::new)? {
        return Ok(());
    }
    let signed_in = json!({ "login": account.username, "password": account.password });
    let known = visitor.status(Method::POST, "/v1/sessions", Some(signed_in)).await?.is_success();
    let Some(user) = tables.user_of(account.username).filter(|_| known).and_then(|user| user.parse().ok()) else { return Ok(()) };
    let before = table.get::<Roles>(Roles::key_of(user)).await.map_err(Trouble::new)?.unwrap_or_else(|| Roles::none(user));
    let mut tx = Tx::new();
    offer::appoint(&mut tx, sys.now(), &before);
    let entry = AuditEntry::by_operator(sys, Action::FirstSuperuser, user);
    let entry = entry.changed("roles", &before.roles, before.with(StaffRole::Superuser).roles);
    Audit::new(&tables.audit).add(&mut tx, &entry);
    table.commit(tx).await.map_err(Trouble::new)
}

/// Whether an account is there.
pub fn exists(core: &Core, account: &Account) -> bool {
    Tables::of(core).is_ok_and(|tables| tables.user_of(account.username).is_some())
}

async fn register(core: &Core, visitor: &Visitor, account: &Account) -> Result<(), Trouble> {
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
    visitor.register(&core.inbox, person, |_| {}).await.map(drop).map_err(|e| Trouble::new(format!("{}: {e}", account.username)))
}

/// The tables, as an operator reaches them.
struct Tables {
    database: dynoxide::Database,
    state: String,
    audit: String,
}

impl Tables {
    fn of(core: &Core) -> Result<Self, Trouble> {
        let named = |has_stream| core.template.tables.iter().find(|t| t.stream_arn.is_some() == has_stream).map(|t| t.name.clone());
        let (state, audit) = named(true).zip(named(false)).ok_or_else(|| Trouble::new("the template lacks a table"))?;
        Ok(Self { database: core.aws.dynamodb.database(), state, audit })
    }

    /// The id of the user with this username.
    fn user_of(&self, username: &str) -> Option<String> {
        let key = json!({ "pk": { "S": format!("USERNAME#{username}") }, "sk": { "S": "USERNAME" } });
        let answer = self.database.get_item(read(json!({ "TableName": self.state, "Key": key })).ok()?).ok()?;
        let claim = serde_json::to_value(answer.item?).ok()?;
        Some(claim.get("user")?.get("S")?.as_str()?.to_owned())
    }

    /// The counters of registrations by one client begin anew.
    fn forget_registrations(&self) -> Result<(), Trouble> {
        let counters = json!({
            "TableName": self.state,
            "FilterExpression": "begins_with(pk, :limit)",
            "ExpressionAttributeValues": { ":limit": { "S": "LIMIT#registration_client#" } },
        });
        let found = self.database.scan(read(counters)?).map_err(Trouble::new)?;
        for item in found.items.unwrap_or_default() {
            let key = json!({ "pk": item.get("pk"), "sk": item.get("sk") });
            self.database.delete_item(read(json!({ "TableName": self.state, "Key": key }))?).map_err(Trouble::new)?;
        }
        Ok(())
    }
}

fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, Trouble> {
    serde_json::from_value(request).map_err(Trouble::new)
}
