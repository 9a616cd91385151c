//! An alarm on a custom metric needs a metric that is reported, with its name and dimensions, and every reported metric is used by an
//! alarm or the dashboard. (Each metric costs money; otherwise a log line is enough.)

use super::Parts;
use crate::{
    Failure,
    reported::{Reported, reported},
    repository,
};

/// The template of the alarms and the dashboard.
const OPERATIONS: &str = "infra/operations.yaml";

/// Alarms without a reported metric, and metrics that are never used.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    let (operations, sources) = (repository::read(OPERATIONS)?, repository::sources()?);
    let told: Vec<Reported<'_>> = sources.iter().flat_map(|(file, code)| reported(file, code)).collect();
    Ok(differences(&operations, &told))
}

fn differences(operations: &str, told: &[Reported<'_>]) -> Vec<String> {
    let value = |text: &str, name: &str| text.lines().find_map(|l| l.trim().strip_prefix(name).map(|v| v.trim().to_owned()));
    let mut findings = Vec::new();
    for alarm in operations.split("Namespace: Stoa\n").skip(1) {
        let (figure, of) = (value(alarm, "MetricName:").unwrap_or_default(), value(alarm, "Dimensions:").unwrap_or_default());
        if !told.iter().any(|reported| reported.is(&figure, &of)) {
            findings.push(format!("{OPERATIONS}: an alarm uses the metric {figure} with the dimensions {of}, which no code reports"));
        }
    }
    let read = |figure: &str| operations.contains(&format!("MetricName: {figure}\n")) || operations.contains(&format!("\"{figure}\""));
    let idle = told.iter().filter(|reported| !read(reported.figure));
    findings.extend(
        idle.map(|Reported { file, figure, .. }| {
            format!("{file}: reports the metric {figure}, which no alarm or graph in {OPERATIONS} uses")
        }),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(operations: &str, sources: &[(String, String)]) -> Vec<String> {
        let told: Vec<_> = sources.iter().flat_map(|(file, code)| reported(file, code)).collect();
        differences(operations, &told)
    }

    #[test]
    fn an_alarm_uses_a_reported_metric() {
        let alarm = |figure: &str, of: &str| {
            let dimension = format!("[{{Name: {of}, Value: !Sub '${{Stack}}-{}'}}]", if of == "TableName" { "state" } else { "talk" });
            format!("Namespace: Stoa\n      MetricName: {figure}\n      Dimensions: {dimension}\n")
        };
        let source = |file: &str, code: &str| (file.to_owned(), code.to_owned());
        let own = source("functions/talk/src/lib.rs", "s.figures.report(&[\n    (\"Said\", 1),\n    (\"Heard\", heard),\n]);");
        let common = source(
            "shared/x/src/lib.rs",
            "figures.report_of(\"TableName\", table.name(), &[(\"Stopped\", 1)]); f.report(&[(\"Any\", 1)]);",
        );
        let sources = [own.clone(), common];
        let unreported = |alarm: &str, sources: &[(String, String)]| {
            figures(alarm, sources).iter().filter(|finding| finding.contains("which no code reports")).count()
        };
        for (figure, of) in [("Said", "FunctionName"), ("Heard", "FunctionName"), ("Any", "FunctionName"), ("Stopped", "TableName")] {
            assert_eq!(unreported(&alarm(figure, of), &sources), 0, "{figure}");
        }
        for (figure, of) in [("Sayd", "FunctionName"), ("Said", "TableName"), ("Stopped", "FunctionName")] {
            assert_eq!(unreported(&alarm(figure, of), &sources), 1, "{figure} of {of}");
        }
        let elsewhere = [source("functions/other/src/lib.rs", &own.1)];
        assert_eq!(unreported(&alarm("Said", "FunctionName"), &elsewhere), 1, "another function reports it");
        let unused = figures(&alarm("Said", "FunctionName"), &[own]);
        assert_eq!(unused, ["functions/talk/src/lib.rs: reports the metric Heard, which no alarm or graph in infra/operations.yaml uses"]);
        let (operations, sources) = (repository::read(OPERATIONS).expect("read"), repository::sources().expect("read"));
        assert_eq!(operations.matches("Namespace: Stoa\n").count(), 3);
        assert_eq!(figures(&operations, &sources), Vec::<String>::new());
    }
}
