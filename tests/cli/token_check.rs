//! `cogtok token check`: would a service take a token, and how to fix it if not.

use crate::harness::pool::{now, publisher};
use crate::harness::sign::{self, CLIENT, ISSUER, MACHINE, POOL, access_claims, id_claims, machine_claims};
use crate::harness::{Home, Run, Server, workshop};
use serde_json::{Value, json};

fn pool() -> (Home, Server) {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    (home, server)
}

fn check<'h>(home: &'h Home, service: &str, claims: &Value, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "check", "--for", service, "-"]).args(args).stdin(sign::sign(claims))
}

#[test]
fn every_rule_is_a_line_and_the_first_failure_has_its_fix() {
    let (home, _server) = pool();
    let output = check(&home, "agentcore-runtime", &access_claims(now()), &["--allowed-client", CLIENT]).run();
    output.ok().stderr_has("agentcore-runtime would accept this token");
    let rules: Vec<&str> = output.stdout.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(rules, ["format", "discoveryUrl", "iss", "signature", "exp", "allowedClients"]);
    assert!(output.stdout.lines().all(|line| line.starts_with("pass  ")), "{}", output.stdout);
    // The commonest mistakes.
    for (service, claims, args, rule, fix) in [
        (
            "agentcore-runtime",
            id_claims(now()),
            ["--allowed-client", CLIENT],
            "allowedClients",
            "send the access token",
        ),
        (
            "agentcore-gateway",
            access_claims(now()),
            ["--allowed-audience", CLIENT],
            "allowedAudience",
            "allowedClients instead",
        ),
        (
            "agentcore-gateway",
            machine_claims(now()),
            ["--allowed-client", CLIENT],
            "allowedClients",
            "add the token's client",
        ),
        ("agentcore-runtime", access_claims(now() - 7200), ["--allowed-client", CLIENT], "exp", "--force-refresh"),
        ("apigateway-http", machine_claims(now()), ["--allowed-audience", CLIENT], "Audience", "Audience"),
        ("apigateway-rest", access_claims(now()), ["--allowed-client", CLIENT], "token_use", "ID token"),
        ("apigateway-rest", id_claims(now()), ["--allowed-scope", "api/read"], "token_use", "access token"),
        ("alb", access_claims(now()), ["--allowed-audience", CLIENT], "aud", "no aud"),
        ("identity-pool", access_claims(now()), ["--allowed-client", CLIENT], "token_use", "--token id"),
    ] {
        let output = check(&home, service, &claims, &args).run();
        output.code(8).stdout_has(&format!("FAIL  {rule}")).stderr_has("would refuse this token").stderr_has(fix);
        let output = check(&home, service, &claims, &args).arg("--json").run();
        let object = output.code(8).json();
        assert_eq!((&object["service"], &object["accepted"]), (&json!(service), &json!(false)));
        let rules = object["rules"].as_array().unwrap();
        let failed = rules.iter().find(|rule| rule["passes"] == false).unwrap();
        assert!(failed["rule"] == rule && failed["fix"].as_str().unwrap().contains(fix), "{failed}");
    }
    let object = check(&home, "alb", &machine_claims(now()), &["-o", "json"]).run().ok().quiet().json();
    assert!(
        object["accepted"] == true && object["rules"].as_array().unwrap().iter().all(|rule| rule["passes"] == true)
    );
}

