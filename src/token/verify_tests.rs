//! One token for each rule, signed with keys of the tests' own.

use std::time::{Duration, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RsaEncoding,
};
use serde_json::{Value, json};

use super::*;

use crate::token::sign::{
    self, CLIENT, ISSUER, MACHINE, access_claims, encode, id_claims, jwk, jwks, key, machine_claims, sign, sign_text,
    sign_with, signature,
};

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

#[test]
fn what_must_be_text_is_nothing_else() {
    for name in ["sub", "jti", "scope"] {
        for value in [json!(7), json!(["a"]), json!({}), json!(true), Value::Null] {
            for claims in [with(name, value.clone()), with_id(name, value.clone())] {
                let rejection = try_it(&sign(&claims)).unwrap_err();
                assert_eq!((rejection.claim, rejection.expected.as_str()), (name, "text"), "{value}");
                let error = format!("{:?}", Error::from(rejection).hints());
                assert!(error.contains("token inspect"), "{error}");
            }
        }
    }
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
    // Parameters that say nothing about how to verify.
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
        // Whether or not the set says that the key is for that.
        for named in [json!("RS256"), json!(alg), json!(null)] {
            let set = json!({"keys": [changed(jwk("access"), "alg", named.clone()), jwk("id")]});
            let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
            assert_eq!(verify(&token, &keys, &expected(), NOW * 1000).unwrap_err().claim, "alg", "{alg} {named}");
        }
        // The same signature under the name RS256.
        let renamed = self::message_of_rs256();
        let token = format!("{renamed}.{}", encode(signature("access", encoding, &renamed)));
        assert_eq!(try_it(&token).unwrap_err().claim, "signature", "{alg}");
    }
    // HMAC with whatever is public as its key.
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
fn every_rule_of_the_claims_has_a_token_that_breaks_it() {
    let raw = |exp: &str| {
        let claims =
            access_claims(NOW).to_string().replace(&format!("\"exp\":{}", NOW + 3600), &format!("\"exp\":{exp}"));
        assert!(claims.contains(&format!("\"exp\":{exp}")));
        sign_text("access", &header(json!({})).to_string(), claims.as_bytes())
    };
    let other = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other0001";
    let access = |name: &str, value: Value| sign(&with(name, value));
    let id = |name: &str, value: Value| sign(&with_id(name, value));
    let count = rejected(vec![
        ("exp a string", raw("\"9999999999\""), "exp"),
        ("exp null", raw("null"), "exp"),
        ("exp true", raw("true"), "exp"),
        ("exp a fraction", raw("9999999999.5"), "exp"),
        ("exp a float", raw("9999999999.0"), "exp"),
        ("exp 1e10", raw("1e10"), "exp"),
        ("exp 1e400", raw("1e400"), "format"),
        ("exp NaN", raw("NaN"), "format"),
        ("exp negative", raw("-1"), "exp"),
        ("exp 0", raw("0"), "exp"),
        ("exp a list", raw("[9999999999]"), "exp"),
        ("exp an object", raw("{\"$date\":9999999999}"), "exp"),
        ("exp in milliseconds of long ago", raw("1600000000"), "exp"),
        ("exp missing", sign(&without(access_claims(NOW), "exp")), "exp"),
        ("exp past", access("exp", json!(NOW - 3600)), "exp"),
        ("exp at the end of the leeway", access("exp", json!(NOW - 60)), "exp"),
        ("exp a second beyond the leeway", access("exp", json!(NOW - 61)), "exp"),
        ("nbf beyond the leeway", access("nbf", json!(NOW + 61)), "nbf"),
        ("nbf a string", access("nbf", json!("1")), "nbf"),
        ("nbf a far string", access("nbf", json!("9999999999")), "nbf"),
        ("nbf null", access("nbf", json!(null)), "nbf"),
        ("nbf negative", access("nbf", json!(-1)), "nbf"),
        ("iat beyond the leeway", access("iat", json!(NOW + 61)), "iat"),
        ("iat far", access("iat", json!(u64::MAX)), "iat"),
        ("iat a string", access("iat", json!("1")), "iat"),
        ("iat a fraction", access("iat", json!(1.5)), "iat"),
        ("iss of another pool", access("iss", json!(other)), "iss"),
        ("iss of another Region", access("iss", json!(ISSUER.replace("us-east-1.", "us-west-2."))), "iss"),
        ("iss with http", access("iss", json!(ISSUER.replace("https", "http"))), "iss"),
        ("iss with a slash", access("iss", json!(format!("{ISSUER}/"))), "iss"),
        ("iss with a suffix", access("iss", json!(format!("{ISSUER}2"))), "iss"),
        ("iss in upper case", access("iss", json!(ISSUER.to_uppercase())), "iss"),
        ("iss with a query", access("iss", json!(format!("{ISSUER}?a"))), "iss"),
        ("iss elsewhere", access("iss", json!(format!("https://evil.example/?{ISSUER}"))), "iss"),
        ("iss a list", access("iss", json!([ISSUER])), "iss"),
        ("iss null", access("iss", json!(null)), "iss"),
        ("iss the pool's id", access("iss", json!(sign::POOL)), "iss"),
        ("iss missing", sign(&without(access_claims(NOW), "iss")), "iss"),
        ("iss with an escape", access("iss", json!("\u{1b}[31m\u{9b}\u{202e}")), "iss"),
        ("iss of 5 MB", access("iss", json!("\u{1b}".repeat(5 << 20))), "iss"),
        ("token_use missing", sign(&without(access_claims(NOW), "token_use")), "token_use"),
        ("token_use null", access("token_use", json!(null)), "token_use"),
        ("token_use a list", access("token_use", json!(["access"])), "token_use"),
        ("token_use refresh", access("token_use", json!("refresh")), "token_use"),
        ("token_use in upper case", access("token_use", json!("Access")), "token_use"),
        (
            "an access token that says id",
            sign_with("access", &header(json!({})), &with("token_use", json!("id"))),
            "aud",
        ),
        (
            "an ID token that says access",
            sign_with("access", &header(json!({})), &with_id("token_use", json!("access"))),
            "client_id",
        ),
        ("client_id of another client", access("client_id", json!("other")), "client_id"),
        ("client_id missing", sign(&without(access_claims(NOW), "client_id")), "client_id"),
        ("client_id null", access("client_id", json!(null)), "client_id"),
        ("client_id a list", access("client_id", json!([CLIENT])), "client_id"),
        ("client_id with a space", access("client_id", json!(format!("{CLIENT} "))), "client_id"),
        ("client_id in upper case", access("client_id", json!(CLIENT.to_uppercase())), "client_id"),
        ("aud on an access token", access("aud", json!(CLIENT)), "aud"),
        ("aud null on an access token", access("aud", json!(null)), "aud"),
        ("aud of another client", id("aud", json!("other")), "aud"),
        ("aud missing", sign(&without(id_claims(NOW), "aud")), "aud"),
        ("aud a list of ours", id("aud", json!([CLIENT])), "aud"),
        ("aud ours and another", id("aud", json!([CLIENT, "other"])), "aud"),
        ("aud a number", id("aud", json!(1)), "aud"),
        (
            "client_id in place of aud",
            sign(&changed(without(id_claims(NOW), "aud"), "client_id", json!(CLIENT))),
            "aud",
        ),
        ("an expired ID token", id("exp", json!(NOW - 3600)), "exp"),
        ("an ID token of another pool", id("iss", json!(other)), "iss"),
        (
            "a machine's token of another client",
            sign(&changed(machine_claims(NOW), "client_id", json!("other"))),
            "client_id",
        ),
    ]);
    assert!(count >= 60, "{count}");
}

