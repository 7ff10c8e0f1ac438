//! The targets of a profile: set, shown, checked, and kept apart from what no program reads.

use crate::completion::offered;
use crate::harness::Home;
use serde_json::json;

#[test]
fn a_target_is_set_and_shown_under_its_name() {
    let home = Home::new();
    home.config("# mine\n[profiles.ws] # the one\nuser_pool_id = \"us-east-1_x\"\n");
    let set = |key: &str, value: &str| home.cogtok(["profile", "set", "ws", key, value]).run();
    let arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
    set("targets.agent.url", arn).ok();
    set("targets.agent.as", "user").ok();
    set("targets.api-1.url", "https://api.example.com/v1").ok();
    set("targets.api-1.kind", "gateway").ok().stderr_has("set `targets.api-1.kind` of profile `ws`");
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.starts_with("# mine\n[profiles.ws] # the one\nuser_pool_id = \"us-east-1_x\"\n"), "{text}");
    assert!(text.contains("[profiles.ws.targets.agent]\n"), "{text}");
    let shown = home.cogtok(["profile", "show", "ws"]).run();
    shown.ok().quiet().stdout_has(&format!("targets.agent.url  {arn}\n"));
    let json = home.cogtok(["profile", "show", "ws", "--json"]).run().ok().json();
    assert_eq!((&json["targets.agent.as"], &json["targets.api-1.kind"]), (&"user".into(), &"gateway".into()));
}

#[test]
fn what_a_target_cant_have_is_refused_and_nothing_is_written() {
    let home = Home::new();
    let before = "[profiles.ws]\nuser_pool_id = \"us-east-1_x\"\n";
    home.config(before);
    for (key, values, says) in [
        ("targets.agent.url", &["http://api.example.com"][..], "plain http is allowed only to this machine"),
        ("targets.agent.url", &["arn:aws:s3:::bucket"], "not the ARN of an AgentCore runtime or gateway"),
        ("targets.agent.url", &["https://u:p@api.example.com"], "a user name or password in it is refused"),
        ("targets.agent.url", &["https://a.example", "https://b.example"], "takes one value"),
        ("targets.agent.as", &["admin"], "use one of user, m2m"),
        ("targets.agent.kind", &["mcp"], "use one of http, runtime, gateway"),
        ("targets.agent.urk", &["https://a.example"], "targets.NAME.url"),
        ("targets.agent", &["https://a.example"], "targets.NAME.url"),
        ("targets.../x.url", &["https://a.example"], "not a target's name"),
        ("targets.a b.url", &["https://a.example"], "not a target's name"),
    ] {
        let refused = home.cogtok(["profile", "set", "ws", key]).args(values).run();
        refused.code(2).stdout_is("").stderr_has(says);
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before, "{key}");
    }
    home.cogtok(["profile", "set", "other", "targets.a.url", "https://a.example"]).run().code(3);
}

#[test]
fn a_key_that_no_target_has_is_warned_about() {
    let home = Home::new();
    home.config("[profiles.ws.targets.api]\nurl = \"https://api.example.com\"\nulr = \"x\"\n");
    home.cogtok(["profile", "show", "ws"])
        .run()
        .ok()
        .stderr_has("`targets.api.ulr` in the configuration is not a known key; did you mean `targets.api.url`?");
}

