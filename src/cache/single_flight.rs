//! One request for any number of callers, in this and other processes: [`get_or_fetch`].
//!
//! A caller that finds nothing in the cache waits for the key's lock and reads the cache again. It takes what another caller has fetched in
//! the meantime, or that caller's error. Otherwise it fetches, and caches the result for the callers that wait.

#[cfg(test)]
mod tests;
mod tokens;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::error::{Advice, Error, Kind, Result};
use crate::http::client::Clock;
use crate::store::state_file::{FileContent, StateLock};

pub use tokens::{
    CachePolicy, CacheUse, RefreshGuard, TokenFlight, TokenOrigin, TokenResponse, begin, cached, no_such_token, serve,
};

/// Something to fetch once for all callers: where it is cached, and when a cached value is good enough.
pub trait Flight {
    /// The result for callers.
    type Value;
    /// The content of the cache file.
    type Record: FileContent;
    /// The name of the fetched thing, for warnings.
    const NAME: &'static str;
    /// The name of the cached thing, for warnings.
    const CACHED: &'static str = "the cached one is";

    /// The cached value at `now`, fresh or not.
    fn read(&self, now: u64) -> Option<Self::Value>;

    /// The content for the cache file; `None` for a value that is not cached.
    fn record(&self, value: &Self::Value, now: u64) -> Option<Self::Record>;

    /// Waits until `deadline` for the lock. `None` if nothing can or should be cached: then only this caller gets the fetched value.
    ///
    /// # Errors
    /// [`Kind::Store`] when another process held the lock until the deadline.
    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<Self::Record>>>;

    /// Whether a cached value is good enough. A caller that had to wait has waited since `since`: a value fetched after that is as new as
    /// one it would fetch itself.
    fn is_enough(&self, value: &Self::Value, since: Option<u64>, now: u64) -> bool;

    /// Whether a cached value will do where the network fails.
    fn is_valid(&self, value: &Self::Value, now: u64) -> bool;

    /// Whether a failure holds for every caller.
    fn is_shared(&self, error: &Error) -> bool {
        error.kind() == Kind::Network
    }

    /// Counts a cached value that replaced a request.
    fn count_saved(&self) {}
}

/// The right to fetch, which one caller has at a time.
pub struct Turn<F: Flight> {
    flight: F,
    lock: Option<StateLock<F::Record>>,
    cached: Option<F::Value>,
    deadline: Instant,
    clock: Clock,
}

impl<F: Flight> Turn<F> {
    /// The cached value, which is not good enough.
    pub fn cached(&self) -> Option<&F::Value> {
        self.cached.as_ref()
    }

    /// Whether no other process can fetch at the same time, and the result will be cached. Otherwise a single-use refresh token must not be
    /// used.
    pub fn is_exclusive(&self) -> bool {
        self.lock.is_some()
    }

    /// As [`StateLock::mark_refresh_in_flight`].
    pub fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        self.lock.as_mut().is_some_and(|lock| lock.mark_refresh_in_flight(is_refreshing))
    }

    /// Ends the turn: keeps the value for all, or records the failure for those who wait. Where the network failed, a cached
    /// value that is still valid is served after all.
    ///
    /// # Errors
    /// The error of `result`.
    pub fn finish(mut self, result: Result<F::Value>) -> Result<F::Value> {
        let Some(lock) = &mut self.lock else { return result };
        let now = (self.clock)();
        match result {
            Ok(value) => {
                lock.note_failure(None);
                if let Some(Err(error)) = self.flight.record(&value, now).map(|record| lock.replace(&record)) {
                    let dir = lock.file().dir().display();
                    log::warn!(target: "cogtok", "{} could not be cached in {dir}: {error}", F::NAME);
                }
                Ok(value)
            }
            Err(error) => {
                // What this caller lacks, time or AWS credentials, others may have.
                let is_of_caller = error.is_of_caller() || error.is_without_credentials();
                if self.flight.is_shared(&error) && !is_of_caller && Instant::now() < self.deadline {
                    lock.note_failure(serde_json::to_value(Failure::of(&error, now)).ok());
                }
                self.fall_back_to_cached(error)
            }
        }
    }

    /// Ends the turn with the failure of another caller that this one waited for. A cached value that is still valid is served, as by
    /// [`Turn::finish`].
    ///
    /// # Errors
    /// The given one.
    pub fn fail(self, error: Error) -> Result<F::Value> {
        self.fall_back_to_cached(error)
    }

    fn fall_back_to_cached(self, error: Error) -> Result<F::Value> {
        let now = (self.clock)();
        match self.cached {
            Some(value) if error.kind() == Kind::Network && self.flight.is_valid(&value, now) => {
                let (name, cached) = (F::NAME, F::CACHED);
                log::warn!(target: "cogtok", "{name} could not be renewed, so {cached} used: {error}");
                Ok(value)
            }
            _ => Err(error),
        }
    }
}

