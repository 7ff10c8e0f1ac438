//! `cogtok token verify`: signature and claims, with what fails named.

use crate::harness::pool::{JWKS, now, publisher};
use crate::harness::sign::{
    self, CLIENT, ISSUER, MACHINE, POOL, access_claims, encode, id_claims, jwk, machine_claims, sign_with,
};
use crate::harness::{Answer, Home, Output, Server, workshop};
use serde_json::{Value, json};

const PASSWORD: &str = "Canary-Password-7!";

/// A home with the test pool's profile, and the server that publishes its keys.
fn pool() -> (Home, Server) {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    (home, server)
}

fn changed(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[test]
fn tokens_of_a_real_pool_are_accepted_and_refused_after_one_changed_character() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let email = workshop.user(PASSWORD);
    let signed_in = workshop.sign_in(&email, PASSWORD).unwrap();
    let token = |name: &str| signed_in["AuthenticationResult"][name].as_str().unwrap().to_string();
    for (token, kind) in [
        (token("AccessToken"), "a user's access token"),
        (token("IdToken"), "a user's ID token"),
        (workshop.m2m_token(), "a machine-to-machine access token"),
    ] {
        home.verify(&token, &[]).run().ok().quiet().stdout_has("verified: ").stdout_has(kind).line();
        // In each part, at its beginning, in the middle, and at its end.
        let parts: Vec<usize> = token.split('.').map(str::len).collect();
        let starts = [0, parts[0] + 1, parts[0] + parts[1] + 2];
        for (start, length) in starts.into_iter().zip(&parts) {
            for at in [start, start + length / 3, start + length / 2, start + length - 2, start + length - 1] {
                let mut bytes = token.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                let forged = String::from_utf8(bytes).unwrap();
                if forged != token {
                    let output = home.verify(&forged, &[]).run();
                    output.code(8).stderr_has("NOT verified");
                }
            }
        }
        for dot in starts.iter().skip(1) {
            let mut bytes = token.clone().into_bytes();
            bytes[dot - 1] = b'_';
            home.verify(&String::from_utf8(bytes).unwrap(), &[]).run().code(8).stderr_has("three parts between dots");
        }
    }
}

/// A trigger may add claims to a token, also under the names that the other kind of token has for its user and client.
#[test]
fn user_and_client_are_those_of_the_claims_that_were_checked() {
    let (home, _server) = pool();
    let extra =
        |claims: Value, names: [&str; 2]| changed(changed(claims, names[0], json!("EVIL")), names[1], json!("EVIL"));
    for (claims, says) in [
        (extra(id_claims(now()), ["username", "client_id"]), "a user's ID token of alice, client "),
        (changed(access_claims(now()), "cognito:username", json!("EVIL")), "a user's access token of alice, client "),
    ] {
        let output = home.verify(&sign::sign(&claims), &[]).run();
        output.ok().stdout_has(&format!("{says}{CLIENT}")).check(!output.stdout.contains("EVIL"), "another claim");
    }
}

#[test]
fn no_check_that_was_asked_for_is_left_out() {
    let (home, _server) = pool();
    let id = sign::sign(&id_claims(now()));
    // An audience is that of an ID token as well as of an access token.
    home.verify(&id, &["--audience", CLIENT]).run().ok();
    home.verify(&id, &["--audience", "https://resource"]).run().code(8).stderr_has("`aud`").stderr_has("resource");
    // A variable that is not set.
    for scope in ["", " "] {
        for option in ["--scope", "--audience", "--group", "--jwks"] {
            let output = home.verify(&id, &[option, scope]).run();
            output.code(2).stdout_is("").stderr_has(&format!("`{option}` is empty"));
        }
    }
}

#[test]
fn a_header_is_understood_however_it_is_written() {
    let (home, _server) = pool();
    let token = sign::sign(&access_claims(now()));
    for form in ["authorization: Bearer @", "AUTHORIZATION:bearer @", "bearer @", "Bearer @\n", "\"@\"", "  @ "] {
        home.verify(&form.replace('@', &token), &[]).run().ok();
    }
}

