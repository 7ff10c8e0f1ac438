//! The configuration file under the profile commands: what survives an edit, and what is said about a file that is wrong.

use crate::cache_faults::read_only;
use crate::harness::{Home, poll};
use serde_json::json;
use std::time::Duration;

fn file(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

/// A file as a person keeps it: comments everywhere, an order of their own, quoted and dotted keys, a CRLF nowhere.
const BY_HAND: &str = r#"# My workshops.
default_profile = "b" # for this week
version = 1

# Berlin
[profiles.b] # the one
region = 'eu-central-1'   # Frankfurt
# the pool of 2026
user_pool_id = "eu-central-1_AbCdEfGhI"
user.client_id = "web"

[profiles.b.m2m]
scopes = [
    "a/x", # reading
    "a/y",
]

# Zurich, unused
[profiles."a.1"]
m2m = { client_id = "machine" }

[somebody.elses]
table = 1 # kept as well
"#;

#[test]
fn an_edit_leaves_the_line_ends_and_the_byte_order_mark_of_windows() {
    let home = Home::new();
    let text = "# mine\n\n# of defaults\ndefault_profile = \"ws\"\n\n[profiles.ws]\nregion = \"us-east-1\" # R\n\n[profiles.two.m2m]\nclient_id = \"m\"\nscopes = [\n  \"a/b\", # AB\n]\n";
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n"] {
            let as_file = |text: &str| format!("{mark}{}", text.replace('\n', end));
            let is = |text: &str| assert_eq!(file(&home), as_file(text));
            home.config(&as_file(text));
            home.cogtok(["profile", "set", "ws", "region", "us-east-1"]).run().ok();
            is(text);
            home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).run().ok();
            home.cogtok(["profile", "set", "two", "m2m.scopes", "a/b c/d"]).run().ok();
            let changed = text.replace("us-east-1", "eu-west-1").replace("AB\n", "AB\n  \"c/d\",\n");
            is(&changed);
            home.cogtok(["profile", "lint"]).run().ok().quiet();
            // What is removed takes its own comment and no other.
            home.cogtok(["profile", "delete", "ws", "--yes"]).run().ok();
            is(&format!("# mine\n\n{}", &changed[changed.find("[profiles.two").unwrap()..]));
        }
    }
    // Where they are mixed, the file stays one that is read.
    home.config("[profiles.ws]\r\nregion = \"us-east-1\"\n");
    home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).run().ok();
    home.cogtok(["profile", "show", "ws"]).run().ok().stdout_has("eu-west-1");
}

#[test]
fn what_stays_in_a_list_keeps_its_line_and_its_comment() {
    let home = Home::new();
    let list = "scopes = [\n  \"a/read\", # to read\n  \"a/write\", # to write\n]\nclient_id = \"machine\"\n";
    home.config(&format!("[profiles.ws.m2m]\n{list}"));
    home.cogtok(["profile", "set", "ws", "m2m.scopes", "a/read b/x"]).run().ok();
    let changed = list.replace("\"a/write\", # to write", "\"b/x\",");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), format!("[profiles.ws.m2m]\n{changed}"));
}

#[test]
fn edits_keep_comments_order_and_unknown_tables() {
    let home = Home::new();
    home.config(BY_HAND);
    let edit = |words: &[&str], expected: &str| {
        home.cogtok(["profile"]).args(words).run().ok();
        assert_eq!(file(&home), expected, "after profile {words:?}");
    };
    let mut text = BY_HAND.to_string();
    text = text.replace("'eu-central-1'   # F", "\"eu-west-1\"   # F");
    edit(&["set", "b", "region", "eu-west-1"], &text);
    text = text.replace("= \"b\" #", "= \"a.1\" #");
    edit(&["use", "a.1"], &text);
    text = text.replace("user.client_id = \"web\"\n", "user.client_id = \"web\"\nuser.username = \"alice\"\n");
    edit(&["set", "b", "user.username", "alice"], &text);
    text = text.replace("\"machine\" }", "\"machine\" , auth_method = \"client_secret_post\" }");
    let set = home.cogtok(["profile", "set", "a.1", "m2m.auth_method", "client_secret_post"]).run();
    set.ok();
    let squeezed = |text: &str| text.replace("\" , ", "\", ");
    assert_eq!(squeezed(&file(&home)), squeezed(&text));
    let text = file(&home);
    let added = "[profiles.c]\n\n[profiles.c.user]\nclient_id = \"new\"\n\n[somebody.elses]";
    edit(&["create", "c", "--client-id", "new"], &text.replace("[somebody.elses]", added));
    edit(&["delete", "c", "--yes"], &text);
    home.cogtok(["profile", "set", "b", "m2m.scopes", "a/z"]).run().ok();
    assert_eq!(file(&home).lines().filter(|line| line.contains('#')).count(), BY_HAND.matches('#').count() - 1);
    home.cogtok(["profile", "show", "b", "--json"]).run().ok().stdout_has("\"m2m.scopes\":[\"a/z\"]");
}

