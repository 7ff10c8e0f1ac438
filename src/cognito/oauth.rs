//! The token endpoint (RFC 6749), through the `oauth2` crate on our HTTP client.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, Client, ClientSecret, HttpResponse, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::error::{refused, said};
use super::fault::Fault;
use super::http::{Wire, seconds_of};
use super::redact::Redactor;
use crate::error::{Error, Kind, Result, printable};
use crate::profile::words::{AuthMethod, ClientId, Endpoint, Scopes};
use crate::secret::Secret;
use crate::token::session::Renewal;
use crate::token::{Lifetime, Token, TokenSet, jwt};

/// A client_credentials request (RFC 6749 section 4.4).
#[derive(Debug)]
pub struct ClientCredentials<'a> {
    /// The token endpoint.
    pub token_url: &'a Endpoint,
    /// The app client.
    pub client_id: &'a ClientId,
    /// Its secret.
    pub client_secret: &'a Secret,
    /// How it authenticates.
    pub auth_method: AuthMethod,
    /// The scopes to ask for; none asks for all that the client may have.
    pub scopes: &'a Scopes,
    /// Whether the scopes stand in the URL as well, for a cache before the endpoint that goes by it. The answer may be an old
    /// one then, so the token's own `exp` counts and `expires_in` does not.
    pub scope_in_query: bool,
}

/// Asks the token endpoint for a machine-to-machine access token: one request, repeated at most three times for
/// throttling, 5xx and connections that break, never for a refusal.
///
/// # Errors
/// [`Kind::Refused`] or [`Kind::Config`] where the endpoint
/// says no, [`Kind::Network`] where it can't be reached or its answer is no token
/// response.
pub async fn client_credentials(wire: &Wire, request: &ClientCredentials<'_>) -> Result<TokenSet> {
    let host = printable(request.token_url.url().host_str().unwrap_or_default(), 120);
    wire.redactor().hide(request.client_id.as_str(), request.client_secret);
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(2.0)
        .with_max_times(super::MAX_TRIES as usize - 1)
        .with_jitter();
    let answer = (|| post(wire, request))
        .retry(backoff)
        .sleep(tokio::time::sleep)
        .when(Failed::is_transient)
        .adjust(|failed, pause| {
            let pause = pause.map(|pause| pause.max(failed.retry_after().unwrap_or_default()))?;
            Instant::now().checked_add(pause).is_some_and(|at| at < wire.deadline()).then_some(pause)
        })
        .await
        .map_err(|failed| failed.into_error(&host, wire.redactor()))?;
    if answer.token_type != BasicTokenType::Bearer {
        return Err(Error::network(format!("{host} gave a token of another type than Bearer")));
    }
    let scope = answer.scope;
    let now = wire.now();
    let value = Secret::new(answer.access_token.into_secret());
    let lifetime = match request.scope_in_query {
        true => Lifetime::Missing,
        false => Lifetime::of(answer.expires_in.as_ref()),
    };
    let access = Token::received(value, lifetime, now).map_err(|error| error.context(&host))?;
    // Cognito's answer has no scope; the token's own claim is the truth where it has one.
    let scope = jwt::read_unverified(access.value.expose())
        .and_then(|claims| claims.scope)
        .or_else(|| Scopes::parse([scope?.as_str()]).ok());
    let asked = request.scopes.clone();
    Ok(TokenSet { access, id: None, scope, asked, obtained_at: now, renewal: Renewal::None })
}

type TokenClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

