//! No fixed limit of the platform is used to more than [`PERCENT`] of it. A quota that AWS raises on request may be used up to its default,
//! with which a new account can deploy, and from the same share on a line says which quota it is: that one can be raised in a day or two,
//! and a fixed limit takes a redesign. The use is counted in what CloudFormation gets: the resources that SAM generates, and all nested
//! stacks.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{Template, parse};
use serde_json::{Map, Value};

use super::Parts;
use crate::{Failure, repository};

/// The share of a fixed limit that may be used, and of a quota that is used without a word, in percent.
const PERCENT: usize = 80;

/// A limit. Its comment links to AWS's page.
#[derive(Clone, Copy, Debug)]
struct Limit {
    what: &'static str,
    most: usize,
    /// The code of the quota in Service Quotas, if AWS raises it on request. `most` is its default then.
    quota: Option<&'static str>,
}

impl Limit {
    /// Returns a limit that AWS does not change.
    const fn fixed(what: &'static str, most: usize) -> Self {
        Self { what, most, quota: None }
    }

    /// Returns the share that may be used, in percent.
    const fn percent(self) -> usize {
        if self.quota.is_some() { 100 } else { PERCENT }
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const RESOURCES: Limit = Limit::fixed("resources", 500);
/// The same page.
const PARAMETERS: Limit = Limit::fixed("parameters", 200);
/// The same page: the body of a template in S3.
const TEMPLATE: Limit = Limit::fixed("bytes of the template", 1_000_000);
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
const REFERENCES: Limit = Limit::fixed("dynamic references", 60);
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>: the default, which can be increased. A path has a
/// route for each method: one for any method would also take preflight requests, which the gateway answers itself otherwise.
const ROUTES: Limit = Limit { what: "routes of the HTTP API", most: 300, quota: Some("L-65B5C802") };
/// The same page: this one cannot be increased. All routes of a function share an integration.
const INTEGRATIONS: Limit = Limit::fixed("integrations of the HTTP API", 300);
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const POLICY: Limit = Limit::fixed("bytes of the resource policy", 20_480);
/// The same page.
const ENVIRONMENT: Limit = Limit::fixed("bytes of the environment", 4_096);
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const RULES: Limit = Limit::fixed("rules of the bus", 300);

/// The use of a limit.
#[derive(Debug)]
struct Usage {
    limit: Limit,
    /// The stack, or the function with the highest use.
    by: String,
    used: usize,
}

impl Usage {
    fn is_above(&self, percent: usize) -> bool {
        self.used.saturating_mul(100) > self.limit.most.saturating_mul(percent)
    }

    fn finding(&self) -> Option<String> {
        let Self { limit: Limit { what, most, .. }, by, used } = self;
        let percent = self.limit.percent();
        self.is_above(percent).then(|| format!("{by}: {used} {what} are more than {percent} % of the limit of {most}"))
    }

    /// Returns what is not refused, but will have to be raised.
    fn warning(&self) -> Option<String> {
        let Self { limit: Limit { what, most, quota }, by, used } = self;
        let quota = quota.filter(|_| self.is_above(PERCENT) && self.finding().is_none())?;
        let left = most.saturating_sub(*used);
        Some(format!("{by}: {left} {what} are left of {most}. AWS raises the quota {quota} on request: see infra/README.md, More routes"))
    }
}

/// Prints the use of each limit, and returns those that are nearly reached.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut uses = Vec::new();
    stack("template.yaml", &repository::read("template.yaml")?, &mut uses)?;
    uses.extend(of_template(&parts.template));
    println!("\n| limit of the platform | used | of | by |\n|---|--:|--:|---|");
    for Usage { limit, by, used } in &uses {
        println!("| {} | {used} | {} | {by} |", limit.what, limit.most);
    }
    for warning in uses.iter().filter_map(Usage::warning) {
        println!("\n{warning}");
    }
    Ok(uses.iter().filter_map(Usage::finding).collect())
}

/// The use of a stack, and of those nested in it.
fn stack(file: &str, text: &str, uses: &mut Vec<Usage>) -> Result<(), Failure> {
    let document = parse(text).map_err(|e| format!("{file}: {e}"))?;
    let section = |name: &str| document.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (resources, parameters) = (section("Resources"), section("Parameters"));
    let made: Vec<GeneratedResource> = resources.iter().flat_map(|(id, resource)| made_of(id, resource)).collect();
    let bytes = made.iter().map(|made| made.bytes).sum::<usize>().saturating_add(text.len());
    let mut add = |limit, used| uses.push(Usage { limit, by: file.to_owned(), used });
    add(RESOURCES, made.len());
    add(PARAMETERS, parameters.len());
    add(REFERENCES, text.matches("{{resolve:").count());
    add(TEMPLATE, bytes);
    let mut policies: BTreeMap<&str, usize> = BTreeMap::new();
    for made in &made {
        if let Some((function, bytes)) = &made.permission {
            let total = policies.entry(function).or_default();
            *total = total.saturating_add(*bytes);
        }
    }
    if let Some((function, used)) = policies.into_iter().max_by_key(|(_, used)| *used) {
        uses.push(Usage { limit: POLICY, by: function.to_owned(), used });
    }
    for resource in resources.values() {
        if let Some(nested) = resource.pointer("/Properties/Location").and_then(Value::as_str) {
            stack(nested, &repository::read(nested)?, uses)?;
        }
    }
    Ok(())
}

/// Returns the use that is counted in the loaded template, with every intrinsic function resolved.
fn of_template(template: &Template) -> Vec<Usage> {
    let of_api = |limit, used| Usage { limit, by: "template.yaml".to_owned(), used };
    let functions: BTreeSet<&str> = template.http_api.routes.iter().map(|route| route.function.as_str()).collect();
    let api = [of_api(ROUTES, template.http_api.routes.len()), of_api(INTEGRATIONS, functions.len())];
    let bytes = |environment: &BTreeMap<String, String>| environment.iter().map(|(k, v)| k.len().saturating_add(v.len())).sum::<usize>();
    let largest = template.functions.values().max_by_key(|function| bytes(&function.environment));
    let environment =
        largest.map(|function| Usage { limit: ENVIRONMENT, by: function.logical_id.clone(), used: bytes(&function.environment) });
    let rules = template.buses.iter().map(|bus| Usage {
        limit: RULES,
        by: bus.clone(),
        used: template.rules.iter().filter(|rule| rule.bus == *bus).count(),
    });
    api.into_iter().chain(environment).chain(rules).collect()
}

/// A resource that CloudFormation gets.
#[derive(Debug, Default)]
struct GeneratedResource {
    /// The bytes that SAM adds to the template for it, approximately.
    bytes: usize,
    /// For a permission to invoke a function: the function, and the length of the statement in its policy.
    permission: Option<(String, usize)>,
}

impl GeneratedResource {
    /// Returns another resource that SAM generates, whose properties are about as long as those of a permission.
    fn by_sam() -> Self {
        Self { bytes: 450, permission: None }
    }

