//! An independent verifier of tokens: PyJWT, which shares no code with cogtok.

use super::ministack::venv;
use super::workshop::Workshop;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

/// The claims of a token that the workshop's pool has signed; panics if it has not.
pub fn verify(token: &str, workshop: &Workshop) -> Value {
    try_verify(token, workshop).unwrap_or_else(|error| panic!("PyJWT refuses the token: {error}"))
}

/// The claims, or PyJWT's last line.
pub fn try_verify(token: &str, workshop: &Workshop) -> Result<Value, String> {
    let mut python = Command::new(venv().join("bin/python"))
        .args(["-I", "-B", "-c", include_str!("../../fixtures/verify.py")])
        .args([&workshop.jwks_url, &workshop.issuer])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    python.stdin.take().expect("piped").write_all(token.as_bytes()).expect("write");
    let done = python.wait_with_output().expect("wait");
    if done.status.success() {
        return Ok(serde_json::from_slice(&done.stdout).expect("JSON"));
    }
    Err(String::from_utf8_lossy(&done.stderr).lines().last().unwrap_or_default().to_string())
}
