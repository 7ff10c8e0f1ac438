//! The inspector's command line, a client on MCP's TypeScript SDK, with the entry that `cogtok mcp install` wrote.

use crate::harness::npm_programs::inspector;
use crate::harness::{Home, Keyring, McpServer, workshop};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_inspector_starts_what_was_installed_and_the_token_is_renewed_under_it() {
    let workshop = workshop();
    let home = Home::new();
    let keyring = Keyring::start();
    // With a token in the cache, so that the one that is used up is not one that was new.
    home.workshop_machine(workshop, &keyring);
    // A token is good for eight requests, and a run takes three.
    let server = McpServer::start("json-used-up", workshop);
    // It reads JSON with the key mcpServers, as Cursor and Claude Code have it.
    for (client, file) in [("cursor", ".cursor/mcp.json"), ("claude-code", ".claude.json")] {
        let path = home.path(file);
        home.allow(&path);
        home.allow(path.parent().unwrap());
        let install = ["mcp", "install", &server.url(), "--client", client, "--name", "real"];
        home.cogtok(install).args(["-p", "ws", "--as", "m2m", "--edit-file"]).run().ok();
        for (method, more) in [
            ("tools/list", &[][..]),
            ("tools/call", &["--tool-name", "add", "--tool-arg", "a=2", "--tool-arg", "b=40"]),
            ("tools/list", &[]),
        ] {
            let dir = inspector();
            let run = home.program("node", [dir.join("cli.js")]);
            let run = run.args(["--cli", "--config", path.to_str().unwrap(), "--server", "real", "--method", method]);
            let run = run.args(more).cwd(&dir).keyring(&keyring).timeout(Duration::from_secs(60));
            let said = run.run().ok().json();
            if method == "tools/list" {
                let tools = said["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
                let mut tools: Vec<&str> = tools.collect();
                tools.sort_unstable();
                assert_eq!(tools, ["add", "echo", "fail", "ping_me", "slow"], "{client}");
            } else {
                assert_eq!(said["content"][0]["text"], json!("42"), "{client}: {said}");
                assert_ne!(said["isError"], Value::Bool(true), "{client}: {said}");
            }
        }
    }
    // Eighteen requests in all.
    assert!(server.log().contains("TOKENS 3"), "{}", server.log());
}
