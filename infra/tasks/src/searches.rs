//! `cargo xtask search`: measures searches in the catalogue: AWS calls and read units of a page, with a hundred, ten thousand and
//! optionally a million models, for typical searches and for searches that are meant to be expensive. The results are compared with a
//! comparison of every model, and at the end also while fifty people create, rename and delete other models.
//!
//! The titles are random words of syllables of English, Polish and German. Only the lists that the searches read are put into the table,
//! and the models are put in the order of their titles: each list then grows at its end, which is fastest in a large file.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    id::{ModelId, UserId},
};
use local::{Options, Stack, Storage, aws::dynamodb::item, hosts::Trace};
use search::{Carrier, Catalogue, SearchEntry, Term, Wanted};
use serde_json::{Value, json, value::to_raw_value};
use store::{Item, Table};

use crate::{Failure, repository};

/// The most calls of a page.
const CALLS: u64 = 3;
/// The most calls of a page of the models of people whose names have a part.
const CALLS_BY_NAME: u64 = 27;
/// The most read units of a page.
const READ_UNITS: f64 = 260.0;
/// The most pages of a search that are measured.
const PAGES: usize = 20;
/// How many people write while searches are measured.
const WRITERS: usize = 50;
/// How many searches of each kind are measured while they write.
const MEANWHILE: usize = 5;
/// A character that only the titles of their models have.
const MARK: &str = "@";
/// How many searches of each kind are measured.
const SEARCHES: usize = 100;
/// From this number of models on the database is in a file.
const IN_MEMORY: u32 = 100_000;
/// How many models a full page has.
const BATCH: usize = 5;
/// How many items are written at once.
const FILLED_AT_ONCE: usize = 20_000;
/// The function that is measured.
const FUNCTION: &str = "ModelsFunction";
/// A request for a page.
const EVENT: &str = "events/models/list.json";

const SYLLABLES: [&str; 64] = [
    "an", "ber", "bla", "cho", "ci", "da", "der", "dom", "el", "en", "er", "fi", "frau", "gar", "gra", "ha", "haus", "her", "in", "ing",
    "ja", "je", "ka", "ken", "ko", "la", "le", "li", "lo", "ma", "mi", "mor", "na", "ne", "nie", "no", "ny", "o", "on", "or", "pa", "po",
    "pra", "prze", "que", "ra", "ri", "ro", "sch", "sen", "ska", "st", "ta", "ten", "the", "to", "tra", "und", "ver", "wa", "wie", "wy",
    "zy", "żó",
];
/// Parts that many titles have.
const FREQUENT: [&str; 10] = ["the", "nie", "der", "en ", "ie ", "sch", "ing", "prze", "and", "her"];
/// The words that titles consist of.
const WORDS: u32 = 30_000;

/// Fills a store of each size, searches it, and prints a table in Markdown.
///
/// # Errors
/// If something cannot be measured, or a page costs more than it may.
pub fn run(sizes: &[u32]) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("| models | looked for | searches | pages | calls, most | read units, median | p99 | most | short pages |");
    println!("|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut dear = 0_usize;
    for size in sizes {
        dear = dear.saturating_add(runtime.block_on(measure(*size))?);
    }
    if dear == 0 { Ok(()) } else { Err(format!("{dear} pages cost more than {READ_UNITS} read units or {CALLS} calls").into()) }
}

/// Measures one size. Returns how many pages cost too much.
async fn measure(size: u32) -> Result<usize, Failure> {
    let folder = tempfile::tempdir_in(repository::root().join("target"))?;
    let storage = if size < IN_MEMORY { Storage::Memory } else { Storage::Folder(folder.path().to_owned()) };
    let stack = Stack::start(Options { storage, ..Options::for_tests() }).await?;
    let people = fill_people(&stack, size).await?;
    let models = models(&stack.sys, size, &people);
    let kinds = kinds(&stack.sys, &models);
    fill_models(&stack, &models, &grams(&kinds)).await?;
    let mut dear = 0_usize;
    for (kind, searches) in &kinds {
        let pages = found(&stack, &models, searches).await?;
        dear = dear.saturating_add(too_dear(&pages, if *kind == BY_NAME { CALLS_BY_NAME } else { CALLS }));
        println!("{}", row(size, kind, searches.len(), pages));
    }
    let others = kinds.iter().filter(|(kind, _)| *kind != BY_NAME);
    let searches: Vec<Search> = others.flat_map(|(_, searches)| searches.iter().take(MEANWHILE)).cloned().collect();
    let pages = while_others_write(&stack, &people, found(&stack, &models, &searches)).await?;
    dear = dear.saturating_add(too_dear(&pages, CALLS));
    println!("{}", row(size, "some of these, while others write", searches.len(), pages));
    Ok(dear)
}

