//! `cogtok user try`: whether the users of a run can sign in, before they come.

use std::sync::Arc;

use clap::Args;
use cogtok::error::{Advice, AdviceKind, Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::user_pool::challenge::Challenge;
use cogtok::user_pool::sign_in::{Credentials, SignIn, Step};
use cogtok::user_pool::user_token;
use serde_json::json;

use super::failures::Failures;
use super::find_run;
use crate::app::App;
use crate::app::options::Output;
use crate::io::progress::Progress;
use crate::io::terminal;
use crate::services::journal::{Record, State};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Sign the users of a run in, to see that they can
///
/// Each user signs in at the profile's app client, with the password of the run. cogtok stores nothing. A temporary
/// password counts as good when Cognito accepts it and asks for a new one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user try --run 0123456789abcdef -p ws\n  \
    cogtok user try --run 0123456789abcdef -p ws --sample all")]
pub struct Try {
    /// The run, as `cogtok user runs` lists it, or how it begins
    #[arg(long, value_name = "RUN")]
    run: String,
    /// How many of its users: a number, or `all`
    #[arg(long, value_name = "N|all", default_value = "5", value_parser = sample)]
    sample: usize,
}

fn sample(text: &str) -> Result<usize, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(usize::MAX),
        (_, Ok(count)) if count > 0 => Ok(count),
        _ => Err("give 1 or more, or `all`".to_owned()),
    }
}

pub fn run(app: &App, args: &Try) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let mut run = find_run::find(app, &args.run)?;
    find_run::check_pool(&run, &profile)?;
    let made: Vec<usize> = (0..run.len()).filter(|seat| run.state(*seat) == State::Done).collect();
    if made.is_empty() {
        return Err(Error::new(Kind::Failure, format!("run {} has created no user yet", run.head.run))
            .hint(Advice::new("continue it: cogtok user create {run}{p} --resume").word("run", &run.head.run)));
    }
    app.unseal(&mut run)?;
    let client = app.stored_secret(&profile, &user_token::secret_binding(&profile, SecretKind::UserClient, None)?)?;
    let total = made.len().min(args.sample);
    let (mut failures, mut failed, mut has_wrong_password) = (Failures::default(), Vec::new(), false);
    let progress = Progress::new("signing in", "signed in", total);
    for at in 0..total {
        // Spread over the whole run.
        let Some(seat) = made.get(at * made.len() / total) else { continue };
        let record = run.record(*seat)?;
        progress.at(at - failures.count(), failures.count(), &record.username);
        app.extend_default_timeout();
        if let Err(error) = one(app, &profile, client.clone(), &record) {
            failed.push(json!({"username": record.username, "error": error.message()}));
            has_wrong_password |= is_about_password(&error);
            failures.add(&record.username, error.fill_word("user", &record.username));
        }
    }
    drop(progress);
    let said = format!("{} can sign in", terminal::counted_of(total - failures.count(), total, "user"));
    let text = if form == Output::Json {
        terminal::json_line(&json!({"tried": total, "signed_in": total - failed.len(), "failed": failed}))
    } else {
        format!("{said}\n")
    };
    terminal::data(&text)?;
    let (names, count) = (failures.names(), failures.count());
    let Some(first) = failures.end() else { return Ok(()) };
    let kind = match first.kind() {
        _ if count < total => Kind::Partial,
        _ if has_wrong_password => Kind::Refused,
        kind => kind,
    };
    let error = Error::new(kind, format!("{said}: {} can't", names.join(", ")));
    // New passwords help only against wrong ones, and would undo those that people chose.
    Err(if has_wrong_password {
        error.hint(
            Advice::new("give them the passwords of the run again: cogtok user set-password --run {run}{p}")
                .word("run", &run.head.run),
        )
    } else {
        first.advice().iter().cloned().fold(error, Error::hint)
    })
}

/// Whether Cognito refused the password itself.
fn is_about_password(error: &Error) -> bool {
    let kinds = [AdviceKind::CheckPassword, AdviceKind::ResetPassword, AdviceKind::ResetExpiredPassword];
    kinds.into_iter().any(|kind| error.advises(kind))
}

fn one(app: &App, profile: &Profile, client_secret: Option<Secret>, record: &Record) -> Result<()> {
    let mut profile = profile.clone();
    profile.user.username = Some(record.username.parse()?);
    let password = Secret::new(record.password.clone());
    let step = app.block_on(async {
        let wire = app.wire()?;
        let credentials = Credentials { client_secret, password: Some(password.clone()), device: None };
        let step = SignIn::start(&wire, &Arc::new(profile), credentials).await;
        wire.redactor().reveal(&record.username, &password);
        step.map(|(_, step)| step)
    })?;
    match step {
        Step::Done(_) => Ok(()),
        Step::Ask(Challenge::NewPassword { .. }) if !record.is_permanent => Ok(()),
        Step::Ask(asked) => {
            let error = format!("the password is right, and Cognito asks for {}", asked.name());
            Err(Error::new(Kind::NeedsHuman, error)
                .hint("a person can respond: `cogtok token user{p} --username {user}`"))
        }
        Step::AskAgain(_, error) => Err(error),
    }
}
