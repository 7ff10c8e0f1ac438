//! One call a user, for one user or for many: paced, each reported, and exit code 10 where only some were done.

use std::time::{Duration, Instant};

use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::http::transport_error::{TransportError, fault_in};
use cogtok::settings::types::Username;

use super::chosen::Chosen;
use super::failures::{Failures, NAMED};
use crate::app::App;
use crate::io::progress::Progress;
use crate::io::{signals, terminal};
use crate::services::create_users::is_throttled;

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
    in_doubt: &'static str,
    in_doubt_generated: Option<&'static str>,
}

/// The most users for whom cogtok says so.
const IN_DOUBT_NAMED: usize = 3;

/// What is said of a user of whom Cognito did not answer.
const IN_DOUBT: &str = "Cognito may have done it for {user}: the same command does it again";

impl Deed {
    /// What is said with a past participle, before one user and before several.
    pub const fn new(verb: &'static str) -> Self {
        Self { one: verb, several: verb, tail: String::new(), in_doubt: IN_DOUBT, in_doubt_generated: None }
    }

    /// The same, where several users want other words than one.
    pub const fn new_for_each(one: &'static str, several: &'static str) -> Self {
        Self { one, several, tail: String::new(), in_doubt: IN_DOUBT, in_doubt_generated: None }
    }

    /// Adds what stands after the users, such as ` to group class`.
    pub fn tail(mut self, tail: String) -> Self {
        self.tail = tail;
        self
    }

    /// Sets what is said of a user, `{user}`, of whom Cognito did not answer.
    pub const fn in_doubt(mut self, said: &'static str) -> Self {
        self.in_doubt = said;
        self
    }

    /// Sets what is said of such a user whose password is generated: the same command would not have it again.
    pub const fn for_generated(mut self, said: &'static str) -> Self {
        self.in_doubt_generated = Some(said);
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

/// How far the users are.
#[derive(Default)]
struct Progressed {
    done: usize,
    tried: usize,
    failures: Failures,
    /// What is said of those whom Cognito may have changed although no answer came.
    in_doubt: Vec<Advice>,
    /// Whether the time that was given ran out, and whose request it cut off.
    is_late: bool,
    cut_off: Option<(String, Error)>,
}

impl Batch<'_> {
    /// Calls `act` for each user, one after the other. What fails for one user does not keep the others from it; what would
    /// fail for all of them, such as AWS credentials that do not allow it or a time limit, ends the run.
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
        let (mut so_far, mut pace) = (Progressed::default(), PACE);
        let mut is_without_credentials = false;
        let progress = (total > 1).then(|| Progress::new(self.doing, self.deed.several, total));
        for user in users {
            let next = Instant::now() + pace;
            let user = match user {
                Ok(user) => user,
                Err(error) if so_far.done == 0 => return Err(error),
                Err(error) => {
                    let what = self.deed.of_several(&format!("{} of {total}", so_far.done));
                    return Err(error.with_kind(Kind::Partial).context(&what));
                }
            };
            if total > 1 && app.is_out_of_time() {
                so_far.is_late = true;
                break;
            }
            if let Some(progress) = &progress {
                progress.at(so_far.done, so_far.failures.count(), &user.shown);
            }
            so_far.tried += 1;
            match self.one(app, &user, &mut pace, &mut act) {
                Ok(()) => {
                    so_far.done += 1;
                    if total <= NAMED && !self.is_quiet {
                        terminal::note(&self.deed.of(&user.shown));
                    }
                }
                Err(error) if total == 1 => return Err(error),
                Err(error) => {
                    is_without_credentials |= error.is_without_credentials();
                    if self.failed(app, &mut so_far, &user, pace, error) {
                        break;
                    }
                }
            }
            if total > 1 {
                let done = self.deed.of_several(&format!("{} of {total}", so_far.done));
                signals::set_last_words(Some(format!("interrupted: {done}")));
            }
            if so_far.tried < total {
                let pause = next.saturating_duration_since(Instant::now());
                if app.has_less_than(pause) {
                    so_far.is_late = true;
                    break;
                }
                app.drive(async { tokio::time::sleep(pause).await })?;
            }
        }
        drop(progress);
        signals::set_last_words(None);
        if so_far.failures.count() == 0 && !so_far.is_late {
            if total > NAMED {
                terminal::note(&self.deed.of_several(&so_far.done.to_string()));
            }
            return Ok(());
        }
        let error = self.unfinished(app, so_far);
        Err(if is_without_credentials { error.without_credentials() } else { error })
    }

    /// Notes that it failed for a user; says whether it ends the run.
    fn failed(&self, app: &App, so_far: &mut Progressed, user: &Chosen, pace: Duration, error: Error) -> bool {
        let is_throttled = is_throttled(&error);
        so_far.is_late = app.is_out_of_time() || is_throttled && app.has_less_than(pace);
        let is_over = is_of_all(&error) || so_far.is_late;
        let may_be_done =
            error.kind() == Kind::Network && !is_throttled && !fault_in(&error).is_some_and(TransportError::is_unsent);
        if may_be_done {
            let is_given = user.password.is_some();
            let said = self.deed.in_doubt_generated.filter(|_| !is_given).unwrap_or(self.deed.in_doubt);
            so_far.in_doubt.push(Advice::new(said).word("user", &user.shown));
        }
        if so_far.is_late && may_be_done {
            log::warn!(target: "cogtok", "{}: {error}", printable(&user.shown, 128));
            so_far.cut_off = Some((user.shown.clone(), error));
        } else {
            so_far.failures.add(&user.shown, error);
        }
        is_over
    }

    /// One user. Each call gets the default time-out if none was given; throttling slows down the next calls. A pause that would
    /// end after the time that was given is not begun.
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
                Err(error) if is_throttled(&error) && self.total > 1 => {
                    *pace = (*pace * 2).min(SLOWEST);
                    if app.has_less_than(*pace) {
                        return Err(error);
                    }
                    app.drive(async { tokio::time::sleep(*pace).await })?;
                }
                result => return result,
            }
        }
        app.extend_default_timeout();
        app.block_on(act(user))
    }

    fn unfinished(&self, app: &App, so_far: Progressed) -> Error {
        let Progressed { done, tried, failures, in_doubt, is_late, cut_off } = so_far;
        let total = self.total;
        let some = if done == 0 { "none".to_owned() } else { done.to_string() };
        let mut said = self.deed.of_several(&format!("{some} of {total}"));
        if failures.count() > 0 {
            let others = failures.others();
            let more = if others == 0 { String::new() } else { format!(" and {others} more") };
            said.push_str(&format!("; it failed for {}{more}", failures.names().join(", ")));
        }
        if is_late {
            let whom = cut_off.as_ref().map(|(name, _)| format!(" for {}", printable(name, 60)));
            said.push_str(&format!("; {}{}", app.no_result(), whom.unwrap_or_default()));
        }
        match total.saturating_sub(tried) {
            0 => {}
            1 => said.push_str("; cogtok did not try the last one"),
            count => said.push_str(&format!("; cogtok did not try the {count} after that")),
        }
        let first = failures.end();
        let kind = first.as_ref().or(cut_off.as_ref().map(|(_, error)| error)).map_or(Kind::Network, Error::kind);
        let error = Error::new(if done == 0 { kind } else { Kind::Partial }, said);
        let error = in_doubt.into_iter().take(IN_DOUBT_NAMED).fold(error, Error::hint);
        let hints = first.iter().flat_map(Error::advice).cloned();
        let error = hints.fold(error, Error::hint);
        if is_late { error.hint("allow more with `--timeout 60s`") } else { error }
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
