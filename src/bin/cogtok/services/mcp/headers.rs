//! Headers that repeat parts of a request's body in the stateless protocol, so that a gateway can route it without parsing: `Mcp-Method`,
//! `Mcp-Name`, and `Mcp-Param-*` for the arguments that a tool's schema marks with `x-mcp-header`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The member of `_meta` that names the version of a request.
pub const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// A tool's arguments that become headers: each one's path through the properties, and its header.
pub type HeaderParams = Vec<(Vec<String>, String)>;

/// The protocol version in a message; `None` in the protocols with a handshake.
pub fn version_of(message: &Value) -> Option<&str> {
    message.get("params")?.get("_meta")?.get(VERSION_KEY)?.as_str()
}

/// The headers of a message of the stateless protocol.
pub fn of(message: &Value, marked: &HeaderParams) -> Vec<(String, String)> {
    let Some(method) = message.get("method").and_then(Value::as_str) else { return Vec::new() };
    let mut headers = vec![("Mcp-Method".to_owned(), encoded(method))];
    let name = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return headers,
    };
    let params = message.get("params");
    if let Some(name) = params.and_then(|params| params.get(name)).and_then(Value::as_str) {
        headers.push(("Mcp-Name".to_owned(), encoded(name)));
    }
    let arguments = params.and_then(|params| params.get("arguments")).filter(|_| method == "tools/call");
    for (path, header) in marked {
        let value = path.iter().try_fold(arguments, |value, key| Some(value?.get(key))).flatten();
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
            _ => continue,
        };
        headers.push((format!("Mcp-Param-{header}"), encoded(&text)));
    }
    headers
}

/// The arguments that the schema of a tool's input marks.
pub fn marked(schema: &Value) -> HeaderParams {
    let mut found = Vec::new();
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        walk(properties, &[], &mut found);
    }
    found
}

fn walk(properties: &Map<String, Value>, path: &[String], found: &mut HeaderParams) {
    // Deeper than any real schema; the parser allows 128 levels.
    if path.len() > 16 {
        return;
    }
    for (name, schema) in properties {
        let path = [path, std::slice::from_ref(name)].concat();
        let header = schema.get("x-mcp-header").and_then(Value::as_str);
        if let Some(header) = header.filter(|header| !header.is_empty() && header.bytes().all(is_token_byte)) {
            found.push((path.clone(), header.to_owned()));
        }
        if let Some(inner) = schema.get("properties").and_then(Value::as_object) {
            walk(inner, &path, found);
        }
    }
}

/// A byte of a header's name (RFC 9110 section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A header's value; in Base64, marked as that, where it would not arrive as it is.
fn encoded(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && text.trim() == text;
    let looks_encoded = text.starts_with("=?base64?") && text.ends_with("?=");
    if is_plain && !looks_encoded { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_says_in_headers_what_its_body_says() {
        let schema = json!({"properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "page": {"properties": {"size": {"type": "integer", "x-mcp-header": "Size"}}},
            "absent": {"x-mcp-header": "Absent"}, "bad": {"x-mcp-header": "no good"},
        }});
        let message = json!({"id": 1, "method": "tools/call", "params": {"name": "wetter™",
            "arguments": {"region": " eu", "page": {"size": 5}, "bad": 1}, "_meta": {VERSION_KEY: "2026-07-28"}}});
        let headers = of(&message, &marked(&schema));
        let wanted = [
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "=?base64?d2V0dGVy4oSi?="),
            ("Mcp-Param-Region", "=?base64?IGV1?="),
            ("Mcp-Param-Size", "5"),
        ];
        assert_eq!(headers, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(version_of(&message), Some("2026-07-28"));
        assert_eq!(version_of(&json!({"method": "ping"})), None);
        assert_eq!(of(&json!({"result": {}}), &Vec::new()), []);
    }
}
