//! Permissions: the identity-based policy of a function, evaluated as IAM does.
//!
//! An explicit deny wins over an allow, and everything that is not allowed is denied. The local cloud does not start with a statement that
//! has an element which is not implemented, because it must never allow more than AWS.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::glob;

/// The policy of one function.
#[derive(Clone, Debug, Default)]
pub struct Policy(Vec<Statement>);

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    /// In lower case.
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    set: SetRule,
    operator: Operator,
    negated: bool,
    key: String,
    wanted: Vec<String>,
}

/// How a condition combines the values of a key that has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetRule {
    One,
    ForAll,
    ForAny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    EqualsIgnoreCase,
    Like,
}

/// One permission that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The values of the condition keys.
    pub context: Vec<(&'static str, Vec<String>)>,
}

impl Need {
    /// Creates a need without context.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Vec::new() }
    }

    fn denied(&self, reason: String) -> Denied {
        Denied { action: self.action.clone(), resource: self.resource.clone(), reason }
    }
}

/// A call that a policy does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not authorized to perform: {action} on resource: {resource} {reason}")]
pub struct Denied {
    action: String,
    resource: String,
    reason: String,
}

/// A statement that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy statement: {0}")]
pub struct PolicyError(String);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StatementJson {
    #[serde(default, rename = "Sid")]
    _sid: Value,
    // Only resource policies have a principal. Those of the template apply to every principal.
    #[serde(default, rename = "Principal")]
    _principal: Value,
    effect: String,
    action: OneOrMany,
    resource: OneOrMany,
    #[serde(default)]
    condition: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(v: OneOrMany) -> Self {
        match v {
            OneOrMany::One(s) => vec![s],
            OneOrMany::Many(v) => v,
        }
    }
}

impl Policy {
    /// Parses the statements of a policy document.
    ///
    /// # Errors
    /// [`PolicyError`] if one is malformed or has an element that is not implemented.
    pub fn parse<'a>(statements: impl IntoIterator<Item = &'a Value>) -> Result<Self, PolicyError> {
        statements.into_iter().map(Statement::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Checks a permission by the policy of the caller.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check(&self, need: &Need) -> Result<(), Denied> {
        if self.covering(need, false) {
            return Err(need.denied("with an explicit deny in an identity-based policy".to_owned()));
        }
        if !self.covering(need, true) {
            return Err(need.denied(format!("because no identity-based policy allows the {} action", need.action)));
        }
        Ok(())
    }

    /// Checks a permission of a principal (`aws:PrincipalArn`) by the policy of the resource, which can only deny.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check_as_resource(&self, need: &Need, principal: &str) -> Result<(), Denied> {
        let mut with_principal = need.clone();
        with_principal.context.push(("aws:PrincipalArn", vec![principal.to_owned()]));
        if self.covering(&with_principal, false) {
            Err(need.denied("with an explicit deny in a resource-based policy".to_owned()))
        } else {
            Ok(())
        }
    }

    fn covering(&self, need: &Need, allow: bool) -> bool {
        // Once for all statements, because each call is checked.
        let action = need.action.to_ascii_lowercase();
        self.0.iter().any(|s| s.allow == allow && s.covers(&action, need))
    }
}

impl Statement {
    fn parse(value: &Value) -> Result<Self, PolicyError> {
        let wire = StatementJson::deserialize(value).map_err(|e| PolicyError(format!("{e} in {value}")))?;
        let allow = match wire.effect.as_str() {
            "Allow" => true,
            "Deny" => false,
            other => return Err(PolicyError(format!("effect {other:?} is neither Allow nor Deny"))),
        };
        let conditions = wire.condition.iter().map(|(operator, keys)| Condition::parse(operator, keys)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            allow,
            actions: Vec::<String>::from(wire.action).iter().map(|action| action.to_ascii_lowercase()).collect(),
            resources: wire.resource.into(),
            conditions: conditions.into_iter().flatten().collect(),
        })
    }

    /// Returns whether it is about this need, whose action in lower case is `action`.
    fn covers(&self, action: &str, need: &Need) -> bool {
        self.actions.iter().any(|a| glob::matches(a, action))
            && self.resources.iter().any(|r| glob::matches(r, &need.resource))
            && self.conditions.iter().all(|c| c.holds(need))
    }
}

