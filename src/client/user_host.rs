//! The host of a user's sign-in in a program: nobody to ask, and blocking work on its own thread.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::own_cache;
use super::token_storage::TokenStorage;
use super::{Client, PendingSignIn, now};
use crate::cache::single_flight::RefreshGuard;
use crate::cache::token_cache::CacheKey;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::secrets::store::SecretId;
use crate::settings::profile::Profile;
use crate::settings::types::SecretKind;
use crate::store::sessions::{Record, SessionLock};
use crate::store::used_codes;
use crate::token::session::RefreshState;
use crate::user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom};
use crate::user_pool::sign_in::SignIn;
use crate::user_pool::totp::{STEP_SECONDS, Totp};
use crate::user_pool::user_session::{SessionHost, SessionNotice};
use crate::user_pool::user_token;

/// How many codes of a stored key are tried in one sign-in.
const MOST_CODES: usize = 2;

/// The time that Cognito has to answer a code.
const ANSWERED: Duration = Duration::from_secs(2);

/// The client, to the rules of a user's session.
pub struct ClientHost {
    client: Client,
    profile: Arc<Profile>,
    key: CacheKey,
    http: HttpClient,
    /// The turn of this caller, where the cache is one of files.
    pub turn: Option<RefreshGuard>,
    codes: usize,
}

impl ClientHost {
    pub fn new(client: &Client, profile: Arc<Profile>, key: CacheKey, http: HttpClient) -> Self {
        ClientHost { client: client.clone(), profile, key, http, turn: None, codes: 0 }
    }

    /// The current code of the user's stored key; `None` without a key, or after two refused codes.
    async fn code(&mut self) -> Result<Option<Secret>> {
        let binding = user_token::secret_binding(&self.profile, SecretKind::Totp, Some(self.profile.username()?))?;
        self.codes += 1;
        if self.codes > MOST_CODES {
            return Ok(None);
        }
        let Some(key) = self.client.supplied(self.http.deadline(), &binding).await? else { return Ok(None) };
        let totp = Totp::new(&key)?;
        let (now, deadline) = (self.http.now(), self.http.deadline());
        let step = now / 1000 / STEP_SECONDS;
        // The code has to come while there is still time to send it.
        let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(ANSWERED);
        let latest = now.saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX)) / 1000 / STEP_SECONDS;
        let taken = match self.client.0.sessions.state_dir.clone() {
            Some(dir) => blocking(move || used_codes::take(Some(&dir), &binding, step, latest, deadline)).await?,
            None => self.client.0.sessions.memory().take_code(binding.account(), step, latest),
        };
        let pause = Duration::from_millis((taken * STEP_SECONDS * 1000).saturating_sub(now));
        if taken > latest {
            let seconds = pause.as_secs() + 1;
            let used = format!("the current code was used already, and the next one comes in {seconds} s");
            return Err(Error::network(used).of_caller());
        }
        tokio::time::sleep(pause).await;
        Ok(Some(totp.code(taken)))
    }
}

impl SessionHost for ClientHost {
    type Lock = Option<SessionLock>;

    fn profile(&self) -> Arc<Profile> {
        self.profile.clone()
    }

    fn http(&self) -> Result<HttpClient> {
        Ok(self.http.clone())
    }