#[test]
fn a_profile_may_be_written_in_any_form_of_toml() {
    for text in [
        "profiles = { ws = { region = \"us-east-1\" } }\n",
        "[profiles]\nws = { region = \"us-east-1\", m2m = { client_id = \"m\" } }\n",
        "profiles.ws.region = \"us-east-1\"\n",
        "[profiles]\nws.m2m.client_id = \"m\"\nws.region = \"us-east-1\"\n",
        "[profiles.ws]\r\nregion = \"us-east-1\" # c\r\n",
        "\u{feff}[profiles.\"ws\"]\nregion = \"us-east-1\"",
    ] {
        let home = Home::new();
        home.config(text);
        home.cogtok(["profile", "set", "ws", "m2m.token_url", "https://t.example/"]).run().ok();
        home.cogtok(["profile", "set", "ws", "m2m.scopes", "a/x", "a/y"]).run().ok();
        home.cogtok(["profile", "create", "two", "--client-id", "web"]).run().ok();
        let shown = home.cogtok(["profile", "show", "ws", "--json"]).run();
        let shown = shown.ok().quiet().json();
        assert_eq!(shown["region"], "us-east-1", "{text:?}");
        assert_eq!(shown["m2m.token_url"], "https://t.example/", "{text:?}");
        assert_eq!(shown["m2m.scopes"], json!(["a/x", "a/y"]), "{text:?}");
        home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_is("two\nws\n");
    }
}

#[test]
fn an_unknown_key_is_a_warning_with_the_nearest_one_and_without_its_value() {
    let home = Home::new();
    home.canary("pasted-by-mistake");
    home.config(
        "defaultprofile = \"ws\"\n[profiles.ws]\nuserpool_id = \"x\"\nm2m.client_secret = \"pasted-by-mistake\"\n\
         m2m.tokenurl = \"pasted-by-mistake\"\nuser.password = \"pasted-by-mistake\"\nwholly-else = \"pasted-by-mistake\"\n\
         [profiles.other]\nodd = 1\n",
    );
    // What is odd in one profile is of no interest to the users of another.
    let other = home.cogtok(["profile", "show", "other"]).run();
    other.ok().stderr_has("`odd`").stderr_lacks("userpool_id");
    for words in [["profile", "show", "ws"], ["secret", "status", "-pws"]] {
        let output = home.cogtok(words).run();
        output
            .ok()
            .stderr_has("`defaultprofile` in the configuration is not a known key; did you mean `default_profile`?");
        output.stderr_has("`userpool_id` in the configuration is not a known key; did you mean `user_pool_id`?");
        output.stderr_has("`m2m.tokenurl` in the configuration is not a known key; did you mean `m2m.token_url`?");
        output.stderr_has("warning: `wholly-else` in the configuration is not a known key\n");
        for key in ["m2m.client_secret", "user.password"] {
            output.stderr_has(&format!("`{key}` in the configuration is ignored: secrets do not belong there"));
        }
        output.stderr_has("cogtok secret set").stderr_lacks("`odd`");
        assert_eq!(output.stderr.matches("warning: ").count(), 6, "{}", output.describe());
    }
    home.cogtok(["profile", "show", "ws", "-q"]).run().ok().quiet();
}