impl Condition {
    fn parse(name: &str, keys: &Value) -> Result<Vec<Self>, PolicyError> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (SetRule::ForAll, rest),
            Some(("ForAnyValue", rest)) => (SetRule::ForAny, rest),
            _ => (SetRule::One, name),
        };
        let (operator, negated) = match rest {
            "StringEquals" | "Bool" | "ArnEquals" => (Operator::Equals, false),
            "StringNotEquals" => (Operator::Equals, true),
            "StringEqualsIgnoreCase" => (Operator::EqualsIgnoreCase, false),
            "StringLike" | "ArnLike" => (Operator::Like, false),
            "StringNotLike" | "ArnNotLike" => (Operator::Like, true),
            _ => return Err(PolicyError(format!("condition operator {name:?} is not known here"))),
        };
        let keys = keys.as_object().ok_or_else(|| PolicyError(format!("the condition {name:?} is not an object")))?;
        keys.iter()
            .map(|(key, wanted)| {
                let texts = match wanted {
                    Value::Array(values) => values.iter().map(text).collect::<Option<_>>(),
                    one => text(one).map(|t| vec![t]),
                };
                let wanted = texts.ok_or_else(|| PolicyError(format!("the values of {key:?} are not texts")))?;
                Ok(Self { set, operator, negated, key: key.clone(), wanted })
            })
            .collect()
    }

    /// Returns whether the condition holds. A key that the request does not have fails it, unless the operator is negated or
    /// `ForAllValues`.
    fn holds(&self, need: &Need) -> bool {
        let found = need.context.iter().find(|(key, _)| key.eq_ignore_ascii_case(&self.key)).map(|(_, values)| values.as_slice());
        match (self.set, found.unwrap_or_default()) {
            (SetRule::ForAll, values) => values.iter().all(|v| self.fits(v)),
            (SetRule::One, []) => self.negated,
            (SetRule::One | SetRule::ForAny, values) => values.iter().any(|v| self.fits(v)),
        }
    }

    fn fits(&self, value: &str) -> bool {
        let equal = self.wanted.iter().any(|wanted| match self.operator {
            Operator::Equals => wanted == value,
            Operator::EqualsIgnoreCase => wanted.eq_ignore_ascii_case(value),
            Operator::Like => glob::matches(wanted, value),
        });
        equal != self.negated
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:eu-central-1:000000000000:table/state";

    fn policy(statements: &Value) -> Policy {
        Policy::parse(statements.as_array().expect("list")).expect("policy")
    }

    fn leading(keys: &[&str]) -> Need {
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        Need { context: vec![("dynamodb:LeadingKeys", keys)], ..Need::new("dynamodb:GetItem", TABLE) }
    }

    #[test]
    fn everything_else_is_denied_and_an_explicit_deny_wins() {
        let p = policy(&json!([
            {"Effect": "Allow", "Action": ["dynamodb:Get*", "dynamodb:putitem"], "Resource": TABLE},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"},
            {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        ]));
        for (action, resource, allowed) in [
            ("dynamodb:GetItem", TABLE, true),
            ("dynamodb:PutItem", TABLE, true),
            ("dynamodb:Query", TABLE, false),
            ("dynamodb:GetItem", "arn:aws:dynamodb:eu-central-1:000000000000:table/state/index/gsi1", false),
            ("s3:PutObject", "arn:aws:s3:::bucket/a/b", true),
            ("s3:PutObject", "arn:aws:s3:::other/a", false),
            ("s3:DeleteObject", "arn:aws:s3:::bucket/a", false),
        ] {
            assert_eq!(p.check(&Need::new(action, resource)).is_ok(), allowed, "{action} {resource}");
        }
        let explicit = p.check(&Need::new("s3:DeleteObject", "arn:aws:s3:::bucket/a")).expect_err("denied").to_string();
        assert!(explicit.ends_with("with an explicit deny in an identity-based policy"), "{explicit}");
        let implicit = p.check(&Need::new("dynamodb:Query", TABLE)).expect_err("denied").to_string();
        assert!(implicit.ends_with("because no identity-based policy allows the dynamodb:Query action"), "{implicit}");
    }

    #[test]
    fn a_resource_policy_only_denies() {
        let p = policy(&json!([
            {"Effect": "Deny", "Principal": "*", "Action": "dynamodb:DeleteItem", "Resource": TABLE},
            {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": TABLE},
        ]));
        assert!(p.check_as_resource(&Need::new("dynamodb:PutItem", TABLE), "arn:aws:iam::0:role/a").is_ok());
        assert!(p.check_as_resource(&Need::new("dynamodb:DeleteItem", TABLE), "arn:aws:iam::0:role/a").is_err());
    }

    #[test]
    fn a_resource_policy_can_depend_on_the_principal() {
        let p = policy(&json!([{
            "Effect": "Deny", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": TABLE,
            "Condition": {
                "ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["KEYS"]},
                "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::0:role/*FunctionRole-*"},
                "ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::0:role/stoa-LoginFunctionRole-*"]},
            },
        }]));
        for (keys, role, allowed) in [
            (&["KEYS"][..], "stoa-ChatFunctionRole-1", false),
            (&["USER#1", "KEYS"], "stoa-ChatFunctionRole-1", false),
            (&["USER#1"], "stoa-ChatFunctionRole-1", true),
            (&["KEYS"], "stoa-LoginFunctionRole-1", true),
            (&["KEYS"], "stoa-PhoneLoginFunctionRole-1", false),
            (&["KEYS"], "operator", true),
        ] {
            let principal = format!("arn:aws:iam::0:role/{role}");
            assert_eq!(p.check_as_resource(&leading(keys), &principal).is_ok(), allowed, "{role} {keys:?}");
        }
    }

    #[test]
    fn leading_keys_restrict_every_key_of_a_call() {
        let p = policy(&json!([{
            "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE,
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*", "EMAIL#*"]}},
        }]));
        assert!(p.check(&leading(&["USER#1", "EMAIL#a@b"])).is_ok());
        assert!(p.check(&leading(&["USER#1", "ROOM#1"])).is_err());
        assert!(p.check(&leading(&[])).is_ok(), "IAM: ForAllValues holds for no values");
    }

    #[test]
    fn a_missing_key_fails_a_condition_unless_negated() {
        let condition = |operator: &str| {
            policy(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"ses:FromAddress": "a@b.test"}}}]))
        };
        let need = |from: Option<&str>| Need {
            context: from.map(|f| ("ses:FromAddress", vec![f.to_owned()])).into_iter().collect(),
            ..Need::new("ses:SendEmail", "arn:aws:ses:eu-central-1:000000000000:identity/b.test")
        };
        assert!(condition("StringEquals").check(&need(Some("a@b.test"))).is_ok());
        assert!(condition("StringEquals").check(&need(Some("x@b.test"))).is_err());
        assert!(condition("StringEquals").check(&need(None)).is_err());
        assert!(condition("StringNotEquals").check(&need(None)).is_ok());
        assert!(condition("ForAnyValue:StringLike").check(&need(None)).is_err());
    }

    #[test]
    fn unknown_elements_are_refused() {
        for statement in [
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}),
            json!({"Effect": "Allow", "NotAction": "*", "Resource": "*"}),
            json!({"Effect": "Perhaps", "Action": "*", "Resource": "*"}),
        ] {
            assert!(Policy::parse([&statement]).is_err(), "{statement}");
        }
    }
}
