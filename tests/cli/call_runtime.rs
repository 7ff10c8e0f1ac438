//! `cogtok call runtime` against an agent on AWS's SDK, behind a front that checks tokens as the runtime does.

use crate::harness::apis::RUNTIME;
use crate::harness::{Home, Run, agent, need, unique, workshop};
use serde_json::json;

/// A home with the workshop's profile, and the target `agent`.
pub fn home() -> Home {
    let home = Home::new();
    home.workshop_profile(workshop());
    home.cogtok(["profile", "set", "ws", "targets.agent.url", RUNTIME]).run().ok();
    home.cogtok(["profile", "set", "ws", "targets.agent.as", "m2m"]).run().ok();
    home
}

/// `cogtok call runtime` with these arguments; AgentCore is the test's.
pub fn call<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["call", "runtime"]).args(args).m2m_secret(workshop());
    run.env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", agent().url(""))
}

#[test]
fn a_question_is_asked_and_the_answer_printed() {
    let home = home();
    let seen = call(&home, &["agent", "--prompt", "Grüße \"x\""]).run().ok().quiet().json();
    assert_eq!((&seen["prompt"], &seen["turn"]), (&json!("Grüße \"x\""), &json!(1)));
    assert_eq!(seen["given"], json!({"prompt": "Grüße \"x\""}));
    let seen = call(&home, &[RUNTIME, "--as", "m2m", "-d", "-"]).stdin(r#"{"a": [1, 2]}"#).run().ok().quiet().json();
    assert_eq!(seen["given"], json!({"a": [1, 2]}));
    // One line of JSON, whatever the agent's form was.
    let line = call(&home, &["agent", "-d", "{\"n\": 12345678901234567890123}", "--json"]).run();
    line.ok().quiet().check(line.line().contains(r#""given":{"n":12345678901234567890123}"#), "the number as it was");
    let shown = call(&home, &["agent", "--prompt", "x", "-i"]).run();
    shown.ok().stdout_has("HTTP/1.1 200 OK\r\n").stdout_has("x-amzn-bedrock-agentcore-runtime-session-id: cogtok-");
    // The agent alone, as it runs on a developer's machine, by an address of its own.
    let path = format!("/runtimes/{}", RUNTIME.replace(':', "%3A").replace('/', "%2F"));
    let direct = home.cogtok(["call", "runtime", &agent().url(&path), "--as", "m2m", "--prompt", "x"]);
    direct.m2m_secret(workshop()).run().ok().quiet();
    insta::assert_snapshot!(call(&home, &["agent"]).run().message(), @"
    exit 2
    error: there is no prompt (profile `ws`)
    hint: add --prompt TEXT, or -d with what the agent takes; `-d -` reads it from standard input
    ");
    call(&home, &["agent", "--prompt", "x", "-d", "{}"]).run().code(2);
}

#[test]
fn each_call_has_a_session_of_its_own_unless_it_goes_on() {
    let home = home();
    let ask = |args: &[&str]| call(&home, &[&["agent", "--prompt", "x"], args].concat()).run().ok().quiet().json();
    let first = ask(&[]);
    let session = first["session"].as_str().unwrap().to_string();
    assert!((33..=256).contains(&session.len()), "{session}");
    let second = ask(&["--continue"]);
    assert_eq!((&second["session"], &second["turn"]), (&json!(session), &json!(2)));
    // Of two calls the later one is gone on with.
    let other = ask(&[]);
    assert_ne!(other["session"], json!(session));
    assert_eq!(ask(&["--continue"])["session"], other["session"]);
    // Each endpoint has its own; one that there was none of yet is begun.
    let prod = ask(&["--qualifier", "prod", "--continue"]);
    assert_eq!(prod["turn"], json!(1));
    assert_eq!(ask(&["--continue"])["session"], other["session"]);
    // As has each caller: the m2m client is one, and a profile another.
    home.profile("ws2", workshop(), &workshop().endpoint, &workshop().token_url);
    home.cogtok(["profile", "set", "ws2", "targets.agent.url", RUNTIME]).run().ok();
    assert_eq!(ask(&["--continue", "-p", "ws2", "--as", "m2m"])["turn"], json!(1));

    let given = unique("session-of-my-own-that-is-long-enough");
    assert_eq!(ask(&["--session-id", &given])["session"], json!(given));
    assert_eq!(ask(&["--continue"]), json!({"prompt": "x", "session": given, "turn": 2, "given": {"prompt": "x"}}));
    // The runtime's word counts.
    let renaming = RUNTIME.replace("my_agent", "renaming");
    let renamed = |args: &[&str]| {
        call(&home, &[&[renaming.as_str(), "--as", "m2m", "--prompt", "x"], args].concat()).run().ok().json()
    };
    renamed(&[]);
    assert_eq!(renamed(&["--continue"])["session"], json!(format!("replaced-{}", "0".repeat(30))));
    for bad in ["short", &"x".repeat(257), &format!("{} ", "x".repeat(40)), &"ü".repeat(40)] {
        call(&home, &["agent", "--prompt", "x", "--session-id", bad]).run().code(2).stderr_has("33 to 256");
    }
    call(&home, &["agent", "--prompt", "x", "--session-id", &given, "--continue"]).run().code(2);
    // What was kept and is damaged is none.
    let dir = home.state_dir().join("agent-sessions");
    let kept = || {
        let entries = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect::<Vec<_>>()
    };
    assert!(kept().len() >= 4, "{:?}", kept());
    for path in kept() {
        std::fs::write(path, "{\"version\": 1, \"session_id\": 5}").unwrap();
    }
    assert_eq!(ask(&["--continue"])["turn"], json!(1));
    // Without a place to keep it the call is made all the same.
    let full = call(&home, &["agent", "--prompt", "x"]).env("XDG_STATE_HOME", "/proc/nowhere").run();
    full.ok().stderr_has("warning: the session could not be stored");
}

#[test]
fn a_stream_is_told_as_text_as_json_or_as_it_is() {
    let home = home();
    let tools = |args: &[&str]| call(&home, &[&["agent", "--prompt", "tools"], args].concat()).run();
    tools(&[])
        .ok()
        .quiet()
        .stdout_is("Hello \u{1b}[31mü\n{\"tool\": \"search\", \"id\": 12345678901234567890}\ndone\n");
    tools(&["--json"])
        .ok()
        .quiet()
        .stdout_is("\"Hel\"\n\"lo \\u001b[31mü\"\n{\"tool\":\"search\",\"id\":12345678901234567890}\n\"done\"\n");
    let raw = tools(&["--raw"]).ok().quiet().stdout.clone();
    assert!(raw.starts_with("data: \"Hel\"\n\ndata: \"lo ") && raw.ends_with("data: \"done\"\n\n"), "{raw}");
    tools(&["--raw", "--json"]).code(2);
    let session = call(&home, &["agent", "--prompt", "stream"]).pty().wait();
    assert_eq!((session.code, session.text.as_str()), (Some(0), "Hello \\u{1b}[31mü\n"));
    let path = home.allow(home.path("told.txt"));
    tools(&["--output-file", path.to_str().unwrap()]).ok().quiet().stdout_is("");
    assert!(std::fs::read_to_string(&path).unwrap().ends_with("\ndone\n"));
}

#[test]
fn an_agent_is_heard_while_it_speaks() {
    need("bash", "bash");
    let home = home();
    let name = unique("heard");
    // The agent goes on when its first words were seen behind the pipe, and not before.
    let script = format!(
        "set -o pipefail; cogtok call runtime agent -d '{{\"prompt\": \"wait\", \"name\": \"{name}\"}}' | {{ read -r -N 3 words; \
         cogtok call runtime agent -d '{{\"prompt\": \"go\", \"name\": \"{name}\"}}'; echo; printf '%s' \"$words\"; cat; }}"
    );
    // A token in the cache, so that no secret has to be in a shell's environment.
    call(&home, &["agent", "--prompt", "x"]).run().ok();
    let live = home.shell("bash", &script).env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", agent().url(""));
    live.run().ok().quiet().stdout_is("\"gone\"\nHello \u{1b}[31mü\n");
}

#[test]
fn endpoints_paths_and_other_protocols_are_reached() {
    let home = home();
    let card = call(&home, &["agent", "--path", ".well-known/agent-card.json"]).run().ok().quiet().json();
    let name = RUNTIME.rsplit('/').next().unwrap();
    assert_eq!(card, json!({"name": name, "path": ".well-known/agent-card.json", "qualifier": "DEFAULT"}));
    let endpoint = format!("{RUNTIME}/runtime-endpoint/prod");
    let card = |args: &[&str]| {
        let args = [&[endpoint.as_str(), "--as", "m2m", "--path", "/.well-known/agent-card.json"], args].concat();
        call(&home, &args).run().ok().quiet().json()
    };
    assert_eq!(card(&[])["qualifier"], json!("prod"));
    assert_eq!(card(&["--qualifier", "DEFAULT"])["qualifier"], json!("DEFAULT"));
    // Its whole address does as well, where the option wins over the query.
    let path = format!("/runtimes/{}/invocations", RUNTIME.replace(':', "%3A").replace('/', "%2F"));
    let direct = |end: &str, args: &[&str]| {
        let run = home.cogtok(["call", "runtime", &agent().url(&format!("{path}{end}")), "--as", "m2m"]).args(args);
        run.m2m_secret(workshop()).run().ok().quiet().json()["qualifier"].clone()
    };
    assert_eq!(direct("/.well-known/agent-card.json", &[]), json!("DEFAULT"));
    assert_eq!(direct("/.well-known/agent-card.json?qualifier=DEFAULT", &["--qualifier", "prod"]), json!("prod"));
    assert_eq!(direct("", &["--path", ".well-known/agent-card.json?qualifier=prod"]), json!("prod"));
    let mcp = RUNTIME.replace("my_agent", "mcp");
    let listing = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#;
    let listed = call(&home, &[&mcp, "--as", "m2m", "-d", listing, "-H", "MCP-Protocol-Version: 2025-06-18", "--json"]);
    assert_eq!(listed.run().ok().quiet().json()["result"]["method"], json!("tools/list"));
    let plain = call(&home, &[&mcp, "--as", "m2m", "-d", listing, "-H", "Accept: application/json"]).run();
    plain.code(1).stderr_has("406 Not Acceptable");
}
