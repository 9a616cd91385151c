//! YAML with CloudFormation's short tags (`!Ref x`), which are converted to the long form (`{"Ref": "x"}`).

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use super::TemplateError;

/// Parses the document into the long form.
pub(super) fn parse(text: &str) -> Result<Value, TemplateError> {
    let yaml: Yaml = serde_yaml_ng::from_str(text).map_err(|e| TemplateError(e.to_string()))?;
    long_form(yaml)
}

fn long_form(yaml: Yaml) -> Result<Value, TemplateError> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => b.into(),
        Yaml::Number(n) => serde_json::to_value(n).map_err(|e| TemplateError(e.to_string()))?,
        Yaml::String(s) => s.into(),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(long_form).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            Value::Object(entries.into_iter().map(|(k, v)| Ok((key(k)?, long_form(v)?))).collect::<Result<Map<_, _>, TemplateError>>()?)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let argument = long_form(tagged.value)?;
            let (function, argument) = match (name, argument) {
                ("Ref" | "Condition", argument) => (name.to_owned(), argument),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) =
                        path.split_once('.').ok_or_else(|| TemplateError(format!("!GetAtt {path}: an attribute is missing")))?;
                    ("Fn::GetAtt".to_owned(), Value::from(vec![resource, attribute]))
                }
                (name, argument) => (format!("Fn::{name}"), argument),
            };
            Value::Object(Map::from_iter([(function, argument)]))
        }
    })
}

fn key(yaml: Yaml) -> Result<String, TemplateError> {
    match yaml {
        Yaml::String(s) => Ok(s),
        Yaml::Number(n) => Ok(n.to_string()),
        Yaml::Bool(b) => Ok(b.to_string()),
        other => Err(TemplateError(format!("{other:?} cannot be a key"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn short_tags_become_long() {
        let parsed = parse("a: !Ref X\nb: !GetAtt T.Arn\nc: !If [C, !Sub '${X}', 1]\n").ok();
        assert_eq!(
            parsed,
            Some(json!({"a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["T", "Arn"]}, "c": {"Fn::If": ["C", {"Fn::Sub": "${X}"}, 1]}}))
        );
    }
}
