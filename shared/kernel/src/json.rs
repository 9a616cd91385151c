//! Reading JSON from clients. Errors say which member is wrong.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};
use serde_path_to_error::{Path, Segment};

/// Why a text is not JSON of the expected shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJson {
    /// RFC 6901 JSON pointer to the member that is wrong, missing, repeated or unknown. Empty for the whole text.
    pub pointer: String,
    /// The category and the position of the error, for the log. The text of `serde`'s error is not used, because it quotes the input.
    pub cause: String,
}

/// Parses a text that is one JSON object. `serde` alone would also accept an array of the object's values.
///
/// # Errors
/// [`InvalidJson`] with the wrong member.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, InvalidJson> {
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(InvalidJson { pointer: String::new(), cause: "it is not an object".to_owned() });
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let mut pointer = pointer(e.path(), &e.inner().to_string());
        if pointer.is_empty() && e.inner().classify() == Category::Data {
            pointer = wrong_member::<T>(text, e.inner()).map(|name| segment(&name)).unwrap_or_default();
        }
        InvalidJson { pointer, cause: position(e.inner()) }
    })?;
    json.end().map_err(|e| InvalidJson { pointer: String::new(), cause: position(&e) })?;
    Ok(value)
}

/// Returns the JSON pointer to an error of `serde`: the path to the object and, if a member is missing, repeated or unknown, its name.
/// `serde` gives that name only in the text of the error.
#[must_use]
pub fn pointer(path: &Path, error: &str) -> String {
    let named = named(error, &["missing field `", "duplicate field `"]);
    let found = path.iter().filter_map(|s| match s {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    found.chain(named.map(str::to_owned)).map(|name| segment(&name)).collect()
}

/// Returns the member with a wrong value in an object whose type is chosen by a tag. `serde` reads such an object from a copy without
/// positions. So each member is removed in turn: the wrong one is that whose removal changes the error.
fn wrong_member<T: DeserializeOwned>(text: &[u8], error: &serde_json::Error) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_slice(text).ok()?;
    let said = |e: &serde_json::Error| e.to_string().split(" at line ").next().map(str::to_owned);
    let without = |name: &String| members.iter().filter(|(other, _)| *other != name).map(|(k, v)| (k.clone(), v.clone())).collect();
    let differs = |name: &&String| match serde_json::from_value::<T>(Value::Object(without(name))) {
        Ok(_) => true,
        Err(e) => said(&e) != said(error),
    };
    // Removing the tag changes the error too, so the tag is not a candidate.
    let empty = serde_json::from_value::<T>(Value::Object(Map::new())).err().map(|e| e.to_string());
    let tag = empty.as_deref().and_then(|e| named(e, &["missing field `"]));
    let others: Vec<&String> = members.keys().filter(differs).collect();
    others.iter().find(|name| Some(name.as_str()) != tag).or(others.first()).map(|name| (*name).clone())
}

/// Returns the name of the member in an error text of `serde` that begins with one of `beginnings`.
fn named<'e>(error: &'e str, beginnings: &[&str]) -> Option<&'e str> {
    beginnings.iter().find_map(|beginning| error.strip_prefix(beginning)?.split('`').next())
}

/// Returns the escaped segment of a JSON pointer (RFC 6901 §3).
fn segment(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn position(e: &serde_json::Error) -> String {
    format!("{:?} in line {}, column {}", e.classify(), e.line(), e.column())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Body {
        name: String,
        list: Vec<u8>,
        inner: Option<Inner>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        #[serde(rename = "a/b")]
        slashed: bool,
    }

    #[derive(Deserialize, Debug)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    enum Tagged {
        Hello {},
        Send { text: String, seq: Option<u64>, until: Option<u64> },
    }

    fn place<T: DeserializeOwned>(text: &str) -> String {
        read::<T>(text.as_bytes()).map_or_else(|unread| unread.pointer, |_| "read".to_owned())
    }

    #[test]
    fn the_wrong_member_is_named() {
        for (text, expected) in [
            (r#"{"name":"a","list":[1]}"#, "read"),
            (r#"{"name":"a"}"#, "/list"),
            (r#"{"list":[]}"#, "/name"),
            ("{}", "/name"),
            (r#"{"name":5,"list":[]}"#, "/name"),
            (r#"{"name":null,"list":[]}"#, "/name"),
            (r#"{"name":"a","list":[1,"x"]}"#, "/list/1"),
            (r#"{"name":"a","list":[],"x":1}"#, "/x"),
            (r#"{"name":"a","list":[],"a/~":1}"#, "/a~1~0"),
            (r#"{"name":"a","name":"b","list":[]}"#, "/name"),
            (r#"{"name":"a","list":[],"inner":{}}"#, "/inner/a~1b"),
            (r#"{"name":"a","list":[],"inner":{"a/b":1}}"#, "/inner/a~1b"),
            (r#"{"name":"a","list":[],"inner":{"a/b":true,"c":1}}"#, "/inner/c"),
            (r#"{"name":"a","list":[],"inner":7}"#, "/inner"),
            (r#"{"name":"missing field `list`","list":{}}"#, "/list"),
            ("", ""),
            ("7", ""),
            (r#"["a",[1]]"#, ""),
            (r#"{"name":"a","list":[]} x"#, ""),
        ] {
            assert_eq!(place::<Body>(text), expected, "{text}");
        }
    }

    #[test]
    fn also_in_a_type_that_is_chosen_by_a_tag() {
        for (text, expected) in [
            (r#"{"type":"hello"}"#, "read"),
            (r#"{"type":"send","text":"a","seq":1}"#, "read"),
            ("{}", "/type"),
            (r#"{"type":"shout"}"#, "/type"),
            (r#"{"type":7}"#, "/type"),
            (r#"{"type":"hello","x":1}"#, "/x"),
            (r#"{"type":"send"}"#, "/text"),
            (r#"{"type":"send","text":5}"#, "/text"),
            (r#"{"text":5,"type":"send","seq":1}"#, "/text"),
            (r#"{"type":"send","text":"a","seq":-1}"#, "/seq"),
            (r#"{"type":"send","text":"a","seq":"1"}"#, "/seq"),
            (r#"{"type":"send","text":"a","until":"1"}"#, "/until"),
            (r#"{"type":"send","text":"a","more":1}"#, "/more"),
            (r#"{"type":"send","text":"a","text":"b"}"#, "/text"),
            ("[]", ""),
            ("5", ""),
        ] {
            assert_eq!(place::<Tagged>(text), expected, "{text}");
        }
    }

    #[test]
    fn the_log_does_not_contain_the_input() {
        for text in
            [r#"{"name":424242,"list":[]}"#, r#"{"name":"a","list":["424242"]}"#, r#"{"name":"a","list":[]}424242"#, r#"{"name":424242"#]
        {
            let unread = read::<Body>(text.as_bytes()).unwrap_err();
            assert!(!unread.cause.contains("424242"), "{}", unread.cause);
        }
    }
}
