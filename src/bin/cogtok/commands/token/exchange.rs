//! `cogtok token exchange`: a token on behalf of a user.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::TokenExchange;
use cogtok::cache::single_flight;
use cogtok::cache::single_flight::{CachePolicy, TokenFlight, TokenOrigin, TokenResponse};
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, TokenOwner, TokenUse};
use cogtok::user_pool::get_derived_token::{self, RequestingClient, TokenType};
use serde_json::json;

use super::m2m;
use crate::app::App;
use crate::app::options::not_empty;
use crate::args::token_args::TokenArgs;
use crate::args::token_options::{TokenOptions, secret_from_stdin};
use crate::args::token_output::again;
use crate::io::{signals, terminal};
use crate::{completion, env};

/// Exchange a user's token for one on behalf of that user (RFC 8693)
///
/// For agents and services that call another service for a user (Cognito's GetDerivedToken). With --actor the new token says
/// who acts for the user (`act`); without it the user seems to act. cogtok asks with the profile's machine client, or with the
/// users' client if there is none. That client needs ALLOW_TOKEN_EXCHANGE_DELEGATION or ALLOW_TOKEN_EXCHANGE_IMPERSONATION in its
/// ExplicitAuthFlows. No AWS credentials are needed. Any number of parallel calls with the same tokens make one request.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token exchange -p ws --as user --actor agent \\\n    \
    --resource https://api.example.com\n  \
    printf %s \"$TOKEN\" | cogtok token exchange -p agent \\\n    \
    --subject-token - --scope api/read --json\n  \
    eval $(cogtok token exchange -p ws --as user --audience billing --export)")]
pub struct Exchange {
    #[command(flatten)]
    shared: TokenOptions,
    /// Exchange the token on standard input
    #[arg(long, value_name = "-", allow_hyphen_values = true, conflicts_with_all = ["whose", "username"])]
    subject_token: Option<String>,
    /// Exchange the profile's own token: user or m2m [default: user]
    #[arg(long = "as", value_name = "WHO", add = ArgValueCandidates::new(completion::owners))]
    whose: Option<String>,
    /// The user whose token to exchange
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// The type of the exchanged token: access_token, id_token or saml2 [default: as the token says]
    #[arg(long, value_name = "TYPE", add = ArgValueCandidates::new(completion::token_types))]
    subject_token_type: Option<String>,
    /// The pool's identity provider that issued the exchanged token, if it is not Cognito's
    #[arg(long, value_name = "NAME", value_parser = not_empty, requires = "subject_token")]
    subject_provider: Option<String>,
    /// The profile of the actor, such as an agent: its machine's token is the actor token
    #[arg(long, value_name = "PROFILE", add = ArgValueCandidates::new(completion::profiles))]
    actor: Option<String>,
    /// The name of the service that the new token is for
    #[arg(long, value_name = "NAME", value_parser = not_empty, conflicts_with = "resource")]
    audience: Option<String>,
    /// The identifier of the pool's resource server that the new token is for
    #[arg(long, value_name = "IDENTIFIER", value_parser = not_empty)]
    resource: Option<String>,
    /// Scopes of the new token instead of all that the exchanged one has; repeat it or separate them by spaces
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    scope: Vec<String>,
    /// What to ask for: access_token or id_token [default: access_token]
    #[arg(long, value_name = "TYPE", add = ArgValueCandidates::new(completion::issued_token_types))]
    requested_token_type: Option<String>,
    /// Which app client of the profile asks: that of m2m or of user
    #[arg(long, value_name = "WHO", add = ArgValueCandidates::new(completion::owners))]
    client: Option<String>,
}

pub fn run(app: &App, args: &Exchange) -> Result<()> {
    let requested = requested(args)?;
    args.shared.begin(app, None, requested)?;
    let exchange = exchange(app, args)?.requested_token(requested);
    let client = args.client.as_deref().map(str::parse).transpose()?;
    let (profile, policy, served) = serve(app, &args.shared, &exchange, client, requested)?;
    args.shared.deliver_as(app, (&policy, &served), same_token(args), |token| {
        json!({
            "access_token": token.value.expose(),
            "issued_token_type": TokenType::from(requested).uri(),
            // RFC 8693 section 2.2.1: what is no access token is not used as one.
            "token_type": if requested == TokenUse::Access { "Bearer" } else { "N_A" },
            "expires_in": token.seconds_left(env::now()),
            "expires_at": token.expires_at,
            "scope": served.tokens.scope.as_ref().map(ToString::to_string),
            "source": served.source.as_str(),
            "profile": profile.name.as_ref().map(ProfileName::as_str),
        })
    })
}

/// The new token: from the cache, or by asking for it.
fn serve(
    app: &App,
    shared: &TokenOptions,
    exchange: &TokenExchange,
    client: Option<TokenOwner>,
    requested: TokenUse,
) -> Result<(Profile, CachePolicy, TokenResponse)> {
    // Those of the actor came before it: from here on hints are about this profile.
    let profile = app.resolve_region(app.profile(&[])?);
    let owner = get_derived_token::requester(&profile, client);
    let key = exchange.cache_key(&profile, owner).map_err(|error| app.without_profile(&profile, error))?;
    let policy = shared.policy(app, &profile, requested, terminal::can_ask());
    let cache = app.cache();
    let served = match single_flight::cached(&cache, &key, &policy, env::now()) {
        Some(served) => served,
        None => {
            signals::watch();
            let flight = TokenFlight::new(&cache, &key, &policy);
            single_flight::fetch_once(flight, env::now(), app.deadline(), env::now, |_| {
                let client = requesting_client(app, &profile, owner)?;
                let wire = app.wire()?;
                let tokens = app.block_on(get_derived_token::exchange(&wire, &profile, &client, exchange))?;
                Ok(TokenResponse { tokens, source: TokenOrigin::Network })
            })?
        }
    };
    Ok((profile, policy, served))
}

