//! How fast users are made: it begins slowly, grows while Cognito takes it, and is halved where Cognito throttles. Then it stays
//! near the pace at which that was, since what is under the limit is lost time, and what exceeds it is refused work.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use cogtok::error::Error;
use tokio::sync::Mutex;

/// The initial rate, in users a second.
const BEGINS: f64 = 10.0;

/// The account's quota of AdminCreateUser, in requests a second.
pub const QUOTA: f64 = 50.0;

/// The slowest that throttling leads to.
const SLOWEST: f64 = 0.5;

/// How long after a change throttling counts again: until then it is about what was under way.
const COUNTS_AFTER: Duration = Duration::from_secs(1);

/// How often it doubles until Cognito throttles for the first time.
const DOUBLES_EVERY: Duration = Duration::from_millis(500);

/// How long nothing is begun after throttling.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the halved pace stays.
const RECOVERS_AFTER: Duration = Duration::from_millis(250);

/// How near it then goes to the pace at which Cognito throttled.
const RECOVERS_TO: f64 = 0.9;

/// By which part of that pace it grows in a second from there, and by how many users a second at the least.
const GROWS_BY: f64 = 0.02;
const GROWS_AT_LEAST: f64 = 0.2;

/// How often it grows then.
const GROWS_EVERY: Duration = Duration::from_secs(1);

/// How late a slot may begin without those after it being late as well: about the timer's precision.
const SLACK: Duration = Duration::from_millis(20);

/// How often one who waits looks whether the run has ended.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Now {
    rate: f64,
    next: Instant,
    changed: Instant,
    /// The pace at which Cognito throttled last.
    throttled_at: Option<f64>,
    /// What it answered then, until it takes a user again.
    throttling: Option<Error>,
}

/// The pace of a run.
#[derive(Debug)]
pub struct Pace {
    now: RefCell<Now>,
    /// Held by the one who waits for the next slot: a slot is not given away before it begins, so that a new rate holds at once.
    gate: Mutex<()>,
    most: f64,
}

impl Pace {
    /// At most `most` users a second.
    pub fn up_to(most: f64) -> Self {
        let now = Instant::now();
        let rate = BEGINS.min(most);
        Pace {
            now: RefCell::new(Now { rate, next: now, changed: now, throttled_at: None, throttling: None }),
            gate: Mutex::default(),
            most,
        }
    }

    /// Waits for the next slot, or until the run ends.
    pub async fn turn(&self, is_over: impl Fn() -> bool) {
        let _gate = self.gate.lock().await;
        loop {
            let (next, at) = (self.now.borrow().next, Instant::now());
            if next <= at || is_over() {
                let mut now = self.now.borrow_mut();
                let begins = next.max(at.checked_sub(SLACK).unwrap_or(at));
                now.next = begins + Duration::from_secs_f64(1.0 / now.rate);
                break;
            }
            tokio::time::sleep_until(next.min(at + LOOKS_EVERY).into()).await;
        }
    }

    /// Cognito took a user.
    pub fn went_well(&self) {
        let mut now = self.now.borrow_mut();
        now.throttling = None;
        let (after, rate) = match now.throttled_at {
            None => (DOUBLES_EVERY, now.rate * 2.0),
            Some(at) if now.rate < at * RECOVERS_TO => (RECOVERS_AFTER, at * RECOVERS_TO),
            Some(at) => (GROWS_EVERY, now.rate + (at * GROWS_BY).max(GROWS_AT_LEAST)),
        };
        if now.changed.elapsed() >= after {
            (now.rate, now.changed) = (rate.min(self.most), Instant::now());
        }
    }

    /// What Cognito answered, where it has been throttling since the last user that it took.
    pub fn throttling(&self) -> Option<Error> {
        self.now.borrow().throttling.as_ref().map(Error::copied)
    }

