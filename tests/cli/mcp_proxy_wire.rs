//! `cogtok mcp-proxy` against servers that fail in every way: each request gets an answer, and the client nothing else.

use crate::call_gateway_wire::{or_hello, stream};
use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Output, Run, Server, binary, m2m_jwt, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub const HELLO: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
pub const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

pub fn call(id: impl Into<Value>) -> String {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": "t"}}).to_string()
}

fn proxy<'h>(home: &'h Home, server: &Server, lines: &[&str]) -> Run<'h> {
    let run = home.cogtok(["mcp-proxy", &format!("{}/mcp", server.url())]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    run.stdin(lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn standard_input_that_can_not_be_read_is_said() {
    let ((home, _issuer), server) = (issuing(&token()), Server::canary());
    let script = format!("cogtok mcp-proxy {}/mcp <'{}'", server.url(), home.path("tmp").display());
    let output = home.shell("bash", &script).run();
    output.code(7).stdout_is("").stderr_has("standard input can't be read: Is a directory");
}

fn messages(output: &Output) -> Vec<Value> {
    output.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

/// A proxy whose client goes on talking.
pub struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
}

impl Talk {
    pub fn begin(home: &Home, server: &Server) -> Self {
        let mut command = home.command(binary());
        command.args(["mcp-proxy", &format!("{}/mcp", server.url())]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .for_each(|line| drop(sender.send(serde_json::from_str(&line).unwrap())))
        });
        Self { input: child.stdin.take(), child, lines }
    }

    pub fn say(&mut self, line: &str) {
        self.input.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn hear(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(20)).expect("a message")
    }

    /// Fails where there is one more message before the proxy's end.
    pub fn hears_no_more(&self) {
        assert_eq!(self.lines.recv_timeout(Duration::from_secs(20)).ok(), None);
    }

    pub fn end(&mut self) -> Option<i32> {
        drop(self.input.take());
        poll("the proxy ends", Duration::from_secs(10), || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn whatever_fails_is_an_error_with_the_requests_id_and_nothing_else_is_printed() {
    let (home, _tokens) = issuing(&token());
    let canary = Server::canary();
    for (answer, says) in [
        (Answer::new(500, "text/plain", "oops\u{1b}[2J"), "status 500"),
        (Answer::close(), "was cut off"),
        (Answer::new(200, "text/html", "<html>"), "not JSON"),
        (Answer::new(202, "text/plain", ""), "sent no answer"),
        (stream("data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n"), "without an answer"),
        (stream("event: other\ndata: x\n\n"), "without an answer"),
        (Answer::redirect(307, &canary.url()), "redirect refused"),
        (Answer::json(403, &json!({"message": "Claim 'client_id' value mismatch"})), "allowedClients: `client_id` is"),
    ] {
        let output = proxy(&home, &Server::always(answer), &[&call(1), "", &call("b")]).run();
        output.ok();
        let mut told = messages(&output);
        told.retain(|message| message["id"] != 99);
        assert_eq!(told.len(), 2, "{told:?}");
        for id in [json!(1), json!("b")] {
            let answer = told.iter().find(|answer| answer["id"] == id).unwrap();
            assert_eq!((&answer["jsonrpc"], &answer["error"]["code"]), (&json!("2.0"), &json!(-32000)));
            assert!(answer["error"]["message"].as_str().unwrap().contains(says), "{answer}");
        }
    }
    canary.assert_untouched();
    // The server's own error is handed on, whatever the status and the id that it gives.
    let own = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "bad"}});
    for status in [200, 400] {
        let output = proxy(&home, &Server::always(Answer::json(status, &own)), &[&call(3)]).run();
        assert_eq!(
            messages(output.ok()),
            [json!({"jsonrpc": "2.0", "id": 3, "error": {"code": -32600, "message": "bad"}})]
        );
    }
}

#[test]
fn lines_that_are_no_messages_are_answered_and_go_nowhere() {
    let (home, _tokens) = issuing(&token());
    let server = Server::canary();
    let output = proxy(&home, &server, &["{", "[]", "7", "\u{1b}", r#"{"id":1}"#]).run();
    let codes: Vec<Value> = messages(output.ok()).iter().map(|answer| answer["error"]["code"].clone()).collect();
    assert_eq!(codes, [-32700, -32600, -32600, -32700, -32600]);
    server.assert_untouched();
}

#[test]
fn without_a_token_the_client_is_told_why_and_nobody_is_asked() {
    let home = Home::new();
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    let server = Server::canary();
    let run = home.cogtok(["mcp-proxy", &server.url()]).stdin(format!("{HELLO}\n"));
    let told = messages(run.run().ok());
    assert!(told[0]["error"]["data"]["hints"].to_string().contains("COGTOK_M2M_CLIENT_SECRET"), "{told:?}");
    // A hint is for the profile and configuration that the proxy has, and names no option that the proxy lacks.
    let config = "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\n[profiles.other]\nuser_pool_id = \"us-east-1_Scripted0\"\n\
                  [profiles.other.user]\nclient_id = \"scriptedclient0000000000\"\n";
    let config = home.plant("other.toml", config);
    let named = home.cogtok(["mcp-proxy", &server.url(), "-p", "other", "--as", "user", "--config"]).args([&config]);
    let told = messages(named.stdin(format!("{HELLO}\n")).run().ok());
    let hints = told[0]["error"]["data"]["hints"].to_string().replace(&config.display().to_string(), "FILE");
    insta::assert_snapshot!(hints, @r#"["run `cogtok --config FILE profile set other user.username VALUE`, or add `--username VALUE`","or sign in with the browser: `cogtok --config FILE login -p other`"]"#);
    server.assert_untouched();
    let session = home.cogtok(["mcp-proxy", "nosuch"]).pty().wait();
    assert_eq!(session.code, Some(3), "{session:?}");
    home.cogtok(["mcp-proxy", "http://example.com/mcp"]).run().code(2).stderr_has("plain http");
}

#[test]
fn what_comes_is_handed_on_line_by_line_as_it_is() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        or_hello(request, |message| {
            (message["id"] == 1).then(|| {
                stream("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\ndata:  \"params\":{\"n\":1.0}}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"big\":12345678901234567890123,\"t\":\"\u{1b}a\\nb\"}}\n\n".replace('\u{1b}', "\\u001b").as_str())
            })
        })
    });
    let output = proxy(&home, &server, &[HELLO, READY, &call(1)]).run();
    let lines: Vec<&str> = output.ok().quiet().stdout.lines().collect();
    assert_eq!(lines[1], r#"{"jsonrpc":"2.0","method":"notifications/progress",  "params":{"n":1.0}}"#);
    assert_eq!(lines[2], r#"{"jsonrpc":"2.0","id":1,"result":{"big":12345678901234567890123,"t":"\u001ba\nb"}}"#);
    // The handshake is in order though all was said at once, and what was said is what arrives.
    let bodies: Vec<String> = server.requests().iter().map(|request| request.text()).collect();
    assert_eq!(bodies, [HELLO, READY, &call(1)]);
    let headers: Vec<_> =
        server.requests().iter().map(|request| request.header("mcp-protocol-version").map(String::from)).collect();
    assert_eq!(headers, [None, Some("2025-06-18".into()), Some("2025-06-18".into())]);
}

#[test]
fn one_renewal_serves_all_who_were_refused_and_a_token_that_is_new_is_not_renewed() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let tokens = Server::start(move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        Answer::token(&m2m_jwt(CLIENT, &format!("api/read api/write n{n}")))
    });
    let home = Home::new();
    home.scripted_profile(&tokens.token_url());
    let first = home.scripted_m2m(&[]).run().ok().line().to_string();
    let server = Server::start(move |request| {
        if request.header("authorization").unwrap().ends_with(&first) {
            Answer::new(401, "text/plain", "").delay(Duration::from_millis(50))
        } else {
            or_hello(request, |_| None)
        }
    });
    let calls: Vec<String> = (0..10).map(call).collect();
    let lines: Vec<&str> = calls.iter().map(String::as_str).collect();
    let told = messages(proxy(&home, &server, &lines).run().ok());
    assert!(told.len() == 10 && told.iter().all(|answer| answer.get("result").is_some()), "{told:?}");
    assert_eq!(count.load(Ordering::SeqCst), 2, "one renewal");
    let refusing = Server::always(Answer::new(401, "text/plain", ""));
    let told = messages(proxy(&home, &refusing, &lines).run().ok());
    assert!(told.len() == 10 && told.iter().all(|answer| answer.get("error").is_some()), "{told:?}");
    assert_eq!(count.load(Ordering::SeqCst), 3, "one more, for nothing");
}

#[test]
fn a_token_that_the_cache_does_not_keep_serves_while_it_lives() {
    for (args, token) in [(&["--no-cache"][..], token()), (&["--force-refresh"], token()), (&[], "opaque-token".into())]
    {
        let (home, tokens) = issuing(&token);
        let server = Server::start(|request| or_hello(request, |_| None));
        let calls: Vec<String> = (0..10).map(call).collect();
        let lines: Vec<&str> = calls.iter().map(String::as_str).collect();
        let output = proxy(&home, &server, &lines).args(args).run();
        assert_eq!(messages(output.ok()).len(), 10);
        assert_eq!((tokens.hits(), server.hits()), (1, 10), "{args:?}");
    }
}

#[test]
fn a_session_that_the_server_ended_is_begun_again_unseen() {
    let (home, _tokens) = issuing(&token());
    let begun = AtomicUsize::new(0);
    let server = Server::start(move |request| match (request.method.as_str(), request.header("mcp-session-id")) {
        ("DELETE", _) => Answer::new(200, "text/plain", ""),
        ("POST", Some("s-0")) if request.json()["method"] == "tools/call" => Answer::new(404, "text/plain", "gone"),
        _ => {
            let answer = or_hello(request, |_| None);
            let is_first = request.method == "POST" && request.json()["method"] == "initialize";
            if is_first {
                answer.header("Mcp-Session-Id", &format!("s-{}", begun.fetch_add(1, Ordering::SeqCst)))
            } else {
                answer
            }
        }
    });
    let output = proxy(&home, &server, &[HELLO, READY, &call(1), &call(2)]).run();
    output.ok().stderr_has("the server ended the session; starting another");
    let mut ids: Vec<u64> = messages(&output).iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [0, 1, 2], "the client sees its own answers alone");
    let requests = server.requests();
    let of = |method: &str| {
        requests.iter().filter(|request| request.method == "POST" && request.json()["method"] == method).count()
    };
    assert_eq!((of("initialize"), of("notifications/initialized")), (2, 2), "one session more for both");
    let last = requests.iter().rfind(|request| request.method != "GET").unwrap();
    assert_eq!((last.method.as_str(), last.header("mcp-session-id")), ("DELETE", Some("s-1")));
}

