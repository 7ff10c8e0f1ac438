//! Whose a user is who was made while a call for it ended without an answer: the password says so, which only the record and
//! its own user have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cogtok::aws::admin::Admin;
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

/// By how many milliseconds this machine's clock may differ from Cognito's: a sign-in with a wrong time is refused like one with a
/// wrong password.
const CLOCK_TOLERANCE: u64 = 60_000;

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
    pub async fn is_password_of_user(&self, admin: &Admin, record: &Record) -> Option<bool> {
        let mut profile = self.profile.clone();
        profile.user.username = Some(record.username.parse().ok()?);
        let profile = Arc::new(profile);
        for pause in PAUSES {
            let password = Some(Secret::new(record.password.clone()));
            let credentials = Credentials { client_secret: self.client_secret.clone(), password, device: None };
            match SignIn::start(&self.wire, &profile, credentials).await {
                Ok((_, Step::Done(_) | Step::Ask(Challenge::NewPassword { .. }))) => return Some(true),
                Ok(_) => return None,
                Err(error) if error.message().contains(WRONG_PASSWORD) => {
                    return self.is_refusal_about_password(admin).await.then_some(false);
                }
                Err(error) if error.kind() == Kind::Network => tokio::time::sleep(pause).await,
                Err(_) => return None,
            }
        }
        None
    }

    /// Whether Cognito's words for a wrong password mean that: it says the same to an app client of another pool, and where this
    /// machine's clock is wrong.
    async fn is_refusal_about_password(&self, admin: &Admin) -> bool {
        let Ok(client_id) = self.profile.user_client_id() else { return false };
        let Some(server_time) = admin.server_time(Instant::now()) else { return false };
        server_time.abs_diff(admin.local_time()) <= CLOCK_TOLERANCE && admin.app_client(client_id).await.is_ok()
    }
}
