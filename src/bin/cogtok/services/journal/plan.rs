//! The journal of a run that is being written: it gets its place once all of its users are in it.

use std::io;
use std::path::{Path, PathBuf};

use cogtok::error::Result;
use cogtok::store::file;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Record;
use super::run::{Head, line_of, runs_dir, unwritable};
use super::seal::RunKey;
use crate::services::output_file::{Replacement, sweep};

#[derive(Serialize)]
struct PlannedLine<'a> {
    seat: usize,
    /// The password, where it is not in the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    record: &'a Record,
}

/// A run that is being written: the users are not sent anywhere before it is whole.
#[derive(Debug)]
pub struct Plan {
    run: String,
    path: PathBuf,
    file: Replacement,
    key: Option<RunKey>,
    seats: usize,
}

impl Plan {
    /// Begins the file of a run, whose passwords are sealed with `key` where there is one.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written.
    pub fn begin(state_dir: Option<&Path>, head: &Head, key: Option<RunKey>) -> Result<Self> {
        let dir = runs_dir(state_dir)?;
        file::create_private_dir(&dir).map_err(|error| unwritable(&dir, &error))?;
        // What killed ones left has passwords in it, under names that nobody comes back to.
        sweep(&dir, ".");
        let path = dir.join(format!("{}.jsonl", head.run));
        let mut file = Replacement::begin(&path).map_err(|error| unwritable(&path, &error))?;
        let line = line_of(head).map_err(|error| unwritable(&path, &error))?;
        file.write(&line).map_err(|error| unwritable(&path, &error))?;
        Ok(Plan { run: head.run.clone(), path, file, key, seats: 0 })
    }

    /// Adds a user to create.
    ///
    /// # Errors
    /// As [`Plan::begin`], and [`Kind::Usage`](cogtok::error::Kind::Usage) where its line would be too long to be read.
    pub fn add(&mut self, mut record: Record) -> Result<()> {
        record.check_size()?;
        let seal = |record: &mut Record| -> io::Result<Option<String>> {
            let Some(key) = &self.key else { return Ok(None) };
            let password = Zeroizing::new(std::mem::take(&mut record.password));
            key.seal(&self.run, self.seats, &password).map(Some)
        };
        let line =
            seal(&mut record).and_then(|sealed| line_of(&PlannedLine { seat: self.seats, sealed, record: &record }));
        let written = line.and_then(|line| self.file.write(&line));
        written.map_err(|error| unwritable(&self.path, &error))?;
        self.seats += 1;
        Ok(())
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.seats
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// As [`Plan::begin`].
    pub fn finish(self) -> Result<()> {
        self.file.finish().map_err(|error| unwritable(&self.path, &error))
    }
}