#[test]
fn without_a_token_the_cached_one_is_verified() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let email = workshop.user(PASSWORD);
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    insta::assert_snapshot!(home.cogtok(["token", "verify"]).run().message(), @"
    exit 1
    error: there is no cached token for user user-[unique]@example.com (profile `ws`)
    hint: `cogtok token user -p ws` gets one; `-` reads a token from standard input
    ");
    home.cogtok(["token", "user", "--password-stdin"]).stdin(PASSWORD).canary(PASSWORD).run().ok();
    home.cogtok(["token", "m2m"]).m2m_secret(workshop).run().ok();
    home.cogtok(["token", "verify"]).run().ok().quiet().stdout_has("a user's access token").stdout_has("in 60 min");
    home.cogtok(["token", "verify", "--token", "id"]).run().ok().quiet().stdout_has("a user's ID token");
    home.cogtok(["token", "verify", "--as", "m2m", "--scope", "api.dev/read"]).run().ok().quiet();
    let claims = home.cogtok(["token", "verify", "--as", "m2m", "--json"]).run().ok().quiet().json();
    assert_eq!((&claims["verified"], &claims["claims"]["client_id"]), (&json!(true), &json!(workshop.m2m.id)));
    // Five hours later the cached tokens are as expired as any.
    let late = home.cogtok(["token", "verify", "--as", "m2m"]).under(["faketime", "-f", "+5h"]).run();
    late.code(8).stderr_has("`exp`").stderr_has("--force-refresh").stderr_has("ago");
}

/// Runs a verification that must fail for this claim, as text and as JSON.
#[track_caller]
fn rejected(home: &Home, token: &str, args: &[&str], claim: &str, says: &str) {
    let output = home.verify(token, args).run();
    output.code(8).stdout_is("").stderr_has("NOT verified").stderr_has(&format!("`{claim}`")).stderr_has(says);
    let output = home.verify(token, args).arg("--json").run();
    let object = output.code(8).json();
    output.check(object["verified"] == false && object["claim"] == claim, "the JSON names the claim");
    output.check(object["found"].is_string() && object["expected"].is_string(), "and what it is and should be");
}