    /// Returns a permission whose statement has this source.
    fn permission(function: &str, source: &str) -> Self {
        Self { permission: Some((function.to_owned(), statement(function, source))), ..Self::by_sam() }
    }
}

/// Returns the resources that SAM generates for a resource. Those that are not SAM's stay as they are.
fn made_of(id: &str, resource: &Value) -> Vec<GeneratedResource> {
    let properties = resource.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| properties.get(name).map(Value::to_string).unwrap_or_default();
    match resource.get("Type").and_then(Value::as_str).unwrap_or_default() {
        "AWS::Serverless::Function" => function(id, &properties),
        // The API and its stage.
        "AWS::Serverless::HttpApi" => vec![GeneratedResource::default(), GeneratedResource::by_sam()],
        // Each route has an integration, and each function has one permission.
        "AWS::Serverless::WebSocketApi" => {
            let routes = properties.get("Routes").and_then(Value::as_object).cloned().unwrap_or_default();
            let each = routes.iter().flat_map(|(key, route)| {
                let function = route.get("FunctionArn").map(Value::to_string).unwrap_or_default();
                [
                    GeneratedResource::by_sam(),
                    GeneratedResource::by_sam(),
                    GeneratedResource::permission(&referred(&function), &format!("$connect{key}")),
                ]
            });
            [GeneratedResource::default(), GeneratedResource::by_sam()].into_iter().chain(each).collect()
        }
        "AWS::Lambda::Permission" => {
            vec![GeneratedResource { bytes: 0, ..GeneratedResource::permission(&referred(&text("FunctionName")), &text("SourceArn")) }]
        }
        _ => vec![GeneratedResource::default()],
    }
}

fn function(id: &str, properties: &Map<String, Value>) -> Vec<GeneratedResource> {
    let mut made = vec![GeneratedResource::default()];
    if !properties.contains_key("Role") {
        made.push(GeneratedResource::by_sam());
    }
    if properties.contains_key("EventInvokeConfig") {
        made.push(GeneratedResource::by_sam());
    }
    for (name, event) in properties.get("Events").and_then(Value::as_object).into_iter().flatten() {
        match event.get("Type").and_then(Value::as_str).unwrap_or_default() {
            "S3" => made.push(GeneratedResource::permission(id, name)),
            "EventBridgeRule" => made.extend([GeneratedResource::by_sam(), GeneratedResource::permission(id, name)]),
            // A schedule and its role.
            "ScheduleV2" => made.extend([GeneratedResource::by_sam(), GeneratedResource::by_sam()]),
            _ => made.push(GeneratedResource::by_sam()),
        }
    }
    made
}

/// Returns the logical id in `Ref`, `Fn::GetAtt` or `Fn::Sub`.
fn referred(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().find(|word| word.ends_with("Function") && *word != "Function").unwrap_or(text).to_owned()
}

/// Returns the bytes of the statement that a permission adds to a function's policy, for a stack name of twelve letters.
fn statement(function: &str, source: &str) -> usize {
    const FIXED: &str = r#"{"Sid":"stoa-staging--XXXXXXXXXXXXX","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:stoa-staging-","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-central-1:000000000000:xxxxxxxxxx/*/DELETE"}}},"#;
    // The statement's id contains the logical id, and its resource the name.
    FIXED.len().saturating_add(function.len().saturating_mul(2)).saturating_add(source.len())
}

#[cfg(test)]
mod tests {
    use local::template::RouteSpec;

