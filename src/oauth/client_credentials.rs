//! Machine-to-machine: client_credentials at the token endpoint (RFC 6749 section 4.4), or GetClientToken of the Cognito
//! API, which needs no domain.

#[cfg(feature = "aws")]
use crate::aws::secrets_manager::{self, Kept};
use crate::cache::token_cache::CacheKey;
#[cfg(feature = "aws")]
use crate::error::printable;
use crate::error::{AdviceKind, Error, Result};
use crate::http::client::HttpClient;
#[cfg(feature = "aws")]
use crate::oauth::client_bundle;
use crate::oauth::token_endpoint::ClientCredentials;
use crate::oauth::{request_limit, token_endpoint};
use crate::secret::Secret;
use crate::secrets::store::SecretId;
use crate::settings::aws_services::Service;
use crate::settings::keys::Key;
use crate::settings::profile::{Profile, missing};
#[cfg(feature = "aws")]
use crate::settings::types::SecretArn;
use crate::settings::types::{AuthMethod, ClientId, Endpoint, Scopes, SecretKind, Transport};
use crate::token::TokenSet;
#[cfg(feature = "aws")]
use crate::user_pool::get_client_token::{self, GetClientToken};

/// Everything one request needs.
#[derive(Debug, Clone)]
pub struct Client {
    /// The app client.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: Secret,
    /// The token endpoint, where one is known.
    pub token_url: Option<Endpoint>,
    /// The scopes to request; empty for all that the client may have.
    pub scopes: Scopes,
}

/// The endpoint for the token.
#[derive(Debug)]
enum TokenPlace<'a> {
    Endpoint(&'a Endpoint),
    /// The Cognito API at this origin.
    Api(String),
}

/// The cache key of the profile's machine-to-machine token.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names neither a client and its endpoint nor a secret
/// that does.
pub fn cache_key(profile: &Profile) -> Result<CacheKey> {
    let m2m = &profile.m2m;
    let optional = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let scopes = m2m.scopes.to_string();
    if let Some(arn) = &m2m.secret_arn {
        let client = optional(m2m.client_id.as_ref().map(ClientId::as_str));
        let url = optional(m2m.token_url.as_ref().map(Endpoint::as_str));
        let endpoint = match profile.endpoint(Service::SecretsManager) {
            Some(endpoint) => endpoint.as_str().to_owned(),
            None => optional(profile.region.as_ref().map(|region| region.as_str())),
        };
        return Ok(CacheKey::of(&[
            ("kind", "m2m"),
            ("transport", m2m.transport.as_str()),
            ("secret_arn", arn.as_str()),
            ("secretsmanager", &endpoint),
            ("endpoint", &profile.cognito_idp_origin().unwrap_or_default()),
            ("token_url", &url),
            ("client_id", &client),
            ("scopes", &scopes),
            // Requested scopes come before the secret's own; the profile's do not.
            ("scopes_from", if m2m.are_scopes_asked { "call" } else { "secret" }),
        ]));
    }
    let client = client_id(profile)?.as_str();
    Ok(match place(profile, m2m.token_url.as_ref())? {
        TokenPlace::Endpoint(url) => CacheKey::of(&[
            ("kind", "m2m"),
            ("transport", Transport::Endpoint.as_str()),
            ("token_url", url.as_str()),
            ("client_id", client),
            ("scopes", &scopes),
        ]),
        TokenPlace::Api(origin) => CacheKey::of(&[
            ("kind", "m2m"),
            ("transport", Transport::Api.as_str()),
            ("endpoint", &origin),
            ("client_id", client),
            ("scopes", &scopes),
        ]),
    })
}

/// The binding of this profile's client secret.
///
/// # Errors
/// As [`cache_key`].
pub fn secret_binding(profile: &Profile) -> Result<SecretId> {
    let client_id = client_id(profile)?.clone();
    let origin = match place(profile, profile.m2m.token_url.as_ref())? {
        TokenPlace::Endpoint(url) => url.origin(),
        TokenPlace::Api(origin) => origin,
    };
    Ok(SecretId { kind: SecretKind::M2mClient, client_id, origin, username: None })
}

