//! `cogtok user reap`: the users of runs that have ended, out of the pool.

use clap::Args;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;
use serde_json::{Value, json};

use super::chosen::Selected;
use super::delete::{delete, refuse_unfinished};
use super::failures::NAMED;
use super::runs::profiles;
use super::selection::made_by;
use crate::app::App;
use crate::app::options::Output;
use crate::env;
use crate::io::terminal;
use crate::services::journal::run::runs;

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

/// A run that has ended, with the users that it created.
struct Ended {
    run: String,
    users: Selected,
}

pub fn run(app: &App, args: &Reap) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let mut ended = ended(app, &profile)?;
    if args.dry_run {
        return match form {
            Output::Json => terminal::data(&terminal::json(&as_json(&mut ended)?)).map(drop),
            _ => ended.iter_mut().try_for_each(|one| one.users.print()),
        };
    }
    if ended.is_empty() {
        terminal::note("no run has ended: nothing was deleted");
        return Ok(());
    }
    let (runs, mut failed) = (ended.len(), Vec::new());
    let mut held = Vec::new();
    for mut one in ended {
        let is_held = one.users.hold(app.deadline());
        match is_held.and_then(|()| one.users.run().map_or(Ok(()), refuse_unfinished)) {
            Ok(()) => held.push(one),
            Err(error) => failed.push((one.run, error)),
        }
    }
    let total = held.iter().map(|one| one.users.len()).sum::<usize>();
    if !args.yes && !held.is_empty() {
        if terminal::can_ask() {
            show(&mut held, total)?;
        }
        let question = match (total, held.as_slice()) {
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
    for Ended { run, mut users } in held {
        // With one that can't be deleted the others still are, unless it would be the same with them.
        if let Err(error) = delete(app, &profile, &mut users) {
            let is_over = matches!(error.kind(), Kind::AwsCredentials | Kind::Config | Kind::Usage);
            failed.push((run, error));
            if is_over {
                break;
            }
        }
    }
    unfinished(runs, failed)
}

/// The runs of the profile's pool that have ended, the newest first; those of other pools are only named.
fn ended(app: &App, profile: &Profile) -> Result<Vec<Ended>> {
    let now = i64::try_from(env::now() / 1000).unwrap_or_default();
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    let mut ended = Vec::new();
    for run in runs(app.dirs().state.as_deref()).into_iter().filter(|run| run.head.has_ended(now)) {
        if run.head.origin == origin && run.head.user_pool_id == pool {
            ended.push(Ended { run: run.head.run.clone(), users: made_by(run)? });
            continue;
        }
        let (id, its) = (&run.head.run, printable(&run.head.user_pool_id, 60));
        terminal::note(&format!("run {id} of pool {its} has ended as well"));
        if let Some(other) = profiles(app, &run.head.origin, &run.head.user_pool_id).first() {
            terminal::hint(Advice::new("delete its users: cogtok user reap -p {profile}").word("profile", other));
        }
    }
    Ok(ended)
}

fn show(ended: &mut [Ended], total: usize) -> Result<()> {
    let mut left = NAMED;
    for one in ended {
        for user in one.users.users(false)?.take(left) {
            terminal::note(&format!("  {}", printable(&user?.shown, 128)));
        }
        left = left.saturating_sub(one.users.len());
    }
    if total > NAMED {
        terminal::note(&format!("  and {} more: `--dry-run` lists them", total - NAMED));
    }
    Ok(())
}

fn as_json(ended: &mut [Ended]) -> Result<Value> {
    let mut all = Vec::new();
    for Ended { run, users } in ended {
        for user in users.users(false)? {
            all.push(json!({ "run": run, "username": user?.name }));
        }
    }
    Ok(Value::Array(all))
}

/// The error for runs whose users are not all deleted.
fn unfinished(runs: usize, failed: Vec<(String, Error)>) -> Result<()> {
    let count = failed.len();
    let mut failed = failed.into_iter();
    let Some((id, first)) = failed.next() else { return Ok(()) };
    if runs == 1 {
        return Err(first);
    }
    failed.for_each(|(id, error)| log::warn!(target: "cogtok", "run {id}: {error}"));
    let kind = if count == runs { first.kind() } else { Kind::Partial };
    Err(first.context(&format!("{count} of {runs} runs are not done; run {id}")).with_kind(kind))
}
