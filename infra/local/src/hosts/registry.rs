//! The functions that can run in this process: one line each.

use function::{Boot, Function, StartError};
use futures_util::{FutureExt as _, future::BoxFuture};

/// What a function's crate exports as `start`.
pub(super) type Start = fn(Boot) -> BoxFuture<'static, Result<Function, StartError>>;

macro_rules! functions {
    ($($name:literal => $start:path,)*) => {
        /// The function in the folder of this name.
        pub(super) fn start_of(name: &str) -> Option<Start> {
            match name {
                $($name => Some(|boot| $start(boot).boxed()),)*
                _ => None,
            }
        }
    };
}

functions! {
    "account-deletion" => account_deletion::start,
    "account-purge" => account_purge::start,
    "admin" => admin::start,
    "api-docs" => api_docs::start,
    "chat" => chat::start,
    "data-export" => data_export::start,
    "deletion-fallback" => deletion_fallback::start,
    "deletion-sweep" => deletion_sweep::start,
    "deliver" => deliver::start,
    "invites" => invites::start,
    "login" => login::start,
    "mfa" => mfa::start,
    "outbox-relay" => outbox_relay::start,
    "password" => password::start,
    "phone-login" => phone_login::start,
    "profile" => profile::start,
    "registration" => registration::start,
    "room-fanout" => room_fanout::start,
    "rooms" => rooms::start,
    "socket" => socket::start,
    "upload-processor" => upload_processor::start,
}
