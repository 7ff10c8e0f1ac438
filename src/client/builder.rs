//! What a client is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::token_cache::MemoryCache;
use super::user_sessions::UserSessions;
use super::{Client, GivenSecrets, Inner, SecretSource, StoredSecrets, TokenCache, TokenStorage};
use crate::cache::token_cache::Cache;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::keys::{Key, Settings, ValueOrigin};
use crate::settings::profile::{AwsEnvironment, Profile};
use crate::settings::types::{AuthFlow, FirstFactor, ProfileName, SecretKind, StoreKind};
use crate::store::Dirs;
use crate::store::config::Config;

/// How long a call may take where nothing else was said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a [`Client`]. Each value is checked by [`ClientBuilder::build`].
#[derive(Debug, Default)]
#[must_use]
pub struct ClientBuilder {
    values: Vec<(Key, Vec<String>)>,
    profile: Option<(Config, ProfileName)>,
    state_dir: Option<PathBuf>,
    given: GivenSecrets,
    secrets: Option<Arc<dyn SecretSource>>,
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
    pub fn from_profile(name: &str) -> Result<Self> {
        let name: ProfileName = name.parse()?;
        let dirs = Dirs::of_this_machine();
        let path = dirs.config_file.ok_or_else(|| Error::config("there is no home directory with a configuration"))?;
        let config = Config::load(&path)?;
        let cache = Some(TokenStorage::Files(Cache::new(dirs.cache)));
        let state_dir = dirs.state;
        Ok(ClientBuilder { profile: Some((config, name)), cache, state_dir, ..ClientBuilder::default() })
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

    /// Another place for the AWS APIs, such as a local Cognito.
    pub fn endpoint_url(self, url: &str) -> Self {
        self.set(Key::EndpointUrl, vec![url.to_owned()])
    }

    /// The app client that users sign in with.
    pub fn user_client_id(self, id: &str) -> Self {
        self.set(Key::UserClientId, vec![id.to_owned()])
    }

    /// The machine-to-machine app client.
    pub fn m2m_client_id(self, id: &str) -> Self {
        self.set(Key::M2mClientId, vec![id.to_owned()])
    }

    /// The token endpoint; else the domain's.
    pub fn token_url(self, url: &str) -> Self {
        self.set(Key::TokenUrl, vec![url.to_owned()])
    }

    /// The scopes to ask for; without any Cognito grants all that the client may have.
    pub fn scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(Key::Scopes, scopes.into_iter().map(str::to_owned).collect())
    }

    /// How long a served token must still be valid, up to 24 hours.
    pub fn min_validity(self, duration: Duration) -> Self {
        self.set(Key::MinValidity, vec![format!("{}s", duration.as_secs())])
    }

    /// The user of [`Client::user_token`]: name, e-mail address or other alias.
    pub fn username(self, name: &str) -> Self {
        self.set(Key::Username, vec![name.to_owned()])
    }

    /// How users sign in; [`AuthFlow::Srp`] where this is not set.
    pub fn auth_flow(self, flow: AuthFlow) -> Self {
        self.set(Key::AuthFlow, vec![flow.as_str().to_owned()])
    }

    /// The first factor to sign in with, in [`AuthFlow::UserAuth`].
    pub fn preferred_challenge(self, factor: FirstFactor) -> Self {
        self.set(Key::PreferredChallenge, vec![factor.as_str().to_owned()])
    }

    /// The secret of the machine-to-machine app client.
    pub fn m2m_client_secret(mut self, secret: Secret) -> Self {
        self.given.m2m_client = Some(secret);
        self
    }

    /// The secret of the users' app client.
    pub fn user_client_secret(mut self, secret: Secret) -> Self {
        self.given.user_client = Some(secret);
        self
    }

    /// The password of the client's user.
    pub fn password(mut self, password: Secret) -> Self {
        self.given.password = Some(password);
        self
    }

    /// Where secrets come from that the client was not given. From a profile it is the keyring, as `cogtok secret set` stores them;
    /// for the sealed file, give [`StoredSecrets::sealed_file`].
    pub fn secret_source(mut self, source: impl SecretSource) -> Self {
        self.secrets = Some(Arc::new(source));
        self
    }

    /// Keeps tokens in this folder, shared with other processes.
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache = Some(TokenStorage::Files(Cache::new(Some(dir.into()))));
        self
    }

    /// Keeps tokens in a cache of the caller's own. Only the tasks of this process wait for each other then.
    pub fn token_cache(mut self, cache: impl TokenCache) -> Self {
        self.cache = Some(TokenStorage::Own(Arc::new(cache)));
        self
    }

    /// Keeps tokens in the memory of this process, as a client from values does anyway.
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
        // The first offer counts: what was set last comes first, and what was set before what the file says.
        for (key, values) in self.values.into_iter().rev() {
            settings.offer(key, values, ValueOrigin::Flag);
        }
        let (mut store, mut of_config) = (StoreKind::Keyring, None);
        let name = match self.profile {
            Some((config, name)) => {
                config.offer(&name, &mut settings)?;
                store = config.secret_store()?;
                of_config = Some(config);
                Some(name)
            }
            None => None,
        };
        let profile = Profile::resolve(name, &settings, &AwsEnvironment::default())?;
        let is_listed = |kind: &SecretKind| {
            let client = profile.user.client_id.as_ref().zip(of_config.as_ref());
            profile.secrets.contains(kind) || client.is_some_and(|(id, config)| config.lists_secret(*kind, id))
        };
        let listed = SecretKind::ALL.iter().copied().filter(is_listed).collect();
        // Each call sets its own deadline, see `Client::call`.
        let http = HttpClient::new(self.ca_bundle, None, super::now, Instant::now())?;
        let secrets = self.secrets.unwrap_or_else(|| Arc::new(StoredSecrets::of_profile(store, listed)));
        let cache = self.cache.unwrap_or_else(|| TokenStorage::Own(Arc::new(MemoryCache::default())));
        Ok(Client(Arc::new(Inner {
            profile: Arc::new(profile),
            given: self.given,
            sessions: UserSessions::in_files(self.state_dir),
            http,
            cache,
            secrets,
            timeout: self.timeout.unwrap_or(TIMEOUT),
            locks: Default::default(),
            keys: Default::default(),
        })))
    }
}
