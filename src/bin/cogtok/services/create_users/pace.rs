//! The rate of creating users: it starts low, grows while Cognito accepts it, and is halved when Cognito throttles.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// The initial rate, in users a second.
const BEGINS: f64 = 10.0;

/// The account's quota of AdminCreateUser, in requests a second.
pub const QUOTA: f64 = 50.0;

/// The slowest that throttling leads to.
const SLOWEST: f64 = 0.5;

/// How often it changes at most.
const CHANGES_EVERY: Duration = Duration::from_secs(1);

/// The growth after the first throttling.
const GROWS_BY: f64 = 2.0;

#[derive(Debug)]
struct Now {
    rate: f64,
    next: Instant,
    changed: Instant,
    has_throttled: bool,
}

/// The pace of a run.
#[derive(Debug)]
pub struct Pace {
    now: RefCell<Now>,
    most: f64,
}

impl Pace {
    /// At most `most` users a second.
    pub fn up_to(most: f64) -> Self {
        let now = Instant::now();
        let rate = BEGINS.min(most);
        Pace { now: RefCell::new(Now { rate, next: now, changed: now, has_throttled: false }), most }
    }

    /// Waits for the next slot.
    pub async fn turn(&self) {
        let wait = {
            let mut now = self.now.borrow_mut();
            let at = now.next.max(Instant::now());
            now.next = at + Duration::from_secs_f64(1.0 / now.rate);
            at.saturating_duration_since(Instant::now())
        };
        tokio::time::sleep(wait).await;
    }

    /// Cognito took a user.
    pub fn went_well(&self) {
        let mut now = self.now.borrow_mut();
        if now.changed.elapsed() >= CHANGES_EVERY {
            let more = if now.has_throttled { now.rate + GROWS_BY } else { now.rate * 2.0 };
            (now.rate, now.changed) = (more.min(self.most), Instant::now());
        }
    }

    /// Cognito throttled. Concurrent calls see the same event, so it counts once.
    pub fn was_throttled(&self) {
        let mut now = self.now.borrow_mut();
        if !now.has_throttled || now.changed.elapsed() >= CHANGES_EVERY {
            (now.rate, now.changed, now.has_throttled) = ((now.rate / 2.0).max(SLOWEST), Instant::now(), true);
            now.next = now.next.max(now.changed + Duration::from_millis(500));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_halved_once_for_what_was_under_way_and_has_a_floor() {
        let pace = Pace::up_to(QUOTA);
        pace.was_throttled();
        pace.was_throttled();
        assert_eq!(pace.now.borrow().rate, BEGINS / 2.0);
        for _ in 0..10 {
            pace.now.borrow_mut().changed -= CHANGES_EVERY;
            pace.was_throttled();
        }
        assert_eq!(pace.now.borrow().rate, SLOWEST);
        pace.now.borrow_mut().changed -= CHANGES_EVERY;
        pace.went_well();
        assert_eq!(pace.now.borrow().rate, SLOWEST + GROWS_BY);
    }

    #[test]
    fn it_doubles_until_the_most_and_not_beyond() {
        let pace = Pace::up_to(30.0);
        for expected in [20.0, 30.0, 30.0] {
            pace.now.borrow_mut().changed -= CHANGES_EVERY;
            pace.went_well();
            pace.went_well();
            assert_eq!(pace.now.borrow().rate, expected);
        }
        assert_eq!(Pace::up_to(2.0).now.borrow().rate, 2.0);
    }
}
