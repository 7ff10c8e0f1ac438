//! One call a user, for one user or for many: paced, each reported, and exit code 10 where only some were done.

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

/// How it is reported that something was done to users: `deleted user ann`, `deleted 2 of 3 users`.
pub struct Deed {
    one: &'static str,
    several: &'static str,
    tail: String,
}

impl Deed {
    /// What is said with a past participle, before one user and before several.
    pub const fn new(verb: &'static str) -> Self {
        Self { one: verb, several: verb, tail: String::new() }
    }

    /// The same, where several users want other words than one.
    pub const fn new_for_each(one: &'static str, several: &'static str) -> Self {
        Self { one, several, tail: String::new() }
    }

    /// Adds what stands after the users, such as ` to group class`.
    pub fn tail(mut self, tail: String) -> Self {
        self.tail = tail;
        self
    }

    /// The sentence for one user.
    pub fn of(&self, name: &str) -> String {
        format!("{} user {}{}", self.one, printable(name, 128), self.tail)
    }

    fn of_several(&self, users: &str) -> String {
        format!("{} {users} users{}", self.several, self.tail)
    }
}

/// A change to several users.
pub struct Batch<'a> {
    /// The users, by the names that the pool knows or that were typed.
    pub names: &'a [String],
    /// How it is reported.
    pub deed: Deed,
    /// Whether `act` itself reports each user.
    pub is_quiet: bool,
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
                    if total <= NAMED && !self.is_quiet {
                        terminal::note(&self.deed.of(name));
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
            let so_far = || self.deed.of_several(&format!("{done} of {total}"));
            if total > 1 {
                signals::set_last_words(Some(format!("interrupted: {}", so_far())));
            }
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                terminal::note(&format!("{} so far", so_far()));
            }
            if !untried.is_empty() {
                let pause = next.saturating_duration_since(Instant::now());
                app.drive(async { tokio::time::sleep(pause).await })?;
            }
        }
        signals::set_last_words(None);
        if failed.is_empty() {
            if total > NAMED {
                terminal::note(&self.deed.of_several(&done.to_string()));
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
        let names: Vec<String> = failed.iter().take(NAMED).map(|(name, _)| printable(name, 60)).collect();
        let more = failed.len().saturating_sub(names.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let untried = match untried.len() {
            0 => String::new(),
            1 => "; cogtok did not try the last one".to_owned(),
            count => format!("; cogtok did not try the {count} after that"),
        };
        let list = names.join(", ");
        let Some((_, first)) = failed.into_iter().next() else {
            return Error::new(Kind::Failure, "no user was tried");
        };
        let (kind, hints) = (first.kind(), first.advice().to_vec());
        let (kind, some) = if done == 0 { (kind, "none".to_owned()) } else { (Kind::Partial, done.to_string()) };
        let what = self.deed.of_several(&format!("{some} of {total}"));
        let error = Error::new(kind, format!("{what}; it failed for {list}{more}{untried}"));
        hints.into_iter().fold(error, Error::hint)
    }
}

/// Calls `act` for each of the users whom a person named.
pub fn on_each(
    app: &App,
    usernames: &[String],
    deed: Deed,
    mut act: impl AsyncFnMut(&Admin, &str) -> Result<()>,
) -> Result<()> {
    usernames.iter().try_for_each(|name| name.parse::<Username>().map(drop))?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
    let batch = Batch { names: usernames, deed, is_quiet: false };
    batch.run(app, async |name: &str| act(&admin, name).await)
}
