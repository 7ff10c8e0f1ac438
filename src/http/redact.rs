//! Redaction: what the log and errors may show of an exchange. Of bodies the names, and only harmless values; of a server's text everything
//! except the secrets that were sent to it.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::http::escapes::{Escapes, Unescaped};
use crate::secret::Secret;

/// Shorter secrets are not searched for: they would hide every other word.
const SHORTEST: usize = 4;

/// Larger bodies are logged by size only: parsed JSON would need many times the memory.
const MOST_BYTES: usize = 1024 * 1024;

/// A secret's Base64 form is searched for if at least so many of its characters depend only on the secret.
const SHORTEST_CORE: usize = 8;

/// The secrets of this call. What a server repeats is searched as it is and as it reads without the escapes of URLs, of
/// JSON, of Rust and of HTML, so that no way to write a character has to be thought of.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<Hidden>>>);

/// A text to hide.
struct Hidden {
    form: Zeroizing<String>,
    /// For how many ids it is hidden: users may have the same password.
    ids: usize,
}

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
        let forms = forms(id, value);
        let mut hidden = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Sending the same token again adds nothing.
        if is_hidden(&hidden, &forms) {
            return;
        }
        for form in forms {
            match hidden.iter_mut().find(|known| known.form == form) {
                Some(known) => known.ids += 1,
                None => hidden.push(Hidden { form, ids: 1 }),
            }
        }
        // The longest first, so that a form inside another one does not leave a part of it.
        hidden.sort_by_key(|known| std::cmp::Reverse(known.form.len()));
    }

    /// Looks no longer for `secret` of `id`, which is sent no more: a call for very many users would look for all of theirs.
    pub fn reveal(&self, id: &str, secret: &Secret) {
        let forms = forms(id, secret.expose());
        let mut hidden = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if is_hidden(&hidden, &forms) {
            hidden.iter_mut().filter(|known| forms.contains(&known.form)).for_each(|known| known.ids -= 1);
            hidden.retain(|known| known.ids > 0);
        }
    }

    /// `text` without the secrets, whatever their case and escaping.
    pub fn clean(&self, text: &str) -> String {
        let found = self.found(text);
        without(text, found)
    }

    /// As [`Redactor::clean`], for a text that may be large.
    pub fn clean_owned(&self, text: String) -> String {
        let found = self.found(&text);
        if found.is_empty() { text } else { without(&text, found) }
    }

    /// The positions of secrets.
    fn found(&self, text: &str) -> Vec<(usize, usize)> {
        let hidden = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<(usize, usize)> = Vec::new();
        if hidden.is_empty() {
            return found;
        }
        let mut find = |view: &View| hidden.iter().for_each(|secret| view.find(secret.form.as_bytes(), &mut found));
        let mut look = |view: &View| {
            find(view);
            if view.has_references() {
                let read = view.decoded(Escapes::Html);
                find(&read);
                find(&read.decoded(Escapes::Text));
                find(&read.decoded(Escapes::Html));
            }
        };
        let whole = View::of(text);
        look(&whole);
        // Large texts mostly have no escapes and need only one search.
        if text.contains(['%', '\\']) {
            let read = whole.decoded(Escapes::Text);
            look(&read);
            look(&read.decoded(Escapes::Text));
        }
        if text.contains('+') {
            look(&whole.decoded(Escapes::Forms));
        }
        found
    }
}

/// Whether these forms are hidden: the first one is of the id and the secret.
fn is_hidden(hidden: &[Hidden], forms: &[Zeroizing<String>]) -> bool {
    forms.first().is_some_and(|of_id| hidden.iter().any(|known| known.form == *of_id))
}

