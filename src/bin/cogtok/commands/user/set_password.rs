//! `cogtok user set-password`: new passwords for users.

use std::cell::Cell;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::secret::{Secret, shape};
use serde_json::json;

use super::batch::{Batch, Deed};
use super::chosen::{Chosen, Selected};
use super::delete::{refuse_unfinished, tell_no_user};
use super::pool_user::or_no_such_user;
use super::selection::{Others, Selection};
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::secret_from_stdin;
use crate::commands::mistyped::{Mistyped, Tries};
use crate::commands::{mistyped, password_policy};
use crate::completion;
use crate::io::terminal;
use crate::io::terminal::Question;
use crate::io::terminal::WriteOutcome;
use crate::services::create_user::without_policy_advice;
use crate::services::password_generator;

const FORMS: [Output; 3] = [Output::Text, Output::Json, Output::Csv];

/// Set passwords, of one user or of many
///
/// Without `--password-stdin`, `--ask` or a column `password` cogtok generates passwords and prints them: one by itself,
/// many beside their user names. With `--run` it sets the passwords of the run again, and prints none. It shows the users who
/// are not named here, and asks first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user set-password alice@example.com -p ws\n  \
    printf %s \"$PW\" | cogtok user set-password alice@example.com --password-stdin\n  \
    cogtok user set-password alice@example.com --ask --temporary\n  \
    cogtok user set-password --group class --yes -o csv >seats.csv\n  \
    cogtok user set-password --from seats.csv --yes")]
pub struct SetPassword {
    /// The user: name, e-mail address or sub
    #[arg(id = "usernames", value_name = "USERNAME", required_unless_present_any = ["from", "run", "group", "filter", "status", "created_before"], add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// What comes after the user: clap would show it, and it may be a password
    #[arg(hide = true)]
    unexpected: Vec<String>,
    #[command(flatten)]
    others: Others,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Ask for the password
    #[arg(long, conflicts_with = "password_stdin")]
    ask: bool,
    /// The user must change it at the next sign-in
    #[arg(long)]
    temporary: bool,
    /// List the users who would get passwords, and set none
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask before the passwords of users who are not named here are set
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &SetPassword) -> Result<()> {
    if !args.unexpected.is_empty() {
        let message =
            "`user set-password` takes one user name; the second argument is not shown, since it may be a secret";
        return Err(Error::usage(message).hint(
            "`--password-stdin` reads a password from standard input, `--from FILE` the names of several users",
        ));
    }
    let form = app.output(&FORMS)?;
    let users = Selection { usernames: args.username.iter().cloned().collect(), others: args.others.clone() };
    users.check()?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let named = users.named(app)?;
    let mut tries = Tries::all();
    let given = match (args.password_stdin, args.ask) {
        (true, _) => Some(secret_from_stdin(shape::password)?),
        (_, true) => {
            password_policy::show(app, &profile, true);
            Some(tries.first(ask)?)
        }
        (false, false) => None,
    };
    let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
    let mut selected = match named {
        Some(named) => named,
        None => app.block_on_streaming(users.find(&admin))?,
    };
    if args.dry_run {
        return if form == Output::Json { selected.print_json() } else { selected.print() };
    }
    selected.hold(app.deadline())?;
    app.extend_default_timeout();
    let total = selected.len();
    if total == 0 {
        selected.run().map_or(Ok(()), |run| refuse_unfinished(run, "no password was set"))?;
        tell_no_user(selected.run(), "no password was set");
        return Ok(());
    }
    let is_one = !users.usernames.is_empty();
    if !args.yes && !is_one {
        let whom = if total == 1 { "this user".to_owned() } else { format!("these {total} users") };
        let passwords = match selected.run() {
            Some(run) => format!("Set the passwords of run {} again", run.head.run),
            None => "Set new passwords".to_owned(),
        };
        if terminal::can_ask() {
            selected.show()?;
        }
        let question = format!("{passwords} for {whom} of pool {pool}?");
        if !terminal::confirm(&question, "add `--yes`")? {
            return Err(Error::new(Kind::Failure, "no password was set"));
        }
    }
    let mut list = PasswordList { form, is_one, array: terminal::JsonArray::new(), is_empty: true };
    let mut length = password_generator::LENGTH;
    // A user that the run created with a temporary password gets a temporary one again.
    let is_permanent = !args.temporary && unseal(app, &mut selected)?;
    let deed = Deed::new_for_each("set the password of", "set the passwords of");
    let is_known = args.password_stdin || args.ask;
    let deed = match (is_known, args.temporary) {
        (true, _) => deed,
        (false, false) => deed.for_generated(IN_DOUBT),
        (false, true) => deed.for_generated(IN_DOUBT_TEMPORARY),
    };
    let batch = Batch { total, doing: "setting passwords", deed, is_quiet: is_one };
    // Passwords that nobody reads are not set: the users who are left keep theirs.
    let is_unread = Cell::new(false);
    let mut set_with = |given: &Option<Secret>| {
        let users = selected.users(true)?.take_while(|_| !is_unread.get());
        batch.run(app, users, async |user: &Chosen| {
            let given = user.password.as_ref().or(given.as_ref()).cloned();
            let fitting = match (&user.password, args.ask) {
                (Some(_), _) if args.others.run.is_some() => Some(FITTING_FOR_RUN),
                (Some(_), _) => Some(FITTING_FOR_FILE),
                (None, true) => Some(FITTING_FOR_ASKED),
                (None, false) => None,
            };
            let fitting = fitting.map(|said| Advice::new(said).word("user", &user.shown));
            let generated = set(&admin, &user.name, given, is_permanent, &mut length).await;
            let generated = generated.map_err(|error| match fitting {
                Some(fitting) if error.code() == Some("InvalidPasswordException") => {
                    without_policy_advice(error).hint(fitting)
                }
                _ => error,
            });
            let generated = or_no_such_user(&user.shown, generated)?;
            if is_one {
                terminal::note(&format!("set the password of {}", printable(&user.shown, 128)));
            }
            let Some(password) = generated else { return Ok(()) };
            list.add(&printable(&user.shown, 128), &password).inspect_err(|_| is_unread.set(true))
        })
    };
    // Several users may have the one that was typed already, once the first has refused it.
    let typed: &[Mistyped] = if args.ask && is_one { &[Mistyped::NewPassword] } else { &[] };
    let mut given = given;
    let result = mistyped::until_accepted(&mut given, (typed, tries), &mut set_with, |given, _| {
        *given = Some(ask()?);
        Ok(())
    });
    let ended = list.end();
    result.and(ended)
}

