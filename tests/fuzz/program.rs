//! What must hold of the program's own readers and writers for any bytes. `cargo fuzz` and the tests below give them the same
//! ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

use cogtok::error::{Error, is_unprintable};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::json;
use cogtok::secret::Secret;
use cogtok::text::decode;
use serde_json::Value;

use crate::io::shell::{Export, Value as ShellValue, masks, merged, quote};
use crate::services::import::{SourceKind, env_file, kind_of_content, profile_export};
use crate::services::mcp::client_message::{ClientMessage, line};
use crate::services::mcp::message::{Message, RpcError, outline, parse};

fn check_text(text: &str) {
    assert!(!text.chars().any(is_unprintable), "a terminal is shown {text:?}");
}

fn check_error(error: &Error) {
    check_text(error.message());
    for advice in error.advice() {
        check_text(&crate::advice::general(advice));
    }
}

/// A line of an MCP client, and the answer of a server.
pub fn mcp_message(data: &[u8]) {
    match ClientMessage::read(data.to_vec()) {
        Ok(message) => {
            assert_eq!(message.bytes, data);
            for (name, value) in message.headers(|_| vec![(vec!["a".to_owned()], "A".to_owned())]) {
                assert!(name.parse::<http::HeaderName>().is_ok(), "{name:?}");
                // The version is the client's own word, which the transport refuses where no header can have it.
                let is_sent = value.parse::<http::HeaderValue>().is_ok();
                assert!(is_sent || name == "MCP-Protocol-Version", "{name}: {value:?}");
            }
        }
        Err(answer) => assert!(answer["error"]["code"].is_i64(), "{answer}"),
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let messages = match parse(text) {
        Ok(messages) => messages,
        Err(error) => return check_error(&error),
    };
    let one = line(text);
    assert!(one.ends_with('\n') && one.matches(['\n', '\r']).count() == 1, "more than a line: {one:?}");
    assert_eq!(parse(&one).expect("still JSON"), messages);
    if let (Some(outlined), [message]) = (outline(data), &messages[..])
        && message.is_object()
    {
        assert_eq!(outlined["id"], message["id"]);
        let is_told = ["method", "result", "error"].iter().any(|name| !message[*name].is_null());
        assert!(!is_told || Message::of(&outlined) == Message::of(message), "{message}");
    }
    for message in &messages {
        if let Some(error) = RpcError::in_answer(message) {
            check_error(&error.into_error("tools/call"));
        }
    }
}

/// A file that a profile is made from.
pub fn import_source(data: &[u8]) {
    let Some(text) = decode(data) else { return };
    let secret = Secret::new(text.as_str().to_owned());
    match kind_of_content(&text) {
        SourceKind::Terraform => json::read(&secret).map_or_else(|error| check_error(&error), check_candidate),
        SourceKind::Export => match profile_export::read(&secret) {
            Ok(shared) => {
                shared.left_out.iter().for_each(|why| check_text(why));
                shared.profiles.into_iter().for_each(|(_, found)| check_candidate(found));
            }
            Err(error) => check_error(&error),
        },
        _ => env_file::read(&secret).map_or_else(|error| check_error(&error), check_candidate),
    }
}

fn check_candidate(mut found: ProfileCandidate) {
    if let Err(error) = found.settle(&[], |_, _| Ok(0)) {
        return check_error(&error);
    }
    found.left_out.iter().for_each(|why| check_text(why));
    for (key, candidate) in found.settings() {
        for value in &candidate.values {
            // What is written to config.toml is what the key takes.
            assert!(key.check(value).is_ok(), "{}: {value:?}", key.dotted());
            check_text(value);
        }
    }
}

/// A value for a shell, and a `.env` file that it goes into.
pub fn quoting(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    if !value.contains('\0') {
        assert_eq!(shlex::split(&quote::quoted(value)), Some(vec![value.to_owned()]));
    }
    if let Some(word) = quote::sh(value) {
        assert_eq!(shlex::split(&word), Some(vec![value.to_owned()]));
        let joined = word.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(shlex::split(&joined).map(|words| words.concat()), Some(value.to_owned()));
    }
    if let Some(word) = quote::powershell(value) {
        let inner = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).expect("quotes");
        assert!(!inner.replace("''", "").contains('\''));
        assert_eq!(inner.replace("''", "'"), value);
    }
    if let Some(word) = quote::cmd(value) {
        assert!(word == value && !word.contains(['"', '%', '!', '^', '\r', '\n']));
    }
    let variables = [("T".to_owned(), ShellValue::Secret(Secret::new(value.to_owned())))];
    for form in [Export::Sh, Export::Powershell, Export::Cmd] {
        if let Ok(text) = form.assignments(&variables) {
            assert_eq!(text.lines().count(), 1, "{form:?}: {:?}", *text);
        }
    }
    for form in [Export::Json, Export::Nushell] {
        let text = form.assignments(&variables).expect("any text");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["T"], value);
        assert_eq!(text.lines().count(), 1);
    }
    let masked = masks(&variables);
    assert!(masked.lines().all(|line| line.starts_with("::add-mask::")), "{:?}", *masked);
    if let Some(word) = quote::dotenv(value) {
        let read = env_file::read(&Secret::new(format!("COGNITO_CLIENT_ID={word}\n")));
        assert!(read.is_ok(), "{word:?}");
    }
    // The same once more changes nothing, and what is not ours stays.
    let ours = "T=new\nT_END=9\n";
    let once = merged(value, ours);
    assert_eq!(*merged(&once, ours), *once);
    assert!(once.contains("T=new") && once.contains("T_END=9"));
}

#[cfg(test)]
#[path = "mutation.rs"]
mod fuzz_mutation;

#[cfg(test)]
mod tests {
    use super::fuzz_mutation::trials;

    #[test]
    fn any_bytes_are_survived_as_a_message_of_mcp() {
        trials("mcp_message", super::mcp_message);
    }

    #[test]
    fn any_bytes_are_survived_as_a_source_of_profiles() {
        trials("import_source", super::import_source);
    }

    #[test]
    fn any_value_is_quoted_or_refused() {
        trials("quoting", super::quoting);
    }
}
