//! `cogtok serve`: an address of this machine that has a fresh token, for its own user, by its own name, with its key.

use crate::harness::http::{self, Response};
use crate::harness::scripted::{CLIENT, SECRET, issuing_another_each_time};
use crate::harness::{Answer, Home, Request, Server, binary, m2m_jwt, need, poll};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running endpoint, started by this process.
struct Endpoint {
    child: Child,
    authority: String,
    key: String,
}

impl Endpoint {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command(binary());
        command.args(["serve", "-p", "ws"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let rest = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("{line:?}"));
        let (authority, key) = rest.split_once('/').unwrap();
        Self { child, authority: authority.to_owned(), key: key.to_owned() }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        request(&self.authority, method, &format!("/{}{path}", self.key), headers, body)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(authority: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    http::request(authority, method, path, &headers, body).unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&response.body)))
}

#[test]
fn a_token_is_answered_as_a_token_endpoint_does_and_comes_from_the_cache() {
    let (home, server) = issuing_another_each_time();
    let endpoint = Endpoint::start(&home, &[]);
    let first = endpoint.ask("GET", "/token", &[], b"");
    assert_eq!((first.status, header(&first, "cache-control")), (200, Some("no-store")));
    let answer = json_of(&first);
    assert_eq!(answer["token_type"], "Bearer");
    let left = answer["expires_in"].as_u64().unwrap();
    assert!((1..=3600).contains(&left), "{answer}");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let second = json_of(&endpoint.ask("POST", "/token", &form, b"grant_type=client_credentials"));
    assert_eq!(second["access_token"], answer["access_token"]);
    assert_eq!(server.hits(), 1);
    assert_eq!(endpoint.ask("DELETE", "/token", &[], b"").status, 405);
    assert_eq!(endpoint.ask("GET", "/proxy/x", &[], b"").status, 404);
}

#[test]
fn neither_another_name_nor_another_path_gets_a_token() {
    let (home, server) = issuing_another_each_time();
    let endpoint = Endpoint::start(&home, &[]);
    let port = endpoint.authority.rsplit(':').next().unwrap();
    for host in
        ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", &format!("127.0.0.1.evil.example:{port}")]
    {
        assert_eq!(endpoint.ask("GET", "/token", &[("Host", host)], b"").status, 421, "{host}");
    }
    let localhost = format!("localhost:{port}");
    for path in ["/token", "/", "//token", &format!("/{}x/token", endpoint.key), &format!("/{}/../token", endpoint.key)]
    {
        let response = request(&endpoint.authority, "GET", path, &[("Host", &localhost)], b"");
        assert_eq!(response.status, 404, "{path}");
    }
    assert_eq!(server.hits(), 0);
    assert_eq!(endpoint.ask("GET", "/token", &[("Host", &localhost)], b"").status, 200);
    // Nobody but this machine can connect at all.
    assert!(endpoint.authority.starts_with("127.0.0.1:"));
    assert_eq!(endpoint.key.len(), 22);
}

