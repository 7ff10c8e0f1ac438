//! The journal of a run: many users in one private file, first what is to be made of them, then a line whenever one of them
//! gets on. A line is on disk before the request that it is about, and what a killed writer left of a line is no line.
//! Where a secret store has the key, the passwords are sealed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::store::file::{self, Lock, LockError, open_regular};

use super::seal::RunKey;
use super::{Asked, IfExists, Record, State};

/// The newest version of the file.
const VERSION: u64 = 2;

/// The version of a file with its passwords in clear, which earlier programs read as well.
const IN_CLEAR: u64 = 1;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The first line of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    version: u64,
    /// The name by which a person knows it: sixteen hexadecimal digits.
    pub run: String,
    /// When it was begun, in seconds since the Unix epoch.
    pub begun_at: i64,
    /// The endpoint of the Cognito API.
    pub origin: String,
    /// The pool.
    pub user_pool_id: String,
    /// What to do about users that exist already.
    pub if_exists: IfExists,
    /// When its users are to be deleted, in seconds since the Unix epoch; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// The secret store that has the key of the passwords; none where they are in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_in: Option<String>,
}

impl Head {
    /// A run under a new, random id.
    ///
    /// # Errors
    /// [`Kind::Failure`] when the operating system has no random bytes.
    pub fn new(begun_at: i64, origin: String, user_pool_id: String, if_exists: IfExists) -> Result<Self> {
        let run = super::record::random_id()?;
        let (ends_at, sealed_in) = (None, None);
        Ok(Head { version: IN_CLEAR, run, begun_at, origin, user_pool_id, if_exists, ends_at, sealed_in })
    }

    /// Whether its users are to be deleted by now.
    pub fn has_ended(&self, now: i64) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Notes that the passwords are sealed, with a key that this secret store has.
    pub fn seal_in(&mut self, store: &str) {
        (self.version, self.sealed_in) = (VERSION, Some(store.to_owned()));
    }

    /// The secret store that has the key of the passwords; none where they are in clear.
    pub fn sealed_in(&self) -> Option<&str> {
        self.sealed_in.as_deref()
    }
}

#[derive(Deserialize)]
struct Planned {
    #[serde(default)]
    sealed: Option<String>,
    record: Record,
}

/// A step of a user; it includes all earlier ones.
#[derive(Serialize, Deserialize)]
struct Change {
    seat: usize,
    state: State,
    asked: Option<Asked>,
    sub: Option<String>,
    was_there: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_of_another: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// The position of a line.
#[derive(Deserialize)]
struct Place {
    seat: usize,
    state: Option<State>,
}

/// The positions of a user's lines; 0 stands for none, since the head is there.
#[derive(Debug, Clone, Copy)]
struct Seat {
    planned: u64,
    changed: u64,
    state: State,
}

/// How many states there are.
const STATES: usize = State::Skipped as usize + 1;

/// A run on disk. Of its users only where they are is in memory. One that is only looked at has no file open until a user is
/// read: a process may have fewer files open than there are runs.
#[derive(Debug)]
pub struct Run {
    /// The first line.
    pub head: Head,
    path: PathBuf,
    reader: Option<BufReader<File>>,
    writer: Option<File>,
    end: u64,
    seats: Vec<Seat>,
    /// How many users are in each state.
    counts: [usize; STATES],
    key: Option<RunKey>,
    lock: Option<Lock>,
}

impl Run {
    /// Opens a run to go on with it: no other process does at the same time.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be read, or another process is at work on it when the deadline comes.
    pub fn open(path: &Path, deadline: Instant) -> Result<Self> {
        let lock = Lock::exclusive(&path.with_extension("lock"), deadline).map_err(|error| match error {
            LockError::Timeout { .. } => at_work(),
            error => error.into_error(|why| unwritable(path, &why)),
        })?;
        let mut run = Self::read(path)?;
        let open = || {
            let mut options = OpenOptions::new();
            let writer = open_regular(options.read(true).append(true), path)?;
            // An incomplete line of a killed writer.
            if writer.metadata()?.len() > run.end {
                writer.set_len(run.end)?;
            }
            Ok(writer)
        };
        (run.writer, run.lock) = (Some(open().map_err(|error| unwritable(path, &error))?), Some(lock));
        Ok(run)
    }

