//! Tokens on behalf of somebody (`act`, RFC 8693 section 4.1): who acts is shown, and who acted before.

use crate::harness::Home;
use crate::harness::pool::{now, publisher};
use crate::harness::sign::{self, CLIENT, access_claims};
use serde_json::{Value, json};

fn inspect(claims: &Value, args: &[&str]) -> crate::harness::Output {
    let home = Home::new();
    home.cogtok(["token", "inspect", "-"]).args(args).stdin(sign::sign(claims)).run()
}

fn acting(act: &Value) -> Value {
    let mut claims = access_claims(now());
    claims["act"] = act.clone();
    claims
}

#[test]
fn the_chain_of_actors_is_shown_the_present_one_first() {
    let chain = json!({"sub": "agent", "client_id": "9example", "act": {"sub": "gateway",
        "act": {"iss": "https://issuer.example", "sub": "first"}}});
    let shown = inspect(&acting(&chain), &[]);
    let actors: Vec<&str> = shown.ok().quiet().stdout.lines().filter(|line| line.starts_with("actor")).collect();
    assert_eq!(
        actors,
        [
            "actor              sub agent, client_id 9example",
            "actor before it    sub gateway",
            "actor before it    sub first, iss https://issuer.example",
        ]
    );
    let object = inspect(&acting(&chain), &["--json"]).ok().json();
    let expected = json!([{"sub": "agent", "client_id": "9example"}, {"sub": "gateway"},
        {"iss": "https://issuer.example", "sub": "first"}]);
    assert_eq!((&object["actors"], &object["claims"]["act"]), (&expected, &chain));
    assert_eq!(inspect(&access_claims(now()), &["--json"]).ok().json()["actors"], json!([]));
    assert!(!inspect(&access_claims(now()), &[]).ok().stdout.contains("actor"));
}

#[test]
fn an_actor_of_any_shape_is_survived_and_harms_no_terminal() {
    for (act, shown) in [
        (json!("agent"), "actor              unnamed: \"agent\""),
        (json!({}), "actor              unnamed: {}"),
        (json!({"sub": 7}), "actor              unnamed: {\"sub\":7}"),
        (json!({"sub": "a\u{1b}[31m\nactor b"}), "actor              sub a\\u{1b}[31m actor b\n"),
        (json!({"sub": "a", "act": null}), "actor before it    unnamed: null"),
    ] {
        inspect(&acting(&act), &[]).ok().stdout_has(shown);
    }
    let deep = (0..60).fold(json!({"sub": "first"}), |inner, _| json!({"sub": "x", "act": inner}));
    let lines = inspect(&acting(&deep), &[]).ok().stdout.clone();
    assert_eq!(lines.lines().filter(|line| line.starts_with("actor")).count(), 61);
}

#[test]
fn agentcore_checks_it_as_any_token_and_the_actor_is_named() {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    let mut claims = acting(&json!({"sub": "agent"}));
    claims["aud"] = json!("https://api.example.com");
    let check = |service: &str, args: &[&str]| {
        home.cogtok(["token", "check", "--for", service, "-"]).args(args).stdin(sign::sign(&claims)).run()
    };
    for service in ["agentcore-runtime", "agentcore-gateway"] {
        let args = ["--allowed-client", CLIENT, "--allowed-audience", "https://api.example.com"];
        let passed = check(service, &args);
        passed.ok().stdout_has("pass  allowedClients").stdout_has("pass  allowedAudience");
        passed.stdout_has("sub agent acts for the subject");
        let failed = check(service, &["--allowed-client", "other"]);
        failed.code(8).stdout_has("FAIL  allowedClients").stdout_has("pass  act ");
    }
    let other = check("alb", &["--allowed-client", CLIENT]);
    assert!(!other.ok().stdout.contains("acts for"), "{}", other.stdout);
}
