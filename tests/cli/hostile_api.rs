//! A hostile Cognito API: InitiateAuth and GetSecretValue meet the same guards as the token endpoint.

use crate::harness::{Answer, Home, Run, Server, jwt};
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "Canary-Password-7!";
const AMZ: &str = "application/x-amz-json-1.1";

/// A sign-in at this endpoint, the password on stdin.
fn sign_in<'h>(home: &'h Home, endpoint: &str, flow: &str) -> Run<'h> {
    home.canary(PASSWORD);
    let args = ["token", "user", "--client-id", "publicclient", "--user-pool-id", "us-east-1_Scripted0"];
    home.cogtok(args)
        .args(["--username", "alice@example.com", "--password-stdin", "--auth-flow", flow])
        .args(["--endpoint-url", endpoint])
        .stdin(PASSWORD)
}

fn secret<'h>(home: &'h Home, endpoint: &str) -> Run<'h> {
    home.cogtok(["token", "m2m", "--secret-arn", "m2m-secret", "--region", "us-east-1", "--endpoint-url", endpoint])
        .aws()
}

fn tokens(access: &str) -> Answer {
    let result =
        json!({"AccessToken": access, "IdToken": jwt(&json!({"sub": "x"})), "ExpiresIn": 3600, "TokenType": "Bearer"});
    Answer::new(200, AMZ, json!({"AuthenticationResult": result, "ChallengeParameters": {}}).to_string())
}

/// Each way in which the API is asked, with a name.
fn callers<'h>(home: &'h Home, endpoint: &str) -> [(&'static str, Run<'h>); 3] {
    [
        ("srp", sign_in(home, endpoint, "srp")),
        ("password", sign_in(home, endpoint, "password")),
        ("secret", secret(home, endpoint)),
    ]
}

#[test]
fn no_redirect_of_the_api_is_followed() {
    let canary = Server::canary();
    for status in [301, 302, 303, 307, 308] {
        let server = Server::always(Answer::redirect(status, &canary.url()));
        let home = Home::new();
        for (n, (name, run)) in callers(&home, &server.url()).into_iter().enumerate() {
            run.run().code(6).stderr_has(&format!("redirect refused: {status}"));
            assert_eq!(server.hits(), n + 1, "{name}");
        }
    }
    canary.assert_untouched();
}

#[test]
fn what_is_no_answer_of_the_api_is_a_protocol_error() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {AMZ}\r\n");
    let huge = || vec![b'a'; 1 << 20];
    let deep = "[".repeat(900_000);
    let rows: Vec<(&str, Answer, &str)> = vec![
        ("endless", Answer::endless(format!("{head}\r\n{{\"x\":\""), huge()), "larger than 1 MiB"),
        ("endless error", Answer::endless("HTTP/1.1 400 No\r\n\r\n{\"x\":\"", huge()), "larger than 1 MiB"),
        (
            "a length of 10^18",
            Answer::raw(format!("{head}Content-Length: 1000000000000000000\r\n\r\n{{")),
            "larger than 1 MiB",
        ),
        ("HTML", Answer::new(200, "text/html", "<html>marker</html>"), ""),
        ("an empty answer", Answer::new(200, AMZ, ""), ""),
        ("truncated", Answer::new(200, AMZ, "{\"AuthenticationResult\":{\"AccessToken\":\"mark"), ""),
        ("an array", Answer::new(200, AMZ, "[\"marker\"]"), ""),
        ("null", Answer::new(200, AMZ, "null"), ""),
        ("another object", Answer::new(200, AMZ, "{\"marker\":1}"), ""),
        ("deep", Answer::new(200, AMZ, deep.clone()), ""),
        ("deep error", Answer::new(400, AMZ, deep), ""),
        ("HTML and an error", Answer::new(404, "text/html", "<html>marker</html>"), ""),
        ("tokens of another type", Answer::new(200, AMZ, "{\"AuthenticationResult\":7,\"SecretString\":7}"), ""),
    ];
    std::thread::scope(|threads| {
        for (name, answer, says) in rows {
            threads.spawn(move || {
                let (home, server) = (Home::new(), Server::always(answer.unlike_aws()));
                for (n, (call, run)) in callers(&home, &server.url()).into_iter().enumerate() {
                    let output = run.timeout(Duration::from_secs(4)).run();
                    output.code(6).stderr_has(says).stderr_lacks("marker").stderr_lacks("aaaaaaa");
                    output.stderr_has(if call == "secret" { "" } else { "InitiateAuth" });
                    assert_eq!(server.hits(), n + 1, "{name}, {call}: asked once");
                }
            });
        }
    });
}

