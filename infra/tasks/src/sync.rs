//! `cargo xtask sync`: writes the generated files.
//!
//! From the folders in `functions/`: the list of functions in the local cloud, and its dependencies. From the handlers: the HTTP API
//! in the template, the OpenAPI document, the types of the JavaScript client, and the router of `cargo lambda watch`. From the types of
//! items: their table, and what the export contains of each kind. Also packs the list of common passwords.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use local::{functions, template::Template};
use tasks::items;

use crate::{
    Failure, asyncapi, client,
    document::{self, Route},
    openapi,
    repository::{self, logical_id},
};

/// A generated file.
pub struct Generated {
    /// The path, relative to the root.
    pub path: &'static str,
    /// The content.
    pub content: Vec<u8>,
}

impl Generated {
    fn text(path: &'static str, text: String) -> Self {
        Self { path, content: text.into_bytes() }
    }

    /// Writes it if it differs, and returns whether it did.
    fn write(&self) -> Result<bool, Failure> {
        let same = repository::bytes(self.path).is_ok_and(|content| content == self.content);
        if !same {
            fs::write(repository::root().join(self.path), &self.content)?;
        }
        println!("{}: {}", self.path, if same { "unchanged" } else { "written" });
        Ok(!same)
    }
}

/// Writes the files that differ. If this program was built with other functions than those in the folders, it writes only the files derived
/// from the folders, and then builds and runs the new program, which knows the handlers, for the others.
pub fn run() -> Result<(), Failure> {
    let mut other_functions = false;
    for file in from_folders()? {
        other_functions |= file.write()?;
    }
    if other_functions {
        let status = Command::new("cargo").args(["xtask", "sync"]).current_dir(repository::root()).status()?;
        let repeat = "the functions do not build, or their routes cannot be written: correct this, and run `cargo xtask sync`";
        return if status.success() { Ok(()) } else { Err(repeat.into()) };
    }
    for file in from_code()? {
        file.write()?;
    }
    Ok(())
}

/// Returns the files that are derived from the folders in `functions/`.
pub fn from_folders() -> Result<Vec<Generated>, Failure> {
    let mut functions = Vec::new();
    for name in repository::list("functions")? {
        let library = repository::read(&format!("functions/{name}/src/lib.rs"))?;
        functions.push((name, library));
    }
    let registry = functions.iter().map(|(name, library)| registration(name, library));
    let dependencies = functions.iter().map(|(name, _)| format!("{name}.path = \"../../functions/{name}\""));
    Ok(vec![
        Generated::text(REGISTRY, between(REGISTRY, &repository::read(REGISTRY)?, "// ", "functions", registry)?),
        Generated::text(MANIFEST, between(MANIFEST, &repository::read(MANIFEST)?, "# ", "functions", dependencies)?),
    ])
}

/// Returns the files that are derived from the handlers, and the packed list of passwords.
pub fn from_code() -> Result<Vec<Generated>, Failure> {
    let routes = document::routes(functions::ALL)?;
    let document = document::whole(functions::ALL);
    let socket = asyncapi::document(&document);
    let passwords = proofs::common::pack(&repository::read("shared/proofs/data/common-passwords.txt")?);
    Ok(vec![
        Generated::text(TEMPLATE, with_routes(&repository::read(TEMPLATE)?, &routes)?),
        Generated::text("infra/openapi.json", openapi::text(&document)),
        Generated::text(asyncapi::FILE, openapi::text(&socket)),
        Generated::text(client::API, client::api(&document)),
        Generated::text(client::FRAMES, client::frames(&socket, &document)),
        Generated::text(items::DOCUMENT, items::document()),
        Generated::text(items::EXPORTED, items::exported_kinds()),
        Generated::text(WORKSPACE, with_router(&repository::read(WORKSPACE)?, &document::exact_routes(functions::ALL)?)?),
        Generated { path: "shared/proofs/data/common-passwords.bin", content: passwords },
    ])
}

const REGISTRY: &str = "infra/local/src/functions.rs";
const MANIFEST: &str = "infra/local/Cargo.toml";
const TEMPLATE: &str = "template.yaml";
const WORKSPACE: &str = "Cargo.toml";
/// The macro call in the library of a function with operations over HTTP. It generates its `description`.
const OPERATIONS: &str = "\nweb::operations! {";
/// The macro call in the library of a function that hears events. It generates its `HEARD`.
const HEARS: &str = "\nevents::hears! {";
/// The end of the path of a `HEARD` that is generated in a module of a function, and exported from its library.
const EXPORTED_HEARD: &str = "::HEARD;";
/// The macro call in the library of a function that stores items of its own. It generates its `ITEMS`.
const ITEMS: &str = "\nstore::items![";

