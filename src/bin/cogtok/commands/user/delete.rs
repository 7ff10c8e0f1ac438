//! `cogtok user delete`: users out of the pool.

use clap::Args;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;

use super::batch::{Batch, Deed};
use super::chosen::{Chosen, Selected};
use super::failures::NAMED;
use super::left_here::LeftHere;
use super::pool_user::no_such_user;
use super::selection::Selection;
use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::services::journal::State;
use crate::services::journal::run::Run;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Delete users, with their tokens, sessions and secrets on this machine
///
/// It asks first, and shows whom it would delete. Where some can't be deleted the exit code is 10: the same command goes on
/// with those who are left.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user delete test-abc@example.com -p ws --yes\n  \
    cogtok user delete --group class --created-before 3d -p ws\n  \
    cogtok user delete --run 0123456789abcdef -p ws --yes\n  \
    cogtok user delete --filter 'email ^= \"seat-\"' -p ws --dry-run\n  \
    cogtok user delete --status UNCONFIRMED -p ws --yes")]
pub struct Delete {
    #[command(flatten)]
    users: Selection,
    /// List the users that would be deleted, and delete none
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    let form = app.output(&FORMS)?;
    args.users.check()?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    // Named users need no look-up before the question.
    let mut selected = match args.users.named(app)? {
        Some(named) => named,
        None => {
            let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
            app.block_on_streaming(args.users.find(&admin))?
        }
    };
    if !args.dry_run {
        selected.hold(app.deadline())?;
    }
    selected.run().map_or(Ok(()), |run| refuse_unfinished(run, "nothing was deleted"))?;
    if args.dry_run {
        if selected.len() == 0 {
            terminal::note("no user matches");
        }
        return if form == Output::Json { selected.print_json() } else { selected.print() };
    }
    let total = selected.len();
    if total == 0 {
        tell_no_user(selected.run(), "nothing was deleted");
        return Ok(());
    }
    if !args.yes {
        let first = if total == 1 { selected.users(false)?.next().transpose()? } else { None };
        let question = match first {
            Some(user) => format!("Delete user {} of pool {pool}?", printable(&user.shown, 128)),
            None => format!("Delete these {total} users of pool {pool}?"),
        };
        if total > 1 && terminal::can_ask() {
            selected.show()?;
        }
        if !terminal::confirm(&question, "add `--yes`")? {
            return Err(Error::new(Kind::Failure, "nothing was deleted"));
        }
    }
    delete(app, &profile, &mut selected)
}

/// Says that there is no user to change, and why `so`. Where a run has nothing but users whom it left unchanged, its record can go.
pub fn tell_no_user(run: Option<&Run>, so: &str) {
    let Some(run) = run else { return terminal::note(&format!("no user matches: {so}")) };
    let id = &run.head.run;
    // The record has the passwords of users who were there before as well.
    let set = run.count(&[State::Created, State::Done]);
    if set > 0 {
        let (whom, verb) = (terminal::counted(set, "user"), if set == 1 { "is" } else { "are" });
        return terminal::note(&format!("{whom} of run {id} existed before it and {verb} left unchanged: {so}"));
    }
    terminal::note(&format!("run {id} created no user: {so}"));
    if run.count(&[State::Intent]) == 0 {
        terminal::hint(Advice::new("delete its record: cogtok user runs forget {run}{p}").word("run", id));
    }
}

/// Deletes the users who were selected, and drops the run where they are those of one, which is held. It needs no password of
/// the run.
///
/// # Errors
/// As [`Batch::run`]: the run stays then, and the next call goes on with it.
pub fn delete(app: &App, profile: &Profile, selected: &mut Selected) -> Result<()> {
    // Waiting for another process may have taken all of it.
    app.extend_default_timeout();
    let admin = app.block_on(async { Admin::new(&app.wire()?, profile).await })?;
    let left = LeftHere::of_pool(app, profile)?;
    let (total, is_named) = (selected.len(), matches!(selected, Selected::Named(_)));
    let batch = Batch { total, doing: "deleting users", deed: Deed::new("deleted").in_doubt(IN_DOUBT), is_quiet: true };
    batch.run(app, selected.users(false)?, async |user: &Chosen| {
        let name = user.name.as_str();
        let aliases = match &user.sub {
            None => aliases(&admin, user).await?,
            // The run's user may be gone, and somebody else may have made another of that name.
            Some(sub) => match admin.get(name).await? {
                Some(there) if there.sub.as_ref().is_some_and(|there| there != sub) => {
                    let name = printable(&user.shown, 128);
                    log::warn!(target: "cogtok", "{name} is not the user that the run created; cogtok left it unchanged");
                    return left.forget(std::slice::from_ref(sub));
                }
                Some(there) => all_names(&there).into_iter().chain([name.to_owned()]).collect(),
                None => vec![sub.clone(), name.to_owned()],
            },
        };
        // A found user that has since been deleted by somebody else counts as deleted.
        if !admin.delete(name).await? && is_named {
            return Err(no_such_user(&user.shown));
        }
        let done = Deed::new("deleted").of(&user.shown);
        left.forget(&aliases).map_err(|error| error.context(&done))?;
        if total <= NAMED {
            terminal::note(&done);
        }
        Ok(())
    })?;
    if let Some(run) = selected.run() {
        // The run's record has nothing left to say.
        app.forget_run(run)?;
        terminal::note(&format!("deleted run {}", run.head.run));
    }
    Ok(())
}

/// What is said of a user of whom Cognito did not answer.
const IN_DOUBT: &str = "Cognito may have deleted {user}: the same command goes on with those who are left";

/// Refuses a run that was stopped in the middle of a request: its record has the only knowledge of a user that Cognito may have created.
pub fn refuse_unfinished(run: &Run, so: &str) -> Result<()> {
    let open = run.count(&[State::Intent]);
    if open == 0 {
        return Ok(());
    }
    let (id, users) = (&run.head.run, if open == 1 { "one user".to_owned() } else { format!("{open} users") });
    let why = format!("run {id} was stopped before Cognito answered for {users}: {so}");
    Err(Error::new(Kind::Failure, why)
        .hint(Advice::new("finish the run first: cogtok user create {run} --resume{p}").text("run", id)))
}

/// All names of a user: tokens are cached under the one that was typed when they were asked for, which is mostly the address.
async fn aliases(admin: &Admin, user: &Chosen) -> Result<Vec<String>> {
    let mut known = match &user.aliases {
        Some(aliases) => aliases.clone(),
        None if user.name.contains('@') => Vec::new(),
        None => admin.get(&user.name).await?.as_ref().map(all_names).unwrap_or_default(),
    };
    known.push(user.name.clone());
    Ok(known)
}

fn all_names(user: &User) -> Vec<String> {
    [Some(user.username.clone()), user.sub.clone(), user.email.clone()].into_iter().flatten().collect()
}
