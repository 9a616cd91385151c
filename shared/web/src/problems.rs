//! The placeholder for the error responses in an operation's description.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

/// The error responses of every operation: `responses((status = 200, …), Problems)`.
///
/// They are a placeholder. `cargo xtask sync` replaces it by the responses that follow from the operation's extractors (a body, a session,
/// parameters) and from the codes that it lists: `extensions(("x-problems" = json!(["code_invalid"])))`. An operation that answers 429 also
/// lists its limits: `("x-limits" = json!([EXPORTS]))`. Each is a constant of type `store::limits::Quota`, or a list of them.
#[derive(Debug, Clone, Copy)]
pub struct Problems;

impl Problems {
    /// The status of the placeholder in a description.
    pub const PLACEHOLDER: &str = "default";
}

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([(Self::PLACEHOLDER.to_owned(), RefOr::T(Response::new("Problems.")))])
    }
}
