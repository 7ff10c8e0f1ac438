//! The journal of new users: a user's password is on disk before the request, so that no user ever has a password that nobody knows.

mod key_note;
pub mod plan;
mod record;
pub mod run;
mod run_key;
mod seal;

pub use record::{Asked, IfExists, Record, State};
pub use seal::RunKey;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use cogtok::error::{Error, Result};
use cogtok::store::elsewhere;
use cogtok::store::file;
use cogtok::store::file::{Lock, LockError, lock_timeout_error};
use cogtok::store::state_file::{FileContent, ReadError, StateFile};

use crate::env::paths::name_a_home;

/// The journal's directory.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    lock: Lock,
    /// The run of all records; `None` if each has a file of its own.
    run: Option<RefCell<run::Run>>,
}

impl Journal {
    /// The journal of one run, whose records are in one file.
    #[must_use]
    pub fn of_run(self, run: run::Run) -> Self {
        Journal { run: Some(RefCell::new(run)), ..self }
    }

    /// The run, where the journal is of one.
    pub fn run(&self) -> Option<&RefCell<run::Run>> {
        self.run.as_ref()
    }

    /// Records that the user was left unchanged; the record no longer concerns them.
    ///
    /// # Errors
    /// As [`Journal::write`] and [`Journal::remove`].
    pub fn skip(&self, record: &Record) -> Result<()> {
        match &self.run {
            Some(run) => run.borrow_mut().append(record, State::Skipped),
            None => self.remove(record),
        }
    }

    /// Opens the journal to add to it; any number of processes may.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) if it can't be used; then no user is created.
    pub fn to_add(state_dir: Option<&Path>, deadline: Instant) -> Result<Self> {
        Self::open(state_dir, |path| Lock::shared(path, deadline))
    }

    /// Opens the journal to finish what others left, waiting until `deadline` for those who are still at work.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be used.
    pub fn to_resume(state_dir: Option<&Path>, deadline: Instant) -> Result<Self> {
        let journal = Self::open(state_dir, |path| Lock::exclusive(path, deadline))?;
        // No other writer is active, so leftovers of killed ones can be deleted.
        file::sweep(&journal.dir, ".");
        Ok(journal)
    }

    fn open(state_dir: Option<&Path>, lock: impl FnOnce(&Path) -> Result<Lock, LockError>) -> Result<Self> {
        let dir = state_dir.map(|dir| dir.join("journal")).ok_or_else(|| {
            Error::store("there is no home directory for the journal of new users").hint(name_a_home("XDG_STATE_HOME"))
        })?;
        let made = file::create_private_dir(&dir).map_err(LockError::Unavailable);
        match made.and_then(|()| lock(&dir.join("journal.lock"))) {
            Ok(lock) => Ok(Journal { dir, lock, run: None }),
            // A shared lock leaves no note, so an existing note is from a process that has ended.
            Err(LockError::Timeout { .. }) => Err(lock_timeout_error(None)),
            Err(LockError::Unavailable(why)) => {
                let is_closed = why.kind() == std::io::ErrorKind::PermissionDenied;
                let error = Error::store(format!("the journal of new users in {} can't be used: {why}", dir.display()));
                let error = if file::is_without_locks(&why) { error.hint(file::OTHER_FILE_SYSTEM) } else { error };
                Err(if is_closed { error.hint("set XDG_STATE_HOME to a directory of your own") } else { error })
            }
        }
    }

    /// Writes the record as it is now.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it could not be written to the end.
    pub fn write(&self, record: &Record) -> Result<()> {
        if let Some(run) = &self.run {
            return run.borrow_mut().append(record, record.state);
        }
        StateFile::at(self.path(&record.id))
            .replace(record, &self.lock)
            .map_err(|error| Error::store(format!("the journal in {} can't be written: {error}", self.dir.display())))
    }

    /// Removes a record whose result was printed, or whose user was refused. A record of a run returns to planned.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be removed.
    pub fn remove(&self, record: &Record) -> Result<()> {
        if let Some(run) = &self.run {
            return run.borrow_mut().append(record, State::Planned);
        }
        file::remove(&self.path(&record.id))
            .map_err(|error| Error::store(format!("the journal in {} can't be changed: {error}", self.dir.display())))
    }

