//! A user's sign-in: one of InitiateAuth's flows, and its challenges.

mod saved;

use std::sync::Arc;

use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::settings::types::{AuthFlow, FirstFactor, Username};
use crate::user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom, SOFTWARE_TOKEN, is_email};
use crate::user_pool::cognito_idp::{AuthOutcome, AuthenticationResult, Idp, RawChallenge};
use crate::user_pool::device::Device;
use crate::user_pool::user_token::begins_with_password;

/// More challenges than any pool asks for in one sign-in.
const MOST_CHALLENGES: usize = 10;

/// The most answers to one question.
const MOST_TRIES: usize = 3;

/// The available credentials for the first step.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The app client's secret.
    pub client_secret: Option<Secret>,
    /// The user's password; where it is missing and wanted, it is asked for ([`Challenge::Password`]).
    pub password: Option<Secret>,
    /// The device that the pool may remember.
    pub device: Option<Device>,
}

/// A sign-in in progress. Its steps are few and short. Between them there is no time limit, so that the caller can ask the user, open a
/// store or wait for a code. It owns its data, so it can be stored between two steps.
#[derive(Debug, Clone)]
pub struct SignIn {
    idp: Idp,
    profile: Arc<Profile>,
    username: Username,
    password: Option<Secret>,
    open: Option<PendingChallenge>,
    steps: usize,
    tries: usize,
    has_restarted: bool,
    /// Whether it started with SRP: then the password is never sent, whatever the challenge.
    has_proven: bool,
}

/// An open question.
#[derive(Debug, Clone)]
struct PendingChallenge {
    /// The current challenge; `None` before the first request.
    challenge: Option<RawChallenge>,
    question: Challenge,
    /// The first factor that was chosen, where the question is what it needs.
    chosen: Option<ServiceText>,
}

/// How far a sign-in is.
#[derive(Debug)]
pub enum Step {
    /// The user is in.
    Done(Box<AuthenticationResult>),
    /// A challenge; continue with [`SignIn::answer`].
    Ask(Challenge),
    /// The challenge again, for this reason; a caller without a better response returns the error.
    AskAgain(Challenge, Error),
}

impl SignIn {
    /// Begins with the profile's flow: one request, two for SRP.
    ///
    /// # Errors
    /// Cognito's refusal, see [`crate::aws::service_error`]; [`Kind::NeedsHuman`] for an unsupported challenge.
    pub async fn start(wire: &HttpClient, profile: &Arc<Profile>, credentials: Credentials) -> Result<(Self, Step)> {
        let username = profile.username()?.clone();
        let idp = Idp::new(wire, profile, credentials.client_secret).await?.with_device(credentials.device);
        let mut sign_in = SignIn {
            idp,
            profile: profile.clone(),
            username,
            password: credentials.password,
            open: None,
            steps: 0,
            tries: 0,
            has_restarted: false,
            has_proven: false,
        };
        let step = sign_in.begin().await.map_err(|error| sign_in.about(error))?;
        Ok((sign_in, step))
    }

    /// This sign-in with another HTTP client: its next step has another deadline.
    ///
    /// # Errors
    /// As [`Idp::new`].
    pub async fn with_http(&self, wire: &HttpClient) -> Result<Self> {
        let (client_secret, device) = (self.idp.client_secret.clone(), self.idp.device.clone());
        let idp = Idp::new(wire, &self.profile, client_secret).await?.with_device(device);
        Ok(SignIn { idp, ..self.clone() })
    }

    /// Responds to the last challenge. After a cancellation or an error the challenge stays open.
    ///
    /// # Errors
    /// As [`SignIn::start`]; [`Kind::Usage`] for an answer to another question.
    pub async fn answer(&mut self, answer: ChallengeResponse) -> Result<Step> {
        let mut next = self.clone();
        let step = next.answered(answer).await.map_err(|error| self.about(error))?;
        *self = next;
        Ok(step)
    }

    /// The question that is open.
    pub fn question(&self) -> Option<&Challenge> {
        self.open.as_ref().map(|open| &open.question)
    }

    /// The user who signs in, as it was typed.
    pub fn username(&self) -> &Username {
        &self.username
    }

