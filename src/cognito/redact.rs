//! What the log and the errors may show of an exchange: of bodies the names, and values only where they are known to be
//! harmless; of a server's words everything but the secrets that were sent to it.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::printable;
use crate::secret::Secret;

/// Secrets shorter than this are not looked for: every other word would be hidden.
const SHORTEST: usize = 4;

/// Bodies larger than this are told by their size alone: in memory, their JSON would be many times as large.
const MOST_BYTES: usize = 1024 * 1024;

/// The secrets of this call, in every form in which a server could repeat them.
#[derive(Clone, Default)]
pub(super) struct Redactor(Arc<RwLock<Vec<Zeroizing<String>>>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Hides `secret`, and the HTTP Basic credentials of `id` with it, from now on.
    pub fn hide(&self, id: &str, secret: &Secret) {
        let value = secret.expose();
        if value.len() < SHORTEST {
            return;
        }
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pairs = [format!("{id}:{value}"), format!("{}:{}", form(id), form(value))].map(Zeroizing::new);
        let mut forms = vec![value.to_owned(), form(value), form(value).replace('+', "%20")];
        for text in pairs.iter().map(|pair| pair.as_str()).chain([value]) {
            forms.extend([STANDARD.encode(text), URL_SAFE_NO_PAD.encode(text)]);
        }
        let mut hidden = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Who sends the same token again and again hides it once.
        for form in forms.into_iter().map(|form| Zeroizing::new(form.to_ascii_lowercase())) {
            if !hidden.contains(&form) {
                hidden.push(form);
            }
        }
        // The longest first, so that a form within another does not leave a part of it.
        hidden.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// `text` without the secrets, whatever their case.
    pub fn clean(&self, text: &str) -> String {
        let hidden = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for form in hidden.iter() {
            let lower = text.to_ascii_lowercase();
            let (mut clean, mut end) = (String::with_capacity(text.len()), 0);
            for (start, _) in lower.match_indices(form.as_str()) {
                clean.push_str(&text[end..start]);
                clean.push_str("[redacted]");
                end = start + form.len();
            }
            clean.push_str(&text[end..]);
            text = clean;
        }
        text
    }
}

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
    if bytes.len() > MOST_BYTES {
        return format!("({} bytes)", bytes.len());
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
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let redactor = Redactor::default();
        redactor.hide("id", &Secret::new("Hunter+2/x".into()));
        let basic = STANDARD.encode("id:Hunter%2B2%2Fx");
        for form in
            ["Hunter+2/x", "hunter+2/x", "Hunter%2B2%2Fx", "hunter%2b2%2fx", &basic, &STANDARD.encode("Hunter+2/x")]
        {
            assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
        }
        assert_eq!(redactor.clean("nothing"), "nothing");
        // Not even a secret that is a part of the word that hides it goes on for ever.
        redactor.hide("id", &Secret::new("acte".into()));
        assert_eq!(redactor.clean("an acte"), "an [redacted]");
    }

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
