//! What else may come to the port that a browser is to come back to: it gets a 4xx, and the sign-in goes on.

use crate::harness::http::{self, Response};
use crate::harness::login::{CODE, alice, come_back, parameter, redirect_of, right, sign_in};
use crate::harness::ports::free_port;
use crate::harness::{Home, Server, poll};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use url::Url;

/// `cogtok login` is waiting; what `attack` does must not end it, and then the right answer must.
fn survives(attack: impl FnOnce(&Url, &Home)) {
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let running = home.cogtok(["login"]).browser(&browser).spawn();
    let url = browser.url();
    attack(&url, &home);
    assert!(!running.ended() && server.hits() == 0, "the sign-in waits on");
    let page = come_back(&url, &right(&url));
    running.wait().ok().stdout_is("").stderr_has("alice@example.com is signed in");
    assert_eq!((page.status, server.hits()), (200, 1));
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

#[track_caller]
fn assert_page(page: &Response, status: u16) {
    assert_eq!(page.status, status, "{}", text(page));
    let header = |name: &str| page.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    assert_eq!(header("content-type").unwrap().1, "text/html; charset=utf-8");
    assert_eq!(header("content-security-policy").unwrap().1, "default-src 'none'");
    assert_eq!(header("cache-control").unwrap().1, "no-store");
    let text = text(page);
    for outside in ["href", "@import", "<script", "<img", "<link", "src=", "url("] {
        assert!(!text.contains(outside), "{outside} in {text}");
    }
}

#[test]
fn another_state_or_none_is_not_ours() {
    survives(|url, _| {
        for query in [
            "".to_string(),
            format!("code={CODE}"),
            format!("code={CODE}&state="),
            format!("code={CODE}&state={}x", parameter(url, "state").unwrap()),
            format!("code={CODE}&state={}", parameter(url, "nonce").unwrap()),
            format!("{0}&{0}", right(url)),
            format!("{}&code=another", right(url)),
            format!("state={}", parameter(url, "state").unwrap()),
        ] {
            assert_page(&come_back(url, &query), 400);
        }
    });
}

#[test]
fn an_error_page_of_somebody_else_ends_nothing_and_is_escaped() {
    survives(|url, _| {
        let page = come_back(url, "error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%1b]0;x%07&state=guess");
        assert_page(&page, 400);
        assert!(text(&page).contains("&lt;script&gt;alert(1)"), "{}", text(&page));
        assert_page(&come_back(url, "error=access_denied"), 400);
    });
}

#[test]
fn other_hosts_paths_and_methods_are_refused() {
    survives(|url, _| {
        let (authority, path) = redirect_of(url);
        let right = format!("{path}?{}", right(url));
        let host = |name: &str| vec![("Host".to_string(), name.to_string())];
        let port = authority.rsplit(':').next().unwrap();
        for name in ["evil.example", &format!("evil.example:{port}"), &format!("localhost:{port}"), "127.0.0.1", ""] {
            assert_page(&http::request(&authority, "GET", &right, &host(name), b"").unwrap(), 421);
        }
        for path in ["/favicon.ico", "/", "/callback/", "/callback/../callback", "//callback", "/CALLBACK", "*"] {
            let query = right.split('?').next_back().unwrap();
            let page = http::request(&authority, "GET", &format!("{path}?{query}"), &[], b"").unwrap();
            assert_page(&page, 404);
        }
        for method in ["POST", "HEAD", "OPTIONS", "PUT"] {
            assert_page(&http::request(&authority, method, &right, &[], b"").unwrap(), 405);
        }
    });
}

#[test]
fn what_is_no_http_or_far_too_long_is_cut_off() {
    survives(|url, _| {
        let (authority, path) = redirect_of(url);
        let long = "a".repeat(10 * 1024 * 1024);
        let start = Instant::now();
        let page = http::request(&authority, "GET", &format!("{path}?{long}"), &[], b"").unwrap();
        assert_page(&page, 414);
        let header = vec![("X-Long".to_string(), long)];
        assert_page(&http::request(&authority, "GET", &path, &header, b"").unwrap(), 431);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        for garbage in
            [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..], b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n"]
        {
            let mut stream = TcpStream::connect(&authority).unwrap();
            stream.write_all(garbage).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{garbage:?}: {answer}");
        }
    });
}

#[test]
fn slow_and_silent_connections_keep_nobody_waiting() {
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let running = home.cogtok(["login"]).browser(&browser).spawn();
    let url = browser.url();
    let (authority, path) = redirect_of(&url);
    // As many as browsers open in advance, and then some; each has begun a request and goes no further.
    let mut slow: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&authority).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(format!("GET {path}?code=").as_bytes()).unwrap();
    }
    let start = Instant::now();
    assert_page(&come_back(&url, &right(&url)), 200);
    running.wait().ok();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for stream in &mut slow {
        assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0, "the slow ones get nothing");
    }
}