fn requesting_client(app: &App, profile: &Profile, owner: TokenOwner) -> Result<RequestingClient> {
    if owner == TokenOwner::M2m && profile.m2m.secret_arn.is_some() {
        let client = m2m::client(app, profile, None)?;
        return Ok(RequestingClient { client_id: client.client_id, client_secret: Some(client.client_secret) });
    }
    let binding = get_derived_token::secret_binding(profile, owner)?;
    let client_secret = match owner {
        TokenOwner::M2m => Some(m2m::secret(app, profile, &binding)?),
        TokenOwner::User => app.stored_secret(profile, &binding)?,
    };
    Ok(RequestingClient { client_id: binding.client_id, client_secret })
}

/// What is exchanged, with both tokens at hand.
fn exchange(app: &App, args: &Exchange) -> Result<TokenExchange> {
    let kind = args.subject_token_type.as_deref().map(token_type).transpose()?;
    let given = args.subject_token.as_deref().map(from_stdin).transpose()?;
    // Before a user would sign in for nothing.
    let actor = args.actor.as_deref().map(|name| actor(app, name)).transpose()?;
    let mut exchange = match given {
        Some(token) => TokenExchange::of(token),
        None => TokenExchange::of(own(app, args, kind)?),
    };
    if let Some(kind) = kind {
        exchange = exchange.subject_token_type(kind);
    }
    if let Some(name) = &args.subject_provider {
        exchange = exchange.subject_provider(name);
    }
    if let Some(token) = actor {
        exchange = exchange.actor(token);
    }
    if let Some(name) = &args.audience {
        exchange = exchange.audience(name);
    }
    if let Some(identifier) = &args.resource {
        exchange = exchange.resource(identifier);
    }
    Ok(exchange.scopes(args.scope.iter().map(String::as_str)))
}

/// The profile's own token, got as `token user` gets it.
fn own(app: &App, args: &Exchange, kind: Option<TokenType>) -> Result<Secret> {
    let owner = args.whose.as_deref().map_or(Ok(TokenOwner::User), str::parse)?;
    let token = match kind {
        Some(TokenType::IdToken) => Some(TokenUse::Id),
        Some(TokenType::AccessToken) => Some(TokenUse::Access),
        None => None,
        Some(other) => {
            return Err(Error::usage(format!("the profile's own token is no {other}"))
                .hint("give the token on standard input: `--subject-token -`"));
        }
    };
    if owner == TokenOwner::M2m && token == Some(TokenUse::Id) {
        return Err(Error::usage("a machine has no ID token"));
    }
    let token = token.filter(|_| owner == TokenOwner::User);
    let got = TokenArgs::of(Some(owner), args.username.clone(), token).get(app)?;
    Ok(got.token()?.value.clone())
}

/// The token of who acts: the machine's of this profile, else its user's.
fn actor(app: &App, name: &str) -> Result<Secret> {
    let other = app.with_profile(name)?;
    let profile = other.profile(&[])?;
    let owner = get_derived_token::requester(&profile, None);
    let got = TokenArgs::of(Some(owner), None, None).get(&other)?;
    Ok(got.token()?.value.clone())
}

fn from_stdin(given: &str) -> Result<Secret> {
    if given == "-" {
        secret_from_stdin(Ok)
    } else {
        Err(Error::new(Kind::Usage, "`--subject-token` takes only `-` (not shown: it may be a token)")
            .hint("give the token on standard input: other users of this machine can read a command line"))
    }
}

/// The word for a type, or its identifier in RFC 8693.
fn token_type(text: &str) -> Result<TokenType> {
    text.strip_prefix("urn:ietf:params:oauth:token-type:").unwrap_or(text).parse()
}

fn requested(args: &Exchange) -> Result<TokenUse> {
    match args.requested_token_type.as_deref().map(token_type).transpose()? {
        None | Some(TokenType::AccessToken) => Ok(TokenUse::Access),
        Some(TokenType::IdToken) => Ok(TokenUse::Id),
        Some(other) => Err(Error::usage(format!("Cognito can't issue a token of the type {other}"))
            .hint("use access_token or id_token")),
    }
}

/// The same call again, for a hint.
fn same_token(args: &Exchange) -> Advice {
    let scopes = (!args.scope.is_empty()).then(|| args.scope.join(" "));
    let options = [
        ("--subject-token", args.subject_token.as_deref()),
        ("--subject-token-type", args.subject_token_type.as_deref()),
        ("--subject-provider", args.subject_provider.as_deref()),
        ("--as", args.whose.as_deref()),
        ("--username", args.username.as_deref()),
        ("--actor", args.actor.as_deref()),
        ("--audience", args.audience.as_deref()),
        ("--resource", args.resource.as_deref()),
        ("--scope", scopes.as_deref()),
        ("--requested-token-type", args.requested_token_type.as_deref()),
        ("--client", args.client.as_deref()),
    ];
    again("exchange", &options)
}
