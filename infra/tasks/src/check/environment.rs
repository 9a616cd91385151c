//! Each function starts with its environment in the template, also with the settings of the examples for operators, reads all of its
//! variables, and does not start with keys that are missing or weak.

use std::collections::BTreeMap;

use function::Boot;
use kernel::{Env, Sys};
use local::{
    functions::Registered,
    template::{Deployment, Template, parse},
};

use super::Parts;
use crate::{
    Failure,
    fake_aws::{self, Fake},
    repository,
};

/// Variables that every function has, whether it reads them or not.
const GLOBALS: [&str; 2] = ["STAGE", "TABLE_NAME"];

/// Settings for `sam deploy --config-file`.
const EXAMPLES: [&str; 2] = ["infra/staging.toml", "infra/production.toml"];

/// Functions that do not start, variables that are never read, and parameters in the examples that do not exist.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = differences(parts.functions, &parts.template)?;
    for file in EXAMPLES {
        findings.extend(of_example(parts.functions, file, &repository::read("template.yaml")?, &repository::read(file)?)?);
    }
    Ok(findings)
}

fn of_example(functions: &[Registered], file: &str, template: &str, example: &str) -> Result<Vec<String>, Failure> {
    // Of TOML only the lines with a parameter are read: `"Name=value",`.
    let line = |line: &str| line.trim().strip_prefix('"')?.split('"').next()?.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    let parameters: BTreeMap<String, String> = example.lines().filter_map(line).collect();
    let known = parse(template)?.get("Parameters").cloned().unwrap_or_default();
    let unknown = parameters.keys().filter(|name| known.get(name).is_none());
    let mut findings: Vec<String> = unknown.map(|name| format!("{file}: template.yaml has no parameter {name}")).collect();
    let deployed = Template::load(template, &Deployment { stack: "stoa".to_owned(), parameters })?;
    findings.extend(differences(functions, &deployed)?.iter().map(|finding| format!("{file}: {finding}")));
    Ok(findings)
}

