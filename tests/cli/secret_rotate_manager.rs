//! `cogtok secret rotate m2m-client --secret-arn`: the staging labels of Secrets Manager, cut off at every request. The server has
//! both services, in the shapes of their models; what a label does is as Secrets Manager's API reference has it.

use crate::harness::rotation::{self, CLIENT, Cut, FIRST, OF_CLIENT, Over, State, carry_out};
use crate::harness::{Answer, Home, Request, Run, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf";
/// The version that is there first.
const VERSION: &str = "11111111-2222-3333-4444-555555555555";
const LONG: Duration = Duration::from_secs(60);

/// A secret of Secrets Manager: its versions by id, and the version that each label is on.
#[derive(Default)]
struct Vault {
    versions: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

/// Both services.
struct Services {
    pool: State,
    vault: Vault,
    cut: Option<Cut>,
    /// An operation that is refused, with the code.
    refused: Option<(&'static str, &'static str)>,
    seen: Vec<String>,
}

struct Account {
    server: Server,
    services: Arc<Mutex<Services>>,
    cut_off: Receiver<()>,
}

fn text(secret: &str) -> String {
    json!({"client_id": CLIENT, "client_secret": secret, "note": "kept"}).to_string()
}

impl Vault {
    fn answer(&mut self, operation: &str, body: &Value) -> Answer {
        assert_eq!(body["SecretId"], ARN);
        let of = |name: &str| body[name].as_str();
        let json = |body: Value| Answer::new(200, "application/x-amz-json-1.1", body.to_string());
        let absent = |what: &str| {
            let words = format!("Secrets Manager can't find the specified secret value for {what}");
            Answer::aws_error("ResourceNotFoundException", &words)
        };
        match operation {
            "GetSecretValue" => {
                let label = of("VersionStage").unwrap_or("AWSCURRENT");
                let id = match of("VersionId") {
                    Some(id) => id.to_owned(),
                    None => match self.labels.get(label) {
                        Some(id) => id.clone(),
                        None => return absent(&format!("staging label: {label}")),
                    },
                };
                let Some(text) = self.versions.get(&id) else { return absent(&format!("VersionId: {id}")) };
                let labels: Vec<&String> =
                    self.labels.iter().filter(|(_, of)| **of == id).map(|(label, _)| label).collect();
                json(json!({"ARN": ARN, "Name": "m2m", "VersionId": id, "SecretString": text, "VersionStages": labels}))
            }
            "PutSecretValue" => {
                let (id, text) = (of("ClientRequestToken").unwrap(), of("SecretString").unwrap());
                // The same call again changes nothing, and another one with its token is refused.
                if self.versions.get(id).is_some_and(|known| known != text) {
                    return Answer::aws_error("ResourceExistsException", "You can't use ClientRequestToken twice");
                }
                self.versions.insert(id.to_owned(), text.to_owned());
                let labels = body["VersionStages"].as_array().unwrap();
                for label in labels {
                    self.labels.insert(label.as_str().unwrap().to_owned(), id.to_owned());
                }
                json(json!({"ARN": ARN, "Name": "m2m", "VersionId": id, "VersionStages": labels}))
            }
            "UpdateSecretVersionStage" => {
                let label = of("VersionStage").unwrap().to_owned();
                let (from, to) = (of("RemoveFromVersionId"), of("MoveToVersionId"));
                if self.labels.get(&label).map(String::as_str) != from {
                    return Answer::aws_error("InvalidParameterException", "The label is on another version");
                }
                match to {
                    Some(to) if !self.versions.contains_key(to) => return absent(&format!("VersionId: {to}")),
                    Some(to) => {
                        if let Some(from) = from.filter(|_| label == "AWSCURRENT") {
                            self.labels.insert("AWSPREVIOUS".to_owned(), from.to_owned());
                        }
                        self.labels.insert(label, to.to_owned());
                    }
                    None => drop(self.labels.remove(&label)),
                }
                json(json!({"ARN": ARN, "Name": "m2m"}))
            }
            other => panic!("{other}"),
        }
    }

    /// The client secret with this label; none where no version has it.
    fn secret(&self, label: &str) -> Option<String> {
        let text = self.versions.get(self.labels.get(label)?)?;
        let text: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&text["client_id"], &text["note"]), (&json!(CLIENT), &json!("kept")), "only the secret is another");
        Some(text["client_secret"].as_str().unwrap().to_owned())
    }
}

