//! Who may call an operation. What its handler takes from a request says so, and the document is told by the types of that.

use axum::extract::State;
use http::HeaderMap;
use utoipa::openapi::{Required, path::Operation, security::SecurityRequirement};

use crate::{Client, IdempotencyKey, IfMatch, Json, Language, Path, Query, Reason, RequestId, reason};

/// The name of the document's security scheme for signed-in callers.
pub const BEARER: &str = "bearer";
/// The name of the document's security scheme for programs of staff.
pub const API_KEY: &str = "api_key";
/// The condition of operations that take a recent proof of who the caller is. Every other condition is the name of a role.
pub const STEP_UP: &str = "step_up";

/// Something that handlers take from a request, and whom it lets in.
#[diagnostic::on_unimplemented(
    message = "a handler takes `{Self}`, of which nothing says whom it lets in",
    note = "implement `web::Admits` for it: as it is, if it lets everybody in"
)]
pub trait Admits {
    /// Everybody (nothing), or signed-in callers who fulfil all of these conditions: [`STEP_UP`], or the name of a role.
    fn callers() -> Option<Vec<&'static str>> {
        None
    }

    /// The scope of API keys that are enough instead, if there is one.
    fn scope() -> Option<&'static str> {
        None
    }

    /// Adds what it reads of a request to the description of an operation, where the handler does not say it.
    fn describe(_operation: &mut Operation) {}
}

impl<S> Admits for State<S> {}
impl<T> Admits for Json<T> {}
impl<T> Admits for Option<Json<T>> {}
impl<T> Admits for Path<T> {}
impl<T> Admits for Query<T> {}
impl Admits for Client {}
impl Admits for HeaderMap {}
impl Admits for IdempotencyKey {}
impl Admits for IfMatch {}
impl Admits for axum::body::Bytes {}
impl Admits for Language {}
impl Admits for Reason {
    fn describe(operation: &mut Operation) {
        reason::describe(operation, Required::True);
    }
}
impl Admits for Option<Reason> {
    fn describe(operation: &mut Operation) {
        reason::describe(operation, Required::False);
    }
}
impl Admits for RequestId {}

/// A handler that takes nothing, as axum describes it.
impl Admits for ((),) {}

/// Handlers as axum describes them: a marker, then what they take.
macro_rules! taking {
    ($($taken:ident)+) => {
        impl<Marker, $($taken: Admits),+> Admits for (Marker, $($taken,)+) {
            fn callers() -> Option<Vec<&'static str>> {
                [$($taken::callers()),+].into_iter().flatten().reduce(|all, more| [all, more].concat())
            }
            fn scope() -> Option<&'static str> {
                [$($taken::scope()),+].into_iter().flatten().next()
            }
            fn describe(operation: &mut Operation) {
                $($taken::describe(operation);)+
            }
        }
    };
}
taking! { A }
taking! { A B }
taking! { A B C }
taking! { A B C D }
taking! { A B C D E }
taking! { A B C D E F }
taking! { A B C D E F G }
taking! { A B C D E F G H }

/// How the document says who may call what takes `T`.
pub(crate) fn requirement<T: Admits>() -> Option<Vec<SecurityRequirement>> {
    let signed_in = SecurityRequirement::new(BEARER, T::callers()?);
    Some([signed_in].into_iter().chain(T::scope().map(|scope| SecurityRequirement::new(API_KEY, [scope]))).collect())
}
