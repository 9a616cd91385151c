//! Metrics for CloudWatch, written as log lines in its embedded metric format, which takes no request.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{io::Write as _, sync::Arc};

use kernel::{Sys, Time};
use serde_json::{Map, Value, json};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};

use crate::Boot;

/// The namespace of the metrics.
const NAMESPACE: &str = "Stoa";
/// The `tracing` target of these log lines. On AWS they are written unchanged; other hosts show or drop them.
pub(crate) const TARGET: &str = "figures";

/// Reports metrics of a function, under its name.
#[derive(Clone, Debug)]
pub struct Figures {
    function: Arc<str>,
    sys: Sys,
}

impl Figures {
    /// Metrics of the function that is starting.
    #[must_use]
    pub fn new(boot: &Boot) -> Self {
        Self { function: boot.env.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or("local").into(), sys: boot.sys.clone() }
    }

    /// Reports some metrics of a run, such as `[("Claimed", 3)]`.
    pub fn report(&self, figures: &[(&str, u64)]) {
        self.report_of("FunctionName", &self.function, figures);
    }

    /// See [`report_of`].
    pub fn report_of(&self, dimension: &str, value: &str, figures: &[(&str, u64)]) {
        report_of(self.sys.now(), dimension, value, figures);
    }
}

/// Reports metrics that several functions share, under a common dimension such as `TableName`.
pub fn report_of(now: Time, dimension: &str, value: &str, figures: &[(&str, u64)]) {
    let line = line(dimension, value, now.millis(), figures);
    tracing::info!(target: TARGET, line);
}

fn line(dimension: &str, of: &str, at: i64, figures: &[(&str, u64)]) -> String {
    let metrics: Vec<Value> = figures.iter().map(|(name, _)| json!({ "Name": name })).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [[dimension]], "Metrics": metrics });
    let mut members = Map::from_iter([
        ("_aws".to_owned(), json!({ "Timestamp": at, "CloudWatchMetrics": [directive] })),
        (dimension.to_owned(), of.into()),
    ]);
    members.extend(figures.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
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
        let line: Value = serde_json::from_str(&line("FunctionName", "stoa-x", 7, &[("Claimed", 3), ("Examined", 5)])).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&line["Claimed"], &line["FunctionName"], &line["_aws"]["Timestamp"]), (&json!(3), &json!("stoa-x"), &json!(7)));
        assert_eq!(directive["Metrics"], json!([{ "Name": "Claimed" }, { "Name": "Examined" }]));
        assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
    }
}