#[test]
fn the_first_right_answer_is_the_only_one() {
    // While the code is being exchanged, and after it, the port is closed.
    let server = Server::script([alice().delay(Duration::from_secs(1))]);
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let running = home.cogtok(["login"]).browser(&browser).spawn();
    let url = browser.url();
    let (authority, _) = redirect_of(&url);
    let (first, query) = (url.clone(), right(&url));
    let winner = std::thread::spawn(move || come_back(&first, &query));
    poll("the exchange has begun", Duration::from_secs(10), || (server.hits() == 1).then_some(()));
    assert!(TcpStream::connect(&authority).is_err(), "a second request finds nobody");
    assert_page(&winner.join().unwrap(), 200);
    running.wait().ok();
    assert!(TcpStream::connect(&authority).is_err());
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_busy_port_is_passed_over_and_the_last_is_an_error() {
    let server = Server::script([alice()]);
    let home = Home::new();
    let uri = home.login_profile(&server.url());
    let busy = TcpListener::bind(("127.0.0.1", uri.port().unwrap())).unwrap();
    home.cogtok(["login"]).run().code(7).stderr_has("can't listen").stderr_has(uri.as_str()).stderr_has("--port PORT");
    let free = free_port();
    let browser = home.fake_browser();
    let both = home.cogtok(["login", "--port", &uri.port().unwrap().to_string(), "--port", &free.to_string()]);
    sign_in(both, &browser).0.ok();
    assert_eq!(redirect_of(&browser.url()), (format!("127.0.0.1:{free}"), "/callback".to_string()));
    assert_eq!(server.requests()[0].form("redirect_uri").unwrap(), format!("http://127.0.0.1:{free}/callback"));
    drop(busy);
    // The profile's own list is tried in turn as well.
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let (one, two) = (TcpListener::bind("127.0.0.1:0").unwrap(), free_port());
    let uris = [one.local_addr().unwrap().port(), two].map(|port| format!("http://127.0.0.1:{port}/cb"));
    home.cogtok(["profile", "set", "ws", "user.redirect_uris"]).args(&uris).run().ok();
    let browser = home.fake_browser();
    sign_in(home.cogtok(["login"]), &browser).0.ok();
    assert_eq!(redirect_of(&browser.url()), (format!("127.0.0.1:{two}"), "/cb".to_string()));
}

/// The addresses of the listening sockets on this port.
fn listening(port: u16) -> Vec<String> {
    let hex = format!(":{port:04X}");
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines());
    let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = words.filter(|words| words.len() > 3 && words[1].ends_with(&hex) && words[3] == "0A");
    found.map(|words| words[1].split(':').next().unwrap().to_string()).collect()
}

