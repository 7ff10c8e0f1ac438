//! `cogtok token inspect`: what stands in a token, whoever made it.

use crate::harness::pool::now;
use crate::harness::sign::{self, encode};
use crate::harness::{Home, Server, jwt, workshop};
use serde_json::{Value, json};

const PASSWORD: &str = "Canary-Password-7!";

fn inspect(token: &str, args: &[&str]) -> crate::harness::Output {
    let home = Home::new();
    if token.len() > 100 && token.len() < 100_000 {
        home.canary(token);
    }
    home.cogtok(["token", "inspect", "-"]).args(args).stdin(token).env("TZ", "UTC").run()
}

#[test]
fn header_claims_times_and_kind_are_shown_and_said_not_to_be_verified() {
    let at = now();
    for (claims, kind) in [
        (sign::access_claims(at), "a user's access token"),
        (sign::id_claims(at), "a user's ID token"),
        (sign::machine_claims(at), "a machine-to-machine access token"),
        (json!({"sub": "x"}), "not of a kind that Cognito issues"),
    ] {
        let output = inspect(&sign::sign(&claims), &[]);
        output.ok().quiet().stdout_has("NOT VERIFIED").stdout_has(kind).stdout_has("RS256");
        for (name, value) in claims.as_object().unwrap() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            let line = output.stdout.lines().find(|line| line.trim_start().starts_with(&format!("{name} ")));
            output.check(line.is_some_and(|line| line.contains(&value)), &format!("no line for {name}"));
        }
    }
    let output = inspect(&sign::sign(&sign::access_claims(at)), &[]);
    output.stdout_has("(in 60 min)").stdout_has("+00:00");
    let output = inspect(&sign::sign(&sign::access_claims(at - 3 * 3600)), &[]);
    output.ok().stdout_has("(2 h ago)").stdout_has("(3 h ago)");
}

#[test]
fn the_command_that_verifies_names_profile_and_configuration_as_they_were_named() {
    let home = Home::new();
    let token = sign::sign(&sign::access_claims(now()));
    let other = home.path("other.toml");
    std::fs::write(&other, "[profiles.ws]\n").unwrap();
    let other = other.to_str().unwrap();
    let inspect = |words: &[&str]| home.cogtok(["token", "inspect", "-"]).args(words).stdin(&token).run();
    let named = format!("check it: cogtok --config {other} token verify -p ws -\n");
    inspect(&["--config", other, "-p", "ws"]).ok().stdout_has(&named);
    inspect(&["--config", other, "-p", "ws", "--json"]).ok().stderr_has(&named);
    inspect(&[]).ok().stdout_has("check it: cogtok token verify -\n");
}

#[test]
fn times_are_told_in_this_machines_zone() {
    let token = jwt(&json!({"exp": 1_700_000_000, "iat": 1_699_996_400, "auth_time": -5, "nbf": u64::MAX}));
    let home = Home::new();
    for (zone, shown) in [
        ("UTC", "2023-11-14 22:13:20 +00:00"),
        ("Asia/Kolkata", "2023-11-15 03:43:20 +05:30"),
        ("EST5EDT", "2023-11-14 17:13:20 -05:00"),
    ] {
        home.cogtok(["token", "inspect", &token]).env("TZ", zone).run().ok().quiet().stdout_has(shown);
    }
    home.cogtok(["token", "inspect", &token]).env("TZ", "No/Where").run().ok().stdout_has("2023-11-1");
}

#[test]
fn json_and_single_claims_are_for_scripts() {
    let claims = sign::access_claims(now());
    let output = inspect(&sign::sign(&claims), &["--json"]);
    let object = output.ok().stderr_has("NOT VERIFIED").json();
    assert_eq!((&object["verified"], &object["kind"]), (&json!(false), &json!("user-access")));
    assert_eq!((&object["header"]["alg"], &object["claims"]), (&json!("RS256"), &claims));
    assert_eq!(inspect(&sign::sign(&claims), &["-o", "json", "-q"]).ok().quiet().json(), object);
    for (name, value) in [
        ("sub", claims["sub"].as_str().unwrap().to_string()),
        ("version", "2".into()),
        ("cognito:groups", "[\"platform_user\",\"readers\"]".into()),
    ] {
        inspect(&sign::sign(&claims), &["--claim", name])
            .ok()
            .stderr_has("NOT VERIFIED")
            .stdout_is(&format!("{value}\n"));
    }
    inspect(&sign::sign(&claims), &["--claim", "sub", "-q"]).ok().quiet();
    let missing = inspect(&sign::sign(&claims), &["--claim", "email"]);
    missing.code(1).stderr_has("no claim `email`").stderr_has("username");
    inspect(&sign::sign(&claims), &["--claim", "sub", "--json"]).code(2);
}

