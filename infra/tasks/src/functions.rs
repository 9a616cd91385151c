//! The functions, as code knows them.

use function::{Boot, Function, StartError};
use futures_util::{FutureExt as _, future::BoxFuture};
use utoipa::openapi::OpenApi;

/// A function's crate.
pub struct Deployed {
    /// Its folder, its crate, its binary, its tag.
    pub name: String,
    /// Its `start`.
    pub start: fn(Boot) -> BoxFuture<'static, Result<Function, StartError>>,
    /// The description of its operations, if it has any.
    pub description: Option<fn() -> OpenApi>,
}

macro_rules! functions {
    ($($module:ident $kind:ident;)*) => {
        /// Every function.
        pub fn all() -> Vec<Deployed> {
            vec![$(Deployed {
                name: stringify!($module).replace('_', "-"),
                start: |boot| $module::start(boot).boxed(),
                description: functions!(@description $module $kind),
            },)*]
        }
    };
    (@description $module:ident http) => { Some($module::description) };
    (@description $module:ident event) => { None };
}

functions! {
    account_deletion http;
    account_purge event;
    admin http;
    api_docs http;
    chat event;
    data_export event;
    deletion_fallback event;
    deletion_sweep event;
    deliver event;
    invites http;
    login http;
    mfa http;
    outbox_relay event;
    password http;
    phone_login http;
    profile http;
    registration http;
    room_fanout event;
    rooms http;
    socket http;
    upload_processor event;
}
