//! A sign-in through the browser: the pool's hosted pages, authorization code with PKCE.
//!
//! [`Login`] knows neither the browser nor the terminal: its caller opens [`Login::url`] and passes on the redirect, from the
//! [`Listener`](crate::oauth::loopback_server::Listener) or typed.

use url::Url;

use crate::error::{Advice, AdviceKind, Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::oauth::authorization_code::{Authorization, AuthorizationOptions, HostedClient};
use crate::oauth::loopback_server::{AuthorizationResponse, ExpectedResponse};
use crate::secret::Secret;
use crate::secrets::store::SecretId;
use crate::settings::issuer;
use crate::settings::profile::Profile;
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::{PoolId, Scopes, SecretKind};
use crate::token::identity::Identity;
use crate::token::ownership::Owner;
use crate::token::verify::LEEWAY_SECONDS;
use crate::token::{TokenSet, jwt};
use crate::user_pool::cognito_idp::AuthenticationResult;

/// The redirect URIs of the profile; with `ports`, the first of them with each of these ports instead.
///
/// # Errors
/// [`Kind::Usage`] for port 0.
pub fn redirect_uris(profile: &Profile, ports: &[u16]) -> Result<Vec<RedirectUri>> {
    let own = &profile.user.redirect_uris;
    let first = match own.first() {
        Some(first) => first.clone(),
        None => RedirectUri::standard()?,
    };
    match (ports, own.is_empty()) {
        ([], true) => Ok(vec![first]),
        ([], false) => Ok(own.clone()),
        (ports, _) => ports.iter().map(|port| first.with_port(*port)).collect(),
    }
}

/// The binding of the client's secret for the domain.
///
/// # Errors
/// [`Kind::Config`] when the profile names no domain or no app client.
pub fn secret_binding(profile: &Profile) -> Result<SecretId> {
    Ok(SecretId {
        kind: SecretKind::UserClient,
        client_id: profile.user_client_id()?.clone(),
        origin: profile.domain()?.origin(),
        username: None,
    })
}

/// A sign-in under way.
#[derive(Debug)]
pub struct Login<'a> {
    profile: &'a Profile,
    authorization: Authorization,
}

impl<'a> Login<'a> {
    /// Begins one that ends at `redirect_uri`.
    ///
    /// # Errors
    /// [`Kind::Config`] when the profile names no domain or no app client.
    pub fn begin(profile: &'a Profile, redirect_uri: &RedirectUri, wishes: &AuthorizationOptions) -> Result<Self> {
        let authorization = Authorization::new(profile.domain()?, profile.user_client_id()?, redirect_uri, wishes)?;
        Ok(Login { profile, authorization })
    }

    /// The address to open.
    pub fn url(&self) -> &Url {
        self.authorization.url()
    }

    /// The state that the redirect must contain.
    pub fn expected(&self) -> ExpectedResponse {
        ExpectedResponse {
            state: self.authorization.state().clone(),
            issuers: issuers(self.profile.user_pool_id.as_ref()),
        }
    }

    /// The response in a URL that a person copied from the browser.
    ///
    /// # Errors
    /// [`Kind::Usage`] for what is not the redirect URI of this sign-in, [`Kind::Refused`] for the answer to another one.
    pub fn read(&self, address: &str) -> Result<AuthorizationResponse> {
        let uri = self.authorization.redirect_uri();
        let ours = Url::parse(uri.as_str()).map_err(|why| Error::usage(format!("{uri}: {why}")))?;
        let is_ours =
            |url: &Url| url.origin() == ours.origin() && url.path() == ours.path() && url.username().is_empty();
        match Url::parse(address.trim()) {
            Ok(url) if is_ours(&url) => self
                .expected()
                .read(url.query().unwrap_or_default())
                .map_err(|error| error.context("this is not the answer to this sign-in")),
            _ => Err(Error::usage("this is not the address that the browser was sent to")
                .hint(format!("copy the whole address bar; it begins with {uri}?code="))),
        }
    }