#[test]
fn it_listens_on_the_loopback_address_that_is_registered_and_on_no_other() {
    let (v4, v6) = ("0100007F", "00000000000000000000000001000000");
    // A container may have no IPv6 at all.
    let has_v6 = TcpListener::bind("[::1]:0").is_ok();
    let rows = if has_v6 {
        vec![("127.0.0.1", vec![v4]), ("[::1]", vec![v6]), ("localhost", vec![v4, v6])]
    } else {
        vec![("127.0.0.1", vec![v4]), ("localhost", vec![v4])]
    };
    for (host, addresses) in rows {
        let server = Server::script([alice()]);
        let home = Home::new();
        home.login_profile(&server.url());
        let port = free_port();
        let uri = format!("http://{host}:{port}/");
        let browser = home.fake_browser();
        let run = home.cogtok(["login"]).env("COGTOK_REDIRECT_URIS", &uri).browser(&browser).spawn();
        let url = browser.url();
        assert_eq!(listening(port), addresses, "{host}");
        assert_eq!(parameter(&url, "redirect_uri").unwrap(), uri);
        assert_page(&come_back(&url, &right(&url)), 200);
        run.wait().ok();
    }
}

#[test]
fn nobody_who_comes_is_exit_5_and_the_port_is_closed_in_time() {
    let server = Server::canary();
    let home = Home::new();
    let uri = home.login_profile(&server.url());
    let browser = home.fake_browser();
    // The machine's clock is not the person's.
    let run = home.cogtok(["login", "--wait", "10s", "--timeout", "1s"]).browser(&browser);
    let running = run.spawn();
    let url = browser.url();
    assert_page(&come_back(&url, "error=invalid_scope"), 400);
    let output = running.wait();
    output.code(5).stderr_has("within 10 s").stderr_has("CallbackURLs").stderr_has("invalid_scope");
    assert!(output.wall >= Duration::from_secs(10), "{:?}", output.wall);
    output.within(Duration::from_secs(10));
    assert!(TcpStream::connect(("127.0.0.1", uri.port().unwrap())).is_err());
    server.assert_untouched();
    home.cogtok(["login", "--help"]).run().ok().stdout_has("[default: 120s]").stdout_has("--timeout does not count");
}

#[test]
fn the_answer_of_another_pool_is_not_taken() {
    survives(|url, _| {
        let query = |iss: &str| {
            let iss: String = url::form_urlencoded::byte_serialize(iss.as_bytes()).collect();
            format!("{}&iss={iss}", right(url))
        };
        for iss in ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another0", "https://evil.example", ""] {
            let page = come_back(url, &query(iss));
            assert_page(&page, 400);
        }
    });
    // This pool's own, in the older and the newer form.
    for service in ["cognito-idp", "issuer-cognito-idp"] {
        let server = Server::script([alice()]);
        let home = Home::new();
        home.login_profile(&server.url());
        let browser = home.fake_browser();
        let running = home.cogtok(["login"]).browser(&browser).spawn();
        let url = browser.url();
        let iss = format!("https%3A%2F%2F{service}.us-east-1.amazonaws.com%2Fus-east-1_Scripted0");
        assert_page(&come_back(&url, &format!("{}&iss={iss}", right(&url))), 200);
        running.wait().ok();
    }
}

#[test]
fn a_refusal_with_the_right_state_ends_it() {
    for (error, code, says) in [
        ("access_denied", 4, "the sign-in was cancelled or refused"),
        ("login_required", 5, "--prompt none"),
        ("invalid_scope", 3, "AllowedOAuthScopes"),
        ("unauthorized_client", 3, "AllowedOAuthFlows"),
        ("server_error", 6, "try again"),
        ("never_heard_of", 4, "never_heard_of"),
    ] {
        let server = Server::canary();
        let home = Home::new();
        home.login_profile(&server.url());
        let browser = home.fake_browser();
        let running = home.cogtok(["login"]).browser(&browser).spawn();
        let url = browser.url();
        let state = parameter(&url, "state").unwrap();
        let page = come_back(&url, &format!("error={error}&error_description=%3Cb%3Ebecause%1b&state={state}"));
        assert_page(&page, 200);
        assert!(text(&page).contains("Not signed in") && text(&page).contains("&lt;b&gt;because"), "{}", text(&page));
        running.wait().code(code).stderr_has(error).stderr_has("<b>because\\u{1b}").stderr_has(says);
        server.assert_untouched();
    }
}
