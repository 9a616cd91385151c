//! The OpenAPI document of the whole system, and the routes in it.

use std::collections::{BTreeMap, BTreeSet};

use local::functions::Registered;
use serde_json::Value;

use crate::{Failure, openapi, paths::METHODS};

pub use crate::paths::{Callers, operations};

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Such as `/v1/users/{username}`.
    pub path: String,
    /// `GET`, …
    pub method: String,
    /// The function that declares it.
    pub function: String,
}

impl Route {
    /// Returns whether the route's path template matches some path that `path` matches.
    fn matches(&self, path: &str) -> bool {
        let is_parameter = |segment: &str| segment.starts_with('{');
        self.path.split('/').count() == path.split('/').count()
            && self.path.split('/').zip(path.split('/')).all(|(a, b)| a == b || is_parameter(a) || is_parameter(b))
    }

    /// Returns whether the path begins with this prefix and a slash.
    fn is_below(&self, prefix: &str) -> bool {
        self.path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The function for requests that no other route matches.
const FALLBACK_FUNCTION: &str = "api-docs";
/// The routes for requests that no other route matches. They name the methods because `$default` and `ANY` would also get preflight
/// requests, which API Gateway would then no longer answer itself. `{path+}` does not match an empty path, which has an operation of its
/// own for GET.
const FALLBACK_ROUTES: [(&str, &[&str]); 2] =
    [("/{path+}", &["get", "post", "put", "patch", "delete"]), ("/", &["post", "put", "patch", "delete"])];

/// Returns the routes of the HTTP API for the operations in code, sorted by path and method. Each GET route also has a HEAD route, because
/// API Gateway needs one; axum answers HEAD like GET.
pub fn routes(functions: &[Registered]) -> Result<Vec<Route>, Failure> {
    let mut routes: Vec<Route> = shared(&exact_routes(functions)?).into_iter().collect();
    routes.sort_by_key(|r| (r.path.clone(), METHODS.iter().position(|m| m.eq_ignore_ascii_case(&r.method))));
    Ok(routes)
}

/// Returns a route for each operation in code, and those for unknown paths.
pub fn exact_routes(functions: &[Registered]) -> Result<Vec<Route>, Failure> {
    let route = |path: &str, method: &str, function: &str| Route {
        path: path.to_owned(),
        method: method.to_uppercase(),
        function: function.to_owned(),
    };
    let mut routes = Vec::new();
    for function in functions {
        let Some(describe) = function.description else { continue };
        let document = serde_json::to_value(describe())?;
        routes.extend(operations(&document).map(|(path, method, _)| route(path, method, function.name)));
        if function.name == FALLBACK_FUNCTION {
            routes.extend(
                FALLBACK_ROUTES.iter().flat_map(|(path, methods)| methods.iter().map(|method| route(path, method, FALLBACK_FUNCTION))),
            );
        }
    }
    Ok(routes)
}

/// Returns the routes for these operations. An API can have 300 routes. So several operations of one function with the same method below a
/// prefix share a route, if no other function has operations below the prefix: the function's router knows the paths, and answers 404 and
/// 405 for others. HEAD also shares a route if other functions have operations below the prefix: the function with the most operations gets
/// it, because API Gateway prefers exact routes. Then HEAD on a path of another function without GET gets 404 instead of 405.
fn shared(operations: &[Route]) -> BTreeSet<Route> {
    let mut prefixes: Vec<&str> =
        operations.iter().flat_map(|route| route.path.match_indices('/').filter_map(|(end, _)| route.path.get(..end))).collect();
    prefixes.retain(|prefix| !["", "/v1"].contains(prefix));
    prefixes.sort_unstable_by_key(|prefix| (prefix.len(), *prefix));
    prefixes.dedup();
    let owned = prefixes.iter().copied().filter(|prefix| {
        let functions: BTreeSet<&str> = operations.iter().filter(|route| route.is_below(prefix)).map(|r| r.function.as_str()).collect();
        functions.len() == 1
    });
    let owned: Vec<&str> = owned.collect();
    let mut routes = BTreeSet::new();
    for method in METHODS.map(str::to_uppercase) {
        let (like, prefixes) = if method == "HEAD" { ("GET", &prefixes) } else { (method.as_str(), &owned) };
        let operations: Vec<&Route> = operations.iter().filter(|route| route.method == like).collect();
        routes.extend(shared_by_method(&method, &operations, prefixes));
    }
    routes
}

/// Returns the routes with a method for these operations: one below each prefix where a function has several of them, and exact ones.
fn shared_by_method(method: &str, operations: &[&Route], prefixes: &[&str]) -> BTreeSet<Route> {
    let route = |path: String, function: &str| Route { path, method: method.to_owned(), function: function.to_owned() };
    // The function whose shared route answers a path.
    let mut shared: BTreeMap<&str, &str> = BTreeMap::new();
    let mut routes = BTreeSet::new();
    for prefix in prefixes {
        let below = || operations.iter().filter(|route| route.is_below(prefix));
        let mut own: BTreeMap<&str, usize> = BTreeMap::new();
        for operation in below().filter(|operation| !shared.contains_key(operation.path.as_str())) {
            *own.entry(&operation.function).or_default() += 1;
        }
        let Some((function, _)) = own.into_iter().filter(|(_, count)| *count > 1).max_by_key(|(_, count)| *count) else { continue };
        // A shared route must not match paths that a shorter prefix has given to another function, and exact routes of other functions must
        // not match paths of the shared route.
        let of_others = || operations.iter().filter(|operation| operation.function != function);
        if below().any(|own| own.function == function && of_others().any(|other| other.matches(&own.path)))
            || below().any(|operation| shared.get(operation.path.as_str()).is_some_and(|other| *other != function))
        {
            continue;
        }
        routes.insert(route(format!("{prefix}/{{path+}}"), function));
        shared.extend(below().filter(|o| o.function == function).map(|o| (o.path.as_str(), function)));
    }
    let exact = operations.iter().filter(|operation| !shared.contains_key(operation.path.as_str()));
    routes.extend(exact.map(|operation| route(operation.path.clone(), &operation.function)));
    routes
}

/// Returns the document of the whole API.
pub fn whole(functions: &[Registered]) -> Value {
    openapi::document(functions.iter().filter_map(|f| f.description).map(|describe| describe()))
}

/// Returns the document of each function.
pub fn parts(functions: &[Registered]) -> Result<Vec<(String, Value)>, Failure> {
    let described = functions.iter().filter_map(|f| Some((f.name.to_owned(), f.description?)));
    described.map(|(name, describe)| Ok((name, serde_json::to_value(describe())?))).collect()
}

/// Returns the contradictions between the functions' documents, which merging would hide.
pub fn conflicts(parts: &[(String, Value)]) -> Vec<String> {
    let (mut findings, mut declared) = (Vec::new(), BTreeMap::<String, (String, Value)>::new());
    for (function, part) in parts {
        let operations = operations(part).map(|(path, method, operation)| (format!("{} {path}", method.to_uppercase()), operation, false));
        let schemas = part.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
        for (name, value, may_repeat) in operations.chain(schemas.map(|(name, schema)| (format!("the schema {name}"), schema, true))) {
            match declared.get(&name) {
                Some((_, same)) if may_repeat && same == value => {}
                Some((other, _)) => findings.push(format!("{name} is declared by {other} and, differently, by {function}")),
                None => drop(declared.insert(name, (function.clone(), value.clone()))),
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_of_one_function_below_a_prefix_share_a_route() {
        let operations = [
            ("GET", "/", "a"),
            ("GET", "/{path+}", "a"),
            ("GET", "/.well-known/x", "a"),
            ("GET", "/.well-known/y", "a"),
            ("GET", "/v1/rooms", "b"),
            ("GET", "/v1/rooms/{room}", "b"),
            ("GET", "/v1/rooms/{room}/messages", "b"),
            ("POST", "/v1/rooms/{room}/reports", "f"),
            ("GET", "/v1/rooms/{room}/reports", "f"),
            ("GET", "/v1/me", "c"),
            ("GET", "/v1/me/picture", "c"),
            ("GET", "/v1/me/mfa/factors", "d"),
            ("GET", "/v1/me/mfa/devices", "d"),
            ("PUT", "/v1/me/mfa/factors", "d"),
            ("POST", "/v1/flows/{flow}/code", "e"),
            ("POST", "/v1/flows/{flow}/end", "e"),
            ("PATCH", "/v1/users/me/a", "g"),
            ("PATCH", "/v1/users/me/b", "g"),
            ("PATCH", "/v1/users/{user}/b", "h"),
        ];
        let operations =
            operations.map(|(method, path, function)| Route { path: path.into(), method: method.into(), function: function.into() });
        let of = |method: &str| -> Vec<String> {
            let routes = shared(&operations).into_iter().filter(|route| route.method == method);
            routes.map(|route| format!("{} {}", route.path, route.function)).collect()
        };
        let rooms = ["/v1/rooms b", "/v1/rooms/{room} b", "/v1/rooms/{room}/messages b", "/v1/rooms/{room}/reports f"];
        let me = ["/v1/me c", "/v1/me/mfa/{path+} d", "/v1/me/picture c"];
        assert_eq!(of("GET"), [&["/ a", "/.well-known/{path+} a"], &me[..], &rooms, &["/{path+} a"]].concat());
        let me = ["/v1/me c", "/v1/me/picture c", "/v1/me/{path+} d"];
        let rooms = ["/v1/rooms b", "/v1/rooms/{path+} b", "/v1/rooms/{room}/reports f"];
        assert_eq!(of("HEAD"), [&["/ a", "/.well-known/{path+} a"], &me[..], &rooms, &["/{path+} a"]].concat());
        assert_eq!(of("PUT"), ["/v1/me/mfa/factors d"]);
        assert_eq!(of("POST"), ["/v1/flows/{path+} e", "/v1/rooms/{room}/reports f"]);
        assert_eq!(of("PATCH"), ["/v1/users/me/a g", "/v1/users/me/b g", "/v1/users/{user}/b h"]);
        assert!(of("DELETE").is_empty());
    }

    #[test]
    fn contradicting_functions_are_found() {
        let part = |name: &str, path: &str, schema: &str| {
            (name.to_owned(), json!({"paths": {path: {"get": {}}}, "components": {"schemas": {"Me": {"type": schema}}}}))
        };
        assert_eq!(conflicts(&[part("a", "/a", "object"), part("b", "/b", "object")]), Vec::<String>::new());
        assert_eq!(
            conflicts(&[part("a", "/a", "object"), part("b", "/a", "string")]),
            ["GET /a is declared by a and, differently, by b", "the schema Me is declared by a and, differently, by b"]
        );
    }
}
