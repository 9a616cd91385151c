//! The list of a function's operations, for its router and for the API document.

use std::marker::PhantomData;

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, MethodRouter},
};
use utoipa::openapi::{HttpMethod, OpenApi, PathItem, path::Operation};

use crate::admits::{Admits, requirement};

/// Lists a function's operations under its tag, with its state, in the order of the documentation.
///
/// Paths and methods are written at the handlers, and the tag here. The extractors of a handler decide who may call it ([`crate::Admits`]).
/// The macro generates `routes()`, which `start` serves, and `description()`, for the API document. Functions never call `description()`,
/// so that their binaries do not contain it.
#[macro_export]
macro_rules! operations {
    ($tag:literal, $about:literal, $state:ty => $($($part:ident)::+),+ $(,)?) => {
        /// Returns the router of the operations.
        pub fn routes() -> ::axum::Router<$state> {
            let routes = ::axum::Router::new();
            $(let routes = $crate::route(routes, $($part)::+, $crate::operations!(@described [] $($part)::+));)+
            routes
        }

        /// Returns the description of the operations for the API document.
        #[must_use]
        pub fn description() -> ::utoipa::openapi::OpenApi {
            #[derive(::utoipa::OpenApi)]
            #[openapi(paths($($($part)::+),+), tags((name = $tag, description = $about)))]
            struct Described;
            let mut document = <Described as ::utoipa::OpenApi>::openapi();
            let state = ::std::marker::PhantomData::<$state>;
            $($crate::describe(&mut document, $tag, state, $($part)::+, $crate::operations!(@described [] $($part)::+));)+
            document
        }
    };
    // The item that `#[utoipa::path]` generates beside a handler: from `module::handler` to `module::__path_handler`.
    (@described [$($module:ident)*] $next:ident :: $($rest:tt)+) => { $crate::operations!(@described [$($module)* $next] $($rest)+) };
    (@described [$($module:ident)*] $handler:ident) => { $crate::paste!($($module ::)* [<__path_ $handler>]) };
}

/// Adds a handler to the router, at the path and method of its description.
#[doc(hidden)]
pub fn route<S, H, T, P>(routes: Router<S>, handler: H, _: P) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    H: Handler<T, S>,
    T: 'static,
    P: utoipa::Path,
{
    let Some(methods) = P::methods().into_iter().map(filter).reduce(MethodFilter::or) else { return routes };
    routes.route(&P::path(), MethodRouter::new().on(methods, handler))
}

/// Completes a handler's description with the tag, who may call it, and the parameters that its extractors read.
#[doc(hidden)]
pub fn describe<S, H, T, P>(document: &mut OpenApi, tag: &str, _: PhantomData<S>, _: H, _: P)
where
    H: Handler<T, S>,
    T: Admits,
    P: utoipa::Path,
{
    let Some(item) = document.paths.paths.get_mut(&P::path()) else { return };
    for method in P::methods() {
        if let Some(operation) = operation(item, &method) {
            operation.tags = Some(vec![tag.to_owned()]);
            operation.security = requirement::<T>();
            T::describe(operation);
        }
    }
}

const fn operation<'a>(item: &'a mut PathItem, method: &HttpMethod) -> Option<&'a mut Operation> {
    match method {
        HttpMethod::Get => item.get.as_mut(),
        HttpMethod::Put => item.put.as_mut(),
        HttpMethod::Post => item.post.as_mut(),
        HttpMethod::Delete => item.delete.as_mut(),
        HttpMethod::Options => item.options.as_mut(),
        HttpMethod::Head => item.head.as_mut(),
        HttpMethod::Patch => item.patch.as_mut(),
        HttpMethod::Trace => item.trace.as_mut(),
    }
}

const fn filter(method: HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::FromRequestParts};
    use http::{Request, StatusCode, request::Parts};
    use tower::ServiceExt as _;

    use crate::{Admits, Error, Language, Reason, STEP_UP};

    /// A caller with a recent proof of identity.
    pub struct Owner;

    impl Admits for Owner {
        fn callers() -> Option<Vec<&'static str>> {
            Some(vec![STEP_UP])
        }
    }

    impl FromRequestParts<()> for Owner {
        type Rejection = Error;
        async fn from_request_parts(_: &mut Parts, (): &()) -> Result<Self, Error> {
            Ok(Self)
        }
    }

    mod things {
        use super::{Language, Owner, Reason};

        pub mod one {
            /// Shows it.
            #[utoipa::path(get, path = "/things/{thing}", responses((status = 200)))]
            pub async fn get_thing() {}
        }

        /// Removes it.
        #[utoipa::path(delete, path = "/things/{thing}", responses((status = 200)))]
        pub async fn delete_thing(_: Language, _: Owner, _: Reason) {}
    }

    operations! { "things", "What there is.", () =>
        things::one::get_thing,
        things::delete_thing,
    }

    #[tokio::test]
    async fn every_described_operation_is_served() {
        let description = serde_json::to_value(description()).unwrap();
        let operations = description["paths"]["/things/{thing}"].as_object().unwrap();
        assert_eq!(operations.keys().collect::<Vec<_>>(), ["delete", "get"]);
        assert_eq!(operations["get"]["operationId"], "get_thing");
        assert_eq!(operations["get"]["tags"], serde_json::json!(["things"]));
        assert_eq!(description["tags"], serde_json::json!([{ "name": "things", "description": "What there is." }]));
        for (method, expected) in [("GET", StatusCode::OK), ("DELETE", StatusCode::BAD_REQUEST), ("POST", StatusCode::METHOD_NOT_ALLOWED)] {
            let request = Request::builder().method(method).uri("/things/1").body(Body::empty()).unwrap();
            assert_eq!(routes().oneshot(request).await.unwrap().status(), expected, "{method}");
        }
    }

    #[test]
    fn who_may_call_is_what_a_handler_takes() {
        let description = serde_json::to_value(description()).unwrap();
        let operations = &description["paths"]["/things/{thing}"];
        assert_eq!(operations["delete"]["security"], serde_json::json!([{ "bearer": ["step_up"] }]));
        assert!(operations["get"].get("security").is_none(), "{operations}");
    }

    #[test]
    fn a_parameter_describes_itself() {
        let description = serde_json::to_value(description()).unwrap();
        let operations = &description["paths"]["/things/{thing}"];
        let parameter = &operations["delete"]["parameters"][0];
        assert_eq!((&parameter["name"], &parameter["in"], &parameter["required"]), (&"Reason".into(), &"header".into(), &true.into()));
        assert_eq!(operations["delete"]["x-problems"], serde_json::json!(["reason_required"]));
        assert!(operations["get"].get("parameters").is_none(), "{operations}");
    }
}
