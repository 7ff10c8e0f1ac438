//! `cogtok doctor` where all is well, where there is little to look at, and in each of its forms.

use crate::harness::oracle::{find_canary, printable};
use crate::harness::{FakeSecretService, Home, Keyring, Output, Proxy, Run, Server, workshop};
use serde_json::Value;
use std::time::Duration;

pub const PASSWORD: &str = "Correct-Horse-7-Battery";

/// What the checks of this name found: status and detail.
#[track_caller]
pub fn of(output: &Output, check: &str) -> Vec<(String, String)> {
    let list = output.json();
    let found = list.as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found: Vec<_> = found.map(|finding| (text(&finding["status"]), text(&finding["detail"]))).collect();
    output.check(!found.is_empty(), &format!("nothing was said of {check}"));
    found
}

/// The first finding of this name has this status, and its detail these words.
#[track_caller]
pub fn says(output: &Output, check: &str, status: &str, words: &str) {
    let found = of(output, check);
    let holds = found.iter().any(|(is, detail)| is == status && detail.contains(words));
    output.check(holds, &format!("expected {check} to be {status} with {words:?}, not {found:?}"));
}

/// The hint of the first finding of this check and status.
#[track_caller]
pub fn hint(output: &Output, check: &str, status: &str) -> String {
    let list = output.json();
    let found =
        list.as_array().unwrap().iter().find(|finding| finding["check"] == check && finding["status"] == status);
    output.check(found.is_some(), &format!("no {check} is {status}"));
    found.unwrap()["hint"].as_str().unwrap().to_owned()
}

/// What holds for every answer: narrow, harmless to a terminal, and without these secrets.
#[track_caller]
pub fn is_clean(output: &Output, secrets: &[&str]) {
    for secret in secrets {
        let leak = find_canary(output.stdout.as_bytes(), secret);
        output.check(leak.is_none(), &format!("on stdout: {leak:?}"));
    }
    output.check(output.stdout.chars().all(printable), "stdout holds what a terminal obeys");
    let is_narrow = output.stdout.starts_with('[') || output.stdout.lines().all(|line| line.chars().count() <= 80);
    output.check(is_narrow, "wider than 80 columns");
}

/// Nothing is less than ok.
#[track_caller]
fn all_ok(output: &Output) {
    let list = output.json();
    let others = list.as_array().unwrap().iter().filter(|finding| finding["status"] != "ok");
    let others: Vec<&Value> = others.collect();
    output.check(others.is_empty(), &format!("{others:#?}"));
}

/// A profile with a user who signed in, a machine token and a stored secret.
fn settle<'h>(home: &'h Home, dress: &dyn Fn(Run<'h>) -> Run<'h>) -> [String; 3] {
    let ws = workshop();
    home.workshop_profile(ws);
    home.canary_password(PASSWORD);
    dress(home.cogtok(["secret", "set", "m2m-client"])).stdin(ws.m2m_secret()).run().ok();
    let email = ws.user(PASSWORD);
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    let token = |output: Output| output.ok().line().to_string();
    let machine = token(dress(home.cogtok(["token", "m2m"])).run());
    let user = token(dress(home.cogtok(["token", "user", "--password-stdin"])).stdin(PASSWORD).run());
    [machine, user, email]
}

fn of_a_working_profile<'h>(home: &'h Home, place: &str, dress: &dyn Fn(Run<'h>) -> Run<'h>) {
    let [machine, user, email] = settle(home, dress);
    let secrets = [machine.as_str(), &user, PASSWORD, workshop().m2m_secret()];
    let files = home.cache_files();
    let text = dress(home.cogtok(["doctor"])).aws().run();
    text.ok().stderr_has("All checks passed.").stdout_has("+ ok    configuration    ").stdout_has(&email);
    text.stdout_has("client_credentials".split('_').next().unwrap());
    is_clean(&text, &secrets);
    let output = dress(home.cogtok(["doctor", "--json", "-vv"])).aws().run();
    is_clean(output.ok(), &secrets);
    all_ok(&output);
    says(&output, "configuration", "ok", "readable and private");
    says(&output, "profile", "ok", "`ws`, from `default_profile`");
    says(&output, "secret-store", "ok", place);
    says(&output, "secret", "ok", place);
    says(&output, "region", "ok", "us-east-1, from the pool id");
    says(&output, "clock", "ok", "within a minute");
    says(&output, "cognito-api", "ok", &workshop().endpoint);
    says(&output, "token-url", "ok", &workshop().endpoint);
    says(&output, "discovery", "ok", &workshop().issuer);
    says(&output, "signing-keys", "ok", "RS256");
    says(&output, "user-client", "ok", "allows the flow `srp`");
    says(&output, "m2m-client", "ok", "api.dev/read, api.dev/write");
    says(&output, "user-token", "ok", "in 60 min");
    says(&output, "m2m-token", "ok", &workshop().m2m.id);
    says(&output, "variables", "ok", "none");
    assert!(home.cache_files() == files, "the cache was written");
}

#[test]
fn all_is_well_with_a_real_keyring_and_nothing_of_it_is_shown() {
    let (home, keyring) = (Home::new(), Keyring::start());
    of_a_working_profile(&home, "the keyring", &|run| run.keyring(&keyring));
}

