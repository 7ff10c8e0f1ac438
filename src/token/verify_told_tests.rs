//! Of an accepted token its claims are shown, of another the broken rule and what to do about it.

use super::*;

fn told(token: &str, change: &dyn Fn(&mut Expectations), at: u64) -> (String, Vec<String>) {
    let mut expected = expected();
    change(&mut expected);
    let error = Error::from(verify(token, &keys(), &expected, at * 1000).unwrap_err());
    (error.message().to_owned(), error.advice().iter().map(crate::error::Advice::told).collect())
}

#[test]
fn the_claims_of_an_accepted_token_are_read_by_their_names() {
    let claims = try_it(&sign(&access_claims(NOW))).unwrap();
    assert_eq!(claims.text("iss"), Some(ISSUER));
    assert_eq!((claims.text("version"), claims.text("none")), (None, None));
    assert_eq!(claims.subject(), Some("5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b"));
    assert_eq!(claims.groups(), ["platform_user", "readers"]);
    assert_eq!(serde_json::from_str::<Value>(&claims.to_json()).unwrap(), access_claims(NOW));
    assert_eq!(Value::Object(claims.as_map().clone()), access_claims(NOW));
    let claims = try_it(&sign(&id_claims(NOW))).unwrap();
    assert!(claims.scopes().is_empty());
    let claims = try_it(&sign(&without(machine_claims(NOW), "scope"))).unwrap();
    assert!(claims.scopes().is_empty() && claims.groups().is_empty());
    // The end of time is no panic.
    let claims = try_it(&sign(&with("exp", json!(u64::MAX)))).unwrap();
    assert!(claims.expires_at() > UNIX_EPOCH + Duration::from_secs(200_000_000_000));
}

#[test]
fn each_rejection_says_what_to_do() {
    let good = sign(&access_claims(NOW));
    let as_is = |_: &mut Expectations| {};
    let alone = |token: &str| {
        let (_, advice) = told(token, &as_is, NOW);
        assert_eq!(advice.len(), 1, "{advice:?}");
        advice[0].clone()
    };
    let whole = "give the whole token, three parts with dots between, and nothing else";
    let foreign = "the token is of another pool, or was changed on its way";
    assert_eq!(alone("opaque"), whole);
    for name in ["iat", "nbf"] {
        assert_eq!(alone(&sign(&with(name, json!(NOW + 600)))), "check this machine's clock");
    }
    assert_eq!(told(&good, &as_is, NOW + 7200).1, ["RenewToken"]);
    assert_eq!(alone(&sign(&with("iss", json!("https://a.example")))), "CheckPoolOrNameIssuer");
    assert_eq!(alone(&sign_with("access", &header(json!({"kid": "other"})), &access_claims(NOW))), foreign);
    assert_eq!(alone(&sign_with("stranger", &header(json!({})), &access_claims(NOW))), foreign);
    assert_eq!(alone(&sign(&with("token_use", json!("x")))), "ChooseTokenUse");
    assert_eq!(alone(&sign(&with("client_id", json!("x")))), "NameClient");
    assert_eq!(alone(&sign(&with_id("aud", json!("x")))), "NameClient");
    assert_eq!(alone(&sign(&with("aud", json!("x")))), "NameAudience");
    assert_eq!(alone(&sign(&with("jti", json!(1)))), "InspectToken");
    let groups = |e: &mut Expectations| e.groups = vec!["admins".into()];
    assert_eq!(told(&good, &groups, NOW).1, ["InspectToken"]);
    let audience = |e: &mut Expectations| e.audience = Some("https://api.example".into());
    let (message, advice) = told(&good, &audience, NOW);
    assert_eq!(message, "NOT verified: `aud` is missing, expected: https://api.example");
    assert_eq!(advice, ["OmitAudience"]);
    let (_, advice) = told(&sign(&with("aud", json!("https://other.example"))), &audience, NOW);
    assert_eq!(advice, ["NameAudience"]);
    // An ID token for one of our clients is for the client, and not for the resource.
    let (message, advice) = told(&sign(&id_claims(NOW)), &audience, NOW);
    assert_eq!(advice, ["ChooseTokenUse"]);
    assert_eq!(message, format!("NOT verified: `aud` is {CLIENT}, expected: https://api.example"));
}

