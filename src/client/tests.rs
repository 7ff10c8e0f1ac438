//! What many tasks, slow servers and failing parts of the caller's own do to a client.
#![allow(clippy::unwrap_used, reason = "the helpers of tests too end with a panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::error::Kind;
use crate::secret::Secret;
use crate::settings::types::AuthFlow;
use crate::store::sessions::Record;
use crate::token::session::SessionOrigin;
use crate::user_pool::user_token::cache_key;

const TASKS: usize = 50;

/// A server whose answers to the nth request are a function's, after a time.
struct Server {
    url: String,
    hits: Arc<AtomicUsize>,
}

impl Server {
    fn start(delay: u64, answer: impl Fn(usize, &str) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (hits, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        let counted = hits.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, hits) = (answer.clone(), counted.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    let (mut head, mut length) = (String::new(), 0);
                    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
                        let last = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                        length = last.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
                    }
                    if head.is_empty() {
                        return;
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let (status, said) = answer(hits.fetch_add(1, Ordering::SeqCst), &head);
                    std::thread::sleep(Duration::from_millis(delay));
                    let said = said.to_string();
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                        said.len()
                    );
                    let _ = reader.into_inner().write_all((head + &said).as_bytes());
                });
            }
        });
        Server { url, hits }
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// A machine's client.
    fn machine(&self) -> ClientBuilder {
        let builder =
            Client::builder().m2m_client_id("machine").m2m_client_secret(Secret::new("of-the-machine".into()));
        builder.token_url(&format!("{}/oauth2/token", self.url)).timeout(Duration::from_secs(20))
    }

    /// A user's client.
    fn user(&self) -> ClientBuilder {
        let builder =
            Client::builder().user_pool_id("us-east-1_Scripted0").endpoint_url(&self.url).user_client_id("web");
        builder.username("alice").auth_flow(AuthFlow::Password).timeout(Duration::from_secs(20))
    }
}

fn jwt(seconds: u64, claims: Value) -> String {
    let mut claims = claims;
    let now = now() / 1000;
    (claims["iat"], claims["exp"]) = (json!(now), json!(now + seconds));
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(&claims))
}

fn m2m_answer(seconds: u64) -> (u16, Value) {
    let token = jwt(seconds, json!({"scope": "api/read", "token_use": "access"}));
    (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds}))
}

fn signed_in(access: u64, id: u64) -> (u16, Value) {
    let (access, id) = (jwt(access, json!({"token_use": "access"})), jwt(id, json!({"token_use": "id"})));
    let tokens =
        json!({"AccessToken": access, "IdToken": id, "ExpiresIn": 3600, "RefreshToken": "r", "TokenType": "Bearer"});
    (200, json!({"AuthenticationResult": tokens}))
}

/// The results of many tasks at once.
async fn all<T: Send + 'static>(task: impl Fn() -> BoxFuture<'static, Result<T>>) -> Vec<Result<T>> {
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(task())).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn those_who_wait_share_a_token_however_short_it_lives() {
    for has_files in [false, true] {
        let (server, dir) = (Server::start(200, |_, _| m2m_answer(90)), tempfile::tempdir().unwrap());
        let builder = server.machine();
        let builder = if has_files { builder.cache_dir(dir.path()) } else { builder };
        let client = builder.build().unwrap();
        let all = all(|| {
            let client = client.clone();
            Box::pin(async move { client.m2m_token().await })
        });
        assert!(all.await.iter().all(Result::is_ok), "files: {has_files}");
        assert_eq!(server.hits(), 1, "files: {has_files}");
    }
}

#[tokio::test]
async fn those_who_wait_share_a_refusal() {
    let refused = json!({"__type": "NotAuthorizedException", "message": "Incorrect username or password."});
    for has_files in [false, true] {
        let (said, dir) = (refused.clone(), tempfile::tempdir().unwrap());
        let server = Server::start(100, move |_, _| (400, said.clone()));
        let builder = server.user().password(Secret::new("wrong".into()));
        let builder = if has_files { builder.cache_dir(dir.path()) } else { builder };
        let client = builder.build().unwrap();
        let all = all(|| {
            let client = client.clone();
            Box::pin(async move { client.user_token().await })
        });
        for result in all.await {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Refused, Some("NotAuthorizedException")), "{error}");
        }
        // Fifty wrong passwords would lock the user.
        assert_eq!(server.hits(), 1, "files: {has_files}");
        // The next call tries again.
        assert!(client.user_token().await.is_err());
        assert_eq!(server.hits(), 2);
    }
}