impl Services {
    fn answer(&mut self, cut_off: &Sender<()>, request: &Request) -> Answer {
        let is_of_client = request.path == OF_CLIENT || is_signed_by_client(request);
        let number = self.seen.len();
        if !is_of_client {
            self.seen.push(request.operation().unwrap_or("token").to_owned());
        }
        let cut = self.cut.filter(|cut| !is_of_client && cut.at == number);
        if cut.is_none_or(|cut| cut.is_carried_out) {
            let answer = self.carry_out(request);
            if cut.is_none() {
                return answer;
            }
        }
        cut_off.send(()).unwrap();
        Answer::never()
    }

    fn carry_out(&mut self, request: &Request) -> Answer {
        if let Some((_, code)) = self.refused.filter(|(operation, _)| request.operation() == Some(operation)) {
            return Answer::aws_error(code, "no");
        }
        match request.header("x-amz-target").and_then(|target| target.strip_prefix("secretsmanager.")) {
            Some(operation) => self.vault.answer(operation, &request.json()),
            None => carry_out(&mut self.pool, request),
        }
    }
}

fn run<'h>(home: &'h Home, server: &Server, words: &[&str]) -> Run<'h> {
    let run = home.cogtok(words).args(["--secret-arn", ARN]).aws().timeout(LONG);
    run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url())
}

/// A client that fetches a token.
fn token<'h>(home: &'h Home, server: &Server) -> Run<'h> {
    let url = format!("{}{OF_CLIENT}", server.url());
    let run = run(home, server, &["token", "m2m", "--force-refresh", "--token-url", &url]);
    run.env("AWS_ACCESS_KEY_ID", "AKIAOFTHECLIENT")
}

/// The client signs with credentials of its own.
fn is_signed_by_client(request: &Request) -> bool {
    request.header("authorization").is_some_and(|value| value.contains("Credential=AKIAOFTHECLIENT/"))
}

impl Account {
    fn new() -> Self {
        let pool = State::with_first();
        let vault = Vault {
            versions: BTreeMap::from([(VERSION.to_owned(), text(FIRST))]),
            labels: BTreeMap::from([("AWSCURRENT".to_owned(), VERSION.to_owned())]),
        };
        let services = Arc::new(Mutex::new(Services { pool, vault, cut: None, refused: None, seen: Vec::new() }));
        let (sender, cut_off) = channel();
        let (ours, sender) = (Arc::clone(&services), Mutex::new(sender));
        let server = Server::start(move |request| ours.lock().unwrap().answer(&sender.lock().unwrap(), request));
        Self { server, services, cut_off }
    }

    fn home(&self) -> Home {
        rotation::home(&self.server)
    }

    fn rotate<'h>(&self, home: &'h Home, words: &[&str]) -> Run<'h> {
        run(home, &self.server, &[&["secret", "rotate", "m2m-client"], words].concat())
    }

    fn labelled(&self, label: &str) -> Option<String> {
        self.services.lock().unwrap().vault.secret(label)
    }

    fn secrets(&self) -> Vec<String> {
        self.services.lock().unwrap().pool.secrets.iter().map(|(_, value)| value.clone()).collect()
    }

    /// A rotation in which this happens to its request of this number, and then one that goes on with it.
    fn cut(&self, home: &Home, cut: Cut) {
        {
            let mut services = self.services.lock().unwrap();
            services.seen.clear();
            services.cut = Some(cut);
        }
        let mut running = self.rotate(home, &["--grace", "0s", "--yes"]).spawn();
        self.cut_off.recv_timeout(LONG).expect("the request that it is cut off at");
        running.kill();
        running.wait().stdout_is("");
        let mut services = self.services.lock().unwrap();
        services.cut = None;
        services.seen.clear();
    }

    fn rotations_under_way(home: &Home) -> usize {
        let files = std::fs::read_dir(home.state_dir().join("rotations")).unwrap().flatten();
        files.filter(|file| file.path().extension().unwrap() == "json").count()
    }
}

/// Whether it makes a difference that the request was carried out before the process was cut off.
fn changes_something(operation: &str) -> bool {
    !operation.starts_with("Get") && !operation.starts_with("List")
}

