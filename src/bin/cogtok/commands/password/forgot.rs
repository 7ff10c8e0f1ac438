//! `cogtok password forgot`: a code for a new password.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Result};

use super::code::{sent_to, user_client};
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Have Cognito send a code to the user's address
///
/// No AWS account is needed. `cogtok password confirm` sets the new password with the code. Where the app client hides which
/// users there are (PreventUserExistenceErrors), Cognito answers the same for a user who does not exist.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok password forgot -p ws --username alice@example.com")]
pub struct Forgot {
    /// The user [default: the profile's user]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
}

pub fn run(app: &App, args: &Forgot) -> Result<()> {
    let (_, username, idp) = user_client(app, args.username.as_deref())?;
    let sent = app.block_on(idp.forgot_password(&username));
    let delivery = sent.map_err(|error| error.fill_word("user", username.as_str()))?;
    terminal::note(&sent_to(delivery.as_ref()));
    let next = "set the new password with it: cogtok password confirm{p} --username {user}";
    terminal::hint(Advice::new(next).word("user", &username));
    Ok(())
}
