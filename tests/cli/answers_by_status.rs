//! Answers that give no reason, or one that nobody knows: their HTTP status says whether to try again, and by itself it decides
//! nothing about a token or a session.

use crate::harness::challenges::{PASSWORD, challenge};
use crate::harness::login::{REFRESH, alice, sign_in};
use crate::harness::pool::{JWKS, now, publisher};
use crate::harness::sign::{self, access_claims};
use crate::harness::{Answer, Home, Keyring, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An error of AWS with this status.
/// A code that the operation's model does not have.
fn aws(status: u16, code: &str) -> Answer {
    let body = json!({"__type": code, "message": "try again"}).to_string();
    Answer::new(status, "application/x-amz-json-1.1", body).header("x-amzn-errortype", code).unlike_aws()
}

/// What AWS WAF says by default, and what API Gateway and a load balancer make of it.
fn firewall() -> [Answer; 3] {
    let html = "<html>\n<head><title>403 Forbidden</title></head>\n<body>\n<center><h1>403 Forbidden</h1></center>\n</body>\n</html>\n";
    [
        Answer::json(403, &json!({"message": "Forbidden"})),
        Answer::new(403, "text/html", html),
        Answer::new(403, "text/plain", ""),
    ]
}

fn home_at(endpoint: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{endpoint}\"\n"
    ));
    home
}

