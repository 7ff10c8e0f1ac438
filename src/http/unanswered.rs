//! What was sent and not answered yet: how often, since when, and what a caller whose time has run out can say of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::http::status::busy;
use crate::http::transport_error::{TransportError, TransportErrorKind};

/// The requests of one call that no answer has settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unanswered(Arc<Mutex<Requests>>);

#[derive(Debug, Default)]
struct Requests {
    by_what: HashMap<String, Request>,
    /// The piece of work that is under way.
    work: u64,
}

#[derive(Clone, Debug)]
struct Request {
    host: String,
    operation: Option<String>,
    work: u64,
    first: Instant,
    latest: Instant,
    tries: u32,
    outcome: Outcome,
}

/// What has become of the latest try.
#[derive(Clone, Debug)]
enum Outcome {
    Waiting,
    Failed(TransportError),
    Busy(u16),
}

impl Unanswered {
    /// Begins another piece of work, whose tries are counted by themselves.
    pub fn begin_work(&self) {
        self.locked().work += 1;
    }

    /// When the first try of this request was begun, and how many there are with this one. `target` is the value of `X-Amz-Target`.
    pub fn begin(&self, what: &str, host: &str, target: Option<&str>, now: Instant) -> (Instant, u32) {
        let Requests { by_what, work } = &mut *self.locked();
        // What an earlier piece of work gave up is not tried again here: it was about another user.
        if by_what.get(what).is_some_and(|request| request.work != *work) {
            by_what.remove(what);
        }
        let request = by_what.entry(what.to_owned()).or_insert_with(|| Request {
            host: host.to_owned(),
            operation: target.map(|target| target.rsplit('.').next().unwrap_or(target).to_owned()),
            work: *work,
            first: now,
            latest: now,
            tries: 0,
            outcome: Outcome::Waiting,
        });
        (request.latest, request.tries, request.outcome) = (now, request.tries + 1, Outcome::Waiting);
        (request.first, request.tries)
    }

    /// The request was answered.
    pub fn answered(&self, what: &str) {
        self.locked().by_what.remove(what);
    }

    /// The latest try failed.
    pub fn failed(&self, what: &str, fault: &TransportError) {
        self.ended(what, Outcome::Failed(fault.clone()));
    }

    /// The service is overloaded, which is to be tried again.
    pub fn busy(&self, what: &str, status: u16) {
        self.ended(what, Outcome::Busy(status));
    }

    /// What can be said, when time has run out, of a request that was tried since then: first of all of one that is still waited for.
    pub fn out_of_time(&self, since: Instant) -> Option<Error> {
        let requests = self.locked();
        let tried = requests.by_what.values().filter(|request| request.latest >= since);
        let request = tried.min_by_key(|request| (!matches!(request.outcome, Outcome::Waiting), request.first))?;
        let host = request.host.clone();
        let error = match &request.outcome {
            Outcome::Waiting => {
                let what = TransportErrorKind::Timeout { within: request.first.elapsed(), tries: request.tries };
                TransportError { host, what }.into()
            }
            Outcome::Failed(fault) => fault.clone().into(),
            Outcome::Busy(status) => busy(&host, *status, ""),
        };
        Some(match &request.operation {
            Some(operation) => error.context(operation),
            None => error,
        })
    }

    fn ended(&self, what: &str, outcome: Outcome) {
        if let Some(request) = self.locked().by_what.get_mut(what) {
            request.outcome = outcome;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn said(unanswered: &Unanswered, since: Instant) -> Option<String> {
        unanswered.out_of_time(since).map(|error| error.message().to_owned())
    }

    #[test]
    fn a_request_without_an_answer_is_named_with_its_host_and_its_tries() {
        let (unanswered, start) = (Unanswered::default(), Instant::now());
        assert_eq!(said(&unanswered, start), None);
        let target = Some("AWSCognitoIdentityProviderService.ListUsers");
        let ago = start.checked_sub(Duration::from_secs(12)).unwrap();
        unanswered.begin("list", "127.0.0.1:1", target, ago);
        assert_eq!(unanswered.begin("list", "127.0.0.1:1", target, start), (ago, 2));
        let message = said(&unanswered, start).unwrap();
        assert!(message.starts_with("ListUsers: no complete answer from 127.0.0.1:1: 2 tries in 12"), "{message}");
        // The request of an earlier piece of work is not what this one waited for.
        assert_eq!(said(&unanswered, start + Duration::from_secs(1)), None);
        unanswered.answered("list");
        assert_eq!(said(&unanswered, start), None);
    }

    #[test]
    fn what_an_earlier_piece_of_work_gave_up_is_not_counted_with_the_next() {
        let (unanswered, start) = (Unanswered::default(), Instant::now());
        let ago = start.checked_sub(Duration::from_secs(12)).unwrap();
        unanswered.begin("set", "pool.test", None, ago);
        assert_eq!(unanswered.begin("set", "pool.test", None, ago), (ago, 2));
        unanswered.begin_work();
        assert_eq!(unanswered.begin("set", "pool.test", None, start), (start, 1));
    }

    #[test]
    fn in_a_pause_between_two_tries_the_last_outcome_is_named() {
        let (unanswered, start) = (Unanswered::default(), Instant::now());
        unanswered.begin("token", "pool.test", None, start);
        unanswered.busy("token", 503);
        assert_eq!(said(&unanswered, start).unwrap(), "pool.test answered HTTP 503");
        let what = TransportErrorKind::Broken("end of file".to_owned());
        unanswered.failed("token", &TransportError { host: "pool.test".to_owned(), what });
        assert!(said(&unanswered, start).unwrap().starts_with("the answer from pool.test was cut off"));
        // What is still waited for comes first.
        unanswered.begin("other", "other.test", None, start + Duration::from_secs(1));
        assert!(said(&unanswered, start).unwrap().starts_with("no complete answer from other.test within"));
    }
}
