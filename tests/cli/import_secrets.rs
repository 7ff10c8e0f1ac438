//! `cogtok profile import` and `delete`, and the secrets that are stored already: what stays, what goes and is told, and that
//! a change which is refused costs none.

use crate::cache_faults::read_only;
use crate::harness::{Home, Keyring, Output, workshop};
use crate::import::{import, settings};
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// What the keyring has: accounts and secrets.
fn stored(keyring: &Keyring) -> Vec<(String, String)> {
    let mut stored: Vec<_> =
        keyring.entries().iter().map(|entry| (entry["username"].clone(), entry["secret"].clone())).collect();
    stored.sort();
    stored
}

fn machine(secret: &str) -> String {
    format!(
        "COGNITO_M2M_CLIENT_ID=machine\nCOGNITO_M2M_CLIENT_SECRET={secret}\nCOGNITO_TOKEN_URL=https://ws.example/oauth2/token\n"
    )
}

fn from_env(home: &Home, keyring: &Keyring, text: &str, args: &[&str]) -> Output {
    home.cogtok(["profile", "import", "-"]).args(args).stdin(text).keyring(keyring).run()
}

#[test]
fn the_same_source_again_keeps_the_user_the_password_and_the_session() {
    let (keyring, home, ws) = (Keyring::start(), Home::new(), workshop());
    let again = |client: &str, more: &[&str]| {
        let source = [ws.pool_id.as_str(), "--client-id", client, "--m2m-client-id", &ws.m2m.id, "--name", "conf"];
        import(&home, &source).arg("--no-secrets").args(more).keyring(&keyring).run()
    };
    again(&ws.web.id, &[]).ok();
    let email = ws.user(PASSWORD);
    home.canary_password(PASSWORD);
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    run(&["profile", "set", "conf", "user.username", &email]).run().ok();
    run(&["profile", "set", "conf", "aws_profile", "organiser"]).run().ok();
    run(&["secret", "set", "password", "-p", "conf"]).stdin(PASSWORD).run().ok();
    run(&["secret", "set", "password", "-p", "conf", "--username", "bob"]).stdin(PASSWORD).run().ok();
    run(&["token", "user", "-p", "conf"]).run().ok();
    let before = (stored(&keyring), settings(&home, "conf"));
    assert_eq!(before.0.len(), 3, "two passwords and a refresh token: {:?}", before.0);

    again(&ws.web.id, &["--replace"])
        .ok()
        .stderr_has("(your own, unchanged)")
        .stderr_has("secret, stays in the keyring")
        .stderr_lacks("goes");
    assert_eq!((stored(&keyring), settings(&home, "conf")), before);
    run(&["token", "user", "-p", "conf", "--force-refresh", "--no-input"]).run().ok();

    // Another client: its users' secrets go, and each is told before and as it goes.
    let kept = stored(&keyring);
    let other = ws.password_only.id.as_str();
    let lines = [format!("client {} and user {email}", ws.web.id), format!("client {} and user bob", ws.web.id)];
    for more in [&["--replace", "--dry-run"][..], &["--replace", "--dry-run", "--json"], &["--replace"]] {
        assert_eq!(stored(&keyring), kept);
        let out = again(other, more);
        out.ok().stderr_lacks("stays in");
        for line in &lines {
            out.stderr_has(&format!("(of {line})"));
        }
        out.check(out.stderr.matches("removed from").count() == 3, "a line for each").stderr_has("refresh-token ");
        if more.contains(&"--json") {
            assert_eq!(out.json()["deleted_secrets"], json!(["password", "refresh-token", "password"]));
        }
    }
    assert_eq!(stored(&keyring), []);
}

#[test]
fn passwords_of_users_whom_the_profile_does_not_name_stay_listed() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let text = "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=web\n";
    from_env(&home, &keyring, text, &["--name", "ws"]).ok();
    let set = home.cogtok(["secret", "set", "password", "-p", "ws", "--username", "bob"]);
    set.canary_password(PASSWORD).stdin(PASSWORD).keyring(&keyring).run().ok();
    let before = (stored(&keyring), settings(&home, "ws"));
    from_env(&home, &keyring, text, &["--name", "ws", "--replace"]).ok().stderr_has("secret, stays in the keyring");
    assert_eq!((stored(&keyring), settings(&home, "ws")), before);
}

#[test]
fn where_the_configuration_cannot_be_edited_no_secret_goes_comes_or_changes() {
    let (keyring, home) = (Keyring::start(), Home::new());
    for secret in ["of-the-first-import", "of-the-second-import"] {
        home.canary(secret);
    }
    from_env(&home, &keyring, &machine("of-the-first-import"), &["--name", "ws"]).ok();
    let (text, before) = (std::fs::read_to_string(home.config_file()).unwrap(), stored(&keyring));
    assert_eq!(before.len(), 1);
    let another = machine("of-the-second-import");
    let other_client = another.replace("=machine", "=other");
    let lock = home.config_dir().join("config.toml.lock");
    let lock = lock.to_str().unwrap();
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    let import = |words: &[&str], text: &str| run(&["profile", "import", "-", "--name"]).args(words).stdin(text);
    let runs = || {
        [
            (run(&["profile", "delete", "ws", "--yes"]), "nothing was deleted"),
            (import(&["ws", "--replace"], &another), "nothing was imported"),
            (import(&["ws", "--replace"], &other_client), "nothing was imported"),
            (import(&["new"], &other_client), "nothing was imported"),
        ]
    };
    for (refused, says) in runs() {
        home.config(&text.replace("version = 1", "version = 2"));
        refused.run().code(7).stderr_has("newer cogtok").stderr_has(says);
        assert_eq!(stored(&keyring), before);
    }
    home.config(&text);
    for (refused, says) in runs() {
        let locked = refused.args(["--timeout", "2s"]).under(["flock", lock]).run();
        locked.code(7).stderr_has("is doing the same").stderr_has(says);
        assert_eq!(stored(&keyring), before);
    }
    for (refused, says) in runs() {
        read_only(refused, &home.config_dir()).run().code(7).stderr_has("Read-only file system").stderr_has(says);
        assert_eq!(stored(&keyring), before);
    }
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), text);
    for (allowed, _) in runs().into_iter().skip(1).take(2) {
        allowed.run().ok();
    }
    assert_eq!(
        stored(&keyring),
        [("m2m-client|other|https://ws.example|".to_string(), "of-the-second-import".to_string())]
    );
}

