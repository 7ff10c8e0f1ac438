//! `cogtok call gateway` against a real MCP server that checks the token's signature, client and scope.

use crate::completion::names;
use crate::harness::{Home, McpServer, Run, workshop};
use serde_json::json;

/// A home with the workshop's profile, and another one of the client that the server does not take.
fn home() -> Home {
    let home = Home::new();
    home.workshop_profile(workshop());
    let read = &workshop().m2m_read;
    home.canary(read.secret.as_deref().unwrap());
    let create = home.cogtok(["profile", "create", "other", "--m2m-client-id", &read.id, "--scope", "api.dev/read"]);
    let create = create.args(["--token-url", &workshop().token_url, "--user-pool-id", &workshop().pool_id]);
    create.args(["--endpoint-url", &workshop().endpoint]).run().ok();
    home
}

fn gateway<'h>(home: &'h Home, target: &str, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "gateway", target]).args(args).args(["-p", "ws", "--as", "m2m"]).m2m_secret(workshop())
}

fn as_other<'h>(home: &'h Home, target: &str) -> Run<'h> {
    let secret = workshop().m2m_read.secret.as_deref().unwrap();
    let run = home.cogtok(["call", "gateway", target, "tools", "-p", "other", "--as", "m2m"]);
    run.env("COGTOK_M2M_CLIENT_SECRET", secret)
}