#[test]
fn each_claim_that_fails_is_named_with_what_it_should_be() {
    let (home, server) = pool();
    let at = now();
    let access = |name: &str, value: Value| sign::sign(&changed(access_claims(at), name, value));
    let good = sign::sign(&access_claims(at));
    home.verify(&good, &["--scope", "api/read", "--group", "readers", "--token", "access"]).run().ok().quiet();
    home.verify(&good, &["--scope", "api/read aws.cognito.signin.user.admin"]).run().ok();
    rejected(&home, &access("exp", json!(at - 3600)), &[], "exp", "60 min ago");
    let a_moment_ago = home.verify(&access("exp", json!(at - 5)), &[]).run();
    a_moment_ago.ok().stdout_has(", expired ").stdout_has(" s ago (clocks may differ by 60 s)\n");
    rejected(
        &home,
        &access("exp", json!("9999999999")),
        &[],
        "exp",
        "is the text 9999999999, expected: a whole number of seconds",
    );
    let endless = home.verify(&access("exp", json!(9_223_372_036_854_775_808_u64)), &[]).run();
    endless.ok().stdout_has(", expires in 7");
    rejected(&home, &access("nbf", json!(at + 600)), &[], "nbf", "in 10 min");
    rejected(&home, &access("iat", json!(at + 600)), &[], "iat", "clock");
    rejected(&home, &access("iss", json!("https://evil.example")), &[], "iss", "https://evil.example");
    rejected(&home, &access("iss", json!("https://evil.example")), &[], "iss", ISSUER);
    rejected(&home, &access("token_use", json!("refresh")), &[], "token_use", "access or id");
    rejected(&home, &access("client_id", json!("other")), &[], "client_id", CLIENT);
    rejected(&home, &access("aud", json!(CLIENT)), &[], "aud", "--audience");
    rejected(&home, &sign::sign(&changed(id_claims(at), "aud", json!([CLIENT, "x"]))), &[], "aud", CLIENT);
    rejected(&home, &good, &["--scope", "api/write"], "scope", "with api/write");
    rejected(&home, &good, &["--scope", "api/read", "--scope", "x"], "scope", "with x");
    rejected(&home, &good, &["--group", "admin"], "cognito:groups", "with admin");
    rejected(&home, &good, &["--token", "id"], "token_use", "id");
    rejected(&home, &good, &["--client-id", "other"], "client_id", "other");
    let keys = format!("{}{JWKS}", server.url());
    rejected(&home, &good, &["--issuer", "https://other.example", "--jwks", &keys], "iss", "https://other.example");
    assert_eq!(server.hits(), 1, "one fetch for all of them");
    let foreign = sign_with("stranger", &json!({"kid": "test-stranger", "alg": "RS256"}), &access_claims(at));
    rejected(&home, &foreign, &[], "kid", "test-access");
    let forged = sign_with("stranger", &json!({"kid": "test-access", "alg": "RS256"}), &access_claims(at));
    rejected(&home, &forged, &[], "signature", "of another pool");
    for (token, says) in [
        ("opaque", "NOT verified: it is not three parts between dots, expected: a JSON Web Token"),
        ("a.b.c", "NOT verified: the header is not a JSON object in base64url, expected: a JSON Web Token"),
    ] {
        home.verify(token, &[]).run().code(8).stdout_is("").stderr_has(says).stderr_lacks("`format`");
        assert_eq!(home.verify(token, &[]).arg("--json").run().code(8).json()["claim"], "format");
    }
    home.verify(&sign::sign(&machine_claims(at)), &["--scope", "api/write"]).run().ok();
    home.verify(&good, &["--client-id", "other", "--client-id", CLIENT]).run().ok();
    let bound = access("aud", json!("https://api.example.com"));
    home.verify(&bound, &["--audience", "https://api.example.com"]).run().ok();
    for args in [&[][..], &["--audience", "https://other.example"]] {
        let output = home.verify(&bound, args).run();
        output.code(8).stderr_has("hint: if that is the resource you mean, name it with `--audience RESOURCE`");
        output.stderr_lacks("--client-id");
    }
    let unbound = home.verify(&good, &["--audience", "https://api.example.com"]).run();
    unbound.code(8).stderr_has("hint: the token is not bound to a resource: leave `--audience` out");
    let updated = ISSUER.replace("//cognito", "//issuer-cognito");
    home.verify(&access("iss", json!(updated)), &[]).run().ok();
    // A machine that is busy may have needed the minute after which the stranger's `kid` is worth another fetch.
    assert!(server.hits() <= 2, "{}", server.hits());
}

