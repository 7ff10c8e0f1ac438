//! Which run of users a command means.

use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;

use crate::app::App;
use crate::services::journal::run::{Run, runs};
use crate::services::journal::{State, records};

/// Refuses a run of another pool than the profile's.
///
/// # Errors
/// [`Kind::Failure`].
pub fn check_pool(run: &Run, profile: &Profile) -> Result<()> {
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    if run.head.origin == origin && run.head.user_pool_id == pool {
        return Ok(());
    }
    let (pool, origin) = (printable(&run.head.user_pool_id, 60), printable(&run.head.origin, 120));
    let error = Error::new(Kind::Failure, format!("run {} is of pool {pool} at {origin}", run.head.run));
    Err(error.hint("see which profile has that pool: cogtok user runs{p}"))
}

/// The runs that are not finished, the newest first: those of this pool, and those of others.
///
/// # Errors
/// [`Kind::Config`] where the profile has no pool.
pub fn all_unfinished(app: &App, profile: &Profile) -> Result<(Vec<Run>, Vec<Run>)> {
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    let is_here = |run: &Run| run.head.origin == origin && run.head.user_pool_id == pool;
    let all = runs(app.dirs().state.as_deref())?.into_iter();
    Ok(all.filter(|run| !is_finished(run)).partition(is_here))
}

/// Whether a run has nothing left to do.
pub fn is_finished(run: &Run) -> bool {
    run.count(&[State::Done, State::Skipped]) == run.len()
}

/// The only unfinished run of this pool; `None` without one.
///
/// # Errors
/// [`Kind::Usage`] where there are several.
pub fn unfinished(app: &App, profile: &Profile) -> Result<Option<String>> {
    let (found, _) = all_unfinished(app, profile)?;
    match found.as_slice() {
        [] => Ok(None),
        [run] => Ok(Some(run.head.run.clone())),
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(|run| run.head.run.as_str()).collect();
            let error = Error::usage(format!("{} runs are not finished: {}", several.len(), ids.join(", ")));
            let hint = Advice::new("name the one to continue: cogtok user create {run}{p} --resume");
            Err(error.hint(hint.word("run", ids.first().copied().unwrap_or_default())))
        }
    }
}

/// The run whose id begins so.
///
/// # Errors
/// [`Kind::Failure`] where there is none, [`Kind::Usage`] where there are several.
pub fn find(app: &App, wanted: &str) -> Result<Run> {
    let wanted = wanted.to_ascii_lowercase();
    let fits = |run: &Run| !wanted.is_empty() && run.head.run.starts_with(&wanted);
    let mut found: Vec<Run> = runs(app.dirs().state.as_deref())?.into_iter().filter(fits).collect();
    match (found.pop(), found.len()) {
        (Some(run), 0) => Ok(run),
        (None, _) => Err(no_run(app, &wanted)?),
        (Some(_), more) => {
            Err(Error::usage(format!("{} runs begin with that", more + 1)).hint("the runs: cogtok user runs{p}"))
        }
    }
}

/// The error where no run is meant: it may be a single user, whom the same list has.
fn no_run(app: &App, wanted: &str) -> Result<Error> {
    let records = records(app.dirs().state.as_deref())?;
    let mut fitting = records.iter().filter(|record| !wanted.is_empty() && record.id().starts_with(wanted));
    if let (Some(record), None) = (fitting.next(), fitting.next()) {
        let user = printable(&record.username, 128);
        let error = Error::new(Kind::Failure, format!("{} is not a run, but the single user {user}", record.id()));
        let finish = Advice::new("finish the user: cogtok user create {user}{p} --resume");
        return Ok(error.hint(finish.word("user", &record.username)));
    }
    let error = Error::new(Kind::Failure, format!("there is no run {}", printable(wanted, 40)));
    Ok(error.hint("the runs: cogtok user runs{p}"))
}