#[test]
fn a_file_that_is_not_toml_is_exit_3_with_its_place_and_without_its_text() {
    let home = Home::new();
    home.canary("pasted-by-mistake");
    for (text, place) in [
        ("[profiles.ws]\nsecret = \"pasted-by-mistake\n", "line 2, column 28"),
        ("[profiles.ws]\nregion = pasted-by-mistake\n", "line 2, column 10"),
        ("# ä\n[profiles.ws]\nkä = 1\n", "line 3, column 2"),
        ("pasted-by-mistake", "line 1, column 18"),
        ("a = 1\n\npasted-by-mistake = 1\npasted-by-mistake = 2\n", "line 4, column 1"),
        ("[profiles.ws]\n[profiles.ws]\n", "line 2, column 11"),
        ("a = [1, \"pasted-by-mistake\"", "line 1, column 28"),
        ("a = \"\\pasted-by-mistake\"", "line 1, column 7"),
        ("[[profiles]]\n[profiles.ws]\nx = pasted-by-mistake", "line 3, column 5"),
    ] {
        let path = home.config(text);
        for words in
            [&["list"][..], &["show", "ws"], &["create", "x", "--client-id", "y"], &["set", "ws", "region", "a"]]
        {
            let output = home.cogtok(["profile"]).args(words).run();
            output.code(3).stderr_has(&format!("{} is not valid TOML at {place}: ", path.display()));
            output.stderr_has("hint: ");
        }
        assert_eq!(file(&home), text);
        home.cogtok(["token", "m2m"]).run().code(3).stderr_has(place);
        home.cogtok(["secret", "set", "m2m-client"]).stdin("x").run().code(3).stderr_has(place);
    }
    let path = home.config_file();
    std::fs::write(&path, b"[profiles.ws]\nregion = \"\xff\"\n").unwrap();
    home.allow(&path);
    insta::assert_snapshot!(home.cogtok(["profile", "show", "ws"]).run().message(), @"
    exit 3
    error: [home]/.config/cogtok/config.toml is not UTF-8 (profile `ws`)
    ");
}

#[test]
fn a_value_of_the_wrong_type_is_exit_3_and_names_its_key() {
    let home = Home::new();
    for (text, words, message) in [
        ("[profiles.ws]\nregion = 5", &["profile", "show", "ws"][..], "`region` is not a string"),
        ("[profiles.ws.user]\nusername = [\"a\"]", &["token", "user", "-p", "ws"], "`user.username` is not a string"),
        (
            "[profiles.ws.m2m]\nscopes = { a = 1 }",
            &["token", "m2m", "-p", "ws"],
            "`m2m.scopes` is not a list of strings",
        ),
        ("[profiles.ws.m2m]\nscopes = [1]", &["profile", "show", "ws"], "`m2m.scopes` is not a list of strings"),
        ("[profiles]\nws = 3", &["profile", "show", "ws"], "`profiles.ws` is not a table"),
        ("profiles = 3", &["profile", "create", "ws", "--client-id", "x"], "`profiles` is not a table"),
        ("[profiles.ws]\nm2m = 5", &["profile", "set", "ws", "m2m.client_id", "x"], "`m2m` is not a table"),
        ("default_profile = 3\n[profiles.ws]", &["profile", "current"], "`default_profile` is not a string"),
        ("default_profile = \"../x\"", &["token", "m2m"], "default_profile: `../x` is not a profile name"),
        (
            "[profiles.ws]\nmin_validity = \"soon\"",
            &["token", "m2m", "-p", "ws"],
            "min_validity: `soon` is not a duration",
        ),
        (
            "[profiles.ws]\nm2m.token_url = \"http://a.example\"",
            &["token", "m2m", "-p", "ws"],
            "m2m.token_url: `http://a.example`",
        ),
    ] {
        home.config(text);
        home.cogtok(words).run().code(3).stderr_has(message);
        assert_eq!(file(&home), text);
    }
    // The list shows what can be shown, whatever one profile says.
    home.config("default_profile = 3\n[profiles.bad]\nregion = 5\n[profiles.good]\nregion = \"us-east-1\"\n");
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_has("good\n");
    home.cogtok(["profile", "delete", "bad", "--yes"]).run().ok();
    home.cogtok(["profile", "use", "good"]).run().ok();
    home.cogtok(["profile", "current"]).run().ok().stdout_is("good\n");
}

#[test]
fn a_default_that_is_not_there_is_told_and_can_be_mended() {
    let home = Home::new();
    home.config("default_profile = \"gone\"\n[profiles.ws.user]\nclient_id = \"web\"\n");
    for words in [["profile", "current"], ["profile", "show"], ["token", "user"], ["secret", "status"]] {
        home.cogtok(words).run().code(3).stderr_has("there is no profile `gone`").stderr_has("ws");
    }
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_is("ws\n");
    home.cogtok(["profile", "use", "ws"]).run().ok();
    home.cogtok(["profile", "current"]).run().ok().stdout_is("ws\n");
}

#[test]
fn a_file_from_the_future_is_read_and_never_written() {
    let home = Home::new();
    let text = "version = 2\ndefault_profile = \"ws\"\n[profiles.ws]\nregion = \"us-east-1\"\nuser.client_id = \"web\"\nnovel = 1\n";
    home.config(text);
    home.cogtok(["profile", "show"]).run().ok().stdout_has("region           us-east-1").stderr_has("`novel`");
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_is("ws\n");
    for words in [
        &["create", "x", "--client-id", "y"][..],
        &["set", "ws", "region", "eu-west-1"],
        &["use", "ws"],
        &["delete", "ws", "--yes"],
    ] {
        let output = home.cogtok(["profile"]).args(words).run();
        output.code(7).stderr_has("was written by a newer cogtok").stderr_has("hint: update cogtok");
        assert_eq!(file(&home), text, "{words:?}");
    }
}

#[test]
fn a_change_made_by_an_editor_meanwhile_is_not_overwritten() {
    crate::harness::need("strace", "strace");
    let home = Home::new();
    let before = "[profiles.ws]\nregion = \"us-east-1\"\n";
    let path = home.config(before);
    home.allow(&path);
    let log = home.path("tmp/opens");
    let edit = |inject: &str| {
        let strace =
            ["strace", "-f", "-qq", "-P", path.to_str().unwrap(), "-e", "trace=openat,read", "-e", inject, "-o"];
        home.cogtok(["profile", "set", "ws", "region", "eu-west-1"])
            .under(strace.into_iter().chain([log.to_str().unwrap()]))
    };
    let opens = || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.lines().filter(|line| line.contains("config.toml\"") && line.contains(" = ")).count()
    };
    edit("inject=openat:delay_enter=0:when=1").run().ok();
    // The last opening is the last look before the new file takes the place of the old one.
    let last = opens();
    std::fs::write(&path, before).unwrap();
    std::fs::remove_file(&log).unwrap();
    let running = edit(&format!("inject=openat:delay_enter=6s:when={last}")).spawn();
    // Opened is not yet read: until its end is met, the file below would be read half written.
    let ends = || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.lines().filter(|line| line.contains("read(") && line.ends_with(" = 0")).count()
    };
    let is_read = || (opens() == last - 1 && ends() == last - 1).then_some(());
    poll("the file is read for the edit", Duration::from_secs(20), is_read);
    std::fs::write(&path, "[profiles.ws]\nregion = \"ap-south-1\"\n").unwrap();
    let output = running.wait();
    output.code(7).stderr_has("was changed by another program just now").stderr_has("nothing was written; try again");
    assert_eq!(file(&home), "[profiles.ws]\nregion = \"ap-south-1\"\n");
}

#[test]
fn a_link_to_a_file_that_cannot_be_written_names_the_file() {
    let home = Home::new();
    let target = home.plant("dotfiles/cogtok.toml", BY_HAND);
    std::fs::remove_file(home.config("")).unwrap();
    std::os::unix::fs::symlink(&target, home.config_file()).unwrap();
    let refused = read_only(home.cogtok(["profile", "use", "a.1"]), target.parent().unwrap()).run();
    refused.code(7).stderr_has(&format!("{} can't be written: Read-only file system", target.display()));
    refused.stderr_has(&format!("{} is a link to it", home.config_file().display())).stderr_has("`--config FILE`");
    assert_eq!(file(&home), BY_HAND);
}
