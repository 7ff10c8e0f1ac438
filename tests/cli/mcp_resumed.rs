//! Answers of MCP servers that come in parts: `cogtok call gateway` and `cogtok mcp-proxy` ask for the rest until it is there.

use crate::call_gateway_wire::{or_hello, stream};
use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::{Answer, Home, Output, Server, m2m_jwt};
use crate::mcp_proxy_wire::{Talk, call};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const DONE: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"late"}]}}"#;

fn done() -> Answer {
    stream(&format!("id: 9\ndata: {DONE}\n\n"))
}

/// A server whose tool's stream ends at once; its rest is what `rest` gives to the first, the second and so on who asks.
fn ending(rest: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |request| match request.method.as_str() {
        "GET" => {
            assert_eq!(request.header("last-event-id"), Some("e0"));
            rest(asked.fetch_add(1, Ordering::SeqCst))
        }
        _ => or_hello(request, |message| {
            (message["method"] == "tools/call").then(|| stream("id: e0\nretry: 10\ndata:\n\n"))
        }),
    })
}

/// What either command gives for a call: the gateway's client, and the proxy.
fn both(home: &Home, server: &Server) -> (Output, Value) {
    let mut talk = Talk::begin(home, server);
    talk.say(&call(2));
    let told = talk.hear();
    assert_eq!((&told["id"], talk.end()), (&json!(2), Some(0)));
    let run = home.cogtok(["call", "gateway", &format!("{}/mcp", server.url()), "call", "t", "--args-json", "{}"]);
    (run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run(), told)
}

fn done_told() -> Value {
    serde_json::from_str(DONE).unwrap()
}

/// How often the rest was asked for.
fn asked(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method == "GET").count()
}

fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

#[test]
fn a_rest_that_fails_is_asked_for_again_after_the_same_event() {
    let (home, _tokens) = issuing(&token());
    let server = ending(|asked| match asked % 12 {
        0 => Answer::close(),
        1 => Answer::new(503, "text/plain", ""),
        // Neither names another event.
        2 => stream(""),
        3..11 => stream(": nothing yet\n\n"),
        _ => done(),
    });
    let (called, told) = both(&home, &server);
    called.ok().stdout_is("late\n");
    assert_eq!((told, asked(&server)), (done_told(), 24));
}

#[test]
fn a_rest_that_is_not_to_be_had_says_why() {
    let (home, _tokens) = issuing(&token());
    for (status, times) in [(503, 5), (404, 1)] {
        let server = ending(move |_| Answer::new(status, "text/plain", ""));
        let (called, told) = both(&home, &server);
        let says = format!("the rest can't be fetched: status {status}");
        called.code(6).stderr_has(&says).stderr_has("check before you try again");
        assert!(told["error"]["message"].as_str().unwrap().contains(&says), "{told}");
        assert_eq!(asked(&server), 2 * times);
    }
}

#[test]
fn a_message_that_can_not_be_read_is_not_asked_for_again() {
    let (home, _tokens) = issuing(&token());
    let server = ending(|_| stream("id: e1\ndata: {\n\n"));
    let (called, told) = both(&home, &server);
    called.code(6).stderr_has("not JSON");
    assert!(told["error"]["message"].as_str().unwrap().contains("not JSON"), "{told}");
    assert_eq!(asked(&server), 2);
}

#[test]
fn the_proxy_renews_the_token_on_the_way() {
    let (home, tokens) = issuing_another_each_time();
    home.scripted_m2m(&[]).run().ok();
    let server = ending(|asked| if asked == 0 { Answer::new(401, "text/plain", "") } else { done() });
    let mut talk = Talk::begin(&home, &server);
    talk.say(&call(2));
    assert_eq!((talk.hear(), talk.end(), tokens.hits()), (done_told(), Some(0), 2));
}
