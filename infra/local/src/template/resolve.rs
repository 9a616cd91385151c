//! Intrinsic functions: `Ref`, `Fn::GetAtt`, `Fn::Sub` and others, as CloudFormation evaluates them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{ACCOUNT, REGION, TemplateError};

/// Deeper nesting of references is reported as a cycle.
const MAX_DEPTH: u32 = 32;

/// Everything that a reference can name.
pub(super) struct Scope {
    pub stack: String,
    pub parameters: BTreeMap<String, Value>,
    pub conditions: Map<String, Value>,
    pub resources: Map<String, Value>,
    pub mappings: Value,
}

impl Scope {
    /// Returns the value with every function evaluated. `None` if the result is `AWS::NoValue`.
    pub fn resolve(&self, value: &Value) -> Result<Option<Value>, TemplateError> {
        self.at_depth(value, 0)
    }

    fn at_depth(&self, value: &Value, depth: u32) -> Result<Option<Value>, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError("references form a cycle".to_owned()));
        }
        let deeper = depth.saturating_add(1);
        match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(|v| self.at_depth(v, deeper).transpose());
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            Value::Object(entries) => {
                if let Some((function, argument)) = intrinsic(entries) {
                    return self.call(function, argument, deeper);
                }
                let entries = entries.iter().filter_map(|(k, v)| Some(self.at_depth(v, deeper).transpose()?.map(|v| (k.clone(), v))));
                Ok(Some(Value::Object(entries.collect::<Result<_, _>>()?)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn call(&self, function: &str, argument: &Value, depth: u32) -> Result<Option<Value>, TemplateError> {
        let call = Call { scope: self, function, argument, depth };
        Ok(Some(match function {
            "Ref" if argument == "AWS::NoValue" => return Ok(None),
            "Ref" => self.reference(call.text_of(Some(argument))?, depth)?,
            "Fn::GetAtt" => call.get_att()?,
            "Fn::Sub" => call.sub()?,
            "Fn::Join" => call.join()?,
            "Fn::Split" => call.split()?,
            "Fn::Select" => call.select()?,
            "Fn::If" => return call.branch(),
            "Condition" => self.condition_at(call.text_of(Some(argument))?, depth)?.into(),
            "Fn::Equals" => call.equals()?.into(),
            "Fn::Not" => (!call.conditions()?.iter().all(|b| *b)).into(),
            "Fn::And" => call.conditions()?.iter().all(|b| *b).into(),
            "Fn::Or" => call.conditions()?.iter().any(|b| *b).into(),
            "Fn::FindInMap" => call.find_in_map()?,
            _ => return Err(TemplateError(format!("{function} is not supported"))),
        }))
    }

    /// Returns whether a condition holds.
    pub fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        self.condition_at(name, 0)
    }

    fn condition_at(&self, name: &str, depth: u32) -> Result<bool, TemplateError> {
        let condition = self.conditions.get(name).ok_or_else(|| TemplateError(format!("there is no condition {name}")))?;
        let value = self.at_depth(condition, depth)?;
        value.and_then(|v| v.as_bool()).ok_or_else(|| TemplateError(format!("condition {name} is neither true nor false")))
    }

    fn substitute(&self, text: &str, variables: &Map<String, Value>, depth: u32) -> Result<String, TemplateError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| TemplateError(format!("{text:?}: an unclosed ${{")))?;
            out.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                out.extend(["${", literal, "}"]);
            } else {
                let value = match (variables.get(name), name.split_once('.')) {
                    (Some(value), _) => value.clone(),
                    (None, Some((resource, attribute))) => self.attribute(resource, attribute, depth)?.into(),
                    (None, None) => self.reference(name, depth)?,
                };
                out.push_str(&self::text(&value).ok_or_else(|| TemplateError(format!("{text:?}: ${{{name}}} is not text")))?);
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn reference(&self, name: &str, depth: u32) -> Result<Value, TemplateError> {
        Ok(match name {
            "AWS::Region" => REGION.into(),
            "AWS::AccountId" => ACCOUNT.into(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => self.stack.clone().into(),
            "AWS::StackId" => format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{}/local", self.stack).into(),
            _ => match self.parameters.get(name) {
                Some(value) => value.clone(),
                None => self.physical(name, depth)?.reference.into(),
            },
        })
    }

    fn attribute(&self, resource: &str, attribute: &str, depth: u32) -> Result<String, TemplateError> {
        let physical = self.physical(resource, depth)?;
        Ok(match attribute {
            "Arn" => physical.arn,
            "StreamArn" => format!("{}/stream/local", physical.arn),
            "QueueName" | "Name" | "RoleName" => physical.name,
            _ => return Err(TemplateError(format!("{resource}.{attribute} is not supported"))),
        })
    }

    /// Returns whether SAM generates this resource for a route of a WebSocket API.
    fn is_route(&self, resource: &str) -> bool {
        self.resources.iter().any(|(api, block)| {
            let routes = block.pointer("/Properties/Routes").and_then(Value::as_object);
            routes.is_some_and(|routes| routes.keys().any(|key| route_id(api, key) == resource))
        })
    }

    /// Returns the names of a deployed resource.
    pub fn physical_of(&self, resource: &str) -> Result<Physical, TemplateError> {
        self.physical(resource, 0)
    }

    fn physical(&self, resource: &str, depth: u32) -> Result<Physical, TemplateError> {
        let bad = |why: &str| TemplateError(format!("{resource}: {why}"));
        let Some(block) = self.resources.get(resource) else {
            return if self.is_route(resource) {
                Ok(Physical { reference: resource.to_owned(), arn: resource.to_owned(), name: resource.to_owned() })
            } else {
                Err(bad("there is no such parameter or resource"))
            };
        };
        let kind = block.get("Type").and_then(Value::as_str).ok_or_else(|| bad("it has no Type"))?;
        let named = |property: &str| -> Result<String, TemplateError> {
            let given = block.get("Properties").and_then(|p| p.get(property));
            match given.map(|v| self.at_depth(v, depth)).transpose()?.flatten() {
                None => Ok(format!("{}-{resource}", self.stack)),
                Some(Value::String(name)) => Ok(name),
                Some(_) => Err(bad("its name is not text")),
            }
        };
        let by_name = |property: &str, arn: &dyn Fn(&str) -> String| -> Result<Physical, TemplateError> {
            let name = named(property)?;
            Ok(Physical { reference: name.clone(), arn: arn(&name), name })
        };
        let in_region = |service: &str, name: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}");
        Ok(match kind {
            "AWS::Serverless::Function" => by_name("FunctionName", &|n| in_region("lambda", &format!("function:{n}")))?,
            "AWS::DynamoDB::Table" => by_name("TableName", &|n| in_region("dynamodb", &format!("table/{n}")))?,
            "AWS::S3::Bucket" => by_name("BucketName", &|n| format!("arn:aws:s3:::{n}"))?,
            "AWS::Events::EventBus" => by_name("Name", &|n| in_region("events", &format!("event-bus/{n}")))?,
            "AWS::Logs::LogGroup" => by_name("LogGroupName", &|n| in_region("logs", &format!("log-group:{n}")))?,
            "AWS::SQS::Queue" => {
                let name = named("QueueName")?;
                Physical { reference: format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"), arn: in_region("sqs", &name), name }
            }
            "AWS::SecretsManager::Secret" => {
                let name = named("Name")?;
                let arn = in_region("secretsmanager", &format!("secret:{name}"));
                Physical { reference: arn.clone(), arn, name }
            }
            "AWS::Serverless::HttpApi" | "AWS::Serverless::WebSocketApi" => {
                let id = resource.to_ascii_lowercase();
                Physical { reference: id.clone(), arn: format!("arn:aws:apigateway:{REGION}::/apis/{id}"), name: id }
            }
            other => {
                let name = format!("{}-{resource}", self.stack);
                let service = other.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
                Physical { reference: name.clone(), arn: in_region(&service, &name), name }
            }
        })
    }
}

/// A function and its argument.
struct Call<'a> {
    scope: &'a Scope,
    function: &'a str,
    argument: &'a Value,
    depth: u32,
}

