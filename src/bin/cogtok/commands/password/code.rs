//! A code that Cognito sends to a user's address, and the app client that it is for.

use cogtok::error::{Result, printable};
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{AuthFlow, SecretKind, Username};
use cogtok::user_pool::account::CodeDelivery;
use cogtok::user_pool::cognito_idp::Idp;
use cogtok::user_pool::user_token;

use crate::app::App;
use crate::io::terminal;
use crate::io::terminal::Question;

/// The users' client of the profile, and the user: who is named, else the profile's own.
pub fn user_client(app: &App, username: Option<&str>) -> Result<(Profile, Username, Idp)> {
    let profile = app.resolve_region(app.profile(&[(Key::Username, username.map(str::to_owned))])?);
    profile.user_client_id().map_err(|error| app.without_profile(&profile, error))?;
    let username = profile.username()?.clone();
    let idp = client(app, &profile)?;
    Ok((profile, username, idp))
}

/// The users' client of the profile, for calls that nothing is signed for.
pub fn client(app: &App, profile: &Profile) -> Result<Idp> {
    let secret = app.stored_secret(profile, &user_token::secret_binding(profile, SecretKind::UserClient, None)?)?;
    // The flow of administrators would look for AWS credentials, which these calls don't need.
    let mut unsigned = profile.clone();
    unsigned.user.auth_flow = AuthFlow::Srp;
    let wire = app.wire()?;
    app.block_on(Idp::new(&wire, &unsigned, secret))
}

/// The code: as an option gave it, or as a person types it.
pub fn code(given: Option<&str>) -> Result<Secret> {
    match given {
        Some(code) => Ok(Secret::new(code.trim().to_owned())),
        None => ask_code(),
    }
}

/// The code, as a person types it.
pub fn ask_code() -> Result<Secret> {
    let question = Question::new("Code from the message", "the code from the message");
    terminal::ask_line(question, "add `--code CODE`").map(Secret::new)
}

/// A new password of the user's own choice.
pub fn ask_new_password() -> Result<Secret> {
    terminal::ask_new_secret(Question::new("New password", "the new password"), "add `--password-stdin`")
}

/// The destination of a code, for a message.
pub fn sent_to(delivery: Option<&CodeDelivery>) -> String {
    let Some(delivery) = delivery else { return "Cognito did not say where it sent a code".to_owned() };
    let medium = match delivery.medium.as_ref().map(ToString::to_string).as_deref() {
        Some("EMAIL") => " by e-mail",
        Some("SMS") => " by text message",
        _ => "",
    };
    let destination = delivery.destination.as_ref().map(|to| format!(" to {}", printable(&to.to_string(), 80)));
    format!("Cognito sent a code{medium}{}", destination.unwrap_or_default())
}
