//! JSON-RPC 2.0 messages and errors.

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::io::terminal;
use crate::services::mcp::transport::Refusal;
use cogtok::error::{Error, Kind, Result, printable};

/// The code of errors that the proxy returns itself: one that JSON-RPC leaves to implementations.
pub const NO_ANSWER: i64 = -32000;

/// The likely mistake if a server does not speak MCP.
pub const OTHER_URL: &str = "check the URL: an MCP endpoint usually ends in /mcp";

/// Why valid JSON was not read.
pub const TOO_DEEP: &str = "too deeply nested: more than 127 levels";

/// The kind of a message.
#[derive(Debug, PartialEq)]
pub enum Message<'a> {
    /// Expects an answer.
    Request { id: &'a Value, method: &'a str },
    /// Expects no answer.
    Notification { method: &'a str },
    /// The answer to the request of this id.
    Answer { id: &'a Value },
    /// None of these.
    Other,
}

impl<'a> Message<'a> {
    /// The kind of `value`.
    pub fn of(value: &'a Value) -> Self {
        let method = value.get("method").and_then(Value::as_str);
        let is_answer = value.get("result").is_some() || value.get("error").is_some();
        match (value.get("id"), method) {
            (Some(id), Some(method)) if !id.is_null() => Message::Request { id, method },
            (_, Some(method)) => Message::Notification { method },
            (Some(id), None) if is_answer => Message::Answer { id },
            _ => Message::Other,
        }
    }
}

/// The messages in `text` of a server: one, or those of a batch.
///
/// # Errors
/// [`Kind::Network`] where it is no JSON, or JSON that is too deeply nested.
pub fn parse(text: &str) -> Result<Vec<Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Array(batch)) => Ok(batch),
        Ok(one) => Ok(vec![one]),
        Err(why) if is_too_deep(&why) => Err(Error::network(format!("the server's answer is {TOO_DEEP}"))),
        Err(_) => Err(Error::network("the server's answer is not JSON").hint(OTHER_URL)),
    }
}

/// Whether this is why JSON was not read.
pub fn is_too_deep(why: &serde_json::Error) -> bool {
    why.to_string().starts_with("recursion limit exceeded")
}

/// A message's id, without reading its content; `None` if it has none.
pub fn outline(text: &[u8]) -> Option<Value> {
    #[derive(serde::Deserialize)]
    struct Outline {
        id: Value,
        method: Option<String>,
        result: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
    }
    let found: Outline = serde_json::from_slice(text).ok().filter(|found: &Outline| !found.id.is_null())?;
    let mut outline = Map::from_iter([("id".to_owned(), found.id)]);
    outline.extend(found.method.map(|method| ("method".to_owned(), json!(method))));
    outline.extend(found.result.map(|_| ("result".to_owned(), Value::Null)));
    outline.extend(found.error.map(|_| ("error".to_owned(), Value::Null)));
    Some(Value::Object(outline))
}

/// The error for a server's JSON, `said`, that is not JSON-RPC.
pub fn no_mcp(said: &str) -> Error {
    let error = Error::network("the server's answer is JSON, but not an MCP message").hint(OTHER_URL);
    error.hint(format!("it says: {}", printable(said, 300)))
}

/// A server's error.
#[derive(Debug, Clone)]
pub struct RpcError {
    /// `None` if it is not a JSON-RPC error.
    pub code: Option<i64>,
    pub message: String,
    pub data: Option<Value>,
}

impl RpcError {
    /// The error in an answer; `None` for a result.
    pub fn in_answer(answer: &Value) -> Option<Self> {
        let error = answer.get("error").filter(|error| !error.is_null())?;
        if !error.is_object() {
            return Some(RpcError { code: None, message: as_text(error.clone()), data: None });
        }
        Some(RpcError {
            code: error.get("code").and_then(Value::as_i64),
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").filter(|data| !data.is_null()).cloned(),
        })
    }