/// What is said of a user of whom Cognito did not answer: the password that it may have set is printed nowhere.
const IN_DOUBT: &str =
    "{user} may have a new password, which cogtok did not print: set another: cogtok user set-password {user}{p}";
const IN_DOUBT_TEMPORARY: &str = "{user} may have a new password, which cogtok did not print: set another: cogtok user set-password {user}{p} --temporary";

fn ask() -> Result<Secret> {
    terminal::ask_new_secret(Question::new("New password", "the new password"), "add `--password-stdin`")
}

/// What to do about a password that the pool's policy refuses, by where it is from.
const FITTING_FOR_RUN: &str =
    "the run's password does not meet the pool's password policy: `cogtok user set-password {user}{p}` sets another";
const FITTING_FOR_FILE: &str = "the password does not meet the pool's password policy: correct it in the file";
const FITTING_FOR_ASKED: &str = "the password does not meet the pool's password policy: choose another one";

/// Lets the passwords of a run be read; says whether they are permanent, as all others are.
fn unseal(app: &App, selected: &mut Selected) -> Result<bool> {
    match selected {
        Selected::OfRun(run, _) => {
            app.unseal(run)?;
            Ok(run.outline(0)?.is_permanent)
        }
        Selected::Named(_) | Selected::Found(_) => Ok(true),
    }
}

/// Sets the password. Returns a generated one, with the length that the pool's policy requires.
async fn set(
    admin: &Admin,
    username: &str,
    given: Option<Secret>,
    is_permanent: bool,
    length: &mut usize,
) -> Result<Option<Secret>> {
    let password = match &given {
        Some(password) => password.clone(),
        None => password_generator::generate(*length)?,
    };
    let result = admin.set_password(username, &password, is_permanent).await;
    admin.reveal(username, &password);
    let error = match result {
        Ok(()) => return Ok(given.is_none().then_some(password)),
        Err(error) if error.code() == Some("InvalidPasswordException") => error,
        Err(error) => return Err(error),
    };
    let Ok(policy) = admin.password_policy().await else { return Err(error) };
    if given.is_some() {
        return Err(Error::hint(error, format!("the pool wants {policy}")));
    }
    let longer = password_generator::generate(policy.minimum_length)?;
    let result = admin.set_password(username, &longer, is_permanent).await;
    admin.reveal(username, &longer);
    result?;
    *length = policy.minimum_length.max(*length);
    Ok(Some(longer))
}

/// The generated passwords, each printed as soon as it is set, so that none is lost if the run ends early.
struct PasswordList {
    form: Output,
    is_one: bool,
    array: terminal::JsonArray,
    is_empty: bool,
}

impl PasswordList {
    fn add(&mut self, username: &str, password: &Secret) -> Result<()> {
        let exposed = password.expose();
        let json = json!({ "username": username, "password": exposed });
        let text = match self.form {
            Output::Json if self.is_one => terminal::json(&json),
            Output::Json => self.array.item(&json),
            Output::Csv => {
                let header = if self.is_empty { "username,password\n" } else { "" };
                // Neither contains a space, and a generated password has no character that needs quotes in CSV.
                format!("{header}{},{exposed}\n", quoted(username))
            }
            _ if self.is_one => format!("{exposed}\n"),
            _ => format!("{username} {exposed}\n"),
        };
        self.is_empty = false;
        let unread = format!("the new password of {username} could not be printed");
        let again = Advice::new("set another: cogtok user set-password {user}{p}").word("user", username);
        match terminal::data(&text) {
            Ok(WriteOutcome::Yes) => Ok(()),
            Ok(WriteOutcome::NobodyReads) if !self.is_one => Err(Error::store(unread).hint(again)),
            Ok(WriteOutcome::Nowhere | WriteOutcome::NobodyReads) => {
                log::warn!(target: "cogtok", "{unread}");
                terminal::hint(again);
                Ok(())
            }
            Err(error) => Err(error.context(&unread).hint(again)),
        }
    }

    fn end(&mut self) -> Result<()> {
        let is_array = self.form == Output::Json && !self.is_one && !self.is_empty;
        if is_array { terminal::data(self.array.end()).map(drop) } else { Ok(()) }
    }
}

/// A field of CSV, which a spreadsheet takes for text.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
