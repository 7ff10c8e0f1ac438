//! `cogtok token m2m`: a machine-to-machine access token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cache::single_flight;
use cogtok::cache::single_flight::{CachePolicy, TokenFlight, TokenOrigin, TokenResponse};
use cogtok::error::{Advice, AdviceKind, Error, Result};
use cogtok::http::redirect::moved;
use cogtok::oauth::client_credentials;
use cogtok::secret::Secret;
use cogtok::secret::shape::{client_secret, client_secret_of_call};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, missing};
use cogtok::settings::types::{SecretKind, TokenOwner, TokenUse, Transport};
use cogtok::token::TokenSet;

use crate::app::options::not_empty;
use crate::app::{App, SecretSource, can_store_for, first_old_variable, instead};
use crate::args::token_options::{TokenOptions, secret_from_stdin};
use crate::args::token_output::again;
use crate::commands::mistyped::{Mistyped, Tries};
use crate::commands::{mistyped, refused_scopes};
use crate::io::shell::{CREDENTIALS, Export, Value};
use crate::io::terminal::Question;
use crate::io::{signals, terminal};
use crate::{completion, env};

/// The variable that supplies the client secret.
const VARIABLE: &str = "COGTOK_M2M_CLIENT_SECRET";

/// Print a machine-to-machine access token (OAuth client_credentials)
///
/// The token comes from the cache while it is valid. Any number of parallel calls make one request.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token m2m -p ws\n  \
    eval $(cogtok token m2m -p ws --export)\n  \
    cogtok token m2m -p ws --header | curl -H @- https://api.example.com/\n  \
    cogtok token m2m -p ws --export=github-actions\n  \
    cogtok token m2m -p ws --output-file token.txt\n  \
    cogtok token m2m --secret-arn \\\n    \
    arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf")]
pub struct M2m {
    #[command(flatten)]
    pub shared: TokenOptions,
    /// Scopes to ask for instead of the profile's; repeat it or separate them by spaces
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    pub scope: Vec<String>,
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
    #[arg(long, value_name = "METHOD", add = ArgValueCandidates::new(completion::auth_methods))]
    auth_method: Option<String>,
    /// Where to ask: endpoint, api (GetClientToken, for a pool without a domain) or auto
    #[arg(long, value_name = "TRANSPORT", add = ArgValueCandidates::new(completion::transports))]
    transport: Option<String>,
    /// Print the client id, the client secret, the URL and the scopes as the COGNITO_* variables of the old scripts
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "sh", conflicts_with_all = ["export", "json", "output", "header"])]
    export_credentials: Option<Export>,
}

pub fn run(app: &App, args: &M2m) -> Result<()> {
    if let Some(form) = args.export_credentials {
        return credentials(app, args, form);
    }
    let (profile, policy, served) = serve(app, args)?;
    args.shared.deliver(app, &profile, &policy, &served, same_token(args))
}

/// The same call again, for a hint.
fn same_token(args: &M2m) -> Advice {
    let scopes = (!args.scope.is_empty()).then(|| args.scope.join(" "));
    let options = [
        ("--scope", scopes.as_deref()),
        ("--client-id", args.client_id.as_deref()),
        ("--token-url", args.token_url.as_deref()),
        ("--secret-arn", args.secret_arn.as_deref()),
        ("--transport", args.transport.as_deref()),
        ("--auth-method", args.auth_method.as_deref()),
    ];
    again("m2m", &options)
}