/// The forms to search for if `secret` of `id` was sent, each once and in lower case, with that of both first.
fn forms(id: &str, value: &str) -> Vec<Zeroizing<String>> {
    let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pairs = [format!("{id}:{value}"), format!("{}:{}", form(id), form(value))].map(Zeroizing::new);
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut texts = Vec::new();
    for text in pairs.iter().map(|pair| pair.as_str()).chain([value]) {
        for text in [STANDARD.encode(text), URL_SAFE_NO_PAD.encode(text)] {
            // With and without padding.
            texts.push(text.trim_end_matches('=').to_owned());
        }
    }
    texts.extend([value.to_owned(), hex]);
    texts.extend(cores(value));
    let mut forms: Vec<Zeroizing<String>> = Vec::new();
    for text in texts {
        let form = Zeroizing::new(text.to_ascii_lowercase());
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// The text without what was found in it.
fn without(text: &str, mut found: Vec<(usize, usize)>) -> String {
    if found.is_empty() {
        return text.to_owned();
    }
    found.sort_unstable();
    let (mut clean, mut end) = (String::with_capacity(text.len()), 0);
    for (from, to) in found {
        if from >= end {
            clean.push_str(text.get(end..from).unwrap_or_default());
            clean.push_str("[redacted]");
        }
        end = end.max(to);
    }
    clean.push_str(text.get(end..).unwrap_or_default());
    // The remaining padding only tells the secret's length.
    clean.replace("[redacted]==", "[redacted]").replace("[redacted]=", "[redacted]")
}

/// The parts of a Base64 text that depend only on `value`, whatever comes before it.
fn cores(value: &str) -> Vec<String> {
    let core = |before: usize| {
        let padded = Zeroizing::new([&vec![0; before], value.as_bytes()].concat());
        let range = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        [STANDARD.encode(&*padded), URL_SAFE_NO_PAD.encode(&*padded)]
            .map(|text| text.get(range.clone()).unwrap_or_default().to_owned())
    };
    (0..3).flat_map(core).filter(|core| core.len() >= SHORTEST_CORE).collect()
}

/// A text in lower case, with the original range of each byte that was changed.
struct View {
    bytes: Zeroizing<Vec<u8>>,
    places: Option<Vec<(u32, u32)>>,
}

impl View {
    fn of(text: &str) -> Self {
        View { bytes: Zeroizing::new(text.to_ascii_lowercase().into_bytes()), places: None }
    }

    /// The original range of the bytes from `from` to `to`.
    fn place(&self, from: usize, to: usize) -> (usize, usize) {
        let known = self.places.as_ref().and_then(|places| Some((places.get(from)?.0, places.get(to - 1)?.1)));
        known.map_or((from, to), |(from, to)| (from as usize, to as usize))
    }

    /// Whether there are character references of HTML in it.
    fn has_references(&self) -> bool {
        let begins = |(at, byte): (usize, &u8)| *byte == b'&' && Escapes::Html.first_of(&self.bytes[at..]).is_some();
        self.bytes.iter().enumerate().any(begins)
    }

    /// The same without these escapes.
    fn decoded(&self, escapes: Escapes) -> Self {
        let (mut bytes, mut places) = (Zeroizing::new(Vec::with_capacity(self.bytes.len())), Vec::new());
        let mut at = 0;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let (c, length) = escapes.first_of(rest).unwrap_or((Unescaped::Byte(rest[0]), 1));
            let (from, to) = self.place(at, at + length);
            let place = (u32::try_from(from).unwrap_or(u32::MAX), u32::try_from(to).unwrap_or(u32::MAX));
            let mut buffer = [0; 4];
            let decoded: &[u8] = match c {
                Unescaped::Byte(byte) => {
                    buffer[0] = byte.to_ascii_lowercase();
                    &buffer[..1]
                }
                Unescaped::Char(c) => c.to_ascii_lowercase().encode_utf8(&mut buffer).as_bytes(),
            };
            bytes.extend_from_slice(decoded);
            places.extend(decoded.iter().map(|_| place));
            at += length;
        }
        View { bytes, places: Some(places) }
    }

    fn find(&self, secret: &[u8], found: &mut Vec<(usize, usize)>) {
        let Some(first) = secret.first() else { return };
        let mut at = 0;
        while let Some(next) = self.bytes[at..].iter().position(|byte| byte == first) {
            let (from, to) = (at + next, at + next + secret.len());
            at = if self.bytes[from..].starts_with(secret) {
                found.push(self.place(from, to));
                to
            } else {
                from + 1
            };
        }
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

/// A JSON or form body with only harmless values shown; anything else by its size.
pub fn body(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    if bytes.len() > MOST_BYTES {
        return format!("({} bytes)", bytes.len());
    }
    if let Ok(json @ Value::Object(_)) = serde_json::from_slice(bytes) {
        return hide(None, json).to_string();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with("grant_type=") || text.contains("&grant_type=") => {
            let pairs: Vec<String> = form_urlencoded::parse(text.as_bytes())
                .map(|(name, value)| {
                    if HARMLESS.contains(&name.as_ref()) || name == "scope" {
                        format!("{name}={value}")
                    } else {
                        format!("{name}=[redacted]")
                    }
                })
                .collect();
            pairs.join("&")
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
#[path = "redact_tests.rs"]
mod tests;
