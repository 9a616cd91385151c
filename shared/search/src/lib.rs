//! Search without a search engine: lists of records in the order of their titles, kept in the table beside the records.
//!
//! A record is in the list of all records, in the list of its owner, in one list for each of its labels, and in one list for each gram of
//! its text: each part of three characters, and each shorter part that is not common ([`SearchEntry`]). One item puts the record into three
//! lists: by its own key and by its keys in `gsi1` and `gsi2`. The items are written in the transaction of the record: [`Catalogue::add`],
//! [`Catalogue::change`], [`Catalogue::remove`], [`IndexChange::commit`].
//!
//! A search ([`Wanted`], [`Catalogue::page`]) reads the shortest list that contains all matches, and filters it. A page reads at most two
//! queries of 1 MB; beyond that it is short and has a position to continue. So the price of a page does not depend on the search or on the
//! number of records. Records that change during a search are found at their old or their new place. All others are found exactly once, in
//! the order of titles.
//!
//! Records with lists in other orders, such as products, are searched by reading these lists ([`walk`]), with the same normal form and at
//! the same price.
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
mod read;
mod wanted;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use change::{IndexChange, Unfinished};
pub use entry::{Carrier, SearchEntry};
pub use normal::normal;
pub use read::{Found, Position, QUERIES, Rest, walk};
pub use wanted::{OWNERS_MAX, Term, Wanted};

store::items![Carrier, Unfinished];

/// A kind of record in the search index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Catalogue {
    /// Models, by their titles.
    Models,
    /// People, by the words of their names. The title is the username.
    People,
}

impl Catalogue {
    /// Every catalogue.
    pub const ALL: [Self; 2] = [Self::Models, Self::People];

    fn partition(self, list: &str) -> String {
        format!("SEARCH#{self}#{list}")
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Models => "models",
            Self::People => "people",
        })
    }
}
