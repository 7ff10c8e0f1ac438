//! The pool's hosted pages and what follows from them: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636),
//! refreshing (RFC 6749 section 6) and revoking (RFC 7009) at the pool's domain.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oauth2::{
    AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope,
};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::aws::service_error::said;
use crate::error::{Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::http::status;
use crate::http::transport_error::fault_in;
use crate::oauth::loopback_server::AuthorizationResponse;
use crate::oauth::token_endpoint::{
    TokenEndpoint, client, description, oauth_error, refusal, refused_by_code, unexplained_refusal,
};
use crate::secret::Secret;
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::{AuthMethod, ClientId, Endpoint, Scopes};
use crate::token::TokenSet;
use crate::user_pool::cognito_idp::AuthenticationResult;
use crate::user_pool::refresh::{CANNOT_RENEW, RefreshError};

/// An app client and how it shows who it is at its pool's domain.
#[derive(Debug, Clone, Copy)]
pub struct HostedClient<'a> {
    /// The pool's domain.
    pub domain: &'a Endpoint,
    /// The app client.
    pub client_id: &'a ClientId,
    /// Its secret, where it has one.
    pub client_secret: Option<&'a Secret>,
}

impl HostedClient<'_> {
    fn token_url(&self) -> Endpoint {
        self.domain.join("/oauth2/token")
    }

    fn host(&self) -> String {
        printable(self.domain.url().authority(), 120)
    }

    fn hide(&self, wire: &HttpClient, secret: &Secret) {
        wire.redactor().hide(self.client_id.as_str(), secret);
        if let Some(secret) = self.client_secret {
            wire.redactor().hide(self.client_id.as_str(), secret);
        }
    }
}

/// The parameters of an authorization request.
#[derive(Debug, Clone, Default)]
pub struct AuthorizationOptions {
    /// The scopes to request; empty for all that the client may have.
    pub scopes: Scopes,
    /// `identity_provider`: the provider to sign in with, past the choice.
    pub identity_provider: Option<String>,
    /// `prompt` (OpenID Connect Core section 3.1.2.1): login, none, select_account, consent.
    pub prompt: Option<String>,
    /// `login_hint`: who will sign in.
    pub login_hint: Option<String>,
    /// `lang`: the language of the pages.
    pub lang: Option<String>,
}

