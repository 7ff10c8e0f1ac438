//! `cogtok password confirm`: a new password, with the code that Cognito sent.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::secret::shape;

use super::code::{code, user_client};
use crate::app::App;
use crate::args::token_options::secret_from_stdin;
use crate::commands::password_policy;
use crate::completion;
use crate::io::terminal;

/// Set a new password with the code that `cogtok password forgot` had sent
///
/// The code and the new password are asked for, at a terminal.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok password confirm -p ws --username alice@example.com\n  \
    printf %s \"$PASSWORD\" | cogtok password confirm -p ws \\\n    \
    --username alice@example.com --code 123456 --password-stdin")]
pub struct Confirm {
    /// The user [default: the profile's user]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// The code from the message
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Read the new password from standard input
    #[arg(long)]
    password_stdin: bool,
}

pub fn run(app: &App, args: &Confirm) -> Result<()> {
    let (profile, username, idp) = user_client(app, args.username.as_deref())?;
    let code = code(args.code.as_deref())?;
    let password = if args.password_stdin {
        secret_from_stdin(shape::password)?
    } else {
        password_policy::show(app, &profile, false);
        terminal::ask_new_secret(terminal::Question::new("New password", "the new password"), "add `--password-stdin`")?
    };
    let done = app.block_on(idp.confirm_forgot_password(&username, &code, &password));
    done.map_err(|error| error.fill_word("user", username.as_str()))?;
    terminal::note(&format!("set the password of {username}"));
    Ok(())
}
