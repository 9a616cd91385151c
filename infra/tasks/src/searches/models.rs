//! Measures searches in the catalogue of models, at the end also while fifty people create, rename and delete other models.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use accounts::{identifier::Username, user::User};
use catalogue::Title;
use countries::Country;
use function::Boot;
use kernel::{
    Locale, Sys,
    id::{Id, ModelId, UserId},
};
use local::{Stack, aws::dynamodb::Row};
use search::{Catalogue, OWNERS_MAX, SearchEntry, SearchQuery, Term};
use store::Table;
use tokio::sync::Semaphore;

use super::{
    Filters, Kind, MARK, Measurement, Page, Route, compare, fill, filter, table_name,
    words::{beginning, below, frequent_pairs, one_of, word, word_of, words},
};
use crate::Failure;

const ROUTE: Route = Route {
    records: "models",
    function: "ModelsFunction",
    event: "events/models/list.json",
    page: 5,
    calls: |search| if filter(search, "creator").is_some() { 27 } else { 3 },
};
/// How many searches of each kind are measured.
const SEARCHES: usize = 100;
/// How many people write while searches are measured.
const WRITERS: usize = 50;
/// How many of their writes wait for the database at once. It makes one after the other, so that a search waits for so many at each call,
/// and so many are added to the stream while a batch is taken from it. Every write takes longer the more the stream has.
const WRITES_AT_ONCE: usize = 2;
/// How many searches of each kind are measured while they write, and how many pages of each.
const MEANWHILE: (usize, usize) = (5, 5);
/// How many models a person has on average.
const MODELS_OF_PERSON: u32 = 20;
/// The owners of models with successive titles are among so many people. With all people, each model would change another part of the file.
const NEIGHBOURS: usize = 400;

/// Measures one size. Returns how many pages cost too much.
pub async fn measure(size: u32) -> Result<usize, Failure> {
    let measurement = Measurement::start(&ROUTE, size).await?;
    let stack = &measurement.stack;
    let people = Arc::new(people(&stack.sys, size));
    let models = Arc::new(models(&stack.sys, size, &people));
    let kinds = kinds(&stack.sys, &models);
    fill_people(stack, &people, &kinds).await?;
    fill_models(stack, &models, &kinds).await?;
    measurement.say("filled");
    let check = |search: &[(String, String)], pages: &[Page]| check(&models, &people, search, pages);
    let over = measurement.all(&kinds, &check).await?;
    let (searches, pages) = MEANWHILE;
    let some: Vec<Filters> = kinds.iter().flat_map(|(_, all)| all.iter().take(searches)).cloned().collect();
    let reading = measurement.kind("some of these, while others write", &some, pages, &check);
    let over = over.saturating_add(while_others_write(stack, &people, reading).await?);
    let left = measurement.read(&[("search".to_owned(), MARK.to_owned())], 1).await?;
    let is_left = left.iter().any(|page| page.size > page.ids.len());
    if is_left { Err("a model that was deleted is still found".into()) } else { Ok(over) }
}

struct Person {
    id: UserId,
    username: Username,
}

/// Returns about a twentieth as many people as there are models, in the order of their names.
fn people(sys: &Sys, size: u32) -> Vec<Person> {
    let one = |number: u32| {
        let username = Username::parse(&format!("{}_{number}", search::normal(&word(sys)))).ok()?;
        Some(Person { id: sys.id(), username })
    };
    let mut people: Vec<Person> = (0..=size / MODELS_OF_PERSON).filter_map(one).collect();
    people.sort_by_cached_key(|person| person.username.to_string());
    people
}

/// A model.
struct Model {
    id: ModelId,
    title: String,
    /// The normal form of the title.
    text: String,
    owner: UserId,
    country: &'static str,
}

impl Model {
    /// As [`catalogue::Model::entry`] makes it.
    fn entry(&self) -> SearchEntry {
        SearchEntry::titled(self.id, &self.title).owned_by(self.owner).labelled(catalogue::COUNTRY, self.country)
    }
}

