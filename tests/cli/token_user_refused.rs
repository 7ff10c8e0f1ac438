//! `cogtok token user` when Cognito says no or asks something: answers of Cognito's documented shapes, which the local
//! one does not give, from a scripted server.

use crate::harness::{Answer, Home, Output, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// Signs in at a server that gives these answers; the flow is the one without SRP's arithmetic.
fn sign_in(answers: impl IntoIterator<Item = Answer>, stdin: &str, more: &[&str]) -> (Output, Server) {
    let server = Server::script(answers);
    let home = Home::new();
    home.canary(PASSWORD);
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n\
         [profiles.ws.user]\nclient_id = \"scripted\"\nusername = \"alice\"\nauth_flow = \"password\"\n",
        server.url()
    ));
    let run = home.cogtok(["token", "user", "-p", "ws", "--password-stdin"]).args(more).stdin(stdin);
    (run.run(), server)
}

fn challenge(name: &str, parameters: &Value) -> Answer {
    let body = json!({"ChallengeName": name, "ChallengeParameters": parameters, "Session": "S".repeat(40)});
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

#[test]
fn a_challenge_that_needs_a_human_is_named_with_its_parameters_names_and_nothing_of_their_values() {
    let cases = [
        ("SELECT_CHALLENGE", json!({"USERNAME": "a-VALUE"}), "SELECT_CHALLENGE"),
        ("DEVICE_SRP_AUTH", json!({"DEVICE_KEY": "VALUE", "USERNAME": "VALUE"}), "DEVICE_SRP_AUTH"),
        (
            "NEVER\u{1b}[2J\u{202e}\u{9b}HEARD\nOF",
            json!({"odd\u{7}name": "VALUE"}),
            "NEVER\\u{1b}[2J\\u{202e}\\u{9b}HEARD OF",
        ),
    ];
    for (name, parameters, shown) in cases {
        let (output, server) = sign_in([challenge(name, &parameters).unlike_aws()], PASSWORD, &[]);
        output.code(5).stderr_has(shown).stderr_has("profile `ws`").stderr_lacks("VALUE");
        for parameter in parameters.as_object().unwrap().keys() {
            output.stderr_has(&parameter.escape_debug().to_string());
        }
        assert_eq!(server.hits(), 1, "{name}: nothing is answered");
    }
    // A passkey is for the browser.
    let passkey = challenge("WEB_AUTHN", &json!({"CREDENTIAL_REQUEST_OPTIONS": "{\"challenge\":\"VALUE\"}"}));
    let (output, _) = sign_in([passkey], PASSWORD, &[]);
    output.code(5).stderr_has("WEB_AUTHN").stderr_has("cogtok login -p ws").stderr_lacks("VALUE");
    // A challenge without parameters, and an answer that is neither a challenge nor tokens.
    let (output, _) = sign_in([Answer::json(200, &json!({"ChallengeName": "WEB_AUTHN"}))], PASSWORD, &[]);
    output.code(5).stderr_has("WEB_AUTHN");
    for nothing in [json!({}), json!({"ChallengeParameters": {}, "Session": null})] {
        let (output, _) = sign_in([Answer::json(200, &nothing).unlike_aws()], PASSWORD, &[]);
        output.code(6).stderr_has("neither tokens nor a challenge");
    }
}

#[test]
fn a_challenge_after_the_new_password_is_named_as_well() {
    let first = challenge("NEW_PASSWORD_REQUIRED", &json!({"requiredAttributes": "[]", "userAttributes": "{}"}));
    let second = challenge("DEVICE_SRP_AUTH", &json!({"DEVICE_KEY": "VALUE"}));
    let stdin = format!("{PASSWORD}\nNew-Horse-9-Battery\n");
    let (output, server) = sign_in([first, second], &stdin, &["--new-password-stdin"]);
    output.code(5).stderr_has("DEVICE_SRP_AUTH").stderr_has("DEVICE_KEY").stderr_lacks("VALUE");
    let reply = server.requests()[1].json();
    assert_eq!(reply["Session"], "S".repeat(40));
    assert_eq!(reply["ChallengeResponses"]["NEW_PASSWORD"], "New-Horse-9-Battery");
}

#[test]
fn attributes_that_the_pool_still_wants_are_named_before_the_new_password_is_used_up() {
    let required = json!({"requiredAttributes": "[\"userAttributes.given_name\",\"userAttributes.custom:team\"]"});
    let stdin = format!("{PASSWORD}\nNew-Horse-9-Battery\n");
    let (output, server) = sign_in([challenge("NEW_PASSWORD_REQUIRED", &required)], &stdin, &["--new-password-stdin"]);
    output.code(5).stderr_has("--attribute given_name=VALUE").stderr_has("--attribute custom:team=VALUE");
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_server_that_asks_again_is_not_given_the_same_password_for_ever() {
    let again = challenge("NEW_PASSWORD_REQUIRED", &json!({}));
    let stdin = format!("{PASSWORD}\nNew-Horse-9-Battery\n");
    let (output, server) = sign_in(vec![again; 50], &stdin, &["--new-password-stdin"]);
    // One new password answers one question.
    output.code(5).stderr_has("NEW_PASSWORD_REQUIRED");
    assert_eq!(server.hits(), 2);
}

#[test]
fn each_refusal_has_its_code_and_a_hint_of_its_own() {
    let cases = [
        ("NotAuthorizedException", "Incorrect username or password.", 4, "check the user name and the password"),
        ("NotAuthorizedException", "User is disabled.", 4, "cogtok user enable"),
        ("NotAuthorizedException", "Password attempts exceeded", 4, "15 minutes"),
        (
            "NotAuthorizedException",
            "Temporary password has expired and must be reset by an administrator.",
            4,
            "`cogtok user set-password alice -p ws`",
        ),
        (
            "NotAuthorizedException",
            "User account has expired, it must be reset by an administrator.",
            4,
            "`cogtok user set-password alice -p ws`",
        ),
        ("NotAuthorizedException", "Invalid session for the user, session is expired.", 4, "start again"),
        ("UserNotConfirmedException", "User is not confirmed.", 4, "`cogtok user confirm alice -p ws`"),
        (
            "PasswordResetRequiredException",
            "Password reset required for the user",
            4,
            "`cogtok password confirm -p ws --username alice`",
        ),
        ("UserNotFoundException", "User does not exist.", 4, "check the user name and the pool"),
        ("ForbiddenException", "Request not allowed due to WAF block.", 4, "WAF"),
        ("UserLambdaValidationException", "PreAuthentication failed with error no.", 4, "Lambda"),
        ("InvalidParameterException", "Initiate Auth method not supported.", 3, "user.auth_flow"),
        (
            "ResourceNotFoundException",
            "User pool client scripted does not exist.",
            3,
            "pool id, app client id and Region",
        ),
        (
            "NotAuthorizedException",
            "Client scripted is configured with secret but SECRET_HASH was not received",
            3,
            "secret set user-client",
        ),
        ("NotAuthorizedException", "Unable to verify secret hash for client scripted", 4, "secret set user-client"),
    ];
    let mut hints = std::collections::BTreeMap::new();
    for (code, message, exit, hint) in cases {
        let (output, server) = sign_in([Answer::aws_error(code, message)], PASSWORD, &[]);
        output.code(exit).stderr_has(message).stderr_has(hint).stderr_has("profile `ws`");
        assert_eq!(server.hits(), 1, "{code}: {message}");
        let said: Vec<_> = output.stderr.lines().filter(|line| line.starts_with("hint: ")).map(String::from).collect();
        hints.insert(message, said);
    }
    let distinct: std::collections::BTreeSet<_> = hints.values().collect();
    // The two wordings of an expired temporary password, and the two secrets that must be set, share theirs.
    assert!(distinct.len() >= hints.len() - 2, "{hints:#?}");
}

#[test]
fn an_error_in_any_of_the_shapes_of_aws_is_understood() {
    let of = |status: u16, body: Value| Answer::new(status, "application/x-amz-json-1.1", body.to_string());
    for answer in [
        of(400, json!({"__type": "NotAuthorizedException", "message": "User is disabled."})),
        of(400, json!({"__type": "NotAuthorizedException", "Message": "User is disabled."})),
        of(400, json!({"__type": "com.amazonaws.cognito#NotAuthorizedException", "message": "User is disabled."})),
        of(400, json!({"message": "User is disabled."}))
            .header("x-amzn-errortype", "NotAuthorizedException:http://internal.amazon.com/"),
        of(403, json!({"__type": "NotAuthorizedException", "message": "User is disabled."})),
    ] {
        let (output, server) = sign_in([answer], PASSWORD, &[]);
        output.code(4).stderr_has("NotAuthorizedException: User is disabled.").stderr_has("cogtok user enable");
        assert_eq!(server.hits(), 1);
    }
}

#[test]
fn what_a_server_echoes_or_invents_is_neither_repeated_nor_obeyed() {
    let echo =
        Answer::aws_error("NotAuthorizedException", &format!("no user with password {PASSWORD}\u{1b}]52;c;x\u{7}"));
    let (output, _) = sign_in([echo], PASSWORD, &[]);
    output.code(4).stderr_has("[redacted]").stderr_has("\\u{1b}");

    // A token that a shell could obey is refused before anything is printed or kept.
    for token in ["a;touch x", "$(touch x)", "a'b", "a\nb", ""] {
        let body = json!({"AuthenticationResult": {"AccessToken": token, "ExpiresIn": 3600, "TokenType": "Bearer"}});
        let (output, _) = sign_in([Answer::json(200, &body)], PASSWORD, &[]);
        output.code(6).stderr_has("RFC 6750");
    }
    let body = json!({"AuthenticationResult": {"AccessToken": "good", "ExpiresIn": 3600, "TokenType": "Bearer"}});
    let (output, _) = sign_in([Answer::json(200, &body)], PASSWORD, &["--token", "id"]);
    output.code(6).stderr_has("no id token");
}
