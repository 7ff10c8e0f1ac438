//! Verifying tokens in a server.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Client;
use super::detached::detached;
use crate::error::{Error, Result};
use crate::oauth::jwks_uri::{self, published_at};
use crate::settings::types::{ClientId, Endpoint, Scopes, TokenUse};
use crate::token::jwks::KeySet;
use crate::token::verify::{self, Claims, Expectations};

/// How long cached keys are trusted to be all that the pool has: as long as API Gateway does.
const FRESH: Duration = Duration::from_secs(2 * 60 * 60);

/// How long after a fetch an unknown `kid` does not cause another.
const REST: Duration = Duration::from_secs(60);

/// Whether keys that were fetched `age` ago will do to look for the key `id`.
pub(super) fn will_do(keys: &KeySet, age: Duration, id: &str) -> bool {
    age < REST || age < FRESH && keys.ids().any(|known| known == id)
}

/// The keys of the pool, as this process has them.
#[derive(Debug, Default)]
pub(super) struct KeyStorage(Mutex<Option<(KeySet, Instant)>>);

/// Verifies tokens as the Cognito developer guide asks for it: RS256 by a key of the pool, `iss`, `token_use`, `client_id` or
/// `aud`, `exp` and `nbf`, and what was asked for besides.
#[derive(Clone, Debug)]
pub struct Verifier {
    client: Client,
    keys_at: Endpoint,
    expected: Expectations,
}

impl Verifier {
    pub(super) fn new(client: Client, token_use: TokenUse) -> Result<Self> {
        let profile = &client.0.profile;
        let clients = client.clients();
        if clients.is_empty() {
            return Err(Error::config("the profile names no app client whose tokens could be accepted"));
        }
        let mut expected = Expectations::of_pool(profile.user_pool_id()?, clients);
        expected.token = Some(token_use);
        let keys_at = published_at(profile, None)?;
        Ok(Verifier { client, keys_at, expected })
    }

    /// Accepts the tokens of these app clients, in the place of the profile's.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for what is no client id, or none at all.
    pub fn app_clients<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.expected.clients = ids.into_iter().map(str::parse::<ClientId>).collect::<Result<_>>()?;
        if self.expected.clients.is_empty() {
            Err(Error::usage("no app client is named whose tokens could be accepted"))
        } else {
            Ok(self)
        }
    }

    /// Requires these scopes of an access token, all of them.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for what can't be a scope.
    pub fn required_scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        self.expected.scopes = Scopes::parse(scopes)?;
        Ok(self)
    }

    /// Requires these groups in `cognito:groups`, all of them.
    #[must_use]
    pub fn required_groups<'a>(mut self, groups: impl IntoIterator<Item = &'a str>) -> Self {
        self.expected.groups = groups.into_iter().map(str::to_owned).collect();
        self
    }

    /// The verified claims of `token`. The pool's keys are fetched once in two hours, and again for an unknown key, at most once
    /// a minute, by one task for all.
    ///
    /// # Errors
    /// [`Kind::InvalidToken`](crate::error::Kind::InvalidToken) with the rule that it breaks,
    /// [`Kind::Network`](crate::error::Kind::Network) if the keys can't be obtained: then there is no verdict, and the token counts as not
    /// verified.
    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let id = verify::key_id(token)?;
        let keys = self.keys(&id).await?;
        Ok(verify::verify(token, &keys, &self.expected, super::now())?)
    }

    async fn keys(&self, id: &str) -> Result<KeySet> {
        let (inner, started) = (&self.client.0, Instant::now());
        let known = || {
            let keys = inner.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
            keys.as_ref().filter(|(keys, at)| will_do(keys, at.elapsed(), id)).map(|(keys, _)| keys.clone())
        };
        if let Some(keys) = known() {
            return Ok(keys);
        }
        let http = self.client.call()?;
        let turn = inner.locks.lock(format!("jwks {}", self.keys_at), started, http.deadline()).await?;
        if let Some(keys) = known() {
            return Ok(keys);
        }
        if let Some(Err(error)) = turn.outcome::<KeySet>() {
            return Err(error);
        }
        let (client, keys_at) = (self.client.clone(), self.keys_at.clone());
        detached(async move {
            let fetched = jwks_uri::fetch(&http, &keys_at).await;
            if let Ok(keys) = &fetched {
                let fetched = Some((keys.clone(), Instant::now()));
                *client.0.keys.0.lock().unwrap_or_else(PoisonError::into_inner) = fetched;
            }
            turn.end(&fetched);
            fetched
        })
        .await
    }
}
