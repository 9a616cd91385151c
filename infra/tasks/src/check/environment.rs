//! Each function starts with its environment in the template, reads all of its variables, and does not start with keys that are
//! missing or weak.

use function::Boot;
use kernel::{Env, Sys};
use local::{functions::Registered, template::Template};

use super::Parts;
use crate::{
    Failure,
    fake_aws::{self, Fake},
};

/// Variables that every function has, whether it reads them or not.
const GLOBALS: [&str; 2] = ["STAGE", "TABLE_NAME"];

/// Functions that do not start, and variables that are never read.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    differences(parts.functions, &parts.template)
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
    use std::collections::BTreeMap;

    use local::functions;

    use super::*;
    use crate::{
        check::samples::{TALK, deployed, function},
        repository,
    };

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

    /// A function does not start with a secret that is missing or weak. The error names the variable but not its value. Only functions
    /// that issue tokens may read the keys that sign them.
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
            if !spec.environment.contains_key("IDENTITY_KEYS") {
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
}
