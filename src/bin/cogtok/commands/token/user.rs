//! `cogtok token user`: a user's access or ID token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cache::single_flight;
use cogtok::cache::single_flight::{CachePolicy, TokenFlight, TokenOrigin, TokenResponse};
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, TokenUse, Username};
use cogtok::store::sessions::Record;
use cogtok::user_pool::user_session::SessionOptions;
use cogtok::user_pool::user_token;

use super::challenge::{self, PreparedAnswers};
use super::obtain::obtain;
use super::session_host;
use crate::app::{App, SecretSource};
use crate::args::token_options::{TokenOptions, secret_from_stdin};
use crate::args::token_output::again;
use crate::io::{signals, terminal};
use crate::{completion, env};

/// Print a user's access token, or the ID token
///
/// The user signs in with SRP, so that the password never leaves this machine, or with the flow the profile names. The
/// token comes from the cache while it is valid; then the refresh token, which the secret store keeps, brings a new one
/// without a sign-in. A cached token does not check the password. At a terminal cogtok asks for what is missing: the user
/// name, the password, a code.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token user -p ws --username alice@example.com\n  \
    printf %s \"$PASSWORD\" |\n    \
    cogtok token user -p ws --username alice@example.com --password-stdin\n  \
    eval $(cogtok token user -p ws --token id --export)")]
pub struct User {
    #[command(flatten)]
    pub shared: TokenOptions,
    /// The user who signs in: name, e-mail address or other alias
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    pub username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Read the new password from standard input, where Cognito asks for one; with --password-stdin its second line
    #[arg(long)]
    new_password_stdin: bool,
    #[command(flatten)]
    answers: challenge::Options,
    /// How to sign in: srp, password, user-auth, admin or custom
    #[arg(long, value_name = "FLOW", add = ArgValueCandidates::new(completion::auth_flows))]
    auth_flow: Option<String>,
    /// The first factor, in the flow user-auth: password-srp, password, email-otp or sms-otp
    #[arg(long, value_name = "FACTOR", add = ArgValueCandidates::new(completion::first_factors))]
    preferred_challenge: Option<String>,
    /// Sign in instead of using a refresh token, and store none
    #[arg(long)]
    no_refresh: bool,
    /// Which token to print: access or id
    #[arg(long, value_name = "TOKEN", add = ArgValueCandidates::new(completion::tokens))]
    pub token: Option<String>,
    /// The app client
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The user pool
    #[arg(long, value_name = "ID")]
    user_pool_id: Option<String>,
    /// The password that a person has typed for another command.
    #[arg(skip)]
    pub typed_password: Option<Secret>,
}

pub fn run(app: &App, args: &User) -> Result<()> {
    let (profile, policy, served) = serve(app, args)?;
    let again = same_token(app, args, &profile, policy.token);
    args.shared.deliver(app, &profile, &policy, &served, again)
}

/// The same call again, for a hint.
fn same_token(app: &App, args: &User, profile: &Profile, token: TokenUse) -> Advice {
    // A name that was typed on request is in no setting yet.
    let is_known = || {
        let settings = app.settings(profile.name.as_ref(), &[]);
        settings.is_ok_and(|settings| !settings.list(Key::Username).is_empty())
    };
    let username = profile.user.username.as_ref().filter(|_| args.username.is_some() || !is_known());
    let is_id = (token == TokenUse::Id).then_some("id");
    let options = [
        ("--token", args.token.as_deref().or(is_id)),
        ("--username", username.map(Username::as_str)),
        ("--client-id", args.client_id.as_deref()),
        ("--user-pool-id", args.user_pool_id.as_deref()),
    ];
    again("user", &options)
}

