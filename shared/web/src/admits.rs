//! Who may call an operation. The extractors of its handler decide it, and the API document is generated from their types.

use axum::extract::State;
use http::HeaderMap;
use utoipa::openapi::{Required, path::Operation, security::SecurityRequirement};

use crate::{Client, IdempotencyKey, IfMatch, Json, Language, Path, Query, Reason, RequestId, reason};

/// The name of the security scheme for signed-in callers in the API document.
pub const BEARER: &str = "bearer";
/// The name of the security scheme for API keys in the API document.
pub const API_KEY: &str = "api_key";
/// The condition of operations that need a recent proof of identity. Every other condition is the name of a role.
pub const STEP_UP: &str = "step_up";

/// An extractor, and which callers it admits.
#[diagnostic::on_unimplemented(
    message = "a handler takes `{Self}`, which does not implement `Admits`: nothing says which callers it admits",
    note = "implement `web::Admits` for it: as it is, if it lets everybody in"
)]
pub trait Admits {
    /// `None` for everybody, or else signed-in callers who fulfil all of these conditions: [`STEP_UP`] or the name of a role.
    fn callers() -> Option<Vec<&'static str>> {
        None
    }

    /// Returns the scope of an API key that is sufficient instead, if there is one.
    fn scope() -> Option<&'static str> {
        None
    }

    /// Adds the parameters that the extractor reads to the description of an operation, if the handler's description lacks them.
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

/// A handler without parameters, as axum's types represent it.
impl Admits for ((),) {}

/// Handlers as axum's types represent them: a marker type, then the extractors.
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

/// Returns the security requirement of an operation whose handler takes `T`, for the API document.
pub(crate) fn requirement<T: Admits>() -> Option<Vec<SecurityRequirement>> {
    let signed_in = SecurityRequirement::new(BEARER, T::callers()?);
    Some([signed_in].into_iter().chain(T::scope().map(|scope| SecurityRequirement::new(API_KEY, [scope]))).collect())
}
