//! A client's message on its way through the proxy.

use serde_json::{Value, json};

use crate::services::mcp::headers;
use crate::services::mcp::headers::HeaderParams;
use crate::services::mcp::message::{Message, TOO_DEEP, is_too_deep, outline};

/// A message as it came, with what has to be known of it.
#[derive(Debug, Clone)]
pub struct ClientMessage {
    /// Its bytes, which are handed on as they are.
    pub bytes: Vec<u8>,
    /// The ids of the requests in it that wait for an answer.
    pub ids: Vec<Value>,
    /// The method; of a batch that of the first.
    pub method: String,
    /// Its role in the session.
    pub part: SessionRole,
    /// The protocol version that it names itself, outside a session; `None` in a session.
    pub version: Option<String>,
    /// The message, for what has to be looked up in it.
    pub value: Value,
}

/// A message's role in the session.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionRole {
    /// Starts a session.
    Begin,
    /// Says that the client is ready.
    Ready,
    /// Cancels the request of this id.
    Cancel(Value),
    /// Answers a request of the server.
    Answer,
    /// Anything else.
    Other,
}

impl ClientMessage {
    /// The message in a line.
    ///
    /// # Errors
    /// The answer to give to a line that is no JSON-RPC message.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Value> {
        let malformed = |code: i64, message: &str| json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": message}});
        let value: Value = serde_json::from_slice(&bytes).map_err(|why| {
            if is_too_deep(&why) {
                let mut answer = malformed(-32600, &format!("the message is {TOO_DEEP}"));
                answer["id"] = outline(&bytes).map(|mut outline| outline["id"].take()).unwrap_or_default();
                answer
            } else {
                malformed(-32700, "Parse error")
            }
        })?;
        let messages = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        let is_known = |message: &Value| Message::of(message) != Message::Other;
        if messages.is_empty() || !messages.iter().all(is_known) {
            return Err(malformed(-32600, "Invalid Request"));
        }
        let of_requests = messages.iter().filter_map(|message| match Message::of(message) {
            Message::Request { id, .. } => Some(id.clone()),
            _ => None,
        });
        let ids = of_requests.collect();
        let (method, part) = match Message::of(&messages[0]) {
            Message::Request { method: "initialize", .. } => ("initialize", SessionRole::Begin),
            Message::Notification { method: "notifications/initialized" } => {
                ("notifications/initialized", SessionRole::Ready)
            }
            Message::Notification { method: "notifications/cancelled" } => {
                let id = messages[0].pointer("/params/requestId").cloned().unwrap_or_default();
                ("notifications/cancelled", SessionRole::Cancel(id))
            }
            Message::Request { method, .. } | Message::Notification { method } => (method, SessionRole::Other),
            Message::Answer { .. } | Message::Other => ("an answer", SessionRole::Answer),
        };
        let (method, version) = (method.to_owned(), headers::version_of(&value).map(str::to_owned));
        Ok(ClientMessage { bytes, ids, method, part, version, value })
    }

    /// The headers that it needs besides those of the session; `marked` gives what the schema of a tool marks.
    pub fn headers(&self, marked: impl Fn(&str) -> HeaderParams) -> Vec<(String, String)> {
        let Some(version) = &self.version else { return Vec::new() };
        let tool = self.value.pointer("/params/name").and_then(Value::as_str).unwrap_or_default();
        let mut headers = headers::of(&self.value, &marked(tool));
        headers.push(("MCP-Protocol-Version".to_owned(), version.clone()));
        headers
    }
}

/// `text`, which is JSON, as one line: line ends between tokens become spaces.
pub fn line(text: &str) -> String {
    let mut line = text.trim().replace(['\n', '\r'], " ");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_for_what_the_session_needs() {
        let read = |text: &str| ClientMessage::read(text.as_bytes().to_vec());
        let message = read(r#"{"id":"a","method":"initialize","params":{}}"#).unwrap();
        assert_eq!((message.part, message.ids), (SessionRole::Begin, vec![json!("a")]));
        let message = read(r#"[{"id":1,"method":"ping"},{"method":"x"},{"id":2,"method":"ping"}]"#).unwrap();
        assert_eq!((message.part, message.ids), (SessionRole::Other, vec![json!(1), json!(2)]));
        let message = read(r#"{"method":"notifications/cancelled","params":{"requestId":7}}"#).unwrap();
        assert_eq!((message.part, message.ids), (SessionRole::Cancel(json!(7)), vec![]));
        assert_eq!(read(r#"{"id":1,"result":{}}"#).unwrap().part, SessionRole::Answer);
        for (text, code) in [("{", -32700), ("[]", -32600), ("7", -32600), (r#"{"id":1}"#, -32600), ("\u{fe}", -32700)]
        {
            assert_eq!(read(text).unwrap_err()["error"]["code"], code, "{text}");
        }
    }

    #[test]
    fn json_of_several_lines_becomes_one() {
        assert_eq!(line("{\r\n \"a\": \"x\\ny\"\n}\n"), "{   \"a\": \"x\\ny\" }\n");
    }
}
