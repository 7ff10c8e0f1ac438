//! How many requests a machine's app client has made in the last hour: a limit on them holds for all processes of this machine,
//! and outlives the cache.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::state_file::{FileContent, ReadError, StateFile, digest_name};
use crate::error::{Error, Result};

/// How long a request counts, in milliseconds.
const HOUR: u64 = 60 * 60 * 1000;

/// Requests within this time of the first of them are counted together, in milliseconds: the file stays small whatever the limit.
const TOGETHER: u64 = 60 * 1000;

/// Requests that were made within a minute.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Batch {
    /// When the first was made, in milliseconds since the Unix epoch.
    first: u64,
    /// When the last was made. All of them count until an hour after it.
    last: u64,
    count: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Requests {
    batches: Vec<Batch>,
}

impl FileContent for Requests {
    const LIMIT: u64 = 64 * 1024;
    const VERSION: Option<u64> = Some(1);
}

impl Requests {
    /// Drops what is older than an hour. What is from the future, as a clock that was set back leaves it, counts as made now: it
    /// counts for an hour from here, neither for longer nor not at all. Says whether anything was from the future.
    fn settle(&mut self, now: u64) -> bool {
        self.batches.retain(|batch| batch.last > now || now - batch.last < HOUR);
        let mut was_ahead = false;
        for batch in &mut self.batches {
            was_ahead |= batch.last > now;
            (batch.first, batch.last) = (batch.first.min(now), batch.last.min(now));
        }
        was_ahead
    }

    fn made(&self) -> u32 {
        self.batches.iter().fold(0, |sum, batch| sum.saturating_add(batch.count))
    }

    /// When fewer than `most` count.
    fn next_at(&self, most: u32, now: u64) -> u64 {
        let mut left = self.made();
        for batch in &self.batches {
            left = left.saturating_sub(batch.count);
            if left < most {
                return batch.last.saturating_add(HOUR);
            }
        }
        now
    }

    fn add(&mut self, now: u64) {
        match self.batches.last_mut() {
            Some(batch) if now - batch.first < TOGETHER => {
                (batch.last, batch.count) = (now, batch.count.saturating_add(1));
            }
            _ => self.batches.push(Batch { first: now, last: now, count: 1 }),
        }
    }
}

/// Whether one more request may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may, and it is counted.
    Granted,
    /// It may not.
    Denied {
        /// How many were made in the last hour.
        made: u32,
        /// When the next may be made, in milliseconds since the Unix epoch.
        next_at: u64,
    },
}

/// The counts in a directory, which need not exist.
#[derive(Debug, Clone)]
pub struct RequestCounts {
    dir: PathBuf,
}

impl RequestCounts {
    /// Those under `state_dir`.
    pub fn new(state_dir: &Path) -> Self {
        RequestCounts { dir: state_dir.join("m2m-requests") }
    }

