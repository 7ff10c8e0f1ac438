//! Redirects that are refused: where each leads is told whole, and what to do about one on the same host.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, m2m_jwt};

/// A server that gives tokens and sends everything else to `location`.
fn sending(location: &str) -> Server {
    let location = location.to_owned();
    Server::start(move |request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => Answer::redirect(307, &location),
    })
}

fn call<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["call"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

#[test]
fn a_redirect_on_the_same_host_comes_with_the_command_that_sets_the_address() {
    let server = sending("/mcp/");
    let (home, url) = (Home::new(), server.url());
    home.scripted_profile(&server.token_url());
    let host = url.trim_start_matches("http://");
    home.cogtok(["profile", "set", "ws", "targets.tools.url", &format!("{url}/mcp")]).run().ok();
    home.cogtok(["profile", "set", "ws", "targets.tools.kind", "gateway"]).run().ok();
    let told = format!("redirect refused: 307 from {host} to {url}/mcp/");
    let set = format!("hint: if that is the right address: cogtok profile set ws targets.tools.url {url}/mcp/\n");
    for args in [&["gateway", "tools", "tools"][..], &["http", "tools"]] {
        call(&home, args).run().code(6).stdout_is("").stderr_has(&told).stderr_has(&set);
    }
    // What was typed is typed again; a target is not changed for what stood behind it.
    for typed in [format!("{url}/mcp"), "tools/more".into()] {
        let output = call(&home, &["http", &typed]).run();
        output
            .code(6)
            .stderr_has(&told)
            .stderr_has(&format!("hint: if that is the right address, call it: {url}/mcp/\n"));
    }
    // The command does what it says.
    home.cogtok(["profile", "set", "ws", "targets.tools.url", &format!("{url}/mcp/")]).run().ok();
}

#[test]
fn the_address_that_a_token_url_leads_to_is_told_with_the_key_that_takes_it() {
    let server = Server::always(Answer::redirect(308, "/oauth2/token/"));
    let (home, url) = (Home::new(), server.url());
    home.scripted_profile(&server.token_url());
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has(&format!(" to {url}/oauth2/token/ (profile `ws`)"));
    let there = format!("{url}/oauth2/token/");
    output.stderr_has(&format!(
        "hint: if that is the right address: cogtok profile set ws m2m.token_url {there}, or add `--token-url {there}`\n"
    ));
    // `header` has no such option.
    let output = home.cogtok(["header"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
    output.code(6).stderr_has(&format!("cogtok profile set ws m2m.token_url {there}\n")).stderr_lacks("--token-url");
}

#[test]
fn a_redirect_that_leads_elsewhere_is_named_whole_and_recommended_by_nothing() {
    for (location, shown) in [
        ("https://evil.example/a/b?c=d#e", "https://evil.example/a/b?c=d"),
        ("https://u:p@evil.example/x", "https://evil.example/x"),
        ("//evil.example/x", "http://evil.example/x"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("data:text/html,hello", "data:text/html,hello"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("http://[", "http://["),
    ] {
        let server = sending(location);
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        let output = call(&home, &["http", &format!("{}/x", server.url())]).run();
        output.code(6).stderr_has(&format!(" to {shown} (profile `ws`)\n")).stderr_lacks("right address");
    }
    // Neither is one that holds what was sent, nor one that a shell would see something in.
    let echo = Server::start(|request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => Answer::redirect(307, &format!("/login?t={}", request.header("authorization").unwrap_or_default())),
    });
    let home = Home::new();
    home.scripted_profile(&echo.token_url());
    let output = call(&home, &["http", &format!("{}/x", echo.url())]).run();
    output.code(6).stderr_has("/login?t=Bearer%20[redacted]").stderr_lacks("right address");
    let odd = sending("/x?a=1&b=$(touch%20pwned);'");
    home.scripted_profile(&odd.token_url());
    let output = call(&home, &["http", &format!("{}/x", odd.url())]).run();
    let url = odd.url();
    output.code(6).stderr_has(&format!("call it: '{url}/x?a=1&b=$(touch%20pwned);%27'\n"));
}

#[test]
fn what_a_redirect_leads_to_decides_on_the_advice() {
    let path = format!("/{}", "a".repeat(300));
    for (location, says) in [
        ("data:text/html,hello", "check the URL; if it is right, the fault is in the server or a proxy"),
        ("http://[", "check the URL; if it is right, the fault is in the server or a proxy"),
        (path.as_str(), "check the URL: cogtok sends data only to the address that you give"),
        ("https://evil.example/x", "use the final URL: cogtok does not follow a redirect to another host"),
    ] {
        let server = Server::always(Answer::redirect(307, location));
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        let output = home.scripted_m2m(&[]).run();
        output.code(6).stderr_has(&format!("hint: {says}\n"));
        assert_eq!(output.stderr.matches("hint: ").count(), 1, "{}", output.stderr);
    }
    // No address at all, and a page of the same host that got what was sent.
    let none = Server::always(Answer::new(307, "text/plain", ""));
    let login = Server::start(|request| match request.path.as_str() {
        "/oauth2/token" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => Answer::redirect(307, &format!("/login?t={}", request.header("authorization").unwrap_or_default())),
    });
    let home = Home::new();
    home.scripted_profile(&none.token_url());
    let output = home.scripted_m2m(&[]).run();
    output.code(6).stderr_has(" to nowhere ").stderr_has("check the URL; if it is right").stderr_lacks("another host");
    home.scripted_profile(&login.token_url());
    let output = call(&home, &["http", &format!("{}/x", login.url())]).run();
    output.code(6).stderr_has("hint: check the URL: cogtok sends data only to").stderr_lacks("another host");
}
