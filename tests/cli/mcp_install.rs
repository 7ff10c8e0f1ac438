//! `cogtok mcp install`, `remove` and `list`: the configurations of MCP clients, and a real client that starts what stands there.

use crate::harness::mcp::fixture;
use crate::harness::ministack::mcp_venv;
use crate::harness::{Home, Keyring, McpServer, binary, workshop};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Each client, where its file is in a home, the key of its servers, and the fixture with its shape.
const CLIENTS: [(&str, &str, &str, &str); 8] = [
    ("claude-code", ".claude.json", "mcpServers", "claude-code.json"),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json", "mcpServers", "claude-desktop.json"),
    ("codex", ".codex/config.toml", "mcp_servers", "codex.toml"),
    ("cursor", ".cursor/mcp.json", "mcpServers", "cursor.json"),
    ("gemini", ".gemini/settings.json", "mcpServers", "gemini.json"),
    ("kiro", ".kiro/settings/mcp.json", "mcpServers", "kiro.json"),
    ("vscode", ".config/Code/User/mcp.json", "servers", "vscode.json"),
    ("windsurf", ".codeium/windsurf/mcp_config.json", "mcpServers", "windsurf.json"),
];

/// A home with a target `tools` of a machine's profile.
fn home() -> Home {
    let home = Home::new();
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    let set = home.cogtok(["profile", "set", "ws", "targets.tools.url", "https://gateway.example.com/mcp"]);
    set.run().ok();
    home.cogtok(["profile", "set", "ws", "targets.tools.kind", "gateway"]).run().ok();
    home
}

fn shape(name: &str) -> String {
    std::fs::read_to_string(fixture("mcp_clients").join(name)).unwrap()
}

/// The file of a client with this text, and the exemption of its directory.
fn planted(home: &Home, file: &str, text: &str) -> PathBuf {
    let path = home.plant(file, text);
    let parent = path.parent().unwrap();
    home.allow(&path);
    home.allow(path.with_file_name(format!("{}.before-cogtok", path.file_name().unwrap().to_str().unwrap())));
    if !file.starts_with(".claude") {
        home.allow(parent);
    }
    path
}

/// JSON with comments and commas too many, as the tests' own fixtures have them.
fn lenient(text: &str) -> Value {
    let mut plain = String::new();
    for line in text.lines() {
        let line = line.split(" /* ").next().unwrap().split(" // ").next().unwrap();
        if !line.trim_start().starts_with("//") {
            plain += line;
        }
    }
    let tight: String = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    serde_json::from_str(&tight.replace(", }", " }").replace(",}", "}")).unwrap_or_else(|why| panic!("{why}: {tight}"))
}

fn entry(text: &str, file: &str, key: &str, name: &str) -> Value {
    if file.ends_with(".toml") {
        let table: toml::Table = text.parse().unwrap();
        return serde_json::to_value(&table[key][name]).unwrap();
    }
    lenient(text)[key][name].clone()
}

#[test]
fn each_clients_file_gets_the_entry_and_keeps_all_else() {
    let home = home();
    for (client, file, key, fixture) in CLIENTS {
        let text = shape(fixture);
        let path = planted(&home, file, &text);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let install = || home.cogtok(["mcp", "install", "tools", "--client", client, "-p", "ws", "--edit-file"]).run();
        install().ok().stdout_is("").stderr_has("now has the server `tools`").stderr_has(".before-cogtok");
        let with_it = std::fs::read_to_string(&path).unwrap();
        let found = entry(&with_it, file, key, "tools");
        assert_eq!(found["args"], json!(["mcp-proxy", "tools", "-p", "ws", "--as", "m2m"]), "{with_it}");
        assert_eq!(found["command"], binary().to_str().unwrap());
        let names_transport = ["claude-code", "vscode"].contains(&client);
        assert_eq!(found["type"].as_str(), names_transport.then_some("stdio"), "{client}");
        // Every line that was there is there, but that a comma may have come to one.
        for line in text.lines() {
            assert!(with_it.contains(line.trim_end_matches(',')), "{client}: {line:?} is gone from\n{with_it}");
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644, "{client}");
        let backup = path.with_file_name(format!("{}.before-cogtok", path.file_name().unwrap().to_str().unwrap()));
        assert_eq!(std::fs::read_to_string(&backup).unwrap(), text);
        // Once more changes nothing.
        install().ok();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), with_it, "{client}");
        let listed = home.cogtok(["mcp", "list", "--json"]).run().ok().json();
        let ours: Vec<&Value> = listed.as_array().unwrap().iter().filter(|one| one["client"] == client).collect();
        assert_eq!(ours, [&json!({"client": client, "name": "tools", "target": "tools", "file": path})]);
        let removed = home.cogtok(["mcp", "remove", "tools", "--client", client, "--edit-file"]).run();
        removed.ok().stderr_has("removed `tools` from");
        let without = std::fs::read_to_string(&path).unwrap();
        assert!(!without.contains("cogtok"), "{without}");
        for line in text.lines() {
            assert!(without.contains(line.trim_end_matches(',')), "{client}: {line:?} is gone from\n{without}");
        }
    }
    home.cogtok(["mcp", "list"]).run().ok().stdout_is("").stderr_has("added no server");
}

