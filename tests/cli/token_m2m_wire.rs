//! `cogtok token m2m` on the wire: the request itself, what `-v` shows of it, refusals and retries.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Server, m2m_jwt};
use serde_json::json;
use std::time::{Duration, Instant};

fn token() -> Answer {
    Answer::token(&m2m_jwt(CLIENT, "api/read api/write"))
}

fn busy(status: u16) -> Answer {
    Answer::new(status, "text/html", "<h1>busy</h1>")
}

/// A home whose profile `ws` is at a server that gives these answers.
fn scripted(answers: impl IntoIterator<Item = Answer>) -> (Home, Server) {
    let (home, server) = (Home::new(), Server::script(answers));
    home.scripted_profile(&server.token_url());
    (home, server)
}

#[test]
fn basic_and_post_differ_in_where_the_secret_stands() {
    let (home, server) = scripted([token(), token()]);
    home.scripted_m2m(&["--no-cache"]).run().ok().quiet();
    home.scripted_m2m(&["--no-cache", "--auth-method", "client_secret_post"]).run().ok().quiet();
    let requests = server.requests();
    let [basic, post] = requests.as_slice() else { panic!("{requests:?}") };
    for request in [basic, post] {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/oauth2/token"));
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.header("accept"), Some("application/json"));
    }
    // scripted%2Bclient:scripted%2Fsecret%2Bcanary%3D42, as RFC 6749 section 2.3.1 asks.
    let right = "Basic c2NyaXB0ZWQlMkJjbGllbnQ6c2NyaXB0ZWQlMkZzZWNyZXQlMkJjYW5hcnklM0Q0Mg==";
    assert_eq!(basic.header("authorization"), Some(right));
    assert_eq!(basic.text(), "grant_type=client_credentials&scope=api%2Fread+api%2Fwrite");
    assert_eq!(post.header("authorization"), None);
    let mut fields: Vec<_> = url::form_urlencoded::parse(&post.body).into_owned().collect();
    fields.sort();
    let wanted = [
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "api/read api/write"),
    ];
    assert_eq!(fields, wanted.map(|(name, value)| (name.to_string(), value.to_string())));
}

#[test]
fn without_scopes_none_are_asked_for() {
    let (home, server) = (Home::new(), Server::always(token()));
    let args = ["token", "m2m", "--client-id", CLIENT, "--client-secret-stdin", "--token-url", &server.token_url()];
    home.cogtok(args).stdin(SECRET).canary(SECRET).run().ok().quiet();
    assert_eq!(server.requests()[0].text(), "grant_type=client_credentials");
}

/// Without a scope Cognito gives all that the client may have: a variable that is not set must not mean that.
#[test]
fn an_empty_scope_is_refused_and_not_taken_for_all() {
    let (home, server) = scripted([]);
    for args in [&["--scope", ""][..], &["--scope", " "], &["--scope", "api/read", "--scope", ""]] {
        home.scripted_m2m(args).run().code(2).stdout_is("").stderr_has("`--scope` is empty");
        home.cogtok(["header"]).args(args).run().code(2).stdout_is("").stderr_has("`--scope` is empty");
    }
    server.assert_untouched();
}

#[test]
fn an_unknown_way_of_authenticating_is_a_usage_error_before_the_secret_is_sent() {
    let (home, server) = scripted([]);
    let output = home.scripted_m2m(&["--auth-method", "none"]).run();
    output.code(2).stderr_has("client_secret_basic").stderr_has("client_secret_post");
    server.assert_untouched();
}

#[test]
fn v_shows_the_exchange_and_vv_the_bodies_but_no_secret() {
    let granted = m2m_jwt(CLIENT, "api/read api/write");
    let answer = Answer::token(&granted).header("x-amz-cognito-request-id", "0b5c-request-id");
    let (home, server) = scripted([answer.clone(), answer.clone(), answer]);
    home.canary_token(&granted);
    let v = home.scripted_m2m(&["--no-cache", "-v"]).run();
    let line = v.ok().stderr.lines().find(|line| line.contains("/oauth2/token")).unwrap_or_default().to_string();
    let host = server.url();
    v.check(line.starts_with(&format!("POST {host}/oauth2/token: 200 in ")), "method, host, path and status");
    v.check(line.ends_with(" ms, request id 0b5c-request-id"), "time and request id");
    v.stderr_lacks("grant_type").stderr_lacks("access_token");

    let vv = home.scripted_m2m(&["--no-cache", "-vv", "--auth-method", "client_secret_post"]).run();
    vv.ok().stderr_has("grant_type=client_credentials").stderr_has("scope=api/read api/write");
    vv.stderr_has("client_secret=[redacted]").stderr_has("\"access_token\":\"[redacted]\"").stderr_has("3600");
    vv.check(vv.line() == granted, "the log is not on stdout");
    home.scripted_m2m(&["--no-cache", "-q"]).run().ok().quiet();
    home.scripted_m2m(&["-q", "-v"]).run().code(2);
}

