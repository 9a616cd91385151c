//! Which function has which key, and how tokens survive a change of keys.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{
    Keyring,
    token::{Issuer, Tokens},
};
use function::{Aws, Boot};
use kernel::{Env, Secret};
use proofs::IdentityKeys;
use secrets::Secrets;
use tests::{Cloud, Value, json};

/// The logical ids of the functions that issue tokens.
const ISSUERS: [&str; 3] = ["LoginFunction", "PhoneLoginFunction", "RegistrationFunction"];

/// The environment and the permissions of a function, as an attacker who controls it would have them.
fn taken_over(cloud: &Cloud, function: &str) -> (Env, Aws) {
    let spec = &cloud.template.functions[function];
    let env: BTreeMap<String, String> = cloud.account_of(function).into_iter().chain(spec.environment.clone()).collect();
    let public_url = ("PUBLIC_URL".to_owned(), cloud.urls.api.clone());
    let env: Env = env.into_iter().chain([public_url]).collect();
    let boot = Boot { env: env.clone(), sys: cloud.sys.clone(), http: function::http_client().unwrap() };
    (env, boot.aws().unwrap())
}

fn ring(id: &str) -> Keyring {
    let stored = json!({ "current": id, id: "mX7qW2vZ9bN4cR8tY1uK5oP3sD6fG0hJ" });
    Keyring::parse("KEYS", &Secret::new(stored.to_string())).unwrap()
}

/// No environment contains a secret. Each function may read the secrets that its own environment names, and no others.
/// Promise: key-isolation
#[tokio::test(flavor = "multi_thread")]
async fn each_function_reads_its_own_secrets_alone() {
    let cloud = Cloud::start().await;
    let arns: BTreeMap<&str, String> = [IdentityKeys::VARIABLE, Issuer::VARIABLE]
        .map(|name| (name, cloud.template.functions["LoginFunction"].environment[name].clone()))
        .into();
    let mut readers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, spec) in &cloud.template.functions {
        for (name, value) in &spec.environment {
            let shown = arns.values().filter_map(|arn| cloud.secrets.get(arn)).any(|secret| value.contains(secret));
            assert!(!shown && !value.contains("{{resolve"), "{id}: {name}");
        }
        let (_, aws) = taken_over(&cloud, id);
        for (name, arn) in &arns {
            let env: Env = [((*name).to_owned(), arn.clone())].into_iter().collect();
            let read = Secrets::new(&aws).read(&env, name).await;
            assert_eq!(read.is_ok(), spec.environment.contains_key(*name), "{id}: {name}");
            if read.is_ok() {
                readers.entry(name).or_default().insert(id);
            }
        }
    }
    assert_eq!(readers[Issuer::VARIABLE], ISSUERS.into());
    assert_eq!(readers[IdentityKeys::VARIABLE].len(), 8);
}

/// A function that only verifies tokens cannot make one: it can neither read a signing key nor publish a key of its own.
/// Promise: key-isolation
#[tokio::test(flavor = "multi_thread")]
async fn only_issuers_publish_keys() {
    let cloud = Cloud::start().await;
    cloud.member("ana").await;
    let published = async || {
        let item = cloud.of_kind("token_keys").await.pop().unwrap();
        item["keys"]["M"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(published().await, ["k1"]);
    let mut refused = 0;
    for (n, (id, spec)) in cloud.template.functions.iter().enumerate() {
        let writes = |statement: &Value| statement["Effect"] == "Allow" && statement["Action"].to_string().contains("dynamodb:PutItem");
        if ISSUERS.contains(&id.as_str()) || !spec.statements.iter().any(writes) {
            continue;
        }
        let (env, aws) = taken_over(&cloud, id);
        let tokens = env.read(|r| Tokens::read(r, &aws, &cloud.sys)).unwrap();
        let error = Issuer::open(&ring(&format!("own{n}")), &tokens).await.err().unwrap_or_else(|| panic!("{id} publishes a key"));
        // Or it only adds to the audit.
        let refusals = ["explicit deny in a resource-based policy", "no identity-based policy allows"];
        assert!(refusals.iter().any(|refusal| error.to_string().contains(refusal)), "{id}: {error}");
        refused += 1;
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(published().await, ["k1"]);
}

/// A token that is signed with a key newer than those a function has read is verified at once, so that keys are changed without a
/// deployment of the verifying functions. Made-up key ids cause five reads in ten seconds at most.
/// Promise: key-rotation
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_known_at_once_and_made_up_ones_are_limited() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    ana.get("/v1/rooms").await.is(200);
    // As the next instance of an issuing function does, after a second key was added to the secret.
    let (env, aws) = taken_over(&cloud, "LoginFunction");
    let tokens = env.read(|r| Tokens::read(r, &aws, &cloud.sys)).unwrap();
    let issuer = Issuer::open(&ring("k2"), &tokens).await.unwrap();
    let session = ana.get("/v1/sessions").await.is(200)["items"][0]["id"].as_str().unwrap().parse().unwrap();
    let token = issuer.issue(ana.id().parse().unwrap(), session, &[], cloud.now()).unwrap();
    let newer = cloud.anonymous().with("authorization", format!("Bearer {token}"));
    newer.get("/v1/rooms").await.is(200);
    // The former key stays valid.
    ana.get("/v1/rooms").await.is(200);

    let calls = || cloud.aws.calls.by_function().get("RoomsFunction").map_or(0, local::aws::calls::Tally::total);
    let before = calls();
    for n in 0..20 {
        let issuer = Issuer::unpublished(&ring(&format!("made-up-{n}")), &tokens);
        let token = issuer.issue(ana.id().parse().unwrap(), session, &[], cloud.now()).unwrap();
        let forged = cloud.anonymous().with("authorization", format!("Bearer {token}"));
        forged.get("/v1/rooms").await.is_problem(401, "token_invalid");
    }
    // The limit of reads within ten seconds. A slow machine may reach the next ten seconds.
    assert!(calls() <= before + 10, "{} calls", calls() - before);
}
