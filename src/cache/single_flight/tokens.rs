//! Tokens, fetched once for all callers.

use std::time::{Duration, Instant};

use super::{Acquired, Flight, Turn, get_or_fetch, take_turn};
use crate::cache::token_cache::{Cache, CacheKey, CacheRecord};
use crate::error::{Error, Kind, Result};
use crate::http::client::Clock;
use crate::settings::types::TokenUse;
use crate::store::state_file::StateLock;
use crate::token::{Token, TokenSet};

/// Which tokens a caller takes from the cache.
#[derive(Debug, Clone, Copy)]
pub struct CachePolicy {
    /// The token that is wanted.
    pub token: TokenUse,
    /// Whether the others are wanted as well: then each of them has to be valid.
    pub is_for_all: bool,
    /// How long a cached token must still be valid.
    pub min_validity: Duration,
    /// How to use the cache.
    pub cache: CacheUse,
    /// When to stop waiting for another process.
    pub deadline: Instant,
    /// Whether this caller brought its own secret, so that a refusal says nothing about other callers.
    pub has_own_secret: bool,
}

/// How to use the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUse {
    /// Take from it, and keep what is obtained.
    Full,
    /// Take nothing obtained before this call, and keep what is obtained.
    Renew,
    /// Neither.
    Bypass,
}

impl CachePolicy {
    fn has_token(&self, tokens: &TokenSet, at_least: Duration, now: u64) -> bool {
        let is_fresh = |token: &Token| token.is_fresh(now, at_least);
        let others = [Some(&tokens.access), tokens.id.as_ref()];
        tokens.of(self.token).is_some_and(is_fresh) && (!self.is_for_all || others.into_iter().flatten().all(is_fresh))
    }

    fn is_fresh(&self, tokens: &TokenSet, now: u64) -> bool {
        self.cache == CacheUse::Full && self.has_token(tokens, self.min_validity, now)
    }
}

/// The origin of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    /// The cache: this call made no request.
    Cache,
    /// Cognito.
    Network,
    /// Cognito, with a refresh token.
    Refresh,
}

impl TokenOrigin {
    /// The name in output.
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
    /// Their origin.
    pub source: TokenOrigin,
}

/// The tokens of one key, fetched once for all callers.
#[derive(Debug)]
pub struct TokenFlight {
    cache: Cache,
    key: CacheKey,
    policy: CachePolicy,
}

impl TokenFlight {
    /// The tokens under `key`.
    pub fn new(cache: &Cache, key: &CacheKey, policy: &CachePolicy) -> Self {
        TokenFlight { cache: cache.clone(), key: key.clone(), policy: *policy }
    }
}

impl Flight for TokenFlight {
    type Value = TokenResponse;
    type Record = CacheRecord;
    const NAME: &'static str = "the token";

    fn read(&self, now: u64) -> Option<TokenResponse> {
        let tokens = (self.policy.cache != CacheUse::Bypass).then(|| self.cache.read(&self.key, now))??;
        Some(TokenResponse { tokens, source: TokenOrigin::Cache })
    }

    fn record(&self, served: &TokenResponse, _: u64) -> Option<CacheRecord> {
        CacheRecord::of(&self.key, &served.tokens)
    }

    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<CacheRecord>>> {
        if self.policy.cache == CacheUse::Bypass { Ok(None) } else { self.cache.lock_file(&self.key, deadline) }
    }

    // A token that another caller obtained while this one waited is accepted whatever its life, as if this caller had obtained it.
    fn is_enough(&self, served: &TokenResponse, since: Option<u64>, now: u64) -> bool {
        let is_new = since.is_some_and(|since| served.tokens.obtained_at >= since);
        self.policy.is_fresh(&served.tokens, now)
            || is_new && self.policy.has_token(&served.tokens, Duration::ZERO, now)
    }

    fn is_valid(&self, served: &TokenResponse, now: u64) -> bool {
        self.policy.cache == CacheUse::Full && self.policy.has_token(&served.tokens, Duration::ZERO, now)
    }

    // Errors of the server or network apply to all callers; what this caller lacks (a terminal, a keyring) others may have.
    fn is_shared(&self, error: &Error) -> bool {
        match error.kind() {
            Kind::Network => true,
            Kind::AwsCredentials => false,
            Kind::Refused => !self.policy.has_own_secret,
            // An error with a code came from a server, or from a keyring that does not answer.
            _ => error.code().is_some() && !self.policy.has_own_secret,
        }
    }

    fn count_saved(&self) {
        self.cache.count_saved(&self.key);
    }
}

/// A caller's turn to obtain tokens.
pub type RefreshGuard = Turn<TokenFlight>;

impl RefreshGuard {
    /// The cached value for the key, fresh or not; `None` if the cache is bypassed.
    pub fn previous(&self) -> Option<&TokenSet> {
        self.cached().map(|served| &served.tokens)
    }
}

/// The tokens that the cache holds for `key`, where they will do.
pub fn cached(cache: &Cache, key: &CacheKey, policy: &CachePolicy, now: u64) -> Option<TokenResponse> {
    let tokens = (policy.cache == CacheUse::Full).then(|| cache.read(key, now))??;
    policy.is_fresh(&tokens, now).then(|| {
        cache.count_saved(key);
        TokenResponse { tokens, source: TokenOrigin::Cache }
    })
}

/// Tokens for `key` where the cache has some that will do or another caller brought some, else the turn to obtain them,
/// which one process has at a time. The caller has needed them since `since`. Blocks the thread while waiting for it.
///
/// # Errors
/// As [`get_or_fetch`](crate::cache::single_flight::get_or_fetch).
pub fn begin(cache: &Cache, key: &CacheKey, policy: &CachePolicy, since: u64, clock: Clock) -> Result<Acquired> {
    match cached(cache, key, policy, clock()) {
        Some(served) => Ok(Acquired::Served(served)),
        None => take_turn(TokenFlight::new(cache, key, policy), since, policy.deadline, clock),
    }
}

/// Tokens for `key`: from the cache where [`cached`] has them, else by `obtain`, which runs in one process at a time.
///
/// # Errors
/// As [`get_or_fetch`].
pub fn serve(
    cache: &Cache,
    key: &CacheKey,
    policy: &CachePolicy,
    clock: Clock,
    obtain: impl FnOnce(&mut RefreshGuard) -> Result<TokenResponse>,
) -> Result<TokenResponse> {
    get_or_fetch(TokenFlight::new(cache, key, policy), policy.deadline, clock, obtain)
}

/// The error for a token that the answer did not bring.
pub fn no_such_token(token: TokenUse) -> Error {
    Error::network(format!("the answer has no {token} token"))
}