    async fn exchange<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        work.await
    }

    async fn remembered(&mut self) -> Result<Option<Record>> {
        let Some(sessions) = self.client.0.sessions.files() else {
            return Ok(self.client.0.sessions.memory().records.get(self.key.stem()).cloned());
        };
        let cache = match &self.client.0.cache {
            TokenStorage::Files(cache) => Some(cache.clone()),
            TokenStorage::Own(_) => None,
        };
        let key = self.key.clone();
        blocking(move || {
            let record = sessions.read(&key);
            if let Ok(Some(record)) = record {
                return Ok(Some(record));
            }
            let tokens = cache.and_then(|cache| cache.read_with_session(&key, now()));
            tokens.and_then(|tokens| Record::of_tokens(&tokens)).map_or(record, |record| Ok(Some(record)))
        })
        .await
    }

    async fn lock_session(&mut self) -> Result<Self::Lock> {
        let Some(sessions) = self.client.0.sessions.files() else { return Ok(None) };
        let (key, deadline) = (self.key.clone(), self.http.deadline());
        blocking(move || sessions.lock(&key, deadline)).await
    }

    async fn remember(&mut self, lock: &mut Self::Lock, record: Record) {
        let Some(mut held) = lock.take() else {
            self.client.0.sessions.memory().records.insert(self.key.stem().to_owned(), record);
            return;
        };
        let kept = blocking(move || {
            let kept = held.keep(&record);
            Ok((held, kept))
        });
        match kept.await {
            Ok((held, kept)) => {
                *lock = Some(held);
                kept.unwrap_or_else(|error| log::warn!(target: "cogtok", "{error}"));
            }
            Err(error) => log::warn!(target: "cogtok", "{error}"),
        }
    }

    async fn mark_refresh_in_flight(&mut self, lock: &mut Self::Lock, is_refreshing: bool) -> bool {
        let (mut turn, mut held) = (self.turn.take(), lock.take());
        let marked = blocking(move || {
            let of_cache = turn.as_mut().is_some_and(|turn| turn.mark_refresh_in_flight(is_refreshing));
            let of_session = held.as_mut().is_some_and(|held| held.mark_refresh_in_flight(is_refreshing));
            Ok((turn, held, of_session || of_cache))
        });
        let Ok((turn, held, before)) = marked.await else { return false };
        (self.turn, *lock) = (turn, held);
        before
    }

    fn is_exclusive(&self, lock: &Self::Lock) -> bool {
        // With the caller's own cache, only tasks of this process wait for each other.
        lock.is_some() || self.turn.as_ref().is_none_or(RefreshGuard::is_exclusive)
    }

    fn was_told_not_kept(&self) -> bool {
        let previous = self.turn.as_ref().and_then(RefreshGuard::previous);
        previous.is_some_and(|tokens| tokens.renewal == RefreshState::NotKept)
    }

    async fn open_secrets(&mut self, _: bool) -> Result<()> {
        Ok(())
    }

    async fn stored_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>> {
        let in_memory = self.client.0.sessions.memory().secrets.get(&binding.account()).cloned();
        match in_memory {
            None if self.client.0.sessions.state_dir.is_some() => {
                self.client.of_source(self.http.deadline(), self.client.0.secrets.secret(binding.clone().into())).await
            }
            found => Ok(found),
        }
    }

    async fn store_secret(&mut self, binding: &SecretId, secret: &Secret) -> Result<()> {
        let is_stored = self.client.0.sessions.state_dir.is_some()
            && self
                .client
                .of_source(
                    own_cache::late(&self.http),
                    self.client.0.secrets.store(binding.clone().into(), secret.clone()),
                )
                .await?;
        if !is_stored {
            self.client.0.sessions.memory().secrets.insert(binding.account(), secret.clone());
        }
        Ok(())
    }

    async fn delete_secret(&mut self, binding: &SecretId) -> Result<()> {
        let was_in_memory = self.client.0.sessions.memory().secrets.remove(&binding.account()).is_some();
        if was_in_memory || self.client.0.sessions.state_dir.is_none() {
            Ok(())
        } else {
            self.client
                .of_source(own_cache::late(&self.http), self.client.0.secrets.delete(binding.clone().into()))
                .await
        }
    }

    async fn client_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>> {
        self.client.supplied(self.http.deadline(), binding).await
    }

    fn can_ask(&self) -> bool {
        false
    }

    async fn before_sign_in(&mut self) -> Result<()> {
        self.profile.username().map(drop)
    }

    async fn password(&mut self) -> Result<Option<Secret>> {
        let username = self.profile.username()?;
        let binding = user_token::secret_binding(&self.profile, SecretKind::Password, Some(username))?;
        self.client.supplied(self.http.deadline(), &binding).await
    }

    async fn another_password(&mut self, _: &Error) -> Result<Option<Secret>> {
        Ok(None)
    }

    async fn answer(&mut self, sign_in: &SignIn, reason: Option<Error>) -> Result<ChallengeResponse> {
        match sign_in.question() {
            Some(Challenge::Password) => {
                if let Some(password) = self.password().await? {
                    return Ok(ChallengeResponse::Password(password));
                }
            }
            Some(Challenge::Code { from: CodeFrom::App, .. }) => {
                if let Some(code) = self.code().await? {
                    return Ok(ChallengeResponse::Code(code));
                }
            }
            _ => {}
        }
        Err(PendingSignIn::new(self.client.clone(), sign_in.clone(), reason, true)?.into_error())
    }

    fn is_signed_in(&mut self) {}

    fn about_secrets(&self, error: Error) -> Error {
        error
    }

    fn tell(&mut self, notice: SessionNotice<'_>) {
        match notice {
            SessionNotice::RenewalCutShort => {
                log::info!(target: "cogtok", "a renewal was interrupted before its new refresh token was stored");
            }
            SessionNotice::Over(error) => log::info!(target: "cogtok", "the session has expired: {error}"),
            SessionNotice::NotKept(error) => {
                log::warn!(target: "cogtok", "no refresh token is kept, so each new token needs a sign-in: {error}");
            }
            SessionNotice::DeviceNotRemembered(error) => {
                log::warn!(target: "cogtok", "the pool does not remember this device: {error}");
            }
        }
    }
}
