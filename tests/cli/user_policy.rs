//! Pools that ask for more than an ordinary password has: the policy is asked for after a refusal, and then satisfied.

use crate::harness::ministack::ministack;
use crate::harness::{Answer, Home, Proxy, Request, Run, unique};
use crate::user_create::journal;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

const LENGTH: usize = 40;
const LONG: &str = "Correct-Horse-7-Battery-Staple-and-nothing-more-1";

/// A pool that wants passwords of 40 characters, with a public client: their ids.
pub fn pool() -> &'static (String, String) {
    static POOL: OnceLock<(String, String)> = OnceLock::new();
    POOL.get_or_init(|| {
        let pool = ministack().cognito(
            "CreateUserPool",
            &json!({"PoolName": unique("strict"), "UsernameAttributes": ["email"], "Policies": {"PasswordPolicy": {
                "MinimumLength": LENGTH, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
                "RequireSymbols": true}}}),
        );
        let pool = pool["UserPool"]["Id"].as_str().unwrap().to_string();
        let client = ministack().cognito(
            "CreateUserPoolClient",
            &json!({"UserPoolId": pool, "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}),
        );
        (pool, client["UserPoolClient"]["ClientId"].as_str().unwrap().to_string())
    })
}

pub fn behind(proxy: &Proxy) -> Home {
    let home = Home::new();
    let (pool, client) = pool();
    let create = home.cogtok(["profile", "create", "ws", "--user-pool-id", pool, "--client-id", client]);
    create.args(["--endpoint-url", &proxy.url()]).run().ok();
    home
}

fn user<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["user", words[0], "-p", "ws"]).args(&words[1..]).aws()
}

pub fn new_email() -> String {
    format!("{}@example.com", unique("strict"))
}

fn find_user(email: &str) -> Option<Value> {
    let body = json!({"UserPoolId": pool().0, "Username": email});
    let answer = ministack().call("AWSCognitoIdentityProviderService.AdminGetUser", &body);
    (answer.status == 200).then(|| answer.json())
}

#[track_caller]
fn assert_signs_in(home: &Home, email: &str, password: &str) {
    assert!(password.len() >= LENGTH, "{} characters", password.len());
    let token = home.cogtok(["token", "user", "-p", "ws", "--no-cache", "--password-stdin", "--username", email]);
    token.stdin(password).run().ok().quiet().line();
}

#[test]
fn a_made_up_password_satisfies_the_pool_and_is_in_the_journal_before_it_is_sent() {
    let sent: Arc<Mutex<Vec<(Value, Value)>>> = Arc::default();
    let state: Arc<OnceLock<PathBuf>> = Arc::default();
    let (ours, dir) = (Arc::clone(&sent), Arc::clone(&state));
    let proxy = Proxy::with(&ministack().url(), move |request: &Request| {
        if request.operation() == Some("AdminCreateUser") {
            let entries = std::fs::read_dir(dir.get()?).unwrap().flatten().map(|entry| entry.path());
            let records = entries.filter(|path| path.extension().is_some_and(|end| end == "json"));
            let recorded = records.map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap());
            let passwords: Vec<Value> = recorded.map(|record| record["password"].clone()).collect();
            ours.lock().unwrap().push((request.json()["TemporaryPassword"].clone(), json!(passwords)));
        }
        None
    });
    let home = behind(&proxy);
    state.set(home.state_dir().join("journal")).unwrap();
    let email = new_email();
    let made = user(&home, &["create", &email, "--json"]).run().ok().quiet().json();
    let log = ["AdminCreateUser", "DescribeUserPool", "AdminCreateUser", "AdminSetUserPassword"];
    assert_eq!((proxy.log(), proxy.connections()), (log.map(String::from).to_vec(), 1));
    assert_signs_in(&home, &email, made["password"].as_str().unwrap());
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 2);
    for (password, recorded) in sent.iter() {
        assert_eq!(recorded, &json!([password]), "the password that is sent is the one on disk, and the only one");
    }
    assert_eq!((&sent[1].0, journal(&home).len()), (&made["password"], 0));
    drop(sent);

    let temporary = user(&home, &["create", "--json", "--temporary"]).run().ok().json();
    assert!(temporary["password"].as_str().unwrap().len() >= LENGTH);
    assert_eq!(temporary["status"], "FORCE_CHANGE_PASSWORD");
}