#[test]
fn the_server_speaks_of_its_own_accord_and_is_listened_to_again_where_it_stopped() {
    let (home, _tokens) = issuing(&token());
    let listens = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => match listens.fetch_add(1, Ordering::SeqCst) {
            0 => stream("id: 5\nretry: 20\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"ping\"}\n\n"),
            1 if request.header("last-event-id") == Some("5") => {
                stream("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
            }
            _ => Answer::never(),
        },
        "DELETE" => Answer::new(200, "text/plain", ""),
        _ => or_hello(request, |_| None).header("Mcp-Session-Id", "s-1"),
    });
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    assert_eq!(talk.hear()["id"], 0);
    talk.say(READY);
    assert_eq!(talk.hear()["method"], "ping");
    let pong = r#"{"jsonrpc":"2.0","id":"s","result":{}}"#;
    talk.say(pong);
    assert_eq!(talk.hear()["method"], "notifications/tools/list_changed");
    poll("the answer arrives", Duration::from_secs(10), || {
        server.requests().iter().any(|request| request.text() == pong).then_some(())
    });
    let begin = Instant::now();
    assert_eq!(talk.end(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(server.requests().iter().any(|request| request.method == "DELETE"));
}

#[test]
fn a_server_that_wants_to_be_asked_at_once_is_asked_a_moment_later() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => stream("id: 5\nretry: 0\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n"),
        "DELETE" => Answer::new(200, "text/plain", ""),
        _ => or_hello(request, |_| None).header("Mcp-Session-Id", "s-1"),
    });
    let mut talk = Talk::begin(&home, &server);
    talk.say(HELLO);
    assert_eq!(talk.hear()["id"], 0);
    talk.say(READY);
    let begin = Instant::now();
    for _ in 0..5 {
        assert_eq!(talk.hear()["method"], "notifications/x");
    }
    assert!(begin.elapsed() >= Duration::from_millis(400), "{:?}", begin.elapsed());
    assert_eq!(talk.end(), Some(0));
}

