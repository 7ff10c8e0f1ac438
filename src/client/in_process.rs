//! One request for any number of tasks of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::error::{Error, Kind, Result};

type Slot = tokio::sync::Mutex<Option<Instant>>;

/// A lock for each key. A lock without a holder or waiter is dropped.
#[derive(Debug, Default)]
pub struct KeyedLocks(Mutex<HashMap<String, Weak<Slot>>>);

/// The turn of one task.
#[derive(Debug)]
pub struct Turn(tokio::sync::OwnedMutexGuard<Option<Instant>>);

impl Turn {
    /// When the last turn of this key brought something, as far as this process knows.
    pub fn last_success(&self) -> Option<Instant> {
        *self.0
    }

    /// Ends the turn with success.
    pub fn succeeded(mut self) {
        *self.0 = Some(Instant::now());
    }
}

impl KeyedLocks {
    /// The turn for `key`, waited for until `deadline`.
    ///
    /// # Errors
    /// [`Kind::Store`] when another task has it until then.
    pub async fn lock(&self, key: String, deadline: Instant) -> Result<Turn> {
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
            Ok(guard) => Ok(Turn(guard)),
            Err(_) => {
                Err(Error::new(Kind::Store, "another task is obtaining the same token and did not finish in time"))
            }
        }
    }
}
