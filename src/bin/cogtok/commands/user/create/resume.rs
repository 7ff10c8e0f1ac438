//! `cogtok user create --resume`: finishes the users that an earlier call did not finish.

use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::profile::Profile;

use super::delivery::{FORMS, hand_over};
use super::{Create, if_exists};
use crate::app::App;
use crate::commands::user::{create_many, elsewhere, find_run, runs};
use crate::services::create_user;
use crate::services::create_user::{Judge, PasswordProof};
use crate::services::journal::run::Run;
use crate::services::journal::{Journal, Record};

/// The users who were begun one by one, or a run.
pub fn resume_all(app: &App, args: &Create, profile: &Profile) -> Result<()> {
    let state = app.dirs().state.as_deref();
    let journal = Journal::to_resume(state, app.deadline())?;
    let records = journal.records()?;
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    // Records of other pools are finished with other profiles.
    let here = || records.iter().filter(|record| record.origin == origin && record.user_pool_id == pool);
    let is_user = |name: &str| here().any(|record| record.username == name);
    let run = match &args.email {
        Some(name) if is_run(name) && !is_user(name) => Some(name.clone()),
        None if here().next().is_none() => find_run::unfinished(app, profile)?,
        _ => None,
    };
    let Some(run) = run else {
        if args.if_exists.is_some() {
            return Err(no_run_to_decide_about());
        }
        if args.cards.is_given() {
            let error = Error::usage("`--cards` is for the users of a run, and no run is to be finished");
            return Err(error.hint("name the run before `--resume`; the runs: cogtok user runs{p}"));
        }
        if let Some(user) = here().find(|record| args.email.as_ref().is_none_or(|name| *name == record.username)) {
            app.output(&FORMS).map_err(|error| of_single_user(app, profile, user, error))?;
        }
        return resume_users(app, args, profile, &journal);
    };
    drop(journal);
    if args.group.is_some() || args.no_group {
        return Err(Error::usage("the groups of a run can't be changed").hint("create the group that is missing"));
    }
    let decided = args.if_exists.map(|_| if_exists(args));
    create_many::resume(app, &args.many, &args.cards, profile, &run, decided)
}

fn resume_users(app: &App, args: &Create, profile: &Profile, journal: &Journal) -> Result<()> {
    let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id()?.as_str());
    let is_wanted = |record: &Record| {
        record.origin == origin
            && record.user_pool_id == pool
            && args.email.as_ref().is_none_or(|email| *email == record.username)
    };
    let (mut records, others): (Vec<Record>, Vec<Record>) = journal.records()?.into_iter().partition(is_wanted);
    if records.is_empty() {
        return elsewhere::report(app, profile, args.email.as_deref(), &others);
    }
    if args.group.is_some() || args.no_group {
        let [record] = records.as_mut_slice() else {
            let names: Vec<&str> = records.iter().take(5).map(|record| record.username.as_str()).collect();
            let named = printable(&names.join(", "), 300);
            return Err(Error::usage(format!("{} users are to be finished: say whose group it is", records.len()))
                .hint(format!("name one of them before `--resume`: {named}")));
        };
        record.group.clone_from(&args.group);
        journal.write(record)?;
    }
    let admin = app.block_on(async { Admin::new(&app.wire()?, profile).await })?;
    let mut failed = None;
    let proof = PasswordProof::of(app, profile);
    for mut record in records {
        // A user that can't be finished must not block the others.
        let judge = Judge { proof: proof.as_ref(), ..Judge::default() };
        let made = app.block_on(create_user::resume(&admin, journal, &mut record, judge));
        let named = |error| if create_user::names_user(&error) { error } else { error.context(&record.username) };
        let handed_over =
            made.map_err(named).and_then(|made| hand_over(app, args.save_password, profile, journal, &record, &made));
        if let Err(error) = handed_over
            && let Some(earlier) = failed.replace(error)
        {
            log::warn!(target: "cogtok", "{earlier}");
        }
    }
    if args.email.is_none() {
        runs::name_unfinished(app, profile)?;
    }
    failed.map_or(Ok(()), Err)
}

/// The error where a single user is to be finished first, who is not printed in the form of a run.
fn of_single_user(app: &App, profile: &Profile, user: &Record, error: Error) -> Error {
    let message = format!("{} is a single user: {}", printable(&user.username, 128), error.message());
    let first = Advice::new("finish the user first: cogtok user create {user}{p} --resume");
    let error = error.with_message(message).hint(first.word("user", &user.username));
    let runs = find_run::all_unfinished(app, profile).map(|(here, _)| here).unwrap_or_default();
    let next =
        |run: &Run| Advice::new("continue the run: cogtok user create {run}{p} --resume").word("run", &run.head.run);
    runs.first().map(next).into_iter().fold(error, Error::hint)
}

pub fn no_run_to_decide_about() -> Error {
    let error = Error::usage("`--resume` cannot be used with `--if-exists` where no run is named");
    error.hint("name the run before `--resume`; the runs: cogtok user runs{p}")
}

/// Whether this may be the id of a run, or how one begins: a user's name may look the same.
pub fn is_run(name: &str) -> bool {
    !name.contains('@') && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
