//! A list of any length that is worked through once all of it is there: in memory while it is short, else in a temporary file
//! that has no name and ends with the process.

use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};

use cogtok::error::{Error, Result};
use serde_json::Value;
use tempfile::SpooledTempFile;

/// How much of a list is in memory, in bytes.
const IN_MEMORY: usize = 512 * 1024;

/// How much is written or read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A list of JSON values.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<SpooledTempFile>,
    count: usize,
}

impl Default for Spool {
    fn default() -> Self {
        Spool { file: BufWriter::with_capacity(PIECE, SpooledTempFile::new(IN_MEMORY)), count: 0 }
    }
}

impl Spool {
    /// Adds a value.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written.
    pub fn add(&mut self, value: &Value) -> Result<()> {
        let mut write = || -> io::Result<()> {
            serde_json::to_writer(&mut self.file, value)?;
            self.file.write_all(b"\n")
        };
        write().map_err(|why| unusable(&why))?;
        self.count += 1;
        Ok(())
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The values, from the first on.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when they can't be read; each, as well.
    pub fn values(&mut self) -> Result<impl Iterator<Item = Result<Value>> + '_> {
        self.file.flush().and_then(|()| self.file.get_mut().rewind()).map_err(|why| unusable(&why))?;
        let mut lines = BufReader::with_capacity(PIECE, self.file.get_mut());
        let mut line = Vec::new();
        Ok(std::iter::from_fn(move || {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => None,
                Ok(_) => Some(serde_json::from_slice(&line).map_err(|why| unusable(&why.into()))),
                Err(why) => Some(Err(unusable(&why))),
            }
        }))
    }
}

fn unusable(why: &io::Error) -> Error {
    Error::store(format!("a temporary file can't be used: {why}")).hint("set TMPDIR to a directory that has space")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_often_as_it_is_read_however_long_it_is() {
        for count in [0, 3, 40_000] {
            let mut spool = Spool::default();
            for at in 0..count {
                spool.add(&serde_json::json!({"at": at, "text": "a line\nin two"})).unwrap();
            }
            assert_eq!(spool.len(), count);
            for _ in 0..2 {
                let read: Vec<u64> = spool.values().unwrap().map(|one| one.unwrap()["at"].as_u64().unwrap()).collect();
                assert!(read.into_iter().eq(0..count as u64));
            }
        }
    }
}
