//! Which keys of a key set count.

use super::*;

#[test]
fn a_key_set_gives_only_keys_that_may_check_rs256() {
    let parse = |keys: Value| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes());
    let token = sign(&access_claims(NOW));
    let access = |name: &str, value: Value| changed(jwk("access"), name, value);
    for (name, key) in [
        ("as it is", jwk("access")),
        ("without use", without(jwk("access"), "use")),
        ("without alg", without(jwk("access"), "alg")),
        ("key_ops verify", access("key_ops", json!(["verify"]))),
        ("key_ops sign and verify", access("key_ops", json!(["sign", "verify"]))),
        ("more members", access("x", json!(1))),
    ] {
        let keys = parse(json!([key])).unwrap_or_else(|error| panic!("{name}: {error}"));
        verify(&token, &keys, &expected(), NOW * 1000).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    for (name, key) in [
        ("use enc", access("use", json!("enc"))),
        ("use of a wrong type", access("use", json!(["sig"]))),
        ("key_ops encrypt", access("key_ops", json!(["encrypt"]))),
        ("key_ops sign", access("key_ops", json!(["sign"]))),
        ("key_ops empty", access("key_ops", json!([]))),
        ("key_ops of a wrong type", access("key_ops", json!("verify"))),
        ("alg RS512", access("alg", json!("RS512"))),
        ("alg PS256", access("alg", json!("PS256"))),
        ("alg RSA-OAEP", access("alg", json!("RSA-OAEP"))),
        ("alg HS256", access("alg", json!("HS256"))),
        ("no kid", without(jwk("access"), "kid")),
        ("kid a number", access("kid", json!(1))),
        ("kty oct", access("kty", json!("oct"))),
        ("kty EC", access("kty", json!("EC"))),
        ("no n", without(jwk("access"), "n")),
        ("no e", without(jwk("access"), "e")),
        ("n empty", access("n", json!(""))),
        ("n with padding", access("n", json!(format!("{}==", key_text("n"))))),
        ("n with a leading zero", access("n", json!(encode([vec![0], decode(&key_text("n"))].concat())))),
        ("n even", access("n", json!(encode([decode(&key_text("n")), vec![0]].concat())))),
        ("n of 2047 bits", access("n", json!(encode([vec![0x7f], decode(&key_text("n"))[1..].to_vec()].concat())))),
        ("n of 8200 bits", access("n", json!(encode(vec![0xff; 1025])))),
        ("e 1", access("e", json!("AQ"))),
        ("e 0", access("e", json!("AA"))),
        ("e 2", access("e", json!("Ag"))),
        ("e empty", access("e", json!(""))),
        ("e of five bytes", access("e", json!(encode([1, 0, 0, 0, 1])))),
        ("a key of 1024 bits", jwk("small")),
        ("no object", json!("key")),
        ("null", json!(null)),
    ] {
        assert!(parse(json!([key.clone()])).is_err(), "{name}");
        // Skipped next to a good key.
        let keys = parse(json!([jwk("id"), key])).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(keys.ids().collect::<Vec<_>>(), ["test-id"], "{name}");
    }
    let twice = json!([jwk("access"), changed(jwk("stranger"), "kid", json!("test-access"))]);
    assert!(parse(twice).unwrap_err().message().contains("same `kid`"));
    assert!(parse(json!([])).unwrap_err().message().contains("no keys"));
    assert!(parse(json!(vec![jwk("access"); 101])).unwrap_err().message().contains("more than 100"));
    for document in ["", "null", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "<html>", &"[".repeat(100_000)] {
        assert_eq!(KeySet::parse(document.as_bytes()).unwrap_err().kind(), Kind::Network, "{document:.20}");
    }
    let again = KeySet::parse(keys().to_json().to_string().as_bytes()).unwrap();
    verify(&token, &again, &expected(), NOW * 1000).unwrap();
}

fn key_text(name: &str) -> String {
    jwk("access")[name].as_str().unwrap().to_owned()
}

fn decode(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}
