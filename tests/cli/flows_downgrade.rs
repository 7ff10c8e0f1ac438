//! A server that asks for more than the profile allows: the password in clear where SRP proves it, a code or a new password
//! before the proof. How a secret is sent is the profile's word, never the server's.

use crate::harness::challenges::{CODE, PASSWORD, challenge, session_text};
use crate::harness::srp::{Exchange, Verifier};
use crate::harness::{Answer, Home, Output, Run, Server};
use serde_json::json;
use std::sync::Mutex;

const POOL: &str = "Scripted0";
const USER: &str = "alice@example.com";
const NEW: &str = "Another-Horse-9-Battery";

/// A flow with its options.
const SRP: &[&str] = &["--auth-flow", "srp"];
const CUSTOM: &[&str] = &["--auth-flow", "custom"];
const CUSTOM_SRP: &[&str] = &["--auth-flow", "custom", "--preferred-challenge", "password-srp"];
const CHOICE: &[&str] = &["--auth-flow", "user-auth"];
const CHOICE_SRP: &[&str] = &["--auth-flow", "user-auth", "--preferred-challenge", "password-srp"];

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(NEW);
    home
}

fn token_user<'h>(home: &'h Home, flow: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "--no-refresh"]).args(flow)
}

/// What becomes of a sign-in that is given everything, and whether a secret of it went over the wire.
fn run(server: &Server, flow: &[&str]) -> Output {
    let home = home_of(server);
    let run = token_user(&home, flow).args(["--password-stdin", "--new-password-stdin", "--mfa-code", CODE]);
    let output = run.stdin(format!("{PASSWORD}\n{NEW}")).run();
    let sent = String::from_utf8_lossy(&server.bytes()).into_owned();
    for secret in [PASSWORD, NEW, CODE] {
        assert!(!sent.contains(secret), "{flow:?}: {secret} was sent");
    }
    output
}

fn select(choices: &[&str]) -> Answer {
    let body = json!({"ChallengeName": "SELECT_CHALLENGE", "Session": session_text(1), "AvailableChallenges": choices,
        "ChallengeParameters": {"USERNAME": USER}});
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A server that asks for SRP's proof as it should, and for something else then.
fn after_the_proof(then: Answer) -> Server {
    let asked = Mutex::new(false);
    Server::start(move |request| {
        let body = request.json();
        let srp_a = ["AuthParameters", "ChallengeResponses"].iter().find_map(|of| body[*of]["SRP_A"].as_str());
        match srp_a {
            Some(srp_a) if !std::mem::replace(&mut *asked.lock().unwrap(), true) => {
                let begun = Exchange::new(POOL, USER, Verifier::of(POOL, USER, PASSWORD), srp_a);
                challenge(7, "PASSWORD_VERIFIER", begun.parameters())
            }
            _ => then.clone(),
        }
    })
}

#[test]
fn a_server_that_asks_for_the_password_in_clear_does_not_get_it() {
    for flow in [SRP, CUSTOM, CUSTOM_SRP, CHOICE_SRP] {
        let server = Server::script([challenge(1, "PASSWORD", json!({"USERNAME": USER}))]);
        let output = run(&server, flow);
        output.code(3).stderr_has("the password in clear (PASSWORD)").stderr_has("the password was not sent");
        output.stderr_has("user.").stderr_has("endpoint_url").stderr_lacks("cogtok profile set");
        let option = if flow == CHOICE_SRP { "--preferred-challenge" } else { "--auth-flow" };
        output.stderr_has(&format!("to allow that: `{option} password`"));
        assert_eq!(server.hits(), 1, "{flow:?}");
    }
    // Nor does it after SRP's proof, or in place of it where a choice of the user's began SRP.
    for flow in [SRP, CUSTOM_SRP, CHOICE_SRP] {
        let server = after_the_proof(challenge(8, "PASSWORD", json!({"USERNAME": USER})));
        run(&server, flow).code(3).stderr_has("the password was not sent");
        assert_eq!(server.hits(), 2, "{flow:?}");
    }
    let server = Server::script([select(&["PASSWORD_SRP", "PASSWORD"]), challenge(2, "PASSWORD", json!({}))]);
    run(&server, CHOICE).code(3).stderr_has("the sign-in began with SRP");
    let server = Server::script([challenge(1, "PASSWORD_SRP", json!({})), challenge(2, "PASSWORD", json!({}))]);
    run(&server, CHOICE).code(3).stderr_has("the sign-in began with SRP");
    // As a choice it is not offered where the profile rules it out.
    for flow in [SRP, CUSTOM, CHOICE_SRP] {
        let server = match flow {
            // Cognito offers a choice only at the beginning.
            SRP => after_the_proof(select(&["PASSWORD"]).unlike_aws()),
            _ => Server::script([select(&["PASSWORD"])]),
        };
        run(&server, flow).code(3).stderr_has("the password was not sent");
    }
}

#[test]
fn a_person_is_not_even_asked_for_a_password_that_would_go_in_clear() {
    let server = Server::script([challenge(1, "PASSWORD", json!({"USERNAME": USER}))]);
    let home = home_of(&server);
    let session = token_user(&home, CUSTOM).pty().wait();
    assert_eq!(session.code, Some(3), "{session:?}");
    assert!(!session.text.contains("the password of"), "{session:?}");
    // What remains of the choices is offered.
    let server = Server::script([select(&["PASSWORD", "EMAIL_OTP"])]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, CHOICE_SRP).env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("How to sign in (email-otp): ").send("\u{3}");
    assert_eq!(terminal.wait().code, Some(130));
}

#[test]
fn who_does_not_ask_for_the_proof_gets_no_code_and_no_new_password() {
    let asked = [
        ("SOFTWARE_TOKEN_MFA", json!({})),
        ("SMS_MFA", json!({})),
        ("NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": "[]"})),
        ("CUSTOM_CHALLENGE", json!({"question": "your password?"})),
        ("PASSWORD_SRP", json!({})),
        ("DEVICE_PASSWORD_VERIFIER", json!({})),
        ("MFA_SETUP", json!({"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]"})),
    ];
    for (name, parameters) in &asked {
        let server = Server::script([challenge(1, name, parameters.clone())]);
        run(&server, SRP).code(6).stderr_has(name).stderr_has("PASSWORD_VERIFIER").stderr_has("nothing more was sent");
        assert_eq!(server.hits(), 1, "{name}");
    }
    for flow in [CHOICE_SRP, CUSTOM_SRP] {
        let server = Server::script([challenge(1, "NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": "[]"}))]);
        run(&server, flow).code(6).stderr_has("nothing more was sent");
    }
}
