//! `cogtok call runtime --command`: a shell command in an agent's session, whose side is a server of the test in the shape of the
//! service's model (InvokeAgentRuntimeCommand).

use crate::call_model::event_stream;
use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::signature::frames;
use crate::harness::{Answer, Home, Request, Run, Server, m2m_jwt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SESSION: &str = "x-amzn-bedrock-agentcore-runtime-session-id";
const EVENT: [(&str, &str); 3] =
    [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];

fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

fn delta(name: &str, text: &str) -> Value {
    json!({"contentDelta": {name: text}})
}

fn stop(code: i64, status: &str) -> Value {
    json!({"contentStop": {"exitCode": code, "status": status}})
}

/// The frames of these events.
fn events(all: &[Value]) -> Vec<Vec<u8>> {
    let all: Vec<(&[(&str, &str)], Value)> = all.iter().map(|event| (&EVENT[..], event.clone())).collect();
    frames(&all)
}

fn answer(all: &[Value]) -> Answer {
    event_stream(events(all).concat())
}

fn call<'h>(home: &'h Home, server: &Server, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "runtime", &server.url()]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

#[test]
fn what_a_command_prints_comes_out_where_it_printed_it_with_its_exit_code() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    let start = json!({"contentStart": {}});
    let printed = [
        start.clone(),
        delta("stdout", "total 0\n"),
        delta("stderr", "ls: no such thing\n"),
        json!({"contentDelta": {"stdout": "a\u{1F980}", "stderr": "more\n"}}),
        json!({"somethingNew": {}}),
    ];
    let with_end = |end: Value| answer(&[&printed[..], &[end]].concat());
    let server = Server::always(with_end(stop(0, "COMPLETED")));
    let ran = call(&home, &server, &["--command", "ls -la", "--qualifier", "prod"]).run();
    ran.ok().stdout_is("total 0\na\u{1F980}");
    assert_eq!(ran.stderr, "ls: no such thing\nmore\n");
    let request = server.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/commands?qualifier=prod"));
    assert_eq!(request.json(), json!({"command": "ls -la"}));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(request.header("accept"), Some("application/vnd.amazon.eventstream"));
    assert!(request.header(SESSION).unwrap().starts_with("cogtok-"));
    // As lines of JSON, each as AgentCore has it.
    let lines = call(&home, &server, &["--command", "x", "--json", "--command-timeout", "1500ms"]).run();
    let lines: Vec<Value> = lines.ok().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [start, printed[1].clone(), printed[2].clone(), printed[3].clone(), stop(0, "COMPLETED")]);
    assert_eq!(server.requests().pop().unwrap().json(), json!({"command": "x", "timeout": 2}));
    for (end, code, says) in [
        (stop(3, "COMPLETED"), 3, ""),
        (stop(300, "COMPLETED"), 255, ""),
        (stop(-1, "COMPLETED"), 125, "could not run the command"),
        (stop(137, "TIMED_OUT"), 124, "`--command-timeout 30m`"),
    ] {
        let server = Server::always(with_end(end));
        let ran = call(&home, &server, &["--command", "ls"]).prints_on_failure().run();
        ran.code(code).stdout_is("total 0\na\u{1F980}").stderr_has(says);
        assert_eq!(says.is_empty(), !ran.stderr.contains("error:"), "{}", ran.stderr);
    }
}

#[test]
fn it_is_printed_as_it_comes() {
    let (home, _tokens) = issuing(&token());
    let all = events(&[json!({"contentStart": {}}), delta("stdout", "first\n"), stop(0, "COMPLETED")]);
    let may = Arc::new(AtomicBool::new(false));
    let rest = all[2].clone();
    let whole = event_stream(all.concat());
    let length = all.concat().len();
    drop(whole);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nContent-Length: {length}\r\n\r\n"
    );
    let first = [head.as_bytes(), &all[..2].concat()].concat();
    let server = Server::always(Answer::raw(first).then(&may, rest));
    let mut terminal = call(&home, &server, &["--command", "slow"]).pty();
    terminal.expect("first");
    may.store(true, Ordering::SeqCst);
    assert_eq!(terminal.wait().code, Some(0));
}

