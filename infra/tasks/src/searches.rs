//! `cargo xtask search`: measures searches of models and of products: AWS calls and read units of a page, with a hundred, ten thousand and
//! optionally a million records, for typical searches and for searches that are meant to be expensive. The results are compared with a
//! comparison of every record.
//!
//! Models and products consist of random words. Only what the searches read is put into the table ([`fill`]).

mod fill;
mod models;
mod products;
mod words;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use local::{Options, Stack, Storage, hosts::Trace};
use serde_json::{Value, json, value::to_raw_value};
use tempfile::TempDir;

use crate::{Failure, repository};

/// The most read units of a page.
const READ_UNITS: f64 = 260.0;
/// The most pages of a search that are measured.
const PAGES: usize = 20;
/// From this number of records on the database is in a file.
const IN_MEMORY: u32 = 100_000;
/// A character that only the titles of records have that are written during a measurement.
const MARK: &str = "@";
/// How often a long step says how far it is.
const NEWS: Duration = Duration::from_secs(10);

/// Fills a store with each number of models and of products, searches it, and prints a table in Markdown.
///
/// # Errors
/// If something cannot be measured, or a page costs more than it may.
pub fn run(models: &[u32], products: &[u32]) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("| records | number | looked for | searches | pages | calls, most | read units, median | p99 | most | short pages |");
    println!("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut over = 0_usize;
    for size in models {
        over = over.saturating_add(runtime.block_on(models::measure(*size))?);
    }
    for size in products {
        over = over.saturating_add(runtime.block_on(products::measure(*size))?);
    }
    if over == 0 { Ok(()) } else { Err(format!("{over} pages cost more than {READ_UNITS} read units or take too many calls").into()) }
}

/// The filters of a search.
type Filters = Vec<(String, String)>;

/// The name of a kind of searches, and the searches.
type Kind = (&'static str, Vec<Filters>);

/// Returns the value of this filter.
fn filter<'s>(search: &'s [(String, String)], name: &str) -> Option<&'s str> {
    search.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// The route of a search.
struct Route {
    /// What it finds.
    records: &'static str,
    function: &'static str,
    /// The file with a request for a page.
    event: &'static str,
    /// How many records a full page has.
    page: usize,
    /// The most calls of a page of this search.
    calls: fn(&[(String, String)]) -> u64,
}

/// A page of a search.
struct Page {
    calls: u64,
    read: f64,
    /// The ids of its records, without those that are written meanwhile.
    ids: Vec<String>,
    /// How many records it has.
    size: usize,
    /// Whether others follow.
    more: bool,
}

/// A local cloud that is filled and searched.
struct Measurement {
    route: &'static Route,
    /// The number of records.
    size: u32,
    stack: Stack,
    began: Instant,
    /// Deleted at the end, after the stack.
    _folder: TempDir,
}

impl Measurement {
    async fn start(route: &'static Route, size: u32) -> Result<Self, Failure> {
        let folder = tempfile::tempdir_in(repository::root().join("target"))?;
        let storage = if size < IN_MEMORY { Storage::Memory } else { Storage::Folder(folder.path().to_owned()) };
        let stack = Stack::start(Options { storage, ..Options::for_tests() }).await?;
        Ok(Self { route, size, stack, began: Instant::now(), _folder: folder })
    }

    /// Says on the standard error what is done, and after how long.
    fn say(&self, done: &str) {
        eprintln!("{} {}: {done} after {} s", self.size, self.route.records, self.began.elapsed().as_secs());
    }

    /// Measures every kind of searches. Returns how many pages cost too much.
    async fn all(&self, kinds: &[Kind], check: &impl Fn(&[(String, String)], &[Page]) -> Result<(), Failure>) -> Result<usize, Failure> {
        let mut over = 0_usize;
        for (kind, searches) in kinds {
            over = over.saturating_add(self.kind(kind, searches, PAGES, check).await?);
        }
        Ok(over)
    }

