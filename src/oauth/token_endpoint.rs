//! The token endpoint (RFC 6749), through the `oauth2` crate on our HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, Client, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::aws::service_error::{Refusal, is_known, refused, said};
use crate::error::{AdviceKind, Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::redact::Redactor;
use crate::http::retry::{CallFailure, with_retries};
use crate::http::status::unexplained;
use crate::oauth::jwks_uri::content_type;
use crate::secret::Secret;
use crate::settings::types::{AuthMethod, ClientId, Endpoint, Scopes};
use crate::token::session::RefreshState;
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
    /// The scopes to request; empty for all that the client may have.
    pub scopes: &'a Scopes,
    /// Whether the scopes are also in the URL, for a cache in front of the endpoint that uses only that. A cached answer may be old, so the
    /// token's own `exp` is used and not `expires_in`.
    pub scope_in_query: bool,
}

/// Asks the token endpoint for a machine-to-machine access token: one request, repeated at most three times for
/// throttling, 5xx and connections that break, never for a refusal.
///
/// # Errors
/// [`Kind::Refused`] or [`Kind::Config`] if the endpoint refuses, [`Kind::Network`] if it can't be reached or its answer is no token
/// response.
pub async fn client_credentials(wire: &HttpClient, request: &ClientCredentials<'_>) -> Result<TokenSet> {
    let host = printable(request.token_url.url().authority(), 120);
    wire.redactor().hide(request.client_id.as_str(), request.client_secret);
    let endpoint = TokenEndpoint::new(wire, &host, "m2m");
    let answer = with_retries(wire, || post(&endpoint, request)).await.map_err(|failed| failed.error)?;
    // An unrequested refresh token or ID token is ignored.
    let mut answer = Answer { id_token: None, refresh_token: None, ..answer };
    if request.scope_in_query {
        answer.expires_in = None;
    }
    answer.tokens(wire, &host, request.scopes.clone()).map(|(tokens, _)| tokens)
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
) -> Result<ReadyClient, CallFailure> {
    let token_url = TokenUrl::new(token_url.to_string())
        .map_err(|why| CallFailure::last(Error::usage(format!("the token URL is malformed: {why}"))))?;
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

async fn post(endpoint: &TokenEndpoint<'_>, request: &ClientCredentials<'_>) -> Result<Answer, CallFailure> {
    let mut url = request.token_url.url().clone();
    if request.scope_in_query && request.scopes.iter().next().is_some() {
        let scopes = request.scopes.to_string();
        // Not `+`, which means a space only in form data.
        let encoded: String = url::form_urlencoded::byte_serialize(scopes.as_bytes()).collect();
        url.set_query(Some(&format!("scope={}", encoded.replace('+', "%20"))));
    }
    let client = client(url, request.client_id, Some(request.client_secret), request.auth_method)?;
    client
        .exchange_client_credentials()
        .add_scopes(request.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
        .request_async(endpoint)
        .await
        .map_err(|error| endpoint.failure(error))
}

/// Our HTTP client as `oauth2` asks for one, for requests of one grant to one host.
pub(crate) struct TokenEndpoint<'a> {
    wire: &'a HttpClient,
    host: &'a str,
    grant: &'static str,
}

impl<'c> AsyncHttpClient<'c> for TokenEndpoint<'_> {
    type Error = CallFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.wire.exchange(request).await.map_err(CallFailure::unanswered)?;
            self.check_shape(answer)
        })
    }
}

impl<'a> TokenEndpoint<'a> {
    /// The endpoint at `host`; `grant` is the table's prefix for the request.
    pub(crate) fn new(wire: &'a HttpClient, host: &'a str, grant: &'static str) -> Self {
        TokenEndpoint { wire, host, grant }
    }

    /// Lets pass what `oauth2` is to read: 200 with JSON, and a refusal with an OAuth error in JSON.
    pub(crate) fn check_shape(&self, answer: HttpResponse) -> Result<HttpResponse, CallFailure> {
        if let Some(busy) = CallFailure::busy(self.wire, self.host, &answer) {
            return Err(busy);
        }
        let status = answer.status().as_u16();
        let is_json = content_type(&answer) == "application/json";
        match status {
            // `oauth2` parses the first JSON document and ignores what follows.
            200 if is_json && serde_json::from_slice::<serde::de::IgnoredAny>(answer.body()).is_ok() => Ok(answer),
            400..=499 if is_json && oauth_error(self.grant, &answer).is_some() => Ok(answer),
            _ => {
                let unexplained = unexplained_refusal(&self.operation(), &answer, self.wire.redactor());
                Err(unexplained.unwrap_or_else(|| self.no_tokens(&description(&answer))))
            }
        }
    }

    /// Why a request brought no tokens.
    pub(crate) fn failure(&self, error: RequestTokenError<CallFailure, BasicErrorResponse>) -> CallFailure {
        match error {
            RequestTokenError::Request(failed) => failed,
            RequestTokenError::ServerResponse(answer) => {
                refusal(self.grant, &self.operation(), &answer, self.wire.redactor())
            }
            RequestTokenError::Parse(_, body) => {
                self.no_tokens(&format!("application/json, {} bytes, {}", body.len(), fault_of(&body)))
            }
            RequestTokenError::Other(_) => self.no_tokens("empty"),
        }
    }