#[test]
fn the_tools_of_a_server_are_listed_and_called_in_either_form_of_answer() {
    let home = home();
    for mode in ["json", "sse"] {
        let server = McpServer::start(mode, workshop());
        let url = server.url();
        let table = gateway(&home, &url, &["tools"]).run();
        table
            .ok()
            .quiet()
            .stdout_has("TOOL")
            .stdout_has("NEEDS")
            .stdout_has("Add two whole numbers")
            .stdout_has("a, b");
        table.check(table.stdout.lines().all(|line| line.chars().count() <= 80), "80 columns");
        let tools = gateway(&home, &url, &["tools", "--json"]).run().ok().json();
        let listed: Vec<_> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(listed, ["add", "echo", "fail", "slow", "ping_me"]);
        assert_eq!(tools[0]["inputSchema"]["required"], json!(["a", "b"]));

        let add = gateway(&home, &url, &["call", "add", "--arg", "a=2", "--arg", "b=40"]);
        add.run().ok().quiet().stdout_is("42\n");
        let echo = ["call", "echo", "--arg", "text=5", "--arg", "times=2", "--arg", "loud=true"];
        gateway(&home, &url, &echo).run().ok().stdout_is("5 5\n");
        let whole =
            gateway(&home, &url, &["call", "add", "--args-json", "-", "--json"]).stdin(r#"{"a":1,"b":2}"#).run();
        assert_eq!(whole.ok().quiet().json()["structuredContent"], json!({"result": 3}));
        let file = home.plant("arguments.json", r#"{"a": 1, "b": 2}"#);
        let mixed = ["call", "add", "--args-json", &format!("@{}", file.display()), "--arg", "b=9"];
        gateway(&home, &url, &mixed).run().ok().stdout_is("10\n");

        let failing = gateway(&home, &url, &["call", "fail", "--arg", "why=no reason"]).run();
        failing.code(1).stderr_has("the tool `fail` failed: ").stderr_has("no reason");
        let slow = gateway(&home, &url, &["call", "slow", "--arg", "seconds=0.2", "-v"]).run();
        slow.ok().stdout_is("slept 0.2\n");
        if mode == "sse" {
            slow.stderr_has("the server: notifications/message info the slow tool is done");
            gateway(&home, &url, &["call", "ping_me"]).run().ok().stdout_is("the client answered\n");
            let (begun, ended) = (count(&server, "POST None "), count(&server, "DELETE "));
            assert_eq!(begun, ended, "every session is ended: {:?}", server.requests());
        }
        let versions = server.requests().iter().filter(|line| line.ends_with(" 2025-11-25")).count();
        assert!(versions > 10, "{:?}", server.requests());
    }
}

#[test]
fn a_tool_that_ends_its_stream_again_and_again_is_waited_for() {
    let (home, server) = (home(), McpServer::start("sse-polled", workshop()));
    gateway(&home, &server.url(), &["call", "polled", "--arg", "times=8"])
        .run()
        .ok()
        .quiet()
        .stdout_is("the polled tool is done\n");
    assert!(count(&server, "GET ") > 8, "{:?}", server.requests());
}

fn count(server: &McpServer, start: &str) -> usize {
    server.requests().iter().filter(|line| line.starts_with(start)).count()
}

#[test]
fn arguments_and_tools_that_do_not_fit_are_named_before_anything_is_called() {
    let home = home();
    let server = McpServer::start("json", workshop());
    for (args, says) in [
        (&["call", "ad", "--arg", "a=1"][..], &["no tool `ad`", "did you mean `add`?"][..]),
        (&["call", "add", "--arg", "a=1"], &["needs the argument `b`", "--arg b=VALUE"]),
        (&["call", "add"], &["needs the argument `a`"]),
        (&["call", "add", "--arg", "a=one"], &["`a` is not of its type: integer"]),
        (&["call", "add", "--arg", "c=1"], &["has no argument `c`", "a (integer, required), b (integer, required)"]),
        (&["call", "echo", "--arg", "text"], &["NAME=VALUE"]),
        (&["call", "echo", "--args-json", "[]"], &["not a JSON object"]),
        (&["call", "echo", "--args-json", "{"], &["not JSON"]),
        (&["call"], &["needs the name of a tool"]),
        (&["tools", "add"], &["lists all tools"]),
    ] {
        let output = gateway(&home, &server.url(), args).run();
        output.code(2);
        for says in says {
            output.stderr_has(says);
        }
    }
    let refused = gateway(&home, &server.url(), &["call", "add", "--args-json", "{}"]).run();
    refused.code(1).stderr_has("add");
}

#[test]
fn a_token_of_another_client_is_refused_with_the_claim_that_fails() {
    let home = home();
    let other = &workshop().m2m_read.id;
    let server = McpServer::start("json", workshop());
    let refused = as_other(&home, &server.url()).run();
    refused.code(4).stderr_has(&format!("the server refused the token (403): allowedClients: `client_id` is {other}"));
    refused
        .stderr_has("it says: ")
        .stderr_has("Claim 'client_id' value mismatch")
        .stderr_has("`cogtok token check --for agentcore-gateway --authorizer FILE --as m2m -p other`");
    let scope = gateway(&home, &server.url(), &["tools", "--scope", "api.dev/read"]).run();
    scope.code(4).stderr_has("allowedScopes: `scope` is api.dev/read");

    let terse = McpServer::start("json-terse", workshop());
    let refused = as_other(&home, &terse.url()).run();
    refused.code(4).stderr_has(&format!("likely because of allowedClients: `client_id` is {other}"));
}

#[test]
fn a_target_of_the_profile_stands_for_its_address_and_its_owner() {
    let home = home();
    let server = McpServer::start("json", workshop());
    for (key, value) in [("url", server.url().as_str()), ("kind", "gateway"), ("as", "m2m")] {
        home.cogtok(["profile", "set", "ws", &format!("targets.tools.{key}"), value]).run().ok();
    }
    home.cogtok(["profile", "set", "ws", "targets.api.url", "http://127.0.0.1:1/"]).run().ok();
    let by_name = home.cogtok(["call", "gateway", "tools", "call", "add", "--arg", "a=1", "--arg", "b=1", "-p", "ws"]);
    by_name.m2m_secret(workshop()).run().ok().stdout_is("2\n");
    let unknown = home.cogtok(["call", "gateway", "tolls", "tools", "-p", "ws"]).run();
    unknown.code(3).stderr_has("did you mean `tools`?");
    assert_eq!(names(&home, &["call", "gateway", "-p", "ws", ""]), ["tools"]);
    assert_eq!(names(&home, &["mcp-proxy", "--profile=ws", "t"]), ["tools"]);
    assert_eq!(names(&home, &["mcp-proxy", "-p", "other", ""]), [""; 0]);
    assert_eq!(names(&home, &["call", "gateway", "tools", ""]), ["tools", "call"]);
}
