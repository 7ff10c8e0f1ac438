//! `cogtok call runtime --ws` and `--stop-session`: a conversation over a WebSocket, and the end of a session.

use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Request, Run, Server, m2m_jwt};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request as Upgrade, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, accept_hdr};

const SESSION: &str = "x-amzn-bedrock-agentcore-runtime-session-id";

/// The upgrade requests that came, as their lines and headers.
pub type Seen = Arc<Mutex<Vec<(String, Vec<(String, String)>)>>>;

pub fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

/// An agent that says each text again, in capitals; `close` ends it with that code, and `cut` without one. It refuses the first so many
/// upgrades.
#[expect(clippy::result_large_err, reason = "the type of the library's own callback")]
pub fn talk(stream: impl Read + Write, seen: &Seen, refusals: &Mutex<Vec<(u16, &'static str)>>) {
    let look = |request: &Upgrade, mut response: Response| -> Result<Response, ErrorResponse> {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let headers = request.headers().iter().map(header).collect();
        seen.lock().unwrap().push((request.uri().to_string(), headers));
        if let Some((status, body)) = refusals.lock().unwrap().pop() {
            let refused = http::Response::builder().status(status).body(Some(body.to_owned()));
            return Err(refused.unwrap());
        }
        if request.headers().contains_key("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", "base64UrlBearerAuthorization".parse().unwrap());
        }
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr(stream, look) else { return };
    while let Ok(message) = socket.read() {
        match message {
            Message::Text(text) if text.as_str() == "close" => {
                let frame = CloseFrame { code: 1011.into(), reason: "out of tea".into() };
                let _ = socket.close(Some(frame));
            }
            Message::Text(text) if text.as_str() == "cut" => return,
            Message::Text(text) if text.as_str() == "half" => {
                // The first ten bytes of a text of a hundred.
                let _ = socket.get_mut().write_all(&[&[0x81, 100][..], &[b'a'; 10]].concat());
                return;
            }
            Message::Text(text) if text.as_str() == "bye" => drop(socket.close(None)),
            Message::Text(text) => socket.send(Message::text(text.as_str().to_uppercase())).unwrap(),
            _ => {}
        }
    }
}

fn agent(refusals: Vec<(u16, &'static str)>) -> (Server, Seen) {
    let (seen, refusals) = (Seen::default(), Mutex::new(refusals));
    let ours = seen.clone();
    (Server::sockets(move |stream| talk(stream, &ours, &refusals)), seen)
}

fn call<'h>(home: &'h Home, server: &Server, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "runtime", &server.url()]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

pub fn header<'s>(headers: &'s [(String, String)], name: &str) -> Option<&'s str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn lines_are_messages_and_messages_are_lines() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    let (agent, seen) = agent(Vec::new());
    let output = call(&home, &agent, &["--ws", "--qualifier", "prod"]).stdin("hello\r\n{\"a\": 1}\nbye\n").run();
    output.ok().quiet().stdout_is("HELLO\n{\"A\": 1}\n");
    let json = call(&home, &agent, &["--ws", "--json", "--continue"]).stdin("hello\n{\"a\": 1}\nbye").run();
    json.ok().quiet().stdout_is("\"HELLO\"\n{\"A\":1}\n");
    // One message with --prompt, and the end from this side where the agent has nothing to add.
    let asked = call(&home, &agent, &["--ws", "--prompt", "hi"]).run();
    asked.ok().quiet().stdout_is("{\"PROMPT\":\"HI\"}\n");
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0, "/ws?qualifier=prod");
    assert_eq!(seen[1].0, "/ws");
    let bearer = format!("Bearer {token}");
    assert!(seen.iter().all(|(_, headers)| header(headers, "authorization") == Some(&bearer)));
    let session = |index: usize| header(&seen[index].1, SESSION).unwrap().to_owned();
    assert!(session(0).starts_with("cogtok-") && session(0) != session(1));
}

