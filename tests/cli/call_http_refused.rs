//! `cogtok call http`: where no token goes, and what is asked for again and what is not.

use crate::exec::issuing;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, poll};
use std::sync::Mutex;
use std::time::Duration;

fn call<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["call", "http"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

/// A home whose token endpoint issues another token each time, and that endpoint.
fn issuing_many() -> (Home, Server) {
    let server = Server::start(|_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server)
}

fn bearers(api: &Server) -> Vec<String> {
    api.requests().iter().map(|request| request.header("authorization").unwrap_or_default().to_string()).collect()
}

#[test]
fn no_redirect_is_followed() {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let (home, _server) = issuing(&token);
    home.canary_token(&token);
    let elsewhere = Server::canary();
    for status in [300, 301, 302, 303, 307, 308] {
        let there = format!("{}/there", elsewhere.url());
        let api = Server::always(Answer::redirect(status, &there));
        for args in [&[][..], &["-d", "{}"], &["-i"], &["-X", "HEAD"]] {
            let output = call(&home, &[&[api.url().as_str()], args].concat()).run();
            output.code(6).stdout_is("").stderr_has(&format!("redirect refused: {status} from 127.0.0.1:"));
        }
        assert_eq!(api.hits(), 4, "nothing is tried again");
    }
    // Not even to itself.
    let api = Server::always(Answer::redirect(302, "/elsewhere"));
    call(&home, &[&api.url()]).run().code(6).stdout_is("");
    assert_eq!(api.hits(), 1);
    elsewhere.assert_untouched();
}

#[test]
fn what_cannot_be_sent_is_refused_before_a_token_is_got() {
    let (home, server) = issuing("opaque");
    let api = Server::canary();
    let url = api.url();
    for (args, says) in [
        (&["http://api.example.com/"][..], "plain http is allowed only to this machine"),
        (&["http://192.0.2.1/?key=x"], "plain http"),
        (&["http://169.254.169.254/latest/meta-data/"], "plain http"),
        (&["ftp://api.example.com/"], "neither https nor http"),
        (&["https://user:hunter22@api.example.com/"], "user name or password"),
        (&["https://"], "not a URL"),
        (&[&url, "-H", "Authorization: Bearer hunter22"], "cogtok sets `Authorization`"),
        (&[&url, "-H", "authorization : Bearer hunter22"], "cogtok sets `Authorization`"),
        (&[&url, "-H", "Host: hunter22.example"], "`Host`"),
        (&[&url, "-H", "Content-Length: 5"], "`Content-Length`"),
        (&[&url, "-H", "Transfer-Encoding: chunked"], "`Transfer-Encoding`"),
        (&[&url, "-H", "Connection: X-Hunter22"], "`Connection`"),
        (&[&url, "-H", "hunter22"], "no colon"),
        (&[&url, "-H", "X-A\tB: hunter22"], "can't be sent"),
        (&[&url, "-H", ": hunter22"], "can't be sent"),
        (&[&url, "-H", "X-A: hunter22\u{7f}"], "can't be sent"),
        (&[&url, "-H", "@/nonexistent"], "can't be read"),
        (&[&url, "-d", "@/nonexistent"], "can't be read"),
        (&[&url, "-d", "@/"], "can't be read"),
        (&[&url, "-X", "GET /evil"], "can't be sent"),
        (&[&url, "-X", "CONNECT"], "tunnel"),
        (&[&url, "--json"], "`call http` can't print JSON"),
        (&[&url, "more"], "unexpected argument"),
    ] {
        let output = call(&home, args).run();
        output.code(2).stdout_is("").stderr_has(says).stderr_lacks("hunter22");
    }
    assert_eq!(server.hits(), 0, "no token was that you asked for");
    api.assert_untouched();
}

#[test]
fn a_cached_token_is_renewed_once_and_a_new_one_never() {
    let (home, server) = issuing_many();
    let refusing = Server::always(Answer::new(401, "text/plain", "no"));
    // Just obtained: a newer one would fare no better.
    call(&home, &[&refusing.url()]).run().code(4).stdout_is("no").stderr_has("401 Unauthorized: no");
    assert_eq!((server.hits(), refusing.hits()), (1, 1));
    // From the cache: once.
    call(&home, &[&refusing.url(), "-d", "the same"]).run().code(4).stdout_is("no");
    assert_eq!((server.hits(), refusing.hits()), (2, 3));
    let sent = bearers(&refusing);
    assert!(sent[0] == sent[1] && sent[1] != sent[2], "{sent:?}");
    assert!(refusing.requests()[1..].iter().all(|request| request.text() == "the same"));
    // A new one was refused as well: cogtok fetches no other within a minute.
    for _ in 0..3 {
        let output = call(&home, &[&refusing.url(), "-v"]).run();
        output.code(4).stdout_is("no").stderr_has("cogtok fetches no other within a minute");
    }
    assert_eq!((server.hits(), refusing.hits()), (2, 6));
    call(&home, &[&refusing.url(), "--force-refresh"]).run().code(4);
    assert_eq!((server.hits(), refusing.hits()), (3, 7));
    // After it, once more.
    let notes = std::fs::read_dir(home.cache_dir().join("refused")).unwrap();
    let notes = notes.map(|note| note.unwrap().path());
    let notes: Vec<_> = notes.filter(|path| path.extension().is_none_or(|extension| extension != "lock")).collect();
    assert_eq!(notes.len(), 1, "one for each API: {notes:?}");
    let at: u64 = std::fs::read_to_string(&notes[0]).unwrap().parse().unwrap();
    std::fs::write(&notes[0], (at - 61_000).to_string()).unwrap();
    call(&home, &[&refusing.url()]).run().code(4);
    assert_eq!((server.hits(), refusing.hits()), (4, 9));
    // And never where the cache was not asked.
    call(&home, &[&refusing.url(), "--no-cache"]).run().code(4);
    assert_eq!((server.hits(), refusing.hits()), (5, 10));
    // 401 and then 200: what is printed is the second answer alone.
    let answers = Mutex::new(vec![Answer::new(200, "text/plain", "yes"), Answer::new(401, "text/plain", "no")]);
    let api = Server::start(move |_| answers.lock().unwrap().pop().expect("two answers"));
    call(&home, &[&api.url()]).run().ok().quiet().stdout_is("yes");
    assert_eq!((server.hits(), api.hits()), (6, 2));
    // Nothing else is tried again.
    for status in [400, 403, 408, 425, 429, 500, 502, 503, 504] {
        let api = Server::always(Answer::new(status, "text/plain", "no").header("Retry-After", "0"));
        call(&home, &[&api.url()]).run().check(api.hits() == 1, "once").check(server.hits() == 6, "no new token");
    }
}

#[test]
fn a_renewal_that_fails_says_why_it_was_tried() {
    let answers = Mutex::new(vec![
        Answer::json(400, &serde_json::json!({"error": "invalid_client"})),
        Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
    ]);
    let server = Server::start(move |_| answers.lock().unwrap().pop().unwrap_or_else(Answer::close));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let api = Server::always(Answer::new(401, "text/plain", "no"));
    call(&home, &[&api.url()]).run().code(4);
    let output = call(&home, &[&api.url()]).run();
    output.code(4).stdout_is("").stderr_has("answered 401, and cogtok has no new token: ").stderr_has("client secret");
    assert_eq!(api.hits(), 2);
}

#[test]
fn https_is_checked_and_what_a_server_repeats_is_not() {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let (home, _server) = issuing(&token);
    home.canary_token(&token);
    let authority = Authority::new();
    let bundle = home.plant("ca.pem", authority.pem());
    let bundle = bundle.to_str().unwrap();
    // The token in words, cut in the middle by a limit, as a header, with what a terminal would obey.
    let echo = |request: &crate::harness::Request| {
        let bearer = request.header("authorization").unwrap_or_default();
        let body = format!("{{\"message\": \"{}\\u001b[2J {bearer} {bearer}\"}}", "x".repeat(40));
        Answer::new(403, "application/json", body)
            .header("WWW-Authenticate", &format!("Bearer scope=\"{bearer}\", realm=\"{bearer}\""))
    };
    let api = authority.serve(Certificate::Good, echo);
    let refused = call(&home, &[&api.url(), "--ca-bundle", bundle]).run();
    refused.code(4).stderr_has("x\\u{1b}[2J Bearer [redacted]");
    call(&home, &[&api.url(), "--ca-bundle", bundle, "-vv"]).run().code(4);
    for certificate in [Certificate::Expired, Certificate::WrongHost, Certificate::UnknownAuthority] {
        let api = authority.serve(certificate, echo);
        let output = call(&home, &[&api.url(), "--ca-bundle", bundle]).run();
        output.code(6).stdout_is("").stderr_has("certificate");
        assert_eq!(api.hits(), 0);
    }
}

#[test]
fn a_time_out_that_was_given_is_for_both_tries() {
    let (home, endpoint) = issuing_many();
    let api = Server::always(Answer::new(401, "text/plain", "no").delay(Duration::from_secs(3)));
    call(&home, &["--timeout", "20s", &api.url()]).run().code(4);
    assert_eq!((api.hits(), endpoint.hits()), (1, 1), "a token that is new is not renewed");
    // The first answer comes in time, and the second can't.
    let output = call(&home, &["--timeout", "5s", &api.url()]).timeout(Duration::from_secs(5)).run();
    output.code(6).stdout_is("").stderr_has("--timeout");
    poll("the second try is noted", Duration::from_secs(10), || (api.hits() == 3).then_some(()));
    assert_eq!(endpoint.hits(), 2);
}

#[test]
fn not_modified_is_no_redirect() {
    let (home, _endpoint) = issuing_many();
    let api = Server::always(Answer::raw("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"));
    let output = call(&home, &["-i", "-H", "If-None-Match: \"1\"", &api.url()]).run();
    output.ok().stdout_has("304 Not Modified");
}
