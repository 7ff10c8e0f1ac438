//! `cogtok user set-password`: a new password for a user.

use crate::services::password_generator;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Advice, Error, Result};
use cogtok::secret::{Secret, shape};
use cogtok::settings::types::Username;
use serde_json::json;

use super::pool_user::no_such_user;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::secret_from_stdin;
use crate::completion;
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Set a user's password
///
/// Without `--password-stdin` or `--ask` a random password is made up, and printed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user set-password alice@example.com -p ws\n  \
    printf %s \"$PASSWORD\" | cogtok user set-password alice@example.com --password-stdin\n  \
    cogtok user set-password alice@example.com --ask --temporary")]
pub struct SetPassword {
    /// The user: name, e-mail address or sub
    #[arg(add = ArgValueCandidates::new(completion::users))]
    username: String,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Ask for the password
    #[arg(long, conflicts_with = "password_stdin")]
    ask: bool,
    /// The user must change it at the next sign-in
    #[arg(long)]
    temporary: bool,
}

pub fn run(app: &App, args: &SetPassword) -> Result<()> {
    let form = app.output(&FORMS)?;
    let username: Username = args.username.parse()?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let given = match (args.password_stdin, args.ask) {
        (true, _) => Some(shape::password(secret_from_stdin()?)?),
        (_, true) => Some(terminal::ask_new_secret("the new password", "add `--password-stdin`")?),
        (false, false) => None,
    };
    let made_up = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        set(&admin, username.as_str(), given, !args.temporary).await
    });
    let made_up = made_up.map_err(|error| match error.code() {
        Some("UserNotFoundException") => no_such_user(&username),
        _ => error,
    })?;
    terminal::note(&format!("the password of {username} is set"));
    let Some(password) = made_up else { return Ok(()) };
    let text = match form {
        Output::Json => terminal::json_line(&json!({ "username": username.as_str(), "password": password.expose() })),
        _ => format!("{}\n", password.expose()),
    };
    let unread = format!("nobody read the new password of {username}");
    let again = Advice::new("set another: cogtok user set-password {user}{p}").word("user", &username);
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

/// Sets the password; one that is made up here is given back, longer where the pool's policy asks for that.
async fn set(admin: &Admin, username: &str, given: Option<Secret>, is_permanent: bool) -> Result<Option<Secret>> {
    let password = match &given {
        Some(password) => password.clone(),
        None => password_generator::generate(password_generator::LENGTH)?,
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
    Ok(Some(longer))
}
