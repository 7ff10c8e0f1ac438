//! `cogtok user create` against the local Cognito: what it makes, what it prints, and what it refuses.

use crate::harness::workshop::GROUPS;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Server, Workshop, unique, workshop};
use serde_json::{Value, json};
use std::path::PathBuf;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A home whose profile `ws` points at this proxy.
pub fn behind(proxy: &Proxy) -> Home {
    let home = Home::new();
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    home
}

pub fn counted() -> (Home, Proxy) {
    let proxy = Proxy::new(&workshop().endpoint);
    (behind(&proxy), proxy)
}

pub fn create<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user", "create", "-p", "ws", "--json"]).args(args).aws()
}

pub fn new_email() -> String {
    format!("{}@example.com", unique("made"))
}

/// The records in the journal of made users.
pub fn journal(home: &Home) -> Vec<(PathBuf, Value)> {
    let entries = std::fs::read_dir(home.state_dir().join("journal")).into_iter().flatten().flatten();
    let records = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    records.map(|path| (path.clone(), serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())).collect()
}

#[track_caller]
pub fn assert_signs_in(user: &Value) {
    let (email, password) = (user["email"].as_str().unwrap(), user["password"].as_str().unwrap());
    let answer = workshop().sign_in(email, password);
    assert!(answer.as_ref().is_ok_and(|answer| answer["AuthenticationResult"].is_object()), "{email}: {answer:?}");
}

fn attribute(workshop: &Workshop, username: &str, name: &str) -> Option<String> {
    let user = workshop.find_user(username)?;
    let attributes = user["UserAttributes"].as_array()?.clone();
    let found = attributes.iter().find(|attribute| attribute["Name"] == name)?;
    found["Value"].as_str().map(String::from)
}

