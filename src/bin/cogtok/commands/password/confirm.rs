//! `cogtok password confirm`: a new password, with the code that Cognito sent.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::secret::{Secret, shape};

use super::code::{ask_code, ask_new_password, code, user_client};
use crate::app::App;
use crate::args::token_options::secret_from_stdin;
use crate::commands::mistyped::{Mistyped, Tries};
use crate::commands::{mistyped, password_policy};
use crate::completion;
use crate::io::terminal;

/// Set a new password with the code that was sent
///
/// `cogtok password forgot` has Cognito send the code. The code and the new password are asked for, at a terminal.
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
    let (mut typed, mut tries) = (Vec::new(), Tries::all());
    typed.extend(args.code.is_none().then_some(Mistyped::Code));
    let code = tries.first(|| code(args.code.as_deref()))?;
    let password = if args.password_stdin {
        secret_from_stdin(shape::password)?
    } else {
        typed.push(Mistyped::NewPassword);
        password_policy::show(app, &profile, false);
        tries.first(ask_new_password)?
    };
    let confirm =
        |(code, password): &(Secret, Secret)| app.block_on(idp.confirm_forgot_password(&username, code, password));
    let done = mistyped::until_accepted(&mut (code, password), (&typed, tries), confirm, |(code, password), wrong| {
        match wrong {
            Mistyped::Code => *code = ask_code()?,
            _ => *password = ask_new_password()?,
        }
        Ok(())
    });
    done.map_err(|error| error.fill_word("user", username.as_str()))?;
    terminal::note(&format!("set the password of {username}"));
    Ok(())
}