#[test]
fn killed_at_every_request_it_goes_on_and_a_client_that_reads_the_secret_never_fails() {
    let account = Account::new();
    let home = account.home();
    account.rotate(&home, &["--grace", "0s", "--yes"]).run().ok().stdout_is("").stderr_has("the old one is deleted");
    let whole = account.services.lock().unwrap().seen.clone();
    let put = whole.iter().position(|operation| operation == "PutSecretValue").unwrap();
    let add = whole.iter().position(|operation| operation == "AddUserPoolClientSecret").unwrap();
    let current = whole.iter().position(|operation| operation == "UpdateSecretVersionStage").unwrap();
    let delete = whole.iter().position(|operation| operation == "DeleteUserPoolClientSecret").unwrap();
    assert!(put < add && add < current && current < delete, "{whole:?}");
    assert_eq!(account.labelled("AWSPREVIOUS").as_deref(), Some(FIRST));

    let is_over = AtomicBool::new(false);
    // The client has a home of its own, since the cache is one for all processes of a home.
    let (of_client, server) = (account.home(), &account.server);
    std::thread::scope(|scope| {
        let over = Over(&is_over);
        let client = scope.spawn(|| {
            let mut fetched = 0;
            while !is_over.load(Ordering::SeqCst) {
                token(&of_client, server).run().ok();
                fetched += 1;
            }
            fetched
        });
        for (at, operation) in whole.iter().enumerate() {
            for is_carried_out in [false, true].into_iter().filter(|done| !done || changes_something(operation)) {
                let before = account.secrets();
                assert_eq!((before.len(), account.labelled("AWSCURRENT")), (1, before.last().cloned()));
                account.cut(&home, Cut { at, is_carried_out });
                // Whatever it was cut off at, the secret in use works.
                assert!(account.secrets().contains(&account.labelled("AWSCURRENT").unwrap()), "{operation}");
                account.rotate(&home, &["--grace", "0s", "--yes"]).run().ok();
                let after = account.secrets();
                let place = format!("cut off at {operation}, number {at} ({is_carried_out})");
                assert_eq!(after.len(), 1, "{place}");
                assert_eq!(account.labelled("AWSCURRENT"), after.last().cloned(), "{place}");
                assert_eq!(account.labelled("AWSPENDING"), None, "{place}");
                assert_eq!(account.labelled("AWSPREVIOUS"), before.last().cloned(), "{place}");
                assert_ne!(after, before, "{place}");
            }
        }
        drop(over);
        assert!(client.join().unwrap() > 0);
    });
    assert_eq!(Account::rotations_under_way(&home), 0, "nothing is under way any more");
}

#[test]
fn a_new_secret_that_brings_no_token_is_undone_in_both_services_wherever_that_is_cut_off() {
    let account = Account::new();
    let home = account.home();
    account.services.lock().unwrap().pool.refuses_new = true;
    let refused = account.rotate(&home, &["--yes"]).run();
    refused.code(4).stderr_has("the old one is in use as before").stderr_has("invalid_client");
    let whole = account.services.lock().unwrap().seen.clone();
    let check = |place: &str| {
        assert_eq!(account.secrets(), [FIRST], "{place}");
        assert_eq!(account.labelled("AWSCURRENT").as_deref(), Some(FIRST), "{place}");
        assert_eq!(account.labelled("AWSPENDING"), None, "{place}");
        assert_eq!(Account::rotations_under_way(&home), 0, "{place}");
        token(&account.home(), &account.server).run().ok();
    };
    check("whole");
    // From the last refusal on, it takes back what it did.
    let refusals: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == "token").collect();
    for (at, operation) in whole.iter().enumerate().skip(*refusals.last().unwrap()) {
        for is_carried_out in [false, true].into_iter().filter(|done| !done || changes_something(operation)) {
            account.cut(&home, Cut { at, is_carried_out });
            assert_eq!(account.labelled("AWSCURRENT").as_deref(), Some(FIRST));
            account.rotate(&home, &["--yes"]).run().code(4);
            check(&format!("cut off at {}, number {at} ({is_carried_out})", operation));
        }
    }
    account.services.lock().unwrap().pool.refuses_new = false;
    account.rotate(&home, &["--grace", "0s", "--yes"]).run().ok();
    assert_eq!(account.labelled("AWSCURRENT"), account.secrets().last().cloned());
    assert_ne!(account.secrets(), [FIRST]);
}

