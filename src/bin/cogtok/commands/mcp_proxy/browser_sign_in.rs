//! A sign-in through the browser from within a proxy: one for any number of proxies at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cogtok::error::{Error, Kind, Result};
use cogtok::settings::types::TokenOwner;
use cogtok::store::file::{Lock, LockError};
use cogtok::user_pool::user_token;
use serde_json::json;
use tokio::sync::watch;

use crate::app::App;
use crate::args::token_args::{ObtainedToken, TokenArgs};
use crate::commands::login::{self, Login, Witness};
use crate::env;
use crate::io::browser;

/// How long a person may take by default.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long no browser opens after a sign-in that came to nothing: every request of a client would open another one.
const TRUCE: Duration = Duration::from_secs(60);

/// How often it checks whether anybody is still waiting.
const TICK: Duration = Duration::from_millis(200);

/// The sign-ins of one proxy.
pub struct BrowserSignIn<'a> {
    app: &'a App,
    wait: Option<Duration>,
    // The text for the waiting client.
    tell: watch::Sender<Option<String>>,
    is_over: Arc<AtomicBool>,
    failed: Option<(Instant, String)>,
}

impl<'a> BrowserSignIn<'a> {
    /// `tell` gets the text for a waiting client; `is_over` returns true when none is left.
    pub fn new(
        app: &'a App,
        wait: Option<Duration>,
        tell: watch::Sender<Option<String>>,
        is_over: Arc<AtomicBool>,
    ) -> Self {
        BrowserSignIn { app, wait, tell, is_over, failed: None }
    }

    /// The token of `source` after a person has signed in; `error` is why there is none without.
    ///
    /// # Errors
    /// `error` if no browser can be opened or the token is not a user's; [`Kind::NeedsHuman`] if nobody signed in.
    pub fn then_get(&mut self, source: &TokenArgs, error: Error) -> Result<ObtainedToken> {
        if !browser::can_open() || source.whose(self.app)? != TokenOwner::User {
            return Err(error);
        }
        if let Some((at, why)) = &self.failed
            && at.elapsed() < TRUCE
        {
            return Err(without_sign_in(why));
        }
        let done = self.once_for_all(source);
        self.tell.send_replace(None);
        match done {
            Ok(got) => Ok(got),
            Err(error) => {
                self.failed = Some((Instant::now(), error.message().to_owned()));
                Err(error)
            }
        }
    }

    fn once_for_all(&self, source: &TokenArgs) -> Result<ObtainedToken> {
        let began = env::now();
        self.tell("waiting for you to sign in with the browser");
        let mut lock = self.lock(source)?;
        // Another proxy may have completed the sign-in, or failed.
        self.app.restart_timeout();
        if let Ok(got) = source.get(self.app) {
            return Ok(got);
        }
        let failure = lock.as_ref().and_then(|lock| lock.note().failure.clone());
        if let Some(failure) = failure.filter(|failure| failure["at"].as_u64().is_some_and(|at| at >= began)) {
            return Err(without_sign_in(failure["message"].as_str().unwrap_or_default()));
        }
        let address = |url: &url::Url| self.tell(&format!("sign in with the browser to continue: {url}"));
        let witness = Witness { address: &address, is_over: &|| self.is_over.load(Ordering::SeqCst) };
        let done = login::sign_in(self.app, &Login::of(source.username.clone(), self.wait), &witness);
        if let Some(lock) = &mut lock {
            let failure = done.as_ref().err().map(|why| json!({"at": env::now(), "message": why.message()}));
            lock.change_note(|note| note.failure = failure);
        }
        done?;
        self.app.restart_timeout();
        source.get(self.app)
    }

    /// The lock for opening a browser for this user; `None` on a machine without locks.
    fn lock(&self, source: &TokenArgs) -> Result<Option<Lock>> {
        let username = (cogtok::settings::keys::Key::Username, source.username.clone());
        let key = user_token::cache_key(&self.app.profile(&[username])?)?;
        let Some(path) = self.app.sessions().sign_in_lock(&key) else { return Ok(None) };
        let end = Instant::now() + self.wait.unwrap_or(PATIENCE) + TRUCE;
        let (sender, receiver) = mpsc::channel();
        // On a separate thread, since the wait ends when the client goes away.
        let spawned = std::thread::Builder::new()
            .name("sign-in".to_owned())
            .spawn(move || drop(sender.send(Lock::exclusive(&path, end))));
        if spawned.is_err() {
            return Ok(None);
        }
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(Ok(lock)) => return Ok(Some(lock)),
                Ok(Err(LockError::Unavailable(_))) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
                Ok(Err(LockError::Timeout { .. })) => {
                    return Err(without_sign_in("another cogtok is still waiting for the browser"));
                }
                Err(mpsc::RecvTimeoutError::Timeout) if self.is_over.load(Ordering::SeqCst) => {
                    return Err(without_sign_in("the client closed the connection"));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn tell(&self, text: &str) {
        self.tell.send_replace(Some(text.to_owned()));
    }
}

fn without_sign_in(why: &str) -> Error {
    Error::new(Kind::NeedsHuman, format!("the sign-in with the browser did not succeed: {why}"))
        .hint("sign in, then try again: `cogtok login{p}`")
}
