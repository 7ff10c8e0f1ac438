//! Users of a program that adds the library: a sign-in in two requests, a cache of its own, and the program's own session.

use crate::harness::challenges::{CLIENT, CODE, PASSWORD, challenge, sent, session_text, signed_in, totp};
use crate::harness::ministack::ministack;
use crate::harness::{Answer, Home, Keyring, Proxy, Server, Workshop, workshop};
use crate::library::built;
use serde_json::{Value, json};

/// A user of the local Cognito with an authenticator app, the pool, and the app's key.
fn app_user() -> (Workshop, String, String) {
    let pool = Workshop::provision(ministack());
    let settings = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    pool.admin("SetUserPoolMfaConfig", settings);
    let email = pool.user(PASSWORD);
    let tokens = pool.sign_in(&email, PASSWORD).unwrap();
    let access = &tokens["AuthenticationResult"]["AccessToken"];
    let call = |operation: &str, body: Value| pool.ministack.cognito(operation, &body);
    let key = call("AssociateSoftwareToken", json!({"AccessToken": access}))["SecretCode"].as_str().unwrap().to_owned();
    call("VerifySoftwareToken", json!({"AccessToken": access, "UserCode": totp(&key)}));
    let preference = json!({"Username": email, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    pool.admin("AdminSetUserMFAPreference", preference);
    (pool, email, key)
}

#[test]
fn a_sign_in_goes_on_in_the_next_request_and_asks_again_after_a_wrong_code() {
    let (pool, email, key) = app_user();
    let (home, program) = (Home::new(), built("mfa_sign_in"));
    for flow in ["srp", "password"] {
        let args = [pool.endpoint.as_str(), &pool.pool_id, &pool.web.id, &email, flow];
        let code = totp(&key);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let output = home.program(&program, args).stdin(format!("{PASSWORD}\n{wrong}\n{code}\n")).run();
        let lines: Vec<&str> = output.ok().quiet().stdout.lines().collect();
        assert_eq!(lines[0], format!("asked: SOFTWARE_TOKEN_MFA of {email}"));
        assert!(lines[1].starts_with("refused: ") && lines[1].contains("ode"), "{lines:?}");
        assert_eq!(lines[2], "refresh token: the application's");
        assert!(lines[3].starts_with("verified: "), "{lines:?}");
    }
    let args = [pool.endpoint.as_str(), &pool.pool_id, &pool.web.id, &email, "srp"];
    let wrong = home.program(&program, args).stdin("Wrong-Horse-1-Battery\n").run();
    wrong.code(4).stderr_has("Incorrect username or password");
    assert!(home.cache_files().is_empty() && !home.config_file().exists(), "nothing was left in the home");
}

#[test]
fn a_response_that_is_cut_off_or_fails_does_not_lose_the_challenge() {
    let program = built("mfa_sign_in");
    let (_, done) = signed_in();
    let lost = Answer::new(502, "text/plain", "busy");
    let server = Server::script([challenge(1, "SOFTWARE_TOKEN_MFA", json!({})), Answer::never(), lost, done]);
    let home = Home::new();
    let args = [server.url(), "us-east-1_Scripted0".into(), CLIENT.into(), "alice".into(), "password".into()];
    let output = home.program(&program, args).stdin(format!("{PASSWORD}\n{CODE}\n")).run();
    let lines: Vec<&str> = output.ok().quiet().stdout.lines().collect();
    assert_eq!(lines[..3], ["asked: SOFTWARE_TOKEN_MFA of alice", "cut off", "failed"], "{lines:?}");
    // The same session and the same code each time, and nothing else.
    for index in 1..4 {
        assert_eq!(server.requests()[index].json()["Session"], session_text(1));
        assert_eq!(sent(&server, index)["SOFTWARE_TOKEN_MFA_CODE"], CODE);
    }
    assert_eq!(server.requests().iter().filter(|request| request.path == "/").count(), 4);
}

#[test]
fn fifty_tasks_sign_in_once_and_the_refresh_token_renews_them() {
    let (home, program, proxy) = (Home::new(), built("own_cache"), Proxy::new(&workshop().endpoint));
    let email = workshop().user(PASSWORD);
    let args = [proxy.url(), workshop().pool_id.clone(), workshop().web.id.clone(), email];
    let output = home.program(&program, args).stdin(format!("{PASSWORD}\n")).run();
    let expected = "50 tasks, 1 token, 2 in the cache\nrenewed: true\nID token: there\n";
    output.ok().quiet().stdout_is(expected);
    assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge", "GetTokensFromRefreshToken"]);
    assert!(home.cache_files().is_empty(), "nothing was left in the home");
}

#[test]
fn a_program_shares_the_session_that_cogtok_began_from_the_keyring_and_from_the_sealed_file() {
    let program = built("signed_in");
    for is_sealed in [false, true] {
        let (home, keyring, proxy) = (Home::new(), Keyring::start(), Proxy::new(&workshop().endpoint));
        let email = workshop().user(PASSWORD);
        home.canary(PASSWORD);
        home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
        home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
        let identity = home.path("keys/identity.txt");
        if is_sealed {
            home.cogtok(["secret", "init"]).arg(&identity).run().ok();
            home.allow(&identity);
        }
        let cogtok = || {
            let run = home.cogtok(["token", "user", "-p", "ws"]).env("COGTOK_PASSWORD", PASSWORD).keyring(&keyring);
            if is_sealed { run.env("COGTOK_SECRET_IDENTITY", &identity).run() } else { run.run() }
        };
        let shared = || {
            let run = home.program(&program, ["ws"]).keyring(&keyring);
            if is_sealed {
                let text = std::fs::read_to_string(&identity).unwrap();
                let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap().to_owned();
                run.arg(home.path(".local/share/cogtok/secrets.age")).stdin(format!("{line}\n")).run()
            } else {
                run.run()
            }
        };
        let first = cogtok().ok().stdout.clone();
        shared().ok().quiet().stdout_is(&first);
        // Without the cache it renews, and what it renewed is the program's as well.
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
        let renewed = shared().ok().quiet().stdout.clone();
        assert_ne!(renewed, first);
        cogtok().ok().stdout_is(&renewed);
        assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge", "GetTokensFromRefreshToken"]);
    }
}

#[test]
fn where_only_a_person_can_go_on_the_error_has_the_challenge() {
    let server = Server::script([]);
    let home = Home::new();
    home.scripted_user(&server.url());
    let output = home.program(built("signed_in"), ["ws"]).run();
    output.code(5).stderr_has("PASSWORD waits for alice@example.com");
    server.assert_untouched();
}