#[test]
fn the_leeway_is_kept_to_the_second() {
    for claims in [with("exp", json!(NOW - 59)), with("nbf", json!(NOW + 60)), with("iat", json!(NOW + 60))] {
        try_it(&sign(&claims)).unwrap_or_else(|why| panic!("{claims}: {why}"));
    }
    let token = sign(&access_claims(NOW));
    let at = |milliseconds: u64| verify(&token, &keys(), &expected(), milliseconds).map(drop).map_err(|why| why.claim);
    let end = (NOW + 3600 + 60) * 1000;
    assert_eq!((at(end - 1), at(end), at(u64::MAX)), (Ok(()), Err("exp"), Err("exp")));
    assert_eq!((at((NOW - 60) * 1000), at((NOW - 60) * 1000 - 1), at(0)), (Ok(()), Err("iat"), Err("iat")));
    let rejection = verify(&token, &keys(), &expected(), (NOW + 3 * 3600) * 1000).unwrap_err();
    assert_eq!(rejection.to_string(), "`exp` is 1700003600 (2 h ago), expected: in the future");
}

#[test]
fn expectations_can_be_narrower() {
    let token = sign(&access_claims(NOW));
    let ask = |change: &dyn Fn(&mut Expectations), token: &str| {
        let mut expected = expected();
        change(&mut expected);
        verify(token, &keys(), &expected, NOW * 1000).map(drop).map_err(|why| why.claim)
    };
    let scopes = |list: &'static str| move |e: &mut Expectations| e.scopes = Scopes::parse([list]).unwrap();
    assert_eq!(ask(&scopes("api/read"), &token), Ok(()));
    assert_eq!(ask(&scopes("api/read aws.cognito.signin.user.admin"), &token), Ok(()));
    assert_eq!(ask(&scopes("api/read api/write"), &token), Err("scope"));
    assert_eq!(ask(&scopes("api"), &token), Err("scope"));
    assert_eq!(ask(&scopes("api/read"), &sign(&id_claims(NOW))), Err("scope"));
    assert_eq!(ask(&scopes("api/read"), &sign(&with("scope", json!(["api/read"])))), Err("scope"));
    let groups =
        |list: &'static [&str]| move |e: &mut Expectations| e.groups = list.iter().map(ToString::to_string).collect();
    assert_eq!(ask(&groups(&["platform_user", "readers"]), &token), Ok(()));
    assert_eq!(ask(&groups(&["platform_user", "admin"]), &token), Err("cognito:groups"));
    assert_eq!(ask(&groups(&["platform"]), &token), Err("cognito:groups"));
    assert_eq!(ask(&groups(&["readers"]), &sign(&machine_claims(NOW))), Err("cognito:groups"));
    assert_eq!(ask(&groups(&["readers"]), &sign(&with("cognito:groups", json!("readers")))), Err("cognito:groups"));
    let pinned = |token: TokenUse| move |e: &mut Expectations| e.token = Some(token);
    assert_eq!(ask(&pinned(TokenUse::Access), &token), Ok(()));
    assert_eq!(ask(&pinned(TokenUse::Id), &token), Err("token_use"));
    assert_eq!(ask(&pinned(TokenUse::Access), &sign(&id_claims(NOW))), Err("token_use"));
    let bound = sign(&with("aud", json!("https://api.example.com")));
    let audience = |value: &'static str| move |e: &mut Expectations| e.audience = Some(value.into());
    assert_eq!(ask(&audience("https://api.example.com"), &bound), Ok(()));
    assert_eq!(ask(&audience("https://other.example.com"), &bound), Err("aud"));
    assert_eq!(ask(&audience("https://api.example.com"), &token), Err("aud"));
    // What expects nothing accepts nothing.
    assert_eq!(ask(&|e| e.clients.clear(), &token), Err("client_id"));
    assert_eq!(ask(&|e| e.issuers.clear(), &token), Err("iss"));
    assert_eq!(ask(&|e| *e = Expectations::default(), &token), Err("iss"));
    assert_eq!(ask(&|e| e.issuers = vec!["https://other.example".into()], &token), Err("iss"));
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
        // Beside a good key it is passed over.
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
