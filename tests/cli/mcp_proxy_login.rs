//! `cogtok mcp-proxy --login`: a client's request waits while a person signs in with the browser, once for all proxies.

use crate::call_gateway_wire::or_hello;
use crate::harness::login::{FakeBrowser, REFRESH, alice, come_back, right};
use crate::harness::{Answer, Home, Request, Server, binary, poll};
use crate::mcp_proxy_wire::{HELLO, READY};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A server that takes any bearer token.
pub fn server() -> Server {
    Server::start(|request: &Request| {
        let has_token = request.header("authorization").is_some_and(|value| value.starts_with("Bearer "));
        if has_token { or_hello(request, |_| None) } else { Answer::new(401, "text/plain", "") }
    })
}

/// A proxy and its client.
pub struct Proxy {
    child: Child,
    input: Option<ChildStdin>,
    pub lines: Receiver<Value>,
}

impl Proxy {
    pub fn start(mut command: Command) -> Self {
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

    /// The messages up to the answer to this request.
    pub fn hear(&self, id: u64) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let message = self.lines.recv_timeout(Duration::from_secs(40)).expect("a message");
            if message["id"] == id {
                return (before, message);
            }
            before.push(message);
        }
    }

    pub fn end(&mut self) -> Option<i32> {
        drop(self.input.take());
        poll("the proxy ends", Duration::from_secs(20), || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(home: &Home, server: &Server, browser: Option<&FakeBrowser>, more: &[&str]) -> Command {
    let mut command = home.command(binary());
    command.args(["mcp-proxy", &format!("{}/mcp", server.url()), "--as", "user", "--login"]).args(more);
    if let Some(browser) = browser {
        command.env("BROWSER", browser.command());
    }
    command
}

pub fn list(id: u64) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {"_meta": {"progressToken": id}}}).to_string()
}

#[test]
fn the_clients_request_waits_for_the_person_and_goes_on() {
    let pages = Server::script([alice()]);
    let (home, server) = (Home::new(), server());
    home.login_profile(&pages.url());
    let browser = home.fake_browser();
    let mut proxy = Proxy::start(command(&home, &server, Some(&browser), &[]));
    proxy.say(&list(0));
    let url = browser.url();
    // The client hears what it waits for before anybody has signed in.
    let first = proxy.lines.recv_timeout(Duration::from_secs(40)).unwrap();
    assert_eq!((&first["method"], &first["params"]["progressToken"]), (&json!("notifications/progress"), &json!(0)));
    let heard = poll("the address is told", Duration::from_secs(20), || {
        let message = proxy.lines.recv_timeout(Duration::from_secs(20)).ok()?;
        message["params"]["message"].as_str().filter(|text| text.contains(url.as_str())).map(str::to_owned)
    });
    assert!(heard.starts_with("sign in with the browser"), "{heard}");
    assert_eq!(server.hits(), 0);
    assert_eq!(come_back(&url, &right(&url)).status, 200);
    let (more, answer) = proxy.hear(0);
    assert_eq!(answer["result"]["tools"][0]["name"], "t", "{answer}");
    assert!(more.iter().all(|message| message["method"] == "notifications/progress"), "{more:?}");
    proxy.say(HELLO);
    assert_eq!(proxy.hear(0).1["result"]["protocolVersion"], "2025-06-18");
    proxy.say(READY);
    assert_eq!(proxy.end(), Some(0));
    assert_eq!(pages.hits(), 1);
    assert!(!server.bytes().windows(REFRESH.len()).any(|bytes| bytes == REFRESH.as_bytes()));
}

