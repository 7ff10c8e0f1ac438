//! A keyring service that fails at every step it can fail at: each failure is told as what it is, in a few seconds, and
//! nothing is overwritten.

use crate::harness::fake_secret_service::{Act, Prompt};
use crate::harness::{Answer, FakeSecretService, Home, Output, Run, Server, herd};
use std::time::Duration;

const STORED: &str = "stored-client-secret-of-old";
const GIVEN: &str = "given-client-secret-of-now";

const TOKEN: &[&str] = &["token", "m2m", "--no-cache"];
const STATUS: &[&str] = &["secret", "status"];
const SET: &[&str] = &["secret", "set", "m2m-client"];
const DELETE: &[&str] = &["secret", "delete", "m2m-client"];

const SILENT: &str = "the keyring does not answer (waited 5 s)";
const LOCKED: &str = "the keyring is locked";
const GONE: &str = "the keyring service went away in the middle of the call";
const VANISHED: &str = "the entry vanished from the keyring";
const REFUSED: &str = "the keyring service refused";
const NOT_KEPT: &str = "the keyring did not store the m2m-client secret of client machine";

/// What the service holds before the run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Stored,
    Locked(Prompt),
}

/// A profile that lists an m2m secret, and the server that would take it.
fn home() -> (Home, Server) {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    home.canary(STORED);
    home.canary(GIVEN);
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"machine\"\nm2m.token_url = \"{}\"\n",
        server.token_url()
    ));
    (home, server)
}

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

fn fake(home: &Home, before: Before) -> FakeSecretService {
    let fake = FakeSecretService::start();
    if before != Before::Nothing {
        home.cogtok(SET).stdin(STORED).fake(&fake).run().ok();
    }
    if let Before::Locked(prompt) = before {
        fake.lock(prompt);
    }
    fake
}

fn attempt<'h>(home: &'h Home, words: &[&str], fake: &FakeSecretService) -> Run<'h> {
    home.cogtok(words).stdin(GIVEN).fake(fake).timeout(Duration::from_secs(6))
}

/// The secret that the service holds arrives where it belongs.
fn assert_stored_is_sent(home: &Home, server: &Server, fake: &FakeSecretService) {
    let hits = server.hits();
    attempt(home, TOKEN, fake).run().ok().stdout_is("some-token\n");
    let sent = server.requests()[hits].header("authorization").unwrap().to_string();
    assert_eq!(sent, "Basic bWFjaGluZTpzdG9yZWQtY2xpZW50LXNlY3JldC1vZi1vbGQ=");
}

#[test]
fn a_service_that_hangs_at_any_step_costs_five_seconds_and_changes_nothing() {
    let (home, server) = home();
    let (before, stays) = (config(&home), Before::Locked(Prompt::Stay));
    let cases = [
        ("OpenSession", Before::Stored, TOKEN),
        ("SearchItems", Before::Stored, TOKEN),
        ("Attributes", Before::Stored, STATUS),
        ("GetSecret", Before::Stored, TOKEN),
        ("Unlock", stays, TOKEN),
        ("Prompt", stays, DELETE),
        ("", stays, TOKEN),
        ("", stays, SET),
        ("ReadAlias", Before::Nothing, SET),
        ("Locked", Before::Nothing, SET),
        ("CreateItem", Before::Nothing, SET),
        ("SetSecret", Before::Stored, SET),
        ("Delete", Before::Stored, DELETE),
    ];
    let fakes: Vec<_> = cases.iter().map(|(_, before, _)| fake(&home, *before)).collect();
    let items: Vec<_> = fakes.iter().map(FakeSecretService::items).collect();
    let runs: Vec<_> = cases
        .iter()
        .zip(&fakes)
        .map(|((method, _, words), fake)| {
            fake.act(method, Act::Hang);
            attempt(&home, words, fake).spawn()
        })
        .collect();
    for (run, (method, _, words)) in runs.into_iter().zip(&cases) {
        let output = run.wait();
        let patient = output.wall >= Duration::from_secs(5);
        output.code(7).stderr_has(SILENT).check(patient, &format!("{method} of {words:?}: gave up early"));
    }
    server.assert_untouched();
    assert_eq!(config(&home), before);
    for (((method, held, words), fake), items) in cases.iter().zip(&fakes).zip(items) {
        let called = fake.calls().iter().any(|call| call == method);
        assert!(called || method.is_empty(), "{words:?} never came to {method}: {:?}", fake.calls());
        assert_eq!(fake.items(), items, "{method} of {words:?}");
        fake.behave();
        if *held != Before::Nothing {
            assert_stored_is_sent(&home, &server, fake);
        }
    }
}

