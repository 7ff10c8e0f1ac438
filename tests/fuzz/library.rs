//! What must hold of the library's readers for any bytes. `cargo fuzz` and the tests below give them the same ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::cache::token_cache::{CacheKey, CacheRecord};
use crate::error::{Error, is_unprintable};
use crate::http::client::HttpClient;
use crate::http::sse::Events;
use crate::oauth::loopback_server::{AuthorizationResponse, ExpectedResponse, query_of};
use crate::oauth::token_endpoint::{Answer, TokenEndpoint};
use crate::secret::Secret;
use crate::settings::keys::Settings;
use crate::settings::profile::{AwsEnvironment, Profile};
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::Scopes;
use crate::store::config::Config;
use crate::store::state_file::StateFile;
use crate::token::jwks::KeySet;
use crate::token::verify::{Expectations, Rejection, check_claims, key_id, verify};
use crate::token::{MAX_LIFE_SECONDS, MAX_TOKEN_BYTES, Token, jwt};

/// The moment of all of them, in milliseconds.
const NOW: u64 = 1_700_000_000_000;

/// The most that one error may say.
const MOST_SAID: usize = 4000;

fn check_error(error: &Error) {
    check_text(error.message());
}

fn check_text(text: &str) {
    assert!(!text.chars().any(is_unprintable), "a terminal is shown {text:?}");
    assert!(text.len() <= MOST_SAID, "{} bytes are said", text.len());
}

fn check_token(token: &Token) {
    let text = token.value.expose();
    assert!(!text.is_empty() && text.len() <= MAX_TOKEN_BYTES);
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)), "{text:?}");
}

/// The answer of a token endpoint: the first byte chooses its status.
pub fn token_answer(data: &[u8]) {
    static WIRE: LazyLock<HttpClient> = LazyLock::new(|| {
        HttpClient::new(None, None, || NOW, Instant::now() + Duration::from_secs(3600)).expect("a client")
    });
    let Some((first, body)) = data.split_first() else { return };
    let status = [200, 400, 401, 403, 429, 500][usize::from(*first) % 6];
    let answer = http::Response::builder().status(status).header("content-type", "application/json");
    let answer = answer.body(body.to_vec()).expect("a response");
    let answer = match TokenEndpoint::new(&WIRE, "auth.example", "m2m").check_shape(answer) {
        Ok(answer) if status == 200 => answer,
        Ok(answer) => {
            let refusal = serde_json::from_slice(answer.body()).expect("what was let pass can be read");
            let refusal = crate::oauth::token_endpoint::refusal("m2m", "the token request", &refusal, WIRE.redactor());
            return check_error(&refusal.error);
        }
        Err(failed) => return check_error(&failed.error),
    };
    let Ok(answer) = serde_json::from_slice::<Answer>(answer.body()) else { return };
    match answer.tokens(&WIRE, "auth.example", Scopes::default()) {
        Ok((tokens, _)) => {
            for token in [Some(&tokens.access), tokens.id.as_ref()].into_iter().flatten() {
                check_token(token);
                let latest = NOW / 1000 + MAX_LIFE_SECONDS;
                assert!(token.expires_at.is_none_or(|end| end <= latest), "it lives until {:?}", token.expires_at);
            }
        }
        Err(error) => check_error(&error),
    }
}

/// A file of the cache.
pub fn cache_file(data: &[u8]) {
    let Ok(record) = StateFile::<CacheRecord>::decode(data) else { return };
    let key = CacheKey::of(&[("kind", "m2m"), ("client_id", "1example23456789abcdefghij")]);
    let Some(tokens) = record.into_tokens(&key, NOW) else { return };
    assert!(tokens.obtained_at <= NOW + 1000, "a token of the future");
    for token in [Some(&tokens.access), tokens.id.as_ref()].into_iter().flatten() {
        check_token(token);
        let latest = (tokens.obtained_at / 1000).saturating_add(MAX_LIFE_SECONDS);
        assert!(token.expires_at.is_some_and(|end| end <= latest), "it lives until {:?}", token.expires_at);
    }
}

/// `config.toml`, and each profile in it.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let config = match Config::parse(Path::new("config.toml"), text) {
        Ok(config) => config,
        Err(error) => return check_error(&error),
    };
    let _ = config.default_profile().map_err(|error| check_error(&error));
    let _ = config.secret_store().map_err(|error| check_error(&error));
    for oddity in config.oddities(config.names().first()) {
        check_text(&oddity.to_string());
    }
    for name in config.names() {
        let mut settings = Settings::default();
        let profile = config
            .offer(&name, &mut settings)
            .and_then(|()| Profile::resolve(Some(name.clone()), &settings, &AwsEnvironment::default()));
        match profile {
            Ok(profile) => {
                // What a request would go to is TLS, or this machine.
                let urls = [profile.m2m.token_url.as_ref(), profile.domain.as_ref()];
                for endpoint in urls.into_iter().flatten() {
                    let url = endpoint.url().to_string();
                    let is_local =
                        ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
                    assert!(url.starts_with("https://") || is_local, "{url}");
                    assert!(!endpoint.url().authority().contains('@') && !url.contains('#'), "{url}");
                }
            }
            Err(error) => check_error(&error),
        }
    }
}

