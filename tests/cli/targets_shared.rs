//! The targets of a profile that an organiser hands on, and those of the attendee who takes it over.

use crate::harness::{Home, Server};
use serde_json::json;

const ARN: &str = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";

fn shown(home: &Home, name: &str) -> serde_json::Value {
    home.cogtok(["profile", "show", name, "--json"]).run().ok().json()
}

fn config(targets: &str) -> String {
    format!("[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\nuser.client_id = \"web\"\n{targets}")
}

#[test]
fn targets_go_along_and_what_is_of_this_machine_or_incomplete_is_told() {
    let (organiser, attendee) = (Home::new(), Home::new());
    organiser.config(&config(&format!(
        "[profiles.ws.targets.agent]\nurl = \"{ARN}\"\nas = \"user\"\n[profiles.ws.targets.local]\n\
        url = \"http://localhost:8080/x\"\nodd = 1\n[profiles.ws.targets.none]\nas = \"m2m\"\n"
    )));
    let out = organiser.cogtok(["profile", "export", "ws"]).run();
    out.ok()
        .stderr_has("profile `ws`: `targets.local.url` points to this machine")
        .stderr_has("`targets.none` of `ws` is not exported: it has no `url`")
        .stderr_has("`targets.local.odd` of `ws` is not exported: it is not a known key");
    let import = |args: &[&str]| attendee.cogtok(["profile", "import", "-"]).args(args).stdin(&out.stdout).run();
    import(&["--dry-run"]).ok().stderr_has(&format!("targets.agent.url {ARN}\n{:20}(the export)\n", ""));
    assert!(!attendee.config_file().exists());
    let made = import(&["--json"]);
    let said = &made.ok().json()[0];
    assert_eq!((&said["settings"]["targets.agent.as"], &said["left_out"]), (&json!("user"), &json!([])));
    assert_eq!(said["origins"]["targets.local.url"], json!("the export"));
    let expected = json!({
        "name": "ws", "user_pool_id": "us-east-1_AbCdEfGhI", "user.client_id": "web", "targets.agent.url": ARN,
        "targets.agent.as": "user", "targets.local.url": "http://localhost:8080/x",
    });
    assert_eq!(shown(&attendee, "ws"), expected);
    attendee.cogtok(["profile", "lint"]).run().ok().quiet();
    attendee.cogtok(["profile", "export", "-q"]).run().ok().stdout_is(&out.stdout);
    for (bad, says) in [("\"http://a.example\"", "is refused: plain http"), ("5", "is not a string")] {
        let home = Home::new();
        home.config(&config(&format!("[profiles.ws.targets.bad]\nurl = {bad}\n")));
        let refused = home.cogtok(["profile", "export", "ws"]).run();
        refused.code(3).stdout_is("").stderr_has(says).stderr_has("cogtok profile set ws targets.bad.url VALUE");
    }
}

#[test]
fn what_is_replaced_is_said_and_ones_own_targets_stay() {
    let home = Home::new();
    let own = "[profiles.ws.targets.mine]\n# mine\nurl = \"http://localhost:1\" # here\nodd = 1\n";
    home.config(&config(&format!(
        "{own}[profiles.ws.targets.tools]\n# of the class\nurl = \"https://old.example\" # old\nas = \"user\"\nulr = 1\n"
    )));
    let export = "cogtok_export = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\nuser.client_id = \"web\"\n\
        [profiles.ws.targets.tools]\nurl = \"https://new.example\"\nkind = \"gateway\"\n[profiles.ws.targets.agent]\nurl = \"https://a.example\"\n";
    let import = |args: &[&str]| home.cogtok(["profile", "import", "-", "--replace"]).args(args).stdin(export).run();
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    for args in [&["--dry-run"][..], &[]] {
        let told = import(args);
        told.ok()
            .stderr_has("targets.tools.url  https://new.example  (the export, was https://old.example)")
            .stderr_has("targets.tools.kind gateway              (the export, new)")
            .stderr_has("targets.tools.as   removed              (was user)")
            .stderr_has("targets.mine.url   http://localhost:1   (your own, unchanged)")
            .stderr_has("`targets.tools.ulr` is removed with the old profile")
            .stderr_lacks("`targets.mine.odd` goes");
        let is_same = std::fs::read_to_string(home.config_file()).unwrap() == before;
        assert_eq!(is_same, args == ["--dry-run"]);
    }
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(text.contains(own) && text.contains("# of the class\nurl = \"https://new.example\" # old\n"), "{text}");
    assert!(
        text.contains("[profiles.ws.targets.agent]\n") && !text.contains("ulr") && !text.contains("as ="),
        "{text}"
    );
    let again = import(&["--json"]).ok().json();
    assert_eq!(again[0]["origins"]["targets.mine.url"], json!("your own"));
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), text);
    // Other sources know nothing of targets.
    let env = "COGNITO_USER_POOL_ID=us-east-1_Other0000\nCOGNITO_CLIENT_ID=1example23456789abcdefghij\n";
    let other = home.cogtok(["profile", "import", "-", "--from", "env", "--name", "ws", "--replace"]).stdin(env).run();
    other.ok().stderr_has("targets.tools.url  https://new.example").stderr_has("(your own, unchanged)");
    let now = shown(&home, "ws");
    assert_eq!(
        (&now["targets.mine.url"], &now["user_pool_id"]),
        (&json!("http://localhost:1"), &json!("us-east-1_Other0000"))
    );
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains(own));
}

