//! How a token is obtained: one file per flow. This file is what they share: the cache in front and one request for any
//! number of callers.

use std::time::{Duration, Instant};

use crate::cache::token_cache::{Cache, CacheKey, KeyLock};
use crate::error::{Error, Kind, Result};
use crate::http::client::Clock;
use crate::settings::types::TokenUse;
use crate::token::{Token, TokenSet};

/// Which tokens a caller takes from the cache.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy {
    /// The token that is wanted.
    pub token: TokenUse,
    /// How long a cached token must still be valid.
    pub min_validity: Duration,
    /// What to do with the cache.
    pub cache: CacheUse,
    /// When to stop waiting for another process.
    pub deadline: Instant,
    /// Whether this caller brought a secret of its own, so that a refusal says nothing about what others would be told.
    pub has_own_secret: bool,
}

/// What to do with the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUse {
    /// Take from it, and keep what is obtained.
    Full,
    /// Take nothing obtained before this call, and keep what is obtained.
    Renew,
    /// Neither.
    Bypass,
}

/// Where tokens came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    /// From the cache, without a request by this call.
    Cache,
    /// From Cognito.
    Network,
    /// From Cognito, for a refresh token.
    Refresh,
}

impl TokenOrigin {
    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenOrigin::Cache => "cache",
            TokenOrigin::Network => "network",
            TokenOrigin::Refresh => "refresh",
        }
    }
}

/// Tokens and where they came from.
#[derive(Debug)]
pub struct TokenResponse {
    /// The tokens.
    pub tokens: TokenSet,
    /// Where they came from.
    pub source: TokenOrigin,
}

/// The tokens that the cache holds for `key`, where they will do.
pub fn cached(cache: &Cache, key: &CacheKey, policy: &CachePolicy, now: u64) -> Option<TokenResponse> {
    if policy.cache != CacheUse::Full {
        return None;
    }
    let tokens = cache.read(key, now)?;
    let is_fresh = tokens.of(policy.token).is_some_and(|token| token.is_fresh(now, policy.min_validity));
    is_fresh.then(|| {
        cache.count_saved(key);
        TokenResponse { tokens, source: TokenOrigin::Cache }
    })
}

/// A caller's turn to obtain tokens.
#[derive(Debug)]
pub struct RefreshGuard {
    lock: Option<KeyLock>,
    previous: Option<TokenSet>,
    policy: CachePolicy,
    clock: Clock,
}

/// What a caller finds who needs tokens.
#[derive(Debug)]
pub enum Acquired {
    /// Tokens that will do.
    Served(TokenResponse),
    /// It is this caller's turn to obtain them; [`RefreshGuard::finish`] takes what comes of it.
    Turn(RefreshGuard),
}

impl RefreshGuard {
    /// What the cache has for the key, fresh or not; none where the cache is bypassed.
    pub fn previous(&self) -> Option<&TokenSet> {
        self.previous.as_ref()
    }

    /// Whether no other process has its turn meanwhile, and what is obtained will be kept. A refresh token that may work
    /// only once must not be used otherwise.
    pub fn is_exclusive(&self) -> bool {
        self.lock.is_some()
    }

    /// Notes that the refresh token is about to be sent, or that what came of it is known; says what was noted before,
    /// see [`KeyLock::mark_refresh_in_flight`].
    pub fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        self.lock.as_mut().is_some_and(|lock| lock.mark_refresh_in_flight(is_refreshing))
    }

    /// Ends the turn: keeps the tokens for all, or leaves word of the failure to those who wait. Where Cognito could not be
    /// reached, a cached token that is still valid is served after all.
    ///
    /// # Errors
    /// Those of `result`.
    pub fn finish(mut self, result: Result<TokenResponse>) -> Result<TokenResponse> {
        let Some(lock) = &mut self.lock else { return result };
        match result {
            Ok(served) => {
                lock.keep(&served.tokens);
                Ok(served)
            }
            Err(error) => {
                // Who gave up for want of time says nothing of what others with more would be told.
                if is_shared_failure(&error, &self.policy) && Instant::now() < self.policy.deadline {
                    lock.record_failure(&error, (self.clock)());
                }
                fall_back_to_cached(error, self.previous.take(), &self.policy, (self.clock)())
            }
        }
    }
}

