//! A user's sign-in, with what Cognito asks as data.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::{BoxFuture, Client, UserTokens};
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::settings::types::Username;
use crate::user_pool::challenge::{Challenge, ChallengeResponse};
use crate::user_pool::sign_in::{Credentials, SignIn, Step};

/// A sign-in that is about to begin, see [`Client::sign_in`].
#[derive(Debug)]
#[must_use]
pub struct SignInBuilder {
    client: Client,
    username: String,
    password: Option<Secret>,
    is_kept: bool,
}

/// How far a sign-in is.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignInStep {
    /// The user is in.
    Done(UserTokens),
    /// Cognito sent a challenge: continue with [`PendingSignIn::respond`].
    Challenge(Box<PendingSignIn>),
}

/// A sign-in that waits for a challenge response. It borrows nothing, so it can be stored between two HTTP requests: in memory, or as a
/// secret ([`PendingSignIn::to_secret`]) for another process.
#[derive(Debug, Clone)]
pub struct PendingSignIn {
    client: Client,
    sign_in: SignIn,
    challenge: Challenge,
    refused: Option<Arc<Error>>,
    is_kept: bool,
}

/// A [`PendingSignIn`] without its client, which may own it.
#[derive(Debug, Clone)]
pub(super) struct WaitingSignIn {
    sign_in: SignIn,
    challenge: Challenge,
    refused: Option<Arc<Error>>,
    is_kept: bool,
}

impl WaitingSignIn {
    pub(super) fn of(pending: &PendingSignIn) -> Self {
        let PendingSignIn { sign_in, challenge, refused, is_kept, .. } = pending.clone();
        WaitingSignIn { sign_in, challenge, refused, is_kept }
    }

    pub(super) fn pending(self, client: Client) -> PendingSignIn {
        let WaitingSignIn { sign_in, challenge, refused, is_kept } = self;
        PendingSignIn { client, sign_in, challenge, refused, is_kept }
    }
}

/// A sign-in that waits for a person, as the source of an error.
#[derive(Debug)]
struct ChallengeRequired(PendingSignIn);

impl fmt::Display for ChallengeRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for a response", self.0.challenge.name())
    }
}

impl StdError for ChallengeRequired {}

impl SignInBuilder {
    pub(super) fn new(client: Client, username: &str) -> Self {
        SignInBuilder { client, username: username.to_owned(), password: None, is_kept: false }
    }

    /// The user's password. Where it is missing and the flow begins with it, the first challenge is [`Challenge::Password`].
    pub fn password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// Keeps the tokens and the session after the sign-in, so that [`Client::user_token`] serves and renews them. Without this nothing is
    /// kept, and the caller owns the refresh token ([`UserTokens::refresh_token`]); so it is, with a warning in the log, where they can't be
    /// kept.
    pub fn keep_session(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// Begins with the client's flow (InitiateAuth): one request, two for SRP.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`](Kind::Refused) if Cognito refuses, [`ErrorKind::NeedsHuman`](Kind::NeedsHuman) for a challenge that this
    /// library can't answer, such as a passkey, [`ErrorKind::Network`](Kind::Network) if Cognito can't be reached,
    /// [`ErrorKind::Config`](Kind::Config) if the client is not configured, [`ErrorKind::Usage`](Kind::Usage) for an invalid user name.
    pub async fn start(self) -> Result<SignInStep> {
        let SignInBuilder { client, username, password, is_kept } = self;
        let profile = client.profile_of(username.parse()?);
        let http = client.call()?;
        let device = client.remembered_device(&http, &profile, is_kept).await;
        let credentials =
            Credentials { client_secret: client.user_client_secret(&http, &profile).await?, password, device };
        let started: BoxFuture<'_, Result<(SignIn, Step)>> = Box::pin(SignIn::start(&http, &profile, credentials));
        let (sign_in, step) = started.await?;
        next(client, sign_in, step, is_kept).await
    }
}

impl PendingSignIn {
    pub(super) fn new(client: Client, sign_in: SignIn, refused: Option<Error>, is_kept: bool) -> Result<Self> {
        let challenge = sign_in.question().cloned();
        let challenge = challenge.ok_or_else(|| Error::usage("there is no open challenge to respond to"))?;
        Ok(PendingSignIn { client, sign_in, challenge, refused: refused.map(Arc::new), is_kept })
    }

