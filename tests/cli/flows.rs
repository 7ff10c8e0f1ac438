//! The flows of a sign-in: choice-based, an administrator's, custom; and what is said where the app client does not allow
//! one.

use crate::harness::challenges::{CODE, PASSWORD, challenge, sent, session_text, signed_in, totp};
use crate::harness::srp::{Exchange, Verifier};
use crate::harness::verify::verify;
use crate::harness::{Answer, Client, Home, Proxy, Run, Server, workshop};
use serde_json::{Value, json};
use std::sync::Mutex;

const POOL: &str = "Scripted0";
const USER: &str = "alice@example.com";

/// A challenge of SELECT_CHALLENGE with these choices.
fn select(choices: &[&str]) -> Answer {
    let body = json!({"ChallengeName": "SELECT_CHALLENGE", "Session": session_text(1), "AvailableChallenges": choices,
        "ChallengeParameters": {"USERNAME": USER}});
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A Cognito whose users prove their password by SRP wherever `SRP_A` comes; else it gives `first` and then tokens.
fn proving(first: Answer) -> Server {
    let exchange = Mutex::new(None);
    Server::start(move |request| {
        let body = request.json();
        let parameters = match request.operation() {
            Some("InitiateAuth") => &body["AuthParameters"],
            _ => &body["ChallengeResponses"],
        };
        let mut exchange = exchange.lock().unwrap();
        if let Some(srp_a) = parameters["SRP_A"].as_str() {
            let begun = Exchange::new(POOL, USER, Verifier::of(POOL, USER, PASSWORD), srp_a);
            let asked = challenge(7, "PASSWORD_VERIFIER", begun.parameters());
            *exchange = Some(begun);
            return asked;
        }
        match (exchange.take(), request.operation()) {
            (Some(exchange), _) if exchange.is_proven_by(parameters) => signed_in().1,
            (Some(_), _) => Answer::aws_error("NotAuthorizedException", "Incorrect username or password."),
            (None, Some("InitiateAuth")) => first.clone(),
            (None, _) => signed_in().1,
        }
    })
}

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    home
}

fn token_user<'h>(home: &'h Home, flow: &str, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "--no-refresh", "--auth-flow", flow]).args(args)
}

/// The AuthParameters of the first request, which has this flow.
fn initiated(server: &Server, flow: &str) -> Value {
    let request = server.requests()[0].json();
    assert_eq!(request["AuthFlow"], flow);
    request["AuthParameters"].clone()
}