#[test]
fn it_is_read_as_it_is_copied() {
    let token = sign::sign(&sign::id_claims(now()));
    for text in [
        format!("{token}\n"),
        format!("  {token}\r\n"),
        format!("Bearer {token}"),
        format!("Authorization: Bearer {token}\n"),
    ] {
        inspect(&text, &["--claim", "email"]).ok().stdout_is("alice@example.com\n");
    }
    let home = Home::new();
    home.cogtok(["token", "inspect", "--claim", "email", &token]).run().ok().stdout_is("alice@example.com\n");
    home.cogtok(["token", "inspect", "--claim=email", "-"]).stdin(&token).run().ok();
}

#[test]
fn what_is_no_token_is_named_as_such_without_repeating_it() {
    let half = encode(json!({"alg": "RS256"}).to_string());
    for (text, says) in [
        ("opaque-canary-value", "three parts"),
        ("aGVsbG8.d29ybGQ", "three parts"),
        ("a.b.c.d.e", "five parts"),
        ("secret.secret.secret", "header"),
        (&format!("{half}.secret.sig"), "payload"),
        (&format!("{half}.{}.sig", encode("[1]")), "payload"),
        (&format!("{half}.{}=.sig", encode("{}")), "payload"),
    ] {
        let output = inspect(text, &[]);
        output.code(8).stderr_has(says).stderr_lacks("canary").stderr_lacks("secret.");
    }
    inspect("", &[]).code(2).stderr_has("empty");
    let home = Home::new();
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "-"]).stdin(b"\xff\xfe").run().message(), @"
    exit 2
    error: the token on standard input is not UTF-8
    ");
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "-"]).stdin(vec![b'a'; 9 << 20]).run().message(), @"
    exit 2
    error: the token on standard input is larger than 8388608 bytes
    ");
    home.cogtok(["token", "inspect", "-"]).redirect("<&-").run().code(2);
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "--token", "id", "a.b.c"]).run().message(), @"
    exit 2
    error: `--token` chooses between cached tokens, and you gave a token
    ");
    home.cogtok(["token", "inspect", "--as", "m2m", "a.b.c"]).run().code(2);
}

#[test]
fn a_token_in_a_wrong_place_is_not_repeated() {
    let home = Home::new();
    let token = sign::sign(&sign::access_claims(now()));
    for words in [
        &["token", &token][..],
        &[&token],
        &["token", "inspect", "--token", &token],
        &["token", "verify", "--token", &token],
        &["token", "check", "--for", "alb", "--token", &token],
        &["token", "inspect", "-", &token],
    ] {
        let output = home.cogtok(words).run();
        output.code(2).stderr_has("not shown").stderr_lacks(&token[..30]);
    }
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "--token", &token]).run().message(), @"
    exit 2
    error: `--token` takes only access or id (not shown: it may be a token)
    hint: give the token itself without an option, or on standard input: `-`
    ");
}

/// What a terminal would obey, and 5 MB of it.
const HOSTILE: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{9b}31m\r\n\u{202e}evil\u{200b}\u{7f}";

#[test]
fn hostile_claims_are_escaped() {
    let claims = json!({"sub": HOSTILE, HOSTILE: "name", "cognito:groups": [HOSTILE], "exp": HOSTILE, "nested": {HOSTILE: {"a": HOSTILE}}});
    let token =
        format!("{}.{}.c2ln", encode(json!({"alg": HOSTILE, HOSTILE: 1}).to_string()), encode(claims.to_string()));
    for args in [&[][..], &["--json"]] {
        let output = inspect(&token, args);
        output.ok();
        for c in output.stdout.chars().chain(output.stderr.chars()) {
            output.check(crate::harness::oracle::printable(c) && c != '\t', &format!("{c:?} was printed"));
        }
    }
    assert_eq!(inspect(&token, &["--json"]).json()["claims"], claims);
    // To a program a claim goes as it is, to a terminal escaped.
    inspect(&token, &["--claim", "sub"]).ok().stdout_is(&format!("{HOSTILE}\n"));
    inspect(&token, &["--claim", "x\u{1b}[2J"]).code(1);
    let home = Home::new();
    let mut screen = home.cogtok(["token", "inspect", "--claim", "sub", &token]).pty();
    screen.expect("evil");
    let output = screen.wait();
    assert!(!output.text.contains("\u{1b}]52") && output.text.contains("\\u{1b}]52"), "{:?}", output.text);
}

