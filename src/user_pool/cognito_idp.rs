//! The users' part of the Cognito API: InitiateAuth and RespondToAuthChallenge, unsigned, or their Admin forms, signed.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{Builder, Config};
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, AuthenticationResultType, ChallengeNameType};
use aws_smithy_types::retry::RetryConfig;

use crate::aws::connector::{LimitIsLimit, MayPass};
use crate::aws::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::redact::Redactor;
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::{Profile, aws_origin};
use crate::settings::types::{AuthFlow, ClientId, PoolId, Scopes, Username};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, Token, TokenSet};
use crate::user_pool::device::{Device, NewDevice};
use crate::user_pool::srp;

/// Cognito's answer to a step of a sign-in.
#[derive(Debug)]
pub enum AuthOutcome {
    /// The user is in.
    Tokens(Box<AuthenticationResult>),
    /// Cognito wants something first.
    Challenge(RawChallenge),
}

/// The tokens of a sign-in or a renewal.
#[derive(Debug)]
pub struct AuthenticationResult {
    /// The access and ID token.
    pub tokens: TokenSet,
    /// The refresh token; `None` if a renewal leaves the old one valid.
    pub refresh_token: Option<Secret>,
    /// NewDeviceMetadata: this device is new to a pool that tracks devices.
    pub new_device: Option<NewDevice>,
}

/// A challenge as Cognito sent it. Its parameters may be secret, so `Debug` shows only their names.
#[derive(Clone)]
pub struct RawChallenge {
    /// ChallengeName.
    pub name: ServiceText,
    /// ChallengeParameters.
    pub(crate) parameters: HashMap<String, String>,
    /// AvailableChallenges: what may be chosen instead, where Cognito lets choose.
    pub available: Vec<ServiceText>,
    redactor: Redactor,
    session: Option<Secret>,
}

impl RawChallenge {
    /// The user name that answers must carry: the one Cognito gave, else the one that was typed.
    fn username<'a>(&'a self, typed: &'a Username) -> &'a str {
        let given = ["USER_ID_FOR_SRP", "USERNAME"].iter().find_map(|name| self.parameters.get(*name));
        given.map_or(typed.as_str(), String::as_str)
    }

    /// A stored challenge: its name, its parameters, the alternatives, and its session.
    pub(crate) fn restored(
        name: &str,
        parameters: HashMap<String, String>,
        available: &[String],
        session: Option<Secret>,
        redactor: &Redactor,
    ) -> Self {
        let said = |text: &str| ServiceText::new(text, redactor);
        let available = available.iter().map(|name| said(name)).collect();
        RawChallenge { name: said(name), parameters, available, redactor: redactor.clone(), session }
    }

    pub(crate) fn session_text(&self) -> Option<String> {
        self.session.as_ref().map(|session| session.expose().to_owned())
    }

    /// The same challenge with the session that the next step needs.
    pub(crate) fn with_session(&self, session: Option<String>) -> Self {
        let session = session.map(Secret::new).or_else(|| self.session.clone());
        let (name, parameters) = (self.name.clone(), self.parameters.clone());
        let redactor = self.redactor.clone();
        RawChallenge { name, parameters, available: self.available.clone(), redactor, session }
    }

    /// A parameter, as it may be shown.
    pub fn parameter(&self, name: &str) -> Option<ServiceText> {
        self.parameters.get(name).map(|value| ServiceText::new(value, &self.redactor))
    }

    /// The parameters and their names, as they may be shown, in the order of their names.
    pub fn shown_parameters(&self) -> Vec<(ServiceText, ServiceText)> {
        let mut all: Vec<_> = self.parameters.iter().collect();
        all.sort();
        let shown = |text: &String| ServiceText::new(text, &self.redactor);
        all.into_iter().map(|(name, value)| (shown(name), shown(value))).collect()
    }
}

impl std::fmt::Debug for RawChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.shown_parameters().into_iter().map(|(name, _)| name).collect();
        f.debug_struct("Challenge").field("name", &self.name).field("parameters", &names).finish()
    }
}

/// Whether a response to this challenge is worth hiding: attributes and the names of choices are not.
fn is_secret(challenge: &RawChallenge, name: &str) -> bool {
    matches!(name, "NEW_PASSWORD" | "PASSWORD")
        || name.ends_with("_CODE")
        || (name == "ANSWER" && challenge.name == "CUSTOM_CHALLENGE")
}