#[test]
fn a_slow_answer_keeps_nothing_else_waiting_and_no_end_waits_for_it() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| or_hello(request, |message| (message["id"] == "slow").then(Answer::never)));
    let mut talk = Talk::begin(&home, &server);
    for line in [HELLO, &call("slow"), r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#] {
        talk.say(line);
    }
    assert_eq!([talk.hear()["id"].clone(), talk.hear()["id"].clone()], [json!(0), json!(1)]);
    let begin = Instant::now();
    assert_eq!(talk.end(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(talk.hear()["error"]["message"].as_str().unwrap().contains("before the server answered"));

    let mut talk = Talk::begin(&home, &server);
    talk.say(&call("slow"));
    poll("it is asked", Duration::from_secs(10), || (server.hits() == 4).then_some(()));
    kill_process(Pid::from_raw(talk.child.id().try_into().unwrap()).unwrap(), Signal::TERM).unwrap();
    let status = poll("it ends", Duration::from_secs(10), || talk.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(143));

    let limited = proxy(&home, &server, &[&call("slow")]).args(["--timeout", "500ms"]).run();
    assert!(messages(limited.ok())[0]["error"]["message"].as_str().unwrap().contains("within 0.5 s"));
}

#[test]
fn a_message_may_be_large_and_not_larger() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| {
        or_hello(request, |message| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            (message["id"] == "huge").then(|| Answer::endless(head, vec![b'x'; 4096]))
        })
    });
    let large = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x".repeat(1024 * 1024)}})
        .to_string();
    let mut talk = Talk::begin(&home, &server);
    talk.say(&large);
    let answer = talk.hear();
    assert!(answer["id"] == 1 && answer.get("result").is_some(), "{answer}");
    for (line, id) in [("x".repeat(16 * 1024 * 1024 + 1), Value::Null), (call("huge"), json!("huge"))] {
        talk.say(&line);
        let answer = talk.hear();
        assert_eq!(answer["id"], id);
        assert!(answer["error"]["message"].as_str().unwrap().contains("larger than 16 MiB"), "{answer}");
    }
    talk.say(&call(2));
    assert_eq!(talk.hear()["id"], 2, "and it goes on");
}

#[test]
fn a_client_that_has_gone_ends_it_quietly() {
    let (home, _tokens) = issuing(&token());
    let server = Server::start(|request| or_hello(request, |_| None));
    let run = proxy(&home, &server, &[HELLO]).redirect(">&-").run();
    run.ok().quiet();
    insta::assert_snapshot!(proxy(&home, &server, &[HELLO]).redirect(">/dev/full").run().message(), @"
    exit 7
    error: standard output can't be written: No space left on device (os error 28) (profile `ws`)
    ");
}