/// Returns the line of a function in the list of functions, by the text of its library.
fn registration(name: &str, text: &str) -> String {
    let library = name.replace('-', "_");
    let description = if text.contains(OPERATIONS) { format!("Some({library}::description)") } else { "None".to_owned() };
    let list_of = |is_there: bool, list: &str| if is_there { format!("{library}::{list}") } else { "&[]".to_owned() };
    let heard = list_of(text.contains(HEARS) || text.contains(EXPORTED_HEARD), "HEARD");
    let items = list_of(text.contains(ITEMS), "ITEMS");
    format!("\"{name}\" => {library}::start, {description}, {heard}, {items};")
}

/// Returns the template with its routes, and an integration and a permission for each function with routes.
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
    let template = between(TEMPLATE, template, "# ", "routes", lines)?;
    let template = between(TEMPLATE, &template, "# ", "integrations", functions.iter().map(|function| integration(function)))?;
    between(TEMPLATE, &template, "# ", "permissions", functions.iter().map(|function| permission(function)))
}

/// Returns a file with the lines between two marks replaced, with the indentation of the marks. Marks are comments of the file.
fn between(file: &str, text: &str, comment: &str, mark: &str, lines: impl Iterator<Item = String>) -> Result<String, Failure> {
    let (begin, end) = (format!("{comment}{mark}\n"), format!("{comment}end {mark}\n"));
    let missing = || format!("{file}: no lines `{comment}{mark}` and `{comment}end {mark}`");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let lines = lines.fold(String::new(), |all, line| all + indent + &line + "\n");
    Ok(format!("{before}{begin}{lines}{indent}{end}{after}"))
}

/// Returns a path as a key of YAML.
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

/// Returns one permission for all routes of the API.
fn permission(function: &str) -> String {
    let (id, source) = (logical_id(function), "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*");
    let properties = format!(
        "{{Action: lambda:InvokeFunction, FunctionName: !Ref {id}, Principal: apigateway.amazonaws.com, SourceArn: !Sub '{source}'}}"
    );
    format!("{id}LetsApiIn: {{Type: AWS::Lambda::Permission, Properties: {properties}}}")
}

/// Returns the workspace's manifest with the router of `cargo lambda watch` replaced. The router has no limit, so each path has a route of
/// its own. All methods of a path must belong to one function. Each GET route also has a HEAD route.
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
    // The rest of a path is `{path+}` for API Gateway and `{*path}` for `cargo lambda watch`.
    let rest = |path: &str| path.strip_suffix("+}").map_or_else(|| path.to_owned(), |before| before.replace('{', "{*") + "}");
    let lines = paths.iter().map(|(path, function)| format!("\"{}\" = \"{function}\"", rest(path)));
    between(WORKSPACE, manifest, "# ", "routes", lines)
}

/// Returns the routes in the template, as the local cloud loads them.
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
    use crate::metrics;

    fn route(method: &str, path: &str, function: &str) -> Route {
        Route { path: path.to_owned(), method: method.to_owned(), function: function.to_owned() }
    }

    #[test]
    fn routes_replace_the_lines_between_the_marks() {
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
    fn a_function_has_a_line_in_the_list() {
        let hears = format!("{HEARS} AccountPurgeDue }}");
        assert_eq!(registration("account-purge", &hears), r#""account-purge" => account_purge::start, None, account_purge::HEARD, &[];"#);
        assert_eq!(registration("rooms", OPERATIONS), r#""rooms" => rooms::start, Some(rooms::description), &[], &[];"#);
        let stores = format!("{ITEMS}Entry];\npub use consumer{EXPORTED_HEARD}\n");
        assert_eq!(registration("notes", &stores), r#""notes" => notes::start, None, notes::HEARD, notes::ITEMS;"#);
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
    fn every_crate_with_items_or_metrics_is_in_the_list_of_all() {
        let sources = repository::sources().expect("the sources");
        let listing = |calls: &[&str]| {
            let lists = sources.iter().filter(|(_, text)| calls.iter().any(|call| text.contains(call)));
            lists.filter_map(|(path, _)| path.split('/').nth(1)).collect::<BTreeSet<&str>>()
        };
        let stored: BTreeSet<&str> = items::all().iter().map(|kind| kind.package).collect();
        assert_eq!(stored, listing(&["\nstore::items![", "\ncrate::items!["]));
        let measured: BTreeSet<&str> = metrics::all().iter().map(|metric| metric.package).collect();
        assert_eq!(measured, listing(&["\nfunction::metrics! {"]));
    }
}
