//! Reading the index, page by page.

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use store::{Cond, Range, StoreError, Table};

use crate::{
    Catalogue, SearchEntry, SearchQuery,
    entry::{List, Order, Posting},
};

/// The maximum number of queries of a page. Each reads at most 1 MB (DynamoDB).
const QUERIES: u8 = 2;
/// The minimum number of records that the first query of a page reads, if there is a filter.
const FIRST_QUERY: u32 = 60;

/// The position where a page begins. Clients have it in a sealed cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "p")]
    phase: Phase,
    /// The sort key after which the page begins. Empty at the beginning of the list.
    #[serde(rename = "a")]
    after: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// The matches.
    #[default]
    #[serde(rename = "w")]
    Matches,
    /// The beginning of the rest.
    #[serde(rename = "d")]
    Divider,
    /// The rest.
    #[serde(rename = "r")]
    Rest,
}

impl Position {
    const fn at(phase: Phase, after: String) -> Self {
        Self { phase, after }
    }
}

/// What follows after the last match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Omitted,
    /// All other records, in the order of their titles.
    Follows,
}

/// A page of a search. It can have fewer records than requested, or none, although there is a next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    /// The records: either all of them match, or none.
    pub entries: Vec<SearchEntry>,
    /// Whether the records match.
    pub relevant: bool,
    /// Whether these are the first records of the rest.
    pub divider: bool,
    /// The position of the next page. `None` on the last page.
    pub next: Option<Position>,
}

/// A segment of a list: its matching records, and the sort key that was reached, unless it is the end of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    entries: Vec<SearchEntry>,
    reached: Option<String>,
}

/// A segment of a list of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The entries that match, and those that may match because their postings have no text: the caller compares the products themselves
    /// ([`SearchQuery::matches`]). There can be fewer than requested, or none, although more follow.
    pub entries: Vec<SearchEntry>,
    /// The sort key after which the list continues. `None` at its end.
    pub next: Option<String>,
}

impl Catalogue {
    /// Returns the page of a search that begins at a position, in the order of titles. Matches and the rest are never on the same page.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(self, table: &Table, query: &SearchQuery, rest: Rest, at: Position, size: u32) -> Result<SearchPage, StoreError> {
        let reader = Reader { table, catalogue: self, order: Order::TITLES, size, certain: size };
        let (mut at, mut queries) = (at, QUERIES);
        if at.phase == Phase::Matches {
            let segment = reader.matches(query, at.after, &mut queries).await?;
            let found = |entries, next| Ok(SearchPage { entries, relevant: true, divider: false, next });
            let ended = segment.reached.is_none();
            if ended && (rest == Rest::Omitted || query.is_all()) {
                return found(segment.entries, None);
            }
            let divider = || Position::at(Phase::Divider, String::new());
            let next = segment.reached.map_or_else(divider, |key| Position::at(Phase::Matches, key));
            if !ended || !segment.entries.is_empty() || queries == 0 {
                return found(segment.entries, Some(next));
            }
            at = next;
        }
        let segment = reader.one_list(&List::All, at.after, &|| query.rest_filter(), &mut queries).await?;
        let divider = at.phase == Phase::Divider && !segment.entries.is_empty();
        let phase = if segment.entries.is_empty() { at.phase } else { Phase::Rest };
        Ok(SearchPage { entries: segment.entries, relevant: false, divider, next: segment.reached.map(|key| Position::at(phase, key)) })
    }

    /// Returns whether its lists have several orders. Then each posting is in one list, in the base table and in both indexes, and not in
    /// three lists.
    pub(crate) const fn has_orders(self) -> bool {
        matches!(self, Self::Products)
    }
}

