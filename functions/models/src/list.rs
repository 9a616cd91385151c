//! Searching the catalogue.

use accounts::user::{Status, User};
use axum::extract::State;
use catalogue::COUNTRY;
use countries::Country;
use kernel::{FieldError, Fields, Problem, id::UserId};
use search::{Catalogue, OWNERS_MAX, Position, Rest, SearchQuery, Term};
use serde::{Deserialize, Serialize};
use store::{StoreError, Table};
use utoipa::{IntoParams, ToSchema};
use web::{Json, Problems, Query};

use crate::show::{self, ModelInfo};

/// How many models a batch has.
const BATCH: u32 = 5;
/// The most characters of a searched part of a title.
const SEARCH_MAX: usize = 100;
/// The most characters of a searched part of a username.
const CREATOR_MAX: usize = 30;

/// The search. A model matches if it fulfils all parameters; empty parameters are ignored.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ModelQuery {
    /// A part of the title, in any case and with or without accents.
    #[param(max_length = 100, example = "bike")]
    search: Option<String>,
    /// A part of the creator's username. At most the first 22 people with such a name are considered, without accounts that are not active.
    #[param(max_length = 30, example = "ann")]
    creator: Option<String>,
    /// The id of the creator's account. Ignored if there is a part of the username.
    #[param(max_length = 30)]
    creator_id: Option<String>,
    /// The code of the country (ISO 3166-1), in upper or lower case.
    #[param(format = "typed", example = "PL")]
    country: Option<String>,
    /// `next_cursor` of the previous response. Without it, the first batch is returned.
    #[param(max_length = 4000)]
    cursor: Option<String>,
}

/// A batch of models: either all of them match, or none. It can have fewer than five, or none, although there is a next one.
#[derive(Serialize, ToSchema)]
pub struct ModelList {
    /// The models, in the order of their titles.
    items: Vec<ModelInfo>,
    /// Whether these models match. All other models follow after the last matching one.
    relevant: bool,
    /// Whether these are the first models that do not match: show a divider before them.
    divider: bool,
    /// The cursor of the next batch. Absent after the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Searches the catalogue: first the models that match, then the others, each in the order of their titles, in batches of five. Needs no
/// account.
///
/// AWS calls: one or two queries, and a batch of the creators. For a part of a creator's name, the first batch takes one or two queries
/// for the people and a batch of their accounts, and each batch of matching models takes a query for each person. If these queries do not
/// find all of the people, the batch is empty, and the next one looks for the others.
#[utoipa::path(get, path = "/v1/models", params(ModelQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid"]))),
    responses((status = 200, body = ModelList), Problems))]
pub async fn list_models(State(s): State<crate::State>, Query(query): Query<ModelQuery>) -> Result<Json<ModelList>, web::Error> {
    let filters = Filters::parse(&query)?;
    let cursors = s.sealer.cursors(format!("models {filters:?}"));
    let begun = cursors.open::<BatchPosition>(query.cursor.as_deref())?.unwrap_or_else(|| filters.beginning());
    let position = filters.with_creators(&s.table, begun).await?;
    if position.people.is_some() {
        let next_cursor = cursors.next(Some(position))?;
        return Ok(Json(ModelList { items: Vec::new(), relevant: true, divider: false, next_cursor }));
    }
    let query = filters.query(position.creators.as_deref());
    let found = Catalogue::Models.page(&s.table, &query, Rest::Follows, position.at, BATCH).await?;
    let next = found.next.map(|at| BatchPosition { at, ..position });
    let items = show::found(&s.table, found.entries).await?;
    Ok(Json(ModelList { items, relevant: found.relevant, divider: found.divider, next_cursor: cursors.next(next)? }))
}

/// Where a batch begins, with the creators that were found for the first batch, so that all batches have the same creators.
#[derive(Default, Serialize, Deserialize)]
struct BatchPosition {
    at: Position,
    creators: Option<Vec<UserId>>,
    /// Where to look for further creators. `None` when all are found.
    #[serde(default)]
    people: Option<PeoplePosition>,
}

/// Where people with a part of a name are looked for, and how many may still be considered.
#[derive(Serialize, Deserialize)]
struct PeoplePosition {
    at: Position,
    left: u32,
}

/// The parsed search.
#[derive(Debug)]
struct Filters {
    search: Option<Term>,
    creator: Option<Creator>,
    country: Option<Country>,
}

#[derive(Debug)]
enum Creator {
    /// A part of the username.
    Named(Term),
    Is(UserId),
}

