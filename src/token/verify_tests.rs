//! One token for each rule, signed with the tests' own keys.

use std::time::{Duration, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RsaEncoding,
};
use serde_json::{Value, json};

use super::*;
use crate::error::{Error, Kind};

use crate::token::sign::{
    self, CLIENT, ISSUER, MACHINE, access_claims, encode, id_claims, jwk, jwks, key, machine_claims, sign, sign_text,
    sign_with, signature,
};

#[path = "verify_claims_tests.rs"]
mod claims;
#[path = "key_set_tests.rs"]
mod key_set;
#[path = "verify_told_tests.rs"]
mod told;

const NOW: u64 = 1_700_000_000;

fn keys() -> KeySet {
    KeySet::parse(jwks().to_string().as_bytes()).unwrap()
}

fn expected() -> Expectations {
    let clients = vec![CLIENT.parse().unwrap(), MACHINE.parse().unwrap()];
    Expectations::of_pool(&sign::POOL.parse().unwrap(), clients)
}

fn try_it(token: &str) -> Result<Claims, Rejection> {
    verify(token, &keys(), &expected(), NOW * 1000)
}

/// The access token with one claim changed, or taken away by null.
fn with(name: &str, value: Value) -> Value {
    changed(access_claims(NOW), name, value)
}

fn with_id(name: &str, value: Value) -> Value {
    changed(id_claims(NOW), name, value)
}

