//! GetDerivedToken: a token on behalf of the subject of another (OAuth 2.0 Token Exchange, RFC 8693). It is unsigned and one
//! request, and the SDK does not have it, so it is posted by hand.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::aws::error_response::outcome;
use crate::cache::token_cache::CacheKey;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::retry::{CallFailure, with_retries};
use crate::oauth::client_credentials;
use crate::secret::Secret;
use crate::secrets::store::SecretId;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
pub use crate::settings::types::TokenType;
use crate::settings::types::{ClientId, Scopes, SecretKind, TokenOwner, TokenUse};
use crate::token::jwt::{self, TokenKind};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, Token, TokenSet};
use crate::user_pool::user_token;

const OPERATION: &str = "GetDerivedToken";

/// The parts of the key of an exchanged token in which one profile may have several.
pub const VARYING: [&str; 9] =
    ["subject", "subject_token_type", "subject_provider", "actor", "audience", "resource", "scopes", "token", "users"];

impl TokenType {
    /// Its identifier, such as `urn:ietf:params:oauth:token-type:access_token`.
    pub fn uri(self) -> String {
        format!("urn:ietf:params:oauth:token-type:{self}")
    }

    /// What a token says that it is: an ID token, or else an access token.
    fn of(token: &Secret) -> Self {
        let is_id =
            jwt::payload_unverified(token.expose()).is_some_and(|claims| TokenKind::of(&claims) == TokenKind::Id);
        if is_id { TokenType::IdToken } else { TokenType::AccessToken }
    }

    fn in_api(self) -> String {
        self.as_str().to_ascii_uppercase()
    }
}

impl From<TokenUse> for TokenType {
    fn from(token: TokenUse) -> Self {
        match token {
            TokenUse::Access => TokenType::AccessToken,
            TokenUse::Id => TokenType::IdToken,
        }
    }
}

/// The exchange of a token for one on behalf of its subject.
///
/// With an [actor](TokenExchange::actor) the new token says who acts for the subject (`act`, delegation); without one it looks as if
/// the subject acted (impersonation). The app client that asks needs ALLOW_TOKEN_EXCHANGE_DELEGATION or
/// ALLOW_TOKEN_EXCHANGE_IMPERSONATION among its ExplicitAuthFlows.
#[derive(Debug, Clone)]
#[must_use]
pub struct TokenExchange {
    subject: Secret,
    subject_type: TokenType,
    subject_provider: Option<String>,
    actor: Option<Secret>,
    audience: Option<String>,
    resource: Option<String>,
    scopes: Vec<String>,
    requested: TokenUse,
}

impl TokenExchange {
    /// Of this token, an access or ID token: what it says that it is.
    pub fn of(subject: Secret) -> Self {
        TokenExchange {
            subject_type: TokenType::of(&subject),
            subject,
            subject_provider: None,
            actor: None,
            audience: None,
            resource: None,
            scopes: Vec::new(),
            requested: TokenUse::Access,
        }
    }

    /// What the subject's token is, where it does not say so itself.
    pub fn subject_token_type(mut self, kind: TokenType) -> Self {
        self.subject_type = kind;
        self
    }

    /// The identity provider of the pool that issued the subject's token; Cognito itself where this is not set.
    pub fn subject_provider(mut self, name: &str) -> Self {
        self.subject_provider = Some(name.to_owned());
        self
    }

    /// The token of who acts for the subject, such as the machine's token of an agent.
    pub fn actor(mut self, token: Secret) -> Self {
        self.actor = Some(token);
        self
    }

    /// The logical name of the service that the new token is for. It can't be combined with a resource.
    pub fn audience(mut self, name: &str) -> Self {
        self.audience = Some(name.to_owned());
        self
    }

    /// The identifier of the pool's resource server that the new token is for. It can't be combined with an audience.
    pub fn resource(mut self, identifier: &str) -> Self {
        self.resource = Some(identifier.to_owned());
        self
    }

