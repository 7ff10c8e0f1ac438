//! What each command asks of AWS, as scenes that are played with answers made from AWS's models.

mod administrators;
mod users;

use crate::harness::challenges::{CLIENT_SECRET as SECRET, CODE, PASSWORD};
use crate::harness::contract::full_answer;
use crate::harness::pool::{JWKS, now};
use crate::harness::sign::{self, CLIENT, MACHINE, POOL};
use crate::harness::{Answer, Home, Keyring, Output, Request, Run, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

const NEW_PASSWORD: &str = "Another-Horse-9-Battery";
const IDENTITY_POOL: &str = "us-east-1:11111111-2222-3333-4444-555555555555";
const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf";

/// What one command asks of AWS, and what it prints where all went well.
struct Scene {
    /// `{run}` stands for the run of new users that the command before it began.
    words: &'static [&'static str],
    stdin: String,
    /// Operations with what their answers say; the members that this leaves open get values of the model's types.
    answers: Vec<(&'static str, Value)>,
    /// What a success has to print on standard output.
    prints: &'static str,
    /// Commands that run before, with their standard input, and what they ask besides. Their answers are never changed.
    before: Vec<(&'static [&'static str], &'static str)>,
    also: Vec<(&'static str, Value)>,
    env: Vec<(&'static str, &'static str)>,
}

fn scene(
    words: &'static [&'static str],
    stdin: &str,
    prints: &'static str,
    answers: Vec<(&'static str, Value)>,
) -> Scene {
    let stdin = stdin.to_owned();
    Scene { words, stdin, prints, answers, before: Vec::new(), also: Vec::new(), env: Vec::new() }
}

impl Scene {
    fn after(mut self, words: &'static [&'static str], stdin: &'static str) -> Self {
        self.before.push((words, stdin));
        self
    }

    fn also(mut self, answers: Vec<(&'static str, Value)>) -> Self {
        self.also = answers;
        self
    }

    fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }
}

fn tokens() -> Value {
    json!({"AccessToken": sign::sign(&sign::access_claims(now())), "IdToken": sign::sign(&sign::id_claims(now())),
        "TokenType": "Bearer", "ExpiresIn": 3600, "RefreshToken": "refresh-canary-1"})
}

fn signed_in() -> Value {
    json!({"AuthenticationResult": tokens(), "ChallengeName": null, "Session": null, "AvailableChallenges": null})
}

/// As [`signed_in`], where the session is stored: a machine that becomes a device has tests of its own.
fn kept() -> Value {
    let mut kept = signed_in();
    kept["AuthenticationResult"]["NewDeviceMetadata"] = Value::Null;
    kept
}

fn user() -> Value {
    let attributes = json!([{"Name": "email", "Value": "alice@example.com"}, {"Name": "sub", "Value": "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b"}]);
    json!({"Username": "alice", "Attributes": attributes, "UserStatus": "CONFIRMED"})
}

fn shown_user() -> Value {
    let mut user = user();
    user["UserAttributes"] = user["Attributes"].take();
    user.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    user
}

/// The last page of a list: a member that names the next one is left out of what the model has.
fn page(name: &str, items: Value) -> Value {
    json!({name: items, "NextToken": null})
}

fn none() -> Value {
    json!({})
}

/// The answers by operation; what one test changes, the server gives at once.
type Answers = Arc<Mutex<BTreeMap<String, Value>>>;

fn answer(answers: &Answers, request: &Request) -> Answer {
    let Some(operation) = request.operation() else {
        return match request.path.as_str() {
            JWKS => Answer::json(200, &sign::jwks()),
            "/oauth2/token" => Answer::token(&sign::sign(&sign::machine_claims(now()))),
            _ => Answer::new(404, "text/plain", "not here"),
        };
    };
    let known = answers.lock().unwrap_or_else(PoisonError::into_inner).get(operation).cloned();
    match known {
        // With what a newer API brings, it is no answer of the model that is known here.
        Some(body) => Answer::new(200, "application/x-amz-json-1.1", body.to_string()).unlike_aws(),
        None => Answer::aws_error("AccessDeniedException", &format!("{operation} is not in the scene")),
    }
}

/// A home with the profiles of the scenes, anew for each run.
fn home(url: &str) -> Home {
    let home = Home::new();
    for secret in [PASSWORD, NEW_PASSWORD, CODE, SECRET, "refresh-canary-1"] {
        home.canary(secret);
    }
    let pool = format!("user_pool_id = \"{POOL}\"\nendpoint_url = \"{url}\"\n");
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n\n[profiles.ws]\n{pool}[profiles.ws.user]\nclient_id = \"{CLIENT}\"\n\
         username = \"alice\"\nauth_flow = \"password\"\n[profiles.ws.m2m]\nclient_id = \"{MACHINE}\"\ntoken_url = \"{url}/oauth2/token\"\n\n\
         [profiles.api]\n{pool}[profiles.api.m2m]\nclient_id = \"{MACHINE}\"\n\n\
         [profiles.stored]\n{pool}[profiles.stored.m2m]\nclient_id = \"{MACHINE}\"\ntoken_url = \"{url}/oauth2/token\"\nsecret_arn = \"{ARN}\"\n"
    ));
    home
}