/// The users' API of one app client.
#[derive(Debug, Clone)]
pub struct Idp {
    pub(crate) client: Client,
    pub(crate) client_id: ClientId,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) device: Option<Device>,
    pub(crate) wire: HttpClient,
    /// Whether it is not at AWS, so that it may lack what Cognito has.
    pub(crate) is_elsewhere: bool,
    /// The pool, where the calls are the signed ones of an administrator.
    admin_of: Option<PoolId>,
}

/// The parts of an answer that InitiateAuth, RespondToAuthChallenge and their Admin forms share.
struct Answer {
    result: Option<AuthenticationResultType>,
    challenge: Option<ChallengeNameType>,
    parameters: Option<HashMap<String, String>>,
    available: Option<Vec<ChallengeNameType>>,
    session: Option<String>,
}

/// The answer of one operation, in the shape that all four share.
macro_rules! answer {
    ($request:expr, $operation:expr, $wire:expr) => {{
        let output = $request.map_err(|error| from_sdk($operation, error, $wire.redactor()))?;
        Answer {
            result: output.authentication_result,
            challenge: output.challenge_name,
            parameters: output.challenge_parameters,
            available: output.available_challenges,
            session: output.session,
        }
    }};
}

impl Idp {
    /// The API at the profile's endpoint. AWS credentials are looked up only for the flow that needs them: the other calls are unsigned.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when no Region or no app client is known.
    pub async fn new(wire: &HttpClient, profile: &Profile, client_secret: Option<Secret>) -> Result<Self> {
        let region = crate::aws::region(profile).await?;
        let is_admin = profile.user.auth_flow == AuthFlow::Admin;
        let mut config = if is_admin {
            let shared = crate::aws::signed_config(wire, profile, &region).await?;
            Builder::from(&shared).retry_classifier(MayPass::of(wire)).endpoint_url(aws_origin("cognito-idp", &region))
        } else {
            crate::aws::unsigned_config(wire, &region)
        };
        if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
            config = config.endpoint_url(endpoint.as_str());
        }
        config = config.retry_classifier(LimitIsLimit);
        if let Some(secret) = &client_secret {
            wire.redactor().hide(profile.user_client_id()?.as_str(), secret);
        }
        Ok(Idp {
            client: Client::from_conf(config.build()),
            client_id: profile.user_client_id()?.clone(),
            client_secret,
            device: None,
            wire: wire.clone(),
            is_elsewhere: profile.endpoint(Service::CognitoIdp).is_some(),
            admin_of: is_admin.then(|| profile.user_pool_id().cloned()).transpose()?,
        })
    }

    /// The same with a device that the pool may remember: its key is sent with each request.
    #[must_use]
    pub fn with_device(mut self, device: Option<Device>) -> Self {
        if let Some(device) = &device {
            self.wire.redactor().hide("", &device.password);
        }
        self.device = device;
        self
    }

    /// RespondToAuthChallenge, sent once: a session answers one time only, so an unknown outcome is not repeated.
    ///
    /// # Errors
    /// See the table in [`crate::aws::service_error`] for RespondToAuthChallenge.
    pub async fn respond(
        &self,
        typed: &Username,
        challenge: &RawChallenge,
        responses: Vec<(String, Secret)>,
    ) -> Result<AuthOutcome> {
        let username = challenge.username(typed);
        let mut all = HashMap::from([("USERNAME".to_owned(), username.to_owned())]);
        for (name, value) in &responses {
            if is_secret(challenge, name) {
                self.wire.redactor().hide(username, value);
            }
            all.insert(name.clone(), value.expose().to_owned());
        }
        self.add_proofs(username, &mut all)?;
        let name = ChallengeNameType::from(challenge.name.sent());
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let (operation, answer) = match &self.admin_of {
            None => {
                let request = self.client.respond_to_auth_challenge().client_id(self.client_id.as_str());
                let request = request.challenge_name(name).set_session(challenge.session_text());
                let request = request.set_challenge_responses(Some(all)).customize().config_override(once);
                let operation = "RespondToAuthChallenge";
                (operation, answer!(request.send().await, operation, self.wire))
            }
            Some(pool) => {
                let request = self.client.admin_respond_to_auth_challenge().user_pool_id(pool.as_str());
                let request = request.client_id(self.client_id.as_str()).challenge_name(name);
                let request = request.set_session(challenge.session_text()).set_challenge_responses(Some(all));
                let operation = "AdminRespondToAuthChallenge";
                (operation, answer!(request.customize().config_override(once).send().await, operation, self.wire))
            }
        };
        self.outcome(operation, answer)
    }

    /// InitiateAuth, or AdminInitiateAuth, with the parameters of the flow; user name, secret hash and device are added.
    pub(crate) async fn initiate(
        &self,
        flow: AuthFlowType,
        username: &Username,
        mut parameters: HashMap<String, String>,
    ) -> Result<AuthOutcome> {
        parameters.insert("USERNAME".to_owned(), username.as_str().to_owned());
        self.add_proofs(username.as_str(), &mut parameters)?;
        let (operation, answer) = match &self.admin_of {
            None => {
                let request = self.client.initiate_auth().client_id(self.client_id.as_str()).auth_flow(flow);
                let sent = request.set_auth_parameters(Some(parameters)).send().await;
                ("InitiateAuth", answer!(sent, "InitiateAuth", self.wire))
            }
            Some(pool) => {
                let request = self.client.admin_initiate_auth().user_pool_id(pool.as_str());
                let request = request.client_id(self.client_id.as_str()).auth_flow(flow);
                let sent = request.set_auth_parameters(Some(parameters)).send().await;
                ("AdminInitiateAuth", answer!(sent, "AdminInitiateAuth", self.wire))
            }
        };
        self.outcome(operation, answer)
    }

    /// Adds what each step carries beside its answer: SECRET_HASH over the name that is sent, and DEVICE_KEY.
    fn add_proofs(&self, username: &str, parameters: &mut HashMap<String, String>) -> Result<()> {
        if let Some(secret) = &self.client_secret {
            let hash = srp::secret_hash(username, self.client_id.as_str(), secret)?;
            parameters.insert("SECRET_HASH".to_owned(), hash);
        }
        if let Some(device) = &self.device {
            parameters.insert("DEVICE_KEY".to_owned(), device.key.clone());
        }
        Ok(())
    }

    fn said(&self, text: &str) -> ServiceText {
        ServiceText::new(text, self.wire.redactor())
    }

    fn outcome(&self, operation: &str, answer: Answer) -> Result<AuthOutcome> {
        match (answer.result, answer.challenge) {
            (Some(result), _) => self.signed_in(result).map(|signed_in| AuthOutcome::Tokens(Box::new(signed_in))),
            (None, Some(name)) => Ok(AuthOutcome::Challenge(RawChallenge {
                name: self.said(name.as_str()),
                parameters: answer.parameters.unwrap_or_default(),
                available: answer.available.iter().flatten().map(|name| self.said(name.as_str())).collect(),
                redactor: self.wire.redactor().clone(),
                session: answer.session.map(Secret::new),
            })),
            (None, None) => Err(Error::network(format!("{operation}: the answer has neither tokens nor a challenge"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")),
        }
    }

    /// Parses an AuthenticationResult.
    pub(crate) fn signed_in(&self, result: AuthenticationResultType) -> Result<AuthenticationResult> {
        let now = self.wire.now();
        let lifetime = match result.expires_in {
            ..=0 => Lifetime::Missing,
            seconds => Lifetime::Seconds(seconds.unsigned_abs().into()),
        };
        let access = result.access_token.ok_or_else(|| Error::network("the sign-in's answer has no access token"))?;
        let access = Token::received(Secret::new(access), lifetime, now)?;
        // ExpiresIn is the access token's; an ID token's own `exp` may differ.
        let id = result.id_token.map(|id| Token::received(Secret::new(id), Lifetime::Missing, now)).transpose()?;
        let scope = crate::token::jwt::read_unverified(access.value.expose()).and_then(|claims| claims.scope);
        let asked = Scopes::default();
        let tokens = TokenSet { access, id, scope, asked, obtained_at: now, renewal: RefreshState::None };
        let refresh_token = result.refresh_token.filter(|token| !token.is_empty()).map(Secret::new);
        if let Some(token) = &refresh_token {
            self.wire.redactor().hide("", token);
        }
        let new_device = result
            .new_device_metadata
            .and_then(|device| Some(NewDevice { key: device.device_key?, group_key: device.device_group_key? }));
        Ok(AuthenticationResult { tokens, refresh_token, new_device })
    }
}