    /// The error with the pool and the user.
    fn about(&self, error: Error) -> Error {
        let error = error.fill("aws", self.profile.aws_options()).fill_word("user", self.username.as_str());
        match &self.profile.user_pool_id {
            Some(pool) => error.fill_word("pool", pool.as_str()),
            None => error,
        }
    }

    async fn answered(&mut self, answer: ChallengeResponse) -> Result<Step> {
        let PendingChallenge { challenge, question, chosen } =
            self.open.take().ok_or_else(|| Error::usage("there is no open challenge to answer"))?;
        if let (Challenge::Password, ChallengeResponse::Password(password)) = (&question, &answer) {
            self.password = Some(password.clone());
            return match challenge {
                Some(challenge) => self.respond_password(challenge, chosen).await,
                None => self.begin().await,
            };
        }
        let challenge = match (challenge, &question) {
            (Some(challenge), _) => challenge,
            (None, Challenge::NewPassword { .. }) => match Box::pin(self.begin()).await? {
                Step::Ask(Challenge::NewPassword { .. }) => {
                    self.open.take().and_then(|open| open.challenge).ok_or_else(not_an_answer)?
                }
                step => return Ok(step),
            },
            (None, _) => return Err(not_an_answer()),
        };
        let outcome = match (&question, answer) {
            (Challenge::SelectFirstFactor { options }, ChallengeResponse::Choice(choice))
                if options.contains(&choice) && takes_password(choice.sent()) =>
            {
                return self.respond_password(challenge, Some(choice)).await;
            }
            // With an authenticator app, the set-up continues with its key; the choice is not sent to Cognito.
            (Challenge::SelectMfa { for_setup: true, .. }, ChallengeResponse::Choice(choice)) => {
                return match choice.sent() {
                    SOFTWARE_TOKEN => self.enrol(challenge).await,
                    choice if is_email(choice) => Ok(self.ask(challenge, Challenge::EmailAddress)),
                    _ => Err(not_an_answer()),
                };
            }
            (Challenge::EnrolTotp { .. }, ChallengeResponse::Code(code)) => {
                match self.idp.verify_totp(&challenge, &code).await {
                    Ok(verified) => self.idp.respond(&self.username, &verified, Vec::new()).await,
                    Err(error) => Err(error),
                }
            }
            (question, answer) => {
                let new_password = match &answer {
                    ChallengeResponse::NewPassword { password, .. } => Some(password.clone()),
                    _ => None,
                };
                let responses = answer.responses(question)?;
                let outcome = self.idp.respond(&self.username, &challenge, responses).await;
                // An accepted password is used if the sign-in has to start again.
                if let (Ok(_), Some(password)) = (&outcome, new_password) {
                    self.password = Some(password);
                }
                outcome
            }
        };
        match outcome {
            Ok(outcome) => {
                self.tries = 0;
                self.settle(outcome).await
            }
            Err(error) => self.again(challenge, question, error).await,
        }
    }

    /// ConfirmDevice for the new device of a sign-in that is done, so that the pool can remember it.
    ///
    /// # Errors
    /// As [`Idp::confirm_device`].
    pub async fn confirm_device(&self, signed_in: &AuthenticationResult, name: &str) -> Result<Option<Device>> {
        let Some(new) = &signed_in.new_device else { return Ok(None) };
        self.idp.confirm_device(&signed_in.tokens.access.value, new, name).await.map(Some)
    }

    /// The device that the pool took for the one it remembers.
    pub fn device(&self) -> Option<&Device> {
        self.idp.device.as_ref()
    }

