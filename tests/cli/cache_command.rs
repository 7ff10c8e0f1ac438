//! `cogtok cache list` and `clear`: what is kept is said, and no token is shown.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Keyring, Run, Server, Sessions, herd, jwt, m2m_jwt, poll, workshop};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

pub fn list(home: &Home) -> Vec<Value> {
    home.cogtok(["cache", "list", "-o", "json"]).run().ok().json().as_array().unwrap().clone()
}

pub fn clear<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["cache", "clear"]).args(args)
}

fn lock_files(home: &Home) -> usize {
    home.cache_files().keys().filter(|path| path.extension().is_some_and(|extension| extension == "lock")).count()
}

/// The one cached token of this home, as its file has it.
pub fn stored(home: &Home) -> (PathBuf, Value) {
    let found =
        home.cache_files().into_iter().find(|(path, _)| path.extension().is_some_and(|extension| extension == "json"));
    let (path, bytes) = found.unwrap();
    (path, serde_json::from_slice(&bytes).unwrap())
}

/// A home with two machines' profiles that share a server, and a token of each.
pub fn two_profiles() -> (Home, Server) {
    let server = Server::start(|request| {
        let scope = request.form("scope").unwrap_or_default();
        Answer::token(&m2m_jwt("any", &scope))
    });
    let home = Home::new();
    let profile = |name: &str| {
        format!(
            "[profiles.{name}.m2m]\nclient_id = \"client-of-{name}\"\ntoken_url = \"{}\"\nscopes = [\"api/{name}\"]\n",
            server.token_url()
        )
    };
    home.config(&format!("default_profile = \"one\"\n{}{}", profile("one"), profile("two")));
    for args in [&["-p", "one"][..], &["-p", "two"], &["-p", "one", "--scope", "x/y z"]] {
        home.cogtok(["token", "m2m"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    }
    (home, server)
}

#[test]
fn an_empty_cache_is_no_failure() {
    let home = Home::new();
    assert_eq!(list(&home), Vec::<Value>::new());
    home.cogtok(["cache", "list"]).run().ok().stdout_is("").stderr_has("no tokens are cached");
    clear(&home, &[]).run().ok().stdout_is("").stderr_has("nothing to remove");
    clear(&home, &["--json"]).run().ok().stdout_is("[]\n");
    home.cogtok(["cache", "list", "-o", "csv"]).run().code(2);
    home.cogtok(["cache", "list"]).env_remove("HOME").env_remove("XDG_CACHE_HOME").run().ok();
}

#[test]
fn only_an_option_limits_the_list_to_one_profile() {
    let (home, _server) = two_profiles();
    let of = |args: &[&str]| {
        let list = home.cogtok(["cache", "list", "--json"]).args(args).run().ok().json();
        let names = list.as_array().unwrap().iter().map(|entry| entry["profiles"][0].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(of(&[]), ["one", "one", "two"]);
    assert_eq!(of(&["-p", "one"]), ["one", "one"]);
    assert_eq!(of(&["-p", "two"]), ["two"]);
    let all = home.cogtok(["cache", "list", "--json"]).env("COGTOK_PROFILE", "two").run().ok().json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    home.cogtok(["cache", "list", "-p", "zzz"]).run().code(3).stderr_has("there is no profile `zzz`");
    clear(&home, &["-p", "two"]).run().ok();
    let none = home.cogtok(["cache", "list", "-p", "two"]).run();
    none.ok().stdout_is("").stderr_has("no tokens of profile `two` are cached");
}

#[test]
fn whose_tokens_are_kept_for_what_and_how_long_is_said_and_no_token_shown() {
    let (home, server) = two_profiles();
    let tokens: Vec<String> = home
        .cache_files()
        .values()
        .filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok()?["access_token"].as_str().map(String::from))
        .collect();
    assert_eq!(tokens.len(), 3);
    let entries = list(&home);
    let mut seen: Vec<(String, String)> = Vec::new();
    for entry in &entries {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_string();
        assert_eq!((text("kind").as_str(), text("transport").as_str()), ("m2m", "endpoint"));
        assert_eq!(entry["endpoint"], server.token_url().as_str());
        assert_eq!((entry["username"].clone(), entry["id_expires_at"].clone()), (Value::Null, Value::Null));
        let (left, at) = (entry["expires_in"].as_u64().unwrap(), entry["expires_at"].as_u64().unwrap());
        assert!((3500..=3600).contains(&left), "{entry}");
        assert!(entry["obtained_at"].as_u64().unwrap().abs_diff(at - 3600) <= 2, "{entry}");
        assert_eq!(entry["scope"], entry["scope_asked"]);
        let profile = entry["profiles"][0].as_str().unwrap();
        assert_eq!(text("client_id"), format!("client-of-{profile}"));
        assert_eq!(entry["profiles"].as_array().unwrap().len(), 1);
        seen.push((profile.to_string(), text("scope")));
    }
    seen.sort();
    assert_eq!(seen, [("one", "api/one"), ("one", "x/y z"), ("two", "api/two")].map(|(a, b)| (a.into(), b.into())));
    let table = home.cogtok(["cache", "list"]).run();
    table.ok().stdout_has("client-of-one").stdout_has("api/two").stdout_has("59m").stdout_has("SAVED");
    for output in [&table, &home.cogtok(["cache", "list", "--json", "-v"]).run()] {
        for token in &tokens {
            let signature = token.rsplit('.').next().unwrap();
            assert!(
                !output.stdout.contains(token) && !output.stdout.contains(signature) && !output.stderr.contains(token)
            );
        }
    }
    home.cogtok(["cache", "list", "-q"]).run().ok().quiet();
    assert_eq!(server.hits(), 3);
}

#[test]
fn how_many_requests_were_saved_is_counted_whoever_asks() {
    let (home, server) = two_profiles();
    let saved = |of: &str| {
        let found = list(&home).into_iter().find(|entry| entry["scope_asked"] == of);
        found.unwrap_or_else(|| panic!("no token for {of}"))["requests_saved"].as_u64().unwrap()
    };
    assert_eq!((saved("api/one"), saved("api/two")), (0, 0));
    let m2m = |profile: &str| home.cogtok(["token", "m2m", "-p", profile]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    for output in herd((0..30).map(|n| m2m(if n % 3 == 0 { "two" } else { "one" }))) {
        output.ok();
    }
    assert_eq!((saved("api/one"), saved("api/two")), (20, 10));
    home.cogtok(["exec", "-p", "one", "--", "true"]).run().ok();
    m2m("one").arg("--no-cache").run().ok();
    m2m("one").arg("--force-refresh").run().ok();
    assert_eq!(saved("api/one"), 21, "a call that made a request saved none, and a new token goes on counting");
    assert_eq!(server.hits(), 5);
    home.cogtok(["cache", "list"]).run().ok().stdout_has("21");
    clear(&home, &["-p", "one"]).run().ok();
    m2m("one").run().ok();
    assert_eq!((saved("api/one"), saved("api/two")), (0, 10));
}

#[test]
fn where_nothing_can_be_counted_the_token_is_served_all_the_same() {
    let server = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let first = home.scripted_m2m(&[]).run().ok().line().to_owned();
    let victim = home.plant("victim", "mine");
    let name = stored(&home).0.with_extension("saved");
    let place = home.allow(home.cache_dir()).join(name.file_name().unwrap());
    for put in ["link", "fifo", "directory"] {
        match put {
            "link" => std::os::unix::fs::symlink(&victim, &place).unwrap(),
            "fifo" => assert!(std::process::Command::new("mkfifo").arg(&place).status().unwrap().success()),
            _ => std::fs::create_dir(&place).unwrap(),
        }
        home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&format!("{first}\n"));
        assert_eq!(list(&home)[0]["requests_saved"], 0, "{put}");
        if put == "directory" { std::fs::remove_dir(&place).unwrap() } else { std::fs::remove_file(&place).unwrap() }
    }
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine", "a link is not followed");
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_users_tokens_are_listed_with_the_user_and_both_ends() {
    let email = workshop().user(PASSWORD);
    let home = Home::new();
    home.canary(PASSWORD);
    home.workshop_profile(workshop());
    home.cogtok(["token", "user", "--username", &email]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    let entries = list(&home);
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((&entry["kind"], &entry["username"]), (&json!("user"), &json!(email)));
    assert_eq!((&entry["client_id"], &entry["profiles"]), (&json!(workshop().web.id), &json!(["ws"])));
    assert!(entry["id_expires_in"].as_u64().is_some_and(|left| left > 0), "{entry}");
    home.cogtok(["cache", "list"]).run().ok().stdout_has("user");
    let cleared = clear(&home, &["-p", "ws"]).run();
    cleared.ok().stderr_has(&format!("user {email}")).stderr_has("(profile ws)");
    assert!(list(&home).is_empty());
}

#[test]
fn clearing_takes_what_was_meant_asks_nothing_and_leaves_the_locks() {
    let (home, server) = two_profiles();
    let locks = lock_files(&home);
    assert_eq!(locks, 3);
    insta::assert_snapshot!(clear(&home, &["-p", "nosuch"]).run().message(), @"
    exit 3
    error: there is no profile `nosuch`
    hint: the profiles are one, two
    ");
    clear(&home, &["-p", "../x"]).run().code(2);
    clear(&home, &["--expired"]).run().ok().stderr_has("nothing to remove");
    assert_eq!(list(&home).len(), 3);
    let two = clear(&home, &["-p", "two", "--json"]).run();
    assert_eq!(two.ok().json()[0]["client_id"], "client-of-two");
    assert_eq!(two.json().as_array().unwrap().len(), 1);
    // That a profile is in use does not name it.
    let all = clear(&home, &[]).env("COGTOK_PROFILE", "two").stdin("").run();
    all.ok().stdout_is("").stderr_has("removed: m2m token of client client-of-one (profile one)");
    assert_eq!(all.stderr.matches("removed:").count(), 2, "{}", all.stderr);
    assert!(list(&home).is_empty());
    assert_eq!(lock_files(&home), locks);
    assert_eq!(server.hits(), 3);
    home.cogtok(["token", "m2m", "-p", "two"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    assert_eq!(server.hits(), 4, "the next call gets a new one");
}

#[test]
fn expired_tokens_alone_are_cleared_where_they_are_meant() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Answer::token(&jwt(&json!({"exp": now + [3, 3600][n], "scope": "a b"})))
    });
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&["--scope", "a"]).run().ok();
    home.scripted_m2m(&["--scope", "b"]).run().ok();
    poll("the first token expires", Duration::from_secs(10), || {
        list(&home).iter().any(|entry| entry["expires_in"] == 0).then_some(())
    });
    home.cogtok(["cache", "list"]).run().ok().stdout_has("expired");
    let cleared = clear(&home, &["--expired", "--json"]).run().ok().json();
    assert_eq!((cleared.as_array().unwrap().len(), &cleared[0]["scope_asked"]), (1, &json!("a")));
    let left = list(&home);
    assert_eq!((left.len(), &left[0]["scope_asked"]), (1, &json!("b")));
}

#[test]
fn clearing_forgets_a_users_tokens_and_keeps_the_user_signed_in() {
    let (home, keyring, sessions) = (Home::new(), Keyring::start(), Sessions::start(true, 3600));
    home.scripted_user(&sessions.server.url());
    let user = |args: &[&str]| home.cogtok(["token", "user"]).args(args).keyring(&keyring);
    let first = user(&["--password-stdin"]).stdin(crate::harness::challenges::PASSWORD).run();
    let listed = list(&home);
    assert_eq!((&listed[0]["kind"], &listed[0]["has_session"]), (&json!("user"), &json!(true)));
    home.cogtok(["cache", "list"]).run().ok().stdout_has("RENEWS").stdout_has("yes");
    clear(&home, &[]).run().ok().stderr_has("removed: user token");
    let bytes: Vec<u8> = home.cache_files().into_values().flatten().collect();
    let signature = first.ok().line().rsplit('.').next().unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(signature), "the token is gone");
    let left = list(&home);
    assert_eq!((left.len(), &left[0]["expires_in"], &left[0]["has_session"]), (1, &json!(0), &json!(true)));
    // No command takes what remains for a token.
    for words in [&["token", "verify"][..], &["token", "inspect"], &["token", "check", "--for", "alb"]] {
        let none = home.cogtok(words).keyring(&keyring).run();
        none.code(1).stdout_is("").stderr_has("there is no cached token for user alice@example.com");
    }
    let doctor = home.cogtok(["doctor"]).keyring(&keyring).run();
    let line = doctor.stdout.lines().find(|line| line.contains("user-token")).unwrap_or_default();
    doctor.check(line.contains("none is cached"), "no token");
    let status = home.cogtok(["status", "--json"]).run().ok().json();
    assert_eq!((&status[0]["access_token"], &status[0]["session"]["via"]), (&Value::Null, &json!("api")));
    // There is nothing more of it to remove, and without a password the next token comes.
    for args in [&[][..], &["--expired"], &["-p", "ws"]] {
        clear(&home, args).run().ok().stderr_has("nothing to remove");
    }
    let next = user(&["--json"]).run().ok().json();
    assert_eq!(next["source"], "refresh");
    assert_eq!(sessions.counts(), (1, 1, 0));
}

#[test]
fn clearing_while_tokens_are_renewed_uses_no_refresh_token_twice() {
    // Each of them is too short-lived to be served again, so every call renews.
    let (home, keyring, sessions) = (Home::new(), Keyring::start(), Sessions::start(true, 30));
    home.scripted_user(&sessions.server.url());
    let user = |args: &[&str]| home.cogtok(["token", "user"]).args(args).keyring(&keyring);
    user(&["--password-stdin"]).stdin(crate::harness::challenges::PASSWORD).run().ok();
    let runs = (0..20).map(|n| if n % 4 == 0 { clear(&home, &[]) } else { user(&[]) });
    for output in herd(runs) {
        output.ok();
    }
    let (sign_ins, renewals, reuses) = sessions.counts();
    assert_eq!((sign_ins, reuses), (1, 0), "{renewals} renewals");
    assert!(renewals > 0);
}

#[test]
fn a_profile_with_another_endpoint_has_the_tokens_of_that_endpoint() {
    let home = Home::new();
    let user = workshop().user(PASSWORD);
    let config = "default_profile = \"ws\"\n[profiles.ws]\nregion = \"us-east-1\"\n";
    let (pool, client) = (&workshop().pool_id, &workshop().web.id);
    home.config(&format!("{config}user_pool_id = \"{pool}\"\nuser.client_id = \"{client}\"\n"));
    let endpoint = ["--endpoint-url", &workshop().endpoint];
    let token = home.cogtok(["token", "user", "--username", &user, "--password-stdin"]).args(endpoint);
    token.stdin(PASSWORD).canary(PASSWORD).run().ok();
    let list = |words: &[&str]| home.cogtok(["cache", "list", "-o", "json"]).args(words).run().ok().json();
    assert_eq!(list(&["-p", "ws"]), json!([]));
    let of_endpoint = list(&["-p", "ws", endpoint[0], endpoint[1]]);
    assert_eq!(of_endpoint.as_array().unwrap().len(), 1, "{of_endpoint}");
    clear(&home, &["-p", "ws"]).run().ok().stderr_has("there was nothing to remove");
    clear(&home, &["-p", "ws", "--region", "no region"]).run().code(2).stderr_has("is not a Region");
    // Variables are about what is asked for, and not about what is cached.
    let of_variables = home.cogtok(["cache", "list", "-p", "ws", "-o", "json"]).args(endpoint);
    let of_variables = of_variables.env("COGTOK_AUTH_FLOW", "nonsense").env("COGTOK_CLIENT_ID", "other").run();
    assert_eq!(of_variables.ok().json()[0]["username"], of_endpoint[0]["username"]);
    clear(&home, &["-p", "ws"]).args(endpoint).run().ok().stderr_has("removed: user token");
    assert_eq!(list(&[]), json!([]));
}
