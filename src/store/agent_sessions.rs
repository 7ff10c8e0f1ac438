//! The last session with each agent, for calls that go on with it: one private file per agent and caller.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::{self, Lock, LockError};

const VERSION: u32 = 1;
const LIMIT: u64 = 4096;

#[derive(Serialize, Deserialize)]
struct SessionRecord {
    version: u32,
    session_id: String,
}

/// The sessions under a state directory; without one nothing is kept.
#[derive(Debug, Clone)]
pub struct AgentSessions {
    dir: Option<PathBuf>,
}

impl AgentSessions {
    /// Those under `state_dir`, which need not exist.
    pub fn new(state_dir: Option<&Path>) -> Self {
        AgentSessions { dir: state_dir.map(|dir| dir.join("agent-sessions")) }
    }

    /// The id of the last session that was kept under `key`. A file that is corrupt, of another version or open to other
    /// users is none.
    pub fn last(&self, key: &str) -> Option<String> {
        let path = self.path(key, "json")?;
        let bytes = match file::read_private(&path, LIMIT) {
            Ok(bytes) => bytes?,
            Err(error) => {
                log::warn!(target: "cogtok", "the last session in {} is ignored: {error}", path.display());
                return None;
            }
        };
        let stored: SessionRecord = serde_json::from_slice(&bytes).ok()?;
        (stored.version == VERSION).then_some(stored.session_id)
    }

    /// Keeps the id of the last session. That it could not be kept is a warning: the call was made all the same.
    pub fn keep(&self, key: &str, session_id: &str, deadline: Instant) {
        let Some((path, lock)) = self.path(key, "json").zip(self.path(key, "lock")) else { return };
        let stored = SessionRecord { version: VERSION, session_id: session_id.to_owned() };
        let failed = |why: &dyn std::fmt::Display| {
            log::warn!(target: "cogtok", "the session could not be kept in {}: {why}", path.display());
        };
        let made = self.dir.as_deref().map_or(Ok(()), file::create_private_dir).map_err(LockError::Unavailable);
        let written = match made.and_then(|()| Lock::exclusive(&lock, deadline)) {
            Ok(_lock) => {
                serde_json::to_vec(&stored).map_err(std::io::Error::from).and_then(|bytes| file::replace(&path, &bytes))
            }
            Err(LockError::Unavailable(error)) => Err(error),
            Err(LockError::Timeout { .. }) => return failed(&"another process holds its lock"),
        };
        if let Err(error) = written {
            failed(&error);
        }
    }

    fn path(&self, key: &str, extension: &str) -> Option<PathBuf> {
        let hex: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Some(self.dir.as_ref()?.join(format!("{hex}.{extension}")))
    }
}
