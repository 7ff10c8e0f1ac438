//! `cogtok user runs`: the users that were begun and not finished, as the journal has them.

use std::path::Path;

use crate::services::journal;
use crate::services::journal::run::{self, Run};
use crate::services::journal::{Journal, Record, State};
use clap::{Args, Subcommand};
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ProfileName;
use serde_json::{Value, json};

use super::find_run;
use crate::app::options::Output;
use crate::app::{App, as_written};
use crate::env;
use crate::io::moment::day;
use crate::io::table::{fits, is_for_programs, table};
use crate::io::terminal;

const FORMS: [Output; 3] = [Output::Table, Output::Json, Output::Jsonl];

/// The most records that are printed one by one.
const NAMED: usize = 5;

/// List runs and unfinished users, or delete a record
///
/// STATE of a run is how many of its users are done, as in `3 done`: then they are created, or left unchanged since they existed.
/// STATE of a single user is `asked` where Cognito may have created it, `made` where it has and a later step is missing, and
/// `done` where only nobody has seen the password. PROFILE is a profile of the pool, the one in use if it is. `cogtok user create --resume -p PROFILE` finishes
/// its single users, and where there are none its only unfinished run; `cogtok user create RUN --resume -p PROFILE` finishes a run.
/// A narrow terminal shows POOL only where there is no such profile.
/// ENDS is the time that `--ttl` set: `cogtok user reap` deletes the users of runs that have ended. Passwords are not shown.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user runs\n  \
    cogtok user runs --json | jq -r 'map(select(.users))[0].run'\n  \
    cogtok user runs forget 0123456789abcdef")]
pub struct Runs {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Delete the record of a user or a run, with the passwords in it
    Forget(Forget),
}

/// Delete the record of a user or a run, with the passwords in it
///
/// The users, if Cognito has created them, stay as they are. cogtok prints first what the record holds.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok user runs forget 0123456789abcdef --yes")]
struct Forget {
    /// The run, as `cogtok user runs` lists it, or how it begins
    run: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: Runs) -> Result<()> {
    match args.command {
        None => list(app),
        Some(Command::Forget(args)) => forget(app, &args),
    }
}

fn list(app: &App) -> Result<()> {
    let form = app.output(&FORMS)?;
    let records = journal::records(app.dirs().state.as_deref())?;
    let runs = run::runs(app.dirs().state.as_deref())?;
    app.allow_missing_config();
    if form != Output::Table {
        let list = records.iter().map(|record| as_json(app, record));
        let mut list = list.chain(runs.iter().map(|run| run_as_json(app, run)));
        let text = match form {
            Output::Jsonl => list.map(|one| terminal::json_line(&one)).collect(),
            _ => terminal::json(&Value::Array(list.by_ref().collect())),
        };
        return terminal::data(&text).map(drop);
    }
    if records.is_empty() && runs.is_empty() {
        terminal::note("there are no runs and no unfinished users");
        return Ok(());
    }
    let has_ends = runs.iter().any(|run| run.head.ends_at.is_some());
    let (now, columns) = (now(), if has_ends { 7 } else { 6 });
    let row = |row: [String; 7]| row.into_iter().take(columns).collect();
    let rows = records.iter().map(|record| {
        let profile = profile_of(app, &record.origin, &record.user_pool_id).map(|name| name.to_string());
        row([
            record.id().to_owned(),
            printable(&record.username, 128),
            profile.unwrap_or_default(),
            printable(&record.user_pool_id, 60),
            word(record.state).to_owned(),
            day(record.begun_at),
            String::new(),
        ])
    });
    let rows = rows.chain(runs.iter().map(|run| {
        let head = &run.head;
        let profile = profile_of(app, &head.origin, &head.user_pool_id).map(|name| name.to_string());
        let end = head.ends_at.map(day).unwrap_or_default();
        row([
            head.run.clone(),
            terminal::counted(run.len(), "user"),
            profile.unwrap_or_default(),
            printable(&head.user_pool_id, 60),
            format!("{} done", run.count(&FINISHED)),
            day(head.begun_at),
            if head.has_ended(now) { format!("{end} (ended)") } else { end },
        ])
    }));
    let mut header = ["RUN", "USER", "PROFILE", "POOL", "STATE", "BEGUN", "ENDS"][..columns].to_vec();
    let mut rows: Vec<Vec<String>> = rows.collect();
    // An id in two pieces can't be copied, and the profile says which pool it is.
    if rows.iter().all(|row| row[PROFILE].is_empty()) && !is_for_programs() {
        header.remove(PROFILE);
        rows.iter_mut().for_each(|row| drop(row.remove(PROFILE)));
    } else if !fits(&header, &rows) {
        header.remove(POOL);
        rows.iter_mut().for_each(|row| {
            let pool = row.remove(POOL);
            if row[PROFILE].is_empty() {
                row[PROFILE] = pool;
            }
        });
    }
    terminal::data(&table(&header, rows)).map(drop)
}

/// The columns that say where a run is.
const PROFILE: usize = 2;
const POOL: usize = 3;

fn now() -> i64 {
    i64::try_from(env::now() / 1000).unwrap_or_default()
}

/// The states in which nothing is left to do.
const FINISHED: [State; 2] = [State::Done, State::Skipped];

