//! A clock that is wrong: named with the difference where it may be why something was refused, and harmless elsewhere.

use crate::harness::scripted::CLIENT;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Output, Request, Run, Server, jwt, m2m_jwt, need, unique};
use serde_json::json;

const PASSWORD: &str = "Canary-Password-7!";

/// The run with its clock set off by this much, or to this time.
fn at<'h>(when: &str, run: Run<'h>) -> Run<'h> {
    need("faketime", "faketime");
    // Deadlines are measured on a clock that nobody sets.
    run.under(["faketime", "-f", when]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A Date header that is right, or off by this much.
fn date(off: i64) -> String {
    let at = jiff::Timestamp::from_second(i64::try_from(seconds()).unwrap() + off).unwrap();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

/// A server whose clock is right and that refuses everything with this code.
fn refusing(code: &'static str) -> Server {
    Server::start(move |request| {
        let answer = match request.operation() {
            Some(_) => Answer::aws_error(code, "It was refused."),
            None => Answer::json(400, &json!({"error": code})),
        };
        answer.header("Date", &date(0))
    })
}

fn m2m<'h>(home: &'h Home, server: &Server) -> Run<'h> {
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[])
}

fn sign_in<'h>(home: &'h Home, server: &Server) -> Run<'h> {
    home.canary(PASSWORD);
    let words = ["token", "user", "--client-id", "web", "--user-pool-id", "us-east-1_Scripted0", "--password-stdin"];
    home.cogtok(words)
        .args(["--username", "alice@example.com", "--auth-flow", "password", "--endpoint-url", &server.url()])
        .stdin(PASSWORD)
}

fn read_secret<'h>(home: &'h Home, server: &Server) -> Run<'h> {
    home.cogtok(["token", "m2m", "--secret-arn", "m2m-secret", "--region", "us-east-1"])
        .args(["--endpoint-url", &server.url()])
        .aws()
}

fn list_users<'h>(home: &'h Home, server: &Server) -> Run<'h> {
    home.config("[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n");
    home.cogtok(["user", "list", "-p", "ws", "--endpoint-url", &server.url()]).aws()
}

/// The seconds in the hint about the clock.
#[track_caller]
fn blamed(output: &Output, way: &str) -> i64 {
    let parts = output.stderr.split_once("hint: this machine's clock is ").and_then(|(_, rest)| rest.split_once(" s "));
    output.check(parts.is_some_and(|(_, rest)| rest.starts_with(&format!("{way} the server's"))), way);
    parts.unwrap().0.parse().unwrap()
}

#[test]
fn a_refusal_names_the_seconds_by_which_the_clock_is_ahead_or_behind() {
    type Call = for<'h> fn(&'h Home, &Server) -> Run<'h>;
    let calls: [(Call, &str, i32); 6] = [
        (m2m, "invalid_client", 4),
        (sign_in, "NotAuthorizedException", 4),
        (read_secret, "InvalidSignatureException", 9),
        (read_secret, "RequestExpired", 9),
        (list_users, "InvalidSignatureException", 9),
        (list_users, "RequestExpired", 9),
    ];
    for (call, refusal, code) in calls {
        let (home, server) = (Home::new(), refusing(refusal));
        let right = call(&home, &server).run();
        right.code(code).stderr_has(refusal).stderr_lacks("clock is ");
        for (when, way, expected) in [
            ("+10m", "ahead of", 600),
            ("-10m", "behind", 600),
            ("+1d", "ahead of", 86_400),
            ("-400d", "behind", 34_560_000),
        ] {
            let output = at(when, call(&home, &server)).run();
            let told = blamed(output.code(code).stderr_has(refusal), way);
            output.check((told - expected).abs() <= 3, &format!("{when} is {expected} s"));
        }
    }
}

#[test]
fn a_clock_that_is_nearly_right_or_that_no_server_disputes_is_not_blamed() {
    let home = Home::new();
    let with_date = |value: Option<String>| {
        Server::start(move |_| {
            let answer = Answer::json(401, &json!({"error": "invalid_client"}));
            value.iter().fold(answer, |answer, value| answer.header("Date", value))
        })
    };
    for when in ["+45s", "-45s"] {
        at(when, m2m(&home, &refusing("invalid_client"))).run().code(4).stderr_lacks("clock");
    }
    for value in [None, Some("yesterday".into()), Some(String::new()), Some("Sun, 99 Nov 99999 99:99:99 GMT".into())] {
        let server = with_date(value.clone());
        at("+10m", m2m(&home, &server)).run().code(4).stderr_lacks("clock is ");
    }
    // What a clock does not explain does not mention it.
    let other = Server::start(|_| Answer::json(400, &json!({"error": "invalid_scope"})).header("Date", &date(0)));
    at("+10m", m2m(&home, &other)).run().code(3).stderr_lacks("clock");
    let token = Server::start(|_| Answer::token("an-opaque-token").header("Date", &date(0)));
    at("+10m", m2m(&home, &token)).run().ok().quiet();
}

/// A token endpoint whose clock is right, with a new token for an hour each time.
fn issuer() -> Server {
    Server::start(|_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")).header("Date", &date(0)))
}

#[test]
fn a_token_of_the_cache_in_its_last_second_raises_no_doubt_about_the_clock() {
    let home = Home::new();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        // It is not asked again: that would be a pause by this clock.
        _ => Answer::json(503, &json!({"message": "not now"})).header("Retry-After", "3600"),
    });
    home.scripted_profile(&server.token_url());
    let end = home.scripted_m2m(&["--json"]).run().ok().json()["expires_at"].as_f64().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    // A clock that goes slowly, so that the second lasts.
    let output = at(&format!("+{:.3} x0.1", end - 0.9 - now), home.scripted_m2m(&[])).run();
    output.ok().stderr_has("the token could not be renewed, so the cached one is used: ");
    output.stderr_has("the token is valid for only 0 s").check(!output.stderr.contains("clock"), "the clock is right");
}

