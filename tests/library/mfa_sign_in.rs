//! A web application's sign-in with an authenticator app, in two requests: the first brings the password, the second the code.
//! Between them the application has nothing but a secret, which any of its processes can go on with.
//!
//! `mfa_sign_in ENDPOINT POOL CLIENT USERNAME FLOW`; the password and then the codes are lines of standard input.

#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout)]

use std::time::Duration;

use cogtok::{Challenge, ChallengeResponse, Client, Error, ErrorKind, PendingSignIn, Secret, SignInStep, TokenUse};

/// How long the application waits for Cognito before it tells the browser to try again.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first request: what the application keeps until the second, as a secret.
async fn first_request(client: &Client, username: &str, password: Secret) -> Result<Secret, Error> {
    match client.sign_in(username).password(password).start().await? {
        SignInStep::Challenge(pending) => {
            println!("asked: {} of {}", pending.challenge().name(), pending.username());
            pending.to_secret()
        }
        _ => Err(Error::usage("the user has no second factor")),
    }
}

/// The second request. What a fault or a browser that goes away cuts off is tried again: the challenge is still there.
async fn second_request(client: &Client, kept: &Secret, code: Secret) -> Result<SignInStep, Error> {
    let pending: PendingSignIn = client.resume_sign_in(kept).await?;
    if !matches!(pending.challenge(), Challenge::Code { .. }) {
        return Err(Error::usage("this application has a page for codes only"));
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match tokio::time::timeout(PATIENCE, pending.respond(ChallengeResponse::Code(code.clone()))).await {
            Ok(Err(error)) if error.kind() == ErrorKind::Network && tries < 3 => println!("failed"),
            Err(_) if tries < 3 => println!("cut off"),
            Ok(result) => return result,
            Err(_) => return Err(Error::network("Cognito is slow today")),
        }
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
    let [endpoint, pool, id, username, flow] = arguments.as_slice() else {
        return Err(Error::usage("ENDPOINT POOL CLIENT USERNAME FLOW"));
    };
    // Two processes in all but name: each has a client of its own.
    let client = || {
        let client = Client::builder().endpoint_url(endpoint).user_pool_id(pool).user_client_id(id);
        client.auth_flow(flow.parse()?).build()
    };
    let mut lines = std::io::stdin().lines().map_while(Result::ok).map(Secret::new);
    let mut next = || lines.next().ok_or_else(|| Error::usage("one more line is wanted"));

    let mut kept = first_request(&client()?, username, next()?).await?;
    let tokens = loop {
        match second_request(&client()?, &kept, next()?).await? {
            SignInStep::Done(tokens) => break tokens,
            SignInStep::Challenge(pending) => {
                println!("refused: {}", pending.refused().map(ToString::to_string).unwrap_or_default());
                kept = pending.to_secret()?;
            }
            _ => return Err(Error::usage("a step that this application does not know")),
        }
    };
    println!("refresh token: {}", if tokens.refresh_token().is_some() { "the application's" } else { "none" });
    let verifier = client()?.verifier(TokenUse::Access)?;
    match verifier.verify(tokens.access_token().value().expose()).await {
        Ok(claims) => println!("verified: {}", claims.username().unwrap_or_default()),
        Err(error) => println!("not verified: exit code {}", error.kind().exit_code()),
    }
    Ok(())
}
