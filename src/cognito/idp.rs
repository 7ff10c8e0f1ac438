//! The unsigned part of the Cognito API: InitiateAuth and RespondToAuthChallenge.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Config};
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, AuthenticationResultType, ChallengeNameType};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;

use super::error::from_sdk;
use super::http::Wire;
use super::srp::{self, Exchange, Verifier};
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::profile::words::{ClientId, PoolId, Scopes, Username};
use crate::secret::Secret;
use crate::token::{Lifetime, Token, TokenSet};

/// What Cognito answers to a step of a sign-in.
#[derive(Debug)]
pub enum Outcome {
    /// The user is in.
    Tokens(Box<TokenSet>),
    /// Cognito wants something first.
    Challenge(Challenge),
}

/// A challenge as Cognito sent it. Its parameters may be secret, so `Debug` shows their names alone.
pub struct Challenge {
    /// ChallengeName.
    pub name: String,
    /// ChallengeParameters.
    pub parameters: HashMap<String, String>,
    session: Option<Secret>,
}

impl Challenge {
    /// The user name that answers must carry: the one Cognito gave, else the one that was typed.
    fn username<'a>(&'a self, typed: &'a Username) -> &'a str {
        let given = ["USER_ID_FOR_SRP", "USERNAME"].iter().find_map(|name| self.parameters.get(*name));
        given.map_or(typed.as_str(), String::as_str)
    }
}

impl Challenge {
    pub(super) fn session_text(&self) -> Option<String> {
        self.session.as_ref().map(|session| session.expose().to_owned())
    }

    /// The same challenge with the session that the next step needs.
    pub(super) fn with_session(&self, session: Option<String>) -> Self {
        let session = session.map(Secret::new).or_else(|| self.session.clone());
        Challenge { name: self.name.clone(), parameters: self.parameters.clone(), session }
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").field("name", &self.name).field("parameters", &self.parameters.keys()).finish()
    }
}

/// Whether a response to this challenge is worth hiding: attributes and the names of choices are not.
fn is_secret(challenge: &Challenge, name: &str) -> bool {
    name == "NEW_PASSWORD" || name.ends_with("_CODE") || (name == "ANSWER" && challenge.name == "CUSTOM_CHALLENGE")
}

/// The users' API of one app client.
#[derive(Debug)]
pub struct Idp {
    pub(super) client: Client,
    client_id: ClientId,
    client_secret: Option<Secret>,
    pub(super) wire: Wire,
}

impl Idp {
    /// The API at the profile's endpoint. No AWS credentials are looked up: these calls are unsigned.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when no Region or no app client is known.
    pub async fn new(wire: &Wire, profile: &Profile, client_secret: Option<Secret>) -> Result<Self> {
        let region = super::region(profile).await?;
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(wire.sdk_client())
            .region(super::sdk_region(&region))
            .sleep_impl(TokioSleep::new())
            .timeout_config(super::timeouts())
            .retry_config(super::retries());
        if let Some(endpoint) = &profile.cognito_idp_endpoint {
            config = config.endpoint_url(endpoint.as_str());
        }
        if let Some(secret) = &client_secret {
            wire.redactor().hide(profile.user_client_id()?.as_str(), secret);
        }
        Ok(Idp {
            client: Client::from_conf(config.build()),
            client_id: profile.user_client_id()?.clone(),
            client_secret,
            wire: wire.clone(),
        })
    }

    /// USER_PASSWORD_AUTH: one request that carries the password.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for InitiateAuth.
    pub async fn start_password(&self, username: &Username, password: &Secret) -> Result<Outcome> {
        self.wire.redactor().hide(username.as_str(), password);
        let parameters = HashMap::from([("PASSWORD".to_owned(), password.expose().to_owned())]);
        self.initiate(AuthFlowType::UserPasswordAuth, username, parameters).await
    }

    /// USER_SRP_AUTH: two requests on one connection; the password stays here.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for InitiateAuth and RespondToAuthChallenge.
    pub async fn start_srp(&self, pool: &PoolId, username: &Username, password: &Secret) -> Result<Outcome> {
        let exchange = Exchange::start()?;
        let parameters = HashMap::from([("SRP_A".to_owned(), exchange.srp_a())]);
        let challenge = match self.initiate(AuthFlowType::UserSrpAuth, username, parameters).await? {
            Outcome::Challenge(challenge) if challenge.name == "PASSWORD_VERIFIER" => challenge,
            other => return Ok(other),
        };
        let parameter = |name: &str| {
            let value = challenge.parameters.get(name).map(String::as_str);
            value.ok_or_else(|| Error::network(format!("the PASSWORD_VERIFIER challenge has no {name}")))
        };
        let verifier = Verifier {
            srp_b: parameter("SRP_B")?,
            salt: parameter("SALT")?,
            secret_block: parameter("SECRET_BLOCK")?,
            user_id: parameter("USER_ID_FOR_SRP")?,
        };
        let proof = exchange.prove(pool.srp_name(), &verifier, password, self.wire.now())?;
        let responses = vec![
            ("PASSWORD_CLAIM_SECRET_BLOCK".to_owned(), Secret::new(verifier.secret_block.to_owned())),
            ("PASSWORD_CLAIM_SIGNATURE".to_owned(), Secret::new(proof.signature)),
            ("TIMESTAMP".to_owned(), Secret::new(proof.timestamp)),
        ];
        self.respond(username, &challenge, responses).await
    }

