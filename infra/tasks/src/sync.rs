//! Writing the handlers' routes to the places that repeat them: the HTTP API in the template, the OpenAPI
//! document, and the router of `cargo lambda watch`. Also writes what types of items say of themselves, and packs the list of common
//! passwords.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use local::template::Template;
use tasks::items;

use crate::{
    Failure,
    document::{self, Route},
    functions, openapi,
    repository::{self, logical_id},
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
        text("template.yaml", with_routes(&template, &routes)?),
        text("infra/openapi.json", openapi::text(&document)),
        text(items::DOCUMENT, items::document()),
        text(items::EXPORTED, items::exported_kinds()),
        text("Cargo.toml", with_router(&repository::read("Cargo.toml")?, &routes)?),
        file(
            "shared/proofs/data/common-passwords.bin",
            proofs::common::pack(&repository::read("shared/proofs/data/common-passwords.txt")?),
        ),
    ])
}

const BEGIN: &str = "# routes";
const END: &str = "# end routes";

/// The template with its routes, and what goes with them: an integration and a permission for each function that has any.
fn with_routes(template: &str, routes: &[Route]) -> Result<String, Failure> {
    let mut paths: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    let mut functions = BTreeSet::new();
    for route in routes {
        paths.entry(&route.path).or_default().push(route);
        functions.insert(route.function.as_str());
    }
    let lines = paths
        .iter()
        .map(|(path, routes)| format!("{}: {{{}}}", key(path), routes.iter().map(|r| operation(r)).collect::<Vec<_>>().join(", ")));
    let template = between(template, "routes", lines)?;
    let template = between(&template, "integrations", functions.iter().map(|function| integration(function)))?;
    between(&template, "permissions", functions.iter().map(|function| permission(function)))
}

/// The template with the lines between these two marks replaced, as far in as the marks are.
fn between(template: &str, mark: &str, lines: impl Iterator<Item = String>) -> Result<String, Failure> {
    let (begin, end) = (format!("# {mark}\n"), format!("# end {mark}\n"));
    let missing = || format!("template.yaml: no lines `# {mark}` and `# end {mark}`");
    let (before, rest) = template.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let lines = lines.fold(String::new(), |all, line| all + indent + &line + "\n");
    Ok(format!("{before}{begin}{lines}{indent}{end}{after}"))
}

/// A path as a key of YAML.
fn key(path: &str) -> String {
    if path.contains('{') { format!("'{path}'") } else { path.to_owned() }
}

fn operation(route: &Route) -> String {
    let Route { method, function, .. } = route;
    let place = format!("{{$ref: '#/components/x-amazon-apigateway-integrations/{function}'}}");
    format!("{}: {{x-amazon-apigateway-integration: {place}, responses: {{}}}}", method.to_lowercase())
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
fn integration(function: &str) -> String {
    let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${";
    let id = logical_id(function);
    format!("{function}: {{type: aws_proxy, httpMethod: POST, payloadFormatVersion: '2.0', uri: !Sub '{uri}{id}.Arn}}/invocations'}}")
}

/// For all routes of the API at once.
fn permission(function: &str) -> String {
    let (id, source) = (logical_id(function), "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*");
    let properties = format!(
        "{{Action: lambda:InvokeFunction, FunctionName: !Ref {id}, Principal: apigateway.amazonaws.com, SourceArn: !Sub '{source}'}}"
    );
    format!("{id}LetsApiIn: {{Type: AWS::Lambda::Permission, Properties: {properties}}}")
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
        let marks = |mark: &str, indent: &str| format!("{indent}# {mark}\n{indent}old: {{}}\n{indent}# end {mark}\n");
        let template = ["a:\n", &marks("routes", "    "), &marks("integrations", "    "), &marks("permissions", "  "), "b: c\n"].concat();
        let routes =
            [route("GET", "/v1/me/{part}", "phone-login"), route("PUT", "/v1/me/{part}", "phone-login"), route("GET", "/", "docs")];
        let out = with_routes(&template, &routes).expect("generated");
        let place = "{x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/phone-login'}, responses: {}}";
        assert!(out.contains(&format!("\n    '/v1/me/{{part}}': {{get: {place}, put: {place}}}\n    # end routes\n")), "{out}");
        assert_eq!(out.matches("${PhoneLoginFunction.Arn}/invocations'}\n").count(), 1);
        assert_eq!(out.matches("  PhoneLoginFunctionLetsApiIn: {Type: AWS::Lambda::Permission, ").count(), 1);
        assert!(!out.contains("old") && out.ends_with("  # end permissions\nb: c\n"), "{out}");
        assert_eq!(with_routes(&out, &routes).expect("generated"), out, "writing again changes nothing");
        assert!(with_routes("Resources:\n", &routes).is_err());
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

    #[test]
    fn every_crate_that_stores_items_is_in_the_list_of_all() {
        let known: BTreeSet<String> = items::all().iter().map(|kind| kind.package.to_owned()).collect();
        let sources = repository::sources().expect("the sources");
        let lists = sources.iter().filter(|(_, text)| text.contains("\nstore::items![") || text.contains("\ncrate::items!["));
        let listing: BTreeSet<String> = lists.filter_map(|(path, _)| Some(path.split('/').nth(1)?.to_owned())).collect();
        assert_eq!(known, listing);
    }
}
