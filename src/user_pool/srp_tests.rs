//! Known answers; `tests/fixtures/README.md` names their sources.

use serde_json::Value;

use crate::user_pool::srp::*;

fn known_answers() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/srp_vectors.json")).unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_else(|| panic!("no {name} in {vector}"))
}

/// Milliseconds since the epoch of a TIMESTAMP.
fn moment(timestamp: &str) -> u64 {
    let time = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S UTC %Y", timestamp).unwrap().to_datetime().unwrap();
    time.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond() as u64
}

fn exchange(vector: &Value) -> SrpClient {
    SrpClient::with_private(BigUint::parse_bytes(text(vector, "a").as_bytes(), 16).unwrap()).unwrap()
}

#[test]
fn every_user_vector_gives_its_public_value_key_and_signature() {
    let answers = known_answers();
    let vectors = answers["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 5);
    for vector in vectors {
        let exchange = exchange(vector);
        assert_eq!(exchange.srp_a(), text(vector, "A"), "{}", vector["name"]);
        let challenge = PasswordVerifierChallenge {
            srp_b: text(vector, "B"),
            salt: text(vector, "salt"),
            secret_block: text(vector, "secret_block"),
            user_id: text(vector, "user_id_for_srp"),
        };
        let pool: crate::settings::types::PoolId = text(vector, "pool_id").parse().unwrap();
        let password = Secret::new(text(vector, "password").to_owned());
        let key = exchange.session_key(pool.srp_name(), &challenge, &password).unwrap();
        assert_eq!(hex_of(key.as_ref()), text(vector, "hkdf"), "{}", vector["name"]);
        let proof = exchange.prove(pool.srp_name(), &challenge, &password, moment(text(vector, "timestamp"))).unwrap();
        let expected =
            Proof { signature: text(vector, "signature").to_owned(), timestamp: text(vector, "timestamp").to_owned() };
        assert_eq!(proof, expected, "{}", vector["name"]);
    }
}

#[test]
fn the_device_vector_gives_its_verifier_key_and_signature() {
    let answers = known_answers();
    let vector = &answers["device_vector"];
    let (group, key) = (text(vector, "device_group_key"), text(vector, "device_key"));
    let password = Secret::new(text(vector, "device_password").to_owned());
    let salt = BigUint::parse_bytes(text(vector, "salt").as_bytes(), 16).unwrap();
    let verifier = device_verifier_with(group, key, &password, &salt);
    assert_eq!(verifier.salt, text(vector, "confirm_Salt"));
    assert_eq!(verifier.password_verifier, text(vector, "confirm_PasswordVerifier"));
    let exchange = exchange(vector);
    assert_eq!(exchange.srp_a(), text(vector, "A"));
    let challenge = PasswordVerifierChallenge {
        srp_b: text(vector, "B"),
        salt: text(vector, "salt"),
        secret_block: text(vector, "secret_block"),
        user_id: key,
    };
    let session_key = exchange.session_key(group, &challenge, &password).unwrap();
    assert_eq!(hex_of(session_key.as_ref()), text(vector, "hkdf"));
    let proof = exchange.prove(group, &challenge, &password, moment(text(vector, "timestamp"))).unwrap();
    assert_eq!(proof.signature, text(vector, "signature"));
}

#[test]
fn every_device_gets_a_password_of_its_own() {
    let passwords: std::collections::BTreeSet<String> =
        (0..20).map(|_| device_password().unwrap().expose().to_owned()).collect();
    assert_eq!(passwords.len(), 20);
    assert!(passwords.iter().all(|password| password.len() == 56));
}

#[test]
fn every_secret_hash_vector_holds() {
    let answers = known_answers();
    let vectors = answers["secret_hash_vectors"].as_array().unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let secret = Secret::new(text(vector, "client_secret").to_owned());
        let hash = secret_hash(text(vector, "username"), text(vector, "client_id"), &secret).unwrap();
        assert_eq!(hash, text(vector, "secret_hash"), "{vector}");
    }
}

#[test]
fn a_challenge_that_would_give_the_password_away_is_refused() {
    let exchange = SrpClient::start().unwrap();
    let n = std::str::from_utf8(N_HEX).unwrap();
    for srp_b in ["0", n, "", "xyz", "-1", &"f".repeat(4096)] {
        let challenge = PasswordVerifierChallenge { srp_b, salt: "01", secret_block: "AAAA", user_id: "alice" };
        let error = exchange.prove("pool", &challenge, &Secret::new("pw".into()), 0).unwrap_err();
        assert_eq!(error.kind(), Kind::Network, "{srp_b}");
    }
}

#[test]
fn the_day_of_the_month_has_no_leading_zero() {
    assert_eq!(timestamp(1_741_147_629_000).unwrap(), "Wed Mar 5 04:07:09 UTC 2025");
    assert!(timestamp(u64::MAX).is_err());
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