#[test]
fn the_labels_of_others_are_left_alone() {
    let account = Account::new();
    let home = account.home();
    // A rotation of AWS's own is under way: its version waits, and no app client has that secret.
    let theirs = "66666666-7777-8888-9999-000000000000";
    {
        let mut services = account.services.lock().unwrap();
        services.vault.versions.insert(theirs.to_owned(), text(&"z".repeat(40)));
        services.vault.labels.insert("AWSPENDING".to_owned(), theirs.to_owned());
    }
    for words in [&["--yes"][..], &["--dry-run"]] {
        let output = account.rotate(&home, words).run();
        output.code(1).stdout_is("").stderr_has("another rotation of the secret").stderr_has(theirs);
        output.stderr_has(&format!("--secret-id {ARN} --version-stage AWSPENDING --remove-from-version-id {theirs}"));
    }
    assert_eq!(account.secrets(), [FIRST]);
    let changes: BTreeSet<String> = account.services.lock().unwrap().seen.iter().cloned().collect();
    assert!(!changes.iter().any(|operation| changes_something(operation)), "{changes:?}");
    // One that has ended leaves its label on the version in use.
    account.services.lock().unwrap().vault.labels.insert("AWSPENDING".to_owned(), VERSION.to_owned());
    account.rotate(&home, &["--grace", "0s", "--yes"]).run().ok();
    assert_eq!(account.labelled("AWSCURRENT"), account.secrets().last().cloned());
    assert_eq!(account.labelled("AWSPREVIOUS").as_deref(), Some(FIRST));
    assert_eq!(account.labelled("AWSPENDING"), None);
    token(&home, &account.server).run().ok();
}

#[test]
fn a_label_that_moves_away_while_a_rotation_waits_does_not_take_the_new_secret_along() {
    let account = Account::new();
    let home = account.home();
    account.rotate(&home, &["--yes"]).run().ok().stderr_has("the old one works until");
    let new = account.labelled("AWSCURRENT").unwrap();
    // Somebody stages another version meanwhile.
    let theirs = "66666666-7777-8888-9999-000000000000";
    {
        let mut services = account.services.lock().unwrap();
        services.vault.versions.insert(theirs.to_owned(), text(&"z".repeat(40)));
        services.vault.labels.insert("AWSPENDING".to_owned(), theirs.to_owned());
    }
    account.rotate(&home, &["--grace", "0s", "--yes"]).run().ok();
    assert_eq!(account.secrets(), std::slice::from_ref(&new));
    assert_eq!(account.labelled("AWSCURRENT"), Some(new));
    assert_eq!(account.labelled("AWSPENDING"), Some("z".repeat(40)), "theirs is left alone");
}

#[test]
fn a_refusal_of_either_service_is_about_the_secret_or_the_app_client() {
    for (operation, code, exit, hint) in [
        ("UpdateSecretVersionStage", "ResourceNotFoundException", 3, "check the secret's name or ARN"),
        ("UpdateSecretVersionStage", "InvalidRequestException", 3, "scheduled for deletion"),
        ("PutSecretValue", "EncryptionFailure", 9, "kms:GenerateDataKey"),
        ("PutSecretValue", "LimitExceededException", 1, "a quota of Secrets Manager"),
        ("AddUserPoolClientSecret", "InvalidParameterException", 1, "created with a client secret"),
        ("AddUserPoolClientSecret", "LimitExceededException", 1, "two secrets at most"),
    ] {
        let account = Account::new();
        account.services.lock().unwrap().refused = Some((operation, code));
        let output = account.rotate(&account.home(), &["--grace", "0s", "--yes"]).run();
        output.code(exit).stderr_has(code).stderr_has(hint);
        output.stderr_lacks("pool id, app client id and Region").stderr_lacks("`-v`");
        let seen = account.services.lock().unwrap().seen.clone();
        assert_eq!(seen.iter().filter(|one| *one == operation).count(), 1, "{code} passes with no further try");
        assert_eq!(account.labelled("AWSCURRENT").as_deref(), Some(FIRST));
    }
}