#[test]
fn each_refusal_has_its_exit_code_and_is_not_repeated() {
    for (status, error, code, says) in [
        (400, "invalid_client", 4, "came from standard input"),
        (401, "invalid_client", 4, "client id, client secret and token URL"),
        (400, "invalid_grant", 4, "AllowedOAuthScopes"),
        (400, "invalid_scope", 3, "AllowedOAuthScopes"),
        (400, "unauthorized_client", 3, "client_credentials"),
        (400, "unsupported_grant_type", 3, "token URL"),
        (400, "invalid_request", 4, "m2m.auth_method"),
        (403, "access_denied", 4, "access_denied"),
    ] {
        let refusal = json!({"error": error, "error_description": "because of reasons"});
        let (home, server) = scripted([token(), Answer::json(status, &refusal)]);
        let kept = home.scripted_m2m(&["--scope", "x/y"]).run();
        let output = home.scripted_m2m(&[]).run();
        output.code(code).stderr_has(error).stderr_has("because of reasons").stderr_has(says);
        output.stderr_has("127.0.0.1").stderr_has("(profile `ws`)");
        assert_eq!(server.hits(), 2, "{error}");
        home.scripted_m2m(&["--scope", "x/y"]).run().ok().stdout_is(&kept.ok().stdout);
    }
}

#[test]
fn a_busy_or_broken_server_is_asked_again() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{\"access_tok";
    let rows: [(&str, Vec<Answer>); 8] = [
        ("429", vec![busy(429)]),
        ("500", vec![busy(500)]),
        ("502", vec![busy(502)]),
        ("503", vec![busy(503)]),
        ("504 twice", vec![busy(504), busy(504)]),
        ("closed without an answer", vec![Answer::close()]),
        ("broken off in the body", vec![Answer::raw(cut)]),
        ("429 with an OAuth error", vec![Answer::json(429, &json!({"error": "slow_down"}))]),
    ];
    std::thread::scope(|threads| {
        for (name, mut answers) in rows {
            threads.spawn(move || {
                let wanted = answers.len() + 1;
                answers.push(token());
                let (home, server) = scripted(answers);
                home.scripted_m2m(&[]).run().ok().quiet();
                assert_eq!(server.hits(), wanted, "{name}");
            });
        }
    });
}

#[test]
fn there_are_at_most_four_tries_with_growing_pauses() {
    let (home, server) = (Home::new(), Server::always(busy(503)));
    home.scripted_profile(&server.token_url());
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has("HTTP 503").stderr_has("127.0.0.1").stderr_lacks("<h1>");
    let times: Vec<Instant> = server.requests().iter().map(|request| request.at).collect();
    assert_eq!(times.len(), 4);
    for (pair, least) in times.windows(2).zip([200, 400, 800]) {
        let pause = pair[1] - pair[0];
        assert!(pause >= Duration::from_millis(least), "{pause:?} before the next try, at least {least} ms");
    }
}

#[test]
fn a_reset_connection_and_a_closed_port_are_network_errors_that_name_the_host() {
    let (reset, closed) = (Home::new(), Home::new());
    let server = Server::resetting();
    reset.scripted_profile(&server.token_url());
    let port = crate::harness::ports::closed_port();
    closed.scripted_profile(&format!("http://127.0.0.1:{port}/oauth2/token"));
    let (resetting, refusing) = (reset.scripted_m2m(&[]).spawn(), closed.scripted_m2m(&[]).spawn());
    resetting.wait().code(6).stderr_has(&format!("127.0.0.1:{}", server.port())).stderr_has("reset");
    assert_eq!(server.connections(), 4);
    refusing.wait().code(6).stderr_has(&format!("127.0.0.1:{port}")).stderr_has("refused");
}

#[test]
fn retry_after_is_honoured_within_the_deadline() {
    let (home, server) = scripted([busy(429).header("Retry-After", "1"), token()]);
    home.scripted_m2m(&[]).run().ok().quiet();
    let requests = server.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));

    let (home, server) = scripted([busy(503).header("Retry-After", "3600"), token()]);
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has("retry after 3600 s").within(Duration::ZERO);
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_retry_after_that_means_nothing_does_no_harm() {
    let endless = ["18446744073709551615", "9223372036854775807", "99999999999999999999"];
    let odd = ["-1", "1e99", "", "soon", "\u{1b}[31m"];
    std::thread::scope(|threads| {
        for value in endless.into_iter().chain(odd) {
            threads.spawn(move || {
                let raw = format!("HTTP/1.1 429 Slow\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
                let (home, server) = scripted([Answer::raw(raw), token()]);
                let output = home.scripted_m2m(&["--timeout", "5s"]).timeout(Duration::from_secs(5)).run();
                if value.parse::<u64>().is_ok() {
                    output.code(6).stderr_has("HTTP 429");
                    assert_eq!(server.hits(), 1, "{value}");
                } else {
                    // An escape sequence makes no answer.
                    output.code(if value.contains('\u{1b}') { 6 } else { 0 });
                }
            });
        }
    });
}

#[test]
fn retry_after_may_be_a_date() {
    use std::time::SystemTime;
    let later = SystemTime::now() + Duration::from_secs(3600);
    let done = std::process::Command::new("date")
        .args(["-u", "-R", "-d", &format!("@{}", later.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())])
        .env("LC_ALL", "C")
        .output()
        .expect("date");
    let date = String::from_utf8(done.stdout).unwrap().trim().replace("+0000", "GMT");
    let (home, server) = scripted([busy(429).header("Retry-After", &date), token()]);
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has("retry after");
    assert_eq!(server.hits(), 1, "{date}");
}
