//! Every event is emitted by some code and declared by a function, and every notice is sent. A function declares the events that it
//! consumes with `events::hears!`. Its rules in the template, its files in `events/` and its lines in `infra/calls.txt` are about
//! exactly these events. Those of AWS, on its bus, are declared by their rules.

use std::collections::{BTreeMap, BTreeSet};

use events::{Envelope, EventType, Notice};
use local::{
    aws::pattern::Pattern,
    functions::Registered,
    template::{RuleSpec, Template},
};
use serde_json::Value;

use super::Parts;
use crate::{
    Failure, calls,
    costs::SCHEDULED,
    events::Case,
    repository::{self, pascal_case},
};

/// The bus on which services of AWS put their events.
const BUS_OF_AWS: &str = "default";

/// The names of events that each function declares.
type Heard<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Events that are not emitted or not declared, and functions that declare other events than their rules, files and lines have.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let heard = declared(parts.functions);
    Ok(differences(&repository::sources()?, &heard, &parts.template, &parts.cases, &repository::read(calls::EXPECTED)?))
}

/// `sources` are paths and texts, `costs` the text of `infra/calls.txt`.
fn differences(sources: &[(String, String)], heard: &Heard<'_>, template: &Template, cases: &[Case], costs: &str) -> Vec<String> {
    let mut findings = used(sources, heard);
    findings.extend(unsent(sources));
    findings.extend(rules(heard, template));
    findings.extend(files(heard, cases));
    findings.extend(of_aws(template, cases));
    findings.extend(lines(heard, template, costs));
    findings
}

/// Returns what the functions declare.
fn declared(functions: &'static [Registered]) -> Heard<'static> {
    functions.iter().map(|function| (function.name, function.heard.iter().copied().collect())).collect()
}

/// Returns the event of a type of this name.
fn event_of(type_name: &str) -> Option<&'static EventType> {
    events::all().find(|event| pascal_case(event.name) == type_name)
}

/// Events that no code emits, or that no function declares.
fn used(sources: &[(String, String)], heard: &Heard<'_>) -> Vec<String> {
    let calls = sources.iter().flat_map(|(_, code)| code.split("Outbox::add(").skip(1));
    // The event is the last argument: `Outbox::add(&mut tx, &sys, &PresenceChanged { room })`.
    let types = calls.filter_map(|call| call.split('{').next()?.rsplit(['&', ':']).next().map(str::trim));
    let emitted: BTreeSet<&str> = types.filter_map(|name| event_of(name).map(|event| event.name)).collect();
    let heard: BTreeSet<&str> = heard.values().flatten().copied().collect();
    let unemitted =
        events::all().filter(|event| !emitted.contains(event.name)).map(|event| format!("{}: no code emits this event", event.name));
    let unheard = events::all()
        .filter(|event| !heard.contains(event.name))
        .map(|event| format!("{}: no function declares this event in `events::hears!`", event.name));
    unemitted.chain(unheard).collect()
}

/// Notices that no code sends.
fn unsent(sources: &[(String, String)]) -> Vec<String> {
    let sent: BTreeSet<&str> = repository::named(sources, "Notice::").collect();
    let unsent = Notice::ALL.iter().filter(|notice| !sent.contains(pascal_case(notice.name()).as_str()));
    unsent.map(|notice| format!("{}: no code sends this notice", notice.name())).collect()
}

/// Events that a function declares and its rules do not select, and events that its rules select and it does not declare.
fn rules(heard: &Heard<'_>, template: &Template) -> Vec<String> {
    let (mut findings, mut selected) = (Vec::new(), Heard::new());
    for rule in template.rules.iter().filter(|rule| rule.bus != BUS_OF_AWS) {
        if listed(rule, "source").as_deref() != Some([events::SOURCE].as_slice()) {
            findings.push(format!("template.yaml: the rule {} does not select the source `{}`", rule.name, events::SOURCE));
        }
        let Some(names) = listed(rule, "detail-type") else {
            findings.push(format!("template.yaml: the rule {} does not list the names of its events", rule.name));
            continue;
        };
        if let Some(function) = template.function(&rule.function) {
            selected.entry(function.name.as_str()).or_default().extend(names);
        }
    }
    let missing = pairs(heard).filter(|(function, name)| !has(&selected, function, name));
    findings.extend(
        missing.map(|(function, name)| format!("{function}: declares {name} in `events::hears!`, and no rule in the template delivers it")),
    );
    let surplus = pairs(&selected).filter(|(function, name)| !has(heard, function, name));
    findings.extend(surplus.map(|(function, name)| {
        format!("{function}: a rule in the template delivers {name}, which its `events::hears!` does not declare")
    }));
    findings
}

