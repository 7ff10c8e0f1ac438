//! An error's code means what the operation that gave it means by it.

use crate::harness::challenges::{PASSWORD, challenge};
use crate::harness::login::sign_in;
use crate::harness::{Answer, Home, Keyring, Server};
use serde_json::json;

#[test]
fn a_filter_that_cognito_does_not_take_is_about_the_filter() {
    let server = Server::always(Answer::aws_error("InvalidParameterException", "Invalid search attribute: nickname"));
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
        server.url()
    ));
    let output = home.cogtok(["user", "list", "-p", "ws", "--filter", "nickname = \"x\""]).aws().run();
    output.code(2).stderr_has("Invalid search attribute").stderr_has("check `--filter`").stderr_lacks("--attribute");
    // Without a filter it is something else that Cognito does not take.
    let output = home.cogtok(["user", "list", "-p", "ws"]).aws().run();
    output.code(1).stderr_has("Invalid search attribute").stderr_lacks("--filter").stderr_has("cogtok profile show ws");
}

#[test]
fn an_authenticator_app_that_the_pool_does_not_allow_is_about_the_pool() {
    let setup = challenge(1, "MFA_SETUP", json!({"MFAS_CAN_SETUP": "[\"SOFTWARE_TOKEN_MFA\"]"}));
    let server = Server::script([
        setup,
        Answer::aws_error("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled"),
    ]);
    let home = Home::new();
    home.scripted_user(&server.url());
    let session = home.cogtok(["token", "user", "-p", "ws"]).env("COGTOK_PASSWORD", PASSWORD).pty().wait();
    assert!(session.text.contains("does not allow authenticator apps"), "{session:?}");
    assert!(!session.text.contains("no authenticator app registered"), "{session:?}");
}

#[test]
fn an_identity_pool_that_is_not_there_is_not_the_user_pool() {
    let identity =
        Server::always(Answer::aws_error("ResourceNotFoundException", "IdentityPool 'us-east-1:0' not found."));
    let users = Server::script([crate::harness::challenges::signed_in().1]);
    let home = Home::new();
    home.scripted_user(&users.url());
    let pool = "us-east-1:00000000-0000-4000-8000-000000000000";
    let run = home.cogtok(["aws-credentials", "-p", "ws", "--identity-pool-id", pool]).env("COGTOK_PASSWORD", PASSWORD);
    let output = run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY", identity.url()).run();
    output
        .code(3)
        .stderr_has("no such identity pool")
        .stderr_has("identity_pool.id")
        .stderr_lacks("app client id and Region");
}

#[test]
fn an_unsigned_call_that_is_denied_is_not_about_aws_credentials() {
    let server = Server::always(Answer::aws_error("AccessDeniedException", "no"));
    let home = Home::new();
    home.scripted_user(&server.url());
    let output = home.cogtok(["token", "user", "-p", "ws"]).env("COGTOK_PASSWORD", PASSWORD).run();
    output.code(4).stderr_has("InitiateAuth").stderr_lacks("AWS credentials").stderr_lacks("--aws-profile");
}

#[test]
fn an_import_that_fails_points_to_no_profile() {
    let server = Server::always(Answer::aws_error("InvalidParameterException", "Invalid UserPoolId format"));
    let home = Home::new();
    let run = home.cogtok(["profile", "import", "us-east-1_Scripted0", "--name", "new"]).aws();
    let output = run.env("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", server.url()).run();
    output.code(3).stderr_has("check the pool id").stderr_lacks("profile show");
}

#[test]
fn what_the_domain_refuses_names_no_setting_of_machines() {
    let refused = |code: &str| Answer::json(400, &json!({ "error": code }));
    for code in ["invalid_request", "invalid_scope", "unsupported_grant_type", "unauthorized_client", "invalid_grant"] {
        let server = Server::always(refused(code));
        let home = Home::new();
        home.login_profile(&server.url());
        let output = sign_in(home.cogtok(["login"]).keyring(&Keyring::start()), &home.fake_browser()).0;
        output.stderr_has(code).stderr_lacks("m2m").stderr_lacks("client_credentials").stderr_lacks("token URL");
        output.check(matches!(output.code, Some(3 | 4)), code);
    }
}

#[test]
fn a_revocation_waits_as_long_as_it_is_told() {
    let busy = Answer::new(503, "text/plain", "").header("Retry-After", "2");
    let server = Server::script([crate::harness::login::alice(), busy, Answer::new(200, "text/plain", "")]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
    let at: Vec<_> = server.requests().into_iter().map(|request| request.at).collect();
    assert!(at[2] - at[1] >= std::time::Duration::from_secs(2), "{:?}", at[2] - at[1]);
    // And not where there is no time for it.
    let busy = Answer::new(429, "text/plain", "").header("Retry-After", "3600");
    let server = Server::script([crate::harness::login::alice(), busy]);
    let keyring = Keyring::start();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    insta::assert_snapshot!(home.cogtok(["token", "revoke"]).keyring(&keyring).run().message(), @"
    exit 6
    error: 127.0.0.1:[port] answered HTTP 429; retry after [n] s (profile `ws`)
    hint: wait a little and try again
    hint: nothing was removed; `cogtok logout -p ws --local` removes it without revoking
    ");
    assert_eq!(server.hits(), 2);
}

#[test]
fn a_quota_does_not_pass_and_wrong_codes_are_refused() {
    let home = Home::new();
    let full = "You have exceeded your limit";
    for (words, code, message, exit, hint) in [
        (
            &["group", "create", "students"][..],
            "LimitExceededException",
            full,
            1,
            "a quota, such as that of its groups",
        ),
        (&["user", "create", "a@example.com"], "LimitExceededException", full, 1, "a quota, such as that of its users"),
        (
            &["user", "create", "a@example.com", "--invite"],
            "LimitExceededException",
            "Exceeded daily email limit for the operation or the account.",
            1,
            "leave `--invite` out",
        ),
        (&["user", "confirm", "a@example.com"], "TooManyFailedAttemptsException", "no", 4, "too many failed attempts"),
    ] {
        let answer = Answer::aws_error(code, message);
        // Cognito gives AdminCreateUser an error that its model does not have.
        let server = Server::always(if words[..2] == ["user", "create"] { answer.unlike_aws() } else { answer });
        home.config(&format!(
            "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
            server.url()
        ));
        let output = home.cogtok(words).args(["-p", "ws"]).aws().run();
        output.code(exit).stderr_has(code).stderr_has(hint).stderr_lacks("wait a few minutes and try again");
        assert_eq!(server.hits(), 1, "{words:?}");
    }
}
