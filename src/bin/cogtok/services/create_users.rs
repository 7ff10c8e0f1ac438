//! Making the users of a run: several at once, at the pace that Cognito allows.

pub mod pace;
pub mod seats;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result};
use cogtok::http::transport_error::fault_in;
use cogtok::secret::Secret;

use crate::io::signals;
use crate::services::create_user::{self, Judge, Made, PasswordProof};
use crate::services::journal::{IfExists, Journal, Record, State};
use pace::Pace;

/// How often a user is tried after transient errors.
const TRIES: usize = 4;

/// How often a user is tried who meets with throttling: the pace is halved each time.
const THROTTLED_TRIES: usize = 30;

/// The most failures that are printed one by one.
pub const NAMED: usize = 20;

/// The result of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The first failed users and why.
    pub failures: Vec<(String, Error)>,
    /// How many could not.
    pub failed: usize,
    /// How many of these have a password from a file that the pool's policy refuses.
    pub of_file: usize,
    /// How many of these have a name or attributes that the pool refuses.
    pub of_values: usize,
    /// The error that ended the run early, if one did.
    pub ended_by: Option<Error>,
}

/// How a run is done.
#[derive(Debug)]
pub struct Manner {
    /// The pace.
    pub pace: Pace,
    /// How many users to create at once.
    pub parallel: usize,
    /// How long the requests of one user may take.
    pub patience: Duration,
    /// The end of the whole call, if the caller set one.
    pub until: Option<Instant>,
    /// What tells whose a user is whom an earlier call may have made.
    pub proof: Option<PasswordProof>,
    /// What to do with a user who is of somebody else, or of whom that is not known; none where nobody said.
    pub decided: Option<IfExists>,
}

impl Manner {
    /// Whether the whole call has no time left.
    pub fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Makes the users of the journal's run who are not made yet. `told` is called when one of them got on, with its
/// place in the run, its name and how many failed. The `outcome` is there as well when the caller stops it.
pub async fn make(
    admin: &Admin,
    journal: &Journal,
    manner: &Manner,
    outcome: &RefCell<Outcome>,
    told: impl Fn(usize, &str, usize),
) {
    let Some(run) = journal.run() else { return };
    let (seats, if_exists) = (run.borrow().len(), run.borrow().head.if_exists);
    let next = Cell::new(0);
    let is_over = || outcome.borrow().ended_by.is_some() || signals::is_stopping() || manner.is_late();
    let worker = || async {
        loop {
            let seat = next.get();
            if seat >= seats || is_over() {
                break;
            }
            next.set(seat + 1);
            if matches!(run.borrow().state(seat), State::Done | State::Skipped) {
                continue;
            }
            let (name, made) = match one(admin, journal, manner, seat, if_exists, &is_over).await {
                Ok(name) => (name, None),
                Err((name, error)) => (name, Some(error)),
            };
            if let Some(error) = made {
                let mut outcome = outcome.borrow_mut();
                // An error that every user would hit ends the run; a journal that can't be written does so before the next request.
                let is_without_group = error.code() == Some("ResourceNotFoundException");
                let is_of_all = is_without_group || error.is_without_credentials();
                if is_of_all || matches!(error.kind(), Kind::AwsCredentials | Kind::Config | Kind::Store) {
                    outcome.ended_by.get_or_insert(error);
                } else if is_unsent(&error) {
                    // Nothing can be said of this user.
                } else if manner.is_late() && (may_pass(&error) || is_throttled(&error)) {
                    // What the deadline cut off may be the request after those that Cognito throttled.
                    outcome.ended_by.get_or_insert_with(|| manner.pace.throttling().unwrap_or(error));
                } else {
                    outcome.failed += 1;
                    outcome.of_file += usize::from(create_user::is_of_file(&error));
                    outcome.of_values += usize::from(create_user::is_of_values(&error));
                    if outcome.failures.len() < NAMED {
                        outcome.failures.push((name.clone(), error));
                    }
                }
            }
            let failed = outcome.borrow().failed;
            told(seat, &name, failed);
        }
    };
    let workers = (0..manner.parallel.clamp(1, seats.max(1)))
        .map(|_| Box::pin(worker()) as Pin<Box<dyn Future<Output = ()> + '_>>);
    all(workers.collect()).await;
}

/// The code of users that were not tried because the run had ended.
const UNSENT: &str = "NotTried";

fn is_unsent(error: &Error) -> bool {
    error.code() == Some(UNSENT)
}

async fn one(
    admin: &Admin,
    journal: &Journal,
    manner: &Manner,
    seat: usize,
    if_exists: IfExists,
    is_over: &impl Fn() -> bool,
) -> Result<String, (String, Error)> {
    let record = || {
        let run = journal.run().ok_or_else(|| Error::new(Kind::Failure, "there is no run"))?;
        run.borrow_mut().record(seat)
    };
    let (mut tries, mut throttled, mut is_of_this_call) = (0, 0, false);
    loop {
        manner.pace.turn(is_over).await;
        let mut record = record().map_err(|error| (String::new(), error))?;
        let name = record.username.clone();
        if is_over() {
            return Err((name, Error::new(Kind::Failure, "it was not tried").with_code(UNSENT)));
        }
        let deadline = Instant::now() + manner.patience;
        admin.set_deadline(manner.until.map_or(deadline, |until| until.min(deadline)));
        is_of_this_call |= record.state == State::Planned;
        let judge = Judge { proof: manner.proof.as_ref(), decided: manner.decided, is_of_this_call };
        let error = match step(admin, journal, &mut record, if_exists, judge).await {
            Ok(_) => {
                manner.pace.went_well();
                None
            }
            Err(error) => Some(error),
        };
        admin.reveal(&name, &Secret::new(record.password.clone()));
        let Some(error) = error else { return Ok(name) };
        let may_go_on = if is_throttled(&error) {
            manner.pace.was_throttled(&error);
            throttled += 1;
            throttled < THROTTLED_TRIES
        } else {
            tries += 1;
            may_pass(&error) && tries < TRIES
        };
        if !may_go_on || manner.is_late() {
            return Err((name, error));
        }
        if tries > 0 {
            tokio::time::sleep(Duration::from_millis(200) * (1 << tries)).await;
        }
    }
}

/// Continues one user from its record.
async fn step(
    admin: &Admin,
    journal: &Journal,
    record: &mut Record,
    if_exists: IfExists,
    judge: Judge<'_>,
) -> Result<Made> {
    if record.state == State::Planned {
        return create_user::create(admin, journal, record, judge.decided.unwrap_or(if_exists)).await;
    }
    create_user::resume(admin, journal, record, judge).await
}

/// Whether Cognito throttled the call.
pub fn is_throttled(error: &Error) -> bool {
    matches!(error.code(), Some("TooManyRequestsException" | "ThrottlingException" | "Throttling"))
}

/// Whether a retry may succeed: no answer, or an error of the service.
fn may_pass(error: &Error) -> bool {
    let is_failure = error.code().is_none_or(|code| code.starts_with("Internal") || code == "ServiceUnavailable");
    let is_lasting = fault_in(error).is_some_and(|fault| !fault.is_transient());
    !is_lasting
        && !error.is_without_credentials()
        && (error.kind() == Kind::Network || (error.kind() == Kind::Partial && is_failure))
}

/// Waits for all of them.
async fn all(mut work: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    std::future::poll_fn(|context| {
        work.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
