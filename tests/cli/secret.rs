//! `cogtok secret`: into a real keyring, out of it, and where each one is.

use crate::harness::verify::verify;
use crate::harness::{Home, Keyring, Run, Server, workshop};
use serde_json::{Value, json};

const URL: &str = "https://token.example/oauth2/token";

/// One profile with both sides.
fn home() -> Home {
    let home = Home::new();
    let words = ["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", URL, "--client-id", "web"];
    home.cogtok(words).args(["--region", "us-east-1", "--username", "alice@example.com"]).run().ok();
    home
}

fn set<'h>(home: &'h Home, kind: &str, bytes: impl AsRef<[u8]>) -> Run<'h> {
    home.cogtok(["secret", "set", kind]).stdin(bytes)
}

/// The keyring's bytes under an account, asked without cogtok.
fn lookup(keyring: &Keyring, account: &str) -> Vec<u8> {
    keyring.secret_tool(&["lookup", "service", "cogtok", "username", account], b"").stdout
}

fn config(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

#[test]
fn what_comes_on_stdin_is_in_the_keyring_byte_for_byte_but_for_what_surrounds_it() {
    let (home, keyring) = (home(), Keyring::start());
    let long = "long-secret-".repeat(5000);
    let (machine, password) = ("m2m-client", "password");
    for (kind, given, kept) in [
        (machine, "plain-secret", "plain-secret"),
        (machine, "line-feed\n", "line-feed"),
        (machine, "carriage-return\r\n", "carriage-return"),
        (machine, "two-line-feeds\n\n", "two-line-feeds"),
        (machine, "lone-carriage\r", "lone-carriage"),
        (machine, " spaces-around ", "spaces-around"),
        (machine, "'\"`$(id)\\n%41+/=;.", "'\"`$(id)\\n%41+/=;."),
        (machine, "\u{feff}with-a-mark", "with-a-mark"),
        (machine, &long, &long),
        (password, " spaces around ", " spaces around "),
        (password, "two-line-feeds\n\n", "two-line-feeds"),
        (password, "pässwörd-€-\u{1f511}", "pässwörd-€-\u{1f511}"),
        (password, "'\"`$(id)\\n%41+/=\t;", "'\"`$(id)\\n%41+/=\t;"),
    ] {
        let output = set(&home, kind, given).canary(kept).keyring(&keyring).run();
        output.ok().stdout_is("").stderr_has("only to https://");
        let accounts = keyring.entries().into_iter().map(|entry| entry["username"].clone());
        let account = accounts.into_iter().find(|account| account.starts_with(&format!("{kind}|"))).unwrap();
        let stored = lookup(&keyring, &account);
        assert!(stored == kept.as_bytes(), "{given:?}: {:?}", String::from_utf8_lossy(&stored));
    }
    assert_eq!(keyring.entries().len(), 2, "a secret set again takes the place of the old one");
}

#[test]
fn each_kind_has_its_entry_and_the_configuration_lists_the_kinds_alone() {
    let (home, keyring) = (home(), Keyring::start());
    for (kind, secret) in
        [("m2m-client", "first-secret"), ("user-client", "second-secret"), ("password", "third-secret")]
    {
        set(&home, kind, secret).canary(secret).keyring(&keyring).run().ok();
    }
    set(&home, "m2m-client", "fourth-secret").canary("fourth-secret").keyring(&keyring).run().ok();
    let other = set(&home, "password", "fifth-secret").args(["--username", "bob|x"]);
    other.canary("fifth-secret").keyring(&keyring).run().ok().stderr_has("user bob|x");
    let api = "https://cognito-idp.us-east-1.amazonaws.com";
    let mut entries: Vec<_> = keyring.entries().iter().map(|e| (e["username"].clone(), e["secret"].clone())).collect();
    entries.sort();
    let entry = |account: String, secret: &str| (account, secret.to_string());
    assert_eq!(
        entries,
        [
            entry("m2m-client|machine|https://token.example|".into(), "fourth-secret"),
            entry(format!("password|web|{api}|alice@example.com"), "third-secret"),
            entry(format!("password|web|{api}|bob|x"), "fifth-secret"),
            entry(format!("user-client|web|{api}|"), "second-secret"),
        ]
    );
    let shown = home.cogtok(["profile", "show", "--json"]).run().ok().json();
    let mut kinds: Vec<_> = shown["secrets"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["m2m-client", "password", "user-client"]);
}

#[test]
fn a_typed_secret_is_not_shown() {
    let (home, keyring) = (home(), Keyring::start());
    home.canary("typed-at-a-terminal");
    let mut terminal = home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).pty();
    terminal.expect("secret of client machine").expect_no_echo().send_line("typed-at-a-terminal");
    let session = terminal.wait();
    assert_eq!((session.code, session.echo, session.canonical), (Some(0), true, true), "{}", session.text);
    assert_eq!(lookup(&keyring, "m2m-client|machine|https://token.example|"), b"typed-at-a-terminal");
    let mut terminal = home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).pty();
    for _ in 0..3 {
        terminal.expect("secret of client machine").expect_no_echo().send_line("");
    }
    let session = terminal.wait();
    assert_eq!((session.code, session.echo), (Some(2), true), "{}", session.text);
    assert_eq!(lookup(&keyring, "m2m-client|machine|https://token.example|"), b"typed-at-a-terminal");
}

