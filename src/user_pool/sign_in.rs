//! A user's sign-in: one of InitiateAuth's flows, and its challenges.

mod password_in_clear;
mod saved;
mod steps;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::settings::types::Username;
use crate::user_pool::challenge::{Challenge, ChallengeResponse};
use crate::user_pool::cognito_idp::{AuthenticationResult, Idp, RawChallenge};
use crate::user_pool::device::Device;

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
    /// Cognito's refusal, see [`crate::aws::service_error`]; [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) for an unsupported challenge.
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
    /// As [`SignIn::start`]; [`Kind::Usage`](crate::error::Kind::Usage) for an answer to another question.
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
}
