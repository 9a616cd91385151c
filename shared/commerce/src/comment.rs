//! Comments on products.

use accounts::{
    audit::AuditEntry,
    user::{self, Status, User},
};
use kernel::{
    Kind, Problem, Sys, Time,
    id::{CommentId, ProductId, UserId},
};
use serde::{Deserialize, Serialize};
use store::{About, Index, Item, Key, Page, Personal, Range, Row, Slot, StoreError, Table, Tx, Update, WriteError, field};

use crate::{
    product::{self, partition},
    text::CommentText,
};

/// The prefix of the sort keys of a product's comments.
const PREFIX: &str = "COMMENT#";

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The id.
    pub id: CommentId,
    /// The product.
    pub product: ProductId,
    /// The author.
    pub author: UserId,
    /// The text.
    pub text: CommentText,
    /// When it was written.
    pub created_at: Time,
    /// When it was changed last, if it was.
    pub edited_at: Option<Time>,
}

/// The path parameters of a comment.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct OnProduct {
    /// The product.
    pub product: ProductId,
    /// The comment.
    pub comment: CommentId,
}

impl Comment {
    /// Returns the key of a comment.
    #[must_use]
    pub fn key_of(OnProduct { product, comment }: OnProduct) -> Key {
        Key::new(partition(product), format!("{PREFIX}{comment}"))
    }

    /// Writes a comment. One transaction.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if there is no such product.
    pub async fn write(table: &Table, sys: &Sys, product: ProductId, author: UserId, text: CommentText) -> Result<Self, Problem> {
        let comment = Self { id: sys.id(), product, author, text, created_at: sys.now(), edited_at: None };
        let mut tx = Tx::new();
        let there = product::require(&mut tx, product);
        tx.check(User::key_of(author), field("status").eq(Status::Active));
        tx.create(&comment);
        match table.commit(tx).await {
            Ok(()) => Ok(comment),
            Err(e) if e.refused(there) => Err(Kind::NotFound.into()),
            Err(e) => Err(e.into()),
        }
    }

    /// Adds another text of the comment to a transaction. The slot is refused if the comment is gone, or has another text than was read.
    pub fn change(&self, tx: &mut Tx, text: &CommentText, now: Time) -> Slot {
        tx.update(changed(self.key(), self.author, text, now).when(field("text").eq(&self.text)))
    }

    /// Adds the comment to an audit entry.
    #[must_use]
    pub fn audited(&self, entry: AuditEntry) -> AuditEntry {
        entry.changed("product", self.product, self.product).changed("comment", self.id, self.id)
    }

    /// Adds the deletion of the comment to a transaction. The slot is refused if the comment is gone.
    pub fn delete(&self, tx: &mut Tx) -> Slot {
        tx.delete_when(self.key(), field("author").eq(self.author))
    }
}

fn changed(key: Key, author: UserId, text: &CommentText, now: Time) -> Update {
    Update::of(key).set("text", text).set("edited_at", now).when(field("author").eq(author))
}

/// Changes the text of the author's own comment. One write.
///
/// # Errors
/// [`Kind::NotFound`], or [`Kind::Forbidden`] if somebody else wrote it.
pub async fn change_own(table: &Table, at: OnProduct, author: UserId, text: &CommentText, now: Time) -> Result<Comment, Problem> {
    Ok(table.update(changed(Comment::key_of(at), author, text, now)).await.map_err(refused)?.decode()?)
}

/// Deletes the author's own comment. One write.
///
/// # Errors
/// The errors of [`change_own`].
pub async fn delete_own(table: &Table, at: OnProduct, author: UserId) -> Result<(), Problem> {
    table.delete_when(Comment::key_of(at), field("author").eq(author)).await.map_err(refused)
}

fn refused(e: WriteError) -> Problem {
    match e {
        WriteError::Refused(None) => Kind::NotFound.into(),
        WriteError::Refused(Some(_)) => Kind::Forbidden.because("somebody else wrote the comment"),
        WriteError::Store(e) => e.into(),
    }
}

/// Returns the next comments of a product after this one, the newest first. One query.
///
/// # Errors
/// [`StoreError`]
pub async fn page(table: &Table, product: ProductId, after: Option<CommentId>, limit: u32) -> Result<Page<Comment>, StoreError> {
    let range = Range::of(partition(product)).prefix(PREFIX).newest_first().limit(limit);
    let after = after.map(|comment| Comment::key_of(OnProduct { product, comment }));
    table.query(after.map_or(range.clone(), |key| range.after(key, None))).await
}

/// Returns the key of a row that is a comment.
pub(crate) fn key_of_row(row: &Row) -> Option<Key> {
    row.is::<Comment>().then(|| row.key()).flatten()
}

impl Item for Comment {
    const KIND: &'static str = "comment";
    const ABOUT: About =
        About::at("PRODUCT#{product}", "COMMENT#{comment}", Personal::Exported(&["id", "product", "text", "created_at", "edited_at"]))
            .owned()
            .removed_by("products");
    fn key(&self) -> Key {
        Self::key_of(OnProduct { product: self.product, comment: self.id })
    }
    fn indexes(&self) -> Vec<(Index, Key)> {
        vec![(Index::Owner, user::owned(self.author, &self.key()))]
    }
}