/// Reads all pages of some searches, and checks their results.
async fn found(stack: &Stack, models: &[Model], searches: &[Search]) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    for search in searches {
        let walked = walk(stack, search).await?;
        check(models, search, &walked)?;
        pages.extend(walked);
    }
    Ok(pages)
}

/// How many pages cost more than a page may, with so many calls.
fn too_dear(pages: &[Page], calls: u64) -> usize {
    pages.iter().filter(|page| page.calls > calls || page.read > READ_UNITS).count()
}

/// Does some work while others write.
async fn while_others_write<T>(stack: &Stack, people: &[UserId], work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let env = stack.core().account_of(FUNCTION).into_iter().collect();
    let aws = Boot { env, sys: stack.sys.clone(), http: function::http_client()? }.aws()?;
    let table = Table::new(&aws, &stack.sys, &table_name(stack)?);
    let done = Arc::new(AtomicBool::new(false));
    let writer = |_| {
        let (table, sys, done) = (table.clone(), stack.sys.clone(), done.clone());
        let owner = people.get(below(&sys, people.len())).copied().unwrap_or(UserId::NIL);
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                write(&table, &sys, owner).await?;
            }
            Ok::<(), String>(())
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(writer).collect();
    let outcome = work.await;
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await??;
    }
    outcome
}

/// Makes a model, renames it twice, and deletes it.
async fn write(table: &Table, sys: &Sys, owner: UserId) -> Result<(), String> {
    let title = || Title::parse(&format!("{} {MARK} {}", word(sys), word(sys))).map_err(|e| e.code.to_owned());
    let country = Country::parse("PL").map_err(|e| e.code.to_owned())?;
    let mut model = catalogue::Model::new(sys.id(), owner, title()?, country);
    model.create(table).await.map_err(|e| format!("{e:?}"))?;
    for _ in 0..2 {
        model = model.change(table, title()?, country).await.map_err(|e| format!("{e:?}"))?;
    }
    model.delete(table).await.map_err(|e| format!("{e:?}"))
}

/// The filters of a search.
type Search = Vec<(String, String)>;

/// The value of this filter.
fn given<'s>(search: &'s [(String, String)], name: &str) -> Option<&'s str> {
    search.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// A page of a search.
struct Page {
    calls: u64,
    read: f64,
    /// The ids of its models, without those that are written meanwhile.
    models: Vec<String>,
    /// How many models it has.
    size: usize,
    /// Whether others follow.
    more: bool,
}

impl Page {
    /// Whether it has fewer models than a batch, and others follow.
    const fn is_short(&self) -> bool {
        self.size < BATCH && self.more
    }
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
    fn entry(&self) -> SearchEntry {
        SearchEntry::titled(self.id, &self.title).of(self.owner).labelled("country", self.country)
    }
}

/// Compares the pages of a search with a comparison of every model: first the models that match, then the others, each in the order of
/// titles. For a search by the creators' names, only checks that no model is found twice.
fn check(models: &[Model], search: &[(String, String)], pages: &[Page]) -> Result<(), Failure> {
    let found: Vec<&String> = pages.iter().flat_map(|page| &page.models).collect();
    if given(search, "creator").is_some() {
        let once: BTreeSet<&String> = found.iter().copied().collect();
        return if once.len() == found.len() { Ok(()) } else { Err(format!("{search:?}: a model is there twice").into()) };
    }
    let (text, country) = (given(search, "search").map(search::normal).unwrap_or_default(), given(search, "country"));
    let is_wanted = |model: &&Model| model.text.contains(&text) && country.is_none_or(|country| model.country == country);
    let rest = models.iter().filter(|model| !is_wanted(model));
    let mut expected = models.iter().filter(is_wanted).chain(rest);
    let same = found.into_iter().all(|id| expected.next().is_some_and(|model| model.id.to_string() == *id));
    let is_whole = pages.last().is_some_and(|page| page.more) || expected.next().is_none();
    if same && is_whole { Ok(()) } else { Err(format!("{search:?}: something else was found than is there").into()) }
}

fn row(size: u32, kind: &str, searches: usize, mut pages: Vec<Page>) -> String {
    pages.sort_by(|a, b| a.read.total_cmp(&b.read));
    let at = |percent: usize| pages.get(pages.len().saturating_mul(percent) / 100).or(pages.last()).map_or(0.0, |page| page.read);
    let most = pages.iter().map(|page| page.calls).max().unwrap_or_default();
    let short = pages.iter().filter(|page| page.is_short()).count();
    let (median, p99, dearest) = (at(50), at(99), at(100));
    format!("| {size} | {kind} | {searches} | {} | {most} | {median} | {p99} | {dearest} | {short} |", pages.len())
}