    /// Asks again after a wrong code, or a new password that does not fit, at most [`MOST_TRIES`] times. Where the wrong one has spent the session, the sign-in
    /// starts again once, which a message that has been sent would not survive.
    async fn again(&mut self, challenge: RawChallenge, question: Challenge, error: Error) -> Result<Step> {
        let is_wrong_code = matches!(
            error.code(),
            Some("CodeMismatchException" | "ExpiredCodeException" | "EnableSoftwareTokenMFAException")
        );
        self.tries += 1;
        let is_unfit =
            matches!(error.code(), Some("InvalidPasswordException" | "PasswordHistoryPolicyViolationException"));
        if is_unfit && matches!(question, Challenge::NewPassword { .. }) && self.tries < MOST_TRIES {
            // The refusal may have ended the session, so the next response starts a new one.
            self.open = Some(PendingChallenge { challenge: None, question: question.clone(), chosen: None });
            return Ok(Step::AskAgain(question, error));
        }
        if is_wrong_code && self.tries < MOST_TRIES {
            self.open = Some(PendingChallenge { challenge: Some(challenge), question: question.clone(), chosen: None });
            return Ok(Step::AskAgain(question, error));
        }
        let is_spent = error.advises(AdviceKind::StartSignInAgain);
        let from_app = matches!(question, Challenge::Code { from: CodeFrom::App, .. });
        if !(is_spent && from_app && self.tries > 1 && self.tries <= MOST_TRIES && !self.has_restarted) {
            return Err(error);
        }
        self.has_restarted = true;
        match Box::pin(self.begin()).await? {
            Step::Ask(question) => Ok(Step::AskAgain(question, error)),
            step => Ok(step),
        }
    }

    async fn begin(&mut self) -> Result<Step> {
        if begins_with_password(&self.profile) && self.password.is_none() {
            self.open = Some(PendingChallenge { challenge: None, question: Challenge::Password, chosen: None });
            return Ok(Step::Ask(Challenge::Password));
        }
        match self.first_request().await {
            Ok(outcome) => self.settle(outcome).await,
            // The pool has forgotten the device, so it is new again.
            Err(error) if self.idp.device.is_some() && is_unknown_device(&error) => {
                log::info!(target: "cogtok", "the pool no longer remembers this device");
                self.idp.device = None;
                let outcome = self.first_request().await?;
                self.settle(outcome).await
            }
            Err(error) => Err(error),
        }
    }

    async fn first_request(&self) -> Result<AuthOutcome> {
        let (idp, username, user) = (&self.idp, &self.username, &self.profile.user);
        let pool = self.profile.user_pool_id();
        match (user.auth_flow, &self.password) {
            (AuthFlow::Srp, Some(password)) => idp.start_srp(pool?, username, password).await,
            (AuthFlow::Password, Some(password)) => idp.start_password(username, password).await,
            (AuthFlow::Admin, Some(password)) => idp.start_admin(username, password).await,
            (AuthFlow::UserAuth, password) => {
                idp.start_choice(pool?, username, user.preferred_challenge, password.as_ref()).await
            }
            (AuthFlow::Custom, Some(password)) if user.preferred_challenge == Some(FirstFactor::PasswordSrp) => {
                idp.start_custom(username, Some((pool?, password))).await
            }
            (AuthFlow::Custom, _) => idp.start_custom(username, None).await,
            (AuthFlow::Srp | AuthFlow::Password | AuthFlow::Admin, None) => {
                Err(Error::new(Kind::NeedsHuman, "the password is missing"))
            }
        }
    }

    async fn settle(&mut self, outcome: AuthOutcome) -> Result<Step> {
        let mut outcome = outcome;
        loop {
            self.steps += 1;
            let challenge = match outcome {
                AuthOutcome::Tokens(signed_in) => return Ok(Step::Done(signed_in)),
                AuthOutcome::Challenge(challenge) => challenge,
            };
            if self.steps > MOST_CHALLENGES {
                return Err(Error::network(format!("Cognito sent more than {MOST_CHALLENGES} challenges")));
            }
            // A device proves itself, and a known password is not asked for.
            outcome = match (challenge.name.sent(), &self.password) {
                ("DEVICE_SRP_AUTH", _) if self.idp.device.is_some() => {
                    self.idp.respond_device(&self.username, &challenge).await?
                }
                (name, _) if name == FirstFactor::Password.challenge() && !self.may_send_password() => {
                    return Err(self.not_in_clear());
                }
                (name, Some(password)) if takes_password(name) => {
                    let pool = self.profile.user_pool_id()?;
                    self.has_proven |= name == FirstFactor::PasswordSrp.challenge();
                    self.idp.respond_password(pool, &self.username, &challenge, None, password).await?
                }
                _ => {
                    return match Challenge::of(&challenge)? {
                        Some(Challenge::SelectFirstFactor { options }) => {
                            let options = self.allowed(options)?;
                            Ok(self.ask(challenge, Challenge::SelectFirstFactor { options }))
                        }
                        Some(question) => Ok(self.ask(challenge, question)),
                        None => self.enrol(challenge).await,
                    };
                }
            };
        }
    }