/// The turn of a caller that found nothing in the cache.
pub enum Acquired<F: Flight = TokenFlight> {
    /// A good value that another caller has fetched in the meantime.
    Served(F::Value),
    /// The right to fetch it; [`Turn::finish`] takes what comes of it.
    Turn(Turn<F>),
}

/// The value: from the cache where it will do, else by `fetch`, which runs in one process at a time. Blocks the thread while
/// it waits.
///
/// # Errors
/// The error of `fetch`, in this caller or in the one it waited for; [`Kind::Store`] when another process holds the lock until `deadline`.
pub fn get_or_fetch<F: Flight>(
    flight: F,
    deadline: Instant,
    clock: Clock,
    fetch: impl FnOnce(&mut Turn<F>) -> Result<F::Value>,
) -> Result<F::Value> {
    let since = clock();
    match flight.read(since).filter(|value| flight.is_enough(value, None, since)) {
        Some(value) => {
            flight.count_saved();
            Ok(value)
        }
        None => fetch_once(flight, since, deadline, clock, fetch),
    }
}

/// As [`get_or_fetch`], for a caller who has found nothing in the cache that will do, and needs it since `since`.
///
/// # Errors
/// As [`get_or_fetch`].
pub fn fetch_once<F: Flight>(
    flight: F,
    since: u64,
    deadline: Instant,
    clock: Clock,
    fetch: impl FnOnce(&mut Turn<F>) -> Result<F::Value>,
) -> Result<F::Value> {
    match take_turn(flight, since, deadline, clock)? {
        Acquired::Served(value) => Ok(value),
        Acquired::Turn(mut turn) => {
            let result = fetch(&mut turn);
            turn.finish(result)
        }
    }
}

/// The first half of [`fetch_once`]; [`Turn::finish`] is the second.
pub(crate) fn take_turn<F: Flight>(flight: F, since: u64, deadline: Instant, clock: Clock) -> Result<Acquired<F>> {
    let lock = flight.lock(deadline)?;
    let now = clock();
    let cached = match flight.read(now) {
        Some(value) if flight.is_enough(&value, Some(since), now) => {
            flight.count_saved();
            return Ok(Acquired::Served(value));
        }
        cached => cached,
    };
    let turn = Turn { flight, lock, cached, deadline, clock };
    match turn.lock.as_ref().and_then(|lock| Failure::between(lock, since, now)) {
        Some(error) if turn.flight.is_shared(&error) => turn.fall_back_to_cached(error).map(Acquired::Served),
        _ => Ok(Acquired::Turn(turn)),
    }
}

/// A failure, as it is left in the lock file for those who wait.
#[derive(Serialize, Deserialize)]
struct Failure {
    at: u64,
    #[serde(default = "network")]
    kind: Kind,
    message: String,
    hints: Vec<Advice>,
    #[serde(default)]
    code: Option<String>,
}

/// Notes about key sets used to have no kind.
fn network() -> Kind {
    Kind::Network
}

impl Failure {
    fn of(error: &Error, at: u64) -> Self {
        let (message, hints) = (error.message().to_owned(), error.advice().to_vec());
        Failure { at, kind: error.kind(), message, hints, code: error.code().map(str::to_owned) }
    }

    /// The failure of a turn that ended after `since`, while the caller waited.
    fn between<T: FileContent>(lock: &StateLock<T>, since: u64, now: u64) -> Option<Error> {
        let failure: Failure = serde_json::from_value(lock.note().failure.clone()?).ok()?;
        if !(since..=now).contains(&failure.at) {
            return None;
        }
        let error = failure.hints.into_iter().fold(Error::new(failure.kind, failure.message), Error::hint);
        Some(match failure.code {
            Some(code) => error.with_code(&code),
            None => error,
        })
    }
}
