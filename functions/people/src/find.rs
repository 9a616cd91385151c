//! Searching for people.

use accounts::{
    identifier::Contact,
    invite::Invite,
    pair::{Pair, Relation},
    people_search::{self, MISSES, PeopleSearch, SEARCHES, Words},
    picture::{Links, Picture},
    user::{Status, User},
};
use axum::extract::State;
use callers::Member;
use kernel::{Problem, id::UserId};
use search::Position;
use serde::{Deserialize, Serialize};
use store::{Batch, StoreError, limits};
use utoipa::{IntoParams, ToSchema};
use web::{Json, PageQuery, Problems, Query};

/// The search.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// The beginnings of up to four words of a username or a name, in any case and with or without accents; or a whole e-mail
    /// address; or a whole phone number that begins with `+`.
    #[param(max_length = 254, example = "ann")]
    q: String,
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub struct PeopleList {
    /// People, in the order of their usernames.
    items: Vec<PersonInfo>,
    /// The cursor of the next page. Absent on the last page. A page can have fewer people than asked for, or none, although there
    /// is a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A person as others find them.
#[derive(Serialize, ToSchema)]
pub struct PersonInfo {
    /// The id of the account, with which a chat can be opened or a friend request sent.
    pub id: UserId,
    /// Their username.
    #[schema(examples("anna"))]
    pub username: String,
    /// The address of the picture or of the default one.
    pub picture: Picture,
    /// The relation, from the caller's point of view.
    pub relation: Relation,
}

/// Finds people by the beginnings of words of their usernames, and of their first and last names unless their profile is private; or
/// by a whole e-mail address or phone number.
///
/// Friends, and the person whose invitation code somebody has entered, always find them by address or number. Everybody else finds them so
/// only if they allow it. After a hundred such searches in a day that found nobody, the caller has to wait. The caller, accounts that are
/// not active, and people of whom one blocks the other are never found.
///
/// AWS calls: the caller; a counter. By name one or two queries, and a batch of the people in them and their relations to the caller.
/// By address or number another counter, the claim, a batch of the account; an update that gives the counter back if somebody is found.
#[utoipa::path(get, path = "/v1/people", params(PeopleQuery, PageQuery),
    extensions(("x-problems" = json!(["cursor_invalid", "invalid", "too_many_requests"])), ("x-limits" = json!([SEARCHES, MISSES]))),
    responses((status = 200, body = PeopleList), Problems))]
pub async fn search_people(
    State(s): State<crate::State>,
    caller: Member,
    Query(query): Query<PeopleQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PeopleList>, web::Error> {
    let (limit, me) = (page.limit()?, caller.user.id);
    let wanted = PeopleSearch::parse(&query.q).map_err(|e| Problem::field("/q", e))?;
    let cursors = s.sealer.cursors(format!("people like {} for {me}", query.q));
    let after = cursors.open(page.cursor())?;
    limits::take(&s.table, s.sys.now(), &[SEARCHES.of(me)]).await?;
    let (items, after) = match wanted {
        PeopleSearch::Contact(contact) => (by_contact(&s, me, &contact).await?.into_iter().collect(), None),
        PeopleSearch::Words(words) => by_words(&s, me, &words, after.unwrap_or_default(), limit).await?,
    };
    Ok(Json(PeopleList { items, next_cursor: cursors.next(after)? }))
}

async fn by_words(
    s: &crate::State,
    me: UserId,
    words: &Words,
    after: Position,
    limit: u32,
) -> Result<(Vec<PersonInfo>, Option<Position>), Problem> {
    let found = words.page(&s.table, after, limit).await?;
    let ids: Vec<UserId> = found.entries.iter().map(search::SearchEntry::record).collect::<Result<_, _>>()?;
    let mut people = s.table.get_many(ids.iter().flat_map(|id| [User::key_of(*id), Pair::key_of(me, *id)]).collect()).await?;
    let mut items = Vec::new();
    for id in ids {
        if let Some((user, pair)) = read(&mut people, me, id)?.filter(|(user, _)| words.matches(user)) {
            items.push(shown(&s.links, me, user, pair.as_ref()));
        }
    }
    Ok((items, found.next))
}

/// Returns the person with an address or number, if the caller may find them by it. The AWS calls are the same if there is no such person.
async fn by_contact(s: &crate::State, me: UserId, contact: &Contact) -> Result<Option<PersonInfo>, Problem> {
    // Counted before the look-up, so that concurrent requests do not exceed the limit.
    let miss = MISSES.of(me);
    limits::take(&s.table, s.sys.now(), std::slice::from_ref(&miss)).await?;
    let id = people_search::owner_of(&s.table, contact).await?.unwrap_or(UserId::NIL);
    let invite = Invite::key_of(id);
    let mut found = s.table.get_many(vec![User::key_of(id), Pair::key_of(me, id), invite.clone()]).await?;
    let invited = found.take::<Invite>(&invite)?.is_some_and(|invite| invite.inviter == Some(me));
    let person = read(&mut found, me, id)?.filter(|(user, pair)| {
        let allowed = match contact {
            Contact::Email(_) => user.found_by_email,
            Contact::Phone(_) => user.found_by_phone,
        };
        allowed || invited || pair.as_ref().is_some_and(Pair::are_friends)
    });
    let Some((user, pair)) = person else { return Ok(None) };
    limits::give_all_back(&s.table, [&miss]).await;
    Ok(Some(shown(&s.links, me, user, pair.as_ref())))
}

/// Returns an active account of somebody else, and its relation to the caller. `None` if one of the two blocks the other.
pub fn read(found: &mut Batch, me: UserId, id: UserId) -> Result<Option<(User, Option<Pair>)>, StoreError> {
    let user = found.take::<User>(&User::key_of(id))?.filter(|user| user.status == Status::Active && user.id != me);
    let pair = found.take::<Pair>(&Pair::key_of(me, id))?;
    Ok(user.filter(|_| !pair.as_ref().is_some_and(Pair::is_blocked)).map(|user| (user, pair)))
}

/// Returns a found person as the caller sees them.
pub fn shown(links: &Links, me: UserId, user: User, pair: Option<&Pair>) -> PersonInfo {
    PersonInfo {
        id: user.id,
        username: user.username.to_string(),
        picture: links.of(user.picture),
        relation: pair.map_or(Relation::None, |pair| pair.relation(me)),
    }
}
