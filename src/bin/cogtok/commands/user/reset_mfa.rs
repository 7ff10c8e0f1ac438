//! `cogtok user reset-mfa`: removes a user's second factors, to be set up again.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::types::Username;

use super::pool_user::no_such_user;
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Let a user set up second factors anew, after a lost phone
///
/// Turns off the second factors that the user has (AdminSetUserMFAPreference) and deletes the authenticator app
/// (AdminDeleteSoftwareToken). Where the pool requires a second factor, the next sign-in sets one up.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok user reset-mfa alice@example.com -p ws")]
pub struct ResetMfa {
    /// The user: name, e-mail address or sub
    #[arg(add = ArgValueCandidates::new(completion::users))]
    username: String,
}

pub fn run(app: &App, args: &ResetMfa) -> Result<()> {
    let username: Username = args.username.parse()?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let was_on = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        let name = username.as_str();
        let user = admin.get(name).await?.ok_or_else(|| no_such_user(name))?;
        let factors = user.mfa.unwrap_or_default();
        if !factors.is_empty() {
            admin.turn_mfa_off(name, &factors).await?;
        }
        // Cognito would still ask for the codes of an app that was registered but never enabled.
        match admin.delete_software_token(name).await {
            Ok(_) => Ok(factors),
            Err(error) if factors.is_empty() => Err(error),
            Err(error) => Err(half_done(name, error)),
        }
    })?;
    let what = match was_on.as_slice() {
        [] => "removed the authenticator app".to_owned(),
        factors => format!("turned off the second factors ({})", printable(&factors.join(", "), 120)),
    };
    terminal::note(&format!("{what} of user {username}"));
    Ok(())
}

/// The error where the factors are turned off and the app is still registered.
fn half_done(username: &str, error: Error) -> Error {
    let context = format!(
        "turned off the second factors of {}, but its authenticator app is still there",
        printable(username, 128)
    );
    error.with_kind(Kind::Partial).context(&context)
}
