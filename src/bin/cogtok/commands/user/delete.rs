//! `cogtok user delete`: users out of the pool.

use std::collections::BTreeMap;

use clap::Args;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;

use super::batch::{Batch, Deed, NAMED};
use super::create_many;
use super::left_here::LeftHere;
use super::pool_user::no_such_user;
use super::selection::{Selected, Selection};
use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::services::journal::State;
use crate::services::journal::run::{self, Run};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Delete users, and forget their tokens, sessions and secrets here
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
    let admin = || app.block_on(async { Admin::new(&app.wire()?, &profile).await });
    // Named users need no look-up before the question.
    let selected = match args.users.named(app)? {
        Some(named) => named,
        None => {
            let admin = admin()?;
            app.block_on_streaming(args.users.find(&admin))?
        }
    };
    let names = selected.names();
    if let Some(wanted) = &args.users.run {
        refuse_unfinished(&create_many::find(app, wanted)?)?;
    }
    if args.dry_run {
        let text = if form == Output::Json { terminal::json(&selected.json()) } else { selected.text() };
        return terminal::data(&text).map(drop);
    }
    if names.is_empty() {
        terminal::note("no user matches: nothing was deleted");
        return Ok(());
    }
    let question = match names.as_slice() {
        [_] => format!("Delete user {} of pool {pool}?", selected.text().trim()),
        names => format!("Delete these {} users of pool {pool}?", names.len()),
    };
    if !args.yes && names.len() > 1 && terminal::can_ask() {
        selected.show();
    }
    if !args.yes && !terminal::confirm(&question, "add `--yes`")? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    let run = args.users.run.as_deref().map(|wanted| create_many::find(app, wanted)).transpose()?;
    delete(app, &profile, &selected, run.as_ref())
}

/// Deletes the users who were selected, and drops the run where they are those of one.
///
/// # Errors
/// As [`Batch::run`]: the run stays then, and the next call goes on with it.
pub fn delete(app: &App, profile: &Profile, selected: &Selected, run: Option<&Run>) -> Result<()> {
    let admin = app.block_on(async { Admin::new(&app.wire()?, profile).await })?;
    let left = LeftHere::of_pool(app, profile)?;
    let names = selected.names();
    let found: BTreeMap<&str, &User> = selected.found().iter().map(|user| (user.username.as_str(), user)).collect();
    let sub_of = |(at, name): (usize, &String)| Some((name.clone(), selected.sub(at)?));
    let subs: BTreeMap<String, &str> = names.iter().enumerate().filter_map(sub_of).collect();
    let batch = Batch { names: &names, deed: Deed::new("deleted"), is_quiet: true };
    batch.run(app, async |name: &str| {
        let known = found.get(name).copied();
        let aliases = match subs.get(name) {
            None => aliases(&admin, known, name).await?,
            // The run's user may be gone, and somebody else may have made another of that name.
            Some(sub) => match admin.get(name).await? {
                Some(user) if user.sub.as_deref().is_some_and(|there| there != *sub) => {
                    let name = printable(name, 128);
                    log::warn!(target: "cogtok", "{name} is not the user that the run created; cogtok left it unchanged");
                    return left.forget(&[(*sub).to_owned()]);
                }
                Some(user) => all_names(&user).into_iter().chain([name.to_owned()]).collect(),
                None => vec![(*sub).to_owned(), name.to_owned()],
            },
        };
        // A found user that has since been deleted by somebody else counts as deleted.
        if !admin.delete(name).await? && found.is_empty() && run.is_none() {
            return Err(no_such_user(name));
        }
        let done = Deed::new("deleted").of(name);
        left.forget(&aliases).map_err(|error| error.context(&done))?;
        if names.len() <= NAMED {
            terminal::note(&done);
        }
        Ok(())
    })?;
    if let Some(run) = run {
        // The run's record has nothing left to say.
        run::forget(run.path(), app.deadline())?;
        terminal::note(&format!("deleted run {}", run.head.run));
    }
    Ok(())
}

/// Refuses a run that was stopped in the middle of a request: its record has the only knowledge of a user that Cognito may have created.
pub fn refuse_unfinished(run: &Run) -> Result<()> {
    let open = run.count(&[State::Intent]);
    if open == 0 {
        return Ok(());
    }
    let (id, users) = (&run.head.run, if open == 1 { "one user".to_owned() } else { format!("{open} users") });
    let why = format!("run {id} was stopped before Cognito answered for {users}: nothing was deleted");
    Err(Error::new(Kind::Failure, why)
        .hint(Advice::new("finish the run first: cogtok user create {run} --resume{p}").text("run", id)))
}

/// All names of a user: tokens are cached under the one that was typed when they were asked for, which is mostly the address.
async fn aliases(admin: &Admin, found: Option<&User>, name: &str) -> Result<Vec<String>> {
    let known = match found {
        Some(user) => all_names(user),
        None if name.contains('@') => Vec::new(),
        None => admin.get(name).await?.as_ref().map(all_names).unwrap_or_default(),
    };
    Ok(known.into_iter().chain([name.to_owned()]).collect())
}

fn all_names(user: &User) -> Vec<String> {
    [Some(user.username.clone()), user.sub.clone(), user.email.clone()].into_iter().flatten().collect()
}
