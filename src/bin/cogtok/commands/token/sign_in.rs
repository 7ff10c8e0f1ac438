//! A user's tokens when the cache has none that will do: renewed with the refresh token, else by signing in.

use cogtok::cognito::admin::Admin;
use cogtok::cognito::device::Device;
use cogtok::cognito::idp::SignedIn;
use cogtok::cognito::renew::NotRenewed;
use cogtok::error::{Error, Hint, Kind, Result};
use cogtok::flows::challenge::{Answer, Question};
use cogtok::flows::user::{self, Credentials, SignIn, Step};
use cogtok::flows::{Served, Source, Turn, session};
use cogtok::profile::Profile;
use cogtok::profile::words::SecretKind;
use cogtok::secret::Secret;
use cogtok::token::session::{Renewal, Session, Via};

use super::authenticator::AppOfUser;
use super::challenge::Given;
use crate::app::{App, SecretSource};
use crate::{env, terminal};

/// What the caller wants beside a token.
pub struct Wish {
    /// Whether a refresh token may be used.
    pub may_renew: bool,
    /// Whether the refresh token is to be kept.
    pub is_kept: bool,
    /// Whether the key of an authenticator app that is set up is to be kept.
    pub save_totp: bool,
}

/// Tokens from Cognito.
pub fn obtain(
    app: &App,
    profile: &Profile,
    turn: &mut Turn,
    wish: &Wish,
    given_password: Option<Secret>,
    given: Given,
) -> Result<Served> {
    let renewal = turn.previous().map(|tokens| tokens.renewal.clone()).unwrap_or_default();
    let mut over = None;
    if let Renewal::Kept(session) = &renewal
        && wish.may_renew
        && turn.is_exclusive()
    {
        match renew(app, profile, turn, session) {
            Ok(Some(served)) => return Ok(served),
            // Who signed in with the browser may have no password, and is asked for none.
            Ok(None) if session.via == Via::Endpoint && given_password.is_none() => return Err(ended(None)),
            Err(NotRenewed::Over(error)) if session.via == Via::Endpoint && given_password.is_none() => {
                return Err(ended(Some(error)));
            }
            Ok(None) => {}
            Err(NotRenewed::Over(error)) => over = Some(error),
            Err(error) => return Err(app.about_secrets(error.into_error())),
        }
    }
    profile.username().map_err(|error| {
        let error = error.hint("or sign in with the browser: `cogtok login{p}`");
        app.for_others(profile, None).into_iter().fold(error, Error::hint)
    })?;
    // Without the lock two processes could use the same refresh token.
    let is_kept = wish.is_kept && turn.is_exclusive();
    let was_told = renewal == Renewal::NotKept;
    let device = renewal.session().filter(|session| session.has_device).and_then(|_| {
        let store = app.secrets().ok()?;
        session::device(store, profile)
    });
    let app_of_user = AppOfUser::new(app, profile, wish.save_totp);
    let result = sign_in(app, profile, device, given_password, (given, app_of_user), is_kept.then_some(was_told));
    match (result, over) {
        (Ok(signed_in), _) => Ok(Served { tokens: signed_in.tokens, source: Source::Network }),
        (Err(error), Some(over)) if error.kind() == Kind::NeedsHuman => {
            Err(error.context(&format!("the session is over ({})", over.message())))
        }
        (Err(error), _) => Err(with_allowed_flows(app, profile, error)),
    }
}

