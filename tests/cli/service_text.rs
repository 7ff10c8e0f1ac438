//! What a service says, as it comes to be shown: never with a secret that was sent to it, never as a command that a shell
//! would obey, never taken for a text of ours with places to fill in.

use crate::call_gateway_wire::{is, or_hello, result};
use crate::harness::challenges::{PASSWORD, challenge, sign_in, signed_in};
use crate::harness::oracle::find_canary;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Server, m2m_jwt};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// What each challenge may show of a server, with `text` in its place.
fn challenges(text: &str) -> Vec<(&'static str, Answer)> {
    let list = json!([text, "SMS_MFA"]).to_string();
    vec![
        ("its name", challenge(1, text, json!({}))),
        ("the name of a parameter", challenge(1, "NO_SUCH", json!({ text: "x" }))),
        ("a delivery destination", challenge(1, "SMS_MFA", json!({"CODE_DELIVERY_DESTINATION": text}))),
        ("a device's name", challenge(1, "SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": text}))),
        ("a required attribute", challenge(1, "NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": list}))),
        ("a second factor", challenge(1, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": list}))),
        (
            "a first factor",
            Answer::json(
                200,
                &json!({"ChallengeName": "SELECT_CHALLENGE", "AvailableChallenges": [text, "SMS_OTP"],
                "ChallengeParameters": {}, "Session": "x".repeat(40)}),
            ),
        ),
    ]
}

#[test]
fn a_challenge_that_repeats_the_password_does_not_bring_it_to_the_terminal() {
    let escaped: String = PASSWORD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let mut redacted = 0;
    for text in [PASSWORD, &PASSWORD.to_lowercase(), &PASSWORD.replace('-', "%2D"), &escaped] {
        for (what, answer) in challenges(text) {
            let (output, server) = sign_in([answer.unlike_aws()], PASSWORD, &[]);
            assert_eq!(server.hits(), 1, "{what}");
            // The oracles look for the password in every form.
            output.check(matches!(output.code, Some(2 | 5)), what);
            output.check(!output.stderr.to_lowercase().contains(&text.to_lowercase()), what);
            redacted += usize::from(output.stderr.contains("[redacted]"));
        }
    }
    // Some challenges are asked without what Cognito says of them.
    assert!(redacted >= 12, "{redacted}");
}

#[test]
fn a_required_attribute_is_one_word_of_the_command_to_type() {
    for (name, word) in [
        ("x$(touch pwned)", "'x$(touch pwned)'"),
        ("a b", "'a b'"),
        ("x';touch pwned;'", "\"x';touch pwned;'\""),
        ("custom:team", "custom:team"),
    ] {
        let list = json!([format!("userAttributes.{name}")]).to_string();
        let answer = challenge(1, "NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": list}));
        let (output, _) = sign_in([answer], PASSWORD, &[]);
        output.code(5).stderr_has(&format!("hint: add `--attribute {word}=VALUE`\n"));
    }
}

#[test]
fn an_attribute_whose_name_is_odd_is_still_answered_under_its_own_name() {
    let list = json!(["userAttributes.a b"]).to_string();
    let answers = [challenge(1, "NEW_PASSWORD_REQUIRED", json!({"requiredAttributes": list})), signed_in().1];
    let both = format!("{PASSWORD}\nAnother-Horse-9-Battery");
    let (output, server) = sign_in(answers, &both, &["--new-password-stdin", "--attribute", "a b=c"]);
    output.ok();
    assert_eq!(server.requests()[1].json()["ChallengeResponses"]["userAttributes.a b"], "c");
}

