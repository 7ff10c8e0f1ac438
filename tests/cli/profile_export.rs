//! `cogtok profile export` and its import: what is included, what stays, and an organiser who hands a class one file.

use crate::harness::verify::verify;
use crate::harness::{Home, Keyring, need, workshop};
use crate::import::settings;
use crate::sealed::{PASSPHRASE, init};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// Two profiles with everything that a profile can say.
pub const CONFIG: &str = r#"# mine
version = 1
default_profile = "ws"

[profiles.ws]
# a comment of my own
description = "Berlin \"west\" #1"
user_pool_id = "us-east-1_AbCdEfGhI"
aws_profile = "organiser"
secrets = ["m2m-client", "password"]
odd = "x"
[profiles.ws.user]
client_id = "web"
username = "alice@example.com"
redirect_uris = ["http://127.0.0.1:8484/callback"]
[profiles.ws.m2m]
client_id = "machine"
scopes = ["api/read", "api/write"]
token_url = "https://ws.example/oauth2/token"
scope_in_query = true
[profiles.ws.targets.tools]
url = "https://tools.example/mcp"
as = "m2m"
kind = "gateway"

[profiles."w.2".m2m]
client_id = "other"
token_url = "https://two.example/oauth2/token"
"#;

/// What age-keygen makes: the identity's file and its public key.
pub fn keygen(home: &Home, name: &str) -> (PathBuf, String) {
    need("age-keygen", "age");
    let path = home.allow(home.path(format!("keys-{name}.txt")));
    home.program("age-keygen", ["-o"]).arg(&path).umask(0o077).run().ok();
    let text = std::fs::read_to_string(&path).unwrap();
    home.canary(text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap());
    let public = home.program("age-keygen", ["-y"]).arg(&path).run().ok().line().to_string();
    (path, public)
}

