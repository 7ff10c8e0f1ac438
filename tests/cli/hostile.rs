//! Hostile and broken servers, up to the point where there is an answer to read: addresses, redirects, TLS, size, time.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Keyring, Server, m2m_jwt, need};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn token() -> Answer {
    Answer::token(&m2m_jwt(CLIENT, "api/read api/write"))
}

fn assert_nothing_cached(home: &Home) {
    let tokens: Vec<_> =
        home.cache_files().into_keys().filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    assert!(tokens.is_empty(), "{tokens:?}");
}

#[test]
fn no_redirect_is_followed() {
    let canary = Server::canary();
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in [format!("{}/oauth2/token", canary.url()), "https://evil.example/x".into(), "/elsewhere".into()]
        {
            let (home, server) = (Home::new(), Server::always(Answer::redirect(status, &location)));
            home.scripted_profile(&server.token_url());
            let output = home.scripted_m2m(&[]).run();
            output.code(6).stderr_has(&format!("redirect refused: {status}")).stderr_has("profile `ws`");
            if location.contains("evil") {
                output.stderr_has("evil.example");
            }
            assert_eq!(server.hits(), 1, "{status} {location}");
            assert_nothing_cached(&home);
        }
    }
    canary.assert_untouched();
}

/// URLs to which neither a secret nor a packet may go. The bad ones end in this port where they can name one.
fn refused_urls(port: u16) -> Vec<String> {
    let mut urls = vec![
        "http://example.com/oauth2/token".to_string(),
        "http://127.0.0.1.evil.example/oauth2/token".into(),
        "http://localhost.evil.example/oauth2/token".into(),
        "http://2130706433.evil.example/oauth2/token".into(),
        "http://10.0.0.1/oauth2/token".into(),
        "http://[::ffff:10.0.0.1]/oauth2/token".into(),
        "http://exa\u{301}mple.com/oauth2/token".into(),
        "ftp://127.0.0.1/oauth2/token".into(),
        "file:///etc/passwd".into(),
        "127.0.0.1/oauth2/token".into(),
        "https:///".into(),
        "https://".into(),
    ];
    urls.push(format!("http://0.0.0.0:{port}/oauth2/token"));
    urls.push(format!("http://localhost.:{port}/oauth2/token"));
    urls.push(format!("https://good.example@127.0.0.1:{port}/oauth2/token"));
    urls.push(format!("http://user:pa55word@127.0.0.1:{port}/oauth2/token"));
    urls.push(format!("http://127.0.0.1:{port}/oauth2/token?x=1"));
    urls.push(format!("http://127.0.0.1:{port}/oauth2/token#x"));
    urls
}

#[test]
fn an_address_that_is_not_private_is_refused_before_the_first_packet() {
    need("strace", "strace");
    let canary = Server::canary();
    let home = Home::new();
    let log = home.allow(home.path("strace.log"));
    let strace = ["strace", "-f", "-e", "trace=socket,connect", "-o", log.to_str().unwrap()];
    let traced = |url: &str| {
        let args = ["--client-id", CLIENT, "--no-cache", "--token-url", url];
        let output = home.scripted_m2m(&args).canary(SECRET).under(strace).run();
        (output, std::fs::read_to_string(&log).unwrap())
    };
    for url in refused_urls(canary.port()) {
        let (output, trace) = traced(&url);
        output.code(2).stderr_has("error: ").stderr_lacks("pa55word");
        assert!(!trace.contains("AF_INET") && !trace.contains("AF_UNIX"), "{url}\n{trace}");
    }
    canary.assert_untouched();
    let server = Server::always(token());
    let (output, trace) = traced(&server.token_url());
    output.ok();
    assert!(trace.contains("AF_INET"), "the trace shows what it should: {trace}");
    let local = server.token_url().replace("127.0.0.1", "localhost");
    traced(&local).0.ok();
    assert_eq!(server.hits(), 2);
}

