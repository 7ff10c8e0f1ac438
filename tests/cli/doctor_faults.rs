//! `cogtok doctor` where something is wrong: each check's failure brought about for real, its exit code and how to fix it.

use crate::doctor::{hint, is_clean, of, says};
use crate::harness::ports::closed_port;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Bus, Home, Keyring, Output, Run, Server, need, workshop};
use serde_json::json;
use std::time::Duration;

/// Of a pool by its issuer.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NvZ25pdG8taWRwLnVzLWVhc3QtMS5hbWF6b25hd3MuY29tL3VzLWVhc3QtMV9DYW5hcnkifQ.c2ln";

pub fn doctor<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["doctor", "--json"]).args(args).timeout(Duration::from_secs(15))
}

fn lists_a_secret(home: &Home) {
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"machine\"\nm2m.token_url = \"{}\"\n",
        workshop().token_url
    ));
}

#[test]
fn each_fault_of_the_configuration_is_told_and_the_rest_is_looked_at() {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws\n");
    let output = doctor(&home, &[]).run();
    says(output.code(3), "configuration", "fail", "line 2");
    says(&output, "profile", "skip", "can't be read");
    says(&output, "variables", "ok", "none");
    for args in [vec!["-p", "ws"], vec![]] {
        home.config("default_profile = \"wss\"\nnonsense = 1\n[profiles.wsx]\n");
        let output = doctor(&home, &args).run();
        says(output.code(3), "profile", "fail", "there is no profile `ws");
        says(&output, "configuration", "warn", "`nonsense`");
        assert!(hint(&output, "profile", "fail").contains("did you mean `wsx`"));
    }
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = 7\nregion = \"a b\"\nclient_secret = \"x\"\nuser.auth_flow = \"srpp\"\n\
         user.client_id = \"web\"\nidentity_pool.id = \"us-east-1:12\"\nendpoint_url = \"{}\"\n",
        workshop().endpoint
    ));
    let output = doctor(&home, &["--region", "us-east-1"]).run();
    for words in ["user_pool_id", "auth_flow"] {
        says(output.code(3), "profile", "fail", words);
    }
    says(&output, "configuration", "warn", "`client_secret` is a secret, and nothing reads it here");
    assert!(hint(&output, "configuration", "warn").contains("cogtok profile unset ws client_secret"));
    says(&output, "identity-pool", "warn", "us-east-1:12");
    says(&output, "region", "ok", "--region");
    says(&output, "cognito-api", "ok", &workshop().endpoint);
    assert_eq!(hint(&output, "profile", "fail"), "run `cogtok profile set ws user_pool_id VALUE`");
    // A secret where none belongs is not repeated, whatever it stands for.
    let keys = [
        "user_pool_id",
        "region",
        "domain",
        "endpoint_url",
        "min_validity",
        "user.client_id",
        "user.auth_flow",
        "user.token",
        "m2m.client_id",
        "m2m.token_url",
        "m2m.secret_arn",
        "identity_pool.id",
    ];
    let lines: String = keys.iter().map(|key| format!("{key} = \"misplaced canary secret\"\n")).collect();
    home.config(&format!("default_profile = \"ws\"\n[profiles.ws]\n{lines}"));
    let misplaced = doctor(&home, &[]).env("AWS_REGION", "misplaced canary secret").run();
    misplaced.code(3).check(of(&misplaced, "profile").len() > keys.len(), "one for each");
    is_clean(&misplaced, &["misplaced canary secret"]);
    is_clean(home.cogtok(["doctor"]).run().code(3), &["misplaced canary secret"]);
    // Nor is one whose key would take it, a comment or the key of another profile; and all is told that `lint` tells.
    let (key, token) = ("AGE-SECRET-KEY-1CANARYQQQQ", "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJjYW5hcnkifQ.c2lnbmVk");
    home.config(&format!(
        "version = 2\nsecret_store = \"cloud\"\ndefault_profile = \"ws\"\n# client_secret = \"{token}\"\n[profiles.ws]\ndescription = \"{key}\"\n\
         passphrase = \"{key}\"\nuser.username = \"{token}\"\nsecrets = [\"pasword\"]\nuser.client_id = \"web\"\n\
         user_pool_id = \"us-east-1_abc\"\n[profiles.other]\nnonsense = 1\n"
    ));
    let hidden = doctor(&home, &["--offline"]).run();
    for (line, words) in [(1, "newer cogtok"), (4, "this comment contains"), (7, "`passphrase` is a secret")] {
        says(hidden.code(3), "configuration", "warn", &format!("line {line}: "));
        says(&hidden, "configuration", "warn", words);
    }
    says(&hidden, "configuration", "fail", "secret_store: `cloud`");
    says(&hidden, "secret-store", "skip", "the configuration does not say");
    for key in ["description", "user.username"] {
        says(&hidden, "profile", "fail", &format!("the value of {key} looks like a secret"));
    }
    says(&hidden, "profile", "fail", "the value of secrets is not a kind of secret");
    is_clean(&hidden, &[key, token, "nonsense", "profile set ws secrets"]);
    // Others may read it, or write to it.
    let path = home.config("version = 1\n");
    for mode in [0o644, 0o666] {
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        let output = doctor(&home, &[]).run();
        says(output.ok(), "configuration", "warn", "other users can ");
        assert!(hint(&output, "configuration", "warn").starts_with("chmod 600 /"));
    }
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    home.config("default_profile = \"ws\"\n[profiles.ws]\nm2m.client_id = \"m\"\n");
    let output = doctor(&home, &[]).run();
    says(output.code(3), "profile", "fail", "`m2m.token_url` is not set");
    assert_eq!(hint(&output, "profile", "fail"), "cogtok profile set ws m2m.token_url URL");
}