#[test]
fn five_megabytes_are_survived() {
    // JSON has no way but an escape of six bytes for a control character below a space.
    for (filling, length) in [("a", 1), ("\u{1b}", 6), ("\u{202e}", 3), ("\u{7f}", 1), ("\u{9b}", 2)] {
        let value = filling.repeat((5 << 20) / length);
        let token =
            format!("{}.{}.c2ln", encode("{\"alg\":\"RS256\"}"), encode(json!({"sub": value, "exp": 1}).to_string()));
        let output = inspect(&token, &[]);
        output.ok().check(output.stdout.len() < 20_000, "a value is cut").stdout_has("exp");
        let output = inspect(&token, &["--json"]);
        output.ok().check(output.stdout.len() > value.len(), "nothing is cut in JSON");
        let output = inspect(&token, &["--claim", "sub"]);
        output.ok().check(output.stdout.len() == value.len() + 1, "nothing is cut in a claim");
    }
}

#[test]
fn without_a_token_it_is_the_cached_one_and_never_a_request() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let email = workshop.user(PASSWORD);
    // Nothing is cached yet.
    let none = home.cogtok(["token", "inspect", "--username", &email]).run();
    none.code(1).stderr_has("no cached token").stderr_has("cogtok token user -p ws");
    insta::assert_snapshot!(home.cogtok(["token", "inspect"]).run().message(), @"
    exit 1
    error: there is no cached token for the user (profile `ws`)
    hint: `cogtok token user -p ws --username NAME` gets one; `-` reads a token from standard input
    ");
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "--as", "m2m"]).run().message(), @"
    exit 1
    error: there is no cached token for the machine-to-machine client (profile `ws`)
    hint: `cogtok token m2m -p ws` gets one; `-` reads a token from standard input
    ");
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "--as", "m2m", "--token", "id"]).run().message(), @"
    exit 2
    error: a machine has no ID token (profile `ws`)
    ");

    home.cogtok(["token", "user", "--username", &email, "--password-stdin"])
        .stdin(PASSWORD)
        .canary(PASSWORD)
        .run()
        .ok();
    home.cogtok(["token", "m2m"]).m2m_secret(workshop).run().ok();
    let shown = |args: &[&str]| {
        let dead = Server::canary();
        let output = home.cogtok(["token", "inspect", "--json", "-q"]).args(args).env("HTTPS_PROXY", dead.url()).run();
        dead.assert_untouched();
        output.ok().json()
    };
    let access = shown(&["--username", &email]);
    assert_eq!((&access["kind"], &access["claims"]["token_use"]), (&json!("user-access"), &json!("access")));
    let id = shown(&["--username", &email, "--token", "id"]);
    assert_eq!((&id["kind"], &id["claims"]["email"]), (&json!("id"), &json!(email)));
    let machine = shown(&["--as", "m2m"]);
    assert_eq!((&machine["kind"], &machine["claims"]["client_id"]), (&json!("m2m-access"), &json!(workshop.m2m.id)));
    assert_ne!(access["claims"]["jti"], Value::Null);
    // The command that verifies is about the same token.
    let text = home.cogtok(["token", "inspect", "--username", &email, "--token", "id"]).run();
    text.ok().stdout_has(&format!("check it: cogtok token verify --username {email} --token id -p ws\n"));
    home.cogtok(["profile", "set", "ws", "user.token", "id"]).run().ok();
    assert_eq!(shown(&["--username", &email])["kind"], "id");

    // An expired token is shown all the same.
    let late = home.cogtok(["token", "inspect", "--as", "m2m"]).under(["faketime", "-f", "+5h"]).run();
    late.ok().stdout_has("h ago)").stdout_has("NOT VERIFIED");
}

#[test]
fn a_profile_with_a_machine_alone_means_the_machine() {
    let home = Home::new();
    let server = Server::always(crate::harness::Answer::token(&crate::harness::m2m_jwt(
        "scripted+client",
        "api/read api/write",
    )));
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().ok();
    home.cogtok(["token", "inspect", "--claim", "scope"]).run().ok().stdout_is("api/read api/write\n");
    home.cogtok(["token", "inspect", "--as", "user"]).run().code(3);
    assert_eq!(server.hits(), 1);
}