impl<'a> Call<'a> {
    fn bad(&self) -> TemplateError {
        TemplateError(format!("{} {}: not supported", self.function, self.argument))
    }

    /// Returns a literal text.
    fn text_of(&self, value: Option<&'a Value>) -> Result<&'a str, TemplateError> {
        value.and_then(Value::as_str).ok_or_else(|| self.bad())
    }

    /// Returns the parts of the argument, not evaluated yet.
    fn parts(&self) -> Result<&'a [Value], TemplateError> {
        self.argument.as_array().map(Vec::as_slice).ok_or_else(|| self.bad())
    }

    /// Returns a value with every function in it evaluated.
    fn value(&self, value: Option<&Value>) -> Result<Value, TemplateError> {
        self.scope.at_depth(value.ok_or_else(|| self.bad())?, self.depth)?.ok_or_else(|| self.bad())
    }

    /// Returns a list with every function in it evaluated.
    fn list(&self, value: Option<&Value>) -> Result<Vec<Value>, TemplateError> {
        match self.value(value)? {
            Value::Array(items) => Ok(items),
            _ => Err(self.bad()),
        }
    }

    fn get_att(&self) -> Result<Value, TemplateError> {
        let path = self.list(Some(self.argument))?;
        let path: Vec<&str> = path.iter().filter_map(Value::as_str).collect();
        match path.as_slice() {
            [resource, attribute] => Ok(self.scope.attribute(resource, attribute, self.depth)?.into()),
            _ => Err(self.bad()),
        }
    }

