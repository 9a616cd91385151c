//! The metrics of all crates, as they declare them.

use function::metrics::Declared;

/// Returns every metric.
pub fn all() -> Vec<Declared> {
    [accounts::METRICS, proofs::METRICS, deliver::METRICS, stripe_webhook::METRICS].concat()
}
