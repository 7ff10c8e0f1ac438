//! JSON objects of names and values: `terraform output -json`, `cdk deploy --outputs-file`, Amplify's outputs, and a
//! parameter or secret that was saved as it is.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::{Error, Result, printable};
use crate::oauth::client_bundle::candidates::Pair;
use crate::oauth::client_bundle::candidates::ProfileCandidate;
use crate::oauth::client_bundle::key_mapping;
use crate::oauth::client_bundle::name_normalization::plain;
use crate::secret::Secret;

/// How deep values are looked for: outputs of a module's outputs, and no further.
const DEPTH: usize = 3;

/// Why a value is not text.
pub(crate) const NO_TEXT: &str = "is neither a string nor a list";

/// The values of a JSON object.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for anything but an object.
pub fn read(text: &Secret) -> Result<ProfileCandidate> {
    let mut found = ProfileCandidate::default();
    let (is_client, Pairs { pairs, odd }) = object(text)?;
    if !is_client {
        key_mapping::take(pairs, &mut found);
        return Ok(found);
    }
    // A secret of Secrets Manager may be stored in a file.
    for (name, why) in odd {
        found.leave_out(&format!("skipped {}: it {why}", printable(&name, 80)));
    }
    for name in key_mapping::take_client(pairs, &mut found) {
        found.leave_out(&unknown(&name));
    }
    Ok(found)
}

/// The names and values of a JSON object, and the names of values that are no texts, with what they are not.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub pairs: Vec<Pair>,
    pub odd: Vec<(String, &'static str)>,
}

/// The names and values of a JSON object, and whether they are those of one client, with its secret among them.
///
/// # Errors
/// As [`read`].
fn object(text: &Secret) -> Result<(bool, Pairs)> {
    let text = text.expose().trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text)
        .map_err(|why| Error::usage(format!("it is not JSON, at line {} column {}", why.line(), why.column())))?;
    let Value::Object(fields) = &value else {
        return Err(Error::usage("it is JSON, but not an object of names and values"));
    };
    let is_client = fields.iter().any(|(name, value)| value.is_string() && plain(name) == "clientsecret");
    Ok((is_client, of(value)))
}

/// The pairs of a JSON value.
pub(crate) fn of(value: Value) -> Pairs {
    let mut pairs = Pairs::default();
    flatten(String::new(), value, 0, &mut pairs);
    pairs
}

/// Why a name is not taken that means nothing here.
fn unknown(name: &str) -> String {
    format!("skipped {}: cogtok does not know this key", printable(name, 80))
}

fn flatten(name: String, value: Value, depth: usize, found: &mut Pairs) {
    match value {
        Value::String(value) => found.pairs.push(Pair { name, value: Zeroizing::new(value) }),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            match texts {
                Some(texts) => found.pairs.push(Pair { name, value: Zeroizing::new(texts.join(" ")) }),
                None => found.odd.push((name, "is not a list of strings")),
            }
        }
        Value::Object(mut fields) => {
            // Terraform: {"value": …, "type": …, "sensitive": …}; its state has `sensitive` only if it is true.
            let is_wrapper = |key: &String| ["value", "type", "sensitive"].contains(&key.as_str());
            if (fields.contains_key("sensitive") || fields.keys().all(is_wrapper))
                && let Some(value) = fields.remove("value")
            {
                return flatten(name, value, depth, found);
            }
            if depth < DEPTH && !(fields.is_empty() && depth > 0) {
                // Only the inner name: `auth.user_pool_id` is a user pool id. Its siblings have their own.
                let inner = fields.into_iter();
                inner.for_each(|(inner, value)| flatten(join(&name, &inner), value, depth + 1, found));
            } else {
                found.odd.push((name, NO_TEXT));
            }
        }
        Value::Bool(_) | Value::Number(_) => found.odd.push((name, NO_TEXT)),
        Value::Null => {}
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
        let (is_client, Pairs { pairs, .. }) = object(&Secret::new(text.to_owned())).unwrap();
        assert!(!is_client);
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