#[test]
fn a_code_that_nobody_knows_is_tried_again_where_its_status_says_so() {
    let users = || Answer::new(200, "application/x-amz-json-1.1", json!({"Users": []}).to_string());
    for (status, code) in [
        (503, "ServiceUnavailableException"),
        (500, "SomethingNewException"),
        (429, "SomethingNewException"),
        (529, "X"),
    ] {
        // By the SDK.
        let list = |answers: Vec<Answer>| {
            let server = Server::script(answers);
            let home = home_at(&server.url());
            (home.cogtok(["user", "list", "-p", "ws", "--json"]).aws().run(), server)
        };
        let (output, server) = list(vec![aws(status, code), users()]);
        output.ok();
        assert_eq!(server.hits(), 2, "{status} {code}");
        let (output, server) = list(vec![aws(status, code); 4]);
        output.code(6).stderr_has(code).stderr_has(&format!("HTTP {status}")).stderr_has("try again");
        assert_eq!(server.hits(), 4, "{status} {code}");
        // Signed by hand.
        let keys = publisher();
        let home = Home::new();
        home.pool_profile(&keys.url());
        let arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
        let agentcore = Server::script(vec![aws(status, code); 4]);
        let check =
            home.cogtok(["token", "check", "-", "-p", "ws", "--arn", arn]).stdin(sign::sign(&access_claims(now())));
        let output = check.aws().env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", agentcore.url()).run();
        output.code(6).stderr_has(code).stderr_has("try again");
        assert_eq!(agentcore.hits(), 4, "{status} {code}");
    }
    // What says no for good is asked once.
    let server = Server::always(aws(400, "SomethingNewException"));
    insta::assert_snapshot!(home_at(&server.url()).cogtok(["user", "list", "-p", "ws"]).aws().run().message(), @"
    exit 1
    error: ListUsers was refused: SomethingNewException: try again (profile `ws`)
    hint: add `-v` for the request id
    ");
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_pause_that_is_longer_than_the_call_is_not_waited_for() {
    let throttled = || Answer::aws_error("TooManyRequestsException", "Rate exceeded");
    for busy in [
        Answer::new(429, "text/plain", "").header("x-amz-retry-after", "60000"),
        Answer::new(429, "text/plain", "").header("Retry-After", "60"),
        Answer::new(503, "text/plain", "").header("x-amz-retry-after", "60000"),
        throttled().header("x-amz-retry-after", "60000"),
    ] {
        let server = Server::always(busy);
        let home = home_at(&server.url());
        let output = home.cogtok(["user", "list", "-p", "ws", "--timeout", "20s"]).aws().run();
        output.code(6).stderr_has("ListUsers").stderr_has("try again").stderr_lacks("no result within");
        assert_eq!(server.hits(), 1);
    }
    // A short one is.
    let users = Answer::new(200, "application/x-amz-json-1.1", json!({"Users": []}).to_string());
    let server = Server::script([throttled().header("x-amz-retry-after", "1000"), users]);
    let begun = Instant::now();
    home_at(&server.url()).cogtok(["user", "list", "-p", "ws", "--json"]).aws().run().ok();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_step_of_a_sign_in_is_not_sent_twice_whatever_the_status() {
    let server = Server::script([challenge(1, "SMS_MFA", json!({})), aws(503, "SomethingNewException")]);
    let home = Home::new();
    home.scripted_user(&server.url());
    let run = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--auth-flow", "password"]).stdin(PASSWORD);
    insta::assert_snapshot!(run.env("COGTOK_MFA_CODE", "123456").run().message(), @"
    exit 6
    error: RespondToAuthChallenge failed: SomethingNewException: try again (HTTP 503) (profile `ws`)
    hint: the service failed: try again later; `-v` shows the request id
    ");
    assert_eq!(server.hits(), 2);
}

#[test]
fn a_firewall_before_the_token_endpoint_is_named_and_a_bare_401_is_a_refusal() {
    let m2m = |answer: Answer| {
        let server = Server::always(answer);
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        let output = home.scripted_m2m(&[]).run();
        assert_eq!(server.hits(), 1);
        output
    };
    for answer in firewall() {
        m2m(answer).code(4).stderr_has("HTTP 403").stderr_has("AWS WAF").stderr_lacks("token URL");
    }
    m2m(Answer::new(401, "text/html", "<h1>no</h1>")).code(4).stderr_has("HTTP 401").stderr_lacks("AWS WAF");
    // An endpoint that is none is that still, and an OAuth error is one whatever its status.
    m2m(Answer::new(404, "text/html", "")).code(6).stderr_has("check the token URL");
    m2m(Answer::json(403, &json!({"error": "invalid_client"})))
        .code(4)
        .stderr_has("invalid_client")
        .stderr_lacks("WAF");
}

#[test]
fn a_firewall_before_the_domain_ends_no_session_and_is_named_when_it_is_renewed_or_revoked() {
    let bare = Answer::new(401, "text/plain", "");
    for (answer, says) in firewall().into_iter().map(|answer| (answer, "AWS WAF")).chain([(bare, "HTTP 401")]) {
        let server = Server::script([alice(), answer.clone(), answer.clone(), Answer::new(200, "text/plain", "")]);
        let keyring = Keyring::start();
        let home = Home::new();
        home.login_profile_with(&server.url(), "http://127.0.0.1:9");
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        let renewed = home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).run();
        renewed.code(4).stderr_has(says).stderr_lacks("cogtok login");
        home.cogtok(["token", "revoke"]).keyring(&keyring).run().code(4).stderr_has(says);
        // The refresh token is there still.
        home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
        let sent = server.requests();
        assert_eq!(sent.len(), 4, "{says}");
        assert_eq!(sent[3].form("token").as_deref(), Some(REFRESH));
    }
}

#[test]
fn a_firewall_before_the_api_is_named() {
    for answer in firewall() {
        let server = Server::always(answer.clone());
        let home = Home::new();
        home.login_profile(&server.url());
        let revoke = home.cogtok(["token", "revoke", "-"]).stdin(REFRESH).run();
        revoke.code(4).stderr_has("RevokeToken").stderr_has("AWS WAF").stderr_lacks("endpoint_url");
        assert_eq!(server.hits(), 1);
        // By hand as well.
        let identity = Server::always(answer);
        let users = Server::script([crate::harness::challenges::signed_in().1]);
        let home = Home::new();
        home.scripted_user(&users.url());
        let args =
            ["aws-credentials", "-p", "ws", "--identity-pool-id", "us-east-1:00000000-0000-4000-8000-000000000000"];
        let run = home.cogtok(args).env("COGTOK_PASSWORD", PASSWORD);
        run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY", identity.url())
            .run()
            .code(4)
            .stderr_has("GetId")
            .stderr_has("AWS WAF");
        assert_eq!(identity.hits(), 1);
    }
}

/// What `token verify --remote` says with this answer of userInfo, or of GetUser.
pub fn remote(scope: &str, options: &[&str], answer: Answer) -> crate::harness::Output {
    let server = Server::start(move |request| match request.path.as_str() {
        JWKS => Answer::json(200, &sign::jwks()),
        _ => answer.clone(),
    });
    let home = Home::new();
    home.pool_profile(&server.url());
    let mut claims = access_claims(now());
    claims["scope"] = json!(scope);
    home.verify(&sign::sign(&claims), &[&["--remote"], options].concat()).env("COGTOK_DOMAIN", server.url()).run()
}

#[test]
fn only_what_is_said_against_a_token_counts_against_it() {
    let body = json!({"error": "invalid_token"});
    let challenge = r#"Bearer realm="x", error="invalid_token", error_description="Access token is expired""#;
    let mut undecided: Vec<Answer> = firewall().into();
    undecided.extend([
        Answer::new(401, "text/html", "<h1>no</h1>"),
        Answer::new(401, "text/plain", "").header("WWW-Authenticate", "Bearer"),
        Answer::new(400, "text/plain", ""),
        Answer::json(403, &json!({"status": 403, "error": "Forbidden", "path": "/oauth2/userInfo"})),
        Answer::new(407, "text/plain", ""),
        Answer::json(400, &json!({"error": "invalid_request"})),
    ]);
    for answer in undecided {
        let output = remote("openid", &["--json"], answer.clone());
        output.code(6).stderr_has("NOT verified").stderr_has("cogtok could not check whether the token is still valid");
        assert_eq!(output.json()["verified"], Value::Bool(false));
        output.stderr_lacks("is no longer valid");
    }
    for answer in [Answer::json(401, &body), Answer::new(401, "text/plain", "").header("WWW-Authenticate", challenge)] {
        remote("openid", &["--json"], answer).code(8).stderr_has("invalid_token").stderr_has("is no longer valid");
    }
    let api = "aws.cognito.signin.user.admin";
    for answer in firewall() {
        remote(api, &["--json"], answer)
            .code(6)
            .stderr_has("cogtok could not check whether the token is still valid")
            .stderr_has("AWS WAF");
    }
    remote(api, &["--json"], Answer::aws_error("ForbiddenException", "Request not allowed due to WAF block."))
        .code(6)
        .stderr_has("WAF");
}

#[test]
fn a_firewall_before_the_keys_and_the_discovery_document_says_nothing_of_the_pool() {
    for answer in firewall() {
        let server = Server::always(answer);
        let home = Home::new();
        home.pool_profile(&server.url());
        let verify = home.verify(&sign::sign(&access_claims(now())), &[]).run();
        verify.code(6).stderr_has("gave no key set").stderr_has("AWS WAF");
        let doctor = home.cogtok(["doctor", "-p", "ws"]).run();
        let line = doctor.stdout.lines().find(|line| line.contains("iscovery")).unwrap_or_default();
        doctor.check(!line.contains("there is no discovery document"), line);
    }
}
