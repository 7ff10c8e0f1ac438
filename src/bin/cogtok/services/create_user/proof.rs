//! Whose a user is who was made while a call for it ended without an answer: the password says so, which only the record and
//! its own user have.

use std::sync::Arc;
use std::time::Duration;

use cogtok::error::Kind;
use cogtok::http::client::HttpClient;
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::user_pool::challenge::Challenge;
use cogtok::user_pool::sign_in::{Credentials, SignIn, Step};
use cogtok::user_pool::user_token;

use crate::app::App;
use crate::services::journal::Record;

/// What Cognito says of a password that is not the user's.
const WRONG_PASSWORD: &str = "Incorrect username or password";

/// How long it waits before it asks again where Cognito fails: nobody else knows.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(800), Duration::ZERO];

/// What signs users in at the profile's app client, to see whether they have a password.
#[derive(Debug)]
pub struct PasswordProof {
    wire: HttpClient,
    profile: Profile,
    client_secret: Option<Secret>,
}

impl PasswordProof {
    /// None where the profile has no app client for users, or its secret is out of reach.
    pub fn of(app: &App, profile: &Profile) -> Option<Self> {
        let binding = user_token::secret_binding(profile, SecretKind::UserClient, None).ok()?;
        let client_secret = app.stored_secret(profile, &binding).ok()?;
        Some(PasswordProof { wire: app.wire().ok()?, profile: profile.clone(), client_secret })
    }

    /// Whether the password of the record is the user's; none where Cognito does not say.
    pub async fn is_password_of_user(&self, record: &Record) -> Option<bool> {
        let mut profile = self.profile.clone();
        profile.user.username = Some(record.username.parse().ok()?);
        let profile = Arc::new(profile);
        for pause in PAUSES {
            let password = Some(Secret::new(record.password.clone()));
            let credentials = Credentials { client_secret: self.client_secret.clone(), password, device: None };
            match SignIn::start(&self.wire, &profile, credentials).await {
                Ok((_, Step::Done(_) | Step::Ask(Challenge::NewPassword { .. }))) => return Some(true),
                Ok(_) => return None,
                Err(error) if error.message().contains(WRONG_PASSWORD) => return Some(false),
                Err(error) if error.kind() == Kind::Network => tokio::time::sleep(pause).await,
                Err(_) => return None,
            }
        }
        None
    }
}
