//! Which profile was the default before the present one, for each configuration file.

use std::io;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file;
use super::state_file::{FileContent, ReadError, StateFile, digest_name};
use crate::error::{Error, Result};
use crate::settings::types::ProfileName;

/// The record for one configuration file.
pub struct Previous(StateFile<PreviousProfile>);

#[derive(Serialize, Deserialize)]
struct PreviousProfile {
    name: String,
}

impl FileContent for PreviousProfile {
    const LIMIT: u64 = 64 * 1024;

    // It contains a profile's name, which is not secret.
    fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        file::read(path, Self::LIMIT)
    }
}

impl Previous {
    /// The record in `dir` for the configuration at `config`.
    pub fn new(dir: &Path, config: &Path) -> Self {
        // Links to the same file share a record.
        let config = dunce::canonicalize(config).unwrap_or_else(|_| config.to_path_buf());
        let digest = digest_name(config.as_os_str().as_encoded_bytes());
        Previous(StateFile::new(dir, &format!("previous-{digest:.16}")))
    }

    /// The name that is remembered. A file that can't be understood holds none.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be read.
    pub fn get(&self) -> Result<Option<ProfileName>> {
        match self.0.read() {
            Ok(kept) => Ok(kept.and_then(|kept| kept.name.parse().ok())),
            Err(ReadError::Io(error)) => {
                Err(Error::store(format!("{} can't be read: {error}", self.0.path().display())))
            }
            Err(_) => Ok(None),
        }
    }

    /// Remembers a name, waiting until `deadline` for others who do so.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be written, or another process held its lock until the
    /// deadline.
    pub fn set(&self, name: &ProfileName, deadline: Instant) -> Result<()> {
        let unwritable = |error| Error::store(format!("{} can't be written: {error}", self.0.path().display()));
        let previous = PreviousProfile { name: name.to_string() };
        self.0.write(&previous, deadline).map_err(|error| error.into_error(unwritable))
    }
}
