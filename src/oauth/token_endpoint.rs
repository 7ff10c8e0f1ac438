//! The token endpoint (RFC 6749), through the `oauth2` crate on our HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, Client, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::aws::service_error::{Refusal, operation_of, refused, said};
use crate::error::{Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::policy::seconds_of;
use crate::http::redact::Redactor;
use crate::http::status::unexplained;
use crate::http::transport_error::TransportError;
use crate::oauth::jwks_uri::content_type;
use crate::secret::Secret;
use crate::settings::types::{AuthMethod, ClientId, Endpoint, Scopes};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, Token, TokenSet, jwt};
use crate::user_pool::cognito_idp::AuthenticationResult;

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
pub async fn client_credentials(wire: &HttpClient, request: &ClientCredentials<'_>) -> Result<TokenSet> {
    let host = printable(request.token_url.url().authority(), 120);
    wire.redactor().hide(request.client_id.as_str(), request.client_secret);
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(2.0)
        .with_max_times(crate::aws::MAX_TRIES as usize - 1)
        .with_jitter();
    let answer = (|| post(wire, request))
        .retry(backoff)
        .sleep(tokio::time::sleep)
        .when(TokenRequestError::is_transient)
        .adjust(|failed, pause| {
            let pause = pause.map(|pause| pause.max(failed.retry_after().unwrap_or_default()))?;
            Instant::now().checked_add(pause).is_some_and(|at| at < wire.deadline()).then_some(pause)
        })
        .await
        .map_err(|failed| failed.into_error("m2m", &host, wire.redactor()))?;
    // A refresh token or an ID token that a server adds is not one that was asked for.
    let mut answer = Answer { id_token: None, refresh_token: None, ..answer };
    if request.scope_in_query {
        answer.expires_in = None;
    }
    answer.tokens(wire, &host, request.scopes.clone()).map(|signed_in| signed_in.tokens)
}

type TokenClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// A client of `oauth2` with its token endpoint.
pub(crate) type ReadyClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The client for one request. A client without a secret names itself in the body (RFC 6749 section 3.2.1).
pub(crate) fn client(
    token_url: Url,
    client_id: &ClientId,
    client_secret: Option<&Secret>,
    auth_method: AuthMethod,
) -> Result<ReadyClient, TokenRequestError> {
    let token_url = TokenUrl::new(token_url.to_string())
        .map_err(|why| TokenRequestError::Final(Error::usage(format!("the token URL is malformed: {why}"))))?;
    let mut client =
        TokenClient::new(oauth2::ClientId::new(client_id.as_str().to_owned())).set_auth_type(match auth_method {
            AuthMethod::Basic => AuthType::BasicAuth,
            AuthMethod::Post => AuthType::RequestBody,
        });
    if let Some(secret) = client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    Ok(client.set_token_uri(token_url))
}

async fn post(wire: &HttpClient, request: &ClientCredentials<'_>) -> Result<Answer, TokenRequestError> {
    let mut url = request.token_url.url().clone();
    if request.scope_in_query && request.scopes.iter().next().is_some() {
        let scopes = request.scopes.to_string();
        // Not `+`, which is a space in a form alone.
        let encoded: String = url::form_urlencoded::byte_serialize(scopes.as_bytes()).collect();
        url.set_query(Some(&format!("scope={}", encoded.replace('+', "%20"))));
    }
    let client = client(url, request.client_id, Some(request.client_secret), request.auth_method)?;
    client
        .exchange_client_credentials()
        .add_scopes(request.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
        .request_async(&Http(wire))
        .await
        .map_err(TokenRequestError::from)
}

/// Our HTTP client as `oauth2` asks for one.
pub(crate) struct Http<'a>(pub &'a HttpClient);

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = HttpFailed;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFailed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.exchange(request).await.map_err(|fault| HttpFailed(TokenRequestError::Fault(fault)))?;
            check_shape(answer, self.0.now()).map_err(HttpFailed)
        })
    }
}

impl From<RequestTokenError<HttpFailed, BasicErrorResponse>> for TokenRequestError {
    fn from(error: RequestTokenError<HttpFailed, BasicErrorResponse>) -> Self {
        match error {
            RequestTokenError::Request(HttpFailed(failed)) => failed,
            RequestTokenError::ServerResponse(answer) => TokenRequestError::Refused {
                code: answer.error().as_ref().to_owned(),
                description: answer.error_description().cloned().unwrap_or_default(),
            },
            // The parser's words may repeat what it could not parse, so only the field is named.
            RequestTokenError::Parse(why, body) => TokenRequestError::NotAToken {
                what: format!(
                    "application/json, {} bytes, unusable at `{}`",
                    body.len(),
                    printable(&why.path().to_string(), 40)
                ),
            },
            RequestTokenError::Other(_) => TokenRequestError::NotAToken { what: "empty".to_owned() },
        }
    }
}

/// Lets pass what `oauth2` is to read: 200 with JSON, and a refusal with an OAuth error in JSON.
fn check_shape(answer: HttpResponse, now: u64) -> Result<HttpResponse, TokenRequestError> {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let status = answer.status().as_u16();
    let is_json = content_type(&answer) == "application/json";
    match status {
        // `oauth2` reads the first document and passes over what follows it.
        200 if is_json && serde_json::from_slice::<serde::de::IgnoredAny>(answer.body()).is_ok() => Ok(answer),
        429 | 500..=599 => {
            Err(TokenRequestError::Busy { status, retry_after: retry_after(header("retry-after").trim(), now) })
        }
        400..=499 if is_json && serde_json::from_slice::<BasicErrorResponse>(answer.body()).is_ok() => Ok(answer),
        _ => Err(TokenRequestError::strange(&answer)),
    }
}

/// Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
pub(crate) fn retry_after(value: &str, now: u64) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = seconds_of(value)?.saturating_sub(i64::try_from(now / 1000).ok()?);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// The body of a successful answer (RFC 6749 section 5.1), with room for what servers get wrong.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    access_token: AccessToken,
    #[serde(deserialize_with = "oauth2::helpers::deserialize_untagged_enum_case_insensitive")]
    token_type: BasicTokenType,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    id_token: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<serde_json::Value>,
}

impl Answer {
    /// The tokens of an answer that `host` gave to a request for the scopes `asked`.
    pub(crate) fn tokens(self, wire: &HttpClient, host: &str, asked: Scopes) -> Result<AuthenticationResult> {
        if self.token_type != BasicTokenType::Bearer {
            return Err(Error::network(format!("{host} gave a token of another type than Bearer")));
        }
        let now = wire.now();
        let received = |value: String, lifetime| {
            Token::received(Secret::new(value), lifetime, now).map_err(|error| error.context(host))
        };
        let access = received(self.access_token.into_secret(), Lifetime::of(self.expires_in.as_ref()))?;
        let text = |name: &str, value: Option<serde_json::Value>| match value {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(serde_json::Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::network(format!("{host} gave no token response: its `{name}` is not text"))),
        };
        // `expires_in` is the access token's; an ID token may live shorter or longer, as its own `exp` says.
        let id = text("id_token", self.id_token)?.map(|id| received(id, Lifetime::Missing)).transpose()?;
        // Cognito's answer has no scope; the token's own claim is the truth where it has one.
        let scope = self.scope;
        let scope = jwt::read_unverified(access.value.expose())
            .and_then(|claims| claims.scope)
            .or_else(|| Scopes::parse([scope?.as_str()]).ok());
        let refresh_token =
            text("refresh_token", self.refresh_token)?.filter(|token| !token.is_empty()).map(Secret::new);
        let tokens = TokenSet { access, id, scope, asked, obtained_at: now, renewal: RefreshState::None };
        Ok(AuthenticationResult { tokens, refresh_token, new_device: None })
    }
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

/// Why a request brought no tokens.
#[derive(Debug)]
pub(crate) enum TokenRequestError {
    Fault(TransportError),
    Busy {
        status: u16,
        retry_after: Option<Duration>,
    },
    Refused {
        code: String,
        description: String,
    },
    /// 401 or 403 without an OAuth error: who said no, and to what, is not known.
    Unexplained {
        status: u16,
        what: String,
    },
    NotAToken {
        what: String,
    },
    Final(Error),
}

impl TokenRequestError {
    /// An answer that is none of the endpoint.
    pub(crate) fn strange(answer: &HttpResponse) -> Self {
        let status = answer.status().as_u16();
        let content_type = content_type(answer);
        let content_type = if content_type.is_empty() { "no content type" } else { &content_type };
        let what = format!("HTTP {status}, {}, {} bytes", printable(content_type, 60), answer.body().len());
        match status {
            401 | 403 => TokenRequestError::Unexplained { status, what },
            _ => TokenRequestError::NotAToken { what },
        }
    }

    pub(crate) fn is_transient(&self) -> bool {
        match self {
            TokenRequestError::Fault(fault) => fault.is_transient(),
            TokenRequestError::Busy { .. } => true,
            TokenRequestError::Refused { .. }
            | TokenRequestError::Unexplained { .. }
            | TokenRequestError::NotAToken { .. }
            | TokenRequestError::Final(_) => false,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            TokenRequestError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The error, with the table's words for a refusal of `grant` where it has some.
    pub(crate) fn into_error(self, grant: &str, host: &str, redactor: &Redactor) -> Error {
        self.described(grant, host, redactor).with_operation(operation_of(grant, ""))
    }

    fn described(self, grant: &str, host: &str, redactor: &Redactor) -> Error {
        match self {
            TokenRequestError::Fault(fault) => fault.into(),
            TokenRequestError::Busy { status, retry_after } => {
                let when = retry_after.map(|pause| format!("; retry after {} s", pause.as_secs())).unwrap_or_default();
                Error::network(format!("{host} answered HTTP {status}{when}")).hint("wait a little and try again")
            }
            TokenRequestError::Refused { code, description } => {
                let operation = &format!("the token request to {host}");
                let refusal = Refusal { status: None, grant, operation, code: &code, message: &description };
                let error = refused(&refusal, redactor);
                // Whatever an OAuth error is called, it is a no.
                if error.kind() == Kind::Failure { error.with_kind(Kind::Refused) } else { error }
            }
            TokenRequestError::Unexplained { status, what } => {
                let error =
                    unexplained(&format!("the token request to {host}"), status, &said(&what, redactor).to_string());
                error.unwrap_or_else(|| Error::new(Kind::Refused, format!("{host} refused the token request")))
            }
            TokenRequestError::NotAToken { what } => {
                Error::network(format!("{host} gave no token response ({})", said(&what, redactor)))
                    .hint("check the token URL: it ends in /oauth2/token at the pool's domain")
            }
            TokenRequestError::Final(error) => error,
        }
    }
}

/// [`TokenRequestError`] as the error that `oauth2` asks of an HTTP client.
#[derive(Debug)]
pub(crate) struct HttpFailed(TokenRequestError);

impl std::fmt::Display for HttpFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the exchange failed")
    }
}

impl std::error::Error for HttpFailed {}
