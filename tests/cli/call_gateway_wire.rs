//! `cogtok call gateway` against servers that page, refuse, lie, break off and never end.

use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::{Answer, Home, Request, Run, Server, m2m_jwt};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What an MCP server that keeps no sessions says to everything but what is tried.
pub fn or_hello(request: &Request, mut tried: impl FnMut(&Value) -> Option<Answer>) -> Answer {
    if request.method != "POST" {
        return Answer::new(405, "text/plain", "");
    }
    let message = request.json();
    if let Some(answer) = tried(&message) {
        return answer;
    }
    match message["method"].as_str() {
        Some("initialize") => {
            let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}});
            result(&message, &hello)
        }
        Some(method) if method.starts_with("notifications/") => Answer::new(202, "text/plain", ""),
        Some("tools/list") => result(&message, &json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}]})),
        Some(_) => result(&message, &json!({"content": [{"type": "text", "text": "done"}]})),
        None => Answer::new(202, "text/plain", ""),
    }
}

/// The answer to a request.
pub fn result(message: &Value, result: &Value) -> Answer {
    Answer::json(200, &json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
}

/// An error in an answer.
pub fn error(message: &Value, error: &Value) -> Answer {
    Answer::json(200, &json!({"jsonrpc": "2.0", "id": message["id"], "error": error}))
}

/// The bytes of a stream that ends with its connection.
pub fn stream(events: &str) -> Answer {
    Answer::raw(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{events}"))
}

pub fn is(message: &Value, method: &str) -> bool {
    message["method"] == method
}

pub fn gateway<'h>(home: &'h Home, server: &Server, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["call", "gateway", &format!("{}/mcp", server.url())]).args(args);
    run.env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

pub fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

#[test]
fn pages_are_followed_to_their_end_and_a_ring_of_them_is_an_error() {
    let (home, _tokens) = issuing(&token());
    let paging = |is_ring: bool| {
        Server::start(move |request| {
            or_hello(request, |message| {
                let page: u64 = is(message, "tools/list")
                    .then(|| message["params"]["cursor"].as_str().map_or(0, |at| at.parse().unwrap()))?;
                let next = match page {
                    2 if is_ring => Some("1".to_string()),
                    2 => None,
                    page => Some((page + 1).to_string()),
                };
                Some(result(message, &json!({"tools": [{"name": format!("tool-{page}")}], "nextCursor": next})))
            })
        })
    };
    let tools = gateway(&home, &paging(false), &["tools", "--json"]).run().ok().json();
    assert_eq!(tools, json!([{"name": "tool-0"}, {"name": "tool-1"}, {"name": "tool-2"}]));
    let ring = paging(true);
    insta::assert_snapshot!(gateway(&home, &ring, &["tools"]).run().message(), @"
    exit 6
    error: the server's list of tools does not end: it gives the same nextCursor twice (profile `ws`)
    ");
    assert!(ring.hits() < 8, "{}", ring.hits());
    // Pages without end that are each another one.
    let pages = AtomicUsize::new(0);
    let endless = Server::start(move |request| {
        or_hello(request, |message| {
            let tool = json!({"name": "t", "description": "x".repeat(3 * 1024 * 1024)});
            let next = || pages.fetch_add(1, Ordering::SeqCst).to_string();
            is(message, "tools/list").then(|| result(message, &json!({"tools": [tool], "nextCursor": next()})))
        })
    });
    insta::assert_snapshot!(gateway(&home, &endless, &["tools"]).run().message(), @"
    exit 6
    error: the server's list of tools is larger than 16 MiB (profile `ws`)
    ");
    assert!(endless.hits() < 10, "{}", endless.hits());
}

#[test]
fn a_runtime_is_reached_by_its_arn_as_call_runtime_reaches_it() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| or_hello(request, |_| None));
    let arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/mcp-AbCdEf1234";
    let encoded =
        "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A111122223333%3Aruntime%2Fmcp-AbCdEf1234/invocations";
    for (arn, path) in [
        (arn.to_owned(), encoded.to_owned()),
        (format!("{arn}/runtime-endpoint/prod"), format!("{encoded}?qualifier=prod")),
    ] {
        let run = home.cogtok(["call", "gateway", &arn, "tools", "--json"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        run.env("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", server.url()).run().ok();
        assert_eq!(server.requests().last().unwrap().path, path);
    }
}

#[test]
fn the_servers_texts_reach_no_terminal_as_they_are() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    home.canary_token(&token);
    let server = Server::start(move |request| {
        let echoed = request.header("authorization").unwrap().to_string();
        or_hello(request, |message| {
            if is(message, "tools/list") {
                let description = "Clear \u{1b}[2J\u{202e}the screen. And more.\nAnd more";
                return Some(result(
                    message,
                    &json!({"tools": [{"name": "x\u{1b}]0;t\u{7}", "description": description, "inputSchema": {"required": ["a\u{1b}b"]}}]}),
                ));
            }
            is(message, "tools/call").then(|| {
                error(
                    message,
                    &json!({"code": -32602, "message": format!("bad\u{1b}[31m {echoed}"), "data": {"why": echoed}}),
                )
            })
        })
    });
    let table = gateway(&home, &server, &["tools"]).run();
    table.ok().stdout_has("Clear \\u{1b}[2J\\u{202e}the screen").stdout_has("a\\u{1b}b");
    table.check(
        !table.stdout.contains('\u{1b}') && !table.stdout.contains("more"),
        "escaped, and its first sentence alone",
    );
    let failed = gateway(&home, &server, &["call", "x", "--args-json", "{}"]).run();
    failed.code(1).stderr_has("the server answers tools/call with error -32602: bad\\u{1b}[31m Bearer [redacted]");
    failed.stderr_has("it adds: {\"why\":\"Bearer [redacted]\"}");
}

#[test]
fn a_cached_token_that_is_refused_is_renewed_once() {
    let (home, tokens) = issuing_another_each_time();
    let first = home.scripted_m2m(&[]).run().ok().line().to_string();
    let refusing = |all: bool| {
        let first = first.clone();
        Server::start(move |request| match request.header("authorization") {
            Some(bearer) if all || bearer.ends_with(&first) => Answer::json(401, &json!({"message": "Unauthorized"})),
            _ => or_hello(request, |_| None),
        })
    };
    let server = refusing(false);
    gateway(&home, &server, &["call", "t"]).run().ok().quiet().stdout_is("done\n");
    assert_eq!((tokens.hits(), server.hits()), (2, 5));
    let server = refusing(true);
    insta::assert_snapshot!(gateway(&home, &server, &["call", "t"]).run().message(), @"
    exit 4
    error: the server refused the token (401): likely because of allowedClients: `client_id` is scripted+client, `scope` is api/read api/write n2 (profile `ws`)
    hint: add the token's client scripted+client to allowedClients, or get the token with a client that is there
    hint: it says: Unauthorized
    hint: what was sent is a machine-to-machine access token, client scripted+client, scope api/read api/write n2, pool [pool], exp in [n] min
    hint: compare all claims with its configuration: `cogtok token check --for agentcore-gateway --authorizer FILE --as m2m -p ws`
    ");
    assert_eq!((tokens.hits(), server.hits()), (3, 2));
    // A new one was refused as well: cogtok fetches no other within a minute.
    gateway(&home, &server, &["call", "t"]).run().code(4);
    assert_eq!((tokens.hits(), server.hits()), (3, 3));
    // One that was not in the cache is as good as it gets.
    gateway(&home, &server, &["tools", "--no-cache"]).run().code(4);
    assert_eq!((tokens.hits(), server.hits()), (4, 4));
}

#[test]
fn the_token_goes_nowhere_else_and_what_is_no_mcp_is_told_as_that() {
    let (home, _tokens) = issuing(&token());
    let canary = Server::canary();
    for status in [301, 302, 303, 307, 308] {
        let server = Server::always(Answer::redirect(status, &format!("{}/mcp", canary.url())));
        gateway(&home, &server, &["tools"]).run().code(6).stderr_has("redirect refused");
    }
    canary.assert_untouched();
    for (answer, says) in [
        (Answer::new(200, "text/html", "<html>\u{1b}[2J sign in"), "not JSON"),
        (Answer::new(404, "text/html", "<html>"), "status 404"),
        (Answer::new(406, "text/plain", "not acceptable"), "it says: not acceptable"),
        (Answer::new(503, "text/plain", ""), "status 503"),
        (Answer::new(202, "text/plain", ""), "without an answer to initialize"),
        (
            Answer::json(200, &json!({"id": 1, "result": {"protocolVersion": "1999-01-01"}})),
            "speaks version `1999-01-01`",
        ),
        (Answer::close(), "was cut off"),
    ] {
        gateway(&home, &Server::always(answer), &["tools"]).run().code(6).stderr_has(says);
    }
}

#[test]
fn streams_trickle_break_off_go_on_and_never_end() {
    let (home, _tokens) = issuing(&token());
    let calling = |answer: fn(&Value) -> Answer| {
        Server::start(move |request| match request.method.as_str() {
            "GET" => {
                assert_eq!(request.header("last-event-id"), Some("7"));
                stream(
                    "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}}\n\n",
                )
            }
            _ => or_hello(request, |message| is(message, "tools/call").then(|| answer(message))),
        })
    };
    const DONE: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"grüße"}]}}"#;
    let call =
        |server: &Server, more: &[&str]| gateway(&home, server, &["call", "t", "--args-json", "{}"]).args(more).run();
    let server = calling(|_| {
        stream(&format!(": hi\r\nevent: message\r\ndata: {DONE}\r\n\r\n")).trickle(1, Duration::from_millis(1))
    });
    call(&server, &[]).ok().stdout_is("grüße\n");
    let server = calling(|_| stream("id: 7\nretry: 10\ndata:\n\n"));
    call(&server, &[]).ok().stdout_is("late\n");
    // What can't be asked for is not.
    let server = calling(|_| stream("id: \u{fc}\u{1}\nretry: 10\ndata:\n\n"));
    call(&server, &[]).code(6).stderr_has("without an answer to tools/call");
    let server = calling(|_| stream("data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n"));
    call(&server, &[]).code(6).stderr_has("without an answer to tools/call");
    let server = calling(|_| {
        Answer::endless(
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {DONE}\n\n"),
            ": still here\n",
        )
    });
    call(&server, &[]).ok().stdout_is("grüße\n");
    let server =
        calling(|_| Answer::endless("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", ": still here\n\n"));
    let output = call(&server, &["--timeout", "1s"]);
    output.code(6).stderr_has(" within ").stderr_lacks("0.1 s").within(Duration::from_secs(1));
    let server = calling(|_| Answer::never());
    call(&server, &["--timeout", "1s"]).code(6);
    let server = calling(|_| {
        Answer::endless(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            "data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        )
    });
    call(&server, &[]).code(6).stderr_has("larger than 16 MiB");
}