#[test]
fn a_file_that_is_not_there_is_made_and_print_makes_none() {
    let home = home();
    for (client, file, key, _) in CLIENTS {
        home.allow(home.path(file.split('/').next().unwrap()));
        home.allow(home.path(file));
        let shown = home.cogtok(["mcp", "install", "tools", "--client", client, "-p", "ws", "--print"]).run();
        let shown = shown.ok().stdout.clone();
        assert!(!home.path(file).exists(), "{client}");
        home.cogtok(["mcp", "install", "tools", "--client", client, "-p", "ws", "--edit-file"]).run().ok();
        let text = std::fs::read_to_string(home.path(file)).unwrap();
        assert_eq!(text, shown, "{client}");
        assert_eq!(entry(&text, file, key, "tools")["args"][0], "mcp-proxy");
        assert_eq!(std::fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let removed = home.cogtok(["mcp", "remove", "tools"]).run();
    removed.ok().stderr_has("removed `tools` from Claude Desktop").stderr_has("removed `tools` from Windsurf");
    home.cogtok(["mcp", "remove", "tools"]).run().code(2).stderr_has("added no server `tools`");
}

#[test]
fn an_entry_for_a_profile_that_is_not_there_is_not_written() {
    let home = home();
    let install = ["mcp", "install", "https://gateway.example.com/mcp", "--client", "cursor", "-p", "wss"];
    for more in [&[][..], &["--print"], &["--project"], &["--as", "m2m"], &["--as", "user", "--print"]] {
        let output = home.cogtok(install).args(more).run();
        output.code(3).stdout_is("").stderr_has("there is no profile `wss`").stderr_has("did you mean `ws`?");
    }
}

#[test]
fn what_others_put_there_is_neither_replaced_nor_removed_unasked() {
    let home = home();
    let text = r#"{"mcpServers": {"tools": {"command": "npx", "args": ["x"]}}}"#;
    let path = planted(&home, ".cursor/mcp.json", text);
    let install = ["mcp", "install", "tools", "--client", "cursor", "-p", "ws"];
    home.cogtok(install).run().code(2).stderr_has("that cogtok did not add").stderr_has("--replace");
    let remove = ["mcp", "remove", "tools", "--client", "cursor"];
    home.cogtok(remove).run().code(2).stderr_has("cogtok did not add the server `tools`");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    home.cogtok(install).arg("--replace").run().ok();
    assert_eq!(lenient(&std::fs::read_to_string(&path).unwrap())["mcpServers"]["tools"]["args"][0], "mcp-proxy");
    for (broken, says) in
        [("{\"mcpServers\": [", "is not JSON"), ("[]", "not a JSON object"), ("{\"mcpServers\": 1}", "`mcpServers`")]
    {
        std::fs::write(&path, broken).unwrap();
        home.cogtok(install).run().code(3).stderr_has(says).stderr_has("cogtok changed nothing");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
    }
}

#[test]
fn a_server_is_not_said_to_be_absent_where_a_file_can_not_be_read() {
    let home = home();
    let broken = planted(&home, ".cursor/mcp.json", "{\"mcpServers\": {}, ,}");
    let remove = || home.cogtok(["mcp", "remove", "tools"]).run();
    let unread = remove();
    unread.code(3).stderr_has(&format!("warning: {}", broken.display())).stderr_lacks("added no server");
    unread.stderr_has("error: cogtok could not look for the server `tools` in every client's file");
    // It is removed where it is found.
    planted(&home, ".kiro/settings/mcp.json", "{}");
    home.allow(home.path(".kiro"));
    home.cogtok(["mcp", "install", "tools", "--client", "kiro", "-p", "ws"]).run().ok();
    remove().code(3).stderr_has("removed `tools` from Kiro").stderr_has("could not look for the server `tools`");
    std::fs::write(&broken, "{}").unwrap();
    remove().code(2).stderr_has("added no server `tools`");
}

#[test]
fn a_file_in_utf_16_is_read_and_written_as_utf_8_and_one_that_is_no_text_is_named() {
    let home = home();
    let text = "{\r\n  \"mcpServers\": {\"other\": {\"command\": \"x\"}}\r\n}";
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = planted(&home, ".cursor/mcp.json", "");
    std::fs::write(&path, &wide).unwrap();
    home.cogtok(["mcp", "install", "tools", "--client", "cursor", "-p", "ws"]).run().ok();
    let written = std::fs::read_to_string(&path).expect("UTF-8");
    let names: Vec<String> = lenient(&written)["mcpServers"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["other", "tools"]);
    let backup = path.with_file_name("mcp.json.before-cogtok");
    assert_eq!(std::fs::read(&backup).unwrap(), wide, "the copy is what the file was");
    let wide: Vec<u8> = format!("\u{feff}{written}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    std::fs::write(&path, &wide).unwrap();
    home.cogtok(["mcp", "list"]).run().ok().stdout_has("tools").stderr_lacks("warning");

    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let list = home.cogtok(["mcp", "list"]).run();
    list.ok().stderr_has("mcp.json begins as UTF-16, but is not valid UTF-16").stderr_lacks("added no server");
    list.stderr_has("none of its servers in the files that it could read");
}

#[test]
fn the_copy_is_what_the_file_was_before_cogtok_whatever_it_adds_later() {
    let home = home();
    let mine = r#"{"mcpServers":{"mine":{"command":"x"}}}"#;
    let path = planted(&home, ".cursor/mcp.json", mine);
    let backup = path.with_file_name("mcp.json.before-cogtok");
    let install =
        |name: &str| home.cogtok(["mcp", "install", "tools", "--client", "cursor", "-p", "ws", "--name", name]).run();
    let first = format!("the file before cogtok's first change is {}\n", backup.display());
    install("one").ok().stderr_has(&format!("the old file is {}\n", backup.display()));
    install("two").ok().stderr_has(&first).stderr_lacks("the old file is");
    let removed = home.cogtok(["mcp", "remove", "one", "--client", "cursor"]).run();
    removed.ok().stderr_has(&first).stderr_lacks("the old file is");
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), mine);
    // What is in the way of a copy prevents the change.
    std::fs::remove_file(&backup).unwrap();
    std::fs::create_dir(&backup).unwrap();
    let before = std::fs::read(&path).unwrap();
    install("three").code(7).stderr_has("mcp.json can't be written: it is a directory");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_a_person_writes_between_two_changes_is_in_a_copy() {
    let home = home();
    let path = home.path(".cursor/mcp.json");
    home.allow(path.parent().unwrap());
    let copies =
        ["", "-2", "-3", "-4"].map(|end| home.allow(path.with_file_name(format!("mcp.json.before-cogtok{end}"))));
    home.allow(&path);
    let install = |name: &str, more: &[&str]| {
        let install = ["mcp", "install", "tools", "--client", "cursor", "-p", "ws", "--name", name];
        home.cogtok(install).args(more).run()
    };
    let read = || std::fs::read_to_string(&path).unwrap();
    let by_hand = |name: &str| {
        let text = read().replacen('{', "{ // by hand\n", 1);
        let (before, after) = text.split_once("\"mcpServers\":").unwrap();
        let after = after.replacen('{', &format!("{{\"{name}\": {{\"command\": \"x\"}},"), 1);
        let text = format!("{before}\"mcpServers\":{after}");
        std::fs::write(&path, &text).unwrap();
        text
    };
    let first = "before cogtok's first change";
    // A file that has only what cogtok wrote needs no copy.
    install("one", &[]).ok().stderr_lacks("before-cogtok");
    install("two", &[]).ok().stderr_lacks("before-cogtok");
    // The first copy has cogtok's servers too, so it is not what was there before them.
    let mine = by_hand("mine");
    let old = |copy: &std::path::Path| format!("the old file is {}\n", copy.display());
    install("three", &[]).ok().stderr_has(&old(&copies[0])).stderr_lacks(first);
    assert_eq!(std::fs::read_to_string(&copies[0]).unwrap(), mine);
    let earlier = format!("the file before an earlier change is {}\n", copies[0].display());
    install("four", &[]).ok().stderr_has(&earlier).stderr_lacks(first);
    // Another file, and one that lacks a server that cogtok replaced, each have a copy of their own.
    std::fs::write(&path, r#"{"mcpServers":{"other":{"command":"y"}}}"#).unwrap();
    install("five", &[]).ok().stderr_has(&old(&copies[1])).stderr_lacks(first);
    let with_mine = by_hand("six");
    install("six", &["--replace"]).ok().stderr_has(&old(&copies[2]));
    let without = read();
    let removed = home.cogtok(["mcp", "remove", "six", "--client", "cursor"]).run();
    removed.ok().stderr_has(&old(&copies[3]));
    for (copy, text) in copies.iter().zip([&mine, r#"{"mcpServers":{"other":{"command":"y"}}}"#, &with_mine, &without])
    {
        assert_eq!(std::fs::read_to_string(copy).unwrap(), text);
    }
}

#[test]
fn a_project_gets_what_holds_on_every_machine() {
    let home = home();
    let project = home.path("project");
    home.allow(&project);
    std::fs::create_dir(&project).unwrap();
    let run = |args: &[&str]| home.cogtok(args).cwd(&project).run();
    for (client, file) in
        [("vscode", ".vscode/mcp.json"), ("claude-code", ".mcp.json"), ("kiro", ".kiro/settings/mcp.json")]
    {
        run(&["mcp", "install", "tools", "--client", client, "--project", "-p", "ws", "--name", "ours"]).ok();
        let text = std::fs::read_to_string(project.join(file)).unwrap();
        let key = if client == "vscode" { "servers" } else { "mcpServers" };
        let found = &lenient(&text)[key]["ours"];
        assert_eq!((&found["command"], found.get("env")), (&json!("cogtok"), None), "{text}");
    }
    run(&["mcp", "list"]).ok().stdout_has(".vscode/mcp.json").stdout_has("ours");
    let hint = "it is in this project: cogtok mcp remove ours --project";
    run(&["mcp", "remove", "ours"]).code(2).stderr_has("added no server `ours`").stderr_has(hint);
    // In the home directory, the file of a project and that of the user are the same one.
    planted(&home, ".cursor/mcp.json", "{}");
    run(&["mcp", "install", "tools", "--client", "cursor", "-p", "ws"]).ok();
    let there = home.cogtok(["mcp", "list", "--json"]).cwd(home.path("")).run().ok().json();
    assert_eq!(there.as_array().unwrap().len(), 1, "{there}");
    // A profile that `-p` names limits the list to the servers of that profile.
    home.cogtok(["profile", "copy", "ws", "other"]).run().ok();
    let of = |name: &str| run(&["mcp", "list", "--json", "-p", name]).ok().json().as_array().unwrap().len();
    assert_eq!((of("ws"), of("other")), (4, 0));
    run(&["mcp", "list", "-p", "other"]).ok().stdout_is("").stderr_has("no server with profile `other`");
    run(&["mcp", "list", "-p", "zzz"]).code(3).stderr_has("there is no profile `zzz`");
    let desktop = run(&["mcp", "install", "tools", "--client", "claude-desktop", "--project", "-p", "ws"]);
    desktop.code(2).stderr_has("Claude Desktop has no configuration for a project");
    let named = run(&["mcp", "install", "https://a.example/mcp", "--client", "kiro", "--name", "a b", "-p", "ws"]);
    named.code(2).stderr_has("letters, digits");
}

#[test]
fn a_directory_that_is_gone_has_no_project() {
    let home = home();
    let gone = home.path("gone");
    let run = |args: &[&str]| {
        std::fs::create_dir(&gone).unwrap();
        let script = "cd \"$0\" && rmdir \"$0\" && exec \"$@\"";
        home.program("sh", ["-c", script, gone.to_str().unwrap(), binary().to_str().unwrap()]).args(args).run()
    };
    let install = ["mcp", "install", "tools", "--client", "cursor", "--project", "-p", "ws"];
    for args in [&install[..], &["mcp", "remove", "tools", "--project"]] {
        run(args).code(7).stderr_has("error: the current directory no longer exists").stderr_has("hint: change to");
    }
    run(&["mcp", "list"]).ok().stderr_has("cogtok added no server");
}

#[test]
fn claude_code_may_call_the_server_itself_with_a_helper_for_the_header() {
    let home = home();
    let path = planted(&home, ".claude.json", &shape("claude-code.json"));
    let install = ["mcp", "install", "tools", "--headers-helper", "-p", "ws", "--edit-file"];
    home.cogtok(install).args(["--client", "claude-code"]).run().ok();
    let found = lenient(&std::fs::read_to_string(&path).unwrap())["mcpServers"]["tools"].clone();
    assert_eq!((&found["type"], &found["url"]), (&json!("http"), &json!("https://gateway.example.com/mcp")));
    let helper = format!("{} header --format json -p ws --as m2m", binary().display());
    assert_eq!(found["headersHelper"], json!(helper));
    home.cogtok(["mcp", "list"]).run().ok().stdout_has("https://gateway.example.com/");
    home.cogtok(install)
        .args(["--client", "cursor"])
        .run()
        .code(2)
        .stderr_has("Cursor can't run a command for headers");
}

#[test]
fn a_client_with_a_command_of_its_own_is_asked() {
    let home = home();
    let log = home.allow(home.path("log"));
    for (client, program) in [("claude-code", "claude"), ("codex", "codex"), ("vscode", "code")] {
        let script = format!(
            "#!/bin/sh\n[ -e {0}.fail ] && {{ echo no way >&2; exit 3; }}\nprintf '%s\\n' \"$0\" \"$@\" >{0}\n",
            log.display()
        );
        let program = home.plant(format!("bin/{program}"), script);
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", home.path("bin").display(), std::env::var("PATH").unwrap());
        let run =
            |args: &[&str]| home.cogtok(args).env("PATH", &path).env("HTTPS_PROXY", "http://u:p@127.0.0.1:9").run();
        let install = ["mcp", "install", "tools", "--client", client, "-p", "ws"];
        run(&install).ok().stderr_has("now has the server `tools`").stderr_has("cogtok left HTTPS_PROXY out");
        let words = std::fs::read_to_string(&log).unwrap();
        let words: Vec<&str> = words.lines().skip(1).collect();
        let proxy = binary();
        let proxy = proxy.to_str().unwrap();
        match client {
            "codex" => {
                let wanted = ["mcp", "add", "tools", "--", proxy, "mcp-proxy", "tools", "-p", "ws", "--as", "m2m"];
                assert_eq!(words, wanted);
            }
            "vscode" => {
                let json: Value = serde_json::from_str(words[1]).unwrap();
                assert_eq!((words[0], &json["name"], &json["command"]), ("--add-mcp", &json!("tools"), &json!(proxy)));
            }
            _ => {
                assert_eq!(words[..5], ["mcp", "add-json", "--scope", "user", "tools"]);
                let json: Value = serde_json::from_str(words[5]).unwrap();
                assert_eq!((&json["type"], &json["command"]), (&json!("stdio"), &json!(proxy)));
            }
        }
        run(&[&install[..], &["--print"]].concat()).ok().stderr_has("would run").stderr_has(program.to_str().unwrap());
        std::fs::write(format!("{}.fail", log.display()), "").unwrap();
        home.allow(home.path("log.fail"));
        run(&install).code(1).stderr_has("no way").stderr_has("--edit-file");
        std::fs::remove_file(home.path("log.fail")).unwrap();
    }
}

#[test]
fn a_real_client_starts_what_was_installed_and_the_token_is_renewed_under_it() {
    let workshop = workshop();
    let home = Home::new();
    let keyring = Keyring::start();
    // With a token in the cache, so that the one that is used up is not one that was new.
    home.workshop_machine(workshop, &keyring);
    for (client, file, key, _) in CLIENTS {
        if !["cursor", "codex"].contains(&client) {
            continue;
        }
        // Each token is good for eight requests, of which a session takes more.
        let server = McpServer::start("json-used-up", workshop);
        home.allow(home.path(file).parent().unwrap());
        let install = ["mcp", "install", &server.url(), "--client", client, "--name", "real", "--replace"];
        home.cogtok(install).args(["-p", "ws", "--as", "m2m", "--edit-file"]).run().ok();
        let path = home.path(file);
        let run = home.program(mcp_venv().join("bin/python"), [fixture("mcp_installed.py")]);
        let run = run.args([path.to_str().unwrap(), key, "real"]).env("PYTHONDONTWRITEBYTECODE", "1");
        let heard = run.keyring(&keyring).run().ok().json();
        assert_eq!(heard["sums"], json!(["40", "41", "42", "43"]));
        let tools = json!(["add", "echo", "fail", "ping_me", "slow"]);
        assert_eq!(heard["tools"], json!([tools, tools, tools, tools]));
        assert!(server.log().contains("TOKENS 2"), "{}", server.log());
    }
}