    /// The scopes to ask for; without any the new token has those of the subject's.
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.scopes = scopes.into_iter().map(str::to_owned).collect();
        self
    }

    /// Whether an access token is wanted, as without this, or an ID token.
    pub fn requested_token(mut self, token: TokenUse) -> Self {
        self.requested = token;
        self
    }

    /// What the new token depends on: both tokens by their digests, so that only who has them is served from a cache. It names the users
    /// whose tokens these are, see [`is_of_user`].
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for what can't be asked, [`Kind::Config`](crate::error::Kind::Config) where the
    /// profile has no app client or Region.
    #[doc(hidden)]
    pub fn cache_key(&self, profile: &Profile, owner: TokenOwner) -> Result<CacheKey> {
        let scopes = self.check()?.to_string();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let actor = self.actor.as_ref().map(digest).unwrap_or_default();
        let users: Vec<String> = std::iter::once(&self.subject).chain(&self.actor).filter_map(user).collect();
        let users = users.join("\n");
        let values = [
            &digest(&self.subject),
            self.subject_type.as_str(),
            &text(&self.subject_provider),
            &actor,
            &text(&self.audience),
            &text(&self.resource),
            &scopes,
            self.requested.as_str(),
            &users,
        ];
        let parts: Vec<(&str, &str)> = VARYING.into_iter().zip(values).collect();
        Ok(client_key(profile, owner)?.with_kind("exchange", &parts))
    }

    /// The scopes that are asked for, once the rest can be asked.
    fn check(&self) -> Result<Scopes> {
        if self.audience.is_some() && self.resource.is_some() {
            return Err(Error::usage("a token is for an audience or for a resource, and can't be for both"));
        }
        let is_word = |text: &&String| !text.is_empty() && text.len() <= 256 && text.chars().all(is_of_scopes);
        if let Some(odd) = [&self.audience, &self.resource].into_iter().flatten().find(|text| !is_word(text)) {
            let shown = crate::error::printable(odd, 80);
            return Err(Error::usage(format!(
                "`{shown}` is no audience or resource: use up to 256 characters without spaces"
            )));
        }
        Scopes::parse(self.scopes.iter().map(String::as_str))
    }

    fn body(&self, client: &RequestingClient, scopes: &Scopes) -> Value {
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        set("ClientId", json!(client.client_id.as_str()));
        if let Some(secret) = &client.client_secret {
            set("ClientSecret", json!(secret.expose()));
        }
        set("SubjectToken", json!(self.subject.expose()));
        set("SubjectTokenType", json!(self.subject_type.in_api()));
        if let Some(name) = &self.subject_provider {
            set("SubjectTokenProviderName", json!(name));
        }
        if let Some(actor) = &self.actor {
            set("ActorToken", json!(actor.expose()));
            set("ActorTokenType", json!(TokenType::of(actor).in_api()));
        }
        if scopes.iter().next().is_some() {
            set("Scopes", scopes.iter().collect());
        }
        if let Some(name) = &self.audience {
            set("Audiences", json!([name]));
        }
        if let Some(identifier) = &self.resource {
            set("Resources", json!([identifier]));
        }
        set("RequestedTokenType", json!(TokenType::from(self.requested).in_api()));
        Value::Object(body)
    }
}

/// A character of a scope, an audience or a resource (RFC 6749 section 3.3).
fn is_of_scopes(c: char) -> bool {
    matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')
}