#[test]
fn such_an_address_is_refused_wherever_it_comes_from() {
    let canary = Server::canary();
    for url in ["http://127.0.0.1.evil.example/oauth2/token", &format!("http://localhost.:{}/", canary.port())] {
        let home = Home::new();
        home.scripted_profile(&canary.token_url());
        let before = std::fs::read(home.config_file()).unwrap();
        for name in ["COGTOK_TOKEN_URL", "COGTOK_ENDPOINT_URL", "COGTOK_DOMAIN", "AWS_ENDPOINT_URL"] {
            home.scripted_m2m(&[]).env(name, url).run().code(2).stderr_has(name).stderr_has("plain http");
        }
        let service = home.scripted_m2m(&[]).env("AWS_ENDPOINT_URL_SECRETS_MANAGER", url).run();
        service.code(2).stderr_has("AWS_ENDPOINT_URL_SECRETS_MANAGER").stderr_has("plain http");
        home.scripted_m2m(&["--endpoint-url", url]).run().code(2).stderr_has("plain http");
        for key in ["m2m.token_url", "endpoint_url", "domain"] {
            home.cogtok(["profile", "set", "ws", key, url]).run().code(2).stderr_has("plain http");
        }
        home.cogtok(["profile", "create", "evil", "--m2m-client-id", "x", "--token-url", url])
            .run()
            .code(2)
            .stderr_has("plain http");
        assert_eq!(std::fs::read(home.config_file()).unwrap(), before);
        home.scripted_profile(url);
        home.scripted_m2m(&[]).run().code(3).stderr_has("m2m.token_url").stderr_has("plain http");
    }
    canary.assert_untouched();
}

#[test]
fn a_stored_secret_goes_to_no_other_origin_than_it_was_stored_for() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let (server, canary) = (Server::always(token()), Server::canary());
    home.scripted_profile(&server.token_url());
    home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).keyring(&keyring).run().ok();
    let run = || home.cogtok(["token", "m2m", "--no-cache"]).keyring(&keyring);
    run().run().ok();
    let told = |output: crate::harness::Output| {
        output.code(3).stderr_has(&server.url()).stderr_has(&canary.url()).stderr_has("cogtok secret set m2m-client");
    };
    told(run().args(["--token-url", &canary.token_url()]).run());
    told(run().env("COGTOK_TOKEN_URL", canary.token_url()).run());
    home.cogtok(["profile", "set", "ws", "m2m.token_url", &canary.token_url()]).run().ok();
    told(run().run());
    canary.assert_untouched();
    run().args(["--token-url", &server.token_url()]).run().ok();
    assert_eq!(server.hits(), 2);
}

#[test]
fn a_region_or_domain_that_would_change_the_url_is_refused() {
    let canary = Server::canary();
    let home = Home::new();
    home.scripted_profile(&canary.token_url());
    for region in ["x.evil.example/#", "us-east-1.evil.example", "../x", "us east 1", "a@b", ""] {
        let arn = ["--secret-arn", "name", "--region", region];
        home.cogtok(["token", "m2m"]).args(arn).aws().run().code(2).stderr_has("is not a Region");
    }
    home.cogtok(["token", "m2m", "--secret-arn", "name"]).env("AWS_REGION", "x/#").aws().run().code(2);
    home.cogtok(["token", "m2m", "--secret-arn", "arn:x y"]).aws().run().code(2);
    canary.assert_untouched();
}

