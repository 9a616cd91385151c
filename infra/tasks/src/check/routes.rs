//! The template has exactly the routes that handlers declare, and functions do not contradict each other.

use std::collections::BTreeSet;

use super::Parts;
use crate::{
    Failure,
    document::{self, Route},
    sync,
};

/// Routes that are only in code or only in the template, and contradictions between functions.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = document::conflicts(&document::parts(parts.functions)?);
    findings.extend(differences(&document::routes(parts.functions)?, &sync::routes_in(&parts.template)));
    Ok(findings)
}

fn differences(code: &[Route], template: &[Route]) -> Vec<String> {
    let (code, template): (BTreeSet<_>, BTreeSet<_>) = (code.iter().collect(), template.iter().collect());
    let told = |route: &&Route, problem: &str| format!("{} {} of {}: {problem}", route.method, route.path, route.function);
    let missing = code.difference(&template).map(|r| told(r, "is declared in code, and missing in the template"));
    missing.chain(template.difference(&code).map(|r| told(r, "is in the template, and not declared in code"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_missed_in_either_direction() {
        let route = |path: &str| Route { path: path.to_owned(), method: "GET".to_owned(), function: "f".to_owned() };
        let found = differences(&[route("/a"), route("/b")], &[route("/b"), route("/c")]);
        assert_eq!(
            found,
            ["GET /a of f: is declared in code, and missing in the template", "GET /c of f: is in the template, and not declared in code"]
        );
    }
}