#[test]
fn a_keyring_that_is_stopped_locked_or_away_is_exit_7_within_its_deadline() {
    let home = Home::new();
    lists_a_secret(&home);
    let keyring = Keyring::start();
    let look = |keyring: &Keyring, status: &str, words: &str| {
        let output = doctor(&home, &[]).keyring(keyring).timeout(Duration::from_secs(8)).run();
        says(output.code(7), "secret-store", status, words);
        says(&output, "token-url", "ok", &workshop().endpoint);
        output
    };
    let missing = look(&keyring, "ok", "can be used");
    says(&missing, "secret", "fail", "is not in the keyring");
    assert_eq!(hint(&missing, "secret", "fail"), "store it: cogtok secret set m2m-client -p ws");
    let store = home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).stdin("doctor-canary-secret");
    store.canary("doctor-canary-secret").run().ok();
    let stored = doctor(&home, &[]).keyring(&keyring).run();
    says(stored.ok(), "secret", "ok", "is in the keyring");
    // Pointed elsewhere, it is there for another address.
    home.cogtok(["profile", "set", "ws", "m2m.token_url", "http://127.0.0.1:1/t"]).run().ok();
    let elsewhere = doctor(&home, &["--offline"]).keyring(&keyring).run();
    says(elsewhere.code(3), "secret", "fail", &format!("was stored for {}", workshop().endpoint));
    home.cogtok(["profile", "set", "ws", "m2m.token_url", &workshop().token_url]).run().ok();
    keyring.lock();
    let locked = look(&keyring, "fail", "the keyring is locked");
    says(&locked, "secret", "ok", "is in the keyring");
    keyring.stop();
    let stopped = look(&keyring, "fail", "does not answer");
    says(&stopped, "secret", "skip", "can't be read");
    keyring.cont();
    let bus = Bus::start();
    let away = doctor(&home, &[]).bus(&bus).run();
    says(away.code(7), "secret-store", "fail", "no keyring service in it");
    // What is supplied otherwise needs no store, and one that is not needed is no failure.
    let supplied = doctor(&home, &[]).bus(&bus).env("COGTOK_M2M_CLIENT_SECRET", "doctor-canary-secret").run();
    says(supplied.ok(), "secret-store", "warn", "no keyring service in it");
    says(&supplied, "secret", "ok", "comes from COGTOK_M2M_CLIENT_SECRET");
    is_clean(&supplied, &["doctor-canary-secret"]);
}