/// Tokens for `key` where the cache has some that will do or another caller brought some, else the turn to obtain them,
/// which one process has at a time. Blocks the thread while waiting for it.
///
/// # Errors
/// The failure of the caller who was waited for, where it holds for all; [`Kind::Store`] when another process holds the
/// key's lock until the deadline.
pub fn begin(cache: &Cache, key: &CacheKey, policy: &CachePolicy, clock: Clock) -> Result<Acquired> {
    let started = clock();
    if let Some(served) = cached(cache, key, policy, started) {
        return Ok(Acquired::Served(served));
    }
    let mut turn = RefreshGuard { lock: None, previous: None, policy: *policy, clock };
    if policy.cache != CacheUse::Bypass {
        turn.lock = cache.lock(key, policy.deadline)?;
    }
    let Some(lock) = &mut turn.lock else { return Ok(Acquired::Turn(turn)) };
    if let Some(tokens) = cached_since(cache, key, policy, started, clock()) {
        return Ok(Acquired::Served(TokenResponse { tokens, source: TokenOrigin::Cache }));
    }
    turn.previous = cache.read(key, clock());
    if let Some(error) = lock.failure_since(started, clock())
        && is_shared_failure(&error, policy)
    {
        return fall_back_to_cached(error, turn.previous.take(), policy, clock()).map(Acquired::Served);
    }
    Ok(Acquired::Turn(turn))
}

/// Tokens for `key`: from the cache where [`cached`] has them, else by `obtain`, which runs in one process at a time.
/// Those who waited take what it brought, or share its failure. Blocks the thread while waiting; [`begin`] and
/// [`RefreshGuard::finish`] are its halves, for programs that wait otherwise.
///
/// # Errors
/// What `obtain` gives; [`Kind::Store`] when another process holds the key's lock until the deadline.
pub fn serve(
    cache: &Cache,
    key: &CacheKey,
    policy: &CachePolicy,
    clock: Clock,
    obtain: impl FnOnce(&mut RefreshGuard) -> Result<TokenResponse>,
) -> Result<TokenResponse> {
    match begin(cache, key, policy, clock)? {
        Acquired::Served(served) => Ok(served),
        Acquired::Turn(mut turn) => {
            let result = obtain(&mut turn);
            turn.finish(result)
        }
    }
}

/// Where Cognito can't be reached, a token that is valid still will do, though not for as long as was asked for.
fn fall_back_to_cached(
    error: Error,
    previous: Option<TokenSet>,
    policy: &CachePolicy,
    now: u64,
) -> Result<TokenResponse> {
    let is_valid = |tokens: &TokenSet| tokens.of(policy.token).is_some_and(|token| token.is_fresh(now, Duration::ZERO));
    match previous.filter(is_valid) {
        Some(tokens) if policy.cache == CacheUse::Full && error.kind() == Kind::Network => {
            log::warn!(target: "cogtok", "the token could not be renewed, so the cached one is used: {error}");
            Ok(TokenResponse { tokens, source: TokenOrigin::Cache })
        }
        _ => Err(error),
    }
}

/// Whether a failure holds for every caller: what the server or the network said does, what this caller lacks (a terminal,
/// a keyring) others may have.
fn is_shared_failure(error: &Error, policy: &CachePolicy) -> bool {
    match error.kind() {
        Kind::Network => true,
        Kind::AwsCredentials => false,
        Kind::Refused => !policy.has_own_secret,
        // What has a code was said by a server, or by a keyring that does not answer.
        _ => error.code().is_some() && !policy.has_own_secret,
    }
}

/// What the cache holds once the lock is had. A token that another caller obtained while this one waited is served
/// whatever its life, as if this call had obtained it.
fn cached_since(cache: &Cache, key: &CacheKey, policy: &CachePolicy, since: u64, now: u64) -> Option<TokenSet> {
    if let Some(served) = cached(cache, key, policy, now) {
        return Some(served.tokens);
    }
    let tokens = cache.read(key, now)?;
    let is_alive = |token: &Token| token.is_fresh(now, Duration::ZERO);
    let is_new = tokens.obtained_at >= since && tokens.of(policy.token).is_some_and(is_alive);
    is_new.then(|| {
        cache.count_saved(key);
        tokens
    })
}

/// The error for a token that the answer did not bring.
pub fn no_such_token(token: TokenUse) -> Error {
    Error::network(format!("the answer has no {token} token"))
}