#[tokio::test]
async fn those_who_wait_share_a_failure_of_the_network_or_the_token_before() {
    for (left, has_files) in [(0, false), (0, true), (100, false), (100, true)] {
        let has_token = move |n| left > 0 && n == 0;
        let server = Server::start(100, move |n, _| if has_token(n) { m2m_answer(left) } else { (503, json!({})) });
        let (builder, dir) = (server.machine(), tempfile::tempdir().unwrap());
        let builder = if has_files { builder.cache_dir(dir.path()) } else { builder };
        let client = builder.build().unwrap();
        if left > 0 {
            client.m2m_token().await.unwrap();
        }
        let results = all(|| {
            let client = client.clone();
            Box::pin(async move { client.m2m_token().await })
        });
        for result in results.await {
            assert_eq!(result.is_ok(), left > 0, "files: {has_files}, {result:?}");
        }
        // One request is tried four times.
        assert!(server.hits() <= 5, "{} requests, files: {has_files}, {left} s", server.hits());
    }
}

#[tokio::test]
async fn those_who_wait_for_keys_share_a_failure() {
    let server = Server::start(0, |_, _| (503, json!({})));
    let client = server.user().build().unwrap();
    let verifier = client.verifier(TokenUse::Access).unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k"}"#);
    let started = Instant::now();
    let results = all(|| {
        let (verifier, token) = (verifier.clone(), format!("{header}.e30.c2ln"));
        Box::pin(async move { verifier.verify(&token).await })
    });
    assert!(results.await.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == Kind::Network)));
    assert!(server.hits() <= 4, "{} requests", server.hits());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_token_whose_caller_gave_up_is_kept_for_the_next() {
    for has_files in [false, true] {
        let (server, dir) = (Server::start(500, |_, _| m2m_answer(3600)), tempfile::tempdir().unwrap());
        let builder = server.machine();
        let builder = if has_files { builder.cache_dir(dir.path()) } else { builder };
        let client = builder.build().unwrap();
        while server.hits() == 0 {
            let given_up = tokio::time::timeout(Duration::from_millis(50), client.m2m_token()).await;
            assert!(given_up.is_err());
        }
        client.m2m_token().await.unwrap();
        assert_eq!(server.hits(), 1, "files: {has_files}");
    }
}

#[tokio::test]
async fn a_token_that_is_still_valid_is_served_while_the_network_fails() {
    let server = Server::start(0, |n, _| if n == 0 { m2m_answer(100) } else { (503, json!({})) });
    let client = server.machine().build().unwrap();
    let first = client.m2m_token().await.unwrap();
    let second = client.m2m_token().await.unwrap();
    assert!(first.value().expose() == second.value().expose() && server.hits() > 1);
    // What a cache does not keep the token says.
    assert_eq!((first.scopes(), first.expires_at()), (second.scopes(), second.expires_at()));
    assert_eq!(second.scopes(), Some(vec!["api/read"]));
}

#[tokio::test]
async fn a_provider_does_not_ask_for_each_call_where_tokens_are_short_lived() {
    let server = Server::start(0, |_, _| m2m_answer(170));
    let provider = server.machine().build().unwrap().m2m_token_provider();
    for _ in 0..5 {
        provider.token().await.unwrap();
    }
    assert_eq!(server.hits(), 1);
}

/// A cache that can be read and not written, as Redis after a failover.
#[derive(Debug)]
struct ReadOnly;

impl TokenCache for ReadOnly {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>> {
        Box::pin(async { Ok(None) })
    }

    fn put<'a>(&'a self, _: &'a str, _: CachedToken) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(Error::store("read-only")) })
    }
}

#[tokio::test]
async fn a_token_that_cant_be_cached_is_served() {
    let server =
        Server::start(
            0,
            |_, head| if head.contains("/oauth2/token") { m2m_answer(3600) } else { signed_in(3600, 3600) },
        );
    server.machine().token_cache(ReadOnly).build().unwrap().m2m_token().await.unwrap();
    let user = server.user().password(Secret::new("p".into())).token_cache(ReadOnly).build().unwrap();
    user.user_token().await.unwrap();
}

#[tokio::test]
async fn those_who_wait_share_a_token_that_cant_be_cached() {
    let server = Server::start(200, |_, _| m2m_answer(3600));
    let client = server.machine().token_cache(ReadOnly).build().unwrap();
    let results = all(|| {
        let client = client.clone();
        Box::pin(async move { client.m2m_token().await })
    });
    assert!(results.await.iter().all(Result::is_ok));
    assert_eq!(server.hits(), 1);
}

/// A cache on another machine, which no future finds ready at first.
#[derive(Debug, Default)]
struct Remote(token_cache::MemoryCache);

impl TokenCache for Remote {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.0.get(key).await
        })
    }

    fn put<'a>(&'a self, key: &'a str, token: CachedToken) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.0.put(key, token).await
        })
    }
}