#[test]
fn a_secrets_file_that_does_not_open_is_exit_7() {
    let home = Home::new();
    let identity = crate::sealed::init(&home);
    home.workshop_profile(workshop());
    let set = home.cogtok(["secret", "set", "m2m-client"]).env("COGTOK_SECRET_IDENTITY", &identity);
    set.stdin(workshop().m2m_secret()).run().ok();
    let wrong =
        doctor(&home, &["--offline"]).env("COGTOK_PASSPHRASE", "not-the-passphrase").canary("not-the-passphrase");
    let output = wrong.run();
    says(output.code(7), "secret-store", "fail", "does not open");
    is_clean(&output, &["not-the-passphrase"]);
    let nothing = doctor(&home, &["--offline"]).env("COGTOK_SECRET_IDENTITY", "/nonexistent").run();
    says(nothing.code(7), "secret-store", "fail", "/nonexistent");
}

#[test]
fn a_name_a_port_a_certificate_and_a_proxy_are_told_apart() {
    let (home, ws) = (Home::new(), workshop());
    let profile = |endpoint: &str, token_url: &str| {
        home.config(&format!(
            "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"{}\"\nendpoint_url = \"{endpoint}\"\nuser.client_id = \"{}\"\n\
             m2m.client_id = \"{}\"\nm2m.token_url = \"{token_url}\"\n",
            ws.pool_id, ws.web.id, ws.m2m.id
        ));
    };
    let fails = |output: &Output, check: &str, words: &str, next: &str| {
        says(output.code(6), check, "fail", words);
        let hint = hint(output, check, "fail");
        output.check(hint.contains(next), &format!("{hint:?} has no {next:?}"));
    };
    profile(&format!("http://127.0.0.1:{}", closed_port()), "https://no-such-host.invalid/t");
    let output = doctor(&home, &[]).aws().run();
    fails(&output, "cognito-api", "nothing listens at 127.0.0.1:", "cogtok profile show ws");
    fails(&output, "token-url", "DNS does not know no-such-host.invalid", "DNS");
    for check in ["discovery", "signing-keys", "user-client", "m2m-client"] {
        says(&output, check, "skip", "the Cognito API is not reached");
    }
    says(&output, "clock", "skip", "no server sent its time");
    let authority = Authority::new();
    let ca = home.plant("ca.pem", authority.pem());
    for certificate in
        [Certificate::WrongHost, Certificate::UnknownAuthority, Certificate::Expired, Certificate::SelfSigned]
    {
        let server = authority.serve(certificate, |_| Answer::token("x"));
        profile(&ws.endpoint, &server.token_url());
        let output = doctor(&home, &[]).aws().arg("--ca-bundle").arg(&ca).run();
        fails(&output, "token-url", "certificate of 127.0.0.1", "--ca-bundle");
        says(&output, "cognito-api", "ok", "answers");
    }
    let server = authority.serve(Certificate::Good, |_| Answer::new(404, "text/html", "no"));
    profile(&ws.endpoint, &server.token_url());
    let untrusted = doctor(&home, &[]).aws().run();
    fails(&untrusted, "token-url", "certificate", "--ca-bundle");
    says(doctor(&home, &[]).aws().arg("--ca-bundle").arg(&ca).run().ok(), "token-url", "ok", "answers");
    // The address is not at fault.
    let unreadable = doctor(&home, &[]).aws().env("SSL_CERT_FILE", "/nonexistent/ca.pem").run();
    says(unreadable.code(2), "token-url", "fail", "CA certificates can't be read: /nonexistent/ca.pem: ");
    let fix = hint(&unreadable, "token-url", "fail");
    unreadable.check(fix.starts_with("check SSL_CERT_FILE and SSL_CERT_DIR"), &fix);
    unreadable.stderr_has("hint: check SSL_CERT_FILE").stderr_lacks("profile show");
    let nothing = doctor(&home, &["--ca-bundle", "/nonexistent"]).aws().run();
    says(nothing.code(2), "cognito-api", "fail", "CA bundle");

    profile(&ws.endpoint, "https://elsewhere.example/t");
    let closed = format!("http://somebody:proxy-canary-password@127.0.0.1:{}", closed_port());
    let output = doctor(&home, &[]).aws().canary("proxy-canary-password").env("HTTPS_PROXY", closed).run();
    fails(&output, "token-url", "through the proxy", "HTTPS_PROXY");
    is_clean(&output, &["proxy-canary-password"]);
    let refusing = Server::always(Answer::new(407, "text/html", "<html>"));
    let output = doctor(&home, &[]).aws().env("HTTPS_PROXY", refusing.url()).run();
    fails(&output, "token-url", "through the proxy: proxy authorization required", "HTTPS_PROXY");
    let socks = doctor(&home, &[]).aws().env("HTTPS_PROXY", "socks5://127.0.0.1:1").run();
    says(socks.code(2), "token-url", "fail", "SOCKS");
    home.config(
        "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\nuser.client_id = \"web\"\n",
    );
    let socks = doctor(&home, &[]).aws().env("HTTPS_PROXY", "socks5://127.0.0.1:1").run();
    says(socks.code(2), "cognito-api", "fail", "SOCKS");
    says(&socks, "discovery", "skip", "not reached");
}

