//! Tokens of the tests' own making, signed with the keys of tests/fixtures/jwt.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};

/// The user pool of these tokens.
pub const POOL: &str = "us-east-1_Example01";
/// Its original issuer.
pub const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01";
/// The app client of its users.
pub const CLIENT: &str = "1example23456789abcdefghij";
/// The app client of machines.
pub const MACHINE: &str = "9example8765432zyxwvutsrqp";

/// An entry of keys.json: `access`, `id`, `stranger`, `small`.
pub fn key(name: &str) -> Value {
    let keys: Value = serde_json::from_str(include_str!("../../fixtures/jwt/keys.json")).expect("keys.json");
    keys[name].clone()
}

/// A public key as a pool publishes it.
pub fn jwk(name: &str) -> Value {
    let key = key(name);
    json!({"alg": "RS256", "e": key["e"], "kid": key["kid"], "kty": "RSA", "n": key["n"], "use": "sig"})
}

/// The pool's key set: one key for access tokens, one for ID tokens.
pub fn jwks() -> Value {
    json!({"keys": [jwk("access"), jwk("id")]})
}

/// base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A signature of `message` by this key, with this padding and hash.
pub fn signature(name: &str, algorithm: &'static dyn RsaEncoding, message: &str) -> Vec<u8> {
    let der = BASE64_STANDARD.decode(key(name)["pkcs8"].as_str().expect("a key")).expect("Base64");
    let pair = RsaKeyPair::from_pkcs8(&der).expect("a key of 2048 bits");
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(algorithm, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("a signature");
    signature
}

/// A token of these parts as they are, signed RS256.
pub fn sign_text(name: &str, header: &str, payload: &[u8]) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = signature(name, &RSA_PKCS1_SHA256, &message);
    format!("{message}.{}", encode(signature))
}

/// A token with this header and these claims, signed RS256.
pub fn sign_with(name: &str, header: &Value, claims: &Value) -> String {
    sign_text(name, &header.to_string(), claims.to_string().as_bytes())
}

/// A token with these claims, signed as Cognito signs: access and ID tokens by different keys.
pub fn sign(claims: &Value) -> String {
    let name = if claims["token_use"] == "id" { "id" } else { "access" };
    sign_with(name, &json!({"kid": key(name)["kid"], "alg": "RS256"}), claims)
}

/// A user's access token as Cognito issues it at `now` (seconds since the Unix epoch), for an hour.
pub fn access_claims(now: u64) -> Value {
    json!({"sub": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b", "cognito:groups": ["platform_user", "readers"], "iss": ISSUER,
        "version": 2, "client_id": CLIENT, "origin_jti": "a4f1", "event_id": "c1", "token_use": "access",
        "scope": "aws.cognito.signin.user.admin api/read", "auth_time": now, "exp": now + 3600, "iat": now, "jti": "0d5c",
        "username": "alice"})
}

/// A user's ID token.
pub fn id_claims(now: u64) -> Value {
    json!({"sub": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b", "cognito:groups": ["platform_user"], "iss": ISSUER,
        "cognito:username": "alice", "aud": CLIENT, "event_id": "c1", "token_use": "id", "auth_time": now,
        "exp": now + 3600, "iat": now, "jti": "0d5d", "email": "alice@example.com", "email_verified": true})
}

/// A machine's access token.
pub fn machine_claims(now: u64) -> Value {
    json!({"sub": MACHINE, "token_use": "access", "scope": "api/read api/write", "auth_time": now, "iss": ISSUER,
        "exp": now + 3600, "iat": now, "version": 2, "jti": "0d5e", "client_id": MACHINE})
}