#[tokio::test]
async fn a_cached_token_is_served_where_the_server_takes_all_the_time() {
    let server = Server::start(0, |n, _| {
        if n > 0 {
            std::thread::sleep(Duration::from_secs(20));
        }
        m2m_answer(100)
    });
    let builder = server.machine().timeout(Duration::from_millis(500));
    let client = builder.token_cache(Remote::default()).build().unwrap();
    client.m2m_token().await.unwrap();
    client.m2m_token().await.unwrap();
    assert_eq!(server.hits(), 2);
}

#[derive(Debug)]
struct Hung;

impl SecretSource for Hung {
    fn secret(&self, _: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>> {
        Box::pin(std::future::pending())
    }
}

impl TokenCache for Hung {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>> {
        Box::pin(std::future::pending())
    }

    fn put<'a>(&'a self, _: &'a str, _: CachedToken) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_part_of_the_callers_own_that_hangs_ends_with_the_call() {
    let server = Server::start(0, |_, _| m2m_answer(3600));
    let url = format!("{}/oauth2/token", server.url);
    let builder = || Client::builder().m2m_client_id("machine").token_url(&url).timeout(Duration::from_millis(300));
    let (source, cache) =
        (builder().secret_source(Hung).build().unwrap(), builder().token_cache(Hung).build().unwrap());
    for (client, says) in
        [(source, "the source of secrets has not answered"), (cache, "the token cache has not answered")]
    {
        let error = tokio::time::timeout(Duration::from_secs(15), client.m2m_token()).await.unwrap().unwrap_err();
        assert!(error.kind() == Kind::Store && error.message().contains(says), "{error}");
    }
}

#[tokio::test]
async fn both_tokens_of_a_user_are_valid() {
    for has_files in [false, true] {
        let (server, dir) = (Server::start(0, |_, _| signed_in(3600, 60)), tempfile::tempdir().unwrap());
        let builder = server.user().password(Secret::new("p".into()));
        let builder = if has_files { builder.cache_dir(dir.path()) } else { builder };
        let client = builder.build().unwrap();
        let first = client.user_token().await.unwrap();
        let second = client.user_token().await.unwrap();
        assert!(first.id_token().is_some() && second.id_token().is_some());
        assert_eq!(server.hits(), 2, "the ID token has a minute, and two are wanted; files: {has_files}");
    }
}

#[tokio::test]
async fn a_completed_sign_in_is_not_lost_where_it_cant_be_kept() {
    let server = Server::start(0, |_, _| signed_in(3600, 3600));
    let client = server.user().timeout(Duration::from_millis(500)).build().unwrap();
    let key = cache_key(&client.0.profile).unwrap();
    let far = Instant::now() + Duration::from_secs(60);
    let turn = client.0.locks.lock(key.stem().to_owned(), Instant::now(), far).await.unwrap();
    let step = client.sign_in("alice").password(Secret::new("p".into())).keep_session().start().await.unwrap();
    drop(turn);
    let SignInStep::Done(tokens) = step else { panic!("{step:?}") };
    assert!(tokens.refresh_token().is_some(), "the caller owns the session");
}

#[tokio::test]
async fn a_given_password_signs_in_after_a_session_of_the_browser() {
    let server = Server::start(0, |_, _| signed_in(3600, 3600));
    let client = server.user().password(Secret::new("p".into())).build().unwrap();
    let stem = cache_key(&client.0.profile).unwrap().stem().to_owned();
    let over = Record { over: Some(SessionOrigin::Endpoint), ..Record::default() };
    client.0.sessions.memory().records.insert(stem, over);
    client.user_token().await.unwrap();
}

#[tokio::test]
async fn a_client_whose_user_has_to_answer_is_freed() {
    let asked = json!({"ChallengeName": "SMS_MFA", "Session": "s".repeat(30), "ChallengeParameters": {}});
    let server = Server::start(0, move |_, _| (200, asked.clone()));
    let client = server.user().password(Secret::new("p".into())).build().unwrap();
    let inner: Weak<Inner> = Arc::downgrade(&client.0);
    let error = client.user_token().await.unwrap_err();
    assert!(PendingSignIn::in_error(&error).is_some(), "{error}");
    drop(error);
    // Tasks that waited get the same challenge.
    drop(client);
    assert!(inner.upgrade().is_none(), "its password is still in memory");
}

#[test]
fn no_code_is_given_twice() {
    let memory = &mut user_sessions::Memory::default();
    let mut take = |now, latest| memory.take_code("key".to_owned(), now, latest);
    assert_eq!((take(100, 100), take(100, 101), take(100, 101), take(103, 104)), (100, 101, 102, 103));
    assert_eq!(take(10, 11), 10, "a clock that was set back starts over");
}
