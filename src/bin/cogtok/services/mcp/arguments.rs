//! A tool's arguments, as they are typed on a command line, by the types that its schema gives them.

use serde_json::{Map, Value};

use crate::services::mcp::tool::Tool;
use cogtok::error::{Advice, Error, Result, printable};

/// How many schemas are looked at for the types of one argument: they may refer to each other, in rings too.
const MOST_SCHEMAS: usize = 500;

/// The types of JSON that a schema can name.
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

/// Adds the arguments `given` to those in `arguments` and checks that none is missing.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for an argument that the tool does not know, that is given twice or has a value
/// of another type, and for one that it needs and does not get.
pub fn complete(tool: &Tool, mut arguments: Map<String, Value>, given: &[(String, String)]) -> Result<Value> {
    let name = printable(&tool.name, 80);
    for (index, (key, text)) in given.iter().enumerate() {
        let shown = printable(key, 80);
        if given[..index].iter().any(|(earlier, _)| earlier == key) {
            return Err(Error::usage(format!("the argument `{shown}` is given twice")).hint(
                Advice::new("a list is written as JSON: --arg {list}").word("list", format!("{key}=[\"a\",\"b\"]")),
            ));
        }
        let schema = match tool.properties() {
            None => &Value::Null,
            Some(properties) => properties.get(key).ok_or_else(|| {
                Error::usage(format!("the tool `{name}` has no argument `{shown}`")).hint(all_of(tool))
            })?,
        };
        arguments.insert(key.clone(), typed(&shown, text, &types(schema, tool.schema()))?);
    }
    if let Some(missing) = tool.required().into_iter().find(|wanted| !arguments.contains_key(*wanted)) {
        return Err(Error::usage(format!("the tool `{name}` needs the argument `{}`", printable(missing, 80)))
            .hint(Advice::new("add `--arg {argument}=VALUE`").word("argument", missing))
            .hint(all_of(tool)));
    }
    Ok(Value::Object(arguments))
}

/// The tool's arguments, in one line.
fn all_of(tool: &Tool) -> String {
    let required = tool.required();
    let one = |(name, schema): (&String, &Value)| {
        let types = types(schema, tool.schema()).join(" or ");
        let types = if types.is_empty() { "anything".to_owned() } else { types };
        let needed = if required.contains(&name.as_str()) { ", required" } else { "" };
        format!("{} ({types}{needed})", printable(name, 80))
    };
    let all: Vec<String> = tool.properties().into_iter().flatten().take(20).map(one).collect();
    if all.is_empty() { "it takes no arguments".to_owned() } else { format!("its arguments are {}", all.join(", ")) }
}

/// The types that a schema allows, each once and in a fixed order; empty if it does not say.
fn types(schema: &Value, root: &Value) -> Vec<&'static str> {
    let (mut found, mut waiting, mut seen) = (Vec::new(), vec![schema], 0);
    while let Some(schema) = waiting.pop().filter(|_| seen < MOST_SCHEMAS) {
        seen += 1;
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let referred = referred.and_then(|pointer| root.pointer(pointer));
        let several = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
        let before = waiting.len();
        waiting.extend(referred.into_iter().chain(several).take(MOST_SCHEMAS));
        let named = named_types(schema);
        // The enumerated values show the type if nothing else does.
        if named.is_empty() && waiting.len() == before {
            let constants =
                schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
            found.extend(constants.map(type_of));
        }
        found.extend(named);
    }
    let is_found = |known: &&str| found.contains(known) && !(*known == "integer" && found.contains(&"number"));
    TYPES.into_iter().filter(is_found).collect()
}

/// The types that a schema names itself.
fn named_types(schema: &Value) -> Vec<&'static str> {
    let named: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    TYPES.into_iter().filter(|known| named.contains(known)).collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    }
}

