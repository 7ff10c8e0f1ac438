//! `cogtok secret rotate m2m-client`: whatever ends it, there is a secret that works, and the next call goes on.

use crate::harness::ministack::ministack;
use crate::harness::rotation::{self, CLIENT, Cut, FIRST, OF_CLIENT, Over, State, carry_out};
use crate::harness::{Answer, Home, Keyring, Request, Run, Server, unique};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A scripted Cognito with one app client, in the shapes of the service's model.
struct Cognito {
    server: Server,
    state: Arc<Mutex<State>>,
    cut_off: Receiver<()>,
}

impl Cognito {
    fn start() -> Self {
        let state = Arc::new(Mutex::new(State::with_first()));
        let (sender, cut_off) = channel();
        let (ours, sender) = (Arc::clone(&state), Mutex::new(sender));
        let server = Server::start(move |request| answer(&mut ours.lock().unwrap(), &sender.lock().unwrap(), request));
        Self { server, state, cut_off }
    }

    fn home(&self) -> Home {
        rotation::home(&self.server)
    }

    fn secrets(&self) -> Vec<String> {
        self.state.lock().unwrap().secrets.iter().map(|(_, value)| value.clone()).collect()
    }

    fn operations(&self) -> Vec<String> {
        let requests = self.server.requests();
        let ours = requests.iter().filter(|request| request.path != OF_CLIENT);
        ours.map(|request| request.operation().unwrap_or("token").to_owned()).collect()
    }
}

fn answer(state: &mut State, cut_off: &Sender<()>, request: &Request) -> Answer {
    let is_of_client = request.path == OF_CLIENT;
    let cut = state.cut.filter(|cut| !is_of_client && cut.at == state.seen);
    state.seen += usize::from(!is_of_client);
    if cut.is_none_or(|cut| cut.is_carried_out) {
        let answer = carry_out(state, request);
        if cut.is_none() {
            return answer;
        }
    }
    cut_off.send(()).unwrap();
    Answer::never()
}

fn rotate<'h>(home: &'h Home, keyring: &Keyring, args: &[&str]) -> Run<'h> {
    home.cogtok(["secret", "rotate", "m2m-client"]).args(args).keyring(keyring).aws()
}

fn token<'h>(home: &'h Home, keyring: &Keyring, server: &Server) -> Run<'h> {
    let url = format!("{}{OF_CLIENT}", server.url());
    home.cogtok(["token", "m2m", "--force-refresh", "--token-url", &url]).keyring(keyring)
}

fn stored(home: &Home, keyring: &Keyring) {
    home.cogtok(["secret", "set", "m2m-client"]).keyring(keyring).stdin(FIRST).run().ok();
}

#[test]
fn killed_at_every_request_it_goes_on_and_a_client_never_fails() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    // A whole rotation, to know its requests.
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().ok().stdout_is("").stderr_has("the old one is deleted");
    let whole = cognito.operations();
    let (list, add, delete) = ("ListUserPoolClientSecrets", "AddUserPoolClientSecret", "DeleteUserPoolClientSecret");
    assert_eq!(whole, [list, list, add, "token", list, delete]);

    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let over = Over(&is_over);
        let (home, keyring, server) = (&home, &keyring, &cognito.server);
        let client = scope.spawn(|| {
            let mut fetched = 0;
            while !is_over.load(Ordering::SeqCst) {
                token(home, keyring, server).timeout(Duration::from_secs(60)).run().ok();
                fetched += 1;
            }
            fetched
        });
        let cuts = (0..whole.len()).flat_map(|at| [false, true].map(|is_carried_out| Cut { at, is_carried_out }));
        for cut in cuts {
            let before = cognito.secrets();
            assert_eq!(before.len(), 1);
            {
                let mut state = cognito.state.lock().unwrap();
                (state.seen, state.cut) = (0, Some(cut));
            }
            let mut running = rotate(home, keyring, &["--grace", "0s", "--yes"]).spawn();
            cognito.cut_off.recv_timeout(Duration::from_secs(60)).expect("the request that it is cut off at");
            running.kill();
            running.wait().stdout_is("");
            cognito.state.lock().unwrap().cut = None;
            rotate(home, keyring, &["--grace", "0s", "--yes"]).timeout(Duration::from_secs(60)).run().ok();
            let after = cognito.secrets();
            assert_eq!(after.len(), 1, "cut off at {} ({})", whole[cut.at], cut.is_carried_out);
            assert_ne!(after, before, "cut off at {} ({})", whole[cut.at], cut.is_carried_out);
        }
        drop(over);
        assert!(client.join().unwrap() > 0);
    });
    let rotations = home.state_dir().join("rotations");
    let left =
        std::fs::read_dir(rotations).unwrap().flatten().filter(|file| file.path().extension().unwrap() == "json");
    assert_eq!(left.count(), 0, "nothing is under way any more");
    assert_eq!(token(&home, &keyring, &cognito.server).run().ok().stderr, "", "the first secret is the right one");
}