#[test]
fn the_servers_own_requests_are_answered_and_its_session_is_kept_and_ended() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        if request.method != "POST" {
            return Answer::new(405, "text/plain", "");
        }
        let answer = or_hello(request, |message| {
            is(message, "tools/call").then(|| {
                stream(
                    "data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n\
                     data: {\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sampling/createMessage\",\"params\":{}}\n\n\
                     data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"warning\",\"data\":{\"a\":1}}}\n\n\
                     data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"image\",\"data\":\"AA==\"}],\"structuredContent\":{\"n\":1}}}\n\n",
                )
            })
        });
        if request.json()["method"] == "initialize" { answer.header("Mcp-Session-Id", "s-1") } else { answer }
    });
    let output = gateway(&home, &server, &["call", "t", "--args-json", "{}", "-v"]).run();
    output.ok().stdout_is("{\"n\":1}\n").stderr_has("the server: notifications/message warning {\"a\":1}");
    output.stderr_has("the result also has image");
    let requests = server.requests();
    let bodies: Vec<Value> = requests.iter().filter(|request| request.method == "POST").map(Request::json).collect();
    assert_eq!(bodies[3], json!({"jsonrpc": "2.0", "id": "p", "result": {}}));
    assert_eq!(bodies[4]["error"]["code"], -32601);
    assert!(requests.iter().any(|request| request.method == "DELETE"));
    for request in &requests {
        if request.method == "GET" {
            continue;
        }
        let is_first = request.method == "POST" && request.json()["method"] == "initialize";
        assert_eq!(request.header("mcp-session-id"), (!is_first).then_some("s-1"));
        assert_eq!(request.header("mcp-protocol-version"), (!is_first).then_some("2025-06-18"));
        assert_eq!(request.header("accept"), Some("application/json, text/event-stream"));
    }
}

#[test]
fn a_server_without_handshake_is_spoken_to_as_it_speaks() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        let message = request.json();
        if message["method"] == "initialize" {
            let error = json!({"code": -32022, "message": "Unsupported protocol version", "data": {"supported": ["2026-07-28"]}});
            return Answer::json(400, &json!({"jsonrpc": "2.0", "id": message["id"], "error": error}));
        }
        let schema = json!({"required": ["city"], "properties": {"city": {"type": "string", "x-mcp-header": "City"}}});
        or_hello(request, |message| {
            is(message, "tools/list").then(|| {
                result(message, &json!({"tools": [{"name": "w", "inputSchema": schema}], "resultType": "complete"}))
            })
        })
    });
    gateway(&home, &server, &["call", "w", "--arg", "city=Ulm"]).run().ok().quiet().stdout_is("done\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "no handshake, and no session to end");
    let call = &requests[2];
    for (name, value) in [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "w"),
        ("mcp-param-city", "Ulm"),
    ] {
        assert_eq!(call.header(name), Some(value));
    }
    assert_eq!(call.json()["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
}