    fn sub(&self) -> Result<Value, TemplateError> {
        let (text, variables) = match self.argument {
            Value::String(text) => (text.as_str(), Value::Object(Map::new())),
            Value::Array(parts) => (self.text_of(parts.first())?, self.value(parts.get(1))?),
            _ => return Err(self.bad()),
        };
        let variables = variables.as_object().ok_or_else(|| self.bad())?;
        Ok(self.scope.substitute(text, variables, self.depth)?.into())
    }

    fn join(&self) -> Result<Value, TemplateError> {
        let parts = self.parts()?;
        let delimiter = self.text_of(parts.first())?;
        let items = self.list(parts.get(1))?;
        Ok(items.iter().map(text).collect::<Option<Vec<_>>>().ok_or_else(|| self.bad())?.join(delimiter).into())
    }

    fn split(&self) -> Result<Value, TemplateError> {
        let parts = self.parts()?;
        let delimiter = self.text_of(parts.first())?;
        let whole = self.value(parts.get(1))?;
        Ok(Value::Array(whole.as_str().ok_or_else(|| self.bad())?.split(delimiter).map(Value::from).collect()))
    }

    fn select(&self) -> Result<Value, TemplateError> {
        let parts = self.parts()?;
        let index = text(&self.value(parts.first())?).and_then(|t| t.parse::<usize>().ok()).ok_or_else(|| self.bad())?;
        self.list(parts.get(1))?.get(index).cloned().ok_or_else(|| self.bad())
    }

    /// `Fn::If`: the branch that its condition selects, which may be `AWS::NoValue`.
    fn branch(&self) -> Result<Option<Value>, TemplateError> {
        let parts = self.parts()?;
        let holds = self.scope.condition_at(self.text_of(parts.first())?, self.depth)?;
        let branch = if holds { parts.get(1) } else { parts.get(2) };
        self.scope.at_depth(branch.ok_or_else(|| self.bad())?, self.depth)
    }

    fn equals(&self) -> Result<bool, TemplateError> {
        match self.list(Some(self.argument))?.as_slice() {
            [a, b] => Ok(a == b || text(a).is_some_and(|a| Some(a) == text(b))),
            _ => Err(self.bad()),
        }
    }

    fn find_in_map(&self) -> Result<Value, TemplateError> {
        let path = self.list(Some(self.argument))?;
        let found = path.iter().try_fold(&self.scope.mappings, |at, key| at.get(key.as_str()?));
        found.cloned().ok_or_else(|| self.bad())
    }