    /// Whether the password itself may be sent. Only the profile decides this, never the server's answer.
    fn may_send_password(&self) -> bool {
        match self.profile.user.auth_flow {
            AuthFlow::Password | AuthFlow::Admin => true,
            AuthFlow::UserAuth => {
                self.profile.user.preferred_challenge != Some(FirstFactor::PasswordSrp) && !self.has_proven
            }
            AuthFlow::Srp | AuthFlow::Custom => false,
        }
    }

    /// The factors that the profile allows.
    fn allowed(&self, options: Vec<ServiceText>) -> Result<Vec<ServiceText>> {
        let may_be = |option: &ServiceText| *option != FirstFactor::Password.challenge() || self.may_send_password();
        let allowed: Vec<ServiceText> = options.into_iter().filter(may_be).collect();
        if allowed.is_empty() { Err(self.not_in_clear()) } else { Ok(allowed) }
    }

    /// The error for a server that asks for the password in clear where the profile has it proven.
    fn not_in_clear(&self) -> Error {
        let flow = self.profile.user.auth_flow;
        let says = match (flow, self.profile.user.preferred_challenge) {
            (AuthFlow::UserAuth, Some(factor)) => format!("`user.preferred_challenge` is {factor}"),
            (AuthFlow::UserAuth, None) => "the sign-in began with SRP".to_owned(),
            _ => format!("`user.auth_flow` is {flow}"),
        };
        let error = Error::config(format!(
            "Cognito asks for the password in clear (PASSWORD), and {says}: the password was not sent"
        ))
        .hint("check `endpoint_url` and AWS_ENDPOINT_URL: a server that asks for this may not be Cognito");
        match flow {
            AuthFlow::UserAuth => error.hint(AdviceKind::AllowPasswordFactor),
            _ => error.hint(AdviceKind::AllowPasswordInClear),
        }
    }

    /// Responds with the password, or asks for it if it is not known.
    async fn respond_password(&mut self, challenge: RawChallenge, chosen: Option<ServiceText>) -> Result<Step> {
        let Some(password) = &self.password else {
            self.open = Some(PendingChallenge { challenge: Some(challenge), question: Challenge::Password, chosen });
            return Ok(Step::Ask(Challenge::Password));
        };
        let pool = self.profile.user_pool_id()?;
        self.has_proven |= chosen.as_ref().unwrap_or(&challenge.name).sent() == FirstFactor::PasswordSrp.challenge();
        let outcome = self
            .idp
            .respond_password(pool, &self.username, &challenge, chosen.as_ref().map(ServiceText::sent), password)
            .await?;
        self.settle(outcome).await
    }

    /// Fetches the key for an authenticator app.
    async fn enrol(&mut self, challenge: RawChallenge) -> Result<Step> {
        let (challenge, key) = self.idp.associate_totp(&challenge).await?;
        let question = self.enrolment(key);
        Ok(self.ask(challenge, question))
    }

    fn enrolment(&self, key: Secret) -> Challenge {
        let issuer = self.profile.user_pool_id.as_ref().map_or("Cognito", |pool| pool.as_str());
        let label =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, account) = (label(issuer), label(self.username.as_str()));
        let uri = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", key.expose());
        Challenge::EnrolTotp { key, uri: Secret::new(uri) }
    }

    fn ask(&mut self, challenge: RawChallenge, question: Challenge) -> Step {
        self.open = Some(PendingChallenge { challenge: Some(challenge), question: question.clone(), chosen: None });
        Step::Ask(question)
    }
}

fn takes_password(factor: &str) -> bool {
    [FirstFactor::Password, FirstFactor::PasswordSrp].iter().any(|taker| taker.challenge() == factor)
}

fn is_unknown_device(error: &Error) -> bool {
    error.code() == Some("ResourceNotFoundException") && error.message().to_lowercase().contains("device")
}

fn not_an_answer() -> Error {
    Error::usage("this does not answer Cognito's challenge")
}
