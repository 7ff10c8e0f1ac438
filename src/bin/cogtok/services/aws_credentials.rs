//! AWS credentials for a user, through an identity pool: GetId once, GetCredentialsForIdentity when the last ones run out,
//! and one request for any number of callers.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use cogtok::aws::identity_pool::{AwsCredentials, Identity};
use cogtok::cache::token_cache::{Cache, CacheKey};
use cogtok::error::{Error, Kind, Result};
use cogtok::http::client::{Clock, HttpClient};
use cogtok::secret::Secret;
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, missing};
use cogtok::settings::types::IdentityPoolId;
use cogtok::user_pool::user_token;

const VERSION: u32 = 1;

/// How long cached credentials must still be valid: SDKs ask for new ones a quarter of an hour before the end.
pub const MIN_VALIDITY: Duration = Duration::from_secs(15 * 60);

/// The longest life that is believed of credentials, in seconds.
const MAX_LIFE_SECONDS: u64 = 12 * 60 * 60;

/// What the credentials depend on.
///
/// # Errors
/// As [`user_token::cache_key`]; [`Kind::Config`] when the profile names no identity pool.
pub fn cache_key(profile: &Profile) -> Result<CacheKey> {
    let of_user = user_token::cache_key(profile)?;
    let endpoint = profile.endpoint(Service::CognitoIdentity).map(ToString::to_string).unwrap_or_default();
    Ok(of_user.with_kind("aws", &[("identity_pool", pool(profile)?.as_str()), ("identity_endpoint", &endpoint)]))
}

fn pool(profile: &Profile) -> Result<&IdentityPoolId> {
    profile.identity_pool_id.as_ref().ok_or_else(|| missing(Key::IdentityPoolId))
}

/// Credentials for `key`: from the cache while they are valid for `min_validity`, else by `obtain`, which is given the
/// identity that is known from before and runs in one process at a time. `obtain` gives the credentials and the identity.
///
/// # Errors
/// What `obtain` gives, but for [`Kind::Network`] while those in the cache are still valid; [`Kind::Store`] when another process holds the key's lock until `deadline`.
pub fn serve(
    cache: &Cache,
    key: &CacheKey,
    min_validity: Duration,
    deadline: Instant,
    clock: Clock,
    obtain: impl FnOnce(Option<String>) -> Result<(AwsCredentials, String)>,
) -> Result<AwsCredentials> {
    let started = clock();
    let fresh = |kept: &CachedCredentials| kept.is_valid(clock(), min_validity);
    if let Some(kept) = CachedCredentials::read(cache, key, started).filter(fresh) {
        return Ok(kept.into_credentials());
    }
    let Some(mut lock) = cache.lock(key, deadline)? else { return obtain(None).map(|(credentials, _)| credentials) };
    let kept = CachedCredentials::read(cache, key, clock());
    // Those that another caller fetched meanwhile will do, however long they live.
    if let Some(kept) = kept
        .as_ref()
        .filter(|kept| fresh(kept) || (kept.obtained_at >= started && kept.is_valid(clock(), Duration::ZERO)))
    {
        return Ok(kept.clone().into_credentials());
    }
    let fall_back_to_cached = |error: Error| match kept.clone().filter(|kept| kept.is_valid(clock(), Duration::ZERO)) {
        Some(kept) if error.kind() == Kind::Network => {
            log::warn!(target: "cogtok", "the credentials could not be renewed, so the cached ones are used: {error}");
            Ok(kept.into_credentials())
        }
        _ => Err(error),
    };
    if let Some(error) = lock.failure_since(started, clock()) {
        return fall_back_to_cached(error);
    }
    match obtain(kept.as_ref().map(|kept| kept.identity_id.clone())) {
        Ok((credentials, identity_id)) => {
            let kept = CachedCredentials::of(key, &credentials, identity_id, clock());
            match serde_json::to_vec(&kept) {
                Ok(bytes) => lock.keep_bytes(bytes),
                Err(error) => log::warn!(target: "cogtok", "the credentials could not be cached: {error}"),
            }
            Ok(credentials)
        }
        Err(error) => {
            if error.kind() == Kind::Network && Instant::now() < deadline {
                lock.record_failure(&error, clock());
            }
            fall_back_to_cached(error)
        }
    }
}

/// Asks the identity pool: one request where the identity is known, else two.
///
/// # Errors
/// As [`Identity::id`] and [`Identity::credentials`].
pub async fn obtain(
    wire: &HttpClient,
    profile: &Profile,
    id_token: &Secret,
    known: Option<String>,
) -> Result<(AwsCredentials, String)> {
    let identity = Identity::new(wire, profile, pool(profile)?, id_token)?;
    if let Some(known) = known {
        match identity.credentials(&known).await {
            // The pool may have been emptied since.
            Err(error) if is_unknown_identity(&error) => {}
            result => return result.map(|credentials| (credentials, known)),
        }
    }
    let id = identity.id().await?;
    let credentials = identity.credentials(&id).await?;
    Ok((credentials, id))
}

fn is_unknown_identity(error: &Error) -> bool {
    error.code() == Some("ResourceNotFoundException")
}

#[derive(Clone, Serialize, Deserialize)]
struct CachedCredentials {
    version: u32,
    key: CacheKey,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: u64,
    identity_id: String,
    obtained_at: u64,
}

impl CachedCredentials {
    fn of(key: &CacheKey, credentials: &AwsCredentials, identity_id: String, now: u64) -> Self {
        CachedCredentials {
            version: VERSION,
            key: key.clone(),
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.expose().to_owned(),
            session_token: credentials.session_token.expose().to_owned(),
            expires_at: credentials.expires_at.min(now / 1000 + MAX_LIFE_SECONDS),
            identity_id,
            obtained_at: now,
        }
    }

    /// What the cache has; a file that is corrupt, of another version or key, or from the future is none.
    fn read(cache: &Cache, key: &CacheKey, now: u64) -> Option<Self> {
        let kept: CachedCredentials = serde_json::from_slice(&cache.read_bytes(key)?).ok()?;
        let is_ours = kept.version == VERSION && kept.key == *key && kept.obtained_at <= now.saturating_add(1000);
        is_ours.then_some(kept)
    }

    fn is_valid(&self, now: u64, at_least: Duration) -> bool {
        let latest = self.obtained_at / 1000 + MAX_LIFE_SECONDS;
        self.expires_at.min(latest) > now / 1000 + at_least.as_secs()
    }

    fn into_credentials(mut self) -> AwsCredentials {
        AwsCredentials {
            access_key_id: std::mem::take(&mut self.access_key_id),
            secret_access_key: Secret::new(std::mem::take(&mut self.secret_access_key)),
            session_token: Secret::new(std::mem::take(&mut self.session_token)),
            expires_at: self.expires_at,
        }
    }
}

impl Drop for CachedCredentials {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
    }
}