    /// Exchanges what came back for tokens and checks that they are what was asked for: of this pool, this client, this
    /// sign-in and, where the profile names a user, this user.
    ///
    /// # Errors
    /// As [`Authorization::exchange`]; [`Kind::Refused`] for tokens of another user or client.
    pub async fn finish(
        &self,
        wire: &HttpClient,
        client_secret: Option<&Secret>,
        returned: AuthorizationResponse,
    ) -> Result<(AuthenticationResult, Identity)> {
        let profile = self.profile;
        let client_of = HostedClient { domain: profile.domain()?, client_id: profile.user_client_id()?, client_secret };
        let signed_in = self.authorization.exchange(wire, &client_of, returned).await?;
        let now = wire.now() / 1000;
        let now = now.checked_add_signed(wire.clock_offset()).unwrap_or(now);
        let identity = self.check(&signed_in.tokens, now)?;
        if let Some(username) = &profile.user.username
            && !identity.is(username)
        {
            let who = printable(identity.shown(), 120);
            return Err(Error::new(
                Kind::Refused,
                format!("{who} signed in, but the profile is for {username}: nothing was stored"),
            )
            .with_code("AnotherUser")
            .hint(Advice::new(AdviceKind::SignInAsUser).text("user", username))
            .hint(AdviceKind::NameWhoSignedIn));
        }
        Ok((signed_in, identity))
    }

    /// The checks of OpenID Connect Core sections 3.1.3.3 and 3.1.3.7 that need no keys, since the tokens came from the endpoint itself.
    /// `now` is in seconds, by the endpoint's clock.
    fn check(&self, tokens: &TokenSet, now: u64) -> Result<Identity> {
        let owner = Owner {
            issuers: issuers(self.profile.user_pool_id.as_ref()),
            client_id: self.profile.user_client_id()?.as_str(),
            subject: None,
            username: None,
            is_complete: true,
            advice: AdviceKind::CheckDomainPoolAndClient.into(),
        };
        owner.check(tokens)?;
        // Without an ID token nothing repeats the nonce.
        let has_openid = |scopes: &Scopes| scopes.iter().any(|scope| scope == "openid");
        let is_promised = has_openid(self.authorization.scopes()) || tokens.scope.as_ref().is_some_and(has_openid);
        if tokens.id.is_none() && is_promised {
            return Err(Error::new(
                Kind::Refused,
                "the scope openid was granted, and the answer has no ID token; nothing was stored",
            )
            .hint(AdviceKind::CheckDomainPoolAndClient));
        }
        for (token, name) in std::iter::once((&tokens.access, "access")).chain(tokens.id.iter().map(|id| (id, "ID"))) {
            let claims = jwt::payload_unverified(token.value.expose()).unwrap_or_default();
            match claims.get("nonce") {
                None if name == "ID" => return Err(owner.foreign("`nonce`", None)),
                Some(nonce) if nonce.as_str() != Some(self.authorization.nonce().expose()) => {
                    return Err(owner.foreign("`nonce`", Some("another")));
                }
                _ => {}
            }
            match claims.get("exp").and_then(serde_json::Value::as_f64).map(jwt::whole) {
                None if name == "ID" => return Err(owner.foreign("`exp`", None)),
                Some(end) if end.saturating_add(LEEWAY_SECONDS) <= now => {
                    let message = format!("the {name} token has already expired; nothing was stored");
                    return Err(Error::new(Kind::Refused, message)
                        .hint("sign in again; if that does not help, the domain issues expired tokens"));
                }
                _ => {}
            }
        }
        if tokens.access.expires_at.is_none() {
            let message = "neither the answer nor the access token says how long it is valid; nothing was stored";
            return Err(Error::network(message).hint(AdviceKind::CheckDomain));
        }
        Identity::of(tokens).ok_or_else(|| Error::network("the tokens do not say who signed in"))
    }
}

/// The issuers of the pool's tokens; empty if the pool is unknown.
fn issuers(pool: Option<&PoolId>) -> Vec<String> {
    pool.map(issuer::of_pool).unwrap_or_default()
}
