//! Answers with a status that Cognito uses as well, from something in front of it: a page that a network shows, a proxy's own error, and
//! AWS WAF's CAPTCHA and Challenge. None counts as Cognito's yes or no.

use crate::answers_by_status::remote;
use crate::exec::issuing;
use crate::harness::challenges::{PASSWORD, signed_in};
use crate::harness::login::{REFRESH, alice, sign_in};
use crate::harness::pool::now;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::sign::{self, access_claims};
use crate::harness::{Answer, Home, Keyring, Output, Server, m2m_jwt};
use serde_json::json;

/// What AWS WAF answers to a client that is no browser, by the rule actions CAPTCHA and Challenge.
fn waf() -> [(Answer, &'static str); 2] {
    let answer = |status, action| Answer::new(status, "text/html", "").header("x-amzn-waf-action", action).unlike_aws();
    [
        (answer(405, "captcha"), "it wants a CAPTCHA solved (HTTP 405)"),
        (answer(202, "challenge"), "it wants a browser to run its script (HTTP 202)"),
    ]
}

/// A page of a network that one has to sign in to.
fn page() -> Answer {
    Answer::new(200, "text/html", "<html>login to hotel wifi</html>").unlike_aws()
}

fn named(output: &Output, code: i32, says: &str) {
    output.code(code).stderr_has("AWS WAF in front of 127.0.0.1:").stderr_has(says);
    output.stderr_has("hint: only a browser can do that: ask the administrator of AWS WAF to let cogtok through");
    output.stderr_lacks("token URL").stderr_lacks("check the domain").stderr_lacks("endpoint_url");
}

/// What a request says that no SDK makes, with how often it was sent: GetId, after a sign-in.
fn by_hand(answer: Answer) -> (Output, usize) {
    let (identity, users) = (Server::always(answer), Server::script([signed_in().1]));
    let home = Home::new();
    home.scripted_user(&users.url());
    let args = ["aws-credentials", "-p", "ws", "--identity-pool-id", "us-east-1:00000000-0000-4000-8000-000000000000"];
    let run = home.cogtok(args).env("COGTOK_PASSWORD", PASSWORD);
    let output = run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY", identity.url()).run();
    (output, identity.hits())
}

#[test]
fn a_success_without_a_user_is_no_get_user() {
    let user = || json!({"Username": "alice", "UserAttributes": [{"Name": "sub", "Value": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b"}]});
    let amz = "application/x-amz-json-1.1";
    let without = |member: &str| {
        let mut user = user();
        user.as_object_mut().unwrap().remove(member);
        Answer::new(200, amz, user.to_string())
    };
    for answer in [
        Answer::json(200, &json!({"a": 1})),
        Answer::new(200, amz, "{}"),
        Answer::new(200, amz, ""),
        Answer::new(204, amz, ""),
        Answer::new(202, amz, user().to_string()),
        without("Username"),
        without("UserAttributes"),
        page(),
    ] {
        let output = remote("aws.cognito.signin.user.admin", &[], answer.unlike_aws());
        output.code(6).stdout_is("").stderr_has("NOT verified: GetUser: the answer");
        output.stderr_has("cogtok could not check whether the token is still valid");
    }
    remote("aws.cognito.signin.user.admin", &[], Answer::new(200, amz, user().to_string())).ok();
}

#[test]
fn a_page_does_not_revoke_sign_out_or_change_anything() {
    // At the domain.
    for answer in [page(), Answer::json(200, &json!({"error": "unavailable"})), Answer::json(200, &json!([]))] {
        let server = Server::script([alice(), answer.clone(), answer, Answer::new(200, "text/plain", "")]);
        let keyring = Keyring::start();
        let home = Home::new();
        home.login_profile_with(&server.url(), "http://127.0.0.1:9");
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        for command in [&["token", "revoke"][..], &["logout"]] {
            let output = home.cogtok(command).keyring(&keyring).run();
            output.code(6).stderr_lacks("revoked the").stderr_lacks("signed out");
        }
        // The refresh token is there still.
        home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
        assert_eq!(server.requests()[3].form("token").as_deref(), Some(REFRESH));
    }
    // At the API, also where AWS's answer has nothing in it.
    let empty = Answer::new(204, "text/plain", "").unlike_aws();
    for answer in [page(), empty, Answer::new(200, "text/plain", "ok").unlike_aws()] {
        let server = Server::always(answer);
        let home = Home::new();
        home.login_profile(&server.url());
        for (args, stdin) in [
            (&["token", "revoke", "-"][..], REFRESH),
            (&["user", "set-password", "al", "--password-stdin"], PASSWORD),
            (&["user", "disable", "al"], ""),
            (&["group", "add", "readers", "al"], ""),
        ] {
            let output = home.cogtok(args).aws().stdin(stdin).run();
            output.code(6).stdout_is("").stderr_has("the answer is not one of AWS (HTTP 20");
        }
    }
}

#[test]
fn an_error_that_is_no_code_of_oauth_is_not_the_endpoints_refusal() {
    let spring = |status: u16, error: &str| Answer::json(status, &json!({"status": status, "error": error}));
    let m2m = |answer: Answer| {
        let server = Server::always(answer);
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        home.scripted_m2m(&[]).run()
    };
    for error in ["Forbidden", "forbidden", "IP not allowed"] {
        m2m(spring(403, error)).code(4).stderr_has(&format!(": {error})")).stderr_has("AWS WAF");
    }
    m2m(spring(401, "Unauthorized")).code(4).stderr_has("any proxy or firewall in front of it");
    for (status, error) in [(404, "Not Found"), (405, "Method Not Allowed"), (404, "nothing")] {
        let output = m2m(spring(status, error));
        output.code(6).stderr_has(&format!(": {error})")).stderr_has("check the token URL");
    }
    // What looks like a code, with the status of a refusal, is one that this version does not know.
    m2m(spring(400, "slow_down")).code(4).stderr_has("was refused: slow_down").stderr_lacks("WAF");
    // Renewing and revoking.
    let server =
        Server::script([alice(), spring(403, "Forbidden"), spring(403, "Forbidden"), spring(404, "Not Found")]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    let renewed = home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).run();
    renewed.code(4).stderr_has("AWS WAF").stderr_lacks("cogtok login");
    let revoke = || home.cogtok(["token", "revoke"]).keyring(&keyring).run();
    revoke().code(4).stderr_has("AWS WAF");
    revoke().code(6).stderr_has("does not revoke tokens").stderr_has("Not Found");
}

#[test]
fn waf_that_wants_a_browser_is_named_wherever_it_answers() {
    for (answer, says) in waf() {
        // The token endpoint, and a session that is renewed and revoked at the domain.
        let server = Server::always(answer.clone());
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        let output = home.scripted_m2m(&["-v"]).run();
        named(&output, 4, says);
        assert_eq!(server.hits(), 1);
        let server = Server::script([alice(), answer.clone(), answer.clone(), Answer::new(200, "text/plain", "")]);
        let keyring = Keyring::start();
        let home = Home::new();
        home.login_profile_with(&server.url(), "http://127.0.0.1:9");
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        let renewed = home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).run();
        named(&renewed, 4, says);
        renewed.stderr_lacks("cogtok login");
        named(&home.cogtok(["token", "revoke"]).keyring(&keyring).run(), 4, says);
        home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
        // What is called with the token, where each answer is handed on as it is.
        let (server, (home, _issuer)) = (Server::always(answer.clone()), issuing(&m2m_jwt(CLIENT, "api/read")));
        for words in [&["call", "http"][..], &["call", "gateway", "tools"]] {
            let run = home.cogtok([words[0], words[1], &server.url()]).args(&words[2..]);
            named(&run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run(), 4, says);
        }
        // The API, by the SDK and by hand.
        let server = Server::always(answer.clone());
        let home = Home::new();
        home.login_profile(&server.url());
        named(&home.cogtok(["token", "revoke", "-"]).stdin(REFRESH).run(), 4, says);
        let (output, hits) = by_hand(answer.clone());
        named(&output, 4, says);
        assert_eq!(hits, 1);
        // The keys, and whether a token is still valid: nothing is known of it.
        let output = home.verify(&sign::sign(&access_claims(now())), &[]).run();
        named(&output, 6, says);
        for scope in ["openid", "aws.cognito.signin.user.admin"] {
            let output = remote(scope, &[], answer.clone());
            named(&output, 6, says);
            output.stderr_has("cogtok could not check whether the token is still valid");
        }
    }
}

#[test]
fn an_error_that_passes_is_tried_again_and_no_refusal() {
    let busy = |status: u16, code: &str| Answer::json(status, &json!({"error": code}));
    for code in ["temporarily_unavailable", "server_error"] {
        let server = Server::always(busy(400, code));
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        home.scripted_m2m(&[]).run().code(6).stderr_has(code).stderr_has("try again");
        assert_eq!(server.hits(), 4, "{code}");
        // A session is renewed later.
        let server = Server::start(move |request| match request.form("grant_type").as_deref() {
            Some("authorization_code") => alice(),
            _ => busy(400, code),
        });
        let keyring = Keyring::start();
        let home = Home::new();
        home.login_profile_with(&server.url(), "http://127.0.0.1:9");
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).run().code(6).stderr_has(code);
        home.cogtok(["token", "revoke"]).keyring(&keyring).run().code(6).stderr_has(code);
    }
    // 408, with and without a code, by the SDK and by hand.
    let late = |body: &str| Answer::new(408, "application/x-amz-json-1.1", body).unlike_aws();
    for body in [r#"{"__type":"RequestTimeoutException","message":"late"}"#, r#"{"__type":"Late"}"#, ""] {
        let server = Server::always(late(body));
        let home = Home::new();
        home.login_profile(&server.url());
        home.cogtok(["user", "list"]).aws().run().code(6).stderr_has("try again");
        assert_eq!(server.hits(), 4, "{body}");
        let (output, hits) = by_hand(late(body));
        output.code(6).stderr_has("try again");
        assert_eq!(hits, 4, "{body}");
    }
}
