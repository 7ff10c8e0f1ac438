//! A pool's public keys, from where it publishes them.

use crate::error::{AdviceKind, Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::http::service_text::ServiceText;
use crate::http::status::FIREWALL;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, issuers};
use crate::settings::types::{Endpoint, PoolId};
use crate::settings::url::Url;
use crate::token::jwks::KeySet;

/// The path of a pool's keys, below its issuer or a local Cognito.
pub const PATH: &str = "/.well-known/jwks.json";

/// The key set's URL of an issuer: at the profile's `endpoint_url` if it has one, else below the issuer. Without an issuer, the profile's
/// pool's.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when neither an issuer nor a pool is known; [`Kind::Usage`](crate::error::Kind::Usage) for an issuer that is no URL to ask.
pub fn published_at(profile: &Profile, issuer: Option<&str>) -> Result<Endpoint> {
    let pool = match issuer {
        Some(issuer) => issuer.rsplit('/').next().and_then(|last| last.parse::<PoolId>().ok()),
        None => Some(profile.user_pool_id()?.clone()),
    };
    match (profile.endpoint(Service::CognitoIdp), issuer, pool) {
        (Some(endpoint), _, Some(pool)) => Ok(endpoint.join(&format!("/{pool}{PATH}"))),
        (_, Some(issuer), _) => Ok(issuer.parse::<Endpoint>()?.join(PATH)),
        (None, None, Some(pool)) => {
            let [original, _] = issuers(&pool);
            Ok(original.parse::<Endpoint>()?.join(PATH))
        }
        (_, None, None) => Err(Error::config("neither an issuer nor a user pool is known")),
    }
}

/// Fetches a key set: one request, repeated at most three times for throttling, 5xx and connections that break.
///
/// # Errors
/// [`Kind::Network`](crate::error::Kind::Network) when the address can't be reached, or has no usable key set.
pub async fn fetch(wire: &HttpClient, url: &Endpoint) -> Result<KeySet> {
    // Without the keys nothing is known about the token, whoever refused to send them.
    let answer = get(wire, url.url(), None).await.map_err(|error| match error.kind() {
        Kind::Refused => error.with_kind(Kind::Network),
        _ => error,
    })?;
    let host = printable(url.url().authority(), 120);
    let status = answer.status().as_u16();
    let content_type = content_type(&answer);
    let is_json = content_type == "application/json" || content_type.ends_with("+json");
    if status != 200 || !is_json {
        let kind = if content_type.is_empty() { "no content type" } else { &content_type };
        let what = format!("HTTP {status}, {}, {} bytes", ServiceText::new(kind, wire.redactor()), answer.body().len());
        return Err(Error::network(format!("{host} gave no key set ({what})")).hint(match status {
            403 => FIREWALL,
            _ => AdviceKind::CheckKeySetSource,
        }));
    }
    KeySet::parse(answer.body()).map_err(|error| error.context(&host))
}

/// The type of an answer in lower case, without parameters.
pub(crate) fn content_type(answer: &http::Response<Vec<u8>>) -> String {
    let value = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// GET, with a bearer token (RFC 6750) where one is given.
pub(crate) async fn get(wire: &HttpClient, url: &Url, bearer: Option<&Secret>) -> Result<http::Response<Vec<u8>>> {
    let host = printable(url.authority(), 120);
    let once = || async {
        let request = http::Request::get(url.as_str()).header("accept", "application/json");
        let request = match bearer {
            Some(token) => request.header("authorization", format!("Bearer {}", token.expose())),
            None => request,
        };
        let request = request
            .body(Vec::new())
            .map_err(|_| CallFailure::last(Error::usage("the token can't be sent in an HTTP header")))?;
        let answer = wire.exchange(request).await.map_err(CallFailure::unanswered)?;
        CallFailure::busy(wire, &host, &answer).map_or(Ok(answer), Err)
    };
    with_retries(wire, once).await.map_err(|failed| failed.error)
}