/// The user's tokens, from the cache or by signing in.
pub fn serve(app: &App, args: &User) -> Result<(Profile, CachePolicy, TokenResponse)> {
    let profile = app.profile(&[
        (Key::Username, args.username.clone()),
        (Key::AuthFlow, args.auth_flow.clone()),
        (Key::PreferredChallenge, args.preferred_challenge.clone()),
        (Key::Token, args.token.clone()),
        (Key::UserClientId, args.client_id.clone()),
        (Key::UserPoolId, args.user_pool_id.clone()),
    ])?;
    let token = profile.user.token;
    args.shared.begin(app, None, token)?;
    let (mut given_password, given) = read_given(args)?;
    if given_password.is_some() {
        app.note_source(SecretKind::Password, SecretSource::Stdin);
    }
    let mut profile = app.resolve_region(profile);
    if given_password.is_none() {
        given_password = args.typed_password.clone();
    }
    let asked = ask_username(app, args, &mut profile)?;
    let key = user_token::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    let has_own_secret = args.password_stdin || given.is_own() || terminal::can_ask();
    let policy = args.shared.policy(app, &profile, token, has_own_secret);
    let cache = app.cache();
    let served = match single_flight::cached(&cache, &key, &policy, env::now()) {
        Some(served) => served,
        None => {
            signals::watch();
            // If the record can't be read, the store is checked first.
            let has_session =
                app.remembered(&key).map_or(true, |record| record.is_some_and(|record| !record.is_for_a_password()));
            let is_new = args.no_refresh || args.shared.no_cache;
            let may_renew = !(is_new || args.shared.force_refresh && given_password.is_some());
            let is_kept = !is_new;
            // No process should wait for a lock while a person is asked.
            let is_asked = user_token::begins_with_password(&profile) && !(may_renew && has_session);
            if given_password.is_none() && terminal::can_ask() && is_asked {
                given_password = Some(session_host::password(app, &profile)?);
            }
            let options = SessionOptions { may_renew, is_kept, password: given_password };
            // The time a person took to answer does not count.
            let flight = TokenFlight::new(&cache, &key, &policy);
            single_flight::fetch_once(flight, env::now(), app.deadline(), env::now, |turn| {
                obtain(app, &profile, &key, turn, options, (given, args.answers.save_totp))
            })?
        }
    };
    if let Some(username) = asked.filter(|_| served.source == TokenOrigin::Network) {
        app.offer_username(profile.name.as_ref(), &username);
    }
    Ok((profile, policy, served))
}

/// Asks for the user name if nothing names one and nobody signed in with the browser.
fn ask_username(app: &App, args: &User, profile: &mut Profile) -> Result<Option<Username>> {
    let is_complete = profile.user_client_id().is_ok() && profile.user_pool_id().is_ok();
    if profile.user.username.is_some() || !is_complete || !terminal::can_ask() {
        return Ok(None);
    }
    let own = user_token::cache_key(profile)?;
    let policy = args.shared.policy(app, profile, profile.user.token, true);
    let has_token = single_flight::cached(&app.cache(), &own, &policy, env::now()).is_some();
    let is_known = |record: Option<Record>| record.is_some_and(|it| it.session.is_some() || it.over.is_some());
    if has_token || app.remembered(&own).map_or(true, is_known) {
        return Ok(None);
    }
    profile.user.username = Some(app.ask_username()?);
    Ok(profile.user.username.clone())
}

/// The input from standard input, options and variables. Standard input has one line each for the password, the new password and the code,
/// in this order.
fn read_given(args: &User) -> Result<(Option<Secret>, PreparedAnswers)> {
    let wanted = [args.password_stdin, args.new_password_stdin, args.answers.mfa_code_stdin];
    let count = wanted.iter().filter(|is_wanted| **is_wanted).count();
    let mut lines = Vec::new();
    if count > 0 {
        let all = secret_from_stdin(Ok)?;
        let texts: Vec<&str> = all.expose().splitn(count, '\n').collect();
        if texts.len() < count {
            return Err(Error::usage(format!(
                "standard input has fewer than the {count} lines that the options ask for"
            ))
            .hint("they are, in this order: the password, the new password, the code"));
        }
        for (index, text) in texts.iter().enumerate() {
            let line = text.strip_suffix('\r').filter(|_| index + 1 < count).unwrap_or(text);
            let secret = Secret::from_bytes(line.as_bytes().to_vec());
            lines.push(
                secret.map_err(|error| {
                    Error::usage(format!("standard input, line {}: {}", index + 1, error.message()))
                })?,
            );
        }
    }
    let mut lines = lines.into_iter();
    let mut next = |is_wanted: bool| if is_wanted { lines.next() } else { None };
    let [password, new_password, code] = wanted.map(&mut next);
    let shaped = |secret: Option<Secret>| secret.map(shape::password).transpose();
    let [password, new_password] = [shaped(password), shaped(new_password)];
    let (password, new_password) = match (password, new_password) {
        (Ok(password), Ok(new_password)) => (password, new_password),
        (Err(error), _) | (_, Err(error)) => return Err(error.context("standard input")),
    };
    let attributes = args.answers.attribute.iter().map(|pair| {
        pair.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .ok_or_else(|| Error::usage(format!("`{}` is not NAME=VALUE", printable(pair, 80))))
    });
    let code =
        code.or_else(|| args.answers.mfa_code.clone().map(Secret::new)).or_else(|| env::secret("COGTOK_MFA_CODE"));
    let attributes = attributes.collect::<Result<_>>()?;
    Ok((
        password,
        PreparedAnswers { new_password, code, mfa_type: args.answers.mfa_type.clone(), attributes, wrong: 0 },
    ))
}
