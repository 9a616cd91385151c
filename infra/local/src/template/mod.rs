//! `template.yaml`, as far as the local cloud supports it: typed, with every reference resolved.
//!
//! Names: `function` is always the logical id of a function (`RegistrationFunction`), and queues are named so too. Tables, buckets
//! and buses have their physical names, as in calls.

mod expression;
mod load;
mod node;
mod resolve;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub use expression::Expression;
use serde_json::Value;

/// All resources of the template.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// By logical id.
    pub functions: BTreeMap<String, FunctionSpec>,
    /// The HTTP API.
    pub http_api: HttpApiSpec,
    /// The WebSocket API.
    pub socket_api: Option<SocketApiSpec>,
    /// The tables.
    pub tables: Vec<TableSpec>,
    /// The buckets.
    pub buckets: Vec<BucketSpec>,
    /// Names of the event buses.
    pub buses: Vec<String>,
    /// The dead-letter queues.
    pub queues: Vec<QueueSpec>,
    /// The rules that invoke functions for events of a bus.
    pub rules: Vec<RuleSpec>,
    /// The mappings that invoke functions for records of a table's stream.
    pub stream_mappings: Vec<StreamMappingSpec>,
    /// The mappings that invoke functions for messages of a queue.
    pub queue_mappings: Vec<QueueMappingSpec>,
    /// The notifications that invoke functions for objects of a bucket.
    pub notifications: Vec<NotificationSpec>,
    /// The schedules that invoke functions.
    pub schedules: Vec<ScheduleSpec>,
    /// The generated secrets.
    pub secrets: Vec<SecretSpec>,
}

/// The inputs of a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The stack's name.
    pub stack: String,
    /// Values for the template's parameters.
    pub parameters: BTreeMap<String, String>,
}

/// Why a template is not valid, with the path in it, in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub(crate) String);

/// The id of the AWS account.
pub const ACCOUNT: &str = "000000000000";
/// The AWS region.
pub const REGION: &str = "eu-central-1";
/// The name of the stack of a local cloud.
pub const STACK: &str = "stoa";

/// A function.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    /// The logical id.
    pub logical_id: String,
    /// The name of its folder and of its crate: the last part of `CodeUri`.
    pub name: String,
    /// The physical name.
    pub function_name: String,
    /// The ARN.
    pub arn: String,
    /// Its environment variables, resolved. The host adds those of the platform.
    pub environment: BTreeMap<String, String>,
    /// The statements of its policies, resolved.
    pub statements: Vec<Value>,
    /// The timeout.
    pub timeout: Duration,
    /// The memory in MB.
    pub memory_mb: u32,
    /// How often an asynchronous invocation is retried.
    pub max_retries: u32,
    /// The queue for asynchronous invocations that failed after all retries.
    pub on_failure: Option<String>,
}

/// The HTTP API.
#[derive(Clone, Debug, Default)]
pub struct HttpApiSpec {
    /// The id, the first label of its host name.
    pub id: String,
    /// `$default`, unless the template names another.
    pub stage: String,
    /// The routes.
    pub routes: Vec<RouteSpec>,
    /// The CORS configuration. Without one, preflight requests are routed like any other request.
    pub cors: Option<CorsSpec>,
    /// The throttling of routes without their own.
    pub throttle: Option<ThrottleSpec>,
    /// The throttling of single routes, by route key.
    pub route_throttles: BTreeMap<String, ThrottleSpec>,
}

/// One route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSpec {
    /// `GET`, …
    pub method: String,
    /// Such as `/v1/users/{username}`.
    pub path: String,
    /// The function that it invokes.
    pub function: String,
}

