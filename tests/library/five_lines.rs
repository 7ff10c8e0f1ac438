//! The five lines of docs/library.md: a machine-to-machine token of the profile `ws`, from its cache while it is valid.

#![allow(clippy::print_stdout)]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cogtok::Error> {
    let client = cogtok::Client::from_profile("ws")?;
    let token = client.m2m_token().await?;
    println!("Authorization: Bearer {}", token.value().expose());
    Ok(())
}
