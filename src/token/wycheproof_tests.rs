//! Wycheproof's JSON Web vectors. Every one of them is tried; accepted may be what is valid, RS256 and of an RSA key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wycheproof_ng_core::TestResult;
use wycheproof_ng_kdf_jose::json_web::{TestGroup, TestName, TestSet};

use super::{KeySet, verify_signature};

/// The keys of a group as a set, the secret ones of groups that have no public.
fn key_set(group: &TestGroup) -> Vec<u8> {
    let keys = group.public_key.clone().or_else(|| group.private_key.clone()).unwrap();
    let set = if keys.get("keys").is_some() { keys } else { json!({ "keys": [keys] }) };
    set.to_string().into_bytes()
}

fn is_accepted(keys: &[u8], token: &str) -> bool {
    KeySet::parse(keys).is_ok_and(|keys| verify_signature(token, &keys).is_ok())
}

fn is_rs256(token: &str) -> bool {
    let header = token.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let header = header.and_then(|header| serde_json::from_slice::<Value>(&header).ok());
    header.is_some_and(|header| header["alg"] == "RS256")
}

/// Tries every vector of a file; gives how many there were and how many were accepted.
fn try_all(name: TestName) -> (usize, Vec<usize>) {
    let set = TestSet::load(name).unwrap();
    let (mut count, mut accepted) = (0, Vec::new());
    for group in &set.test_groups {
        let keys = key_set(group);
        for test in &group.tests {
            count += 1;
            // Anything but the compact form is refused.
            let token = test.jws.clone().or_else(|| test.jwe.clone()).unwrap_or_default();
            let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
            let is_rsa = String::from_utf8_lossy(&keys).contains(r#""kty":"RSA""#);
            let expected = test.result == TestResult::Valid && is_rs256(&token) && is_rsa;
            let result = is_accepted(&keys, &token);
            assert_eq!(result, expected, "{name:?} {}: {}", test.tc_id, test.comment);
            accepted.extend(result.then_some(test.tc_id));
        }
    }
    assert_eq!(count, set.number_of_tests);
    (count, accepted)
}

#[test]
fn json_web_signature() {
    let (count, accepted) = try_all(TestName::JsonWebSignature);
    assert_eq!(count, 401);
    // The tokens signed with RS256 and a key for signatures.
    assert_eq!(accepted, [33, 259, 260, 261, 262, 263, 345, 349]);
}

#[test]
fn json_web_key() {
    assert_eq!(try_all(TestName::JsonWebKey), (26, vec![5]));
}

#[test]
fn json_web_crypto() {
    assert_eq!(try_all(TestName::JsonWebCrypto), (83, vec![33]));
}
