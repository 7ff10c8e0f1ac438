//! Changing the file of a client.

use std::cell::RefCell;
use std::path::Path;

use cogtok::error::{Error, Result};
use cogtok::store::file;
use cogtok::text;
use serde_json::Value;
use zeroize::Zeroizing;

use super::backup::Backup;
use super::entry::{OwnServer, own_server};
use super::{Entry, McpClient, backup, json_servers, toml_servers};
use crate::services::output_file;

/// The largest file that is read: Claude Code keeps much more than servers in its own.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;

/// A change to an entry.
#[derive(Debug)]
pub enum Change<'a> {
    /// Adds or replaces cogtok's entry; with `true`, another program's as well.
    Put(&'a Entry, bool),
    /// Take the one of this name out, where cogtok put it there.
    Remove(&'a str),
}

/// The result of a change.
#[derive(Debug)]
pub struct Edited {
    /// The copy of a file that had more than cogtok's own servers.
    pub backup: Option<Backup>,
}

impl Change<'_> {
    fn name(&self) -> &str {
        match self {
            Change::Put(entry, _) => &entry.name,
            Change::Remove(name) => name,
        }
    }
}

/// The servers in a client's file; `None` without a file. Beside each name is the server for which cogtok is started, if it
/// is.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) where it is of another shape, [`Kind::Store`](cogtok::error::Kind::Store) where it
/// can't be read.
pub fn servers(client: McpClient, path: &Path) -> Result<Vec<(String, Option<OwnServer>)>> {
    let text = text(path)?.unwrap_or_default();
    let found = read(client, &text).map_err(|error| error.context(&path.display().to_string()))?;
    Ok(found.into_iter().map(|(name, entry)| (name, own_server(&entry))).collect())
}

/// Makes a change in the file of a client. Comments, order and other servers stay.
///
/// # Errors
/// As [`servers`]; [`Kind::Usage`](cogtok::error::Kind::Usage) where the entry is not there, or is not cogtok's.
pub fn change(client: McpClient, path: &Path, change: &Change<'_>) -> Result<Edited> {
    let named = |error: Error| error.context(&path.display().to_string());
    // A link into a repository stays a link.
    let place = match path.canonicalize() {
        Ok(place) => place,
        Err(_) => path.to_path_buf(),
    };
    let before = bytes(&place)?;
    let text = before.as_deref().map(|bytes| text_of(path, bytes)).transpose()?.unwrap_or_default();
    check(client, &text, path, change)?;
    apply(client, &text, change).map_err(named)?;
    let unwritable = |why: std::io::Error| Error::store(format!("{} can't be written: {why}", path.display()));
    if let Some(dir) = place.parent() {
        file::create_dir(dir).map_err(unwritable)?;
    }
    let backup = match &before {
        None => None,
        Some(before) => backup::keep(client, &place, (before, &text)).map_err(unwritable)?,
    };
    let failure = RefCell::new(None);
    let edited = output_file::edit(&place, LIMIT, |text| {
        Zeroizing::new(apply(client, text, change).unwrap_or_else(|error| {
            *failure.borrow_mut() = Some(error);
            text.to_owned()
        }))
    });
    edited.map_err(unwritable)?;
    failure.into_inner().map_or(Ok(Edited { backup }), |error| Err(named(error)))
}

/// Whether a change is allowed.
///
/// # Errors
/// As [`change`].
pub fn check(client: McpClient, text: &str, path: &Path, change: &Change<'_>) -> Result<()> {
    let (name, shown) = (change.name(), path.display());
    let found = read(client, text).map_err(|error| error.context(&shown.to_string()))?;
    let there = found.iter().find(|(known, _)| known == name).map(|(_, entry)| own_server(entry).is_some());
    match (change, there) {
        (Change::Put(_, false), Some(false)) => {
            Err(Error::usage(format!("{shown} already has a server `{name}` that cogtok did not add"))
                .hint("choose another name with `--name NAME`, or replace it with `--replace`"))
        }
        (Change::Remove(_), Some(false)) => {
            Err(Error::usage(format!("cogtok did not add the server `{name}` to {shown}"))
                .hint(format!("remove it in {}", client.name())))
        }
        (Change::Remove(_), None) => Err(Error::usage(format!("{shown} has no server `{name}`"))
            .hint("list the servers that cogtok added: `cogtok mcp list`")),
        _ => Ok(()),
    }
}

/// The text of the file; `None` without a file.
pub fn text(path: &Path) -> Result<Option<String>> {
    bytes(path)?.map(|bytes| text_of(path, &bytes)).transpose()
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let bytes = file::read(&place, LIMIT);
    let bytes = bytes.map_err(|why| Error::store(format!("{} can't be read: {why}", path.display())))?;
    Ok(bytes.map(|bytes| bytes.to_vec()))
}

fn text_of(path: &Path, bytes: &[u8]) -> Result<String> {
    let text = text::of_file(bytes).map_err(|why| Error::store(format!("{} {why}", path.display())))?;
    Ok(text.as_str().to_owned())
}

pub(super) fn read(client: McpClient, text: &str) -> Result<Vec<(String, Value)>> {
    match client {
        McpClient::Codex => toml_servers::read(text, client.key()),
        _ => json_servers::read(text, client.key()),
    }
}

fn apply(client: McpClient, text: &str, change: &Change<'_>) -> Result<String> {
    let value = match change {
        Change::Put(entry, _) => Some(entry.value(client)),
        Change::Remove(_) => None,
    };
    with(client, text, change.name(), value.as_ref())
}

/// The text of a client's file with this entry, or without one.
pub(super) fn with(client: McpClient, text: &str, name: &str, entry: Option<&Value>) -> Result<String> {
    match client {
        McpClient::Codex => toml_servers::with(text, client.key(), name, entry),
        _ => json_servers::with(text, client.key(), name, entry),
    }
}

impl Entry {
    /// The piece of a client's configuration that is this entry.
    ///
    /// # Errors
    /// If it can't be written in that form.
    pub fn shown(&self, client: McpClient) -> Result<String> {
        apply(client, "", &Change::Put(self, true))
    }
}
