//! A sign-in from the first request to what is kept of it.

use cogtok::aws::admin::Admin;
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::secret::{Secret, shape};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::store::sessions::Record;
use cogtok::token::identity::Identity;
use cogtok::token::session::{RefreshState, SessionOrigin};
use cogtok::user_pool::challenge::{Challenge, ChallengeResponse};
use cogtok::user_pool::cognito_idp::AuthenticationResult;
use cogtok::user_pool::device::Device;
use cogtok::user_pool::refresh_session;
use cogtok::user_pool::user_token;
use cogtok::user_pool::user_token::{Credentials, SignIn, Step};

use super::challenge::PreparedAnswers;
use super::totp::TotpProvider;
use crate::app::{App, SecretSource, remember};
use crate::env;
use crate::io::terminal;

/// The most passwords that are typed in one sign-in.
const MOST_TRIES: usize = 3;

/// Says which flows the app client allows where it refuses the profile's, and AWS credentials are there to ask with.
pub fn with_allowed_flows(app: &App, profile: &Profile, error: Error) -> Error {
    let is_flow = error.code() == Some("InvalidParameterException") && error.kind() == Kind::Config;
    let may_ask = profile.aws_profile.is_some() || env::var("AWS_ACCESS_KEY_ID").is_some();
    let (true, true, Ok(client_id), Ok(wire)) = (is_flow, may_ask, profile.user_client_id(), app.wire()) else {
        return error;
    };
    let asked = app.block_on(async { Admin::new(&wire, profile).await?.allowed_flows(client_id).await });
    match asked {
        Ok(flows) if !flows.is_empty() => {
            let flows: Vec<&str> = flows.iter().map(|flow| flow.as_str()).collect();
            error.hint(format!("the app client allows: {}", flows.join(", ")))
        }
        Ok(_) => error.hint("the app client allows no flow that cogtok knows"),
        Err(why) => {
            log::info!(target: "cogtok", "which flows the app client allows is not known: {why}");
            error
        }
    }
}

/// Signs in. `keep` says under which key the refresh token is to be kept, if at all, and whether it was said before that it
/// can't be.
pub fn sign_in(
    app: &App,
    profile: &Profile,
    device: Option<Device>,
    given_password: Option<Secret>,
    (mut given, mut app_of_user): (PreparedAnswers, TotpProvider<'_>),
    keep: Option<(&CacheKey, bool)>,
) -> Result<AuthenticationResult> {
    let password = match given_password {
        Some(password) => Some(password),
        None if user_token::begins_with_password(profile) => Some(password(app, profile)?),
        None => None,
    };
    let mut credentials = Credentials { client_secret: client_secret(app, profile)?, password, device };
    let wire = app.wire()?;
    let mut tries = 1;
    let (sign_in, mut signed_in) = loop {
        let done = app.block_on(SignIn::start(&wire, profile, credentials.clone())).and_then(|(mut sign_in, step)| {
            let signed_in = extend_default_timeout(app, profile, &mut sign_in, step, &mut given, &mut app_of_user)?;
            Ok((sign_in, signed_in))
        });
        match done {
            // Who mistyped it types it again.
            Err(error) if is_wrong_password(&error) && app.is_typed(SecretKind::Password) && tries < MOST_TRIES => {
                terminal::complain(error.message());
                tries += 1;
                credentials.password = Some(self::password(app, profile)?);
            }
            done => break done?,
        }
    };
    app_of_user.is_set_up();
    if let Some((key, was_told)) = keep {
        signed_in.tokens.renewal = self::keep(app, profile, key, &sign_in, &signed_in).unwrap_or_else(|error| {
            if !was_told {
                terminal::note(&format!("no refresh token is kept, so each new token needs a sign-in: {error}"));
                terminal::hint("`--no-refresh` keeps none without saying so");
            }
            RefreshState::NotKept
        });
    }
    Ok(signed_in)
}

/// Answers what Cognito asks until the user is in.
fn extend_default_timeout(
    app: &App,
    profile: &Profile,
    sign_in: &mut SignIn<'_>,
    mut step: Step,
    given: &mut PreparedAnswers,
    app_of_user: &mut TotpProvider<'_>,
) -> Result<AuthenticationResult> {
    loop {
        let (question, reason) = match step {
            Step::Done(signed_in) => return Ok(*signed_in),
            Step::Ask(question) => (question, None),
            Step::AskAgain(question, reason) => (question, Some(reason)),
        };
        let answer = match &question {
            Challenge::Password => ChallengeResponse::Password(self::password(app, profile)?),
            question => match app_of_user.answer(question, given, reason.as_ref())? {
                Some(answer) => answer,
                None => given.answer(question, reason)?,
            },
        };
        step = app.block_on(sign_in.answer(answer))?;
    }
}

fn is_wrong_password(error: &Error) -> bool {
    let is_about_it = error.message().to_lowercase().contains("incorrect username or password");
    error.code() == Some("NotAuthorizedException") && is_about_it
}

fn keep(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    sign_in: &SignIn<'_>,
    signed_in: &AuthenticationResult,
) -> Result<RefreshState> {
    if signed_in.refresh_token.is_none() {
        return Ok(RefreshState::None);
    }
    let store = app.secrets_noninteractive()?;
    let mut lock = app.session_lock(key)?;
    let renewal = refresh_session::keep(store, profile, SessionOrigin::Api, signed_in, sign_in.device().is_some())?;
    let RefreshState::Kept(mut session) = renewal else { return Ok(renewal) };
    // A device is confirmed once it is known that the store can keep it.
    let confirmed = app.block_on(sign_in.confirm_device(signed_in, "cogtok"));
    let kept = confirmed.and_then(|device| match device {
        Some(device) => refresh_session::keep_device(store, profile, &mut session, &device),
        None => Ok(()),
    });
    if let Err(error) = kept {
        terminal::note(&format!("you stay signed in, and the pool does not remember this device: {error}"));
    }
    let identity = Identity::of(&signed_in.tokens);
    let (has_device, kept) = (session.has_device, Some(session.clone()));
    remember(lock.as_mut(), &Record { session: kept, has_device, identity, over: None });
    if let Some(lock) = &mut lock {
        // A new session knows nothing of a renewal of the old one that was cut short.
        lock.mark_refresh_in_flight(false);
    }
    Ok(RefreshState::Kept(session))
}

fn client_secret(app: &App, profile: &Profile) -> Result<Option<Secret>> {
    app.stored_secret(profile, &user_token::secret_binding(profile, SecretKind::UserClient, None)?)
}

/// The user's password: from the environment or the store, else from a person.
pub fn password(app: &App, profile: &Profile) -> Result<Secret> {
    let username = profile.username()?;
    let binding = user_token::secret_binding(profile, SecretKind::Password, Some(username))?;
    match app.stored_secret(profile, &binding)? {
        Some(password) => Ok(password),
        None => {
            app.note_source(SecretKind::Password, SecretSource::Typed);
            let typed = terminal::ask_secret(
                &format!("the password of {username}"),
                Advice::new("add `--password-stdin` || set COGTOK_PASSWORD || store it once: {store}")
                    .fill("store", binding.command()),
            );
            typed.and_then(shape::password)
        }
    }
}