#[test]
fn the_configuration_is_pasted() {
    let (home, server) = pool();
    let url = format!("{ISSUER}/.well-known/openid-configuration");
    let config = json!({"agentRuntimeName": "x", "authorizerConfiguration": {"customJWTAuthorizer": {
        "discoveryUrl": url, "allowedClients": [CLIENT], "allowedScopes": ["api/read"]}}});
    let file = home.plant("authorizer.json", config.to_string());
    let args = ["--authorizer", file.to_str().unwrap()];
    check(&home, "agentcore-runtime", &access_claims(now()), &args).run().ok().stdout_has("allowedScopes");
    check(&home, "agentcore-runtime", &machine_claims(now()), &args).run().code(8).stdout_has("FAIL  allowedClients");
    let http = json!({"JwtConfiguration": {"Audience": [MACHINE], "Issuer": ISSUER}});
    let file = home.plant("http.json", http.to_string());
    let args = ["--authorizer", file.to_str().unwrap(), "--allowed-scope", "api/write"];
    check(&home, "apigateway-http", &machine_claims(now()), &args).run().ok().stdout_has("authorizationScopes");
    // On standard input, with the token as an argument.
    let token = sign::sign(&access_claims(now()));
    let paste = |json: &str| {
        home.cogtok(["token", "check", "--for", "agentcore-gateway", "--authorizer", "-", &token]).stdin(json).run()
    };
    paste(&config.to_string()).ok();
    for (json, says) in [
        ("", "not JSON"),
        ("{}", "customJWTAuthorizer"),
        ("\u{feff}{}", "customJWTAuthorizer"),
        ("{\"authorizerType\":\"AWS_IAM\"}", "signed with AWS"),
    ] {
        paste(json).code(2).stderr_has(says).stdout_is("");
    }
    // What cogtok does not know is not taken for what it does.
    let rule = json!({"inboundTokenClaimName": "username", "inboundTokenClaimValueType": "STRING",
        "authorizingClaimMatchValue": {"claimMatchOperator": "EQUALS", "claimMatchValue": {"matchValueString": "alice"}}});
    for (setting, at) in [
        ("claimMatchOperator", "/authorizingClaimMatchValue/claimMatchOperator"),
        ("inboundTokenClaimValueType", "/inboundTokenClaimValueType"),
    ] {
        let with = |rule: &Value| {
            let mut config = config.clone();
            config["authorizerConfiguration"]["customJWTAuthorizer"]["customClaims"] = json!([rule]);
            paste(&config.to_string())
        };
        with(&rule).ok();
        let mut unknown = rule.clone();
        *unknown.pointer_mut(at).unwrap() = json!("NOT_YET");
        with(&unknown).code(2).stderr_has(&format!("cogtok does not know the {setting} `NOT_YET` of customClaims"));
    }
    let both = home.cogtok(["token", "check", "--for", "alb", "--authorizer", "-", "-"]).stdin("x").run();
    both.code(2).stderr_has("both");
    let missing = check(&home, "alb", &access_claims(now()), &["--authorizer", "/no/such/file"]).run();
    missing.code(2).stderr_has("/no/such/file");
    check(&home, "alb", &access_claims(now()), &["--authorizer", "x", "--allowed-client", CLIENT]).run().code(2);
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_token_of_another_pool_is_told_without_asking_for_keys() {
    let (home, server) = pool();
    let other = ISSUER.replace("Example", "Another");
    let mut claims = access_claims(now());
    claims["iss"] = json!(other);
    let output = check(&home, "agentcore-runtime", &claims, &["--allowed-client", CLIENT]).run();
    output.code(8).stdout_has("FAIL  iss").stderr_has("another pool").stderr_has(ISSUER);
    server.assert_untouched();
    let url = format!("{other}/.well-known/openid-configuration");
    let output = check(
        &home,
        "agentcore-runtime",
        &access_claims(now()),
        &["--allowed-client", CLIENT, "--discovery-url", &url],
    )
    .run();
    output.code(8).stdout_has("FAIL  iss");
    let updated = ISSUER.replace("//cognito", "//issuer-cognito");
    claims["iss"] = json!(updated);
    let output = check(&home, "agentcore-runtime", &claims, &["--allowed-client", CLIENT]).run();
    output.code(8).stderr_has("two issuers").stderr_has(&updated);
    server.assert_untouched();
    let url = format!("{updated}/.well-known/openid-configuration");
    check(&home, "agentcore-runtime", &claims, &["--allowed-client", CLIENT, "--discovery-url", &url]).run().ok();
    let output = check(
        &home,
        "agentcore-runtime",
        &access_claims(now()),
        &["--allowed-client", CLIENT, "--discovery-url", ISSUER],
    )
    .run();
    output.code(8).stdout_has("FAIL  discoveryUrl");
}

#[test]
fn what_cannot_be_found_out_is_no_yes() {
    let home = Home::new();
    home.pool_profile(&format!("http://127.0.0.1:{}", crate::harness::ports::closed_port()));
    let ask = |args: &[&str]| check(&home, "agentcore-runtime", &access_claims(now()), args).run();
    ask(&["--allowed-client", CLIENT]).code(6).stdout_is("").stderr_has("NOT checked");
    ask(&["--allowed-client", CLIENT, "--offline"]).code(6).stdout_is("").stderr_has("NOT checked");
    ask(&[]).code(2).stdout_is("").stderr_has("allowedClients");
    insta::assert_snapshot!(check(&home, "apigateway-http", &access_claims(now()), &[]).run().message(), @"
    exit 2
    error: apigateway-http needs Audience, and none was given (profile `ws`)
    hint: add --allowed-client, --allowed-audience or --allowed-scope as the service has them, or --authorizer FILE
    ");
    let file = home.plant("jwks.json", sign::jwks().to_string());
    ask(&["--allowed-client", CLIENT, "--jwks", file.to_str().unwrap(), "--offline"]).ok();
    let bare = Home::new();
    insta::assert_snapshot!(check(&bare, "alb", &access_claims(now()), &[]).run().message(), @"
    exit 3
    error: no profile is chosen, and `user_pool_id` is not set
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    hint: or add --discovery-url URL
    ");
    insta::assert_snapshot!(check(&bare, "identity-pool", &id_claims(now()), &["--discovery-url", ISSUER]).run().message(), @"
    exit 2
    error: identity-pool needs the app client of its user pool provider, and none was given
    hint: add --allowed-client, --allowed-audience or --allowed-scope as the service has them, or --authorizer FILE
    ");
    bare.cogtok(["token", "check", "--for", "lambda", "x"]).run().code(2).stdout_is("");
    insta::assert_snapshot!(bare.cogtok(["token", "check", "x"]).run().message(), @"
    exit 2
    error: `token check` needs --for <SERVICE>
    hint: usage: cogtok token check --for <SERVICE> <TOKEN>
    hint: see `cogtok token check --help`
    ");
    let opaque = check(&home, "alb", &json!({}), &[]).stdin("opaque-token").run();
    opaque.code(8).stdout_has("FAIL  format").stderr_lacks("opaque-token");
}

#[test]
fn cached_tokens_of_a_real_pool_are_checked() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let email = workshop.user("Canary-Password-7!");
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    home.cogtok(["token", "user", "--password-stdin"]).stdin("Canary-Password-7!").run().ok();
    home.cogtok(["token", "m2m"]).m2m_secret(workshop).run().ok();
    let ask = |service: &str, args: &[&str]| home.cogtok(["token", "check", "--for", service]).args(args).run();
    ask("agentcore-runtime", &["--allowed-client", &workshop.web.id]).ok();
    ask("agentcore-runtime", &["--allowed-client", &workshop.web.id, "--token", "id"])
        .code(8)
        .stderr_has("access token");
    ask("agentcore-gateway", &["--as", "m2m", "--allowed-client", &workshop.m2m.id, "--allowed-scope", "api.dev/read"])
        .ok();
    ask("identity-pool", &["--token", "id"]).ok();
    ask("identity-pool", &[]).code(8).stderr_has("--token id");
    ask("apigateway-rest", &["--token", "id"]).ok();
    ask("apigateway-rest", &["--as", "m2m", "--allowed-scope", "api.dev/write"]).ok();
    ask("apigateway-http", &["--as", "m2m", "--allowed-audience", &workshop.m2m.id]).ok();
    ask("alb", &["--as", "m2m"]).ok();
    let late = home.cogtok(["token", "check", "--for", "alb", "--as", "m2m"]).under(["faketime", "-f", "+5h"]).run();
    late.code(8).stdout_has("FAIL  exp").stderr_has("--force-refresh");
    assert!(!POOL.is_empty());
}

#[test]
fn hostile_tokens_are_escaped() {
    let (home, _server) = pool();
    let mut claims = access_claims(now());
    claims["client_id"] = json!("\u{1b}]52;c;eA==\u{7}\u{202e}\n");
    for args in [&["--allowed-client", CLIENT][..], &["--allowed-client", CLIENT, "--json"]] {
        let output = check(&home, "agentcore-runtime", &claims, args).run();
        output.code(8);
        assert!(output.stdout.chars().all(crate::harness::oracle::printable), "{:?}", output.stdout);
    }
}

/// A variable that is not set allows nothing: the token of a client without scopes would have that one.
#[test]
fn an_empty_option_is_refused_and_not_compared() {
    let (home, _server) = pool();
    let mut claims = access_claims(now());
    (claims["scope"], claims["client_id"]) = (json!(""), json!(""));
    for option in ["--allowed-scope", "--allowed-client", "--allowed-audience", "--discovery-url", "--authorizer"] {
        let output = check(&home, "agentcore-runtime", &claims, &[option, ""]).run();
        output.code(2).stdout_is("").stderr_has(&format!("`{option}` is empty"));
    }
}
