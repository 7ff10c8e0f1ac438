//! A sign-in as text, for another process.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{PendingChallenge, SignIn};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::http::service_text::ServiceText;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::user_pool::challenge::Challenge;
use crate::user_pool::cognito_idp::{Idp, RawChallenge};
use crate::user_pool::device::Device;

const VERSION: u32 = 1;

/// The serialized sign-in. It does not contain the password.
#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    /// The app client and the origin that the session may be sent to.
    client_id: String,
    origin: String,
    username: String,
    challenge: Option<SavedChallenge>,
    question: Question,
    chosen: Option<String>,
    steps: usize,
    tries: usize,
    has_restarted: bool,
    has_proven: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedChallenge {
    name: String,
    parameters: HashMap<String, String>,
    available: Vec<String>,
    session: Option<String>,
}

/// How the question came about.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    /// Cognito's challenge asks it.
    OfChallenge,
    /// The challenge needs the password.
    Password,
    /// The choice of e-mail needs an address.
    EmailAddress,
    /// An authenticator app with this key is being set up.
    Enrolment(String),
}

impl SignIn {
    /// All that the next step needs, but for the password and the device.
    ///
    /// # Errors
    /// [`Kind::Usage`] where no question is open.
    pub fn to_secret(&self) -> Result<Secret> {
        let open = self.open.as_ref().ok_or_else(|| Error::usage("there is no open challenge to answer"))?;
        let saved = Saved {
            version: VERSION,
            client_id: self.idp.client_id.as_str().to_owned(),
            origin: self.profile.cognito_idp_origin()?,
            username: self.username.as_str().to_owned(),
            challenge: open.challenge.as_ref().map(|challenge| SavedChallenge {
                name: challenge.name.sent().to_owned(),
                parameters: challenge.parameters.clone(),
                available: challenge.available.iter().map(|name| name.sent().to_owned()).collect(),
                session: challenge.session_text(),
            }),
            question: match &open.question {
                Challenge::Password => Question::Password,
                Challenge::EmailAddress => Question::EmailAddress,
                Challenge::EnrolTotp { key, .. } => Question::Enrolment(key.expose().to_owned()),
                _ => Question::OfChallenge,
            },
            chosen: open.chosen.as_ref().map(|chosen| chosen.sent().to_owned()),
            steps: self.steps,
            tries: self.tries,
            has_restarted: self.has_restarted,
            has_proven: self.has_proven,
        };
        let text = serde_json::to_string(&saved).map_err(|why| Error::new(Kind::Failure, why.to_string()))?;
        Ok(Secret::new(text))
    }

    /// The user of what [`SignIn::to_secret`] gave.
    ///
    /// # Errors
    /// [`Kind::Usage`] where it is no pending sign-in.
    pub fn username_in(secret: &Secret) -> Result<String> {
        Ok(parsed(secret)?.username)
    }

    /// Restores a sign-in from [`SignIn::to_secret`], for the profile's user.
    ///
    /// # Errors
    /// [`Kind::Usage`] for anything else, or for a sign-in of another user, app client or origin: its session is not sent there.
    pub async fn from_secret(
        wire: &HttpClient,
        profile: &Arc<Profile>,
        (client_secret, device): (Option<Secret>, Option<Device>),
        secret: &Secret,
    ) -> Result<Self> {
        let saved = parsed(secret)?;
        let username = profile.username()?.clone();
        let (of_client, of_origin) = (profile.user_client_id()?.as_str(), profile.cognito_idp_origin()?);
        if saved.client_id != of_client || saved.origin != of_origin || saved.username != username.as_str() {
            return Err(Error::usage("the pending sign-in belongs to another user, app client or Cognito"));
        }
        let idp = Idp::new(wire, profile, client_secret).await?.with_device(device);
        let redactor = wire.redactor();
        let challenge = saved.challenge.map(|kept| {
            let session = kept.session.map(Secret::new);
            RawChallenge::restored(&kept.name, kept.parameters, &kept.available, session, redactor)
        });
        let mut sign_in = SignIn {
            idp,
            username,
            profile: profile.clone(),
            password: None,
            open: None,
            steps: saved.steps,
            tries: saved.tries,
            has_restarted: saved.has_restarted,
            has_proven: saved.has_proven,
        };
        let question = match saved.question {
            Question::Password => Challenge::Password,
            Question::EmailAddress => Challenge::EmailAddress,
            Question::Enrolment(key) => {
                let key = Secret::new(key);
                redactor.hide("", &key);
                sign_in.enrolment(key)
            }
            Question::OfChallenge => match challenge.as_ref().map(Challenge::of).transpose()?.flatten() {
                Some(Challenge::SelectFirstFactor { options }) => {
                    Challenge::SelectFirstFactor { options: sign_in.allowed(options)? }
                }
                Some(question) => question,
                None => return Err(no_sign_in()),
            },
        };
        let chosen = saved.chosen.map(|chosen| ServiceText::new(chosen, redactor));
        sign_in.open = Some(PendingChallenge { challenge, question, chosen });
        Ok(sign_in)
    }
}

fn parsed(secret: &Secret) -> Result<Saved> {
    let saved: Option<Saved> = serde_json::from_str(secret.expose()).ok();
    saved.filter(|saved| saved.version == VERSION).ok_or_else(no_sign_in)
}

fn no_sign_in() -> Error {
    Error::usage("this is not a pending sign-in")
}
