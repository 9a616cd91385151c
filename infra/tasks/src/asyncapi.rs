//! The AsyncAPI document of the WebSocket, from the types of its frames.
//!
//! <https://www.asyncapi.com/docs/reference/specification/v3.0.0>

use std::collections::{BTreeMap, BTreeSet};

use kernel::Kind;
use messaging::frame::{CloseReason, ERROR_STREAM, ID_MAX_CHARS, Push, SOCKET_STREAM, Stream, Told};
use notifications::NotificationInfo;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

use crate::{
    openapi::{self, forms, reference},
    repository::pascal_case,
};

/// The file.
pub const FILE: &str = "infra/asyncapi.json";

/// The close codes of the platform. <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-faq.html>
const CLOSE_CODES: [(u16, &str); 6] = [
    (1000, "The server closed the socket. The last frame says why."),
    (1001, "Ten minutes without a frame, or two hours after it was opened: open another one."),
    (1002, "A violation of the WebSocket protocol."),
    (1003, "A binary frame."),
    (1007, "A frame that is not UTF-8."),
    (1009, "A frame of more than 32 KB."),
];

const DESCRIPTION: &str = "\
One socket for each client. `POST /v1/realtime/tickets` returns its address and a ticket, which is sent as a subprotocol: \
`new WebSocket(url, subprotocols)`. A ticket opens one socket within 30 seconds. A refused handshake is answered with a problem document.\n\n\
Frames are JSON: `stream` names what they are about, `id` is the client's and repeated in the answer, `payload` has a `type`. \
Errors are frames too, with the problem documents of the HTTP API; in `frame_invalid`, `pointer` names the member that is wrong. \
Frames that nobody asked for have no `id`.\n\n\
After opening, send `hello`: it lists the rooms with their last numbers. Where a number is higher than the last that the client has, \
`sync` returns what was missed. A repeated `send` with the same `nonce` commits nothing more. A client that is silent otherwise sends \
`ping` every nine minutes.";

