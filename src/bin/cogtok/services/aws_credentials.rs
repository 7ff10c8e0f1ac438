//! AWS credentials for a user, through an identity pool: GetId once, GetCredentialsForIdentity when the last ones run out,
//! and one request for any number of callers.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use cogtok::aws::identity_pool::{AwsCredentials, Identity};
use cogtok::cache::single_flight::{Flight, get_or_fetch};
use cogtok::cache::token_cache::{Cache, CacheKey};
use cogtok::error::{Error, Result};
use cogtok::http::client::{Clock, HttpClient};
use cogtok::secret::Secret;
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, missing};
use cogtok::settings::types::IdentityPoolId;
use cogtok::store::state_file::{FileContent, StateLock};
use cogtok::user_pool::user_token;

/// How long cached credentials must still be valid: SDKs ask for new ones a quarter of an hour before the end.
pub const MIN_VALIDITY: Duration = Duration::from_secs(15 * 60);

/// The longest life that is believed of credentials, in seconds.
const MAX_LIFE_SECONDS: u64 = 12 * 60 * 60;

/// The cache key of the credentials.
///
/// # Errors
/// As [`user_token::cache_key`]; [`Kind::Config`](cogtok::error::Kind::Config) when the profile names no identity pool.
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
/// As [`get_or_fetch`].
pub fn serve(
    cache: &Cache,
    key: &CacheKey,
    min_validity: Duration,
    deadline: Instant,
    clock: Clock,
    obtain: impl FnOnce(Option<String>) -> Result<(AwsCredentials, String)>,
) -> Result<AwsCredentials> {
    let flight = CredentialsFlight { cache, key, min_validity };
    let kept = get_or_fetch(flight, deadline, clock, |turn| {
        let (credentials, identity_id) = obtain(turn.cached().map(|kept| kept.identity_id.clone()))?;
        Ok(CachedCredentials::of(key, credentials, identity_id, clock()))
    });
    kept.map(CachedCredentials::into_credentials)
}

/// The credentials of one key, fetched once for all callers.
struct CredentialsFlight<'a> {
    cache: &'a Cache,
    key: &'a CacheKey,
    min_validity: Duration,
}

impl Flight for CredentialsFlight<'_> {
    type Value = CachedCredentials;
    type Record = CachedCredentials;
    const NAME: &'static str = "the credentials";
    const CACHED: &'static str = "the cached ones are";

    fn read(&self, now: u64) -> Option<CachedCredentials> {
        let kept: CachedCredentials = self.cache.file(self.key)?.read_or_warn("the cached credentials", "are")?;
        (kept.key == *self.key && kept.obtained_at <= now.saturating_add(1000)).then_some(kept)
    }

    fn record(&self, credentials: &CachedCredentials, _: u64) -> Option<CachedCredentials> {
        Some(credentials.clone())
    }

    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<CachedCredentials>>> {
        self.cache.lock_file(self.key, deadline)
    }

    // Credentials that another caller has just fetched are accepted, whatever their remaining life.
    fn is_enough(&self, kept: &CachedCredentials, since: Option<u64>, now: u64) -> bool {
        let is_new = since.is_some_and(|since| kept.obtained_at >= since);
        kept.is_valid_for(self.min_validity, now) || is_new && self.is_valid(kept, now)
    }

    fn is_valid(&self, kept: &CachedCredentials, now: u64) -> bool {
        kept.is_valid_for(Duration::ZERO, now)
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
            // The identity pool may have been emptied since.
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
    key: CacheKey,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: u64,
    identity_id: String,
    obtained_at: u64,
}

impl FileContent for CachedCredentials {
    const LIMIT: u64 = 256 * 1024;
    const VERSION: Option<u64> = Some(1);
}

impl CachedCredentials {
    fn of(key: &CacheKey, credentials: AwsCredentials, identity_id: String, now: u64) -> Self {
        CachedCredentials {
            key: key.clone(),
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose().to_owned(),
            session_token: credentials.session_token.expose().to_owned(),
            expires_at: credentials.expires_at.min(now / 1000 + MAX_LIFE_SECONDS),
            identity_id,
            obtained_at: now,
        }
    }

    fn is_valid_for(&self, at_least: Duration, now: u64) -> bool {
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
