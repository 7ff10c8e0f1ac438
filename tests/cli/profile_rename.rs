//! `cogtok profile rename`, `copy`, `unset` and `use -`: the shape of the file, and what follows a profile.

use crate::harness::{Answer, Home, Keyring, Server};
use serde_json::json;

fn file(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

/// A file as a person keeps it.
const BY_HAND: &str = "# My workshops.\ndefault_profile = \"b\" # for this week\n\n# Berlin\n[profiles.b] # the one\n\
    region = 'eu-central-1'   # Frankfurt\n\n[profiles.b.m2m]\nscopes = [\n    \"a/x\", # reading\n]\n\n# Zurich\n[profiles.\"a.1\"]\n\
    m2m = { client_id = \"machine\" }\n\n[somebody.elses]\ntable = 1\n";

#[test]
fn a_renamed_profile_keeps_its_place_its_comments_and_its_part() {
    let home = Home::new();
    home.config(BY_HAND);
    home.cogtok(["profile", "rename", "b", "c.2"]).run().ok().stdout_is("").stderr_has("renamed profile `b` to `c.2`");
    let expected = BY_HAND.replace("profiles.b", "profiles.\"c.2\"").replace("= \"b\" #", "= \"c.2\" #");
    assert_eq!(file(&home), expected);
    home.cogtok(["profile", "rename", "a.1", "a"]).run().ok();
    assert_eq!(file(&home), expected.replace("\"a.1\"", "a"));
    home.cogtok(["profile", "current"]).run().ok().stdout_is("c.2\n");
    let shadowed = home.cogtok(["profile", "rename", "a", "z"]).env("COGTOK_PROFILE", "a").run();
    shadowed.ok().stderr_has("COGTOK_PROFILE is still set to `a`");
}

#[test]
fn every_form_of_toml_is_renamed_and_copied() {
    for text in [
        "profiles = { a = { region = \"us-east-1\" }, ws = { region = \"us-east-1\" }, z = { region = \"r\" } }\n",
        "[profiles]\na.region = \"r\"\nws = { region = \"us-east-1\", m2m = { client_id = \"m\" } }\nz = {}\n",
        "profiles.a.region = \"r\"\n# of it\nprofiles.ws.region = \"us-east-1\" # here\nprofiles.z.region = \"r\"\n",
        "[profiles.a]\n\n[profiles.ws.m2m]\nclient_id = \"m\"\n[profiles.z]\n[profiles.ws]\nregion = \"us-east-1\"\n",
        "[profiles.ws]\r\nregion = \"us-east-1\" # c\r\n[profiles.z]\r\n",
        "\u{feff}[profiles.\"ws\"]\nregion = \"us-east-1\"",
    ] {
        let home = Home::new();
        home.config(text);
        home.cogtok(["profile", "rename", "ws", "new"]).run().ok();
        let renamed = text.replace("\"ws\"", "new").replace("ws", "new");
        // The editor of the file drops a byte order mark and ends the last line.
        let plain = |text: &str| text.replace("\r\n", "\n").trim_matches(['\u{feff}', '\n']).to_owned();
        assert_eq!(plain(&file(&home)), plain(&renamed), "{text:?}");
        home.cogtok(["profile", "copy", "new", "two"]).run().ok();
        let show = |name: &str| {
            let mut shown = home.cogtok(["profile", "show", name, "--json"]).run().ok().json();
            shown["name"].take();
            shown
        };
        assert_eq!(show("new"), show("two"), "{}", file(&home));
        assert_eq!(show("two")["region"], "us-east-1", "{}", file(&home));
        // One is not the other.
        home.cogtok(["profile", "set", "two", "region", "eu-west-1"]).run().ok();
        assert_eq!((&show("new")["region"], &show("two")["region"]), (&json!("us-east-1"), &json!("eu-west-1")));
        home.cogtok(["profile", "delete", "new", "--yes"]).run().ok();
        assert_eq!(show("two")["region"], "eu-west-1");
    }
}

#[test]
fn a_copy_stands_behind_the_others_with_the_comments_between_its_keys() {
    let home = Home::new();
    home.config(BY_HAND);
    home.cogtok(["profile", "copy", "b", "b2"]).run().ok().stdout_is("").stderr_has("copied profile `b` to `b2`");
    let copy = "[profiles.b2]\nregion = 'eu-central-1'   # Frankfurt\n\n[profiles.b2.m2m]\nscopes = [\n    \"a/x\", # reading\n]\n\n";
    assert_eq!(
        file(&home).replace("\n[profiles.b2]", "[profiles.b2]"),
        BY_HAND.replace("[somebody", &format!("{copy}[somebody")).replace("\n[profiles.b2]", "[profiles.b2]")
    );
    home.cogtok(["profile", "current"]).run().ok().stdout_is("b\n");
}

#[test]
fn names_that_are_taken_missing_or_none_are_refused_and_change_nothing() {
    let home = Home::new();
    home.config(BY_HAND);
    for command in ["rename", "copy"] {
        let run = |from: &str, to: &str| home.cogtok(["profile", command, "--", from, to]).run();
        run("b", "a.1").code(3).stderr_has("profile `a.1` already exists");
        // To delete the profile that has the name would be to delete the very one.
        run("b", "b").code(3).stderr_has("profile `b` already exists").stderr_lacks("profile delete");
        run("bb", "x").code(3).stderr_has("there is no profile `bb`").stderr_has("did you mean `b`?");
        for name in ["../x", "", "-x", "a b", "a\u{1b}[31m", "$(x)", &"n".repeat(65)] {
            run("b", name).code(2).stderr_has("is not a profile name");
            run(name, "x").code(2).stderr_has("is not a profile name");
        }
    }
    insta::assert_snapshot!(home.cogtok(["profile", "unset", "--", "../x", "region"]).run().message(), @"
    exit 2
    error: `../x` is not a profile name: use 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit
    ");
    assert_eq!(file(&home), BY_HAND);
    let future = format!("version = 2\n{BY_HAND}");
    home.config(&future);
    for words in [&["rename", "b", "x"][..], &["copy", "b", "x"], &["unset", "b", "region"], &["use", "a.1"]] {
        home.cogtok(["profile"]).args(words).run().code(7).stderr_has("was written by a newer cogtok");
    }
    assert_eq!(file(&home), future);
    assert!(!home.state_dir().exists(), "nothing is remembered of what was refused");
}

#[test]
fn secrets_and_cached_tokens_follow_a_renamed_profile_and_are_shared_with_a_copy() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let server = Server::always(Answer::token("cached-token"));
    home.canary("machine-secret");
    home.scripted_profile(&server.token_url());
    let names = home.cogtok(["profile", "list", "-o", "text"]).run();
    let name = names.ok().line();
    home.cogtok(["secret", "set", "m2m-client", "-p", name]).keyring(&keyring).stdin("machine-secret").run().ok();
    let token =
        |name: &str, args: &[&str]| home.cogtok(["token", "m2m", "-p", name]).args(args).keyring(&keyring).run();
    token(name, &[]).ok().stdout_is("cached-token\n");
    home.cogtok(["profile", "rename", name, "new"]).run().ok();
    home.cogtok(["profile", "copy", "new", "two"]).run().ok();
    for name in ["new", "two"] {
        let hits = server.hits();
        token(name, &[]).ok().quiet().stdout_is("cached-token\n");
        assert_eq!(server.hits(), hits, "the token of `{name}` is the one that was kept");
        token(name, &["--force-refresh"]).ok().quiet();
    }
    // The secret is gone with the last of those who have it.
    home.cogtok(["profile", "delete", "new", "--yes"]).keyring(&keyring).run().ok();
    token("two", &["--force-refresh"]).ok().quiet();
    home.cogtok(["profile", "delete", "two", "--yes"]).keyring(&keyring).run().ok();
    assert!(keyring.entries().is_empty());
}

#[test]
fn keys_are_removed_known_or_not_and_tables_go_with_their_last_key() {
    let home = Home::new();
    home.config(
        "[profiles.ws]\nregion = \"us-east-1\" # R\nuserpool = \"x\"\nodd = { deep = 1 }\nsecrets = [\"password\"]\n\n\
         [profiles.ws.user]\nclient_id = \"web\"\nusername = 5\n\n# kept\n[profiles.ws.m2m] # machines\nclient_id = \"m\"\n",
    );
    let unset = |keys: &[&str]| home.cogtok(["profile", "unset", "ws"]).args(keys).run();
    unset(&["userpool", "odd.deep", "user.username"])
        .ok()
        .stdout_is("")
        .stderr_has("removed `odd.deep` from profile `ws`");
    unset(&["region", "domain"])
        .ok()
        .stderr_has("removed `region` from profile `ws`")
        .stderr_has("`domain` of profile `ws` was not set");
    let left = "[profiles.ws]\nsecrets = [\"password\"]\n\n[profiles.ws.user]\nclient_id = \"web\"\n\n# kept\n[profiles.ws.m2m] # machines\n";
    assert_eq!(file(&home), format!("{left}client_id = \"m\"\n"));
    unset(&["m2m.client_id"]).ok();
    assert_eq!(file(&home), left, "a table with a comment stays");
    unset(&["user.client_id"]).ok();
    assert_eq!(file(&home), left.replace("[profiles.ws.user]\nclient_id = \"web\"\n\n", ""));
    let before = file(&home);
    unset(&["user.clientid"]).code(2).stderr_has("did you mean `user.client_id`?");
    unset(&["m2m"]).code(2).stderr_has("`m2m` is not a key of a profile");
    unset(&["secrets"]).code(2).stderr_has("cogtok secret delete");
    insta::assert_snapshot!(home.cogtok(["profile", "unset", "no", "region"]).run().message(), @"
    exit 3
    error: there is no profile `no`
    hint: the only profile is ws
    ");
    assert_eq!(file(&home), before);
}

#[test]
fn the_previous_default_comes_back_as_with_cd() {
    let home = Home::new();
    let run = |words: &[&str]| home.cogtok(["profile"]).args(words).run();
    for name in ["a", "b", "c"] {
        run(&["create", name, "--client-id", "web"]).ok();
    }
    run(&["use", "-"]).code(3).stderr_has("there is no previous default").stderr_has("cogtok profile use NAME");
    run(&["use", "b"]).ok();
    run(&["use", "-"]).ok().stderr_has("profile `a` is now the default");
    run(&["use", "-"]).ok().stderr_has("profile `b` is now the default");
    // To choose the same again changes nothing.
    run(&["use", "b"]).ok();
    run(&["use", "-"]).ok().stderr_has("profile `a` is now the default");
    run(&["rename", "b", "bb"]).ok();
    run(&["use", "-"]).ok().stderr_has("profile `bb` is now the default");
    run(&["use", "c"]).ok();
    run(&["delete", "bb", "--yes"]).ok();
    run(&["use", "-"]).code(3).stderr_has("there is no profile `bb`");
    run(&["current"]).ok().stdout_is("c\n");
    // Another configuration has a history of its own.
    let other = home.plant("tmp/other.toml", "default_profile = \"a\"\n[profiles.a]\n[profiles.c]\n");
    let other = other.to_str().unwrap();
    run(&["use", "-", "--config", other]).code(3).stderr_has("there is no previous default");
    // Without a place to remember it, choosing still works.
    let nowhere = home.cogtok(["profile", "use", "a"]).env_remove("XDG_STATE_HOME").env("HOME", "/nonexistent/x").run();
    nowhere.ok().stderr_has("profile `a` is now the default");
}
