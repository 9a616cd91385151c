//! Reading one entry of the audit, and the proof that it is in a seal.

use std::slice;

use accounts::{
    audit::{AuditRecord, AuditValues},
    audit_seal::{Beside, Proof, RECORDS_MAX, Seal},
};
use axum::extract::State;
use callers::{Staff, staff::Administrator};
use kernel::{Kind, Problem, id::AuditId};
use serde::Serialize;
use store::{
    Item as _,
    limits::{self, HOUR, Quota},
};
use utoipa::ToSchema;
use web::{Error, Json, Path, Problems};

use crate::shown::{AuditEntryInfo, Names, SealInfo};

/// How many proofs one person may request: each reads all records of a seal.
const PROOFS: Quota = Quota::window("audit_proofs", 300, HOUR, "for an account");

/// Returns the record with this id.
async fn record(s: &crate::State, id: AuditId) -> Result<AuditRecord, Problem> {
    s.log.record(id).await?.ok_or_else(|| Kind::NotFound.into())
}

/// Shows an entry with the values before and after the change. They are kept for 400 days, and not after the account was deleted.
///
/// For administrators, with a second factor. Contacts are masked, and only superusers see a day of birth.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a query of the entry; a read of its values; a batch of the
/// usernames.
#[utoipa::path(get, path = "/v1/audit/{entry}", params(("entry" = AuditId, Path, description = "The entry.")),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = AuditEntryInfo), Problems))]
pub async fn get_audit_entry(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Path(id): Path<AuditId>,
) -> Result<Json<AuditEntryInfo>, Error> {
    let record = record(&s, id).await?;
    let values = s.table.get::<AuditValues>(AuditValues::key_of(record.subject, id)).await?;
    let values = values.filter(|values| values.expires().is_none_or(|at| s.sys.now() < at));
    let names = Names::read(&s.table, slice::from_ref(&record)).await?;
    Ok(Json(AuditEntryInfo::new(record, values, &names, caller.role)))
}

/// The side of a node.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofSide {
    /// Left of the path.
    Left,
    /// Right of the path.
    Right,
}

/// A sibling of a node on the path from an entry to the root of the Merkle tree.
#[derive(Serialize, ToSchema)]
pub struct ProofStep {
    /// The hash of the sibling, in base64url.
    hash: String,
    /// The side on which the sibling is.
    side: ProofSide,
}

impl From<Beside> for ProofStep {
    fn from(Beside { hash, left }: Beside) -> Self {
        Self { hash, side: if left { ProofSide::Left } else { ProofSide::Right } }
    }
}

/// The proof that an entry is in a seal.
#[derive(Serialize, ToSchema)]
pub struct AuditProof {
    /// The canonical form of the entry: its SHA-256 is the hash of the entry.
    form: String,
    /// The hash of the entry, in base64url.
    hash: String,
    /// The seal.
    seal: SealInfo,
    /// The position of the entry in the seal, from 0.
    place: usize,
    /// The siblings on the path to the root, from the entry on.
    #[schema(max_items = 20)]
    path: Vec<ProofStep>,
}

/// Proves that an entry is in a seal, whose hash is in the seal after it, in the bucket of seals and in the mail to operators.
///
/// To check it: take the SHA-256 of a zero byte and the 32 bytes of `hash`. For each step of `path`, take the SHA-256 of a byte of value
/// one and both hashes, the one of the step first if it is on the left. The result is `seal.root`.
///
/// For administrators, with a second factor. 404 for entries of the last minutes, which are not sealed yet, and for an entry that is not in
/// the seal of its interval.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a counter; a query of the entry; a query of the last seal,
/// and as many reads of seals as their number has binary digits; a query of the records of the seal, and one more for each megabyte.
#[utoipa::path(get, path = "/v1/audit/{entry}/proof", params(("entry" = AuditId, Path, description = "The entry.")),
    extensions(("x-problems" = json!(["not_found", "too_many_requests"])), ("x-limits" = json!([PROOFS]))),
    responses((status = 200, body = AuditProof), Problems))]
pub async fn prove_audit_entry(
    State(s): State<crate::State>,
    caller: Staff<Administrator>,
    Path(id): Path<AuditId>,
) -> Result<Json<AuditProof>, Error> {
    limits::take(&s.table, s.sys.now(), &[PROOFS.of(caller.member.user.id)]).await?;
    let record = record(&s, id).await?;
    let seal = s.log.seal_of(id).await?.ok_or_else(|| Kind::NotFound.because("it is not sealed yet"))?;
    let (records, _) = s.log.records_between(seal.from, seal.to, RECORDS_MAX).await?;
    let Proof { place, path } = Seal::proof(&records, id).ok_or_else(|| Kind::NotFound.because("it is not in its seal"))?;
    let (form, hash) = (record.canonical(), record.computed_hash());
    Ok(Json(AuditProof { form, hash, seal: seal.into(), place, path: path.into_iter().map(Into::into).collect() }))
}
