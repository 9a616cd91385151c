//! An account as staff see it: its state and its owner's roles, and none of its content.

use accounts::{
    deletion::Deletion,
    identifier::{Contact, Username},
    staff::{Role, Roles},
    user::{Status, User},
    username::UsernameClaim,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{Kind, Problem, Timestamp, id::UserId};
use serde::Serialize;
use store::Table;
use utoipa::ToSchema;
use web::{Error, Json, Path, Problems};

/// What is read of an account.
pub struct Account {
    pub user: User,
    pub roles: Roles,
    pub deletion: Option<Deletion>,
}

impl Account {
    /// The account with this username. Two reads, because the first one, of the name's claim, has the key of the second.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if nobody has the name.
    pub async fn named(table: &Table, username: &str) -> Result<Self, Problem> {
        let name = Username::parse(username).map_err(|_| Kind::NotFound)?;
        let claim = table.get::<UsernameClaim>(UsernameClaim::key_of(&name)).await?;
        let id = claim.and_then(|claim| claim.owner()).ok_or(Kind::NotFound)?;
        let (user, roles, deletion) = (User::key_of(id), Roles::key_of(id), Deletion::key_of(id));
        let mut found = table.get_many(vec![user.clone(), roles.clone(), deletion.clone()]).await?;
        Ok(Self {
            user: found.take(&user)?.ok_or(Kind::NotFound)?,
            roles: found.take(&roles)?.unwrap_or_else(|| Roles::none(id)),
            deletion: found.take(&deletion)?,
        })
    }

    fn state(&self) -> AccountState {
        match (self.user.status, &self.deletion) {
            (Status::Purging, _) => AccountState::Purging,
            (Status::Deactivated, _) => AccountState::Deactivated,
            (Status::Active, Some(_)) => AccountState::Leaving,
            (Status::Active, None) => AccountState::Active,
        }
    }

    /// The problem for an account whose state does not allow an operation.
    #[track_caller]
    pub fn refusal(&self) -> Problem {
        match serde_json::to_value(self.state()) {
            Ok(state) => Problem::new(Kind::AccountState).with("state", state),
            Err(e) => Problem::internal(e),
        }
    }
}

/// The state of an account.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    Active,
    /// In use, with a scheduled deletion.
    Leaving,
    /// Deactivated. Only a superuser can reactivate it.
    Deactivated,
    /// Being deleted, which cannot be cancelled any more.
    Purging,
}

/// An account as staff see it.
#[derive(Serialize, ToSchema)]
pub struct AccountInfo {
    /// The id of the account.
    user_id: UserId,
    /// The username.
    #[schema(examples("anna"))]
    username: String,
    /// The state of the account.
    state: AccountState,
    /// The roles of its owner.
    roles: Vec<Role>,
    /// The e-mail address, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    email: Option<String>,
    /// The phone number, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("+••••••56"))]
    phone: Option<String>,
    /// Whether second factors are on.
    second_step: bool,
    /// When the account was made.
    created_at: Timestamp,
    /// When it was deactivated. Absent if it is not deactivated, or if the time was not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_at: Option<Timestamp>,
    /// When its deletion is due, if one is scheduled or has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_due_at: Option<Timestamp>,
}

impl From<Account> for AccountInfo {
    fn from(account: Account) -> Self {
        let state = account.state();
        let Account { user, roles, deletion } = account;
        Self {
            user_id: user.id,
            state,
            roles: roles.roles,
            second_step: user.has_second_step(),
            email: user.email.map(|email| Contact::Email(email).masked()),
            phone: user.phone.map(|phone| Contact::Phone(phone).masked()),
            username: user.username.to_string(),
            created_at: user.created_at.into(),
            deactivated_at: user.deactivated_at.map(Into::into),
            deletion_due_at: deletion.map(|d| d.due_at.into()),
        }
    }
}

/// Shows the state and the roles of an account.
///
/// For administrators, with a second factor. Contacts are masked.
///
/// AWS calls: three. The batch that authenticates the caller and reads their roles, the claim of the username, and a batch for
/// the account.
#[utoipa::path(get, path = "/v1/admin/users/{username}",
    params(("username" = String, Path, max_length = 100, description = "In upper or lower case: `Anna` is `anna`.", example = "anna")),
    responses((status = 200, body = AccountInfo), Problems))]
pub async fn get_account(
    State(s): State<crate::State>,
    _: Staff<Administrator>,
    Path(username): Path<String>,
) -> Result<Json<AccountInfo>, Error> {
    Ok(Json(Account::named(&s.table, &username).await?.into()))
}
