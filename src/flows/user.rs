//! A user's sign-in: USER_SRP_AUTH or USER_PASSWORD_AUTH, and whatever Cognito asks on the way.

use super::challenge::{Answer, Question};
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

/// A sign-in under way. Its steps are few and short, and between them is all the time in the world: whoever runs it asks
/// the user, looks into a store or waits for a code.
#[derive(Debug)]
pub struct SignIn<'a> {
    idp: Idp,
    username: &'a Username,
    asked: Option<Challenge>,
    steps: usize,
}

/// How far a sign-in is.
#[derive(Debug)]
pub enum Step {
    /// The user is in.
    Done(Box<TokenSet>),
    /// Cognito asks; [`SignIn::answer`] goes on.
    Ask(Question),
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
        password: &Secret,
    ) -> Result<(Self, Step)> {
        let username = profile.username()?;
        let idp = Idp::new(wire, profile, client_secret).await?;
        let outcome = match profile.user.auth_flow {
            AuthFlow::Srp => idp.start_srp(profile.user_pool_id()?, username, password).await?,
            AuthFlow::Password => idp.start_password(username, password).await?,
        };
        let mut sign_in = SignIn { idp, username, asked: None, steps: 0 };
        let step = sign_in.settle(outcome)?;
        Ok((sign_in, step))
    }

    /// Goes on with the answer to the question of the last step.
    ///
    /// # Errors
    /// As [`SignIn::start`]; [`Kind::Usage`](crate::error::Kind::Usage) when nothing was asked.
    pub async fn answer(&mut self, answer: Answer) -> Result<Step> {
        let challenge = self.asked.take().ok_or_else(|| Error::usage("there is no open question to answer"))?;
        let outcome = self.idp.respond(self.username, &challenge, answer.responses()).await?;
        self.settle(outcome)
    }

    fn settle(&mut self, outcome: Outcome) -> Result<Step> {
        self.steps += 1;
        match outcome {
            Outcome::Tokens(tokens) => Ok(Step::Done(tokens)),
            Outcome::Challenge(_) if self.steps > MOST_CHALLENGES => {
                Err(Error::network(format!("Cognito asked more than {MOST_CHALLENGES} questions")))
            }
            Outcome::Challenge(challenge) => {
                let question = Question::of(&challenge)?;
                self.asked = Some(challenge);
                Ok(Step::Ask(question))
            }
        }
    }
}
