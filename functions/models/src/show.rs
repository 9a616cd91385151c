//! Reading models.

use std::collections::{BTreeMap, BTreeSet};

use accounts::user::{Status, User};
use axum::extract::State;
use catalogue::{COUNTRY, Model};
use kernel::{
    Kind, Timestamp,
    id::{ModelId, UserId},
};
use search::SearchEntry;
use serde::Serialize;
use store::{StoreError, Table};
use utoipa::ToSchema;
use web::{Path, Problems, Versioned};

/// A model.
#[derive(Serialize, ToSchema)]
pub struct ModelInfo {
    /// The id.
    id: ModelId,
    /// The title.
    #[schema(examples("Red bike"))]
    title: String,
    /// The code of the country (ISO 3166-1).
    #[schema(examples("PL"))]
    country: String,
    /// The creator.
    creator: ModelCreator,
    /// When it was created.
    created_at: Timestamp,
}

/// The creator of a model.
#[derive(Serialize, ToSchema)]
pub struct ModelCreator {
    /// The id of the account.
    id: UserId,
    /// Their username. Absent while their account is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("anna"))]
    username: Option<String>,
}

impl ModelCreator {
    fn new(id: UserId, user: Option<&User>) -> Self {
        let active = user.filter(|user| user.status == Status::Active);
        Self { id, username: active.map(|user| user.username.to_string()) }
    }
}

impl ModelInfo {
    pub(crate) fn of(model: &Model, creator: Option<&User>) -> Self {
        Self {
            id: model.id,
            title: model.title.to_string(),
            country: model.country.to_string(),
            creator: ModelCreator::new(model.owner, creator),
            created_at: model.created_at.into(),
        }
    }
}

/// Adds the creators to models that were found. One batch.
pub(crate) async fn found(table: &Table, entries: Vec<SearchEntry>) -> Result<Vec<ModelInfo>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let owners: BTreeSet<UserId> = entries.iter().filter_map(|entry| entry.owner).collect();
    let mut users = BTreeMap::new();
    let mut batch = table.get_many(owners.iter().map(|owner| User::key_of(*owner)).collect()).await?;
    for owner in owners {
        users.insert(owner, batch.take::<User>(&User::key_of(owner))?);
    }
    let one = |entry: SearchEntry| -> Result<ModelInfo, StoreError> {
        let (id, owner): (ModelId, UserId) = (entry.record()?, entry.owner.unwrap_or(UserId::NIL));
        Ok(ModelInfo {
            id,
            country: entry.label(COUNTRY).unwrap_or_default().to_owned(),
            creator: ModelCreator::new(owner, users.get(&owner).and_then(Option::as_ref)),
            created_at: Model::made_at(id).into(),
            title: entry.title,
        })
    };
    entries.into_iter().map(one).collect()
}

/// Reads a model.
///
/// AWS calls: two, a read of the model and one of its creator.
#[utoipa::path(get, path = "/v1/models/{model}", params(("model" = ModelId, Path)),
    extensions(("x-problems" = json!(["not_found"]))),
    responses((status = 200, body = ModelInfo, headers(("ETag" = String, description = "The version."))), Problems))]
pub async fn get_model(State(s): State<crate::State>, Path(model): Path<ModelId>) -> Result<Versioned<ModelInfo>, web::Error> {
    let model: Model = s.table.get(Model::key_of(model)).await?.ok_or(Kind::NotFound)?;
    let creator = s.table.get::<User>(User::key_of(model.owner)).await?;
    Ok(Versioned(model.version, ModelInfo::of(&model, creator.as_ref())))
}
