//! The front door: a client for one user pool, from a profile or from values.
//!
//! ```no_run
//! # async fn example() -> cogtok::error::Result<()> {
//! let client = cogtok::Client::from_profile("ws")?;
//! let token = client.m2m_token().await?;
//! let headers = token.headers()?; // Authorization: Bearer
//! # assert!(headers.contains_key("authorization"));
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "m2m")]
mod access_token;
#[cfg(feature = "m2m")]
mod blocking;
mod builder;
mod clock;
#[cfg(feature = "sign-in")]
mod completed_sign_in;
mod detached;
#[cfg(feature = "sign-in")]
mod exchange;
mod in_process;
#[cfg(feature = "m2m")]
mod m2m;
#[cfg(feature = "m2m")]
mod own_cache;
#[cfg(feature = "m2m")]
mod secret_source;
#[cfg(feature = "m2m")]
mod shared_token;
#[cfg(feature = "sign-in")]
mod sign_in;
#[cfg(feature = "m2m")]
mod token_cache;
#[cfg(feature = "m2m")]
mod token_provider;
#[cfg(feature = "m2m")]
mod token_storage;
#[cfg(feature = "sign-in")]
mod user_host;
#[cfg(feature = "sign-in")]
mod user_sessions;
#[cfg(feature = "sign-in")]
mod user_token;
#[cfg(feature = "m2m")]
pub mod verification;
mod verifier;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::settings::profile::Profile;
use crate::settings::types::{ClientId, TokenUse};

#[cfg(feature = "m2m")]
pub use access_token::AccessToken;
pub use builder::ClientBuilder;
#[cfg(any(feature = "keyring", feature = "file-store"))]
pub use secret_source::StoredSecrets;
#[cfg(feature = "m2m")]
pub use secret_source::{BoxFuture, SecretRequest, SecretSource};
#[cfg(feature = "sign-in")]
pub use sign_in::{PendingSignIn, SignInBuilder, SignInStep};
#[cfg(feature = "m2m")]
pub use token_cache::{CachedToken, TokenCache};
#[cfg(feature = "m2m")]
pub use token_provider::TokenProvider;
#[cfg(feature = "sign-in")]
pub use user_token::UserTokens;
pub use verifier::Verifier;

use clock::now;
use in_process::KeyedLocks;

/// A client for the tokens of one profile. Cloning it is cheap and shares its connections and its cache.
///
/// Its methods may be called by any number of tasks at once: all that want the same token share one request. Dropping a future loses
/// nothing.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    profile: Arc<Profile>,
    http: HttpClient,
    #[cfg(feature = "m2m")]
    cache: token_storage::TokenStorage,
    #[cfg(feature = "m2m")]
    given: token_storage::GivenSecrets,
    #[cfg(feature = "sign-in")]
    sessions: user_sessions::UserSessions,
    #[cfg(feature = "m2m")]
    secrets: Arc<dyn SecretSource>,
    timeout: Duration,
    locks: KeyedLocks,
    keys: verifier::KeyStorage,
}

impl Client {
    /// Verifies tokens of this profile's pool. The token use is required: an ID token is not an access token.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when the profile names no user pool or no app client.
    pub fn verifier(&self, token_use: TokenUse) -> Result<Verifier> {
        Verifier::new(self.clone(), token_use)
    }

    /// The HTTP client for one call: it has its own deadline and redactor, and shares connections.
    fn call(&self) -> Result<HttpClient> {
        let deadline = Instant::now()
            .checked_add(self.0.timeout)
            .ok_or_else(|| Error::usage("the timeout is too long for this machine's clock"))?;
        Ok(self.0.http.for_call(deadline))
    }

    fn clients(&self) -> Vec<ClientId> {
        let profile = &self.0.profile;
        profile.user.client_id.iter().chain(&profile.m2m.client_id).cloned().collect()
    }
}

#[cfg(all(test, feature = "sign-in"))]
mod tests;