#[test]
fn a_plain_export_is_toml_without_secrets_that_another_home_imports() {
    let (home, other) = (Home::new(), Home::new());
    home.config(CONFIG);
    let out = home.cogtok(["profile", "export", "ws"]).run();
    out.ok().stderr_has("left out as your own: aws_profile, user.username").stderr_has("`odd` of `ws` is not exported");
    for gone in ["organiser", "alice", "odd", "secrets =", "comment of my own"] {
        out.check(!out.stdout.contains(gone), gone);
    }
    let table: toml::Table = out.stdout.parse().unwrap();
    assert_eq!(table["cogtok_export"].as_integer(), Some(1));
    let header: Vec<&str> = out.stdout.lines().take_while(|line| line.starts_with('#')).collect();
    assert!(header[0].contains("without secrets") && header[1].contains("cogtok profile import FILE"), "{header:?}");
    let made = other.cogtok(["profile", "import", "-"]).stdin(&out.stdout).run();
    made.ok().stdout_is("").stderr_has("created profile `ws` (now the default)").stderr_lacks("warning");
    made.stderr_has("cogtok secret set m2m-client -p ws");
    let mut expected = settings(&home, "ws");
    for gone in ["aws_profile", "secrets", "user.username"] {
        expected.as_object_mut().unwrap().remove(gone);
    }
    assert_eq!(settings(&other, "ws"), expected);
    // The export of what was imported is the same file.
    other.cogtok(["profile", "export"]).run().ok().quiet().stdout_is(&out.stdout);
    let kept = home.cogtok(["profile", "export", "-q", "--keep", "aws_profile", "--keep", "user.username"]).run();
    kept.ok().stdout_has("aws_profile = \"organiser\"").stdout_has("username = \"alice@example.com\"");
    insta::assert_snapshot!(home.cogtok(["profile", "export", "--keep", "secrets"]).run().message(), @"
    exit 2
    error: `secrets` can't be kept by name
    hint: aws_profile and user.username are left out unless kept; `secrets` always is, and everything else is exported
    ");
}

#[test]
fn a_file_that_is_there_is_replaced_on_demand_alone() {
    let home = Home::new();
    home.config(CONFIG);
    let file = home.allow(home.path("class.age"));
    std::fs::write(&file, "age-encryption.org/v1\nsealed").unwrap();
    let export = |args: &[&str]| home.cogtok(["profile", "export", "ws", "--output-file"]).arg(&file).args(args).run();
    let kept = || std::fs::read_to_string(&file).unwrap() == "age-encryption.org/v1\nsealed";
    for args in [&[][..], &["--with-secrets", "--passphrase-stdin"]] {
        export(args).code(7).stderr_has("class.age already exists: nothing was exported").stderr_has("`--force`");
        assert!(kept(), "{args:?}");
    }
    export(&["--force"]).ok();
    assert!(std::fs::read_to_string(&file).unwrap().contains("cogtok_export") && !kept());
    std::fs::remove_file(&file).unwrap();
    export(&["--force"]).ok();
    insta::assert_snapshot!(home.cogtok(["profile", "export", "ws", "--force"]).run().message(), @"
    exit 2
    error: `profile export` needs --output-file <FILE>
    hint: usage: cogtok profile export --output-file <FILE> --force <NAMES>...
    hint: see `cogtok profile export --help`
    ");
}

#[test]
fn several_profiles_go_under_their_own_names_and_one_may_have_another() {
    let (home, other) = (Home::new(), Home::new());
    home.config(CONFIG);
    let file = home.allow(home.path("both.toml"));
    let out = home.cogtok(["profile", "export", "w.2", "ws", "w.2", "--output-file"]).arg(&file).run();
    out.ok().stdout_is("").stderr_has("cogtok profile import");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let all = home.cogtok(["profile", "export", "--all", "-q"]).run();
    assert_eq!(all.ok().stdout, std::fs::read_to_string(&file).unwrap());
    let import = |args: &[&str]| other.cogtok(["profile", "import"]).arg(&file).args(args).run();
    import(&["--name", "x"]).code(2).stderr_has("it contains 2 profiles").stderr_has("w.2, ws");
    import(&["--client-id", "x"]).code(2).stderr_has("an export is imported unchanged");
    import(&["--copy-secret"]).code(2);
    let dry = import(&["--dry-run"]);
    dry.ok().stderr_has("profile `w.2` would be created").stderr_has("profile `ws` would be created");
    assert!(!other.config_dir().exists());
    let made = import(&["--json"]);
    let names: Vec<_> = made.ok().json().as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!((names, &made.json()[1]["source_kind"]), (vec![json!("w.2"), json!("ws")], &json!("export")));
    // Nobody said which of them is meant.
    made.stderr_has("cogtok profile use NAME");
    other.cogtok(["profile", "current"]).run().code(3);
    let before = std::fs::read_to_string(other.config_file()).unwrap();
    import(&[]).code(3).stderr_has("profiles w.2, ws already exist: nothing was imported").stderr_has("--replace");
    assert_eq!(std::fs::read_to_string(other.config_file()).unwrap(), before);
    other.cogtok(["profile", "set", "ws", "description", "changed"]).run().ok();
    import(&["--replace"]).ok().stderr_has("replaced profile `ws`").stderr_has("was changed");
    assert_eq!(std::fs::read_to_string(other.config_file()).unwrap(), before);
    // What the organiser left out as their own is the attendee's own here.
    other.cogtok(["profile", "set", "ws", "user.username", "bob@example.com"]).run().ok();
    import(&["--replace"]).ok().stderr_has("(your own, unchanged)");
    assert_eq!(settings(&other, "ws")["user.username"], json!("bob@example.com"));
    let one = home.cogtok(["profile", "export", "w.2", "-q"]).run().ok().stdout.clone();
    insta::assert_snapshot!(other.cogtok(["profile", "import", "-"]).stdin(&one).run().message(), @"
    exit 3
    error: profile `w.2` already exists: nothing was imported
    hint: add `--replace` to replace it, or `--name NAME` for another; `--dry-run --replace` shows what would change
    ");
    other.cogtok(["profile", "import", "-", "--name", "renamed"]).stdin(&one).run().ok();
    assert_eq!(settings(&other, "renamed")["m2m.client_id"], json!("other"));
    // An address of the command line goes into each.
    let region = other.cogtok(["profile", "import", "-", "--name", "there", "--region", "eu-west-1"]).stdin(&one).run();
    region.ok();
    assert_eq!(settings(&other, "there")["region"], json!("eu-west-1"));
}

#[test]
fn what_cannot_be_exported_says_why_and_prints_nothing() {
    let home = Home::new();
    insta::assert_snapshot!(home.cogtok(["profile", "export"]).run().message(), @"
    exit 3
    error: there is no profile yet
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    home.config(CONFIG);
    insta::assert_snapshot!(home.cogtok(["profile", "export", "nosuch"]).run().message(), @"
    exit 3
    error: there is no profile `nosuch`
    hint: the profiles are w.2, ws
    ");
    for bad in ["../x", "-x=", "a/b"] {
        home.cogtok(["profile", "export", "--", bad]).run().code(2).stderr_has("is not a profile name");
    }
    home.cogtok(["profile", "export", "--all", "ws"]).run().code(2);
    insta::assert_snapshot!(home.cogtok(["profile", "export", "--json"]).run().message(), @"
    exit 2
    error: `profile export` can't print JSON
    hint: use -o text
    ");
    for sealing in [&["--recipient", "age1x"][..], &["--armor"], &["--passphrase-stdin"], &["--recipients-file", "x"]] {
        home.cogtok(["profile", "export", "ws"]).args(sealing).run().code(2).stderr_has("--with-secrets");
    }
    home.canary("hunter2hunter2");
    let typed = home.cogtok(["profile", "export", "ws", "--with-secrets=hunter2hunter2"]).run();
    typed.code(2).stderr_has("choose one of m2m-client, user-client, password, totp");
    let none =
        home.cogtok(["profile", "export", "w.2", "--with-secrets", "--recipient"]).arg(keygen(&home, "a").1).run();
    none.code(3).stderr_has("there is no such secret to include");
    let named = home.cogtok(["profile", "export", "w.2", "--with-secrets=m2m-client", "--recipient", "age1x"]).run();
    named.code(2).stderr_has("`age1x` is not a recipient");
    let (dir, link) = (home.path("tmp"), home.allow(home.path("link")));
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    for path in [&dir, &link, Path::new("/nowhere/x")] {
        home.cogtok(["profile", "export", "ws", "--output-file"])
            .arg(path)
            .run()
            .code(7)
            .stderr_has("can't be written");
    }
    home.config("[profiles.ws]\nendpoint_url = \"http://evil.example\"\n");
    insta::assert_snapshot!(home.cogtok(["profile", "export", "ws"]).run().message(), @"
    exit 3
    error: profile `ws`: endpoint_url: `http://evil.example` is refused: plain http is allowed only to this machine (127.0.0.1, [::1], localhost)
    hint: use https://
    hint: run `cogtok profile set ws endpoint_url VALUE`
    ");
    let key = "AGE-SECRET-KEY-1CANARYQQQQ";
    home.canary(key);
    for name in ["description", "user.client_id"] {
        home.config(&format!("[profiles.ws]\n{name} = \"{key}\"\n"));
        let misplaced = home.cogtok(["profile", "export", "ws"]).run();
        misplaced.code(3).stdout_is("").stderr_has(&format!("`{name}` of profile `ws` looks like a secret"));
        misplaced.stderr_has(&format!("cogtok profile unset ws {name}"));
    }
    home.config("[profiles.ws]\nendpoint_url = \"http://127.0.0.1:1\"\n");
    home.cogtok(["profile", "export", "ws"]).run().ok().stderr_has("`endpoint_url` points to this machine");
}

/// The organiser's machine: a pool with a user whose password is stored as well.
fn organiser(keyring: &Keyring) -> (Home, String) {
    let (home, ws) = (Home::new(), workshop());
    home.workshop_profile(ws);
    home.canary_password(PASSWORD);
    let email = ws.user(PASSWORD);
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    for (kind, secret) in [("m2m-client", ws.m2m_secret()), ("password", PASSWORD)] {
        home.cogtok(["secret", "set", kind, "-p", "ws"]).stdin(secret).keyring(keyring).run().ok();
    }
    (home, email)
}

#[test]
fn an_organiser_hands_a_class_one_file_that_works_with_keyring_and_secrets_file_alike() {
    let (keyring, attendees) = (Keyring::start(), Keyring::start());
    let (organiser, email) = organiser(&keyring);
    let (with_keyring, with_file, ws) = (Home::new(), Home::new(), workshop());
    for home in [&organiser, &with_keyring, &with_file] {
        home.canary(ws.m2m_secret());
        home.canary_password(PASSWORD);
        home.canary(PASSPHRASE);
    }
    // One attendee made an identity with cogtok, the other with age.
    let identity = init(&with_file);
    let text = std::fs::read_to_string(&identity).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let (key, public) = keygen(&with_keyring, "attendee");
    let class = organiser.plant("class.txt", format!("# the class\n\n{recipient}\n  {public}\n"));
    let file = organiser.allow(organiser.path("class.age"));
    let export = organiser.cogtok(["profile", "export", "ws", "--with-secrets=m2m-client,password"]);
    let out = export.arg("--recipients-file").arg(&class).arg("--output-file").arg(&file).keyring(&keyring).run();
    out.ok()
        .stdout_is("")
        .stderr_has("the m2m-client secret is included (encrypted)")
        .stderr_has("the password secret is included (encrypted)");
    let bytes = std::fs::read(&file).unwrap();
    assert!(
        bytes.starts_with(b"age-encryption.org/v1\n") && file.metadata().unwrap().permissions().mode() & 0o777 == 0o600
    );

    let import = |home: &'static str| ["profile", "import", home];
    let file = file.to_str().unwrap().to_string().leak();
    let taken = with_keyring.cogtok(import(file)).arg("--identity").arg(&key).keyring(&attendees).run();
    taken.ok().stdout_is("").stderr_has("secret, in the keyring").stderr_lacks("missing").stderr_lacks("warning");
    let taken = with_file.cogtok(import(file)).env("COGTOK_SECRET_IDENTITY", &identity).run();
    taken.ok().stdout_is("").stderr_has("secret, in the secrets file").stderr_lacks("missing");
    for home in [&with_keyring, &with_file] {
        assert_eq!(settings(home, "ws")["user.username"], json!(email));
        assert_eq!(settings(home, "ws")["secrets"], json!(["m2m-client", "password"]));
        let run =
            |words: &[&str]| home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &identity).keyring(&attendees).run();
        let machine = run(&["token", "m2m", "-p", "ws"]);
        assert_eq!(verify(machine.ok().line(), ws)["client_id"], json!(ws.m2m.id));
        let user = run(&["token", "user", "-p", "ws"]);
        assert_eq!(verify(user.ok().line(), ws)["client_id"], json!(ws.web.id));
    }
    // Bound to client and address, as if they had been typed.
    let mut accounts: Vec<String> = attendees.entries().iter().map(|entry| entry["username"].clone()).collect();
    accounts.retain(|account| !account.starts_with("refresh-token"));
    accounts.sort();
    let bound = format!("m2m-client|{}|{}|", ws.m2m.id, ws.endpoint);
    assert_eq!(accounts, [bound, format!("password|{}|{}|{email}", ws.web.id, ws.endpoint)]);
}

#[test]
fn a_secret_that_this_machine_keeps_is_not_replaced_by_somebodys_export() {
    let (keyring, home) = (Keyring::start(), Home::new());
    home.config(CONFIG);
    for secret in ["my-own-machine-secret", "of-a-stranger"] {
        home.canary(secret);
    }
    let set = home.cogtok(["secret", "set", "m2m-client", "-p", "w.2"]).stdin("my-own-machine-secret");
    set.keyring(&keyring).run().ok();
    let stranger = "cogtok_export = 1\n[profiles.gift.m2m]\nclient_id = \"other\"\ntoken_url = \"https://two.example/oauth2/token\"\n\
        [secrets.gift]\nm2m-client = \"of-a-stranger\"\n";
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    let import =
        |args: &[&str]| home.cogtok(["profile", "import", "-"]).args(args).stdin(stranger).keyring(&keyring).run();
    import(&[])
        .code(3)
        .stderr_has("another m2m-client secret of client other is already stored")
        .stderr_has("--no-secrets");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before);
    let stored = |kind: &str| {
        keyring.entries().iter().find(|entry| entry["username"].starts_with(kind)).unwrap()["secret"].clone()
    };
    assert_eq!(stored("m2m-client"), "my-own-machine-secret");
    import(&["--no-secrets"]).ok().stderr_has("): `--no-secrets`");
    assert_eq!(stored("m2m-client"), "my-own-machine-secret");
    import(&["--name", "new", "--replace"]).code(3).stderr_has("it is in use by gift, w.2");
    assert_eq!(stored("m2m-client"), "my-own-machine-secret");
    import(&["--name", "w.2", "--replace"]).ok().stderr_has("also that of gift");
    assert_eq!(stored("m2m-client"), "of-a-stranger");
    let account = "m2m-client|other|https://two.example|";
    assert!(keyring.entries().iter().any(|entry| entry["username"] == account));
}

#[test]
fn who_imports_it_has_another_configuration() {
    let home = Home::new();
    let config = home.plant("own.toml", "[profiles.ws]\nregion = \"us-east-1\"\n");
    let file = home.allow(home.path("ws-export.toml"));
    let export =
        home.cogtok(["profile", "export", "ws", "--config"]).arg(&config).arg("--output-file").arg(&file).run();
    export.ok().stderr_has(&format!("hint: to import it: cogtok profile import {}\n", file.display()));
}
