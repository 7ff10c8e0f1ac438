//! Reads `config.toml`: the profiles and their settings. It contains no secrets.

mod targets;
mod written;

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::file;
use crate::error::{Advice, AdviceKind, Error, Result, printable};
use crate::settings::keys::{Key, Settings, ValueOrigin, nearest};
use crate::settings::secret_detection::is_name_of_a_secret;
use crate::settings::targets::{nearest_key, parse_key};
use crate::settings::types::{ClientId, ProfileName, SecretKind, StoreKind};
use crate::text;

pub use written::Written;

/// The version of the file's format that this program writes and understands.
pub const VERSION: i64 = 1;

/// The largest configuration that is read, in bytes.
pub const LIMIT: u64 = 16 * 1024 * 1024;

/// The table of a profile's targets.
pub const TARGETS: &str = "targets";

/// The top-level keys, and the table of the profiles.
pub const TOP_LEVEL: [&str; 4] = ["version", "default_profile", "secret_store", "profiles"];

/// The key by which a file of profiles for others is known, with the version of its format.
pub const EXPORT_MARK: &str = "cogtok_export";

/// The version of that format that this program writes and understands.
pub const EXPORT_VERSION: i64 = 1;

/// The hint for creating the first profile.
pub const FIRST_PROFILE: AdviceKind = AdviceKind::CreateFirstProfile;

/// The advice for an invalid configuration.
pub const EDIT: AdviceKind = AdviceKind::EditConfiguration;

/// A configuration file as it was when it was read.
#[derive(Debug, Clone, Default)]
pub struct Config {
    path: Option<PathBuf>,
    table: Table,
}

impl Config {
    /// Reads the file; one that does not exist is an empty configuration.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) with line and column for a file that is not TOML,
    /// [`Kind::Usage`](crate::error::Kind::Usage) for one larger than [`LIMIT`],
    /// [`Kind::Store`](crate::error::Kind::Store) for one that can't be read.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(path, &read_text(path)?.unwrap_or_default())
    }

    /// The configuration of a file with this text.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let table = text.parse().map_err(|error: toml::de::Error| {
            // The parser's message repeats the line, which may contain a secret.
            not_toml(path, text, error.span(), error.message()).hint(EDIT)
        })?;
        Ok(Config { path: Some(path.to_path_buf()), table })
    }

    /// The file that was read.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The names of all profiles, in alphabetical order, those that can't be used left out.
    pub fn names(&self) -> Vec<ProfileName> {
        let profiles = self.table.get("profiles").and_then(Value::as_table);
        profiles
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_table())
            .filter_map(|(name, _)| name.parse().ok())
            .collect()
    }

    /// The profile that is used where none is named.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when `default_profile` is no profile name.
    pub fn default_profile(&self) -> Result<Option<ProfileName>> {
        match self.table.get("default_profile") {
            None => Ok(None),
            Some(Value::String(name)) => name
                .parse()
                .map(Some)
                .map_err(|error: Error| error.with_kind(crate::error::Kind::Config).context("default_profile")),
            Some(_) => Err(Error::config("`default_profile` is not a string").hint(AdviceKind::ChooseDefaultProfile)),
        }
    }

    /// The secret store.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when `secret_store` names no such place.
    pub fn secret_store(&self) -> Result<StoreKind> {
        let kind = match self.table.get("secret_store") {
            None => return Ok(StoreKind::Keyring),
            Some(Value::String(kind)) => kind.parse(),
            Some(_) => Err(Error::config("it is not a string")),
        };
        kind.map_err(|error| error.with_kind(crate::error::Kind::Config).context("secret_store"))
    }

    /// Adds the profile's values to `settings`.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when there is no such profile, or one of its values is not of its
    /// key's type.
    pub fn offer(&self, name: &ProfileName, settings: &mut Settings) -> Result<()> {
        let profile = self.profile(name)?;
        Key::ALL.iter().try_for_each(|key| offer(profile, *key, settings))
    }

    /// Adds the profile's value for one key to `settings`.
    ///
    /// # Errors
    /// As [`Config::offer`].
    pub fn offer_key(&self, name: &ProfileName, key: Key, settings: &mut Settings) -> Result<()> {
        offer(self.profile(name)?, key, settings)
    }

    /// Whether a profile with this app client, whatever its name, lists a stored secret of this kind: profiles with the same client share
    /// its secret.
    pub fn lists_secret(&self, kind: SecretKind, client_id: &ClientId) -> bool {
        self.names().iter().any(|name| {
            let Ok(profile) = self.profile(name) else { return false };
            let is_client =
                lookup(profile, client_key(kind).dotted()).and_then(Value::as_str) == Some(client_id.as_str());
            let secrets = lookup(profile, Key::Secrets.dotted()).and_then(Value::as_array);
            is_client
                && secrets.is_some_and(|secrets| secrets.iter().any(|secret| secret.as_str() == Some(kind.as_str())))
        })
    }

    /// Keys that nothing reads: unknown ones at the top level and in this profile.
    pub fn oddities(&self, name: Option<&ProfileName>) -> Vec<Oddity> {
        let mut found = Vec::new();
        for key in self.table.keys().filter(|key| !TOP_LEVEL.contains(&key.as_str())) {
            found.push(Oddity::of_key(key, nearest(key, TOP_LEVEL)));
        }
        let profiles = self.table.get("profiles").and_then(Value::as_table);
        for bad in profiles.into_iter().flat_map(Table::keys).filter(|name| name.parse::<ProfileName>().is_err()) {
            found.push(Oddity::NoProfileName(printable(bad, 80)));
        }
        for key in name.map(|name| self.unknown_keys(name)).unwrap_or_default() {
            let of_target = nearest_key(&key).map(|near| printable(&near, 80));
            let near = || nearest(&key, Key::ALL.iter().map(|key| key.dotted()));
            found.push(Oddity::of_key(&key, of_target.as_deref().or_else(near)));
        }
        found
    }

    /// The keys of a profile that no program reads.
    pub fn unknown_keys(&self, name: &ProfileName) -> Vec<String> {
        let mut dotted = Vec::new();
        if let Ok(profile) = self.profile(name) {
            flatten("", profile, &mut dotted);
        }
        dotted.retain(|key| Key::parse(key).is_err() && !matches!(parse_key(key), Ok(Some(_))));
        dotted
    }

    fn profile(&self, name: &ProfileName) -> Result<&Table> {
        let profile = self.table.get("profiles").and_then(Value::as_table).and_then(|all| all.get(name.as_str()));
        match profile {
            Some(Value::Table(profile)) => Ok(profile),
            Some(_) => Err(Error::config(format!("`profiles.{name}` is not a table")).hint(EDIT)),
            None => Err(self.no_such_profile(name)),
        }
    }

    /// The error for a profile that is not there.
    pub fn no_such_profile(&self, name: &ProfileName) -> Error {
        no_such_profile(name, &self.names())
    }
}

