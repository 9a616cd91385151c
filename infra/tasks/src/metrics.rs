//! The metrics of all crates, as they declare them.

use function::metrics::DeclaredMetric;

/// Returns every metric.
pub fn all() -> Vec<DeclaredMetric> {
    [accounts::METRICS, proofs::METRICS, deliver::METRICS, stripe_webhook::METRICS].concat()
}
