//! Every trigger in the template invokes an existing function, every function has a trigger, and `events/` has a sample event for
//! each kind of trigger of a function and for no other.

use std::collections::{BTreeMap, BTreeSet};

use local::{Routes, template::Template};
use serde_json::Value;

use super::Parts;
use crate::events::Case;

/// Triggers without a function or a sample event, functions without a trigger, and sample events without a trigger.
pub fn findings(parts: &Parts) -> Vec<String> {
    differences(&parts.template, &parts.cases)
}

fn differences(template: &Template, cases: &[Case]) -> Vec<String> {
    let (kinds, mut findings) = kinds(template);
    for (function, kinds) in &kinds {
        let has: BTreeSet<_> = cases.iter().filter(|c| c.function == *function).filter_map(Case::trigger).collect();
        findings.extend(kinds.difference(&has).map(|kind| format!("events/{function}: has no sample event for the trigger `{kind}`")));
        findings.extend(
            has.difference(kinds)
                .map(|kind| format!("events/{function}: has a sample event for `{kind}`, a trigger that the function does not have")),
        );
    }
    let idle = template.functions.values().filter(|function| !kinds.contains_key(function.name.as_str()));
    findings.extend(idle.map(|function| format!("{}: has no trigger in the template", function.name)));
    findings.extend(misnamed_streams(template));
    let routes = Routes::new(&template.http_api.routes);
    findings.extend(cases.iter().filter_map(|case| other_route(template, &routes, case)));
    findings
}

/// Returns the kinds of triggers of each function, and triggers whose function does not exist.
fn kinds(template: &Template) -> (BTreeMap<&str, BTreeSet<&'static str>>, Vec<String>) {
    let routes = template.http_api.routes.iter().map(|route| (&route.function, "http", &route.path));
    let streams = template.socket_api.iter().flat_map(|api| &api.routes).map(|(stream, function)| (function, "socket", stream));
    let rules = template.rules.iter().map(|rule| (&rule.function, "bus", &rule.name));
    let mappings = template.stream_mappings.iter().map(|mapping| (&mapping.function, "stream", &mapping.name));
    let queues = template.queue_mappings.iter().map(|mapping| (&mapping.function, "queue", &mapping.name));
    let notifications = template.notifications.iter().map(|notification| (&notification.function, "s3", &notification.name));
    let schedules = template.schedules.iter().map(|schedule| (&schedule.function, "schedule", &schedule.name));
    let (mut kinds, mut missing) = (BTreeMap::<&str, BTreeSet<&'static str>>::new(), Vec::new());
    let mappings = mappings.chain(queues);
    for (function, kind, what) in routes.chain(streams).chain(rules).chain(mappings).chain(notifications).chain(schedules) {
        match template.function(function) {
            Some(function) => drop(kinds.entry(&function.name).or_default().insert(kind)),
            None => missing.push(format!("template.yaml: the trigger {what} invokes {function}, which does not exist")),
        }
    }
    (kinds, missing)
}

/// Routes of the WebSocket API that do not have the name of their function. Frames name their function by it.
fn misnamed_streams(template: &Template) -> Vec<String> {
    let streams = template.socket_api.iter().flat_map(|api| &api.routes).filter(|(stream, _)| !stream.starts_with('$'));
    let misnamed = streams.filter(|(stream, id)| template.function(id).is_some_and(|function| function.name != **stream));
    misnamed.map(|(stream, _)| format!("template.yaml: the WebSocket route {stream} must invoke the function with the same name")).collect()
}

/// Returns a sample event that does not have the route, the path parameters and the function which the gateway chooses for its path.
fn other_route(template: &Template, routes: &Routes, case: &Case) -> Option<String> {
    let key = case.event.get("routeKey").and_then(Value::as_str)?;
    let text = |pointer: &str| case.event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (method, path) = (text("/requestContext/http/method"), text("/rawPath"));
    let Some(found) = routes.find(method, path) else {
        return Some(format!("{}: no route in the template takes {method} {path}", case.file));
    };
    let function = template.function(&found.route.function).map_or("", |function| &function.name);
    let parameters: BTreeMap<String, String> =
        case.event.get("pathParameters").and_then(|all| serde_json::from_value(all.clone()).ok()).unwrap_or_default();
    let same = found.route.key == key && found.parameters == parameters && function == case.function;
    (!same).then(|| {
        let has = format!("the route {key} with {parameters:?} of {}", case.function);
        format!("{}: has {has}, and the gateway chooses {} with {:?} of {function}", case.file, found.route.key, found.parameters)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::samples::{TALK, case, deployed, http};

    #[test]
    fn a_function_has_sample_events_for_exactly_its_triggers() {
        let found = |text: &str, cases: &[Case]| differences(&deployed(text), cases).join("\n");
        let all = [case("talk", http("GET /v1/talk")), case("talk", json!({"requestContext": {"connectionId": "x"}}))];
        let one = found(TALK, &all);
        assert!(one.contains("events/talk: has no sample event for the trigger `bus`") && !one.contains("`http`"), "{one}");
        assert!(found(TALK, &[]).contains("events/talk: has no sample event for the trigger `socket`"));
        assert!(
            found(TALK, &[case("talk", json!({"source": "aws.scheduler"}))])
                .contains("has a sample event for `schedule`, a trigger that the function does not have")
        );
        assert!(found(TALK, &[case("talk", http("GET /v1/other"))]).contains("no route in the template takes GET /v1/other"));
        assert!(
            found(TALK, &[case("other", http("GET /v1/talk"))]).contains("of other, and the gateway chooses GET /v1/talk with {} of talk")
        );
        let renamed = TALK.replace("Routes: {talk:", "Routes: {chatter:");
        assert!(found(&renamed, &all).contains("the WebSocket route chatter must invoke the function with the same name"));
        let idle = format!("{TALK}  IdleFunction: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: functions/idle}}}}\n");
        assert!(found(&idle, &all).contains("idle: has no trigger in the template"));
    }
}