/// The key of the app client that secrets of this kind belong to.
pub fn client_key(kind: SecretKind) -> Key {
    match kind {
        SecretKind::M2mClient | SecretKind::M2mClientNext => Key::M2mClientId,
        _ => Key::UserClientId,
    }
}

/// The error for a profile that is not among `names`.
pub fn no_such_profile(name: &ProfileName, names: &[ProfileName]) -> Error {
    let error = Error::config(format!("there is no profile `{name}`"));
    match nearest(name.as_str(), names.iter().map(ProfileName::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.hint(FIRST_PROFILE),
        None if names.len() == 1 => error.hint(format!("the only profile is {}", list(names))),
        None => error.hint(format!("the profiles are {}", list(names))),
    }
}

/// Names as a message lists them, at most ten.
pub fn list(names: &[ProfileName]) -> String {
    let shown: Vec<&str> = names.iter().take(10).map(ProfileName::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// The text of the configuration, following a symbolic link; `None` without a file.
///
/// # Errors
/// As [`Config::load`], without parsing errors.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    let unreadable = |why: &dyn std::fmt::Display| Error::store(format!("{} can't be read: {why}", path.display()));
    if is_null_device(path) {
        return Ok(None);
    }
    // Dotfiles are often links into a repository, so links are followed for this file only.
    let (target, metadata) = match file::behind(path) {
        Ok(there) => there,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_symlink() => {
            // A shell's `<(…)` is a link to a pipe without a path.
            let what = if path.exists() { "it is not a regular file" } else { "it is a broken symbolic link" };
            return Err(unreadable(&what));
        }
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&error)),
    };
    if metadata.is_file() && metadata.len() > LIMIT {
        return Err(Error::usage(format!("{} is larger than 16 MiB", path.display())));
    }
    let Some(bytes) = file::read(&target, LIMIT).map_err(|error| unreadable(&error))? else { return Ok(None) };
    let text = text::of_file(&bytes).map_err(|why| Error::config(format!("{} {why}", path.display())))?;
    Ok(Some(text.as_str().to_owned()))
}

