//! An account as staff see it: in which state it is, and what its owner may do. Nothing of what is in it.

use accounts::{
    Staff,
    deletion::Deletion,
    identifier::{Contact, Username},
    staff::{Administrator, Role, Roles},
    user::{Status, User},
    username::UsernameClaim,
};
use axum::extract::State;
use kernel::{Kind, Problem, Timestamp, id::UserId};
use serde::Serialize;
use store::Table;
use utoipa::ToSchema;
use web::{Error, Json, Path, Problems};

/// What is known of somebody's account.
pub struct Account {
    pub user: User,
    pub roles: Roles,
    pub deletion: Option<Deletion>,
}

impl Account {
    /// The account of this name. Two reads: the name says which record only once it is read.
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

    /// That the account is not in a state that something takes.
    #[track_caller]
    pub fn refusal(&self) -> Problem {
        match serde_json::to_value(self.state()) {
            Ok(state) => Problem::new(Kind::AccountState).with("state", state),
            Err(e) => Problem::internal(e),
        }
    }
}

/// In which state an account is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    Active,
    /// In use, and to be deleted when that is due.
    Leaving,
    /// Put to rest; only a superuser puts it back into use.
    Deactivated,
    /// Being deleted; there is no way back.
    Purging,
}

/// Somebody's account.
#[derive(Serialize, ToSchema)]
pub struct AccountInfo {
    /// Whose.
    user_id: UserId,
    /// Whose, for people.
    #[schema(examples("anna"))]
    username: String,
    /// In which state it is.
    state: AccountState,
    /// What its owner may do besides what everybody may.
    roles: Vec<Role>,
    /// Where mails go, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("a****@example.test"))]
    email: Option<String>,
    /// Where text messages go, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("+••••••56"))]
    phone: Option<String>,
    /// Whether signing in takes a second step.
    second_step: bool,
    /// When it was made.
    created_at: Timestamp,
    /// Since when it is put to rest, if it is and that was noted.
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

/// Shows in which state somebody's account is, and which roles they have.
///
/// For administrators, with a second factor. Contacts are masked.
///
/// AWS calls: three, the batch that proves the session and brings the caller's roles, whose the name is, and a batch for the account.
#[utoipa::path(get, path = "/v1/admin/users/{username}", tag = "admin",
    params(("username" = String, Path, max_length = 100, description = "In any case: `Anna` is `anna`.", example = "anna")),
    responses((status = 200, body = AccountInfo), Problems))]
pub async fn get_account(
    State(s): State<crate::State>,
    _: Staff<Administrator>,
    Path(username): Path<String>,
) -> Result<Json<AccountInfo>, Error> {
    Ok(Json(Account::named(&s.table, &username).await?.into()))
}
