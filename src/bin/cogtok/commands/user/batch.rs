//! One call for each user: paced, each reported, and exit code 10 if only some succeeded.

use std::time::{Duration, Instant};

use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::types::Username;

use crate::app::App;
use crate::io::{signals, terminal};

/// The time between two users: less than half of an account's 25 changes a second, since others use it too.
const PACE: Duration = Duration::from_millis(100);

/// The slowest pace, which throttling leads to.
const SLOWEST: Duration = Duration::from_secs(4);

/// How often a user is tried again who met with throttling, after the tries that each request has.
const THROTTLED_TRIES: usize = 3;

/// How often the state of a long run is printed.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// The most users that are named one by one.
pub const NAMED: usize = 20;

/// A change to several users.
pub struct Batch<'a> {
    /// The users, by the names that the pool knows or that were typed.
    pub names: &'a [String],
    /// How each is reported as done, such as `is deleted`; empty where `act` tells it.
    pub done: &'a str,
    /// How several are reported, such as `are deleted`.
    pub all_done: &'a str,
}

impl Batch<'_> {
    /// Calls `act` for each user, one after the other. What fails for one user does not keep the others from it; what would
    /// fail for all of them, such as AWS credentials that do not allow it, ends the run.
    ///
    /// # Errors
    /// The user's own where there is one; [`Kind::Partial`] where some were done and others were not, with their names; else
    /// of the first one's kind.
    pub fn run(&self, app: &App, mut act: impl AsyncFnMut(&str) -> Result<()>) -> Result<()> {
        let total = self.names.len();
        let (mut done, mut failed, mut pace, mut told) = (0_usize, Vec::new(), PACE, Instant::now());
        let mut untried = self.names;
        while let Some((name, rest)) = untried.split_first() {
            untried = rest;
            let next = Instant::now() + pace;
            match self.one(app, name, &mut pace, &mut act) {
                Ok(()) => {
                    done += 1;
                    if total <= NAMED && !self.done.is_empty() {
                        terminal::note(&format!("user {} {}", printable(name, 128), self.done));
                    }
                }
                Err(error) if total == 1 => return Err(error),
                Err(error) => {
                    log::warn!(target: "cogtok", "{}: {error}", printable(name, 128));
                    let is_over = matches!(error.kind(), Kind::AwsCredentials | Kind::Config | Kind::Usage);
                    failed.push((name.as_str(), error));
                    if is_over {
                        break;
                    }
                }
            }
            if total > 1 {
                signals::set_last_words(Some(format!("interrupted: {done} of {total} users {}", self.all_done)));
            }
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                terminal::note(&format!("{done} of {total} users {} so far", self.all_done));
            }
            if !untried.is_empty() {
                let pause = next.saturating_duration_since(Instant::now());
                app.drive(async { tokio::time::sleep(pause).await })?;
            }
        }
        signals::set_last_words(None);
        if failed.is_empty() {
            if total > NAMED {
                terminal::note(&format!("{done} users {}", self.all_done));
            }
            return Ok(());
        }
        Err(self.unfinished(done, failed, untried))
    }

    /// One user. Each call gets the default time-out if none was given; throttling slows down the next calls.
    fn one(
        &self,
        app: &App,
        name: &str,
        pace: &mut Duration,
        act: &mut impl AsyncFnMut(&str) -> Result<()>,
    ) -> Result<()> {
        for _ in 0..THROTTLED_TRIES {
            app.extend_default_timeout();
            match app.block_on(act(name)) {
                Err(error) if error.code() == Some("TooManyRequestsException") && self.names.len() > 1 => {
                    *pace = (*pace * 2).min(SLOWEST);
                    app.drive(async { tokio::time::sleep(*pace).await })?;
                }
                result => return result,
            }
        }
        app.extend_default_timeout();
        app.block_on(act(name))
    }

    fn unfinished(&self, done: usize, failed: Vec<(&str, Error)>, untried: &[String]) -> Error {
        let total = self.names.len();
        let left = failed.len() + untried.len();
        let names: Vec<String> = failed.iter().take(NAMED).map(|(name, _)| printable(name, 60)).collect();
        let more = failed.len().saturating_sub(names.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let untried = match untried.len() {
            0 => String::new(),
            count => format!("; {count} after them were not tried"),
        };
        let list = names.join(", ");
        let Some((_, first)) = failed.into_iter().next() else {
            return Error::new(Kind::Failure, "no user was tried");
        };
        let (kind, hints) = (first.kind(), first.advice().to_vec());
        let error = if done == 0 {
            Error::new(kind, format!("none of {total} users {}: {list}{more} failed{untried}", self.all_done))
        } else {
            let what = format!("{done} of {total} users {}, and {left} could not be", self.all_done);
            Error::new(Kind::Partial, format!("{what}: {list}{more}{untried}"))
        };
        hints.into_iter().fold(error, Error::hint)
    }
}

/// Calls `act` for each named user; `done` words the result for one and for several.
pub fn on_each(
    app: &App,
    usernames: &[String],
    done: [&str; 2],
    mut act: impl AsyncFnMut(&Admin, &str) -> Result<()>,
) -> Result<()> {
    usernames.iter().try_for_each(|name| name.parse::<Username>().map(drop))?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
    let [done, all_done] = done;
    let batch = Batch { names: usernames, done, all_done };
    batch.run(app, async |name: &str| act(&admin, name).await)
}
