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
    ($($name:literal => $start:path, $description:expr;)*) => {
        /// Every function.
        pub fn all() -> Vec<Deployed> {
            vec![$(Deployed { name: $name.to_owned(), start: |boot| $start(boot).boxed(), description: $description },)*]
        }
    };
}

functions! {
    "account-deletion" => account_deletion::start, Some(account_deletion::description);
    "account-purge" => account_purge::start, None;
    "admin" => admin::start, Some(admin::description);
    "api-docs" => api_docs::start, Some(api_docs::description);
    "chat" => chat::start, None;
    "data-export" => data_export::start, None;
    "deletion-fallback" => deletion_fallback::start, None;
    "deletion-sweep" => deletion_sweep::start, None;
    "deliver" => deliver::start, None;
    "invites" => invites::start, Some(invites::description);
    "login" => login::start, Some(login::description);
    "mfa" => mfa::start, Some(mfa::description);
    "outbox-relay" => outbox_relay::start, None;
    "password" => password::start, Some(password::description);
    "phone-login" => phone_login::start, Some(phone_login::description);
    "profile" => profile::start, Some(profile::description);
    "registration" => registration::start, Some(registration::description);
    "room-fanout" => room_fanout::start, None;
    "rooms" => rooms::start, Some(rooms::description);
    "socket" => socket::start, Some(socket::description);
    "upload-processor" => upload_processor::start, None;
}
