//! `cargo xtask permissions`: compares the AWS operations that the code of each function can reach with those that its role allows.
//!
//! A binary contains only code that its function can reach: the linker leaves out the rest. Each operation of the SDK has a serializer of
//! its own. If the binary has the symbol of the serializer, the function can call the operation, whether a test calls it or not.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use local::template::FunctionSpec;
use object::{Object as _, ObjectSymbol as _};

use crate::{Failure, calls, repository};

/// Compares every function in the folder of binaries with its role, and prints the differences.
///
/// # Errors
/// If a binary cannot be read, or there is a difference.
pub fn run(built: Option<PathBuf>) -> Result<(), Failure> {
    let built = built.unwrap_or_else(|| repository::root().join("target/debug"));
    let template = repository::template()?;
    let mut differences = 0_usize;
    for function in template.functions.values() {
        for line in compare(function, &reached(&built.join(&function.name))?) {
            println!("{line}");
            differences = differences.saturating_add(1);
        }
    }
    println!("\n{} functions", template.functions.len());
    if differences == 0 { Ok(()) } else { Err(format!("{differences} differences between code and roles").into()) }
}

/// Returns the actions of a binary.
fn reached(binary: &Path) -> Result<BTreeSet<String>, Failure> {
    let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}; cargo build --workspace --bins makes it", binary.display());
    let bytes = fs::read(binary).map_err(|e| wrong(&e))?;
    let file = object::File::parse(&*bytes).map_err(|e| wrong(&e))?;
    let names = file.symbols().filter_map(|symbol| symbol.name().ok());
    let actions: BTreeSet<String> = names.flat_map(|name| actions_of(&format!("{:#}", rustc_demangle::demangle(name)))).collect();
    // Otherwise a stripped binary would look like one that calls nothing.
    if file.symbols().next().is_none() { Err(wrong(&"it has no symbols").into()) } else { Ok(actions) }
}

/// Returns a line for each difference.
fn compare(function: &FunctionSpec, reached: &BTreeSet<String>) -> Vec<String> {
    let allows = function.statements.iter().filter(|statement| statement.get("Effect").is_some_and(|effect| effect == "Allow"));
    let allowed: BTreeSet<String> = allows.flat_map(|statement| calls::strings(statement.get("Action"))).collect();
    let missing =
        reached.difference(&allowed).map(|action| format!("{}: its code can call {action}, which its role does not allow", function.name));
    let useless =
        allowed.difference(reached).map(|action| format!("{}: its role allows {action}, which its code cannot call", function.name));
    missing.chain(useless).collect()
}

/// Returns the actions that IAM checks for the code behind a symbol. <https://docs.aws.amazon.com/service-authorization/latest/reference/>
fn actions_of(symbol: &str) -> Vec<String> {
    let one = |action: &str| vec![action.to_owned()];
    // A transaction needs the permissions of its writes.
    match symbol {
        "store::tx::Tx::put_row" => return one("dynamodb:PutItem"),
        "store::tx::Tx::update" => return one("dynamodb:UpdateItem"),
        "store::tx::Tx::delete" | "store::tx::Tx::delete_when" => return one("dynamodb:DeleteItem"),
        "store::tx::Tx::check" => return one("dynamodb:ConditionCheckItem"),
        _ => {}
    }
    let Some((service, operation)) = serialized(symbol) else { return Vec::new() };
    let service = match service {
        "eventbridge" => "events",
        "apigatewaymanagement" => "execute-api",
        other => other,
    };
    let operations: &[&str] = match (service, operation) {
        ("dynamodb", "TransactGetItems") => &["GetItem"],
        ("s3", "HeadObject") => &["GetObject"],
        // IAM checks the actions of a transaction's parts. S3's client always has the code for sessions of directory buckets, which are not
        // used here.
        ("dynamodb", "TransactWriteItems") | ("s3", "CreateSession") => &[],
        ("s3", "CopyObject") => &["GetObject", "PutObject"],
        ("s3", "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => &["PutObject"],
        ("s3", "DeleteObjects") => &["DeleteObject"],
        ("s3", "ListObjects" | "ListObjectsV2" | "HeadBucket") => &["ListBucket"],
        ("execute-api", _) => &["ManageConnections"],
        (_, same) => &[same],
    };
    operations.iter().map(|operation| format!("{service}:{operation}")).collect()
}

/// Returns the service and the operation of a serializer: `<aws_sdk_s3::operation::get_object::GetObjectRequestSerializer as
/// …::SerializeRequest>::serialize_input`.
fn serialized(symbol: &str) -> Option<(&str, &str)> {
    let (service, rest) = symbol.strip_suffix("::serialize_input")?.strip_prefix("<aws_sdk_")?.split_once("::operation::")?;
    let (_, rest) = rest.split_once("::")?;
    let (operation, _) = rest.split_once("RequestSerializer as ")?;
    Some((service, operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_shows_what_can_be_called() {
        let serializer = |service: &str, module: &str, operation: &str| {
            format!(
                "<aws_sdk_{service}::operation::{module}::{operation}RequestSerializer as \
                 aws_smithy_runtime_api::client::ser_de::SerializeRequest>::serialize_input"
            )
        };
        for (symbol, expected) in [
            (serializer("dynamodb", "get_item", "GetItem"), vec!["dynamodb:GetItem"]),
            (serializer("dynamodb", "transact_write_items", "TransactWriteItems"), vec![]),
            (serializer("s3", "copy_object", "CopyObject"), vec!["s3:GetObject", "s3:PutObject"]),
            (serializer("s3", "delete_objects", "DeleteObjects"), vec!["s3:DeleteObject"]),
            (serializer("s3", "list_objects_v2", "ListObjectsV2"), vec!["s3:ListBucket"]),
            (serializer("eventbridge", "put_events", "PutEvents"), vec!["events:PutEvents"]),
            (serializer("ses", "send_raw_email", "SendRawEmail"), vec!["ses:SendRawEmail"]),
            (serializer("apigatewaymanagement", "post_to_connection", "PostToConnection"), vec!["execute-api:ManageConnections"]),
            ("store::tx::Tx::delete".to_owned(), vec!["dynamodb:DeleteItem"]),
            ("store::tx::Tx::check".to_owned(), vec!["dynamodb:ConditionCheckItem"]),
            ("store::tx::Tx::new".to_owned(), vec![]),
            ("<aws_sdk_s3::operation::get_object::GetObject as core::fmt::Debug>::fmt".to_owned(), vec![]),
        ] {
            assert_eq!(actions_of(&symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn differences_are_found_both_ways() {
        let template = repository::template().expect("template");
        let relay = template.function("outbox-relay").expect("a function");
        let reached = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
        assert_eq!(compare(relay, &reached(&["events:PutEvents"])), Vec::<String>::new());
        assert_eq!(
            compare(relay, &reached(&["dynamodb:Scan"])),
            [
                "outbox-relay: its code can call dynamodb:Scan, which its role does not allow",
                "outbox-relay: its role allows events:PutEvents, which its code cannot call"
            ]
        );
    }
}
