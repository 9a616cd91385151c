//! Payments by card: donations, Stripe's customers, and which of Stripe's events were handled.
//!
//! What is paid is what Stripe says, and nobody else. Whoever hears of a payment (the webhook, the page that the payer returns to, the
//! reconciliation every quarter of an hour) reads the payment at Stripe and applies its state, such as with [`Donation::after`]. The order
//! in which they hear of it does not matter, and each effect is one conditional write.
//!
//! This crate does not call Stripe: `stripe-api` does, which only the functions link that need it.

mod asked;
mod customer;
mod donation;
mod donor;
mod handled;
pub mod purge;
mod removal;
mod request;
mod settlement;
pub mod waiting;

pub use asked::{Asked, PaidFor, metadata_of};
pub use customer::{Customer, CustomerRemoval, unfinished};
pub use donation::{ABANDONED, Donation, DonationRecord, DonationState, RECHECK, Written, due, history, write};
pub use donor::{Donor, MAX, MIN};
pub use handled::HandledEvent;
pub use removal::PaymentRemoval;
pub use request::{Begun, KEPT, PaymentRequest, begin};
pub use settlement::{Mismatch, Progress, Settlement};

store::items![
    customer::Customer,
    customer::CustomerRemoval,
    donation::Donation,
    donation::DonationRecord,
    handled::HandledEvent,
    removal::PaymentRemoval,
    request::PaymentRequest
];