/// Returns the texts that a rule lists for a field of its events.
fn listed<'a>(rule: &'a RuleSpec, field: &str) -> Option<Vec<&'a str>> {
    rule.pattern.get(field)?.as_array()?.iter().map(Value::as_str).collect()
}

/// Rules for events of AWS that no file in `events/` is an example of, and files with an event of AWS that no rule of their function
/// selects.
fn of_aws(template: &Template, cases: &[Case]) -> Vec<String> {
    let rules = template.rules.iter().filter(|rule| rule.bus == BUS_OF_AWS);
    let rules: Vec<_> = rules.filter_map(|rule| Some((rule, Pattern::parse(&rule.pattern).ok()?))).collect();
    let of_function = |rule: &RuleSpec, case: &Case| template.function(&rule.function).is_some_and(|f| f.name == case.function);
    let delivered = |rule: &RuleSpec, pattern: &Pattern, case: &Case| of_function(rule, case) && pattern.matches(&case.event);
    let untried = rules.iter().filter(|(rule, pattern)| !cases.iter().any(|case| delivered(rule, pattern, case)));
    let untried = untried.map(|(rule, _)| format!("template.yaml: no event in `events/` is one of the rule {}", rule.name));
    let foreign = cases.iter().filter(|case| is_of_aws(case) && !rules.iter().any(|(rule, pattern)| delivered(rule, pattern, case)));
    untried.chain(foreign.map(|case| format!("{}: no rule in the template delivers it to {}", case.file, case.function))).collect()
}

/// Returns whether the event of a file came over the bus of AWS.
fn is_of_aws(case: &Case) -> bool {
    case.trigger() == Some("bus") && case.event.get("source").and_then(Value::as_str).is_some_and(|source| source.starts_with("aws."))
}

/// Files in `events/` whose event is written wrongly or goes to another function, and events that have no file.
fn files(heard: &Heard<'_>, cases: &[Case]) -> Vec<String> {
    let (mut findings, mut tried) = (Vec::new(), Heard::new());
    for case in cases.iter().filter(|case| case.trigger() == Some("bus") && !is_of_aws(case)) {
        match name_in(case) {
            Ok(name) if has(heard, &case.function, name) => drop(tried.entry(&case.function).or_default().insert(name)),
            Ok(name) => findings.push(format!("{}: `events::hears!` of {} does not declare {name}", case.file, case.function)),
            Err(e) => findings.push(format!("{}: {e}", case.file)),
        }
    }
    let untried = pairs(heard).filter(|(function, name)| !has(&tried, function, name));
    findings.extend(untried.map(|(function, name)| format!("events/{function}: has no sample event {name}")));
    findings
}

/// Returns the name of the event in a file, in `detail-type` and in `detail`.
fn name_in(case: &Case) -> Result<&str, Failure> {
    let name = case.event.get("detail-type").and_then(Value::as_str).ok_or("has no `detail-type`")?;
    let detail = case.event.get("detail").cloned().unwrap_or_default();
    let Envelope { event, .. } = serde_json::from_value::<Envelope<Value>>(detail)?;
    if event.get("name").is_none_or(|other| other != name) {
        return Err(format!("`detail-type` is {name}, and `detail` has another name").into());
    }
    let known = events::all().find(|event| event.name == name).ok_or_else(|| format!("there is no event {name}"))?;
    (known.rewrite)(event)?;
    Ok(name)
}

/// Lines of `infra/calls.txt` about events that their function does not declare. A line is that of `<function> <event>`, of
/// `<function> <stream>`, or of a route. An event of AWS is declared by its rule.
fn lines(heard: &Heard<'_>, template: &Template, costs: &str) -> Vec<String> {
    let streams: BTreeSet<&str> =
        template.socket_api.iter().flat_map(|api| &api.routes).map(|(stream, _)| stream.as_str()).chain([SCHEDULED]).collect();
    let from_aws = |function: &str, what: &str| {
        let rules = template.rules.iter().filter(|rule| rule.bus == BUS_OF_AWS);
        let mut rules = rules.filter(|rule| template.function(&rule.function).is_some_and(|f| f.name == function));
        rules.any(|rule| listed(rule, "detail-type").is_some_and(|names| names.contains(&what)))
    };
    let operations = costs.lines().filter_map(|line| line.split('\t').next()?.split_once(' '));
    let of_functions = operations.filter(|(function, _)| template.functions.values().any(|f| f.name == **function));
    let unknown =
        of_functions.filter(|(function, what)| !streams.contains(what) && !has(heard, function, what) && !from_aws(function, what));
    unknown.map(|(function, what)| format!("{}: `events::hears!` of {function} does not declare {what}", calls::EXPECTED)).collect()
}

