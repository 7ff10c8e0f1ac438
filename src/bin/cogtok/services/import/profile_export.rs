//! Reads the output of `profile export`. The file may come from anybody, so each value is checked like typed input, and what can't be
//! imported is reported.

use std::path::Path;

use toml::{Table, Value};

use crate::services::export::{MARK, VERSION};
use crate::services::import::targets;
use cogtok::error::{Error, Result, is_unprintable, printable};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::settings::secret_detection::is_misplaced;
use cogtok::settings::types::{ProfileName, SecretKind};
use cogtok::store::config::{TARGETS, flatten, lookup, not_toml, texts};
use cogtok::user_pool::totp::Totp;

/// The source of a value, for the report.
const ORIGIN: &str = "the export";

/// The most profiles in one export.
const MOST: usize = 1000;

/// The most things that are reported one by one.
const TOLD: usize = 20;

/// The content of an export.
#[derive(Debug, Default)]
pub struct Shared {
    /// Its profiles, by name.
    pub profiles: Vec<(ProfileName, ProfileCandidate)>,
    /// What was skipped, in sentences.
    pub left_out: Vec<String>,
}

/// Whether a text has the mark of an export.
pub fn is_marked(text: &str) -> bool {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    let mut keys = lines.take_while(|line| !line.starts_with('['));
    keys.any(|line| line.strip_prefix(MARK).is_some_and(|rest| rest.trim_start().starts_with('=')))
}

/// Parses an export.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) for a text that is none or holds no profile,
/// [`Kind::Store`](cogtok::error::Kind::Store) for one by a newer cogtok.
pub fn read(text: &Secret) -> Result<Shared> {
    let text = text.expose().trim_start_matches('\u{feff}');
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
        not_toml(Path::new("it"), text, error.span(), error.message()).hint("get the file again")
    })?;
    match table.remove(MARK) {
        Some(Value::Integer(version)) if version > VERSION => {
            return Err(Error::store("it was written by a newer cogtok").hint("update cogtok"));
        }
        Some(Value::Integer(_)) => {}
        _ => {
            return Err(Error::config(format!("it is not an export: `{MARK}` is missing"))
                .hint("create one: cogtok profile export NAME"));
        }
    }
    let mut shared = Shared::default();
    let mut secrets = match table.remove("secrets") {
        Some(Value::Table(secrets)) => secrets,
        _ => Table::new(),
    };
    let Some(Value::Table(profiles)) = table.remove("profiles") else { return Err(nothing()) };
    shared.left_out.extend(table.keys().map(|key| format!("skipped `{}`: it is not a known key", printable(key, 80))));
    for (name, value) in profiles {
        let shown = printable(&name, 80);
        match (name.parse::<ProfileName>(), value) {
            (Ok(parsed), Value::Table(table)) => {
                let found = profile(&table, secrets.remove(&name));
                if found.is_empty() {
                    shared.left_out.push(format!("skipped `{shown}`: it is empty"));
                    shared.left_out.extend(found.left_out);
                } else {
                    shared.profiles.push((parsed, found));
                }
            }
            (Ok(_), _) => shared.left_out.push(format!("skipped `{shown}`: it is not a table")),
            (Err(_), _) => shared.left_out.push(format!("skipped `{shown}`: it can't be a profile's name")),
        }
    }
    let strangers = secrets.keys().map(|name| printable(name, 80));
    shared.left_out.extend(strangers.map(|name| format!("skipped the secrets of `{name}`: there is no such profile")));
    cut(&mut shared.left_out);
    match shared.profiles.len() {
        0 => Err(shared.left_out.iter().take(3).fold(nothing(), |error, why| error.hint(why.clone()))),
        1..=MOST => Ok(shared),
        _ => Err(Error::config(format!("it contains more than {MOST} profiles"))),
    }
}

fn nothing() -> Error {
    Error::config("there is no profile in it")
}

