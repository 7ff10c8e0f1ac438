//! `cogtok user set-password`: new passwords for users.

use clap::Args;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::secret::{Secret, shape};
use serde_json::{Value, json};

use super::batch::{Batch, Deed};
use super::create_many;
use super::pool_user::or_no_such_user;
use super::selection::{Selected, Selection};
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::secret_from_stdin;
use crate::commands::password_policy;
use crate::io::terminal;
use crate::io::terminal::Question;
use crate::io::terminal::WriteOutcome;
use crate::services::password_generator;

const FORMS: [Output; 3] = [Output::Text, Output::Json, Output::Csv];

/// Set passwords, of one user or of many
///
/// Without `--password-stdin`, `--ask` or a column `password` cogtok makes up random passwords and prints them: one by
/// itself, many beside their user names.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user set-password alice@example.com -p ws\n  \
    printf %s \"$PASSWORD\" | cogtok user set-password alice@example.com --password-stdin\n  \
    cogtok user set-password alice@example.com --ask --temporary\n  \
    cogtok user set-password --group class --yes -o csv >seats.csv\n  \
    cogtok user set-password --from seats.csv")]
pub struct SetPassword {
    #[command(flatten)]
    users: Selection,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Ask for the password
    #[arg(long, conflicts_with = "password_stdin")]
    ask: bool,
    /// The user must change it at the next sign-in
    #[arg(long)]
    temporary: bool,
    /// Do not ask before the passwords of users who are not named are set
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &SetPassword) -> Result<()> {
    if args.users.usernames.len() > 1 {
        let message = "the second word is not shown: one user is named at a time, and it may be a secret";
        return Err(Error::usage(message)
            .hint("a password is piped in with `--password-stdin`, and many users are named with `--from FILE`"));
    }
    let form = app.output(&FORMS)?;
    args.users.check()?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let named = args.users.named(app)?;
    let given = match (args.password_stdin, args.ask) {
        (true, _) => Some(shape::password(secret_from_stdin()?)?),
        (_, true) => {
            password_policy::show(app, &profile, true);
            Some(terminal::ask_new_secret(Question::new("New password", "the new password"), "add `--password-stdin`")?)
        }
        (false, false) => None,
    };
    let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
    let selected = match named {
        Some(named) => named,
        None => app.block_on_streaming(args.users.find(&admin))?,
    };
    let (names, shown) = (selected.names(), selected.shown());
    if let Selected::Found(users) = &selected {
        let question = format!("Set new passwords for these {} users of pool {pool}?", users.len());
        if !args.yes && !users.is_empty() && terminal::can_ask() {
            selected.show();
        }
        if users.is_empty() {
            terminal::note("no user matches: no password was set");
            return Ok(());
        }
        if !args.yes && !terminal::confirm(&question, "add `--yes`")? {
            return Err(Error::new(Kind::Failure, "no password was set"));
        }
    }
    let is_one = names.len() == 1 && !args.users.usernames.is_empty();
    let mut list = PasswordList { form, is_one, rows: Vec::new(), has_header: false };
    let (mut length, mut at) = (password_generator::LENGTH, 0);
    // A user that the run created with a temporary password gets a temporary one again.
    let of_run = args.users.run.as_deref().map(|run| create_many::find(app, run)?.record(0)).transpose()?;
    let is_permanent = !args.temporary && of_run.is_none_or(|record| record.is_permanent);
    let deed = Deed::new_for_each("set the password of", "set the passwords of");
    let batch = Batch { names: &names, deed, is_quiet: is_one };
    let result = batch.run(app, async |name: &str| {
        while names.get(at).is_some_and(|known| known != name) {
            at += 1;
        }
        let given = selected.password(at).or(given.as_ref()).cloned();
        let made_up = set(&admin, name, given, is_permanent, &mut length).await;
        let made_up = or_no_such_user(name, made_up)?;
        if is_one {
            terminal::note(&format!("set the password of {}", printable(name, 128)));
        }
        made_up.map_or(Ok(()), |password| list.add(shown.get(at).map_or(name, String::as_str), &password))
    });
    list.end().and(result)
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
    let error = match admin.set_password(username, &password, is_permanent).await {
        Ok(()) => return Ok(given.is_none().then_some(password)),
        Err(error) if error.code() == Some("InvalidPasswordException") => error,
        Err(error) => return Err(error),
    };
    let Ok(policy) = admin.password_policy().await else { return Err(error) };
    if given.is_some() {
        return Err(Error::hint(error, format!("the pool wants {policy}")));
    }
    let longer = password_generator::generate(policy.minimum_length)?;
    admin.set_password(username, &longer, is_permanent).await?;
    *length = policy.minimum_length.max(*length);
    Ok(Some(longer))
}

/// The generated passwords, each printed as soon as it is set, so that none is lost if the run ends early.
struct PasswordList {
    form: Output,
    is_one: bool,
    rows: Vec<Value>,
    has_header: bool,
}

impl PasswordList {
    fn add(&mut self, username: &str, password: &Secret) -> Result<()> {
        let exposed = password.expose();
        let json = json!({ "username": username, "password": exposed });
        let text = match self.form {
            Output::Json if self.is_one => terminal::json(&json),
            Output::Json => {
                self.rows.push(json);
                return Ok(());
            }
            Output::Csv => {
                let header = if self.has_header { "" } else { "username,password\n" };
                self.has_header = true;
                // Neither contains a space, and a generated password has no character that needs quotes in CSV.
                format!("{header}{},{exposed}\n", quoted(username))
            }
            _ if self.is_one => format!("{exposed}\n"),
            _ => format!("{username} {exposed}\n"),
        };
        let unread = format!("the new password of {username} could not be printed");
        let again = Advice::new("set another: cogtok user set-password {user}{p}").word("user", username);
        match terminal::data(&text) {
            Ok(WriteOutcome::Yes) => Ok(()),
            Ok(WriteOutcome::Nowhere | WriteOutcome::NobodyReads) => {
                log::warn!(target: "cogtok", "{unread}");
                terminal::hint(again);
                Ok(())
            }
            Err(error) => Err(error.context(&unread).hint(again)),
        }
    }

    fn end(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        terminal::data(&terminal::json(&Value::Array(rows))).map(drop)
    }
}

/// A field of CSV, which a spreadsheet takes for text.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
