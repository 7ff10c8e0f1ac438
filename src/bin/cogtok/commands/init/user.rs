//! The first sign-in of a user.

use cogtok::cache::single_flight::TokenResponse;
use cogtok::error::{Advice, AdviceKind, Result, printable};
use cogtok::secret::Secret;
use cogtok::secrets::store::shaped;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::token::identity::Identity;
use cogtok::user_pool::user_token::begins_with_password;

use crate::app::App;
use crate::commands::profile::import::ProfilePlan;
use crate::commands::secret::bindings::bindings;
use crate::commands::token::session_host::password;
use crate::commands::token::user::{User, serve};
use crate::io::moment::moment;
use crate::io::terminal;
use crate::io::terminal::Question;

/// Signs the profile's user in, and saves who it was.
pub fn sign_in(app: &mut App, plan: &ProfilePlan) -> Result<()> {
    let own = app.profile(&[])?.user.username;
    let username = match &own {
        Some(username) => username.clone(),
        None => app.ask_username()?,
    };
    let profile = app.resolve_region(app.profile(&[(Key::Username, Some(username.to_string()))])?);
    let typed = begins_with_password(&profile).then(|| password(app, &profile)).transpose()?;
    let served = match token(app, &username, typed.clone()) {
        // This error is the first sign that the client has a secret.
        Err(error) if error.advises(AdviceKind::StoreUserClientSecret) => {
            store_client_secret(app, &profile)?;
            token(app, &username, typed)?
        }
        served => served?,
    };
    if own.is_none() {
        app.save_setting(&plan.name, Key::Username, username.as_str())?;
    }
    let who = Identity::of(&served.tokens).map_or_else(|| username.to_string(), |identity| identity.shown().to_owned());
    let until = served.tokens.access.expires_at.map(|end| format!(", until {}", moment(end))).unwrap_or_default();
    terminal::note(&format!("{} is signed in; cogtok has stored the token{until}", printable(&who, 128)));
    terminal::hint(Advice::new("print it: cogtok token user -p {name}").word("name", &plan.name));
    terminal::hint(Advice::new("call an API with it: cogtok call http URL -p {name}").word("name", &plan.name));
    Ok(())
}

fn token(app: &App, username: &Username, password: Option<Secret>) -> Result<TokenResponse> {
    let mut args = User::default();
    (args.username, args.typed_password) = (Some(username.to_string()), password);
    serve(app, &args).map(|(_, _, served)| served)
}

/// Asks for the secret of the users' client, and stores it.
fn store_client_secret(app: &mut App, profile: &Profile) -> Result<()> {
    let kind = SecretKind::UserClient;
    let question = Question::new("This app client has a secret. Client secret", "the client secret");
    let secret = terminal::ask_shaped(question, "", |typed| shaped(kind, typed))?;
    let bindings = bindings(profile, kind)?;
    app.with_needed_store(|app| app.keep_secret(profile.name.as_ref(), &bindings, &secret))?;
    app.reread_config();
    Ok(())
}