/// The profile's client with its secret.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names no client.
pub fn client(profile: &Profile, client_secret: Secret) -> Result<Client> {
    let m2m = &profile.m2m;
    let client_id = client_id(profile)?.clone();
    Ok(Client { client_id, client_secret, token_url: m2m.token_url.clone(), scopes: m2m.scopes.clone() })
}

/// The client that the profile's Secrets Manager secret holds: one request.
///
/// # Errors
/// As [`secrets_manager::get`]; [`Kind::Config`](crate::error::Kind::Config) when the secret is for another client or
/// endpoint than the profile.
#[cfg(feature = "aws")]
pub async fn client_with_arn(wire: &HttpClient, profile: &Profile) -> Result<Client> {
    let arn = profile.m2m.secret_arn.as_ref().ok_or_else(|| missing(Key::SecretArn))?;
    let kept = secrets_manager::get(wire, profile, arn).await?;
    client_of(profile, arn, &kept)
}

/// During a rotation: the client in the AWSPENDING version of the profile's Secrets Manager secret; `None` without such a version.
///
/// # Errors
/// As [`client_with_arn`].
#[cfg(feature = "aws")]
pub async fn pending_client_with_arn(wire: &HttpClient, profile: &Profile) -> Result<Option<Client>> {
    let arn = profile.m2m.secret_arn.as_ref().ok_or_else(|| missing(Key::SecretArn))?;
    let kept = secrets_manager::get_pending(wire, profile, arn).await?;
    kept.map(|kept| client_of(profile, arn, &kept)).transpose()
}

/// The client that `kept`, the profile's Secrets Manager secret `arn`, holds.
///
/// # Errors
/// As [`client_with_arn`], without a request.
#[cfg(feature = "aws")]
pub fn client_of(profile: &Profile, arn: &SecretArn, kept: &Kept) -> Result<Client> {
    let m2m = &profile.m2m;
    let region = kept.arn.as_ref().unwrap_or(arn).region();
    let bundle = client_bundle::read(arn, &kept.text, profile.region.as_ref().or(region.as_ref()))?;
    for name in &bundle.unknown {
        log::warn!(target: "cogtok", "`{}` of the secret {arn} is not used: cogtok knows no such key", printable(name, 80));
    }
    let conflict = |what: &str, ours: &str, theirs: &str| {
        Error::config(format!("the secret {arn} is for {what} {theirs}, the profile says {ours}"))
            .hint(AdviceKind::CreateProfileForSecret)
    };
    let client_id = match (&m2m.client_id, bundle.client_id) {
        (Some(ours), Some(theirs)) if *ours != theirs => {
            return Err(conflict("client", ours.as_str(), theirs.as_str()));
        }
        (ours, theirs) => theirs.or_else(|| ours.clone()).ok_or_else(|| missing(Key::M2mClientId))?,
    };
    let token_url = match (&m2m.token_url, bundle.token_url) {
        (Some(ours), Some(theirs)) if *ours != theirs => {
            return Err(conflict("token URL", ours.as_str(), theirs.as_str()));
        }
        (ours, theirs) => theirs.or_else(|| ours.clone()),
    };
    let scopes = match bundle.scopes {
        Some(scopes) if !m2m.are_scopes_asked => scopes,
        _ => m2m.scopes.clone(),
    };
    Ok(Client { client_id, client_secret: bundle.client_secret, token_url, scopes })
}

/// Asks for a token, with another secret of the client where Cognito refuses the first: while a secret is rotated there are two,
/// and the one that was read may be the one that was deleted just now. `stored` gives the others of a secret that comes from no
/// Secrets Manager; it is not polled before the first is refused. Where they can't be read, the refusal is what the call ends with.
///
/// # Errors
/// As [`obtain`]; of several refusals the first.
pub async fn obtain_with_any_secret(
    wire: &HttpClient,
    profile: &Profile,
    client: &Client,
    stored: impl Future<Output = Result<Vec<Secret>>>,
) -> Result<TokenSet> {
    let refused = match obtain(wire, profile, client).await {
        Err(error) if is_about_the_secret(&error) => error,
        result => return result,
    };
    let found = match &profile.m2m.secret_arn {
        #[cfg(feature = "aws")]
        Some(_) => secrets_with_arn(wire, profile).await,
        _ => stored.await,
    };
    let mut others = found.unwrap_or_else(|error| {
        log::info!(target: "cogtok", "whether the client has another secret can't be seen: {error}");
        Vec::new()
    });
    others.retain(|other| other.expose() != client.client_secret.expose());
    for client_secret in others {
        log::info!(target: "cogtok", "the client secret was refused, and another one is tried");
        match obtain(wire, profile, &Client { client_secret, ..client.clone() }).await {
            Err(error) if is_about_the_secret(&error) => {}
            result => return result,
        }
    }
    Err(refused)
}