#[test]
fn many_proxies_send_the_person_to_the_browser_once() {
    let pages = Server::script([alice()]);
    let (home, server) = (Home::new(), server());
    home.login_profile(&pages.url());
    let browser = home.fake_browser();
    let mut proxies: Vec<Proxy> = (0..4).map(|_| Proxy::start(command(&home, &server, Some(&browser), &[]))).collect();
    proxies.iter_mut().for_each(|proxy| proxy.say(&list(7)));
    let url = browser.url();
    // All of them wait.
    for proxy in &proxies {
        let told = proxy.lines.recv_timeout(Duration::from_secs(40)).unwrap();
        assert_eq!(told["method"], "notifications/progress", "{told}");
    }
    assert_eq!(come_back(&url, &right(&url)).status, 200);
    for proxy in &proxies {
        let (_, answer) = proxy.hear(7);
        assert_eq!(answer["result"]["tools"][0]["name"], "t", "{answer}");
    }
    assert_eq!(pages.hits(), 1);
    assert_eq!(browser.url(), url);
    for mut proxy in proxies {
        assert_eq!(proxy.end(), Some(0));
    }
}

#[test]
fn without_a_browser_or_a_person_the_client_is_told_the_command() {
    let pages = Server::canary();
    let (home, server) = (Home::new(), server());
    home.login_profile(&pages.url());
    let mut proxy = Proxy::start(command(&home, &server, None, &[]));
    proxy.say(&list(1));
    let (before, answer) = proxy.hear(1);
    assert_eq!(before, [] as [Value; 0]);
    assert_eq!(answer["error"]["code"], -32000);
    assert!(answer["error"]["data"]["hints"].to_string().contains("cogtok login"), "{answer}");
    assert_eq!(proxy.end(), Some(0));
    // Where nobody comes back, the next request opens no other browser.
    let browser = home.fake_browser();
    let mut proxy = Proxy::start(command(&home, &server, Some(&browser), &["--wait", "1s"]));
    proxy.say(&list(1));
    let (_, answer) = proxy.hear(1);
    assert!(answer["error"]["message"].as_str().unwrap().contains("no sign-in"), "{answer}");
    std::fs::remove_file(home.path(browser.command().split(['/', ' ']).rev().nth(2).unwrap()).join("url")).unwrap();
    proxy.say(&list(2));
    let (_, answer) = proxy.hear(2);
    assert!(answer["error"]["message"].as_str().unwrap().contains("did not succeed"), "{answer}");
    assert!(answer["error"]["data"]["hints"].to_string().contains("cogtok login"), "{answer}");
    assert_eq!(proxy.end(), Some(0));
    pages.assert_untouched();
    server.assert_untouched();
}

#[test]
fn a_client_that_goes_away_ends_the_proxy_and_frees_the_port() {
    let (home, pages, server) = (Home::new(), Server::canary(), server());
    home.login_profile(&pages.url());
    let browser = home.fake_browser();
    let mut proxy = Proxy::start(command(&home, &server, Some(&browser), &[]));
    proxy.say(&list(1));
    let url = browser.url();
    assert_eq!(proxy.end(), Some(0));
    let (authority, _) = crate::harness::login::redirect_of(&url);
    assert!(std::net::TcpStream::connect(authority).is_err());
}

#[test]
fn metadata_that_names_another_issuer_is_named() {
    let pages = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&pages.url());
    let (output, _) = crate::harness::login::sign_in(home.cogtok(["login"]), &home.fake_browser());
    output.ok();
    for (issuer, is_named) in [
        ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another00", true),
        ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0", false),
    ] {
        let server = Server::start(move |request: &Request| {
            let here = format!("http://{}", request.header("host").unwrap());
            if request.path == "/.well-known/oauth-protected-resource/mcp" {
                assert_eq!(request.header("authorization"), None);
                let metadata = json!({"resource": format!("{here}/mcp"), "authorization_servers": [issuer]});
                return Answer::json(200, &metadata);
            }
            let place = format!("Bearer resource_metadata=\"{here}/.well-known/oauth-protected-resource/mcp\"");
            Answer::json(403, &json!({"message": "no"})).header("WWW-Authenticate", &place)
        });
        let mut proxy = Proxy::start(command(&home, &server, None, &[]));
        proxy.say(&list(1));
        let (_, answer) = proxy.hear(1);
        let hints = answer["error"]["data"]["hints"].to_string();
        assert_eq!(hints.contains("its metadata names the issuer"), is_named, "{answer}");
        assert_eq!(hints.contains("us-east-1_Another00"), is_named, "{answer}");
        assert_eq!(proxy.end(), Some(0));
    }
}