/// The profile with the options of this command, and the secret that standard input or the environment gives.
fn begin(app: &App, args: &M2m) -> Result<(Profile, Option<Secret>)> {
    args.shared.begin(app, args.export_credentials, TokenUse::Access)?;
    let scopes = (!args.scope.is_empty()).then(|| args.scope.join(" "));
    let profile = app.profile(&[
        (Key::Scopes, scopes),
        (Key::M2mClientId, args.client_id.clone()),
        (Key::TokenUrl, args.token_url.clone()),
        (Key::SecretArn, args.secret_arn.clone()),
        (Key::AuthMethod, args.auth_method.clone()),
        (Key::Transport, args.transport.clone()),
    ])?;
    let has_region = profile.m2m.secret_arn.is_some() || profile.m2m.transport == Transport::Api;
    let mut profile = if has_region { app.resolve_region(profile) } else { profile };
    // A secret from standard input or the environment comes before the profile's secret_arn.
    let is_complete = client_credentials::is_complete(&profile);
    if args.client_secret_stdin && profile.m2m.secret_arn.is_some() && !is_complete {
        return Err(Error::config("a secret was given, but `m2m.client_id` or `m2m.token_url` is not set")
            .hint("add `--client-id ID --token-url URL`"));
    }
    let (given, source) = if args.client_secret_stdin {
        (Some(secret_from_stdin(client_secret_of_call)?), SecretSource::Stdin)
    } else {
        let secret = env::secret(VARIABLE).map(client_secret).transpose();
        (secret.map_err(|error| error.context(VARIABLE))?, SecretSource::Variable(VARIABLE))
    };
    if given.is_some() {
        app.note_source(SecretKind::M2mClient, source);
    }
    if given.is_some() && args.secret_arn.is_none() && is_complete {
        profile.m2m.secret_arn = None;
    }
    Ok((profile, given))
}

/// The machine's token, from the cache or by asking for it.
pub fn serve(app: &App, args: &M2m) -> Result<(Profile, CachePolicy, TokenResponse)> {
    let (profile, given) = begin(app, args)?;
    let key = client_credentials::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    let has_own_secret = args.client_secret_stdin || terminal::can_ask();
    let policy = args.shared.policy(app, &profile, TokenUse::Access, has_own_secret);
    let cache = app.cache();
    let served = match single_flight::cached(&cache, &key, &policy, env::now()) {
        Some(served) => served,
        None => {
            signals::watch();
            let fetch = |early: &Option<Secret>| {
                // The time a person took to answer does not count.
                let flight = TokenFlight::new(&cache, &key, &policy);
                single_flight::fetch_once(flight, env::now(), app.deadline(), env::now, |_| {
                    let tokens = obtain(app, &profile, early.clone())?;
                    Ok(TokenResponse { tokens, source: TokenOrigin::Network })
                })
            };
            let mut tries = Tries::all();
            let mut early = tries.first(|| before_waiting(app, &profile, given))?;
            let typed: &[Mistyped] = if app.is_typed(SecretKind::M2mClient) { &[Mistyped::ClientSecret] } else { &[] };
            mistyped::until_accepted(&mut early, (typed, tries), fetch, |early, _| {
                *early = before_waiting(app, &profile, None)?;
                Ok(())
            })?
        }
    };
    Ok((profile, policy, served))
}

/// Prints what the old scripts read from their environment.
fn credentials(app: &App, args: &M2m, form: Export) -> Result<()> {
    let (profile, given) = begin(app, args)?;
    if profile.m2m.secret_arn.is_none() {
        client_credentials::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    }
    let client = client(app, &profile, given)?;
    let url = client.token_url.as_ref().ok_or_else(|| missing(Key::TokenUrl))?;
    let values = [
        Value::Plain(client.client_id.to_string()),
        Value::Secret(client.client_secret.clone()),
        Value::Plain(url.to_string()),
        Value::Plain(client.scopes.to_string()),
    ];
    let variables: Vec<_> = CREDENTIALS.map(str::to_owned).into_iter().zip(values).collect();
    log::warn!(target: "cogtok", "the client secret is being exported: every program that is started with these variables can read it; `cogtok exec` passes on a token instead");
    args.shared.assign(form, &variables)
}

/// Gets a secret that may need a person before the lock is taken, so that no process waits for a question.
fn before_waiting(app: &App, profile: &Profile, given: Option<Secret>) -> Result<Option<Secret>> {
    if given.is_some() || profile.m2m.secret_arn.is_some() || !terminal::can_ask() {
        return Ok(given);
    }
    secret(app, profile, &client_credentials::secret_binding(profile)?).map(Some)
}

