//! Search without a search engine: lists of records in the order of their titles, kept in the table beside the records.
//!
//! A record is in the list of everything, in that of its owner, in one for each of its labels, and in one for each part of three
//! characters of its text, and for each shorter part that is not common ([`SearchEntry`]). Three lists ride on one item, under its own key and
//! under its keys in `gsi1` and `gsi2`. The items are written in the transaction of the record: [`Catalogue::add`],
//! [`Catalogue::change`], [`Catalogue::remove`], [`IndexChange::commit`].
//!
//! A search ([`Wanted`], [`Catalogue::page`]) walks the shortest list that has all it looks for, and filters it. It reads what two
//! queries read, 2 MB at most; beyond that the page is short and says where to go on. So its price does not depend on what is looked
//! for or on how many records there are. What changes meanwhile is in its new place or in its old one; everything else is found exactly
//! once, in the order of titles.
//!
//! What has lists in other orders, as products do, is searched by walking these ([`walk`]), by the same normal form and at the same price.
//!
//! | writing | AWS calls |
//! |---|---|
//! | a new record, a change, a removal | the transaction of the record; more of them if a hundred writes are not enough. If that is interrupted, the consumer of an event goes on |
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

/// A kind of records that are searched by the parts of their texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Catalogue {
    /// The catalogue of models.
    Models,
    /// People, by the words of their names. The title is the username.
    People,
}

impl Catalogue {
    /// All of them.
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