/// Returns the next products of a search in an order, after a sort key: up to `size`, of which `certain` are enough if they match for
/// certain.
///
/// # Errors
/// [`StoreError`]
pub async fn products(
    table: &Table,
    query: &SearchQuery,
    order: Order,
    after: Option<String>,
    size: u32,
    certain: u32,
) -> Result<Candidates, StoreError> {
    let catalogue = Catalogue::Products;
    let reader = Reader { table, catalogue, order, size, certain };
    // Products have no owners, so there is one list.
    let Some(list) = query.lists().into_iter().next() else { return Ok(Candidates { entries: Vec::new(), next: None }) };
    let mut queries = QUERIES;
    let filter = || query.filter(catalogue, &list);
    let Segment { mut entries, reached } = reader.segment(&list, after.unwrap_or_default(), &filter, &mut queries).await?;
    let mut next = reached;
    if entries.len() > count(size) {
        entries.truncate(count(size));
        next = entries.last().map(|entry| entry.sort_key_in(order));
    }
    Ok(Candidates { entries, next })
}

struct Reader<'t> {
    table: &'t Table,
    catalogue: Catalogue,
    order: Order,
    /// How many entries a page has at most.
    size: u32,
    /// How many entries are enough if their texts are known, so that they match for certain.
    certain: u32,
}

impl Reader<'_> {
    /// Returns the next matches.
    async fn matches(&self, query: &SearchQuery, after: String, queries: &mut u8) -> Result<Segment, StoreError> {
        let lists = query.lists();
        if let [list] = lists.as_slice() {
            return self.one_list(list, after, &|| query.filter(self.catalogue, list), queries).await;
        }
        // The queries of several lists count as one, because each reads few records.
        *queries = queries.saturating_sub(1);
        let after = after.as_str();
        let segments = try_join_all(lists.iter().map(|list| async move {
            let filter = query.filter(self.catalogue, list);
            self.query(list, after, Some(self.first_limit(filter.is_some())), filter).await
        }));
        Ok(merged(segments.await?, self.size))
    }

    /// Returns the next records of a list for which the filter holds: at most as many as a page has.
    async fn one_list(
        &self,
        list: &List,
        after: String,
        filter: &(dyn Fn() -> Option<Cond> + Sync),
        queries: &mut u8,
    ) -> Result<Segment, StoreError> {
        Ok(merged(vec![self.segment(list, after, filter, queries).await?], self.size))
    }

    /// Returns the next records of a list for which the filter holds: at least as many as a page has, unless the list ends or no queries
    /// are left. Each query reads at most 1 MB, and the first one only a few records.
    async fn segment(
        &self,
        list: &List,
        after: String,
        filter: &(dyn Fn() -> Option<Cond> + Sync),
        queries: &mut u8,
    ) -> Result<Segment, StoreError> {
        let mut limit = Some(self.first_limit(filter().is_some()));
        let mut all = Segment { entries: Vec::new(), reached: Some(after) };
        while let Some(key) = all.reached.take_if(|_| *queries > 0) {
            *queries = queries.saturating_sub(1);
            let next = self.query(list, &key, limit.take(), filter()).await?;
            all.entries.extend(next.entries);
            all.reached = next.reached;
            if self.is_full(&all.entries) {
                break;
            }
        }
        Ok(all)
    }

    fn is_full(&self, entries: &[SearchEntry]) -> bool {
        let certain = entries.iter().filter(|entry| !entry.text().is_empty()).count();
        entries.len() >= count(self.size) || certain >= count(self.certain)
    }

    /// Returns the number of records that the first query reads. Without a filter these are the records of the page, and one more to know
    /// whether there are more.
    fn first_limit(&self, filtered: bool) -> u32 {
        if filtered { self.certain.saturating_add(1).saturating_mul(4).max(FIRST_QUERY) } else { self.size.saturating_add(1) }
    }

    /// Makes one query. Returns its matching records and how far it read.
    async fn query(&self, list: &List, after: &str, limit: Option<u32>, filter: Option<Cond>) -> Result<Segment, StoreError> {
        let range = list.range(self.catalogue, self.order, after);
        let window = self.table.window::<Posting>(limit.into_iter().fold(range, Range::limit), filter).await?;
        Ok(Segment { entries: window.items.into_iter().map(|posting| posting.entry).collect(), reached: window.reached })
    }
}

