//! Undoing a change. A preview shows what the undo does, and the undo does exactly that.
//!
//! The rules are in [`accounts::undo`]. Each kind of change has a target ([`target`]), which knows the current values of the fields and
//! changes them by the functions that other operations use, with the same conditions and for the caller's role. The same transaction writes
//! an audit entry of the undo, with the reason.
//!
//! Changes that no entry records (of secrets, factors, sessions and messages) are never undone, nor are the entries of payments, orders,
//! support and keys. The deletion of an account is undone until the purge begins, and that of a category, which was empty, while its entry
//! keeps the name. Products, comments and rooms are deleted at once with what people wrote there: nothing is left to restore.
//!
//! A change of an e-mail address or phone number is undone by its owner: the undo sends a link to the former contact ([`contact`]).

mod ban;
mod category;
mod comment;
mod contact;
mod deletion;
mod planned;
mod product;
mod profile;
mod recorded;
mod roles;
mod status;
mod target;

use accounts::{
    audit::{Action, AuditEntry},
    staff::Actor,
    undo::{FIELDS_MAX, Field, Outcome, Preview, UndoReason, Undone},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{FieldError, Fields, Kind, Problem, id::AuditId};
use serde::{Deserialize, Serialize};
use store::{CommitError, Tx};
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};
use web::{Created, Error, IfMatch, Json, Path, Problems, RequestId, Versioned};

use self::{
    planned::Planned,
    recorded::Recorded,
    target::{Target, actor},
};
use crate::shown::{AuditValueInfo, is_shown, shown};

/// The fields of an entry to undo.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoEntry {
    /// The names of the fields: all of them are undone, or none.
    #[schema(schema_with = field_names)]
    fields: Vec<String>,
    /// Why: 1 to 500 characters, for the audit.
    #[schema(min_length = 1, max_length = 500, examples("The old name is on the packaging."))]
    reason: String,
    /// Whether to undo fields that have been changed again since.
    #[serde(default)]
    #[schema(required = false, examples(false))]
    force: bool,
}

fn field_names() -> RefOr<Schema> {
    let name = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(100)).examples(["name"]);
    let about = "The names of the fields: all of them are undone, or none.";
    ArrayBuilder::new().items(name).min_items(Some(1)).max_items(Some(FIELDS_MAX)).description(Some(about)).into()
}

impl UndoEntry {
    fn parse(self) -> Result<(Vec<String>, UndoReason, bool), Problem> {
        let mut fields = Fields::new();
        let reason = fields.take("/reason", UndoReason::parse(&self.reason));
        match self.fields.len() {
            0 => fields.wrong("/fields", FieldError::REQUIRED),
            1..=FIELDS_MAX => {}
            _ => fields.wrong("/fields", FieldError::TOO_LONG.with("max", FIELDS_MAX)),
        }
        fields.finish()?;
        let reason = reason.ok_or_else(|| Problem::from(Kind::Invalid))?;
        Ok((self.fields, reason, self.force))
    }
}

/// A field, and what undoing it does. A value that is absent, or that the caller may not see, is an empty list.
#[derive(Serialize, ToSchema)]
pub struct UndoFieldInfo {
    /// Its name.
    #[schema(examples("name"))]
    field: String,
    /// Its value before the change.
    was: Vec<AuditValueInfo>,
    /// Its value after the change.
    became: Vec<AuditValueInfo>,
    /// Its value now.
    is_now: Vec<AuditValueInfo>,
    /// Its value after the undo, with `force` if that is needed.
    would_be: Vec<AuditValueInfo>,
    /// What undoing it does.
    outcome: Outcome,
}

impl From<Field> for UndoFieldInfo {
    fn from(Field { name, was, became, is_now, would_be, outcome }: Field) -> Self {
        let (was, became, is_now, would_be) = (shown(&was), shown(&became), shown(&is_now), shown(&would_be));
        Self { field: name, was, became, is_now, would_be, outcome }
    }
}

/// What undoing an entry does.
#[derive(Serialize, ToSchema)]
pub struct UndoPreview {
    /// The entry.
    entry: AuditId,
    /// The entry of the undo, if the entry was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone_by: Option<AuditId>,
    /// Its fields, by name.
    fields: Vec<UndoFieldInfo>,
}

impl From<Preview> for UndoPreview {
    fn from(Preview { entry, undone_by, fields }: Preview) -> Self {
        Self { entry, undone_by, fields: fields.into_iter().map(Into::into).collect() }
    }
}

/// Returns the preview of the undo, without the values that the caller may not see.
fn preview_for(who: Actor, target: &Target, entry: &Recorded) -> Preview {
    target.preview(entry).seen_by(|field| is_shown(field, who.role))
}

/// A change that was undone.
#[derive(Serialize, ToSchema)]
pub struct UndoneEntry {
    /// The entry of the undo, which can itself be undone.
    entry: AuditId,
    /// The fields that were undone.
    fields: Vec<String>,
}

impl UndoneEntry {
    fn created(undone: Undone) -> Created<Self> {
        Created(format!("/v1/audit/{}", undone.by), Self { entry: undone.by, fields: undone.fields })
    }
}

