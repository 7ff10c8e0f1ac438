//! Which profile was the default before the present one, for each configuration file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file;
use crate::error::{Error, Result};
use crate::settings::types::ProfileName;

const LIMIT: u64 = 64 * 1024;

/// What is remembered for one configuration file.
#[derive(Debug)]
pub struct Previous {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct PreviousProfile {
    name: String,
}

impl Previous {
    /// What is remembered in the directory `dir` for the configuration at `config`.
    pub fn new(dir: &Path, config: &Path) -> Self {
        // Whatever link leads to it, it is the same file.
        let config = config.canonicalize().unwrap_or_else(|_| config.to_path_buf());
        let digest = Sha256::digest(config.as_os_str().as_encoded_bytes());
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Previous { path: dir.join(format!("previous-{hex}.json")) }
    }

    /// The name that is remembered. A file that can't be understood holds none.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be read.
    pub fn get(&self) -> Result<Option<ProfileName>> {
        let unreadable = |error| Error::store(format!("{} can't be read: {error}", self.path.display()));
        let bytes = file::read(&self.path, LIMIT).map_err(unreadable)?;
        let kept = bytes.and_then(|bytes| serde_json::from_slice::<PreviousProfile>(&bytes).ok());
        Ok(kept.and_then(|kept| kept.name.parse().ok()))
    }

    /// Remembers a name.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be written.
    pub fn set(&self, name: &ProfileName) -> Result<()> {
        let unwritable =
            |error: std::io::Error| Error::store(format!("{} can't be written: {error}", self.path.display()));
        if let Some(dir) = self.path.parent() {
            file::create_private_dir(dir).map_err(unwritable)?;
        }
        let kept = serde_json::to_vec(&PreviousProfile { name: name.to_string() })
            .map_err(|error| unwritable(error.into()))?;
        file::replace(&self.path, &kept).map_err(unwritable)
    }
}