impl Filters {
    fn parse(query: &ModelQuery) -> Result<Self, Problem> {
        let mut fields = Fields::new();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let search = fields.take("/search", parse_term(query.search.as_deref(), SEARCH_MAX)).flatten();
        let named = fields.take("/creator", parse_term(query.creator.as_deref(), CREATOR_MAX)).flatten();
        // The id is ignored if there is a part of the name.
        let id = given(&query.creator_id).filter(|_| named.is_none());
        let id = id.map(|id| fields.take("/creator_id", id.trim().parse::<UserId>().map_err(|_| FieldError::ID)));
        let country = given(&query.country).map(|country| fields.take("/country", Country::parse(&country)));
        fields.finish()?;
        let creator = named.map(Creator::Named).or_else(|| id.flatten().map(Creator::Is));
        Ok(Self { search, creator, country: country.flatten() })
    }

    /// Returns where the first batch begins.
    fn beginning(&self) -> BatchPosition {
        match &self.creator {
            None => BatchPosition::default(),
            Some(Creator::Is(id)) => BatchPosition { creators: Some(vec![*id]), ..BatchPosition::default() },
            Some(Creator::Named(_)) => {
                let people = PeoplePosition { at: Position::default(), left: OWNERS_MAX };
                BatchPosition { creators: Some(Vec::new()), people: Some(people), ..BatchPosition::default() }
            }
        }
    }

    /// Adds the next creators whose models match, if they are not all known. Accounts that are not active are left out, because their
    /// names are not shown.
    async fn with_creators(&self, table: &Table, begun: BatchPosition) -> Result<BatchPosition, StoreError> {
        let (Some(Creator::Named(name)), Some(PeoplePosition { at, left })) = (&self.creator, begun.people) else {
            return Ok(BatchPosition { people: None, ..begun });
        };
        let query = SearchQuery::all().title_containing(name.clone());
        let found = Catalogue::People.page(table, &query, Rest::Omitted, at, left).await?;
        let ids: Vec<UserId> = found.entries.iter().map(search::SearchEntry::record).collect::<Result<_, _>>()?;
        let left = left.saturating_sub(u32::try_from(ids.len()).unwrap_or(left));
        let mut creators = begun.creators.unwrap_or_default();
        if !ids.is_empty() {
            let mut people = table.get_many(ids.iter().map(|id| User::key_of(*id)).collect()).await?;
            for id in ids {
                let user = people.take::<User>(&User::key_of(id))?;
                creators.extend(user.filter(|user| user.status == Status::Active).map(|user| user.id));
            }
        }
        let people = found.next.filter(|_| left > 0).map(|at| PeoplePosition { at, left });
        Ok(BatchPosition { creators: Some(creators), people, ..begun })
    }

    fn query(&self, creators: Option<&[UserId]>) -> SearchQuery {
        let all = self.search.iter().cloned().fold(SearchQuery::all(), SearchQuery::containing);
        let all = creators.into_iter().fold(all, |query, creators| query.owned_by(creators.iter().copied()));
        self.country.iter().fold(all, |query, country| query.labelled(COUNTRY, country))
    }
}

/// Parses a searched part. `None` if it is empty.
fn parse_term(typed: Option<&str>, max: usize) -> Result<Option<Term>, FieldError> {
    let typed = typed.unwrap_or_default().trim();
    if typed.chars().count() > max {
        return Err(FieldError::TOO_LONG.with("max", max));
    }
    Ok(Term::part(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(search: &str, creator: &str, creator_id: &str, country: &str) -> ModelQuery {
        let some = |text: &str| Some(text.to_owned());
        ModelQuery { search: some(search), creator: some(creator), creator_id: some(creator_id), country: some(country), cursor: None }
    }

    #[test]
    fn what_is_empty_is_ignored_and_a_name_beats_an_id() {
        let parsed = |search, creator, id, country| Filters::parse(&query(search, creator, id, country));
        let filters = parsed("  ", "", " ", "").unwrap();
        assert!(filters.query(None).is_all() && filters.creator.is_none());
        let filters = parsed(" Żółty ", "Ann", "no id", "pl").unwrap();
        assert!(matches!(&filters.creator, Some(Creator::Named(name)) if name.text() == "ann"));
        assert_eq!((filters.search.unwrap().text(), filters.country.unwrap().to_string().as_str()), ("zolty", "PL"));
        let id = UserId::NIL.to_string();
        assert!(matches!(parsed("", " ", &id, "").unwrap().creator, Some(Creator::Is(UserId::NIL))));
        for (query, wrong) in [
            (query("", "", "7", ""), ("/creator_id", "id")),
            (query("", "", "", "Poland"), ("/country", "country")),
            (query(&"x".repeat(101), "", "", ""), ("/search", "too_long")),
            (query("", &"x".repeat(31), "", ""), ("/creator", "too_long")),
        ] {
            let fields = Filters::parse(&query).unwrap_err().fields;
            let fields: Vec<_> = fields.iter().map(|(pointer, e)| (pointer.as_str(), e.code)).collect();
            assert_eq!(fields, [wrong]);
        }
    }
}
