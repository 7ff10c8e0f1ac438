//! `config.toml`, edited: the user's comments and order survive, and two processes editing at once lose nothing.

mod line_endings;
mod list;
mod profiles;
mod targets;

use std::path::{Path, PathBuf};
use std::time::Instant;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use self::line_endings::LineEndings;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::types::{ProfileName, SecretKind, StoreKind};
use cogtok::store::HAS_XDG;
use cogtok::store::config::{EDIT, TARGETS, VERSION, is_null_device, no_such_profile, not_toml, read_text};
use cogtok::store::file;
use cogtok::store::file::{Lock, Stamp};

/// A configuration being edited.
#[derive(Debug)]
pub struct ConfigDocument(DocumentMut);

/// Edits the configuration at `path`: takes the lock, reads the file, applies `change`, and replaces the file if anything changed. A file
/// that somebody else changed in the meantime is not overwritten.
///
/// # Errors
/// The error of `change`, with the file untouched; [`Kind::Config`](cogtok::error::Kind::Config) for a file that is not TOML;
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be locked, read or replaced, or was written by a newer cogtok.
pub fn edit<T>(path: &Path, deadline: Instant, change: impl FnOnce(&mut ConfigDocument) -> Result<T>) -> Result<T> {
    let held = hold(path, deadline)?;
    let before = read_text(path)?;
    let (ends, text) = LineEndings::of(before.as_deref().unwrap_or_default());
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        not_toml(path, &text, error.span(), error.message()).hint("nothing was changed").hint(EDIT)
    })?;
    if document.get("version").and_then(Item::as_integer).is_some_and(|version| version > VERSION) {
        return Err(newer(path));
    }
    let unchanged = document.to_string();
    let mut draft = ConfigDocument(document);
    let result = change(&mut draft)?;
    let after = draft.0.to_string();
    if after != unchanged {
        held.replace(before.as_deref(), &ends.restore(after))?;
    }
    Ok(result)
}

/// Puts `text` in the place of the configuration at `path`, which was `before` when it was read.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it is not `before` any more, with the file untouched, and when it can't be
/// locked, read or replaced.
pub fn put(path: &Path, deadline: Instant, before: Option<&str>, text: &str) -> Result<()> {
    hold(path, deadline)?.replace(before, text)
}

/// The error for a file that this program must not write.
pub fn newer(path: &Path) -> Error {
    Error::store(format!("{} was written by a newer cogtok", path.display())).hint("update cogtok")
}

/// The right to replace the configuration.
struct LockedConfig<'a> {
    path: &'a Path,
    target: PathBuf,
    _lock: Lock,
}

fn hold(path: &Path, deadline: Instant) -> Result<LockedConfig<'_>> {
    let target = target(path).map_err(|error| unwritable(path, path, &error))?;
    let lock = Lock::exclusive(&lock_path(&target), deadline)
        .map_err(|error| error.into_error(|why| unwritable(path, &target, &why)))?;
    Ok(LockedConfig { path, target, _lock: lock })
}

impl LockedConfig<'_> {
    fn replace(&self, before: Option<&str>, after: &str) -> Result<()> {
        let mut look = Ok(());
        // Editors don't take the lock, so the file is compared just before it is replaced.
        let replaced = file::replace_if(&self.target, after.as_bytes(), || {
            look = self.look(before);
            look.is_ok()
        });
        replaced.map_err(|error| unwritable(self.path, &self.target, &error)).and(look)
    }

    /// Looks whether the file still is `before`.
    fn look(&self, before: Option<&str>) -> Result<()> {
        let stamp = Stamp::of(&self.target);
        if read_text(self.path)?.as_deref() != before || Stamp::of(&self.target) != stamp {
            let changed = format!("{} was changed by another program just now", self.path.display());
            return Err(Error::store(changed).hint("nothing was written; try again"));
        }
        Ok(())
    }
}

fn unwritable(path: &Path, target: &Path, why: &std::io::Error) -> Error {
    use std::io::ErrorKind;

    let error = Error::store(format!("{} can't be written: {why}", target.display()));
    let error = if path.is_symlink() && path != target {
        error.hint(format!("{} is a link to it", path.display()))
    } else {
        error
    };
    let place = if HAS_XDG { ", or another place with XDG_CONFIG_HOME" } else { "" };
    let way = match why.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "make the file and its directory writable, or name another file with `--config FILE`{place}"
        }
        // There is no place for it, as where the home directory is a file.
        _ if target.parent().is_some_and(|dir| !dir.is_dir()) => "name another file with `--config FILE`{place}",
        _ => return error,
    };
    error.hint(Advice::new(way).text("place", place))
}