#[test]
fn a_hanging_host_costs_seconds_and_a_short_time_out_is_kept() {
    let (home, server) = (Home::new(), Server::always(Answer::never()));
    home.profile("ws", workshop(), &server.url(), &server.token_url());
    let output = doctor(&home, &[]).aws().timeout(Duration::from_secs(7)).run();
    says(output.code(6), "cognito-api", "fail", "no complete answer");
    for check in ["discovery", "signing-keys", "user-client", "m2m-client"] {
        says(&output, check, "skip", "not reached");
    }
    let output = doctor(&home, &["--timeout", "1s"]).aws().timeout(Duration::from_secs(1)).run();
    says(output.code(6), "cognito-api", "fail", "no complete answer");
    says(&output, "variables", "ok", "none");
    // A keyring that is silent takes half of it, so that the rest can be told.
    let (quiet, keyring) = (Home::new(), Keyring::start());
    lists_a_secret(&quiet);
    keyring.stop();
    let output = doctor(&quiet, &["--timeout", "6s"]).keyring(&keyring).timeout(Duration::from_secs(6)).run();
    says(output.code(7), "secret-store", "fail", "does not answer");
    assert!(hint(&output, "secret-store", "fail").contains("cogtok secret init --help"));
    says(&output, "token-url", "ok", "answers");
    keyring.cont();
}

#[test]
fn a_pipe_that_never_says_the_identity_costs_seconds() {
    let home = Home::new();
    crate::sealed::init(&home);
    home.workshop_profile(workshop());
    let fifo = home.path("tmp/identity");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let run = doctor(&home, &["--offline"]).env("COGTOK_SECRET_IDENTITY", &fifo);
    let output = run.timeout(Duration::from_secs(6)).run();
    says(output.ok(), "secret-store", "warn", "nothing came from it in time");
    std::fs::remove_file(fifo).unwrap();
}

