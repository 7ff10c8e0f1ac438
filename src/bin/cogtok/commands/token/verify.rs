//! `cogtok token verify`: signature and claims of a token.

use std::time::UNIX_EPOCH;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secret::Secret;
use cogtok::settings::issuer;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, issuers, missing};
use cogtok::settings::types::{ClientId, PoolId, ProfileName, Scopes};
use cogtok::token::jwt::payload_unverified;
use cogtok::token::relative_time::relative;
use cogtok::token::verify::{Claims, Expectations, LEEWAY_SECONDS, Rejection};
use cogtok::user_pool::revocation_check;
use cogtok::user_pool::revocation_check::RevocationStatus;
use serde_json::{Value, json};

use crate::app::options::{Output, not_empty};
use crate::app::{App, as_written};
use crate::args::jwks_args::Keys;
use crate::args::token_input::TokenInput;
use crate::io::terminal;
use crate::{completion, env};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Verify a token: signature, issuer, client, times
///
/// The token that is given, or the profile's cached one, against the keys of the profile's pool. What fails is named, with
/// exit code 8. A token whose keys can't be obtained is not verified either, with exit code 6.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token verify -p ws\n  \
    printf %s \"$TOKEN\" | cogtok token verify - -p ws --scope api/read --json\n  \
    printf %s \"$TOKEN\" | cogtok token verify - \\\n    \
    --user-pool-id us-east-1_AbCdEfGhI --client-id CLIENT", mut_arg("token", |token| {
    token.help("Which of the user's tokens, and the only kind to accept: access or id")
}))]
pub struct Verify {
    #[command(flatten)]
    given: TokenInput,
    #[command(flatten)]
    keys: Keys,
    /// The issuer to expect instead of the pool's
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The user pool
    #[arg(long, value_name = "ID", conflicts_with = "issuer")]
    user_pool_id: Option<String>,
    /// The app client to expect instead of the profile's; repeat it for several
    #[arg(long, value_name = "ID")]
    client_id: Vec<ClientId>,
    /// The resource that an access token is bound to (its aud)
    #[arg(long, value_name = "URL", value_parser = not_empty)]
    audience: Option<String>,
    /// A scope that the token must have; repeat it for several
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    scope: Vec<String>,
    /// A group that the user must be in; repeat it for several
    #[arg(long, value_name = "GROUP", value_parser = not_empty, add = ArgValueCandidates::new(completion::groups))]
    group: Vec<String>,
    /// Ask Cognito as well whether a user's token has been revoked
    #[arg(long, conflicts_with = "offline")]
    remote: bool,
}

pub fn run(app: &App, args: &Verify) -> Result<()> {
    let form = app.output(&FORMS)?;
    args.given.check(true)?;
    let mut settings = args.given.settings();
    settings.push((Key::UserPoolId, args.user_pool_id.clone()));
    let is_pool_named = args.issuer.is_some() || args.user_pool_id.is_some();
    if args.given.is_there() && is_pool_named && !args.client_id.is_empty() {
        app.allow_missing_config();
    }
    let profile = app.profile(&settings)?;
    let expected = expectations(app, args, &profile)?;
    let (token, profile) = args.given.read_or_cached(app, profile)?;
    let failed = |error: Error, reason: Value| {
        if form == Output::Json {
            let mut object = json!({ "verified": false, "message": error.message() });
            if let (Value::Object(object), Value::Object(reason)) = (&mut object, reason) {
                object.extend(reason);
            }
            terminal::data(&terminal::json(&object))?;
        }
        Err(error)
    };
    match verdict(app, args, &profile, &expected, &token) {
        Ok(Ok((claims, asked))) => terminal::data(&match form {
            Output::Json => terminal::json(&json!({
                "verified": true, "kind": claims.kind().as_str(), "remote": asked, "claims": claims.as_map(),
            })),
            _ => summary(&claims, asked, env::now()),
        })
        .map(drop),
        Ok(Err(mut rejection)) => {
            if rejection.is_for_unnamed_resource() {
                rejection.expected.push_str(" that `--audience` names");
            }
            let reason = json!({ "claim": rejection.claim, "found": rejection.found, "expected": rejection.expected });
            let is_time = matches!(rejection.claim, "exp" | "iat" | "nbf");
            let is_of_keys = matches!(rejection.claim, "iss" | "kid" | "signature");
            let error = Error::from(rejection);
            let error = match other_pool(&profile, &token).filter(|_| is_of_keys && args.issuer.is_none()) {
                Some(pool) => of_other_pool(app, &profile, &pool, error),
                None => error,
            };
            let error = match app.clock_is_off().filter(|_| is_time) {
                Some(words) => error.hint(format!("{words}: set it")),
                None => error,
            };
            failed(error, reason)
        }
        Err(error) => failed(error.context("NOT verified"), Value::Null),
    }
}

