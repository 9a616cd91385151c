//! Where an operation's description leaves its error responses to the document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{RefOr, Response},
};

/// The error responses of every operation: `responses((status = 200, …), Problems)`.
///
/// They stand in for those that `cargo xtask sync` works out of what the operation takes (a body, a session, parameters) and of
/// the codes that it lists: `extensions(("x-problems" = json!(["code_invalid"])))`. One that answers 429 names its limits, too:
/// `("x-limits" = json!([EXPORTS]))`, where each is the constant by which it is counted (`store::limits::Quota`), or a list of them.
#[derive(Debug, Clone, Copy)]
pub struct Problems;

impl Problems {
    /// Under which status they stand in a description until then.
    pub const PLACEHOLDER: &str = "default";
}

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([(Self::PLACEHOLDER.to_owned(), RefOr::T(Response::new("Problems.")))])
    }
}
