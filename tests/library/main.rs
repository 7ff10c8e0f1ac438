//! A program that uses the library as a dependent crate would: no file, no terminal, no state of the process. It signs a
//! user in, answers what Cognito asks, renews, verifies, and gets a machine's token.
//!
//! `library ENDPOINT POOL CLIENT USERNAME M2M_CLIENT`, with the password and the machine's secret on two lines of standard
//! input; prints what it verified, a line each.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

use std::io::Read;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cogtok::cache::single_flight::{Acquired, CachePolicy, CacheUse, TokenOrigin, TokenResponse, begin};
use cogtok::cache::token_cache::Cache;
use cogtok::client::verification;
use cogtok::error::{Error, Result};
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_credentials;
use cogtok::oauth::jwks_uri;
use cogtok::secret::Secret;
use cogtok::settings::keys::{Key, Settings, ValueOrigin};
use cogtok::settings::profile::{AwsEnvironment, Profile};
use cogtok::settings::types::TokenUse;
use cogtok::token::verify::{Claims, Expectations, verify as verified};
use cogtok::user_pool::challenge::{Challenge, ChallengeResponse};
use cogtok::user_pool::sign_in::{Credentials, SignIn, Step};

/// The clock is an argument of the library: milliseconds since the Unix epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Err(error) = runtime.block_on(run()) {
        eprintln!("{error}");
        std::process::exit(i32::from(error.kind().exit_code()));
    }
}

async fn run() -> Result<()> {
    let [endpoint, pool, client, username, machine] = arguments()?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(|error| Error::usage(error.to_string()))?;
    let mut lines = input.lines().map(|line| Secret::new(line.to_owned()));
    let mut next = || lines.next().ok_or_else(|| Error::usage("two lines are wanted"));
    let (password, machine_secret) = (next()?, next()?);

    // A profile from values; a program may as well take them from `store::config`.
    let mut settings = Settings::default();
    for (key, value) in [
        (Key::EndpointUrl, &endpoint),
        (Key::UserPoolId, &pool),
        (Key::UserClientId, &client),
        (Key::Username, &username),
        (Key::M2mClientId, &machine),
        (Key::TokenUrl, &format!("{endpoint}/oauth2/token")),
    ] {
        settings.offer(key, vec![value.clone()], ValueOrigin::Flag);
    }
    let profile = std::sync::Arc::new(Profile::resolve(None, &settings, &AwsEnvironment::default())?);
    let wire = HttpClient::new(None, None, now, Instant::now() + Duration::from_secs(30))?;

    // A user, with the challenges as data.
    let credentials = Credentials { password: Some(password), ..Credentials::default() };
    let (mut sign_in, mut step) = SignIn::start(&wire, &profile, credentials).await?;
    let signed_in = loop {
        step = match step {
            Step::Done(signed_in) => break *signed_in,
            Step::AskAgain(_, reason) => return Err(reason),
            Step::Ask(Challenge::Code { .. }) => {
                sign_in.answer(ChallengeResponse::Code(Secret::new("000000".to_owned()))).await?
            }
            Step::Ask(question) => return Err(Error::usage(format!("this program has no answer to {question:?}"))),
        };
    };
    let claims = check(&wire, &profile, signed_in.tokens.access.value.expose()).await?;
    println!("user {}", claims.username().unwrap_or_default());

    // A machine, through the cache: a folder of the program's own, or none at all.
    let dir = tempfile::tempdir().map_err(|error| Error::store(error.to_string()))?;
    let cache = Cache::new(Some(dir.path().join("cache")));
    for _ in 0..2 {
        let served = machine_token(&wire, &profile, &cache, &machine_secret).await?;
        let claims = check(&wire, &profile, served.tokens.access.value.expose()).await?;
        println!("machine {} from {}", claims.client_id().unwrap_or_default(), served.source.as_str());
    }
    // A changed token is no token.
    let mut forged = signed_in.tokens.access.value.expose().to_owned();
    forged.pop();
    forged.push('~');
    match check(&wire, &profile, &forged).await {
        Ok(_) => Err(Error::usage("a forged token was taken")),
        Err(error) => {
            println!("forged refused: exit code {}", error.kind().exit_code());
            Ok(())
        }
    }
}

/// The machine's token: from the cache, or with one request for any number of callers.
async fn machine_token(wire: &HttpClient, profile: &Profile, cache: &Cache, secret: &Secret) -> Result<TokenResponse> {
    let policy = CachePolicy {
        token: TokenUse::Access,
        min_validity: Duration::from_secs(60),
        cache: CacheUse::Full,
        deadline: wire.deadline(),
        has_own_secret: true,
    };
    let key = client_credentials::cache_key(profile)?;
    let begun = tokio::task::spawn_blocking({
        let cache = cache.clone();
        move || begin(&cache, &key, &policy, now)
    });
    match begun.await.map_err(|error| Error::usage(error.to_string()))?? {
        Acquired::Served(served) => Ok(served),
        Acquired::Turn(turn) => {
            let client = client_credentials::client(profile, secret.clone())?;
            let result = client_credentials::obtain(wire, profile, &client).await;
            turn.finish(result.map(|tokens| TokenResponse { tokens, source: TokenOrigin::Network }))
        }
    }
}

/// Only what was verified has claims.
async fn check(wire: &HttpClient, profile: &Profile, token: &str) -> Result<Claims> {
    let url = verification::published_at(profile, None)?;
    let keys = jwks_uri::fetch(wire, &url).await?;
    let clients = profile.user.client_id.iter().chain(&profile.m2m.client_id).cloned().collect();
    let expected = Expectations::of_pool(profile.user_pool_id()?, clients);
    verified(token, &keys, &expected, now()).map_err(Error::from)
}

fn arguments() -> Result<[String; 5]> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    all.try_into().map_err(|_| Error::usage("ENDPOINT POOL CLIENT USERNAME M2M_CLIENT"))
}
