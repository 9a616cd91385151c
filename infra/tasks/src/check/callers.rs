//! The parameters of a handler decide who may call its operation (`web::Admits`), and its `security` in the document is generated
//! from them. Paths under [`SIGNED_IN`] must be for signed-in callers, and paths under [`STAFF`] for callers with a role.

use serde_json::Value;

use super::Parts;
use crate::document::{self, Callers};

/// Data of the caller, and data of other accounts.
const SIGNED_IN: [&str; 4] = ["/v1/me", "/v1/admin", "/v1/rooms", "/v1/support"];
/// Data of other accounts, and what staff do.
const STAFF: [&str; 3] = ["/v1/admin/users", "/v1/moderation", "/v1/statistics"];

/// Operations that admit callers who must be refused.
pub fn findings(parts: &Parts) -> Vec<String> {
    too_open(&parts.document)
}

fn too_open(document: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, method, operation) in document::operations(document) {
        let callers = Callers::of(operation.get("security"));
        let below =
            |of: &[&str]| of.iter().any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
        let mut report = |what: &str| findings.push(format!("{} {path}: {what}", method.to_uppercase()));
        if below(&SIGNED_IN) && !callers.signed_in {
            report("is open to everybody: its handler takes no caller");
        }
        if below(&STAFF) && !callers.staff {
            report("is open to all signed-in callers: its handler takes no `Staff`");
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_of_accounts_is_not_open_to_everybody() {
        let found = |path: &str, security: Value| too_open(&json!({"paths": {path: {"get": {"security": security}}}}));
        let (anybody, member, administrator) = (Value::Null, json!([{"bearer": []}]), json!([{"bearer": ["administrator"]}]));
        assert_eq!(found("/v1/me", anybody.clone()), ["GET /v1/me: is open to everybody: its handler takes no caller"]);
        assert_eq!(found("/v1/me/phone", anybody.clone()).len(), 1);
        assert_eq!(found("/v1/mention", anybody.clone()), [""; 0]);
        assert_eq!(found("/v1/me", member.clone()), [""; 0]);
        assert_eq!(found("/v1/admin/users/{username}", anybody).len(), 2);
        assert_eq!(found("/v1/statistics/invites", member).len(), 1);
        assert_eq!(found("/v1/statistics/invites", administrator), [""; 0]);
    }
}
