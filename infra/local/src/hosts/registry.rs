//! The functions that can run in this process: one line each.

use function::{Boot, Function, StartError};
use futures_util::{FutureExt as _, future::BoxFuture};

/// What a function's crate exports as `start`.
pub(super) type Start = fn(Boot) -> BoxFuture<'static, Result<Function, StartError>>;

macro_rules! functions {
    ($($name:literal => $crate_name:ident,)*) => {
        /// The function in the folder of this name.
        pub(super) fn start_of(name: &str) -> Option<Start> {
            match name {
                $($name => Some(|boot| $crate_name::start(boot).boxed()),)*
                _ => None,
            }
        }
    };
}

functions! {
    "account-deletion" => account_deletion,
    "account-purge" => account_purge,
    "admin" => admin,
    "api-docs" => api_docs,
    "chat" => chat,
    "data-export" => data_export,
    "deletion-fallback" => deletion_fallback,
    "deletion-sweep" => deletion_sweep,
    "deliver" => deliver,
    "invites" => invites,
    "login" => login,
    "mfa" => mfa,
    "outbox-relay" => outbox_relay,
    "password" => password,
    "phone-login" => phone_login,
    "profile" => profile,
    "registration" => registration,
    "room-fanout" => room_fanout,
    "rooms" => rooms,
    "socket" => socket,
    "upload-processor" => upload_processor,
}