    /// Reads a run without waiting for its lock.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be read, or was written by a newer cogtok.
    pub fn peek(path: &Path) -> Result<Self> {
        let run = Self::read(path)?;
        Ok(Run { reader: None, ..run })
    }

    fn read(path: &Path) -> Result<Self> {
        let unreadable =
            |error: io::Error| Error::store(format!("the run in {} can't be read: {error}", path.display()));
        let mut reader = reader_of(path).map_err(unreadable)?;
        let mut line = Zeroizing::new(Vec::new());
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "it is not what cogtok writes");
        let mut end = next_line(&mut reader, &mut line).map_err(unreadable)?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| unreadable(malformed()))?;
        if head.version > VERSION {
            let error = Error::store(format!("{} was written by a newer cogtok", path.display()));
            return Err(error.hint("update cogtok"));
        }
        let mut seats: Vec<Seat> = Vec::new();
        loop {
            let length = next_line(&mut reader, &mut line).map_err(unreadable)?;
            if length == 0 {
                break;
            }
            let place: Place = serde_json::from_slice(&line).map_err(|_| unreadable(malformed()))?;
            let planned = seats.len();
            match (place.state, seats.get_mut(place.seat)) {
                (None, None) if place.seat == planned => {
                    seats.push(Seat { planned: end, changed: 0, state: State::Planned });
                }
                (Some(state), Some(seat)) => (seat.changed, seat.state) = (end, state),
                _ => return Err(unreadable(malformed())),
            }
            end += length;
        }
        let mut counts = [0; STATES];
        seats.iter().for_each(|seat| counts[seat.state as usize] += 1);
        let (path, reader) = (path.to_path_buf(), Some(reader));
        Ok(Run { head, path, reader, writer: None, end, seats, counts, key: None, lock: None })
    }

    /// Removes it, with the passwords in it: its key is in the secret store still.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be removed, or was not opened with [`Run::open`]: another process may be at work on it.
    pub(super) fn remove(&self) -> Result<()> {
        if self.lock.is_none() {
            return Err(at_work());
        }
        file::remove(&self.path).map_err(|error| unwritable(&self.path, &error))
    }

    /// Lets the passwords be read, with the key that they were sealed with.
    pub fn unseal(&mut self, key: RunKey) {
        self.key = Some(key);
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many users it has.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// How many users are in one of these states.
    pub fn count(&self, states: &[State]) -> usize {
        states.iter().map(|state| self.counts[*state as usize]).sum()
    }

    /// How far a user is.
    pub fn state(&self, seat: usize) -> State {
        self.seats.get(seat).map_or(State::Planned, |seat| seat.state)
    }

    /// The record of a user as it is now.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be read, or its password is sealed and [`Run::unseal`] had no key.
    pub fn record(&mut self, seat: usize) -> Result<Record> {
        self.read_record(seat, true)
    }

    /// The record of a user as it is now, but for the password.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be read.
    pub fn outline(&mut self, seat: usize) -> Result<Record> {
        self.read_record(seat, false)
    }

    fn read_record(&mut self, seat: usize, has_password: bool) -> Result<Record> {
        let Some(at) = self.seats.get(seat).copied() else {
            return Err(Error::new(Kind::Failure, format!("the run has no user {seat}")));
        };
        let path = self.path.clone();
        let read = |run: &mut Run| -> io::Result<Record> {
            let Planned { mut record, sealed } = run.line(at.planned)?;
            (record.seat, record.state, record.is_of_run) = (seat, at.state, true);
            let mut sealed = sealed.map(|sealed| (sealed, false));
            if at.changed > 0 {
                let change: Change = run.line(at.changed)?;
                (record.asked, record.sub, record.was_there) = (change.asked, change.sub, change.was_there);
                record.is_of_another = change.is_of_another;
                if let Some(password) = change.password {
                    record.replace_password(&Secret::new(password));
                }
                sealed = change.sealed.map(|sealed| (sealed, true)).or(sealed);
            }
            if let Some((sealed, is_new)) = sealed.filter(|_| has_password) {
                let key = run.key.as_ref().ok_or_else(|| io::Error::other("its passwords are sealed"))?;
                record.set_password(&key.open(&run.head.run, seat, &sealed)?, is_new);
            }
            Ok(record)
        };
        read(self).map_err(|error| Error::store(format!("the run in {} can't be read: {error}", path.display())))
    }

    fn line<T: serde::de::DeserializeOwned>(&mut self, at: u64) -> io::Result<T> {
        let mut line = Zeroizing::new(Vec::new());
        let reader = match &mut self.reader {
            Some(reader) => reader,
            closed => closed.insert(reader_of(&self.path)?),
        };
        reader.seek(SeekFrom::Start(at))?;
        next_line(reader, &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }

    /// Notes how far a user is.
    ///
    /// # Errors
    /// [`Kind::Store`] when it can't be written to the end: nothing is sent then.
    pub fn append(&mut self, record: &Record, state: State) -> Result<()> {
        let length = self.line_for(record, state).and_then(|line| self.append_line(&line));
        match length {
            Ok(length) => {
                if let Some(seat) = self.seats.get_mut(record.seat) {
                    self.counts[seat.state as usize] -= 1;
                    self.counts[state as usize] += 1;
                    (seat.changed, seat.state) = (self.end, state);
                }
                self.end += length;
                Ok(())
            }
            Err(error) => {
                // The next line must not be appended to an incomplete one.
                let _ = self.writer.as_ref().map(|writer| writer.set_len(self.end));
                Err(unwritable(&self.path, &error))
            }
        }
    }

    fn line_for(&self, record: &Record, state: State) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut change = Change {
            seat: record.seat,
            state,
            asked: record.asked,
            sub: record.sub.clone(),
            was_there: record.was_there,
            is_of_another: record.is_of_another,
            password: None,
            sealed: None,
        };
        match &self.key {
            _ if !record.is_password_new => {}
            Some(key) => change.sealed = Some(key.seal(&self.head.run, record.seat, &record.password)?),
            None => change.password = Some(record.password.clone()),
        }
        line_of(&change)
    }

    fn append_line(&mut self, line: &[u8]) -> io::Result<u64> {
        let mut writer = self.writer.as_ref().ok_or_else(|| io::Error::other("it was opened only to be read"))?;
        writer.write_all(line)?;
        let dir = self.path.parent().unwrap_or(&self.path);
        cogtok::store::durable::flush(writer, dir)?;
        Ok(line.len() as u64)
    }
}