#[test]
fn another_user_of_this_machine_gets_nothing_even_with_the_key() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    need("setpriv", "util-linux");
    need("curl", "curl");
    let (home, server) = issuing_another_each_time();
    let endpoint = Endpoint::start(&home, &[]);
    let url = format!("http://{}/{}/token", endpoint.authority, endpoint.key);
    let curl = |prefix: &[&str]| {
        let words = [prefix, &["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", &url]].concat();
        let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(curl(&["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]), "403");
    assert_eq!(server.hits(), 0);
    assert_eq!(curl(&["env"]), "200");
}

#[test]
fn a_request_is_handed_on_with_the_token_which_is_renewed_once_and_follows_no_redirect() {
    let (home, tokens) = issuing_another_each_time();
    home.cogtok(["token", "m2m", "-p", "ws"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().ok();
    let elsewhere = Server::canary();
    let target = elsewhere.url();
    let refused = std::sync::Mutex::new(None);
    let api = Server::start(move |request: &Request| {
        let sent = request.header("authorization").unwrap().to_owned();
        let mut refused = refused.lock().unwrap();
        if *refused.get_or_insert_with(|| sent.clone()) == sent {
            return Answer::new(401, "text/plain", "");
        }
        if request.path.starts_with("/v1/away") {
            return Answer::redirect(302, &target);
        }
        let body = json!({"method": request.method, "path": request.path, "body": request.text(), "own": request.header("x-own"),
            "host": request.header("host"), "own_token": request.header("proxy-authorization")});
        Answer::json(201, &body).header("X-Said", "yes").header("Connection", "close")
    });
    let endpoint = Endpoint::start(&home, &["--target", &format!("{}/v1", api.url())]);
    let mine = [("Authorization", "Bearer mine"), ("X-Own", "1"), ("Proxy-Authorization", "Basic eDp5")];
    let response = endpoint.ask("PUT", "/proxy/things/1?a=b", &mine, b"hello");
    assert_eq!((response.status, header(&response, "x-said")), (201, Some("yes")));
    let seen = json_of(&response);
    assert_eq!((&seen["method"], &seen["path"]), (&json!("PUT"), &json!("/v1/things/1?a=b")));
    assert_eq!((&seen["body"], &seen["own"], &seen["own_token"]), (&json!("hello"), &json!("1"), &Value::Null));
    assert_eq!(seen["host"], json!(api.url().trim_start_matches("http://")));
    assert!(api.requests().iter().all(|request| request.header("authorization") != Some("Bearer mine")));
    assert_eq!(tokens.hits(), 2);
    let redirected = endpoint.ask("GET", "/proxy/away", &[], b"");
    assert_eq!(redirected.status, 502);
    assert!(json_of(&redirected)["error_description"].as_str().unwrap().contains("redirect"));
    elsewhere.assert_untouched();
    assert_eq!(endpoint.ask("GET", "/proxy/%2e%2e/x", &[], b"").status, 400);
    assert_eq!(api.hits(), 3);
}

#[test]
fn where_there_is_no_token_the_answer_is_that_of_a_token_endpoint() {
    let home = Home::new();
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    let mut command = home.command(binary());
    command.args(["serve", "-p", "ws"]);
    let endpoint = Endpoint::of(command);
    let answer = endpoint.ask("GET", "/token", &[], b"");
    assert_eq!(answer.status, 400);
    assert_eq!(json_of(&answer)["error"], "invalid_grant");
    drop(endpoint);
    let endpoint = Endpoint::start(&home, &[]);
    let answer = endpoint.ask("GET", "/token", &[], b"");
    assert_eq!((answer.status, &json_of(&answer)["error"]), (503, &json!("temporarily_unavailable")));
}

/// Sends a request on a connection that is kept open.
fn begin(endpoint: &Endpoint, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&endpoint.authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = format!("GET /{}{path} HTTP/1.1\r\nHost: {}\r\n\r\n", endpoint.key, endpoint.authority);
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// The first line of the answer.
fn status(stream: &TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer within the time");
    line
}

#[test]
fn connections_that_are_kept_open_keep_nobody_out() {
    let (home, _tokens) = issuing_another_each_time();
    let endpoint = Endpoint::start(&home, &[]);
    let mut open = Vec::new();
    for n in 0..130 {
        let stream = begin(&endpoint, "/token");
        assert_eq!(status(&stream), "HTTP/1.1 200 OK\r\n", "connection {n}");
        open.push(stream);
    }
}

#[test]
fn a_request_too_many_hears_so_and_has_its_turn_when_another_has_ended() {
    let (home, _tokens) = issuing_another_each_time();
    let api = Server::always(Answer::never());
    let endpoint = Endpoint::start(&home, &["--target", &api.url()]);
    let mut open: Vec<TcpStream> = (0..100).map(|_| begin(&endpoint, "/proxy/x")).collect();
    poll("all are under way", Duration::from_secs(20), || (api.hits() == 100).then_some(()));
    for _ in 0..10 {
        let refused = endpoint.ask("GET", "/token", &[], b"");
        assert_eq!((refused.status, header(&refused, "connection")), (503, Some("close")));
        assert_eq!(json_of(&refused)["error"], "temporarily_unavailable");
    }
    open.pop();
    let is_answered = || (endpoint.ask("GET", "/token", &[], b"").status == 200).then_some(());
    poll("there is a place", Duration::from_secs(20), is_answered);
}

#[test]
fn it_ends_with_the_command_and_as_the_command_does() {
    need("curl", "curl");
    let server = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let serve = |script: &str| {
        let run = home.cogtok(["serve", "-p", "ws", "--", "sh", "-c", script]);
        run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).prints_on_failure()
    };
    let output = serve("echo ${COGTOK_M2M_CLIENT_SECRET:-none}; curl -s $COGTOK_SERVE_URL/token; exit 7").run();
    output.code(7).quiet().stdout_has("none\n").stdout_has("\"token_type\":\"Bearer\"");
    let output = home.cogtok(["serve", "-p", "ws", "--", "no-such-program-anywhere"]).run();
    output.code(127).stderr_has("can't be run");
    // A signal is the command's, and the endpoint is gone when the command is.
    let ready = home.allow(home.path("ready"));
    let script = format!(
        "trap 'exit 9' TERM; echo $COGTOK_SERVE_URL >{0}.new; mv {0}.new {0}; while :; do sleep 0.1; done",
        ready.display()
    );
    home.allow(home.path("ready.new"));
    let mut running = serve(&script).spawn();
    let url = poll("the command runs", Duration::from_secs(20), || std::fs::read_to_string(&ready).ok());
    running.signal(rustix::process::Signal::TERM);
    running.wait().code(9);
    let authority = url.trim().trim_start_matches("http://").split('/').next().unwrap().to_owned();
    assert!(TcpStream::connect(authority).is_err());
}

#[test]
fn without_a_command_it_ends_with_the_process_that_started_it() {
    let (home, _tokens) = issuing_another_each_time();
    let address = home.allow(home.path("address"));
    let script = format!(
        "{} serve -p ws --json >{} & while ! [ -s {} ]; do sleep 0.1; done",
        binary().display(),
        address.display(),
        address.display()
    );
    let mut command = home.command("sh");
    let status = command.args(["-c", &script]).stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success());
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&address).unwrap()).unwrap();
    let url = told["url"].as_str().unwrap().to_owned();
    assert_eq!((&told["token_url"], &told["proxy_url"]), (&json!(format!("{url}/token")), &Value::Null));
    let authority = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    poll("the endpoint is gone", Duration::from_secs(20), || TcpStream::connect(&authority).err());
}
