//! Categories of products.

use accounts::{
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use commerce::{
    category::{self, CATEGORIES, Category},
    text::CategoryTitle,
};
use kernel::{Kind, Problem, id::CategoryId};
use serde::{Deserialize, Serialize};
use store::{CommitError, Slot, Tx};
use utoipa::ToSchema;
use web::{Created, Error, IfMatch, Json, NoContent, Path, Problems, Reason, RequestId, Versioned};

use crate::State as Shop;

/// A category.
#[derive(Serialize, ToSchema)]
pub struct CategoryInfo {
    /// The id.
    id: CategoryId,
    /// The name.
    #[schema(examples("Garden"))]
    name: String,
    /// The number of products in the category.
    #[schema(examples(12))]
    products: u32,
    /// The version, which a change names in `If-Match`.
    #[schema(minimum = 1)]
    version: u64,
}

impl From<Category> for CategoryInfo {
    fn from(Category { id, name, products, version }: Category) -> Self {
        Self { id, name: name.as_str().to_owned(), products, version }
    }
}

/// All categories.
#[derive(Serialize, ToSchema)]
pub struct CategoryList {
    /// The categories, by name. At most 200.
    items: Vec<CategoryInfo>,
}

/// Lists the categories.
///
/// AWS calls: a query.
#[utoipa::path(get, path = "/v1/categories", responses((status = 200, body = CategoryList), Problems))]
pub async fn list_categories(State(s): State<Shop>) -> Result<Json<CategoryList>, Error> {
    Ok(Json(CategoryList { items: category::all(&s.table).await?.into_iter().map(Into::into).collect() }))
}

/// The name of a category.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameCategory {
    /// 1 to 50 characters. No other category may have it.
    #[schema(min_length = 1, max_length = 50, examples("Garden"))]
    name: String,
}

impl NameCategory {
    fn parse(&self) -> Result<CategoryTitle, Problem> {
        CategoryTitle::parse(&self.name).map_err(|e| Problem::field("/name", e))
    }
}

/// Creates a category. For administrators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read of the number of categories, the first time a query and an update more; a
/// transaction.
#[utoipa::path(post, path = "/v1/categories", request_body = NameCategory,
    extensions(("x-problems" = json!(["invalid", "name_taken", "too_many", "conflict"]))),
    responses((status = 201, body = CategoryInfo), Problems))]
pub async fn create_category(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Json(body): Json<NameCategory>,
) -> Result<Created<CategoryInfo>, Error> {
    let (me, name) = (caller.member.user.id, body.parse()?);
    let category = Category { id: s.sys.id(), name, products: 0, version: 1 };
    let all = CATEGORIES.counted(&s.table).await?;
    let mut tx = Tx::new();
    let (free, room) = category.create(&mut tx, &all);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::CategoryCreated, me);
    s.audit.add(&mut tx, &entry.changed("category", (), category.id).changed("name", (), &category.name).to_version(category.version));
    let refused = |e: CommitError| if e.refused(room) { CATEGORIES.full() } else { not_written(e, Some(free), still) };
    s.table.commit(tx).await.map_err(refused)?;
    tracing::info!(category.id = %category.id, actor.id = %me, "a category was created");
    Ok(Created(format!("/v1/categories/{}", category.id), category.into()))
}

fn not_written(e: CommitError, free: Option<Slot>, still: Slot) -> Problem {
    if free.is_some_and(|free| e.refused(free)) { Kind::NameTaken.into() } else { staff::refused(e, still) }
}

async fn read(s: &Shop, category: CategoryId) -> Result<Category, Problem> {
    s.table.get(Category::key_of(category)).await?.ok_or_else(|| Kind::NotFound.into())
}

/// Renames a category: 412 if it has another name since the version in `If-Match`. For administrators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read; a transaction.
#[utoipa::path(put, path = "/v1/categories/{category}", request_body = NameCategory,
    params(("category" = CategoryId, Path, description = "The category."),
        ("If-Match" = String, Header, format = "versions", description = "The version to be changed: `v` and the `version` of the category, in quotes, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["not_found", "invalid", "name_taken", "version_required", "version_mismatch", "conflict"]))),
    responses((status = 200, body = CategoryInfo, headers(("ETag" = String, description = "Its new version."))), Problems))]
pub async fn rename_category(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    version: IfMatch,
    Path(id): Path<CategoryId>,
    Json(body): Json<NameCategory>,
) -> Result<Versioned<CategoryInfo>, Error> {
    let (me, name) = (caller.member.user.id, body.parse()?);
    let category = read(&s, id).await?;
    if !version.names(category.version) {
        return Err(Kind::VersionMismatch.into());
    }
    let mut tx = Tx::new();
    let (same, free) = category.rename(&mut tx, &name);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::CategoryChanged, me);
    s.audit.add(&mut tx, &entry.changed("category", id, id).changed("name", &category.name, &name).to_version(category.next_version()));
    let refused = |e: CommitError| if e.refused(same) { Kind::VersionMismatch.into() } else { not_written(e, free, still) };
    s.table.commit(tx).await.map_err(refused)?;
    tracing::info!(category.id = %id, actor.id = %me, "a category was renamed");
    let renamed = category.named(name);
    Ok(Versioned(renamed.version, renamed.into()))
}

/// Deletes a category without products. For administrators with a recent proof by a second factor.
///
/// AWS calls: the caller and their roles in one; a read; a read of the number of categories, the first time a query and an update more; a
/// transaction.
#[utoipa::path(delete, path = "/v1/categories/{category}",
    params(("category" = CategoryId, Path, description = "The category.")),
    extensions(("x-problems" = json!(["not_found", "category_in_use", "conflict"]))),
    responses((status = 204, description = "It is deleted."), Problems))]
pub async fn delete_category(
    State(s): State<Shop>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Reason(reason): Reason,
    Path(id): Path<CategoryId>,
) -> Result<NoContent, Error> {
    let me = caller.member.user.id;
    let category = read(&s, id).await?;
    let all = CATEGORIES.counted(&s.table).await?;
    let mut tx = Tx::new();
    let empty = category.delete(&mut tx, &all);
    let still = staff::require(&mut tx, me, Role::Administrator);
    let entry = AuditEntry::by(&s.sys, me, &request.0, Action::CategoryDeleted, me).because(reason);
    s.audit.add(&mut tx, &entry.changed("category", id, ()).changed("name", &category.name, ()).to_version(category.next_version()));
    match s.table.commit(tx).await {
        Ok(()) => {}
        Err(CommitError::Refused(r)) if r.at(empty) => return Err(not_deleted(r.current(empty))?.into()),
        Err(e) => return Err(staff::refused(e, still).into()),
    }
    tracing::info!(category.id = %id, actor.id = %me, "a category was deleted");
    Ok(NoContent)
}

/// Returns the problem of a category that could not be deleted.
fn not_deleted(current: Option<store::Row>) -> Result<Problem, Problem> {
    let Some(current) = current.map(store::Row::decode::<Category>).transpose()? else { return Ok(Kind::NotFound.into()) };
    Ok(if current.products > 0 { Kind::CategoryInUse.into() } else { Kind::Conflict.into() })
}
