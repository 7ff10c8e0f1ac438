//! Tokens that are changed in every way that somebody could think of, the same in each run.

mod headers;
mod payloads;
mod spellings;

use super::sign::{self, CLIENT, ISSUER, MACHINE, encode, sign_text, sign_with};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use serde_json::{Value, json};

/// The moment at which they are judged, and how faketime is given it.
pub const NOW: u64 = 1_800_000_000;
pub const NOW_FOR_FAKETIME: &str = "2027-01-15 08:00:00";

/// A token with the name of what was done to it.
pub struct Mutant {
    pub name: String,
    pub token: String,
}

/// The pool's keys, and beside them keys of every kind that no pool of Cognito has.
pub fn jwks() -> Value {
    let mut keys = vec![sign::jwk("access"), sign::jwk("id")];
    for (kid, name, value) in
        [("test-rs384", "alg", json!("RS384")), ("test-enc", "use", json!("enc")), ("test-no-alg", "alg", Value::Null)]
    {
        let mut jwk = sign::jwk("stranger");
        jwk["kid"] = json!(kid);
        jwk[name] = value;
        jwk.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        keys.push(jwk);
    }
    keys.extend(["p256", "p384", "ed25519"].map(|name| other_key(name)["jwk"].clone()));
    keys.push(
        json!({"kty": "oct", "kid": "test-oct", "alg": "HS256", "k": encode("0123456789abcdef0123456789abcdef")}),
    );
    json!({ "keys": keys })
}

fn other_key(name: &str) -> Value {
    let keys: Value =
        serde_json::from_str(include_str!("../../fixtures/jwt/other_keys.json")).expect("other_keys.json");
    keys[name].clone()
}

fn der(key: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(key["pkcs8"].as_str().expect("a key")).expect("Base64")
}

/// All of them.
pub fn mutants() -> Vec<Mutant> {
    let mut all = Vec::new();
    let mut add = |name: String, token: String| all.push(Mutant { name, token });
    for (kind, claims) in bases() {
        add(format!("good {kind}"), sign::sign(&claims));
    }
    headers::algorithms(&mut add);
    headers::headers(&mut add);
    headers::header_texts(&mut add);
    payloads::claims(&mut add);
    payloads::times(&mut add);
    payloads::issuers(&mut add);
    payloads::clients(&mut add);
    payloads::payload_texts(&mut add);
    spellings::encodings(&mut add);
    spellings::shapes(&mut add);
    spellings::signatures(&mut add);
    spellings::flips(&mut add);
    all
}

type Add<'a> = &'a mut dyn FnMut(String, String);

fn access() -> Value {
    sign::access_claims(NOW)
}

fn bases() -> [(&'static str, Value); 3] {
    [("access", access()), ("id", sign::id_claims(NOW)), ("machine", sign::machine_claims(NOW))]
}

fn with(mut claims: Value, name: &str, value: Option<Value>) -> Value {
    let object = claims.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
    claims
}

fn header() -> Value {
    json!({"kid": "test-access", "alg": "RS256"})
}

/// A token of these parts, signed as `sign` does it.
fn made(header: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(access().to_string()));
    let signature = sign(&message);
    format!("{message}.{}", encode(signature))
}

/// A value in a name.
fn brief(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
