//! The contracts: one truth for routes, triggers, events, environment and messages, compared in every direction.

use std::collections::{BTreeMap, BTreeSet};

use function::Boot;
use kernel::{Env, Sys};
use local::template::{Deployment, FunctionSpec, Template};
use serde_json::Value;

use crate::{
    Failure,
    document::{self, Route},
    events::{self, Case},
    functions::{self, Deployed},
    messages,
    repository::{self, logical_id},
    sync,
};

/// Operations that nobody needs to be signed in for. Anything else must name the security scheme.
const PUBLIC: &[&str] = &[
    "POST /v1/password-resets",
    "GET /reset-password",
    "POST /v1/password-resets/confirm",
    "POST /v1/passkey-sign-ins",
    "GET /v1/sign-ins/{flow}",
    "POST /v1/sign-ins/{flow}/code/resend",
    "PUT /v1/sign-ins/{flow}/factor",
    "POST /v1/sign-ins/{flow}/verify",
    "GET /.well-known/change-password",
    "GET /.well-known/jwks.json",
    "GET /.well-known/openid-configuration",
    "GET /.well-known/security.txt",
    "GET /activate",
    "GET /cancel-deletion",
    "GET /docs",
    "GET /docs/{file}",
    "GET /openapi.json",
    "GET /problems/{code}",
    "GET /v1/pictures/{picture}/{size}",
    "GET /v1/registrations/{flow}",
    "GET /v1/usernames/{username}/availability",
    "POST /v1/activations",
    "POST /v1/deletion-cancellations",
    "POST /v1/phone-sign-ins",
    "POST /v1/phone-sign-ins/{flow}/resend",
    "POST /v1/phone-sign-ins/{flow}/verify",
    "POST /v1/registrations",
    "POST /v1/registrations/link",
    "POST /v1/registrations/{flow}/code",
    "POST /v1/registrations/{flow}/code/resend",
    "POST /v1/registrations/{flow}/complete",
    "POST /v1/sessions",
    "POST /v1/sessions/refresh",
    "PUT /v1/registrations/{flow}/email",
    "PUT /v1/registrations/{flow}/password",
    "PUT /v1/registrations/{flow}/personal",
    "PUT /v1/registrations/{flow}/username",
];

/// What every function has in its environment whether it reads it or not.
const GLOBALS: [&str; 2] = ["STAGE", "TABLE_NAME"];

/// Compares everything with everything and prints what differs.
pub fn run() -> Result<(), Failure> {
    let (functions, template, cases) = (functions::all(), template()?, events::cases()?);
    let document = document::whole(&functions)?;
    let mut findings = Vec::new();
    findings.extend(generated()?);
    findings.extend(document::conflicts(&functions)?);
    findings.extend(routes(&document::routes(&functions)?, &sync::routes_in(&template)));
    findings.extend(folders(&functions, &template, &cases)?);
    findings.extend(triggers(&template, &cases));
    findings.extend(operations(&document));
    findings.extend(messages::findings()?);
    findings.extend(environment(&functions, &template)?);
    findings.extend(watched(&template)?);
    for finding in &findings {
        println!("{finding}");
    }
    let (routes, permissions) = (template.http_api.routes.len(), functions.len());
    println!("{permissions} functions, {routes} routes (an HTTP API takes 300), {} events", cases.len());
    if findings.is_empty() { Ok(()) } else { Err(format!("{} differences", findings.len()).into()) }
}

/// The template, as the local cloud understands it.
pub fn template() -> Result<Template, Failure> {
    let parameters = [
        ("Stage", "development"),
        ("PublicUrl", "http://127.0.0.1:9"),
        ("AllowedOrigins", "http://127.0.0.1:9,http://localhost:9"),
        ("PasskeyDomain", "localhost"),
        ("MailFrom", "stoa@example.test"),
    ];
    let deployment = Deployment { stack: "stoa".to_owned(), parameters: parameters.map(|(k, v)| (k.to_owned(), v.to_owned())).into() };
    Ok(Template::load(&repository::read("template.yaml")?, &deployment)?)
}

fn generated() -> Result<Vec<String>, Failure> {
    let stale = sync::generate()?.into_iter().filter(|file| repository::bytes(file.path).map_or(true, |content| content != file.content));
    Ok(stale.map(|file| format!("{}: not what it is made from; run `cargo xtask sync`", file.path)).collect())
}

/// Routes in code against routes in the template, both ways.
fn routes(code: &[Route], template: &[Route]) -> Vec<String> {
    let (code, template): (BTreeSet<_>, BTreeSet<_>) = (code.iter().collect(), template.iter().collect());
    let told = |route: &&Route, lacks: &str| format!("{} {} of {}: {lacks}", route.method, route.path, route.function);
    let missing = code.difference(&template).map(|r| told(r, "in code, not in the template"));
    missing.chain(template.difference(&code).map(|r| told(r, "in the template, not in code"))).collect()
}