    /// RespondToAuthChallenge, sent once: a session answers one time only, so an unknown outcome is not repeated.
    ///
    /// # Errors
    /// As the table in [`super::error`] says for RespondToAuthChallenge.
    pub async fn respond(
        &self,
        typed: &Username,
        challenge: &Challenge,
        responses: Vec<(String, Secret)>,
    ) -> Result<Outcome> {
        let operation = "RespondToAuthChallenge";
        let username = challenge.username(typed);
        let mut request = self
            .client
            .respond_to_auth_challenge()
            .client_id(self.client_id.as_str())
            .challenge_name(ChallengeNameType::from(challenge.name.as_str()))
            .set_session(challenge.session_text())
            .challenge_responses("USERNAME", username);
        for (name, value) in &responses {
            if is_secret(challenge, name) {
                self.wire.redactor().hide(username, value);
            }
            request = request.challenge_responses(name, value.expose());
        }
        if let Some(hash) = self.secret_hash(username)? {
            request = request.challenge_responses("SECRET_HASH", hash);
        }
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let answer = request
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        self.outcome(
            operation,
            answer.authentication_result,
            answer.challenge_name,
            answer.challenge_parameters,
            answer.session,
        )
    }

    async fn initiate(
        &self,
        flow: AuthFlowType,
        username: &Username,
        mut parameters: HashMap<String, String>,
    ) -> Result<Outcome> {
        let operation = "InitiateAuth";
        parameters.insert("USERNAME".to_owned(), username.as_str().to_owned());
        if let Some(hash) = self.secret_hash(username.as_str())? {
            parameters.insert("SECRET_HASH".to_owned(), hash);
        }
        let answer = self
            .client
            .initiate_auth()
            .client_id(self.client_id.as_str())
            .auth_flow(flow)
            .set_auth_parameters(Some(parameters))
            .send()
            .await
            .map_err(|error| from_sdk(operation, error, self.wire.redactor()))?;
        self.outcome(
            operation,
            answer.authentication_result,
            answer.challenge_name,
            answer.challenge_parameters,
            answer.session,
        )
    }

    fn secret_hash(&self, username: &str) -> Result<Option<String>> {
        let hash = |secret| srp::secret_hash(username, self.client_id.as_str(), secret);
        self.client_secret.as_ref().map(hash).transpose()
    }

    fn outcome(
        &self,
        operation: &str,
        result: Option<AuthenticationResultType>,
        challenge: Option<ChallengeNameType>,
        parameters: Option<HashMap<String, String>>,
        session: Option<String>,
    ) -> Result<Outcome> {
        match (result, challenge) {
            (Some(result), _) => self.tokens(result).map(|tokens| Outcome::Tokens(Box::new(tokens))),
            (None, Some(name)) => Ok(Outcome::Challenge(Challenge {
                name: name.as_str().to_owned(),
                parameters: parameters.unwrap_or_default(),
                session: session.map(Secret::new),
            })),
            (None, None) => Err(Error::network(format!("{operation}: the answer has neither tokens nor a challenge"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")),
        }
    }

    fn tokens(&self, result: AuthenticationResultType) -> Result<TokenSet> {
        let now = self.wire.now();
        let lifetime = match result.expires_in {
            0 => Lifetime::Missing,
            seconds => u64::try_from(seconds).map_or(Lifetime::Unusable, Lifetime::Seconds),
        };
        let access = result.access_token.ok_or_else(|| Error::network("the sign-in's answer has no access token"))?;
        let access = Token::received(Secret::new(access), lifetime, now)?;
        // ExpiresIn is the access token's; an ID token may live shorter or longer, as its own `exp` says.
        let id = result.id_token.map(|id| Token::received(Secret::new(id), Lifetime::Missing, now)).transpose()?;
        let scope = crate::token::jwt::read_unverified(access.value.expose()).and_then(|claims| claims.scope);
        Ok(TokenSet { access, id, scope, asked: Scopes::default(), obtained_at: now })
    }
}