fn changed(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// A header of the access key with more parameters.
fn header(more: Value) -> Value {
    let mut header = json!({"kid": "test-access", "alg": "RS256"});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    header
}

fn rejected(rows: Vec<(&str, String, &str)>) -> usize {
    let count = rows.len();
    for (name, token, claim) in rows {
        match try_it(&token) {
            Ok(_) => panic!("{name}: accepted"),
            Err(rejection) => {
                assert_eq!(rejection.claim, claim, "{name}: {rejection}");
                let error = Error::from(rejection);
                assert_eq!(error.kind(), Kind::InvalidToken);
                assert!(error.message().starts_with("NOT verified: "), "{name}: {error}");
                assert!(!error.message().chars().any(crate::error::is_unprintable), "{name}: {error:?}");
                assert!(error.message().len() < 1000, "{name}: {error}");
            }
        }
    }
    count
}

#[test]
fn what_cognito_issues_is_accepted() {
    let claims = try_it(&sign(&access_claims(NOW))).unwrap();
    assert_eq!(
        (claims.username(), claims.client_id(), claims.kind()),
        (Some("alice"), Some(CLIENT), TokenKind::UserAccess)
    );
    assert_eq!(
        (claims.expires_at(), claims.scopes().join(" ").as_str()),
        (UNIX_EPOCH + Duration::from_secs(NOW + 3600), "aws.cognito.signin.user.admin api/read")
    );
    let claims = try_it(&sign(&id_claims(NOW))).unwrap();
    assert_eq!((claims.username(), claims.client_id(), claims.kind()), (Some("alice"), Some(CLIENT), TokenKind::Id));
    let claims = try_it(&sign(&machine_claims(NOW))).unwrap();
    assert_eq!((claims.username(), claims.subject(), claims.kind()), (None, Some(MACHINE), TokenKind::Machine));
    let updated = ISSUER.replace("//cognito-idp", "//issuer-cognito-idp");
    try_it(&sign(&with("iss", json!(updated)))).unwrap();
    // Parameters that don't affect verification.
    for more in [json!({"typ": "JWT"}), json!({"typ": "at+jwt"}), json!({"cty": "JWT"}), json!({"x": 1})] {
        try_it(&sign_with("access", &header(more.clone()), &access_claims(NOW)))
            .unwrap_or_else(|why| panic!("{more}: {why}"));
    }
}

#[test]
fn every_rule_of_form_and_algorithm_has_a_token_that_breaks_it() {
    let claims = access_claims(NOW);
    let good = sign(&claims);
    let parts: Vec<&str> = good.split('.').collect();
    let [head, payload, sig] = parts[..] else { panic!("three parts") };
    let alg = |alg: Value| sign_with("access", &header(json!({ "alg": alg })), &claims);
    let unsigned = |alg: &str| format!("{}.{payload}.", encode(json!({"kid": "test-access", "alg": alg}).to_string()));
    let count = rejected(vec![
        ("nothing", String::new(), "format"),
        ("one part", "opaque".into(), "format"),
        ("two parts", format!("{head}.{payload}"), "format"),
        ("four parts", format!("{good}.{sig}"), "format"),
        ("five parts (JWE)", format!("{good}.{sig}.{sig}"), "format"),
        ("no header", format!(".{payload}.{sig}"), "format"),
        ("a header in padded Base64", format!("{}=.{payload}.{sig}", encode("{}")), "format"),
        ("a header that is no JSON", format!("{}.{payload}.{sig}", encode("alg")), "format"),
        ("a header that is a list", format!("{}.{payload}.{sig}", encode("[\"RS256\"]")), "format"),
        ("a space before", format!(" {good}"), "format"),
        ("a line end behind", format!("{good}\n"), "signature"),
        ("no payload", format!("{head}..{sig}"), "signature"),
        (
            "a payload of its own",
            format!("{head}.{}.{sig}", encode(with("username", json!("root")).to_string())),
            "signature",
        ),
        ("a payload that is no JSON", sign_text("access", &header(json!({})).to_string(), b"hello"), "format"),
        ("a payload that is a list", sign_text("access", &header(json!({})).to_string(), b"[]"), "format"),
        (
            "a payload that is not UTF-8",
            sign_text("access", &header(json!({})).to_string(), b"{\"a\":\"\xff\"}"),
            "format",
        ),
        ("an empty payload", sign_text("access", &header(json!({})).to_string(), b""), "format"),
        ("alg none", alg(json!("none")), "alg"),
        ("alg None", alg(json!("None")), "alg"),
        ("alg NONE", alg(json!("NONE")), "alg"),
        ("alg nOnE", alg(json!("nOnE")), "alg"),
        ("alg none without a signature", unsigned("none"), "alg"),
        ("RS256 without a signature", unsigned("RS256"), "signature"),
        ("alg null", alg(json!(null)), "alg"),
        ("alg 5", alg(json!(5)), "alg"),
        ("alg empty", alg(json!("")), "alg"),
        ("alg a list", alg(json!(["RS256"])), "alg"),
        ("alg in lower case", alg(json!("rs256")), "alg"),
        ("alg with a space", alg(json!("RS256 ")), "alg"),
        ("no alg", sign_with("access", &json!({"kid": "test-access"}), &claims), "alg"),
        (
            "alg twice",
            sign_text("access", r#"{"kid":"test-access","alg":"none","alg":"RS256"}"#, claims.to_string().as_bytes()),
            "format",
        ),
        (
            "kid twice",
            sign_text("access", r#"{"kid":"x","kid":"test-access","alg":"RS256"}"#, claims.to_string().as_bytes()),
            "format",
        ),
        ("no kid", sign_with("access", &json!({"alg": "RS256"}), &claims), "kid"),
        ("kid null", sign_with("access", &header(json!({"kid": null})), &claims), "kid"),
        ("kid a number", sign_with("access", &header(json!({"kid": 1})), &claims), "format"),
        ("kid empty", sign_with("access", &header(json!({"kid": ""})), &claims), "kid"),
        ("kid unknown", sign_with("access", &header(json!({"kid": "other"})), &claims), "kid"),
        ("kid a path", sign_with("access", &header(json!({"kid": "../../etc/passwd"})), &claims), "kid"),
        (
            "kid with an escape",
            sign_with("access", &header(json!({"kid": "\u{1b}]52;c;eA==\u{7}\u{202e}"})), &claims),
            "kid",
        ),
        ("kid of the pool's other key", sign_with("access", &header(json!({"kid": "test-id"})), &claims), "signature"),
        ("another's key under the pool's kid", sign_with("stranger", &header(json!({})), &claims), "signature"),
        (
            "another's key under its own kid",
            sign_with("stranger", &header(json!({"kid": "test-stranger"})), &claims),
            "kid",
        ),
        ("jwk with the signer's key", sign_with("stranger", &header(json!({"jwk": jwk("stranger")})), &claims), "jwk"),
        ("jwk with the pool's key", sign_with("access", &header(json!({"jwk": jwk("access")})), &claims), "jwk"),
        ("jku", sign_with("stranger", &header(json!({"jku": "http://127.0.0.1:9/jwks.json"})), &claims), "jku"),
        ("x5u", sign_with("stranger", &header(json!({"x5u": "http://127.0.0.1:9/cert.pem"})), &claims), "x5u"),
        ("x5c", sign_with("stranger", &header(json!({"x5c": ["MIIB"]})), &claims), "x5c"),
        ("crit", sign_with("access", &header(json!({"crit": ["exp"]})), &claims), "crit"),
        ("crit empty", sign_with("access", &header(json!({"crit": []})), &claims), "crit"),
        ("b64 false", sign_with("access", &header(json!({"b64": false})), &claims), "b64"),
        ("zip", sign_with("access", &header(json!({"zip": "DEF"})), &claims), "zip"),
        ("enc", sign_with("access", &header(json!({"enc": "A256GCM"})), &claims), "enc"),
    ]);
    assert!(count >= 50, "{count}");
}

#[test]
fn no_other_algorithm_passes_with_a_key_that_fits_it() {
    let message = |alg: &str| {
        let header = json!({"kid": "test-access", "alg": alg});
        format!("{}.{}", encode(header.to_string()), encode(access_claims(NOW).to_string()))
    };
    let rsa: [(&str, &'static dyn RsaEncoding); 4] = [
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
    ];
    for (alg, encoding) in rsa {
        let message = message(alg);
        let token = format!("{message}.{}", encode(signature("access", encoding, &message)));
        // Whether or not the key set allows the algorithm.
        for named in [json!("RS256"), json!(alg), json!(null)] {
            let set = json!({"keys": [changed(jwk("access"), "alg", named.clone()), jwk("id")]});
            let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
            assert_eq!(verify(&token, &keys, &expected(), NOW * 1000).unwrap_err().claim, "alg", "{alg} {named}");
        }
        // The same signature, labelled RS256.
        let renamed = self::message_of_rs256();
        let token = format!("{renamed}.{}", encode(signature("access", encoding, &renamed)));
        assert_eq!(try_it(&token).unwrap_err().claim, "signature", "{alg}");
    }
    // HMAC with public data as its key.
    let public = key("access");
    let n = public["n"].as_str().unwrap();
    let der = BASE64_STANDARD.decode(public["pkcs8"].as_str().unwrap()).unwrap();
    let secrets: Vec<Vec<u8>> = vec![
        n.as_bytes().to_vec(),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(n).unwrap(),
        jwks().to_string().into_bytes(),
        jwk("access").to_string().into_bytes(),
        b"test-access".to_vec(),
        b"".to_vec(),
        der,
    ];
    for (alg, hash) in
        [("HS256", ring::hmac::HMAC_SHA256), ("HS384", ring::hmac::HMAC_SHA384), ("HS512", ring::hmac::HMAC_SHA512)]
    {
        for secret in &secrets {
            let message = message(alg);
            let tag = ring::hmac::sign(&ring::hmac::Key::new(hash, secret), message.as_bytes());
            assert_eq!(try_it(&format!("{message}.{}", encode(tag))).unwrap_err().claim, "alg");
            let message = self::message_of_rs256();
            let tag = ring::hmac::sign(&ring::hmac::Key::new(hash, secret), message.as_bytes());
            assert_eq!(try_it(&format!("{message}.{}", encode(tag))).unwrap_err().claim, "signature");
        }
    }
    for alg in ["ES256", "ES384", "ES512", "ES256K", "EdDSA", "PS512", "RSA1_5", "dir", "RS1"] {
        let message = message(alg);
        let token = format!("{message}.{}", encode(signature("access", &RSA_PKCS1_SHA256, &message)));
        assert_eq!(try_it(&token).unwrap_err().claim, "alg", "{alg}");
    }
}

fn message_of_rs256() -> String {
    let header = json!({"kid": "test-access", "alg": "RS256"});
    format!("{}.{}", encode(header.to_string()), encode(access_claims(NOW).to_string()))
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let keys = keys();
    for token in [sign(&access_claims(NOW)), sign(&id_claims(NOW)), sign(&machine_claims(NOW))] {
        verify(&token, &keys, &expected(), NOW * 1000).unwrap();
        let mut tried = 0;
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                tried += 1;
                let result = verify(&text, &keys, &expected(), NOW * 1000);
                assert!(result.is_err(), "bit {bit} of byte {at} of {token}");
            }
        }
        assert!(tried > 4000, "{tried}");
        for at in (0..token.len()).step_by(7) {
            let cut = format!("{}{}", &token[..at], &token[at + 1..]);
            assert!(verify(&cut, &keys, &expected(), NOW * 1000).is_err(), "without byte {at}");
        }
    }
}
