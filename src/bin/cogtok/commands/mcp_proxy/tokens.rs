//! The tokens of a command that serves one request after the other.

use std::time::{Duration, Instant};

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::token::Token;

use crate::app::App;
use crate::args::token_args::{ObtainedToken, TokenArgs};
use crate::commands::mcp_proxy::browser_sign_in::BrowserSignIn;
use crate::env;

/// How long no new token is requested after a new one was refused: each may cost money.
const TRUCE: Duration = Duration::from_secs(60);

/// The tokens of a command that serves one request after the other.
pub struct Tokens<'a> {
    app: &'a App,
    source: TokenArgs,
    // The latest token, if the cache does not keep it.
    kept: Option<ObtainedToken>,
    renewed_at: Option<Instant>,
    sign_in: Option<BrowserSignIn<'a>>,
}

/// Whether a sign-in with the browser gives what is missing.
fn is_for_a_person(error: &Error) -> bool {
    error.kind() == Kind::NeedsHuman || error.setting() == Some(Key::Username.dotted())
}

impl<'a> Tokens<'a> {
    pub fn new(app: &'a App, source: TokenArgs, sign_in: Option<BrowserSignIn<'a>>) -> Self {
        Tokens { app, source, kept: None, renewed_at: None, sign_in }
    }

    /// The current token; with `refused`, a different one, or `None` if there is none.
    pub fn get(&mut self, refused: Option<&Secret>) -> Result<Option<Secret>> {
        Ok(self.get_token(refused)?.map(|token| token.value))
    }

    /// As [`Tokens::get`], with the end of its life.
    pub fn get_token(&mut self, refused: Option<&Secret>) -> Result<Option<Token>> {
        self.app.restart_timeout();
        let Some(refused) = refused else { return self.current().map(Some) };
        // Another request or process may have renewed it in the meantime.
        let current = self.current()?;
        if current.value.expose() != refused.expose() {
            return Ok(Some(current));
        }
        if self.renewed_at.is_some_and(|at| at.elapsed() < TRUCE) {
            return Ok(None);
        }
        self.renewed_at = Some(Instant::now());
        self.kept = None;
        let renewed = self.source.renewed();
        let got = self.obtain(&renewed)?;
        let token = self.keep(got)?;
        Ok((token.value.expose() != refused.expose()).then_some(token))
    }

    /// Lets the next call request a new token, however short ago the last one was requested: that request failed.
    pub fn allow_another_try(&mut self) {
        self.renewed_at = None;
    }

    fn current(&mut self) -> Result<Token> {
        if let Some(got) = self.kept.as_ref().filter(|got| got.is_fresh(env::now())) {
            return got.token().cloned();
        }
        let source = self.source.clone();
        let got = self.obtain(&source)?;
        // `--force-refresh` is only for the first token.
        self.source = self.source.relaxed();
        if !got.is_cached() {
            self.renewed_at = Some(Instant::now());
        }
        self.keep(got)
    }

    /// Gets a token; where only a person can go on, that person signs in, where that is wanted.
    fn obtain(&mut self, source: &TokenArgs) -> Result<ObtainedToken> {
        let error = match source.get(self.app) {
            Err(error) if is_for_a_person(&error) => error,
            got => return got.map_err(|error| self.app.with_moved_address(error)),
        };
        match &mut self.sign_in {
            Some(sign_in) => sign_in.then_get(&source.relaxed(), error),
            None => Err(error),
        }
    }

    fn keep(&mut self, got: ObtainedToken) -> Result<Token> {
        let token = got.token()?.clone();
        self.kept = Some(got).filter(|got| !got.is_kept() || self.source.is_without_cache());
        Ok(token)
    }
}