#[test]
fn every_other_failure_has_its_own_message_at_once_and_changes_nothing() {
    let (home, server) = home();
    let before = config(&home);
    let (dismissed, mut others) = (Before::Locked(Prompt::Dismiss), Vec::new());
    for (method, act, held, words, message) in [
        ("OpenSession", Act::Exit, Before::Stored, TOKEN, GONE),
        ("SearchItems", Act::Exit, Before::Stored, TOKEN, GONE),
        ("Attributes", Act::Exit, Before::Stored, STATUS, GONE),
        ("GetSecret", Act::Exit, Before::Stored, TOKEN, GONE),
        ("Unlock", Act::Exit, dismissed, TOKEN, GONE),
        ("Prompt", Act::Exit, dismissed, SET, GONE),
        ("CreateItem", Act::Exit, Before::Nothing, SET, GONE),
        ("SetSecret", Act::Exit, Before::Stored, SET, GONE),
        ("Delete", Act::Exit, Before::Stored, DELETE, GONE),
        ("OpenSession", Act::Refuse, Before::Stored, TOKEN, REFUSED),
        ("SearchItems", Act::Refuse, Before::Stored, STATUS, REFUSED),
        ("GetSecret", Act::Refuse, Before::Stored, TOKEN, REFUSED),
        ("CreateItem", Act::Refuse, Before::Nothing, SET, REFUSED),
        ("SetSecret", Act::Refuse, Before::Stored, SET, REFUSED),
        ("Delete", Act::Refuse, Before::Stored, DELETE, REFUSED),
        ("", Act::Hang, dismissed, TOKEN, LOCKED),
        ("", Act::Hang, dismissed, STATUS, LOCKED),
        ("", Act::Hang, dismissed, SET, LOCKED),
        ("", Act::Hang, dismissed, DELETE, LOCKED),
        ("ReadAlias", Act::Lose, Before::Nothing, SET, "the keyring has no default collection"),
    ] {
        let fake = fake(&home, held);
        let items = fake.items();
        fake.act(method, act);
        let output = attempt(&home, words, &fake).run();
        output.code(7).stderr_has("m2m-client secret of client machine").stderr_has("COGTOK_M2M_CLIENT_SECRET");
        output.stderr_lacks("hostile words").stderr_lacks("/a/path");
        output.check(output.wall < Duration::from_secs(3), "not at once");
        if !output.stderr.contains(message) {
            let said = output.stderr.lines().next().unwrap_or_default();
            others.push(format!("{method} {act:?} of {words:?}: expected {message:?}\n    {said}"));
        }
        assert_eq!(fake.items(), items, "{method} {act:?} of {words:?}");
        assert_eq!(config(&home), before);
    }
    server.assert_untouched();
    assert!(others.is_empty(), "other messages:\n  {}", others.join("\n  "));
}

#[test]
fn an_entry_deleted_between_the_search_and_the_answer_is_said_to_have_vanished() {
    let (home, server) = home();
    for (method, words) in
        [("Attributes", TOKEN), ("GetSecret", TOKEN), ("GetSecret", STATUS), ("SetSecret", SET), ("Delete", DELETE)]
    {
        let fake = fake(&home, Before::Stored);
        fake.act(method, Act::Vanish);
        let output = attempt(&home, words, &fake).run();
        output.code(7).stderr_has(VANISHED).stderr_has("try again");
        fake.behave();
        assert!(fake.items().is_empty());
        let again = attempt(&home, SET, &fake).run();
        again.ok();
    }
    server.assert_untouched();
}