/// Says which flows the app client allows where it refuses the profile's, and AWS credentials are there to ask with.
fn with_allowed_flows(app: &App, profile: &Profile, error: Error) -> Error {
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

/// Tokens for the refresh token; none where the store does not have it any more.
pub fn renew(app: &App, profile: &Profile, turn: &mut Turn, session: &Session) -> Result<Option<Served>, NotRenewed> {
    let store = match app.secrets() {
        Ok(store) => store,
        Err(error) => return without_store(error),
    };
    let refresh_token = session::refresh_token_binding(profile, session)
        .and_then(|binding| store.get(&binding, &profile.address_options));
    let refresh_token = match refresh_token {
        Ok(Some(refresh_token)) => refresh_token,
        Ok(None) => return Ok(None),
        Err(error) => return without_store(error),
    };
    let device = session.has_device.then(|| session::device(store, profile)).flatten();
    let client_secret = session::client_secret_binding(profile, session)
        .and_then(|binding| app.stored_secret(profile, &binding))
        .map_err(NotRenewed::Failed)?;
    let wire = app.wire().map_err(NotRenewed::Failed)?;
    let was_cut_short = turn.note_refreshing(true);
    let renewed = app
        .block_on(async { Ok(session::renew(&wire, profile, client_secret, session, &refresh_token, device).await) });
    // What becomes of a request that ran out of time is not known.
    let renewed = renewed.map_err(NotRenewed::Unknown)?;
    let signed_in = match renewed {
        Ok(signed_in) => signed_in,
        Err(NotRenewed::Over(error)) => {
            turn.note_refreshing(false);
            match was_cut_short {
                true => {
                    terminal::note("a renewal was cut short before its new refresh token was kept: sign in once more")
                }
                false if session.via == Via::Endpoint => {}
                false => terminal::note(&format!("the session is over: {}", error.message())),
            }
            if let Err(error) = session::forget_refresh_token(store, profile, session) {
                log::warn!(target: "cogtok", "{error}");
            }
            return Err(NotRenewed::Over(error));
        }
        Err(NotRenewed::Failed(error)) => {
            turn.note_refreshing(was_cut_short);
            return Err(NotRenewed::Failed(error));
        }
        Err(unknown) => return Err(unknown),
    };
    let renewal = session::keep_renewed(store, profile, session, &signed_in).unwrap_or_else(|error| {
        log::warn!(target: "cogtok", "the new refresh token could not be kept, so the next token needs a sign-in: {error}");
        Renewal::NotKept
    });
    turn.note_refreshing(false);
    let mut tokens = signed_in.tokens;
    tokens.renewal = renewal;
    Ok(Some(Served { tokens, source: Source::Refresh }))
}

/// The error where a session from the browser is over.
fn ended(why: Option<Error>) -> Error {
    let why = why.map_or_else(|| "its refresh token is gone".to_owned(), |why| why.message().to_owned());
    Error::new(Kind::NeedsHuman, format!("the session from the browser is over: {why}"))
        .hint("sign in again: `cogtok login{p}`")
}

/// A store that can't be asked is no reason to fail where somebody or something can sign in.
fn without_store(error: Error) -> Result<Option<Served>, NotRenewed> {
    log::warn!(target: "cogtok", "the refresh token can't be read: {error}");
    Ok(None)
}

/// Signs in. `keep` says whether the refresh token is to be kept, and whether it was said before that it can't be.
fn sign_in(
    app: &App,
    profile: &Profile,
    device: Option<Device>,
    given_password: Option<Secret>,
    (mut given, mut app_of_user): (Given, AppOfUser<'_>),
    keep: Option<bool>,
) -> Result<SignedIn> {
    let password = match given_password {
        Some(password) => Some(password),
        None if user::begins_with_password(profile) => Some(password(app, profile)?),
        None => None,
    };
    let credentials = Credentials { client_secret: client_secret(app, profile)?, password, device };
    let wire = app.wire()?;
    let (mut sign_in, mut step) = app.block_on(SignIn::start(&wire, profile, credentials))?;
    let mut signed_in = loop {
        let (question, reason) = match step {
            Step::Done(signed_in) => break *signed_in,
            Step::Ask(question) => (question, None),
            Step::AskAgain(question, reason) => (question, Some(reason)),
        };
        let answer = match &question {
            Question::Password => Answer::Password(self::password(app, profile)?),
            question => match app_of_user.answer(question, &given, reason.as_ref())? {
                Some(answer) => answer,
                None => given.answer(question, reason)?,
            },
        };
        step = app.block_on(sign_in.answer(answer))?;
    };
    app_of_user.is_set_up();
    if let Some(was_told) = keep {
        signed_in.tokens.renewal = self::keep(app, profile, &sign_in, &signed_in).unwrap_or_else(|error| {
            if !was_told {
                terminal::note(&format!("no refresh token is kept, so each new token needs a sign-in: {error}"));
                terminal::hint("`--no-refresh` keeps none without saying so");
            }
            Renewal::NotKept
        });
    }
    Ok(signed_in)
}

fn keep(app: &App, profile: &Profile, sign_in: &SignIn<'_>, signed_in: &SignedIn) -> Result<Renewal> {
    if signed_in.refresh_token.is_none() {
        return Ok(Renewal::None);
    }
    let store = app.secrets_unasked()?;
    let renewal = session::keep(store, profile, Via::Api, signed_in, sign_in.device().is_some())?;
    // A device is confirmed once it is known that the store can keep it.
    let confirmed = app.block_on(sign_in.confirm_device(signed_in, "cogtok"));
    confirmed.and_then(|device| session::keep_device(store, profile, renewal, device.as_ref()))
}

fn client_secret(app: &App, profile: &Profile) -> Result<Option<Secret>> {
    app.stored_secret(profile, &user::secret_binding(profile, SecretKind::UserClient, None)?)
}

/// The user's password: from the environment or the store, else from a person.
pub fn password(app: &App, profile: &Profile) -> Result<Secret> {
    let username = profile.username()?;
    let binding = user::secret_binding(profile, SecretKind::Password, Some(username))?;
    match app.stored_secret(profile, &binding)? {
        Some(password) => Ok(password),
        None => {
            app.note_source(SecretKind::Password, SecretSource::Typed);
            terminal::ask_secret(
                &format!("the password of {username}"),
                Hint::new("add `--password-stdin` || set COGTOK_PASSWORD || store it once: {store}")
                    .fill("store", binding.command()),
            )
        }
    }
}
