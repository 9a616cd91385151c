//! Two stacks of one account and region do not collide: every name that the templates give to a resource contains the stack's name.

use local::template::parse;
use serde_json::Value;

use super::Parts;
use crate::{Failure, repository};

/// The properties with the names of resources. CloudFormation generates a name if the property is absent.
const NAMES: [(&str, &str); 16] = [
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::CloudWatch::Dashboard", "DashboardName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Events::EventBus", "Name"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Logs::QueryDefinition", "Name"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::Scheduler::Schedule", "Name"),
    ("AWS::SecretsManager::Secret", "Name"),
    ("AWS::Serverless::Function", "FunctionName"),
    ("AWS::Serverless::HttpApi", "Name"),
    ("AWS::Serverless::WebSocketApi", "Name"),
];

/// The name of the stack, here and in nested stacks, which get it as a parameter.
const STACK: [&str; 2] = ["AWS::StackName", "Stack"];

/// Names that two stacks would both use.
pub fn findings(_: &Parts) -> Result<Vec<String>, Failure> {
    of_file("template.yaml", &repository::read("template.yaml")?)
}

fn of_file(file: &str, text: &str) -> Result<Vec<String>, Failure> {
    let document = parse(text).map_err(|e| format!("{file}: {e}"))?;
    let mut findings = Vec::new();
    for (id, resource) in document.get("Resources").and_then(Value::as_object).into_iter().flatten() {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let property = |name: &str| resource.pointer(&format!("/Properties/{name}"));
        let given = NAMES.iter().filter(|(of, _)| *of == kind).filter_map(|(_, name)| Some((name, property(name)?)));
        let shared = given.filter(|(_, name)| !has_stack(name));
        findings.extend(shared.map(|(property, name)| format!("{file}: {id}: two stacks would both use the {property} {name}")));
        for (event, body) in property("Events").and_then(Value::as_object).into_iter().flatten() {
            let omitted = body.pointer("/Properties/OmitName") == Some(&Value::Bool(true));
            let own = body.pointer("/Properties/Name").is_some_and(has_stack);
            // SAM names only these events after their logical id (https://github.com/aws/serverless-application-model/issues/3109).
            if body.get("Type").is_some_and(|t| t == "ScheduleV2") && !omitted && !own {
                findings.push(format!("{file}: {id}: two stacks would both have a schedule {id}{event}: set OmitName"));
            }
        }
        if let Some(nested) = property("Location").and_then(Value::as_str) {
            findings.extend(of_file(nested, &repository::read(nested)?)?);
        }
    }
    Ok(findings)
}

/// Returns whether the name refers to the stack: by `Ref`, or within `Fn::Sub`.
fn has_stack(name: &Value) -> bool {
    let text = |value: &Value, inside: bool| {
        value.as_str().is_some_and(|text| STACK.iter().any(|s| if inside { text.contains(&format!("${{{s}}}")) } else { text == *s }))
    };
    name.get("Ref").is_some_and(|of| text(of, false)) || name.get("Fn::Sub").is_some_and(|of| text(of, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contain_the_name_of_the_stack() {
        let found = |resource: &str| of_file("t.yaml", &format!("Resources:\n  It: {resource}\n")).expect("a template");
        for fine in [
            "{Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub '${AWS::StackName}-state'}}",
            "{Type: AWS::DynamoDB::Table, Properties: {}}",
            "{Type: AWS::Events::EventBus, Properties: {Name: !Ref AWS::StackName}}",
            "{Type: AWS::Logs::QueryDefinition, Properties: {Name: !Sub '${Stack}/trouble'}}",
            "{Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: ScheduleV2, Properties: {OmitName: true}}}}}",
            "{Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: ScheduleV2, Properties: {Name: !Sub '${AWS::StackName}-e'}}}}}",
            "{Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: S3}}}}",
        ] {
            assert_eq!(found(fine), Vec::<String>::new(), "{fine}");
        }
        for shared in [
            "{Type: AWS::DynamoDB::Table, Properties: {TableName: stoa-state}}",
            "{Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'files-${AWS::AccountId}'}}",
            "{Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Stage}}",
            "{Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: ScheduleV2}}}}",
            "{Type: AWS::Serverless::Function, Properties: {Events: {E: {Type: ScheduleV2, Properties: {OmitName: false}}}}}",
        ] {
            assert_eq!(found(shared).len(), 1, "{shared}");
        }
    }
}
