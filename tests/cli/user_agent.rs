//! Every request says who sends it: AWS WAF's core rules refuse one that does not.

use crate::harness::challenges::{PASSWORD, signed_in};
use crate::harness::login::{alice, sign_in};
use crate::harness::pool::{JWKS, now};
use crate::harness::sign::{self, access_claims};
use crate::harness::{Answer, Home, Keyring, Server, m2m_jwt};
use serde_json::json;

const OURS: &str = concat!("cogtok/", env!("CARGO_PKG_VERSION"));

/// Every request of this server, with what it said of who sent it.
#[track_caller]
fn all_say(server: &Server, expected: &str) {
    let requests = server.requests();
    assert!(!requests.is_empty());
    for request in requests {
        let said: Vec<_> = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent")).collect();
        assert_eq!(said.len(), 1, "{} {}: {said:?}", request.method, request.path);
        assert!(said[0].1.contains(expected), "{} {}: {said:?}", request.method, request.path);
    }
}

#[test]
fn the_token_endpoint_the_domain_and_the_published_keys_are_told_who_asks() {
    let home = Home::new();
    let server = Server::always(Answer::token(&m2m_jwt("x", "api/read")));
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().ok();
    all_say(&server, OURS);

    let server = Server::script([alice(), Answer::new(200, "text/plain", "")]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
    assert_eq!(server.hits(), 2);
    all_say(&server, OURS);

    let mut claims = access_claims(now());
    claims["scope"] = json!("openid");
    let subject = claims["sub"].clone();
    let server = Server::start(move |request| match request.path.as_str() {
        JWKS => Answer::json(200, &sign::jwks()),
        "/oauth2/userInfo" => Answer::json(200, &json!({ "sub": subject })),
        _ => Answer::new(404, "text/plain", ""),
    });
    let home = Home::new();
    home.pool_profile(&server.url());
    home.verify(&sign::sign(&claims), &["--remote"]).env("COGTOK_DOMAIN", server.url()).run().ok();
    home.cogtok(["doctor", "-p", "ws"]).run().stderr_lacks("bug");
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().any(|path| path.ends_with("openid-configuration")), "{paths:?}");
    all_say(&server, OURS);
}

#[test]
fn signed_calls_and_those_of_the_sdk_are_too() {
    let users = Server::script([signed_in().1]);
    let identity = Server::script([
        Answer::json(200, &json!({"IdentityId": "us-east-1:1"})),
        Answer::json(
            200,
            &json!({"Credentials": {"AccessKeyId": "A", "SecretKey": "S", "SessionToken": "T", "Expiration": now() + 3600}}),
        ),
    ]);
    let home = Home::new();
    home.scripted_user(&users.url());
    let pool = "us-east-1:00000000-0000-4000-8000-000000000000";
    let run = home.cogtok(["aws-credentials", "-p", "ws", "--identity-pool-id", pool]).env("COGTOK_PASSWORD", PASSWORD);
    run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY", identity.url()).run().ok();
    all_say(&identity, OURS);
    all_say(&users, "aws-sdk-rust");

    let ssm = Server::always(Answer::aws_error("ParameterNotFound", ""));
    let import = home.cogtok(["profile", "import", "arn:aws:ssm:us-east-1:000000000000:parameter/workshop"]).aws();
    import.env("AWS_ENDPOINT_URL_SSM", ssm.url()).run().code(3);
    all_say(&ssm, OURS);
}

#[test]
fn an_api_is_told_what_the_user_says() {
    let (home, tokens) = crate::harness::scripted::issuing_another_each_time();
    let api = Server::always(Answer::new(200, "text/plain", "ok"));
    let call = || {
        let run = home.cogtok(["call", "http", "--as", "m2m"]).arg(api.url());
        run.env("COGTOK_M2M_CLIENT_SECRET", crate::harness::scripted::SECRET)
    };
    call().run().ok();
    call().args(["-H", "User-Agent: mine/1"]).run().ok();
    let said: Vec<_> = api.requests().iter().map(|request| request.header("user-agent").map(str::to_owned)).collect();
    assert_eq!(said, [Some(OURS.to_owned()), Some("mine/1".to_owned())]);
    drop(tokens);
}
