//! `/dev/null` as the configuration: none is wanted, and everything comes from variables.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, need_namespaces};

const NULL: &str = "/dev/null";

fn by_variable<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(words).env("COGTOK_CONFIG", NULL)
}

#[test]
fn it_is_an_empty_configuration() {
    let home = Home::new();
    home.canary(SECRET);
    home.config("default_profile = \"own\"\n[profiles.own.user]\nclient_id = \"web\"\n");
    let token = m2m_jwt(CLIENT, "api/read");
    let server = Server::always(Answer::token(&token));
    let run = by_variable(&home, &["token", "m2m", "--no-cache"]).env("COGTOK_M2M_CLIENT_ID", CLIENT);
    let run = run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).env("COGTOK_TOKEN_URL", server.token_url());
    run.run().ok().quiet().stdout_is(&format!("{token}\n"));
    let profiles = home.cogtok(["--config", NULL, "profile", "list", "-o", "json"]).run().ok().json();
    assert_eq!(profiles, serde_json::json!([]));
    let doctor = by_variable(&home, &["doctor", "--offline"]).run();
    doctor.ok().stdout_has("/dev/null stands for no configuration");
    doctor.check(!doctor.stdout.contains("chmod"), "nobody is to change the device");
}

#[test]
fn nothing_is_written_there() {
    let home = Home::new();
    // Mounted onto itself it can't be replaced, whatever cogtok does: these tests run as root as well.
    need_namespaces();
    let guarded = ["unshare", "-Urm", "sh", "-c", "mount --bind /dev/null /dev/null && exec \"$@\"", "sh"];
    let create = by_variable(&home, &["profile", "create", "ws", "--client-id", "web"]).under(guarded);
    create.run().code(7).stderr_has("/dev/null can't be written: it is not a regular file");
    assert!(!std::path::Path::new("/dev/null.lock").exists(), "not even a lock");
}

#[test]
fn what_is_missing_there_comes_from_variables() {
    let home = Home::new();
    let none = "hint: /dev/null stands for no configuration: ";
    let says = |run: Run<'_>, set: &str| {
        run.run().code(3).stderr_has(&format!("{none}{set}\n")).stderr_lacks("profile create");
    };
    let machine = || by_variable(&home, &["token", "m2m"]);
    says(machine(), "set COGTOK_M2M_CLIENT_ID, COGTOK_TOKEN_URL and COGTOK_M2M_CLIENT_SECRET");
    says(machine().env("COGTOK_M2M_CLIENT_ID", CLIENT), "set COGTOK_TOKEN_URL and COGTOK_M2M_CLIENT_SECRET");
    let user = || by_variable(&home, &["token", "user", "--region", "us-east-1"]);
    says(user(), "set COGTOK_USER_POOL_ID, COGTOK_CLIENT_ID, COGTOK_USERNAME and COGTOK_PASSWORD");
    says(by_variable(&home, &["user", "list"]), "set COGTOK_USER_POOL_ID");
    let secret = by_variable(&home, &["secret", "status"]).run();
    secret.code(3).stderr_has(&format!("{none}name a file with `--config FILE`")).stderr_lacks("profile create");
    by_variable(&home, &["profile", "list"]).run().ok().stderr_has("/dev/null").stderr_lacks("profile create");
}