    use super::*;

    fn uses(text: &str) -> Vec<String> {
        let mut uses = Vec::new();
        stack("t.yaml", text, &mut uses).expect("a template");
        uses.iter().filter_map(Usage::finding).collect()
    }

    /// `Resources` with `many` copies of a resource, each with its own id.
    fn template(many: usize, resource: &str) -> String {
        (0..many).fold("Resources:\n".to_owned(), |text, n| format!("{text}  R{n}: {}\n", resource.replace('#', &n.to_string())))
    }

    #[test]
    fn each_limit_is_reported_at_four_fifths() {
        let function = "{Type: 'AWS::Serverless::Function', Properties: {Events: {A: {Type: S3}}}}";
        // A function, its role, and the permission of the bucket.
        assert_eq!(uses(&template(133, function)), [""; 0]);
        assert_eq!(uses(&template(134, function)), ["t.yaml: 402 resources are more than 80 % of the limit of 500"]);
        let references = |many| template(many, "{Type: X, Properties: {A: '{{resolve:secretsmanager:a:SecretString}}'}}");
        assert_eq!(uses(&references(48)), [""; 0]);
        assert!(uses(&references(49)).concat().contains("49 dynamic references"));
        let parameters = |many| (0..many).fold("Parameters:\n".to_owned(), |text, n| format!("{text}  P{n}: {{Type: String}}\n"));
        assert_eq!(uses(&parameters(160)), [""; 0]);
        assert!(uses(&parameters(161)).concat().contains("161 parameters"));
        assert!(
            uses(&template(9, &format!("{{Type: X, Properties: {{A: '{}'}}}}", "a".repeat(90_000))))
                .concat()
                .contains("bytes of the template")
        );
        let events = |many| (0..many).map(|n| format!("E{n}: {{Type: S3}}")).collect::<Vec<_>>().join(", ");
        let function = |many| {
            format!("Resources:\n  ThingsFunction: {{Type: 'AWS::Serverless::Function', Properties: {{Events: {{{}}}}}}}\n", events(many))
        };
        assert_eq!(uses(&function(40)), [""; 0]);
        let refused = uses(&function(52)).concat();
        assert!(
            refused.starts_with("ThingsFunction: ")
                && refused.ends_with("bytes of the resource policy are more than 80 % of the limit of 20480"),
            "{refused}"
        );
    }

    #[test]
    fn routes_rules_and_environments_are_counted() {
        let mut template = repository::template().expect("the template");
        let findings = |template: &Template| of_template(template).iter().filter_map(Usage::finding).collect::<Vec<_>>();
        assert_eq!(findings(&template), [""; 0]);
        let route = template.http_api.routes[0].clone();
        for (routes, refused, told) in [
            (240, "", ""),
            (241, "", "template.yaml: 59 routes of the HTTP API are left of 300. AWS raises the quota L-65B5C802 on request"),
            (300, "", "template.yaml: 0 routes of the HTTP API are left of 300. AWS raises the quota L-65B5C802 on request"),
            (301, "template.yaml: 301 routes of the HTTP API are more than 100 % of the limit of 300", ""),
        ] {
            template.http_api.routes = vec![route.clone(); routes];
            let warnings: String = of_template(&template).iter().filter_map(Usage::warning).collect();
            assert_eq!(findings(&template).concat(), refused);
            assert!(warnings.starts_with(told) && warnings.is_empty() == told.is_empty(), "{warnings}");
        }
        let of_function = |n: usize| RouteSpec { function: format!("F{n}Function"), ..route.clone() };
        template.http_api.routes = (0..241).map(of_function).collect();
        assert!(findings(&template).concat().contains("241 integrations of the HTTP API are more than 80 % of the limit of 300"));
        template.http_api.routes.clear();
        let rule = template.rules[0].clone();
        template.rules = vec![rule; 241];
        assert!(findings(&template).concat().contains("241 rules of the bus are more than 80 % of the limit of 300"));
        let function = template.functions.values_mut().next().expect("a function");
        function.environment.insert("LONG".to_owned(), "x".repeat(3_300));
        assert!(findings(&template).concat().contains("bytes of the environment are more than 80 % of the limit of 4096"));
    }
}
