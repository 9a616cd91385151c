//! Writing the handlers' routes to the places that repeat them: each function's events in the template, the OpenAPI
//! document, and the router of `cargo lambda watch`. Also packs the list of common passwords.

use std::{collections::BTreeMap, fs};

use local::template::Template;

use crate::{
    Failure,
    document::{self, Route},
    functions, openapi,
    repository::{self, logical_id, pascal_case},
};

/// A file as it should be.
pub struct Generated {
    /// Where, from the root.
    pub path: &'static str,
    /// What should be in it.
    pub content: Vec<u8>,
}

/// Writes whatever differs.
pub fn run() -> Result<(), Failure> {
    for file in generate()? {
        if repository::bytes(file.path).is_ok_and(|content| content == file.content) {
            println!("{}: as it should be", file.path);
        } else {
            fs::write(repository::root().join(file.path), file.content)?;
            println!("{}: written", file.path);
        }
    }
    Ok(())
}

/// Everything that derives from something else: from the handlers, and the packed list of passwords.
pub fn generate() -> Result<Vec<Generated>, Failure> {
    let functions = functions::all();
    let routes = document::routes(&functions)?;
    let template = repository::read("template.yaml")?;
    let document = document::whole(&functions);
    let file = |path, content| Generated { path, content };
    let text = |path, text: String| file(path, text.into_bytes());
    Ok(vec![
        text("template.yaml", with_events(&template, &routes)?),
        text("infra/openapi.json", openapi::text(&document)),
        text("Cargo.toml", with_router(&repository::read("Cargo.toml")?, &routes)?),
        file(
            "shared/accounts/data/common-passwords.bin",
            accounts::common::pack(&repository::read("shared/accounts/data/common-passwords.txt")?),
        ),
    ])
}

const BEGIN: &str = "# routes";
const END: &str = "# end routes";

/// The template with every function's lines between the marks replaced by its routes.
fn with_events(template: &str, routes: &[Route]) -> Result<String, Failure> {
    let mut left: BTreeMap<String, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        left.entry(logical_id(&route.function)).or_default().push(route);
    }
    let (mut out, mut resource, mut inside) = (String::new(), String::new(), false);
    for line in template.lines() {
        if let Some(name) = line.strip_prefix("  ").and_then(|l| l.strip_suffix(':')).filter(|n| !n.starts_with([' ', '#'])) {
            name.clone_into(&mut resource);
        }
        match line.trim() {
            END => inside = false,
            _ if inside => continue,
            _ => {}
        }
        out.push_str(line);
        out.push('\n');
        if line.trim() == BEGIN {
            inside = true;
            let indent = line.strip_suffix(BEGIN).unwrap_or_default();
            let mut names = BTreeMap::new();
            for route in left.remove(&resource).unwrap_or_default() {
                let name = event_name(route);
                if let Some(other) = names.insert(name.clone(), &route.path) {
                    return Err(format!("{} and {other} would both be called {name}", route.path).into());
                }
                out.push_str(&event(indent, &name, route));
            }
        }
    }
    match left.keys().next() {
        None => Ok(out),
        Some(id) => Err(format!("template.yaml: {id} has routes but no `{BEGIN}` line").into()),
    }
}

fn event(indent: &str, name: &str, route: &Route) -> String {
    let path = if route.path.contains('{') { format!("'{}'", route.path) } else { route.path.clone() };
    format!("{indent}{name}: {{Type: HttpApi, Properties: {{ApiId: !Ref HttpApi, Method: {}, Path: {path}}}}}\n", route.method)
}

/// `GET /v1/users/{username}` is `GetV1UsersByUsername`.
fn event_name(route: &Route) -> String {
    let segments = route.path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        Some(parameter) => format!("By{}", pascal_case(parameter)),
        None => pascal_case(segment),
    });
    pascal_case(&route.method.to_lowercase()) + &segments.collect::<String>()
}

/// The workspace's manifest with the router of `cargo lambda watch` replaced. A path belongs to one function.
fn with_router(manifest: &str, routes: &[Route]) -> Result<String, Failure> {
    let mut paths: BTreeMap<&str, &str> = BTreeMap::new();
    for route in routes {
        match paths.insert(&route.path, &route.function) {
            Some(other) if other != route.function => {
                return Err(format!("{} belongs to both {other} and {}", route.path, route.function).into());
            }
            _ => {}
        }
    }
    // What takes the rest of a path is `{path+}` for API Gateway and `{*path}` for `cargo lambda watch`.
    let rest = |path: &str| path.strip_suffix("+}").map_or_else(|| path.to_owned(), |before| before.replace('{', "{*") + "}");
    let lines: Vec<String> = paths.iter().map(|(path, function)| format!("\"{}\" = \"{function}\"\n", rest(path))).collect();
    let (before, rest) = manifest.split_once(&format!("{BEGIN}\n")).ok_or("Cargo.toml: no `# routes` line")?;
    let (_, after) = rest.split_once(END).ok_or("Cargo.toml: no `# end routes` line")?;
    Ok(format!("{before}{BEGIN}\n{}{END}{after}", lines.concat()))
}

/// The routes in the template, as the local cloud and AWS read it.
pub fn routes_in(template: &Template) -> Vec<Route> {
    let name = |id: &str| template.function(id).map_or_else(|| id.to_owned(), |f| f.name.clone());
    let mut routes: Vec<Route> = (template.http_api.routes.iter())
        .map(|r| Route { path: r.path.clone(), method: r.method.clone(), function: name(&r.function) })
        .collect();
    routes.sort();
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str, function: &str) -> Route {
        Route { path: path.to_owned(), method: method.to_owned(), function: function.to_owned() }
    }

    #[test]
    fn routes_replace_what_stood_between_the_marks() {
        let template = "Resources:\n  LoginFunction:\n    Events:\n      # routes\n      Old: {}\n      # end routes\n  Other:\n    x: y\n";
        let routes = [route("GET", "/v1/me/{part}", "login")];
        let out = with_events(template, &routes).expect("generated");
        assert!(
            out.contains("      GetV1MeByPart: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Method: GET, Path: '/v1/me/{part}'}}\n")
        );
        assert!(!out.contains("Old") && out.ends_with("    x: y\n"));
        assert_eq!(with_events(&out, &routes).expect("generated"), out, "writing again changes nothing");
    }

    #[test]
    fn a_function_without_marks_is_told() {
        assert!(with_events("Resources:\n", &[route("GET", "/", "login")]).is_err());
    }

    #[test]
    fn a_path_belongs_to_one_function() {
        let manifest = "a\n# routes\n# end routes\nb\n";
        assert!(with_router(manifest, &[route("GET", "/x", "a"), route("PUT", "/x", "b")]).is_err());
        let out = with_router(manifest, &[route("GET", "/x", "a"), route("PUT", "/x", "a")]).expect("generated");
        assert_eq!(out, "a\n# routes\n\"/x\" = \"a\"\n# end routes\nb\n");
        let out = with_router(manifest, &[route("GET", "/{path+}", "a")]).expect("generated");
        assert!(out.contains("\n\"/{*path}\" = \"a\"\n"), "{out}");
    }
}
