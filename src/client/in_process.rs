//! One request for any number of tasks of this process.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::error::{Error, Kind, Result};

/// How the last turn ended.
#[derive(Debug)]
struct Outcome {
    at: Instant,
    result: Result<Arc<dyn Any + Send + Sync>>,
}

type Slot = tokio::sync::Mutex<Option<Outcome>>;

/// A lock for each key. A lock without a holder or waiter is dropped.
#[derive(Debug, Default)]
pub struct KeyedLocks(Mutex<HashMap<String, Weak<Slot>>>);

/// The turn of one task.
#[derive(Debug)]
pub struct Turn {
    slot: tokio::sync::OwnedMutexGuard<Option<Outcome>>,
    since: Instant,
    deadline: Instant,
}

impl Turn {
    /// What another task's turn brought that this one waited for; `None` if there was none.
    pub fn outcome<T: Clone + 'static>(&self) -> Option<Result<T>> {
        let outcome = self.slot.as_ref().filter(|outcome| outcome.at >= self.since)?;
        match &outcome.result {
            Ok(value) => value.downcast_ref::<T>().cloned().map(Ok),
            Err(error) => Some(Err(error.copied())),
        }
    }

    /// Ends the turn. Those who wait get its result as well, but no failure that is this task's alone: that its time was over, or that a
    /// person has to go on, which is shared as a [`PendingSignIn`](super::PendingSignIn).
    pub fn end<T: Clone + Send + Sync + 'static>(mut self, result: &Result<T>) {
        let result: Result<Arc<dyn Any + Send + Sync>> = match result {
            Ok(value) => Ok(Arc::new(value.clone())),
            Err(error)
                if error.kind() == Kind::NeedsHuman || error.is_of_caller() || Instant::now() >= self.deadline =>
            {
                *self.slot = None;
                return;
            }
            Err(error) => Err(error.copied()),
        };
        *self.slot = Some(Outcome { at: Instant::now(), result });
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
