//! `cogtok user try`: whether the users of a run can sign in, before they come.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use cogtok::error::{Advice, AdviceKind, Error, Kind, Result, printable};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::user_pool::challenge::{Challenge, CodeFrom};
use cogtok::user_pool::sign_in::{Credentials, SignIn, Step};
use cogtok::user_pool::user_token;
use serde_json::json;

use super::failures::Failures;
use super::find_run;
use super::selection::made_in;
use crate::app::App;
use crate::app::options::Output;
use crate::io::progress::Progress;
use crate::io::terminal;
use crate::services::create_users::is_throttled;
use crate::services::journal::run::Run;
use crate::services::journal::{Record, State};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Sign the users of a run in, to see that they can
///
/// Each user signs in at the profile's app client, with the password of the run. cogtok stores nothing. A temporary
/// password counts as good when Cognito accepts it and asks for a new one, and any password when Cognito then asks for a second
/// factor, or to set one up.
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
        return Err(without_users(&run));
    }
    app.unseal(&mut run)?;
    let client = app.stored_secret(&profile, &user_token::secret_binding(&profile, SecretKind::UserClient, None)?)?;
    let total = made.len().min(args.sample);
    let ours = made_in(&mut run)?;
    let (mut failures, mut failed, mut factors) = (Failures::default(), Vec::new(), 0);
    let (mut tried, mut late, mut wrong) = (0, None, Wrong::default());
    let progress = Progress::new("signing in", "signed in", total);
    for at in 0..total {
        // Spread over the whole run.
        let Some(seat) = made.get(at * made.len() / total) else { continue };
        if app.is_out_of_time() {
            late = Some(String::new());
            break;
        }
        let record = run.record(*seat)?;
        progress.at(at - failures.count(), failures.count(), &record.username);
        app.extend_default_timeout();
        match one(app, &profile, client.clone(), &record) {
            Ok(SignedIn::Whole) => {}
            Ok(SignedIn::UpToSecondFactor) => factors += 1,
            // Nothing is known of a user whose sign-in was cut off.
            Err(error) if is_cut_off(app, &error) => {
                log::warn!(target: "cogtok", "{}: {error}", printable(&record.username, 128));
                late = Some(format!(" for {}", printable(&record.username, 128)));
                break;
            }
            Err(error) => {
                failed.push(json!({"username": record.username, "error": error.message()}));
                if is_about_password(&error) {
                    wrong.add(ours.binary_search(seat).is_ok(), &record.username);
                }
                failures.add(&record.username, error.fill_word("user", &record.username));
            }
        }
        tried += 1;
    }
    drop(progress);
    let said = format!("{} can sign in", terminal::counted_of(tried - failures.count(), tried, "user"));
    let text = if form == Output::Json {
        terminal::json_line(&json!({"tried": tried, "signed_in": tried - failed.len(), "failed": failed}))
    } else {
        format!("{said}\n")
    };
    terminal::data(&text)?;
    if factors > 0 {
        let users = terminal::counted(factors, "user");
        terminal::note(&format!("Cognito asks {users} for a second factor after the password, or to set one up"));
    }
    let (names, count) = (failures.names(), failures.count());
    let first = failures.end();
    if first.is_none() && late.is_none() {
        return Ok(());
    }
    let kind = match &first {
        _ if count < tried || late.is_some() && tried > 0 => Kind::Partial,
        None => Kind::Network,
        Some(_) if wrong.is_any() => Kind::Refused,
        Some(first) => first.kind(),
    };
    let mut message = if tried == 0 { "cogtok tried no user".to_owned() } else { said };
    if count > 0 {
        message.push_str(&format!(": {} can't", names.join(", ")));
    }
    if let Some(whom) = &late {
        message.push_str(&format!(
            "; {}{whom}; cogtok tried {}",
            app.no_result(),
            terminal::counted_of(tried, total, "user")
        ));
    }
    let error = Error::new(kind, message);
    // New passwords help only against wrong ones, and would undo those that people chose.
    let error = match (wrong.advice(&run), &first) {
        (Some(advice), _) => error.hint(advice),
        (None, Some(first)) => first.advice().iter().cloned().fold(error, Error::hint),
        (None, None) => error,
    };
    Err(if late.is_some() { error.hint("allow more with `--timeout 60s`") } else { error })
}

