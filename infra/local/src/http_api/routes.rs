//! Routing: of the routes for a method, the one with the most specific path is used.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use http::Method;

use crate::{functions, template::RouteSpec};

/// The operations of all functions in code.
static OPERATIONS: LazyLock<Routes> = LazyLock::new(|| {
    let documents = functions::ALL.iter().filter_map(|function| Some((function.name, (function.description?)())));
    let specs = documents.flat_map(|(name, document)| {
        let spec =
            move |method: Method, path: &str| RouteSpec { method: method.to_string(), path: path.to_owned(), function: name.to_owned() };
        let items = document.paths.paths.into_iter();
        items.flat_map(move |(path, item)| {
            let declared = [
                (Method::GET, item.get),
                (Method::POST, item.post),
                (Method::PUT, item.put),
                (Method::PATCH, item.patch),
                (Method::DELETE, item.delete),
            ];
            let methods: Vec<RouteSpec> =
                declared.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| spec(method, &path)).collect();
            methods
        })
    });
    Routes::new(&specs.collect::<Vec<_>>())
});

/// The routes of an API.
pub struct Routes(Vec<Route>);

/// One parsed route.
pub struct Route {
    /// Such as `GET /v1/users/{username}`.
    pub key: String,
    /// The function behind it.
    pub function: String,
    method: String,
    segments: Vec<Segment>,
}

/// A segment of a path. The order is from the most specific to the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Fixed(String),
    Parameter(String),
    Greedy(String),
}

/// A route and the values of its parameters.
pub struct Found<'a> {
    /// The route.
    pub route: &'a Route,
    /// The values by name.
    pub parameters: BTreeMap<String, String>,
}

impl Found<'_> {
    /// Returns the operation behind the route, such as `GET /v1/users/{username}`. This is the key of the route. If the route is for all
    /// paths below a prefix, it is the function's operation with this path, or the key if the function has none.
    pub(super) fn operation(&self, path: &str) -> Cow<'_, str> {
        let Route { key, method, segments, .. } = self.route;
        let shared = segments.len() > 1 && matches!(segments.last(), Some(Segment::Greedy(_)));
        let declared = if method == "HEAD" { "GET" } else { method };
        match shared.then(|| OPERATIONS.find(declared, path)).flatten() {
            Some(found) => Cow::Owned(format!("{method}{}", found.route.key.strip_prefix(declared).unwrap_or_default())),
            None => Cow::Borrowed(key),
        }
    }
}

impl Routes {
    /// Returns the routes of a template.
    #[must_use]
    pub fn new(specs: &[RouteSpec]) -> Self {
        let mut routes: Vec<Route> = specs.iter().map(Route::new).collect();
        // `Segment`'s order puts the most specific route first.
        routes.sort_by(|a, b| a.segments.cmp(&b.segments));
        Self(routes)
    }

    /// Returns the route for a method and a decoded path.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let mut candidates = self.0.iter().filter(|r| r.method == method);
        candidates.find_map(|route| Some(Found { parameters: route.capture(&parts)?, route }))
    }
}

impl Route {
    fn new(spec: &RouteSpec) -> Self {
        let segment = |text: &str| match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => {
                name.strip_suffix('+').map_or_else(|| Segment::Parameter(name.to_owned()), |name| Segment::Greedy(name.to_owned()))
            }
            None => Segment::Fixed(text.to_owned()),
        };
        Self {
            key: format!("{} {}", spec.method, spec.path),
            function: spec.function.clone(),
            method: spec.method.clone(),
            segments: spec.path.trim_start_matches('/').split('/').map(segment).collect(),
        }
    }

    fn capture(&self, parts: &[&str]) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut rest = parts;
        for segment in &self.segments {
            let (first, after) = rest.split_first()?;
            match segment {
                Segment::Fixed(text) if text == first => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.insert(name.clone(), (*first).to_owned());
                }
                Segment::Greedy(name) => {
                    // `/{path+}` needs at least one character, so it does not match `/`.
                    let rest = Some(rest.join("/")).filter(|rest| !rest.is_empty())?;
                    parameters.insert(name.clone(), rest);
                    return Some(parameters);
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_empty().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_wins() {
        let spec = |key: &str| {
            let (method, path) = key.split_once(' ').expect("key");
            RouteSpec { method: method.into(), path: path.into(), function: "F".into() }
        };
        let keys = ["GET /v1/{rest+}", "PUT /v1/{rest+}", "GET /v1/users/{id}", "GET /v1/users/me", "GET /v1/users/{id}/rooms", "GET /"];
        let routes = Routes::new(&keys.map(spec));
        for (method, path, key, parameter) in [
            ("GET", "/v1/users/me", "GET /v1/users/me", None),
            ("PUT", "/v1/users/me", "PUT /v1/{rest+}", Some("users/me")),
            ("GET", "/v1/users/anna", "GET /v1/users/{id}", Some("anna")),
            ("GET", "/v1/users/me/rooms", "GET /v1/users/{id}/rooms", Some("me")),
            ("GET", "/v1/users/", "GET /v1/{rest+}", Some("users/")),
            ("PUT", "/v1/a/b", "PUT /v1/{rest+}", Some("a/b")),
            ("GET", "/", "GET /", None),
        ] {
            let found = routes.find(method, path).expect(path);
            assert_eq!(
                (found.route.key.as_str(), found.parameters.values().next().map(String::as_str)),
                (key, parameter),
                "{method} {path}"
            );
        }
        for (method, path) in
            [("POST", "/"), ("DELETE", "/v1/a"), ("GET", "/v1/"), ("GET", "/v2/users/me"), ("GET", "//v1/users/me"), ("GET", "")]
        {
            assert!(routes.find(method, path).is_none(), "{method} {path}");
        }
    }
}
