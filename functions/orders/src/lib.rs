//! Carts and orders.
//!
//! Guests have a cart too, which their `Cart-Token` identifies. When they send it after signing in, the cart is merged into their own. An
//! order is paid in cash on delivery, or by card: then Stripe's payment is created when the order is placed, and its products are reserved
//! for fifteen minutes. It counts as paid when Stripe says so, by its webhook, or when an unpaid order is read. An order that is not paid
//! in time ends in `stripe-webhook`, after its payment was cancelled at Stripe.
//!
//! | operation | AWS calls |
//! |---|---|
//! | `GET /v1/cart` | the caller and their cart in one, or a read; a batch of the products; the first time after a sign-in also a read and a transaction |
//! | `PUT /v1/cart/items/{product}` | the caller and their cart in one, or a read; a counter; a read; a transaction or a write; a batch of the products |
//! | `POST /v1/orders` | the caller and their customer in one; a batch; a batch of the products; a transaction. By card also a transaction, and one to four requests to Stripe; with the first payment of a person also a read, an update and a transaction |
//! | `GET /v1/orders` | the caller; a query |
//! | `GET /v1/orders/{order}` | the caller and the order in one; while it is not paid by card also a counter, one or two requests to Stripe, a read, and a transaction if there is news |
//! | `POST /v1/orders/{order}/payment` | the caller and the order in one; a counter; a read, and with captchas a batch read; a request to Stripe. With another payment also two counters, two transactions and up to three requests |
//! | `POST /v1/orders/{order}/cancellation` | the caller and the order in one; a transaction. By card a counter, two transactions, a read, and two requests to Stripe |
//! | `GET /v1/admin/orders` | the caller and their roles in one; a query |
//! | `GET /v1/admin/orders/{order}` | the caller and their roles in one; three reads |
//! | `POST /v1/admin/orders/{order}/refunds` | the caller and their roles in one; two reads; three transactions; a read; two requests to Stripe |
//! | `PUT /v1/admin/orders/{user}/{order}/state` | the caller and their roles in one; a read; a transaction |

mod cart;
mod payment;
mod place;
mod read;
mod refund;
mod shopper;
mod shown;
mod staff;

use accounts::{audit::Audit, picture::Links, token::Tokens};
use axum::extract::FromRef;
use function::{Boot, Function, StartError};
use kernel::{ConfigError, Sys};
use payments::CardGate;
use store::{Sealer, Table};
use stripe_api::Stripe;

/// The state of the function: its clients, keys and settings.
#[derive(Clone, FromRef)]
pub struct State {
    table: Table,
    audit: Audit,
    sys: Sys,
    tokens: Tokens,
    sealer: Sealer,
    links: Links,
    stripe: Stripe,
    gate: CardGate,
}

// The operations in the order of the documentation: `routes()` and `description()`.
web::operations! { "orders", "Carts and orders, and the operations of staff on orders.", State =>
    cart::get_cart,
    cart::put_in_cart,
    place::place_order,
    read::list_orders,
    read::get_order,
    payment::pay_order,
    read::cancel_order,
    staff::list_all_orders,
    refund::get_any_order,
    refund::refund_order,
    staff::change_order_state,
}

/// Reads the configuration and opens the connection to the table.
///
/// # Errors
/// [`StartError::Config`]
pub async fn start(boot: Boot) -> Result<Function, StartError> {
    let (aws, sys) = (boot.aws()?, boot.sys.clone());
    let tokens = boot.env.read(|r| Tokens::read(r, &aws, &sys))?;
    let stripe =
        boot.env.read(|r| Stripe::read(r, Some(tokens.table())))?.ok_or_else(|| ConfigError(vec!["Stripe cannot be used".to_owned()]))?;
    let sealer = tokens.warm_up_with_sealer("orders").await?;
    let state = boot.env.read(|r| State {
        table: tokens.table().clone(),
        audit: Audit::new(&r.need("AUDIT_TABLE_NAME")),
        tokens: tokens.clone(),
        gate: CardGate::read(r, &sealer),
        sealer,
        links: Links::read(r),
        stripe: stripe.clone(),
        sys: sys.clone(),
    })?;
    web::function(&boot, routes(), state)
}
