//! Event patterns of EventBridge rules and of the filters of event source mappings.
//!
//! The local cloud does not start with an operator that is not implemented, so that it never matches something else than AWS.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// A pattern, ready to be matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<Clause>);

#[derive(Clone, Debug, PartialEq)]
enum Clause {
    /// `"name": {…}`
    Inside(String, Pattern),
    /// `"name": […]`: one of these must match.
    OneOf(String, Vec<Rule>),
    /// `"$or": [{…}, {…}]`
    Or(Vec<Pattern>),
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Is(Value),
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    Exists(bool),
    AnythingBut(Vec<Rule>),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    Greater,
}

/// Why a pattern is not valid, with the path in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event pattern, at {path:?}: {reason}")]
pub struct PatternError {
    path: String,
    reason: String,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`PatternError`] if it is malformed, or has an operator that is not implemented.
    pub fn parse(value: &Value) -> Result<Self, PatternError> {
        let object = value.as_object().ok_or_else(|| wrong("", "a pattern is an object"))?;
        Self::of(object, "")
    }

    fn of(object: &Map<String, Value>, path: &str) -> Result<Self, PatternError> {
        let clauses = object.iter().map(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value {
                Value::Object(inner) => Ok(Clause::Inside(name.clone(), Self::of(inner, &path)?)),
                Value::Array(alternatives) if name == "$or" => alternatives
                    .iter()
                    .map(|a| a.as_object().ok_or_else(|| wrong(&path, "an alternative is an object")).and_then(|a| Self::of(a, &path)))
                    .collect::<Result<_, _>>()
                    .map(Clause::Or),
                Value::Array(rules) if !rules.is_empty() => {
                    Ok(Clause::OneOf(name.clone(), rules.iter().map(|r| rule(r, &path)).collect::<Result<_, _>>()?))
                }
                _ => Err(wrong(&path, "a field is an object or a list that is not empty")),
            }
        });
        Ok(Self(clauses.collect::<Result<_, _>>()?))
    }

    /// Returns whether an event matches the pattern.
    pub fn matches(&self, event: &Value) -> bool {
        self.0.iter().all(|clause| match clause {
            Clause::Or(alternatives) => alternatives.iter().any(|a| a.matches(event)),
            Clause::Inside(name, inner) => match event.get(name) {
                Some(Value::Array(elements)) => elements.iter().any(|e| inner.matches(e)),
                Some(value) => inner.matches(value),
                // `exists: false` also matches within a missing object.
                None => inner.matches(&Value::Null),
            },
            Clause::OneOf(name, rules) => {
                let value = event.get(name);
                rules.iter().any(|rule| rule.holds(value))
            }
        })
    }
}

impl Rule {
    /// Returns whether a value of the event matches. A list matches if one of its elements does.
    fn holds(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), _) => *wanted == value.is_some_and(|v| !v.is_object()),
            (_, None) => false,
            (_, Some(Value::Array(elements))) => elements.iter().any(|e| self.holds_for(e)),
            (_, Some(value)) => self.holds_for(value),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => wanted == value,
            Self::Prefix(prefix) => value.as_str().is_some_and(|v| v.starts_with(prefix)),
            Self::Suffix(suffix) => value.as_str().is_some_and(|v| v.ends_with(suffix)),
            Self::EqualsIgnoreCase(text) => value.as_str().is_some_and(|v| v.to_lowercase() == text.to_lowercase()),
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(rules) => !value.is_object() && !rules.iter().any(|r| r.holds_for(value)),
            Self::Numeric(bounds) => value.as_f64().is_some_and(|v| bounds.iter().all(|(c, bound)| c.holds(v, *bound))),
        }
    }
}

impl Comparison {
    fn holds(self, value: f64, bound: f64) -> bool {
        let order = value.partial_cmp(&bound);
        match self {
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Equal => order == Some(Ordering::Equal),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
        }
    }
}

fn rule(value: &Value, path: &str) -> Result<Rule, PatternError> {
    let Value::Object(operator) = value else {
        return if value.is_array() { Err(wrong(path, "a list inside a list")) } else { Ok(Rule::Is(value.clone())) };
    };
    let mut entries = operator.iter();
    let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
        return Err(wrong(path, "an operator is an object with one field"));
    };
    let unknown = || wrong(path, &format!("{name:?} with this operand is not supported"));
    let text = || operand.as_str().map(str::to_owned).ok_or_else(unknown);
    match name.as_str() {
        "prefix" => text().map(Rule::Prefix),
        "suffix" => text().map(Rule::Suffix),
        "equals-ignore-case" => text().map(Rule::EqualsIgnoreCase),
        "exists" => operand.as_bool().map(Rule::Exists).ok_or_else(unknown),
        "numeric" => numeric(operand).map(Rule::Numeric).ok_or_else(unknown),
        "anything-but" => match operand {
            Value::Array(values) => values.iter().map(|v| rule(v, path)).collect::<Result<_, _>>().map(Rule::AnythingBut),
            other => Ok(Rule::AnythingBut(vec![rule(other, path)?])),
        },
        _ => Err(unknown()),
    }
}

