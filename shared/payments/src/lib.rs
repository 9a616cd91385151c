//! Payments by card: donations and plans, Stripe's customers, and which of Stripe's events were handled.
//!
//! Stripe's state of a payment is the only truth. The webhook, the page to which the payer returns, and the reconciliation every quarter of
//! an hour all read the payment at Stripe and apply its state, such as with [`CardPayment::after`]. Their order does not matter, and each
//! effect is one conditional write.
//!
//! This crate does not call Stripe. `stripe-api` does, and only the functions that need it link it.

mod account;
pub mod alert;
mod customer;
mod donor;
mod gate;
mod handled;
mod new_payment;
mod payment;
mod plan;
pub mod purge;
mod removal;
mod request;
mod settlement;
pub mod waiting;

pub use account::StripeAccount;
pub use customer::{Customer, CustomerRemoval, unfinished};
pub use donor::{Donation, DonationLimits, Donor};
pub use gate::{CAPTCHAS, CardGate, FROM_NETWORK, PAYMENTS, card_refused, card_refused_in};
pub use handled::HandledEvent;
pub use new_payment::{NewPayment, PaidFor, metadata_of};
pub use payment::{
    ABANDONED, Beside, CardPayment, PaymentRecord, PaymentState, Purpose, RECHECK, Recorded, Written, due, history, write, write_beside,
};
pub use plan::{HeldPlan, Plan, PlanPayment, Plans};
pub use proofs::captcha::CaptchaSite;
pub use removal::{ClosedRemoval, PaymentRemoval, Promised, RefundReason};
pub use request::{KEPT, PaymentRequest, begin};
pub use settlement::{Mismatch, MoneyBack, Progress, SaidRefund, Settlement};

store::items![
    account::StripeAccount,
    alert::PaymentAlert,
    customer::Customer,
    customer::CustomerRemoval,
    handled::HandledEvent,
    payment::PaymentRecord,
    plan::HeldPlan,
    removal::ClosedRemoval,
    removal::PaymentRemoval,
    request::PaymentRequest;
    <P: payment::Purpose> payment::CardPayment<P>: donor::Donation, plan::PlanPayment
];
