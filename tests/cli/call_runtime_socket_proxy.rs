//! `cogtok call runtime --ws` through a proxy: TLS stays end to end, and a proxy that is no use is named.

use crate::call_runtime_socket::{Seen, header, talk, token};
use crate::exec::issuing;
use crate::harness::scripted::SECRET;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Run, Server, http};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::sync::Mutex;

/// The name in the certificate that is wrong for 127.0.0.1.
const URL: &str = "https://elsewhere.example";
const PASSWORD: &str = "proxy-password-canary";

fn call<'h>(home: &'h Home, bundle: &std::path::Path, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["call", "runtime", URL, "--ws", "--ca-bundle"]).arg(bundle).args(args);
    run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).canary(PASSWORD).stdin("hello\nbye\n")
}

#[test]
fn the_proxy_carries_the_conversation_and_can_not_read_it() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    let authority = Authority::new();
    let bundle = home.plant("ca.pem", authority.pem());
    let seen = Seen::default();
    let (ours, none) = (seen.clone(), Mutex::default());
    let agent = authority.sockets(Certificate::WrongHost, move |stream| talk(stream, &ours, &none));
    for (place, name) in [(&[][..], "HTTPS_PROXY"), (&["--ws=protocol"], "https_proxy"), (&[], "ALL_PROXY")] {
        let (proxy, bytes) = crate::hostile_proxy::tunnel(agent.port());
        let url = format!("http://somebody:{PASSWORD}@127.0.0.1:{}", proxy.port());
        let run = home.cogtok(["call", "runtime", URL, "--ca-bundle"]).arg(&bundle);
        let run = run.args(if place.is_empty() { &["--ws"][..] } else { place });
        let run = run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).canary(PASSWORD).stdin("hello\nbye\n");
        run.env(name, url).run().ok().quiet().stdout_is("HELLO\n");
        let bytes = bytes.lock().unwrap();
        let head = String::from_utf8_lossy(&bytes[..http::find(&bytes, b"\r\n\r\n").unwrap()]).into_owned();
        assert!(head.starts_with("CONNECT elsewhere.example:443 "), "{head}");
        let known = format!("basic {}", BASE64_STANDARD.encode(format!("somebody:{PASSWORD}")));
        assert!(head.to_lowercase().contains(&format!("proxy-authorization: {}", known.to_lowercase())), "{head}");
        for clear in [token.as_str(), "Upgrade", "hello", "base64UrlBearerAuthorization"] {
            assert!(http::find(&bytes, clear.as_bytes()).is_none(), "{clear} in clear");
        }
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    let bearer = format!("Bearer {token}");
    assert_eq!(header(&seen[0].1, "authorization"), Some(bearer.as_str()));
    assert_eq!(header(&seen[0].1, "host"), Some("elsewhere.example"));
}

#[test]
fn a_proxy_that_is_no_use_is_named_and_learns_no_token() {
    let token = token();
    let (home, _tokens) = issuing(&token);
    let authority = Authority::new();
    let bundle = home.plant("ca.pem", authority.pem());
    for (answer, says) in [
        (Answer::new(407, "text/html", ""), "proxy authorization required (407)"),
        (Answer::new(403, "text/html", ""), "refused CONNECT"),
        (Answer::close(), "through the proxy"),
    ] {
        let proxy = Server::always(answer);
        let output = call(&home, &bundle, &[]).env("HTTPS_PROXY", proxy.url()).run();
        output.code(6).stdout_is("").stderr_has("elsewhere.example").stderr_has(says);
        assert!(http::find(&proxy.bytes(), token.as_bytes()).is_none());
    }
    // A proxy that wants TLS is asked by TLS, password and all.
    let proxy = authority.serve(Certificate::Good, |_| Answer::new(407, "text/html", ""));
    let url = proxy.url().replace("https://", &format!("https://somebody:{PASSWORD}@"));
    call(&home, &bundle, &[]).env("HTTPS_PROXY", url).run().code(6).stderr_has("(407)");
    let asked = &proxy.requests()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("CONNECT", "elsewhere.example:443"));
    assert!(asked.header("proxy-authorization").is_some());
    let unknown = authority.serve(Certificate::UnknownAuthority, |_| Answer::new(407, "text/html", ""));
    call(&home, &bundle, &[]).env("HTTPS_PROXY", unknown.url()).run().code(6).stderr_has("elsewhere.example");
    assert_eq!(unknown.hits(), 0);
    let canary = Server::canary();
    let socks = format!("socks5://somebody:{PASSWORD}@127.0.0.1:{}", canary.port());
    call(&home, &bundle, &[]).env("HTTPS_PROXY", socks).run().code(2).stderr_has("HTTPS_PROXY");
    // Nobody has that name; what counts is that the proxy is not asked.
    let excepted = call(&home, &bundle, &[]).env("HTTPS_PROXY", canary.url()).env("NO_PROXY", "elsewhere.example");
    excepted.run().code(6).stderr_has("can't be reached");
    canary.assert_untouched();
}
