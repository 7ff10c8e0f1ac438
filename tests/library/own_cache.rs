//! A user's tokens in a cache of the program's own: any number of tasks cause one sign-in, and the refresh token renews them.
//!
//! `own_cache ENDPOINT POOL CLIENT USERNAME`, with the password on a line of standard input.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use cogtok::{BoxFuture, CachedToken, Client, Error, Secret, TokenCache};

const TASKS: usize = 50;

/// What stands in for Redis.
#[derive(Debug, Default, Clone)]
struct Shared(Arc<Mutex<HashMap<String, CachedToken>>>);

impl TokenCache for Shared {
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

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("{error}");
        std::process::exit(i32::from(error.kind().exit_code()));
    }
}

async fn run() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, pool, id, username] = arguments.as_slice() else {
        return Err(Error::usage("ENDPOINT POOL CLIENT USERNAME"));
    };
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).map_err(|error| Error::usage(error.to_string()))?;
    let cache = Shared::default();
    let client = Client::builder().endpoint_url(endpoint).user_pool_id(pool).user_client_id(id).username(username);
    let client = client.password(Secret::new(password.trim_end().to_owned())).token_cache(cache.clone()).build()?;

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let client = client.clone();
        tasks.spawn(
            async move { client.user_token().await.map(|user| user.access_token().value().expose().to_owned()) },
        );
    }
    let mut tokens = BTreeSet::new();
    while let Some(token) = tasks.join_next().await {
        tokens.insert(token.expect("no task panics")?);
    }
    println!("{TASKS} tasks, {} token, {} in the cache", tokens.len(), cache.0.lock().expect("no task panics").len());

    // Somebody clears the cache: the refresh token brings new ones, without the password.
    cache.0.lock().expect("no task panics").clear();
    let renewed = client.user_token().await?;
    println!("renewed: {}", !tokens.contains(renewed.access_token().value().expose()));
    println!("ID token: {}", if renewed.id_token().is_some() { "there" } else { "missing" });
    Ok(())
}
