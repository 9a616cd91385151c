//! Ratings of products: one of each person, 1 to 5 stars.
//!
//! The product has the sum and the number of its ratings. The transaction of each rating changes them, under the condition that the rating
//! is unchanged since it was read, so that they stay exact under concurrent ratings.

use accounts::{
    Resource,
    user::{self, Status, User},
};
use kernel::{
    FieldError, Kind, Problem, Sys, Time,
    id::{ProductId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, CommitError, Cond, Index, Item, Key, Personal, Row, Slot, StoreError, Table, Tx, Update, field};

use crate::product::{Product, partition};

/// Attempts to change a rating against concurrent changes by the same person.
const ATTEMPTS: u32 = 10;

/// 1 to 5 stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Stars(u8);

/// The maximum number of stars.
pub const STARS_MAX: u8 = 5;

impl Stars {
    /// Parses a number of stars.
    ///
    /// # Errors
    /// `range`
    pub fn parse(number: i64) -> Result<Self, FieldError> {
        let range = || FieldError::RANGE.with("min", 1).with("max", STARS_MAX);
        u8::try_from(number).ok().filter(|stars| (1..=STARS_MAX).contains(stars)).map(Self).ok_or_else(range)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Stars {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::parse(i64::from(number)).map_err(|e| e.code)
    }
}

impl From<Stars> for u8 {
    fn from(stars: Stars) -> Self {
        stars.0
    }
}

/// Somebody's rating of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// The product.
    pub product: ProductId,
    /// The person.
    pub user: UserId,
    /// The stars.
    pub stars: Stars,
    /// When it was given last.
    pub at: Time,
}

impl Rating {
    /// Returns the key of somebody's rating.
    #[must_use]
    pub fn key_of(product: ProductId, user: UserId) -> Key {
        Key::new(partition(product), format!("RATING#{user}"))
    }
}

/// Rates a product, or replaces the person's rating. One transaction, and another one for each concurrent change of the same rating.
///
/// # Errors
/// [`Kind::NotFound`] if there is no such product.
pub async fn give(table: &Table, sys: &Sys, rating: Rating, before: Option<Rating>) -> Result<(), Problem> {
    let mut before = before;
    for _ in 0..ATTEMPTS {
        if before.is_some_and(|before| before.stars == rating.stars) {
            return Ok(());
        }
        let mut tx = Tx::new();
        let same = match before {
            Some(before) => field("stars").eq(before.stars),
            None => Cond::Absent,
        };
        let own = tx.put(&Rating { at: sys.now(), ..rating }, same);
        tx.check(User::key_of(rating.user), field("status").eq(Status::Active));
        let product = counted(&mut tx, rating.product, before.map(|before| before.stars), Some(rating.stars));
        match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(e) if e.refused(product) => return Err(Kind::NotFound.into()),
            Err(CommitError::Refused(refused)) if refused.at(own) => before = refused.current(own).map(Row::decode).transpose()?,
            Err(e) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.into())
}

/// Removes a person's rating. No effect without one. One transaction, and another one for each concurrent change of the same rating.
///
/// # Errors
/// [`StoreError`], or [`Kind::Conflict`] if concurrent changes were faster at every attempt.
pub async fn withdraw(table: &Table, rating: Option<Rating>) -> Result<(), Problem> {
    let mut current = rating;
    for _ in 0..ATTEMPTS {
        let Some(rating) = current else { return Ok(()) };
        let mut tx = Tx::new();
        let own = tx.delete_when(rating.key(), field("stars").eq(rating.stars));
        let product = counted(&mut tx, rating.product, Some(rating.stars), None);
        match table.commit(tx).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Refused(refused)) if refused.at(own) => current = refused.current(own).map(Row::decode).transpose()?,
            // The product is deleted, and its ratings are about to be.
            Err(e) if e.refused(product) => return Ok(table.delete(rating.key()).await?),
            Err(e) => return Err(e.into()),
        }
    }
    Err(Kind::Conflict.into())
}

/// Adds the change of one rating to the sum and the number of a product. The slot is refused if there is no such product.
fn counted(tx: &mut Tx, product: ProductId, before: Option<Stars>, after: Option<Stars>) -> Slot {
    let stars = |stars: Option<Stars>| stars.map_or(0, |stars| i64::from(stars.get()));
    let ones = |stars: Option<Stars>| i64::from(stars.is_some());
    let update = Update::of(Product::key_of(product))
        .add("rating_sum", stars(after).saturating_sub(stars(before)))
        .add("rating_count", ones(after).saturating_sub(ones(before)));
    tx.update(update.when(Cond::Exists))
}

/// Returns the mean of ratings with two decimals, rounded half up, such as `4.33`. `None` without ratings.
#[must_use]
pub fn mean(sum: u64, count: u64) -> Option<String> {
    let twice = sum.checked_mul(200)?.checked_add(count)?;
    let hundredfold = twice.checked_div(count.checked_mul(2)?)?;
    Some(format!("{}.{:02}", hundredfold.div_euclid(100), hundredfold.rem_euclid(100)))
}

/// Reads a row that may be a rating.
pub(crate) fn of_row(row: &Row) -> Result<Option<Rating>, StoreError> {
    row.is::<Rating>().then(|| row.clone().decode()).transpose()
}

impl Item for Rating {
    const KIND: &'static str = "rating";
    const ABOUT: About =
        About::at("PRODUCT#{product}", "RATING#{user}", Personal::Exported(&["product", "stars", "at"])).owned().removed_by("products");
    fn key(&self) -> Key {
        Self::key_of(self.product, self.user)
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, user::owned(self.user, &self.key()))]
    }
}

impl Resource for Rating {
    type Path = ProductId;
    fn key_for(caller: UserId, product: ProductId) -> Option<Key> {
        Some(Self::key_of(product, caller))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_has_one_to_five_stars() {
        assert_eq!([-1, 0, 1, 5, 6, 256].map(|n| Stars::parse(n).is_ok()), [false, false, true, true, false, false]);
    }

    #[test]
    fn a_mean_is_rounded_half_up() {
        for (sum, count, expected) in
            [(5, 1, "5.00"), (13, 3, "4.33"), (14, 3, "4.67"), (9, 2, "4.50"), (1601, 800, "2.00"), (1604, 800, "2.01")]
        {
            assert_eq!(mean(sum, count).as_deref(), Some(expected), "{sum} / {count}");
        }
        assert_eq!(mean(0, 0), None);
    }
}
