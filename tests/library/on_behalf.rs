//! An agent that calls another service for the user who called it: fifty tasks exchange the user's token, and one request is made.
//!
//! `on_behalf PROFILE RESOURCE`, with the user's token on a line of standard input; the secret of the profile's machine is stored.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::print_stderr, clippy::print_stdout)]

use std::collections::BTreeSet;

use cogtok::{Client, Error, Secret, TokenExchange};

const TASKS: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("{error}");
        std::process::exit(i32::from(error.kind().exit_code()));
    }
}

async fn run() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, resource] = arguments.as_slice() else { return Err(Error::usage("PROFILE RESOURCE")) };
    let mut bearer = String::new();
    std::io::stdin().read_line(&mut bearer).map_err(|error| Error::usage(error.to_string()))?;
    let client = Client::from_profile(profile)?;
    let own = client.m2m_token().await?;
    let exchange = TokenExchange::of(Secret::new(bearer.trim_end().to_owned()));
    let exchange = exchange.actor(own.value().clone()).resource(resource);

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (client, exchange) = (client.clone(), exchange.clone());
        tasks
            .spawn(async move { client.exchange_token(exchange).await.map(|token| token.value().expose().to_owned()) });
    }
    let mut tokens = BTreeSet::new();
    while let Some(token) = tasks.join_next().await {
        tokens.insert(token.expect("no task panics")?);
    }
    println!("{TASKS} tasks, {} token", tokens.len());
    tokens.iter().for_each(|token| println!("{token}"));
    Ok(())
}
