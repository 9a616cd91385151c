//! What every operation's description has in common.

use std::collections::BTreeMap;

use kernel::problem::{FieldProblem, ProblemDocument};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder, schema::Schema},
};

/// The error responses of every operation: `responses((status = 200, …), Problems)`.
#[derive(Debug, Clone, Copy)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            RefOr::T(ResponseBuilder::new().description(description).content("application/problem+json", content).build())
        };
        BTreeMap::from([
            ("4XX".to_owned(), problem("The request was refused; `code` says why, and nothing was changed.")),
            ("5XX".to_owned(), problem("Something failed on the server's side; the same request may be sent again.")),
        ])
    }
}

/// The schemas that [`Problems`] refers to.
#[must_use]
pub fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![("Problem".to_owned(), ProblemDocument::schema()), (FieldProblem::name().into_owned(), FieldProblem::schema())];
    ProblemDocument::schemas(&mut all);
    all
}