async fn post(wire: &Wire, request: &ClientCredentials<'_>) -> Result<Answer, Failed> {
    let mut url = request.token_url.url().clone();
    if request.scope_in_query && request.scopes.iter().next().is_some() {
        let scopes = request.scopes.to_string();
        // Not `+`, which is a space in a form alone.
        let encoded: String = url::form_urlencoded::byte_serialize(scopes.as_bytes()).collect();
        url.set_query(Some(&format!("scope={}", encoded.replace('+', "%20"))));
    }
    let token_url = TokenUrl::new(url.to_string())
        .map_err(|why| Failed::Final(Error::usage(format!("the token URL is malformed: {why}"))))?;
    let client = TokenClient::new(oauth2::ClientId::new(request.client_id.as_str().to_owned()))
        .set_client_secret(ClientSecret::new(request.client_secret.expose().to_owned()))
        .set_token_uri(token_url)
        .set_auth_type(match request.auth_method {
            AuthMethod::Basic => AuthType::BasicAuth,
            AuthMethod::Post => AuthType::RequestBody,
        });
    let http = |request: oauth2::HttpRequest| async {
        let answer = wire.exchange(request).await.map_err(|fault| HttpFailed(Failed::Fault(fault)))?;
        check_shape(answer, wire.now()).map_err(HttpFailed)
    };
    client
        .exchange_client_credentials()
        .add_scopes(request.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
        .request_async(&http)
        .await
        .map_err(|error| match error {
            RequestTokenError::Request(HttpFailed(failed)) => failed,
            RequestTokenError::ServerResponse(answer) => Failed::Refused {
                code: answer.error().as_ref().to_owned(),
                description: answer.error_description().cloned().unwrap_or_default(),
            },
            // The parser's words may repeat what it could not parse, so only the field is named.
            RequestTokenError::Parse(why, body) => Failed::NotAToken {
                what: format!(
                    "application/json, {} bytes, unusable at `{}`",
                    body.len(),
                    printable(&why.path().to_string(), 40)
                ),
            },
            RequestTokenError::Other(_) => Failed::NotAToken { what: "empty".to_owned() },
        })
}

/// Lets pass what `oauth2` is to read: 200 with JSON, and a refusal with an OAuth error in JSON.
fn check_shape(answer: HttpResponse, now: u64) -> Result<HttpResponse, Failed> {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let status = answer.status().as_u16();
    let is_json = content_type == "application/json";
    match status {
        // `oauth2` reads the first document and passes over what follows it.
        200 if is_json && serde_json::from_slice::<serde::de::IgnoredAny>(answer.body()).is_ok() => Ok(answer),
        429 | 500..=599 => Err(Failed::Busy { status, retry_after: retry_after(header("retry-after").trim(), now) }),
        400..=499 if is_json && serde_json::from_slice::<BasicErrorResponse>(answer.body()).is_ok() => Ok(answer),
        _ => {
            let content_type = if content_type.is_empty() { "no content type" } else { &content_type };
            let what = format!("HTTP {status}, {}, {} bytes", printable(content_type, 60), answer.body().len());
            Err(Failed::NotAToken { what })
        }
    }
}

/// Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
pub(super) fn retry_after(value: &str, now: u64) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = seconds_of(value)?.saturating_sub(i64::try_from(now / 1000).ok()?);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// The body of a successful answer (RFC 6749 section 5.1), with room for what servers get wrong.
#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    access_token: AccessToken,
    #[serde(deserialize_with = "oauth2::helpers::deserialize_untagged_enum_case_insensitive")]
    token_type: BasicTokenType,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    scope: Option<String>,
}

impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.as_ref().and_then(serde_json::Value::as_u64).map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

#[derive(Debug)]
enum Failed {
    Fault(Fault),
    Busy { status: u16, retry_after: Option<Duration> },
    Refused { code: String, description: String },
    NotAToken { what: String },
    Final(Error),
}

impl Failed {
    fn is_transient(&self) -> bool {
        match self {
            Failed::Fault(fault) => fault.is_transient(),
            Failed::Busy { .. } => true,
            Failed::Refused { .. } | Failed::NotAToken { .. } | Failed::Final(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Failed::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn into_error(self, host: &str, redactor: &Redactor) -> Error {
        match self {
            Failed::Fault(fault) => fault.into(),
            Failed::Busy { status, retry_after } => {
                let when = retry_after.map(|pause| format!("; retry after {} s", pause.as_secs())).unwrap_or_default();
                Error::network(format!("{host} answered HTTP {status}{when}")).hint("wait a little and try again")
            }
            Failed::Refused { code, description } => {
                let error = refused(&format!("the token request to {host}"), &code, &description, redactor);
                // Whatever an OAuth error is called, it is a no.
                if error.kind() == Kind::Failure { error.with_kind(Kind::Refused) } else { error }
            }
            Failed::NotAToken { what } => {
                Error::network(format!("{host} gave no token response ({})", said(&what, redactor)))
                    .hint("check the token URL: it ends in /oauth2/token at the pool's domain")
            }
            Failed::Final(error) => error,
        }
    }
}

/// [`Failed`] as the error that `oauth2` asks of an HTTP client.
#[derive(Debug)]
struct HttpFailed(Failed);

impl std::fmt::Display for HttpFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the exchange failed")
    }
}

impl std::error::Error for HttpFailed {}