#[test]
fn targets_of_a_stranger_are_checked_as_if_they_were_typed() {
    let home = Home::new();
    let evil = Server::canary();
    let many: String =
        (0..150).map(|n| format!("[profiles.many.targets.t{n}]\nurl = \"https://a.example\"\n")).collect();
    let export = format!(
        "cogtok_export = 1\n{}[profiles.ws.targets]\nok = {{ url = \"https://ok.example\" }}\n\
        plain = {{ url = \"http://127.0.0.1.evil.example\" }}\nlogin = {{ url = \"https://a:hunter2hunter2@a.example\" }}\n\
        escape = {{ url = \"https://ok.example\", kind = \"\\u001b[31m\" }}\nwhose = {{ url = \"{}\", as = \"root\" }}\n\
        \"\\u001b]0;x\" = {{ url = \"https://a.example\" }}\n\"../x\" = {{ url = \"https://a.example\" }}\n\
        key = {{ url = \"https://ok.example\", password = \"hunter2hunter2\" }}\n\
        [profiles.flat]\nregion = \"us-east-1\"\ntargets = 5\n[profiles.many]\nregion = \"us-east-1\"\n{many}",
        config(""),
        evil.url()
    );
    home.canary("hunter2hunter2");
    let out = home.cogtok(["profile", "import", "-"]).stdin(&export).run();
    for told in [
        "skipped `targets.plain`: `http://127.0.0.1.evil.example` is refused: plain http",
        "skipped `targets.login`: a URL with a user name or password in it is refused",
        "skipped `targets.escape`: its `kind` contains control characters",
        "skipped `targets.whose`: `root` is not a token owner",
        "skipped `targets.\\u{1b}]0;x`: it can't be a target's name",
        "skipped `targets.../x`: it can't be a target's name",
        "skipped `targets.key.password`: it is not a known key",
        "skipped `targets`: it is not a table",
        "skipped 50 more targets: 100 is the limit",
    ] {
        out.ok().stderr_has(told);
    }
    out.check(!out.stderr.contains('\u{1b}'), "the terminal obeys");
    let ws = shown(&home, "ws");
    let targets: Vec<&String> = ws.as_object().unwrap().keys().filter(|key| key.starts_with("targets.")).collect();
    assert_eq!(targets, ["targets.key.url", "targets.ok.url"]);
    home.cogtok(["profile", "lint"]).run().ok().quiet();
    evil.assert_untouched();
}

#[test]
fn show_origin_lists_targets_with_their_lines() {
    let home = Home::new();
    let file = home
        .config(&config("targets.api.as = \"m2m\"\n[profiles.ws.targets.tools]\n\n\"url\" = \"https://a.example\"\n"));
    let output = home.cogtok(["profile", "show", "ws", "--origin"]).run();
    output.ok().stdout_has("profile, line 4").stdout_has("targets.tools.url").stdout_has("profile, line 7");
    let values = home.cogtok(["profile", "show", "ws", "--origin", "--json"]).run().ok().json()["values"].take();
    let of = |value: &str, line: usize| json!({"value": value, "source": "profile", "file": file, "line": line});
    assert_eq!(values["targets.api.as"], of("m2m", 4));
    assert_eq!(values["targets.tools.url"], of("https://a.example", 7));
}
