//! One request for any number of tasks of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::error::{Error, Kind, Result};

/// When the last turn ended, and with which failure.
type Slot = tokio::sync::Mutex<Option<(Instant, Option<Error>)>>;

/// A lock for each key. A lock without a holder or waiter is dropped.
#[derive(Debug, Default)]
pub struct KeyedLocks(Mutex<HashMap<String, Weak<Slot>>>);

/// The turn of one task.
#[derive(Debug)]
pub struct Turn {
    slot: tokio::sync::OwnedMutexGuard<Option<(Instant, Option<Error>)>>,
    since: Instant,
    deadline: Instant,
}

impl Turn {
    /// How another task's turn ended that this one waited for; `None` if there was none.
    pub fn outcome(&self) -> Option<Result<()>> {
        match &*self.slot {
            Some((at, failure)) if *at >= self.since => {
                Some(failure.as_ref().map_or(Ok(()), |error| Err(error.copied())))
            }
            _ => None,
        }
    }

    /// Ends the turn. Those who wait get the failure as well, unless it is about this task: that it had no more time, or that a person has
    /// to go on, which is shared as a [`PendingSignIn`](super::PendingSignIn).
    pub fn end<T>(mut self, result: &Result<T>) {
        *self.slot = match result {
            Ok(_) => Some((Instant::now(), None)),
            Err(error) if error.kind() == Kind::NeedsHuman || Instant::now() >= self.deadline => None,
            Err(error) => Some((Instant::now(), Some(error.copied()))),
        };
    }
}

impl KeyedLocks {
    /// The turn for `key`, waited for until `deadline`, for a task that has needed the value since `since`.
    ///
    /// # Errors
    /// [`Kind::Network`] when another task waits for an answer until then.
    pub async fn lock(&self, key: String, since: Instant, deadline: Instant) -> Result<Turn> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slots.retain(|_, slot| slot.strong_count() > 0);
            match slots.get(&key).and_then(Weak::upgrade) {
                Some(slot) => slot,
                None => {
                    let slot = Arc::new(Slot::default());
                    slots.insert(key, Arc::downgrade(&slot));
                    slot
                }
            }
        };
        match tokio::time::timeout_at(deadline.into(), slot.lock_owned()).await {
            Ok(slot) => Ok(Turn { slot, since, deadline }),
            Err(_) => Err(Error::network("another task has asked for the same, and no answer came in time")),
        }
    }
}
