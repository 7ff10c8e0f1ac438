//! How far a rotation is, in a private file of the state folder. It has ids and no secret.

use cogtok::error::{Error, Result};
use cogtok::store::file;
use cogtok::store::file::{Lock, LockError};
use cogtok::store::state_file::{FileContent, StateFile, digest_name};
use serde::{Deserialize, Serialize};

use crate::app::App;

/// The last completed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// None, or Cognito may have the new secret.
    Begun,
    /// Cognito has the new secret.
    Added,
    /// The new secret has brought a token, and is what is read here.
    InUse,
}

/// A rotation that is under way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// The last completed step.
    pub state: State,
    /// The ids of the client's earlier secrets.
    pub old: Vec<String>,
    /// The id of the new one.
    pub new: Option<String>,
    /// The name of the version in Secrets Manager.
    pub staged_as: String,
    /// Since when the new secret is in use, in seconds since the Unix epoch.
    pub in_use_since: i64,
}

impl FileContent for Record {
    const LIMIT: u64 = 64 * 1024;
    const VERSION: Option<u64> = Some(1);
    const IS_PRETTY: bool = true;
}

/// The record of one app client, and the right to change it.
pub struct Records {
    file: StateFile<Record>,
    lock: Lock,
}

impl Records {
    /// The record of the client at this endpoint; waits for another process that rotates its secret.
    pub fn open(app: &App, origin: &str, pool: &str, client: &str) -> Result<Self> {
        let dir = app.dirs().state.as_deref().map(|dir| dir.join("rotations")).ok_or_else(|| {
            Error::store("there is no home directory for the state of a rotation").hint("set HOME or XDG_STATE_HOME")
        })?;
        let file = StateFile::new(&dir, &digest_name(format!("{origin} {pool} {client}")));
        let made = file::create_private_dir(&dir).map_err(LockError::Unavailable);
        let lock = made.and_then(|()| Lock::exclusive(&file.path().with_extension("lock"), app.deadline()));
        match lock {
            Ok(lock) => Ok(Records { file, lock }),
            Err(error) => Err(error.into_error(|why| {
                Error::store(format!("the state of a rotation in {} can't be used: {why}", dir.display()))
            })),
        }
    }

    /// The rotation in progress; `None` without one.
    pub fn read(&self) -> Result<Option<Record>> {
        let path = self.file.path().display();
        self.file
            .read()
            .map_err(|why| Error::store(format!("the state of the rotation in {path} can't be read: {why}")))
    }

    /// Notes how far it is.
    pub fn write(&self, record: &Record) -> Result<()> {
        let path = self.file.path().display();
        let written = self.file.replace(record, &self.lock);
        written.map_err(|why| Error::store(format!("the state of the rotation in {path} can't be written: {why}")))
    }

    /// Removes the record: the rotation has ended.
    pub fn remove(&self) -> Result<()> {
        let path = self.file.path();
        file::remove(path).map_err(|why| Error::store(format!("{} can't be removed: {why}", path.display())))
    }
}