#[test]
fn the_session_is_that_of_the_agent() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/commands" => answer(&[delta("stdout", request.header(SESSION).unwrap()), stop(0, "COMPLETED")]),
        _ => Answer::json(200, &json!({"said": request.header(SESSION)})),
    });
    let run = |args: &[&str]| call(&home, &server, &[&["--command", "pwd"], args].concat()).run().ok().stdout.clone();
    let asked = call(&home, &server, &["--prompt", "clone it"]).run().ok().json();
    let session = asked["said"].as_str().unwrap();
    assert_eq!(run(&["--continue"]), session);
    let new = run(&[]);
    assert_ne!(new, session);
    let asked = call(&home, &server, &["--prompt", "and now?", "--continue"]).run().ok().json();
    assert_eq!(asked["said"], json!(new));
    let named = "y".repeat(40);
    assert_eq!(run(&["--session-id", &named]), named);
    call(&home, &server, &["--stop-session"]).run().ok().stderr_has(&format!("the session {named} has ended"));
}

#[test]
fn what_keeps_a_command_from_running_is_cogtoks_failure() {
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    // A token that is refused is renewed once.
    let refusals = std::sync::Mutex::new(vec![Answer::new(401, "application/json", "{}")]);
    let once =
        Server::start(move |_| refusals.lock().unwrap().pop().unwrap_or_else(|| answer(&[stop(0, "COMPLETED")])));
    call(&home, &once, &["--command", "true"]).run().ok().quiet().stdout_is("");
    assert_eq!((once.hits(), tokens.hits()), (2, 2));
    let exception = |code: &str| {
        let headers =
            [(":exception-type", code), (":content-type", "application/json"), (":message-type", "exception")];
        let reported = frames(&[(&headers, json!({"message": "it says no\u{1b}[2J"}))]).remove(0);
        event_stream([events(&[delta("stdout", "a\n")]).concat(), reported].concat())
    };
    let whole = events(&[delta("stdout", "a\n"), stop(0, "COMPLETED")]).concat();
    for (answer, stdout, says) in [
        (
            Answer::json(403, &json!({"message": "Claim 'client_id' value mismatch with configuration"})),
            "",
            "client_id",
        ),
        (Answer::json(404, &json!({"message": "no such runtime"})), "", "no such runtime"),
        (Answer::json(200, &json!({})), "", "not a stream of events"),
        (exception("runtimeClientError"), "a\n", "RuntimeClientError: it says no\\u{1b}[2J"),
        (exception("throttlingException"), "a\n", "ThrottlingException"),
        (event_stream(whole[..whole.len() - 1].to_vec()), "a\n", "cut off"),
        (event_stream(events(&[delta("stdout", "a\n")]).concat()), "a\n", "cut off"),
        (event_stream(b"no stream at all".to_vec()), "", "not an event stream"),
    ] {
        let server = Server::always(answer);
        let output =
            call(&home, &server, &["--command", "ls"]).prints_on_failure().timeout(Duration::from_secs(60)).run();
        output.code(125).stdout_is(stdout).stderr_has(says);
    }
    let canary = Server::canary();
    for words in [
        &["--command", ""][..],
        &["--command", "ls", "--prompt", "x"],
        &["--command", "ls", "--ws"],
        &["--command", "ls", "--stop-session"],
        &["--command", "ls", "--command-timeout", "2h"],
        &["--command", "ls", "--command-timeout", "0s"],
        &["--command-timeout", "5m", "--prompt", "x"],
    ] {
        call(&home, &canary, words).run().code(2).stdout_is("");
    }
    let long = "x".repeat(65_537);
    call(&home, &canary, &["--command", &long]).run().code(2).stderr_has("65536");
    canary.assert_untouched();
}