/// Whether another secret of the client may be the one that is wanted.
fn is_about_the_secret(error: &Error) -> bool {
    matches!(error.code(), Some("invalid_client" | "NotAuthorizedException"))
}

/// What Secrets Manager has by now, and what takes over.
#[cfg(feature = "aws")]
async fn secrets_with_arn(wire: &HttpClient, profile: &Profile) -> Result<Vec<Secret>> {
    let current = client_with_arn(wire, profile).await?;
    let pending = pending_client_with_arn(wire, profile).await?;
    Ok([Some(current), pending].into_iter().flatten().map(|client| client.client_secret).collect())
}

/// Asks for a token: one request, which counts for the profile's `m2m.max_requests_per_hour`.
///
/// # Errors
/// As [`token_endpoint::client_credentials`], [`get_client_token::get`] and the limit of the profile;
/// [`Kind::Config`](crate::error::Kind::Config) where neither an endpoint nor a Region is known, and for a way of authenticating
/// that a cache can't tell clients apart by.
pub async fn obtain(wire: &HttpClient, profile: &Profile, client: &Client) -> Result<TokenSet> {
    let place = place(profile, client.token_url.as_ref())?;
    let origin = match &place {
        TokenPlace::Endpoint(url) => url.origin(),
        TokenPlace::Api(origin) => origin.clone(),
    };
    request_limit::take(wire, profile, &client.client_id, &origin).await?;
    match place {
        TokenPlace::Endpoint(token_url) => {
            if profile.m2m.scope_in_query && profile.m2m.auth_method != AuthMethod::Basic {
                // A cache that ignores the Authorization header would give one client's token to another.
                return Err(Error::config(
                    "`m2m.scope_in_query` needs the client to authenticate with client_secret_basic",
                )
                .hint(AdviceKind::SendSecretInHeader));
            }
            let request = ClientCredentials {
                token_url,
                client_id: &client.client_id,
                client_secret: &client.client_secret,
                auth_method: profile.m2m.auth_method,
                scopes: &client.scopes,
                scope_in_query: profile.m2m.scope_in_query,
            };
            token_endpoint::client_credentials(wire, &request).await
        }
        #[cfg(not(feature = "aws"))]
        TokenPlace::Api(origin) => Err(Error::config(format!(
            "no token endpoint is known, and GetClientToken at {origin} needs the feature `aws` of the library"
        ))),
        #[cfg(feature = "aws")]
        TokenPlace::Api(origin) => {
            if profile.m2m.transport == Transport::Auto {
                log::info!(target: "cogtok", "no token endpoint is known, so GetClientToken is used, at {origin}");
            }
            let Client { client_id, client_secret, scopes, .. } = client;
            get_client_token::get(wire, profile, &GetClientToken { client_id, client_secret, scopes }).await
        }
    }
}

/// Whether the profile names the client and the endpoint without a Secrets Manager secret.
pub fn is_complete(profile: &Profile) -> bool {
    client_id(profile).is_ok() && place(profile, profile.m2m.token_url.as_ref()).is_ok()
}

/// A known token endpoint comes first; otherwise the pool or the Region determines the API's endpoint.
fn place<'a>(profile: &Profile, token_url: Option<&'a Endpoint>) -> Result<TokenPlace<'a>> {
    let is_api = match profile.m2m.transport {
        Transport::Api => true,
        Transport::Endpoint => false,
        Transport::Auto => token_url.is_none() && profile.is_region_asked,
    };
    if is_api {
        profile.cognito_idp_origin().map(TokenPlace::Api)
    } else {
        token_url.map(TokenPlace::Endpoint).ok_or_else(|| missing(Key::TokenUrl))
    }
}

fn client_id(profile: &Profile) -> Result<&ClientId> {
    profile.m2m.client_id.as_ref().ok_or_else(|| missing(Key::M2mClientId))
}
