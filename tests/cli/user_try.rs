//! `user try` says what each user's sign-in failed of, and names new passwords only against wrong ones.

use crate::harness::challenges::{CLIENT, challenge};
use crate::harness::{Answer, Home, Output, Request, Server, jwt};
use crate::user_create_many::{id, the_run};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

const RESET: &str = "cogtok user set-password --run";

/// `user try` for a run of two users, whose sign-ins get these answers in turn.
fn tried(answers: [Answer; 2]) -> (String, Output) {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request: &Request| match request.operation() {
        Some("AdminCreateUser") => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let user = json!({"Username": request.json()["Username"], "UserStatus": "FORCE_CHANGE_PASSWORD",
                "Enabled": true, "UserCreateDate": now, "UserLastModifiedDate": now});
            Answer::json(200, &json!({"User": user}))
        }
        Some("InitiateAuth") => answers[asked.fetch_add(1, Ordering::SeqCst) % 2].clone(),
        Some("AdminSetUserPassword") => Answer::json(200, &json!({})),
        Some("AssociateSoftwareToken") => {
            Answer::json(200, &json!({"SecretCode": "JBSWY3DPEHPK3PXP", "Session": "second-session-of-the-set-up"}))
        }
        other => Answer::aws_error("AccessDeniedException", &format!("{other:?}")),
    });
    let home = Home::new();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n\
         endpoint_url = \"{}\"\n[profiles.ws.user]\nclient_id = \"{CLIENT}\"\nauth_flow = \"password\"\n",
        server.url()
    ));
    home.cogtok(["user", "create", "--count", "2", "--json"]).aws().run().ok();
    let run = id(&the_run(&home));
    let output = home.cogtok(["user", "try", "--run", &run]).aws().prints_on_failure().run();
    (run, output)
}

fn good() -> Answer {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token = jwt(&json!({"token_use": "access", "client_id": CLIENT, "username": "x", "exp": now + 3600}));
    Answer::json(
        200,
        &json!({"AuthenticationResult": {"AccessToken": token, "ExpiresIn": 3600, "TokenType": "Bearer"}}),
    )
}

fn refused(code: &str, message: &str) -> Answer {
    Answer::aws_error(code, message)
}

#[test]
fn a_wrong_password_is_refused_and_the_passwords_of_the_run_help() {
    let wrong = || refused("NotAuthorizedException", "Incorrect username or password.");
    let (run, output) = tried([wrong(), wrong()]);
    output.code(4).stderr_has(&format!("hint: give them the passwords of the run again: {RESET} {run} -p ws\n"));
    let (_, output) = tried([good(), wrong()]);
    output.code(10).stdout_is("1 of 2 users can sign in\n").stderr_has(RESET);
    // One wrong password among other failures is enough.
    let (_, output) = tried([refused("UserNotConfirmedException", "User is not confirmed."), wrong()]);
    output.code(4).stderr_has(RESET);
}

#[test]
fn for_any_other_failure_its_own_kind_and_advice_count_and_no_password_is_set_again() {
    let page = || Answer::new(404, "text/html", "<html>nothing here</html>");
    let flow = || refused("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client");
    let disabled = || refused("NotAuthorizedException", "User is disabled.");
    let code = || challenge(1, "CUSTOM_CHALLENGE", json!({}));
    for (answer, exit, hint) in [
        (Answer::json(200, &json!({})), 6, "endpoint_url"),
        (page(), 6, "endpoint_url"),
        (flow(), 3, "cogtok profile set ws user.auth_flow srp"),
        (disabled(), 4, "cogtok user enable "),
        (code(), 5, "cogtok token user -p ws --username "),
    ] {
        let (_, output) = tried([answer.clone(), answer]);
        output.code(exit).stderr_has("0 of 2 users can sign in").stderr_has(hint).stderr_lacks(RESET);
        output.stderr_lacks("{user}");
    }
    let (_, output) = tried([good(), Answer::json(200, &json!({}))]);
    output.code(10).stderr_has("endpoint_url").stderr_lacks(RESET);
}

#[test]
fn a_second_factor_or_its_set_up_comes_after_a_right_password() {
    let setup = |can: &str| challenge(1, "MFA_SETUP", json!({ "MFAS_CAN_SETUP": can }));
    for asked in [
        challenge(1, "SMS_MFA", json!({})),
        challenge(1, "SOFTWARE_TOKEN_MFA", json!({})),
        challenge(1, "EMAIL_OTP", json!({})),
        challenge(1, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"})),
        setup("[\"SOFTWARE_TOKEN_MFA\"]"),
        setup("[\"SOFTWARE_TOKEN_MFA\",\"EMAIL_OTP\"]"),
        setup("[\"EMAIL_OTP\"]"),
    ] {
        let (_, output) = tried([asked, good()]);
        output.ok().stdout_is("2 of 2 users can sign in\n");
        output.stderr_has("Cognito asks 1 user for a second factor after the password, or to set one up\n");
    }
}
