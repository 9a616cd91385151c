//! A function has one name: its folder, its name in the template and its folder in `events/` are the same, and its logical id is
//! derived from it. (The list of functions in code is generated from the folders.)

use std::collections::BTreeSet;

use local::{functions::Registered, template::Template};

use super::Parts;
use crate::{events::Case, repository::logical_id};

/// Functions that are missing in one of these places or have another name there.
pub fn findings(parts: &Parts) -> Vec<String> {
    differences(parts.functions, &parts.template, &parts.cases)
}

fn differences(functions: &[Registered], template: &Template, cases: &[Case]) -> Vec<String> {
    let in_code: BTreeSet<&str> = functions.iter().map(|f| f.name).collect();
    let places: [(&str, BTreeSet<&str>); 2] = [
        ("template.yaml", template.functions.values().map(|f| f.name.as_str()).collect()),
        ("events/", cases.iter().map(|c| c.function.as_str()).collect()),
    ];
    let mut findings = Vec::new();
    for (place, names) in &places {
        findings.extend(in_code.difference(names).map(|name| format!("{name}: is missing in {place}")));
        findings.extend(names.difference(&in_code).map(|name| format!("{name}: is in {place}, but has no folder in functions/")));
    }
    let misnamed = template.functions.values().filter(|function| function.logical_id != logical_id(&function.name));
    findings.extend(misnamed.map(|function| format!("{}: its logical id must be {}", function.logical_id, logical_id(&function.name))));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::samples::{TALK, case, deployed, function, http};

    #[test]
    fn a_function_must_be_everywhere_under_its_name() {
        let template = deployed(TALK);
        let cases = [case("talk", http("GET /v1/talk"))];
        assert_eq!(differences(&[function("talk")], &template, &cases), Vec::<String>::new());
        let found = differences(&[function("talk"), function("more")], &template, &cases);
        assert_eq!(found, ["more: is missing in template.yaml", "more: is missing in events/"]);
        let found = differences(&[], &template, &cases);
        assert_eq!(
            found,
            ["talk: is in template.yaml, but has no folder in functions/", "talk: is in events/, but has no folder in functions/"]
        );
        let other = deployed(&TALK.replace("TalkFunction", "ChatterFunction"));
        assert_eq!(differences(&[function("talk")], &other, &cases), ["ChatterFunction: its logical id must be TalkFunction"]);
    }
}
