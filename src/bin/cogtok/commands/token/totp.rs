//! An authenticator app of our own, for test users: codes from the key in the secret store, each used once.

use std::time::Duration;

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::store::used_codes;
use cogtok::user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom};
use cogtok::user_pool::totp::{STEP_SECONDS, Totp};
use cogtok::user_pool::user_token;

use super::authenticator_key::show_key;
use super::challenge::PreparedAnswers;
use crate::app::App;
use crate::env;
use crate::io::terminal;

/// The app of the profile's user in one sign-in.
pub struct TotpProvider<'a> {
    app: &'a App,
    profile: &'a Profile,
    /// Whether to store a new key from Cognito.
    is_saving: bool,
    /// Where a new key is stored until Cognito has accepted its first code.
    pending: Option<SecretId>,
    tries: usize,
}

impl<'a> TotpProvider<'a> {
    pub fn new(app: &'a App, profile: &'a Profile, is_saving: bool) -> Self {
        TotpProvider { app, profile, is_saving, pending: None, tries: 0 }
    }

    /// The response from a stored key; `None` without a key, or after two refused codes.
    pub fn answer(
        &mut self,
        question: &Challenge,
        given: &PreparedAnswers,
        reason: Option<&Error>,
    ) -> Result<Option<ChallengeResponse>> {
        let key = match question {
            Challenge::Code { from: CodeFrom::App, .. } if given.code.is_none() => self.stored_key()?,
            Challenge::EnrolTotp { key, uri } if self.is_saving => {
                self.save(key, uri)?;
                Some(key.clone())
            }
            _ => None,
        };
        let Some(key) = key else { return Ok(None) };
        self.tries += 1;
        if self.tries > 2 {
            return Ok(None);
        }
        if let Some(reason) = reason {
            log::info!(target: "cogtok", "Cognito refused the code, so cogtok sends the next one: {}", reason.message());
        }
        self.next_code(&Totp::new(&key)?).map(|code| Some(ChallengeResponse::Code(code)))
    }

    /// Cognito has taken a code of the new key.
    pub fn is_set_up(&mut self) {
        if let Some(binding) = self.pending.take() {
            let place = self.app.secrets().map_or("the secret store", |store| store.name());
            terminal::note(&format!("set up the authenticator app; its key is in {place} ({binding})"));
        }
    }

    fn binding(&self) -> Result<SecretId> {
        user_token::secret_binding(self.profile, SecretKind::Totp, Some(self.profile.username()?))
    }

    fn stored_key(&self) -> Result<Option<Secret>> {
        self.app.stored_secret(self.profile, &self.binding()?)
    }

    /// Stores the key before it is registered: afterwards nobody can sign in without it. If the set-up fails the key stays, since Cognito
    /// may have accepted it.
    fn save(&mut self, key: &Secret, uri: &Secret) -> Result<()> {
        if self.pending.is_some() {
            return Ok(());
        }
        let binding = self.binding()?;
        self.app.keep_secret(self.profile.name.as_ref(), std::slice::from_ref(&binding), key)?;
        if terminal::can_ask() {
            show_key(key, uri);
        }
        self.pending = Some(binding);
        Ok(())
    }

    /// The code of the first time step that was not used, once it has come.
    fn next_code(&self, totp: &Totp) -> Result<Secret> {
        let now = env::now();
        let step = now / 1000 / STEP_SECONDS;
        let patience = self.app.pause_limit();
        let latest = patience.map_or(step + 10, |left| (now + millis(left)) / 1000 / STEP_SECONDS);
        let dir = self.app.dirs().state.as_deref();
        let taken = used_codes::take(dir, &self.binding()?, step, latest, self.app.deadline())?;
        let pause = Duration::from_millis((taken * STEP_SECONDS * 1000).saturating_sub(now));
        if taken > latest {
            return Err(Error::new(
                Kind::Network,
                format!("the current code was used already, and the next one comes in {} s", pause.as_secs() + 1),
            )
            .hint("allow more with `--timeout 60s`")
            .of_caller());
        }
        if !pause.is_zero() {
            terminal::pause(&format!("the next code comes in {} s", pause.as_secs() + 1), pause);
        }
        Ok(totp.code(taken))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
