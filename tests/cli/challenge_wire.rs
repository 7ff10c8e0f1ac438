//! `cogtok token user` where Cognito asks and nobody sits at a terminal: what the options answer, what goes over the wire,
//! and what is said where no option does. The server is scripted with Cognito's documented shapes.

use crate::harness::challenges::{CLIENT_SECRET, CODE, PASSWORD, challenge, sent, session_text, sign_in, signed_in};
use crate::harness::{Answer, Home, Server};
use serde_json::json;
use std::collections::BTreeSet;

const NEW: &str = "Another-Horse-9-Battery";

#[test]
fn each_code_goes_under_its_own_key_with_the_newest_session_and_the_name_that_cognito_gave() {
    // The hashes were made elsewhere, each over the name that is sent with it.
    let typed = ("alice@example.com", "+gMl4si3cJySieYniL1N8OQi+nD6beEB5833An4RU3I=");
    let named = ("alice", "djN2ZKKvOkN38tq9G5epw4NfaKGKcVAirQd+09p1KpU=");
    let sub = ("5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b", "/ABIcEf4ICW76AQzGoemLMK+3EdgCtj5Tj6jMs8pGGk=");
    for (name, parameters, key, (username, hash)) in [
        (
            "SMS_MFA",
            json!({"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******9934", "USER_ID_FOR_SRP": sub.0}),
            "SMS_MFA_CODE",
            sub,
        ),
        (
            "SMS_OTP",
            json!({"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******9934"}),
            "SMS_OTP_CODE",
            typed,
        ),
        (
            "EMAIL_OTP",
            json!({"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***", "USERNAME": "alice"}),
            "EMAIL_OTP_CODE",
            named,
        ),
        (
            "SOFTWARE_TOKEN_MFA",
            json!({"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": sub.0, "USERNAME": "alice"}),
            "SOFTWARE_TOKEN_MFA_CODE",
            sub,
        ),
        ("CUSTOM_CHALLENGE", json!({"question": "1+1", "USERNAME": "alice"}), "ANSWER", named),
    ] {
        let (token, done) = signed_in();
        let server = Server::script([challenge(1, name, parameters), done]);
        let home = Home::new();
        home.scripted_user(&server.url());
        let run = home.cogtok(["token", "user", "--password-stdin", "--mfa-code", CODE]).stdin(PASSWORD);
        run.env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET).run().ok().quiet().stdout_is(&format!("{token}\n"));
        let first = server.requests()[0].json();
        assert_eq!(first["AuthParameters"]["USERNAME"], typed.0);
        assert_eq!(first["AuthParameters"]["SECRET_HASH"], typed.1);
        assert_eq!(sent(&server, 1), json!({"USERNAME": username, key: CODE, "SECRET_HASH": hash}), "{name}");
        let answer = server.requests()[1].json();
        assert_eq!((&answer["ChallengeName"], &answer["Session"]), (&json!(name), &json!(session_text(1))));
    }
}

#[test]
fn without_a_code_or_a_terminal_the_challenge_and_the_options_that_answer_it_are_named() {
    let code = ["`--mfa-code CODE`", "`--mfa-code-stdin`", "COGTOK_MFA_CODE"];
    let sent_to = json!({"CODE_DELIVERY_DESTINATION": "+*******9934"});
    for (name, parameters, options) in [
        ("SMS_MFA", sent_to.clone(), &code[..]),
        ("SMS_OTP", sent_to.clone(), &code),
        ("EMAIL_OTP", sent_to, &code),
        ("SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": "phone"}), &code),
        ("SOFTWARE_TOKEN_MFA", json!({}), &code),
        ("CUSTOM_CHALLENGE", json!({"question": "1+1"}), &code),
        (
            "SELECT_MFA_TYPE",
            json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"}),
            &["`--mfa-type", "app", "sms"],
        ),
        (
            "MFA_SETUP",
            json!({"MFAS_CAN_SETUP": "[\"EMAIL_OTP\",\"SOFTWARE_TOKEN_MFA\"]"}),
            &["`--mfa-type", "app", "email"],
        ),
        ("NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": "[]"}), &["`--new-password-stdin`"]),
        (
            "NEW_PASSWORD_REQUIRED",
            json!({"requiredAttributes": "[\"userAttributes.given_name\"]"}),
            &["given_name", "--attribute given_name=VALUE"],
        ),
    ] {
        let (output, server) = sign_in([challenge(1, name, parameters)], PASSWORD, &[]);
        output.code(5).stderr_has(name).stderr_has("profile `ws`");
        for option in options {
            output.stderr_has(option);
        }
        assert_eq!(server.hits(), 1, "{name}: nothing is answered");
    }
}