#[test]
fn tls_with_a_known_authority_works_and_every_fault_stops_before_the_secret() {
    let authority = Authority::new();
    let home = Home::new();
    let pem = home.plant("ca.pem", authority.pem());
    let ca = ["--ca-bundle", pem.to_str().unwrap(), "--no-cache"];
    let good = authority.serve(Certificate::Good, |_| token());
    home.scripted_profile(&good.token_url());
    home.scripted_m2m(&["--no-cache"]).env("SSL_CERT_FILE", &pem).run().ok().quiet();
    home.scripted_m2m(&["--no-cache"]).env("AWS_CA_BUNDLE", &pem).run().ok().quiet();
    home.scripted_m2m(&ca).run().ok().quiet();
    assert_eq!(good.hits(), 3);
    let faults = [
        (Certificate::Expired, "expired"),
        (Certificate::NotYetValid, "not valid yet"),
        (Certificate::WrongHost, "not valid for"),
        (Certificate::SelfSigned, ""),
        (Certificate::UnknownAuthority, ""),
    ];
    for (certificate, reason) in faults {
        let server = authority.serve(certificate, |_| token());
        home.scripted_profile(&server.token_url());
        let output = home.scripted_m2m(&ca).run();
        output.code(6).stderr_has("127.0.0.1").stderr_has("certificate").stderr_has(reason);
        assert_eq!((server.connections(), server.bytes().len()), (1, 0), "{certificate:?}");
    }
    home.scripted_profile(&good.token_url());
    insta::assert_snapshot!(home.scripted_m2m(&["--no-cache"]).run().message(), @"
    exit 6
    error: no connection to 127.0.0.1:[port]: invalid peer certificate: UnknownIssuer (profile `ws`)
    hint: the server's TLS certificate is not trusted: check the URL and this machine's clock; for a company's own CA, add `--ca-bundle FILE`
    ");
    assert_eq!(good.hits(), 3, "without the authority there is no trust");
    for option in ["--insecure", "--no-verify-ssl", "-k"] {
        home.scripted_m2m(&[option]).run().code(2);
    }
}

#[test]
fn a_ca_bundle_that_is_none_is_a_usage_error() {
    let home = Home::new();
    let canary = Server::canary();
    home.scripted_profile(&format!("https://127.0.0.1:{}/oauth2/token", canary.port()));
    let broken =
        home.plant("broken.pem", "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n");
    let cut = home.plant("cut.pem", "-----BEGIN CERTIFICATE-----\n@@@\n");
    let text = home.plant("text.pem", "no certificate");
    for path in [home.path("missing.pem"), text, broken, cut, home.path("")] {
        let output = home.scripted_m2m(&["--no-cache", "--ca-bundle"]).arg(&path).run();
        output.code(2).stderr_has("CA bundle").stderr_has(path.to_str().unwrap());
    }
    canary.assert_untouched();
}

#[test]
fn what_is_no_tls_on_the_tls_port_is_a_network_error_and_gets_no_secret() {
    let alert = |description: u8| vec![0x15, 3, 3, 0, 2, 2, description];
    let rows: [(&str, Vec<u8>); 5] = [
        ("plain HTTP", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ("close_notify in the handshake", alert(0)),
        ("TLS 1.1 only", alert(70)),
        ("the end in the middle of a record", vec![0x16, 3, 3, 0, 200, 2, 0]),
        ("noise", vec![0xaa; 300]),
    ];
    std::thread::scope(|threads| {
        for (name, answer) in rows {
            threads.spawn(move || {
                let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
                let bytes = std::sync::Arc::clone(&seen);
                let server = Server::sockets(move |mut stream| {
                    let mut buffer = [0; 4096];
                    let count = stream.read(&mut buffer).unwrap_or(0);
                    bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
                    let _ = stream.write_all(&answer);
                });
                let home = Home::new();
                home.scripted_profile(&format!("https://127.0.0.1:{}/oauth2/token", server.port()));
                home.scripted_m2m(&[]).run().code(6).stderr_has(&format!("127.0.0.1:{}", server.port()));
                let seen = seen.lock().unwrap();
                assert_eq!(seen.first(), Some(&0x16), "{name}: a handshake was begun");
                assert!(crate::harness::http::find(&seen, b"Basic").is_none(), "{name}");
            });
        }
    });
}

#[test]
fn an_answer_without_end_is_refused_in_little_time_and_memory() {
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let megabyte = vec![b'a'; 1 << 20];
    let too_large = "larger than 1 MiB";
    let rows: [(&str, Answer, &str); 8] = [
        ("endless body", Answer::endless(format!("{json}\r\n{{\"x\":\""), megabyte.clone()), too_large),
        (
            "endless chunks",
            Answer::endless(
                format!("{json}Transfer-Encoding: chunked\r\n\r\n"),
                [b"100000\r\n", &megabyte[..], b"\r\n"].concat(),
            ),
            too_large,
        ),
        (
            "endless refusal",
            Answer::endless("HTTP/1.1 400 No\r\nContent-Type: application/json\r\n\r\n", megabyte.clone()),
            too_large,
        ),
        ("a length of 10^18", Answer::raw(format!("{json}Content-Length: 1000000000000000000\r\n\r\n{{")), too_large),
        (
            "a length beyond 64 bits",
            Answer::raw(format!("{json}Content-Length: 99999999999999999999999\r\n\r\n{{")),
            "127.0.0.1",
        ),
        (
            "endless headers",
            Answer::endless("HTTP/1.1 200 OK\r\n", "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1000)),
            "127.0.0.1",
        ),
        ("one endless header", Answer::endless("HTTP/1.1 200 OK\r\nX-A: ", megabyte.clone()), "127.0.0.1"),
        (
            "endless chunk extensions",
            Answer::endless(format!("{json}Transfer-Encoding: chunked\r\n\r\n5;"), megabyte.clone()),
            "127.0.0.1",
        ),
    ];
    std::thread::scope(|threads| {
        for (name, answer, says) in rows {
            threads.spawn(move || {
                let (home, server) = (Home::new(), Server::always(answer));
                home.scripted_profile(&server.token_url());
                // The memory is bounded by what is asserted of every run.
                let output = home.scripted_m2m(&[]).timeout(Duration::from_secs(3)).run();
                output.code(6).stderr_has(says).stderr_lacks("aaaaaaaa").stderr_lacks("no connection");
                assert_eq!(server.connections(), 1, "{name}: a server that talks like this is not asked again");
                assert_nothing_cached(&home);
            });
        }
    });
}

type Start = Box<dyn Fn() -> Server + Send>;

#[test]
fn a_server_that_stalls_costs_no_more_than_the_timeout_and_leaves_no_lock() {
    let slow = token().trickle(1, Duration::from_secs(5));
    let body = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"access_token\":";
    let interim = Answer::endless("", "HTTP/1.1 103 Early\r\n\r\n".repeat(1000));
    let rows: [(&str, Start); 5] = [
        ("interim answers without end", Box::new(move || Server::always(interim.clone()))),
        ("never answers", Box::new(|| Server::always(Answer::never()))),
        ("a byte of the head now and then", Box::new(move || Server::always(slow.clone()))),
        ("a body that stops", Box::new(move || Server::always(Answer::endless(body, "")))),
        ("accepts and does nothing", Box::new(|| Server::sockets(|_| std::thread::sleep(Duration::from_secs(4))))),
    ];
    std::thread::scope(|threads| {
        for (name, start) in rows {
            threads.spawn(move || {
                let (home, server) = (Home::new(), start());
                home.scripted_profile(&server.token_url());
                let output = home.scripted_m2m(&["--timeout", "2s"]).timeout(Duration::from_secs(2)).run();
                output.code(6).stderr_has("within ").stderr_has(" s");
                // A server that keeps the connection's task busy is stopped from outside, where its name is not known.
                if !name.starts_with("interim") {
                    output.stderr_has(&format!("127.0.0.1:{}", server.port())).stderr_has("profile `ws`");
                }
                output.check(output.wall >= Duration::from_millis(1900), name);
                let asked = Instant::now();
                let run = home.scripted_m2m(&["--timeout", "500ms", "--export"]).prints_on_failure();
                let next = run.timeout(Duration::from_millis(500)).run();
                next.code(6).stdout_has("sh -c 'exit 6'");
                next.check(asked.elapsed() < Duration::from_secs(6) + next.starved, "the lock was free");
            });
        }
    });
}
