//! `m2m.max_requests_per_hour`: a limit on what a program in a loop costs, for all programs of a machine.

use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::{Answer, Home, Run, Server, herd, m2m_jwt, need};
use crate::library::built;
use serde_json::json;

const KEY: &str = "m2m.max_requests_per_hour";

fn limit(home: &Home, most: &str) {
    home.cogtok(["profile", "set", "ws", KEY, most]).run().ok();
}

/// A home with a limit, and a token endpoint that gives another token each time.
fn limited(most: &str) -> (Home, Server) {
    let (home, server) = issuing_another_each_time();
    limit(&home, most);
    (home, server)
}

#[test]
fn over_the_limit_nothing_is_sent_and_it_is_said_what_was_spent_and_when_the_next_is_allowed() {
    let (home, server) = limited("2");
    for _ in 0..2 {
        home.scripted_m2m(&["--no-cache"]).run().ok().quiet();
    }
    let over = home.scripted_m2m(&["--no-cache"]).run();
    over.code(6).stdout_is("");
    let wanted = format!(
        "client {CLIENT} has made 2 token requests in the last hour on this machine, and `{KEY}` allows 2: cogtok makes no more"
    );
    over.stderr_has(&wanted).stderr_has("they cost up to $0.005, at $2.25 for 1,000");
    over.stderr_has("the next one is allowed in ").stderr_has(&format!("cogtok profile set ws {KEY} VALUE"));
    // The count is not in the cache.
    home.scripted_m2m(&["--no-cache", "--export"]).prints_on_failure().run().code(6).stdout_has("sh -c 'exit 6'");
    let _ = std::fs::remove_dir_all(home.cache_dir());
    home.scripted_m2m(&[]).run().code(6);
    assert_eq!(server.hits(), 2);
    limit(&home, "3");
    home.scripted_m2m(&[]).run().ok().quiet();
    home.cogtok(["profile", "unset", "ws", KEY]).run().ok();
    for _ in 0..3 {
        home.scripted_m2m(&["--no-cache"]).run().ok();
    }
    assert_eq!(server.hits(), 6);
}

#[test]
fn cached_tokens_are_served_all_the_same() {
    let (home, server) = limited("1");
    let token = home.scripted_m2m(&[]).run().ok().quiet().stdout.clone();
    for _ in 0..3 {
        home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&token);
    }
    // A token that is still valid is served if a longer validity is not available.
    let longer = home.scripted_m2m(&["--min-validity", "2h"]).run();
    longer.ok().stdout_is(&token).stderr_has("could not be renewed, so the cached one is used").stderr_has(KEY);
    home.scripted_m2m(&["--force-refresh"]).run().code(6);
    home.scripted_m2m(&["--scope", "api/other"]).run().code(6);
    assert_eq!(server.hits(), 1);
}

#[test]
fn parallel_callers_make_no_more_than_the_limit() {
    let (home, server) = limited("5");
    let outputs = herd((0..12).map(|_| home.scripted_m2m(&["--no-cache"])));
    let granted = outputs.iter().filter(|output| output.code == Some(0)).count();
    assert_eq!((granted, server.hits()), (5, 5));
    outputs.iter().filter(|output| output.code != Some(0)).for_each(|output| {
        output.code(6).stderr_has("makes no more");
    });
}

#[test]
fn who_is_killed_and_who_is_refused_has_made_a_request() {
    let server = Server::always(Answer::never());
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    limit(&home, "2");
    let mut running = home.scripted_m2m(&["--no-cache"]).spawn();
    crate::harness::poll("the request", std::time::Duration::from_secs(60), || (server.hits() == 1).then_some(()));
    running.kill();
    running.wait().stdout_is("");
    let refusing = Server::always(Answer::json(400, &json!({"error": "unauthorized_client"})));
    let url = refusing.token_url();
    // Another address has a count of its own.
    home.scripted_m2m(&["--no-cache", "--token-url", &url]).run().code(3);
    home.scripted_m2m(&["--no-cache", "--token-url", &url]).run().code(3);
    home.scripted_m2m(&["--no-cache", "--token-url", &url]).run().code(6).stderr_has("has made 2 token requests");
    assert_eq!(refusing.hits(), 2);
    let mut running = home.scripted_m2m(&["--no-cache"]).spawn();
    crate::harness::poll("the request", std::time::Duration::from_secs(60), || (server.hits() == 2).then_some(()));
    running.kill();
    running.wait().stdout_is("");
    home.scripted_m2m(&["--no-cache"]).run().code(6).stderr_has("has made 2 token requests");
    home.assert_swept();
}

