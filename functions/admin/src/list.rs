//! Lists of accounts, and searching them.

use accounts::{
    directory::{Account, AccountFilter, AccountState},
    people_search::{self, PeopleSearch, Words},
    staff::Role,
    statistics::Day,
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{Fields, Kind, Problem, id::UserId};
use search::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Error, Json, PageQuery, Problems, Query};

use crate::account::AccountInfo;

/// Which accounts to list. An account must fulfil all parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// The beginnings of up to four words of a username or a name; or a whole e-mail address; or a whole phone number that begins with
    /// `+`. A person with a private profile is found by the username, the address and the number.
    #[param(max_length = 254, example = "ann")]
    q: Option<String>,
    /// A role of the owners.
    #[param(value_type = Role, inline, required = false)]
    role: Option<Role>,
    /// The state of the accounts.
    #[param(value_type = AccountState, inline, required = false)]
    state: Option<AccountState>,
    /// The first day on which the accounts were created, `YYYY-MM-DD`. Days begin at midnight UTC.
    #[param(format = Date, max_length = 10)]
    joined_from: Option<String>,
    /// The last day on which the accounts were created.
    #[param(format = Date, max_length = 10)]
    joined_until: Option<String>,
}

impl AccountsQuery {
    fn parse(&self) -> Result<(Option<PeopleSearch>, AccountFilter), Problem> {
        let mut fields = Fields::new();
        let search = self.q.as_deref().and_then(|q| fields.take("/q", PeopleSearch::parse(q)));
        let joined_from = self.joined_from.as_deref().and_then(|day| fields.take("/joined_from", Day::parse(day)));
        let joined_until = self.joined_until.as_deref().and_then(|day| fields.take("/joined_until", Day::parse(day)));
        fields.finish()?;
        Ok((search, AccountFilter { role: self.role, state: self.state, joined_from, joined_until }))
    }
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
enum ListPosition {
    /// After this account, in the order of joining.
    #[serde(rename = "j")]
    Joined(UserId),
    /// In the search.
    #[serde(rename = "s")]
    Found(Position),
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub struct AccountList {
    /// The accounts, the newest first; with `q` in the order of usernames.
    items: Vec<AccountInfo>,
    /// The cursor of the next page. Absent on the last page. A page can have fewer accounts than requested, or none, although there is a
    /// next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists accounts: all, or those with a role, in a state, created within a range of days, or found by words, an address or a number.
///
/// For administrators, with a second factor. Contacts are masked. A page examines at most as many accounts as it may have, and shows those
/// that fulfil the parameters.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query, or four at once without `q`, a role or a state; a
/// batch for each thirty-three accounts. With words one query or two, with an address or a number a read.
#[utoipa::path(get, path = "/v1/admin/users", params(AccountsQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = AccountList), Problems))]
pub async fn list_accounts(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Query(query): Query<AccountsQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<AccountList>, Error> {
    let (limit, (search, wanted)) = (page.limit()?, query.parse()?);
    let cursors = s.sealer.cursors(format!("accounts for {}, {query:?}", caller.member.user.id));
    let after = cursors.open::<ListPosition>(page.cursor())?;
    let (accounts, next) = match (search, after) {
        (Some(PeopleSearch::Contact(contact)), None) => {
            let owner: Vec<UserId> = people_search::owner_of(&s.table, &contact).await?.into_iter().collect();
            (Account::of_all(&s.table, &owner).await?, None)
        }
        (Some(PeopleSearch::Words(words)), None) => find_by_words(&s, &words, Position::default(), limit).await?,
        (Some(PeopleSearch::Words(words)), Some(ListPosition::Found(after))) => find_by_words(&s, &words, after, limit).await?,
        (None, None) => list_newest(&s, &wanted, None, limit).await?,
        (None, Some(ListPosition::Joined(after))) => list_newest(&s, &wanted, Some(after), limit).await?,
        _ => return Err(Kind::CursorInvalid.into()),
    };
    let items = accounts.into_iter().filter(|account| wanted.has(account)).map(Into::into).collect();
    Ok(Json(AccountList { items, next_cursor: cursors.next(next)? }))
}

/// Returns the next page of accounts that are found by words.
async fn find_by_words(
    s: &crate::State,
    words: &Words,
    after: Position,
    limit: u32,
) -> Result<(Vec<Account>, Option<ListPosition>), Problem> {
    let found = words.page(&s.table, after, limit).await?;
    let ids: Vec<UserId> = found.entries.iter().map(search::SearchEntry::record).collect::<Result<_, _>>()?;
    let mut accounts = Account::of_all(&s.table, &ids).await?;
    // A search entry may be out of date.
    accounts.retain(|account| words.matches(&account.user));
    Ok((accounts, found.next.map(ListPosition::Found)))
}

/// Returns the next page of accounts, the newest first.
async fn list_newest(
    s: &crate::State,
    wanted: &AccountFilter,
    after: Option<UserId>,
    limit: u32,
) -> Result<(Vec<Account>, Option<ListPosition>), Problem> {
    let page = wanted.page(&s.table, after, limit).await?;
    Ok((page.accounts, page.next.map(ListPosition::Joined)))
}