    /// Returns the results of the conditions in the argument.
    fn conditions(&self) -> Result<Vec<bool>, TemplateError> {
        let bad = || TemplateError(format!("{}: not a list of conditions", self.argument));
        let values = self.scope.at_depth(self.argument, self.depth)?.ok_or_else(bad)?;
        values.as_array().ok_or_else(bad)?.iter().map(|v| v.as_bool().ok_or_else(bad)).collect()
    }
}

/// Returns the logical id that SAM gives to a route of a WebSocket API: `SocketApiDefaultRoute` for `$default` of `SocketApi`.
pub(super) fn route_id(api: &str, key: &str) -> String {
    let mut letters = key.trim_start_matches('$').chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("{api}{}{}Route", first.map(String::from).unwrap_or_default(), letters.as_str().to_ascii_lowercase())
}

/// The names of a deployed resource.
pub(super) struct Physical {
    /// The result of `Ref`.
    pub reference: String,
    /// The ARN.
    pub arn: String,
    /// The name.
    pub name: String,
}

/// Returns the function call of an object whose only entry is one.
fn intrinsic(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = entries.iter();
    match (all.next(), all.next()) {
        (Some((name, argument)), None) if name == "Ref" || (name == "Condition" && argument.is_string()) || name.starts_with("Fn::") => {
            Some((name, argument))
        }
        _ => None,
    }
}

/// Returns a scalar, as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let object = |v: Value| v.as_object().cloned().unwrap_or_default();
        Scope {
            stack: "stoa".into(),
            parameters: BTreeMap::from([("Stage".into(), json!("development")), ("Origins".into(), json!(["a", "b"]))]),
            conditions: object(json!({
                "IsProduction": {"Fn::Equals": [{"Ref": "Stage"}, "production"]},
                "Elsewhere": {"Fn::Not": [{"Condition": "IsProduction"}]},
            })),
            resources: object(json!({
                "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${AWS::StackName}-state"}}},
                "Circle": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Circle"}}},
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
            })),
            mappings: Value::Null,
        }
    }

    #[test]
    fn functions_are_evaluated_as_cloudformation_does() {
        for (value, expected) in [
            (json!({"Ref": "Table"}), json!("stoa-state")),
            (json!({"Fn::GetAtt": ["Table", "Arn"]}), json!("arn:aws:dynamodb:eu-central-1:000000000000:table/stoa-state")),
            (
                json!({"Fn::Sub": "${Table.Arn}/index/${!x}/${Stage}"}),
                json!("arn:aws:dynamodb:eu-central-1:000000000000:table/stoa-state/index/${x}/development"),
            ),
            (json!({"Fn::Sub": ["${D}-x", {"D": {"Fn::Select": [1, {"Fn::Split": ["@", "a@b"]}]}}]}), json!("b-x")),
            (json!({"Fn::Join": [",", {"Ref": "Origins"}]}), json!("a,b")),
            (json!({"Fn::If": ["IsProduction", 1, 2]}), json!(2)),
            (json!([{"Fn::If": ["Elsewhere", {"Ref": "AWS::NoValue"}, 2]}, 3]), json!([3])),
            (json!({"x": {"Ref": "AWS::NoValue"}, "y": 1}), json!({"y": 1})),
            (json!({"Ref": "Queue"}), json!("https://sqs.eu-central-1.amazonaws.com/000000000000/stoa-Queue")),
        ] {
            assert_eq!(scope().resolve(&value).map_err(|e| e.to_string()), Ok(Some(expected)), "{value}");
        }
    }

    #[test]
    fn unknown_references_are_errors() {
        for (value, expected) in [
            (json!({"Ref": "Nobody"}), "Nobody: there is no such parameter or resource"),
            (json!({"Ref": "Circle"}), "references form a cycle"),
            (json!({"Fn::ImportValue": "x"}), "Fn::ImportValue is not supported"),
            (json!({"Fn::Sub": "${Stage"}), "\"${Stage\": an unclosed ${"),
        ] {
            assert_eq!(scope().resolve(&value).map_err(|e| e.to_string()), Err(expected.to_owned()));
        }
    }
}