#[test]
fn lint_finds_what_is_wrong_with_a_target() {
    let home = Home::new();
    let config = "[profiles.ws.targets.good]\nurl = \"https://a.example\"\nas = \"m2m\"\nkind = \"gateway\"\n\
        [profiles.ws.targets.bad]\nurl = \"http://a.example\"\nas = \"me\"\nkind = 5\nulr = \"x\"\n\
        [profiles.ws.targets.\"a.b\"]\nurl = \"https://a.example\"\n\
        [profiles.ws.targets]\nnone = { as = \"user\" }\nflat = \"https://a.example\"\nurl = \"https://a.example\"\n\
        \"\\u001b[31m\" = { ulr = \"x\" }\n\
        [profiles.two]\ntargets = [\"x\"]\n";
    let path = home.config(config);
    let output = home.cogtok(["profile", "lint", "--json"]).run();
    let list = output.code(3).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = list.as_array().unwrap().iter().map(|finding| {
        let place = (finding["line"].as_u64().unwrap(), finding["column"].as_u64().unwrap());
        (place, text(&finding["message"]), text(&finding["hint"]))
    });
    let found: Vec<_> = found.collect();
    let expected = [
        ((6, 7), "`targets.bad.url` is refused: plain http is allowed only to this machine", ""),
        ((7, 6), "`targets.bad.as` is not a token owner: use one of user, m2m", ""),
        ((8, 8), "`targets.bad.kind` is not a string", "run `cogtok profile set ws targets.bad.kind VALUE`"),
        ((9, 1), "`targets.bad.ulr` is not a known key", "did you mean `targets.bad.url`?"),
        ((10, 22), "`targets.a.b` is not a target's name", "use 1 to 64 letters"),
        ((13, 1), "`targets.none.url` is not set", "run `cogtok profile set ws targets.none.url URL`"),
        ((14, 1), "`targets.flat` is not a known key", "did you mean `targets.flat.url`?"),
        ((15, 1), "`targets.url` is not a known key", "did you mean `targets.NAME.url`?"),
        ((16, 1), "`targets.\\u{1b}[31m` is not a target's name", "use 1 to 64 letters"),
        ((16, 18), "`targets.\\u{1b}[31m.ulr` is not a known key", "did you mean `targets.\\u{1b}[31m.url`?"),
        ((18, 11), "`targets` is not a known key", "did you mean `targets.NAME.url`?"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((place, message, hint), (at, says, does)) in found.iter().zip(expected) {
        assert!(*place == at && message.starts_with(says) && hint.starts_with(does), "{place:?} {message} {hint}");
    }
    let words = home.cogtok(["profile", "lint"]).run();
    words.code(3).stdout_has(&format!("{}:9:1: `targets.bad.ulr` is not a known key", path.display()));
    words.check(!words.stdout.contains('\u{1b}'), "a name is obeyed by the terminal");
}

#[test]
fn a_secret_in_a_target_is_told_and_never_repeated() {
    for (text, value) in [
        ("url = \"VALUE\"", "https://me:hunter2hunter2@a.example/"),
        ("url = \"https://a.example\"\nas = \"VALUE\"", "1f5g7h9j2k4l6m8n0p1q3r5s7t9v1w3x5y7z9a1b3c5d7e9f1g3"),
        ("url = \"https://a.example\"\napi_key = \"VALUE\"", "any-thing-at-all"),
        ("url = \"https://a.example\"\nx = \"VALUE\"", "eyJraWQiOiJhIiwiYWxnIjoiUlMyNTYifQ.eyJzdWIiOiJ4In0.c2ln"),
        ("url = \"https://a.example\"\n# password = \"VALUE\"", "commented-out"),
    ] {
        let home = Home::new();
        home.canary(value);
        home.config(&format!("[profiles.ws.targets.api]\n{}\n", text.replace("VALUE", value)));
        let output = home.cogtok(["profile", "lint"]).run();
        output.code(3).stdout_has("cogtok secret set").stderr_has("one thing is wrong");
        output.check(!output.stdout.contains(value), "the value is repeated");
    }
}

#[test]
fn an_edit_that_spoils_a_target_is_not_kept() {
    let home = Home::new();
    let before = "[profiles.ws.targets.api]\nurl = \"https://a.example\"\n";
    let path = home.config(before);
    let edit =
        |with: &str, code: i32| home.cogtok(["profile", "edit"]).env("VISUAL", with).run().code(code).stderr.clone();
    let told = edit("sed -i s/url/ulr/", 3);
    assert!(told.contains("`targets.api.ulr` is not a known key") && told.contains("`targets.api.url` is not set"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    edit("sed -i s/a.example/b.example/", 0);
    assert!(std::fs::read_to_string(&path).unwrap().contains("https://b.example"));
}

#[test]
fn settings_of_a_target_and_whole_targets_are_removed_with_their_comments() {
    let home = Home::new();
    home.config(
        "# Mine.\n\n# ws\n[profiles.ws]\nregion = \"us-east-1\"\n\n# tools\n[profiles.ws.targets.tools]\n# u\n\
        url = \"https://a.example\"\n\n# whose\nas = \"m2m\" # me\n\n# of both\n\n# agent\n[profiles.ws.targets.agent]\n\
        url = \"https://b.example\" # b\nodd = 1\n\n[profiles.ws.targets.\"a.b\"]\nurl = \"x\"\n\n# two\n[profiles.two]\n\
        targets = { one = { url = \"https://c.example\" }, other = { url = \"https://d.example\" } }\n",
    );
    let unset = |keys: &[&str]| home.cogtok(["profile", "unset", "ws"]).args(keys).run();
    let text = || std::fs::read_to_string(home.config_file()).unwrap();
    unset(&["targets.tools.as", "targets.tools.kind"])
        .ok()
        .stderr_has("removed `targets.tools.as` from profile `ws`")
        .stderr_has("`targets.tools.kind` of profile `ws` was not set");
    assert!(!text().contains("whose") && text().contains("# u\nurl = \"https://a.example\"\n"), "{}", text());
    unset(&["targets.agent.odd"]).ok();
    assert!(text().contains("url = \"https://b.example\" # b\n"));
    unset(&["targets.agent"]).ok().stderr_has("removed `targets.agent` from profile `ws`");
    assert!(
        text().contains("# of both\n") && !text().contains("# agent") && !text().contains("b.example"),
        "{}",
        text()
    );
    unset(&["targets.agent"]).ok().stderr_has("`targets.agent` of profile `ws` was not set");
    unset(&["targets.a.b"]).ok().stderr_has("removed `");
    // A table with a comment of its own stays, as for other keys.
    unset(&["targets.tools.url"]).ok();
    assert!(text().contains("# tools\n[profiles.ws.targets.tools]\n"), "{}", text());
    unset(&["targets.tools"]).ok().stderr_has("removed `");
    assert_eq!(
        text(),
        "# Mine.\n\n# ws\n[profiles.ws]\nregion = \"us-east-1\"\n\n# of both\n\n# two\n[profiles.two]\n\
        targets = { one = { url = \"https://c.example\" }, other = { url = \"https://d.example\" } }\n"
    );
    home.cogtok(["profile", "unset", "two", "targets.one", "targets.other.url"]).run().ok();
    assert!(text().ends_with("# two\n[profiles.two]\n"), "{}", text());
    for bad in ["targets", "targets.", "targets.x.y", "targets.a b"] {
        unset(&[bad]).code(2).stderr_has("targets.NAME.url");
    }
}

#[test]
fn keys_and_values_of_targets_are_completed() {
    let home = Home::new();
    home.config("[profiles.ws.targets.tools]\nurl = \"https://a.example\"\n");
    let names = |words: &[&str]| offered(&home, words).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let all = ["targets.tools.url", "targets.tools.as", "targets.tools.kind"];
    assert_eq!(names(&["profile", "set", "ws", "targets."]), all);
    assert_eq!(names(&["profile", "unset", "ws", "targets."]), ["targets.tools", "targets.tools.url"]);
    assert_eq!(names(&["profile", "set", "ws", "targets.tools.as", ""]), ["user", "m2m"]);
    assert_eq!(names(&["profile", "set", "ws", "targets.new.kind", ""]), ["http", "runtime", "gateway"]);
    assert_eq!(names(&["profile", "set", "ws", "targets.tools.kind", "r"]), ["runtime"]);
}

#[test]
fn targets_go_with_a_profile_that_is_copied_or_renamed() {
    let home = Home::new();
    home.config("[profiles.ws]\nregion = \"us-east-1\"\n[profiles.ws.targets.tools]\n# mine\nurl = \"https://a.example\" # a\nas = \"m2m\"\n");
    home.cogtok(["profile", "copy", "ws", "other"]).run().ok();
    home.cogtok(["profile", "set", "other", "targets.tools.url", "https://b.example"]).run().ok();
    home.cogtok(["profile", "rename", "ws", "new"]).run().ok();
    let shown = |name: &str| home.cogtok(["profile", "show", name, "--json"]).run().ok().json();
    let said = |name: &str, url: &str| json!({"name": name, "region": "us-east-1", "targets.tools.url": url, "targets.tools.as": "m2m"});
    assert_eq!(shown("new"), said("new", "https://a.example"));
    assert_eq!(shown("other"), said("other", "https://b.example"));
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.contains("[profiles.new.targets.tools]\n# mine\nurl = \"https://a.example\" # a\n"), "{text}");
}
