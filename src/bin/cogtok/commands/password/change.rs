//! `cogtok password change`: another password for the user who is signed in.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::user_pool::user_token;
use zeroize::Zeroizing;

use super::code::client;
use crate::app::App;
use crate::commands::mistyped::{Mistyped, Tries};
use crate::commands::token::renewal::signed_in;
use crate::commands::{mistyped, password_policy};
use crate::completion;
use crate::io::terminal;
use crate::io::terminal::Question;

/// The most bytes of two passwords.
const LIMIT: usize = 4096;

/// Change the password of the user who is signed in
///
/// No AWS account is needed: the user's access token says who it is. Both passwords are asked for, at a terminal. A saved
/// password (`cogtok secret set password`) is not changed by it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok password change -p ws\n  \
    printf '%s\\n%s\\n' \"$OLD\" \"$NEW\" | cogtok password change --passwords-stdin")]
pub struct Change {
    /// The user [default: the profile's user, or who is signed in]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// Read the current password and the new one from standard input, one a line
    #[arg(long)]
    passwords_stdin: bool,
}

pub fn run(app: &App, args: &Change) -> Result<()> {
    let profile = app.resolve_region(app.profile(&[(Key::Username, args.username.clone())])?);
    profile.user_client_id().map_err(|error| app.without_profile(&profile, error))?;
    let profile = app.resolve_user(profile, Some("password change"))?;
    let access_token = access_token(app, &profile)?;
    let mut tries = Tries::all();
    let mut passwords = if args.passwords_stdin {
        from_stdin()?
    } else {
        let current = tries.first(ask_current)?;
        password_policy::show(app, &profile, false);
        (current, tries.first(ask_new)?)
    };
    let idp = client(app, &profile)?;
    let typed: &[Mistyped] =
        if args.passwords_stdin { &[] } else { &[Mistyped::CurrentPassword, Mistyped::NewPassword] };
    let change = |(current, new): &(Secret, Secret)| app.block_on(idp.change_password(&access_token, current, new));
    mistyped::until_accepted(&mut passwords, (typed, tries), change, |(current, new), wrong| {
        match wrong {
            Mistyped::CurrentPassword => *current = ask_current()?,
            _ => *new = ask_new()?,
        }
        Ok(())
    })?;
    terminal::note("changed the password");
    Ok(())
}

fn ask_current() -> Result<Secret> {
    let question = Question::new("Current password", "the current password");
    terminal::ask_shaped(question, "add `--passwords-stdin`", shape::password)
}

fn ask_new() -> Result<Secret> {
    terminal::ask_new_secret(Question::new("New password", "the new password"), "add `--passwords-stdin`")
}

/// The user's access token, renewed first where it has ended.
fn access_token(app: &App, profile: &Profile) -> Result<Secret> {
    let nobody = || {
        let others = app.for_others(profile, Some("password change"));
        let who = match &profile.user.username {
            Some(name) if !app.signed_in(profile).is_empty() => format!("{} is not", printable(name.as_str(), 128)),
            _ => "no one is".to_owned(),
        };
        let message = format!("{who} signed in here, and changing a password needs the user's token");
        let error = Error::new(Kind::NeedsHuman, message);
        others.into_iter().fold(error, Error::hint).hint("sign in first: `cogtok login{p}` or `cogtok token user{p}`")
    };
    let key = user_token::cache_key(profile)?;
    Ok(signed_in(app, profile, &key, nobody)?.tokens.access.value)
}

fn from_stdin() -> Result<(Secret, Secret)> {
    let ask = || {
        terminal::put_note("type the current password and the new one, a line each, then Ctrl-D; they are not shown")
    };
    let bytes = Zeroizing::new(terminal::stdin_hidden_up_to(LIMIT, ask)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::usage("standard input is not UTF-8"))?;
    let mut lines = text.lines().map(|line| Secret::new(line.to_owned()));
    match (lines.next(), lines.next(), lines.next()) {
        (Some(current), Some(new), None) => {
            let of_line = |line: &str, password: Secret| {
                shape::password(password).map_err(|error| error.context(&format!("standard input, line {line}")))
            };
            Ok((of_line("1", current)?, of_line("2", new)?))
        }
        _ => Err(Error::usage("standard input has to be two lines: the current password and the new one")),
    }
}