    /// The error for the request `method`.
    pub fn into_error(self, method: &str) -> Error {
        let message = printable(&self.message, 600);
        let code = self.code.map(|code| format!(" {code}")).unwrap_or_default();
        let error = Error::new(Kind::Failure, format!("the server answers {method} with error{code}: {message}"));
        match self.data {
            Some(Value::String(data)) => error.hint(format!("it adds: {}", printable(&data, 300))),
            Some(data) => error.hint(format!("it adds: {}", printable(&data.to_string(), 300))),
            None => error,
        }
    }
}

/// The error that a refusal's body holds, where it is an answer in JSON-RPC.
pub fn error_in(refusal: &Refusal) -> Option<Value> {
    let answer: Value = serde_json::from_str(&refusal.body).ok()?;
    // Outside JSON-RPC, `error` is usually a string.
    answer["error"].is_object().then_some(answer)
}

/// The answer that tells a client why there is none, with the hints that standard error would have.
pub fn failed(id: &Value, error: &Error) -> Value {
    let hints: Vec<String> = error.advice().iter().filter_map(terminal::shown).collect();
    let mut told =
        Map::from_iter([("code".to_owned(), json!(NO_ANSWER)), ("message".to_owned(), json!(error.message()))]);
    if !hints.is_empty() {
        told.insert("data".to_owned(), json!({ "hints": hints }));
    }
    json!({"jsonrpc": "2.0", "id": id, "error": told})
}

/// A string unquoted, anything else as JSON.
pub fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_its_members_make_it() {
        let (one, null) = (json!(1), Value::Null);
        for (text, wanted) in [
            (r#"{"id":1,"method":"ping"}"#, Message::Request { id: &one, method: "ping" }),
            (r#"{"method":"notifications/x"}"#, Message::Notification { method: "notifications/x" }),
            (r#"{"id":null,"method":"x"}"#, Message::Notification { method: "x" }),
            (r#"{"id":1,"result":{}}"#, Message::Answer { id: &one }),
            (r#"{"id":null,"error":{"code":-32700}}"#, Message::Answer { id: &null }),
            (r#"{"id":1}"#, Message::Other),
            ("7", Message::Other),
        ] {
            assert_eq!(Message::of(&serde_json::from_str(text).unwrap()), wanted, "{text}");
        }
    }

    #[test]
    fn an_error_is_told_with_its_code_and_without_what_a_terminal_obeys() {
        let answer = json!({"id": 1, "error": {"code": -32602, "message": "no\u{1b}[2J", "data": {"field": "x"}}});
        let error = RpcError::in_answer(&answer).unwrap().into_error("tools/call");
        assert_eq!(error.message(), "the server answers tools/call with error -32602: no\\u{1b}[2J");
        assert_eq!(error.advice(), [r#"it adds: {"field":"x"}"#.to_owned().into()]);
        assert!(RpcError::in_answer(&json!({"result": {}, "error": null})).is_none());
        let error = RpcError::in_answer(&json!({"error": "boom"})).unwrap().into_error("tools/call");
        assert_eq!(error.message(), "the server answers tools/call with error: boom");
        let error = RpcError::in_answer(&json!({"error": {"message": "boom"}})).unwrap().into_error("tools/call");
        assert_eq!(error.message(), "the server answers tools/call with error: boom");
    }

    #[test]
    fn the_outline_of_a_message_is_seen_however_deep_it_is() {
        let deep = |head: &str| format!("{{{head}:{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let text = deep(r#""id":7,"result""#);
        assert!(parse(&text).unwrap_err().message().contains("too deeply nested"));
        assert_eq!(outline(text.as_bytes()), Some(json!({"id": 7, "result": null})));
        let text = deep(r#""method":"x","id":"a","params""#);
        assert_eq!(outline(text.as_bytes()), Some(json!({"id": "a", "method": "x"})));
        assert_eq!(outline(deep(r#""method":"x","params""#).as_bytes()), None);
        assert_eq!(outline(b"{\"id\":7"), None);
    }
}
