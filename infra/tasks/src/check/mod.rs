//! The contracts: facts that are stated in several places must be the same in all of them. Each file is one contract. Its first line
//! states the rule, and it returns the violations.

mod attacks;
mod callers;
mod client;
mod dependencies;
mod environment;
mod generated;
mod guides;
mod hears;
mod messages;
mod metrics;
mod names;
mod operations;
mod platform;
mod promises;
mod routes;
mod stacks;
mod texts;
mod triggers;

use local::{
    functions::{self, Registered},
    template::Template,
};
pub use messages::language_folders;
use serde_json::Value;

use crate::{
    Failure, costs, document,
    events::{self, Case},
    repository,
};

/// The inputs of the contracts, read once.
pub struct Parts {
    /// The functions in code.
    functions: &'static [Registered],
    /// The template, as the local cloud loads it.
    template: Template,
    /// The files in `events/`.
    cases: Vec<Case>,
    /// The OpenAPI document of the whole API.
    document: Value,
}

/// Returns the violations of a contract, as lines for people.
type Contract = fn(&Parts) -> Result<Vec<String>, Failure>;

/// The contracts. Those that need no other tool than the compiler come first.
const CONTRACTS: &[Contract] = &[
    generated::findings,
    routes::findings,
    |parts| Ok(names::findings(parts)),
    |parts| Ok(triggers::findings(parts)),
    hears::findings,
    operations::findings,
    |parts| Ok(texts::findings(parts)),
    |parts| Ok(callers::findings(parts)),
    client::findings,
    guides::findings,
    messages::findings,
    attacks::findings,
    promises::findings,
    environment::findings,
    platform::findings,
    stacks::findings,
    metrics::findings,
    |_| costs::findings(),
    dependencies::findings,
];

/// Checks every contract and prints its violations.
pub fn run() -> Result<(), Failure> {
    let functions = functions::ALL;
    let parts = Parts { functions, template: repository::template()?, cases: events::cases()?, document: document::whole(functions) };
    let mut findings = Vec::new();
    for contract in CONTRACTS {
        findings.extend(contract(&parts)?);
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!("\n{} functions, {} events", parts.functions.len(), parts.cases.len());
    if findings.is_empty() { Ok(()) } else { Err(format!("{} findings", findings.len()).into()) }
}

#[cfg(test)]
pub mod samples {
    //! A template with one function and its resources.

    use std::collections::BTreeMap;

    use function::{Boot, Function};
    use futures_util::FutureExt as _;
    use local::{
        functions::Registered,
        template::{Deployment, Template},
    };
    use serde_json::{Value, json};

    use super::{Parts, callers, environment, operations, texts};
    use crate::{document, events::Case, repository};

    /// Returns a function that requires `A`, and reads `B` if it is set.
    pub fn function(name: &'static str) -> Registered {
        let start = |boot: Boot| {
            let read = boot.env.read(|r| drop((r.need("A"), boot.env.get("B"))));
            async move { Ok(read.map(|()| Function::raw(|event, _| async move { Ok(event) }))?) }.boxed()
        };
        Registered { name, start, description: None, heard: &[], items: &[] }
    }

    /// Returns the violations between a function, the template with its block, and an event of it.
    pub fn broken(function: Registered, template: &str, event: &str) -> Vec<String> {
        let template = Template::load(template, &repository::deployment()).unwrap_or_else(|e| panic!("{e}"));
        let event = serde_json::from_str(event).expect("an event");
        let functions: &'static [Registered] = vec![function].leak();
        let parts = Parts { functions, template, cases: vec![case(function.name, event)], document: document::whole(functions) };
        let (described, started) = (operations::findings(&parts), environment::findings(&parts));
        let all = [described.expect("compared"), started.expect("compared"), texts::findings(&parts), callers::findings(&parts)];
        all.concat()
    }

    pub fn deployed(text: &str) -> Template {
        let deployment = Deployment { stack: "stoa".to_owned(), parameters: BTreeMap::new() };
        Template::load(text, &deployment).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn case(function: &str, event: Value) -> Case {
        Case { function: function.to_owned(), file: format!("events/{function}/x.json"), event, answer: Value::Null }
    }

    pub fn http(route: &str) -> Value {
        let (method, path) = route.split_once(' ').expect("a route");
        json!({"version": "2.0", "routeKey": route, "rawPath": path, "requestContext": {"http": {"method": method}}})
    }

    /// A function `talk` behind a route, a stream of frames and a rule.
    pub const TALK: &str = "
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
}