#[test]
fn a_token_that_is_over_by_this_clock_is_served_with_a_warning_and_never_as_a_fresh_one() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let mut seen = Vec::new();
    for _ in 0..2 {
        let output = at("+1d", home.scripted_m2m(&["--json"])).run();
        let json =
            output.ok().stderr_has("warning: the token has already expired: is this machine's clock right?").json();
        assert_eq!((&json["expires_in"], &json["source"]), (&json!(0), &json!("network")));
        assert!(!seen.contains(&json["access_token"]), "it was served twice");
        seen.push(json["access_token"].clone());
    }
    // The clock is set: what was kept meanwhile is a token from the future.
    let set = home.scripted_m2m(&["--json"]).run().ok().quiet().json();
    assert!(!seen.contains(&set["access_token"]) && set["source"] == "network", "{set}");
    assert_eq!(server.hits(), 3);
}

#[test]
fn a_clock_that_is_behind_makes_no_token_live_longer_than_it_says() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let json = at("-10m", home.scripted_m2m(&["--json"])).run().ok().quiet().json();
    assert!(json["expires_in"].as_u64().unwrap() <= 3600, "an hour, not the hour and ten minutes of its exp: {json}");
    assert!(json["expires_at"].as_u64().unwrap() <= seconds() + 3600, "{json}");
    let later = at("+47m", home.scripted_m2m(&["--json"])).run().ok().quiet().json();
    assert_eq!((&later["access_token"], &later["source"]), (&json["access_token"], &json!("cache")));
    let over = at("+50m", home.scripted_m2m(&["--json"])).run().ok().quiet().json();
    assert_eq!((over["source"].as_str(), server.hits()), (Some("network"), 2));
}

/// Signs everybody in; the tokens end in an hour by a clock that is right.
fn user_pool(_: &Request) -> Answer {
    let token = |kind: &str| {
        let end = seconds() + 3600;
        jwt(
            &json!({"sub": "x", "token_use": kind, "exp": end, "iat": end - 3600, "jti": unique("jti"), "client_id": "web"}),
        )
    };
    let result =
        json!({"AccessToken": token("access"), "IdToken": token("id"), "ExpiresIn": 3600, "TokenType": "Bearer"});
    let body = json!({"AuthenticationResult": result, "ChallengeParameters": {}}).to_string();
    Answer::new(200, "application/x-amz-json-1.1", body).header("Date", &date(0))
}

#[test]
fn a_users_cached_token_is_a_miss_once_the_clock_goes_back() {
    let (home, server) = (Home::new(), Server::start(user_pool));
    let first = sign_in(&home, &server).arg("--json").run().ok().quiet().json();
    let cached = at("+30m", sign_in(&home, &server).arg("--json")).run().ok().quiet().json();
    assert_eq!((&cached["access_token"], cached["source"].as_str()), (&first["access_token"], Some("cache")));
    for when in ["-1h", "-10y", "@1970-01-02 00:00:00"] {
        let earlier = at(when, sign_in(&home, &server).arg("--json")).run().ok().quiet().json();
        assert_eq!(earlier["source"].as_str(), Some("network"), "{when}: {earlier}");
    }
    assert_eq!(server.hits(), 4);
}

#[test]
fn no_command_panics_at_the_ends_of_time() {
    for when in ["@1970-01-01 00:00:00", "@2038-01-19 03:14:06", "@2106-02-07 06:28:16", "@2499-12-31 23:59:59"] {
        let home = Home::new();
        at(when, m2m(&home, &issuer())).run().ok();
        let (user, refused) = (Server::start(user_pool), refusing("RequestExpired"));
        at(when, sign_in(&home, &user)).run().ok();
        at(when, read_secret(&home, &refused)).run().code(9).stderr_has("this machine's clock is ");
        at(when, list_users(&home, &refused)).run().code(9).stderr_has("this machine's clock is ");
        let create = home.cogtok(["user", "create", "-p", "ws", "--endpoint-url", &refused.url()]).aws();
        at(when, create).run().code(9).stderr_has("this machine's clock is ");
        let resume = home.cogtok(["user", "create", "-p", "ws", "--resume", "--endpoint-url", &refused.url()]).aws();
        let resumed = at(when, resume).run();
        resumed.check(matches!(resumed.code, Some(0 | 9)), "expected nothing to finish, or a refusal");
        at(when, home.cogtok(["profile", "set", "ws", "region", "eu-west-1"])).run().ok();
        at(when, home.cogtok(["profile", "list"])).run().ok();
        at(when, home.cogtok(["--version"])).run().ok();
        // A pause until a date, in which years lie between the two clocks.
        let busy = Server::start(|_| Answer::new(503, "text/plain", "").header("Retry-After", &date(1)));
        let output = at(when, m2m(&home, &busy).args(["--no-cache", "--timeout", "1s"])).run();
        output.code(6).within(std::time::Duration::from_secs(1));
    }
}

#[test]
fn a_certificate_that_this_clock_refuses_points_at_the_clock() {
    let (home, authority) = (Home::new(), Authority::new());
    let server = authority.serve(Certificate::Good, |_| Answer::token("an-opaque-token"));
    let ca = home.plant("ca.pem", authority.pem());
    let run = || m2m(&home, &server).arg("--no-cache").arg("--ca-bundle").arg(&ca);
    run().run().ok().quiet();
    let output = at("@1970-01-02 00:00:00", run()).run();
    output.code(6).stderr_has("not valid yet").stderr_has("this machine's clock");
    assert_eq!(server.hits(), 1);
}