    /// All records, by user name.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when the journal can't be read or one was written by a newer cogtok.
    pub fn records(&self) -> Result<Vec<Record>> {
        records_in(&self.dir)
    }

    /// The file of a record.
    pub fn file_of(&self, record: &Record) -> PathBuf {
        self.path(&record.id)
    }

    /// Removes earlier records of the user of `record`: their passwords are not the user's any more. What can't be read or
    /// removed is none of this user's business.
    pub fn forget_older(&self, record: &Record) {
        if self.run.is_some() {
            return;
        }
        for path in paths_in(&self.dir).unwrap_or_default() {
            if let Ok(Some(other)) = read(&path)
                && other.is_older_of_same(record)
                && let Err(error) = self.remove(&other)
            {
                log::warn!(target: "cogtok", "{error}");
            }
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        let safe: String = id.chars().filter(char::is_ascii_hexdigit).collect();
        self.dir.join(format!("{safe}.json"))
    }
}

/// All records of the journal, by user name, without waiting for locks; empty if there is no journal.
///
/// # Errors
/// As [`Journal::records`].
pub fn records(state_dir: Option<&Path>) -> Result<Vec<Record>> {
    match state_dir.map(|dir| dir.join("journal")) {
        Some(dir) if !file::is_absent(&dir) => records_in(&dir),
        _ => Ok(Vec::new()),
    }
}

fn records_in(dir: &Path) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for path in paths_in(dir).map_err(|error| unreadable(dir, &error))? {
        match read(&path) {
            Ok(Some(record)) => records.push(record),
            // The record was completed and removed in this moment.
            Ok(None) if file::is_absent(&path) => {}
            Ok(None) => {
                log::warn!(target: "cogtok", "{} is not a journal record; cogtok left it alone", path.display())
            }
            Err(error) => {
                return Err(match file::why_others_read(&path) {
                    Some(why) => error.hint(why),
                    None => error,
                });
            }
        }
    }
    records.sort_by(|one, other| one.username.cmp(&other.username));
    Ok(records)
}

fn unreadable(dir: &Path, error: &std::io::Error) -> Error {
    let way = elsewhere(error, "XDG_STATE_HOME");
    Error::store(format!("the journal in {} can't be read: {error}{way}", dir.display()))
}

fn paths_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    paths_of(dir, "json")
}

fn paths_of(dir: &Path, wanted: &str) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path()));
    let paths: std::io::Result<Vec<PathBuf>> = entries.collect();
    Ok(paths?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == wanted)).collect())
}

/// The journal's users for this pool and endpoint, for completion: without a lock, skipping what can't be read. Passwords are not read.
pub fn users(state_dir: Option<&Path>, pool: &str, origin: &str) -> Vec<String> {
    #[derive(Serialize, Deserialize)]
    struct Named {
        origin: String,
        user_pool_id: String,
        username: String,
    }
    impl FileContent for Named {
        const LIMIT: u64 = Record::LIMIT;
    }
    let files = state_dir.and_then(|dir| std::fs::read_dir(dir.join("journal")).ok());
    let is_record = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let paths = files.into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_record);
    let named = paths.take(1000).filter_map(|path| StateFile::<Named>::at(path).read().ok()?);
    named.filter(|one| one.user_pool_id == pool && one.origin == origin).map(|one| one.username).collect()
}

/// The record in a file; `None` if the file is something else.
fn read(path: &Path) -> Result<Option<Record>> {
    match StateFile::at(path.to_path_buf()).read() {
        Ok(record) => Ok(record),
        Err(ReadError::Io(error)) => Err(Error::store(format!("{} can't be read: {error}", path.display()))),
        Err(ReadError::Version(version)) if Some(version) > Record::VERSION => {
            Err(Error::store(format!("{} was written by a newer cogtok", path.display())).hint("update cogtok"))
        }
        Err(_) => Ok(None),
    }
}
