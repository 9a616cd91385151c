//! The contracts: one truth for routes, triggers, events, environment and messages, compared in every direction.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use function::Boot;
use kernel::{Env, Sys};
use local::template::{Deployment, FunctionSpec, Template};
use serde_json::Value;

use crate::{
    Failure, attacks, costs,
    document::{self, Route},
    events::{self, Case},
    fake_aws,
    functions::{self, Deployed},
    messages, platform, promises,
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
    let document = document::whole(&functions);
    let mut findings = Vec::new();
    findings.extend(generated(&sync::generate()?, |path| repository::bytes(path).ok()));
    findings.extend(document::conflicts(&document::parts(&functions)?));
    findings.extend(routes(&document::routes(&functions)?, &sync::routes_in(&template)));
    findings.extend(folders(&functions, &repository::list("functions")?, &template, &cases));
    findings.extend(triggers(&template, &cases));
    findings.extend(operations(&document));
    findings.extend(calls_said(&functions)?);
    findings.extend(messages::findings()?);
    findings.extend(attacks::findings()?);
    findings.extend(promises::findings()?);
    findings.extend(environment(&functions, &template)?);
    findings.extend(platform::findings(&template)?);
    let operations_file = repository::read("infra/operations.yaml")?;
    findings.extend(figures(&operations_file, &repository::sources()?));
    findings.extend(costs::findings()?);
    for (function, tree) in linked(&functions)? {
        findings.extend(left_out(&function, &tree));
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!("\n{} functions, {} events", functions.len(), cases.len());
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

/// Files that differ from what they are made from.
fn generated(files: &[sync::Generated], there: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<String> {
    let stale = files.iter().filter(|file| there(file.path).as_ref() != Some(&file.content));
    stale.map(|file| format!("{}: not what it is made from; run `cargo xtask sync`", file.path)).collect()
}

/// Routes in code against routes in the template, both ways.
fn routes(code: &[Route], template: &[Route]) -> Vec<String> {
    let (code, template): (BTreeSet<_>, BTreeSet<_>) = (code.iter().collect(), template.iter().collect());
    let told = |route: &&Route, lacks: &str| format!("{} {} of {}: {lacks}", route.method, route.path, route.function);
    let missing = code.difference(&template).map(|r| told(r, "in code, not in the template"));
    missing.chain(template.difference(&code).map(|r| told(r, "in the template, not in code"))).collect()
}

/// One word per function: folder, crate, template, events.
fn folders(functions: &[Deployed], there: &[String], template: &Template, cases: &[Case]) -> Vec<String> {
    let in_code: BTreeSet<String> = functions.iter().map(|f| f.name.clone()).collect();
    let places = [
        ("functions/", there.iter().cloned().collect::<BTreeSet<_>>()),
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
    findings
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
        for word in INSIDE.iter().filter(|word| [text("summary"), text("description")].iter().any(|said| says(said, word))) {
            lacks(&format!("its readers do not know what a {word} is: what it costs stands behind `AWS calls:`"));
        }
        let limits = operation.get("x-limits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match (operation.pointer("/responses/429").is_some(), limits.iter().all(|limit| limit.get("max").is_some())) {
            (true, _) if limits.is_empty() => lacks("it answers 429 and does not say how many pass"),
            (false, _) if !limits.is_empty() => lacks("it has limits and does not answer 429"),
            (_, false) => lacks("it has a limit that is not on the list of infra/tasks/src/limits.rs"),
            _ => {}
        }
        for endless in endless(document, operation) {
            lacks(&format!("{endless} may be as long as one likes"));
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

/// Words for how something is done, which readers of the document have nothing of.
const INSIDE: [&str; 6] = ["transaction", "counter", "batch", "table", "query", "AWS"];

/// Whether a text has a word, or several of it.
fn says(text: &str, word: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.map(|w| w.strip_suffix('s').unwrap_or(w)).any(|w| w.eq_ignore_ascii_case(word.strip_suffix('S').unwrap_or(word)))
}

/// The texts that an operation takes without saying how long they may be.
fn endless(document: &Value, operation: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    for parameter in parameters {
        let parameter = referenced(document, parameter).unwrap_or(parameter);
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        parameter.get("schema").into_iter().for_each(|schema| unbounded(document, schema, name, 0, &mut found));
    }
    let contents = operation.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten();
    for schema in contents.filter_map(|(_, content)| content.get("schema")) {
        unbounded(document, schema, "", 0, &mut found);
    }
    found
}

/// What a reference within the document leads to.
fn referenced<'a>(document: &'a Value, value: &Value) -> Option<&'a Value> {
    document.pointer(value.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// Looks for them in a schema, and in what it consists of.
fn unbounded(document: &Value, schema: &Value, name: &str, depth: u8, found: &mut Vec<String>) {
    // Deeper than ours go, and an end for one that contains itself.
    if depth > 8 {
        return;
    }
    let mut look = |schema: &Value, name: &str| unbounded(document, schema, name, depth.saturating_add(1), found);
    if let Some(schema) = referenced(document, schema) {
        look(schema, name);
    }
    for (member, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        look(schema, &format!("{name}/{member}"));
    }
    schema.get("items").into_iter().for_each(|schema| look(schema, &format!("{name}/-")));
    let choices = ["oneOf", "anyOf", "allOf"].iter().filter_map(|of| schema.get(of)?.as_array());
    choices.flatten().for_each(|schema| look(schema, name));
    let text =
        schema.get("type").is_some_and(|kind| kind == "string" || kind.as_array().is_some_and(|all| all.iter().any(|k| k == "string")));
    if text && !["maxLength", "pattern", "enum", "const"].iter().any(|bound| schema.get(bound).is_some()) {
        found.push(name.to_owned());
    }
}

/// Every operation says to whoever maintains it what it calls.
fn calls_said(functions: &[Deployed]) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for describe in functions.iter().filter_map(|function| function.description) {
        let part = serde_json::to_value(describe())?;
        let silent = document::operations(&part)
            .filter(|(.., operation)| !operation.get("description").and_then(Value::as_str).is_some_and(|d| d.contains("AWS calls:")));
        findings
            .extend(silent.map(|(path, method, _)| format!("{} {path}: its comment does not say what it calls", method.to_uppercase())));
    }
    Ok(findings)
}

/// Each function starts with what the template gives it, and reads all of it.
fn environment(functions: &[Deployed], template: &Template) -> Result<Vec<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let aws = runtime.block_on(fake_aws::listen(fake_aws::RING))?;
    let mut findings = Vec::new();
    for function in functions {
        let Some(spec) = template.function(&function.name) else { continue };
        let env: Env = variables(spec, &aws).into_iter().collect();
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

/// A function's environment: the template's, and what the platform adds, with all services at one address.
pub fn variables(spec: &FunctionSpec, aws: &str) -> BTreeMap<String, String> {
    let platform = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDTASKS"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_SESSION_TOKEN", "none"),
    ];
    let mut all = spec.environment.clone();
    all.extend(platform.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all.extend(fake_aws::ENDPOINTS.map(|name| (name.to_owned(), aws.to_owned())));
    all
}

/// Alarms on figures of ours that nothing reports, under the name they have or by the function they are about; and figures that
/// neither an alarm nor the dashboard reads: each costs money, a line in the log does as well.
fn figures(operations: &str, sources: &[(String, String)]) -> Vec<String> {
    let told: Vec<(&str, &str, &str)> = sources.iter().flat_map(|(file, code)| reported(file, code)).collect();
    let value = |text: &str, name: &str| text.lines().find_map(|l| l.trim().strip_prefix(name).map(|v| v.trim().to_owned()));
    let mut findings = Vec::new();
    for alarm in operations.split("Namespace: Stoa\n").skip(1) {
        let (figure, of) = (value(alarm, "MetricName:").unwrap_or_default(), value(alarm, "Dimensions:").unwrap_or_default());
        let is_told = told.iter().any(|(file, dimension, name)| {
            let function = file.strip_prefix("functions/").and_then(|f| f.split('/').next());
            let whose = match function.filter(|_| *dimension == "FunctionName") {
                Some(function) => format!("'${{Stack}}-{function}'"),
                None => String::new(),
            };
            *name == figure && of.contains(&format!("{{Name: {dimension},")) && of.contains(&whose)
        });
        if !is_told {
            findings.push(format!("infra/operations.yaml: an alarm waits for {figure} of {of}, which nothing reports"));
        }
    }
    let read = |figure: &str| operations.contains(&format!("MetricName: {figure}\n")) || operations.contains(&format!("\"{figure}\""));
    let idle = told.iter().filter(|(.., figure)| !read(figure));
    findings.extend(idle.map(|(file, _, figure)| format!("{file}: reports {figure}, which infra/operations.yaml does not read")));
    findings
}

/// What a source reports: the file, the dimension and the figure.
pub fn reported<'a>(file: &'a str, code: &'a str) -> Vec<(&'a str, &'a str, &'a str)> {
    let of = |call: &'a str, dimension: &'a str| {
        let figures = call.split_once("&[").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(figures, _)| figures);
        figures.split("(\"").skip(1).filter_map(move |rest| Some((file, dimension, rest.split_once('"')?.0)))
    };
    let own = code.split(".report(").skip(1).flat_map(|call| of(call, "FunctionName"));
    let common = code.split("report_of(").skip(1).filter_map(|call| call.split_once('"')?.1.split_once('"'));
    own.chain(common.flat_map(|(dimension, call)| of(call, dimension))).collect()
}

/// What each function links, one crate a line, as cargo tells it.
fn linked(functions: &[Deployed]) -> Result<Vec<(String, String)>, Failure> {
    let arguments =
        ["tree", "--locked", "--edges", "normal", "--target", "aarch64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}"];
    let mut all = Vec::new();
    for function in functions {
        let output = Command::new("cargo").args(arguments).args(["-p", &function.name]).current_dir(repository::root()).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
        }
        all.push((function.name.clone(), String::from_utf8(output.stdout)?));
    }
    Ok(all)
}

/// What a function links although it was left out, for how long functions take to start or how much there is of it, and what
/// comes back with a default feature of something else. Passkeys bring their curves with them, and S3's SDK one.
fn left_out(function: &str, tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let fits = |name: &str| match name {
        "p256" => names.contains("webauthn-rs") || names.contains("aws-sdk-s3"),
        "p384" | "rsa" => names.contains("webauthn-rs"),
        _ => !name.starts_with("aws-lc-"),
    };
    let found = names.iter().copied().filter(|name| !fits(name));
    found.map(|name| format!("{function}: it links {name}; `cargo tree -p {function} --edges normal --invert {name}` says why")).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
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

    /// A function that needs `A`, and reads `B` if it is there.
    fn function(name: &str) -> Deployed {
        let start = |boot: Boot| {
            let read = boot.env.read(|r| drop((r.need("A"), boot.env.get("B"))));
            async move { Ok(read.map(|()| function::Function::raw(|event, _| async move { Ok(event) }))?) }.boxed()
        };
        Deployed { name: name.to_owned(), start, description: None }
    }

    fn deployed(text: &str) -> Template {
        let deployment = Deployment { stack: "stoa".to_owned(), parameters: BTreeMap::new() };
        Template::load(text, &deployment).unwrap_or_else(|e| panic!("{e}"))
    }

    fn case(function: &str, event: Value) -> Case {
        Case { function: function.to_owned(), file: format!("events/{function}/x.json"), event, answer: Value::Null }
    }

    /// A function `talk` behind a route, a stream of frames and a rule.
    const TALK: &str = "
Resources:
  Bus: {Type: AWS::Events::EventBus}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        paths: {/v1/talk: {get: {x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/talk'}}}}
        components:
          x-amazon-apigateway-integrations:
            talk: {type: aws_proxy, payloadFormatVersion: '2.0', uri: !Sub '/functions/${TalkFunction.Arn}/invocations'}
  TalkLetsApiIn:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref TalkFunction
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties: {RouteSelectionExpression: $request.body.stream, Routes: {talk: {FunctionArn: !GetAtt TalkFunction.Arn}}}
  TalkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/talk
      Environment: {Variables: {A: x, B: x, STAGE: x}}
      Events:
        Due: {Type: EventBridgeRule, Properties: {EventBusName: !Ref Bus, Pattern: {detail-type: [account_purge_due]}}}
";

    fn http(route: &str) -> Value {
        json!({"version": "2.0", "routeKey": route})
    }

    #[test]
    fn a_file_that_is_not_what_it_is_made_from_is_found() {
        let files = [sync::Generated { path: "a", content: b"1".to_vec() }, sync::Generated { path: "b", content: b"2".to_vec() }];
        assert_eq!(generated(&files, |path| Some(if path == "a" { "1" } else { "2" }.into())), Vec::<String>::new());
        assert_eq!(generated(&files, |_| Some("1".into())), ["b: not what it is made from; run `cargo xtask sync`"]);
        assert_eq!(generated(&files, |_| None).len(), 2, "nor one that is not there");
    }

    #[test]
    fn a_function_must_be_everywhere_under_its_name() {
        let (template, talk) = (deployed(TALK), ["talk".to_owned()]);
        let cases = [case("talk", http("GET /v1/talk"))];
        assert_eq!(folders(&[function("talk")], &talk, &template, &cases), Vec::<String>::new());
        let found = folders(&[function("talk"), function("more")], &talk, &template, &cases);
        assert_eq!(found, ["more: not in functions/", "more: not in template.yaml", "more: not in events/"]);
        let found = folders(&[], &talk, &template, &cases).join("\n");
        assert!(found.contains("talk: in functions/, not in infra/tasks/src/functions.rs") && found.lines().count() == 3, "{found}");
        let other = deployed(&TALK.replace("TalkFunction", "ChatterFunction"));
        assert_eq!(folders(&[function("talk")], &talk, &other, &cases), ["ChatterFunction: should be called TalkFunction"]);
    }

    #[test]
    fn what_calls_a_function_has_an_event_and_the_other_way_round() {
        let found = |text: &str, cases: &[Case]| triggers(&deployed(text), cases).join("\n");
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
        let (real, cases) = (template().expect("the template"), events::cases().expect("the events"));
        assert_eq!(names_on_the_bus(&real, &cases), Vec::<String>::new());
        let Some(mut told) = cases.into_iter().find(|c| c.trigger() == Some("bus")) else { panic!("an event") };
        told.event["detail-type"] = json!("something_else");
        let file = told.file.clone();
        assert!(names_on_the_bus(&real, &[told]).concat().starts_with(&format!("{file}: it tells ")));
        let broken = case("talk", json!({"source": "stoa", "detail": {}}));
        assert!(names_on_the_bus(&real, &[broken]).concat().starts_with("events/talk/x.json: "));
    }

    #[test]
    fn a_function_starts_with_its_environment_and_reads_all_of_it() {
        let found = |text: &str| environment(&[function("talk")], &deployed(text)).expect("compared");
        assert_eq!(found(TALK), Vec::<String>::new());
        assert_eq!(found(&TALK.replace("B: x", "B: x, C: x")), ["talk: has C in its environment and does not read it"]);
        let missing = found(&TALK.replace("A: x, ", ""));
        assert!(
            missing.concat().contains("does not start with its environment in the template: configuration: A is missing"),
            "{missing:?}"
        );
    }

    #[test]
    fn an_alarm_waits_for_what_is_reported() {
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
        let waits_in_vain = |alarm: &str, sources: &[(String, String)]| {
            figures(alarm, sources).iter().filter(|finding| finding.contains("which nothing reports")).count()
        };
        for (figure, of) in [("Said", "FunctionName"), ("Heard", "FunctionName"), ("Any", "FunctionName"), ("Stopped", "TableName")] {
            assert_eq!(waits_in_vain(&alarm(figure, of), &sources), 0, "{figure}");
        }
        for (figure, of) in [("Sayd", "FunctionName"), ("Said", "TableName"), ("Stopped", "FunctionName")] {
            assert_eq!(waits_in_vain(&alarm(figure, of), &sources), 1, "{figure} of {of}");
        }
        let elsewhere = [source("functions/other/src/lib.rs", &own.1)];
        assert_eq!(waits_in_vain(&alarm("Said", "FunctionName"), &elsewhere), 1, "another function reports it");
        let unread = figures(&alarm("Said", "FunctionName"), &[own]);
        assert_eq!(unread, ["functions/talk/src/lib.rs: reports Heard, which infra/operations.yaml does not read"]);
        let (operations, sources) = (repository::read("infra/operations.yaml").expect("read"), repository::sources().expect("read"));
        assert_eq!(operations.matches("Namespace: Stoa\n").count(), 3);
        assert_eq!(figures(&operations, &sources), Vec::<String>::new());
    }

    #[test]
    fn what_was_left_out_does_not_come_back_unseen() {
        let found = |tree: &str| left_out("rooms", tree).len();
        assert_eq!(found("rooms v0.1.0 (/x)\nrustls v0.23.0\nrsaring v1.0.0\nring v0.17.0 (*)\n"), 0);
        assert_eq!(found("rooms v0.1.0 (/x)\naws-lc-rs v1.0.0\naws-lc-sys v1.0.0\nrsa v0.9.0\n\nrsa v0.9.0 (*)\n"), 3);
        assert_eq!(found("webauthn-rs v0.5.0\nrsa v0.9.0\np256 v0.13.0\np384 v0.13.0\n"), 0, "passkeys bring them");
        assert_eq!(found("aws-sdk-s3 v1.0.0\np256 v0.13.0\np384 v0.13.0\n"), 1, "S3 brings one of them");
    }

    /// A function does not start with a secret that is missing or weak, names the variable and keeps its value to itself. Only
    /// functions that issue tokens may read what these are signed with.
    #[tokio::test]
    async fn no_function_starts_with_a_weak_secret() {
        let ring = |key: &str| format!(r#"{{"current":"k1","k1":"{key}"}}"#);
        let weak = [String::new(), "changeme".to_owned(), "{}".to_owned()].into_iter();
        let weak = weak.chain(["", "sh0rt", &"a".repeat(64), "changeme-changeme-changeme-changeme-changeme"].map(ring));
        let mut cases = Vec::new();
        for stored in weak {
            cases.push((fake_aws::listen(&stored).await.expect("listens"), stored));
        }
        let right = fake_aws::listen(fake_aws::RING).await.expect("listens");
        let (template, mut readers) = (template().expect("the template"), BTreeMap::<&str, Vec<String>>::new());
        for function in functions::all() {
            let Some(spec) = template.function(&function.name) else { continue };
            let start = async |env: BTreeMap<String, String>| {
                let boot = Boot { env: env.into_iter().collect(), sys: Sys::real(), http: function::http_client().expect("a client") };
                (function.start)(boot).await.err().map(|e| e.to_string())
            };
            for name in ["IDENTITY_KEYS", "TOKEN_KEYS"].into_iter().filter(|name| spec.environment.contains_key(*name)) {
                readers.entry(name).or_default().push(function.name.clone());
                let mut env = variables(spec, &right);
                env.remove(name);
                let missing = start(env).await.expect("does not start");
                assert!(missing.starts_with("configuration: ") && missing.contains(name), "{}: {missing}", function.name);
            }
            if !spec.environment.contains_key("IDENTITY_KEYS") {
                continue;
            }
            for (aws, stored) in &cases {
                let error = start(variables(spec, aws)).await.unwrap_or_else(|| panic!("{} starts with {stored}", function.name));
                let shown = ["changeme", "sh0rt", "aaaa"].iter().any(|part| error.contains(part));
                assert!(error.contains("IDENTITY_KEYS") && !shown, "{} with {stored}: {error}", function.name);
            }
        }
        assert_eq!(readers["TOKEN_KEYS"], ["login", "phone-login", "registration"]);
        assert_eq!(readers["IDENTITY_KEYS"].len(), 8);
    }

    #[test]
    fn an_operation_must_say_how_much_it_takes() {
        let about = |operation: Value| {
            let schemas = json!({
                "Free": { "type": "object", "properties": { "a": { "type": ["string", "null"] }, "b": { "type": "string", "maxLength": 9 } } },
                "Word": { "type": "string", "enum": ["x"] },
            });
            let parameters = json!({ "shared": { "name": "s", "schema": { "type": "string" } } });
            operations(&json!({"paths": {"/v1/x": {"post": operation}}, "components": {"schemas": schemas, "parameters": parameters}}))
                .join("\n")
        };
        let refused = |limits: Value| about(json!({"x-limits": limits, "responses": {"429": {}}}));
        assert!(refused(json!([])).contains("does not say how many pass"));
        assert!(refused(json!([{"name": "nonsense"}])).contains("not on the list of infra"));
        assert!(!refused(json!([{"name": "export", "max": 1, "seconds": 86_400}])).contains("limit"));
        assert!(about(json!({"x-limits": [{"name": "export", "max": 1}]})).contains("does not answer 429"));
        let body = |schema: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}});
        assert!(about(json!({"requestBody": body("Free")})).contains("/a may be as long"));
        assert!(!about(json!({"requestBody": body("Free")})).contains("/b may be as long"));
        assert!(!about(json!({"requestBody": body("Word")})).contains("as long as"));
        assert!(about(json!({"parameters": [{"name": "q", "schema": {"type": "string"}}]})).contains("q may be as long"));
        assert!(about(json!({"parameters": [{"$ref": "#/components/parameters/shared"}]})).contains("s may be as long"));
        assert!(about(json!({"summary": "Tells it. A counter, then the claim."})).contains("a counter is"));
        assert!(about(json!({"description": "Two transactions."})).contains("a transaction is"));
        assert!(!about(json!({"summary": "Suitable accounts."})).contains("its readers"));
    }
}