#[test]
fn a_stalling_api_costs_no_more_than_the_timeout() {
    let slow = tokens("opaque").trickle(1, Duration::from_secs(5));
    std::thread::scope(|threads| {
        for answer in [Answer::never(), slow] {
            threads.spawn(move || {
                let (home, server) = (Home::new(), Server::always(answer.unlike_aws()));
                for (_, run) in callers(&home, &server.url()) {
                    let output = run.args(["--timeout", "1s"]).timeout(Duration::from_secs(1)).run();
                    output
                        .code(6)
                        .stderr_has("within ")
                        .stderr_has(" s")
                        .stderr_has(&format!("127.0.0.1:{}", server.port()));
                }
            });
        }
    });
}

#[test]
fn texts_of_the_api_are_shown_escaped_and_never_with_the_password() {
    let evil = "\u{1b}[2J\u{9b}31m\r\u{202e}\u{0}\u{7f}end";
    for (code, message) in [
        ("NotAuthorizedException", evil.to_string()),
        ("NotAuthorizedException", format!("Incorrect username or password: {PASSWORD}")),
        ("NotAuthorizedException", "x".repeat(100_000)),
        (evil, "x".into()),
    ] {
        // In the body alone: a header can't hold such a code.
        let body = json!({"__type": code, "message": &message}).to_string();
        let answer = Answer::new(400, AMZ, body);
        let server = Server::always(if code == evil { answer.unlike_aws() } else { answer });
        let home = Home::new();
        // With SRP the server never gets the password that it could echo.
        for flow in if message.contains(PASSWORD) { vec!["password"] } else { vec!["srp", "password"] } {
            let output = sign_in(&home, &server.url(), flow).arg("-vv").run();
            output.check(output.code.is_some_and(|code| code != 0 && code != 101), "refused");
            output.check(output.stderr.len() < 5000, "cut");
            if code != evil {
                output.code(4).stderr_has("NotAuthorizedException").stderr_has("InitiateAuth");
            }
        }
    }
}

#[test]
fn a_challenge_with_hostile_content_is_an_error_without_a_second_request() {
    let challenge = |parameters: Value| {
        let body = json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters});
        Answer::new(200, AMZ, body.to_string())
    };
    let with = |key: &str, value: &str| {
        let mut all = json!({"SRP_B": "ab".repeat(384), "SALT": "c0ffee", "SECRET_BLOCK": "c2VjcmV0", "USER_ID_FOR_SRP": "alice",
            "USERNAME": "alice"});
        all[key] = json!(value);
        challenge(all)
    };
    let rows = [
        ("no parameters", challenge(json!({}))),
        ("B is zero", with("SRP_B", "0")),
        ("B is no number", with("SRP_B", "xyz")),
        ("B is empty", with("SRP_B", "")),
        ("B is negative", with("SRP_B", "-1")),
        ("B is huge", with("SRP_B", &"f".repeat(500_000))),
        ("the salt is no number", with("SALT", "salt")),
        ("the block is no Base64", with("SECRET_BLOCK", "%%%")),
    ];
    for (name, answer) in rows {
        let (home, server) = (Home::new(), Server::always(answer));
        let output = sign_in(&home, &server.url(), "srp").timeout(Duration::from_secs(3)).run();
        output.check(matches!(output.code, Some(4 | 6)), name).stderr_lacks("ffffff");
        assert_eq!(server.hits(), 1, "{name}");
    }
    for name in ["\u{1b}[2JEVIL", "NEVER_HEARD_OF", ""] {
        let body = json!({"ChallengeName": name, "ChallengeParameters": {}, "Session": "s"}).to_string();
        let (home, server) = (Home::new(), Server::always(Answer::new(200, AMZ, body).unlike_aws()));
        let output = sign_in(&home, &server.url(), "password").run();
        output.check(matches!(output.code, Some(5 | 6)), "it can't be answered");
        assert_eq!(server.hits(), 1, "{name:?}");
    }
}

#[test]
fn a_user_token_that_a_shell_could_obey_is_not_printed() {
    for token in ["x;touch pwned", "$(touch pwned)", "a b", "\u{1b}[31m", "a\nb", ""] {
        let home = Home::new();
        let server = Server::always(tokens(token));
        let run = sign_in(&home, &server.url(), "password").arg("--export").prints_on_failure().run();
        run.code(6).stdout_has("export COGTOK_ACCESS_TOKEN=; ").stderr_lacks("touch");
        assert!(home.cache_files().keys().all(|path| path.extension().is_some_and(|e| e == "lock")), "{token:?}");
    }
}
