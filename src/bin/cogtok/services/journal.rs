//! The journal of new users: a user's password is on disk before the request, so that no user ever has a password that nobody knows.

mod key_note;
pub mod plan;
pub mod run;
mod run_key;
mod seal;

pub use seal::RunKey;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;
use cogtok::store::file;
use cogtok::store::file::{Lock, LockError, lock_timeout_error};
use cogtok::store::state_file::{FileContent, ReadError, StateFile};

use crate::env::paths::name_a_home;

/// How far a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was sent, or the server refused: this record created no user.
    Planned,
    /// The server is about to be asked; it may know the user or not.
    Intent,
    /// The user exists, with the password as a temporary one.
    Created,
    /// All steps are done, but the result may not have been printed yet.
    Done,
    /// The user existed and was left unchanged.
    Skipped,
}

/// What to do about a user that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfExists {
    /// Fail.
    Fail,
    /// Leave the user alone.
    Skip,
    /// Give it a new password.
    Reset,
}

/// Between which moments the server was asked to make a user, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The first request.
    pub from: i64,
    /// The end of the last request; during the call, its latest possible end.
    pub until: i64,
    /// Whether this is the time of the server's clock, not of this machine's.
    pub is_server_time: bool,
}

/// A user in creation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    id: String,
    /// How far it is.
    pub state: State,
    /// When it was begun, in seconds since the Unix epoch.
    pub begun_at: i64,
    /// When the server was asked.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// The endpoint of the Cognito API.
    pub origin: String,
    /// The pool.
    pub user_pool_id: String,
    /// The user name that was asked for.
    pub username: String,
    /// The user's `sub`, once it is known.
    #[serde(default)]
    pub sub: Option<String>,
    /// The password, in clear: the file is private. A run that is sealed has it beside the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// Whether the password was generated and may be replaced.
    #[serde(default)]
    pub is_generated: bool,
    /// Whether the password is to be permanent.
    pub is_permanent: bool,
    /// Whether Cognito is to send its invitation.
    pub invite: bool,
    /// Attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// A group to add the user to.
    pub group: Option<String>,
    /// Further groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_groups: Vec<String>,
    /// Whether the user existed before, or may have another password, so that it must be set again.
    #[serde(default)]
    pub was_there: bool,
    /// Its number in the run; 0 outside a run.
    #[serde(skip)]
    pub seat: usize,
    /// Whether it is one of a run.
    #[serde(skip)]
    pub is_of_run: bool,
    /// Whether the password is another than the one that was planned.
    #[serde(skip)]
    is_password_new: bool,
}

impl FileContent for Record {
    const LIMIT: u64 = 1024 * 1024;
    const VERSION: Option<u64> = Some(1);
    const IS_PRETTY: bool = true;
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("username", &self.username).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl Record {
    /// A record of the state [`State::Intent`] under a new, random id.
    ///
    /// # Errors
    /// [`Kind::Failure`](cogtok::error::Kind::Failure) when the operating system has no random bytes.
    pub fn intent(
        begun_at: i64,
        origin: String,
        user_pool_id: String,
        username: String,
        password: String,
    ) -> Result<Self> {
        Ok(Record {
            id: random_id()?,
            state: State::Intent,
            begun_at,
            asked: None,
            origin,
            user_pool_id,
            username,
            sub: None,
            password,
            is_generated: false,
            is_permanent: true,
            invite: false,
            attributes: BTreeMap::new(),
            group: None,
            more_groups: Vec::new(),
            was_there: false,
            seat: 0,
            is_of_run: false,
            is_password_new: false,
        })
    }

    /// Replaces a generated password.
    pub fn replace_password(&mut self, password: &Secret) {
        self.set_password(password, true);
    }

    fn set_password(&mut self, password: &Secret, is_new: bool) {
        self.password.zeroize();
        self.password = password.expose().to_owned();
        self.is_password_new |= is_new;
    }

    /// The name by which a person knows it: sixteen hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is an earlier record of the user that `newer` is about.
    pub fn is_older_of_same(&self, newer: &Record) -> bool {
        let same = |of: fn(&Record) -> &str| of(self) == of(newer);
        self.id != newer.id
            && self.begun_at <= newer.begun_at
            && same(|record| &record.origin)
            && same(|record| &record.user_pool_id)
            && same(|record| &record.username)
    }
}

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
            Err(LockError::Unavailable(error)) => {
                let is_closed = error.kind() == std::io::ErrorKind::PermissionDenied;
                let error =
                    Error::store(format!("the journal of new users in {} can't be used: {error}", dir.display()));
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
        Some(dir) if dir.exists() => records_in(&dir),
        _ => Ok(Vec::new()),
    }
}

fn records_in(dir: &Path) -> Result<Vec<Record>> {
    let unreadable = |error| Error::store(format!("the journal in {} can't be read: {error}", dir.display()));
    let mut records = Vec::new();
    for path in paths_in(dir).map_err(unreadable)? {
        match read(&path) {
            Ok(Some(record)) => records.push(record),
            // The record was completed and removed in this moment.
            Ok(None) if !path.exists() => {}
            Ok(None) => {
                log::warn!(target: "cogtok", "{} is not a journal record; cogtok left it alone", path.display())
            }
            Err(error) => return Err(error),
        }
    }
    records.sort_by(|one, other| one.username.cmp(&other.username));
    Ok(records)
}

fn paths_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    paths_of(dir, "json")
}

fn paths_of(dir: &Path, wanted: &str) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path()));
    let paths: std::io::Result<Vec<PathBuf>> = entries.collect();
    Ok(paths?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == wanted)).collect())
}

/// Sixteen random hexadecimal digits.
fn random_id() -> Result<String> {
    let mut id = [0u8; 8];
    getrandom::fill(&mut id).map_err(|why| {
        Error::new(cogtok::error::Kind::Failure, format!("no random bytes from the operating system: {why}"))
    })?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
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
