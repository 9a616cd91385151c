//! Comments on products, by their authors.

use accounts::user::User;
use axum::extract::State;
use callers::Member;
use commerce::{
    comment::{self, Comment, OnProduct},
    text::CommentText,
};
use kernel::{
    Problem, Timestamp,
    id::{CommentId, ProductId, UserId},
    page_limit,
};
use serde::{Deserialize, Serialize};
use store::{
    Batch,
    limits::{self, HOUR, Quota},
};
use utoipa::{IntoParams, ToSchema};
use web::{Created, Error, Json, NoContent, Path, Problems, Query};

use crate::State as Shop;

/// How many comments a page has, unless the client requests another number.
const PAGE: u32 = 5;
/// How many comments an account may write or change.
const COMMENTS: Quota = Quota::window("product_comments", 20, HOUR, "comments of an account that are written or changed");

/// Who wrote a comment.
#[derive(Serialize, ToSchema)]
pub struct CommentAuthor {
    /// The id of the person.
    id: UserId,
    /// Their username. Absent while their account is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, examples("ana"))]
    username: Option<String>,
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub struct CommentInfo {
    /// The id.
    id: CommentId,
    /// Who wrote it.
    author: CommentAuthor,
    /// The text, with its swear words masked.
    #[schema(examples("It stands well in the rain."))]
    text: String,
    /// When it was written.
    created_at: Timestamp,
    /// When it was last changed. Absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    edited_at: Option<Timestamp>,
}

impl CommentInfo {
    /// Returns a comment with the name of its author.
    pub fn of(comment: Comment, author: Option<&User>) -> Self {
        let username = author.filter(|author| author.status == accounts::user::Status::Active).map(|author| author.username.to_string());
        Self {
            id: comment.id,
            author: CommentAuthor { id: comment.author, username },
            text: comment.text.as_str().to_owned(),
            created_at: comment.created_at.into(),
            edited_at: comment.edited_at.map(Into::into),
        }
    }
}

/// Which page of comments to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CommentQuery {
    /// Maximum number of comments in the page: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = json!(PAGE))]
    limit: Option<u32>,
    /// `next_cursor` of the previous response. Without it, the first page is returned.
    #[param(max_length = 500)]
    cursor: Option<String>,
}

/// A page of comments.
#[derive(Serialize, ToSchema)]
pub struct CommentList {
    /// The comments, the newest first.
    items: Vec<CommentInfo>,
    /// The cursor of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the comments on a product. A product that does not exist has none.
///
/// AWS calls: a query; a batch of the authors, if there are any.
#[utoipa::path(get, path = "/v1/products/{product}/comments",
    params(("product" = ProductId, Path, description = "The product."), CommentQuery),
    extensions(("x-problems" = json!(["not_found", "cursor_invalid", "invalid"]))),
    responses((status = 200, body = CommentList), Problems))]
pub async fn list_comments(
    State(s): State<Shop>,
    Path(product): Path<ProductId>,
    Query(query): Query<CommentQuery>,
) -> Result<Json<CommentList>, Error> {
    let limit = page_limit(query.limit, PAGE)?;
    let cursors = s.sealer.cursors(format!("comments on {product}"));
    let after = cursors.open::<CommentId>(query.cursor.as_deref())?;
    let page = comment::page(&s.table, product, after, limit).await?;
    let next_cursor = cursors.next(page.last().map(|last| last.id))?;
    let mut keys = Vec::new();
    for key in page.items.iter().map(|comment| User::key_of(comment.author)) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut people = if keys.is_empty() { Batch::default() } else { s.table.get_many(keys.clone()).await? };
    let mut authors = Vec::new();
    for key in keys {
        authors.extend(people.take::<User>(&key)?);
    }
    let shown = |comment: Comment| {
        let author = authors.iter().find(|author| author.id == comment.author);
        CommentInfo::of(comment, author)
    };
    Ok(Json(CommentList { items: page.items.into_iter().map(shown).collect(), next_cursor }))
}

/// The text of a comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteComment {
    /// 1 to 500 characters. Swear words in it are masked.
    #[schema(min_length = 1, max_length = 500, examples("It stands well in the rain."))]
    text: String,
}

impl WriteComment {
    /// Returns the text as it is stored.
    ///
    /// # Errors
    /// The errors of [`CommentText::parse`].
    pub fn parse(&self) -> Result<CommentText, Problem> {
        CommentText::parse(&self.text).map_err(|e| Problem::field("/text", e))
    }
}

/// Writes a comment on a product.
///
/// AWS calls: the caller; a counter; a transaction.
#[utoipa::path(post, path = "/v1/products/{product}/comments", request_body = WriteComment,
    params(("product" = ProductId, Path, description = "The product.")),
    extensions(("x-problems" = json!(["not_found", "invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([COMMENTS]))),
    responses((status = 201, body = CommentInfo), Problems))]
pub async fn write_comment(
    State(s): State<Shop>,
    caller: Member,
    Path(product): Path<ProductId>,
    Json(body): Json<WriteComment>,
) -> Result<Created<CommentInfo>, Error> {
    let text = body.parse()?;
    limits::take(&s.table, s.sys.now(), &[COMMENTS.of(caller.user.id)]).await?;
    let comment = Comment::write(&s.table, &s.sys, product, caller.user.id, text).await?;
    Ok(Created(format!("/v1/products/{product}/comments/{}", comment.id), CommentInfo::of(comment, Some(&caller.user))))
}

/// Changes the caller's own comment.
///
/// AWS calls: the caller; a counter; a write.
#[utoipa::path(put, path = "/v1/products/{product}/comments/{comment}", request_body = WriteComment,
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "forbidden", "invalid", "too_many_requests"])), ("x-limits" = json!([COMMENTS]))),
    responses((status = 200, body = CommentInfo), Problems))]
pub async fn change_comment(
    State(s): State<Shop>,
    caller: Member,
    Path(at): Path<OnProduct>,
    Json(body): Json<WriteComment>,
) -> Result<Json<CommentInfo>, Error> {
    let (text, now) = (body.parse()?, s.sys.now());
    limits::take(&s.table, now, &[COMMENTS.of(caller.user.id)]).await?;
    let comment = comment::change_own(&s.table, at, caller.user.id, &text, now).await?;
    Ok(Json(CommentInfo::of(comment, Some(&caller.user))))
}

/// Deletes the caller's own comment.
///
/// AWS calls: the caller; a write.
#[utoipa::path(delete, path = "/v1/products/{product}/comments/{comment}",
    params(("product" = ProductId, Path, description = "The product."), ("comment" = CommentId, Path, description = "The comment.")),
    extensions(("x-problems" = json!(["not_found", "forbidden"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn delete_comment(State(s): State<Shop>, caller: Member, Path(at): Path<OnProduct>) -> Result<NoContent, Error> {
    comment::delete_own(&s.table, at, caller.user.id).await?;
    Ok(NoContent)
}