/// Returns so many random models, in the order of their titles and ids.
fn models(sys: &Sys, size: u32, people: &[Person]) -> Vec<Model> {
    let mut titles: Vec<(String, String)> =
        (0..size).map(|_| words(sys, sys.below(5).saturating_add(1))).map(|title| (search::normal(&title), title)).collect();
    titles.sort_unstable();
    let mut ids: Vec<ModelId> = (0..size).map(|_| sys.id()).collect();
    ids.sort_unstable_by_key(Id::ulid);
    let count = titles.len().max(1);
    let one = |(number, ((text, title), id)): (usize, ((String, String), ModelId))| {
        let near = number.saturating_mul(people.len()) / count;
        let owner = people.get(near.saturating_add(below(sys, NEIGHBOURS)) % people.len().max(1)).map_or(UserId::NIL, |person| person.id);
        let country = one_of(sys, &["PL", "GB", "DE", "PL"]).copied().unwrap_or_default();
        Model { id, title, text, owner, country }
    };
    titles.into_iter().zip(ids).enumerate().map(one).collect()
}

/// Returns the searches of each kind.
fn kinds(sys: &Sys, models: &[Model]) -> Vec<Kind> {
    let search = |text: String| vec![("search".to_owned(), text)];
    let with = |mut filters: Filters, name: &str, value: &str| {
        filters.push((name.to_owned(), value.to_owned()));
        filters
    };
    let random = || word_of(sys, one_of(sys, models).map_or("", |model| model.title.as_str()));
    let random = &random;
    let some = || (0..SEARCHES).map(move |_| random());
    vec![
        ("everything", vec![Vec::new()]),
        ("words", some().map(search).collect()),
        ("beginnings of words", some().map(|word| search(beginning(&word, 4))).collect()),
        ("three characters", some().map(|word| search(beginning(&word, 3))).collect()),
        ("two characters", some().map(|word| search(beginning(&word, 2))).collect()),
        ("one character", ('a'..='z').map(|letter| search(letter.to_string())).collect()),
        ("words and a country", some().map(|word| with(search(word), "country", "PL")).collect()),
        ("frequent parts, joined", frequent_pairs().map(search).collect()),
        ("a frequent part that ends wrongly", frequent_pairs().map(|text| search(format!("{text}zq"))).collect()),
        ("letters and a country that nobody has", ('a'..='z').map(|c| with(search(c.to_string()), "country", "FR")).collect()),
        ("pairs of letters that no title has", ["xq", "vx", "qz", "zx", "jq"].map(|pair| search(pair.to_owned())).into()),
        ("creators by a part of the name", some().map(|word| with(Vec::new(), "creator", &beginning(&word, 2))).collect()),
    ]
}

/// Returns the partitions of grams that the searches with a filter of this name read.
fn grams(kinds: &[Kind], name: &str, query_of: impl Fn(Term) -> SearchQuery, catalogue: Catalogue) -> BTreeSet<String> {
    let texts = kinds.iter().flat_map(|(_, searches)| searches).filter_map(|search| filter(search, name));
    texts.filter_map(Term::part).flat_map(|term| query_of(term).partitions(catalogue)).collect()
}

/// Returns whether a list may be read. The lists of everything, of countries and of owners are.
fn is_read(list: &str, grams: &BTreeSet<String>) -> bool {
    if list.contains("#GRAM#") { grams.contains(list) } else { !list.contains("#RECORD#") }
}

async fn fill_people(stack: &Stack, people: &Arc<Vec<Person>>, kinds: &[Kind]) -> Result<(), Failure> {
    let grams = grams(kinds, "creator", |term| SearchQuery::all().title_containing(term), Catalogue::People);
    let now = stack.sys.now();
    let rows_of = move |person: &Person| {
        let name = person.username.to_string();
        let user = User::new(person.id, person.username.clone(), Locale::En, now);
        let mut rows = fill::rows(&user, |index, _| index.is_none())?;
        for posting in SearchEntry::of_words(person.id, &name, [name.as_str()]).postings(Catalogue::People) {
            rows.extend(fill::rows(&posting, |_, list| is_read(list, &grams))?);
        }
        Ok(rows)
    };
    fill::fill(stack, people.clone(), rows_of).await
}

