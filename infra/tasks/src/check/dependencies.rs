//! Functions do not link crates that were excluded for their start time or size. Such a crate could return unnoticed by a default
//! feature of another crate.

use std::{collections::BTreeSet, process::Command};

use super::Parts;
use crate::{Failure, repository};

/// The functions with Stripe's client, which is seven megabytes.
const PAYING: [&str; 3] = ["donations", "orders", "stripe-webhook"];

/// Excluded crates that a function links.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for function in parts.functions {
        findings.extend(left_out(function.name, &linked(function.name)?));
    }
    Ok(findings)
}

/// Returns the crates that a function links, one on each line, as printed by cargo.
fn linked(function: &str) -> Result<String, Failure> {
    let arguments =
        ["tree", "--locked", "--edges", "normal", "--target", "aarch64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}"];
    let output = Command::new("cargo").args(arguments).args(["-p", function]).current_dir(repository::root()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the excluded crates in the tree of a function. Exceptions: passkeys need elliptic curves and RSA, the SDK of S3 needs P-256,
/// payments need Stripe's client, and `files` has the pictures: of its users all but the one that processes them only name files, so that
/// the linker leaves the rest out, as `cargo xtask sizes` shows.
fn left_out(function: &str, tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let fits = |name: &str| match name {
        "p256" => names.contains("webauthn-rs") || names.contains("aws-sdk-s3"),
        "p384" | "rsa" => names.contains("webauthn-rs"),
        "fast_image_resize" | "gif" | "image" | "moxcms" | "png" | "zune-jpeg" => names.contains("files"),
        _ if name.starts_with("async-stripe") => PAYING.contains(&function),
        _ => !name.starts_with("aws-lc-"),
    };
    let found = names.iter().copied().filter(|name| !fits(name));
    found
        .map(|name| {
            format!("{function}: links the excluded crate {name}; `cargo tree -p {function} --edges normal --invert {name}` shows why")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_crates_are_found() {
        let found = |tree: &str| left_out("rooms", tree).len();
        assert_eq!(found("rooms v0.1.0 (/x)\nrustls v0.23.0\nrsaring v1.0.0\nring v0.17.0 (*)\n"), 0);
        assert_eq!(found("rooms v0.1.0 (/x)\naws-lc-rs v1.0.0\naws-lc-sys v1.0.0\nrsa v0.9.0\n\nrsa v0.9.0 (*)\n"), 3);
        assert_eq!(found("webauthn-rs v0.5.0\nrsa v0.9.0\np256 v0.13.0\np384 v0.13.0\n"), 0, "passkeys bring them");
        assert_eq!(found("image v0.25.0\nasync-stripe v1.0.0\nasync-stripe-core v1.0.0\n"), 3);
        assert_eq!(found("files v0.1.0 (/x)\nimage v0.25.0\npng v0.18.0\n"), 0, "files bring them");
        assert_eq!(left_out("donations", "async-stripe v1.0.0\n").len(), 0, "payments bring it");
        assert_eq!(found("aws-sdk-s3 v1.0.0\np256 v0.13.0\np384 v0.13.0\n"), 1, "S3 brings one of them");
    }
}