/// The file to replace: where a symbolic link leads, so that the link stays. What is not a file, such as a device, must never be
/// replaced by one.
fn target(path: &Path) -> std::io::Result<PathBuf> {
    let target = follow(path)?;
    let is_other = std::fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file());
    if is_other || is_null_device(path) {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    Ok(target)
}

fn follow(path: &Path) -> std::io::Result<PathBuf> {
    match dunce::canonicalize(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match path.is_symlink() {
            true if path.exists() => Err(std::io::Error::other("it is not a regular file")),
            true => Err(std::io::Error::other("it is a broken symbolic link")),
            false => Ok(path.to_path_buf()),
        },
        found => found,
    }
}

fn lock_path(target: &Path) -> PathBuf {
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or("config.toml");
    target.with_file_name(format!("{name}.lock"))
}

impl ConfigDocument {
    /// A file of profiles that is no configuration: its first line is `mark = version`.
    pub fn marked(mark: &str, version: i64) -> Self {
        let mut document = DocumentMut::new();
        document.insert(mark, toml_edit::value(version));
        ConfigDocument(document)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// The names of all profiles, as written.
    pub fn names(&self) -> Vec<&str> {
        let profiles = self.0.get("profiles").and_then(Item::as_table_like);
        profiles.map(|profiles| profiles.iter().map(|(name, _)| name).collect()).unwrap_or_default()
    }

    /// Checks that there is a profile of this name.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) with the nearest names when there is none.
    pub fn require(&self, name: &ProfileName) -> Result<()> {
        let names = self.names();
        if names.contains(&name.as_str()) {
            Ok(())
        } else {
            Err(no_such_profile(name, &names.iter().filter_map(|name| name.parse().ok()).collect::<Vec<_>>()))
        }
    }

    /// The name of the default profile, where there is one.
    pub fn default_profile(&self) -> Option<&str> {
        self.0.get("default_profile").and_then(Item::as_str)
    }

    /// Makes `name` the default profile, or removes the default, with the comment right above the setting.
    pub fn set_default(&mut self, name: Option<&ProfileName>) {
        match name {
            Some(name) => set(self.0.as_table_mut(), "default_profile", Value::from(name.as_str())),
            None => {
                let prefix = self.0.key("default_profile").and_then(|key| key.leaf_decor().prefix()?.as_str());
                let prefix = prefix.unwrap_or_default().to_owned();
                self.sparing_comments(&prefix, |draft| drop(draft.0.remove("default_profile")));
            }
        }
    }

    /// Sets the kind of secret store.
    pub fn set_secret_store(&mut self, kind: StoreKind) {
        self.begin();
        set(self.0.as_table_mut(), "secret_store", Value::from(kind.as_str()));
    }

    fn begin(&mut self) {
        if self.0.is_empty() {
            self.0.insert("version", toml_edit::value(VERSION));
        }
    }

    /// Adds an empty profile.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is one of that name, or `profiles` is not a table.
    pub fn add(&mut self, name: &ProfileName) -> Result<()> {
        self.begin();
        let mut outer = Table::new();
        outer.set_implicit(true);
        let profiles = self.0.entry("profiles").or_insert(Item::Table(outer));
        let profiles = profiles.as_table_like_mut().ok_or_else(|| Error::config("`profiles` is not a table"))?;
        if profiles.contains_key(name.as_str()) {
            return Err(Error::config(format!("profile `{name}` already exists"))
                .hint(Advice::new("change it: cogtok profile set {name} KEY VALUE").word("name", name)));
        }
        profiles.insert(name.as_str(), Item::Table(Table::new()));
        Ok(())
    }

    /// Removes from a profile every key that is not among `keys`, those that no program reads included; the rest stays as it
    /// is written, and so do the profile's targets.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no such profile.
    pub fn retain(&mut self, name: &ProfileName, keys: &[Key]) -> Result<()> {
        let stays = |dotted: &str| keys.iter().any(|key| key.dotted() == dotted);
        let profile = self.profile_mut(name)?;
        let names: Vec<String> = profile.iter().map(|(name, _)| name.to_owned()).collect();
        for outer in names {
            if let Some(table) = profile.get_mut(&outer).and_then(Item::as_table_like_mut) {
                if outer == TARGETS {
                    continue;
                }
                let inner: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
                for name in inner.iter().filter(|name| !stays(&format!("{outer}.{name}"))) {
                    table.remove(name);
                }
                if !table.is_empty() {
                    continue;
                }
            }
            if !stays(&outer) {
                profile.remove(&outer);
            }
        }
        Ok(())
    }

    /// Removes a profile with the comment right above it, and the default where it was this one.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no such profile.
    pub fn remove(&mut self, name: &ProfileName) -> Result<()> {
        let profiles = self.0.get("profiles").and_then(Item::as_table_like);
        let prefix =
            profiles::above(profiles.and_then(|profiles| profiles.get(name.as_str())).ok_or_else(|| missing(name))?);
        self.sparing_comments(&prefix, |draft| {
            let profiles = draft.0.get_mut("profiles").and_then(Item::as_table_like_mut);
            drop(profiles.and_then(|profiles| profiles.remove(name.as_str())));
        });
        if self.default_profile() == Some(name.as_str()) {
            self.set_default(None);
        }
        Ok(())
    }

    /// Sets a key of a profile; no values remove it.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) for a value that the key can't have,
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no such profile.
    pub fn set(&mut self, name: &ProfileName, key: Key, values: &[String]) -> Result<()> {
        for value in values {
            key.check(value).map_err(|error| error.context(key.dotted()))?;
        }
        let profile = self.profile_mut(name)?;
        let (table, last) = match key.dotted().split_once('.') {
            None => (profile, key.dotted()),
            Some((table, last)) => {
                let inner = profile.entry(table).or_insert(Item::Table(Table::new()));
                let inner = inner.as_table_like_mut();
                (inner.ok_or_else(|| Error::config(format!("`{}` is not a table", printable(table, 40))))?, last)
            }
        };
        match values {
            [] => drop(table.remove(last)),
            values if key.is_list() => {
                let words = values.iter().flat_map(|value| value.split_ascii_whitespace());
                set_list(table, last, words);
            }
            [value] if key.is_bool() => set(table, last, Value::from(value == "true")),
            [value] if key.is_number() => set(table, last, Value::from(value.parse::<i64>().unwrap_or_default())),
            values => set(table, last, Value::from(values.join(" "))),
        }
        Ok(())
    }

    /// Notes whether a secret of this kind is stored for the profile.
    ///
    /// # Errors
    /// As [`ConfigDocument::set`].
    pub fn note_secret(&mut self, name: &ProfileName, kind: SecretKind, is_stored: bool) -> Result<()> {
        let profile = self.profile_mut(name)?;
        let listed = profile.get("secrets").and_then(Item::as_array);
        // Kinds that this version does not know are kept.
        let mut kinds: Vec<String> =
            listed.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect();
        kinds.retain(|listed| listed != kind.as_str());
        if is_stored {
            kinds.push(kind.as_str().to_owned());
        }
        if kinds.is_empty() {
            drop(profile.remove("secrets"))
        } else {
            set_list(profile, "secrets", kinds.iter().map(String::as_str))
        }
        Ok(())
    }

    fn profile_mut(&mut self, name: &ProfileName) -> Result<&mut dyn toml_edit::TableLike> {
        let profiles = self.0.get_mut("profiles").and_then(Item::as_table_like_mut);
        let profile = profiles.and_then(|profiles| profiles.get_mut(name.as_str())).and_then(Item::as_table_like_mut);
        profile.ok_or_else(|| missing(name))
    }
}

fn missing(name: &ProfileName) -> Error {
    Error::config(format!("there is no profile `{name}`")).hint("the profiles: cogtok profile list")
}

/// Sets a list; what is in it already keeps its comment.
fn set_list<'w>(table: &mut dyn toml_edit::TableLike, key: &str, words: impl Iterator<Item = &'w str>) {
    let list = match table.get(key).and_then(Item::as_array) {
        Some(old) => list::relist(old, words),
        None => words.collect::<Array>(),
    };
    set(table, key, Value::Array(list));
}

/// Sets a value and keeps the comment after the old one.
fn set(table: &mut dyn toml_edit::TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

#[cfg(test)]
mod tests;
