//! Servers in TOML, as Codex has them: what a person wrote stays as it is.

use cogtok::error::{Error, Result};
use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, Table};

/// The servers in `text`, by their names.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) where it is not TOML, or not of that shape.
pub fn read(text: &str, key: &str) -> Result<Vec<(String, Value)>> {
    parse(text)?;
    let table: toml::Table = text.parse().map_err(|why: toml::de::Error| not_toml(why.message()))?;
    let servers = match table.get(key) {
        None => return Ok(Vec::new()),
        Some(servers) => servers.as_table().ok_or_else(|| no_table(key))?,
    };
    let json = |value: &toml::Value| serde_json::to_value(value).unwrap_or_default();
    Ok(servers.iter().map(|(name, entry)| (name.clone(), json(entry))).collect())
}

/// `text` with `entry` under `name`, or without one where there is no `entry`.
///
/// # Errors
/// As [`read`].
pub fn with(text: &str, key: &str, name: &str, entry: Option<&Value>) -> Result<String> {
    let mut document = parse(text)?;
    let servers = document.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let servers = servers.as_table_like_mut().ok_or_else(|| no_table(key))?;
    match entry {
        Some(entry) => {
            if let Some(item) = item(entry) {
                servers.insert(name, item);
            }
        }
        None => drop(servers.remove(name)),
    }
    Ok(document.to_string())
}

fn table(members: &Map<String, Value>) -> Table {
    members.iter().filter_map(|(name, value)| Some((name.as_str(), item(value)?))).collect()
}

/// An entry as TOML: tables, arrays and strings.
fn item(entry: &Value) -> Option<Item> {
    Some(match entry {
        Value::Object(members) => Item::Table(table(members)),
        Value::Array(items) => toml_edit::value(items.iter().filter_map(Value::as_str).collect::<Array>()),
        Value::String(text) => toml_edit::value(text),
        Value::Bool(flag) => toml_edit::value(*flag),
        Value::Number(_) | Value::Null => return None,
    })
}

fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|why: toml_edit::TomlError| not_toml(why.message()))
}

fn not_toml(why: &str) -> Error {
    Error::config(format!("it is not TOML: {why}")).hint("cogtok changed nothing")
}

fn no_table(key: &str) -> Error {
    Error::config(format!("`{key}` is not a table")).hint("cogtok changed nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_person_wrote_survives_an_entry_that_comes_and_goes() {
        let text = "model = \"x\" # mine\n\n[mcp_servers.a]\ncommand = \"a\"\n";
        let entry = json!({"command": "cogtok", "args": ["mcp-proxy", "tools"], "env": {"A": "b"}});
        let with_it = with(text, "mcp_servers", "tools", Some(&entry)).unwrap();
        assert_eq!(read(&with_it, "mcp_servers").unwrap()[1], ("tools".to_owned(), entry));
        assert!(with_it.starts_with(text), "{with_it}");
        assert_eq!(with(&with_it, "mcp_servers", "tools", None).unwrap(), text);
    }
}