fn run_as_json(app: &App, run: &Run) -> Value {
    let head = &run.head;
    json!({
        "run": head.run,
        "users": run.len(),
        "done": run.count(&FINISHED),
        "user_pool_id": head.user_pool_id,
        "endpoint": head.origin,
        "profiles": profiles(app, &head.origin, &head.user_pool_id).iter().map(ProfileName::as_str).collect::<Vec<_>>(),
        "begun_at": head.begun_at,
        "ends_at": head.ends_at,
    })
}

/// Drops a run of many users.
fn forget_run(app: &App, args: &Forget, path: &Path) -> Result<()> {
    let run = Run::open(path, app.deadline())?;
    let (done, total) = (run.count(&FINISHED), run.len());
    let pool = printable(&run.head.user_pool_id, 60);
    let users = terminal::counted_of(done, total, "user");
    terminal::note(&format!("run {}: created {users} of pool {pool}", run.head.run));
    if !args.yes {
        terminal::note(&format!("their passwords are in {}", run.path().display()));
        if !terminal::confirm("Delete the run, with the passwords?", "add `--yes`")? {
            return Err(Error::new(Kind::Failure, "nothing was deleted"));
        }
    }
    app.forget_run(&run)?;
    terminal::note(&format!("deleted run {}", run.head.run));
    Ok(())
}

fn forget(app: &App, args: &Forget) -> Result<()> {
    // Waits for a concurrent `user create`.
    let journal = Journal::to_resume(app.dirs().state.as_deref(), app.deadline())?;
    let records = journal.records()?;
    let fits = |record: &&Record| !args.run.is_empty() && record.id().starts_with(&args.run.to_ascii_lowercase());
    let found: Vec<&Record> = records.iter().filter(fits).collect();
    let record = match found.as_slice() {
        [record] => *record,
        [] => {
            let runs = run::runs(app.dirs().state.as_deref())?;
            let fits = |run: &&Run| !args.run.is_empty() && run.head.run.starts_with(&args.run.to_ascii_lowercase());
            let mut fitting = runs.iter().filter(fits);
            if let (Some(run), None) = (fitting.next(), fitting.next()) {
                // Who goes on with the run waits for the journal, and has the run already.
                drop(journal);
                return forget_run(app, args, run.path());
            }
            return Err(Error::new(Kind::Failure, format!("there is no run {}", printable(&args.run, 40)))
                .hint("the runs: cogtok user runs{p}"));
        }
        several => {
            let ids: Vec<&str> = several.iter().take(NAMED).map(|record| record.id()).collect();
            return Err(Error::usage(format!("{} runs begin with that: {}", several.len(), ids.join(", "))));
        }
    };
    let file = journal.file_of(record);
    let held = match record.state {
        State::Planned | State::Skipped => "nothing was sent",
        State::Intent => "cogtok does not know whether Cognito created the user",
        State::Created => "the user exists, and a later step is missing",
        State::Done => "the user exists, and the password has not been printed",
    };
    let (user, pool) = (printable(&record.username, 128), printable(&record.user_pool_id, 60));
    terminal::note(&format!("run {}: user {user} of pool {pool} at {}", record.id(), printable(&record.origin, 120)));
    terminal::note(&format!("{held}; the only copy of its password is in {}", file.display()));
    if !args.yes && !terminal::confirm(&format!("Delete the record of {user}, with the password?"), "add `--yes`")? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    journal.remove(record)?;
    terminal::note(&format!("deleted the record of {user}"));
    Ok(())
}

/// Names the runs that are left after single users were finished: each is printed in a form of its own, so a command finishes each.
///
/// # Errors
/// As [`find_run::all_unfinished`].
pub fn name_unfinished(app: &App, profile: &Profile) -> Result<()> {
    for run in find_run::all_unfinished(app, profile)?.0 {
        let (id, done) = (&run.head.run, run.count(&FINISHED));
        let users = terminal::counted_of(done, run.len(), "user");
        terminal::note(&format!("run {id} is not finished: created {users}"));
        terminal::hint(Advice::new("continue it: cogtok user create {run}{p} --resume").word("run", id));
    }
    Ok(())
}

/// The profile to continue a record or a run with: the one in use if it is of that pool, else the first.
pub fn profile_of(app: &App, origin: &str, pool: &str) -> Option<ProfileName> {
    let all = profiles(app, origin, pool);
    let in_use = app.profile_name().ok().flatten().filter(|name| all.contains(name));
    in_use.or_else(|| all.into_iter().next())
}

/// The profiles of the pool of a record or a run.
fn profiles(app: &App, origin: &str, pool: &str) -> Vec<ProfileName> {
    let Ok(config) = app.config() else { return Vec::new() };
    let is_of = |name: &ProfileName| {
        as_written(config, name).is_ok_and(|profile| {
            profile.user_pool_id.as_ref().is_some_and(|its| its.as_str() == pool)
                && profile.cognito_idp_origin().is_ok_and(|its| its == origin)
        })
    };
    config.names().into_iter().filter(is_of).collect()
}

const fn word(state: State) -> &'static str {
    match state {
        State::Planned => "planned",
        State::Intent => "asked",
        State::Created => "made",
        State::Done => "done",
        State::Skipped => "skipped",
    }
}

fn as_json(app: &App, record: &Record) -> Value {
    json!({
        "run": record.id(),
        "username": record.username,
        "group": record.group,
        "user_pool_id": record.user_pool_id,
        "endpoint": record.origin,
        "profiles": profiles(app, &record.origin, &record.user_pool_id).iter().map(ProfileName::as_str).collect::<Vec<_>>(),
        "state": word(record.state),
        "begun_at": record.begun_at,
    })
}