/// One word per function: folder, crate, template, events.
fn folders(functions: &[Deployed], template: &Template, cases: &[Case]) -> Result<Vec<String>, Failure> {
    let in_code: BTreeSet<String> = functions.iter().map(|f| f.name.clone()).collect();
    let places = [
        ("functions/", repository::list("functions")?.into_iter().collect::<BTreeSet<_>>()),
        ("template.yaml", template.functions.values().map(|f| f.name.clone()).collect()),
        ("events/", cases.iter().map(|c| c.function.clone()).collect()),
    ];
    let mut findings = Vec::new();
    for (place, names) in &places {
        findings.extend(in_code.difference(names).map(|name| format!("{name}: not in {place}")));
        findings.extend(names.difference(&in_code).map(|name| format!("{name}: in {place}, not in infra/tasks/src/functions.rs")));
    }
    for function in template.functions.values() {
        if function.logical_id != logical_id(&function.name) {
            findings.push(format!("{}: should be called {}", function.logical_id, logical_id(&function.name)));
        }
    }
    Ok(findings)
}

/// Every trigger leads to a function, and every function has an event of each of its kinds.
fn triggers(template: &Template, cases: &[Case]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut need = |function: &str, kind: &'static str, what: &str| match template.function(function) {
        Some(f) => drop(kinds.entry(f.name.as_str()).or_default().insert(kind)),
        None => findings.push(format!("{what}: there is no function {function}")),
    };
    for route in &template.http_api.routes {
        need(&route.function, "http", &route.path);
    }
    for (stream, function) in template.socket_api.iter().flat_map(|api| &api.routes) {
        need(function, "socket", stream);
    }
    template.rules.iter().for_each(|rule| need(&rule.function, "bus", &rule.name));
    template.stream_mappings.iter().for_each(|mapping| need(&mapping.function, "stream", &mapping.name));
    template.notifications.iter().for_each(|notification| need(&notification.function, "s3", &notification.name));
    template.schedules.iter().for_each(|schedule| need(&schedule.function, "schedule", &schedule.name));

    for (function, kinds) in &kinds {
        let has: BTreeSet<_> = cases.iter().filter(|c| c.function == *function).filter_map(Case::trigger).collect();
        findings.extend(kinds.difference(&has).map(|kind| format!("events/{function}: no {kind} event")));
        findings.extend(has.difference(kinds).map(|kind| format!("events/{function}: a {kind} event that nothing sends")));
    }
    for function in template.functions.values().filter(|f| !kinds.contains_key(f.name.as_str())) {
        findings.push(format!("{}: nothing calls it", function.name));
    }
    for (stream, function) in template.socket_api.iter().flat_map(|api| &api.routes).filter(|(stream, _)| !stream.starts_with('$')) {
        if template.function(function).is_some_and(|f| f.name != **stream) {
            findings.push(format!("the stream {stream} is not the function of that name"));
        }
    }
    findings.extend(names_on_the_bus(template, cases));
    findings.extend(cases.iter().filter_map(|case| unknown_route(template, case)));
    findings
}

/// What is told on the bus has a consumer, and what consumers wait for is told.
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
    let known = |r: &local::template::RouteSpec| {
        format!("{} {}", r.method, r.path) == key && template.function(&r.function).is_some_and(|f| f.name == case.function)
    };
    (!template.http_api.routes.iter().any(known)).then(|| format!("{}: {} has no route {key}", case.file, case.function))
}

/// What every operation's description must have.
fn operations(document: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let (mut ids, mut public) = (BTreeSet::new(), BTreeSet::new());
    let tags: BTreeSet<&str> =
        document.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(|t| t.get("name")?.as_str()).collect();
    for (path, method, operation) in document::operations(document) {
        let name = format!("{} {path}", method.to_uppercase());
        let text = |member: &str| operation.get(member).and_then(Value::as_str).unwrap_or_default();
        let mut lacks = |what: &str| findings.push(format!("{name}: {what}"));
        if text("summary").is_empty() {
            lacks("no summary");
        }
        if text("operationId").is_empty() || !text("operationId").chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            lacks("no operation id in snake case");
        } else if !ids.insert(text("operationId")) {
            lacks("its operation id is another's");
        }
        match operation.get("tags").and_then(Value::as_array).map(Vec::as_slice) {
            Some([tag]) if tag.as_str().is_some_and(|t| tags.contains(t)) => {}
            _ => lacks("not exactly one tag that is declared"),
        }
        let statuses = operation.get("responses").and_then(Value::as_object).into_iter().flatten().map(|(status, _)| status.as_str());
        let classes: BTreeSet<char> = statuses.filter_map(|status| status.chars().next()).collect();
        // Some take nothing that could be refused.
        let refusable = ["requestBody", "security", "parameters"].iter().any(|takes| operation.get(*takes).is_some());
        if (refusable && !classes.contains(&'4')) || !classes.contains(&'5') {
            lacks("its errors are not described");
        }
        if !classes.contains(&'2') && !classes.contains(&'3') {
            lacks("its answer is not described");
        }
        let secured = operation.get("security").and_then(Value::as_array).is_some_and(|all| {
            // An empty requirement says "nobody in particular".
            !all.is_empty() && all.iter().all(|one| one.as_object().is_some_and(|o| !o.is_empty()))
        });
        match (secured, PUBLIC.contains(&name.as_str())) {
            (true, true) => lacks("signed-in callers only, and on the list of public operations"),
            (false, false) => lacks("open to everybody, and not on the list of public operations"),
            (false, true) => drop(public.insert(name.clone())),
            (true, false) => {}
        }
    }
    findings.extend(PUBLIC.iter().filter(|name| !public.contains(**name)).map(|name| format!("{name}: listed as public, and not there")));
    findings
}