#[test]
fn all_is_well_with_the_secrets_file() {
    let home = Home::new();
    let identity = crate::sealed::init(&home);
    of_a_working_profile(&home, "the secrets file", &|run| run.env("COGTOK_SECRET_IDENTITY", &identity));
    // Without what opens it, it is not asked for.
    let closed = home.cogtok(["doctor", "--json", "--offline"]).run();
    says(closed.ok(), "secret-store", "warn", "this command does not ask for its passphrase");
    says(&closed, "secret", "skip", "can't be read");
}

#[test]
fn its_json_is_a_list_of_four_keys_each_and_its_order_does_not_change() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let output = home.cogtok(["doctor", "--json"]).aws().run();
    let list = output.json();
    let mut names = Vec::new();
    for finding in list.as_array().unwrap() {
        let keys: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["check", "status", "detail", "hint"]);
        let has_hint = finding["hint"].is_string();
        assert_eq!(has_hint, ["warn", "fail"].contains(&finding["status"].as_str().unwrap()), "{finding}");
        assert!(!finding["detail"].as_str().unwrap().is_empty());
        names.push(finding["check"].as_str().unwrap());
    }
    names.dedup();
    let expected = [
        "configuration",
        "profile",
        "secret-store",
        "aws-credentials",
        "region",
        "clock",
        "cognito-api",
        "token-url",
        "discovery",
        "signing-keys",
        "user-client",
        "m2m-client",
        "user-token",
        "m2m-token",
        "variables",
    ];
    assert_eq!(names, expected);
    home.cogtok(["doctor", "-o", "csv"]).run().code(2).stdout_is("");
}

#[test]
fn without_a_profile_this_machine_is_looked_at() {
    let home = Home::new();
    let output = home.cogtok(["doctor", "--json"]).run();
    says(output.ok(), "configuration", "warn", "yet");
    says(&output, "profile", "warn", "there is none yet");
    says(&output, "secret-store", "warn", "no keyring service is reachable");
    says(&output, "region", "skip", "needs one");
    assert!(!home.config_dir().exists() && !home.cache_dir().exists(), "something was made");
    home.config("version = 1\n[profiles.a]\n[profiles.b]\n");
    let output = home.cogtok(["doctor", "--json"]).run();
    says(output.ok(), "profile", "warn", "none is chosen");
    assert!(hint(&output, "profile", "warn").contains("a, b"));
    // The old scripts' variables stand in for one.
    let old = home.cogtok(["doctor", "--json", "--endpoint-url", &workshop().endpoint]).aws();
    let old = old.env("COGNITO_USER_POOL_ID", &workshop().pool_id).env("COGNITO_CLIENT_ID", &workshop().web.id);
    let output = old.run();
    says(output.ok(), "profile", "ok", "replace it");
    says(&output, "user-client", "ok", "srp");
}

#[test]
fn offline_nobody_is_asked() {
    let (home, canary) = (Home::new(), Server::canary());
    home.profile("ws", workshop(), &canary.url(), &canary.token_url());
    let output = home.cogtok(["doctor", "--offline", "--json"]).aws().run();
    for check in ["aws-credentials", "clock", "cognito-api", "token-url", "discovery", "user-client", "m2m-client"] {
        says(output.ok(), check, "skip", "--offline");
    }
    canary.assert_untouched();
}

#[test]
fn each_server_is_asked_once_and_nothing_is_changed_there() {
    let home = Home::new();
    let proxy = Proxy::new(&workshop().endpoint);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    let output = home.cogtok(["doctor", "--json"]).aws().run();
    says(output.ok(), "cognito-api", "ok", &proxy.url());
    let mut log = proxy.log();
    log.sort();
    let pool = &workshop().pool_id;
    let expected = [
        "/".to_owned(),
        format!("/{pool}/.well-known/jwks.json"),
        format!("/{pool}/.well-known/openid-configuration"),
        "DescribeUserPoolClient".into(),
        "DescribeUserPoolClient".into(),
    ];
    assert_eq!(log, expected);
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let home = Home::new();
    let plain = home.cogtok(["doctor", "--offline"]).run();
    plain.ok().check(!plain.stdout.contains('\u{1b}'), "colours in a pipe");
    home.cogtok(["doctor", "--offline", "--color", "always"]).run().ok().stdout_has("\u{1b}[33m! warn\u{1b}[0m");
    let mut pty = home.cogtok(["doctor", "--offline"]).env("TERM", "xterm").pty();
    pty.expect("\u{1b}[33m! warn");
    assert_eq!(pty.wait().code, Some(0));
}

#[test]
fn looking_neither_unlocks_the_keyring_nor_reads_a_secret() {
    let (home, fake) = (Home::new(), FakeSecretService::start());
    home.workshop_profile(workshop());
    home.cogtok(["secret", "set", "m2m-client"]).fake(&fake).stdin(workshop().m2m_secret()).run().ok();
    for lock in [false, true] {
        if lock {
            fake.lock(crate::harness::fake_secret_service::Prompt::Stay);
        }
        let before = fake.calls().len();
        let output = home.cogtok(["doctor", "--json"]).aws().fake(&fake).timeout(Duration::from_secs(10)).run();
        let calls = fake.calls().split_off(before);
        says(&output, "secret", "ok", "is in the keyring");
        says(&output, "secret-store", if lock { "fail" } else { "ok" }, "the keyring");
        let asks = calls.iter().find(|call| ["Unlock", "Prompt", "GetSecret", "GetSecrets"].contains(&call.as_str()));
        output.code(if lock { 7 } else { 0 }).check(asks.is_none(), &format!("{calls:?}"));
    }
}
