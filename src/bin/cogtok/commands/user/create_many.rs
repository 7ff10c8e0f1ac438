//! `cogtok user create --count` and `--from`: creates the users of a class, as one resumable run.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::parse_duration;

use super::card_file::CardFile;
use super::find_run;
use super::plan_run::{self, Common, PlannedUsers};
use super::pool_user::note_seen;
use super::run_end;
use super::run_output::{self, Stream};
use crate::app::App;
use crate::app::options::Output;
use crate::env;
use crate::io::moment::moment;
use crate::io::progress::Progress;
use crate::io::{signals, terminal};
use crate::services::create_user::PasswordProof;
use crate::services::create_users::pace::{Pace, QUOTA};
use crate::services::create_users::{self, Manner, Outcome};
use crate::services::journal::run::{Head, Run};
use crate::services::journal::{IfExists, Journal, Record, State};

/// The forms that many users are printed in.
pub const FORMS: [Output; 5] = [Output::Table, Output::Json, Output::Jsonl, Output::Csv, Output::Text];

/// The default number of users to create at once.
const PARALLEL: usize = 16;

/// How long the requests of one user may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a person learns where the passwords of a run can't be sealed.
const IN_CLEAR: &str = "no secret store can be opened, so the passwords are in the private file of the run as they are";

/// The longest time until a run ends.
const LONGEST_TTL: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// Options for many users.
#[derive(Debug, Args)]
pub struct Many {
    #[command(flatten)]
    planned: PlannedUsers,
    /// With `--count` or `--from`: how many users a second at the most [default: 50]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// With `--count` or `--from`: how many users at the same time [default: 16]
    #[arg(long, value_name = "N")]
    parallel: Option<usize>,
    /// With `--count` or `--from`: when the run ends, such as 3d: `cogtok user reap` deletes its users from then on
    #[arg(long, value_name = "DURATION", value_parser = ttl, conflicts_with = "resume")]
    ttl: Option<Duration>,
}

fn ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse_duration(text).map_err(|error| error.message().to_owned())?;
    if ttl.is_zero() || ttl > LONGEST_TTL { Err("it is from 1s to 10 years".to_owned()) } else { Ok(ttl) }
}

impl Many {
    /// Whether several users are to be created.
    pub fn is_given(&self) -> bool {
        self.planned.is_given()
    }

    /// Whether the run is to end.
    pub fn has_end(&self) -> bool {
        self.ttl.is_some()
    }

    fn manner(&self) -> Result<Manner> {
        let rate = self.rate.unwrap_or(QUOTA);
        if !(0.1..=1000.0).contains(&rate) {
            return Err(Error::usage("`--rate` is from 0.1 to 1000 users a second"));
        }
        let parallel = self.parallel.unwrap_or(PARALLEL);
        if !(1..=100).contains(&parallel) {
            return Err(Error::usage("`--parallel` is from 1 to 100"));
        }
        Ok(Manner { pace: Pace::up_to(rate), parallel, patience: PATIENCE, until: None, proof: None, decided: None })
    }
}

/// Makes the users, as a new run.
pub fn run(app: &App, many: &Many, cards: &CardFile, common: &Common, profile: &Profile) -> Result<()> {
    app.output(&FORMS)?;
    let manner = many.manner()?;
    let begun_at = i64::try_from(env::now() / 1000).unwrap_or_default();
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.to_string());
    let mut head = Head::new(begun_at, origin, pool, common.if_exists)?;
    let ttl = many.ttl.map(|ttl| i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX).max(1));
    head.ends_at = ttl.map(|ttl| begun_at.saturating_add(ttl));
    let state = app.dirs().state.as_deref();
    app.forget_orphan_keys();
    let journal = Journal::to_add(state, app.deadline())?;
    let key = app.make_run_key(&mut head)?;
    if let Err(error) = plan_run::plan(app, &many.planned, common, &head, key.as_ref().ok().cloned()) {
        app.forget_run_key(&head);
        return Err(error);
    }
    app.note_run_is_placed(&head);
    let path = state.map(|dir| dir.join("journal").join("runs").join(format!("{}.jsonl", head.run)));
    let path = path.ok_or_else(|| Error::store("there is no home directory for the journal of new users"))?;
    let mut run = Run::open(&path, app.deadline())?;
    match key {
        Ok(key) => run.unseal(key),
        Err(why) => log::warn!(target: "cogtok", "{IN_CLEAR}: {}", why.message()),
    }
    go_on(app, profile, cards, journal.of_run(run), manner)
}

