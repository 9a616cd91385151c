//! Reading the index, page by page.

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use store::{Cond, Range, StoreError, Stored, Table, Window};

use crate::{
    Catalogue, SearchEntry, Wanted,
    entry::{Carrier, List},
};

/// The maximum number of queries of a page. Each reads at most 1 MB (DynamoDB).
pub const QUERIES: u8 = 2;
/// How many records the first query of a page reads, if there is a filter.
const FIRST_LOOK: u32 = 60;

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
    Wanted,
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
    LeftOut,
    /// All other records, in the order of their titles.
    Follows,
}

/// A page of a search. It can have fewer records than requested, or none, although there is a next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The records: either all of them match, or none.
    pub entries: Vec<SearchEntry>,
    /// Whether the records match.
    pub relevant: bool,
    /// Whether these are the first records of the rest.
    pub divider: bool,
    /// The position of the next page. `None` on the last page.
    pub next: Option<Position>,
}

/// A part of a list: its records, and the sort key that was reached, unless it is the end of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    entries: Vec<SearchEntry>,
    reached: Option<String>,
}

impl Catalogue {
    /// The page of a search that begins at a position, in the order of titles. Matches and the rest are never on the same page.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(self, table: &Table, wanted: &Wanted, rest: Rest, at: Position, size: u32) -> Result<Found, StoreError> {
        let reader = Reader { table, catalogue: self, size };
        let (mut at, mut queries) = (at, QUERIES);
        if at.phase == Phase::Wanted {
            let part = reader.wanted(wanted, at.after, &mut queries).await?;
            let found = |entries, next| Ok(Found { entries, relevant: true, divider: false, next });
            let ended = part.reached.is_none();
            if ended && (rest == Rest::LeftOut || wanted.is_all()) {
                return found(part.entries, None);
            }
            let next = part.reached.map_or_else(|| Position::at(Phase::Divider, String::new()), |place| Position::at(Phase::Wanted, place));
            if !ended || !part.entries.is_empty() || queries == 0 {
                return found(part.entries, Some(next));
            }
            at = next;
        }
        let part = reader.walk(&List::All, &at.after, &|| wanted.rest_filter(), &mut queries).await?;
        let divider = at.phase == Phase::Divider && !part.entries.is_empty();
        let phase = if part.entries.is_empty() { at.phase } else { Phase::Rest };
        Ok(Found { entries: part.entries, relevant: false, divider, next: part.reached.map(|place| Position::at(phase, place)) })
    }
}

struct Reader<'t> {
    table: &'t Table,
    catalogue: Catalogue,
    size: u32,
}

impl Reader<'_> {
    /// The next matches.
    async fn wanted(&self, wanted: &Wanted, after: String, queries: &mut u8) -> Result<Part, StoreError> {
        let lists = wanted.lists();
        if let [list] = lists.as_slice() {
            return self.walk(list, &after, &|| wanted.filter(list), queries).await;
        }
        // The queries of several lists count as one, because each reads few records.
        *queries = queries.saturating_sub(1);
        let after = after.as_str();
        let parts = try_join_all(lists.iter().map(|list| async move {
            let filter = wanted.filter(list);
            self.look(list, after, first_look(self.size, filter.is_some()), filter).await
        }));
        Ok(merged(parts.await?, self.size))
    }

    /// The next records of a list for which the filter holds.
    async fn walk(
        &self,
        list: &List,
        after: &str,
        filter: &(dyn Fn() -> Option<Cond> + Sync),
        queries: &mut u8,
    ) -> Result<Part, StoreError> {
        let range = |after: &str| self.range(list, after);
        let window = walk::<Carrier>(self.table, &range, filter, after.to_owned(), self.size, queries).await?;
        let entries = window.items.into_iter().map(|carrier| carrier.entry).collect();
        Ok(merged(vec![Part { entries, reached: window.reached }], self.size))
    }

    fn range(&self, list: &List, after: &str) -> Range {
        let range = list.range(self.catalogue);
        if after.is_empty() { range } else { range.beyond(after) }
    }

    /// One query.
    async fn look(&self, list: &List, after: &str, limit: u32, filter: Option<Cond>) -> Result<Part, StoreError> {
        let window = self.table.window::<Carrier>(self.range(list, after).limit(limit), filter).await?;
        Ok(Part { entries: window.items.into_iter().map(|carrier| carrier.entry).collect(), reached: window.reached })
    }
}

