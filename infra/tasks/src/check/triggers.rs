//! Every trigger in the template invokes an existing function, every function has a trigger, and `events/` has an event for each kind
//! of trigger of a function and for no other. Every event that is published on the bus has a consumer, and consumers wait for no
//! other.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{RouteSpec, Template};
use serde_json::Value;

use super::Parts;
use crate::events::{self, Case};

/// Triggers, events and names on the bus without a counterpart.
pub fn findings(parts: &Parts) -> Vec<String> {
    differences(&parts.template, &parts.cases)
}

fn differences(template: &Template, cases: &[Case]) -> Vec<String> {
    let (kinds, mut findings) = kinds(template);
    for (function, kinds) in &kinds {
        let has: BTreeSet<_> = cases.iter().filter(|c| c.function == *function).filter_map(Case::trigger).collect();
        findings.extend(kinds.difference(&has).map(|kind| format!("events/{function}: no {kind} event")));
        findings.extend(has.difference(kinds).map(|kind| format!("events/{function}: a {kind} event that nothing sends")));
    }
    let idle = template.functions.values().filter(|function| !kinds.contains_key(function.name.as_str()));
    findings.extend(idle.map(|function| format!("{}: nothing calls it", function.name)));
    findings.extend(misnamed_streams(template));
    findings.extend(names_on_the_bus(template, cases));
    findings.extend(cases.iter().filter_map(|case| unknown_route(template, case)));
    findings
}

/// The kinds of triggers of each function, and triggers whose function does not exist.
fn kinds(template: &Template) -> (BTreeMap<&str, BTreeSet<&'static str>>, Vec<String>) {
    let routes = template.http_api.routes.iter().map(|route| (&route.function, "http", &route.path));
    let streams = template.socket_api.iter().flat_map(|api| &api.routes).map(|(stream, function)| (function, "socket", stream));
    let rules = template.rules.iter().map(|rule| (&rule.function, "bus", &rule.name));
    let mappings = template.stream_mappings.iter().map(|mapping| (&mapping.function, "stream", &mapping.name));
    let notifications = template.notifications.iter().map(|notification| (&notification.function, "s3", &notification.name));
    let schedules = template.schedules.iter().map(|schedule| (&schedule.function, "schedule", &schedule.name));
    let (mut kinds, mut missing) = (BTreeMap::<&str, BTreeSet<&'static str>>::new(), Vec::new());
    for (function, kind, what) in routes.chain(streams).chain(rules).chain(mappings).chain(notifications).chain(schedules) {
        match template.function(function) {
            Some(function) => drop(kinds.entry(&function.name).or_default().insert(kind)),
            None => missing.push(format!("{what}: there is no function {function}")),
        }
    }
    (kinds, missing)
}

/// A stream of frames has the name of its function.
fn misnamed_streams(template: &Template) -> Vec<String> {
    let streams = template.socket_api.iter().flat_map(|api| &api.routes).filter(|(stream, _)| !stream.starts_with('$'));
    let misnamed = streams.filter(|(stream, id)| template.function(id).is_some_and(|function| function.name != **stream));
    misnamed.map(|(stream, _)| format!("the stream {stream} is not the function of that name")).collect()
}

fn names_on_the_bus(template: &Template, cases: &[Case]) -> Vec<String> {
    let told: BTreeSet<String> = events::names_on_the_bus().into_iter().collect();
    let heard: BTreeSet<String> = (template.rules.iter())
        .flat_map(|rule| rule.pattern.get("detail-type").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let mut findings: Vec<String> = told.difference(&heard).map(|name| format!("{name}: no rule listens to it")).collect();
    findings.extend(heard.difference(&told).map(|name| format!("{name}: a rule listens to it and nothing tells it")));
    for case in cases.iter().filter(|case| case.trigger() == Some("bus")) {
        let detail = case.event.get("detail").cloned().unwrap_or_default();
        match serde_json::from_value::<::events::Envelope>(detail) {
            Ok(envelope) if case.event.get("detail-type").is_some_and(|name| name == envelope.event.name()) => {}
            Ok(envelope) => findings.push(format!("{}: it tells {}, its detail-type something else", case.file, envelope.event.name())),
            Err(e) => findings.push(format!("{}: {e}", case.file)),
        }
    }
    findings
}

fn unknown_route(template: &Template, case: &Case) -> Option<String> {
    let key = case.event.get("routeKey").and_then(Value::as_str)?;
    let known = |route: &RouteSpec| {
        format!("{} {}", route.method, route.path) == key && template.function(&route.function).is_some_and(|f| f.name == case.function)
    };
    (!template.http_api.routes.iter().any(known)).then(|| format!("{}: {} has no route {key}", case.file, case.function))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        check::samples::{TALK, case, deployed, http},
        repository,
    };

    #[test]
    fn what_calls_a_function_has_an_event_and_the_other_way_round() {
        let found = |text: &str, cases: &[Case]| differences(&deployed(text), cases).join("\n");
        let all = [case("talk", http("GET /v1/talk")), case("talk", json!({"requestContext": {"connectionId": "x"}}))];
        let one = found(TALK, &all);
        assert!(one.contains("events/talk: no bus event") && !one.contains("no http event"), "{one}");
        assert!(found(TALK, &[]).contains("events/talk: no socket event"));
        assert!(found(TALK, &[case("talk", json!({"source": "aws.scheduler"}))]).contains("a schedule event that nothing sends"));
        assert!(found(TALK, &[case("talk", http("GET /v1/other"))]).contains("talk has no route GET /v1/other"));
        assert!(found(TALK, &[case("other", http("GET /v1/talk"))]).contains("other has no route GET /v1/talk"));
        let renamed = TALK.replace("Routes: {talk:", "Routes: {chatter:");
        assert!(found(&renamed, &all).contains("the stream chatter is not the function of that name"));
        let idle = format!("{TALK}  IdleFunction: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: functions/idle}}}}\n");
        assert!(found(&idle, &all).contains("idle: nothing calls it"));
    }

    #[test]
    fn what_is_told_on_the_bus_is_heard_and_the_other_way_round() {
        let found = |text: &str, cases: &[Case]| names_on_the_bus(&deployed(text), cases).join("\n");
        let unheard = found(TALK, &[]);
        assert!(unheard.contains("challenge_issued: no rule listens to it") && !unheard.contains("account_purge_due"), "{unheard}");
        let untold = found(&TALK.replace("[account_purge_due]", "[nothing_happened]"), &[]);
        assert!(untold.contains("nothing_happened: a rule listens to it and nothing tells it"), "{untold}");
        let (real, cases) = (repository::template().expect("the template"), events::cases().expect("the events"));
        assert_eq!(names_on_the_bus(&real, &cases), Vec::<String>::new());
        let Some(mut told) = cases.into_iter().find(|c| c.trigger() == Some("bus")) else { panic!("an event") };
        told.event["detail-type"] = json!("something_else");
        let file = told.file.clone();
        assert!(names_on_the_bus(&real, &[told]).concat().starts_with(&format!("{file}: it tells ")));
        let broken = case("talk", json!({"source": "stoa", "detail": {}}));
        assert!(names_on_the_bus(&real, &[broken]).concat().starts_with("events/talk/x.json: "));
    }
}
