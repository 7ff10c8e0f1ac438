//! Tokens that are changed in every way that somebody could think of, the same in each run.

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
    algorithms(&mut add);
    headers(&mut add);
    header_texts(&mut add);
    claims(&mut add);
    times(&mut add);
    issuers(&mut add);
    clients(&mut add);
    payload_texts(&mut add);
    encodings(&mut add);
    shapes(&mut add);
    signatures(&mut add);
    flips(&mut add);
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

fn algorithms(add: Add<'_>) {
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

fn headers(add: Add<'_>) {
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

fn header_texts(add: Add<'_>) {
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

fn claims(add: Add<'_>) {
    let values = [
        None,
        Some(json!(null)),
        Some(json!("")),
        Some(json!("x")),
        Some(json!(0)),
        Some(json!(-1)),
        Some(json!(1.5)),
        Some(json!(true)),
        Some(json!([])),
        Some(json!({})),
    ];
    for name in [
        "iss",
        "token_use",
        "client_id",
        "exp",
        "nbf",
        "iat",
        "sub",
        "scope",
        "jti",
        "username",
        "auth_time",
        "version",
        "cognito:groups",
        "aud",
    ] {
        for value in values.clone() {
            let shown = value.as_ref().map_or("absent".to_owned(), ToString::to_string);
            add(format!("{name} {shown}"), sign::sign(&with(access(), name, value)));
        }
        // As the only one of a list, as text, as a number of a text, and once more with other letters.
        let right = access()[name].clone();
        if !right.is_null() {
            add(format!("{name} in a list"), sign::sign(&with(access(), name, Some(json!([right])))));
            let text = right.as_str().map_or(right.to_string(), str::to_owned);
            add(format!("{name} as text"), sign::sign(&with(access(), name, Some(json!(text)))));
            add(format!("{name} in upper case"), sign::sign(&with(access(), name, Some(json!(text.to_uppercase())))));
            add(format!("{name} with a space"), sign::sign(&with(access(), name, Some(json!(format!("{text} "))))));
            let renamed = with(with(access(), name, None), &name.to_uppercase(), Some(right));
            add(format!("{name} under a name in upper case"), sign::sign(&renamed));
        }
    }
    for name in ["aud", "token_use", "exp", "iss", "client_id"] {
        for value in values.clone() {
            let shown = value.as_ref().map_or("absent".to_owned(), ToString::to_string);
            add(
                format!("id: {name} {shown}"),
                sign::sign_with(
                    "id",
                    &json!({"kid": "test-id", "alg": "RS256"}),
                    &with(sign::id_claims(NOW), name, value),
                ),
            );
        }
    }
    for value in ["access", "id", "refresh", "Access", "ID", "access ", "id_token", "access_token", "acces"] {
        for (kind, base) in bases() {
            add(format!("{kind}: token_use {value:?}"), sign::sign(&with(base, "token_use", Some(json!(value)))));
        }
    }
}

fn times(add: Add<'_>) {
    let now = i64::try_from(NOW).expect("a number");
    for name in ["exp", "nbf", "iat"] {
        for offset in [-86_400, -3600, -61, -60, -59, -1, 0, 1, 59, 60, 61, 3600, 86_400 * 3650] {
            add(format!("{name} at {offset:+}"), sign::sign(&with(access(), name, Some(json!(now + offset)))));
        }
        for text in [
            "1e400",
            "1e20",
            "1.8e9",
            "1800003600.0",
            "1800003600.5",
            "1799999940.5",
            "1800000060.5",
            "9007199254740993",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "-0",
            "-1800003600",
            "\"1800003600\"",
            "\"1e10\"",
            "\" 1800003600\"",
            "01800003600",
            "0x6b49d200",
            "1_800_003_600",
            "+1800003600",
            "1800003600000",
        ] {
            let payload = with(access(), name, None).to_string();
            let payload = format!("{{\"{name}\":{text},{}", &payload[1..]);
            add(format!("{name} written {text}"), sign_text("access", &header().to_string(), payload.as_bytes()));
        }
    }
}

fn issuers(add: Add<'_>) {
    let updated = ISSUER.replace("//cognito", "//issuer-cognito");
    for issuer in [
        updated.clone(),
        format!("{updated}/"),
        format!("{ISSUER}/"),
        ISSUER.replace("https", "http"),
        ISSUER.replace("https", "HTTPS"),
        ISSUER.replace("us-east-1_Example01", "us-east-1_Example02"),
        ISSUER.replace("us-east-1_Example01", "us-east-1_example01"),
        format!("{ISSUER}0"),
        ISSUER.replace(".com/", ".com:443/"),
        ISSUER.replace("https://", "https://x@"),
        format!("{ISSUER}?x"),
        format!("{ISSUER}#x"),
        format!(" {ISSUER}"),
        format!("{ISSUER}\u{0}"),
        format!("{ISSUER}\n"),
        ISSUER.replace(".com/", ".com.evil.example/"),
        ISSUER.replace("us-east-1.", "us-west-2."),
        ISSUER.replace("_Example01", "%5FExample01"),
        ISSUER.replace('o', "\u{43e}"),
        ISSUER.replace(".amazonaws.com", ".amazonaws.com."),
        "us-east-1_Example01".to_owned(),
        ISSUER.replace("https://", ""),
        ISSUER.replace("https://", "//"),
    ] {
        add(format!("iss {issuer:?}"), sign::sign(&with(access(), "iss", Some(json!(issuer)))));
    }
    add(
        "iss of the updated form, ID token".into(),
        sign::sign(&with(sign::id_claims(NOW), "iss", Some(json!(updated)))),
    );
}

fn clients(add: Add<'_>) {
    for client in [
        json!(MACHINE),
        json!("other"),
        json!([CLIENT]),
        json!([CLIENT, "other"]),
        json!(format!("{CLIENT}0")),
        json!(CLIENT.to_uppercase()),
        json!(CLIENT[..CLIENT.len() - 1]),
        json!(format!(" {CLIENT}")),
        json!(format!("{CLIENT}\u{0}")),
        json!({CLIENT: 1}),
        json!(format!("{CLIENT},{MACHINE}")),
    ] {
        add(format!("client_id {}", brief(&client)), sign::sign(&with(access(), "client_id", Some(client.clone()))));
        add(
            format!("id: aud {}", brief(&client)),
            sign::sign(&with(sign::id_claims(NOW), "aud", Some(client.clone()))),
        );
        add(format!("aud of an access token {}", brief(&client)), sign::sign(&with(access(), "aud", Some(client))));
    }
    add("aud of an access token is its client".into(), sign::sign(&with(access(), "aud", Some(json!(CLIENT)))));
    add(
        "aud of an access token is a resource".into(),
        sign::sign(&with(access(), "aud", Some(json!("https://api.example.com")))),
    );
    add(
        "an ID token with client_id as well".into(),
        sign::sign(&with(sign::id_claims(NOW), "client_id", Some(json!("other")))),
    );
    add(
        "an ID token with client_id only".into(),
        sign::sign(&with(with(sign::id_claims(NOW), "client_id", Some(json!(CLIENT))), "aud", None)),
    );
    add(
        "client_id missing, azp and cid instead".into(),
        sign::sign(&with(
            with(with(access(), "client_id", None), "azp", Some(json!(CLIENT))),
            "cid",
            Some(json!(CLIENT)),
        )),
    );
}

fn payload_texts(add: Add<'_>) {
    let good = access().to_string();
    let more = |more: &str| format!("{},{more}}}", &good[..good.len() - 1]);
    let less = |less: &str| format!("{{{less},{}", &good[1..]);
    for (what, text) in [
        ("exp twice, the last past", more("\"exp\":1")),
        ("exp twice, the first past", less("\"exp\":1")),
        ("iss twice, the last wrong", more("\"iss\":\"https://evil.example\"")),
        ("iss twice, the first wrong", less("\"iss\":\"https://evil.example\"")),
        ("client_id twice, the last wrong", more("\"client_id\":\"other\"")),
        ("client_id twice, the first wrong", less("\"client_id\":\"other\"")),
        ("token_use twice, the last id", more("\"token_use\":\"id\"")),
        ("token_use twice, the first id", less("\"token_use\":\"id\"")),
        ("sub twice", more("\"sub\":\"other\"")),
        ("a claim escaped", good.replace("\"exp\"", "\"\\u0065xp\"")),
        ("an escaped one beside", more("\"\\u0065xp\":1")),
        ("__proto__", more("\"__proto__\":{\"exp\":1}")),
        ("white space", good.replace(',', " ,\r\n\t ")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a form feed", format!("\u{c}{good}")),
        ("a comma too many", format!("{},}}", &good[..good.len() - 1])),
        ("a comment", format!("{good}// x")),
        ("single quotes", good.replace('"', "'")),
        ("garbage after it", format!("{good}x")),
        ("another after it", format!("{good}{good}")),
        ("NUL after it", format!("{good}\u{0}")),
        ("line ends after it", format!("{good}\n\n")),
        ("a list", format!("[{good}]")),
        ("a text", json!(good).to_string()),
        ("a number", "1800003600".to_owned()),
        ("null", "null".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("nothing", String::new()),
        ("half of it", good[..good.len() / 2].to_owned()),
        ("NaN", more("\"x\":NaN")),
        ("Infinity", more("\"x\":-Infinity")),
        ("a control character", more("\"x\":\"\u{1}\"")),
        ("a lone surrogate", more(r#""x":"\ud800""#)),
        ("a pair of surrogates", more(r#""x":"\ud83d\ude00""#)),
        ("other scripts", more("\"x\":\"Grüße 🎻 \u{202e}\"")),
        ("a name with NUL", more(r#""exp\u0000":1"#)),
        ("an empty name", more("\"\":1")),
        ("nested 100 deep", more(&format!("\"x\":{}{}", "[".repeat(100), "]".repeat(100)))),
        ("nested 200 deep", more(&format!("\"x\":{}{}", "[".repeat(200), "]".repeat(200)))),
        ("a large number", more(&format!("\"x\":{}", "9".repeat(400)))),
        ("a number beyond all", more("\"x\":1e999")),
        ("large", more(&format!("\"x\":\"{}\"", "x".repeat(20_000)))),
        ("a thousand claims", more(&(0..1000).map(|n| format!("\"c{n}\":{n}")).collect::<Vec<_>>().join(","))),
    ] {
        add(format!("payload text: {what}"), sign_text("access", &header().to_string(), text.as_bytes()));
    }
    let utf_16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    add("payload in UTF-16".into(), sign_text("access", &header().to_string(), &utf_16));
    for (what, bytes) in [
        ("in a value", b"\"x\":\"\xff\xfe\"".to_vec()),
        ("a long form", b"\"x\":\"\xc0\xaf\"".to_vec()),
        ("a surrogate", b"\"x\":\"\xed\xa0\x80\"".to_vec()),
    ] {
        let payload = [&good.as_bytes()[..good.len() - 1], b",", &bytes, b"}"].concat();
        add(format!("payload is not UTF-8: {what}"), sign_text("access", &header().to_string(), &payload));
    }
}

/// Parts in other alphabets, with other endings, and with what does not belong there, each signed as it is written.
fn encodings(add: Add<'_>) {
    let signed = |head: &str, payload: &str| {
        let message = format!("{head}.{payload}");
        let signature = sign::signature("access", &RSA_PKCS1_SHA256, &message);
        (message, signature)
    };
    let (head, payload) =
        (encode(header().to_string()), encode(with(access(), "x", Some(json!("???>>>~~~"))).to_string()));
    let plain = |text: &str| text.replace('-', "+").replace('_', "/");
    let padded = |text: &str| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    for (what, head, payload) in [
        ("the plain alphabet in the payload", head.clone(), plain(&payload)),
        ("padding in the header", padded(&encode(with(header(), "x", Some(json!("1"))).to_string())), payload.clone()),
        (
            "padding in the payload",
            head.clone(),
            BASE64_URL_SAFE.encode(with(access(), "x", Some(json!("12"))).to_string()),
        ),
        ("one = in the header", format!("{head}="), payload.clone()),
        ("four = in the payload", head.clone(), format!("{payload}====")),
        ("a line end in the header", format!("{}\n{}", &head[..8], &head[8..]), payload.clone()),
        ("a space in the payload", head.clone(), format!("{} {}", &payload[..8], &payload[8..])),
        ("a tab in the payload", head.clone(), format!("{}\t{}", &payload[..8], &payload[8..])),
        ("a line end after the header", format!("{head}\n"), payload.clone()),
        ("a line end before the payload", head.clone(), format!("\n{payload}")),
        ("NUL in the payload", head.clone(), format!("{}\u{0}{}", &payload[..8], &payload[8..])),
        ("% escapes in the payload", head.clone(), payload.replace('Q', "%51")),
        ("a character too many in the payload", head.clone(), format!("{payload}A")),
        ("quotes around the payload", head.clone(), format!("\"{payload}\"")),
        ("a letter of another script", head.clone(), payload.replacen('a', "\u{430}", 1)),
        ("the payload not encoded", head.clone(), access().to_string()),
        ("the header not encoded", header().to_string(), payload.clone()),
        ("the payload encoded twice", head.clone(), encode(&payload)),
        ("hexadecimal digits", head.clone(), access().to_string().bytes().map(|byte| format!("{byte:02x}")).collect()),
    ] {
        let (message, signature) = signed(&head, &payload);
        add(format!("encoding: {what}"), format!("{message}.{}", encode(signature)));
    }
    // Bits of the last character that no byte needs.
    for (what, part) in [("header", 0), ("payload", 1), ("signature", 2)] {
        for extra in 1..=3_u8 {
            let claims = (0..3).map(|n| with(access(), "x", Some(json!("x".repeat(n)))));
            for (n, claims) in claims.enumerate() {
                let token = sign::sign(&claims);
                let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
                if !parts[part].len().is_multiple_of(4) {
                    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                    let last = parts[part].pop().expect("a character");
                    let at = ALPHABET.iter().position(|letter| char::from(*letter) == last).expect("of the alphabet");
                    parts[part].push(char::from(ALPHABET[at | usize::from(extra)]));
                    let changed = if part == 2 {
                        parts.join(".")
                    } else {
                        let (message, signature) = signed(&parts[0], &parts[1]);
                        format!("{message}.{}", encode(signature))
                    };
                    add(format!("encoding: unused bits {extra} at the end of the {what}, {n}"), changed);
                }
            }
        }
    }
}

/// What is around a good token, and what is left of it.
fn shapes(add: Add<'_>) {
    let good = sign::sign(&access());
    let parts: Vec<&str> = good.split('.').collect();
    let [head, payload, signature] = parts[..] else { unreachable!() };
    for (what, token) in [
        ("a space before", format!(" {good}")),
        ("a space after", format!("{good} ")),
        ("a line end after", format!("{good}\n")),
        ("line ends of Windows after", format!("{good}\r\n")),
        ("a tab after", format!("{good}\t")),
        ("a no-break space after", format!("{good}\u{a0}")),
        ("a zero-width space after", format!("{good}\u{200b}")),
        ("a byte order mark before", format!("\u{feff}{good}")),
        ("NUL after", format!("{good}\u{0}")),
        ("quotes", format!("\"{good}\"")),
        ("single quotes", format!("'{good}'")),
        ("Bearer", format!("Bearer {good}")),
        ("a header", format!("Authorization: Bearer {good}")),
        ("angle brackets", format!("<{good}>")),
        ("a comma after", format!("{good},")),
        ("twice", format!("{good} {good}")),
        ("two lines", format!("{good}\n{good}")),
        ("joined", format!("{good}{good}")),
        ("a dot after", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("two parts", format!("{head}.{payload}")),
        ("no signature", format!("{head}.{payload}.")),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{head}..{signature}")),
        ("dots only", "..".to_owned()),
        ("four dots only", "....".to_owned()),
        ("four parts", format!("{head}.{payload}.{signature}.{signature}")),
        ("five parts", format!("{head}.{payload}.{signature}.{head}.{head}")),
        ("two dots between", format!("{head}..{payload}.{signature}")),
        ("a slash for a dot", good.replace('.', "/")),
        ("full-width dots", good.replace('.', "\u{ff0e}")),
        ("the parts in another order", format!("{payload}.{head}.{signature}")),
        ("JSON, flattened", json!({"protected": head, "payload": payload, "signature": signature}).to_string()),
        (
            "JSON, general",
            json!({"payload": payload, "signatures": [{"protected": head, "signature": signature}]}).to_string(),
        ),
        ("the payload alone", payload.to_owned()),
        ("claims alone", access().to_string()),
        ("text", "opaque".to_owned()),
        ("in upper case", good.to_uppercase()),
        ("backwards", good.chars().rev().collect()),
        ("cut by one", good[..good.len() - 1].to_owned()),
        ("cut by four", good[..good.len() - 4].to_owned()),
        ("padded signature", format!("{good}==")),
        ("signature with one =", format!("{good}=")),
        (
            "signature in the plain alphabet",
            format!("{head}.{payload}.{}", signature.replace('-', "+").replace('_', "/")),
        ),
        ("a line end in the signature", format!("{head}.{payload}.{}\n{}", &signature[..76], &signature[76..])),
        ("a space in the signature", format!("{head}.{payload}.{} {}", &signature[..76], &signature[76..])),
        ("a query", format!("?token={good}")),
        ("a fragment after", format!("{good}#x")),
        ("a comment after", format!("{good} # x")),
    ] {
        add(format!("shape: {what}"), token);
    }
}

fn signatures(add: Add<'_>) {
    let good = sign::sign(&access());
    let (message, _) = good.rsplit_once('.').expect("a signature");
    let right = sign::signature("access", &RSA_PKCS1_SHA256, message);
    let of = |bytes: &[u8]| format!("{message}.{}", encode(bytes));
    let changed = |at: usize, by: u8| {
        let mut bytes = right.clone();
        bytes[at] ^= by;
        bytes
    };
    let id = sign::sign(&sign::id_claims(NOW));
    for (what, token) in [
        ("of a stranger", of(&sign::signature("stranger", &RSA_PKCS1_SHA256, message))),
        ("by the other key", of(&sign::signature("id", &RSA_PKCS1_SHA256, message))),
        ("of another token", format!("{message}.{}", id.rsplit_once('.').expect("three parts").1)),
        (
            "of the header only",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, message.split('.').next().expect("a header"))),
        ),
        (
            "of the payload only",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, message.split('.').nth(1).expect("a payload"))),
        ),
        ("without the dot", of(&sign::signature("access", &RSA_PKCS1_SHA256, &message.replace('.', "")))),
        (
            "of the decoded parts",
            of(&sign::signature("access", &RSA_PKCS1_SHA256, &format!("{}.{}", header(), access()))),
        ),
        ("backwards", of(&right.iter().rev().copied().collect::<Vec<_>>())),
        ("a zero byte before", of(&[&[0][..], &right].concat())),
        ("a zero byte after", of(&[&right[..], &[0]].concat())),
        ("a byte less", of(&right[1..])),
        ("half", of(&right[..128])),
        ("twice", of(&[&right[..], &right].concat())),
        ("all zero", of(&[0; 256])),
        ("all one", of(&[0xff; 256])),
        ("the number one", of(&[&[0; 255][..], &[1]].concat())),
        ("one byte", of(&[0])),
        ("empty", of(&[])),
        ("as hexadecimal digits", of(right.iter().map(|byte| format!("{byte:02x}")).collect::<String>().as_bytes())),
        ("as text of Base64", of(BASE64_STANDARD.encode(&right).as_bytes())),
        ("very long", of(&[0x41; 40_000])),
    ] {
        add(format!("signature: {what}"), token);
    }
    for at in [0, 1, 31, 64, 127, 128, 200, 254, 255] {
        for by in [1, 0x80] {
            add(format!("signature: bit {by:#x} of byte {at}"), of(&changed(at, by)));
        }
    }
    // What another hand signs, with everything else right.
    for (kind, base) in bases() {
        add(format!("signature: {kind} by a stranger under the pool's kid"), sign_with("stranger", &header(), &base));
    }
}

/// One character changed, at places that a fixed sequence chooses.
fn flips(add: Add<'_>) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for (kind, base) in bases() {
        let good = sign::sign(&base).into_bytes();
        for n in 0..40 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = usize::try_from(state % good.len() as u64).expect("a place");
            let mut bytes = good.clone();
            let letters = b"ABCXYZabcxyz0189-_.=+/";
            let letter = letters[usize::try_from((state >> 32) % letters.len() as u64).expect("a letter")];
            bytes[at] = if bytes[at] == letter { b'Q' } else { letter };
            add(
                format!("flip {n} of {kind}: {at} becomes {}", char::from(bytes[at])),
                String::from_utf8(bytes).expect("text"),
            );
        }
    }
}

/// A value in a name.
fn brief(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
