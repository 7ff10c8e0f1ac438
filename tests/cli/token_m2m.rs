//! `cogtok token m2m`: what it prints, what it asks for, and how often.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::verify::verify;
use crate::harness::workshop::SCOPES;
use crate::harness::{Answer, Home, Proxy, Server, jwt, m2m_jwt, workshop};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn scopes(claims: &Value) -> BTreeSet<&str> {
    claims["scope"].as_str().unwrap().split(' ').collect()
}

/// Grants what is asked, with a different token each time.
fn issuer() -> Server {
    Server::start(|request| Answer::token(&m2m_jwt(CLIENT, &request.form("scope").unwrap_or_default())))
}

/// Issues tokens that live for so many seconds.
fn short_lived(seconds: u64) -> Server {
    Server::start(move |_| {
        let jti = crate::harness::unique("jti");
        let token = jwt(&json!({"exp": now() + seconds, "scope": "api/read api/write", "jti": jti}));
        Answer::json(200, &json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}))
    })
}

#[test]
fn the_bare_token_is_one_the_pool_signed_and_costs_one_request_once() {
    let (home, workshop) = (Home::new(), workshop());
    let proxy = Proxy::new(&workshop.endpoint);
    home.profile("ws", workshop, &proxy.url(), &proxy.token_url());
    let run = || home.cogtok(["token", "m2m", "-p", "ws"]).m2m_secret(workshop);
    let cold = run().run();
    let claims = verify(cold.ok().quiet().line(), workshop);
    assert_eq!((&claims["client_id"], &claims["token_use"]), (&json!(workshop.m2m.id), &json!("access")));
    assert_eq!(scopes(&claims), SCOPES.into());
    assert_eq!((proxy.log(), proxy.connections()), (vec!["/oauth2/token".to_string()], 1));
    run().run().ok().quiet().stdout_is(&cold.stdout);
    home.cogtok(["token", "m2m"]).run().ok().quiet().stdout_is(&cold.stdout);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn scopes_given_on_the_command_line_replace_the_profiles() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let forms: [&[&str]; 5] = [
        &["--scope", "x/one", "--scope", "x/two"],
        &["--scope", "x/two x/one"],
        &["--scope", "x/one x/two", "--scope", "x/one"],
        &["--scope", "x/two"],
        &[],
    ];
    for args in forms {
        home.scripted_m2m(args).run().ok().quiet();
    }
    // The first three ask for the same set, so the second and third are served from the cache.
    let asked: Vec<_> = server.requests().iter().map(|request| request.form("scope").unwrap()).collect();
    assert_eq!(asked, ["x/one x/two", "x/two", "api/read api/write"]);
    insta::assert_snapshot!(home.scripted_m2m(&["--scope", "x\"y"]).run().message(), @r#"
    exit 2
    error: `x"y` is not a scope (RFC 6749 section 3.3) (profile `ws`)
    "#);
    assert_eq!(server.hits(), 3);
}

#[test]
fn a_token_with_fewer_scopes_than_asked_is_warned_about_whenever_it_is_served() {
    let (home, workshop) = (Home::new(), workshop());
    let proxy = Proxy::new(&workshop.endpoint);
    home.profile("ws", workshop, &proxy.url(), &proxy.token_url());
    let narrowed = || home.cogtok(["token", "m2m", "--scope", SCOPES[0], "--scope", "api.dev/none"]);
    let warning = "warning: the token lacks scopes that you requested: api.dev/none\n";
    let cold = narrowed().m2m_secret(workshop).run();
    assert_eq!(scopes(&verify(cold.ok().line(), workshop)), [SCOPES[0]].into());
    assert_eq!(cold.stderr, warning);
    let warm = narrowed().run();
    warm.ok().stdout_is(&cold.stdout);
    assert_eq!((warm.stderr.as_str(), proxy.count("/oauth2/token")), (warning, 1));
    let json = narrowed().arg("--json").run().ok().stderr_has(warning).json();
    assert_eq!(json["scope"], SCOPES[0]);
    narrowed().arg("-q").run().ok().quiet();
    let other = home.cogtok(["token", "m2m", "--scope", SCOPES[0]]).m2m_secret(workshop).run();
    other.ok().quiet().check(other.stdout != cold.stdout, "a narrowed token serves what was asked, under its own key");
    assert_eq!(proxy.count("/oauth2/token"), 2);
}

#[test]
fn json_names_everything_with_its_type() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    for (source, form) in
        [("network", ["--json"].as_slice()), ("cache", &["-o", "json"]), ("cache", &["--output=json"])]
    {
        let output = home.scripted_m2m(form).run();
        let json = output.ok().quiet().json();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let all = ["access_token", "id_token", "token_type", "expires_in", "expires_at", "scope", "source", "profile"];
        assert_eq!(keys, all);
        assert_eq!(json["access_token"].as_str().unwrap().split('.').count(), 3);
        assert_eq!((&json["id_token"], &json["token_type"]), (&Value::Null, &json!("Bearer")));
        assert_eq!((&json["scope"], &json["profile"]), (&json!("api/read api/write"), &json!("ws")));
        assert_eq!(json["source"], source);
        let (left, end) = (json["expires_in"].as_u64().unwrap(), json["expires_at"].as_u64().unwrap());
        assert!((3500..=3600).contains(&left) && (now() + 3500..=now() + 3600).contains(&end), "{json}");
        output.check(output.stdout.lines().count() == 1, "one line, for tools that read lines");
    }
    assert_eq!(server.hits(), 1);
}

