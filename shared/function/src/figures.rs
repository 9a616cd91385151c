//! Figures for CloudWatch, as log lines in its embedded metric format: no request, no waiting.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{io::Write as _, sync::Arc};

use kernel::{Sys, Time};
use serde_json::{Map, Value, json};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};

use crate::Boot;

/// Under which the figures appear.
const NAMESPACE: &str = "Stoa";
/// Marks the log events that are such a line. The runtime writes them as they are; other hosts show or drop them.
pub(crate) const TARGET: &str = "figures";

/// Where a function reports its figures. They stand under its own name.
#[derive(Clone, Debug)]
pub struct Figures {
    function: Arc<str>,
    sys: Sys,
}

impl Figures {
    /// For the function that boots.
    #[must_use]
    pub fn new(boot: &Boot) -> Self {
        Self { function: boot.env.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or("local").into(), sys: boot.sys.clone() }
    }

    /// Reports some figures of one run, such as `[("Claimed", 3)]`.
    pub fn report(&self, figures: &[(&str, u64)]) {
        self.report_of("FunctionName", &self.function, figures);
    }

    /// As [`report_of`].
    pub fn report_of(&self, dimension: &str, value: &str, figures: &[(&str, u64)]) {
        report_of(self.sys.now(), dimension, value, figures);
    }
}

/// Reports figures that several functions have in common, under what they have in common, such as `TableName`.
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

/// Writes the lines of figures to the standard output, bare: within another log line CloudWatch would not see them.
pub(crate) struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut found = Line(String::new());
            event.record(&mut found);
            // There is nowhere to report that the log cannot be written.
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
    fn a_line_declares_what_it_carries() {
        let line: Value = serde_json::from_str(&line("FunctionName", "stoa-x", 7, &[("Claimed", 3), ("Examined", 5)])).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&line["Claimed"], &line["FunctionName"], &line["_aws"]["Timestamp"]), (&json!(3), &json!("stoa-x"), &json!(7)));
        assert_eq!(directive["Metrics"], json!([{ "Name": "Claimed" }, { "Name": "Examined" }]));
        assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
    }
}
