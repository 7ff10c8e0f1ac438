//! `cogtok user delete`: users out of the pool.

use std::collections::BTreeMap;

use clap::Args;
use cogtok::aws::admin::{Admin, User};
use cogtok::error::{Advice, Error, Kind, Result, printable};

use super::batch::{Batch, Deed};
use super::create_many;
use super::left_here::LeftHere;
use super::pool_user::no_such_user;
use super::selection::Selection;
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
    let (admin, left) = (admin()?, LeftHere::of_pool(app, &profile)?);
    let found: BTreeMap<&str, &User> = selected.found().iter().map(|user| (user.username.as_str(), user)).collect();
    let batch = Batch { names: &names, deed: Deed::new("deleted"), is_quiet: false };
    let deleted = batch.run(app, async |name: &str| {
        let aliases = aliases(&admin, found.get(name).copied(), name).await?;
        // A found user that has since been deleted by somebody else counts as deleted.
        if !admin.delete(name).await? && found.is_empty() && args.users.run.is_none() {
            return Err(no_such_user(name));
        }
        left.forget(&aliases).map_err(|error| error.context(&format!("deleted user {}", printable(name, 128))))
    });
    if let (Ok(()), Some(wanted)) = (&deleted, &args.users.run) {
        // The run's record has nothing left to say.
        let run = create_many::find(app, wanted)?;
        run::forget(run.path(), app.deadline())?;
        terminal::note(&format!("deleted run {}", run.head.run));
    }
    deleted
}

/// Refuses a run that was stopped in the middle of a request: its record has the only knowledge of a user that Cognito may have created.
fn refuse_unfinished(run: &Run) -> Result<()> {
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
    let names = |user: &User| [Some(user.username.clone()), user.sub.clone(), user.email.clone()];
    let known = match found {
        Some(user) => Some(names(user)),
        None if name.contains('@') => None,
        None => admin.get(name).await?.as_ref().map(names),
    };
    Ok(known.into_iter().flatten().flatten().chain([name.to_owned()]).collect())
}