#[test]
fn a_new_secret_that_brings_no_token_is_deleted_again() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    cognito.state.lock().unwrap().refuses_new = true;
    insta::assert_snapshot!(rotate(&home, &keyring, &["--yes"]).run().message(), @"
    exit 4
    error: the secret was not rotated, and the old one is in use as before: the token request to 127.0.0.1:[port] was refused: invalid_client (profile `ws`)
    ");
    assert_eq!(cognito.secrets(), [FIRST]);
    token(&home, &keyring, &cognito.server).run().ok();
    // Nothing is left of it: the next one begins anew.
    cognito.state.lock().unwrap().refuses_new = false;
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().ok();
    assert_eq!(cognito.secrets().len(), 1);
}

#[test]
fn the_old_secret_works_until_the_grace_is_over_and_it_is_said_until_when() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    let plan = rotate(&home, &keyring, &["--dry-run"]).run();
    plan.ok()
        .quiet()
        .stdout_has("AddUserPoolClientSecret")
        .stdout_has("the old one is deleted after 24 h (")
        .stdout_has("DeleteUserPoolClientSecret");
    assert_eq!(cognito.operations(), ["ListUserPoolClientSecrets"], "a dry run changes nothing");
    rotate(&home, &keyring, &[]).run().code(5).stderr_has("--yes");
    assert_eq!(cognito.secrets(), [FIRST]);

    let first = rotate(&home, &keyring, &["--yes"]).run();
    first.ok().stderr_has("the old one works until").stderr_has("cogtok secret rotate m2m-client -p ws");
    assert_eq!(cognito.secrets().len(), 2);
    let list = home.cogtok(["secret", "list-remote", "--json"]).aws().run().ok().quiet().json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["created_at"]), (2, &json!(1767225600)));
    home.cogtok(["secret", "list-remote"]).aws().run().ok().stdout_has(&format!("{CLIENT}--1767225600000"));
    token(&home, &keyring, &cognito.server).run().ok();
    rotate(&home, &keyring, &["--yes"]).run().ok().stderr_has("the old one works until");
    assert_eq!(cognito.secrets().len(), 2);
    // Once the new one is in use, the end of the grace is known.
    let plan = rotate(&home, &keyring, &["--dry-run"]).run();
    plan.ok().stdout_has("the old one is deleted after 20");
    let plan = rotate(&home, &keyring, &["--dry-run", "--grace", "0s"]).run();
    assert_eq!(plan.ok().stdout, "the old one is deleted at once (DeleteUserPoolClientSecret)\n", "one step is left");
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().ok();
    assert_eq!(cognito.secrets().len(), 1);
    assert_ne!(cognito.secrets(), [FIRST]);
    token(&home, &keyring, &cognito.server).run().ok();
}

#[test]
fn a_new_secret_that_was_lost_costs_nobody_the_old_one() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    rotate(&home, &keyring, &["--grace", "1h", "--yes"]).run().ok();
    // As after a backup from before, or in another store.
    for entry in keyring.entries() {
        keyring.secret_tool(&["clear", "service", "cogtok", "username", &entry["username"]], b"");
    }
    stored(&home, &keyring);
    let output = rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run();
    output.code(1).stderr_has("the new secret is no longer in").stderr_has("delete-user-pool-client-secret");
    assert_eq!(cognito.secrets().len(), 2);
    token(&home, &keyring, &cognito.server).run().ok();
    // Once somebody has deleted it at Cognito there is nothing to go on with.
    cognito.state.lock().unwrap().secrets.retain(|(_, value)| value == FIRST);
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().code(1).stderr_has("this rotation has ended");
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().ok().stderr_has("the old one is deleted");
    assert_eq!(cognito.secrets().len(), 1);
    token(&home, &keyring, &cognito.server).run().ok();
}

