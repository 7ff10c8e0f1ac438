//! `--config` or COGTOK_CONFIG names a file that is not there: a slip of the pen, and no empty configuration.

use crate::harness::pool::now;
use crate::harness::sign::{self, CLIENT, ISSUER};
use crate::harness::{Home, Run};

const OLD: [(&str, &str); 3] = [
    ("COGNITO_M2M_CLIENT_ID", "machine"),
    ("COGNITO_M2M_CLIENT_SECRET", "old-client-secret"),
    ("COGNITO_TOKEN_URL", "http://127.0.0.1:9/oauth2/token"),
];

/// The run with the file named in each of the two ways, and the name of the way.
fn named<'h>(home: &'h Home, words: &[&str]) -> [(Run<'h>, &'static str); 2] {
    let file = home.path("typo.toml");
    let option = home.cogtok(["--config"]).arg(&file).args(words);
    [(option, "--config"), (home.cogtok(words).env("COGTOK_CONFIG", &file), "COGTOK_CONFIG")]
}

#[test]
fn every_command_that_needs_it_says_so() {
    let home = Home::new();
    home.config("default_profile = \"own\"\n[profiles.own.user]\nclient_id = \"web\"\n");
    for words in [
        &["token", "m2m"][..],
        &["token", "m2m", "--client-id", "a", "--token-url", "https://t.example/", "--client-secret-stdin"],
        &["token", "user", "-p", "ws"],
        &["token", "inspect"],
        &["header"],
        &["status"],
        &["user", "list"],
        &["secret", "set", "m2m-client"],
        &["secret", "status"],
        &["cache", "clear", "-p", "ws"],
        &["profile", "list"],
        &["profile", "current"],
        &["profile", "show", "ws"],
        &["profile", "show", "--origin"],
        &["profile", "lint"],
        &["profile", "lint", "ws"],
        &["profile", "set", "ws", "region", "us-east-1"],
        &["profile", "unset", "ws", "region"],
        &["profile", "use", "ws"],
        &["profile", "rename", "ws", "two"],
        &["profile", "copy", "ws", "two"],
        &["profile", "delete", "ws", "--yes"],
        &["profile", "export", "ws"],
    ] {
        for (run, by) in named(&home, words) {
            let output = run.run();
            output.code(3).stderr_has(&format!("typo.toml, which {by} names"));
            output.stderr_has("there is no file").stderr_lacks("there is no profile").stderr_lacks("no profile is");
        }
    }
    // Neither do the variables of the old scripts stand in for it.
    for (run, by) in named(&home, &["token", "m2m"]) {
        let run = OLD.iter().fold(run, |run, (name, value)| run.env(name, value));
        run.run().code(3).stderr_has(&format!("typo.toml, which {by} names"));
    }
    for (run, by) in named(&home, &["doctor", "--offline", "--json"]) {
        run.prints_on_failure().run().code(3).stdout_has(&format!("typo.toml, which {by} names"));
    }
    assert!(!home.path("typo.toml").exists() && !home.path("typo.toml.lock").exists());
}

#[test]
fn what_needs_none_goes_on_and_tab_and_prompt_stay_silent() {
    let home = Home::new();
    let token = sign::sign(&sign::access_claims(now()));
    let file = home.plant("other.toml", "version = 1\n");
    let keys = home.plant("jwks.json", sign::jwks().to_string());
    let (file, keys) = (file.to_str().unwrap(), keys.to_str().unwrap());
    let pool = ["--issuer", ISSUER, "--jwks", keys];
    for words in [
        &["cache", "list"][..],
        &["cache", "clear"],
        &["completions", "bash"],
        &["token", "inspect", &token],
        &["token", "verify", &token, pool[0], pool[1], pool[2], pool[3], "--client-id", CLIENT],
        &["profile", "lint", file],
    ] {
        for (run, _) in named(&home, words) {
            run.run().ok();
        }
    }
    for (run, by) in named(&home, &["cache", "list"]) {
        run.run()
            .ok()
            .stderr_has(&format!("warning: there is no file {}", home.path("typo.toml").display()))
            .stderr_has(by);
    }
    for (run, _) in named(&home, &["profile", "current", "--prompt"]) {
        run.run().ok().quiet().stdout_is("");
    }
}

#[test]
fn what_makes_a_configuration_makes_the_file() {
    let home = Home::new();
    let file = home.allow(home.path("typo.toml"));
    home.allow(home.path("typo.toml.lock"));
    let export = home.plant("export.toml", "cogtok_export = 1\n[profiles.ws.user]\nclient_id = \"web\"\n");
    for words in [
        &["profile", "create", "ws", "--client-id", "web"][..],
        &["profile", "import", export.to_str().unwrap()],
        &["secret", "init"],
    ] {
        for (run, _) in named(&home, words) {
            run.run().ok();
            assert!(file.exists(), "{words:?}");
            std::fs::remove_file(&file).unwrap();
        }
    }
}
