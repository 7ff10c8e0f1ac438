//! JSON objects of names and values: `terraform output -json`, `cdk deploy --outputs-file`, Amplify's outputs, and a
//! parameter or secret that was saved as it is.

use serde_json::Value;
use zeroize::Zeroizing;

use super::found::Found;
use super::{Pair, names};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// How deep values are looked for: outputs of a module's outputs, and no further.
const DEPTH: usize = 3;

/// What a JSON object says.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for anything but an object.
pub fn read(text: &Secret) -> Result<Found> {
    let mut found = Found::default();
    names::take(pairs(text)?, &mut found);
    Ok(found)
}

/// The names and values of a JSON object.
///
/// # Errors
/// As [`read`].
pub(super) fn pairs(text: &Secret) -> Result<Vec<Pair>> {
    let text = text.expose().trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text)
        .map_err(|why| Error::usage(format!("it is not JSON, at line {} column {}", why.line(), why.column())))?;
    let Value::Object(_) = value else {
        return Err(Error::usage("it is JSON, but not an object of names and values"));
    };
    let mut pairs = Vec::new();
    flatten(String::new(), value, 0, &mut pairs);
    Ok(pairs)
}

fn flatten(name: String, value: Value, depth: usize, pairs: &mut Vec<Pair>) {
    match value {
        Value::String(value) => pairs.push(Pair { name, value: Zeroizing::new(value) }),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            if let Some(texts) = texts {
                pairs.push(Pair { name, value: Zeroizing::new(texts.join(" ")) });
            }
        }
        Value::Object(mut fields) => {
            // Terraform: {"value": …, "type": …, "sensitive": …}; its state has `sensitive` where it is true alone.
            let is_wrapper = |key: &String| ["value", "type", "sensitive"].contains(&key.as_str());
            if (fields.contains_key("sensitive") || fields.keys().all(is_wrapper))
                && let Some(value) = fields.remove("value")
            {
                return flatten(name, value, depth, pairs);
            }
            if depth < DEPTH {
                // An inner name alone: `auth.user_pool_id` is a user pool id. What stands around it is in its own.
                let inner = fields.into_iter();
                inner.for_each(|(inner, value)| flatten(join(&name, &inner), value, depth + 1, pairs));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}.{inner}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_every_shape_become_names_and_values() {
        let text = r#"{"a":{"sensitive":false,"type":"string","value":"1"},"b":{"sensitive":true,"type":["list","string"],"value":["x","y"]},
            "c":{"sensitive":false,"type":["object",{}],"value":{"d":"2"}},"e":"3","f":7,"g":{"h":{"i":{"j":{"k":"too deep"}}}},
            "outputs":{"l":{"value":"4","type":"string"},"m":{"value":"5","type":"string","sensitive":true},"p":{"value":{"q":"9"},"type":["object",{}]}},"n":{"value":"6"},
            "o":{"value":"7","other":"8"}}"#;
        let pairs = pairs(&Secret::new(text.to_owned())).unwrap();
        let shown: Vec<String> = pairs.iter().map(|pair| format!("{}={}", pair.name, pair.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                "a=1",
                "b=x y",
                "c.d=2",
                "e=3",
                "outputs.l=4",
                "outputs.m=5",
                "outputs.p.q=9",
                "n=6",
                "o.value=7",
                "o.other=8"
            ]
        );
        for bad in ["", "[]", "\"x\"", "null", "{", "{\"a\":", "7", "<html>"] {
            assert!(read(&Secret::new(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
