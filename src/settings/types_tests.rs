use crate::settings::types::*;

#[test]
fn hostile_profile_names_are_refused() {
    for bad in [
        "",
        ".",
        "..",
        "../x",
        "/abs",
        "a/b",
        "-x",
        "--export",
        "a\nb",
        "a\u{1b}",
        "a\0b",
        " ",
        "a ",
        "$(x)",
        "a=b",
        "[a]",
        "ä",
        &"a".repeat(65),
    ] {
        assert!(bad.parse::<ProfileName>().is_err(), "{bad:?}");
    }
    for good in ["a", "ws", "A-1_b.c", "con", &"a".repeat(64)] {
        assert!(good.parse::<ProfileName>().is_ok(), "{good:?}");
    }
}

#[test]
fn plain_http_is_for_loopback_alone() {
    for bad in [
        "http://example.com",
        "http://127.0.0.1.evil",
        "http://localhost.evil",
        "http://[::ffff:10.0.0.1]",
        "http://2130706433.evil",
        "https://good@evil",
        "https://u:p@evil",
        "http://localhost.",
        "ftp://127.0.0.1",
        "https://a?b",
        "https://a#b",
        "example.com",
        "",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "file:///etc/passwd",
    ] {
        let error = bad.parse::<Endpoint>().expect_err(bad);
        assert_eq!(error.kind().exit_code(), 2);
    }
    for good in [
        "https://x.auth.us-east-1.amazoncognito.com",
        "http://127.0.0.1:4566",
        "http://[::1]:80",
        "http://localhost:1",
        "http://127.8.9.1/oauth2/token",
    ] {
        assert!(good.parse::<Endpoint>().is_ok(), "{good}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let error = "https://user:hunter2@host".parse::<Endpoint>().unwrap_err();
    assert!(!error.message().contains("hunter2"), "{error}");
}

#[test]
fn endpoints_have_an_origin_and_take_a_path() {
    let endpoint: Endpoint = "https://Example.com:443/".parse().unwrap();
    assert_eq!(endpoint.as_str(), "https://example.com");
    assert_eq!(endpoint.origin(), "https://example.com");
    assert_eq!(endpoint.join("/oauth2/token").as_str(), "https://example.com/oauth2/token");
    let below: Endpoint = "https://example.com:8443/base/".parse().unwrap();
    assert_eq!(
        (below.as_str(), below.origin().as_str()),
        ("https://example.com:8443/base/", "https://example.com:8443")
    );
    assert_eq!(below.to_string(), below.as_str());
    assert_eq!(below.join("/a").as_str(), "https://example.com:8443/base/a");
    for (text, is_loopback) in [
        ("http://127.9.9.9", true),
        ("http://[::1]", true),
        ("https://localhost", true),
        ("https://10.0.0.1", false),
        ("https://[2001:db8::1]", false),
        ("https://local.host", false),
    ] {
        assert_eq!(text.parse::<Endpoint>().unwrap().is_loopback(), is_loopback, "{text}");
    }
}

#[test]
fn the_rule_that_a_url_breaks_is_told() {
    for (bad, rule) in [
        ("example.com", "is not a URL"),
        ("https://u@evil.example", "a user name or password in it is refused"),
        ("https://:p@evil.example", "a user name or password in it is refused"),
        ("https://a/?b", "no query and no fragment"),
        ("https://a/#b", "no query and no fragment"),
        ("file:///a", "it names no host"),
        ("http://example.com", "plain http is allowed only to this machine"),
        ("ftp://127.0.0.1", "`ftp` is neither https nor http"),
        ("ws://localhost", "`ws` is neither https nor http"),
    ] {
        let error = bad.parse::<Endpoint>().unwrap_err();
        assert!(error.message().contains(rule), "{bad}: {error}");
    }
}

#[test]
fn scopes_are_a_set() {
    let one = Scopes::parse(["api/write api/read"]).unwrap();
    let other = Scopes::parse(["api/read", "api/write", "api/read"]).unwrap();
    assert_eq!(one, other);
    assert_eq!(one.to_string(), "api/read api/write");
    assert_eq!(one.missing_from(&Scopes::parse(["api/read"]).unwrap()), ["api/write"]);
    assert!(Scopes::parse(["a\"b"]).is_err());
    assert!(Scopes::parse(["ä"]).is_err());
}

#[test]
fn a_pool_id_has_its_region_and_srp_name() {
    let pool: PoolId = "us-east-1_Ab_Cd".parse().unwrap();
    assert_eq!(pool.region().as_str(), "us-east-1");
    assert_eq!(pool.srp_name(), "Ab_Cd");
    for bad in ["us-east-1", "_x", "x_", "us-east-1_a/b", "evil.com/#_x", "a_b\n"] {
        assert!(bad.parse::<PoolId>().is_err(), "{bad:?}");
    }
}

#[test]
fn variables_that_a_shell_obeys_are_refused() {
    for bad in ["X;id", "1A", "PATH", "LD_PRELOAD", "IFS", "", "a-b", "A B", "path", "BASH_ENV"] {
        assert!(bad.parse::<VarName>().is_err(), "{bad:?}");
    }
    assert!("MY_TOKEN_2".parse::<VarName>().is_ok());
}

#[test]
fn arns_name_their_region() {
    let arn: SecretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:m2m-AbCdEf".parse().unwrap();
    assert_eq!(arn.region().unwrap().as_str(), "eu-west-1");
    assert!("plain/name".parse::<SecretArn>().unwrap().region().is_none());
}