fn digest(token: &Secret) -> String {
    Sha256::digest(token.expose()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The user whose token this is (`sub`).
fn user(token: &Secret) -> Option<String> {
    let claims = jwt::payload_unverified(token.expose())?;
    let is_of_user = TokenKind::of(&claims) != TokenKind::Machine;
    claims.get("sub")?.as_str().filter(|_| is_of_user).map(str::to_owned)
}

/// Whether an exchanged token is cached under `key` that was issued for a token of this user, as its subject or actor.
pub fn is_of_user(key: &CacheKey, subject: &str) -> bool {
    key.part("users").is_some_and(|users| users.lines().any(|user| user == subject))
}

/// The app client that asks for an exchange.
#[derive(Debug, Clone)]
pub struct RequestingClient {
    /// ClientId.
    pub client_id: ClientId,
    /// ClientSecret, where the client has one.
    pub client_secret: Option<Secret>,
}

/// Which of the profile's app clients asks: the one that was named, else the machine's where the profile has one.
pub fn requester(profile: &Profile, named: Option<TokenOwner>) -> TokenOwner {
    let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    named.unwrap_or(if has_machine { TokenOwner::M2m } else { TokenOwner::User })
}

/// The key of what the profile's client exchanges, without the parts that [vary](VARYING).
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) where the profile has no such app client or no Region.
pub fn client_key(profile: &Profile, owner: TokenOwner) -> Result<CacheKey> {
    let endpoint = profile.cognito_idp_origin()?;
    let m2m = &profile.m2m;
    let arn = m2m.secret_arn.as_ref().filter(|_| owner == TokenOwner::M2m).map(|arn| arn.as_str());
    let client = match owner {
        TokenOwner::M2m => m2m.client_id.as_ref().map_or("", ClientId::as_str),
        TokenOwner::User => profile.user_client_id()?.as_str(),
    };
    if client.is_empty() && arn.is_none() {
        secret_binding(profile, owner)?;
    }
    let arn = arn.unwrap_or_default();
    Ok(CacheKey::of(&[("kind", "exchange"), ("endpoint", &endpoint), ("client_id", client), ("secret_arn", arn)]))
}

/// What the secret of the requesting client is bound to. That of a machine is stored for the pool's domain mostly: it is sent to the
/// Cognito API where that is AWS's own, and to no other address than it was stored for.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) where the profile has no such app client or no Region.
pub fn secret_binding(profile: &Profile, owner: TokenOwner) -> Result<SecretId> {
    match owner {
        TokenOwner::User => user_token::secret_binding(profile, SecretKind::UserClient, None),
        TokenOwner::M2m => {
            let bound = client_credentials::secret_binding(profile)?;
            let origin = profile.cognito_idp_origin()?;
            let is_sent = bound.origin == origin || profile.endpoint(Service::CognitoIdp).is_none();
            Ok(if is_sent { bound } else { SecretId { origin, ..bound } })
        }
    }
}

/// Exchanges a token: one request, unsigned, repeated for throttling, 5xx and connections that break, never for a refusal.
///
/// # Errors
/// As the table in [`crate::aws::service_error`] says for GetDerivedToken; [`Kind::Network`](crate::error::Kind::Network) where the
/// API can't be reached or its answer is not the token that was asked for.
pub async fn exchange(
    wire: &HttpClient,
    profile: &Profile,
    client: &RequestingClient,
    exchange: &TokenExchange,
) -> Result<TokenSet> {
    let scopes = exchange.check()?;
    let endpoint = match profile.endpoint(Service::CognitoIdp) {
        Some(endpoint) => endpoint.as_str().to_owned(),
        None => profile.cognito_idp_origin()?,
    };
    for secret in client.client_secret.iter().chain([&exchange.subject]).chain(&exchange.actor) {
        wire.redactor().hide(client.client_id.as_str(), secret);
    }
    let body = exchange.body(client, &scopes);
    let post = || async {
        let request = http::Request::post(format!("{}/", endpoint.trim_end_matches('/')))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{OPERATION}"))
            .body(body.to_string().into_bytes())
            .map_err(|why| CallFailure::last(Error::usage(format!("the endpoint is malformed: {why}"))))?;
        let answer = wire.exchange(request).await;
        let answer = answer.map_err(|fault| CallFailure::unanswered(fault).context(OPERATION))?;
        let read = |body: &[u8]| serde_json::from_slice(body).ok().filter(Value::is_object);
        outcome(wire, ("", OPERATION), &answer, read)
    };
    let answer = with_retries(wire, post).await.map_err(|failed| failed.error)?;
    issued(&answer, exchange.requested, scopes, wire.now())
}

/// The tokens of an answer. An ID token stands in both places: RFC 8693 calls what was issued the access token, whatever it is.
fn issued(answer: &Value, requested: TokenUse, asked: Scopes, now: u64) -> Result<TokenSet> {
    let text = |name: &str| answer[name].as_str();
    if text("IssuedTokenType") != Some(&TokenType::from(requested).in_api()) {
        return Err(Error::network(format!(
            "{OPERATION} gave a token of another type than {}",
            TokenType::from(requested)
        )));
    }
    let is_bearer = text("TokenType").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer && (requested == TokenUse::Access || text("TokenType") != Some("N_A")) {
        return Err(Error::network(format!("{OPERATION} gave a token of another type than Bearer")));
    }
    let value = Secret::new(text("IssuedToken").unwrap_or_default().to_owned());
    let lifetime = Lifetime::of(answer.get("ExpiresIn"));
    let token = Token::received(value, lifetime, now).map_err(|error| error.context(OPERATION))?;
    let of_token = jwt::read_unverified(token.value.expose()).and_then(|claims| claims.scope);
    let of_answer = || {
        let scopes: Vec<&str> = answer["Scopes"].as_array()?.iter().filter_map(Value::as_str).collect();
        Scopes::parse(scopes).ok()
    };
    let scope = of_token.or_else(of_answer);
    let id = (requested == TokenUse::Id).then(|| token.clone());
    Ok(TokenSet { access: token, id, scope, asked, obtained_at: now, renewal: RefreshState::None })
}