fn obtain(app: &App, profile: &Profile, early: Option<Secret>) -> Result<TokenSet> {
    let client = client(app, profile, early)?;
    let wire = app.wire()?;
    let others = async { stored_secrets(app, profile) };
    let obtained = client_credentials::obtain_with_any_secret(&wire, profile, &client, others);
    app.block_on(obtained).map_err(|error| explained(app, profile, &client, error))
}

/// The secrets that may be right where the stored one was refused: what is stored by now, and what takes over. None for a secret
/// that was typed or came from a variable.
fn stored_secrets(app: &App, profile: &Profile) -> Result<Vec<Secret>> {
    if !app.is_from_store(SecretKind::M2mClient) {
        return Ok(Vec::new());
    }
    let id = client_credentials::secret_binding(profile)?;
    let next = SecretId { kind: SecretKind::M2mClientNext, ..id.clone() };
    let store = app.secrets()?;
    Ok([store.find(&id)?, store.find(&next)?].into_iter().flatten().collect())
}

/// The error with what is known of its cause besides what the endpoint says.
fn explained(app: &App, profile: &Profile, client: &client_credentials::Client, error: Error) -> Error {
    let scopes = client.scopes.to_string();
    let asked = (scopes.as_str(), ["invalid_scope", "invalid_grant"].as_slice());
    let error = refused_scopes::named(app, profile, &client.client_id, asked, error);
    in_secret(profile, app.with_moved_address(error))
}

/// The error with the way to the address that a redirect leads to, where the one that was asked is in the profile's secret.
fn in_secret(profile: &Profile, error: Error) -> Error {
    match (&profile.m2m.secret_arn, moved(&error).filter(|_| error.advises(AdviceKind::UseMovedAddress))) {
        (Some(arn), Some(moved)) => {
            let hint = Advice::new("if that is the right address, it belongs in the secret {arn}: {url}");
            let hint = hint.text("arn", arn).word("url", moved.to);
            instead(error, &hint)
        }
        _ => error,
    }
}

/// The machine's client with its secret: the one at hand, else from Secrets Manager, the store, or a person.
pub fn client(app: &App, profile: &Profile, early: Option<Secret>) -> Result<client_credentials::Client> {
    if let Some(arn) = &profile.m2m.secret_arn {
        app.note_source(SecretKind::M2mClient, SecretSource::SecretsManager(arn.to_string()));
        let wire = app.wire()?;
        return app.block_on(client_credentials::client_with_arn(&wire, profile));
    }
    let secret = match early {
        Some(secret) => secret,
        None => secret(app, profile, &client_credentials::secret_binding(profile)?)?,
    };
    client_credentials::client(profile, secret)
}

/// The secret of the machine's client that is bound like this: the stored one, else what a person types.
pub fn secret(app: &App, profile: &Profile, binding: &SecretId) -> Result<Secret> {
    match app.stored_secret(profile, binding)? {
        Some(secret) => Ok(secret),
        None => {
            app.note_source(SecretKind::M2mClient, SecretSource::Typed);
            let of_scripts = "set COGNITO_M2M_CLIENT_SECRET as well, as {old} is, or COGTOK_M2M_CLIENT_SECRET || add `--client-secret-stdin`";
            let old = first_old_variable(TokenOwner::M2m).filter(|_| profile.name.is_none());
            terminal::ask_shaped(
                Question::new(
                    format!("Secret of client {}", binding.client_id),
                    format!("the secret of client {}", binding.client_id),
                ),
                if let Some(old) = old {
                    Advice::new(of_scripts).text("old", old)
                } else if can_store_for(profile) {
                    // A secret is bound to the address, which an option may have changed.
                    Advice::new("store it once: cogtok secret set m2m-client{p}{options}; or set COGTOK_M2M_CLIENT_SECRET || add `--client-secret-stdin`")
                        .fill("options", profile.address_options.clone())
                } else {
                    Advice::new("set COGTOK_M2M_CLIENT_SECRET || add `--client-secret-stdin`")
                },
                client_secret,
            )
        }
    }
}