    /// Counts one more request of what is known as `id`, where fewer than `most` were made in the hour before `now` (milliseconds
    /// since the Unix epoch). It is counted before it is made: whoever is killed in between has made one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where requests can't be counted here, or another process has the lock until
    /// `deadline`.
    pub fn take(&self, id: &str, most: u32, now: u64, deadline: Instant) -> Result<Permission> {
        let file = StateFile::<Requests>::new(&self.dir, &digest_name(id));
        let unusable = |why: &std::io::Error| {
            let (dir, way) = (self.dir.display(), super::elsewhere(why, "XDG_STATE_HOME"));
            Error::store(format!("the requests of the last hour can't be counted in {dir}: {why}{way}"))
        };
        let lock = file.lock(deadline).map_err(|error| error.into_error(|why| unusable(&why)))?;
        let mut requests = match file.read() {
            Ok(requests) => requests.unwrap_or_default(),
            Err(ReadError::Io(why)) => return Err(unusable(&why)),
            Err(why) => {
                log::warn!(target: "cogtok", "the count of requests in {} begins anew: {why}", file.path().display());
                Requests::default()
            }
        };
        let was_ahead = requests.settle(now);
        let made = requests.made();
        if made >= most {
            // Else those of the future would be from the future at each call, and never an hour old.
            if was_ahead {
                lock.replace(&requests).map_err(|why| unusable(&why))?;
            }
            return Ok(Permission::Denied { made, next_at: requests.next_at(most, now) });
        }
        requests.add(now);
        lock.replace(&requests).map_err(|why| unusable(&why))?;
        Ok(Permission::Granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn counts() -> (tempfile::TempDir, RequestCounts) {
        let dir = tempfile::tempdir().unwrap();
        let counts = RequestCounts::new(dir.path());
        (dir, counts)
    }

    fn take(counts: &RequestCounts, most: u32, now: u64) -> Permission {
        counts.take("client", most, now, Instant::now() + std::time::Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn never_more_than_the_limit_in_any_hour() {
        let (_dir, counts) = counts();
        let mut made: Vec<u64> = Vec::new();
        // Two tries in each half minute of six hours.
        for step in 0..6 * 120 {
            let now = NOW + step * 30_000;
            for _ in 0..2 {
                match take(&counts, 7, now) {
                    Permission::Granted => made.push(now),
                    Permission::Denied { made: known, next_at } => {
                        assert!(known >= 7 && next_at > now && next_at <= now + HOUR);
                    }
                }
            }
        }
        assert!(made.len() >= 5 * 7, "{}", made.len());
        for at in &made {
            let within = made.iter().filter(|other| (*at..*at + HOUR).contains(other)).count();
            assert!(within <= 7, "{within} within an hour");
        }
    }

    #[test]
    fn the_next_is_allowed_when_it_was_said_to_be() {
        let (_dir, counts) = counts();
        for at in [0, 10 * 60_000, 20 * 60_000] {
            assert_eq!(take(&counts, 3, NOW + at), Permission::Granted);
        }
        let denied = Permission::Denied { made: 3, next_at: NOW + HOUR };
        assert_eq!(take(&counts, 3, NOW + 30 * 60_000), denied);
        assert_eq!(take(&counts, 3, NOW + HOUR - 1), denied);
        assert_eq!(take(&counts, 3, NOW + HOUR), Permission::Granted);
        // A lower limit waits until enough of them are an hour old.
        let later = Permission::Denied { made: 3, next_at: NOW + 20 * 60_000 + HOUR };
        assert_eq!(take(&counts, 2, NOW + HOUR), later);
        assert_eq!(counts.take("other", 1, NOW, Instant::now()).unwrap(), Permission::Granted);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_out_for_more_than_an_hour_and_lets_nobody_in() {
        let (_dir, counts) = counts();
        let day = 24 * HOUR;
        for _ in 0..3 {
            assert_eq!(take(&counts, 3, NOW + day), Permission::Granted);
        }
        assert_eq!(take(&counts, 3, NOW), Permission::Denied { made: 3, next_at: NOW + HOUR });
        assert_eq!(take(&counts, 3, NOW + HOUR / 2), Permission::Denied { made: 3, next_at: NOW + HOUR });
        assert_eq!(take(&counts, 3, NOW + HOUR), Permission::Granted);
    }

    #[test]
    fn what_can_not_be_counted_is_not_allowed_and_what_is_not_understood_begins_anew() {
        let (dir, counts) = counts();
        assert_eq!(take(&counts, 1, NOW), Permission::Granted);
        let file = StateFile::<Requests>::new(&dir.path().join("m2m-requests"), &digest_name("client"));
        crate::store::file::replace(file.path(), b"no count").unwrap();
        assert_eq!(take(&counts, 1, NOW), Permission::Granted);
        let lock = file.lock(Instant::now()).unwrap();
        assert_eq!(counts.take("client", 9, NOW, Instant::now()).unwrap_err().kind().exit_code(), 7);
        drop(lock);
        let in_the_way = dir.path().join("file");
        crate::store::file::replace(&in_the_way, b"").unwrap();
        let nowhere = RequestCounts::new(&in_the_way);
        assert_eq!(nowhere.take("client", 9, NOW, Instant::now()).unwrap_err().kind().exit_code(), 7);
    }

    #[test]
    fn a_limit_of_a_million_takes_no_more_room_than_one_of_ten() {
        let mut requests = Requests::default();
        for step in 0..100_000 {
            requests.add(NOW + step * 36);
        }
        assert_eq!(requests.made(), 100_000);
        assert!(serde_json::to_vec(&requests).unwrap().len() < 8 * 1024);
    }
}