/// Cross-origin settings of an HTTP API or of a bucket's rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsSpec {
    /// Exact origins, or `*`.
    pub allow_origins: Vec<String>,
    /// Methods, or `*`.
    pub allow_methods: Vec<String>,
    /// Request headers, lower case, or `*`.
    pub allow_headers: Vec<String>,
    /// Response headers.
    pub expose_headers: Vec<String>,
    /// Whether cookies may be sent.
    pub allow_credentials: bool,
    /// How long a preflight response may be cached, in seconds.
    pub max_age: Option<u32>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThrottleSpec {
    /// Requests per second.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

/// The WebSocket API.
#[derive(Clone, Debug)]
pub struct SocketApiSpec {
    /// The id, the first label of its host name.
    pub id: String,
    /// The first segment of its path.
    pub stage: String,
    /// The expression that selects a route, such as `$request.body.stream`.
    pub selection: String,
    /// The function of each route key (`$connect`, `chat`, …).
    pub routes: BTreeMap<String, String>,
    /// The keys of the routes with a response: the response of their function is sent to the client.
    pub two_way: BTreeSet<String>,
    /// The throttling of every route.
    pub throttle: Option<ThrottleSpec>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The ARN of its stream, if it has one.
    pub stream_arn: Option<String>,
    /// A `CreateTable` request.
    pub create: Value,
    /// The attribute of its time to live.
    pub ttl_attribute: Option<String>,
    /// The statements of its resource policy.
    pub statements: Vec<Value>,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct BucketSpec {
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The cross-origin rules.
    pub cors: Vec<CorsSpec>,
    /// The lifecycle rules.
    pub expiries: Vec<ExpirySpec>,
}

/// A lifecycle rule of a bucket, which deletes old objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpirySpec {
    /// The prefix of the objects' keys.
    pub prefix: String,
    /// The age at which they are deleted.
    pub after: Duration,
}

/// A queue.
#[derive(Clone, Debug)]
pub struct QueueSpec {
    /// The logical id.
    pub logical_id: String,
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// A rule on a bus.
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// The rule's name.
    pub name: String,
    /// The bus.
    pub bus: String,
    /// The function that it invokes, asynchronously.
    pub function: String,
    /// The event pattern.
    pub pattern: Value,
    /// The dead-letter queue.
    pub dead_letter: Option<String>,
}

/// An event source mapping from a table's stream.
#[derive(Clone, Debug)]
pub struct StreamMappingSpec {
    /// The name of the event in the template.
    pub name: String,
    /// The table.
    pub table: String,
    /// The function.
    pub function: String,
    /// Patterns of which one must match. If there are none, every record matches.
    pub filters: Vec<Value>,
    /// Records per invocation.
    pub batch_size: usize,
    /// `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// Whether a failed batch is halved.
    pub bisects: bool,
    /// How often a batch is retried. `None` means until it expires.
    pub max_retries: Option<u32>,
    /// The age at which records are no longer retried.
    pub max_age: Option<Duration>,
    /// The queue for batches whose retries have ended.
    pub on_failure: Option<String>,
}

/// An event source mapping from a queue.
#[derive(Clone, Debug)]
pub struct QueueMappingSpec {
    /// The name of the event in the template.
    pub name: String,
    /// The logical id of the queue.
    pub queue: String,
    /// The ARN of the queue.
    pub queue_arn: String,
    /// The function.
    pub function: String,
}

/// A bucket's notification.
#[derive(Clone, Debug)]
pub struct NotificationSpec {
    /// The name of the event in the template.
    pub name: String,
    /// The bucket.
    pub bucket: String,
    /// The function that it invokes, asynchronously.
    pub function: String,
    /// Such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// The prefix of the keys.
    pub prefix: String,
    /// The suffix of the keys.
    pub suffix: String,
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct ScheduleSpec {
    /// The name.
    pub name: String,
    /// The function that it invokes, asynchronously.
    pub function: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The parsed expression.
    pub times: Expression,
    /// The event of the function, instead of the scheduler's own.
    pub input: Option<Value>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether it belongs to EventBridge Scheduler (`ScheduleV2`) or is a rule of EventBridge (`Schedule`). Their events differ.
    pub scheduler: bool,
    /// The dead-letter queue.
    pub dead_letter: Option<String>,
}

/// A secret that Secrets Manager generates.
#[derive(Clone, Debug)]
pub struct SecretSpec {
    /// The logical id.
    pub logical_id: String,
    /// The ARN, which dynamic references contain.
    pub arn: String,
    /// The number of generated characters.
    pub length: usize,
    /// A JSON object to which the generated characters are added.
    pub template: Option<String>,
    /// The key under which they are added.
    pub key: Option<String>,
}

/// Returns a YAML document as JSON, with CloudFormation's short tags in their long form.
///
/// # Errors
/// [`TemplateError`] if it is not valid.
pub fn parse(text: &str) -> Result<Value, TemplateError> {
    yaml::parse(text)
}

impl Template {
    /// Loads a template.
    ///
    /// # Errors
    /// [`TemplateError`] if it is not valid, or has something that the local cloud does not support.
    pub fn load(text: &str, deployment: &Deployment) -> Result<Self, TemplateError> {
        load::load(text, deployment)
    }

    /// Returns the function with this logical id, folder name, physical name or ARN.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&FunctionSpec> {
        self.functions.get(name).or_else(|| self.functions.values().find(|f| f.name == name || f.function_name == name || f.arn == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::iam::{Need, Policy};

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    fn deployment() -> Deployment {
        let parameters = [
            ("Stage", "development"),
            ("PublicUrl", "http://127.0.0.1:4000"),
            ("AllowedOrigins", "http://localhost:5173,http://127.0.0.1:4000"),
            ("MailFrom", "stoa@example.test"),
            ("StripeSecretKey", "sk_test_1"),
            ("StripePublishableKey", "pk_test_1"),
            ("StripeWebhookSecrets", "whsec_1"),
        ];
        Deployment { stack: "stoa".into(), parameters: parameters.map(|(k, v)| (k.into(), v.into())).into() }
    }

    fn load(text: &str) -> Result<Template, String> {
        Template::load(text, &deployment()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_real_template_loads() {
        let template = load(TEMPLATE).expect("loads");
        let login = template.function("login").expect("login");
        assert_eq!(login.logical_id, "LoginFunction");
        assert_eq!(login.environment.get("STAGE").map(String::as_str), Some("development"));
        assert_eq!(login.environment.get("TABLE_NAME").map(String::as_str), Some("stoa-state"));
        assert_eq!(login.timeout, Duration::from_secs(29));
        assert!(!login.statements.is_empty());
        assert!(
            template
                .http_api
                .routes
                .iter()
                .any(|r| r.method == "GET" && r.path == "/v1/users/{username}" && r.function == "ProfileFunction")
        );
        assert_eq!(template.http_api.cors.as_ref().map(|c| c.allow_origins.len()), Some(2));
        let socket = template.socket_api.as_ref().expect("socket");
        assert_eq!((socket.stage.as_str(), socket.routes.get("chat").map(String::as_str)), ("development", Some("ChatFunction")));
        assert_eq!(socket.two_way.iter().map(String::as_str).collect::<Vec<_>>(), ["$default", "chat", "support"]);
        let relay = template.stream_mappings.iter().find(|mapping| mapping.function == "OutboxRelayFunction").expect("mapping");
        assert_eq!((relay.table.as_str(), relay.max_retries), ("stoa-state", None));
        assert_eq!(relay.max_age, Some(Duration::from_secs(84_600)));
        assert_eq!(relay.on_failure.as_deref(), Some("Failures"));
        assert!(relay.reports_failures && relay.bisects && relay.filters.len() == 1);
        let given_up = template.queue_mappings.first().expect("mapping");
        assert_eq!((given_up.function.as_str(), given_up.queue.as_str()), ("DeadLettersFunction", "Failures"));
        let uploads = template.notifications.first().expect("notification");
        assert_eq!((uploads.prefix.as_str(), uploads.function.as_str()), ("incoming/", "UploadProcessorFunction"));
        assert!(template.rules.iter().all(|r| r.dead_letter.is_some() && (r.bus == "stoa" || r.function == "HealthFunction")));
        assert_eq!(template.schedules.len(), 7);
        assert_eq!(template.secrets.len(), 2);
        let deliver = Policy::parse(&template.function("deliver").expect("deliver").statements).expect("policy");
        let publish = |to: &str| deliver.check(&Need::new("sns:Publish", to)).map_err(|e| e.to_string());
        assert_eq!(publish("*"), Ok(()), "a number");
        assert!(publish("arn:aws:sns:eu-central-1:000000000000:stoa-Alarms").is_err_and(|e| e.contains("an explicit deny")));
    }

    #[test]
    fn errors_of_a_template_are_one_line() {
        let function = |more: &str| {
            format!("Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/f\n{more}")
        };
        for (text, expected) in [
            ("Resources: [".to_owned(), "did not find expected node content"),
            ("Parameters: {P: {Type: String}}".to_owned(), "Parameters.P: no value is given"),
            (String::new(), "Resources: at least one member"),
            ("# nothing\n---\n".to_owned(), "Resources: at least one member"),
            ("no template".to_owned(), "Resources: at least one member"),
            ("Resources:\n".to_owned(), "Resources: at least one member"),
            ("Resources: {}".to_owned(), "Resources: at least one member"),
            ("Resources: [{Type: AWS::SQS::Queue}]".to_owned(), "Resources: at least one member"),
            (
                "Conditions: {N: !Equals [a, b]}\nResources: {Q: {Type: AWS::SQS::Queue, Condition: N}}".to_owned(),
                "Resources: at least one member",
            ),
            (function("      Timeout: soon\n"), "Resources.F.Timeout: the value is not valid"),
            (function("      Role: !GetAtt Nobody.Arn\n"), "Resources.F: Nobody: there is no such parameter or resource"),
            (function("      Policies: [AWSLambdaExecute]\n"), "Resources.F.Policies[0]: only policy documents"),
            (
                function("      Events: {E: {Type: HttpApi, Properties: {Path: /x}}}\n"),
                "Resources.F.Events.E: routes belong into the DefinitionBody",
            ),
            (function("      Events: {E: {Type: SNS, Properties: {}}}\n"), "Resources.F.Events.E: events of this type are not supported"),
            (
                "Resources: {T: {Type: AWS::DynamoDB::Tabel, Properties: {}}}".to_owned(),
                "Resources.T: resources of type AWS::DynamoDB::Tabel are not supported",
            ),
            (
                function("      Events: {E: {Type: Schedule, Properties: {Schedule: rate(0 days)}}}\n"),
                "Resources.F.Events.E.Properties.Schedule",
            ),
        ] {
            let error = load(&text).map(|_| ()).expect_err(&text);
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }
}
