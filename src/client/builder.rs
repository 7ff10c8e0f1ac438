//! Builds a client.

#[cfg(feature = "m2m")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(feature = "m2m")]
use super::secret_source::{SecretSource, unless_given};
#[cfg(feature = "m2m")]
use super::token_cache::{MemoryCache, TokenCache};
#[cfg(feature = "m2m")]
use super::token_storage::{GivenSecrets, TokenStorage};
#[cfg(feature = "sign-in")]
use super::user_sessions::UserSessions;
use super::{Client, Inner};
#[cfg(feature = "m2m")]
use crate::cache::token_cache::Cache;
#[cfg(feature = "m2m")]
use crate::error::Error;
use crate::error::Result;
use crate::http::client::HttpClient;
#[cfg(feature = "m2m")]
use crate::secret::Secret;
use crate::settings::keys::{Key, Settings, ValueOrigin};
use crate::settings::profile::{AwsEnvironment, Profile};
#[cfg(feature = "sign-in")]
use crate::settings::types::{AuthFlow, FirstFactor};
#[cfg(feature = "m2m")]
use crate::settings::types::{ProfileName, SecretKind, StoreKind};
#[cfg(feature = "m2m")]
use crate::store::Dirs;
#[cfg(feature = "m2m")]
use crate::store::config::Config;

/// The default time limit of a call.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a [`Client`]. Each value is checked by [`ClientBuilder::build`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    values: Vec<(Key, Vec<String>)>,
    #[cfg(feature = "m2m")]
    profile: Option<(Config, ProfileName)>,
    #[cfg(feature = "m2m")]
    state_dir: Option<PathBuf>,
    #[cfg(feature = "m2m")]
    given: GivenSecrets,
    #[cfg(feature = "m2m")]
    secrets: Option<Arc<dyn SecretSource>>,
    #[cfg(feature = "m2m")]
    cache: Option<TokenStorage>,
    ca_bundle: Option<Vec<u8>>,
    timeout: Option<Duration>,
}

impl Client {
    /// The client of a profile of `config.toml`, where the `cogtok` program has it. Environment variables are not read.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when there is no such profile or one of its values is wrong, [`Kind::Store`](crate::error::Kind::Store) when the file can't be
    /// read.
    #[cfg(feature = "m2m")]
    pub fn from_profile(name: &str) -> Result<Self> {
        ClientBuilder::from_profile(name)?.build()
    }

    /// A client from values.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl ClientBuilder {
    /// Begins with a profile of `config.toml`. What is set afterwards wins over it.
    ///
    /// # Errors
    /// As [`Client::from_profile`].
    #[cfg(feature = "m2m")]
    pub fn from_profile(name: &str) -> Result<Self> {
        let name: ProfileName = name.parse()?;
        let dirs = Dirs::of_this_machine();
        let path = dirs.config_file.ok_or_else(|| Error::config("there is no home directory with a configuration"))?;
        let config = Config::load(&path)?;
        let cache = Some(TokenStorage::Files(Cache::new(dirs.cache)));
        Ok(ClientBuilder { profile: Some((config, name)), cache, state_dir: dirs.state, ..ClientBuilder::default() })
    }

    fn set(mut self, key: Key, values: Vec<String>) -> Self {
        self.values.push((key, values));
        self
    }

    /// The user pool, such as `us-east-1_AbCdEfGhI`.
    pub fn user_pool_id(self, id: &str) -> Self {
        self.set(Key::UserPoolId, vec![id.to_owned()])
    }

    /// The Region; else read from the pool's id.
    pub fn region(self, region: &str) -> Self {
        self.set(Key::Region, vec![region.to_owned()])
    }

    /// The pool's domain, such as `https://ws.auth.us-east-1.amazoncognito.com`.
    pub fn domain(self, url: &str) -> Self {
        self.set(Key::Domain, vec![url.to_owned()])
    }

    /// Another endpoint for the AWS APIs, such as a local Cognito.
    pub fn endpoint_url(self, url: &str) -> Self {
        self.set(Key::EndpointUrl, vec![url.to_owned()])
    }

    /// The app client that users sign in with.
    pub fn user_client_id(self, id: &str) -> Self {
        self.set(Key::UserClientId, vec![id.to_owned()])
    }

    /// The machine-to-machine app client.
    #[cfg(feature = "m2m")]
    pub fn m2m_client_id(self, id: &str) -> Self {
        self.set(Key::M2mClientId, vec![id.to_owned()])
    }

    /// The token endpoint; else the domain's.
    #[cfg(feature = "m2m")]
    pub fn token_url(self, url: &str) -> Self {
        self.set(Key::TokenUrl, vec![url.to_owned()])
    }