#[test]
fn a_password_set_anew_satisfies_the_pool_as_well() {
    let proxy = Proxy::new(&ministack().url());
    let home = behind(&proxy);
    let email = new_email();
    user(&home, &["create", &email, "--password-stdin"]).stdin(LONG).run().ok();
    assert_eq!(
        proxy.log(),
        ["AdminCreateUser", "AdminSetUserPassword"],
        "what fits at once costs no look at the policy"
    );
    let output = user(&home, &["set-password", &email]).run();
    assert_eq!(proxy.log()[2..], ["AdminSetUserPassword", "DescribeUserPool", "AdminSetUserPassword"]);
    assert_signs_in(&home, &email, output.ok().line());

    // Whether the user is there is looked at before the password is, so the second request meets the policy here.
    let reset = user(&home, &["create", &email, "--json", "--if-exists", "reset"]).run();
    assert_signs_in(&home, &email, reset.ok().json()["password"].as_str().unwrap());
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn a_given_password_is_never_exchanged_for_another() {
    let proxy = Proxy::new(&ministack().url());
    let home = behind(&proxy);
    let (email, weak) = (new_email(), "Correct-Horse-7-Battery");
    home.canary(weak);
    let output = user(&home, &["create", &email, "--password-stdin"]).stdin(weak).run();
    output.code(4).stderr_has("InvalidPasswordException").stderr_has("at least 40 characters with");
    assert_eq!((proxy.log(), find_user(&email)), (vec!["AdminCreateUser".into(), "DescribeUserPool".into()], None));
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn a_password_of_a_file_that_the_policy_refuses_is_corrected_there_and_the_run_is_forgotten() {
    let proxy = Proxy::new(&ministack().url());
    let home = behind(&proxy);
    let (email, weak) = (new_email(), "Correct-Horse-7-Battery");
    home.canary_password(weak);
    let file = home.plant("class.csv", format!("email,password\n{email},{weak}\n"));
    let path = file.to_str().unwrap();
    let output = user(&home, &["create", "--from", path]).run();
    let run = crate::user_create_many::id(&crate::user_create_many::the_run(&home));
    output.code(4).stderr_has(&format!("correct the password of {email} in the file"));
    output.stderr_has("at least 40 characters with").stderr_has(&format!("cogtok user runs forget {run} -p ws"));
    output.stderr_lacks("continue: ").stderr_lacks("--password-stdin");
    home.plant("class.csv", format!("email,password\n{email},{LONG}\n"));
    user(&home, &["runs", "forget", &run, "--yes"]).run().ok();
    user(&home, &["create", "--from", path]).run().ok();

    home.plant("class.csv", format!("email,password\n{email},{weak}\n"));
    let output = user(&home, &["set-password", "--from", path, "--yes"]).run();
    output.code(4).stderr_has("correct it in the file").stderr_lacks("--password-stdin");
    let mut terminal = user(&home, &["set-password", &email, "--ask"]).pty();
    for tries_left in ["2 tries left", "1 try left"] {
        terminal.expect("New password").send(format!("{weak}\r")).expect("Repeat").send(format!("{weak}\r"));
        terminal.expect(tries_left);
    }
    terminal.expect("New password").send(format!("{LONG}\r")).expect("Repeat").send(format!("{LONG}\r"));
    assert_eq!(terminal.wait().code, Some(0));
    assert_signs_in(&home, &email, LONG);
    let mut terminal = user(&home, &["set-password", &email, "--ask"]).pty();
    for _ in 0..3 {
        terminal.expect("New password").send(format!("{weak}\r")).expect("Repeat").send(format!("{weak}\r"));
    }
    terminal.expect("choose another one");
    assert_eq!(terminal.wait().code, Some(4));
    user(&home, &["set-password", &email, "--password-stdin"])
        .stdin(weak)
        .run()
        .code(4)
        .stderr_has("`--password-stdin`");
}

#[test]
fn where_the_policy_may_not_be_seen_the_first_refusal_is_what_is_told() {
    for answer in [
        Answer::aws_error("AccessDeniedException", "not authorized to perform: cognito-idp:DescribeUserPool"),
        Answer::json(200, &json!({"UserPool": {}})),
        Answer::json(200, &json!({"UserPool": {"Policies": {"PasswordPolicy": {"MinimumLength": -5}}}})),
    ] {
        let denied = Proxy::with(&ministack().url(), move |request| {
            (request.operation() == Some("DescribeUserPool")).then(|| answer.clone())
        });
        let home = behind(&denied);
        let email = new_email();
        let output = user(&home, &["create", &email]).run();
        output.code(4).stderr_has("InvalidPasswordException").stderr_has("policy").stderr_lacks("AccessDenied");
        assert_eq!((find_user(&email), journal(&home).len()), (None, 0));
        // At most once more: a pool that refuses whatever is made up is not asked for ever.
        assert!(denied.count("AdminCreateUser") <= 2, "{:?}", denied.log());

        user(&home, &["create", &email, "--password-stdin"]).stdin(LONG).run().ok();
        let output = user(&home, &["set-password", &email]).run();
        output.code(4).stderr_has("InvalidPasswordException").stderr_lacks("AccessDenied");
        assert_signs_in(&home, &email, LONG);
    }
}
