//! Another algorithm, another key, and what a header may have besides.

use super::*;

pub fn algorithms(add: Add<'_>) {
    let random = SystemRandom::new();
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!(""),
        json!(null),
        json!(5),
        json!(["RS256"]),
        json!("rs256"),
        json!("RS256 "),
        json!("RS384"),
        json!("RS512"),
        json!("PS256"),
        json!("ES256"),
        json!("EdDSA"),
        json!("HS256"),
        json!({"alg": "RS256"}),
        json!(true),
        json!("RSA"),
        json!("RS256\u{0}"),
        json!("ＲＳ256"),
    ] {
        let header = json!({"kid": "test-access", "alg": alg});
        add(format!("alg {alg} signed RS256"), sign_with("access", &header, &access()));
        add(format!("alg {alg} unsigned"), made(&header, |_| Vec::new()));
    }
    add("alg absent".into(), sign_with("access", &json!({"kid": "test-access"}), &access()));
    let rsa: [(&str, &'static dyn RsaEncoding); 3] =
        [("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512), ("PS256", &RSA_PSS_SHA256)];
    for (alg, encoding) in rsa {
        let of = |kid: &str, key: &str| {
            made(&json!({"kid": kid, "alg": alg}), |message| sign::signature(key, encoding, message))
        };
        add(format!("signed {alg} by the pool's key"), of("test-access", "access"));
        add(format!("signed {alg} by a key for RS384"), of("test-rs384", "stranger"));
        add(format!("signed {alg} by a key without alg"), of("test-no-alg", "stranger"));
        let as_rs256 = made(&header(), |message| sign::signature("access", encoding, message));
        add(format!("signed {alg} and called RS256"), as_rs256);
    }
    for kid in ["test-rs384", "test-enc", "test-no-alg"] {
        add(format!("RS256 by {kid}"), sign_with("stranger", &json!({"kid": kid, "alg": "RS256"}), &access()));
    }
    let jwk = sign::jwk("access");
    let modulus = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(jwk["n"].as_str().expect("n")).expect("Base64");
    for (what, secret) in [
        ("the modulus", modulus),
        ("the modulus as text", jwk["n"].as_str().expect("n").as_bytes().to_vec()),
        ("the key as JSON", jwk.to_string().into_bytes()),
        ("the key set as JSON", jwks().to_string().into_bytes()),
        ("the kid", b"test-access".to_vec()),
        ("nothing", Vec::new()),
    ] {
        for (alg, hash) in [("HS256", ring::hmac::HMAC_SHA256), ("HS512", ring::hmac::HMAC_SHA512)] {
            let secret = ring::hmac::Key::new(hash, &secret);
            let token = made(&json!({"kid": "test-access", "alg": alg}), |message| {
                ring::hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
            });
            add(format!("{alg} keyed with {what}"), token);
        }
    }
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"0123456789abcdef0123456789abcdef");
    let token = made(&json!({"kid": "test-oct", "alg": "HS256"}), |message| {
        ring::hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
    });
    add("HS256 by a shared key of the set".into(), token);
    let ecdsa = [("p256", &ECDSA_P256_SHA256_FIXED_SIGNING), ("p384", &ECDSA_P384_SHA384_FIXED_SIGNING)];
    for (name, algorithm) in ecdsa {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &der(&other_key(name)), &random).expect("a key");
        for (alg, kid) in [
            ("ES256", "test-p256"),
            ("ES384", "test-p384"),
            ("ES256", "test-p384"),
            ("ES384", "test-p256"),
            ("RS256", "test-p256"),
            ("ES256", "test-access"),
        ] {
            let token = made(&json!({"kid": kid, "alg": alg}), |message| {
                pair.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec()
            });
            add(format!("{alg} by {kid}, made with {name}"), token);
        }
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der(&other_key("ed25519"))).expect("a key");
    for (alg, kid) in
        [("EdDSA", "test-ed25519"), ("Ed25519", "test-ed25519"), ("RS256", "test-ed25519"), ("EdDSA", "test-access")]
    {
        let token = made(&json!({"kid": kid, "alg": alg}), |message| pair.sign(message.as_bytes()).as_ref().to_vec());
        add(format!("{alg} by {kid}, made with ed25519"), token);
    }
}

pub fn headers(add: Add<'_>) {
    let own = sign::jwk("stranger");
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("jwt")),
        ("typ", json!("at+jwt")),
        ("typ", json!("JOSE")),
        ("typ", json!(5)),
        ("typ", json!(null)),
        ("cty", json!("JWT")),
        ("cty", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("crit", json!("exp")),
        ("crit", json!(null)),
        ("b64", json!(true)),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jwk", own),
        ("jwk", json!(null)),
        ("x5u", json!("https://evil.example/x")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AA")),
        ("x5t", json!(7)),
        ("x5t#S256", json!("AA")),
        ("other", json!("x")),
        ("other", json!({"deep": [1, 2, {"x": null}]})),
        ("nonce", json!("n")),
        ("nonce", json!(1)),
        ("iss", json!("https://evil.example")),
        ("exp", json!(1)),
    ] {
        add(
            format!("header {name} {}", brief(&value)),
            sign_with("access", &with(header(), name, Some(value)), &access()),
        );
    }
    for kid in [
        json!(null),
        json!(5),
        json!(""),
        json!("test-id"),
        json!("test-stranger"),
        json!("TEST-ACCESS"),
        json!("test-access "),
        json!(["test-access"]),
        json!("../test-access"),
        json!("test-access\u{0}"),
        json!("__proto__"),
        json!("constructor"),
        json!({}),
        json!(true),
        json!("test-ac\u{441}ess"),
        json!("https://evil.example/jwks.json"),
    ] {
        add(format!("kid {kid}"), sign_with("access", &with(header(), "kid", Some(kid.clone())), &access()));
        add(format!("kid {kid} of a stranger"), sign_with("stranger", &with(header(), "kid", Some(kid)), &access()));
    }
    add("kid absent".into(), sign_with("access", &json!({"alg": "RS256"}), &access()));
    add(
        "kid of the ID tokens' key, signed by it".into(),
        sign_with("id", &json!({"kid": "test-id", "alg": "RS256"}), &access()),
    );
    add("an ID token by the access tokens' key".into(), sign_with("access", &header(), &sign::id_claims(NOW)));
}

pub fn header_texts(add: Add<'_>) {
    let good = header().to_string();
    for (what, text) in [
        ("alg twice, the last RS256", r#"{"alg":"none","kid":"test-access","alg":"RS256"}"#.to_owned()),
        ("alg twice, the last none", r#"{"alg":"RS256","kid":"test-access","alg":"none"}"#.to_owned()),
        ("alg twice the same", r#"{"alg":"RS256","kid":"test-access","alg":"RS256"}"#.to_owned()),
        ("kid twice, the last right", r#"{"alg":"RS256","kid":"x","kid":"test-access"}"#.to_owned()),
        ("kid twice, the last wrong", r#"{"alg":"RS256","kid":"test-access","kid":"x"}"#.to_owned()),
        ("other twice", r#"{"alg":"RS256","kid":"test-access","x":1,"x":2}"#.to_owned()),
        ("typ twice", r#"{"alg":"RS256","kid":"test-access","typ":"JWT","typ":"JWT"}"#.to_owned()),
        ("alg escaped", r#"{"\u0061lg":"RS256","kid":"test-access"}"#.to_owned()),
        ("value escaped", r#"{"alg":"\u0052S256","kid":"test\u002daccess"}"#.to_owned()),
        ("upper case names", r#"{"ALG":"RS256","KID":"test-access"}"#.to_owned()),
        ("white space", " {\n\t\"alg\" : \"RS256\",\r\n \"kid\":\"test-access\" } ".to_owned()),
        ("a form feed", format!("\u{c}{good}")),
        ("a no-break space", format!("\u{a0}{good}")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a comma too many", r#"{"alg":"RS256","kid":"test-access",}"#.to_owned()),
        ("a comment", r#"{"alg":"RS256",/* x */"kid":"test-access"}"#.to_owned()),
        ("single quotes", "{'alg':'RS256','kid':'test-access'}".to_owned()),
        ("no quotes", "{alg:\"RS256\",kid:\"test-access\"}".to_owned()),
        ("garbage after it", format!("{good}x")),
        ("another after it", format!("{good}{good}")),
        ("NUL after it", format!("{good}\u{0}")),
        ("a list", format!("[{good}]")),
        ("a text", "\"RS256\"".to_owned()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("nothing", String::new()),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("NaN", r#"{"alg":"RS256","kid":"test-access","x":NaN}"#.to_owned()),
        ("Infinity", r#"{"alg":"RS256","kid":"test-access","x":Infinity}"#.to_owned()),
        ("a control character", "{\"alg\":\"RS256\",\"kid\":\"test-access\",\"x\":\"\t\"}".to_owned()),
        ("a lone surrogate", r#"{"alg":"RS256","kid":"test-access","x":"\ud800"}"#.to_owned()),
        ("__proto__", r#"{"__proto__":{"alg":"RS256"},"kid":"test-access"}"#.to_owned()),
        ("__proto__ beside", r#"{"__proto__":{"alg":"none"},"alg":"RS256","kid":"test-access"}"#.to_owned()),
        (
            "nested 200 deep",
            format!(r#"{{"alg":"RS256","kid":"test-access","x":{}{}}}"#, "[".repeat(200), "]".repeat(200)),
        ),
        ("large", format!(r#"{{"alg":"RS256","kid":"test-access","x":"{}"}}"#, "x".repeat(20_000))),
    ] {
        add(format!("header text: {what}"), sign_text("access", &text, access().to_string().as_bytes()));
    }
}