/// Whether this is the system's empty file, which says that there is to be no configuration.
pub fn is_null_device(path: &Path) -> bool {
    if cfg!(windows) { path.as_os_str().eq_ignore_ascii_case(r"\\.\NUL") } else { path == Path::new("/dev/null") }
}

/// The error for text that is not TOML, with line and column and without the text.
pub fn not_toml(path: &Path, text: &str, span: Option<std::ops::Range<usize>>, why: &str) -> Error {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let why = printable(why.lines().next().unwrap_or_default(), 120);
    Error::config(format!("{} is not valid TOML at line {line}, column {column}: {why}", path.display()))
}

fn offer(profile: &Table, key: Key, settings: &mut Settings) -> Result<()> {
    let found = find(profile, key.dotted());
    let found = found.map_err(|table| Error::config(format!("`{table}` is not a table")).hint(EDIT))?;
    if let Some(value) = found {
        settings.offer(key, texts(key, value)?, ValueOrigin::Profile);
    }
    Ok(())
}

/// The value at a dotted key of a profile.
pub fn lookup<'a>(profile: &'a Table, dotted: &str) -> Option<&'a Value> {
    find(profile, dotted).ok().flatten()
}

/// As [`lookup`], or the table of the key where the profile has something else in its place.
fn find<'a, 'k>(profile: &'a Table, dotted: &'k str) -> Result<Option<&'a Value>, &'k str> {
    let Some((table, key)) = dotted.split_once('.') else { return Ok(profile.get(dotted)) };
    match profile.get(table) {
        None => Ok(None),
        Some(value) => value.as_table().map(|inside| inside.get(key)).ok_or(table),
    }
}

/// The values that the file has for a key.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for a value of another type.
pub fn texts(key: Key, value: &Value) -> Result<Vec<String>> {
    let wrong = |what: &str| {
        Error::config(format!("`{}` is not {what}", key.dotted())).with_setting(key.dotted()).hint(how_to_set(key))
    };
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) if key.is_list() => {
            let items: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            items.ok_or_else(|| wrong("a list of strings"))
        }
        Value::Boolean(is) if key.is_bool() => Ok(vec![is.to_string()]),
        Value::Integer(number) if key.is_number() => Ok(vec![number.to_string()]),
        _ if key.is_list() => Err(wrong("a list of strings")),
        _ if key.is_bool() => Err(wrong("true or false")),
        _ if key.is_number() => Err(wrong("a whole number")),
        _ => Err(wrong("a string")),
    }
}

/// The hint for changing a key.
pub fn how_to_set(key: Key) -> Advice {
    match key {
        Key::Secrets => Advice::new(EDIT),
        key => crate::settings::keys::how_to_set(key.dotted()),
    }
}

/// The dotted names of everything in a profile.
pub fn flatten(prefix: &str, table: &Table, found: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) if prefix.is_empty() || prefix == "targets." => {
                flatten(&format!("{prefix}{key}."), inner, found);
            }
            _ => found.push(format!("{prefix}{key}")),
        }
    }
}

/// Something in the configuration that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// A key that is called like a secret.
    Secret(String),
    /// An unknown key, with a known one of similar spelling.
    UnknownKey(String, Option<String>),
    /// An invalid profile name.
    NoProfileName(String),
}

impl Oddity {
    fn of_key(key: &str, near: Option<&str>) -> Self {
        let shown = printable(key, 80);
        if is_name_of_a_secret(key) {
            Oddity::Secret(shown)
        } else {
            Oddity::UnknownKey(shown, near.map(str::to_owned))
        }
    }
}

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Oddity::Secret(key) => {
                write!(f, "`{key}` in the configuration is ignored: secrets do not belong there")
            }
            Oddity::UnknownKey(key, None) => write!(f, "`{key}` in the configuration is not a known key"),
            Oddity::UnknownKey(key, Some(near)) => {
                write!(f, "`{key}` in the configuration is not a known key; did you mean `{near}`?")
            }
            Oddity::NoProfileName(name) => {
                write!(f, "`{name}` in the configuration can't be a profile's name, so that profile is ignored")
            }
        }
    }
}
