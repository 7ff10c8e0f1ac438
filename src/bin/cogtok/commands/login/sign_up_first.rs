//! `cogtok login --sign-up`: a person signs up at the terminal, and signs in with the browser afterwards.

use cogtok::error::{Error, Kind, Result};
use cogtok::settings::profile::Profile;

use super::domain;
use crate::app::App;
use crate::commands::sign_up::{self, SignUp};
use crate::io::terminal;

/// What signs up where nobody can be asked.
const ELSEWHERE: &str = "sign up first: `cogtok sign-up EMAIL{p} --password-stdin`";

/// Signs a person up, where a browser can sign in afterwards.
///
/// # Errors
/// [`Kind::NeedsHuman`] where nobody can be asked; [`Kind::Config`] for a pool without sign-in pages; what Cognito refuses.
pub fn run(app: &App, profile: Profile) -> Result<()> {
    if !terminal::can_ask() {
        let message = "`--sign-up` asks for a password and a code at a terminal";
        return Err(Error::new(Kind::NeedsHuman, message).hint(ELSEWHERE));
    }
    let profile = domain::discovered(app, profile)?;
    let needs = profile.domain().and_then(|_| profile.user_client_id());
    needs.map(drop).map_err(|error| app.without_profile(&profile, error))?;
    let email = match &profile.user.username {
        Some(username) => username.to_string(),
        None => {
            let question = terminal::Question::new("E-mail address", "the e-mail address");
            terminal::ask_line(question, ELSEWHERE)?.trim().to_owned()
        }
    };
    sign_up::at(app, &profile, &SignUp::of(email))
}
