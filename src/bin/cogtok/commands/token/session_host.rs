//! The host of a user's sign-in on the command line: the network within `--timeout`, this machine's files, and a person to ask.

use std::future::Future;
use std::sync::Arc;

use cogtok::cache::single_flight::RefreshGuard;
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Advice, Error, Result};
use cogtok::http::client::HttpClient;
use cogtok::secret::{Secret, shape};
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, StoreKind, TokenOwner};
use cogtok::store::sessions::{Record, SessionLock};
use cogtok::token::session::RefreshState;
use cogtok::user_pool::challenge::{Challenge, ChallengeResponse};
use cogtok::user_pool::sign_in::SignIn;
use cogtok::user_pool::user_session::{SessionHost, SessionNotice};
use cogtok::user_pool::user_token;

use super::challenge::PreparedAnswers;
use super::totp::TotpProvider;
use crate::app::{App, SecretSource, can_store_for, first_old_variable, remember};
use crate::commands::{login, password_policy};
use crate::io::terminal;
use crate::io::terminal::Question;

/// The command, to the library that obtains a user's tokens for it.
pub struct CommandHost<'a> {
    app: &'a App,
    profile: Arc<Profile>,
    key: &'a CacheKey,
    turn: &'a mut RefreshGuard,
    given: PreparedAnswers,
    app_of_user: TotpProvider<'a>,
    passwords: usize,
}

impl<'a> CommandHost<'a> {
    /// A host with the responses that were given in advance.
    pub fn new(
        app: &'a App,
        profile: &'a Profile,
        key: &'a CacheKey,
        turn: &'a mut RefreshGuard,
        given: PreparedAnswers,
        save_totp: bool,
    ) -> Self {
        let app_of_user = TotpProvider::new(app, profile, save_totp);
        CommandHost { app, profile: Arc::new(profile.clone()), key, turn, given, app_of_user, passwords: 1 }
    }
}

