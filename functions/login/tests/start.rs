//! The binary, as the platform starts it.

use std::process::Command;

/// Without its secrets it ends before the first event, and names the missing ones.
#[test]
fn without_its_secrets_it_does_not_start() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_login"));
    let environment = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "changeme"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
        ("PASSKEY_DOMAIN", "stoa.example"),
        ("ALLOWED_ORIGINS", "https://stoa.example"),
        ("PUBLIC_URL", "https://stoa.example"),
    ];
    let output = command.env_clear().envs(environment).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "{said}");
    assert!(said.contains("IDENTITY_KEYS") && !said.contains("changeme"), "{said}");
}