/// Returns the document. `http` is the OpenAPI document, which has the schemas that problems refer to.
pub fn document(http: &Value) -> Value {
    let streams = [chat::frames(), support::frames()];
    let mut schemas = Map::new();
    let own = [(Told::name(), Told::schema()), (Push::name(), Push::schema())].map(|(name, schema)| (name.into_owned(), schema));
    let mut found: Vec<(String, RefOr<Schema>)> = own.into();
    Told::schemas(&mut found);
    Push::schemas(&mut found);
    found.push((NotificationInfo::name().into_owned(), NotificationInfo::schema()));
    NotificationInfo::schemas(&mut found);
    found.extend(openapi::schemas());
    for (name, schema) in streams.iter().flat_map(|s| s.schemas.iter().cloned()).chain(found) {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    forms::divide(&mut schemas);
    complete(&mut schemas, http);
    let mut whole = Value::Object(schemas);
    openapi::common::numbers(&mut whole);
    let Value::Object(mut schemas) = whole else { return Value::Null };
    let mut made = Frames::default();
    for stream in &streams {
        made.stream(stream, &schemas);
    }
    made.sent("error", ERROR_STREAM, &["ToldError"], &schemas);
    made.sent("notification_pushes", notifications::STREAM, &["NotificationInfo"], &schemas);
    made.sent("closing", SOCKET_STREAM, &["ToldClosing"], &schemas);
    // The discriminator of AsyncAPI has another form than that of OpenAPI.
    schemas.values_mut().filter_map(Value::as_object_mut).for_each(|schema| drop(schema.remove("discriminator")));
    let mut document = made.whole(&schemas);
    wrap_described_references(&mut document);
    drop_unused(&mut document);
    document
}

/// Removes schemas without references to them, such as the unions of frames: the list of operations has the same content.
fn drop_unused(document: &mut Value) {
    loop {
        let text = document.to_string();
        let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// Moves references that have a description beside them into `allOf`: schemas of AsyncAPI are of draft 7, in which other members beside a
/// reference are ignored.
fn wrap_described_references(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.len() > 1
                && let Some(place @ Value::String(_)) = members.get("$ref").cloned()
            {
                members.remove("$ref");
                members.insert("allOf".to_owned(), json!([{ "$ref": place }]));
            }
            members.values_mut().for_each(wrap_described_references);
        }
        Value::Array(items) => items.iter_mut().for_each(wrap_described_references),
        _ => {}
    }
}

/// Adds the schemas that others refer to.
fn complete(schemas: &mut Map<String, Value>, http: &Value) {
    loop {
        let text = Value::Object(schemas.clone()).to_string();
        let named = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        let missing: BTreeSet<&str> = named.filter(|name| !schemas.contains_key(*name)).collect();
        let found = missing.into_iter().filter_map(|name| Some((name.to_owned(), http.pointer("/components/schemas")?.get(name)?.clone())));
        let found: Vec<(String, Value)> = found.collect();
        if found.is_empty() {
            return;
        }
        schemas.extend(found);
    }
}

/// The messages and operations of the channel.
#[derive(Default)]
struct Frames {
    messages: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Frames {
    /// Adds the frames of a stream.
    fn stream(&mut self, stream: &Stream, schemas: &Map<String, Value>) {
        let answers = forms_of(schemas, &stream.answers);
        let refusal = self.message("ToldError", stream.name, true, schemas);
        for (ask, schema) in forms_of(schemas, &stream.asks) {
            let message = self.message(&schema, stream.name, true, schemas);
            let answer = stream.replies.iter().find(|(request, _)| *request == ask).and_then(|(_, answer)| answers.get(*answer));
            let replies: Vec<Value> =
                answer.map(|answer| self.message(answer, stream.name, true, schemas)).into_iter().chain([refusal.clone()]).collect();
            let operation = json!({
                "action": "receive",
                "title": ask,
                "description": title(schemas, &schema),
                "channel": channel(),
                "messages": [message],
                "reply": { "channel": channel(), "messages": replies },
            });
            self.operations.insert(format!("{}_{ask}", stream.name), operation);
        }
        let pushes: Vec<String> = forms_of(schemas, &stream.pushes).into_values().collect();
        let pushes: Vec<&str> = pushes.iter().map(String::as_str).collect();
        self.sent(&format!("{}_pushes", stream.name), stream.name, &pushes, schemas);
    }

    /// Adds frames that the server sends without a request.
    fn sent(&mut self, name: &str, stream: &str, frames: &[&str], schemas: &Map<String, Value>) {
        let messages: Vec<Value> = frames.iter().map(|schema| self.message(schema, stream, false, schemas)).collect();
        let about: Vec<String> = frames.iter().map(|schema| title(schemas, schema)).collect();
        let operation =
            json!({ "action": "send", "title": name, "description": about.join(" "), "channel": channel(), "messages": messages });
        self.operations.insert(name.to_owned(), operation);
    }

    /// Adds the message with this payload, and returns a reference to it. Requests and their answers have an id.
    fn message(&mut self, schema: &str, stream: &str, answered: bool, schemas: &Map<String, Value>) -> Value {
        let name = if answered { schema.to_owned() } else { format!("{schema}Unasked") };
        // A frame of several streams is described for each of them.
        let of_another = |known: &Value| known.pointer("/payload/properties/stream/const").is_some_and(|other| other != stream);
        let name = if self.messages.get(&name).is_some_and(of_another) { format!("{name}Of{}", pascal_case(stream)) } else { name };
        let mut members = json!({ "stream": { "type": "string", "const": stream }, "payload": reference("schemas", schema) });
        let mut payload = openapi::sample(&reference("schemas", schema), &Value::Object(schemas.clone()), 0);
        if let Some(problem) = payload.get_mut("problem") {
            *problem = serde_json::to_value(openapi::example(Kind::FrameInvalid)).unwrap_or_default();
        }
        let mut example = json!({ "stream": stream, "payload": payload });
        if answered {
            members["id"] = json!({ "type": "string", "maxLength": ID_MAX_CHARS, "description": "The client's id of the frame." });
            example["id"] = "c1".into();
        }
        let payload = json!({ "type": "object", "properties": members, "required": ["stream", "payload"], "additionalProperties": false });
        let message = json!({
            "name": schema,
            "title": title(schemas, schema),
            "contentType": "application/json",
            "payload": payload,
            "examples": [{ "payload": example }],
        });
        self.messages.insert(name.clone(), message);
        json!({ "$ref": format!("#/channels/socket/messages/{name}") })
    }

    fn whole(self, schemas: &Map<String, Value>) -> Value {
        let messages: Map<String, Value> = self.messages.keys().map(|name| (name.clone(), reference("messages", name))).collect();
        let own = CloseReason::ALL.iter().map(|reason| (reason.code(), "As the last frame says; sent in it, and followed by 1000."));
        let codes: Map<String, Value> = CLOSE_CODES.into_iter().chain(own).map(|(code, why)| (code.to_string(), why.into())).collect();
        let protocols = format!("{}, {}<ticket>", socket::SUBPROTOCOL, socket::TICKET_PREFIX);
        let handshake = json!({
            "type": "object",
            "properties": { "Sec-WebSocket-Protocol": { "type": "string", "examples": [protocols] } },
            "required": ["Sec-WebSocket-Protocol"],
        });
        json!({
            "asyncapi": "3.0.0",
            "info": { "title": "Stoa", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION },
            "defaultContentType": "application/json",
            "servers": { "socket": {
                "host": "{host}",
                "pathname": "/{stage}",
                "protocol": "wss",
                "description": "The `url` of a ticket.",
                "variables": { "host": { "default": "socket.stoa.example" }, "stage": { "default": "production" } },
            }},
            "channels": { "socket": {
                "address": "/",
                "description": "The socket of a client.",
                "messages": messages,
                "bindings": { "ws": { "method": "GET", "headers": handshake, "bindingVersion": "0.1.0" } },
                "x-close-codes": codes,
            }},
            "operations": self.operations,
            "components": { "messages": self.messages, "schemas": schemas },
        })
    }
}

fn channel() -> Value {
    json!({ "$ref": "#/channels/socket" })
}

/// Returns the schemas of the forms of a union, by the value of `type`.
fn forms_of(schemas: &Map<String, Value>, name: &str) -> BTreeMap<String, String> {
    let mapping = schemas.get(name).and_then(|schema| schema.pointer("/discriminator/mapping")?.as_object());
    let named = |place: &Value| place.as_str().and_then(|place| place.rsplit('/').next()).unwrap_or_default().to_owned();
    mapping.into_iter().flatten().map(|(value, place)| (value.clone(), named(place))).collect()
}

/// Returns the first sentence about a schema.
fn title(schemas: &Map<String, Value>, name: &str) -> String {
    let about = schemas.get(name).and_then(|schema| schema.get("description")?.as_str()).unwrap_or_default();
    about.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use local::functions;

    use super::*;

    fn whole() -> Value {
        document(&crate::document::whole(functions::ALL))
    }

    #[test]
    fn every_frame_is_described_with_an_example() {
        let document = whole();
        let operations: BTreeSet<&str> = document["operations"].as_object().expect("operations").keys().map(String::as_str).collect();
        let expected = [
            "chat_delete",
            "chat_edit",
            "chat_hello",
            "chat_history",
            "chat_online",
            "chat_ping",
            "chat_pushes",
            "chat_read",
            "chat_send",
            "chat_sync",
            "chat_typing",
            "closing",
            "error",
            "notification_pushes",
            "support_delete",
            "support_edit",
            "support_hello",
            "support_history",
            "support_pushes",
            "support_read",
            "support_send",
            "support_sync",
            "support_typing",
        ];
        assert_eq!(operations, BTreeSet::from(expected));
        for (name, operation) in document["operations"].as_object().expect("operations") {
            assert!(operation["description"].as_str().is_some_and(|about| about.ends_with('.')), "{name}: {operation}");
            if operation["action"] == "receive" {
                assert_eq!(operation["reply"]["messages"].as_array().map(Vec::len), Some(2), "{name}: an answer, or an error");
            }
        }
        for (name, message) in document["components"]["messages"].as_object().expect("messages") {
            let schema = json!({ "allOf": [message["payload"]], "components": document["components"] });
            let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("a schema");
            let example = &message["examples"][0]["payload"];
            assert!(schema.validate(example).is_ok(), "{name}: {example}");
        }
        assert_eq!(
            document["channels"]["socket"]["x-close-codes"].as_object().map(Map::len),
            Some(CLOSE_CODES.len() + CloseReason::ALL.len())
        );
    }

    #[test]
    fn a_client_can_send_what_the_examples_show() {
        let document = whole();
        for (name, operation) in document["operations"].as_object().expect("operations") {
            if operation["action"] != "receive" {
                continue;
            }
            let place = operation["messages"][0]["$ref"].as_str().and_then(|place| place.strip_prefix('#')).expect("a reference");
            let message = document.pointer(place).and_then(|to| to["$ref"].as_str()?.strip_prefix('#')).expect("a message");
            let example = &document.pointer(message).expect("it is there")["examples"][0]["payload"];
            let reads = if example["stream"] == support::STREAM { support::reads } else { chat::reads };
            assert!(reads(&example.to_string()), "{name}: {example}");
        }
    }
}