#[test]
fn a_secret_that_another_profile_uses_is_not_overwritten_by_any_source() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let secrets = ["that-works", "that-is-wrong", "that-is-newer"];
    secrets.iter().for_each(|secret| home.canary(*secret));
    from_env(&home, &keyring, &machine(secrets[0]), &["--name", "s2"]).ok();
    // Whoever brings the same shares it.
    from_env(&home, &keyring, &machine(secrets[0]), &["--name", "same"]).ok();
    let before = (std::fs::read_to_string(home.config_file()).unwrap(), stored(&keyring));
    for more in [&[][..], &["--replace"]] {
        let out = from_env(&home, &keyring, &machine(secrets[1]), &[&["--name", "other"], more].concat());
        out.code(3).stderr_has("another m2m-client secret of client machine is already stored: nothing was imported");
        out.stderr_has("it is in use by s2, same; `--no-secrets` keeps it");
        out.stderr_has("cogtok secret set m2m-client -p s2");
        assert_eq!((std::fs::read_to_string(home.config_file()).unwrap(), stored(&keyring)), before);
    }
    let account = before.1[0].0.clone();
    from_env(&home, &keyring, &machine(secrets[1]), &["--name", "other", "--no-secrets"]).ok();
    assert_eq!(stored(&keyring), before.1);
    // Its owner may have it replaced, and whose it is as well is told first.
    for more in ["--dry-run", "-v"] {
        let out = from_env(&home, &keyring, &machine(secrets[2]), &["--name", "s2", "--replace", more]);
        out.ok().stderr_has("(COGNITO_M2M_CLIENT_SECRET; also that of other, same)");
    }
    assert_eq!(stored(&keyring), [(account.clone(), secrets[2].to_string())]);
    // What no profile uses may be replaced as well.
    for name in ["s2", "same", "other"] {
        home.cogtok(["profile", "delete", name, "--yes", "--keep-secrets"]).run().ok();
    }
    let again = |more: &[&str]| from_env(&home, &keyring, &machine(secrets[0]), &[&["--name", "new"], more].concat());
    again(&[]).code(3).stderr_has("`--replace` replaces it, `--no-secrets` keeps yours");
    again(&["--replace"]).ok();
    assert_eq!(stored(&keyring), [(account, secrets[0].to_string())]);
}

#[test]
fn a_secret_in_the_place_of_an_id_is_neither_written_nor_repeated() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let (id, secret) = ("9example8765432zyxwvutsrqp", "1canary2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x");
    home.canary(secret);
    let swapped = machine(id).replace("=machine", &format!("={secret}"));
    for more in [&["--dry-run"][..], &[]] {
        let out = from_env(&home, &keyring, &swapped, &[&["--name", "ws"], more].concat());
        out.ok().stderr_has("skipped COGNITO_M2M_CLIENT_ID: it looks like a secret, which `m2m.client_id` is not");
        out.stderr_has("skipped the m2m-client secret (COGNITO_M2M_CLIENT_SECRET): `m2m.client_id` is not set");
    }
    assert_eq!((settings(&home, "ws")["m2m.client_id"].clone(), stored(&keyring)), (json!(null), vec![]));
    let export = format!(
        "cogtok_export = 1\n[profiles.gift]\nregion = \"us-east-1\"\nm2m.client_id = \"{secret}\"\n[secrets.gift]\nuser-client = \"\"\n"
    );
    let out = from_env(&home, &keyring, &export, &[]);
    out.ok().stderr_has("skipped `m2m.client_id`: it looks like a secret");
    out.stderr_has("skipped the user-client secret (the export): the secret is empty");
    // What is typed is in the arguments, where it is no news; it is not repeated anyway.
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    for (words, kind) in [
        (&["profile", "set", "ws", "m2m.client_id"][..], "m2m-client"),
        (&["profile", "set", "ws", "description"], "KIND"),
        (&["profile", "create", "new", "--m2m-client-id"], "m2m-client"),
        (&["profile", "create", "new", "--client-id"], "user-client"),
    ] {
        let refused = home.cogtok(words).arg(secret).run();
        refused.code(2).stderr_has(&format!("cogtok secret set {kind}"));
        refused.check(!refused.stderr.contains(secret), "the secret is repeated");
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before);
    }
    home.cogtok(["profile", "set", "ws", "m2m.client_id", id]).run().ok();
}
