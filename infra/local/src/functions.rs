//! The functions in code: one line for each folder in `functions/`, written by `cargo xtask sync`.

use function::{Boot, Function, StartError};
use futures_util::{FutureExt as _, future::BoxFuture};
use store::ItemKind;
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
    /// Its `ITEMS`: the types of items that only it stores.
    pub items: &'static [ItemKind],
}

macro_rules! functions {
    ($($name:literal => $start:path, $description:expr, $heard:expr, $items:expr;)*) => {
        /// Every function, sorted by name.
        pub const ALL: &[Registered] = &[$(Registered {
            name: $name,
            start: |boot| $start(boot).boxed(),
            description: $description,
            heard: $heard,
            items: $items,
        },)*];
    };
}

functions! {
    // functions
    "account-deletion" => account_deletion::start, Some(account_deletion::description), &[], &[];
    "account-purge" => account_purge::start, None, account_purge::HEARD, &[];
    "admin" => admin::start, Some(admin::description), &[], admin::ITEMS;
    "api-docs" => api_docs::start, Some(api_docs::description), &[], &[];
    "api-keys" => api_keys::start, Some(api_keys::description), &[], &[];
    "audit" => audit::start, Some(audit::description), &[], &[];
    "audit-seal" => audit_seal::start, None, &[], &[];
    "chat" => chat::start, None, &[], &[];
    "console" => console::start, Some(console::description), &[], &[];
    "contact" => contact::start, Some(contact::description), &[], &[];
    "data-export" => data_export::start, None, data_export::HEARD, &[];
    "dead-letters" => dead_letters::start, Some(dead_letters::description), &[], dead_letters::ITEMS;
    "deletion-fallback" => deletion_fallback::start, None, &[], deletion_fallback::ITEMS;
    "deletion-sweep" => deletion_sweep::start, None, &[], &[];
    "deliver" => deliver::start, None, deliver::HEARD, deliver::ITEMS;
    "digests" => digests::start, None, &[], digests::ITEMS;
    "donations" => donations::start, Some(donations::description), &[], &[];
    "figures" => figures::start, None, &[], &[];
    "friends" => friends::start, Some(friends::description), &[], &[];
    "health" => health::start, Some(health::description), &[], health::ITEMS;
    "invites" => invites::start, Some(invites::description), &[], &[];
    "login" => login::start, Some(login::description), &[], &[];
    "mfa" => mfa::start, Some(mfa::description), &[], mfa::ITEMS;
    "models" => models::start, Some(models::description), &[], &[];
    "moderation" => moderation::start, Some(moderation::description), &[], &[];
    "notifications" => notifications::start, Some(notifications::description), notifications::HEARD, notifications::ITEMS;
    "orders" => orders::start, Some(orders::description), &[], &[];
    "outbox-relay" => outbox_relay::start, None, &[], &[];
    "password" => password::start, Some(password::description), &[], &[];
    "people" => people::start, Some(people::description), &[], people::ITEMS;
    "phone-login" => phone_login::start, Some(phone_login::description), &[], phone_login::ITEMS;
    "products" => products::start, Some(products::description), products::HEARD, &[];
    "profile" => profile::start, Some(profile::description), &[], profile::ITEMS;
    "registration" => registration::start, Some(registration::description), &[], registration::ITEMS;
    "room-fanout" => room_fanout::start, None, room_fanout::HEARD, &[];
    "rooms" => rooms::start, Some(rooms::description), &[], &[];
    "search-index" => search_index::start, None, search_index::HEARD, &[];
    "socket" => socket::start, Some(socket::description), socket::HEARD, &[];
    "stripe-webhook" => stripe_webhook::start, Some(stripe_webhook::description), stripe_webhook::HEARD, &[];
    "support" => support::start, Some(support::description), &[], &[];
    "upload-processor" => upload_processor::start, None, upload_processor::HEARD, &[];
    // end functions
}

/// Returns the function with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Registered> {
    ALL.iter().find(|function| function.name == name)
}
