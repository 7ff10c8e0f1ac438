//! The token cache under load: one request for any number of callers, and a lock that outlives nobody.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Output, Running, Server, herd, m2m_jwt, poll};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const SLOW: Duration = Duration::from_millis(500);
/// Late enough for a whole herd to have started, on a busy machine too, where who starts later may ask again.
const LATE: Duration = Duration::from_secs(2);

fn token() -> Answer {
    Answer::token(&m2m_jwt(CLIENT, "api/read api/write"))
}

fn slow() -> Server {
    Server::start(|_| token().delay(SLOW))
}

fn all_different(outputs: &[Output]) -> bool {
    outputs.iter().map(|output| output.line()).collect::<BTreeSet<_>>().len() == outputs.len()
}

#[test]
fn a_hundred_callers_on_a_cold_cache_make_one_request_and_get_one_token() {
    let (home, server) = (Home::new(), slow());
    home.scripted_profile(&server.token_url());
    let outputs = herd((0..100).map(|_| home.scripted_m2m(&[])));
    assert_eq!(server.connections(), 1);
    for output in &outputs {
        output.ok().quiet().stdout_is(&outputs[0].stdout);
    }
    let sources = herd((0..10).map(|_| home.scripted_m2m(&["--json"])));
    assert!(sources.iter().all(|output| output.json()["source"] == "cache"));
    assert_eq!(server.connections(), 1);

    let apart = herd((0..100).map(|_| home.scripted_m2m(&["--no-cache"])));
    assert!(all_different(&apart), "what they share is the cache");
    assert_eq!(server.connections(), 101);
}

#[test]
fn a_herd_that_renews_makes_one_request_and_nobody_gets_the_old_token() {
    let (home, server) = (Home::new(), Server::start(|_| token().delay(LATE)));
    home.scripted_profile(&server.token_url());
    let old = home.scripted_m2m(&[]).run();
    let outputs = herd((0..20).map(|_| home.scripted_m2m(&["--force-refresh"])));
    for output in &outputs {
        output.ok().quiet().check(output.stdout != old.ok().stdout, "a new token");
    }
    // One that starts after the answer came asks again: its call began later than that token.
    assert!((2..=3).contains(&server.hits()), "{} requests", server.hits());
}

#[test]
fn a_herd_whose_tokens_never_live_long_enough_still_makes_one_request() {
    let brief = || {
        Answer::json(
            200,
            &json!({"access_token": crate::harness::unique("brief"), "expires_in": 20, "token_type": "Bearer"}),
        )
    };
    let (home, server) = (Home::new(), Server::start(move |_| brief().delay(LATE)));
    home.scripted_profile(&server.token_url());
    let outputs = herd((0..20).map(|_| home.scripted_m2m(&[])));
    for output in &outputs {
        output.ok().stderr_has("less than the 120 s of `min_validity`").stdout_is(&outputs[0].stdout);
    }
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_failing_server_meets_one_round_of_tries_however_many_wait() {
    let busy = Server::always(Answer::new(503, "text/plain", "busy").delay(Duration::from_millis(200)));
    let refusing = |error: &str| Server::always(Answer::json(400, &json!({"error": error})).delay(LATE));
    let rows = [(busy, 6, 4), (refusing("invalid_client"), 4, 1), (refusing("invalid_scope"), 3, 1)];
    std::thread::scope(|threads| {
        for (server, code, requests) in rows {
            threads.spawn(move || {
                let home = Home::new();
                home.scripted_profile(&server.token_url());
                let run = || home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
                let outputs = herd((0..30).map(|_| run()));
                for output in &outputs {
                    output.code(code).check(output.stderr == outputs[0].stderr, "the same message, hints and profile");
                }
                assert_eq!(server.hits(), requests);
                let later = run().arg("--timeout=1s").run();
                later.check(later.code != Some(0), "it fails for itself");
                assert!(server.hits() > requests, "who comes later tries again");
            });
        }
    });
}

#[test]
fn one_who_fails_for_lack_of_a_secret_takes_nobody_along() {
    let (home, server) = (Home::new(), slow());
    home.scripted_profile(&server.token_url());
    let runs = (0..10).map(|n| if n % 2 == 0 { home.scripted_m2m(&[]) } else { home.cogtok(["token", "m2m"]) });
    let outputs = herd(runs);
    assert_eq!(server.hits(), 1);
    for (n, output) in outputs.iter().enumerate() {
        if n % 2 == 0 {
            output.ok();
        } else {
            // It is served what the others brought, or fails alone.
            output.check(matches!(output.code, Some(0 | 5)), "0 or 5");
        }
    }
    home.cogtok(["token", "m2m"]).run().ok().stdout_is(&outputs[0].stdout);
}

/// A run that holds the key's lock while a server keeps it waiting.
fn holder<'h>(home: &'h Home, server: &Server) -> Running<'h> {
    let before = server.connections();
    let holder = home.scripted_m2m(&[]).spawn();
    poll("the holder asks", Duration::from_secs(10), || (server.hits() > before).then_some(()));
    holder
}

