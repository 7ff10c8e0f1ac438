//! One token for each rule about claims.

use super::*;
use crate::error::AdviceKind;

#[test]
fn what_must_be_text_is_nothing_else() {
    for name in ["sub", "jti", "scope"] {
        for value in [json!(7), json!(["a"]), json!({}), json!(true), Value::Null] {
            for claims in [with(name, value.clone()), with_id(name, value.clone())] {
                let rejection = try_it(&sign(&claims)).unwrap_err();
                assert_eq!((rejection.claim, rejection.expected.as_str()), (name, "text"), "{value}");
                let error = Error::from(rejection);
                assert!(error.advises(AdviceKind::InspectToken), "{error:?}");
            }
        }
    }
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
    // Empty expectations accept nothing.
    assert_eq!(ask(&|e| e.clients.clear(), &token), Err("client_id"));
    assert_eq!(ask(&|e| e.issuers.clear(), &token), Err("iss"));
    assert_eq!(ask(&|e| *e = Expectations::default(), &token), Err("iss"));
    assert_eq!(ask(&|e| e.issuers = vec!["https://other.example".into()], &token), Err("iss"));
}
