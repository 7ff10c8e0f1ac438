//! `cogtok token m2m`: a machine-to-machine access token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::flows::{self, Policy, Served, Source, m2m};
use cogtok::profile::Profile;
use cogtok::profile::keys::Key;
use cogtok::profile::words::TokenUse;
use cogtok::secret::Secret;

use super::{Shared, secret_from_stdin};
use crate::app::App;
use crate::{complete, env, interrupt, terminal};

/// Print a machine-to-machine access token (OAuth client_credentials)
///
/// The token comes from the cache while it is valid. Any number of parallel calls make one request.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token m2m -p ws\n  \
    eval $(cogtok token m2m -p ws --export)\n  \
    curl -H @<(cogtok token m2m -p ws --header) https://api.example.com/\n  \
    cogtok token m2m --secret-arn arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf")]
pub struct M2m {
    #[command(flatten)]
    pub shared: Shared,
    /// Scopes to ask for instead of the profile's; repeat it or separate them by spaces
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The app client
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The token endpoint
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// A Secrets Manager secret that holds the client secret, perhaps with client, URL and scopes
    #[arg(long, value_name = "ARN", conflicts_with = "client_secret_stdin")]
    secret_arn: Option<String>,
    /// Read the client secret from standard input
    #[arg(long)]
    client_secret_stdin: bool,
    /// How the client authenticates: client_secret_basic or client_secret_post
    #[arg(long, value_name = "METHOD", add = ArgValueCandidates::new(complete::auth_methods))]
    auth_method: Option<String>,
}

pub fn run(app: &App, args: &M2m) -> Result<()> {
    let (profile, policy, served) = serve(app, args)?;
    args.shared.deliver(app, &profile, &policy, &served, "m2m")
}

/// The machine's token, from the cache or by asking for it.
pub fn serve(app: &App, args: &M2m) -> Result<(Profile, Policy, Served)> {
    args.shared.begin(app, TokenUse::Access)?;
    let scopes = (!args.scope.is_empty()).then(|| args.scope.join(" "));
    let mut profile = app.profile(&[
        (Key::Scopes, scopes),
        (Key::M2mClientId, args.client_id.clone()),
        (Key::TokenUrl, args.token_url.clone()),
        (Key::SecretArn, args.secret_arn.clone()),
        (Key::AuthMethod, args.auth_method.clone()),
    ])?;
    // Standard input and the environment come before a profile's secret_arn.
    let is_complete = profile.m2m.client_id.is_some() && profile.m2m.token_url.is_some();
    if args.client_secret_stdin && profile.m2m.secret_arn.is_some() && !is_complete {
        return Err(Error::config(
            "a secret is given, and `m2m.client_id` or `m2m.token_url` to use it with is not set",
        )
        .hint("add `--client-id ID --token-url URL`"));
    }
    let given =
        if args.client_secret_stdin { Some(secret_from_stdin()?) } else { env::secret("COGTOK_M2M_CLIENT_SECRET") };
    if given.is_some() && args.secret_arn.is_none() && is_complete {
        profile.m2m.secret_arn = None;
    }
    if profile.m2m.secret_arn.is_some() {
        app.settle_region(&mut profile);
    }
    let key = m2m::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    let has_own_secret = args.client_secret_stdin || terminal::can_ask();
    let policy = args.shared.policy(app, &profile, TokenUse::Access, has_own_secret);
    let cache = app.cache();
    let served = match flows::cached(&cache, &key, &policy, env::now()) {
        Some(served) => served,
        None => {
            interrupt::watch();
            let early = before_waiting(app, &profile, given)?;
            // The time that a person took to answer does not count.
            let policy = Policy { deadline: app.deadline(), ..policy };
            flows::serve(&cache, &key, &policy, env::now, |_| {
                let tokens = obtain(app, &profile, early)?;
                Ok(Served { tokens, source: Source::Network })
            })?
        }
    };
    Ok((profile, policy, served))
}

/// The secret, where getting it may take a human: nobody should wait behind a question.
fn before_waiting(app: &App, profile: &Profile, given: Option<Secret>) -> Result<Option<Secret>> {
    if given.is_some() || profile.m2m.secret_arn.is_some() || !terminal::can_ask() {
        return Ok(given);
    }
    secret(app, profile).map(Some)
}

fn obtain(app: &App, profile: &Profile, early: Option<Secret>) -> Result<cogtok::token::TokenSet> {
    let wire = app.wire()?;
    if profile.m2m.secret_arn.is_some() {
        return app.block_on(m2m::obtain_with_arn(&wire, profile));
    }
    let secret = match early {
        Some(secret) => secret,
        None => secret(app, profile)?,
    };
    app.block_on(m2m::obtain(&wire, profile, secret))
}

fn secret(app: &App, profile: &Profile) -> Result<Secret> {
    let binding = m2m::secret_binding(profile)?;
    match app.stored_secret(profile, &binding)? {
        Some(secret) => Ok(secret),
        None => terminal::ask_secret(
            &format!("the secret of client {}", binding.client_id),
            "store it once: cogtok secret set m2m-client{p}; or set COGTOK_M2M_CLIENT_SECRET, or add `--client-secret-stdin`",
        ),
    }
}