#[test]
fn where_it_can_not_begin_nothing_is_changed() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    // The secret comes from nowhere that it could be replaced in.
    let output = rotate(&home, &keyring, &["--yes"]).env("COGTOK_M2M_CLIENT_SECRET", FIRST).run();
    output.code(3).stderr_has("can't be replaced").stderr_has("cogtok secret set m2m-client -p ws");
    stored(&home, &keyring);
    // Somebody else's second secret.
    cognito.state.lock().unwrap().secrets.push((format!("{CLIENT}--2"), "x".repeat(30)));
    let output = rotate(&home, &keyring, &["--yes"]).run();
    output.code(1).stderr_has("two secrets already").stderr_has("cogtok secret list-remote -p ws");
    assert_eq!(cognito.secrets().len(), 2);
    let denied =
        Server::always(Answer::aws_error("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized"));
    let output = rotate(&home, &keyring, &["--yes", "--endpoint-url", &denied.url()]).run();
    output.code(9).stderr_has("ListUserPoolClientSecrets");
}

#[test]
fn a_refused_first_secret_tries_the_second() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    cognito.state.lock().unwrap().cut = Some(Cut { at: 3, is_carried_out: false });
    let mut running = rotate(&home, &keyring, &["--yes"]).spawn();
    cognito.cut_off.recv_timeout(Duration::from_secs(60)).unwrap();
    running.kill();
    running.wait().stdout_is("");
    {
        // Somebody deleted the old one before the new one was in use.
        let mut state = cognito.state.lock().unwrap();
        state.cut = None;
        state.secrets.remove(0);
    }
    token(&home, &keyring, &cognito.server).run().ok().quiet();
    rotate(&home, &keyring, &["--grace", "0s", "--yes"]).run().ok();
    cognito.state.lock().unwrap().secrets.clear();
    token(&home, &keyring, &cognito.server).run().code(4).stderr_has("invalid_client");
}

#[test]
fn the_library_tries_the_second_secret_as_well() {
    let (cognito, keyring) = (Cognito::start(), Keyring::start());
    let home = cognito.home();
    stored(&home, &keyring);
    cognito.state.lock().unwrap().cut = Some(Cut { at: 3, is_carried_out: false });
    let mut running = rotate(&home, &keyring, &["--yes"]).spawn();
    cognito.cut_off.recv_timeout(Duration::from_secs(60)).unwrap();
    running.kill();
    running.wait().stdout_is("");
    {
        let mut state = cognito.state.lock().unwrap();
        state.cut = None;
        state.secrets.remove(0);
    }
    let program = crate::library::built("five_lines");
    let run = || home.program(&program, [""; 0]).keyring(&keyring).run();
    run().ok().stdout_has("Authorization: Bearer ");
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    cognito.state.lock().unwrap().secrets.clear();
    let refused = run();
    refused.check(refused.code != Some(0) && refused.stderr.contains("invalid_client"), "both are refused");
}

#[test]
fn in_secrets_manager_the_new_secret_is_staged_and_takes_over() {
    let cognito = Cognito::start();
    let home = cognito.home();
    let stack = ministack();
    let text = json!({"client_id": CLIENT, "client_secret": FIRST, "token_url": format!("{}/oauth2/token", cognito.server.url()),
        "scopes": "api/read", "note": "kept"})
    .to_string();
    let made = stack.admin("secretsmanager.CreateSecret", &json!({"Name": unique("rotated"), "SecretString": text}));
    let arn = made["ARN"].as_str().unwrap();
    let run = |words: &[&str]| {
        let run = home.cogtok(words).args(["--secret-arn", arn]).aws();
        run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", stack.url())
    };
    let kept =
        |stage: &str| stack.admin("secretsmanager.GetSecretValue", &json!({"SecretId": arn, "VersionStage": stage}));
    run(&["secret", "rotate", "m2m-client", "--yes"]).run().ok().stderr_has("the old one works until");
    let secrets = cognito.secrets();
    assert_eq!(secrets.len(), 2);
    assert_eq!(kept("AWSCURRENT")["SecretString"], text.replace(FIRST, &secrets[1]), "only the secret is another");
    assert_eq!(kept("AWSPREVIOUS")["SecretString"], text);
    run(&["secret", "rotate", "m2m-client", "--yes", "--grace", "0s"]).run().ok();
    assert_eq!(cognito.secrets(), secrets[1..]);
    run(&["token", "m2m", "--force-refresh"]).run().ok();
}
