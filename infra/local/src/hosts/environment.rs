//! The environment of a function: its block in the template, and what the platform adds.

use std::collections::BTreeMap;

use crate::{
    Urls,
    credentials::Credential,
    secrets::Secrets,
    template::{FunctionSpec, REGION, Template, TemplateError},
};

/// The services with an endpoint here, by the name in the SDK's variable.
const SERVICES: [&str; 6] = ["DYNAMODB", "S3", "SES", "SNS", "EVENTBRIDGE", "SECRETS_MANAGER"];

/// Returns the variables from the template, with secrets inserted and the host names of AWS replaced by the addresses here.
pub fn declared(
    function: &FunctionSpec,
    template: &Template,
    urls: &Urls,
    secrets: &Secrets,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let hosts = host_names(template, urls);
    let value = |(name, value): (&String, &String)| {
        let value = secrets.insert(value).map_err(|e| TemplateError(format!("Resources.{}: {name}: {}", function.logical_id, e.0)))?;
        let value = hosts.iter().fold(value, |value, (there, here)| value.replace(there, here));
        Ok((name.clone(), value))
    };
    function.environment.iter().map(value).collect()
}

/// Returns all variables of the function's process.
pub fn whole(
    function: &FunctionSpec,
    declared: BTreeMap<String, String>,
    credential: &Credential,
    urls: &Urls,
) -> BTreeMap<String, String> {
    let name = ("AWS_LAMBDA_FUNCTION_NAME".to_owned(), function.function_name.clone());
    declared.into_iter().chain([name]).chain(account(credential, urls)).collect()
}

/// Returns the variables with which an SDK uses this local cloud instead of AWS.
pub fn account(credential: &Credential, urls: &Urls) -> BTreeMap<String, String> {
    let platform = [
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", &credential.access_key),
        ("AWS_SECRET_ACCESS_KEY", &credential.secret_key),
        ("AWS_SESSION_TOKEN", &credential.session_token),
    ];
    let endpoints = SERVICES.iter().map(|service| (format!("AWS_ENDPOINT_URL_{service}"), urls.aws.clone()));
    platform.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().chain(endpoints).collect()
}

/// Returns the host names that the APIs and the buckets would have on AWS, each with the address here.
fn host_names(template: &Template, urls: &Urls) -> Vec<(String, String)> {
    let there = |scheme: &str, id: &str| format!("{scheme}://{id}.execute-api.{REGION}.amazonaws.com");
    let mut names = vec![(there("https", &template.http_api.id), urls.api.clone())];
    if let Some(socket) = &template.socket_api {
        let listener = urls.socket.strip_suffix(&format!("/{}", socket.stage)).unwrap_or(&urls.socket);
        names.push((there("wss", &socket.id), listener.to_owned()));
        names.push((there("https", &socket.id), urls.aws.clone()));
    }
    let bucket = |name: &str| (format!("https://{name}.s3.{REGION}.amazonaws.com"), format!("{}/{name}", urls.aws));
    names.extend(template.buckets.iter().map(|spec| bucket(&spec.name)));
    names
}