    /// Reads up to so many pages of each search, checks them with `check`, and prints a line. Returns how many pages cost too much.
    async fn kind(
        &self,
        kind: &str,
        searches: &[Filters],
        most: usize,
        check: &impl Fn(&[(String, String)], &[Page]) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let (mut pages, mut over, mut said) = (Vec::new(), 0_usize, Instant::now());
        for (number, search) in searches.iter().enumerate() {
            if said.elapsed() > NEWS {
                self.say(&format!("{kind}: {number} of {}", searches.len()));
                said = Instant::now();
            }
            let read = self.read(search, most).await?;
            check(search, &read)?;
            let calls = (self.route.calls)(search);
            over = over.saturating_add(read.iter().filter(|page| page.calls > calls || page.read > READ_UNITS).count());
            pages.extend(read);
        }
        println!("{}", self.row(kind, searches.len(), pages));
        self.say(kind);
        Ok(over)
    }

    fn row(&self, kind: &str, searches: usize, mut pages: Vec<Page>) -> String {
        pages.sort_by(|a, b| a.read.total_cmp(&b.read));
        let at = |percent: usize| pages.get(pages.len().saturating_mul(percent) / 100).or(pages.last()).map_or(0.0, |page| page.read);
        let most = pages.iter().map(|page| page.calls).max().unwrap_or_default();
        let short = pages.iter().filter(|page| page.size < self.route.page && page.more).count();
        let (median, p99, dearest) = (at(50), at(99), at(100));
        let (records, size) = (self.route.records, self.size);
        format!("| {records} | {size} | {kind} | {searches} | {} | {most} | {median} | {p99} | {dearest} | {short} |", pages.len())
    }

    /// Reads the first pages of a search.
    async fn read(&self, search: &[(String, String)], most: usize) -> Result<Vec<Page>, Failure> {
        let (mut pages, mut cursor) = (Vec::new(), None::<String>);
        while pages.len() < most {
            let mut query: BTreeMap<&str, &str> = search.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let (page, next) = self.page(&query, pages.len()).await?;
            cursor = next;
            pages.push(page);
            if cursor.is_none() {
                break;
            }
        }
        Ok(pages)
    }

    /// Returns a page, and the cursor of the next one.
    async fn page(&self, query: &BTreeMap<&str, &str>, number: usize) -> Result<(Page, Option<String>), Failure> {
        let stack = &self.stack;
        let (trace, payload) = (Trace::new(&stack.sys), to_raw_value(&event(self.route.event, query, number)?)?);
        stack.aws.calls.open(trace.as_str());
        let reply = stack.hosts.invoke(self.route.function, payload, &trace).await;
        let tally = stack.aws.calls.close(trace.as_str(), self.route.event, true);
        let reply: Value = serde_json::from_str(reply?.get())?;
        if reply.get("statusCode") != Some(&json!(200)) {
            return Err(format!("{query:?}: {reply}").into());
        }
        let body: Value = serde_json::from_str(reply.get("body").and_then(Value::as_str).unwrap_or_default())?;
        let items = body.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |item: &Value, name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ids = items.iter().filter(|item| !text(item, "title").contains(MARK)).map(|item| text(item, "id")).collect();
        let cursor = body.get("next_cursor").and_then(Value::as_str).map(ToOwned::to_owned);
        let (calls, read) = (tally.total(), tally.rcu.to_string().parse()?);
        Ok((Page { calls, read, ids, size: items.len(), more: cursor.is_some() }, cursor))
    }
}

/// Returns the event of a request for a page, each from an address of its own.
fn event(file: &str, query: &BTreeMap<&str, &str>, number: usize) -> Result<Value, Failure> {
    let mut event: Value = serde_json::from_str(&repository::read(file)?)?;
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

/// Compares the pages of a search with the ids of all records that it should find, in order.
fn compare(search: &[(String, String)], pages: &[Page], mut expected: impl Iterator<Item = String>) -> Result<(), Failure> {
    let same = pages.iter().flat_map(|page| &page.ids).all(|id| expected.next().is_some_and(|expected| expected == *id));
    let is_whole = pages.last().is_some_and(|page| page.more) || expected.next().is_none();
    if same && is_whole { Ok(()) } else { Err(format!("{search:?}: something else was found than is there").into()) }
}

/// Returns the name of the table that has a stream.
fn table_name(stack: &Stack) -> Result<String, Failure> {
    Ok(stack.core().template.tables.iter().find(|table| table.stream_arn.is_some()).ok_or("no table")?.name.clone())
}