#[test]
fn a_clock_that_is_off_is_a_warning_and_then_exit_4() {
    need("faketime", "faketime");
    let home = Home::new();
    home.workshop_profile(workshop());
    for (when, code, status, words) in [
        ("+20s", 0, "ok", "within a minute"),
        ("+2m", 0, "warn", "ahead of"),
        ("-2m", 0, "warn", "behind"),
        ("+10m", 4, "fail", "600 s ahead of"),
        ("-1d", 4, "fail", "behind"),
    ] {
        let run = doctor(&home, &[]).aws().under(["faketime", "-f", when]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        says(run.run().code(code), "clock", status, words);
    }
}

#[test]
fn a_servers_words_are_shown_as_words() {
    let evil = "\u{1b}[31m\u{9b}evil\u{202e}\u{7}";
    let home = Home::new();
    let pool = "us-east-1_Scripted0";
    let server = Server::start(move |request| match (request.operation(), request.path.as_str()) {
        (Some("DescribeUserPoolClient"), _) => Answer::json(
            200,
            &json!({"UserPoolClient": {"ClientId": "web", "ClientName": evil,
            "ClientSecret": "hostile-canary-secret", "ExplicitAuthFlows": [evil], "AllowedOAuthScopes": [evil, "a b"],
            "AllowedOAuthFlows": ["code", evil], "CallbackURLs": [evil]}}),
        )
        .unlike_aws(),
        (_, path) if path.ends_with("openid-configuration") => {
            Answer::json(200, &json!({"issuer": format!("https://{evil}/{pool}"), "token_endpoint": null}))
        }
        (_, path) if path.ends_with("jwks.json") => Answer::json(200, &json!({"keys": [{"kid": evil}]})),
        _ => Answer::new(500, "text/plain", evil),
    });
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"{pool}\"\nendpoint_url = \"{0}\"\ndomain = \"{0}\"\nuser.client_id = \"web\"\n\
         m2m.client_id = \"web\"\nm2m.scopes = [\"x\"]\n",
        server.url()
    ));
    for args in [vec!["doctor"], vec!["doctor", "--json"]] {
        let output = home.cogtok(args).aws().canary("hostile-canary-secret").run();
        output.check(output.code != Some(0), "it is all wrong");
        is_clean(&output, &["hostile-canary-secret"]);
        output.stdout_has("evil");
    }
    for answer in [
        Answer::raw("this is not HTTP\r\n\r\n"),
        Answer::close(),
        Answer::json(200, &json!([])).unlike_aws(),
        Answer::redirect(302, "https://evil.example/"),
        Answer::endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 4096]),
    ] {
        let server = Server::always(answer);
        let output = doctor(&home, &["--endpoint-url", &server.url()]).aws().run();
        says(output.code(6), "signing-keys", if of(&output, "cognito-api")[0].0 == "ok" { "fail" } else { "skip" }, "");
        is_clean(&output, &[]);
    }
}

#[test]
fn variables_that_change_the_profile_or_nothing_are_named_without_their_values() {
    let home = Home::new();
    home.workshop_profile(workshop());
    home.canary(TOKEN);
    let run = doctor(&home, &[]).aws().env("AWS_BEARER_TOKEN_BEDROCK", TOKEN).env("COGTOK_AUTHFLOW", TOKEN);
    let output = run.env("COGTOK_CLIENT_ID", &workshop().password_only.id).env("COGTOK_AUTH_FLOW", "password").run();
    says(output.ok(), "bedrock-key", "warn", "AWS_BEARER_TOKEN_BEDROCK");
    says(&output, "variables", "ok", "COGTOK_AUTH_FLOW");
    says(&output, "variables", "warn", "COGTOK_CLIENT_ID overrides `user.client_id`");
    says(&output, "variables", "warn", "did you mean COGTOK_AUTH_FLOW?");
    is_clean(&output, &[TOKEN]);
    let key = doctor(&home, &["--offline"]).env("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-Y2FuYXJ5").run();
    says(key.ok(), "bedrock-key", "ok", "no Cognito token");
    let aws = doctor(&home, &["--offline"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").run();
    says(aws.ok(), "variables", "warn", "AWS_ENDPOINT_URL overrides `endpoint_url`");
    let same = doctor(&home, &["--offline"]).env("AWS_ENDPOINT_URL", &workshop().endpoint).run();
    says(same.ok(), "variables", "ok", "in use: AWS_ENDPOINT_URL");
    // What leads astray is fixed where it was said.
    let elsewhere = doctor(&home, &["--offline"]).env("COGTOK_REGION", "eu-west-1").run();
    assert_eq!(hint(elsewhere.ok(), "region", "warn"), "unset COGTOK_REGION");
    let elsewhere = doctor(&home, &["--offline", "--region", "eu-west-1"]).run();
    assert_eq!(hint(elsewhere.ok(), "region", "warn"), "leave `--region` out");
    let unread = doctor(&home, &["--offline", "-p", "nosuch"]).run();
    says(unread.code(3), "region", "skip", "the profile can't be read");
    let wrong = doctor(&home, &["--offline"]).env("COGTOK_REGION", "a b").run();
    says(wrong.code(2), "profile", "fail", "COGTOK_REGION");
    assert_eq!(hint(&wrong, "profile", "fail"), "unset COGTOK_REGION");
}
