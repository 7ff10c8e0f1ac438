//! A program that uses the session of a user who signed in with `cogtok`, from the keyring or the sealed file. Where only a
//! person can go on, it hands the challenge over.
//!
//! `signed_in PROFILE [SECRETS_FILE]`; the sealed file's identity is on a line of standard input.

#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout)]

use cogtok::{Client, ClientBuilder, Error, PendingSignIn, Secret, StoredSecrets};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        match PendingSignIn::in_error(&error) {
            Some(pending) => eprintln!("{} waits for {}", pending.challenge().name(), pending.username()),
            None => eprintln!("{error}"),
        }
        std::process::exit(i32::from(error.kind().exit_code()));
    }
}

async fn run() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let profile = arguments.next().ok_or_else(|| Error::usage("PROFILE [SECRETS_FILE]"))?;
    let client = match arguments.next() {
        None => Client::from_profile(&profile)?,
        Some(file) => {
            let mut identity = String::new();
            std::io::stdin().read_line(&mut identity).map_err(|error| Error::usage(error.to_string()))?;
            let secrets = StoredSecrets::sealed_file(file, &Secret::new(identity))?;
            ClientBuilder::from_profile(&profile)?.secret_source(secrets).build()?
        }
    };
    println!("{}", client.user_token().await?.access_token().value().expose());
    Ok(())
}
