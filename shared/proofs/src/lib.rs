//! Proofs of identity: passwords, codes and links, second factors, trusted devices, the steps of a sign-in. Also the limits on guesses and
//! messages, the proof of work, and captchas.
//!
//! Every code or link that is sent is a [`challenge::Challenge`].

mod breached;
pub mod captcha;
pub mod challenge;
pub mod code;
pub mod code_attempt;
mod code_key;
pub mod code_rules;
pub mod common;
pub mod completion;
pub mod contact_link;
pub mod deletion_link;
pub mod device;
pub mod factor;
mod flow_token;
pub mod gate;
mod guessable;
pub mod guesses;
mod identity_keys;
pub mod link;
pub mod password;
mod purpose;
pub mod repeat;
pub mod sending;
pub mod sign_in;
pub mod signed_in;
pub mod webauthn;

pub use flow_token::FlowToken;
use function::metrics::Metric;
pub use identity_keys::IdentityKeys;

store::items![
    challenge::Challenge,
    device::Device,
    factor::AppFactor,
    factor::RecoveryCodes,
    gate::UsedProof,
    repeat::KeptAnswer,
    sending::Traffic,
    sign_in::SignIn
];

function::metrics! {
    /// A wrong password or code, of any operation.
    const SIGN_INS_FAILED: Metric = Metric::new("SignInsFailed");
    /// Somebody has a copy of a token or passkey, or text messages were stopped.
    pub const MISUSE: Metric = Metric::new("Misuse");
}
