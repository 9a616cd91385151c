//! Loads the template from the YAML document.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Map, Value, json};

use super::{
    ACCOUNT, BucketSpec, CorsSpec, Deployment, ExpirySpec, Expression, FunctionSpec, HttpApiSpec, NotificationSpec, QueueMappingSpec,
    QueueSpec, REGION, RouteSpec, RuleSpec, ScheduleSpec, SecretSpec, SocketApiSpec, StreamMappingSpec, TableSpec, Template, TemplateError,
    ThrottleSpec,
    node::Node,
    resolve::{Scope, route_id},
    yaml,
};

/// Resource types that are ignored: domains, logs, policies of buckets and queues, nested stacks. They have no effect in a local
/// cloud.
const NOT_DEPLOYED: [&str; 6] = [
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Application",
];
/// Makes a route of the WebSocket API two-way. Loaded with the API.
const ROUTE_RESPONSE: &str = "AWS::ApiGatewayV2::RouteResponse";

/// Loads a template.
pub(super) fn load(text: &str, deployment: &Deployment) -> Result<Template, TemplateError> {
    let document = yaml::parse(text)?;
    let section = |name: &str| document.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let scope = Scope {
        stack: deployment.stack.clone(),
        parameters: parameters(&section("Parameters"), &deployment.parameters)?,
        conditions: section("Conditions"),
        resources: section("Resources"),
        mappings: document.get("Mappings").cloned().unwrap_or_default(),
    };
    let globals = document.get("Globals").and_then(|g| g.get("Function")).cloned().unwrap_or_else(|| json!({}));
    let mut loading = Loader { scope: &scope, globals, template: Template::default(), invokers: Vec::new() };
    // Functions refer to the other resources by name, so those are loaded first.
    let mut deployed = false;
    let (functions, others): (Vec<_>, Vec<_>) = scope.resources.iter().partition(|(_, r)| kind(r) == "AWS::Serverless::Function");
    for (id, resource) in others.into_iter().chain(functions) {
        if let Some(condition) = resource.get("Condition").and_then(Value::as_str)
            && !scope.condition(condition)?
        {
            continue;
        }
        loading.resource(id, resource)?;
        deployed = true;
    }
    if !deployed {
        // CloudFormation refuses this with the same text.
        return Err(TemplateError("Resources: at least one member must be defined".to_owned()));
    }
    loading.check_invokers()?;
    Ok(loading.template)
}

fn kind(resource: &Value) -> &str {
    resource.get("Type").and_then(Value::as_str).unwrap_or_default()
}

fn parameters(declared: &Map<String, Value>, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, Value>, TemplateError> {
    let value = |(name, block): (&String, &Value)| {
        let given = given.get(name).cloned();
        let default = || block.get("Default").and_then(super::resolve::text);
        let text = given.or_else(default).ok_or_else(|| TemplateError(format!("Parameters.{name}: no value is given")))?;
        let list = block.get("Type").and_then(Value::as_str).is_some_and(|t| t == "CommaDelimitedList" || t.starts_with("List<"));
        let value = if list { text.split(',').map(str::trim).collect::<Vec<_>>().into() } else { Value::from(text) };
        Ok((name.clone(), value))
    };
    declared.iter().map(value).collect()
}

struct Loader<'a> {
    scope: &'a Scope,
    globals: Value,
    template: Template,
    invokers: Vec<Invoker>,
}

/// A permission to invoke a function: a statement of its resource policy.
struct Invoker {
    function_name: String,
    source: String,
}