/// The pool in the token's issuer, if it is not the profile's.
fn other_pool(profile: &Profile, token: &Secret) -> Option<PoolId> {
    let claims = payload_unverified(token.expose())?;
    let named = issuer::parse(claims.get("iss")?.as_str()?).ok()?.pool;
    profile.user_pool_id.as_ref().is_some_and(|own| *own != named).then_some(named)
}

/// The error for a token of another pool, with its issuer and the profile for that pool.
fn of_other_pool(app: &App, profile: &Profile, pool: &PoolId, error: Error) -> Error {
    let own = profile.user_pool_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let expects = match &profile.name {
        Some(name) => format!("profile `{name}` expects {own}"),
        None => format!("{own} is expected"),
    };
    let why = error.message().strip_prefix("NOT verified: ").unwrap_or_default();
    let told = Error::new(error.kind(), format!("NOT verified: issued by {pool}; {expects} ({why})"));
    let error = error.advice().iter().fold(told, |told, hint| told.hint(hint.clone()));
    let Ok(config) = app.config() else { return error };
    let names = config.names();
    let has_pool =
        |name: &&ProfileName| as_written(config, name).is_ok_and(|it| it.user_pool_id.as_ref() == Some(pool));
    match names.iter().find(has_pool) {
        Some(name) => {
            error.hint(Advice::new("profile `{name}` has that pool: cogtok token verify -p {name}").word("name", name))
        }
        None => error,
    }
}

fn expectations(app: &App, args: &Verify, profile: &Profile) -> Result<Expectations> {
    let issuers = match &args.issuer {
        Some(issuer) => vec![issuer.clone()],
        None => {
            let pool = profile.user_pool_id().map_err(|error| app.without_profile(profile, error))?;
            issuers(pool).to_vec()
        }
    };
    let clients = match args.client_id.as_slice() {
        [] => [&profile.user.client_id, &profile.m2m.client_id].into_iter().flatten().cloned().collect(),
        named => named.to_vec(),
    };
    if clients.is_empty() {
        return Err(app.without_profile(profile, missing(Key::UserClientId)));
    }
    let pinned = args.given.token.as_deref().map(str::parse).transpose()?;
    // An empty variable must not turn the check off.
    let scopes = Scopes::parse(args.scope.iter().map(String::as_str))?;
    let (audience, groups) = (args.audience.clone(), args.group.clone());
    Ok(Expectations { issuers, clients, token: pinned, audience, scopes, groups })
}

/// The claims and what Cognito was asked, or why the token is rejected; an error where it can't be found out.
type Verdict = Result<(Claims, Option<&'static str>), Rejection>;

fn verdict(app: &App, args: &Verify, profile: &Profile, expected: &Expectations, token: &Secret) -> Result<Verdict> {
    let verified = args.keys.with(app, profile, args.issuer.as_deref(), |source, fetch| {
        cogtok::client::verification::verify(token.expose(), expected, source, env::now, fetch)
    })?;
    match verified {
        Ok(claims) if args.remote => {
            let asked = app.block_on(async { revocation_check::ask(&app.wire()?, profile, &claims, token).await })?;
            if asked == RevocationStatus::Nobody {
                log::warn!(target: "cogtok", "Cognito can't check a machine's token: it can't be revoked, and is valid until `exp`");
            }
            Ok(Ok((claims, asked.call())))
        }
        Ok(claims) => Ok(Ok((claims, None))),
        Err(rejection) => Ok(Err(rejection)),
    }
}

fn summary(claims: &Claims, asked: Option<&str>, now: u64) -> String {
    let who = claims.username().map(|name| format!(" of {}", printable(name, 128))).unwrap_or_default();
    let client = printable(claims.client_id().unwrap_or_default(), 128);
    let end = claims.expires_at().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let is_over = end <= now / 1000;
    let end = relative(i64::try_from(end).unwrap_or(i64::MAX), now);
    let end = if is_over {
        format!("expired {end} (clocks may differ by {LEEWAY_SECONDS} s)")
    } else {
        format!("expires {end}")
    };
    let asked = asked.map(|call| format!(", {call} accepts it")).unwrap_or_default();
    format!("verified: {}{who}, client {client}, {end}{asked}\n", claims.kind().described())
}
