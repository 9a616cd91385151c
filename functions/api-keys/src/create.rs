//! Creating an API key.

use std::collections::BTreeSet;

use accounts::{
    api_key::{ApiKey, ISSUED, Scope},
    audit::{Action, AuditEntry},
    staff::{self, Role},
};
use axum::extract::State;
use callers::{Fresh, Staff, staff::Administrator};
use kernel::{FieldError, Fields, Kind, Problem, fields};
use serde::{Deserialize, Serialize};
use store::{CommitError, Tx};
use utoipa::ToSchema;
use web::{Created, Error, Json, Problems, RequestId};

use crate::list::ApiKeyInfo;

/// The maximum number of characters of a key's name.
const NAME_MAX: usize = 50;
/// Attempts after concurrent requests.
const ROUNDS: u32 = 5;

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// The name: 1 to 50 characters.
    #[schema(examples("Till"), min_length = 1, max_length = 50)]
    name: String,
    /// The scopes that it has. At least one.
    #[schema(min_items = 1, max_items = 2)]
    scopes: Vec<Scope>,
}

impl CreateApiKey {
    /// Returns the name, and the scopes without repetitions.
    fn parse(&self) -> Result<(String, Vec<Scope>), Problem> {
        let mut fields = Fields::new();
        let name = fields.take("/name", fields::name(&self.name, NAME_MAX));
        let scopes: BTreeSet<Scope> = self.scopes.iter().copied().collect();
        if scopes.is_empty() {
            fields.wrong("/scopes", FieldError::REQUIRED);
        }
        match name {
            Some(name) => fields.finish().map(|()| (name, scopes.into_iter().collect())),
            None => Err(fields.problem()),
        }
    }
}

/// A new key with its text.
#[derive(Serialize, ToSchema)]
pub struct CreatedApiKey {
    #[serde(flatten)]
    info: ApiKeyInfo,
    /// The key, which is never shown again. Programs send it as `Authorization: Api-Key <key>`.
    #[schema(examples("key_AZp-wl-I2PRsBrHsirFRtgGafsJfiNj0bAax7IqxUbaDvN4SNEVXmj6Kq97xI0RVeYjoqr3vEjRFV4mOiq3vEg"))]
    key: String,
}

/// Creates a key for a program of the caller. It is shown once. It is valid for thirty days, while the caller has the role and their
/// credentials do not change.
///
/// For administrators with a recent proof by a second factor. One a day, even if the former one was revoked. Failed requests do not count.
///
/// AWS calls: the batch that authenticates the caller and reads their roles; a read of the counter; the transaction, which counts the
/// request.
#[utoipa::path(post, path = "/v1/me/api-keys", request_body = CreateApiKey,
    extensions(("x-problems" = json!(["invalid", "too_many_requests", "conflict"])), ("x-limits" = json!([ISSUED]))),
    responses((status = 201, body = CreatedApiKey), Problems))]
pub async fn create_api_key(
    State(s): State<crate::State>,
    Fresh(caller): Fresh<Staff<Administrator>>,
    request: RequestId,
    Json(body): Json<CreateApiKey>,
) -> Result<Created<CreatedApiKey>, Error> {
    let (name, scopes) = body.parse()?;
    let owner = &caller.member.user;
    for _ in 0..ROUNDS {
        let (now, issued) = (s.sys.now(), ISSUED.of(owner.id));
        let issued = issued.clone().read(&mut s.table.get_many(vec![issued.key()]).await?, now)?;
        issued.judge(now).map_err(Problem::from)?;
        let (key, token) = ApiKey::issue(&s.sys, owner, name.clone(), scopes.clone());
        let mut tx = Tx::new();
        tx.create(&key);
        issued.hit_in(&mut tx, now);
        let still = staff::require(&mut tx, owner.id, Role::Administrator);
        let entry = AuditEntry::by(&s.sys, owner.id, &request.0, Action::ApiKeyCreated, owner.id);
        s.audit.add(&mut tx, &entry.changed("api_key", (), key.id).changed("scopes", (), &key.scopes));
        match s.table.commit(tx).await {
            Ok(()) => {
                tracing::info!(user.id = %owner.id, key.id = %key.id, "an API key was created");
                let location = format!("/v1/me/api-keys/{}", key.id);
                return Ok(Created(location, CreatedApiKey { key: token.reveal(), info: ApiKeyInfo::of(key) }));
            }
            // A concurrent request has changed the counter.
            Err(CommitError::Refused(refused)) if !refused.at(still) => {}
            Err(e) => return Err(staff::refused(e, still).into()),
        }
    }
    Err(Kind::Conflict.because("concurrent requests changed the counter each time").into())
}
