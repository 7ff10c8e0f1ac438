//! Many at once, again and again: one request for all of them, no refresh token used twice, no edit lost.

use crate::harness::challenges::PASSWORD;
use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Keyring, Server, Sessions, herd, m2m_jwt, promises};
use std::time::Duration;

/// Late enough for a whole herd to have started, on a busy machine too.
const LATE: Duration = Duration::from_secs(2);

/// How long one of them may take, of 500 that start at once on two processors that have other work.
const PATIENCE: Duration = Duration::from_secs(600);

#[test]
fn herds_on_a_cold_cache_make_one_request_each() {
    let mut cases = 0;
    for round in 0..promises::length(1, 100) {
        let server = Server::start(|_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")).delay(LATE));
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        // The last herd of a long run is the largest.
        let size = if round == 99 { 500 } else { promises::length(40, 100) };
        let outputs = herd((0..size).map(|_| home.scripted_m2m(&[]).timeout(PATIENCE)));
        assert!(outputs.iter().all(|output| output.ok().stdout == outputs[0].stdout), "round {round}");
        assert_eq!(server.hits(), 1, "round {round}");
        cases += size;
    }
    promises::held("callers at the same time share one request, and get the same token", cases);
}

#[test]
fn herds_with_an_expired_token_never_use_a_rotating_refresh_token_twice() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    let token = |words: &[&str]| home.cogtok(["token", "user", "-p", "ws"]).args(words).keyring(&keyring);
    token(&["--password-stdin"]).stdin(PASSWORD).run().ok();
    sessions.state().delay = LATE;
    let rounds = promises::length(2, 200);
    for round in 1..=rounds {
        let outputs = herd((0..20).map(|_| token(&[])));
        assert!(outputs.iter().all(|output| output.ok().stdout == outputs[0].stdout), "round {round}");
        let state = sessions.state();
        assert_eq!((state.renewals, state.reuses, state.sign_ins), (round, 0, 1), "round {round}");
    }
    promises::held("a refresh token that rotates is used once, however many callers there are", rounds * 20);
}

#[test]
fn editors_at_the_same_time_lose_nothing() {
    let home = Home::new();
    home.config("version = 1\n# mine\n[profiles.keep]\n");
    let (rounds, size) = (promises::length(1, 10), promises::length(50, 100));
    let mut expected = vec!["keep".to_owned()];
    for round in 0..rounds {
        let names: Vec<String> = (0..size).map(|n| format!("p{round}-{n}")).collect();
        let edits = names.iter().map(|name| home.cogtok(["profile", "create", name, "--client-id", "web"]));
        for output in herd(edits.map(|run| run.timeout(PATIENCE))) {
            output.ok();
        }
        expected.extend(names);
    }
    expected.sort();
    let listed = home.cogtok(["profile", "list", "-o", "text"]).run();
    assert_eq!(listed.ok().stdout.lines().collect::<Vec<_>>(), expected);
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("# mine\n[profiles.keep]\n"));
    promises::held("edits of the configuration at the same time lose none of them", rounds * size);
}
