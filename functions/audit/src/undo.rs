//! Undoing a change: what it does is shown first, and what was shown is what is done.
//!
//! The rules are those of [`accounts::undo`]. Each kind of change has a target ([`target`]) that says what its fields are now, and makes
//! the change of a field by the functions by which everybody makes it, with their conditions and for the caller's role. What is
//! undone has an entry of its own, with the reason, in the same transaction.
//!
//! Never undone are what no entry has (secrets, factors, sessions, messages), and the entries of payments, orders, support and keys. The
//! deletion of an account is undone until it begins, and that of a category, which was empty, as long as its entry has the name. Products,
//! comments and rooms are deleted at once with what people have written there, so that there is nothing to restore.
//!
//! A change of an e-mail address or phone number is undone by its owner: the undo sends a link to the former one ([`contact`]).

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
    finding,
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

/// What to undo of an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoEntry {
    /// The names of the fields: all of them are undone, or none.
    #[schema(schema_with = field_names)]
    fields: Vec<String>,
    /// Why: 1 to 500 characters, for the audit.
    #[schema(min_length = 1, max_length = 500, examples("The old name is on the packaging."))]
    reason: String,
    /// Whether fields are undone that have been changed again since.
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
            0 => fields.wrong("/fields", FieldError::new("required")),
            1..=FIELDS_MAX => {}
            _ => fields.wrong("/fields", FieldError::new("too_long").with("max", FIELDS_MAX)),
        }
        fields.finish()?;
        let reason = reason.ok_or_else(|| Problem::from(Kind::Invalid))?;
        Ok((self.fields, reason, self.force))
    }
}

/// A field, and what undoing it does. Values are empty lists where there is none, or none that the caller sees.
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
    /// Its value after the undo, by force if it takes that.
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
    /// The entry of the undo, if it was undone.
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

/// What undoing the entry does, as far as its caller sees it.
fn preview_for(who: Actor, target: &Target, entry: &Recorded) -> Preview {
    target.preview(entry).seen_by(|field| is_shown(field, who.role))
}

/// A change that was undone.
#[derive(Serialize, ToSchema)]
pub struct UndoneEntry {
    /// The entry of the undo, which can itself be undone.
    entry: AuditId,
    /// The fields that were chosen.
    fields: Vec<String>,
}

impl UndoneEntry {
    fn created(undone: Undone) -> Created<Self> {
        Created(format!("/v1/audit/{}", undone.by), Self { entry: undone.by, fields: undone.fields })
    }
}

/// Shows what undoing an entry does: of each field what it was, became, is now and would be, and whether it can be undone.
///
/// For administrators. What only superusers change is `never` for others, as are their own roles.
///
/// A client should warn before the undo of a phone number: the thirty days in which a former contact can be given back count from the
/// change in the account, not from the loss of the number, and whoever has the number now can sign in with it alone unless the account has
/// a second factor.
///
/// AWS calls: the caller and their roles in one; a query for the entry; a batch of its values, its mark and the person; one to three of
/// what it is about.
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

/// Undoes some fields of an entry: all that were chosen, or none. The undo has an entry of its own.
///
/// For administrators with a recent proof by a second factor, and for superusers where the change takes one.
///
/// 412 if anything is different from the preview with the version in `If-Match`. A field that has been changed again since takes
/// `force`. Nothing forces fields that are `taken`, `gone` or `never`. An entry is undone once. The same request again gets the same
/// answer.
///
/// An e-mail address or phone number changes only when its owner proves it: the undo sends a link to the former one, by which
/// `POST /v1/contact-restorations` gives it back. Of several links of an account only the last one works. As soon as the link does not
/// work any more the entry can be undone again: after a day, when another link has taken its place, and when it could not be sent because
/// the number has got too many messages.
///
/// AWS calls: those of the preview; for another price with a discount a query of the former prices; a transaction; for a role that is
/// removed a query for API keys, and their deletion if there are some.
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

/// Commits the transaction of an undo with its entry and its mark, in place of the mark `lapsed` of an undo that stands no more.
async fn commit(s: &crate::State, mut tx: Tx, planned: Planned, undone: &Undone, lapsed: Option<&Undone>) -> Result<(), Problem> {
    let Planned { entry, shown, staying, allowed, person, keyless, waits_for: _ } = planned;
    let once = undone.mark(&mut tx, lapsed);
    s.audit.add(&mut tx, &entry);
    let not = |e: CommitError| match e {
        e if e.refused(once) => Kind::Conflict.because("another request undoes the same entry"),
        e if shown.iter().any(|slot| e.refused(*slot)) => Kind::VersionMismatch.into(),
        e if staying.is_some_and(|staying| staying.was_refused(&e)) => Kind::VersionMismatch.into(),
        e => allowed.problem(e),
    };
    let committed = match person {
        // The words take the room that is left in the transaction.
        Some(person) => finding::change(&mut tx, &person.0, &person.1).commit(&s.table, tx).await,
        None => s.table.commit(tx).await,
    };
    committed.map_err(not)?;
    if let Some(user) = keyless {
        accounts::api_key::revoke_all(&s.table, user).await?;
    }
    Ok(())
}
