//! Servers in JSON with comments: what a person wrote stays as it is.

use cogtok::error::{Error, Result};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::Value;

const MARK: char = '\u{feff}';

/// The servers in `text`, by their names.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) where it is not JSON, or not of that shape.
pub fn read(text: &str, key: &str) -> Result<Vec<(String, Value)>> {
    let Some(root) = root(text)?.object_value() else { return Ok(Vec::new()) };
    let Some(servers) = table(&root, key)? else { return Ok(Vec::new()) };
    let entries = servers.properties().into_iter().filter_map(|property| {
        // Parsed as plain JSON: from here on comments don't matter.
        let value = property.value()?;
        Some((property.decoded_name()?, plain(&value)))
    });
    Ok(entries.collect())
}

/// `text` with `entry` under `name`, or without one where there is no `entry`.
///
/// # Errors
/// As [`read`].
pub fn with(text: &str, key: &str, name: &str, entry: Option<&Value>) -> Result<String> {
    let mark = if text.starts_with(MARK) { MARK.to_string() } else { String::new() };
    let root = root(text)?;
    let object = root
        .object_value_or_create()
        .ok_or_else(|| Error::config("it is not a JSON object").hint("cogtok changed nothing"))?;
    table(&object, key)?;
    let servers = object.object_value_or_create(key).ok_or_else(|| no_object(key))?;
    match (servers.get(name), entry) {
        (Some(property), Some(entry)) => property.set_value(input(entry)),
        (Some(property), None) => property.remove(),
        (None, Some(entry)) => drop(servers.append(name, input(entry))),
        (None, None) => {}
    }
    let mut text = root.to_string();
    if !text.ends_with('\n') && entry.is_some() {
        text.push('\n');
    }
    Ok(format!("{mark}{text}"))
}

fn root(text: &str) -> Result<CstRootNode> {
    let text = text.strip_prefix(MARK).unwrap_or(text);
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|why| {
        let before = &text[..text.len().min(why.range().start)];
        let line = before.matches('\n').count() + 1;
        Error::config(format!("line {line} is not JSON: {}", why.kind())).hint("cogtok changed nothing")
    })
}

fn table(object: &CstObject, key: &str) -> Result<Option<CstObject>> {
    match object.get(key) {
        None => Ok(None),
        Some(property) => property.object_value().map(Some).ok_or_else(|| no_object(key)),
    }
}

fn no_object(key: &str) -> Error {
    Error::config(format!("`{key}` is not an object")).hint("cogtok changed nothing")
}

fn plain(node: &jsonc_parser::cst::CstNode) -> Value {
    if let Some(object) = node.as_object() {
        let members = object.properties().into_iter();
        return members.filter_map(|member| Some((member.decoded_name()?, plain(&member.value()?)))).collect();
    }
    if let Some(array) = node.as_array() {
        return array.elements().iter().map(plain).collect();
    }
    match (node.as_string_lit(), node.as_boolean_lit()) {
        (Some(text), _) => text.decoded_value().map(Value::String).unwrap_or_default(),
        (_, Some(flag)) => Value::Bool(flag.value()),
        _ => serde_json::from_str(&node.to_string()).unwrap_or_default(),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_person_wrote_survives_an_entry_that_comes_and_goes() {
        let entry = json!({"command": "cogtok", "args": ["mcp-proxy", "tools"]});
        for text in [
            "{\n  // mine\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"} // one\n  },\n  \"z\": 1,\n}\n",
            "{\r\n\t\"mcpServers\": {\r\n\t\t\"a\": {\"command\": \"x\"}\r\n\t}\r\n}\r\n",
            "\u{feff}{\"mcpServers\": {\"a\": {\"command\": \"x\"}}}\n",
        ] {
            let with_it = with(text, "mcpServers", "tools", Some(&entry)).unwrap();
            let found = read(&with_it, "mcpServers").unwrap();
            assert_eq!(found[1], ("tools".to_owned(), entry.clone()), "{with_it}");
            assert_eq!(found[0], ("a".to_owned(), json!({"command": "x"})));
            let again = with(&with_it, "mcpServers", "tools", Some(&entry)).unwrap();
            assert_eq!(again, with_it);
            let without = with(&with_it, "mcpServers", "tools", None).unwrap();
            assert_eq!(read(&without, "mcpServers").unwrap().len(), 1, "{without}");
            for kept in ["// mine", "// one", "\"z\": 1", "\r\n\t\t\"a\"", "\u{feff}"] {
                assert_eq!(without.contains(kept), text.contains(kept), "{kept:?} in {without}");
            }
        }
    }

    #[test]
    fn an_empty_file_becomes_one_with_the_entry_and_another_shape_is_refused() {
        let text = with("", "servers", "tools", Some(&json!({"command": "x"}))).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"servers": {"tools": {"command": "x"}}}));
        for (text, why) in [("[]", "object"), ("{\"servers\": 3}", "`servers`"), ("{\n\"a\": \n", "line")] {
            let error = with(text, "servers", "tools", Some(&json!({}))).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
        }
    }
}
