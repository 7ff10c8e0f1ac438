//! Proxies: TLS stays end to end through them, and a broken one gets nothing that matters.

use crate::harness::scripted::CLIENT;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Run, Server, http, m2m_jwt};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

/// The name in the certificate that is wrong for 127.0.0.1.
const URL: &str = "https://elsewhere.example/oauth2/token";
const PASSWORD: &str = "proxy-password-canary";

fn token() -> Answer {
    Answer::token(&m2m_jwt(CLIENT, "api/read api/write"))
}

/// A CONNECT proxy that leads everybody to `port`, and every byte that it was sent.
pub fn tunnel(port: u16) -> (Server, Arc<Mutex<Vec<u8>>>) {
    tunnel_that_says(port, "HTTP/1.1 200 Connected\r\n\r\n".to_owned())
}

fn tunnel_that_says(port: u16, yes: String) -> (Server, Arc<Mutex<Vec<u8>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let bytes = Arc::clone(&seen);
    let server = Server::sockets(move |mut client| {
        let mut head = Vec::new();
        while http::find(&head, b"\r\n\r\n").is_none() {
            let mut byte = [0];
            if client.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        bytes.lock().unwrap().extend_from_slice(&head);
        let mut upstream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(yes.as_bytes()).unwrap();
        let (mut back, mut from) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
            if upstream.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = upstream.shutdown(Shutdown::Both);
    });
    (server, seen)
}

fn with_proxy<'h>(home: &'h Home, name: &str, proxy: &Server) -> Run<'h> {
    home.scripted_m2m(&["--no-cache", "-vv", "--timeout", "10s"]).canary(PASSWORD).env(name, proxy_url(proxy))
}

fn proxy_url(proxy: &Server) -> String {
    format!("http://somebody:{PASSWORD}@127.0.0.1:{}", proxy.port())
}

#[test]
fn a_proxys_yes_counts_whatever_headers_it_has() {
    let authority = Authority::new();
    let server = authority.serve(Certificate::WrongHost, |_| token());
    let home = Home::new();
    let pem = home.plant("ca.pem", authority.pem());
    home.scripted_profile(URL);
    let many = (0..400).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    for yes in [
        "HTTP/1.0 200 OK\r\nX-A: b\r\n  folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nProxy-agent : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX A: b\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        // Every success is one (RFC 9110, section 9.3.6), and no header of it counts.
        "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.0 204 No Content\r\n\r\n",
        "HTTP/1.1 299 Tunnel\r\n\r\n",
        &format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
    ] {
        let (proxy, _) = tunnel_that_says(server.port(), yes.to_owned());
        with_proxy(&home, "HTTPS_PROXY", &proxy).arg("--ca-bundle").arg(&pem).run().ok();
    }
}

#[test]
fn a_proxy_carries_what_it_cannot_read() {
    let authority = Authority::new();
    let server = authority.serve(Certificate::WrongHost, |_| token());
    let home = Home::new();
    let pem = home.plant("ca.pem", authority.pem());
    home.scripted_profile(URL);
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let (proxy, seen) = tunnel(server.port());
        with_proxy(&home, name, &proxy).arg("--ca-bundle").arg(&pem).run().ok();
        let seen = seen.lock().unwrap();
        let head = String::from_utf8_lossy(&seen[..http::find(&seen, b"\r\n\r\n").unwrap()]).into_owned();
        assert!(head.starts_with("CONNECT elsewhere.example:443 "), "{head}");
        assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
        for clear in ["grant_type", "Authorization: Basic c2Nya", "/oauth2/token"] {
            assert!(http::find(&seen, clear.as_bytes()).is_none(), "{clear} in clear");
        }
    }
    assert_eq!(server.hits(), 2);
    let (proxy, _) = tunnel(server.port());
    let untrusted = with_proxy(&home, "HTTPS_PROXY", &proxy).run();
    untrusted.code(6).stderr_has("certificate").stderr_has("elsewhere.example");
    assert_eq!(server.hits(), 2);
}

#[test]
fn a_proxy_that_refuses_or_lies_is_a_network_error_and_learns_no_secret() {
    let html = "<html>log in to the hotel's network</html>";
    let rows = [
        ("407", Answer::new(407, "text/html", html)),
        ("403", Answer::new(403, "text/html", html)),
        ("HTML and 200", Answer::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{html}", html.len()))),
        ("a redirect", Answer::redirect(302, "http://login.example/")),
        ("nothing", Answer::close()),
    ];
    std::thread::scope(|threads| {
        for (name, answer) in rows {
            threads.spawn(move || {
                let (home, proxy) = (Home::new(), Server::always(answer));
                home.scripted_profile(URL);
                let output = with_proxy(&home, "HTTPS_PROXY", &proxy).run();
                output.code(6).stderr_has("elsewhere.example").stderr_lacks("hotel");
                let bytes = proxy.bytes();
                assert!(http::find(&bytes, b"CONNECT").is_some(), "{name}: the proxy was asked");
                assert!(http::find(&bytes, b"grant_type").is_none(), "{name}");
            });
        }
    });
}

#[test]
fn this_machine_and_what_no_proxy_names_are_reached_without_one() {
    let canary = Server::canary();
    let (home, server) = (Home::new(), Server::always(token()));
    let authority = Authority::new();
    let tls = authority.serve(Certificate::Good, |_| token());
    let pem = home.plant("ca.pem", authority.pem());
    for url in [server.token_url(), tls.token_url(), tls.token_url().replace("127.0.0.1", "localhost")] {
        home.scripted_profile(&url);
        let run = with_proxy(&home, "HTTPS_PROXY", &canary).env("HTTP_PROXY", proxy_url(&canary));
        run.env("ALL_PROXY", proxy_url(&canary)).arg("--ca-bundle").arg(&pem).run().ok();
    }
    assert_eq!((server.hits(), tls.hits()), (1, 2));
    home.scripted_profile(URL);
    // Nobody has that name, so going there directly fails; what counts is that the proxy is not asked.
    let excepted = ["elsewhere.example", ".example", "*", "a.test, elsewhere.example"];
    let run = |names| with_proxy(&home, "HTTPS_PROXY", &canary).env("NO_PROXY", names).spawn();
    for direct in excepted.map(run) {
        direct.wait().code(6).stderr_has("elsewhere.example");
    }
    // Nor does it matter whether it could be used.
    let run = home.scripted_m2m(&["--no-cache"]).env("HTTPS_PROXY", "socks5://127.0.0.1:9");
    run.env("NO_PROXY", "elsewhere.example").run().code(6).stderr_has("elsewhere.example").stderr_lacks("PROXY");
    canary.assert_untouched();
}

#[test]
fn a_proxy_that_cannot_be_used_is_a_usage_error() {
    let canary = Server::canary();
    let home = Home::new();
    home.scripted_profile(URL);
    home.canary(PASSWORD);
    for (name, scheme) in
        [("HTTPS_PROXY", "socks5"), ("https_proxy", "socks5h"), ("ALL_PROXY", "socks4"), ("HTTPS_PROXY", "nonsense")]
    {
        let url = format!("{scheme}://somebody:{PASSWORD}@127.0.0.1:{}", canary.port());
        let output = home.scripted_m2m(&[]).env(name, url).run();
        output.code(2).stderr_has(name);
    }
    canary.assert_untouched();
}
