//! `cogtok mcp-proxy` and what the client gives up, and a server that asks while a session begins.

use crate::call_gateway_wire::{or_hello, stream};
use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Server, m2m_jwt, poll};
use crate::mcp_proxy_wire::{HELLO, READY, Talk, call};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PING: &str = r#"{"jsonrpc":"2.0","id":"quick","method":"ping"}"#;

fn cancel(id: u64) -> String {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}).to_string()
}

/// A server with a session whose tool never answers and keeps its stream open.
fn hanging() -> Server {
    Server::start(|request| match request.method.as_str() {
        "DELETE" => Answer::new(200, "text/plain", ""),
        _ => or_hello(request, |message| (message["method"] == "tools/call").then(Answer::never))
            .header("Mcp-Session-Id", "s-1"),
    })
}

fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

#[test]
fn what_is_given_up_gets_no_answer_and_takes_nobodys_place() {
    let (home, _tokens) = issuing(&token());
    let server = hanging();
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    assert_eq!(talk.hear()["id"], 0);
    talk.say(READY);
    for id in 1..=150 {
        talk.say(&call(id));
        talk.say(&cancel(id));
    }
    talk.say(PING);
    assert_eq!(talk.hear()["id"], "quick");
    let told = |id: u64| server.requests().iter().any(|request| request.text() == cancel(id));
    poll("the server is told", Duration::from_secs(20), || told(1).then_some(()));
    assert_eq!(talk.end(), Some(0));
    talk.hears_no_more();
}

#[test]
fn a_hundred_requests_that_hang_keep_no_cancellation_and_no_end_waiting() {
    let (home, _tokens) = issuing(&token());
    let server = hanging();
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    assert_eq!(talk.hear()["id"], 0);
    for id in 1..=100 {
        talk.say(&call(id));
    }
    talk.say(PING);
    talk.say(&call(101));
    talk.say(&cancel(101));
    talk.say(&cancel(7));
    assert_eq!(talk.hear()["id"], "quick", "it has the place of the one that was given up");
    let begin = Instant::now();
    assert_eq!(talk.end(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    let mut ids: Vec<u64> = (0..99).map(|_| talk.hear()["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=100).filter(|id| *id != 7).collect::<Vec<_>>(), "who still waits is told");
    talk.hears_no_more();
    assert!(!server.requests().iter().any(|request| request.text() == call(101)));
}

#[test]
fn what_the_server_asks_while_a_session_begins_is_answered_then() {
    let (home, _tokens) = issuing(&token());
    let answered: [Arc<AtomicBool>; 2] = Default::default();
    let begun = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let message = if request.method == "POST" { request.json() } else { json!({}) };
        match (request.header("mcp-session-id"), message["method"].as_str(), message["id"].as_str()) {
            (_, Some("initialize"), _) => {
                let n = begun.fetch_add(1, Ordering::SeqCst);
                let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}});
                let ping = json!({"jsonrpc": "2.0", "id": format!("p{n}"), "method": "ping"});
                let hello = json!({"jsonrpc": "2.0", "id": message["id"], "result": hello});
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n";
                Answer::raw(format!("{head}Mcp-Session-Id: s-{n}\r\n\r\ndata: {ping}\n\n"))
                    .then(&answered[n], format!("data: {hello}\n\n"))
            }
            (_, None, Some(id @ ("p0" | "p1"))) => {
                answered[usize::from(id == "p1")].store(true, Ordering::SeqCst);
                Answer::new(202, "text/plain", "")
            }
            (Some("s-0"), Some("tools/call"), _) => Answer::new(404, "text/plain", ""),
            _ => or_hello(request, |_| None),
        }
    });
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    assert_eq!(talk.hear()["id"], "p0");
    talk.say(r#"{"jsonrpc":"2.0","id":"p0","result":{}}"#);
    assert_eq!(talk.hear()["id"], 0);
    talk.say(READY);
    talk.say(&call(1));
    // The session is begun again, unseen but for what is asked on the way.
    assert_eq!(talk.hear()["id"], "p1");
    talk.say(r#"{"jsonrpc":"2.0","id":"p1","result":{}}"#);
    assert_eq!(talk.hear()["id"], 1);
    assert_eq!(talk.end(), Some(0));
}

#[test]
fn an_id_that_comes_back_in_another_form_answers_the_request() {
    for (form, line) in [("\"1\"", "\"1\""), ("1.0", "1.0")] {
        let (home, _issuer) = issuing(&token());
        let server = Server::start(move |request| {
            or_hello(request, |message| {
                let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{form},\"result\":{{}}}}");
                (message["id"] == 1).then(|| Answer::new(200, "application/json", answer))
            })
        });
        let run = home.cogtok(["mcp-proxy", &format!("{}/mcp", server.url())]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        let output = run.stdin([HELLO, READY, &call(1)].map(|line| format!("{line}\n")).concat()).run();
        let lines: Vec<&str> = output.ok().stdout.lines().skip(1).collect();
        assert_eq!(lines, [format!("{{\"jsonrpc\":\"2.0\",\"id\":{line},\"result\":{{}}}}")]);
    }
}

#[test]
fn an_answer_that_no_request_waits_for_is_dropped() {
    let (home, _issuer) = issuing(&token());
    let server = Server::start(|request| {
        or_hello(request, |message| {
            (message["id"] == 1).then(|| {
                let answer =
                    |id: &str, n: u8| format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"n\":{n}}}}}\n\n");
                let asks = "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}\n\n";
                let parts = [&answer("77", 1), asks, &answer("1", 2), &answer("1", 3), &answer("\"1\"", 4)];
                stream(&parts.map(ToString::to_string).concat())
            })
        })
    });
    let run = home.cogtok(["mcp-proxy", &format!("{}/mcp", server.url())]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    let output = run.stdin([HELLO, READY, &call(1)].map(|line| format!("{line}\n")).concat()).run();
    let lines: Vec<&str> = output.ok().stdout.lines().skip(1).collect();
    let asked = r#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#;
    assert_eq!(lines, [asked, r#"{"jsonrpc":"2.0","id":1,"result":{"n":2}}"#]);
    output.stderr_has("no request with the id 77 waits").stderr_has("the id 1 waits").stderr_has("the id \"1\" waits");
}
