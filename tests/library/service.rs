//! A service that adds the library: a thousand tasks share one token, which keeps itself fresh, and each token that comes in
//! is verified.
//!
//! `service ENDPOINT POOL CLIENT TOKEN_URL [CACHE_DIR]`, with the client's secret on a line of standard input; prints what it
//! found, a line each.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use cogtok::{
    AccessToken, Advice, AdviceKind, BoxFuture, CachedToken, Challenge, ChallengeResponse, Claims, Client,
    ClientBuilder, Error, PendingSignIn, Secret, SecretRequest, SecretSource, ServiceText, SignInBuilder, SignInStep,
    StoredSecrets, TokenCache, TokenProvider, TokenUse, UserTokens, Verifier,
};

const TASKS: usize = 1000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Err(error) = runtime.block_on(run()) {
        eprintln!("{error}");
        std::process::exit(i32::from(error.kind().exit_code()));
    }
}

async fn run() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or_else(|| Error::usage("ENDPOINT POOL CLIENT TOKEN_URL [CACHE_DIR]"));
    let (endpoint, pool, id, token_url) = (next()?, next()?, next()?, next()?);
    let cache_dir = next().ok();
    let mut secret = String::new();
    std::io::stdin().read_line(&mut secret).map_err(|error| Error::usage(error.to_string()))?;

    let client = Client::builder().endpoint_url(&endpoint).user_pool_id(&pool).m2m_client_id(&id).token_url(&token_url);
    let client = client.secret_source(Vault(Secret::new(secret.trim_end().to_owned())));
    let client = match cache_dir {
        Some(dir) => client.cache_dir(dir),
        None => client.token_cache(Map::default()),
    };
    let client = client.build()?;

    let provider = client.m2m_token_provider();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let provider = provider.clone();
        tasks.spawn(async move { provider.token().await.map(|token| token.value().expose().to_owned()) });
    }
    let mut tokens = BTreeSet::new();
    while let Some(token) = tasks.join_next().await {
        tokens.insert(token.expect("no task panics")?);
    }
    println!("{TASKS} tasks, {} token", tokens.len());

    // A future that is dropped halfway loses nothing and holds nobody up.
    let _ = tokio::time::timeout(Duration::from_millis(1), client.m2m_token()).await;
    let token = client.m2m_token().await?;
    println!("header {}", if token.headers()?.contains_key("authorization") { "authorization" } else { "missing" });

    let verifier = client.verifier(TokenUse::Access)?;
    println!("verified {}", verifier.verify(token.value().expose()).await?.client_id().unwrap_or_default());
    let as_id = client.verifier(TokenUse::Id)?.verify(token.value().expose()).await;
    println!("as an ID token: exit code {}", as_id.map_or_else(|error| error.kind().exit_code(), |_| 0));
    Ok(())
}

/// A source of secrets of the program's own.
#[derive(Debug)]
struct Vault(Secret);

impl SecretSource for Vault {
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>, Error>> {
        // What is about to be sent where is known before the secret is handed out.
        let is_ours =
            request.origin().starts_with("http://127.0.0.1:") || request.origin().starts_with("http://localhost:");
        Box::pin(async move { Ok(is_ours.then(|| self.0.clone())) })
    }
}

/// A cache of the program's own.
#[derive(Debug, Default)]
struct Map(Mutex<HashMap<String, CachedToken>>);

impl TokenCache for Map {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>, Error>> {
        Box::pin(async move { Ok(self.0.lock().expect("no task panics").get(key).cloned()) })
    }

    fn put<'a>(&'a self, key: &'a str, token: CachedToken) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.0.lock().expect("no task panics").insert(key.to_owned(), token);
            Ok(())
        })
    }
}

/// What stands here compiles only while each public type may cross threads and each public future may be spawned.
#[allow(dead_code)]
fn everything_may_be_spawned(
    client: &'static Client,
    provider: &'static TokenProvider,
    verifier: &'static Verifier,
    builder: SignInBuilder,
    pending: &'static PendingSignIn,
    response: ChallengeResponse,
    secret: &'static Secret,
) {
    fn may_be_spawned<T: Send + 'static>(_: T) {}
    fn is_shared<T: Send + Sync + 'static>() {}
    may_be_spawned(client.m2m_token());
    may_be_spawned(client.user_token());
    may_be_spawned(client.resume_sign_in(secret));
    may_be_spawned(provider.token());
    may_be_spawned(provider.headers());
    may_be_spawned(verifier.verify(""));
    may_be_spawned(builder.start());
    may_be_spawned(pending.respond(response));
    is_shared::<AccessToken>();
    is_shared::<CachedToken>();
    is_shared::<Challenge>();
    is_shared::<ChallengeResponse>();
    is_shared::<Claims>();
    is_shared::<Client>();
    is_shared::<ClientBuilder>();
    is_shared::<Error>();
    is_shared::<Advice>();
    is_shared::<AdviceKind>();
    is_shared::<PendingSignIn>();
    is_shared::<Secret>();
    is_shared::<SecretRequest>();
    is_shared::<ServiceText>();
    is_shared::<SignInBuilder>();
    is_shared::<SignInStep>();
    is_shared::<StoredSecrets>();
    is_shared::<TokenProvider>();
    is_shared::<UserTokens>();
    is_shared::<Verifier>();
    is_shared::<Box<dyn SecretSource>>();
    is_shared::<Box<dyn TokenCache>>();
}