    fn operation(&self) -> String {
        format!("the token request to {}", self.host)
    }

    fn no_tokens(&self, what: &str) -> CallFailure {
        let what = said(what, self.wire.redactor());
        let error = Error::network(format!("{} gave no token response ({what})", self.host));
        CallFailure::last(match self.grant {
            "m2m" => error.hint("check the token URL: it ends in /oauth2/token at the pool's domain"),
            // A user's profile has no token URL.
            _ => error.hint(AdviceKind::CheckDomain),
        })
    }
}

/// What keeps JSON from being a token response. The parser's message may repeat the input, so only the member is named.
fn fault_of(body: &[u8]) -> String {
    let Ok(serde_json::Value::Object(answer)) = serde_json::from_slice(body) else {
        return "not a JSON object".to_owned();
    };
    let fault = |name: &str| match answer.get(name) {
        None | Some(serde_json::Value::Null) => Some(format!("without `{name}`")),
        Some(serde_json::Value::String(_)) => None,
        Some(_) => Some(format!("`{name}` is not text")),
    };
    ["access_token", "token_type"].into_iter().find_map(fault).unwrap_or_else(|| "with a member twice".to_owned())
}

/// The description of an unexpected answer, with its `error` where it has one that is not OAuth's.
pub(crate) fn description(answer: &HttpResponse) -> String {
    let content_type = content_type(answer);
    let content_type = if content_type.is_empty() { "no content type" } else { &content_type };
    let said = serde_json::from_slice::<BasicErrorResponse>(answer.body()).ok();
    let said = said.map(|said| format!(": {}", said.error().as_ref())).unwrap_or_default();
    format!("HTTP {}, {}, {} bytes{said}", answer.status().as_u16(), printable(content_type, 60), answer.body().len())
}

/// The OAuth error of an answer to a request of this grant (RFC 6749 section 5.2). Proxies and web frameworks call their own reason `error`
/// too, so with another status than that of OAuth's refusals it has to be a code that the table has, or come with OAuth's description;
/// with 401, at least one that looks like a code.
pub(crate) fn oauth_error(grant: &str, answer: &HttpResponse) -> Option<BasicErrorResponse> {
    let said: BasicErrorResponse = serde_json::from_slice(answer.body()).ok()?;
    let code = said.error().as_ref();
    let is_code = || code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let is_refusal = match answer.status().as_u16() {
        400 => true,
        401 => is_code(),
        _ => is_code() && said.error_description().is_some(),
    };
    let refusal = Refusal { status: None, grant, operation: "", code, message: "" };
    (is_refusal || is_known(&refusal)).then_some(said)
}

/// The error for 401 and 403 without an OAuth error: it is unknown who refused what.
pub(crate) fn unexplained_refusal(operation: &str, answer: &HttpResponse, redactor: &Redactor) -> Option<CallFailure> {
    let status = Some(answer.status().as_u16()).filter(|status| matches!(status, 401 | 403))?;
    unexplained(operation, status, &said(&description(answer), redactor).to_string()).map(CallFailure::refused)
}

/// The error for an OAuth error code, with the table's text for `grant` if there is one.
pub(crate) fn refusal(grant: &str, operation: &str, answer: &BasicErrorResponse, redactor: &Redactor) -> CallFailure {
    let (code, message) = (answer.error().as_ref(), answer.error_description().map_or("", String::as_str));
    CallFailure::refused(refused_by_code(grant, operation, code, message, redactor))
}

/// The error for an OAuth error code: even an unknown one is a refusal.
pub(crate) fn refused_by_code(grant: &str, operation: &str, code: &str, message: &str, redactor: &Redactor) -> Error {
    let error = refused(&Refusal { status: None, grant, operation, code, message }, redactor);
    if error.kind() == Kind::Failure { error.with_kind(Kind::Refused) } else { error }
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
    scope: Option<serde_json::Value>,
    #[serde(default)]
    id_token: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<serde_json::Value>,
}

impl Answer {
    /// The tokens of an answer that `host` gave to a request for the scopes `asked`, and the refresh token where it brought one.
    pub(crate) fn tokens(self, wire: &HttpClient, host: &str, asked: Scopes) -> Result<(TokenSet, Option<Secret>)> {
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
        // `expires_in` is the access token's; an ID token's own `exp` may differ.
        let id = text("id_token", self.id_token)?.map(|id| received(id, Lifetime::Missing)).transpose()?;
        // Cognito's answer has no scope; the token's own claim decides if it has one.
        let granted = text("scope", self.scope)?;
        let scope = jwt::read_unverified(access.value.expose())
            .and_then(|claims| claims.scope)
            .or_else(|| Scopes::parse([granted?.as_str()]).ok());
        let refresh_token =
            text("refresh_token", self.refresh_token)?.filter(|token| !token.is_empty()).map(Secret::new);
        let tokens = TokenSet { access, id, scope, asked, obtained_at: now, renewal: RefreshState::None };
        Ok((tokens, refresh_token))
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
