//! Bodies as the log may show them: names always, values only where they are known to be harmless.

use serde_json::Value;

use crate::error::printable;

const HARMLESS: [&str; 14] = [
    "AuthFlow",
    "ChallengeName",
    "ClientId",
    "DesiredDeliveryMediums",
    "ExpiresIn",
    "MessageAction",
    "Permanent",
    "TokenType",
    "UserPoolId",
    "UserStatus",
    "client_id",
    "expires_in",
    "grant_type",
    "token_type",
];

/// A JSON or form body with every value hidden that is not known to be harmless; anything else by its size alone.
pub fn body(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    if let Ok(json @ Value::Object(_)) = serde_json::from_slice(bytes) {
        return printable(&hide(None, json).to_string(), 2000);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with("grant_type=") || text.contains("&grant_type=") => {
            let pairs: Vec<String> = url::form_urlencoded::parse(text.as_bytes())
                .map(|(name, value)| match HARMLESS.contains(&name.as_ref()) || name == "scope" {
                    true => format!("{name}={value}"),
                    false => format!("{name}=[redacted]"),
                })
                .collect();
            printable(&pairs.join("&"), 2000)
        }
        _ => format!("({} bytes)", bytes.len()),
    }
}

fn hide(name: Option<&str>, value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let hidden = hide(Some(&name), value);
                    (name, hidden)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| hide(name, item)).collect()),
        // A server could echo a secret where an error code belongs.
        Value::String(code) if matches!(name, Some("error" | "__type")) && code.bytes().all(is_code_byte) => {
            Value::String(code)
        }
        value if name.is_some_and(|name| HARMLESS.contains(&name)) => value,
        _ => Value::String("[redacted]".to_owned()),
    }
}

fn is_code_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || b"_#.".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn values_are_hidden_unless_known_to_be_harmless() {
        let shown =
            body(br#"{"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"PASSWORD":"hunter2"},"New":["hunter2"]}"#);
        assert!(shown.contains("USER_PASSWORD_AUTH") && shown.contains("PASSWORD"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let shown = body(b"grant_type=client_credentials&client_secret=hunter2&scope=a%2Fb");
        assert_eq!(shown, "grant_type=client_credentials&client_secret=[redacted]&scope=a/b");
        assert_eq!(body(b"hunter2"), "(7 bytes)");
        assert_eq!(body(b"\"hunter2\""), "(9 bytes)");
    }
}
