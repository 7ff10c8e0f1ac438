//! `cogtok user reap`: the users of runs that have ended, out of the pool.

use std::path::PathBuf;

use clap::Args;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;
use serde_json::{Value, json};

use super::batch::is_of_all;
use super::chosen::Selected;
use super::delete::{delete, refuse_unfinished};
use super::failures::NAMED;
use super::runs::profile_of;
use super::selection::made_by;
use crate::app::App;
use crate::app::options::Output;
use crate::env;
use crate::io::terminal;
use crate::services::journal::run::{Run, runs};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Delete the users of runs that have ended
///
/// A run ends at the time that `--ttl` of `cogtok user create` set. `reap` shows the users that it would delete, and asks first. It
/// deletes only users that the runs created, with their tokens, sessions and secrets on this machine, and then the runs. If some
/// can't be deleted the exit code is 10: run the same command again for the others.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user create --count 40 --ttl 3d -p ws -o csv >seats.csv\n  \
    cogtok user reap -p ws --dry-run\n  \
    cogtok user reap -p ws --yes")]
pub struct Reap {
    /// List the users that would be deleted, and delete none
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// A run that has ended. Its files are open only while it is looked at or deleted, since there may be more runs than files that a
/// process may have open.
struct Ended {
    run: String,
    path: PathBuf,
}

impl Ended {
    /// The users that it created, as they are now.
    fn peek(&self) -> Result<Selected> {
        made_by(Run::peek(&self.path)?)
    }

    /// The same, and keeps other processes from it.
    fn hold(&self, app: &App) -> Result<Selected> {
        let run = Run::open(&self.path, app.deadline())?;
        refuse_unfinished(&run, "nothing was deleted")?;
        made_by(run)
    }
}

pub fn run(app: &App, args: &Reap) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let (ended, others) = ended(app, &profile)?;
    let none = if others == 0 { "no run has ended" } else { "no run of this pool has ended" };
    if args.dry_run {
        if ended.is_empty() {
            terminal::note(none);
        }
        return match form {
            Output::Json => terminal::data(&terminal::json(&as_json(&ended)?)).map(drop),
            _ => ended.iter().try_for_each(|one| one.peek()?.print()),
        };
    }
    if ended.is_empty() {
        terminal::note(&format!("{none}: nothing was deleted"));
        return Ok(());
    }
    let (runs, mut done, mut failed) = (ended.len(), 0, Vec::new());
    let mut to_delete = Vec::new();
    for one in ended {
        // Waits for a process that is at work on it, so that the question is about all its users.
        match one.hold(app) {
            Ok(users) => to_delete.push((one, users.len())),
            Err(error) => failed.push((one.run, error)),
        }
    }
    let total = to_delete.iter().map(|(_, users)| users).sum::<usize>();
    if !args.yes && !to_delete.is_empty() {
        if terminal::can_ask() {
            show(&to_delete, total)?;
        }
        let question = match (total, to_delete.as_slice()) {
            (1, [_]) => format!("Delete the user of a run that has ended in pool {pool}?"),
            (_, [_]) => format!("Delete the {total} users of a run that has ended in pool {pool}?"),
            (_, several) => {
                format!("Delete the {total} users of {} runs that have ended in pool {pool}?", several.len())
            }
        };
        if !terminal::confirm(&question, "add `--yes`")? {
            return Err(Error::new(Kind::Failure, "nothing was deleted"));
        }
    }
    for (one, count) in to_delete {
        // The answer, and the runs before, took their time.
        app.extend_default_timeout();
        let deleted = one.hold(app).and_then(|mut users| {
            if users.len() > count {
                let why = "users were added to it after the question: none of its users was deleted";
                return Err(Error::new(Kind::Failure, why).hint("look at them: cogtok user reap --dry-run{p}"));
            }
            delete(app, &profile, &mut users)
        });
        // With one that can't be deleted the others still are, unless it would be the same with them.
        let Err(error) = deleted else {
            done += 1;
            continue;
        };
        let is_over = is_of_all(&error) || app.is_out_of_time();
        failed.push((one.run, error));
        if is_over {
            break;
        }
    }
    unfinished(runs, done, failed)
}

/// The runs of the profile's pool that have ended, the newest first. Those of other pools are only named and counted.
fn ended(app: &App, profile: &Profile) -> Result<(Vec<Ended>, usize)> {
    let now = i64::try_from(env::now() / 1000).unwrap_or_default();
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    let (mut ended, mut others) = (Vec::new(), 0);
    for run in runs(app.dirs().state.as_deref())?.into_iter().filter(|run| run.head.has_ended(now)) {
        if run.head.origin == origin && run.head.user_pool_id == pool {
            ended.push(Ended { run: run.head.run.clone(), path: run.path().to_path_buf() });
            continue;
        }
        let (id, its) = (&run.head.run, printable(&run.head.user_pool_id, 60));
        others += 1;
        terminal::note(&format!("run {id} of pool {its} has ended"));
        if let Some(other) = profile_of(app, &run.head.origin, &run.head.user_pool_id) {
            terminal::hint(Advice::new("delete its users: cogtok user reap -p {profile}").word("profile", &other));
        }
    }
    Ok((ended, others))
}

fn show(ended: &[(Ended, usize)], total: usize) -> Result<()> {
    let mut left = NAMED;
    for (one, users) in ended {
        if left == 0 {
            break;
        }
        for user in one.peek()?.users(false)?.take(left) {
            terminal::note(&format!("  {}", printable(&user?.shown, 128)));
        }
        left = left.saturating_sub(*users);
    }
    if total > NAMED {
        terminal::note(&format!("  and {} more: `--dry-run` lists them", total - NAMED));
    }
    Ok(())
}

fn as_json(ended: &[Ended]) -> Result<Value> {
    let mut all = Vec::new();
    for one in ended {
        for user in one.peek()?.users(false)? {
            all.push(json!({ "run": one.run, "username": user?.name }));
        }
    }
    Ok(Value::Array(all))
}

/// The error for runs whose users are not all deleted.
fn unfinished(runs: usize, done: usize, failed: Vec<(String, Error)>) -> Result<()> {
    let mut failed = failed.into_iter();
    let Some((id, first)) = failed.next() else { return Ok(()) };
    if runs == 1 {
        return Err(first);
    }
    failed.for_each(|(id, error)| log::warn!(target: "cogtok", "run {id}: {error}"));
    let kind = if done == 0 { first.kind() } else { Kind::Partial };
    let left = runs.saturating_sub(done);
    Err(first.context(&format!("{left} of {runs} runs are not done; run {id}")).with_kind(kind))
}
