//! What stands between here and a server: proxies that say no or can't be read, certificate authorities that are not there, time
//! that is over.

use crate::call_gateway_wire::{gateway, result, token};
use crate::exec::issuing;
use crate::harness::scripted::CLIENT;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Server, http, m2m_jwt};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const URL: &str = "https://elsewhere.example/oauth2/token";

#[test]
fn a_proxy_that_says_no_is_asked_once_and_named() {
    for (status, says) in
        [(407, "(407)"), (403, "it refused CONNECT with HTTP 403"), (502, "it refused CONNECT with HTTP 502")]
    {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
            let (home, proxy) = (Home::new(), Server::always(Answer::new(status, "text/html", "<h1>no</h1>")));
            home.scripted_profile(URL);
            let output = home.scripted_m2m(&[]).env(name, proxy.url()).run();
            output.code(6).stderr_has("no connection to elsewhere.example through the proxy: ").stderr_has(says);
            let others = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"].into_iter().filter(|other| *other != name);
            others.fold(output.stderr_has(name), |output, other| output.stderr_lacks(other));
            assert_eq!(proxy.connections(), 1, "{status}");
        }
    }
}

#[test]
fn what_is_no_proxy_is_named_as_none() {
    for (answer, says) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", "its answer to CONNECT is not valid HTTP"),
        ("HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "it refused CONNECT with HTTP 403"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it refused CONNECT with HTTP 502"),
    ] {
        let (home, proxy) = (Home::new(), Server::always(Answer::raw(answer)));
        home.scripted_profile(URL);
        home.scripted_m2m(&[]).env("HTTPS_PROXY", proxy.url()).run().code(6).stderr_has(says);
    }
}

#[test]
fn a_time_limit_that_is_over_is_not_laid_on_the_certificate_authorities() {
    let silent = Server::sockets(|mut client| drop(std::io::copy(&mut client, &mut std::io::sink())));
    for limit in ["1ms", "10ms", "30ms", "100ms"] {
        let home = Home::new();
        home.scripted_profile(&format!("https://127.0.0.1:{}/oauth2/token", silent.port()));
        let output = home.scripted_m2m(&["--no-cache", "--timeout", limit]).run();
        output.code(6).stderr_lacks("CA certificates").stderr_lacks("SSL_CERT_FILE");
    }
}

#[test]
fn new_users_do_not_hammer_a_proxy_that_says_no() {
    for (args, most) in [(&[][..], 1), (&["--count", "2", "--parallel", "1"], 2)] {
        let (home, proxy) = (Home::new(), Server::always(Answer::new(403, "text/html", "<h1>no</h1>")));
        let pool = ["profile", "create", "ws", "--user-pool-id", "us-east-1_Scripted0", "--client-id", "web"];
        home.cogtok(pool).run().ok();
        let run = home.cogtok(["user", "create", "-p", "ws"]).args(args).aws().env("HTTPS_PROXY", proxy.url());
        run.run().code(6).stderr_has("it refused CONNECT with HTTP 403");
        assert!((1..=most).contains(&proxy.connections()), "{args:?}: {} connections", proxy.connections());
    }
}