/// `["<", 5]` or `[">", 0, "<=", 5]`
fn numeric(operand: &Value) -> Option<Vec<(Comparison, f64)>> {
    let (pairs, rest) = operand.as_array()?.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let bound = |[comparison, bound]: &[Value; 2]| {
        let comparison = match comparison.as_str()? {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            "=" => Comparison::Equal,
            ">=" => Comparison::AtLeast,
            ">" => Comparison::Greater,
            _ => return None,
        };
        Some((comparison, bound.as_f64()?))
    };
    pairs.iter().map(bound).collect()
}

fn wrong(path: &str, reason: &str) -> PatternError {
    PatternError { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: &Value, event: &Value) -> bool {
        Pattern::parse(pattern).expect("pattern").matches(event)
    }

    #[test]
    fn every_field_must_match_and_a_list_is_a_choice() {
        let pattern = json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}}}});
        let record = |name: &str, kind: &str| json!({"eventName": name, "dynamodb": {"NewImage": {"kind": {"S": kind}, "v": {"N": "1"}}}});
        assert!(matches(&pattern, &record("INSERT", "outbox")));
        assert!(!matches(&pattern, &record("REMOVE", "outbox")));
        assert!(!matches(&pattern, &record("INSERT", "user")));
        assert!(!matches(&pattern, &json!({"eventName": "INSERT"})));
        assert!(matches(&json!({}), &json!({"anything": 1})));
    }

    #[test]
    fn operators_match_as_documented() {
        let event = json!({"s": "incoming/a.PNG", "n": 5, "b": false, "z": null, "list": ["x", "y"], "o": {"in": 1}});
        for (pattern, expected) in [
            (json!({"s": [{"prefix": "incoming/"}]}), true),
            (json!({"s": [{"prefix": "public/"}]}), false),
            (json!({"s": [{"suffix": ".PNG"}]}), true),
            (json!({"s": [{"equals-ignore-case": "INCOMING/a.png"}]}), true),
            (json!({"s": [{"anything-but": "x"}]}), true),
            (json!({"s": [{"anything-but": ["x", "incoming/a.PNG"]}]}), false),
            (json!({"s": [{"anything-but": {"prefix": "incoming/"}}]}), false),
            (json!({"missing": [{"anything-but": "x"}]}), false),
            (json!({"n": [{"numeric": [">", 0, "<=", 5]}]}), true),
            (json!({"n": [{"numeric": ["<", 5]}]}), false),
            (json!({"n": [{"numeric": ["=", 5.0]}]}), true),
            (json!({"s": [{"numeric": ["=", 5]}]}), false),
            (json!({"n": [5]}), true),
            (json!({"n": ["5"]}), false),
            (json!({"b": [false]}), true),
            (json!({"z": [null]}), true),
            (json!({"list": ["y"]}), true),
            (json!({"list": ["z"]}), false),
            (json!({"s": [{"exists": true}]}), true),
            (json!({"o": [{"exists": true}]}), false),
            (json!({"missing": [{"exists": false}]}), true),
            (json!({"missing": {"deep": [{"exists": false}]}}), true),
            (json!({"s": [{"exists": false}]}), false),
            (json!({"$or": [{"n": [1]}, {"b": [false]}]}), true),
            (json!({"$or": [{"n": [1]}, {"b": [true]}]}), false),
        ] {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }

    #[test]
    fn unknown_operators_are_refused_with_their_path() {
        for pattern in [
            json!([]),
            json!({"a": "text"}),
            json!({"a": []}),
            json!({"a": [{"cidr": "10.0.0.0/8"}]}),
            json!({"a": [{"prefix": 1}]}),
            json!({"a": [{"numeric": ["<"]}]}),
            json!({"a": [{"prefix": "x", "suffix": "y"}]}),
        ] {
            assert!(Pattern::parse(&pattern).is_err(), "{pattern}");
        }
        let e = Pattern::parse(&json!({"a": {"b": [{"cidr": "x"}]}})).expect_err("refused");
        assert!(e.to_string().contains("a.b"), "{e}");
    }
}