/// A sign-in that a browser was sent away for.
pub struct Authorization {
    url: Url,
    redirect_uri: RedirectUri,
    state: Secret,
    nonce: Secret,
    verifier: Secret,
    scopes: Scopes,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl Authorization {
    /// A new request, with its own state, nonce and PKCE verifier.
    ///
    /// # Errors
    /// [`Kind::Usage`] when the addresses make no URL.
    pub fn new(
        domain: &Endpoint,
        client_id: &ClientId,
        redirect_uri: &RedirectUri,
        wishes: &AuthorizationOptions,
    ) -> Result<Self> {
        let malformed =
            |why: url::ParseError| Error::usage(format!("the domain or the redirect URI is malformed: {why}"));
        let auth_url = AuthUrl::new(domain.join("/oauth2/authorize").url().to_string()).map_err(malformed)?;
        let returns = RedirectUrl::new(redirect_uri.as_str().to_owned()).map_err(malformed)?;
        let client = oauth2::basic::BasicClient::new(oauth2::ClientId::new(client_id.as_str().to_owned()))
            .set_auth_uri(auth_url);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = Secret::new(CsrfToken::new_random().into_secret());
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .set_redirect_uri(std::borrow::Cow::Owned(returns))
            .set_pkce_challenge(challenge)
            .add_scopes(wishes.scopes.iter().map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("nonce", nonce.expose().to_owned());
        let extra = [
            ("identity_provider", &wishes.identity_provider),
            ("prompt", &wishes.prompt),
            ("login_hint", &wishes.login_hint),
            ("lang", &wishes.lang),
        ];
        for (name, value) in extra {
            if let Some(value) = value {
                request = request.add_extra_param(name, value.clone());
            }
        }
        let (url, state) = request.url();
        Ok(Authorization {
            url,
            redirect_uri: redirect_uri.clone(),
            state: Secret::new(state.into_secret()),
            nonce,
            verifier: Secret::new(verifier.into_secret()),
            scopes: wishes.scopes.clone(),
        })
    }

    /// The address to open: https, or http to this machine, as the domain is.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The redirect URI.
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// The state that the redirect must contain.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// The nonce that the ID token must contain (OpenID Connect Core section 3.1.3.7).
    pub fn nonce(&self) -> &Secret {
        &self.nonce
    }

    /// The scopes that were asked for; empty for all that the client may have.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Exchanges what came back for tokens (RFC 6749 section 4.1.3): one request, never repeated, since a code is good for
    /// one.
    ///
    /// # Errors
    /// [`Kind::Refused`] and others for what the pages or the endpoint refuse, [`Kind::Network`] where there is no token
    /// response.
    pub async fn exchange(
        &self,
        wire: &HttpClient,
        client_of: &HostedClient<'_>,
        returned: AuthorizationResponse,
    ) -> Result<AuthenticationResult> {
        let host = client_of.host();
        let code = match returned {
            AuthorizationResponse::Code(code) => code,
            AuthorizationResponse::Refused { code, description } => {
                let operation = format!("the sign-in at {host}");
                return Err(refused_by_code("authorize", &operation, &code, &description, wire.redactor()));
            }
        };
        for secret in [&code, &self.verifier, &self.state, &self.nonce] {
            client_of.hide(wire, secret);
        }
        let endpoint = TokenEndpoint::new(wire, &host, "code");
        let exchange = async {
            let returns = RedirectUrl::new(self.redirect_uri.as_str().to_owned())
                .map_err(|why| CallFailure::last(Error::usage(format!("the redirect URI is malformed: {why}"))))?;
            client(
                client_of.token_url().url().clone(),
                client_of.client_id,
                client_of.client_secret,
                AuthMethod::Basic,
            )?
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_redirect_uri(std::borrow::Cow::Owned(returns))
            .set_pkce_verifier(PkceCodeVerifier::new(self.verifier.expose().to_owned()))
            .request_async(&endpoint)
            .await
            .map_err(|error| endpoint.failure(error))
        };
        let answer = exchange.await.map_err(|failed: CallFailure| failed.error)?;
        answer.tokens(wire, &host, self.scopes.clone()).map(signed_in)
    }
}

/// Renews tokens with a refresh token (RFC 6749 section 6), with its original scopes. If the app client rotates refresh tokens, a new one
/// comes and the old one is spent: a request that may have reached the endpoint is repeated only if `is_reusable`.
///
/// # Errors
/// [`RefreshError`].
pub async fn refresh(
    wire: &HttpClient,
    client_of: &HostedClient<'_>,
    refresh_token: &Secret,
    is_reusable: bool,
) -> Result<AuthenticationResult, RefreshError> {
    let host = client_of.host();
    client_of.hide(wire, refresh_token);
    let endpoint = TokenEndpoint::new(wire, &host, "refresh");
    let post = || async {
        client(client_of.token_url().url().clone(), client_of.client_id, client_of.client_secret, AuthMethod::Basic)?
            .exchange_refresh_token(&RefreshToken::new(refresh_token.expose().to_owned()))
            .request_async(&endpoint)
            .await
            .map_err(|error| {
                let failed = endpoint.failure(error);
                CallFailure { is_transient: failed.is_transient && (failed.is_undone || is_reusable), ..failed }
            })
    };
    let answer = with_retries(wire, post).await.map_err(|failed| match failed.error {
        error if error.code() == Some("invalid_grant") => RefreshError::Over(error),
        error if is_unable(&error) => RefreshError::Unable(error.with_code(CANNOT_RENEW)),
        error if failed.is_undone => RefreshError::Failed(error),
        error => RefreshError::Unknown(error),
    })?;
    answer.tokens(wire, &host, Scopes::default()).map(signed_in).map_err(RefreshError::Unknown)
}

/// Whether an endpoint answered, and neither with tokens nor with an OAuth error nor as one under load: it does not renew.
fn is_unable(error: &Error) -> bool {
    let is_answer = error.kind() == Kind::Network && error.code().is_none() && fault_in(error).is_none();
    is_answer && !status::of(error).is_some_and(status::is_busy)
}

/// The result of a browser sign-in or its renewal: the token endpoint knows no devices.
fn signed_in((tokens, refresh_token): (TokenSet, Option<Secret>)) -> AuthenticationResult {
    AuthenticationResult { tokens, refresh_token, new_device: None }
}

/// Revokes a refresh token and what was issued with it (RFC 7009). One that is unknown or revoked already is no error.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for a token that is no refresh token, [`Kind::Config`](crate::error::Kind::Config) where the client does not allow it,
/// [`Kind::Network`](crate::error::Kind::Network) where the endpoint can't be reached.
pub async fn revoke(wire: &HttpClient, client_of: &HostedClient<'_>, token: &Secret) -> Result<()> {
    let host = client_of.host();
    client_of.hide(wire, token);
    // `oauth2` revokes only over https, which a local Cognito does not have.
    let post = || async {
        let answer = wire.exchange(revocation(client_of, token)?).await.map_err(CallFailure::unanswered)?;
        if is_revoked(&answer) {
            return Ok(());
        }
        if let Some(busy) = CallFailure::busy(wire, &host, &answer) {
            return Err(busy);
        }
        let (operation, redactor) = (format!("revoking the token at {host}"), wire.redactor());
        if let Some(error) = oauth_error("revoke", &answer) {
            return Err(refusal("revoke", &operation, &error, redactor));
        }
        Err(unexplained_refusal(&operation, &answer, redactor).unwrap_or_else(|| {
            let what = said(&description(&answer), redactor);
            let error = Error::network(format!("{host} does not revoke tokens ({what})"));
            CallFailure::last(
                error.hint("check the domain: every pool whose client allows revocation has /oauth2/revoke"),
            )
        }))
    };
    with_retries(wire, post).await.map_err(|failed| failed.error)
}

/// Whether the answer is that of a revocation (RFC 7009 section 2.2): Cognito's has no body, a local one an object. A page with the same
/// status comes from something in front of the domain.
fn is_revoked(answer: &http::Response<Vec<u8>>) -> bool {
    let body = answer.body().trim_ascii();
    let is_object =
        || serde_json::from_slice(body).is_ok_and(|body: serde_json::Map<String, _>| !body.contains_key("error"));
    answer.status() == 200 && (body.is_empty() || is_object())
}

fn revocation(client_of: &HostedClient<'_>, token: &Secret) -> Result<http::Request<Vec<u8>>, CallFailure> {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let id = encode(client_of.client_id.as_str());
    let mut request = http::Request::post(client_of.domain.join("/oauth2/revoke").url().as_str())
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(secret) = client_of.client_secret {
        let pair = zeroize::Zeroizing::new(format!("{id}:{}", encode(secret.expose())));
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    }
    let body = format!("token={}&client_id={id}", encode(token.expose()));
    request
        .body(body.into_bytes())
        .map_err(|why| CallFailure::last(Error::usage(format!("the domain is malformed: {why}"))))
}

/// The page that ends a browser's session with the hosted pages. It revokes no token.
pub fn logout_url(client_of: &HostedClient<'_>, logout_uri: Option<&str>) -> Url {
    let mut url = client_of.domain.join("/logout").url().clone();
    url.query_pairs_mut().append_pair("client_id", client_of.client_id.as_str());
    if let Some(uri) = logout_uri {
        url.query_pairs_mut().append_pair("logout_uri", uri);
    }
    url
}