fn pairs<'a>(heard: &'a Heard<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    heard.iter().flat_map(|(function, names)| names.iter().map(move |name| (*function, *name)))
}

fn has(heard: &Heard<'_>, function: &str, name: &str) -> bool {
    heard.get(function).is_some_and(|names| names.contains(name))
}

#[cfg(test)]
mod tests {
    use local::functions;
    use serde_json::json;

    use super::*;
    use crate::{
        check::samples::{case, deployed},
        events::cases,
    };

    /// A function `talk` that emits and hears every event, with what belongs to it. Each test breaks one part.
    struct Sample {
        sources: Vec<(String, String)>,
        heard: BTreeSet<&'static str>,
        template: String,
        cases: Vec<Case>,
        costs: String,
    }

    impl Sample {
        fn new() -> Self {
            let types: Vec<String> = events::all().map(|event| pascal_case(event.name)).collect();
            let heard: BTreeSet<&str> = events::all().map(|event| event.name).collect();
            let names: Vec<&str> = heard.iter().copied().collect();
            let emits: Vec<String> = types.iter().map(|name| format!("Outbox::add(&mut tx, &s.sys, &{name} {{ user }});\n")).collect();
            let notices: Vec<String> = Notice::ALL.iter().map(|notice| format!("Notice::{};\n", pascal_case(notice.name()))).collect();
            let code = emits.concat() + &notices.concat();
            let template = format!(
                "
Resources:
  Bus: {{Type: AWS::Events::EventBus}}
  TalkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/talk
      Events:
        Heard:
          Type: EventBridgeRule
          Properties: {{EventBusName: !Ref Bus, Pattern: {{source: [stoa], detail-type: [{}]}}}}
",
                names.join(", ")
            );
            let mut cases = cases().expect("the events");
            cases.retain(|case| case.trigger() == Some("bus") && !is_of_aws(case));
            for case in &mut cases {
                "talk".clone_into(&mut case.function);
            }
            let costs = "GET /v1/me\t1\t1\t1\t0\ntalk sessions_ended\t1\t1\t1\t0\ntalk Scheduled Event\t1\t1\t1\t0\n";
            Self { sources: vec![("functions/talk/src/lib.rs".to_owned(), code)], heard, template, cases, costs: costs.to_owned() }
        }

        fn code(mut self, from: &str, to: &str) -> Self {
            self.sources.iter_mut().for_each(|(_, code)| *code = code.replace(from, to));
            self
        }

        fn template(mut self, from: &str, to: &str) -> Self {
            self.template = self.template.replace(from, to);
            self
        }

        /// Returns the text of the file about this event, changed.
        fn case(mut self, name: &str, from: &str, to: &str) -> Self {
            for case in self.cases.iter_mut().filter(|case| case.event["detail-type"] == name) {
                case.event = serde_json::from_str(&case.event.to_string().replace(from, to)).expect("JSON");
            }
            self
        }

        fn findings(&self) -> Vec<String> {
            let heard = Heard::from([("talk", self.heard.clone())]);
            differences(&self.sources, &heard, &deployed(&self.template), &self.cases, &self.costs)
        }
    }

    #[test]
    fn nothing_differs() {
        assert_eq!(Sample::new().findings(), Vec::<String>::new());
        let (sources, template) = (repository::sources().expect("the sources"), repository::template().expect("the template"));
        let costs = repository::read(calls::EXPECTED).expect("the costs");
        let heard = declared(functions::ALL);
        assert_eq!(differences(&sources, &heard, &template, &cases().expect("the events"), &costs), Vec::<String>::new());
    }

    #[test]
    fn an_event_is_emitted() {
        let found = Sample::new().code("&PresenceChanged {", "&other {").findings();
        assert_eq!(found, ["presence_changed: no code emits this event"]);
        let path = Sample::new().code("&PresenceChanged {", "&events::rooms::PresenceChanged {").findings();
        assert_eq!(path, Vec::<String>::new());
    }