/// The value that `text` is: JSON where one of the types allows it, else the text itself.
fn typed(name: &str, text: &str, types: &[&str]) -> Result<Value> {
    let json: Option<Value> = serde_json::from_str(text.trim()).ok();
    let allows = |value: &Value| {
        let kind = type_of(value);
        // JSON may also write a whole number as 2.0.
        let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
        types.contains(&kind)
            || (kind == "integer" && types.contains(&"number"))
            || (is_whole && types.contains(&"integer"))
    };
    let is_text = types.contains(&"string");
    match json {
        Some(value) if types.is_empty() => Ok(value),
        Some(value) if !(is_text && (value.is_null() || value.is_string())) && allows(&value) => Ok(value),
        _ if is_text || types.is_empty() => Ok(Value::String(text.to_owned())),
        _ => {
            let example = match types.first() {
                Some(&"array") => format!("--arg '{name}=[\"a\",\"b\"]'"),
                Some(&"object") => format!("--arg '{name}={{\"key\":\"value\"}}'"),
                Some(&"boolean") => format!("--arg {name}=true"),
                Some(&"null") => format!("--arg {name}=null"),
                _ => format!("--arg {name}=5"),
            };
            Err(Error::usage(format!("the argument `{name}` is not of its type: {}", types.join(" or ")))
                .hint(format!("write {example}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool() -> Tool {
        Tool::of(json!({"name": "t", "inputSchema": {
        "required": ["text"],
        "$defs": {"color": {"enum": ["red", "blue"]}, "loop": {"$ref": "#/$defs/loop"}},
        "properties": {
            "text": {"type": "string"}, "count": {"type": "integer"}, "ratio": {"type": "number"},
            "flag": {"type": "boolean"}, "list": {"type": "array"}, "object": {"type": "object"},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "either": {"type": ["string", "integer"]},
            "color": {"$ref": "#/$defs/color"}, "loop": {"$ref": "#/$defs/loop"}, "any": {},
        }}}))
        .unwrap()
    }

    fn given(pairs: &[(&str, &str)]) -> Result<Value> {
        let pairs: Vec<_> = pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        complete(&tool(), Map::from_iter([("text".to_owned(), json!("t"))]), &pairs)
    }

    #[test]
    fn a_value_has_the_type_that_the_schema_gives_it() {
        for (key, text, wanted) in [
            ("text", "5", json!("5")),
            ("text", "", json!("")),
            ("text", " {\"a\":1}", json!(" {\"a\":1}")),
            ("count", "5", json!(5)),
            ("count", "-12345678901234", json!(-12_345_678_901_234_i64)),
            ("count", "2.0", json!(2.0)),
            ("ratio", "1", json!(1)),
            ("ratio", "1.5e3", json!(1500.0)),
            ("flag", "true", json!(true)),
            ("list", "[1,\"a\"]", json!([1, "a"])),
            ("object", "{\"a\":[]}", json!({"a": []})),
            ("maybe", "null", json!("null")),
            ("maybe", "\"x\"", json!("\"x\"")),
            ("either", "5", json!(5)),
            ("either", "five", json!("five")),
            ("color", "red", json!("red")),
            ("loop", "x", json!("x")),
            ("any", "5", json!(5)),
            ("any", "five", json!("five")),
        ] {
            assert_eq!(given(&[(key, text)]).unwrap()[key], wanted, "{key}={text}");
        }
    }

    #[test]
    fn schemas_that_refer_to_each_other_without_end_are_looked_at_for_a_moment() {
        let ring = json!({"anyOf": vec![json!({"$ref": "#/properties/a"}); 400], "type": "integer"});
        let tool = Tool::of(json!({"name": "t", "inputSchema": {"properties": {"a": ring}}})).unwrap();
        let begin = std::time::Instant::now();
        let given = complete(&tool, Map::new(), &[("a".to_owned(), "5".to_owned())]).unwrap();
        assert_eq!(given, json!({"a": 5}));
        assert!(begin.elapsed() < std::time::Duration::from_secs(2));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (pairs, message, hint) in [
            (&[("count", "1.5")][..], "`count` is not of its type: integer", "--arg count=5"),
            (&[("flag", "yes")], "`flag` is not of its type: boolean", "--arg flag=true"),
            (&[("list", "a")], "`list` is not of its type: array", "--arg 'list=[\"a\",\"b\"]'"),
            (&[("txet", "a")], "the tool `t` has no argument `txet`", "text (string, required), count (integer)"),
            (&[("flag", "true"), ("flag", "true")], "`flag` is given twice", "as JSON"),
        ] {
            let error = given(pairs).unwrap_err();
            assert!(error.message().contains(message), "{error}");
            assert!(crate::advice::general(&error.advice()[0]).contains(hint), "{:?}", error.advice());
        }
        let error = complete(&tool(), Map::new(), &[]).unwrap_err();
        assert_eq!(error.message(), "the tool `t` needs the argument `text`");
    }
}
