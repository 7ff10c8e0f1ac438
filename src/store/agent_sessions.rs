//! The last session with each agent, for calls that go on with it: one private file per agent and caller.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::state_file::{FileContent, StateFile, digest_name};

#[derive(Serialize, Deserialize)]
struct SessionRecord {
    session_id: String,
}

impl FileContent for SessionRecord {
    const LIMIT: u64 = 4096;
    const VERSION: Option<u64> = Some(1);
}

/// The sessions under a state directory; without one nothing is stored.
#[derive(Debug, Clone)]
pub struct AgentSessions {
    dir: Option<PathBuf>,
}

impl AgentSessions {
    /// The sessions under `state_dir`, which need not exist.
    pub fn new(state_dir: Option<&Path>) -> Self {
        AgentSessions { dir: state_dir.map(|dir| dir.join("agent-sessions")) }
    }

    /// The latest session id under `key`. A file that is corrupt, of another version or accessible to other users is ignored.
    pub fn last(&self, key: &str) -> Option<String> {
        self.file(key)?.read_or_warn("the last session", "is").map(|stored| stored.session_id)
    }

    /// Stores the latest session id. A failure is a warning: the call succeeded anyway.
    pub fn keep(&self, key: &str, session_id: &str, deadline: Instant) {
        let Some(file) = self.file(key) else { return };
        let session = SessionRecord { session_id: session_id.to_owned() };
        if let Err(error) = file.write(&session, deadline) {
            log::warn!(target: "cogtok", "the session could not be stored in {}: {error}", file.path().display());
        }
    }

    /// Forgets the last session, where it is this one: it has ended.
    pub fn forget(&self, key: &str, session_id: &str) {
        let Some(file) = self.file(key) else { return };
        if self.last(key).as_deref() == Some(session_id)
            && let Err(error) = super::file::remove(file.path())
        {
            log::warn!(target: "cogtok", "the session could not be removed from {}: {error}", file.path().display());
        }
    }

    fn file(&self, key: &str) -> Option<StateFile<SessionRecord>> {
        Some(StateFile::new(self.dir.as_ref()?, &digest_name(key)))
    }
}