#[test]
fn a_proxy_is_used_where_its_address_ends_in_a_slash_and_in_a_cgi_program() {
    let refusing = || Server::always(Answer::new(403, "text/plain", ""));
    let (home, proxy) = (Home::new(), refusing());
    home.scripted_profile(URL);
    let address = format!("127.0.0.1:{}/", proxy.port());
    home.scripted_m2m(&[]).env("HTTPS_PROXY", address).run().code(6).stderr_has("with HTTP 403");
    // A web server sets REQUEST_METHOD. A header of a request can only make HTTP_PROXY of a value.
    let run = home.scripted_m2m(&[]).env("HTTPS_PROXY", proxy.url()).env("REQUEST_METHOD", "GET");
    run.run().code(6).stderr_has("with HTTP 403");
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn a_proxy_that_can_not_be_read_is_not_passed_over() {
    let canary = Server::canary();
    let address = format!("127.0.0.1:{}", canary.port());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        for (proxy, says) in [
            (format!("http://somebody:hunter22@x@{address}"), "%40"),
            (format!("http://somebody:hunter22#x@{address}"), "%23"),
            (format!("somebody:hunter22/x@{address}"), "%2F"),
            (format!("http://somebody:hunter22?x@{address}"), "%3F"),
            (format!("http://somebody:hunter22%x@{address}"), "%25"),
            (format!("http://some:body:hunter22@{address}"), "%3A"),
            ("http://127.0.0.1:hunter22".to_owned(), "is not the address of a proxy"),
            ("http://".to_owned(), "is not the address of a proxy"),
            ("http://hunter22 127.0.0.1:1".to_owned(), "is not the address of a proxy"),
            (format!("http:/{address}"), "is not the address of a proxy"),
            (format!("http//{address}"), "is not the address of a proxy"),
            (format!("http:///{address}"), "is not the address of a proxy"),
            (format!("//{address}"), "is not the address of a proxy"),
            (format!("{address}/hunter22"), "is not the address of a proxy"),
        ] {
            let home = Home::new();
            home.scripted_profile(URL);
            let output = home.scripted_m2m(&["-vv"]).env(name, &proxy).run();
            output.code(2).stderr_has(name).stderr_has(says).stderr_lacks("hunter22");
        }
        let home = Home::new();
        home.scripted_profile(URL);
        home.scripted_m2m(&[]).env(name, OsStr::from_bytes(b"http://\xff:1")).run().code(2).stderr_has("not UTF-8");
    }
    canary.assert_untouched();
    // What is not used is not looked at.
    let (home, proxy) = (Home::new(), Server::always(Answer::new(407, "text/plain", "")));
    home.scripted_profile(URL);
    let run = home.scripted_m2m(&[]).env("HTTPS_PROXY", proxy.url()).env("ALL_PROXY", "socks5://127.0.0.1:1");
    insta::assert_snapshot!(run.run().message(), @"
    exit 6
    error: no connection to elsewhere.example through the proxy: proxy authorization required (407) (profile `ws`)
    hint: give user name and password in the proxy's address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT
    ");
}

#[test]
fn a_password_with_signs_that_are_encoded_reaches_the_proxy_as_it_is() {
    let (home, proxy) = (Home::new(), Server::always(Answer::new(407, "text/plain", "")));
    home.scripted_profile(URL);
    home.canary("p@ss#w%rd:/?");
    let address = format!("http://somebody:p%40ss%23w%25rd%3A%2F%3F@127.0.0.1:{}", proxy.port());
    insta::assert_snapshot!(home.scripted_m2m(&[]).env("https_proxy", address).run().message(), @"
    exit 6
    error: no connection to elsewhere.example through the proxy: it refused the user name and password in https_proxy (407) (profile `ws`)
    hint: check the user name and password in https_proxy: signs in them are written as %40 for @ and %25 for %
    ");
    let head = String::from_utf8_lossy(&proxy.bytes()).into_owned();
    let expected = format!("Basic {}", BASE64_STANDARD.encode("somebody:p@ss#w%rd:/?"));
    assert!(http::find(head.as_bytes(), expected.as_bytes()).is_some(), "{head}");
}

#[test]
fn a_machine_without_certificate_authorities_is_told_and_the_server_is_not_blamed() {
    let authority = Authority::new();
    let server = authority.serve(Certificate::Good, |_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let pem = home.plant("ca.pem", authority.pem());
    let nothing = home.plant("nothing.pem", "");
    let missing = home.path("missing.pem");
    let with = |file: &std::path::Path| home.scripted_m2m(&["--no-cache"]).env("SSL_CERT_FILE", file);
    let output = with(&missing).run();
    output
        .code(2)
        .stderr_has("missing.pem")
        .stderr_has("SSL_CERT_FILE")
        .stderr_lacks("is not trusted")
        .stderr_lacks("bug");
    let output = with(&nothing).run();
    output.code(2).stderr_has("there is none in ").stderr_has("nothing.pem (SSL_CERT_FILE)").stderr_has("--ca-bundle");
    output.stderr_lacks("is not trusted").stderr_lacks("bug");
    with("".as_ref()).run().code(2).stderr_has("SSL_CERT_FILE is empty").stderr_lacks("is not trusted");
    // One that nobody writes to.
    let fifo = home.allow(home.path("ca.fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let output = with(&fifo).args(["--timeout", "2s"]).run();
    output.code(2).stderr_has("ca.fifo (SSL_CERT_FILE) in time").within(Duration::from_secs(15));
    server.assert_untouched();
    with(&nothing).arg("--ca-bundle").arg(&pem).run().ok();
    with(&missing).arg("--ca-bundle").arg(&pem).run().ok().quiet();
    // Another authority's is not enough, and the missing file may be why.
    let other = home.plant("other.pem", Authority::new().pem());
    let output = with(&missing).arg("--ca-bundle").arg(&other).run();
    output.code(6).stderr_has("is not trusted").stderr_has("missing.pem: No such file");
    with(&pem).run().ok();
    assert_eq!(server.hits(), 3);
}

#[test]
fn tries_and_the_time_that_they_took_are_told_together() {
    let server = Server::always(Answer::never());
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let output = home.scripted_m2m(&["--timeout", "12s"]).run();
    output.code(6).stderr_has("2 tries in 1").stderr_lacks("within");
    output.stderr_has(&format!("127.0.0.1:{}", server.port()));
    // One is one.
    let output = home.scripted_m2m(&["--timeout", "1s"]).run();
    output.code(6).stderr_has("within ").stderr_lacks("tries");
}

#[test]
fn an_address_is_told_with_its_port() {
    let server = Server::always(Answer::new(503, "text/plain", ""));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().code(6).stderr_has(&format!("127.0.0.1:{} answered HTTP 503", server.port()));
    let closed = crate::harness::ports::free_port();
    home.scripted_profile(&format!("http://127.0.0.1:{closed}/oauth2/token"));
    insta::assert_snapshot!(home.scripted_m2m(&[]).run().message(), @"
    exit 6
    error: no connection to 127.0.0.1:[port]: Connection refused (os error 111) (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    ");
}

#[test]
fn aws_credentials_that_are_over_are_not_handed_out() {
    let (home, _server) = crate::aws_credentials::scripted([
        crate::aws_credentials::identity(),
        Answer::json(
            200,
            &json!({"Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretKey": "s", "SessionToken": "t", "Expiration": 1_700_000_000}}),
        ),
    ]);
    let output = home.cogtok(["aws-credentials", "-p", "ws"]).run();
    output.code(6).stdout_is("").stderr_has("have already expired").stderr_has("clock");
}

/// MCP's streamable HTTP transport: a client that gets 404 with its session begins another.
#[test]
fn a_session_that_a_server_has_ended_is_begun_again_once() {
    for (body, ends) in
        [("", 1), (r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32600,"message":"Session not found"}}"#, 1), ("", 9)]
    {
        let sessions = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            if request.method != "POST" {
                return Answer::new(405, "text/plain", "");
            }
            let message = request.json();
            let session = request.header("mcp-session-id").map(str::to_owned);
            match (message["method"].as_str(), session) {
                (Some("initialize"), None) => {
                    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}});
                    let n = sessions.fetch_add(1, Ordering::SeqCst);
                    result(&message, &hello).header("Mcp-Session-Id", &format!("s-{n}"))
                }
                (Some("tools/call"), Some(session)) => {
                    let n: usize = session.trim_start_matches("s-").parse().unwrap();
                    if n < ends {
                        return Answer::new(404, "application/json", body);
                    }
                    result(&message, &json!({"content": [{"type": "text", "text": "done"}]}))
                }
                _ => Answer::new(202, "text/plain", ""),
            }
        });
        let (home, _tokens) = issuing(&token());
        let output = gateway(&home, &server, &["call", "t", "--args-json", "{}"]).run();
        let calls = server.requests().iter().filter(|request| request.text().contains("tools/call")).count();
        assert_eq!(calls, 2, "{ends}");
        match ends {
            1 => output.ok().stdout_has("done"),
            _ => output.code(6).stderr_has("404"),
        };
    }
}