#[test]
fn header_prints_a_line_that_curl_takes() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let token = home.scripted_m2m(&[]).run().ok().line().to_string();
    let header = home.scripted_m2m(&["--header"]).run();
    header.ok().quiet().stdout_is(&format!("Authorization: Bearer {token}\n"));
    insta::assert_snapshot!(home.scripted_m2m(&["--header", "--json"]).run().message(), @"
    exit 2
    error: `--header` cannot be used with `--json`
    hint: see `cogtok token m2m --help`
    ");
}

#[test]
fn the_cache_can_be_passed_by_and_renewed() {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let token = |args: &[&str]| home.scripted_m2m(args).run().ok().quiet().line().to_string();
    let uncached = token(&["--no-cache"]);
    assert!(home.cache_files().is_empty(), "--no-cache leaves nothing behind");
    let first = token(&[]);
    let renewed = token(&["--force-refresh"]);
    assert!(uncached != first && first != renewed);
    assert_eq!((token(&[]), server.hits()), (renewed.clone(), 3));
    assert_ne!(token(&["--no-cache"]), renewed);
    assert_eq!((token(&[]), server.hits()), (renewed, 4));
    home.scripted_m2m(&["--no-cache", "--force-refresh"]).run().code(2);
    assert_eq!(server.hits(), 4);
}

#[test]
fn min_validity_decides_what_is_taken_from_the_cache() {
    let (home, server) = (Home::new(), short_lived(150));
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().ok().quiet();
    home.scripted_m2m(&["--min-validity", "30s"]).run().ok().quiet();
    assert_eq!(server.hits(), 1);
    home.scripted_m2m(&["--min-validity", "150s"]).env("COGTOK_MIN_VALIDITY", "1s").run().ok();
    assert_eq!(server.hits(), 2);
    home.scripted_m2m(&[])
        .env("COGTOK_MIN_VALIDITY", "5m")
        .run()
        .ok()
        .stderr_has("less than the 300 s of `min_validity`");
    assert_eq!(server.hits(), 3);
    for bad in ["-1s", "x", ""] {
        home.scripted_m2m(&[&format!("--min-validity={bad}")]).run().code(2).stderr_has("is not a duration");
    }
    for long in ["99999999999999d", "24h 1s"] {
        let reason = "is too long: no token is valid for more than 24h";
        home.scripted_m2m(&["--min-validity", long]).run().code(2).stderr_has(reason);
        home.scripted_m2m(&[]).env("COGTOK_MIN_VALIDITY", long).run().code(2).stderr_has(reason);
        let export = format!("cogtok_export = 1\n[profiles.x]\nmin_validity = \"{long}\"\nm2m.client_id = \"a\"\n");
        let export = home.plant("export.toml", export);
        let imported = home.cogtok(["profile", "import"]).arg(&export).arg("--dry-run").run();
        imported.stderr_has(reason);
        home.cogtok(["profile", "lint"]).arg(&export).run().code(3).stdout_has(reason);
    }
    home.scripted_m2m(&["--min-validity", "24h"]).run().ok();
}

#[test]
fn a_token_that_never_lives_long_enough_is_served_once_with_a_warning() {
    let (home, server) = (Home::new(), short_lived(20));
    home.scripted_profile(&server.token_url());
    for calls in 1..=3 {
        let output = home.scripted_m2m(&[]).run();
        output.ok().stderr_has("warning: the token is valid for ").stderr_has("less than the 120 s of `min_validity`");
        output.check(!output.line().is_empty(), "it is served");
        assert_eq!(server.hits(), calls, "each call asks exactly once");
    }
    home.scripted_m2m(&["-q"]).run().ok().quiet();
    home.scripted_m2m(&["--min-validity", "5s"]).run().ok().quiet();
    assert_eq!(server.hits(), 4);
}

#[test]
fn options_and_variables_stand_in_for_a_profile() {
    let (home, server) = (Home::new(), issuer());
    home.canary(SECRET);
    let options = ["token", "m2m", "--client-id", CLIENT, "--token-url", &server.token_url(), "--scope", "a/b"];
    let run = home.cogtok(options).env("COGTOK_M2M_CLIENT_SECRET", SECRET).arg("--json").run();
    assert_eq!(run.ok().quiet().json()["profile"], Value::Null);
    let variables = |scopes: &str| {
        home.cogtok(["token", "m2m"])
            .env("COGTOK_M2M_CLIENT_ID", CLIENT)
            .env("COGTOK_TOKEN_URL", server.token_url())
            .env("COGTOK_SCOPES", scopes)
            .env("COGTOK_M2M_CLIENT_SECRET", SECRET)
    };
    variables("a/b").run().ok().quiet();
    assert_eq!(server.hits(), 1, "the same client, endpoint and scopes are the same token");
    variables("c/d").run().ok().quiet();
    assert_eq!(server.requests()[1].form("scope").unwrap(), "c/d");

    let nothing = home.cogtok(["token", "m2m"]).run();
    nothing.code(3).stderr_has("no profile is chosen").stderr_has("cogtok profile create");
    home.scripted_profile(&server.token_url());
    insta::assert_snapshot!(home.cogtok(["token", "m2m", "-p", "nope"]).run().message(), @"
    exit 3
    error: there is no profile `nope`
    hint: the only profile is ws
    ");
}