    /// Cognito throttled, as `error` says. Concurrent calls see the same event, so it counts once.
    pub fn was_throttled(&self, error: &Error) {
        let mut now = self.now.borrow_mut();
        now.throttling = Some(error.copied());
        if now.throttled_at.is_none() || now.changed.elapsed() >= COUNTS_AFTER {
            now.throttled_at = Some(now.rate);
            (now.rate, now.changed) = ((now.rate / 2.0).max(SLOWEST).min(self.most), Instant::now());
            now.next = now.next.max(now.changed + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn throttling() -> Error {
        Error::network("Rate exceeded").with_code("TooManyRequestsException")
    }

    /// How long 30 turns take that are waited for at the same time.
    fn thirty_turns(pace: Pace, is_over: bool, rate: f64) -> Duration {
        let pace = Rc::new(pace);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let began = Instant::now();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let turn = |pace: Rc<Pace>| async move {
                pace.turn(|| is_over).await;
                pace.now.borrow_mut().rate = rate;
            };
            let turns: Vec<_> = (0..30).map(|_| tokio::task::spawn_local(turn(Rc::clone(&pace)))).collect();
            for turn in turns {
                turn.await.unwrap();
            }
        });
        began.elapsed()
    }

    #[test]
    fn a_new_rate_holds_for_those_who_wait_already() {
        // Slots given away at the initial rate would take three seconds.
        let took = thirty_turns(Pace::up_to(1000.0), false, 1000.0);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }

    #[test]
    fn nobody_waits_on_in_a_run_that_is_over() {
        let took = thirty_turns(Pace::up_to(SLOWEST), true, SLOWEST);
        assert!(took < Duration::from_secs(30), "{took:?}");
    }

    #[test]
    fn it_is_halved_once_for_what_was_under_way_and_has_a_floor() {
        let pace = Pace::up_to(QUOTA);
        pace.was_throttled(&throttling());
        pace.was_throttled(&throttling());
        assert_eq!(pace.now.borrow().rate, BEGINS / 2.0);
        for _ in 0..10 {
            pace.now.borrow_mut().changed -= COUNTS_AFTER;
            pace.was_throttled(&throttling());
        }
        assert_eq!(pace.now.borrow().rate, SLOWEST);
        pace.now.borrow_mut().changed -= GROWS_EVERY;
        pace.went_well();
        assert_eq!(pace.now.borrow().rate, SLOWEST + GROWS_AT_LEAST);
    }

    #[test]
    fn throttling_is_remembered_until_a_user_is_taken() {
        let pace = Pace::up_to(QUOTA);
        assert!(pace.throttling().is_none());
        pace.was_throttled(&throttling());
        assert_eq!(pace.throttling().unwrap().code(), Some("TooManyRequestsException"));
        pace.went_well();
        assert!(pace.throttling().is_none());
    }

    #[test]
    fn throttling_never_speeds_up_a_run_that_was_to_be_slower_than_the_floor() {
        let pace = Pace::up_to(0.1);
        pace.was_throttled(&throttling());
        assert_eq!(pace.now.borrow().rate, 0.1);
    }

    #[test]
    fn after_throttling_it_goes_back_near_to_where_that_was_and_on_from_there_slowly() {
        let pace = Pace::up_to(QUOTA);
        pace.now.borrow_mut().rate = 40.0;
        pace.was_throttled(&throttling());
        pace.went_well();
        assert_eq!(pace.now.borrow().rate, 20.0);
        for expected in [36.0, 36.8, 37.6] {
            pace.now.borrow_mut().changed -= GROWS_EVERY;
            pace.went_well();
            assert!((pace.now.borrow().rate - expected).abs() < 0.01, "{}", pace.now.borrow().rate);
        }
    }

    #[test]
    fn it_doubles_until_the_most_and_not_beyond() {
        let pace = Pace::up_to(30.0);
        for expected in [20.0, 30.0, 30.0] {
            pace.now.borrow_mut().changed -= DOUBLES_EVERY;
            pace.went_well();
            pace.went_well();
            assert_eq!(pace.now.borrow().rate, expected);
        }
        assert_eq!(Pace::up_to(2.0).now.borrow().rate, 2.0);
    }
}