/// A key set.
pub fn jwks(data: &[u8]) {
    match KeySet::parse(data) {
        Ok(keys) => {
            let ids: Vec<&str> = keys.ids().collect();
            let again = KeySet::parse(keys.to_json().to_string().as_bytes()).expect("what is kept can be read");
            assert_eq!(again.ids().collect::<Vec<_>>(), ids);
        }
        Err(error) => check_error(&error),
    }
}

const POOLS_KEYS: &str = include_str!("../fixtures/jwt/jwks.json");
const POOLS_TOKEN: &str = include_str!("../fixtures/jwt/access.jwt");
const CLIENT: &str = "1example23456789abcdefghij";

fn expected() -> Expectations {
    Expectations::of_pool(&"us-east-1_Example01".parse().expect("a pool"), vec![CLIENT.parse().expect("a client")])
}

fn check_rejection(rejection: &Rejection) {
    check_text(&rejection.to_string());
}

/// A token, and claims that a right signature would be over.
pub fn jwt(data: &[u8]) {
    static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(POOLS_KEYS.as_bytes()).expect("keys"));
    static EXPECTED: LazyLock<Expectations> = LazyLock::new(expected);
    if let Ok(Value::Object(claims)) = serde_json::from_slice(data) {
        match check_claims(&claims, &EXPECTED, NOW) {
            Ok(()) => check_accepted(&claims),
            Err(rejection) => check_rejection(&rejection),
        }
    }
    let Ok(token) = std::str::from_utf8(data) else { return };
    let _ = jwt::read_unverified(token);
    let _ = jwt::Unverified::read(token).map_err(|error| check_error(&error));
    let _ = key_id(token).map_err(|rejection| check_rejection(&rejection));
    match verify(token, &KEYS, &EXPECTED, NOW) {
        Ok(claims) => {
            assert_eq!(token, POOLS_TOKEN.trim(), "a token that the pool has not signed");
            check_accepted(claims.as_map());
        }
        Err(rejection) => check_rejection(&rejection),
    }
}

fn check_accepted(claims: &Map<String, Value>) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    assert!(claims["exp"].as_u64().is_some_and(|end| end.saturating_add(60) > NOW / 1000), "{claims:?}");
    assert!(text("iss").is_some_and(|issuer| issuer.ends_with("amazonaws.com/us-east-1_Example01")), "{claims:?}");
    let client = match text("token_use") {
        Some("access") => text("client_id"),
        Some("id") => text("aud"),
        other => panic!("token_use is {other:?}"),
    };
    assert_eq!(client, Some(CLIENT), "{claims:?}");
}

/// A stream of events; the first byte says where it is cut.
pub fn sse(data: &[u8]) {
    const LIMIT: usize = 64;
    let Some((first, body)) = data.split_first() else { return };
    let read = |parts: &[&[u8]], limit: usize| {
        let mut events = Events::up_to(limit);
        let error = parts.iter().find_map(|part| events.push(part).err());
        let all: Vec<_> = events.by_ref().collect();
        (all, error.is_some(), events.last_id().map(str::to_owned), events.retry())
    };
    let at = usize::from(*first).min(body.len());
    let (one, other) = body.split_at(at);
    assert_eq!(read(&[body], 1 << 20), read(&[one, other], 1 << 20), "where it is cut changes something");
    let (events, ..) = read(&[body], LIMIT);
    assert!(events.iter().all(|event| event.data.len() <= 4 * LIMIT), "an event beyond the limit");
}

/// What comes to the listener of a sign-in in the browser.
pub fn redirect_request(data: &[u8]) {
    static URI: LazyLock<RedirectUri> = LazyLock::new(|| "http://127.0.0.1:8484/callback".parse().expect("a URI"));
    let Ok(query) = query_of(data, &URI) else { return };
    assert!(data.trim_ascii_start().starts_with(b"GET /callback"), "{:?}", String::from_utf8_lossy(data));
    let issuers = vec!["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01".to_owned()];
    let expected = ExpectedResponse { state: Secret::new("the-right-state".to_owned()), issuers };
    match expected.read(query) {
        Ok(AuthorizationResponse::Code(code)) => {
            assert!(!code.expose().is_empty());
            let states: Vec<_> =
                url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "state").collect();
            assert!(states.len() == 1 && states[0].1 == "the-right-state", "{query:?}");
        }
        Ok(AuthorizationResponse::Refused { .. }) => {}
        Err(error) => check_error(&error),
    }
}

#[cfg(test)]
#[path = "mutation.rs"]
mod fuzz_mutation;

#[cfg(test)]
mod tests {
    use super::fuzz_mutation::trials;

    #[test]
    fn any_bytes_are_survived_as_an_answer_of_a_token_endpoint() {
        trials("token_answer", super::token_answer);
    }

    #[test]
    fn any_bytes_are_survived_as_a_file_of_the_cache() {
        trials("cache_file", super::cache_file);
    }

    #[test]
    fn any_bytes_are_survived_as_a_configuration() {
        trials("configuration", super::configuration);
    }

    #[test]
    fn any_bytes_are_survived_as_a_key_set() {
        trials("jwks", super::jwks);
    }

    #[test]
    fn any_bytes_are_survived_as_a_token() {
        trials("jwt", super::jwt);
    }

    #[test]
    fn any_bytes_are_survived_as_a_stream_of_events() {
        trials("sse", super::sse);
    }

    #[test]
    fn any_bytes_are_survived_as_a_redirect_of_the_browser() {
        trials("redirect_request", super::redirect_request);
    }
}
