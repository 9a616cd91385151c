//! Metrics for CloudWatch, written as log lines in its embedded metric format, which takes no request.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::Write as _;

use kernel::Time;
use serde_json::{Map, Value, json};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};

/// The `tracing` target of these log lines. On AWS they are written unchanged; other hosts show or drop them.
pub(crate) const TARGET: &str = "metrics";

/// A metric. Its name in CloudWatch is unique among all crates.
#[derive(Clone, Copy, Debug)]
pub struct Metric(&'static str);

impl Metric {
    /// The namespace of all metrics.
    pub const NAMESPACE: &'static str = "Stoa";
    /// The dimension of all metrics: the table with the state, of which each stack has its own.
    pub const DIMENSION: &'static str = "TableName";

    /// Returns the metric of this name. Only [`metrics!`](macro@crate::metrics) declares metrics, because it also lists them.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

/// A metric in the list of a crate.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredMetric {
    /// The crate.
    pub package: &'static str,
    /// The name of the metric.
    pub name: &'static str,
}

/// Declares the metrics of a crate: a constant for each, which reporting takes, and `METRICS`, the list of them. `cargo xtask check`
/// compares the list with the alarms and the dashboard.
///
/// ```text
/// function::metrics! {
///     /// Text messages that were sent.
///     const TEXTS_SENT: Metric = Metric::new("TextsSent");
/// }
/// ```
///
/// The list does not use the constants, and they stay the tokens of the crate, so that the compiler finds a private one that is never
/// reported.
#[macro_export]
macro_rules! metrics {
    (@list $($(#[$doc:meta])* $visibility:vis const $constant:ident: Metric = Metric::new($name:literal);)+) => {
        &[$($crate::metrics::DeclaredMetric { package: env!("CARGO_PKG_NAME"), name: $name }),+]
    };
    ($($declaration:tt)+) => {
        $($declaration)+

        /// The metrics that this crate declares.
        pub const METRICS: &[$crate::metrics::DeclaredMetric] = $crate::metrics!(@list $($declaration)+);
    };
}

/// Reports values of metrics, under the name of this table.
pub fn report(now: Time, table: &str, values: &[(Metric, u64)]) {
    let line = line(table, now.millis(), values);
    tracing::info!(target: TARGET, line);
}

fn line(table: &str, at: i64, values: &[(Metric, u64)]) -> String {
    let metrics: Vec<Value> = values.iter().map(|(Metric(name), _)| json!({ "Name": name })).collect();
    let directive = json!({ "Namespace": Metric::NAMESPACE, "Dimensions": [[Metric::DIMENSION]], "Metrics": metrics });
    let mut members = Map::from_iter([
        ("_aws".to_owned(), json!({ "Timestamp": at, "CloudWatchMetrics": [directive] })),
        (Metric::DIMENSION.to_owned(), table.into()),
    ]);
    members.extend(values.iter().map(|(Metric(name), value)| ((*name).to_owned(), (*value).into())));
    Value::Object(members).to_string()
}

/// A `tracing` layer that writes these lines to the standard output without a prefix, because CloudWatch does not find metrics inside other
/// log lines.
pub(crate) struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut found = Line(String::new());
            event.record(&mut found);
            // A failure to write the log cannot be reported anywhere.
            writeln!(std::io::stdout().lock(), "{}", found.0).unwrap_or(());
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "line" {
            value.clone_into(&mut self.0);
        }
    }
    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_declares_its_metrics() {
        let values = [(Metric("Claimed"), 3), (Metric("Examined"), 5)];
        let line: Value = serde_json::from_str(&line("stoa-state", 7, &values)).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&line["Claimed"], &line["TableName"], &line["_aws"]["Timestamp"]), (&json!(3), &json!("stoa-state"), &json!(7)));
        assert_eq!(directive["Metrics"], json!([{ "Name": "Claimed" }, { "Name": "Examined" }]));
        assert_eq!(directive["Dimensions"], json!([["TableName"]]));
    }

    #[test]
    fn declared_metrics_are_in_the_list() {
        crate::metrics! {
            /// Some were claimed.
            pub const CLAIMED: Metric = Metric::new("Claimed");
            const EXAMINED: Metric = Metric::new("Examined");
        }
        let listed: Vec<_> = METRICS.iter().map(|metric| (metric.package, metric.name)).collect();
        assert_eq!(listed, [CLAIMED, EXAMINED].map(|Metric(name)| ("function", name)));
    }
}