    /// The scopes to ask for; without any Cognito grants all that the client may have.
    #[cfg(feature = "m2m")]
    pub fn scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(Key::Scopes, scopes.into_iter().map(str::to_owned).collect())
    }

    /// How long a served token must still be valid, up to 24 hours.
    #[cfg(feature = "m2m")]
    pub fn min_validity(self, duration: Duration) -> Self {
        self.set(Key::MinValidity, vec![format!("{}s", duration.as_secs())])
    }

    /// The user of [`Client::user_token`]: name, e-mail address or other alias.
    #[cfg(feature = "sign-in")]
    pub fn username(self, name: &str) -> Self {
        self.set(Key::Username, vec![name.to_owned()])
    }

    /// How users sign in; [`AuthFlow::Srp`] where this is not set.
    #[cfg(feature = "sign-in")]
    pub fn auth_flow(self, flow: AuthFlow) -> Self {
        self.set(Key::AuthFlow, vec![flow.as_str().to_owned()])
    }

    /// The first factor to sign in with, in [`AuthFlow::UserAuth`].
    #[cfg(feature = "sign-in")]
    pub fn preferred_challenge(self, factor: FirstFactor) -> Self {
        self.set(Key::PreferredChallenge, vec![factor.as_str().to_owned()])
    }

    /// The secret of the machine-to-machine app client.
    #[cfg(feature = "m2m")]
    pub fn m2m_client_secret(mut self, secret: Secret) -> Self {
        self.given.m2m_client = Some(secret);
        self
    }

    /// The secret of the users' app client.
    #[cfg(feature = "sign-in")]
    pub fn user_client_secret(mut self, secret: Secret) -> Self {
        self.given.user_client = Some(secret);
        self
    }

    /// The password of the client's user.
    #[cfg(feature = "sign-in")]
    pub fn password(mut self, password: Secret) -> Self {
        self.given.password = Some(password);
        self
    }

    /// The source of secrets that the client was not given. For a profile it is the keyring, as written by `cogtok secret set`; for a
    /// sealed file, pass [`StoredSecrets::sealed_file`](super::StoredSecrets::sealed_file).
    #[cfg(feature = "m2m")]
    pub fn secret_source(mut self, source: impl SecretSource) -> Self {
        self.secrets = Some(Arc::new(source));
        self
    }

    /// Keeps tokens in this folder, shared with other processes.
    #[cfg(feature = "m2m")]
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache = Some(TokenStorage::Files(Cache::new(Some(dir.into()))));
        self
    }

    /// Keeps tokens in a cache of the caller's own. Only the tasks of this process wait for each other then.
    #[cfg(feature = "m2m")]
    pub fn token_cache(mut self, cache: impl TokenCache) -> Self {
        self.cache = Some(TokenStorage::Own(Arc::new(cache)));
        self
    }

    /// Keeps tokens in the memory of this process, as a client from values does anyway.
    #[cfg(feature = "m2m")]
    pub fn memory_cache(mut self) -> Self {
        self.cache = Some(TokenStorage::Own(Arc::new(MemoryCache::default())));
        self
    }

    /// Certificate authorities in PEM, trusted beside the system's.
    pub fn ca_bundle(mut self, pem: Vec<u8>) -> Self {
        self.ca_bundle = Some(pem);
        self
    }

    /// How long a call may take, waiting for other callers included; 30 seconds where this is not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) or [`Kind::Config`](crate::error::Kind::Config) with the value that its key
    /// can't have.
    pub fn build(self) -> Result<Client> {
        let mut settings = Settings::default();
        // The first value of a key wins: later settings come first, and settings come before the file.
        for (key, values) in self.values.into_iter().rev() {
            settings.offer(key, values, ValueOrigin::Flag);
        }
        #[cfg(not(feature = "m2m"))]
        let name = None;
        #[cfg(feature = "m2m")]
        let (name, of_config) = match self.profile {
            Some((config, name)) => {
                config.offer(&name, &mut settings)?;
                (Some(name), Some(config))
            }
            None => (None, None),
        };
        let profile = Profile::resolve(name, &settings, &AwsEnvironment::default())?;
        #[cfg(feature = "m2m")]
        let profile = {
            let mut profile = profile;
            profile.m2m.state_dir = self.state_dir.clone();
            profile
        };
        // Each call sets its own deadline, see `Client::call`.
        let http = HttpClient::new(self.ca_bundle, None, super::now, Instant::now())?;
        #[cfg(feature = "m2m")]
        let secrets = match self.secrets {
            Some(secrets) => secrets,
            None => {
                let store = of_config.as_ref().map_or(Ok(StoreKind::Keyring), Config::secret_store)?;
                unless_given(store, listed(&profile, of_config.as_ref()))
            }
        };
        Ok(Client(Arc::new(Inner {
            profile: Arc::new(profile),
            #[cfg(feature = "m2m")]
            given: self.given,
            #[cfg(feature = "sign-in")]
            sessions: UserSessions::in_files(self.state_dir),
            http,
            #[cfg(feature = "m2m")]
            cache: self.cache.unwrap_or_else(|| TokenStorage::Own(Arc::new(MemoryCache::default()))),
            #[cfg(feature = "m2m")]
            secrets,
            timeout: self.timeout.unwrap_or(TIMEOUT),
            locks: Default::default(),
            keys: Default::default(),
        })))
    }
}

/// The kinds of secrets that are known to be stored.
#[cfg(feature = "m2m")]
fn listed(profile: &Profile, config: Option<&Config>) -> Vec<SecretKind> {
    let is_listed = |kind: &SecretKind| {
        let client = profile.user.client_id.as_ref().zip(config);
        profile.secrets.contains(kind) || client.is_some_and(|(id, config)| config.lists_secret(*kind, id))
    };
    SecretKind::ALL.iter().copied().filter(is_listed).collect()
}
