//! Search without a search engine: lists of records, kept in the table beside the records.
//!
//! A record is in the list of all records, in the list of its owner, in one list for each of its labels, and in one list for each gram of
//! its text: each part of three characters, and each shorter part that is not common ([`SearchEntry`]). The items of the lists are
//! [`Posting`]s. They are written in the transaction of the record: [`Catalogue::add`], [`Catalogue::change`], [`Catalogue::remove`],
//! [`IndexChange::commit`].
//!
//! Models and people are listed by title, and one posting puts its record into three lists: by its own key and by its keys in `gsi1` and
//! `gsi2`. Products are listed in several orders ([`Order`]), and one posting puts its product into one list: by its own key in the order of
//! ids, and by its keys in `gsi1` and `gsi2` in those of titles and prices.
//!
//! A search ([`SearchQuery`], [`Catalogue::page`], [`products`]) reads the shortest list that contains all matches, and filters it. A page
//! reads at most two queries of 1 MB; beyond that it is short and has a position to continue. So the price of a page does not depend on the
//! search or on the number of records. Records that change during a search are found at their old or their new position. All others are
//! found exactly once, in the order of the list.
//!
//! | writing | AWS calls |
//! |---|---|
//! | a new record, a change, a removal | the transaction of the record, and further ones if a hundred writes are not enough. If they are interrupted, the consumer of an event continues |
//!
//! | reading a page | AWS calls |
//! |---|---|
//! | of one list | one query, or two |
//! | of the records of up to 22 people | a query for each; one for the rest |

mod change;
mod entry;
mod frequency;
mod grams;
mod normal;
mod query;
mod read;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use change::{IndexChange, Unfinished};
pub use entry::{Order, Posting, SearchEntry, SortBy};
pub use normal::normal;
pub use query::{OWNERS_MAX, SearchQuery, Term};
pub use read::{Candidates, Position, Rest, SearchPage, products};

store::items![Posting, Unfinished];

/// A kind of record in the search index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Catalogue {
    /// Models, by their titles.
    Models,
    /// People, by the words of their names. The title is the username.
    People,
    /// Products, by their names and descriptions, in several orders. The title is the name.
    Products,
}

impl Catalogue {
    /// Every catalogue.
    pub const ALL: [Self; 3] = [Self::Models, Self::People, Self::Products];

    fn partition(self, list: &str) -> String {
        format!("SEARCH#{self}#{list}")
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Models => "models",
            Self::People => "people",
            Self::Products => "products",
        })
    }
}