#[test]
fn the_second_factor_is_chosen_with_the_word_of_cognitos_own_list() {
    let all = json!(["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]);
    for (list, kind, answer) in [
        (&all, "app", "SOFTWARE_TOKEN_MFA"),
        (&all, "sms", "SMS_MFA"),
        (&all, "email", "EMAIL_OTP"),
        (&json!(["SMS_MFA", "EMAIL_MFA"]), "email", "EMAIL_MFA"),
        (&all, "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA"),
    ] {
        let (token, done) = signed_in();
        let select =
            challenge(1, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": list.to_string(), "USER_ID_FOR_SRP": "sub"}));
        let ask = challenge(2, "SOFTWARE_TOKEN_MFA", json!({}));
        let (output, server) = sign_in([select, ask, done], PASSWORD, &["--mfa-type", kind, "--mfa-code", CODE]);
        output.ok().quiet().stdout_is(&format!("{token}\n"));
        assert_eq!(sent(&server, 1), json!({"USERNAME": "sub", "ANSWER": answer}));
        assert_eq!(sent(&server, 2), json!({"USERNAME": "alice@example.com", "SOFTWARE_TOKEN_MFA_CODE": CODE}));
        let sessions: Vec<_> = server.requests()[1..].iter().map(|request| request.json()["Session"].clone()).collect();
        assert_eq!(sessions, [session_text(1), session_text(2)]);
    }
    for (list, kind) in [(&all, "passkey"), (&json!(["SMS_MFA", "SOFTWARE_TOKEN_MFA"]), "email"), (&all, "")] {
        let select = challenge(1, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": list.to_string()}));
        let (output, server) = sign_in([select], PASSWORD, &["--mfa-type", kind]);
        output.code(2).stderr_has("is not offered").stderr_has("sms");
        assert_eq!(server.hits(), 1);
    }
}

#[test]
fn a_chain_of_challenges_is_answered_from_the_lines_of_standard_input() {
    let (token, done) = signed_in();
    let required = json!(["userAttributes.given_name", "userAttributes.custom:team"]).to_string();
    let script = || {
        [
            challenge(
                1,
                "NEW_PASSWORD_REQUIRED",
                json!({"requiredAttributes": required, "userAttributes": "{}", "USER_ID_FOR_SRP": "sub"}),
            ),
            challenge(
                2,
                "SELECT_MFA_TYPE",
                json!({"MFAS_CAN_CHOOSE": "[\"EMAIL_OTP\",\"SOFTWARE_TOKEN_MFA\"]", "USER_ID_FOR_SRP": "sub"}),
            ),
            challenge(3, "SOFTWARE_TOKEN_MFA", json!({"USER_ID_FOR_SRP": "sub"})),
            done.clone(),
        ]
    };
    let options = ["--mfa-code-stdin", "--new-password-stdin", "--mfa-type", "app", "--attribute", "given_name=Al=ice"];
    let all = [&options[..], &["--attribute", "custom:team=blue", "--attribute", "not_asked=for"]].concat();
    for stdin in [
        format!("{PASSWORD}\n{NEW}\n{CODE}\n"),
        format!("{PASSWORD}\r\n{NEW}\r\n{CODE}\r\n"),
        format!("{PASSWORD}\n{NEW}\n{CODE}"),
    ] {
        let (output, server) = sign_in(script(), &stdin, &all);
        output.ok().quiet().stdout_is(&format!("{token}\n"));
        let expected = json!({"USERNAME": "sub", "NEW_PASSWORD": NEW, "userAttributes.custom:team": "blue", "userAttributes.given_name": "Al=ice"});
        assert_eq!(sent(&server, 1), expected);
        assert_eq!(sent(&server, 2), json!({"USERNAME": "sub", "ANSWER": "SOFTWARE_TOKEN_MFA"}));
        assert_eq!(sent(&server, 3), json!({"USERNAME": "sub", "SOFTWARE_TOKEN_MFA_CODE": CODE}));
        let sessions: Vec<_> = server.requests()[1..].iter().map(|request| request.json()["Session"].clone()).collect();
        assert_eq!(sessions, [session_text(1), session_text(2), session_text(3)]);
    }
    // One attribute is missing: the new password is not used up.
    let (output, server) = sign_in(script(), &format!("{PASSWORD}\n{NEW}\n{CODE}"), &options);
    output.code(5).stderr_has("--attribute custom:team=VALUE").stderr_lacks("--attribute given_name");
    assert_eq!(server.hits(), 1);
    for (stdin, message) in [
        (format!("{PASSWORD}\n{CODE}\n"), "fewer than the 3 lines"),
        (PASSWORD.to_string(), "fewer than the 3 lines"),
        (format!("{PASSWORD}\n\n{CODE}"), "empty"),
        (format!("{PASSWORD}\n{NEW}\n\n"), "empty"),
    ] {
        let (output, server) = sign_in(script(), &stdin, &all);
        output.code(2).stderr_has("standard input").stderr_has(message);
        assert_eq!(server.hits(), 0, "{message}: nothing is asked with half of the answers");
    }
    for malformed in [&["--attribute", "given_name"][..], &["--mfa-code", "1", "--mfa-code-stdin"]] {
        let (output, server) = sign_in(script(), PASSWORD, malformed);
        output.code(2);
        assert_eq!(server.hits(), 0);
    }
}

#[test]
fn setting_up_a_second_factor_needs_a_terminal_whatever_options_there_are() {
    for (list, options, says) in [
        ("[\"SOFTWARE_TOKEN_MFA\"]", &["--mfa-code", CODE][..], "MFA_SETUP"),
        ("[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]", &["--mfa-type", "app"], "MFA_SETUP"),
        ("[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]", &["--mfa-type", "email"], "e-mail address"),
        ("[\"EMAIL_OTP\"]", &["--mfa-code", CODE], "e-mail address"),
    ] {
        let key =
            Answer::json(200, &json!({"SecretCode": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "Session": session_text(2)}));
        let (output, server) =
            sign_in([challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": list})), key], PASSWORD, options);
        output.code(5).stderr_has(says).stderr_lacks("GEZDGNBV");
        let is_answered = server.requests().iter().any(|request| request.operation() == Some("RespondToAuthChallenge"));
        assert!(!is_answered, "{list}");
    }
}

#[test]
fn one_code_answers_one_question() {
    let ask = |session| challenge(session, "CUSTOM_CHALLENGE", json!({"question": "again?"}));
    let (output, server) = sign_in([ask(1), ask(2)], PASSWORD, &["--mfa-code", CODE]);
    output.code(5).stderr_has("CUSTOM_CHALLENGE");
    assert_eq!((server.hits(), &sent(&server, 1)["ANSWER"]), (2, &json!(CODE)));
}

#[test]
fn each_refusal_of_a_code_has_a_hint_of_its_own_and_repeats_nothing_that_was_sent() {
    let mut hints = BTreeSet::new();
    let cases = [
        ("CodeMismatchException", "Invalid code or auth state for the user.", "the code is wrong"),
        ("ExpiredCodeException", "Invalid code provided, please request a code again.", "expired"),
        ("ExpiredCodeException", "Your software token has already been used once.", "wait for the next one"),
        ("NotAuthorizedException", "Invalid session for the user, session is expired.", "start again"),
        ("NotAuthorizedException", "Invalid session for the user, session can only be used once.", "start again"),
        ("UserLambdaValidationException", "PostAuthentication failed with error no.", "Lambda"),
    ];
    for (code, message, hint) in cases {
        let refused = Answer::aws_error(code, message);
        let (output, server) =
            sign_in([challenge(1, "SOFTWARE_TOKEN_MFA", json!({})), refused], PASSWORD, &["--mfa-code", CODE]);
        output.code(4).stderr_has(message).stderr_has(hint).stderr_has("RespondToAuthChallenge");
        assert_eq!(server.hits(), 2, "{message}");
        hints.insert(
            output.stderr.lines().filter(|line| line.starts_with("hint: ")).map(String::from).collect::<Vec<_>>(),
        );
    }
    // Two ways in which a code is too old, and two in which a session is.
    assert_eq!(hints.len(), cases.len() - 2, "{hints:#?}");
    let echo = Answer::aws_error("CodeMismatchException", &format!("{CODE} is wrong\u{1b}]0;x\u{7}"));
    let (output, _) = sign_in([challenge(1, "SMS_MFA", json!({})), echo], PASSWORD, &["--mfa-code", CODE]);
    output.code(4).stderr_has("[redacted]").stderr_has("\\u{1b}");
}

#[test]
fn the_answer_to_a_challenge_is_sent_once_whatever_becomes_of_it() {
    for lost in [
        Answer::close(),
        Answer::aws_error("TooManyRequestsException", "Rate"),
        Answer::new(503, "text/html", "<html>"),
    ] {
        let (_, done) = signed_in();
        let (output, server) =
            sign_in([challenge(1, "EMAIL_OTP", json!({})), lost, done], PASSWORD, &["--mfa-code", CODE]);
        output.code(6).stderr_has("RespondToAuthChallenge");
        assert_eq!(server.hits(), 2);
    }
}

#[test]
fn lists_that_are_none_do_no_harm() {
    let deep = "[".repeat(100_000);
    let wide = json!(vec!["X"; 5_000]).to_string();
    let wild = json!(["\u{1b}[2J\u{202e}", "$(touch x)", ""]).to_string();
    for list in ["", "[", "{}", "null", "[1,null]", "[[]]", "\"SMS_MFA\"", "[\"WEB_AUTHN\"]", &deep, &wide, &wild] {
        for (name, parameter) in [("SELECT_MFA_TYPE", "MFAS_CAN_CHOOSE"), ("MFA_SETUP", "MFAS_CAN_SETUP")] {
            for options in [&[][..], &["--mfa-type", "app"], &["--mfa-type", "WEB_AUTHN"]] {
                let nothing = Answer::aws_error("SoftwareTokenMFANotFoundException", "no");
                let script = [challenge(1, name, json!({parameter: list})), nothing];
                let (output, server) = sign_in(script, PASSWORD, options);
                output.check(matches!(output.code, Some(1 | 2 | 3 | 5)), "it survives with a message");
                if options.is_empty() && output.code == Some(5) {
                    output.stderr_has(name).stderr_lacks("()");
                }
                assert!(server.hits() <= 2);
            }
        }
        let required = json!({"requiredAttributes": list, "userAttributes": list});
        let script = [challenge(1, "NEW_PASSWORD_REQUIRED", required), signed_in().1];
        let (output, _) = sign_in(script, &format!("{PASSWORD}\n{NEW}"), &["--new-password-stdin"]);
        output.check(matches!(output.code, Some(0 | 5)), "it survives");
    }
}