async fn fill_models(stack: &Stack, models: &Arc<Vec<Model>>, kinds: &[Kind]) -> Result<(), Failure> {
    let grams = grams(kinds, "search", |term| SearchQuery::all().containing(term), Catalogue::Models);
    let rows_of = move |model: &Model| {
        let postings = model.entry().postings(Catalogue::Models);
        let rows = postings.iter().map(|posting| fill::rows(posting, |_, list| is_read(list, &grams)));
        Ok(rows.collect::<Result<Vec<Vec<Row>>, String>>()?.into_iter().flatten().collect())
    };
    fill::fill(stack, models.clone(), rows_of).await
}

/// Compares the pages of a search with a comparison of every model: first the models that match, then the others, each in the order of
/// titles. Of the people with a part of a name the first ones count.
fn check(models: &[Model], people: &[Person], search: &[(String, String)], pages: &[Page]) -> Result<(), Failure> {
    let (text, country) = (filter(search, "search").map(search::normal).unwrap_or_default(), filter(search, "country"));
    let owners: Option<Vec<UserId>> = filter(search, "creator").map(search::normal).map(|part| {
        let named = people.iter().filter(|person| person.username.to_string().contains(&part));
        named.take(usize::try_from(OWNERS_MAX).unwrap_or_default()).map(|person| person.id).collect()
    });
    let matches = |model: &&Model| {
        model.text.contains(&text)
            && country.is_none_or(|country| model.country == country)
            && owners.as_ref().is_none_or(|owners| owners.contains(&model.owner))
    };
    let rest = models.iter().filter(|model| !matches(model));
    compare(search, pages, models.iter().filter(matches).chain(rest).map(|model| model.id.to_string()))
}

/// Does some work while others write.
async fn while_others_write<T>(stack: &Stack, people: &[Person], work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let env = stack.core().account_of(ROUTE.function).into_iter().collect();
    let aws = Boot { env, sys: stack.sys.clone(), http: function::http_client()? }.aws()?;
    let table = Table::new(&aws, &stack.sys, &table_name(stack)?);
    let (done, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(WRITES_AT_ONCE)));
    let writer = |_| {
        let (table, sys, done, turns) = (table.clone(), stack.sys.clone(), done.clone(), turns.clone());
        let owner = one_of(&sys, people).map_or(UserId::NIL, |person| person.id);
        tokio::spawn(async move {
            let mut made = 0_usize;
            while !done.load(Ordering::Relaxed) {
                write(&table, &sys, owner, &turns).await?;
                made = made.saturating_add(1);
            }
            Ok::<usize, String>(made)
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(writer).collect();
    let outcome = work.await;
    done.store(true, Ordering::Relaxed);
    let mut made = 0_usize;
    for writer in writers {
        made = made.saturating_add(writer.await??);
    }
    eprintln!("meanwhile {made} models were made, renamed twice and deleted");
    outcome
}

/// Makes a model, renames it twice, and deletes it.
async fn write(table: &Table, sys: &Sys, owner: UserId, turns: &Semaphore) -> Result<(), String> {
    let title = || Title::parse(&format!("{} {MARK} {}", word(sys), word(sys))).map_err(|e| e.code.to_owned());
    let country = Country::parse("PL").map_err(|e| e.code.to_owned())?;
    let mut model = catalogue::Model::new(sys.id(), owner, title()?, country);
    in_turn(turns, model.create(table)).await?;
    for _ in 0..2 {
        model = in_turn(turns, model.change(table, title()?, country)).await?;
    }
    in_turn(turns, model.delete(table)).await
}

/// Makes a write when it is its turn.
async fn in_turn<T, E: Debug>(turns: &Semaphore, write: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    let _turn = turns.acquire().await.map_err(|e| e.to_string())?;
    write.await.map_err(|e| format!("{e:?}"))
}
