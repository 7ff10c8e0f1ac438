//! The sessions of a client's users: stored as the program does, or in memory.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::sign_in::WaitingSignIn;
use crate::secret::Secret;
use crate::store::sessions::{Record, Sessions};

/// The sessions of a client.
#[derive(Debug, Default)]
pub struct UserSessions {
    /// The program's records of sessions; without it, sessions last as long as the client.
    pub state_dir: Option<PathBuf>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
pub struct Memory {
    /// The records, by the name of the user's key.
    pub records: HashMap<String, Record>,
    /// Refresh tokens and devices, by the name of their entry.
    pub secrets: HashMap<String, Secret>,
    /// The last time step whose code was used, by the name of the key's entry.
    pub codes: HashMap<String, u64>,
    /// The last sign-in that waited for a person, so that tasks that wait for it don't begin one each.
    pub waiting: HashMap<String, (Instant, WaitingSignIn)>,
}

impl Memory {
    /// The first time step from `now` on whose code was not used, taken for the caller unless it is beyond `latest`.
    pub fn take_code(&mut self, key: String, now: u64, latest: u64) -> u64 {
        // A clock that was set back must not block a user for long.
        let next = self.codes.get(&key).map(|last| last + 1).filter(|next| next.abs_diff(now) <= 20);
        let step = next.unwrap_or(now).max(now);
        if step <= latest {
            self.codes.insert(key, step);
        }
        step
    }
}

impl UserSessions {
    /// The sessions of a client that has the program's files.
    pub fn in_files(state_dir: Option<PathBuf>) -> Self {
        UserSessions { state_dir, ..UserSessions::default() }
    }

    /// The program's own, where the client has them.
    pub fn files(&self) -> Option<Sessions> {
        self.state_dir.as_deref().map(|dir| Sessions::new(Some(dir)))
    }

    /// This process's records.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