/// The next items of a list for which a condition holds: at least `size` of them, unless the list ends or no queries are left. Each query
/// reads at most 1 MB, and the first one only a few items. `list` returns the range after a sort key, which is empty at the beginning.
///
/// # Errors
/// [`StoreError`]
pub async fn walk<I: Stored>(
    table: &Table,
    list: &(dyn Fn(&str) -> Range + Sync),
    filter: &(dyn Fn() -> Option<Cond> + Sync),
    after: String,
    size: u32,
    queries: &mut u8,
) -> Result<Window<I>, StoreError> {
    let mut limit = Some(first_look(size, filter().is_some()));
    let mut all = Window { items: Vec::new(), reached: Some(after) };
    while let Some(place) = all.reached.take_if(|_| *queries > 0) {
        *queries = queries.saturating_sub(1);
        let window = table.window::<I>(limit.into_iter().fold(list(&place), Range::limit), filter()).await?;
        all.items.extend(window.items);
        all.reached = window.reached;
        if all.items.len() >= count(size) {
            break;
        }
        limit = None;
    }
    Ok(all)
}

/// The number of records that the first query reads. Without a filter these are the records of the page, and one more to know whether there
/// are more.
fn first_look(size: u32, filtered: bool) -> u32 {
    let page = size.saturating_add(1);
    if filtered { page.saturating_mul(4).max(FIRST_LOOK) } else { page }
}

fn count(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// Merges the first records of several lists, which have the same order and no record in common. Records after the position that was
/// reached in an unfinished list are left for the next page.
fn merged(parts: Vec<Part>, size: u32) -> Part {
    let size = count(size);
    let reached = parts.iter().filter_map(|part| part.reached.clone()).min();
    let mut all: Vec<(String, SearchEntry)> = parts.into_iter().flat_map(|part| part.entries).map(|entry| (entry.place(), entry)).collect();
    all.retain(|(place, _)| reached.as_ref().is_none_or(|reached| place <= reached));
    all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let reached =
        if all.len() > size { size.checked_sub(1).and_then(|last| all.get(last)).map(|(place, _)| place.clone()) } else { reached };
    all.truncate(size);
    Part { entries: all.into_iter().map(|(_, entry)| entry).collect(), reached }
}

#[cfg(test)]
mod tests {
    use kernel::Sys;

    use super::*;

    fn entries(titles: impl IntoIterator<Item = String>) -> Vec<SearchEntry> {
        let mut entries: Vec<SearchEntry> = titles.into_iter().enumerate().map(|(id, title)| SearchEntry::titled(id, &title)).collect();
        entries.sort_by_key(SearchEntry::place);
        entries
    }

    /// The next part of a list, as a query that looks at `limit` records returns it.
    fn look(list: &[SearchEntry], after: &str, limit: usize, holds: impl Fn(&SearchEntry) -> bool) -> Part {
        let left: Vec<&SearchEntry> = list.iter().filter(|entry| entry.place().as_str() > after).collect();
        let seen = left.iter().take(limit);
        let reached = left.get(limit).and_then(|_| left.get(limit.checked_sub(1)?)).map(|entry| entry.place());
        Part { entries: seen.filter(|entry| holds(entry)).map(|entry| (*entry).clone()).collect(), reached }
    }

    /// Every entry of some lists, read page by page, is returned exactly once and in order, however little each query looks at.
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
            let wanted = Wanted::all().with(crate::Term::part("1").unwrap());
            let (limit, size) = (among(7) as usize, among(5));
            let (mut found, mut after) = (Vec::new(), String::new());
            loop {
                let parts = lists.iter().map(|list| look(list, &after, limit, |entry| wanted.finds(entry))).collect();
                let part = merged(parts, size);
                assert!(part.entries.len() <= size as usize);
                found.extend(part.entries);
                let Some(reached) = part.reached else { break };
                assert!(reached > after, "it goes on");
                after = reached;
            }
            let expected: Vec<SearchEntry> = all.into_iter().filter(|entry| wanted.finds(entry)).collect();
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
            let wanted = Wanted::all().with(term);
            let [list] = wanted.lists().try_into().unwrap();
            let listed = match &list {
                List::Gram(gram) => crate::grams::grams(entry.text()).contains(gram.as_str()),
                _ => true,
            };
            assert!(listed || !wanted.finds(&entry), "{wanted:?} {entry:?} {list:?}");
        }
    }
}