#[test]
fn a_key_that_the_token_brings_or_names_is_never_asked_for() {
    let (home, server) = pool();
    let canary = Server::canary();
    let url = format!("{}/jwks.json", canary.url());
    for more in [
        json!({"jku": url}),
        json!({"x5u": url}),
        json!({"jwk": jwk("stranger")}),
        json!({"x5c": ["MIIB"]}),
        json!({"kid": url}),
        json!({"kid": "../../../../etc/passwd"}),
        json!({"crit": ["exp"]}),
        json!({"b64": false}),
        json!({"zip": "DEF"}),
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
    ] {
        let mut header = json!({"kid": "test-access", "alg": "RS256"});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        // The pool's own signature does not make up for it, nor does another's.
        for key in ["access", "stranger"] {
            home.verify(&sign_with(key, &header, &access_claims(now())), &[]).run().code(8);
        }
        // Nor does the address that the token calls its issuer.
        let claims = changed(access_claims(now()), "iss", json!(canary.url()));
        home.verify(&sign_with("access", &header, &claims), &[]).run().code(8);
    }
    let none = format!("{}.{}.", encode("{\"alg\":\"none\"}"), encode(access_claims(now()).to_string()));
    insta::assert_snapshot!(home.verify(&none, &[]).run().message(), @"
    exit 8
    error: NOT verified: `alg` is none, expected: RS256, which is all that Cognito uses (profile `ws`)
    hint: `cogtok token inspect -` shows what it contains
    ");
    canary.assert_untouched();
    assert!(server.hits() <= 1, "{} requests", server.hits());
}

#[test]
fn hostile_values_are_escaped_in_what_is_said() {
    let (home, _server) = pool();
    let hostile = "\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}\r\n\u{9b}x";
    let claims = changed(access_claims(now()), "iss", json!(hostile));
    home.verify(&sign::sign(&claims), &[]).run().code(8).stderr_has("\\u{1b}]52").stderr_has(ISSUER);
    let output = home.verify(&sign::sign(&claims), &["--json"]).run();
    assert!(output.stdout.chars().all(crate::harness::oracle::printable), "{:?}", output.stdout);
    let claims = changed(access_claims(now()), "username", json!(hostile));
    let output = home.verify(&sign::sign(&claims), &[]).run();
    output.ok();
    assert!(output.stdout.chars().all(crate::harness::oracle::printable), "{:?}", output.stdout);
    let claims = changed(access_claims(now()), "iss", json!("\u{1b}".repeat((5 << 20) / 6)));
    home.verify(&sign::sign(&claims), &[]).run().code(8).stderr_has(ISSUER);
}

#[test]
fn options_stand_in_for_a_profile() {
    let (home, server) = (Home::new(), publisher());
    let token = sign::sign(&access_claims(now()));
    let verify = |args: &[&str]| home.verify(&token, args).run();
    verify(&[]).code(3).stderr_has("no profile is chosen");
    verify(&["--user-pool-id", POOL]).code(3).stderr_has("--client-id");
    let pool = ["--user-pool-id", POOL, "--endpoint-url", &server.url(), "--client-id"];
    verify(&[&pool[..], &[CLIENT]].concat()).ok().quiet();
    verify(&[&pool[..], &[MACHINE]].concat()).code(8);
    // Where there is no local Cognito the keys are published below the issuer.
    let local = Server::start(|request| match request.path.as_str() {
        "/pool/.well-known/jwks.json" => Answer::json(200, &sign::jwks()),
        _ => Answer::new(404, "text/plain", "not here"),
    });
    let issuer = format!("{}/pool", local.url());
    let own = sign::sign(&changed(access_claims(now()), "iss", json!(issuer)));
    home.verify(&own, &["--issuer", &issuer, "--client-id", CLIENT]).run().ok().quiet();
    assert_eq!(local.hits(), 1);
    verify(&["--issuer", "http://pool.example", "--client-id", CLIENT]).code(2).stderr_has("plain http");
    verify(&["--issuer", &issuer, "--user-pool-id", POOL]).code(2);
    verify(&["--issuer", &issuer, "--client-id", "a b"]).code(2);
    verify(&["--user-pool-id", POOL, "--client-id", CLIENT, "--scope", "a\"b"]).code(2);
    verify(&["--user-pool-id", POOL, "--client-id", CLIENT, "--token", "refresh"]).code(2);
}

#[test]
fn a_wrong_clock_is_blamed_for_a_token_that_seems_expired() {
    let (home, server) =
        (Home::new(), Server::start(|_| Answer::json(200, &sign::jwks()).header("Date", &httpdate(now()))));
    home.pool_profile(&server.url());
    let token = sign::sign(&access_claims(now()));
    let late = home.verify(&token, &[]).under(["faketime", "-f", "+3h"]).run();
    late.code(8).stderr_has("`exp`").stderr_has("ahead of the server's: set it");
    let early = home.verify(&token, &[]).under(["faketime", "-f", "-3h"]).run();
    early.code(8).stderr_has("`iat`").stderr_has("behind the server's: set it");
}

/// An HTTP date of these seconds.
fn httpdate(seconds: u64) -> String {
    let date = std::process::Command::new("date")
        .env("LC_ALL", "C")
        .args(["-u", "-d", &format!("@{seconds}"), "+%a, %d %b %Y %H:%M:%S GMT"])
        .output();
    String::from_utf8(date.unwrap().stdout).unwrap().trim().to_string()
}

#[test]
fn the_verdict_is_short() {
    let (home, _server) = pool();
    let output: Output = home.verify(&sign::sign(&access_claims(now())), &[]).run();
    output
        .ok()
        .quiet()
        .stdout_is(&format!("verified: a user's access token of alice, client {CLIENT}, expires in 60 min\n"));
    let json = home.verify(&sign::sign(&id_claims(now())), &["-o", "json"]).run().ok().quiet().json();
    assert_eq!((&json["verified"], &json["kind"], &json["remote"]), (&json!(true), &json!("id"), &Value::Null));
    assert_eq!(json["claims"]["email"], "alice@example.com");
    home.verify("x", &["-o", "table"]).run().code(2);
}