/// Reads a search page by page.
async fn walk(stack: &Stack, search: &[(String, String)]) -> Result<Vec<Page>, Failure> {
    let (mut pages, mut cursor) = (Vec::new(), None::<String>);
    while pages.len() < PAGES {
        let mut query: BTreeMap<&str, &str> = search.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let (trace, payload) = (Trace::new(&stack.sys), to_raw_value(&event(&query, pages.len())?)?);
        stack.aws.calls.open(trace.as_str());
        let reply = stack.hosts.invoke(FUNCTION, payload, &trace).await;
        let tally = stack.aws.calls.close(trace.as_str(), EVENT, true);
        let reply: Value = serde_json::from_str(reply?.get())?;
        let body = reply.get("body").and_then(Value::as_str).unwrap_or_default();
        if reply.get("statusCode") != Some(&json!(200)) {
            return Err(format!("{search:?}: {reply}").into());
        }
        let page: Value = serde_json::from_str(body)?;
        let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |model: &Value, name: &str| model.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let models = items.iter().filter(|model| !text(model, "title").contains(MARK)).map(|model| text(model, "id")).collect();
        cursor = page.get("next_cursor").and_then(Value::as_str).map(ToOwned::to_owned);
        let (calls, read) = (tally.total(), tally.rcu.to_string().parse()?);
        pages.push(Page { calls, read, models, size: items.len(), more: cursor.is_some() });
        if cursor.is_none() {
            break;
        }
    }
    Ok(pages)
}

/// The event of a request for a page, each from an address of its own.
fn event(query: &BTreeMap<&str, &str>, number: usize) -> Result<Value, Failure> {
    let mut event: Value = serde_json::from_str(&repository::read(EVENT)?)?;
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    if let Some(members) = event.as_object_mut() {
        members.insert("rawQueryString".to_owned(), encoded.finish().into());
        members.insert("queryStringParameters".to_owned(), json!(query));
    }
    if let Some(address) = event.pointer_mut("/requestContext/http/sourceIp") {
        *address = format!("203.0.113.{}", number % 250).into();
    }
    Ok(event)
}

const BY_NAME: &str = "creators by a part of the name";