#[test]
fn an_entry_of_another_origin_that_is_deleted_while_entries_are_listed_is_none() {
    let ((home, server), (elsewhere, _other)) = (home(), home());
    for words in [TOKEN, STATUS] {
        let fake = fake(&elsewhere, Before::Stored);
        attempt(&home, TOKEN, &fake).run().code(3).stderr_has("was stored for");
        fake.act("Attributes", Act::Vanish);
        let output = attempt(&home, words, &fake).run();
        output.code(if words == TOKEN { 7 } else { 0 }).stderr_lacks(VANISHED).stderr_lacks("was stored for");
        assert!(fake.items().is_empty());
    }
    server.assert_untouched();
}

#[test]
fn a_secret_that_the_service_did_not_keep_as_given_is_not_noted() {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    home.canary(GIVEN);
    home.cogtok(["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", &server.token_url()])
        .run()
        .ok();
    let before = config(&home);
    for (method, act, message) in [
        ("CreateItem", Act::Garble, NOT_KEPT),
        ("GetSecret", Act::Garble, NOT_KEPT),
        ("CreateItem", Act::Lose, VANISHED),
        ("GetSecret", Act::Vanish, VANISHED),
    ] {
        let fake = FakeSecretService::start();
        fake.act(method, act);
        let output = attempt(&home, SET, &fake).run();
        output.code(7).stderr_has(message).stderr_lacks("is in the keyring");
        assert_eq!(config(&home), before, "{method} {act:?}");
        fake.behave();
        attempt(&home, TOKEN, &fake).run().code(5).stderr_has("cogtok secret set m2m-client -p ws");
    }
    server.assert_untouched();
}

#[test]
fn secrets_cross_the_bus_encrypted() {
    let (home, server) = home();
    let fake = fake(&home, Before::Stored);
    assert_stored_is_sent(&home, &server, &fake);
    for item in fake.items() {
        let clear = item.sealed.windows(6).any(|window| STORED.as_bytes().windows(6).any(|part| part == window));
        assert!(!clear, "{:?}", String::from_utf8_lossy(&item.sealed));
    }
    let calls = fake.calls();
    let algorithms: Vec<_> = calls.iter().filter(|call| call.contains('-') || *call == "plain").collect();
    assert_eq!(algorithms, ["dh-ietf1024-sha256-aes128-cbc-pkcs7"; 2]);
}

#[test]
fn a_dialog_that_is_accepted_unlocks_the_keyring_even_before_its_call_returns() {
    let (home, server) = home();
    let fake = fake(&home, Before::Stored);
    for _ in 0..10 {
        fake.lock(Prompt::Accept);
        assert_stored_is_sent(&home, &server, &fake);
    }
}

#[test]
fn at_a_terminal_there_is_time_to_unlock_the_keyring_and_a_word_that_it_waits() {
    let (home, server) = home();
    let fake = fake(&home, Before::Locked(Prompt::Stay));
    let mut terminal = home.cogtok(TOKEN).fake(&fake).pty();
    terminal.expect("waiting for the keyring, which may be asking to be unlocked");
    server.assert_untouched();
    fake.accept();
    terminal.expect("some-token");
    let session = terminal.wait();
    assert_eq!((session.code, server.hits()), (Some(0), 1), "{}", session.text);
}

#[test]
fn parallel_callers_share_the_wait_for_a_silent_service() {
    let (home, server) = home();
    let fake = fake(&home, Before::Stored);
    fake.act("SearchItems", Act::Hang);
    for output in herd((0..8).map(|_| attempt(&home, &["token", "m2m"], &fake))) {
        output.code(7).stderr_has(SILENT);
    }
    server.assert_untouched();
}

#[test]
fn a_shorter_timeout_holds_for_the_keyring_as_well() {
    let (home, _server) = home();
    let fake = fake(&home, Before::Stored);
    fake.act("SearchItems", Act::Hang);
    let outputs: Vec<Output> = [TOKEN, STATUS, SET, DELETE]
        .iter()
        .map(|words| attempt(&home, words, &fake).args(["--timeout", "1s"]).timeout(Duration::from_secs(1)).spawn())
        .collect::<Vec<_>>()
        .into_iter()
        .map(crate::harness::Running::wait)
        .collect();
    for output in outputs {
        output.code(7).stderr_has("the keyring does not answer (waited 1 s)");
    }
}
