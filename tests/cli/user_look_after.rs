//! `cogtok user enable`, `disable`, `confirm`, `sign-out` and `reset-mfa`.

use crate::harness::{Answer, Home, Keyring, Proxy, Run, unique, workshop};
use crate::user_create::counted;
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["user", words[0], "-p", "ws"]).args(&words[1..]).aws()
}

#[test]
fn users_are_disabled_and_enabled_and_each_is_told() {
    let (home, proxy) = counted();
    let users = [workshop().user(PASSWORD), workshop().user(PASSWORD)];
    let is_enabled = |email: &str| workshop().find_user(email).unwrap()["Enabled"].clone();
    let output = user(&home, &["disable", &users[0], &users[1]]).run();
    output.ok().stdout_is("").stderr_has(&format!("disabled user {}", users[1]));
    assert_eq!([is_enabled(&users[0]), is_enabled(&users[1])], [json!(false), json!(false)]);
    user(&home, &["enable", &users[0]]).run().ok().stderr_has("enabled user");
    assert_eq!([is_enabled(&users[0]), is_enabled(&users[1])], [json!(true), json!(false)]);
    workshop().sign_in(&users[0], PASSWORD).unwrap();
    // What a user who can't sign in is told is a command that exists and does it.
    let refused = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", &users[1]]);
    refused.stdin(PASSWORD).run().code(4).stderr_has(&format!("cogtok user enable {} -p ws", users[1]));
    user(&home, &["enable", &users[1]]).run().ok();
    workshop().sign_in(&users[1], PASSWORD).unwrap();

    let nobody = format!("{}@example.com", unique("nobody"));
    for command in ["enable", "disable", "confirm", "sign-out"] {
        user(&home, &[command, &nobody]).run().code(1).stderr_has(&nobody).stderr_has("cogtok user list -p ws");
        let before = proxy.requests().len();
        user(&home, &[command]).run().code(2);
        user(&home, &[command, "two words"]).run().code(2);
        assert_eq!(proxy.requests().len(), before);
    }
    let output = user(&home, &["disable", &nobody, &users[0]]).run();
    output.code(10).stderr_has("disabled 1 of 2 users").stderr_has(&nobody);
    assert_eq!(is_enabled(&users[0]), json!(false), "what fails for one keeps no other from it");
}

#[test]
fn a_user_who_signed_up_is_confirmed_without_the_code() {
    let (home, _proxy) = counted();
    let email = format!("{}@example.com", unique("signed-up"));
    let body = json!({"ClientId": workshop().web.id, "Username": email, "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": email}]});
    workshop().ministack.cognito("SignUp", &body);
    let token = || home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", &email]).stdin(PASSWORD);
    token().run().code(4).stderr_has("UserNotConfirmed").stderr_has(&format!("`cogtok user confirm {email} -p ws`"));
    user(&home, &["confirm", &email]).run().ok().stderr_has("confirmed user");
    assert_eq!(workshop().find_user(&email).unwrap()["UserStatus"], "CONFIRMED");
    token().run().ok();
}

#[test]
fn sign_out_ends_the_session_at_cognito_and_here() {
    let (home, proxy) = counted();
    let keyring = Keyring::start();
    let email = workshop().user(PASSWORD);
    let token = |more: &[&str]| {
        let run = home.cogtok(["token", "user", "-p", "ws", "--username", &email]).args(more).keyring(&keyring);
        run.env("COGTOK_PASSWORD", PASSWORD)
    };
    token(&[]).run().ok();
    let before = proxy.count("InitiateAuth");
    assert_eq!(token(&["--json"]).run().ok().json()["source"], "cache");
    user(&home, &["sign-out", &email]).keyring(&keyring).run().ok().stderr_has("signed out user");
    assert_eq!(proxy.count("AdminUserGlobalSignOut"), 1);
    token(&[]).run().ok();
    assert_eq!(proxy.count("InitiateAuth"), before + 1, "signed in anew: neither the token nor the session was of use");
}

/// A pool in which one user has these second factors, and what AdminDeleteSoftwareToken answers.
fn with_factors(factors: Value, deletion: Answer) -> (Home, Proxy) {
    let proxy = Proxy::with(&workshop().endpoint, move |request| match request.operation()? {
        "AdminGetUser" => {
            let mut user = json!({"Username": "alice", "UserStatus": "CONFIRMED", "Enabled": true, "UserAttributes": [],
                "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA"});
            if factors.is_array() {
                user["UserMFASettingList"] = factors.clone();
            }
            Some(Answer::new(200, "application/x-amz-json-1.1", user.to_string()))
        }
        "AdminSetUserMFAPreference" => Some(Answer::new(200, "application/x-amz-json-1.1", "{}")),
        "AdminDeleteSoftwareToken" => Some(deletion.clone()),
        "AdminListGroupsForUser" => Some(Answer::new(200, "application/x-amz-json-1.1", "{\"Groups\": []}")),
        _ => None,
    });
    (crate::user_create::behind(&proxy), proxy)
}

#[test]
fn reset_mfa_turns_off_what_is_on_and_deletes_the_app() {
    let done = || Answer::new(200, "application/x-amz-json-1.1", "{}");
    let (home, proxy) = with_factors(json!(["SOFTWARE_TOKEN_MFA", "SMS_MFA"]), done());
    let shown = user(&home, &["show", "alice", "--json"]).run().ok().json();
    assert_eq!(shown["mfa"], json!(["SOFTWARE_TOKEN_MFA", "SMS_MFA"]));
    assert_eq!(shown["preferred_mfa"], "SOFTWARE_TOKEN_MFA");
    user(&home, &["show", "alice"]).run().ok().stdout_has("SOFTWARE_TOKEN_MFA, SMS_MFA");
    insta::assert_snapshot!(user(&home, &["reset-mfa", "alice"]).run().ok().message(), @"
    exit 0
    turned off the second factors (SOFTWARE_TOKEN_MFA, SMS_MFA) of user alice
    ");
    let requests = proxy.requests();
    let [.., set, deleted] = requests.as_slice() else { panic!("{:?}", proxy.log()) };
    assert_eq!(
        (set.operation(), deleted.operation()),
        (Some("AdminSetUserMFAPreference"), Some("AdminDeleteSoftwareToken"))
    );
    let body = set.json();
    assert_eq!(body["SMSMfaSettings"]["Enabled"], false);
    assert_eq!(body["SoftwareTokenMfaSettings"]["Enabled"], false);
    assert_eq!(body["EmailMfaSettings"], Value::Null, "a factor that is not there can't be turned off");

    // An app that was registered and never turned on.
    let (home, proxy) = with_factors(Value::Null, done());
    user(&home, &["reset-mfa", "alice"]).run().ok();
    assert_eq!((proxy.count("AdminSetUserMFAPreference"), proxy.count("AdminDeleteSoftwareToken")), (0, 1));
    let none = Answer::aws_error("SoftwareTokenMFANotFoundException", "no").unlike_aws();
    let (home, _proxy) = with_factors(json!(["SMS_MFA"]), none);
    user(&home, &["reset-mfa", "alice"]).run().ok();
    // Half done is said.
    let (home, _proxy) = with_factors(json!(["SMS_MFA"]), Answer::aws_error("InvalidParameterException", "no"));
    user(&home, &["reset-mfa", "alice"]).run().code(10).stderr_has("its authenticator app is still there");

    let (home, _proxy) = counted();
    let nobody = format!("{}@example.com", unique("nobody"));
    user(&home, &["reset-mfa", &nobody]).run().code(1).stderr_has("there is no user");
}