fn reader_of(path: &Path) -> io::Result<BufReader<File>> {
    let mut options = OpenOptions::new();
    Ok(BufReader::new(open_regular(options.read(true), path)?))
}

fn at_work() -> Error {
    Error::store("another process is at work on this run").hint("wait for it: cogtok user runs{p}")
}

/// All runs, the newest first; an unreadable one causes a warning.
///
/// # Errors
/// [`Kind::Store`] when their folder can't be read.
pub fn runs(state_dir: Option<&Path>) -> Result<Vec<Run>> {
    let Ok(dir) = runs_dir(state_dir) else { return Ok(Vec::new()) };
    if file::is_absent(&dir) {
        return Ok(Vec::new());
    }
    let paths = super::paths_of(&dir, "jsonl").map_err(|error| super::unreadable(&dir, &error))?;
    let mut runs: Vec<Run> = Vec::new();
    for path in paths {
        match Run::peek(&path) {
            Ok(run) => runs.push(run),
            Err(error) => log::warn!(target: "cogtok", "{error}"),
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.head.begun_at));
    Ok(runs)
}

pub(super) fn runs_dir(state_dir: Option<&Path>) -> Result<PathBuf> {
    state_dir.map(|dir| dir.join("journal").join("runs")).ok_or_else(|| {
        Error::store("there is no home directory for the journal of new users").hint("set HOME or XDG_STATE_HOME")
    })
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::store(format!("the journal in {} can't be written: {error}", path.display()))
}

pub(super) fn line_of(content: &impl Serialize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(serde_json::to_vec(content)?);
    line.push(b'\n');
    Ok(line)
}

/// Reads the next whole line; 0 where there is none, but for what a killed writer left of one.
pub(super) fn next_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    match line.last() {
        Some(b'\n') => Ok(length as u64),
        // No writer leaves that much: what comes after it may be whole.
        _ if length as u64 == LONGEST_LINE => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it has a line of more than 1 MiB"))
        }
        _ => Ok(0),
    }
}
