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
use cogtok::token::jwt::payload_unverified;
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

/// An identity of the pool, and the user (`sub`) whose ID token it was given for; empty where that token does not say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserIdentity {
    identity_id: String,
    // Earlier versions did not record it.
    subject: Option<String>,
}

/// Which cached credentials will do.
pub struct Wanted<'a> {
    /// Their key.
    pub key: &'a CacheKey,
    /// Whose session is under the key now, where that is known: somebody else may have signed in since the credentials were obtained.
    pub subject: &'a dyn Fn() -> Option<String>,
    /// How long they must still be valid.
    pub min_validity: Duration,
}

/// Credentials: from the cache where it has the wanted ones, else by `obtain`, which is given the identity that is known from before
/// and runs in one process at a time. `obtain` gives the credentials and the identity.
///
/// # Errors
/// As [`get_or_fetch`].
pub fn serve(
    cache: &Cache,
    wanted: &Wanted<'_>,
    deadline: Instant,
    clock: Clock,
    obtain: impl FnOnce(Option<UserIdentity>) -> Result<(AwsCredentials, UserIdentity)>,
) -> Result<AwsCredentials> {
    let kept = get_or_fetch(CredentialsFlight { cache, wanted }, deadline, clock, |turn| {
        let (credentials, identity) = obtain(turn.cached().map(|kept| kept.identity.clone()))?;
        Ok(CachedCredentials::of(wanted.key, credentials, identity, clock()))
    });
    kept.map(CachedCredentials::into_credentials)
}

/// The credentials of one key, fetched once for all callers.
struct CredentialsFlight<'a> {
    cache: &'a Cache,
    wanted: &'a Wanted<'a>,
}

impl CredentialsFlight<'_> {
    fn is_of_subject(&self, kept: &CachedCredentials) -> bool {
        let subject = kept.identity.subject.as_ref();
        subject.is_some_and(|subject| (self.wanted.subject)().is_none_or(|now| now == *subject))
    }
}

impl Flight for CredentialsFlight<'_> {
    type Value = CachedCredentials;
    type Record = CachedCredentials;
    const NAME: &'static str = "the credentials";
    const CACHED: &'static str = "the cached ones are";

    fn read(&self, now: u64) -> Option<CachedCredentials> {
        let kept: CachedCredentials =
            self.cache.file(self.wanted.key)?.read_or_warn("the cached credentials", "are")?;
        let is_valid = kept.key == *self.wanted.key && kept.obtained_at <= now.saturating_add(1000);
        (is_valid && self.is_of_subject(&kept)).then_some(kept)
    }

    fn record(&self, credentials: &CachedCredentials, _: u64) -> Option<CachedCredentials> {
        Some(credentials.clone())
    }

    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<CachedCredentials>>> {
        self.cache.lock_file(self.wanted.key, deadline)
    }

    // Credentials that another caller has just fetched are accepted, whatever their remaining life.
    fn is_enough(&self, kept: &CachedCredentials, since: Option<u64>, now: u64) -> bool {
        let is_new = since.is_some_and(|since| kept.obtained_at >= since);
        kept.is_valid_for(self.wanted.min_validity, now) || is_new && kept.is_valid_for(Duration::ZERO, now)
    }

    fn is_valid(&self, kept: &CachedCredentials, now: u64) -> bool {
        // Getting the ID token may have been a sign-in of somebody else.
        kept.is_valid_for(Duration::ZERO, now) && self.is_of_subject(kept)
    }
}

/// Asks the identity pool: one request where the identity of the token's user is known, else two.
///
/// # Errors
/// As [`Identity::id`] and [`Identity::credentials`].
pub async fn obtain(
    wire: &HttpClient,
    profile: &Profile,
    id_token: &Secret,
    known: Option<UserIdentity>,
) -> Result<(AwsCredentials, UserIdentity)> {
    let identity = Identity::new(wire, profile, pool(profile)?, id_token)?;
    let claims = payload_unverified(id_token.expose());
    let subject = claims.as_ref().and_then(|claims| claims.get("sub")?.as_str()).unwrap_or_default();
    if let Some(known) = known.filter(|known| known.subject.as_deref() == Some(subject)) {
        match identity.credentials(&known.identity_id).await {
            // The identity pool may have been emptied since.
            Err(error) if is_unknown_identity(&error) => {}
            result => return result.map(|credentials| (credentials, known)),
        }
    }
    let identity_id = identity.id().await?;
    let credentials = identity.credentials(&identity_id).await?;
    Ok((credentials, UserIdentity { identity_id, subject: Some(subject.to_owned()) }))
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
    #[serde(flatten)]
    identity: UserIdentity,
    obtained_at: u64,
}

impl FileContent for CachedCredentials {
    const LIMIT: u64 = 256 * 1024;
    const VERSION: Option<u64> = Some(1);
}

impl CachedCredentials {
    fn of(key: &CacheKey, credentials: AwsCredentials, identity: UserIdentity, now: u64) -> Self {
        CachedCredentials {
            key: key.clone(),
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose().to_owned(),
            session_token: credentials.session_token.expose().to_owned(),
            expires_at: credentials.expires_at.min(now / 1000 + MAX_LIFE_SECONDS),
            identity,
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