#[test]
fn a_random_user_is_made_in_two_requests_on_one_connection_and_signs_in_at_once() {
    let (home, proxy) = counted();
    let output = create(&home, &[]).run();
    let user = output.ok().quiet().json();
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminSetUserPassword"]);
    assert_eq!(proxy.connections(), 1);
    assert!(proxy.requests().iter().all(|r| r.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256 ")));
    let keys: Vec<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["user_pool_id", "username", "sub", "email", "password", "password_is_permanent", "status"]);
    let email = user["email"].as_str().unwrap();
    let known = workshop().find_user(email).unwrap();
    assert!(email.starts_with("test-") && email.ends_with("@example.com"), "{email}");
    assert_eq!(user["user_pool_id"], workshop().pool_id.as_str());
    assert_eq!((&user["username"], &user["sub"]), (&known["Username"], &known["Username"]));
    assert_eq!((&user["password_is_permanent"], &user["status"]), (&json!(true), &json!("CONFIRMED")));
    assert_eq!(
        (&known["UserStatus"], attribute(workshop(), email, "email_verified")),
        (&user["status"], Some("true".into()))
    );
    let request = proxy.requests()[0].json();
    assert_eq!((&request["MessageAction"], &request["TemporaryPassword"]), (&json!("SUPPRESS"), &user["password"]));
    assert_eq!(journal(&home).len(), 0);

    let password = user["password"].as_str().unwrap();
    home.canary(password);
    let token = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", email]).stdin(password);
    token.run().ok().keeps_no_session().line();

    let text = home.cogtok(["user", "create", "-p", "ws"]).aws().run();
    let fields: Vec<_> = text.ok().quiet().stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(fields, ["user_pool_id", "username", "sub", "email", "password", "status"]);
    let value = |name: &str| text.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_string();
    assert_signs_in(&json!({"email": value("email"), "password": value("password")}));
}

#[test]
fn each_option_turns_one_of_the_defaults_round() {
    let email = new_email();
    let (home, proxy) = counted();
    let user = create(&home, &[&email, "--temporary"]).run().ok().json();
    assert_eq!((&user["password_is_permanent"], &user["status"]), (&json!(false), &json!("FORCE_CHANGE_PASSWORD")));
    let answer = workshop().sign_in(&email, user["password"].as_str().unwrap()).unwrap();
    assert_eq!(answer["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(proxy.log(), ["AdminCreateUser"]);

    let email = new_email();
    let user = create(&home, &[&email, "--unverified", "--attribute", "given_name=Al=ice", "--attribute", "locale=de"]);
    assert_signs_in(&user.run().ok().json());
    let attributes =
        ["email_verified", "given_name", "locale"].map(|name| attribute(workshop(), &email, name).unwrap());
    assert_eq!(attributes, ["false", "Al=ice", "de"]);

    let (home, proxy) = counted();
    let user = create(&home, &[&new_email(), "--invite"]).run().ok().json();
    assert_eq!((&user["password_is_permanent"], proxy.log()), (&json!(false), vec!["AdminCreateUser".to_string()]));
    let request = proxy.requests()[0].json();
    assert_eq!((&request["DesiredDeliveryMediums"], &request["MessageAction"]), (&json!(["EMAIL"]), &Value::Null));

    let (home, proxy) = counted();
    home.canary(PASSWORD);
    let email = new_email();
    let user = create(&home, &[&email, "--password-stdin", "--group", GROUPS[2]]).stdin(format!("{PASSWORD}\n")).run();
    assert_eq!(user.ok().json()["password"], PASSWORD);
    assert_signs_in(&user.json());
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminSetUserPassword", "AdminAddUserToGroup"]);
    assert_eq!(proxy.connections(), 1);
    let groups = workshop().admin("AdminListGroupsForUser", json!({"Username": email}));
    assert_eq!(groups["Groups"][0]["GroupName"], GROUPS[2]);
    // In words, a password that was given is not printed.
    let text =
        home.cogtok(["user", "create", "-p", "ws", &new_email(), "--password-stdin"]).aws().stdin(PASSWORD).run();
    text.ok().stdout_has("username ").check(!text.stdout.contains(PASSWORD), "the password");
}

#[test]
fn a_pool_whose_user_names_are_no_addresses_takes_username() {
    let stack = workshop().ministack;
    let pool = stack.cognito("CreateUserPool", &json!({"PoolName": unique("names")}))["UserPool"]["Id"].clone();
    let pool = pool.as_str().unwrap();
    let client = stack.cognito(
        "CreateUserPoolClient",
        &json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}),
    );
    let client = client["UserPoolClient"]["ClientId"].as_str().unwrap();
    let home = Home::new();
    let profile = home.cogtok(["profile", "create", "ws", "--user-pool-id", pool, "--client-id", client]);
    profile.args(["--endpoint-url", &workshop().endpoint]).run().ok();
    for args in [&["--username", "alice"][..], &["bob@example.com", "--username", "bob"]] {
        let user = create(&home, args).run().ok().json();
        let name = user["username"].as_str().unwrap();
        assert_eq!(Some(&name), args.last());
        assert_ne!(user["sub"], user["username"]);
        assert_eq!(user["email"].as_str(), (args.len() == 3).then_some("bob@example.com"));
        let token = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", name]);
        token.stdin(user["password"].as_str().unwrap()).run().ok();
    }
    // In a pool whose user names are addresses it is refused, with the way out.
    let (home, _proxy) = counted();
    insta::assert_snapshot!(create(&home, &["--username", "alice"]).run().message(), @"
    exit 2
    error: AdminCreateUser was refused: InvalidParameterException: Username should be an email. (profile `ws`)
    hint: the pool's user names are e-mail addresses or phone numbers: give one instead of `--username`
    ");
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn a_user_who_is_there_already_is_an_error_left_alone_or_given_a_new_password() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    for args in [&[][..], &["--if-exists", "fail"]] {
        let output = create(&home, &[&[email.as_str()][..], args].concat()).run();
        output
            .code(1)
            .stderr_has("UsernameExistsException")
            .stderr_has("`--if-exists reset`")
            .stderr_has("profile `ws`");
        workshop().sign_in(&email, PASSWORD).unwrap();
    }
    assert_eq!(proxy.log(), ["AdminCreateUser"; 2]);

    let skipped = create(&home, &[&email, "--if-exists", "skip"]).run().ok().json();
    assert_eq!((&skipped["password"], &skipped["status"]), (&Value::Null, &json!("CONFIRMED")));
    assert_eq!(skipped["username"], workshop().find_user(&email).unwrap()["Username"]);
    workshop().sign_in(&email, PASSWORD).unwrap();

    let reset = create(&home, &[&email, "--if-exists", "reset"]).run().ok().json();
    assert_signs_in(&reset);
    workshop().sign_in(&email, PASSWORD).unwrap_err();
    assert_eq!(reset["sub"], skipped["sub"]);

    // A temporary one is set as well: nothing else would have been the user's password.
    let temporary = create(&home, &[&email, "--if-exists", "reset", "--temporary"]).run().ok().json();
    assert_eq!(
        (&temporary["password_is_permanent"], &temporary["status"]),
        (&json!(false), &json!("FORCE_CHANGE_PASSWORD"))
    );
    workshop().sign_in(&email, reset["password"].as_str().unwrap()).unwrap_err();
    let challenged = workshop().sign_in(&email, temporary["password"].as_str().unwrap());
    assert!(format!("{challenged:?}").contains("NEW_PASSWORD_REQUIRED"), "{challenged:?}");
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn a_form_that_there_is_not_is_refused_before_a_user_is_made() {
    let (home, proxy) = counted();
    insta::assert_snapshot!(home.cogtok(["user", "create", "-p", "ws", "-o", "csv"]).aws().run().message(), @"
    exit 2
    error: this command can't print that form here
    hint: use -o text, -o json or -o jsonl
    ");
    assert_eq!((proxy.requests().len(), journal(&home).len()), (0, 0));
}

#[test]
fn what_is_malformed_is_refused_before_anything_is_asked_or_written() {
    let (home, proxy) = counted();
    let email = new_email();
    let cases: [(&[&str], &str); 9] = [
        (&["not-an-address"], "is not an e-mail address"),
        (&["two words@example.com"], "user name"),
        (&["esc\u{1b}@example.com"], "\\u{1b}"),
        (&[&email, "--attribute", "given_name"], "NAME=VALUE"),
        (&[&email, "--if-exists", "maybe"], "fail, skip, reset"),
        (&[&email, "--password", PASSWORD], "`--password-stdin`"),
        (&[&email, "--password-stdin"], "the secret is empty"),
        (&["--resume", "--temporary"], "cannot be used with"),
        (&["--resume", "--if-exists", "reset"], "cannot be used with"),
    ];
    for (args, message) in cases {
        create(&home, args).run().code(2).stderr_has(message);
    }
    assert_eq!((proxy.requests().len(), home.state_dir().exists()), (0, false));
}

#[test]
fn a_weak_password_is_refused_and_leaves_nothing() {
    let (home, _proxy) = counted();
    let email = new_email();
    let output = create(&home, &[&email, "--password-stdin"]).stdin("weakling").run();
    output.code(4).stderr_has("InvalidPasswordException").stderr_has("policy").stderr_lacks("weakling");
    assert_eq!(journal(&home).len(), 0);
    assert!(workshop().find_user(&email).is_none());
}

#[test]
fn credentials_that_are_missing_or_not_enough_are_exit_9_and_leave_nothing() {
    let (home, proxy) = counted();
    let output = home.cogtok(["user", "create", "-p", "ws"]).run();
    output.code(9).stderr_has("none that cogtok can use").stderr_has("`--aws-profile NAME`");
    assert_eq!((proxy.connections(), journal(&home).len()), (0, 0));

    for (code, hint) in [
        ("AccessDeniedException", "`cogtok help cognito-setup`"),
        ("UnrecognizedClientException", "aws sts get-caller-identity"),
        ("InvalidSignatureException", "clock"),
        ("ExpiredTokenException", "aws sso login"),
    ] {
        let denied = Proxy::with(&workshop().endpoint, move |_| {
            Some(Answer::aws_error(code, "User: arn:aws:iam::1:user/x is not authorized to perform this"))
        });
        let home = behind(&denied);
        let output = create(&home, &[]).run();
        output.code(9).stderr_has(code).stderr_has("AdminCreateUser").stderr_has(hint).stderr_has("profile `ws`");
        assert_eq!((denied.log(), journal(&home).len()), (vec!["AdminCreateUser".to_string()], 0), "{code}");
    }
}

#[test]
fn a_metadata_service_that_forbids_is_exit_9_with_what_to_do() {
    let (home, _proxy) = counted();
    let metadata = Server::always(Answer::json(403, &json!({})));
    let run = home.cogtok(["user", "create", "-p", "ws"]).env_remove("AWS_EC2_METADATA_DISABLED");
    let output = run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url()).run();
    output.code(9).stderr_has("none that cogtok can use").stderr_has("hint: sign in to AWS (`aws sso login`");
}

#[test]
fn a_metadata_service_that_never_answers_costs_little_and_is_exit_9() {
    let (home, proxy) = counted();
    let metadata = Server::always(Answer::never());
    let run = home.cogtok(["user", "create", "-p", "ws"]).env_remove("AWS_EC2_METADATA_DISABLED");
    let output = run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url()).run();
    output.code(9).stderr_has("none that cogtok can use").stderr_has("`--aws-profile NAME`");
    output.within(std::time::Duration::from_secs(5));
    assert!(metadata.connections() > 0, "it is the last resort, but it is one");
    assert_eq!((proxy.connections(), journal(&home).len()), (0, 0));
}

#[test]
fn a_throttled_service_is_waited_for_and_then_given_up_with_nothing_left() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let proxy = Proxy::with(&workshop().endpoint, move |_| {
        let busy = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        busy.then(|| Answer::aws_error("TooManyRequestsException", "Rate exceeded"))
    });
    assert_signs_in(&create(&behind(&proxy), &[]).run().ok().json());
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminCreateUser", "AdminSetUserPassword"]);

    let busy = Proxy::with(&workshop().endpoint, |_| Some(Answer::aws_error("TooManyRequestsException", "Rate")));
    let home = behind(&busy);
    insta::assert_snapshot!(create(&home, &[]).run().message(), @"
    exit 6
    error: AdminCreateUser was refused: TooManyRequestsException: Rate (profile `ws`)
    hint: Cognito is throttling: wait a little and try again
    ");
    assert_eq!((busy.log().len(), journal(&home).len()), (4, 0));
}

#[test]
fn a_saved_password_is_in_the_keyring_and_signs_in_without_being_typed() {
    let keyring = Keyring::start();
    let (home, proxy) = counted();
    let email = new_email();
    let user = create(&home, &[&email, "--save-password"]).keyring(&keyring).run().ok().json();
    home.canary(user["password"].as_str().unwrap());
    let entries = keyring.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["secret"], user["password"].as_str().unwrap());
    let token = home.cogtok(["token", "user", "-p", "ws", "--username", &email]).keyring(&keyring).run();
    token.ok().quiet().line();
    assert_eq!(proxy.count("InitiateAuth"), 1);

    // Without a keyring the user is not lost: the password is printed all the same.
    let output = create(&home, &[&new_email(), "--save-password"]).run();
    output.ok().stderr_has("not saved").stderr_has("keyring");
    assert_signs_in(&output.json());
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn no_user_is_made_where_the_journal_cannot_be_written() {
    let (home, proxy) = counted();
    home.plant(".local/state/cogtok", "a file where the directory should be");
    insta::assert_snapshot!(create(&home, &[]).run().message(), @"
    exit 7
    error: the journal of new users in [home]/.local/state/cogtok/journal can't be used: Not a directory (os error 20) (profile `ws`)
    ");
    assert_eq!(proxy.connections(), 0);
}