#[test]
fn the_token_goes_in_the_subprotocol_where_that_is_asked_for() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    let (agent, seen) = agent(Vec::new());
    call(&home, &agent, &["--ws=protocol"]).stdin("bye\n").run().ok().quiet().stdout_is("");
    let seen = seen.lock().unwrap();
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(&token);
    let wanted = format!("base64UrlBearerAuthorization.{encoded}, base64UrlBearerAuthorization");
    assert_eq!(header(&seen[0].1, "sec-websocket-protocol"), Some(wanted.as_str()));
    assert_eq!(header(&seen[0].1, "authorization"), None);
}

#[test]
fn a_token_that_is_refused_is_renewed_once_and_then_explained() {
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    let (once, seen) = agent(vec![(401, "")]);
    call(&home, &once, &["--ws"]).stdin("hello\nbye\n").run().ok().quiet().stdout_is("HELLO\n");
    assert_eq!((tokens.hits(), seen.lock().unwrap().len()), (2, 2));
    let (never, seen) = agent(vec![(403, "{\"message\":\"Claim 'client_id' value mismatch with configuration\"}")]);
    let output = call(&home, &never, &["--ws"]).stdin("hello\n").run();
    output.code(4).stderr_has("status 403").stderr_has("client_id").stdout_is("");
    assert_eq!((tokens.hits(), seen.lock().unwrap().len()), (2, 1));
}

#[test]
fn an_end_with_a_reason_is_an_error_and_what_is_no_websocket_too() {
    let (home, _tokens) = issuing(&token());
    let (agent, _) = agent(Vec::new());
    let output = call(&home, &agent, &["--ws"]).stdin("hello\nclose\n").prints_on_failure().run();
    output.code(6).stdout_is("HELLO\n").stderr_has("code 1011: out of tea");
    // An answer that does not come, or not whole; after one, many agents end without a word.
    for last in ["cut", "half"] {
        for args in [&["--ws"][..], &["--ws", "-d", last]] {
            let output = call(&home, &agent, args).stdin(format!("{last}\n")).run();
            output.code(6).stdout_is("").stderr_has("broke off the WebSocket before it answered");
        }
    }
    call(&home, &agent, &["--ws"]).stdin("hello\ncut\n").run().ok().quiet().stdout_is("HELLO\n");
    let plain = Server::always(Answer::new(200, "text/plain", "no"));
    call(&home, &plain, &["--ws"])
        .stdin("x\n")
        .run()
        .code(1)
        .stderr_has(&format!("127.0.0.1:{} answers the WebSocket with status 200", plain.port()));
    let gone = Server::sockets(drop);
    call(&home, &gone, &["--ws"])
        .stdin("x\n")
        .run()
        .code(6)
        .stderr_has(&format!("the WebSocket to 127.0.0.1:{} failed", gone.port()));
    let silent = Server::always(Answer::never());
    let output = call(&home, &silent, &["--ws", "--timeout", "2s"]).stdin("x\n").run();
    output.code(6).stderr_has(&format!("no complete answer from 127.0.0.1:{} within 2", silent.port()));
    let (url, port) = (plain.url(), plain.port());
    drop(plain);
    let refused = home.cogtok(["call", "runtime", &url, "--ws"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    refused.stdin("x\n").run().code(6).stderr_has(&format!("127.0.0.1:{port} can't be reached"));
    for args in [&["--ws", "--raw"][..], &["--ws", "--path", "x"], &["--ws", "-i"], &["--ws=other"]] {
        call(&home, &agent, args).stdin("x\n").run().code(2);
    }
}

#[test]
fn over_tls_the_certificate_is_checked() {
    let (home, _tokens) = issuing(&token());
    let authority = Authority::new();
    let bundle = home.plant("ca.pem", authority.pem());
    let trusted = ["--ws", "--ca-bundle", bundle.to_str().unwrap()];
    let seen = Seen::default();
    for (certificate, is_taken) in
        [(Certificate::Good, true), (Certificate::WrongHost, false), (Certificate::UnknownAuthority, false)]
    {
        let (ours, none) = (seen.clone(), Mutex::default());
        let server = authority.sockets(certificate, move |stream| talk(stream, &ours, &none));
        let output = call(&home, &server, &trusted).stdin("hello\nbye\n").run();
        if is_taken {
            output.ok().quiet().stdout_is("HELLO\n");
        } else {
            output.code(6).stderr_has("can't be reached").stdout_is("");
        }
    }
    // No token went to a host that could not prove its name.
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_session_is_stopped_and_not_gone_on_with() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/invocations" | "/invocations?qualifier=prod" => Answer::json(200, &json!({"said": request.header(SESSION)})),
        "/stopruntimesession" | "/stopruntimesession?qualifier=prod" => Answer::json(200, &json!({})),
        _ => Answer::new(404, "text/plain", ""),
    });
    let ask = |args: &[&str]| {
        let output = call(&home, &server, &[&["--prompt", "x"], args].concat()).run();
        output.ok().json()["said"].as_str().unwrap().to_owned()
    };
    call(&home, &server, &["--stop-session"]).run().code(2).stderr_has("there is no session with this agent");
    let session = ask(&[]);
    let stopped = call(&home, &server, &["--stop-session"]).run();
    stopped.ok().stdout_is("").stderr_has(&format!("the session {session} has ended"));
    let request = server.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/stopruntimesession"));
    assert_eq!((request.header(SESSION), request.text().as_str()), (Some(session.as_str()), "{}"));
    assert!(request.header("authorization").unwrap().starts_with("Bearer "));
    let next = ask(&["--continue"]);
    assert_ne!(next, session);
    // Another one that is named leaves the last alone.
    let other = "x".repeat(40);
    call(&home, &server, &["--stop-session", "--session-id", &other, "--qualifier", "prod"]).run().ok();
    assert_eq!(server.requests().pop().unwrap().path, "/stopruntimesession?qualifier=prod");
    assert_eq!(ask(&["--continue"]), next);
    let refusing = Server::always(Answer::json(404, &json!({"message": "no such session"})));
    let output = call(&home, &refusing, &["--stop-session", "--session-id", &other]).run();
    output.code(1).stderr_has("404").stderr_has("no such session");
}

