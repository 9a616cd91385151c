//! What every operation's description has in common, and the document that they make up.

use std::collections::BTreeMap;

use kernel::problem::{FieldProblem, ProblemDocument};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Components, Content, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Response, ResponseBuilder, ServerBuilder,
        schema::Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_axum::router::OpenApiRouter;

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

/// The name of the security scheme that operations of signed-in callers state: `security(("bearer" = []))`.
pub const BEARER: &str = "bearer";

const DESCRIPTION: &str = "\
Accounts, profiles, chat and leaving again. The rules that hold everywhere:\n\n\
- Bodies are JSON (`snake_case`). Unknown fields, duplicate keys and wrong types are refused with 400; rules that a field breaks with 422, all at once.\n\
- Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) documents. Programs compare `code`, people read `title` and `detail`, in the language of `Accept-Language` or `?lang` (`en`, `pl`).\n\
- Times are RFC 3339 in UTC. Ids have a prefix that says what they name.\n\
- What has an `ETag` is changed with `If-Match`: 428 without it, 412 when it has changed meanwhile.\n\
- 429 and 503 say in `Retry-After` when to come back.\n\
- `X-Request-Id` names a request; quote it when you report a problem.";

/// A function's routes under its tag, with the tag's description: what `routes()` begins with.
#[must_use]
pub fn routes<S: Clone + Send + Sync + 'static>(tag: &str, description: &str) -> OpenApiRouter<S> {
    let mut part = OpenApi::new(InfoBuilder::new().build(), Paths::new());
    part.tags = Some(vec![TagBuilder::new().name(tag).description(Some(description)).build()]);
    OpenApiRouter::with_openapi(part)
}

/// The document of the whole API, from the parts that the functions' `routes()` carry, in this order.
#[must_use]
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of a sign-in. It is good for ten minutes; a refresh brings the next one."))
        .build();
    let mut components = Components::new();
    components.schemas.extend(schemas());
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let info = InfoBuilder::new()
        .title("Stoa")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let whole = OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("Where this document came from.")).build()]))
        .components(Some(components))
        .build();
    parts.into_iter().fold(whole, |mut whole, part| {
        whole.merge(part);
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_what_its_operations_refer_to() {
        let parts = [routes::<()>("a", "First."), routes::<()>("b", "Second.")].map(OpenApiRouter::into_openapi);
        let json = serde_json::to_value(document(parts)).unwrap();
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(json["tags"][1]["description"], "Second.");
        assert_eq!(json["components"]["securitySchemes"][BEARER]["scheme"], "bearer");
        assert!(json["components"]["schemas"]["Problem"]["properties"]["code"].is_object());
        assert!(json["components"]["schemas"]["FieldProblem"].is_object());
    }
}