    pub(super) async fn resumed(client: Client, secret: &Secret) -> Result<Self> {
        // The first character says whether the session is kept, so that the sign-in itself need not know.
        let is_kept = secret.expose().starts_with('+');
        let text = secret.expose().get(1..).unwrap_or_default().to_owned();
        let secret = Secret::new(text);
        let profile = client.profile_of(SignIn::username_in(&secret)?.parse()?);
        let http = client.call()?;
        let device = client.remembered_device(&http, &profile, is_kept).await;
        let with = (client.user_client_secret(&http, &profile).await?, device);
        let sign_in = SignIn::from_secret(&http, &profile, with, &secret).await?;
        PendingSignIn::new(client, sign_in, None, is_kept)
    }

    /// The user who signs in, as it was typed.
    pub fn username(&self) -> &str {
        self.sign_in.username().as_str()
    }

    /// The challenge: its name, its parameters, and by its variant the [`ChallengeResponse`] that it takes.
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// Why Cognito refused the response before, where it asks the same again.
    pub fn refused(&self) -> Option<&Error> {
        self.refused.as_deref()
    }

    /// Responds to the challenge (RespondToAuthChallenge), with the time limit of one call. After a cancellation or an error the challenge
    /// is still available; its session may or may not be valid at Cognito.
    ///
    /// # Errors
    /// As [`SignInBuilder::start`]; [`ErrorKind::Usage`](Kind::Usage) for a response to another kind of challenge, which is not
    /// sent.
    pub async fn respond(&self, response: ChallengeResponse) -> Result<SignInStep> {
        let http = self.client.call()?;
        let mut sign_in = self.sign_in.with_http(&http).await?;
        let answered: BoxFuture<'_, Result<Step>> = Box::pin(sign_in.answer(response));
        let step = answered.await?;
        next(self.client.clone(), sign_in, step, self.is_kept).await
    }

    /// All that [`Client::resume_sign_in`] needs, as text.
    ///
    /// **It is a secret**: it contains Cognito's session of this sign-in, and the key of an authenticator app that is being set up. A
    /// reader can respond instead of the user; a writer decides what is asked. Keep it on the server, or encrypted and authenticated in the
    /// user's browser, and no longer than the few minutes of a session (AuthSessionValidity). It does not contain the password: a step that
    /// needs it asks again ([`Challenge::Password`]).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](Kind::Config) where the client names no Region.
    pub fn to_secret(&self) -> Result<Secret> {
        let mark = if self.is_kept { '+' } else { '-' };
        Ok(Secret::new(format!("{mark}{}", self.sign_in.to_secret()?.expose())))
    }

    /// The sign-in that an error of [`Client::user_token`] is about: only a person can go on.
    pub fn in_error(error: &Error) -> Option<&PendingSignIn> {
        let required = error.source()?.downcast_ref::<ChallengeRequired>()?;
        Some(&required.0)
    }

    /// The error that only a person can go on, with this as its data.
    pub(super) fn into_error(self) -> Error {
        let message = format!("{} needs a person: {}", self.challenge.name(), self.username());
        Error::new(Kind::NeedsHuman, message).because(ChallengeRequired(self))
    }
}

async fn next(client: Client, sign_in: SignIn, step: Step, is_kept: bool) -> Result<SignInStep> {
    let refused = match step {
        Step::Done(signed_in) => {
            let tokens = if is_kept {
                client.keep_signed_in(sign_in, *signed_in).await?
            } else {
                UserTokens::of_sign_in(*signed_in)
            };
            return Ok(SignInStep::Done(tokens));
        }
        Step::Ask(_) => None,
        Step::AskAgain(_, reason) => Some(reason),
    };
    PendingSignIn::new(client, sign_in, refused, is_kept).map(|pending| SignInStep::Challenge(Box::new(pending)))
}

impl Client {
    /// The profile with this user.
    pub(super) fn profile_of(&self, username: Username) -> Arc<Profile> {
        let mut profile = Profile::clone(&self.0.profile);
        profile.user.username = Some(username);
        Arc::new(profile)
    }
}