/// Parses one profile of an export.
fn profile(table: &Table, secrets: Option<Value>) -> ProfileCandidate {
    let mut found = ProfileCandidate::default();
    for key in Key::ALL.iter().copied() {
        let Some(value) = lookup(table, key.dotted()) else { continue };
        let taken = match key {
            Key::Secrets => Err(Error::config("it lists what another machine stores")),
            _ => texts(key, value).and_then(|values| checked(key, values)),
        };
        match taken {
            Ok(values) if values.is_empty() => {}
            Ok(values) => found.offer(key, values, ORIGIN),
            Err(error) => found.leave_out(&format!("skipped `{}`: {error}", key.dotted())),
        }
    }
    let (mut dotted, mut others) = (Vec::new(), table.clone());
    if let Some(targets) = others.remove(TARGETS) {
        targets::take(&targets, &mut found);
    }
    flatten("", &others, &mut dotted);
    for unknown in dotted.iter().filter(|key| Key::parse(key).is_err()) {
        found.leave_out(&format!("skipped `{}`: it is not a known key", printable(unknown, 80)));
    }
    for (kind, value) in secrets.into_iter().filter_map(into_table).flatten() {
        let kinds = SecretKind::STORED_BY_HAND;
        match (kind.parse::<SecretKind>().ok().filter(|kind| kinds.contains(kind)), value) {
            (Some(kind), Value::String(value)) => {
                let secret = Secret::new(value);
                if kind == SecretKind::Totp && Totp::new(&secret).is_err() {
                    found.leave_out("skipped the totp secret: it is not the key of an authenticator app")
                } else {
                    found.offer_secret(kind, secret, ORIGIN)
                }
            }
            _ => found.leave_out(&format!("skipped a secret `{}`: there is no such kind", printable(&kind, 40))),
        }
    }
    cut(&mut found.left_out);
    found
}

fn checked(key: Key, values: Vec<String>) -> Result<Vec<String>> {
    for value in &values {
        if value.chars().any(is_unprintable) {
            return Err(Error::config("it contains control characters"));
        }
        if is_misplaced(key, value) {
            return Err(Error::config("it looks like a secret"));
        }
        key.check(value)?;
    }
    Ok(values)
}

fn into_table(value: Value) -> Option<Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

/// Keeps a file of nothing but nonsense from filling the screen.
fn cut(sentences: &mut Vec<String>) {
    if sentences.len() > TOLD {
        let more = sentences.len() - TOLD;
        sentences.truncate(TOLD);
        sentences.push(format!("skipped {more} more things"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_says_what_it_is_before_its_first_table() {
        for marked in
            ["cogtok_export = 1", "# x\n\n  cogtok_export=2\n[profiles.a]", "\u{feff}x = 1\ncogtok_export = 1"]
        {
            assert!(is_marked(marked), "{marked}");
        }
        for other in
            ["", "version = 1\n[profiles.a]\ncogtok_export = 1", "cogtok_exported = 1", "# cogtok_export = 1", "A=b"]
        {
            assert!(!is_marked(other), "{other}");
        }
    }

    #[test]
    fn what_is_hostile_is_left_out_and_what_is_sound_is_taken() {
        let text = r#"cogtok_export = 1
            odd = 1
            [profiles."../x"]
            [profiles.flat]
            [profiles.ws]
            secrets = ["m2m-client"]
            endpoint_url = "http://evil.example"
            description = "a\u001b[31mb"
            nonsense = 1
            user.client_id = 7
            m2m = { client_id = "m", scopes = "a b", token_url = "https://ok.example/t" }
            [secrets.ws]
            m2m-client = "one"
            refresh-token = "two"
            totp = "no base32!"
            [secrets.nobody]
            password = "three"
            "#;
        let shared = read(&Secret::new(text.to_owned())).unwrap();
        let told = shared.left_out.join("\n");
        assert!(told.contains("`odd`") && told.contains("`../x`") && told.contains("`nobody`"), "{told}");
        let (_, found) = shared.profiles.iter().find(|(name, _)| name.as_str() == "ws").unwrap();
        let keys: Vec<Key> = found.settings().map(|(key, _)| key).collect();
        assert_eq!(keys, [Key::M2mClientId, Key::Scopes, Key::TokenUrl]);
        assert_eq!(found.left_out.len(), 7, "{:#?}", found.left_out);
        assert!(found.left_out.iter().all(|why| !why.chars().any(is_unprintable)));
        assert_eq!(found.secrets().len(), 1);
    }

    #[test]
    fn what_is_no_export_or_a_later_one_is_refused() {
        for (text, code) in [
            ("", 3),
            ("cogtok_export = 1", 3),
            ("cogtok_export = \"1\"\n[profiles.a]", 3),
            ("cogtok_export = 2\n[profiles.a]", 7),
            ("cogtok_export = 1\nprofiles = 3", 3),
            ("cogtok_export = 1\n[profiles.\"\"]", 3),
            ("cogtok_export = 1\n[profiles", 3),
        ] {
            assert_eq!(read(&Secret::new(text.to_owned())).unwrap_err().kind().exit_code(), code, "{text}");
        }
        let many: String = (0..=MOST).map(|n| format!("[profiles.p{n}]\n")).collect();
        assert!(read(&Secret::new(format!("{MARK} = 1\n{many}"))).is_err());
    }
}