#[test]
fn a_killed_holder_lets_the_next_go_on_at_once() {
    let first = Mutex::new(true);
    let never_at_first = move |_: &crate::harness::Request| {
        if std::mem::take(&mut *first.lock().unwrap()) { Answer::never() } else { token() }
    };
    let (home, server) = (Home::new(), Server::start(never_at_first));
    home.scripted_profile(&server.token_url());
    let mut held = holder(&home, &server);
    let mut waiting: Vec<_> = (0..3).map(|_| home.scripted_m2m(&[]).spawn()).collect();
    std::thread::sleep(Duration::from_millis(300));
    assert!(waiting.iter_mut().all(|run| !run.ended()), "they wait for the holder");
    assert_eq!(server.hits(), 1);
    held.kill();
    assert_eq!(held.wait().signal, Some(9));
    let outputs: Vec<_> = waiting.into_iter().map(Running::wait).collect();
    for output in &outputs {
        output.ok().quiet().stdout_is(&outputs[0].stdout).within(Duration::from_secs(3));
    }
    assert_eq!(server.hits(), 2);
    home.assert_swept();
}

#[test]
fn a_stopped_holder_is_named_when_the_time_is_over_and_nobody_goes_on_without_the_lock() {
    let (home, server) = (Home::new(), slow());
    home.scripted_profile(&server.token_url());
    let mut held = holder(&home, &server);
    held.signal(Signal::STOP);
    let output = home.scripted_m2m(&["--timeout", "1s"]).timeout(Duration::from_secs(1)).run();
    output.code(7).stderr_has(&format!("process {}", held.pid())).stderr_has(&format!("kill {}", held.pid()));
    output.check(output.wall >= Duration::from_secs(1), "it has waited");
    assert_eq!(server.hits(), 1, "without the lock nobody asks");
    home.scripted_m2m(&["--scope", "other/scope"]).run().ok();
    home.scripted_m2m(&["--no-cache"]).run().ok();

    let waiting = home.scripted_m2m(&[]).spawn();
    held.signal(Signal::CONT);
    let kept = held.wait();
    waiting.wait().ok().stdout_is(&kept.ok().stdout);
    assert_eq!(server.hits(), 3);
}

#[test]
fn profiles_that_mean_the_same_share_a_token_and_others_do_not() {
    let (home, server) = (Home::new(), Server::start(|_| token()));
    let url = server.token_url();
    let part = |name: &str, client: &str, scopes: &str| {
        format!("[profiles.{name}.m2m]\nclient_id = \"{client}\"\nscopes = {scopes}\ntoken_url = \"{url}\"\n")
    };
    let both = r#"["api/read", "api/write"]"#;
    let config = [
        part("one", CLIENT, both),
        part("two", CLIENT, r#"["api/write", "api/read", "api/write"]"#),
        part("narrow", CLIENT, r#"["api/read"]"#),
        part("other", "another-client", both),
    ];
    home.config(&config.concat());
    let run = |name: &str| home.scripted_m2m(&["-p", name]).canary(SECRET).run().ok().line().to_string();
    let one = run("one");
    assert_eq!(run("two"), one);
    let rest = [run("narrow"), run("other")];
    assert!(rest[0] != one && rest[1] != one && rest[0] != rest[1]);
    assert_eq!(server.hits(), 3);
    let json = home.scripted_m2m(&["-p", "two", "--json"]).run().ok().json();
    assert_eq!((&json["profile"], &json["source"]), (&json!("two"), &json!("cache")));
}

#[test]
fn fifty_profiles_do_not_wait_for_each_other() {
    // No answer is given before all fifty ask at once: a lock across keys would stop them here.
    let gate = Arc::new((Mutex::new(0), Condvar::new()));
    let ours = Arc::clone(&gate);
    let server = Server::start(move |request| {
        let (count, grown) = &*gate;
        *count.lock().unwrap() += 1;
        grown.notify_all();
        let all =
            grown.wait_timeout_while(count.lock().unwrap(), Duration::from_secs(100), |count| *count < 50).unwrap();
        if all.1.timed_out() {
            Answer::close()
        } else {
            Answer::token(&m2m_jwt(CLIENT, &request.form("scope").unwrap()))
        }
    });
    let home = Home::new();
    let profiles = (0..50).map(|n| {
        let url = server.token_url();
        format!("[profiles.p{n}.m2m]\nclient_id = \"client-{n}\"\nscopes = [\"api/s{n}\"]\ntoken_url = \"{url}\"\n")
    });
    home.config(&profiles.collect::<String>());
    let names: Vec<_> = (0..150).map(|n| format!("p{}", n % 50)).collect();
    let run = |name: &String| home.scripted_m2m(&["-p", name, "--timeout", "120s"]).canary(SECRET);
    let outputs = herd(names.iter().map(|name| run(name).timeout(Duration::from_secs(120))));
    for (n, output) in outputs.iter().enumerate() {
        output.ok().quiet().stdout_is(&outputs[n % 50].stdout);
    }
    assert!(all_different(&outputs[..50]));
    assert_eq!((server.hits(), *ours.0.lock().unwrap()), (50, 50));
}

#[test]
fn the_cache_holds_the_token_and_no_client_secret() {
    let (home, server) = (Home::new(), Server::start(|_| token()));
    home.scripted_profile(&server.token_url());
    let token = home.scripted_m2m(&["--auth-method", "client_secret_post"]).run().ok().line().to_string();
    home.canary_token(token.clone());
    home.scripted_m2m(&["--scope", "a/b"]).run().ok();
    let files = home.cache_files();
    let texts: Vec<_> = files.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(texts.iter().any(|text| text.contains(&token)), "{:?}", files.keys());
    // That nothing holds the secret in any form is asserted of every file after every run.
    assert!(texts.iter().all(|text| !text.contains("client_secret") && !text.contains(SECRET)));
    for token in home.scripted_m2m(&["-vv", "--no-cache"]).run().ok().stdout.lines() {
        assert!(!texts.iter().any(|text| text.contains(token)), "--no-cache kept its token");
    }
}