impl SessionHost for CommandHost<'_> {
    type Lock = Option<SessionLock>;

    fn profile(&self) -> Arc<Profile> {
        self.profile.clone()
    }

    fn http(&self) -> Result<HttpClient> {
        self.app.wire()
    }

    async fn exchange<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.app.within_deadline(work).await
    }

    async fn remembered(&mut self) -> Result<Option<Record>> {
        self.app.remembered(self.key)
    }

    async fn lock_session(&mut self) -> Result<Self::Lock> {
        // Without a turn it is the lock that decides whether the session can be used.
        let level = if self.turn.is_exclusive() { log::Level::Info } else { log::Level::Warn };
        self.app.sessions().lock_or_log(self.key, self.app.deadline(), level)
    }

    async fn remember(&mut self, lock: &mut Self::Lock, record: Record) {
        remember(lock.as_mut(), &record);
    }

    async fn mark_refresh_in_flight(&mut self, lock: &mut Self::Lock, is_refreshing: bool) -> bool {
        let of_cache = self.turn.mark_refresh_in_flight(is_refreshing);
        lock.as_mut().is_some_and(|lock| lock.mark_refresh_in_flight(is_refreshing)) || of_cache
    }

    fn is_exclusive(&self, lock: &Self::Lock) -> bool {
        self.turn.is_exclusive() || lock.is_some()
    }

    fn was_told_not_kept(&self) -> bool {
        self.turn.previous().is_some_and(|tokens| tokens.renewal == RefreshState::NotKept)
    }

    async fn open_secrets(&mut self, is_for_renewal: bool) -> Result<()> {
        let opened = if is_for_renewal { self.app.secrets() } else { self.app.secrets_noninteractive() };
        opened.map(drop)
    }

    async fn stored_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>> {
        let store = self.app.secrets_noninteractive()?;
        if binding.kind == SecretKind::RefreshToken {
            store.get(binding, &self.profile.address_options)
        } else {
            store.find(binding)
        }
    }

    async fn store_secret(&mut self, binding: &SecretId, secret: &Secret) -> Result<()> {
        let store = |app: &App| app.secrets_noninteractive()?.set(binding, secret);
        // A person who declined once is not asked again.
        if self.was_told_not_kept() { store(self.app) } else { self.app.with_store(store) }
    }

    async fn delete_secret(&mut self, binding: &SecretId) -> Result<()> {
        self.app.secrets_noninteractive()?.delete(binding).map(drop)
    }

    async fn client_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>> {
        self.app.stored_secret(&self.profile, binding)
    }

    fn can_ask(&self) -> bool {
        terminal::can_ask()
    }

    async fn before_sign_in(&mut self) -> Result<()> {
        let named = self.profile.username().map(drop);
        named.map_err(|error| {
            let error = error.hint(with_browser(&self.profile));
            self.app.for_others(&self.profile, None).into_iter().fold(error, Error::hint)
        })
    }

    async fn password(&mut self) -> Result<Option<Secret>> {
        password(self.app, &self.profile).map(Some)
    }

    async fn another_password(&mut self, wrong: &Error) -> Result<Option<Secret>> {
        if !self.app.is_typed(SecretKind::Password) || self.passwords >= terminal::MOST_TRIES {
            return Ok(None);
        }
        log::info!(target: "cogtok", "{}", wrong.message());
        terminal::ask_again("wrong user name or password", terminal::MOST_TRIES - self.passwords);
        if self.passwords + 1 == terminal::MOST_TRIES {
            terminal::note("Cognito locks the user for a while after 5 wrong passwords");
        }
        self.passwords += 1;
        password(self.app, &self.profile).map(Some)
    }

    async fn answer(&mut self, sign_in: &SignIn, reason: Option<Error>) -> Result<ChallengeResponse> {
        let question = sign_in.question().ok_or_else(|| Error::usage("there is no open challenge to answer"))?;
        if let Challenge::Password = question {
            return password(self.app, &self.profile).map(ChallengeResponse::Password);
        }
        if let (Challenge::NewPassword { .. }, None) = (question, &reason)
            && !self.given.has_new_password()
        {
            password_policy::show_meanwhile(self.app, &self.profile).await;
        }
        match self.app_of_user.answer(question, &self.given, reason.as_ref())? {
            Some(answer) => Ok(answer),
            None => self.given.answer(question, reason),
        }
    }

    fn is_signed_in(&mut self) {
        self.app_of_user.is_set_up();
    }

    fn about_secrets(&self, error: Error) -> Error {
        self.app.about_secrets(error)
    }

    fn tell(&mut self, notice: SessionNotice<'_>) {
        match notice {
            SessionNotice::RenewalCutShort => {
                terminal::note("a renewal was interrupted before its new refresh token was stored: sign in once more");
            }
            SessionNotice::Over(error) => terminal::note(&format!("the session has expired: {}", error.message())),
            SessionNotice::NotKept(error) => {
                log::warn!(target: "cogtok", "you will have to sign in again when this token expires: {error}");
                if self.app.store_kind().is_ok_and(|kind| kind == StoreKind::Keyring) {
                    terminal::hint("to stay signed in, store secrets in an encrypted file: cogtok secret init");
                }
                terminal::hint("to hide this: `--no-refresh`");
            }
            SessionNotice::DeviceNotRemembered(error) => {
                terminal::note(&format!("you are signed in, but the pool does not remember this device: {error}"));
            }
        }
    }
}

/// The way in that needs no user name.
fn with_browser(profile: &Profile) -> Advice {
    // Only a profile names the pool by which the domain is found.
    if profile.is_client_given && profile.domain.is_none() && profile.name.is_none() {
        Advice::new("or sign in with the browser: `cogtok login{p} --domain URL`")
    } else if !login::domain::is_for_users(profile) {
        Advice::new("or, if the app client has the code grant, sign in with the browser: `cogtok login{p}`")
    } else {
        Advice::new("or sign in with the browser: `cogtok login{p}`")
    }
}

/// The user's password: from the environment or the store, else from a person.
pub fn password(app: &App, profile: &Profile) -> Result<Secret> {
    let username = profile.username()?;
    let binding = user_token::secret_binding(profile, SecretKind::Password, Some(username))?;
    match app.stored_secret(profile, &binding)? {
        Some(password) => Ok(password),
        None => {
            app.note_source(SecretKind::Password, SecretSource::Typed);
            let old = first_old_variable(TokenOwner::User).filter(|_| profile.name.is_none());
            let instead = if let Some(old) = old {
                Advice::new("set COGNITO_PASSWORD as well, as {old} is, or COGTOK_PASSWORD || add `--password-stdin`")
                    .text("old", old)
            } else if can_store_for(profile) {
                Advice::new("add `--password-stdin` || set COGTOK_PASSWORD || store it once: {store}")
                    .fill("store", binding.command())
            } else {
                Advice::new("add `--password-stdin` || set COGTOK_PASSWORD")
            };
            let question = Question::new(format!("Password for {username}"), format!("the password of {username}"));
            terminal::ask_shaped(question, instead, shape::password)
        }
    }
}
