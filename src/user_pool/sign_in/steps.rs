//! The steps of a sign-in: each takes an answer to the next question, or to the tokens.

use super::{PendingChallenge, SignIn, Step};
use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::types::{AuthFlow, FirstFactor};
use crate::user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom, SOFTWARE_TOKEN, is_email};
use crate::user_pool::cognito_idp::{AuthOutcome, RawChallenge};
use crate::user_pool::user_token;
use crate::user_pool::user_token::begins_with_password;

/// More challenges than any pool asks for in one sign-in.
const MOST_CHALLENGES: usize = 10;

/// The most answers to one question.
const MOST_TRIES: usize = 3;

impl SignIn {
    pub(super) async fn answered(&mut self, answer: ChallengeResponse) -> Result<Step> {
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

    pub(super) async fn begin(&mut self) -> Result<Step> {
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
                AuthOutcome::Tokens(signed_in) => {
                    user_token::owner(&self.profile)?.check(&signed_in.tokens)?;
                    return Ok(Step::Done(signed_in));
                }
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

    pub(super) fn enrolment(&self, key: Secret) -> Challenge {
        let issuer = self.profile.user_pool_id.as_ref().map_or("Cognito", |pool| pool.as_str());
        let label =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, account) = (label(issuer), label(self.username.as_str()));
        // The issuer only once, and last: a shorter address makes a smaller QR code.
        let uri = format!("otpauth://totp/{account}?secret={}&issuer={issuer}", key.expose());
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
