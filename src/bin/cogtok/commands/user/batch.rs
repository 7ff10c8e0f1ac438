//! One call a user, for one user or for many: paced, each reported, and exit code 10 where only some were done.

use std::time::{Duration, Instant};

use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::types::Username;

use super::chosen::Chosen;
use super::failures::{Failures, NAMED};
use crate::app::App;
use crate::io::progress::Progress;
use crate::io::{signals, terminal};

/// The time between two users: less than half of an account's 25 changes a second, since others use it too.
const PACE: Duration = Duration::from_millis(100);

/// The slowest pace, which throttling leads to.
const SLOWEST: Duration = Duration::from_secs(4);

/// How often a user is tried again who met with throttling, after the tries that each request has.
const THROTTLED_TRIES: usize = 3;

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
    /// How many users there are.
    pub total: usize,
    /// How the work is called while it goes on, such as `deleting users`.
    pub doing: &'a str,
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
    pub fn run(
        &self,
        app: &App,
        users: impl Iterator<Item = Result<Chosen>>,
        mut act: impl AsyncFnMut(&Chosen) -> Result<()>,
    ) -> Result<()> {
        let total = self.total;
        let (mut done, mut failures, mut pace, mut tried) = (0, Failures::default(), PACE, 0);
        let mut is_without_credentials = false;
        let progress = (total > 1).then(|| Progress::new(self.doing, self.deed.several, total));
        for user in users {
            let next = Instant::now() + pace;
            let user = match user {
                Ok(user) => user,
                Err(error) if done == 0 => return Err(error),
                Err(error) => {
                    let what = self.deed.of_several(&format!("{done} of {total}"));
                    return Err(error.with_kind(Kind::Partial).context(&what));
                }
            };
            if let Some(progress) = &progress {
                progress.at(done, failures.count(), &user.shown);
            }
            tried += 1;
            match self.one(app, &user, &mut pace, &mut act) {
                Ok(()) => {
                    done += 1;
                    if total <= NAMED && !self.is_quiet {
                        terminal::note(&self.deed.of(&user.shown));
                    }
                }
                Err(error) if total == 1 => return Err(error),
                Err(error) => {
                    let is_over = is_of_all(&error);
                    is_without_credentials |= error.is_without_credentials();
                    failures.add(&user.shown, error);
                    if is_over {
                        break;
                    }
                }
            }
            if total > 1 {
                let so_far = self.deed.of_several(&format!("{done} of {total}"));
                signals::set_last_words(Some(format!("interrupted: {so_far}")));
            }
            if tried < total {
                let pause = next.saturating_duration_since(Instant::now());
                app.drive(async { tokio::time::sleep(pause).await })?;
            }
        }
        drop(progress);
        signals::set_last_words(None);
        if failures.count() == 0 {
            if total > NAMED {
                terminal::note(&self.deed.of_several(&done.to_string()));
            }
            return Ok(());
        }
        let error = self.unfinished(done, failures, total.saturating_sub(tried));
        Err(if is_without_credentials { error.without_credentials() } else { error })
    }

    /// One user. Each call gets the default time-out if none was given; throttling slows down the next calls.
    fn one(
        &self,
        app: &App,
        user: &Chosen,
        pace: &mut Duration,
        act: &mut impl AsyncFnMut(&Chosen) -> Result<()>,
    ) -> Result<()> {
        for _ in 0..THROTTLED_TRIES {
            app.extend_default_timeout();
            match app.block_on(act(user)) {
                Err(error) if error.code() == Some("TooManyRequestsException") && self.total > 1 => {
                    *pace = (*pace * 2).min(SLOWEST);
                    app.drive(async { tokio::time::sleep(*pace).await })?;
                }
                result => return result,
            }
        }
        app.extend_default_timeout();
        app.block_on(act(user))
    }

    fn unfinished(&self, done: usize, failures: Failures, untried: usize) -> Error {
        let total = self.total;
        let list = failures.names().join(", ");
        let more = if failures.others() == 0 { String::new() } else { format!(" and {} more", failures.others()) };
        let untried = match untried {
            0 => String::new(),
            1 => "; cogtok did not try the last one".to_owned(),
            count => format!("; cogtok did not try the {count} after that"),
        };
        let Some(first) = failures.end() else {
            return Error::new(Kind::Failure, "no user was tried");
        };
        let (kind, hints) = (first.kind(), first.advice().to_vec());
        let (kind, some) = if done == 0 { (kind, "none".to_owned()) } else { (Kind::Partial, done.to_string()) };
        let what = self.deed.of_several(&format!("{some} of {total}"));
        let error = Error::new(kind, format!("{what}; it failed for {list}{more}{untried}"));
        hints.into_iter().fold(error, Error::hint)
    }
}

/// Whether every other user would meet with the same.
pub fn is_of_all(error: &Error) -> bool {
    error.is_without_credentials() || matches!(error.kind(), Kind::AwsCredentials | Kind::Config | Kind::Usage)
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
    let batch = Batch { total: usernames.len(), doing: "changing users", deed, is_quiet: false };
    let users = usernames.iter().map(|name| Ok(Chosen::named(name)));
    batch.run(app, users, async |user: &Chosen| act(&admin, &user.name).await)
}
