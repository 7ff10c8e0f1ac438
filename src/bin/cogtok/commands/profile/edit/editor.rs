//! The editor and what it is given: a copy in a directory that only this user may enter.

use std::io::Read;
use std::path::{Path, PathBuf};

use cogtok::error::{Error, Kind, Result, printable};
use cogtok::store::config::LIMIT;
use cogtok::store::file;
use tempfile::TempDir;

use crate::env;
use crate::io::{external_program, signals, terminal};

/// The editor where no variable names one.
const STANDARD: &str = if cfg!(windows) { "notepad" } else { "vi" };

/// The editor's command line from VISUAL or EDITOR.
pub fn command() -> Result<String> {
    match env::var("VISUAL").or_else(|| env::var("EDITOR")) {
        Some(editor) => Ok(editor),
        None if terminal::can_ask() => Ok(STANDARD.to_owned()),
        None => {
            let why = terminal::nobody_there();
            let why = why.strip_suffix(" to ask at").map(|none| format!("{none} for an editor"));
            let why = why.unwrap_or_else(|| format!("no editor can be opened: {}", terminal::nobody_there()));
            Err(Error::new(Kind::NeedsHuman, why)
                .hint("name an editor that needs no person: VISUAL or EDITOR")
                .hint("set single keys: cogtok profile set NAME KEY VALUE"))
        }
    }
}

/// Runs the editor on the copy. If the editor fails, nothing is changed and the copy is kept.
pub fn run(editor: &str, copy: &Copy, before: &str) -> Result<()> {
    let shown = printable(editor, 120);
    let command = external_program::named(editor).and_then(|named| external_program::resolved(&named));
    let mut command = command.ok_or_else(|| {
        Error::usage(format!("there is no editor `{shown}`"))
            .hint("VISUAL or EDITOR names a program of PATH, or one by its whole path")
    })?;
    external_program::withhold_secrets(&mut command);
    command.arg(copy.path());
    let _clock = terminal::asking();
    let status = signals::lending_terminal(|| command.status());
    let why = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("the editor `{shown}` ended with {status}"),
        Err(error) => format!("the editor `{shown}` can't be run: {error}"),
    };
    match copy.read() {
        Ok(edited) if edited == before => Err(failed(&why)),
        _ => {
            copy.leave();
            Err(failed(&why).hint(format!("what it wrote is in {}", copy.path().display())))
        }
    }
}

/// A private copy of the configuration, deleted on drop unless it is to be kept.
pub struct Copy {
    dir: std::cell::Cell<Option<TempDir>>,
    path: PathBuf,
}

impl Copy {
    pub fn of(text: &str) -> Result<Self> {
        let unwritable = |error: std::io::Error| {
            let dir = std::env::temp_dir();
            Error::store(format!("can't make a copy to edit in {}: {}", dir.display(), error.kind())).hint(
                if cfg!(windows) { "set TMP to a folder of your own" } else { "set TMPDIR to a directory of your own" },
            )
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix("cogtok-edit-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let dir = builder.tempdir().map_err(unwritable)?;
        let path = dir.path().join("config.toml");
        file::create_new(&path, text.as_bytes()).map_err(unwritable)?;
        Ok(Copy { dir: std::cell::Cell::new(Some(dir)), path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The copy's current text.
    pub fn read(&self) -> Result<String> {
        let unreadable = |why: &dyn std::fmt::Display| {
            failed(&format!("the edited copy {} can't be read: {why}", self.path.display()))
        };
        // Some editors replace the file by a link or a new file.
        let file = std::fs::File::open(&self.path).map_err(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                self.leave();
            }
            unreadable(&error)
        })?;
        let mut text = String::new();
        let read = file.take(LIMIT + 1).read_to_string(&mut text);
        match read {
            Ok(_) if text.len() as u64 > LIMIT => {
                self.leave();
                Err(unreadable(&"it is larger than 16 MiB"))
            }
            Ok(_) => Ok(text),
            Err(error) => {
                self.leave();
                Err(unreadable(&error))
            }
        }
    }

    /// Leaves the copy where it is.
    pub fn leave(&self) {
        if let Some(dir) = self.dir.take() {
            let _ = dir.keep();
        }
    }
}

/// The error for an editor that did not end well.
fn failed(why: &str) -> Error {
    Error::new(Kind::Failure, format!("nothing was changed: {why}"))
}