/// Resumes the run whose id starts with the given text. `decided` is what a person says of the users of whom cogtok can't
/// tell who created them.
///
/// # Errors
/// [`Kind::Failure`] where there is no such run, or it is of another pool.
pub fn resume(
    app: &App,
    many: &Many,
    cards: &CardFile,
    profile: &Profile,
    wanted: &str,
    decided: Option<IfExists>,
) -> Result<()> {
    app.output(&FORMS)?;
    let path = find_run::find(app, wanted)?.path().to_path_buf();
    let mut run = Run::open(&path, app.deadline())?;
    find_run::check_pool(&run, profile)?;
    app.unseal(&mut run)?;
    let journal = Journal::to_add(app.dirs().state.as_deref(), app.deadline())?;
    go_on(app, profile, cards, journal.of_run(run), Manner { decided, ..many.manner()? })
}

fn go_on(app: &App, profile: &Profile, cards: &CardFile, journal: Journal, manner: Manner) -> Result<()> {
    let look = |of: fn(&Run) -> usize| journal.run().map_or(0, |run| of(&run.borrow()));
    let id = journal.run().map(|run| run.borrow().head.run.clone()).unwrap_or_default();
    let (total, may_be_made) = (look(Run::len), look(|run| run.count(&[State::Intent])) > 0);
    let proof = if may_be_made { PasswordProof::of(app, profile) } else { None };
    let manner = Manner { until: app.given_timeout().map(|_| app.deadline()), proof, ..manner };
    let tell_of = |said: &'static str| terminal::shown(&Advice::new(said).word("run", &id)).unwrap_or_default();
    let users = terminal::counted(total, "user");
    let again = tell_of("if it is interrupted, `cogtok user create {run}{p} --resume` continues it");
    terminal::note(&format!("run {id}: {users}; {again}"));
    if let Some(end) = journal.run().and_then(|run| run.borrow().head.ends_at) {
        let end = moment(u64::try_from(end).unwrap_or_default());
        let reap = tell_of("`cogtok user reap{p}` deletes its users from then on");
        terminal::note(&format!("it ends at {end}: {reap}"));
    }
    signals::set_last_words(Some(tell_of("interrupted; `cogtok user create {run}{p} --resume` continues the run")));
    signals::set_patient(true);
    let count = || look(|run| run.count(&[State::Done, State::Skipped]));
    let progress = Progress::new("creating users", "created", total);
    let is_streamed = app.output(&FORMS)? == Output::Jsonl;
    let stream = RefCell::new(Stream::default());
    if let Some(run) = journal.run().filter(|_| is_streamed) {
        stream.borrow_mut().add_all(&mut run.borrow_mut());
    }
    let tell = |seat: usize, name: &str, failed: usize| {
        progress.at(count(), failed, name);
        if let Some(run) = journal.run().filter(|_| is_streamed) {
            stream.borrow_mut().add(&mut run.borrow_mut(), seat);
        }
    };
    let outcome = RefCell::new(Outcome::default());
    let ended = app.block_on_streaming(async {
        let admin = Admin::new(&app.wire()?, profile).await?.paced();
        create_users::make(&admin, &journal, &manner, &outcome, tell).await;
        Ok(())
    });
    let mut outcome = outcome.into_inner();
    let is_late = manner.is_late() && count() < total;
    let throttling = manner.pace.throttling().filter(|_| is_late);
    if let Some(error) = throttling.or(ended.err()).or_else(|| is_late.then(|| app.late())) {
        outcome.ended_by.get_or_insert(error);
    }
    drop(progress);
    signals::set_patient(false);
    signals::set_last_words(None);
    let done = count();
    let mut carded = Ok(());
    if let Some(run) = journal.run() {
        let mut run = run.borrow_mut();
        if let Err(error) = run_end::name_skipped(&mut run) {
            log::warn!(target: "cogtok", "{error}");
        }
        note_some(app, profile, &mut run);
        // The users created so far are printed, however the run ended.
        if done > 0 {
            carded = cards.write(app, profile, &mut run);
            if is_streamed {
                stream.into_inner().end()?;
            } else {
                run_output::print(app, &mut run)?;
            }
        }
    }
    if done == total {
        return carded;
    }
    if let Err(error) = carded {
        log::warn!(target: "cogtok", "{error}");
    }
    Err(match journal.run() {
        Some(run) => run_end::unfinished(&mut run.borrow_mut(), outcome),
        None => Error::new(Kind::Failure, "there is no run"),
    })
}

/// Leaves the first names for completion.
fn note_some(app: &App, profile: &Profile, run: &mut Run) {
    let some: Vec<Record> = (0..run.len().min(60)).filter_map(|seat| run.outline(seat).ok()).collect();
    let groups = some.first().and_then(|record| record.group.as_deref());
    note_seen(app, profile, some.iter().map(|record| record.username.as_str()), groups);
}