fn differences(functions: &[Registered], template: &Template) -> Result<Vec<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let aws = runtime.block_on(Fake::listen(fake_aws::RING))?.address;
    let mut findings = Vec::new();
    for function in functions {
        let Some(spec) = template.function(function.name) else { continue };
        let env: Env = fake_aws::environment(spec, &aws).into_iter().collect();
        let boot = Boot { env: env.clone(), sys: Sys::real(), http: function::http_client()? };
        if let Err(e) = runtime.block_on(async { (function.start)(boot).await }) {
            findings.push(format!("{}: does not start with its environment in the template: {e}", function.name));
            continue;
        }
        let read = env.names_read();
        let idle = spec.environment.keys().filter(|name| !read.contains(name.as_str()) && !GLOBALS.contains(&name.as_str()));
        findings.extend(idle.map(|name| format!("{}: the template sets {name}, which the function does not read", function.name)));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use kernel::Kind;
    use local::functions;
    use secrets::KeysOnDemand;

    use super::*;
    use crate::{
        check::samples::{TALK, deployed, function},
        repository,
    };

    #[test]
    fn the_examples_for_operators_fit_the_template() {
        let text = format!("Parameters: {{A: {{Type: String}}}}\n{}", TALK.trim_start().replace("A: x", "A: !Ref A"));
        let found = |example: &str| of_example(&[function("talk")], "x.toml", &text, example).expect("compared");
        assert_eq!(found("parameter_overrides = [\n    \"A=x=y,z\",\n]"), Vec::<String>::new());
        assert_eq!(found("    \"A=x\",\n    \"B=y\",\n"), ["x.toml: template.yaml has no parameter B"]);
        let empty = found("    \"A=\",");
        assert!(empty.concat().starts_with("x.toml: talk: does not start with its environment in the template"), "{empty:?}");
    }

    #[test]
    fn a_function_starts_with_its_environment_and_reads_all_of_it() {
        let found = |text: &str| differences(&[function("talk")], &deployed(text)).expect("compared");
        assert_eq!(found(TALK), Vec::<String>::new());
        assert_eq!(found(&TALK.replace("B: x", "B: x, C: x")), ["talk: the template sets C, which the function does not read"]);
        let missing = found(&TALK.replace("A: x, ", ""));
        assert!(
            missing.concat().contains("does not start with its environment in the template: configuration: A is missing"),
            "{missing:?}"
        );
    }

    /// A function does not start without the name of its secret. Those that read it at start do not start with a weak one either: the
    /// error names the variable but not its value. Only functions that issue tokens may read the keys that sign them.
    #[tokio::test]
    async fn no_function_starts_with_a_weak_secret() {
        let ring = |key: &str| format!(r#"{{"current":"k1","k1":"{key}"}}"#);
        let weak = [String::new(), "changeme".to_owned(), "{}".to_owned()].into_iter();
        let weak = weak.chain(["", "sh0rt", &"a".repeat(64), "changeme-changeme-changeme-changeme-changeme"].map(ring));
        let mut cases = Vec::new();
        for stored in weak {
            cases.push((Fake::listen(&stored).await.expect("listens").address, stored));
        }
        let right = Fake::listen(fake_aws::RING).await.expect("listens").address;
        let (template, mut readers) = (repository::template().expect("the template"), BTreeMap::<&str, Vec<&str>>::new());
        // `KeysOnDemand` has a test of its own.
        let on_demand = ["account-deletion", "mfa", "profile"];
        for function in functions::ALL {
            let Some(spec) = template.function(function.name) else { continue };
            let start = async |env: BTreeMap<String, String>| {
                let boot = Boot { env: env.into_iter().collect(), sys: Sys::real(), http: function::http_client().expect("a client") };
                (function.start)(boot).await.err().map(|e| e.to_string())
            };
            for name in ["IDENTITY_KEYS", "TOKEN_KEYS"].into_iter().filter(|name| spec.environment.contains_key(*name)) {
                readers.entry(name).or_default().push(function.name);
                let mut env = fake_aws::environment(spec, &right);
                env.remove(name);
                let missing = start(env).await.expect("does not start");
                assert!(missing.starts_with("configuration: ") && missing.contains(name), "{}: {missing}", function.name);
            }
            if !spec.environment.contains_key("IDENTITY_KEYS") || on_demand.contains(&function.name) {
                continue;
            }
            for (aws, stored) in &cases {
                let error =
                    start(fake_aws::environment(spec, aws)).await.unwrap_or_else(|| panic!("{} starts with {stored}", function.name));
                let shown = ["changeme", "sh0rt", "aaaa"].iter().any(|part| error.contains(part));
                assert!(error.contains("IDENTITY_KEYS") && !shown, "{} with {stored}: {error}", function.name);
            }
        }
        assert_eq!(readers["TOKEN_KEYS"], ["login", "phone-login", "registration"]);
        assert_eq!(readers["IDENTITY_KEYS"].len(), 8);
    }

    /// Keys that are read on demand are refused when they are weak, for the client as an outage, and are read again with the next
    /// request.
    #[tokio::test]
    async fn weak_keys_on_demand_are_an_outage() {
        let template = repository::template().expect("the template");
        let spec = template.function("profile").expect("the function");
        let keys = |aws: &Fake| {
            let env = fake_aws::environment(spec, &aws.address).into_iter().collect();
            KeysOnDemand::new(&Boot { env, sys: Sys::real(), http: function::http_client().expect("a client") }).expect("a variable")
        };
        let aws = Fake::listen("changeme-changeme-changeme-changeme").await.expect("listens");
        let keys = keys(&aws);
        let problem = keys.get().await.err().expect("refused");
        let cause = problem.cause.as_deref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(
            (problem.kind, cause.contains("IDENTITY_KEYS"), cause.contains("changeme")),
            (Kind::Unavailable, true, false),
            "{cause}"
        );
        aws.set_secret(fake_aws::RING);
        assert!(keys.get().await.is_ok());
        let calls = aws.calls();
        assert!(keys.get().await.is_ok());
        assert_eq!((calls, aws.calls()), (2, 2), "good keys are kept");
    }
}