#[test]
fn an_answer_instead_of_a_handshake_is_as_in_every_other_call() {
    let (home, _tokens) = issuing(&token());
    let busy = Answer::json(409, &json!({"message": "the session is being used"}));
    let busy = Server::always(busy.header("x-amzn-errortype", "RetryableConflictException"));
    let output = call(&home, &busy, &["--ws"]).stdin("x\n").run();
    output.code(6).stderr_has(&format!("127.0.0.1:{} answers the WebSocket with status 409", busy.port()));
    output.stderr_has("busy");
    assert_eq!(busy.hits(), 4);
    let conflict = Server::always(Answer::json(409, &json!({"message": "no"})).header("x-amzn-errortype", "Conflict"));
    call(&home, &conflict, &["--ws"]).stdin("x\n").run().code(1);
    assert_eq!(conflict.hits(), 1);
    let moved = Server::always(Answer::redirect(302, "https://elsewhere.example.com/ws"));
    let output = call(&home, &moved, &["--ws"]).stdin("x\n").run();
    output.code(6).stderr_has("302 from 127.0.0.1:").stderr_has("to https://elsewhere.example.com/ws");
    output.stderr_lacks("`-i`");
    let silent = Server::always(Answer::never());
    let output = call(&home, &silent, &["--ws", "--timeout", "2s"]).stdin("x\n").run();
    output.code(6).stderr_has(&format!("no complete answer from 127.0.0.1:{} within 2", silent.port()));
}