#[test]
fn how_a_scope_is_got_depends_on_the_token() {
    let scopes = |e: &mut Expectations| e.scopes = Scopes::parse(["api/write api/read"]).unwrap();
    let machine = changed(machine_claims(NOW), "scope", json!("api/read"));
    let (message, advice) = told(&sign(&machine), &scopes, NOW);
    assert!(
        message.starts_with("NOT verified: `scope` is ") && message.ends_with("expected: with api/write"),
        "{message}"
    );
    assert_eq!(
        advice,
        ["GetTokenWithScope scope=api/read api/write", "the app client may have the scopes of its AllowedOAuthScopes"]
    );
    let long = changed(machine_claims(NOW), "scope", json!("api/read ".repeat(50).trim()));
    let (_, advice) = told(&sign(&long), &scopes, NOW);
    assert_eq!(advice[0], "GetTokenWithScope scope=api/write");
    let (message, advice) = told(&sign(&id_claims(NOW)), &scopes, NOW);
    assert_eq!(message, "NOT verified: `scope` is missing, expected: with api/read api/write");
    assert_eq!(advice, ["GetAccessTokenWithScope"]);
    let (message, advice) = told(&sign(&access_claims(NOW)), &scopes, NOW);
    assert!(message.ends_with("expected: with api/write"), "{message}");
    assert_eq!(advice, ["SignInForScopes"]);
    // A scope of a wrong type is not one that could be got.
    let (_, advice) = told(&sign(&with("scope", json!(7))), &scopes, NOW);
    assert_eq!(advice, ["InspectToken"]);
}

#[test]
fn a_value_of_any_size_and_type_is_told_in_a_line() {
    for (value, text) in [
        (None, "missing".to_owned()),
        (Some(json!("")), "empty".to_owned()),
        (Some(json!("a\u{1b}b")), "a\\u{1b}b".to_owned()),
        (Some(json!("x".repeat(201))), format!("{}…", "x".repeat(200))),
        (Some(json!("\u{1b}".repeat(201))), format!("{}…", "\\u{1b}".repeat(40))),
        (Some(json!("\u{1b}".repeat(66))), "\\u{1b}".repeat(66)),
        (Some(json!("\u{1b}".repeat(67))), format!("{}…", "\\u{1b}".repeat(40))),
        (Some(json!(format!("{}xxxx", "\u{1b}".repeat(66)))), format!("{}xxxx", "\\u{1b}".repeat(66))),
        (Some(json!(format!("{}xxxxx", "\u{1b}".repeat(66)))), format!("{}…", "\\u{1b}".repeat(40))),
        (Some(json!(7)), "7".to_owned()),
        (Some(json!(null)), "null".to_owned()),
        (Some(json!({"a": 1})), "an object".to_owned()),
        (Some(json!([1, "a"])), "[1,\"a\"]".to_owned()),
        (Some(json!(vec![1; 20])), format!("[{}]", vec!["1"; 20].join(","))),
        (Some(json!(vec![1; 21])), "a list of 21".to_owned()),
    ] {
        assert_eq!(shown(value.as_ref()), text);
    }
    let list = |values: &[&str]| one_of(&values.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(list(&[]), "one that is named, and none is");
    assert_eq!(list(&["a\u{1b}"]), "a\\u{1b}");
    assert_eq!(list(&["a", "b"]), "one of a, b");
    let token = sign(&with("exp", json!("soon")));
    assert_eq!(
        told(&token, &|_| {}, NOW).0,
        "NOT verified: `exp` is the text soon, expected: a whole number of seconds since 1970"
    );
    let token = sign(&with("exp", json!(-5)));
    assert!(told(&token, &|_| {}, NOW).0.contains("`exp` is -5 (53 y ago)"));
}