/// Searches of one kind, and its name.
type Kind = (&'static str, Vec<Search>);

/// The searches of each kind.
fn kinds(sys: &Sys, models: &[Model]) -> Vec<Kind> {
    let search = |text: String| vec![("search".to_owned(), text)];
    let with = |mut search: Search, name: &str, value: &str| {
        search.push((name.to_owned(), value.to_owned()));
        search
    };
    let words = || (0..SEARCHES).map(move |_| part(sys, models));
    let cut = |text: String, most: usize| text.chars().take(most).collect::<String>();
    let joined = || FREQUENT.iter().flat_map(|one| FREQUENT.iter().map(move |other| format!("{one}{other}")));
    vec![
        ("everything", vec![Vec::new()]),
        ("words", words().map(search).collect()),
        ("beginnings of words", words().map(|word| search(cut(word, 4))).collect()),
        ("three characters", words().map(|word| search(cut(word, 3))).collect()),
        ("two characters", words().map(|word| search(cut(word, 2))).collect()),
        ("one character", ('a'..='z').map(|letter| search(letter.to_string())).collect()),
        ("words and a country", words().map(|word| with(search(word), "country", "PL")).collect()),
        ("frequent parts, joined", joined().map(search).collect()),
        ("a frequent part that ends wrongly", joined().map(|text| search(format!("{text}zq"))).collect()),
        ("letters and a country that nobody has", ('a'..='z').map(|c| with(search(c.to_string()), "country", "FR")).collect()),
        ("pairs of letters that no title has", ["xq", "vx", "qz", "zx", "jq"].map(|pair| search(pair.to_owned())).into()),
        (BY_NAME, words().map(|word| with(Vec::new(), "creator", &cut(word, 2))).collect()),
    ]
}

/// A word of a random title.
fn part(sys: &Sys, models: &[Model]) -> String {
    let title = models.get(below(sys, models.len())).map_or("", |model| model.title.as_str());
    let words: Vec<&str> = title.split(' ').collect();
    words.get(below(sys, words.len())).copied().unwrap_or_default().to_owned()
}

fn below(sys: &Sys, bound: usize) -> usize {
    usize::try_from(sys.below(u32::try_from(bound).unwrap_or(u32::MAX))).unwrap_or_default()
}

/// A word; the first ones are the most frequent (Zipf).
fn word(sys: &Sys) -> String {
    let (one, other) = (u64::from(sys.below(WORDS)), u64::from(sys.below(WORDS)));
    let mut number = one.saturating_mul(other) / u64::from(WORDS);
    let mut word = String::new();
    loop {
        let syllable = usize::try_from(number % 64).ok().and_then(|at| SYLLABLES.get(at));
        word.push_str(syllable.copied().unwrap_or_default());
        number /= 64;
        if number == 0 {
            return word;
        }
    }
}

/// The lists of parts of titles that the searches read.
fn grams(kinds: &[Kind]) -> BTreeSet<String> {
    let texts = kinds.iter().flat_map(|(_, searches)| searches).filter_map(|search| given(search, "search"));
    texts.filter_map(Term::part).flat_map(|term| Wanted::all().with(term).partitions(Catalogue::Models)).collect()
}

/// Whether an item is in a list that a search may read. The lists of everything, of countries and of creators count as such.
fn is_read(carrier: &Carrier, grams: &BTreeSet<String>) -> bool {
    let keys = std::iter::once(carrier.key()).chain(carrier.indexes().into_iter().map(|(_, key)| key));
    keys.map(|key| key.partition().to_owned()).any(|list| {
        let is_other = !list.contains("#GRAM#") && !list.contains("#RECORD#");
        is_other || grams.contains(&list)
    })
}

/// Puts about a twentieth as many people as there are models into the table.
async fn fill_people(stack: &Stack, size: u32) -> Result<Vec<UserId>, Failure> {
    let sys = &stack.sys;
    let (mut people, mut rows) = (Vec::new(), Vec::new());
    for number in 0..=size / 20 {
        let name = format!("{}_{number}", search::normal(&word(sys)));
        let Ok(username) = Username::parse(&name) else { continue };
        let person: UserId = sys.id();
        people.push(person);
        for carrier in SearchEntry::of_words(person, &name, [name.as_str()]).carriers(Catalogue::People) {
            rows.push(row_of(&carrier)?);
        }
        rows.push(row_of(&User::new(person, username, Locale::En, sys.now()))?);
        if rows.len() >= FILLED_AT_ONCE {
            put(stack, std::mem::take(&mut rows)).await?;
        }
    }
    put(stack, rows).await?;
    Ok(people)
}

/// So many random models, in the order of their titles.
fn models(sys: &Sys, size: u32, people: &[UserId]) -> Vec<Model> {
    let one = |_| {
        let title = (0..=sys.below(5)).map(|_| word(sys)).collect::<Vec<_>>().join(" ");
        let owner = people.get(below(sys, people.len())).copied().unwrap_or(UserId::NIL);
        let country = ["PL", "GB", "DE", "PL"].get(below(sys, 4)).copied().unwrap_or_default();
        Model { id: sys.id(), text: search::normal(&title), title, owner, country }
    };
    let mut models: Vec<Model> = (0..size).map(one).collect();
    models.sort_by(|a, b| a.text.cmp(&b.text).then_with(|| a.id.to_string().cmp(&b.id.to_string())));
    models
}

/// Puts the models into the table, of their lists of parts only these.
async fn fill_models(stack: &Stack, models: &[Model], grams: &BTreeSet<String>) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for model in models {
        for carrier in model.entry().carriers(Catalogue::Models).iter().filter(|carrier| is_read(carrier, grams)) {
            rows.push(row_of(carrier)?);
        }
        if rows.len() >= FILLED_AT_ONCE {
            put(stack, std::mem::take(&mut rows)).await?;
        }
    }
    put(stack, rows).await
}

/// Puts items into the table that has a stream, without records in it.
async fn put(stack: &Stack, rows: Vec<Value>) -> Result<(), Failure> {
    let (core, table) = (stack.core(), table_name(stack)?);
    let fill = move || core.aws.dynamodb.fill(&table, rows.into_iter().map(item).collect::<Result<_, _>>()?);
    tokio::task::spawn_blocking(fill).await??;
    Ok(())
}

/// The name of the table that has a stream.
fn table_name(stack: &Stack) -> Result<String, Failure> {
    Ok(stack.core().template.tables.iter().find(|table| table.stream_arn.is_some()).ok_or("no table")?.name.clone())
}

/// An item as DynamoDB's JSON.
fn row_of<I: Item>(item: &I) -> Result<Value, Failure> {
    let Value::Object(members) = serde_json::to_value(item)? else { return Err("an item is an object".into()) };
    let text = |text: &str| json!({ "S": text });
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    let mut row: BTreeMap<String, Value> = present.map(|(name, value)| (name, attribute(&value))).collect();
    let (key, version) = (item.key(), json!({ "N": I::VERSION.to_string() }));
    row.extend([("pk", text(key.partition())), ("sk", text(key.sort())), ("kind", text(I::KIND)), ("v", version)].map(owned));
    for (index, key) in item.indexes() {
        let name = index.name();
        row.extend([(format!("{name}pk"), text(key.partition())), (format!("{name}sk"), text(key.sort()))]);
    }
    Ok(json!(row))
}

fn owned((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Array(values) => json!({ "L": values.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        other => json!({ "S": other.as_str().unwrap_or_default() }),
    }
}