#[test]
fn what_is_busy_and_tried_again_counts_once() {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let busy = Answer::new(503, "text/plain", "busy");
    let server = Server::script([busy.clone(), busy, Answer::token(&token)]);
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    limit(&home, "1");
    home.scripted_m2m(&[]).run().ok();
    assert_eq!(server.hits(), 3);
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_out_for_more_than_an_hour() {
    need("faketime", "faketime");
    // Deadlines are measured on a clock that nobody sets.
    let at =
        |when: &str, run: Run<'_>| run.under(["faketime", "-f", when]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1").run();
    let (home, server) = limited("2");
    let ask = || home.scripted_m2m(&["--no-cache"]);
    at("+1d", ask()).ok();
    at("+1d", ask()).ok();
    at("+0", ask()).code(6).stderr_has("the next one is allowed in 60 min");
    at("+30m", ask()).code(6);
    at("+61m", ask()).ok();
    assert_eq!(server.hits(), 3);
}

#[test]
fn it_holds_for_every_command_and_for_the_library() {
    let (home, server) = limited("4");
    let with_secret = |run: Run<'_>| run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
    with_secret(home.cogtok(["header", "--as", "m2m", "--no-cache"])).ok();
    with_secret(home.cogtok(["exec", "--as", "m2m", "--no-cache", "--", "true"])).ok();
    let api = Server::always(Answer::json(200, &json!({})));
    with_secret(home.cogtok(["call", "http", &api.url(), "--as", "m2m", "--no-cache"])).ok();
    home.scripted_m2m(&["--no-cache"]).run().ok();
    assert_eq!(server.hits(), 4);
    for (words, code) in [
        (&["header", "--as", "m2m", "--no-cache"][..], 6),
        // What the command itself would have ended with begins below that.
        (&["exec", "--as", "m2m", "--no-cache", "--", "true"], 125),
        (&["call", "http", &api.url(), "--as", "m2m", "--no-cache"], 6),
    ] {
        with_secret(home.cogtok(words)).code(code).stderr_has("makes no more");
    }
    let keyring = crate::harness::Keyring::start();
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).keyring(&keyring).run().ok();
    let _ = std::fs::remove_dir_all(home.cache_dir());
    let program = built("five_lines");
    let run = || home.program(&program, [""; 0]).keyring(&keyring).run();
    let over = run();
    over.check(over.code != Some(0) && over.stderr.contains("has made 4 token requests"), "the library made another");
    assert_eq!(server.hits(), 4);
    limit(&home, "5");
    run().ok();
    assert_eq!(server.hits(), 5);
    let _ = std::fs::remove_dir_all(home.cache_dir());
    run().check(server.hits() == 5, "the library's requests count");
}

#[test]
fn where_it_can_not_be_counted_nothing_is_sent() {
    let (home, server) = limited("2");
    home.plant(".local/state/cogtok/m2m-requests", "in the way");
    home.scripted_m2m(&["--no-cache"]).run().code(7).stderr_has("can't be counted in");
    assert_eq!(server.hits(), 0);
}

#[test]
fn the_key_is_a_whole_number_everywhere() {
    let home = Home::new();
    home.scripted_profile("https://ws.example/oauth2/token");
    for bad in ["0", "many", "-1", "1.5", "1000001", ""] {
        home.cogtok(["profile", "set", "ws", "--", KEY, bad]).run().code(2);
    }
    limit(&home, "100");
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.contains("max_requests_per_hour = 100\n"), "{text}");
    home.cogtok(["profile", "lint"]).run().ok().stdout_is("");
    let shown = home.cogtok(["profile", "show", "ws", "--json"]).run().ok().stdout.clone();
    assert!(shown.contains("100"), "{shown}");
    for (bad, says) in [("1.5", "is not a whole number"), ("true", "is not a whole number"), ("0", "from 1 to 1000000")]
    {
        home.config(&text.replace("= 100", &format!("= {bad}")));
        home.cogtok(["token", "m2m"]).run().code(3).stderr_has(says);
        home.cogtok(["profile", "lint"]).run().code(3).stdout_has(says);
    }
}
