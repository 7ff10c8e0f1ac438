//! Machine-to-machine: client_credentials at the token endpoint (RFC 6749 section 4.4).

use crate::cognito::http::Wire;
use crate::cognito::oauth::{self, ClientCredentials};
use crate::cognito::secrets_manager;
use crate::error::{Error, Result};
use crate::profile::keys::Key;
use crate::profile::words::{ClientId, Endpoint, Scopes, SecretKind};
use crate::profile::{Profile, missing};
use crate::secret::Secret;
use crate::store::cache::CacheKey;
use crate::store::secrets::Binding;
use crate::token::TokenSet;

/// Everything one request needs.
#[derive(Debug)]
struct Client {
    token_url: Endpoint,
    client_id: ClientId,
    client_secret: Secret,
    scopes: Scopes,
}

/// What the profile's machine-to-machine token depends on.
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
        let endpoint = match &profile.secretsmanager_endpoint {
            Some(endpoint) => endpoint.as_str().to_owned(),
            None => optional(profile.region.as_ref().map(|region| region.as_str())),
        };
        return Ok(CacheKey::of(&[
            ("kind", "m2m"),
            ("secret_arn", arn.as_str()),
            ("secretsmanager", &endpoint),
            ("token_url", &url),
            ("client_id", &client),
            ("scopes", &scopes),
            // Scopes that were asked for win over the secret's own; the profile's do not.
            ("scopes_from", if m2m.are_scopes_asked { "call" } else { "secret" }),
        ]));
    }
    let (client, url) = client_and_url(profile)?;
    Ok(CacheKey::of(&[
        ("kind", "m2m"),
        ("transport", "endpoint"),
        ("token_url", url.as_str()),
        ("client_id", client.as_str()),
        ("scopes", &scopes),
    ]))
}

/// What the client secret of this profile is bound to.
///
/// # Errors
/// As [`cache_key`].
pub fn secret_binding(profile: &Profile) -> Result<Binding> {
    let (client, url) = client_and_url(profile)?;
    Ok(Binding { kind: SecretKind::M2mClient, client_id: client.clone(), origin: url.origin(), username: None })
}

/// Asks for a token with a client secret at hand: one request.
///
/// # Errors
/// As [`oauth::client_credentials`].
pub async fn obtain(wire: &Wire, profile: &Profile, client_secret: Secret) -> Result<TokenSet> {
    let (client_id, token_url) = client_and_url(profile)?;
    let client = Client {
        token_url: token_url.clone(),
        client_id: client_id.clone(),
        client_secret,
        scopes: profile.m2m.scopes.clone(),
    };
    request(wire, profile, &client).await
}

/// Asks for a token with what the profile's Secrets Manager secret holds: two requests.
///
/// # Errors
/// As [`secrets_manager::get`] and [`oauth::client_credentials`]; [`Kind::Config`](crate::error::Kind::Config) when the
/// secret is for another client or endpoint than the profile.
pub async fn obtain_with_arn(wire: &Wire, profile: &Profile) -> Result<TokenSet> {
    let m2m = &profile.m2m;
    let arn = m2m.secret_arn.as_ref().ok_or_else(|| missing(Key::SecretArn, "--secret-arn"))?;
    let bundle = secrets_manager::get(wire, profile, arn).await?;
    let conflict = |what: &str, ours: &str, theirs: &str| {
        Error::config(format!("the secret {arn} is for {what} {theirs}, the profile says {ours}"))
            .hint("make a profile of its own: cogtok profile create NAME --secret-arn ARN")
    };
    let client_id = match (&m2m.client_id, bundle.client_id) {
        (Some(ours), Some(theirs)) if *ours != theirs => {
            return Err(conflict("client", ours.as_str(), theirs.as_str()));
        }
        (ours, theirs) => theirs.or_else(|| ours.clone()).ok_or_else(|| missing(Key::M2mClientId, "--client-id"))?,
    };
    let token_url = match (&m2m.token_url, bundle.token_url) {
        (Some(ours), Some(theirs)) if *ours != theirs => {
            return Err(conflict("token URL", ours.as_str(), theirs.as_str()));
        }
        (ours, theirs) => theirs.or_else(|| ours.clone()).ok_or_else(|| missing(Key::TokenUrl, "--token-url"))?,
    };
    let scopes = match bundle.scopes {
        Some(scopes) if !m2m.are_scopes_asked => scopes,
        _ => m2m.scopes.clone(),
    };
    request(wire, profile, &Client { token_url, client_id, client_secret: bundle.client_secret, scopes }).await
}

async fn request(wire: &Wire, profile: &Profile, client: &Client) -> Result<TokenSet> {
    oauth::client_credentials(
        wire,
        &ClientCredentials {
            token_url: &client.token_url,
            client_id: &client.client_id,
            client_secret: &client.client_secret,
            auth_method: profile.m2m.auth_method,
            scopes: &client.scopes,
        },
    )
    .await
}

fn client_and_url(profile: &Profile) -> Result<(&ClientId, &Endpoint)> {
    let client = profile.m2m.client_id.as_ref().ok_or_else(|| missing(Key::M2mClientId, "--client-id"))?;
    let url = profile.m2m.token_url.as_ref().ok_or_else(|| missing(Key::TokenUrl, "--token-url"))?;
    Ok((client, url))
}
