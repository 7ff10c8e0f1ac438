//! `cogtok mcp-proxy` between MCP's own client and a real server that checks the token.

use crate::harness::mcp::fixture;
use crate::harness::ministack::mcp_venv;
use crate::harness::{Home, McpServer, Run, binary, workshop};
use serde_json::{Value, json};
use std::time::Duration;

fn home() -> Home {
    let home = Home::new();
    home.workshop_profile(workshop());
    // From here on the token is in the cache, and no process needs the secret.
    home.cogtok(["token", "m2m", "-p", "ws"]).m2m_secret(workshop()).run().ok();
    home
}

/// The client of the SDK, which starts the proxy itself.
fn client<'h>(home: &'h Home, mode: &str, server: &McpServer) -> Run<'h> {
    let run = home.program(mcp_venv().join("bin/python"), [fixture("mcp_client.py")]).arg(mode).arg(binary());
    let run = run.args(["mcp-proxy", &server.url(), "-p", "ws", "--as", "m2m"]);
    run.env("PYTHONDONTWRITEBYTECODE", "1")
}

#[test]
fn the_sdks_client_hears_through_it_what_it_would_hear_from_the_server() {
    let home = home();
    for (mode, says) in [("json", "handshake"), ("sse", "session")] {
        let server = McpServer::start(mode, workshop());
        let heard = client(&home, says, &server).run().ok().json();
        assert_eq!(heard["tools"], json!(["add", "echo", "fail", "ping_me", "slow"]));
        assert_eq!(heard["add"], json!([["42"], false]));
        assert_eq!(heard["fail"], json!([["Error executing tool fail: no reason"], true]));
        assert_eq!(heard["slow"], json!([["slept 1.5"], false]));
        assert_eq!((&heard["echo"], &heard["echo_came_first"]), (&json!([["a a a"], false]), &json!(true)));
        assert_eq!(heard["version"], "2025-11-25");
        if mode == "sse" {
            let steps: Vec<Value> = (1..=4).map(|n| json!([f64::from(n), 4.0, format!("step {n}")])).collect();
            assert_eq!(heard["progress"], Value::Array(steps));
            assert_eq!(heard["log"], json!(["the slow tool is done"]));
            assert_eq!(heard["ping_me"], json!([["the client answered"], false]));
            let requests = server.requests();
            assert!(requests.iter().any(|line| line.starts_with("GET ")), "{requests:?}");
            assert!(requests.iter().any(|line| line.starts_with("DELETE ")), "{requests:?}");
        }
    }
}

#[test]
fn a_tool_that_ends_its_stream_again_and_again_is_waited_for() {
    let (home, server) = (home(), McpServer::start("sse-polled", workshop()));
    let heard = client(&home, "polled", &server).run().ok().json();
    assert_eq!(heard["polled"], json!([["the polled tool is done"], false]));
}

#[test]
fn the_stateless_protocol_passes_as_well() {
    let server = McpServer::start("sse", workshop());
    let heard = client(&home(), "auto", &server).run().ok().json();
    assert_eq!(heard["version"], "2026-07-28");
    assert_eq!((&heard["add"], &heard["echo_came_first"]), (&json!([["42"], false]), &json!(true)));
    let requests = server.requests();
    assert!(requests.iter().all(|line| line == "POST None 2026-07-28"), "{requests:?}");
}

#[test]
fn thousands_of_messages_need_no_more_memory_and_no_more_descriptors() {
    let home = home();
    let server = McpServer::start("json", workshop());
    let run = home.cogtok(["mcp-proxy", &server.url(), "-p", "ws", "--as", "m2m"]);
    let mut lines = format!(
        "{}\n",
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}})
    );
    for id in 1..=2000 {
        lines += &format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
    }
    let running = run.stdin(lines).timeout(Duration::from_secs(120)).spawn();
    let (open, mut most) = (format!("/proc/{}/fd", running.pid()), 0);
    while !running.ended() {
        most = most.max(std::fs::read_dir(&open).map_or(0, Iterator::count));
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = running.wait();
    output.ok().quiet();
    assert!((10..140).contains(&most), "{most} descriptors for at most a hundred requests at once");
    let mut answered: Vec<u64> = Vec::new();
    for line in output.stdout.lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert!(answer.get("result").is_some(), "{line}");
        answered.push(answer["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..=2000).collect::<Vec<_>>());
}
