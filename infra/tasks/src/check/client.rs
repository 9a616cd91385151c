//! The JavaScript client is as small as promised, its package has the version of the workspace and files that there are, and what it
//! repeats from the OpenAPI document is in it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Parts;
use crate::{Failure, client, repository};

/// Bytes of the client without rooms and sockets, of what most applications load, and of the parts that only some show, as they are sent.
const BUDGETS: [(&str, &[&str], usize); 6] = [
    ("without rooms and sockets", &["core.js"], 6_500),
    ("without the parts that only some applications show", &["core.js", "stoa.js"], 13_000),
    ("for the support desk", &["support.js"], 2_500),
    ("for the shop", &["shop.js"], 1_000),
    ("for carts and payments", &["checkout.js"], 2_500),
    ("for accounts", &["account.js"], 2_500),
];
/// The list in the client of the operations whose body says where the refresh token is returned.
const DELIVERING: &str = "const DELIVERING = ";
/// The package, for `npm install` from the repository, which looks for it at the root.
const PACKAGE: &str = "package.json";

/// Returns the sizes above their budgets, the lists that differ, and the files that the package lacks.
pub fn findings(parts: &Parts) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for (what, files, budget) in BUDGETS {
        // A file that is not served is as wrong as one that is too big.
        let sizes = files.iter().map(|file| api_docs::compressed_bytes(file).unwrap_or(usize::MAX));
        let bytes = sizes.fold(0, usize::saturating_add);
        findings.extend((bytes > budget).then(|| format!("{}: {bytes} bytes {what}: {budget} are allowed", client::FOLDER)));
    }
    let core = repository::read(&format!("{}/core.js", client::FOLDER))?;
    findings.extend(differences(&core, &client::delivering(&parts.document)));
    findings.extend(of_package(&serde_json::from_str(&repository::read(PACKAGE)?)?, |file| repository::root().join(file).is_file()));
    Ok(findings)
}

fn differences(core: &str, delivering: &BTreeSet<&str>) -> Option<String> {
    let listed = core.split_once(DELIVERING).and_then(|(_, rest)| rest.split_once("];")).map_or("", |(list, _)| list);
    let listed: BTreeSet<&str> = listed.split('"').filter(|part| part.starts_with('/')).collect();
    (listed != *delivering)
        .then(|| format!("{}/core.js: {DELIVERING}{listed:?}: the bodies of {delivering:?} have `token_delivery`", client::FOLDER))
}

fn of_package(package: &Value, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut findings = Vec::new();
    if package.get("version").is_none_or(|there| there != version) {
        findings.push(format!("{PACKAGE}: its version is not {version}"));
    }
    let exports = package.get("exports").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
    let named = exports.flat_map(|one| one.as_object().into_iter().flat_map(|forms| forms.values())).filter_map(Value::as_str);
    findings.extend(named.filter(|file| !is_there(file)).map(|file| format!("{PACKAGE}: there is no {file}")));
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_found() {
        let core = "const DELIVERING = [\"/v1/a\", \"/v1/b\"];";
        assert_eq!(differences(core, &BTreeSet::from(["/v1/a", "/v1/b"])), None);
        assert!(differences(core, &BTreeSet::from(["/v1/a"])).is_some());
        assert!(differences("", &BTreeSet::from(["/v1/a"])).is_some());
    }

    #[test]
    fn a_package_has_its_version_and_its_files() {
        let package = |version: &str| json!({ "version": version, "exports": { ".": { "types": "./a.d.ts", "default": "./a.js" } } });
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(of_package(&package(version), |_| true), Vec::<String>::new());
        assert_eq!(of_package(&package("0"), |_| true).len(), 1);
        assert_eq!(of_package(&package(version), |file| file == "./a.js"), ["package.json: there is no ./a.d.ts"]);
    }
}