#[test]
fn what_a_server_says_is_no_template_of_ours() {
    let text = "field {name} of {pool} needs {p}, {user} {secret password} `--nothing` || a ?? b";
    // An MCP server's error and what it adds.
    let server = Server::start(move |request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => or_hello(request, |message| {
            let error = json!({"code": -32000, "message": text, "data": {"oops": text}});
            is(message, "tools/list")
                .then(|| Answer::json(200, &json!({"jsonrpc": "2.0", "id": message["id"], "error": error})))
        }),
    });
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let gateway = |server: &Server, args: &[&str]| {
        let url = format!("{}/mcp", server.url());
        home.cogtok(["call", "gateway", url.as_str()]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
    };
    let output = gateway(&server, &["tools"]).run();
    output.code(1).stderr_has(&format!("with error -32000: {text}"));
    output.stderr_has(&format!("hint: it adds: {}", json!({ "oops": text })));
    // An API's.
    for (status, body) in
        [(401, json!({"message": text})), (403, json!({"detail": text})), (422, json!({"oops": text}))]
    {
        let token = m2m_jwt(CLIENT, "api/read api/write");
        let server = Server::start(move |request| match request.path.as_str() {
            "/oauth2/token" => Answer::token(&token),
            _ => Answer::json(status, &body),
        });
        home.scripted_profile(&server.token_url());
        let run = home.cogtok(["call", "http", &format!("{}/x", server.url()), "--as", "m2m"]).args(["--no-cache"]);
        let output = run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).prints_on_failure().run();
        output.stderr_lacks("POOL_ID").stderr_lacks("USERNAME").stderr_lacks("right one");
        output.check(!output.stderr.contains("of -p") && !output.stderr.contains("field ws"), "it is as it was");
    }
    // Cognito's own refusals are messages, and their texts are theirs.
    let (output, _) = sign_in([Answer::aws_error("UserLambdaValidationException", text)], PASSWORD, &[]);
    output.code(4).stderr_has(text);
}

#[test]
fn a_tool_that_repeats_the_token_does_not_bring_it_to_standard_error() {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let said = token.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&said),
        _ => or_hello(request, |message| {
            let schema = json!({"type": "object", "required": [&said], "properties": {&said: {"type": "integer"}}});
            let tools = json!({"tools": [{"name": "t", "inputSchema": schema}, {"name": &said, "inputSchema": {}}]});
            is(message, "tools/list").then(|| result(message, &tools))
        }),
    });
    let home = Home::new();
    home.canary_token(&token);
    home.scripted_profile(&server.token_url());
    for args in [&["call", "t"][..], &["call", "t", "--arg", "x=1"], &["call", "other"]] {
        let run = home.cogtok(["call", "gateway", &format!("{}/mcp", server.url())]).args(args);
        let output = run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
        output.code(2).stderr_has("[redacted]").stderr_lacks(&token);
    }
    // The argument that is missing is one word of what is to be typed.
    let server = Server::start(move |request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => or_hello(request, |message| {
            let schema = json!({"type": "object", "required": ["a;touch pwned"], "properties": {"a;touch pwned": {}}});
            let tools = json!({"tools": [{"name": "t", "inputSchema": schema}]});
            is(message, "tools/list").then(|| result(message, &tools))
        }),
    });
    home.scripted_profile(&server.token_url());
    let run = home.cogtok(["call", "gateway", &format!("{}/mcp", server.url()), "call", "t"]);
    let output = run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
    output.code(2).stderr_has("add `--arg 'a;touch pwned'=VALUE`");
}

#[test]
fn a_secret_with_odd_signs_is_hidden_in_the_log_and_in_what_is_left_for_others_however_it_is_written() {
    let secret = "Quo\"te\\Back/slash+7-Horse";
    let json = json!(secret).to_string();
    let units: String = secret.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect();
    let path: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>().replace("%2F", "/");
    let base64 = BASE64_STANDARD.encode(format!("{CLIENT}:{secret}")).trim_end_matches('=').to_string();
    for said in [
        secret.to_string(),
        json.clone(),
        json.replace('/', "\\/"),
        json!(json).to_string(),
        format!("{secret:?}"),
        units,
        path.clone(),
        path.replace('%', "%25"),
        base64,
    ] {
        let refused = json!({"error": "invalid_client", "error_description": format!("it was <{said}>")});
        let server = Server::always(Answer::json(401, &refused));
        let home = Home::new();
        home.canary(secret);
        home.scripted_profile(&server.token_url());
        for options in [&[][..], &["-vv"]] {
            let output = home.scripted_m2m(options).stdin(secret).run();
            output.code(4).stderr_has("[redacted]").stderr_lacks(&said).stderr_lacks("Horse");
            assert_eq!(find_canary(output.stderr.as_bytes(), secret), None);
        }
    }
}
