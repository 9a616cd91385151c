//! The operations of an OpenAPI document, and who may call them.

use serde_json::Value;

/// Who may call an operation.
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own")]
#[derive(Clone, Copy, Debug)]
pub struct Callers {
    /// Only signed-in callers.
    pub signed_in: bool,
    /// Only signed-in callers with a recent proof of who they are.
    pub step_up: bool,
    /// Only signed-in callers with a role.
    pub staff: bool,
    /// Also programs with an API key.
    pub keys: bool,
}

impl Callers {
    /// From the `security` of an operation, which `web::operations!` has written.
    pub fn of(security: Option<&Value>) -> Self {
        let conditions = security.and_then(|security| security.pointer("/0")?.get(web::BEARER)?.as_array());
        let any = |is: fn(&str) -> bool| conditions.into_iter().flatten().filter_map(Value::as_str).any(is);
        let alternatives = security.and_then(Value::as_array).into_iter().flatten();
        Self {
            signed_in: conditions.is_some(),
            step_up: any(|name| name == web::STEP_UP),
            staff: any(|name| name != web::STEP_UP),
            keys: alternatives.into_iter().any(|alternative| alternative.get(web::API_KEY).is_some()),
        }
    }
}

/// The methods in the order of the documents.
pub const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// Returns every operation of a document, with its path and method.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| METHODS.into_iter().filter_map(move |m| Some((path.as_str(), m, item.get(m)?))))
}