#[test]
fn a_preferred_password_is_proven_in_the_same_two_requests_as_srp() {
    let server = proving(Answer::close());
    let home = home_of(&server);
    let run = token_user(&home, "user-auth", &["--preferred-challenge", "password-srp", "--password-stdin"]);
    run.stdin(PASSWORD).run().ok();
    let parameters = initiated(&server, "USER_AUTH");
    assert_eq!((&parameters["PREFERRED_CHALLENGE"], &parameters["USERNAME"]), (&json!("PASSWORD_SRP"), &json!(USER)));
    assert!(parameters["SRP_A"].as_str().is_some_and(|a| a.len() > 700));
    assert_eq!(server.hits(), 2);
    assert!(!String::from_utf8_lossy(&server.bytes()).contains(PASSWORD));
    // A wrong one is refused once.
    let run = token_user(&home, "user-auth", &["--preferred-challenge", "password-srp", "--no-cache"]);
    insta::assert_snapshot!(run.env("COGTOK_PASSWORD", "Wrong-Horse-1-Battery").run().message(), @"
    exit 4
    error: RespondToAuthChallenge was refused: NotAuthorizedException: Incorrect username or password. (profile `ws`)
    hint: check the user name and the password; if both are right, check that the pool and the app client belong together, and this machine's clock
    hint: the password comes from COGTOK_PASSWORD, which overrides a stored one: correct the variable, or unset it
    ");
    assert_eq!(server.hits(), 4);
}

#[test]
fn a_preferred_plain_password_goes_along_with_the_first_request() {
    let (token, done) = signed_in();
    let server = Server::script([done]);
    let run_home = home_of(&server);
    let run = token_user(&run_home, "user-auth", &["--preferred-challenge", "password", "--password-stdin"]);
    run.stdin(PASSWORD).run().ok().stdout_is(&format!("{token}\n"));
    assert_eq!(
        initiated(&server, "USER_AUTH"),
        json!({"USERNAME": USER, "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD})
    );
}

#[test]
fn a_preferred_code_needs_no_password_at_all() {
    for (factor, name, key) in [("email-otp", "EMAIL_OTP", "EMAIL_OTP_CODE"), ("sms-otp", "SMS_OTP", "SMS_OTP_CODE")] {
        let asked = challenge(1, name, json!({"CODE_DELIVERY_DESTINATION": "a***@e***"}));
        let server = Server::script([asked, signed_in().1]);
        let home = home_of(&server);
        token_user(&home, "user-auth", &["--preferred-challenge", factor, "--mfa-code", CODE]).run().ok();
        assert_eq!(initiated(&server, "USER_AUTH"), json!({"USERNAME": USER, "PREFERRED_CHALLENGE": name}));
        assert_eq!(sent(&server, 1), json!({"USERNAME": USER, key: CODE}));
    }
}

#[test]
fn with_nobody_there_a_choice_is_the_password_proven_and_else_names_the_option() {
    let server = proving(select(&["EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"]));
    let home = home_of(&server);
    token_user(&home, "user-auth", &[]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    assert_eq!(initiated(&server, "USER_AUTH"), json!({"USERNAME": USER}));
    let answer = sent(&server, 1);
    assert_eq!(answer["ANSWER"], "PASSWORD_SRP");
    assert!(answer["SRP_A"].is_string() && answer.get("PASSWORD").is_none());
    assert_eq!(server.requests()[1].json()["Session"], session_text(1));
    assert_eq!(server.hits(), 3);

    let server = Server::script([select(&["EMAIL_OTP", "WEB_AUTHN"])]);
    let output = token_user(&home_of(&server), "user-auth", &[]).run();
    output.code(5).stderr_has("SELECT_CHALLENGE").stderr_has("`--preferred-challenge FACTOR`").stderr_has("email-otp");
    assert_eq!(server.hits(), 1);
}

#[test]
fn at_a_terminal_a_person_chooses_and_is_asked_for_what_the_choice_needs() {
    // A password, only then asked for, and sent because it was chosen.
    let server = proving(select(&["PASSWORD", "EMAIL_OTP"]));
    let home = home_of(&server);
    let mut terminal = token_user(&home, "user-auth", &[]).pty();
    terminal.expect("How to sign in (password, email-otp): ").send_line("password");
    terminal.expect("Password for alice@example.com: ").expect_no_echo().send_line(PASSWORD);
    assert_eq!(terminal.wait().code, Some(0));
    assert_eq!(sent(&server, 1), json!({"USERNAME": USER, "ANSWER": "PASSWORD", "PASSWORD": PASSWORD}));

    // A code.
    let asked = challenge(2, "EMAIL_OTP", json!({"CODE_DELIVERY_DESTINATION": "a***@e***"}));
    let server = Server::script([select(&["PASSWORD", "EMAIL_OTP"]), asked, signed_in().1]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, "user-auth", &[]).pty();
    terminal.expect("How to sign in").send_line("EMAIL_OTP");
    terminal.expect("Code from the e-mail (a***@e***): ").expect_no_echo().send_line(CODE);
    assert_eq!(terminal.wait().code, Some(0));
    assert_eq!(sent(&server, 1), json!({"USERNAME": USER, "ANSWER": "EMAIL_OTP"}));
    assert_eq!(sent(&server, 2), json!({"USERNAME": USER, "EMAIL_OTP_CODE": CODE}));

    // Something that is not offered.
    let server = Server::script([select(&["PASSWORD"])]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, "user-auth", &[]).pty();
    for _ in 0..3 {
        terminal.expect("How to sign in").expect(": ").send_line("magic");
    }
    let session = terminal.wait();
    assert_eq!(session.code, Some(2), "{session:?}");
    assert_eq!(server.hits(), 1);
}

#[test]
fn challenges_that_take_a_password_get_it_where_it_is_at_hand() {
    for (name, expected) in
        [("PASSWORD", json!({"USERNAME": USER, "PASSWORD": PASSWORD})), ("PASSWORD_SRP", json!(null))]
    {
        let server = proving(challenge(1, name, json!({"USERNAME": USER})));
        let home = home_of(&server);
        token_user(&home, "user-auth", &[]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
        let answer = sent(&server, 1);
        match expected {
            Value::Null => assert!(answer["SRP_A"].is_string() && answer.get("PASSWORD").is_none()),
            expected => assert_eq!(answer, expected),
        }
        let nobody = token_user(&home, "user-auth", &["--no-cache"]).run();
        nobody.code(5).stderr_has("the password of").stderr_has("`--password-stdin`");
    }
}

#[test]
fn a_custom_flow_asks_what_its_triggers_ask_and_proves_a_password_first_where_that_is_wanted() {
    let asked = challenge(1, "CUSTOM_CHALLENGE", json!({"question": "1+1"}));
    let server = Server::script([asked.clone(), signed_in().1]);
    let home = home_of(&server);
    token_user(&home, "custom", &["--mfa-code", "two"]).run().ok();
    assert_eq!(initiated(&server, "CUSTOM_AUTH"), json!({"USERNAME": USER}));
    assert_eq!(sent(&server, 1), json!({"USERNAME": USER, "ANSWER": "two"}));

    let server = proving(asked);
    let home = home_of(&server);
    let run = token_user(&home, "custom", &["--preferred-challenge", "password-srp"]).env("COGTOK_PASSWORD", PASSWORD);
    run.run().ok();
    let parameters = initiated(&server, "CUSTOM_AUTH");
    assert_eq!((&parameters["CHALLENGE_NAME"], parameters["SRP_A"].is_string()), (&json!("SRP_A"), true));
    assert_eq!(server.hits(), 2);
}

/// A client of the workshop's pool with these flows.
fn client(flows: &[&str]) -> Client {
    let body = json!({"ClientName": crate::harness::unique("flows"), "ExplicitAuthFlows": flows});
    let made = workshop().admin("CreateUserPoolClient", body)["UserPoolClient"].clone();
    Client { id: made["ClientId"].as_str().unwrap().to_owned(), secret: None }
}

/// `token user` for a new user of the workshop, before this proxy, with the password on standard input.
fn of_workshop<'h>(home: &'h Home, proxy: &Proxy, client: &Client, args: &[&str]) -> Run<'h> {
    let email = workshop().user(PASSWORD);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    let run =
        home.cogtok(["token", "user", "-p", "ws", "--no-refresh", "--client-id", &client.id, "--username", &email]);
    run.args(args).arg("--password-stdin").stdin(PASSWORD)
}

#[test]
fn an_administrators_sign_in_is_signed_and_answers_challenges_by_the_admin_operations() {
    let client = client(&["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let (home, proxy) = (Home::new(), Proxy::new(&workshop().endpoint));
    let output = of_workshop(&home, &proxy, &client, &["--auth-flow", "admin"]).aws().run();
    assert_eq!(verify(output.ok().quiet().line(), workshop())["client_id"], client.id.as_str());
    assert_eq!(proxy.log(), ["AdminInitiateAuth"]);
    let request = &proxy.requests()[0];
    assert!(
        request.header("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=test/"))
    );
    assert_eq!(request.json()["UserPoolId"], workshop().pool_id.as_str());

    // A challenge goes the same way.
    let server = Server::script([challenge(1, "SOFTWARE_TOKEN_MFA", json!({"USER_ID_FOR_SRP": "sub"})), signed_in().1]);
    let home = home_of(&server);
    let run = token_user(&home, "admin", &["--mfa-code", CODE]).env("COGTOK_PASSWORD", PASSWORD).aws();
    run.run().ok();
    let operations: Vec<_> = server.requests().iter().map(|r| r.operation().unwrap().to_owned()).collect();
    assert_eq!(operations, ["AdminInitiateAuth", "AdminRespondToAuthChallenge"]);
    assert_eq!(sent(&server, 1), json!({"USERNAME": "sub", "SOFTWARE_TOKEN_MFA_CODE": CODE}));
    assert_eq!(server.requests()[1].json()["UserPoolId"], "us-east-1_Scripted0");

    // Without AWS credentials nothing is sent.
    let server = Server::canary();
    let home = home_of(&server);
    let run = token_user(&home, "admin", &[]).env("COGTOK_PASSWORD", PASSWORD).env("AWS_EC2_METADATA_DISABLED", "true");
    insta::assert_snapshot!(run.run().message(), @"
    exit 9
    error: AdminInitiateAuth needs AWS credentials, and there are none that cogtok can use (profile `ws`)
    hint: sign in to AWS (`aws sso login`, of the AWS CLI v2), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws with `--aws-profile NAME`
    ");
    assert_eq!(server.hits(), 0);
}

#[test]
fn where_the_client_can_be_looked_at_the_flows_that_it_allows_are_named() {
    let only_srp = client(&["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let (home, proxy) = (Home::new(), Proxy::new(&workshop().endpoint));
    for flow in ["password", "admin", "custom"] {
        let output = of_workshop(&home, &proxy, &only_srp, &["--auth-flow", flow]).aws().run();
        output.code(3).stderr_has("the app client allows: srp").stderr_has("does not allow this flow: `--auth-flow ");
        home.cogtok(["profile", "delete", "ws", "--yes"]).run().ok();
    }
    let two = client(&["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"]);
    insta::assert_snapshot!(of_workshop(&home, &proxy, &two, &[]).aws().run().message(), @"
    exit 3
    error: InitiateAuth was refused: InvalidParameterException: USER_SRP_AUTH is not enabled for the client. (profile `ws`)
    hint: the app client does not allow this flow: `--auth-flow password` uses the other one, or enable ALLOW_USER_SRP_AUTH on the client
    hint: the app client allows: admin, custom
    ");
    home.cogtok(["profile", "delete", "ws", "--yes"]).run().ok();
    // Who may not look is told no less than before, and nobody is asked without credentials.
    let before = proxy.count("DescribeUserPoolClient");
    assert_eq!(before, 4);
    let output = of_workshop(&home, &proxy, &two, &[]).run();
    output.code(3).stderr_has("does not allow this flow").stderr_lacks("the app client allows:");
    assert_eq!(proxy.count("DescribeUserPoolClient"), before);
}

#[test]
fn an_authenticator_app_follows_an_administrators_password() {
    // The local Cognito checks the code of the admin operations as well.
    let pool = crate::harness::Workshop::provision(crate::harness::ministack::ministack());
    let settings = json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    pool.admin("SetUserPoolMfaConfig", settings);
    let email = pool.user(PASSWORD);
    let access = pool.sign_in(&email, PASSWORD).unwrap()["AuthenticationResult"]["AccessToken"].clone();
    let call = |operation: &str, body: &Value| pool.ministack.cognito(operation, body);
    let key =
        call("AssociateSoftwareToken", &json!({"AccessToken": access}))["SecretCode"].as_str().unwrap().to_owned();
    call("VerifySoftwareToken", &json!({"AccessToken": access, "UserCode": totp(&key)}));
    let preference = json!({"Username": email, "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    pool.admin("AdminSetUserMFAPreference", preference);
    let body = json!({"ClientName": "admin", "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]});
    let client = pool.admin("CreateUserPoolClient", body)["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    let home = Home::new();
    home.profile("ws", &pool, &pool.endpoint, &pool.token_url);
    let args = ["--auth-flow", "admin", "--client-id", &client, "--username", &email, "--mfa-code", &totp(&key)];
    let run = home.cogtok(["token", "user", "-p", "ws", "--no-refresh", "--password-stdin"]).args(args).aws();
    assert_eq!(verify(run.stdin(PASSWORD).run().ok().line(), &pool)["client_id"], client.as_str());
}