#[test]
fn status_says_where_each_secret_is_and_never_its_value() {
    let (home, keyring) = (home(), Keyring::start());
    let api = "https://cognito-idp.us-east-1.amazonaws.com";
    let status = |args: &[&str]| home.cogtok(["secret", "status"]).args(args).keyring(&keyring);
    let places = |run: Run| {
        let list = run.run().ok().json();
        let places: Vec<Value> = list.as_array().unwrap().iter().map(|row| row["place"].clone()).collect();
        places
    };
    assert_eq!(places(status(&["--json"])), [Value::Null, Value::Null, Value::Null, Value::Null]);
    set(&home, "m2m-client", "first-secret").canary("first-secret").keyring(&keyring).run().ok();
    set(&home, "password", "second-secret").canary("second-secret").keyring(&keyring).run().ok();
    let list = status(&["--json"]).run().ok().json();
    let row = |kind: &str, place: Option<&str>, client: &str, origin: &str| json!({"kind": kind, "place": place, "client_id": client, "origin": origin});
    let expected = [
        row("m2m-client", Some("keyring"), "machine", "https://token.example"),
        row("user-client", None, "web", api),
        row("password", Some("keyring"), "web", api),
        row("totp", None, "web", api),
    ];
    assert_eq!(list, json!(expected));
    // `status` has the same words for the same places.
    let shown = home.cogtok(["status", "--json"]).keyring(&keyring).run().ok().json();
    for secret in shown[0]["secrets"].as_array().unwrap() {
        let of_kind = list.as_array().unwrap().iter().find(|row| row["kind"] == secret["kind"]).unwrap();
        assert_eq!(of_kind["place"], secret["place"]);
    }
    let table = status(&[]).run();
    table.ok().quiet().stdout_has("m2m-client").stdout_has("the keyring").stdout_has("not stored").stdout_has(api);
    table.check(table.stdout.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns");

    let supplied = status(&["--json"]).env("COGTOK_M2M_CLIENT_SECRET", "third-secret").canary("third-secret");
    let supplied = supplied.env("COGTOK_USER_CLIENT_SECRET", "fourth-secret").canary("fourth-secret");
    let expected = json!(["COGTOK_M2M_CLIENT_SECRET", "COGTOK_USER_CLIENT_SECRET", "keyring", null]);
    assert_eq!(json!(places(supplied)), expected);
    let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf";
    assert_eq!(places(status(&["--json"]).env("COGTOK_SECRET_ARN", arn))[0], arn);
    status(&[]).env("COGTOK_SECRET_ARN", arn).run().ok().stdout_has("Secrets Manager (");
    let forget = ["clear", "service", "cogtok", "username", "m2m-client|machine|https://token.example|"];
    assert!(keyring.secret_tool(&forget, b"").status.success());
    assert_eq!(places(status(&["--json"]))[0], "missing");
    status(&[]).run().ok().stdout_has("missing from the keyring");
}

#[test]
fn a_deleted_secret_is_gone_from_keyring_and_configuration() {
    let (home, keyring) = (home(), Keyring::start());
    let before = config(&home);
    let delete = |kind: &str| home.cogtok(["secret", "delete", kind]).keyring(&keyring).run();
    set(&home, "m2m-client", "first-secret").canary("first-secret").keyring(&keyring).run().ok();
    set(&home, "password", "second-secret").canary("second-secret").keyring(&keyring).run().ok();
    delete("m2m-client").ok().stdout_is("").stderr_has("deleted the m2m-client secret of client machine");
    assert_eq!(keyring.entries().len(), 1);
    assert!(config(&home).contains("secrets = [\"password\"]"));
    delete("m2m-client").ok().stderr_has("there was no m2m-client secret of client machine");
    delete("password").ok();
    assert!(keyring.entries().is_empty());
    // There may be other users' passwords, so their kind stays listed.
    assert_ne!(config(&home), before);
    assert!(config(&home).contains("secrets = [\"password\"]"));
    delete("cookie").code(2).stderr_has("choose one of m2m-client, user-client, password").stderr_lacks("cookie");
}

#[test]
fn tokens_come_with_what_is_stored_and_profiles_of_one_client_share_it() {
    let (home, keyring, workshop) = (Home::new(), Keyring::start(), workshop());
    home.workshop_profile(workshop);
    home.profile("same", workshop, &workshop.endpoint, &workshop.token_url);
    set(&home, "m2m-client", format!("{}\n", workshop.m2m_secret())).keyring(&keyring).run().ok();
    for name in ["ws", "same"] {
        let token = home.cogtok(["token", "m2m", "--force-refresh", "-p", name]).keyring(&keyring).run();
        assert_eq!(verify(token.ok().line(), workshop)["client_id"], json!(workshop.m2m.id));
    }
    let deleted = home.cogtok(["secret", "delete", "m2m-client", "-p", "same"]).keyring(&keyring).run();
    deleted
        .ok()
        .stderr_has("profile ws used it too")
        .stderr_has("to store another: cogtok secret set m2m-client -p ws");
    let missing = home.cogtok(["token", "m2m", "--force-refresh"]).keyring(&keyring).run();
    missing
        .check(matches!(missing.code, Some(5 | 7)), "expected exit 5 or 7")
        .stderr_has("cogtok secret set m2m-client -p ws");
}

#[test]
fn a_value_on_the_command_line_is_refused_wherever_it_stands() {
    let home = home();
    let keyring = Server::canary();
    home.canary("typed-in-the-open");
    let words: [&[&str]; 10] = [
        &["secret", "set", "m2m-client", "typed-in-the-open"],
        &["secret", "set", "--secret", "typed-in-the-open"],
        &["secret", "set", "password", "--password=typed-in-the-open"],
        &["token", "m2m", "--client-secret=typed-in-the-open"],
        &["token", "m2m", "--client-secret", "typed-in-the-open"],
        &["--m2m-client-secret", "typed-in-the-open", "token", "m2m"],
        &["token", "user", "--password", "typed-in-the-open"],
        &["token", "user", "--new-password=typed-in-the-open"],
        &["user", "create", "--password", "typed-in-the-open"],
        &["--password=typed-in-the-open", "profile", "list"],
    ];
    for words in words {
        let bus = format!("tcp:host=127.0.0.1,port={}", keyring.port());
        let output = home.cogtok(words).env("DBUS_SESSION_BUS_ADDRESS", bus).run();
        output.code(2).stderr_has("every user of this machine can read").stderr_has("hint: ");
        output.stderr_has("change it: your shell's history may contain it");
    }
    keyring.assert_untouched();
}

#[test]
fn what_cannot_be_a_secret_is_refused_before_the_keyring_is_asked() {
    let home = home();
    let before = config(&home);
    let keyring = Server::canary();
    home.canary("half-a-secret");
    let bus = format!("tcp:host=127.0.0.1,port={}", keyring.port());
    let with = |bytes: &[u8]| set(&home, "m2m-client", bytes).env("DBUS_SESSION_BUS_ADDRESS", &bus).run();
    let large = [b"half-a-secret".as_slice(), &[b'a'; 64 * 1024]].concat();
    for (bytes, message) in [
        (b"".as_slice(), "the secret is empty"),
        (b"\n", "the secret is empty"),
        (b"\r\n", "the secret is empty"),
        (b"half-a-secret\0rest", "the secret contains a NUL byte"),
        (b"half-a-secret\xff", "the secret is not valid UTF-8"),
        (&large, "the secret is larger than 65536 bytes"),
    ] {
        with(bytes).code(2).stderr_has(message);
    }
    for redirection in ["<&-", "</dev/null"] {
        let closed = home.cogtok(["secret", "set", "m2m-client"]).redirect(redirection);
        closed.env("DBUS_SESSION_BUS_ADDRESS", &bus).run().code(2).stderr_has("the secret is empty");
    }
    let endless = home.cogtok(["secret", "set", "m2m-client"]).redirect("</dev/zero");
    insta::assert_snapshot!(endless.env("DBUS_SESSION_BUS_ADDRESS", &bus).run().message(), @"
    exit 2
    error: the secret is larger than 65536 bytes (profile `ws`)
    ");
    keyring.assert_untouched();
    assert_eq!(config(&home), before);
    // With a good one the same bus is asked, so that the silence above means something.
    let asked = set(&home, "m2m-client", "half-a-secret").env("DBUS_SESSION_BUS_ADDRESS", &bus).run();
    asked.code(7).check(keyring.connections() > 0, "the keyring was never asked");
    assert_eq!(config(&home), before);
}

#[test]
fn a_secret_needs_a_profile_that_says_what_it_is_for() {
    let home = Home::new();
    home.config("[profiles.ws]\nuser.client_id = \"web\"\n[profiles.m]\nm2m.client_id = \"machine\"\n");
    let set = |kind: &str, args: &[&str]| home.cogtok(["secret", "set", kind]).args(args).stdin("any-secret").run();
    set("m2m-client", &[]).code(3).stderr_has("no profile is chosen").stderr_has("-p NAME");
    set("m2m-client", &["-p", "ws"])
        .code(3)
        .stderr_has("`m2m.client_id` is not set")
        .stderr_has("cogtok profile set ws m2m.client_id");
    set("m2m-client", &["-p", "m"])
        .code(3)
        .stderr_has("`m2m.token_url` is not set")
        .stderr_has("cogtok profile set m m2m.token_url");
    set("user-client", &["-p", "ws"]).code(3).stderr_has("no Region is known");
    set("password", &["-p", "ws", "--region", "us-east-1"]).code(3).stderr_has("`user.username` is not set");
    set("token", &["-p", "ws"]).code(2).stderr_has("unknown kind of secret");
}

#[test]
fn a_word_that_may_be_a_secret_is_not_repeated() {
    let home = home();
    let lines: [&[&str]; 4] = [
        &["user", "set-password", "alice@example.com", "Typed-Password-7"],
        &["token", "user", "--password-stdin=Typed-Password-7"],
        &["token", "m2m", "--client-secret-stdin=Typed-Password-7"],
        &["secret", "set", "m2m-client", "first", "Typed-Password-7"],
    ];
    for line in lines {
        home.cogtok(line).canary("Typed-Password-7").run().code(2).stderr_has("may be a secret");
    }
}

#[test]
fn one_users_password_can_go_without_hiding_anothers() {
    let (home, keyring) = (home(), Keyring::start());
    let password = |verb: &str, user: &str| {
        home.cogtok(["secret", verb, "password", "--username", user]).keyring(&keyring).stdin("Kept-Password-7").run()
    };
    home.canary("Kept-Password-7");
    password("set", "alice@example.com").ok();
    password("delete", "typo@example.com").ok().stderr_has("there was no password");
    assert!(config(&home).contains("secrets = [\"password\"]"));
    password("delete", "alice@example.com").ok().stderr_has("deleted the password");
    assert!(keyring.entries().is_empty());
}

#[test]
fn a_profile_that_may_have_used_a_deleted_secret_is_named() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let machine = |name: &str, region: &str| {
        format!("[profiles.{name}]\nregion = {region}\nm2m.client_id = \"m\"\nm2m.token_url = \"https://t.example/\"\n")
    };
    home.config(&format!("{}{}", machine("ws", "\"us-east-1\""), machine("two", "5")));
    set(&home, "m2m-client", "first-secret").args(["-p", "ws"]).canary("first-secret").keyring(&keyring).run().ok();
    let deleted = home.cogtok(["secret", "delete", "m2m-client", "-p", "ws"]).keyring(&keyring).run();
    deleted.ok().stderr_has("profile two may have used it too, but can't be read: `region` is not a string");
}
