//! A user's sign-in: USER_SRP_AUTH or USER_PASSWORD_AUTH, and whatever Cognito asks on the way.

use super::challenge::{Answer, CodeFrom, Question, SOFTWARE_TOKEN, is_email};
use crate::cognito::http::Wire;
use crate::cognito::idp::{Challenge, Idp, Outcome};
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::profile::words::{AuthFlow, SecretKind, Username};
use crate::secret::Secret;
use crate::store::cache::CacheKey;
use crate::store::secrets::Binding;
use crate::token::TokenSet;

/// More challenges than any pool asks for in one sign-in.
const MOST_CHALLENGES: usize = 10;

/// What the user's tokens depend on. The flow is no part of it, and access and ID token are kept together.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names no client, user or Region.
pub fn cache_key(profile: &Profile) -> Result<CacheKey> {
    Ok(CacheKey::of(&[
        ("kind", "user"),
        ("endpoint", &profile.cognito_idp_origin()?),
        ("client_id", profile.user_client_id()?.as_str()),
        ("username", profile.username()?.as_str()),
    ]))
}

/// What a secret of the users' client is bound to: the client's own secret, or the password of `username`.
///
/// # Errors
/// As [`cache_key`].
pub fn secret_binding(profile: &Profile, kind: SecretKind, username: Option<&Username>) -> Result<Binding> {
    Ok(Binding {
        kind,
        client_id: profile.user_client_id()?.clone(),
        origin: profile.cognito_idp_origin()?,
        username: username.cloned(),
    })
}

/// The most answers to one question.
const MOST_TRIES: usize = 3;

/// A sign-in under way. Its steps are few and short, and between them is all the time in the world: whoever runs it asks
/// the user, looks into a store or waits for a code.
#[derive(Debug)]
pub struct SignIn<'a> {
    idp: Idp,
    profile: &'a Profile,
    username: &'a Username,
    password: Secret,
    open: Option<Open>,
    steps: usize,
    tries: usize,
    has_restarted: bool,
}

/// An open question.
#[derive(Debug)]
struct Open {
    challenge: Challenge,
    question: Question,
}

/// How far a sign-in is.
#[derive(Debug)]
pub enum Step {
    /// The user is in.
    Done(Box<TokenSet>),
    /// Cognito asks; [`SignIn::answer`] goes on.
    Ask(Question),
    /// Cognito asks again, for this reason; whoever has no better answer gives up with it.
    AskAgain(Question, Error),
}

impl<'a> SignIn<'a> {
    /// Begins with the profile's flow: one request, two for SRP.
    ///
    /// # Errors
    /// What Cognito refuses, see [`crate::cognito::error`]; [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) for a
    /// challenge that can't be answered here.
    pub async fn start(
        wire: &Wire,
        profile: &'a Profile,
        client_secret: Option<Secret>,
        password: Secret,
    ) -> Result<(Self, Step)> {
        let username = profile.username()?;
        let idp = Idp::new(wire, profile, client_secret).await?;
        let mut sign_in =
            SignIn { idp, profile, username, password, open: None, steps: 0, tries: 0, has_restarted: false };
        let step = sign_in.begin().await?;
        Ok((sign_in, step))
    }

    /// Goes on with the answer to the question of the last step.
    ///
    /// # Errors
    /// As [`SignIn::start`]; [`Kind::Usage`](crate::error::Kind::Usage) for an answer to another question.
    pub async fn answer(&mut self, answer: Answer) -> Result<Step> {
        let Open { challenge, question } =
            self.open.take().ok_or_else(|| Error::usage("there is no open question to answer"))?;
        let outcome = match (&question, answer) {
            // With an authenticator app the set-up goes on with its key, and the choice is not told to Cognito.
            (Question::SelectMfa { for_setup: true, .. }, Answer::Choice(choice)) => {
                return match choice.as_str() {
                    SOFTWARE_TOKEN => self.enrol(challenge).await,
                    choice if is_email(choice) => Ok(self.ask(challenge, Question::EmailAddress)),
                    _ => Err(Error::usage("this is no answer to what Cognito asked")),
                };
            }
            (Question::EnrolTotp { .. }, Answer::Code(code)) => match self.idp.verify_totp(&challenge, &code).await {
                Ok(verified) => self.idp.respond(self.username, &verified, Vec::new()).await,
                Err(error) => Err(error),
            },
            (question, answer) => {
                let new_password = match &answer {
                    Answer::NewPassword { password, .. } => Some(password.clone()),
                    _ => None,
                };
                let responses = answer.responses(question)?;
                let outcome = self.idp.respond(self.username, &challenge, responses).await;
                // Once it is accepted, it is the one to start again with.
                if let (Ok(_), Some(password)) = (&outcome, new_password) {
                    self.password = password;
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

    /// Asks again after a wrong code, at most [`MOST_TRIES`] times. Where the wrong one has spent the session, the sign-in
    /// starts again once, which a message that has been sent would not survive.
    async fn again(&mut self, challenge: Challenge, question: Question, error: Error) -> Result<Step> {
        let is_wrong_code = matches!(
            error.code(),
            Some("CodeMismatchException" | "ExpiredCodeException" | "EnableSoftwareTokenMFAException")
        );
        self.tries += 1;
        if is_wrong_code && self.tries < MOST_TRIES {
            self.open = Some(Open { challenge, question: question.clone() });
            return Ok(Step::AskAgain(question, error));
        }
        let is_spent = error.code() == Some("NotAuthorizedException") && error.message().contains("session");
        let from_app = matches!(question, Question::Code { from: CodeFrom::App, .. });
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
        let outcome = match self.profile.user.auth_flow {
            AuthFlow::Srp => self.idp.start_srp(self.profile.user_pool_id()?, self.username, &self.password).await?,
            AuthFlow::Password => self.idp.start_password(self.username, &self.password).await?,
        };
        self.settle(outcome).await
    }

    async fn settle(&mut self, outcome: Outcome) -> Result<Step> {
        self.steps += 1;
        let challenge = match outcome {
            Outcome::Tokens(tokens) => return Ok(Step::Done(tokens)),
            Outcome::Challenge(challenge) => challenge,
        };
        if self.steps > MOST_CHALLENGES {
            return Err(Error::network(format!("Cognito asked more than {MOST_CHALLENGES} questions")));
        }
        match Question::of(&challenge)? {
            Some(question) => Ok(self.ask(challenge, question)),
            None => self.enrol(challenge).await,
        }
    }

    /// Fetches the key for an authenticator app.
    async fn enrol(&mut self, challenge: Challenge) -> Result<Step> {
        let (challenge, key) = self.idp.associate_totp(&challenge).await?;
        let issuer = self.profile.user_pool_id.as_ref().map_or("Cognito", |pool| pool.as_str());
        let label =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, account) = (label(issuer), label(self.username.as_str()));
        let uri = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", key.expose());
        Ok(self.ask(challenge, Question::EnrolTotp { key, uri: Secret::new(uri) }))
    }

    fn ask(&mut self, challenge: Challenge, question: Question) -> Step {
        self.open = Some(Open { challenge, question: question.clone() });
        Step::Ask(question)
    }
}
