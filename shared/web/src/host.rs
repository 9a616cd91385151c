//! From a Lambda event to an axum request and back, by `lambda_http`.

use axum::Router;
use function::Function;
use lambda_http::{Adapter, LambdaEvent, Service as _, request::LambdaRequest};

use crate::{Edge, layers};

/// An HTTP function: these routes over this state, within the layers that every reply passes.
#[must_use]
pub fn function<S: Clone + Send + Sync + 'static>(routes: Router<S>, state: S, edge: Edge) -> Function {
    from_router(layers::around(routes.with_state(state), edge))
}

fn from_router(router: Router) -> Function {
    Function::raw(move |payload, _| {
        // `lambda_http::run` puts the same adapter around a router; hosts other than the runtime need it by itself.
        let call = serde_json::from_str::<LambdaRequest>(payload.get())
            .map(|payload| Adapter::from(router.clone()).call(LambdaEvent { payload, context: lambda_http::Context::default() }));
        async move { Ok(serde_json::value::to_raw_value(&call?.await?)?) }
    })
}
