//! `cogtok token user` for users with an authenticator app, where nobody sits at a terminal, against the local Cognito.

use crate::harness::challenges::{PASSWORD, totp};
use crate::harness::ministack::ministack;
use crate::harness::oracle::find_canary;
use crate::harness::verify::verify;
use crate::harness::{Home, Proxy, Run, Workshop, poll};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// A pool of its own whose users may have a second factor.
fn pool() -> &'static Workshop {
    static POOL: OnceLock<Workshop> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = Workshop::provision(ministack());
        let settings = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        pool.admin("SetUserPoolMfaConfig", settings);
        pool
    })
}

/// A user with an authenticator app, and the app's key.
fn app_user() -> (String, String) {
    let email = pool().user(PASSWORD);
    let tokens = pool().sign_in(&email, PASSWORD).unwrap();
    let access = &tokens["AuthenticationResult"]["AccessToken"];
    let call = |operation: &str, body: &Value| pool().ministack.cognito(operation, body);
    let key =
        call("AssociateSoftwareToken", &json!({"AccessToken": access}))["SecretCode"].as_str().unwrap().to_string();
    call("VerifySoftwareToken", &json!({"AccessToken": access, "UserCode": totp(&key)}));
    let preference = json!({"Username": email, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    pool().admin("AdminSetUserMFAPreference", preference);
    let asked = pool().sign_in(&email, PASSWORD).unwrap();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    (email, key)
}

/// A home whose profile `ws` is that user behind a proxy.
fn home_of(email: &str, proxy: &Proxy) -> Home {
    let home = Home::new();
    home.canary(PASSWORD);
    home.profile("ws", pool(), &proxy.url(), &proxy.token_url());
    home.cogtok(["profile", "set", "ws", "user.username", email]).run().ok();
    home
}

fn token_user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws"]).args(args)
}

#[test]
fn the_code_of_an_authenticator_app_signs_in_from_each_of_its_sources_and_is_nowhere_afterwards() {
    let (email, key) = app_user();
    for flow in ["srp", "password"] {
        let proxy = Proxy::new(&pool().endpoint);
        let home = home_of(&email, &proxy);
        let code = totp(&key);
        home.canary(&code);
        let both = format!("{PASSWORD}\n{code}\n");
        let run = |args: &[&str]| token_user(&home, &["--auth-flow", flow, "--no-cache"]).args(args);
        for output in [
            run(&["--password-stdin", "--mfa-code", &code]).stdin(PASSWORD).run(),
            run(&["--password-stdin", "--mfa-code-stdin"]).stdin(&both).run(),
            run(&["--mfa-code-stdin", "--password-stdin"]).stdin(both.replace('\n', "\r\n")).run(),
            run(&["--mfa-code-stdin"]).env("COGTOK_PASSWORD", PASSWORD).stdin(format!("{code}\n")).run(),
            run(&["--password-stdin"]).env("COGTOK_MFA_CODE", &code).stdin(PASSWORD).run(),
            // What is said on the command line is stronger than the environment.
            run(&["--password-stdin", "--mfa-code", &code]).env("COGTOK_MFA_CODE", "000").stdin(PASSWORD).run(),
            run(&["-vv", "--password-stdin"]).env("COGTOK_MFA_CODE", &code).stdin(PASSWORD).run(),
        ] {
            let claims = verify(output.ok().line(), pool());
            assert_eq!(claims["client_id"], pool().web.id.as_str());
            assert!(find_canary(output.stdout.as_bytes(), &code).is_none());
        }
        let (first, second) = if flow == "srp" { (7, 14) } else { (7, 7) };
        assert_eq!((proxy.count("InitiateAuth"), proxy.count("RespondToAuthChallenge")), (first, second));
        // What was obtained with a code is cached as any other token.
        let kept = token_user(&home, &["--password-stdin", "--mfa-code", &code]).stdin(PASSWORD).run();
        token_user(&home, &[]).run().ok().quiet().stdout_is(&kept.ok().stdout);
    }
}

#[test]
fn a_wrong_code_that_was_given_is_refused_after_exactly_one_answer() {
    let (email, key) = app_user();
    let wrong = format!("{:06}", (totp(&key).parse::<u32>().unwrap() + 314_159) % 1_000_000);
    for way in ["--mfa-code", "--mfa-code-stdin", "COGTOK_MFA_CODE"] {
        let proxy = Proxy::new(&pool().endpoint);
        let home = home_of(&email, &proxy);
        home.canary(&wrong);
        let run = token_user(&home, &["--password-stdin"]);
        let output = match way {
            "--mfa-code" => run.args([way, &wrong]).stdin(PASSWORD),
            "--mfa-code-stdin" => run.arg(way).stdin(format!("{PASSWORD}\n{wrong}")),
            _ => run.env(way, &wrong).stdin(PASSWORD),
        };
        output.run().code(4).stderr_has("CodeMismatchException").stderr_has("the code is wrong").stderr_has("`ws`");
        // The first answer is SRP's.
        assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge", "RespondToAuthChallenge"], "{way}");
    }
}

#[test]
fn a_caller_with_the_right_code_does_not_share_the_refusal_of_a_wrong_one() {
    let (email, key) = app_user();
    let proxy = Proxy::new(&pool().endpoint).delay(300);
    let home = home_of(&email, &proxy);
    let run = |code: &str| token_user(&home, &["--mfa-code", code]).env("COGTOK_PASSWORD", PASSWORD).spawn();
    let wrong = run("000");
    poll("the first caller is at work", Duration::from_secs(10), || (proxy.count("InitiateAuth") == 1).then_some(()));
    let right = run(&totp(&key));
    wrong.wait().code(4);
    verify(right.wait().ok().line(), pool());
}
