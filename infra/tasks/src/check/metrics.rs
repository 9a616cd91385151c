//! An alarm or a graph of a custom metric needs a metric that some crate declares, with its dimension, and every declared metric is used by
//! an alarm or the dashboard. (Each metric costs money; otherwise a log line is enough.)

use function::metrics::{DeclaredMetric, Metric};

use super::Parts;
use crate::{Failure, metrics, repository};

/// The template of the alarms and the dashboard.
const OPERATIONS: &str = "infra/operations.yaml";

/// Alarms and graphs without a declared metric, and metrics that are never used.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    Ok(differences(&repository::read(OPERATIONS)?, &metrics::all()))
}

fn differences(operations: &str, declared: &[DeclaredMetric]) -> Vec<String> {
    let value = |text: &str, name: &str| text.lines().find_map(|l| l.trim().strip_prefix(name).map(|v| v.trim().to_owned()));
    let mut findings = Vec::new();
    let is_declared = |name: &str| declared.iter().any(|metric| metric.name == name);
    for alarm in operations.split(&format!("Namespace: {}\n", Metric::NAMESPACE)).skip(1) {
        let (name, of) = (value(alarm, "MetricName:").unwrap_or_default(), value(alarm, "Dimensions:").unwrap_or_default());
        if !(is_declared(&name) && of.contains(&format!("{{Name: {},", Metric::DIMENSION))) {
            findings.push(format!("{OPERATIONS}: an alarm uses the metric {name} with the dimensions {of}, which no crate declares"));
        }
    }
    // The first row of a graph has all parts. The next ones repeat them with dots.
    for row in operations.split(&format!("[\"{}\", \"", Metric::NAMESPACE)).skip(1) {
        let mut parts = row.split("\", \"");
        let (name, of) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if !(is_declared(name) && of == Metric::DIMENSION) {
            findings.push(format!("{OPERATIONS}: a graph shows the metric {name} with the dimension {of}, which no crate declares"));
        }
    }
    let used = |name: &str| operations.contains(&format!("MetricName: {name}\n")) || operations.contains(&format!("\"{name}\""));
    let idle = declared.iter().filter(|metric| !used(metric.name));
    findings.extend(
        idle.map(|metric| format!("{}: declares the metric {}, which no alarm or graph in {OPERATIONS} uses", metric.package, metric.name)),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_uses_a_declared_metric() {
        let alarm = |name: &str, of: &str| {
            format!("Namespace: Stoa\n      MetricName: {name}\n      Dimensions: [{{Name: {of}, Value: !Ref StateTable}}]\n")
        };
        let declared = ["Said", "Heard"].map(|name| DeclaredMetric { package: "talk", name });
        let found = |alarms: &[String]| differences(&alarms.concat(), &declared);
        let (said, heard) = (alarm("Said", "TableName"), alarm("Heard", "TableName"));
        assert_eq!(found(&[said.clone(), heard]), Vec::<String>::new());
        for (name, of) in [("Sayd", "TableName"), ("Heard", "FunctionName")] {
            let other = found(&[said.clone(), alarm("Heard", "TableName"), alarm(name, of)]);
            assert!(other.len() == 1 && other.concat().contains("which no crate declares"), "{other:?}");
        }
        assert_eq!(found(&[said]), ["talk: declares the metric Heard, which no alarm or graph in infra/operations.yaml uses"]);
    }

    #[test]
    fn a_graph_shows_a_declared_metric() {
        let declared = ["Said", "Heard"].map(|name| DeclaredMetric { package: "talk", name });
        let found = |name: &str, of: &str| {
            differences(&format!(r#"[["Stoa", "{name}", "{of}", "${{StateTable}}"], [".", "Heard", ".", "."]]"#), &declared).concat()
        };
        assert_eq!(found("Said", "TableName"), "");
        for (name, of) in [("Sayd", "TableName"), ("Said", "FunctionName")] {
            assert!(found(name, of).contains("which no crate declares"), "{name} {of}");
        }
    }

    #[test]
    fn the_alarms_use_the_declared_metrics() {
        let operations = repository::read(OPERATIONS).expect("read");
        assert_eq!(operations.matches("Namespace: Stoa\n").count(), 3);
        assert_eq!(differences(&operations, &metrics::all()), Vec::<String>::new());
    }
}