impl Loader<'_> {
    fn resource(&mut self, id: &str, resource: &Value) -> Result<(), TemplateError> {
        let path = format!("Resources.{id}");
        let properties = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
        match kind(resource) {
            "" => return Err(TemplateError(format!("{path}: Type is missing"))),
            "AWS::Serverless::HttpApi" => self.http_api(id, &self.node(path, &properties)?)?,
            "AWS::Lambda::Permission" => {
                let node = self.node(path, &properties)?;
                self.invokers.push(Invoker { function_name: node.need_text("FunctionName")?, source: node.need_text("SourceArn")? });
            }
            "AWS::Serverless::WebSocketApi" => self.template.socket_api = Some(self.socket_api(id, &self.node(path, &properties)?)?),
            "AWS::DynamoDB::Table" => self.table(id, &self.node(path, &properties)?)?,
            "AWS::S3::Bucket" => self.bucket(id, &self.node(path, &properties)?)?,
            "AWS::Events::EventBus" => self.template.buses.push(self.scope.physical_of(id)?.name),
            "AWS::SQS::Queue" => {
                let physical = self.scope.physical_of(id)?;
                self.template.queues.push(QueueSpec { logical_id: id.to_owned(), name: physical.name, arn: physical.arn });
            }
            "AWS::SecretsManager::Secret" => {
                let secret = secret(id, self.scope.physical_of(id)?.arn, &self.node(path, &properties)?)?;
                self.template.secrets.push(secret);
            }
            "AWS::Serverless::Function" => {
                let properties = self.with_globals(properties);
                self.function(id, &self.node(path, &properties)?)?;
            }
            known if known == ROUTE_RESPONSE || NOT_DEPLOYED.contains(&known) => {}
            other => return Err(TemplateError(format!("{path}: resources of type {other} are not supported"))),
        }
        Ok(())
    }

    fn node(&self, path: String, properties: &Value) -> Result<Node, TemplateError> {
        let resolved = self.scope.resolve(properties).map_err(|e| TemplateError(format!("{path}: {}", e.0)))?;
        Ok(Node::new(path, resolved.unwrap_or(Value::Null)))
    }

    /// Merges SAM's `Globals`: objects are merged, lists are concatenated, and otherwise the function's own value wins.
    fn with_globals(&self, properties: Value) -> Value {
        merged(self.globals.clone(), properties)
    }

    fn http_api(&mut self, id: &str, node: &Node) -> Result<(), TemplateError> {
        if !self.template.http_api.id.is_empty() {
            return Err(node.wrong("a second HTTP API is not supported"));
        }
        let body = node.get("DefinitionBody");
        let routes = body.map(|body| routes(&body, |arn| self.function_of(arn))).transpose()?.unwrap_or_default();
        self.template.http_api = http_api(id, node, routes)?;
        Ok(())
    }

    /// Checks that the API may invoke the functions of its routes. Otherwise API Gateway answers with 500.
    fn check_invokers(&self) -> Result<(), TemplateError> {
        let api = &self.template.http_api;
        let source = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/*", api.id);
        for route in &api.routes {
            let name = self.template.functions.get(&route.function).map(|function| function.function_name.as_str());
            let lets_in = |invoker: &Invoker| Some(invoker.function_name.as_str()) == name && invoker.source == source;
            if !self.invokers.iter().any(lets_in) {
                let RouteSpec { method, path, function } = route;
                return Err(TemplateError(format!(
                    "{method} {path}: no AWS::Lambda::Permission lets the API call {function} from {source}"
                )));
            }
        }
        Ok(())
    }

    fn socket_api(&self, id: &str, node: &Node) -> Result<SocketApiSpec, TemplateError> {
        let route = |(key, route): (String, Node)| Ok((key, self.function_by_arn(&route.need("FunctionArn")?)?));
        let two_way = self.two_way(id, node)?;
        Ok(SocketApiSpec {
            two_way,
            id: self.scope.physical_of(id)?.name,
            stage: node.or("StageName", "default".to_owned())?,
            selection: node.need_text("RouteSelectionExpression")?,
            routes: node.need("Routes")?.entries()?.into_iter().map(route).collect::<Result<_, TemplateError>>()?,
            throttle: node.get("DefaultRouteSettings").map(|n| throttle(&n)).transpose()?.flatten(),
        })
    }

    /// Returns the keys of the routes with both a response and a selection expression for it. One without the other has no effect.
    fn two_way(&self, api: &str, node: &Node) -> Result<BTreeSet<String>, TemplateError> {
        let mut answered = BTreeSet::new();
        for (id, response) in self.scope.resources.iter().filter(|(_, r)| kind(r) == ROUTE_RESPONSE) {
            let response = self.node(format!("Resources.{id}"), response.get("Properties").unwrap_or(&Value::Null))?;
            answered.insert(response.need_text("RouteId")?);
        }
        let mut two_way = BTreeSet::new();
        for (key, route) in node.need("Routes")?.entries()? {
            let selects = route.get("RouteResponseSelectionExpression").is_some();
            if selects != answered.contains(&route_id(api, &key)) {
                return Err(route.wrong("a route response needs a selection expression, and the expression needs a response"));
            }
            if selects {
                two_way.insert(key);
            }
        }
        Ok(two_way)
    }

    fn function_by_arn(&self, node: &Node) -> Result<String, TemplateError> {
        self.function_of(&node.text()?).ok_or_else(|| node.wrong("there is no such function"))
    }

    /// Returns the function with this ARN.
    fn function_of(&self, wanted: &str) -> Option<String> {
        let mut functions = self.scope.resources.iter().filter(|(_, r)| kind(r) == "AWS::Serverless::Function");
        functions.find(|(id, _)| self.scope.physical_of(id).is_ok_and(|p| p.arn == wanted)).map(|(id, _)| id.clone())
    }

    fn table(&mut self, id: &str, node: &Node) -> Result<(), TemplateError> {
        const CREATE: [&str; 6] =
            ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode", "StreamSpecification"];
        let physical = self.scope.physical_of(id)?;
        let mut create = Map::from_iter([("TableName".to_owned(), physical.name.clone().into())]);
        for (key, value) in node.entries()? {
            if CREATE.contains(&key.as_str()) {
                create.insert(key, value.value().clone());
            }
        }
        if let Some(Value::Object(stream)) = create.get_mut("StreamSpecification") {
            // `CreateTable` needs this field, which CloudFormation adds by itself.
            stream.insert("StreamEnabled".to_owned(), true.into());
        }
        let ttl = node.get("TimeToLiveSpecification").map(|n| n.need_text("AttributeName")).transpose()?;
        let policy = node.get("ResourcePolicy").map(|n| n.need("PolicyDocument")).transpose()?;
        self.template.tables.push(TableSpec {
            stream_arn: node.get("StreamSpecification").map(|_| format!("{}/stream/local", physical.arn)),
            name: physical.name,
            arn: physical.arn,
            create: Value::Object(create),
            ttl_attribute: ttl,
            statements: policy.map(|p| p.list("Statement").iter().map(|s| s.value().clone()).collect()).unwrap_or_default(),
        });
        Ok(())
    }

    fn bucket(&mut self, id: &str, node: &Node) -> Result<(), TemplateError> {
        if let Some(other) = node.get("NotificationConfiguration") {
            return Err(other.wrong("is not supported: give the function an event of type S3"));
        }
        let physical = self.scope.physical_of(id)?;
        let rules = node.get("CorsConfiguration").map(|c| c.list("CorsRules")).unwrap_or_default();
        let cors = |rule: &Node| {
            Ok(CorsSpec {
                allow_origins: rule.texts("AllowedOrigins")?,
                allow_methods: rule.texts("AllowedMethods")?,
                allow_headers: rule.texts("AllowedHeaders")?,
                expose_headers: rule.texts("ExposedHeaders")?,
                allow_credentials: false,
                max_age: rule.get("MaxAge").map(|n| n.parse()).transpose()?,
            })
        };
        let cors = rules.iter().map(cors).collect::<Result<_, TemplateError>>()?;
        let mut expiries = Vec::new();
        for rule in node.get("LifecycleConfiguration").map(|c| c.list("Rules")).unwrap_or_default() {
            let enabled = rule.need_text("Status")? == "Enabled";
            // Other rules have no effect here: they delete incomplete multipart uploads.
            if let Some(days) = rule.get("ExpirationInDays").filter(|_| enabled) {
                let prefix = rule.get("Prefix").map(|n| n.text()).transpose()?.unwrap_or_default();
                let after = Duration::from_secs(days.parse::<u64>()?.saturating_mul(24 * 3600));
                expiries.push(ExpirySpec { prefix, after });
            }
        }
        self.template.buckets.push(BucketSpec { name: physical.name, arn: physical.arn, cors, expiries });
        Ok(())
    }

    fn function(&mut self, id: &str, node: &Node) -> Result<(), TemplateError> {
        let physical = self.scope.physical_of(id)?;
        let code = node.need_text("CodeUri")?;
        let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let variables = node.get("Environment").and_then(|e| e.get("Variables"));
        let variables = variables.map(|v| v.entries()).transpose()?.unwrap_or_default();
        let invoke = node.get("EventInvokeConfig");
        let on_failure = invoke.as_ref().and_then(|i| i.get("DestinationConfig")).and_then(|d| d.get("OnFailure"));
        let mut statements = Vec::new();
        for policy in node.list("Policies") {
            let document = policy
                .get("Statement")
                .ok_or_else(|| policy.wrong("only policy documents are supported, no names and no SAM templates"))?;
            statements.extend(document.items().iter().map(|s| s.value().clone()));
        }
        let spec = FunctionSpec {
            logical_id: id.to_owned(),
            name,
            function_name: physical.name,
            arn: physical.arn,
            environment: variables.into_iter().map(|(k, v)| Ok((k, v.text()?))).collect::<Result<_, TemplateError>>()?,
            statements,
            timeout: Duration::from_secs(node.or("Timeout", 3)?),
            memory_mb: node.or("MemorySize", 128)?,
            max_retries: invoke.as_ref().map_or(Ok(2), |i| i.or("MaximumRetryAttempts", 2))?,
            on_failure: on_failure.map(|d| self.queue(&d.need("Destination")?)).transpose()?,
        };
        self.template.functions.insert(id.to_owned(), spec);
        for (event, node) in node.get("Events").map(|e| e.entries()).transpose()?.unwrap_or_default() {
            self.event(id, &event, &node)?;
        }
        Ok(())
    }

    fn event(&mut self, function: &str, event: &str, node: &Node) -> Result<(), TemplateError> {
        let name = format!("{function}{event}");
        let properties = node.get("Properties").unwrap_or_else(|| Node::new("", json!({})));
        let function = function.to_owned();
        match node.need_text("Type")?.as_str() {
            "HttpApi" => {
                return Err(node.wrong("routes belong into the DefinitionBody of the API: here each would need its own permission"));
            }
            kind @ ("Schedule" | "ScheduleV2") => {
                let schedule = self.schedule(name, function, &properties, kind == "ScheduleV2")?;
                self.template.schedules.push(schedule);
            }
            "EventBridgeRule" | "CloudWatchEvent" => {
                let rule = RuleSpec {
                    bus: properties.or("EventBusName", "default".to_owned())?,
                    pattern: properties.need("Pattern")?.value().clone(),
                    dead_letter: self.dead_letter(&properties)?,
                    name,
                    function,
                };
                self.template.rules.push(rule);
            }
            "DynamoDB" => {
                let mapping = self.stream_mapping(name, function, &properties)?;
                self.template.stream_mappings.push(mapping);
            }
            "SQS" => {
                let queue = properties.need("Queue")?;
                let mapping = QueueMappingSpec { queue: self.queue(&queue)?, queue_arn: queue.text()?, name, function };
                self.template.queue_mappings.push(mapping);
            }
            "S3" => self.template.notifications.push(notification(name, function, &properties)?),
            _ => return Err(node.wrong("events of this type are not supported")),
        }
        Ok(())
    }

    fn schedule(&self, name: String, function: String, node: &Node, scheduler: bool) -> Result<ScheduleSpec, TemplateError> {
        let expression = node.get("ScheduleExpression").map_or_else(|| node.need("Schedule"), Ok)?;
        let times = Expression::parse(&expression.text()?).map_err(|e| expression.wrong(&e))?;
        if node.or("ScheduleExpressionTimezone", "UTC".to_owned())? != "UTC" {
            return Err(node.wrong("only schedules in UTC are supported"));
        }
        Ok(ScheduleSpec {
            expression: expression.text()?,
            times,
            input: node.get("Input").map(|n| input(&n)).transpose()?,
            enabled: node.or("State", "ENABLED".to_owned())? == "ENABLED" && node.or("Enabled", true)?,
            dead_letter: self.dead_letter(node)?,
            scheduler,
            name,
            function,
        })
    }

    fn stream_mapping(&self, name: String, function: String, node: &Node) -> Result<StreamMappingSpec, TemplateError> {
        let stream = node.need("Stream")?;
        let arn = stream.text()?;
        let table = self.template.tables.iter().find(|t| t.stream_arn.as_deref() == Some(&arn));
        let filter = |f: &Node| {
            let pattern = f.need("Pattern")?;
            serde_json::from_str(&pattern.text()?).map_err(|e| pattern.wrong(&e.to_string()))
        };
        let filters = node.get("FilterCriteria").map(|c| c.list("Filters")).unwrap_or_default();
        // −1 means "until the record expires" in CloudFormation.
        let bounded = |key: &str| -> Result<Option<u32>, TemplateError> {
            Ok(node.get(key).map(|n| n.parse::<i64>()).transpose()?.and_then(|n| n.try_into().ok()))
        };
        let on_failure = node.get("DestinationConfig").and_then(|d| d.get("OnFailure"));
        Ok(StreamMappingSpec {
            table: table.ok_or_else(|| stream.wrong("there is no such stream"))?.name.clone(),
            filters: filters.iter().map(filter).collect::<Result<_, TemplateError>>()?,
            batch_size: node.or("BatchSize", 100)?,
            reports_failures: node.texts("FunctionResponseTypes")?.iter().any(|t| t == "ReportBatchItemFailures"),
            bisects: node.or("BisectBatchOnFunctionError", false)?,
            max_retries: bounded("MaximumRetryAttempts")?,
            max_age: bounded("MaximumRecordAgeInSeconds")?.map(|s| Duration::from_secs(s.into())),
            on_failure: on_failure.map(|d| self.queue(&d.need("Destination")?)).transpose()?,
            name,
            function,
        })
    }

    fn dead_letter(&self, properties: &Node) -> Result<Option<String>, TemplateError> {
        properties.get("DeadLetterConfig").and_then(|d| d.get("Arn")).map(|arn| self.queue(&arn)).transpose()
    }

    /// Returns the logical id of the queue with this ARN.
    fn queue(&self, arn: &Node) -> Result<String, TemplateError> {
        let wanted = arn.text()?;
        let queue = self.template.queues.iter().find(|q| q.arn == wanted);
        queue.map(|q| q.logical_id.clone()).ok_or_else(|| arn.wrong("there is no such queue"))
    }
}

/// Returns the routes of an OpenAPI document, each with the function of its integration
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integrations.html>).
fn routes(body: &Node, function_of: impl Fn(&str) -> Option<String>) -> Result<Vec<RouteSpec>, TemplateError> {
    const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];
    const SHARED: &str = "x-amazon-apigateway-integrations";
    let mut routes = Vec::new();
    for (path, operations) in body.need("paths")?.entries()? {
        for (method, operation) in operations.entries()? {
            if !METHODS.contains(&method.as_str()) {
                // `any` routes get preflight requests too, which API Gateway then passes to the function
                // (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>).
                return Err(operation.wrong("name the methods of a route: get, head, post, put, patch, delete"));
            }
            let named = operation.need("x-amazon-apigateway-integration")?;
            let integration = match named.get("$ref").map(|place| place.text()).transpose()? {
                Some(place) => {
                    let name = place.strip_prefix("#/components/").and_then(|p| p.strip_prefix(SHARED)?.strip_prefix('/'));
                    let name = name.ok_or_else(|| named.wrong("this is no integration of the document"))?;
                    body.need("components")?.need(SHARED)?.need(name)?
                }
                None => named,
            };
            if (integration.need_text("type")?, integration.need_text("payloadFormatVersion")?) != ("aws_proxy".into(), "2.0".into()) {
                return Err(integration.wrong("only functions are integrated here, by payloads of version 2.0"));
            }
            let uri = integration.need("uri")?;
            let text = uri.text()?;
            let arn = text.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
            let function = arn.and_then(&function_of).ok_or_else(|| uri.wrong("there is no such function"))?;
            routes.push(RouteSpec { method: method.to_ascii_uppercase(), path: path.clone(), function });
        }
    }
    Ok(routes)
}

fn http_api(id: &str, node: &Node, routes: Vec<RouteSpec>) -> Result<HttpApiSpec, TemplateError> {
    let cors = |c: Node| {
        Ok(CorsSpec {
            allow_origins: c.texts("allowOrigins")?,
            allow_methods: c.texts("allowMethods")?,
            allow_headers: c.texts("allowHeaders")?.iter().map(|h| h.to_ascii_lowercase()).collect(),
            expose_headers: c.texts("exposeHeaders")?,
            allow_credentials: c.or("allowCredentials", false)?,
            max_age: c.get("maxAge").map(|n| n.parse()).transpose()?,
        })
    };
    let mut route_throttles = BTreeMap::new();
    for (route, settings) in node.get("RouteSettings").map(|n| n.entries()).transpose()?.unwrap_or_default() {
        route_throttles.extend(throttle(&settings)?.map(|t| (route, t)));
    }
    Ok(HttpApiSpec {
        id: id.to_ascii_lowercase(),
        stage: node.or("StageName", "$default".to_owned())?,
        routes,
        // SAM's own CorsConfiguration does not take a list from an intrinsic function.
        cors: node.get("DefinitionBody").and_then(|body| body.get("x-amazon-apigateway-cors")).map(cors).transpose()?,
        throttle: node.get("DefaultRouteSettings").map(|n| throttle(&n)).transpose()?.flatten(),
        route_throttles,
    })
}

fn throttle(node: &Node) -> Result<Option<ThrottleSpec>, TemplateError> {
    let (rate, burst) = (node.get("ThrottlingRateLimit"), node.get("ThrottlingBurstLimit"));
    let (Some(rate), Some(burst)) = (rate, burst) else { return Ok(None) };
    Ok(Some(ThrottleSpec { rate: rate.parse()?, burst: burst.parse()? }))
}

fn secret(id: &str, arn: String, node: &Node) -> Result<SecretSpec, TemplateError> {
    let generate = node.need("GenerateSecretString")?;
    Ok(SecretSpec {
        logical_id: id.to_owned(),
        arn,
        length: generate.or("PasswordLength", 32)?,
        template: generate.get("SecretStringTemplate").map(|n| n.text()).transpose()?,
        key: generate.get("GenerateStringKey").map(|n| n.text()).transpose()?,
    })
}

fn notification(name: String, function: String, node: &Node) -> Result<NotificationSpec, TemplateError> {
    let rules = node.get("Filter").and_then(|f| f.get("S3Key")).map(|k| k.list("Rules")).unwrap_or_default();
    let part = |wanted: &str| -> Result<String, TemplateError> {
        let rule = rules.iter().find(|r| r.need_text("Name").is_ok_and(|n| n.eq_ignore_ascii_case(wanted)));
        rule.map_or(Ok(String::new()), |r| r.need_text("Value"))
    };
    Ok(NotificationSpec {
        bucket: node.need_text("Bucket")?,
        events: node.texts("Events")?,
        prefix: part("prefix")?,
        suffix: part("suffix")?,
        name,
        function,
    })
}

/// Returns a schedule's input: JSON in a string, or an object.
fn input(node: &Node) -> Result<Value, TemplateError> {
    match node.value() {
        Value::String(text) => serde_json::from_str(text).map_err(|e| node.wrong(&e.to_string())),
        other => Ok(other.clone()),
    }
}

fn merged(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let value = match base.remove(&key) {
                    Some(below) => merged(below, value),
                    None => value,
                };
                base.insert(key, value);
            }
            Value::Object(base)
        }
        (Value::Array(mut base), Value::Array(over)) => {
            base.extend(over);
            Value::Array(base)
        }
        (_, over) => over,
    }
}