/// Shows what undoing an entry does: for each field its values before the change, after it, now and after the undo, and whether it can be
/// undone.
///
/// For administrators. Fields that only superusers can change are `never` for others, and so are the caller's own roles.
///
/// A client should warn before the undo of a phone number: the thirty days in which a former contact can be restored count from the change
/// of the account, not from the loss of the number, and the current owner of the number can sign in with it alone unless the account has a
/// second factor.
///
/// AWS calls: the caller and their roles in one; a query for the entry; a batch of its values, its undo mark and the person; one to three
/// reads of the changed object.
#[utoipa::path(get, path = "/v1/audit/{entry}/undo",
    params(("entry" = AuditId, Path, description = "The entry.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = UndoPreview, headers(("ETag" = String, description = "The version of what is shown."))), Problems))]
pub async fn preview_undo(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Path(id): Path<AuditId>,
) -> Result<Versioned<UndoPreview>, Error> {
    let entry = Recorded::read(&s, id).await?;
    let who = actor(&caller);
    let target = Target::read(&s, &entry, who).await?;
    let preview = preview_for(who, &target, &entry);
    Ok(Versioned(preview.version()?, preview.into()))
}

/// Undoes fields of an entry: all requested fields, or none. The undo has an audit entry of its own.
///
/// For administrators with a recent proof by a second factor. Changes that only superusers can make are undone only by superusers.
///
/// 412 if anything is different from the preview with the version in `If-Match`. A field that has been changed again since needs `force`.
/// Fields that are `taken`, `gone` or `never` cannot be forced. An entry is undone once. A repeated request gets the same response.
///
/// An e-mail address or phone number changes only when its owner proves it: the undo sends a link to the former contact, and `POST
/// /v1/contact-restorations` restores the contact with it. Only the last link of an account works. When a link no longer works the entry
/// can be undone again: after a day, when another link has replaced it, and when it could not be sent because the number has received too
/// many messages.
///
/// AWS calls: those of the preview; for another price with a discount a query of the former prices; for a deleted category a read of the
/// number of categories, the first time a query and an update more; a transaction; for a role that is removed a query for API keys, and
/// their deletion if there are some.
#[utoipa::path(post, path = "/v1/audit/{entry}/undo", request_body = UndoEntry,
    params(("entry" = AuditId, Path, description = "The entry."),
        ("If-Match" = String, Header, format = "versions", description = "The version of the preview: its `ETag`, a list of them, or `*` for any.", example = "\"v3\"")),
    extensions(("x-problems" = json!(["not_found", "invalid", "version_required", "version_mismatch", "undone_already", "undo_moved_on", "undo_impossible", "undo_nothing", "account_protected", "too_many", "conflict"]))),
    responses((status = 201, body = UndoneEntry), Problems))]
pub async fn undo_entry(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    wanted: IfMatch,
    Path(id): Path<AuditId>,
    Json(body): Json<UndoEntry>,
) -> Result<Created<UndoneEntry>, Error> {
    let (chosen, reason, force) = body.parse()?;
    let who = actor(&caller);
    let entry = Recorded::read(&s, id).await?;
    if let Some(undone) = entry.undone.clone().filter(|undone| undone.is_of(who.user, &chosen)) {
        if matches!(entry.record.action, Action::RoleGranted | Action::RoleTaken) {
            roles::revoke_keys(&s.table, undone.subject).await?;
        }
        return Ok(UndoneEntry::created(undone));
    }
    let target = Target::read(&s, &entry, who).await?;
    let preview = preview_for(who, &target, &entry);
    if entry.undone.is_none() && !wanted.names(preview.version()?) {
        return Err(Kind::VersionMismatch.into());
    }
    let fields = preview.choose(&chosen, force)?;
    let mut tx = Tx::new();
    let base = |action, subject| {
        let made = AuditEntry::by(&s.sys, who.user, &request.0, action, subject);
        made.changed("undo_of", id, id).changed("undo_reason", &reason, &reason)
    };
    let planned = target.plan(&s, &mut tx, &base, &fields).await?;
    let (subject, by, waits_for) = (entry.record.subject, planned.entry.id(), planned.waits_for.clone());
    let undone = Undone { subject, entry: id, by, actor: who.user, fields: chosen, waits_for };
    commit(&s, tx, planned, &undone, entry.lapsed.as_ref()).await?;
    let forced = fields.iter().any(|field| field.outcome == Outcome::MovedOn);
    tracing::info!(audit.id = %id, actor.id = %who.user, undo.id = %undone.by, forced, "a change was undone");
    Ok(UndoneEntry::created(undone))
}

/// Commits the transaction of an undo with its audit entry and its mark, which replaces the mark `lapsed` of an undo that is no longer
/// valid.
async fn commit(s: &crate::State, mut tx: Tx, planned: Planned, undone: &Undone, lapsed: Option<&Undone>) -> Result<(), Problem> {
    let Planned { entry, shown, recipient_conditions, allowed, reindexed, without_api_keys, waits_for: _ } = planned;
    let once = undone.mark(&mut tx, lapsed);
    s.audit.add(&mut tx, &entry);
    let not = |e: CommitError| match e {
        e if e.refused(once) => Kind::Conflict.because("another request undoes the same entry"),
        e if shown.iter().any(|slot| e.refused(*slot)) => Kind::VersionMismatch.into(),
        e if recipient_conditions.is_some_and(|slots| slots.was_refused(&e)) => Kind::VersionMismatch.into(),
        e => allowed.problem(e),
    };
    let committed = match reindexed {
        // Changes of search entries take the remaining space of the transaction.
        Some(record) => record.change(&mut tx)?.commit(&s.table, tx).await,
        None => s.table.commit(tx).await,
    };
    committed.map_err(not)?;
    if let Some(user) = without_api_keys {
        accounts::api_key::revoke_all(&s.table, user).await?;
    }
    Ok(())
}
