//! The functions in code: one line for each folder in `functions/`, written by `cargo xtask sync`.

use function::{Boot, Function, StartError};
use futures_util::{FutureExt as _, future::BoxFuture};
use utoipa::openapi::OpenApi;

/// The `start` of a function's crate.
pub type Start = fn(Boot) -> BoxFuture<'static, Result<Function, StartError>>;

/// A function's crate.
#[derive(Clone, Copy)]
pub struct Registered {
    /// The name of its folder, its package, its binary and the tag of its operations.
    pub name: &'static str,
    /// Its `start`.
    pub start: Start,
    /// Its `description`, if it has operations over HTTP.
    pub description: Option<fn() -> OpenApi>,
    /// Its `HEARD`: the names of the events that it hears on the bus.
    pub heard: &'static [&'static str],
}

macro_rules! functions {
    ($($name:literal => $start:path, $description:expr, $heard:expr;)*) => {
        /// Every function, sorted by name.
        pub const ALL: &[Registered] =
            &[$(Registered { name: $name, start: |boot| $start(boot).boxed(), description: $description, heard: $heard },)*];
    };
}

functions! {
    // functions
    "account-deletion" => account_deletion::start, Some(account_deletion::description), &[];
    "account-purge" => account_purge::start, None, account_purge::HEARD;
    "admin" => admin::start, Some(admin::description), &[];
    "api-docs" => api_docs::start, Some(api_docs::description), &[];
    "api-keys" => api_keys::start, Some(api_keys::description), &[];
    "audit" => audit::start, Some(audit::description), &[];
    "audit-seal" => audit_seal::start, None, &[];
    "chat" => chat::start, None, &[];
    "console" => console::start, Some(console::description), &[];
    "contact" => contact::start, Some(contact::description), &[];
    "data-export" => data_export::start, None, data_export::HEARD;
    "dead-letters" => dead_letters::start, Some(dead_letters::description), &[];
    "deletion-fallback" => deletion_fallback::start, None, &[];
    "deletion-sweep" => deletion_sweep::start, None, &[];
    "deliver" => deliver::start, None, deliver::HEARD;
    "digests" => digests::start, None, &[];
    "donations" => donations::start, Some(donations::description), &[];
    "figures" => figures::start, None, &[];
    "friends" => friends::start, Some(friends::description), &[];
    "health" => health::start, Some(health::description), &[];
    "invites" => invites::start, Some(invites::description), &[];
    "login" => login::start, Some(login::description), &[];
    "mfa" => mfa::start, Some(mfa::description), &[];
    "models" => models::start, Some(models::description), &[];
    "moderation" => moderation::start, Some(moderation::description), &[];
    "notifications" => notifications::start, Some(notifications::description), notifications::HEARD;
    "orders" => orders::start, Some(orders::description), &[];
    "outbox-relay" => outbox_relay::start, None, &[];
    "password" => password::start, Some(password::description), &[];
    "people" => people::start, Some(people::description), &[];
    "phone-login" => phone_login::start, Some(phone_login::description), &[];
    "products" => products::start, Some(products::description), products::HEARD;
    "profile" => profile::start, Some(profile::description), &[];
    "registration" => registration::start, Some(registration::description), &[];
    "room-fanout" => room_fanout::start, None, room_fanout::HEARD;
    "rooms" => rooms::start, Some(rooms::description), &[];
    "search-index" => search_index::start, None, search_index::HEARD;
    "socket" => socket::start, Some(socket::description), socket::HEARD;
    "stripe-webhook" => stripe_webhook::start, Some(stripe_webhook::description), stripe_webhook::HEARD;
    "support" => support::start, Some(support::description), &[];
    "upload-processor" => upload_processor::start, None, upload_processor::HEARD;
    // end functions
}

/// Returns the function with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Registered> {
    ALL.iter().find(|function| function.name == name)
}