    #[test]
    fn a_notice_is_sent() {
        let found = Sample::new().code("Notice::MfaEnabled", "Notice::Other").findings();
        assert_eq!(found, ["mfa_enabled: no code sends this notice"]);
    }

    #[test]
    fn an_event_is_declared_and_delivered() {
        let mut undeclared = Sample::new();
        undeclared.heard.remove("presence_changed");
        let undeclared = undeclared.findings();
        let file = Sample::new().cases.into_iter().find(|case| case.event["detail-type"] == "presence_changed").expect("a file").file;
        assert_eq!(
            undeclared,
            [
                "presence_changed: no function declares this event in `events::hears!`".to_owned(),
                "talk: a rule in the template delivers presence_changed, which its `events::hears!` does not declare".to_owned(),
                format!("{file}: `events::hears!` of talk does not declare presence_changed"),
            ]
        );
        let unselected = Sample::new().template("presence_changed", "sessions_ended").findings();
        assert_eq!(unselected, ["talk: declares presence_changed in `events::hears!`, and no rule in the template delivers it"]);
        let misspelt = Sample::new().template("presence_changed", "presence_change").findings();
        assert_eq!(misspelt.len(), 2, "{misspelt:?}");
    }

    #[test]
    fn a_rule_selects_by_source_and_name() {
        for source in ["", "source: [other], ", "source: [stoa, other], "] {
            let found = Sample::new().template("source: [stoa], ", source).findings().concat();
            assert!(found.contains("does not select the source `stoa`"), "{found}");
        }
        let all = Sample::new().template(", detail-type: [", ", account: [").findings().concat();
        assert!(all.contains("does not list the names of its events"), "{all}");
    }

    #[test]
    fn an_event_has_a_file_that_is_about_it() {
        let mut sample = Sample::new();
        sample.cases.retain(|case| case.event["detail-type"] != "presence_changed");
        assert_eq!(sample.findings(), ["events/talk: has no sample event presence_changed"]);
        for (from, to, told) in [
            (
                r#""name":"presence_changed""#,
                r#""name":"sessions_ended""#,
                "`detail-type` is presence_changed, and `detail` has another name",
            ),
            (r#""room":"#, r#""place":"#, "missing field `room`"),
            ("presence_changed", "presence_change", "there is no event presence_change"),
            (r#""detail-type":"#, r#""type":"#, "has no `detail-type`"),
        ] {
            let found = Sample::new().case("presence_changed", from, to).findings();
            assert!(found.len() == 2 && found.concat().contains(told), "{found:?}");
        }
    }

    #[test]
    fn an_event_of_aws_is_declared_by_its_rule() {
        let template = |names: &str| {
            deployed(&format!(
                "
Resources:
  TalkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/talk
      Events: {{Raised: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [aws.cloudwatch], detail-type: [{names}]}}}}}}}}
"
            ))
        };
        let event = json!({ "source": "aws.cloudwatch", "detail-type": "Alarm", "detail": {} });
        let cases = [case("talk", event)];
        let found =
            |names: &str, cases: &[Case]| differences(&[], &Heard::new(), &template(names), cases, "talk Alarm\t1\t1\t0\t1\n").join("\n");
        let own = |found: &str, what: &str| found.lines().filter(|line| line.contains(what)).count();
        let fine = found("Alarm", &cases);
        assert_eq!((own(&fine, "events/talk"), own(&fine, "the rule"), own(&fine, "calls.txt")), (0, 0, 0), "{fine}");
        assert_eq!(own(&found("Alarm", &[]), "no event in `events/` is one of the rule TalkFunctionRaised"), 1);
        let other = found("Other", &cases);
        assert_eq!(own(&other, "events/talk/x.json: no rule in the template delivers it to talk"), 1, "{other}");
        assert_eq!(own(&other, "calls.txt: `events::hears!` of talk does not declare Alarm"), 1, "{other}");
    }

    #[test]
    fn a_line_of_costs_is_about_an_event_that_is_heard() {
        let mut sample = Sample::new();
        sample.costs += "talk session_ended\t1\t1\t1\t0\nother session_ended\t1\t1\t1\t0\n";
        assert_eq!(sample.findings(), ["infra/calls.txt: `events::hears!` of talk does not declare session_ended"]);
    }
}