/// The error for a run without a user whose password it has.
fn without_users(run: &Run) -> Error {
    let id = &run.head.run;
    if find_run::is_finished(run) {
        let why = format!("run {id} created no user, and left those who existed before unchanged");
        return Error::new(Kind::Failure, why)
            .hint(Advice::new("delete its record: cogtok user runs forget {run}{p}").word("run", id));
    }
    Error::new(Kind::Failure, format!("run {id} has created no user yet"))
        .hint(Advice::new("continue it: cogtok user create {run}{p} --resume").word("run", id))
}

/// Whose passwords are wrong.
#[derive(Default)]
struct Wrong {
    is_of_run: bool,
    other: Option<String>,
}

impl Wrong {
    /// Adds a user, whom the run created or only gave a password.
    fn add(&mut self, is_of_run: bool, username: &str) {
        if is_of_run {
            self.is_of_run = true;
        } else {
            self.other.get_or_insert_with(|| username.to_owned());
        }
    }

    fn is_any(&self) -> bool {
        self.is_of_run || self.other.is_some()
    }

    /// What gives them other passwords: `set-password --run` is only for those whom the run created.
    fn advice(&self, run: &Run) -> Option<Advice> {
        if self.is_of_run {
            let again = "give them the passwords of the run again: cogtok user set-password --run {run}{p}";
            return Some(Advice::new(again).word("run", &run.head.run));
        }
        let user = self.other.as_ref()?;
        Some(
            Advice::new("give {who} another password: cogtok user set-password {user}{p}")
                .text("who", user)
                .word("user", user),
        )
    }
}

/// How far a sign-in came.
enum SignedIn {
    Whole,
    UpToSecondFactor,
}

/// Whether the time that was given ended a sign-in, or leaves none to wait where Cognito is throttling.
fn is_cut_off(app: &App, error: &Error) -> bool {
    let needed = if is_throttled(error) { Duration::from_secs(1) } else { Duration::ZERO };
    error.kind() == Kind::Network && app.has_less_than(needed)
}

/// Whether Cognito refused the password itself.
fn is_about_password(error: &Error) -> bool {
    let kinds = [AdviceKind::CheckPassword, AdviceKind::ResetPassword, AdviceKind::ResetExpiredPassword];
    kinds.into_iter().any(|kind| error.advises(kind))
}

/// Whether Cognito asks for this only after it has accepted the password.
fn is_after_password(profile: &Profile, asked: &Challenge) -> bool {
    match asked {
        Challenge::Code { from: CodeFrom::App | CodeFrom::SmsMfa, .. }
        | Challenge::SelectMfa { .. }
        | Challenge::EnrolTotp { .. }
        | Challenge::EmailAddress => true,
        // In a flow that offers a choice it may be the first factor.
        Challenge::Code { from: CodeFrom::Email, .. } => user_token::begins_with_password(profile),
        _ => false,
    }
}

fn one(app: &App, profile: &Profile, client_secret: Option<Secret>, record: &Record) -> Result<SignedIn> {
    let mut profile = profile.clone();
    profile.user.username = Some(record.username.parse()?);
    let profile = Arc::new(profile);
    let password = Secret::new(record.password.clone());
    let step = app.block_on(async {
        let wire = app.wire()?;
        let credentials = Credentials { client_secret, password: Some(password.clone()), device: None };
        let step = SignIn::start(&wire, &profile, credentials).await;
        wire.redactor().reveal(&record.username, &password);
        step.map(|(_, step)| step)
    })?;
    match step {
        Step::Done(_) => Ok(SignedIn::Whole),
        Step::Ask(Challenge::NewPassword { .. }) if !record.is_permanent => Ok(SignedIn::Whole),
        Step::Ask(asked) if is_after_password(&profile, &asked) => Ok(SignedIn::UpToSecondFactor),
        Step::Ask(asked) => {
            let is_right = matches!(asked, Challenge::NewPassword { .. });
            let right = if is_right { "the password is right, and " } else { "" };
            let error = format!("{right}Cognito asks for {}", asked.name());
            Err(Error::new(Kind::NeedsHuman, error)
                .hint("a person can respond: `cogtok token user{p} --username {user}`"))
        }
        Step::AskAgain(_, error) => Err(error),
    }
}
