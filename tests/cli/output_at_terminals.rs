//! What a person sees on a terminal and what a program reads from a pipe are not laid out alike.

use crate::harness::{Answer, Home, Keyring, Server};

const USER: &str = "confirmed-participant-of-the-workshop@department.example.com";

fn home() -> Home {
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"one\"\n[profiles.one]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\ndescription = \"Berlin, the big room, with two words that break\"\n\
         [profiles.one.user]\nclient_id = \"web\"\nusername = \"{USER}\"\n[profiles.two.user]\nclient_id = \"other\"\n"
    ));
    home
}

#[test]
fn a_table_in_a_pipe_has_tabs_and_whole_values() {
    let home = home();
    let list = home.cogtok(["profile", "list"]).run();
    let rows: Vec<Vec<&str>> = list.ok().stdout.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["", "NAME", "USER POOL", "TOKENS", "DESCRIPTION"]);
    assert_eq!(rows[1], ["*", "one", "us-east-1_AbCdEfGhI", "user", "Berlin, the big room, with two words that break"]);
    assert_eq!(rows.len(), 3);
    home.cogtok(["profile", "show", "--origin"]).run().ok().stdout_has(&format!("user.username\t{USER}\t"));
    // COLUMNS asks for columns.
    let columns = home.cogtok(["profile", "list"]).env("COLUMNS", "80").run();
    columns.ok().check(!columns.stdout.contains('\t'), "no tabs").stdout_has(" *  one ");
}

#[test]
fn colour_is_for_terminals_unless_somebody_says_otherwise() {
    let home = home();
    let bold = "\u{1b}[1mone\u{1b}[0m";
    assert!(home.cogtok(["profile", "list"]).pty_of(24, 80).wait().text.contains(bold));
    for plain in [
        home.cogtok(["profile", "list"]).env("NO_COLOR", "1").pty_of(24, 80).wait().text,
        home.cogtok(["profile", "list", "--color", "never"]).pty_of(24, 80).wait().text,
        home.cogtok(["profile", "list"]).run().ok().stdout.clone(),
    ] {
        assert!(!plain.contains('\u{1b}') && plain.contains("one"), "{plain}");
    }
}

#[test]
fn json_is_indented_on_a_terminal_and_one_line_in_a_pipe() {
    let home = home();
    let piped = home.cogtok(["profile", "list", "--json"]).run();
    assert_eq!(piped.ok().stdout.lines().count(), 1);
    let shown = home.cogtok(["profile", "list", "--json"]).pty_of(24, 80).wait().text;
    assert!(shown.contains("\n  {\n    \"name\": \"one\",\n"), "{shown}");
    let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(value, piped.json());
}

#[test]
fn cached_tokens_fit_a_narrow_terminal_on_a_line_each() {
    let server = Server::always(Answer::token("cached-token"));
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"berlin\"\n[profiles.berlin.m2m]\nclient_id = \"machine\"\ntoken_url = \"{}\"\nscopes = [\"api.dev/read\", \"api.dev/write\"]\n",
        server.token_url()
    ));
    home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", "machine-secret").run().ok();
    let list = home.cogtok(["cache", "list"]).env("COLUMNS", "80").run();
    assert_eq!(list.ok().stdout.lines().count(), 2, "{}", list.stdout);
    list.stdout_has(" 59m ").check(!list.stdout.contains("ID LEFT"), "no column that says the same");
}

#[test]
fn a_password_of_somebody_whom_the_profile_does_not_name_is_listed() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.cogtok(["profile", "create", "ws", "--client-id", "web", "--region", "us-east-1"]).run().ok();
    let set = home.cogtok(["secret", "set", "password", "--username", "alice@example.com"]).stdin("Correct-Horse-7");
    set.canary_password("Correct-Horse-7").keyring(&keyring).run().ok();
    let status = home.cogtok(["secret", "status"]).keyring(&keyring).run();
    status.ok().stdout_has("password\tstored for a user: add --username NAME");
    let named = home.cogtok(["secret", "status", "--username", "alice@example.com"]).keyring(&keyring).run();
    named.ok().stdout_has("password\t").check(!named.stdout.contains("add --username"), "looked for");
}