/// One scene and its server.
struct Stage<'a> {
    scene: &'a Scene,
    keyring: &'a Keyring,
    answers: Answers,
    server: Server,
}

impl Stage<'_> {
    fn set(&self, operation: &str, body: &Value) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(operation.to_owned(), body.clone());
    }

    fn run<'h>(&self, home: &'h Home, words: &[&str], stdin: &str) -> Run<'h> {
        let url = self.server.url();
        let run = home.cogtok(words).stdin(stdin).aws().env("AWS_REGION", "us-east-1").env("AWS_ENDPOINT_URL", &url);
        let run = self.scene.env.iter().fold(run, |run, (name, value)| run.env(name, value));
        // Where nothing comes before, nothing is stored.
        if self.scene.before.is_empty() { run } else { run.keyring(self.keyring) }
    }

    /// What a run with these answers to one operation came to, after it was found to be in order.
    fn tried(&self, changed: Option<(&str, &Value, &Value)>, told: &str) -> Output {
        let home = home(&self.server.url());
        let mut run_of_users = String::new();
        for (words, stdin) in &self.scene.before {
            let output = self.run(&home, words, stdin).run();
            output.ok();
            let number = output.stderr.split("run ").nth(1).and_then(|rest| rest.split(':').next());
            run_of_users = number.unwrap_or_default().to_owned();
        }
        let words: Vec<&str> =
            self.scene.words.iter().map(|word| if *word == "{run}" { run_of_users.as_str() } else { word }).collect();
        if let Some((operation, changed, _)) = changed {
            self.set(operation, changed);
        }
        let run = self.run(&home, &words, &self.scene.stdin);
        // How many can sign in is a value of its own.
        let output = if words.starts_with(&["user", "try"]) { run.prints_on_failure().run() } else { run.run() };
        if let Some((operation, _, whole)) = changed {
            self.set(operation, whole);
        }
        output.check(matches!(output.code, Some(0..=10)), told);
        let is_true = output.code != Some(0) || output.stdout.contains(self.scene.prints);
        output.check(is_true, &format!("{told}: a success without its value"));
        output
    }
}

/// What came of one changed answer.
pub struct Played {
    pub command: String,
    pub operation: &'static str,
    /// What is changed in the answer.
    pub what: String,
    pub code: i32,
}

/// Makes the variants of an operation's answer.
pub type Variants = fn(&str, &Value) -> Vec<(String, Value)>;

fn play(scene: &Scene, keyring: &Keyring, variants: Variants) -> Vec<Played> {
    let answers: Answers = Answers::default();
    let ours = Arc::clone(&answers);
    let stage = Stage { scene, keyring, answers, server: Server::start(move |request| answer(&ours, request)) };
    let made = |(operation, said): &(&'static str, Value)| (*operation, full_answer(operation, said));
    let full: Vec<(&'static str, Value)> = scene.answers.iter().map(made).collect();
    for (operation, body) in full.iter().cloned().chain(scene.also.iter().map(made)) {
        stage.set(operation, &body);
    }
    let command = scene.words.join(" ");
    stage.tried(None, &format!("{command}, all members")).ok();
    let mut played = Vec::new();
    for (operation, whole) in &full {
        let asked = stage.server.requests().iter().any(|request| request.operation() == Some(operation));
        assert!(asked, "{command} does not ask for {operation}");
        for (what, changed) in variants(operation, whole) {
            let output = stage.tried(Some((operation, &changed, whole)), &format!("{command}, {operation}, {what}"));
            played.push(Played { command: command.clone(), operation, what, code: output.code.unwrap() });
        }
    }
    played
}

/// Plays each scene with every member there, and then with each variant of its answers.
pub fn play_all(variants: Variants) -> Vec<Played> {
    let scenes: Vec<Scene> = administrators::scenes().into_iter().chain(users::scenes()).collect();
    let scenes = Mutex::new(scenes.into_iter().enumerate().rev().collect::<Vec<_>>());
    let next = || scenes.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let worker = || {
        let (keyring, mut played) = (Keyring::start(), Vec::new());
        while let Some((number, scene)) = next() {
            // The others go on, so that each says what is wrong with it.
            let of_scene = catch_unwind(AssertUnwindSafe(|| play(&scene, &keyring, variants)));
            played.push((number, of_scene));
        }
        played
    };
    let mut played: Vec<_> = std::thread::scope(|threads| {
        // As many at once as the machine bears: each of them runs the program.
        let workers: Vec<_> = (0..6).map(|_| threads.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    played.sort_by_key(|(number, _)| *number);
    played.into_iter().flat_map(|(_, of_scene)| of_scene.expect("no panic")).collect()
}