/// Each function starts with what the template gives it, and reads all of it.
fn environment(functions: &[Deployed], template: &Template) -> Result<Vec<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = Vec::new();
    for function in functions {
        let Some(spec) = template.function(&function.name) else { continue };
        let env: Env = variables(spec).into_iter().collect();
        let boot = Boot { env: env.clone(), sys: Sys::real(), http: function::http_client()? };
        if let Err(e) = runtime.block_on(async { (function.start)(boot).await }) {
            findings.push(format!("{}: does not start with its environment in the template: {e}", function.name));
            continue;
        }
        let read = env.names_read();
        let idle = spec.environment.keys().filter(|name| !read.contains(name.as_str()) && !GLOBALS.contains(&name.as_str()));
        findings.extend(idle.map(|name| format!("{}: has {name} in its environment and does not read it", function.name)));
    }
    Ok(findings)
}

/// A function's environment: the template's, and what the platform adds.
pub fn variables(spec: &FunctionSpec) -> BTreeMap<String, String> {
    let platform = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDTASKS"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_SESSION_TOKEN", "none"),
    ];
    let mut all: BTreeMap<String, String> = spec.environment.iter().map(|(k, v)| (k.clone(), with_secrets(v))).collect();
    all.extend(platform.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // Nothing answers there, and nothing should be asked.
    all.extend(ENDPOINTS.map(|name| (name.to_owned(), "http://127.0.0.1:9".to_owned())));
    all
}

/// A value with every reference to a secret replaced by something that could be one.
fn with_secrets(value: &str) -> String {
    let Some((before, rest)) = value.split_once("{{resolve:") else { return value.to_owned() };
    let after = rest.split_once("}}").map_or("", |(_, after)| after);
    format!("{before}mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ{}", with_secrets(after))
}

/// The SDK's variables that say where services are.
pub const ENDPOINTS: [&str; 5] =
    ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SES", "AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL_EVENTBRIDGE"];

/// The alarms know every function and every queue.
fn watched(template: &Template) -> Result<Vec<String>, Failure> {
    let operations = repository::read("infra/operations.yaml")?;
    let listed = |mark: &str| -> BTreeSet<String> {
        let begin = format!("# {mark}");
        let lines = operations.lines().skip_while(|l| l.trim() != begin).skip(1).take_while(|l| !l.trim().starts_with("# end"));
        lines.map(|l| l.trim().trim_start_matches("- ").to_owned()).collect()
    };
    let queues = template.queues.iter().map(|q| q.name.clone());
    let queues = queues.filter_map(|name| Some(name.strip_suffix("-failures")?.split_once('-')?.1.to_owned())).collect();
    let functions = template.functions.values().map(|f| f.name.clone()).collect();
    let mut findings = Vec::new();
    for (mark, deployed) in [("functions", functions), ("queues", queues)] {
        let listed: BTreeSet<String> = listed(mark);
        let deployed: BTreeSet<String> = deployed;
        findings.extend(
            deployed.symmetric_difference(&listed).map(|name| format!("infra/operations.yaml: {mark} and the template differ in {name}")),
        );
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_is_missed_in_either_direction() {
        let route = |path: &str| Route { path: path.to_owned(), method: "GET".to_owned(), function: "f".to_owned() };
        let found = routes(&[route("/a"), route("/b")], &[route("/b"), route("/c")]);
        assert_eq!(found, ["GET /a of f: in code, not in the template", "GET /c of f: in the template, not in code"]);
    }

    #[test]
    fn an_operation_must_describe_itself() {
        let found = operations(&json!({"paths": {"/v1/x": {"get": {"responses": {"200": {}}}}}})).join("\n");
        for what in ["no summary", "no operation id", "one tag", "errors are not described", "not on the list"] {
            assert!(found.contains(what), "{what} in {found}");
        }
    }
}