fn count(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// Merges the first records of several lists, which have the same order and no record in common. Records after the position that was
/// reached in an unfinished list are left for the next page.
fn merged(segments: Vec<Segment>, size: u32) -> Segment {
    let size = count(size);
    let reached = segments.iter().filter_map(|segment| segment.reached.clone()).min();
    let entries = segments.into_iter().flat_map(|segment| segment.entries);
    let mut all: Vec<(String, SearchEntry)> = entries.map(|entry| (entry.sort_key(), entry)).collect();
    all.retain(|(key, _)| reached.as_ref().is_none_or(|reached| key <= reached));
    all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let reached = if all.len() > size { size.checked_sub(1).and_then(|last| all.get(last)).map(|(key, _)| key.clone()) } else { reached };
    all.truncate(size);
    Segment { entries: all.into_iter().map(|(_, entry)| entry).collect(), reached }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    fn entries(titles: impl IntoIterator<Item = String>) -> Vec<SearchEntry> {
        let mut entries: Vec<SearchEntry> = titles.into_iter().enumerate().map(|(id, title)| SearchEntry::titled(id, &title)).collect();
        entries.sort_by_key(SearchEntry::sort_key);
        entries
    }

    /// Returns the next segment of a list, as a query that reads `limit` records returns it.
    fn segment(list: &[SearchEntry], after: &str, limit: usize, holds: impl Fn(&SearchEntry) -> bool) -> Segment {
        let left: Vec<&SearchEntry> = list.iter().filter(|entry| entry.sort_key().as_str() > after).collect();
        let seen = left.iter().take(limit);
        let reached = left.get(limit).and_then(|_| left.get(limit.checked_sub(1)?)).map(|entry| entry.sort_key());
        Segment { entries: seen.filter(|entry| holds(entry)).map(|entry| (*entry).clone()).collect(), reached }
    }

    /// Every entry of some lists, read page by page, is returned exactly once and in order, however few records each query reads.
    #[test]
    fn merged_lists_have_everything_once_and_in_order() {
        let sys = Sys::real();
        let among = |most: u32| sys.below(most).saturating_add(1);
        for _ in 0..200 {
            let titles = (0..sys.below(60)).map(|_| format!("{} {}", sys.below(4), sys.below(3)));
            let all = entries(titles);
            let mut lists = vec![Vec::new(); among(4) as usize];
            for entry in &all {
                let list = sys.below(u32::try_from(lists.len()).unwrap()) as usize;
                lists[list].push(entry.clone());
            }
            let query = SearchQuery::all().containing(crate::Term::part("1").unwrap());
            let (limit, size) = (among(7) as usize, among(5));
            let (mut found, mut after) = (Vec::new(), String::new());
            loop {
                let segments = lists.iter().map(|list| segment(list, &after, limit, |entry| query.matches(entry))).collect();
                let page = merged(segments, size);
                assert!(page.entries.len() <= size as usize);
                found.extend(page.entries);
                let Some(reached) = page.reached else { break };
                assert!(reached > after, "it goes on");
                after = reached;
            }
            let expected: Vec<SearchEntry> = all.into_iter().filter(|entry| query.matches(entry)).collect();
            assert_eq!(found, expected);
        }
    }

    /// Whatever is looked for, the list that is read has all of it.
    #[test]
    fn the_list_that_is_read_is_complete() {
        let sys = Sys::real();
        let among = |most: u32| sys.below(most).saturating_add(1);
        let letters = ["a", "b", "ł", "q", "x", "ß", "李", " ", "7", "É"];
        let text = |length: u32| (0..length).map(|_| letters[sys.below(10) as usize]).collect::<String>();
        for _ in 0..5000 {
            let entry = SearchEntry::titled("1", &text(among(20)));
            let Some(term) = crate::Term::part(&text(among(4))) else { continue };
            let query = SearchQuery::all().containing(term);
            let [list] = query.lists().try_into().unwrap();
            let listed = match &list {
                List::Gram(gram) => crate::grams::grams(entry.text()).contains(gram.as_str()),
                _ => true,
            };
            assert!(listed || !query.matches(&entry), "{query:?} {entry:?} {list:?}");
        }
    }
}
