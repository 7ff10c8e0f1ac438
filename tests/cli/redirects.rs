//! Redirects that are refused: where each leads is told whole, and what to do about one on the same host.

use crate::harness::login::REFRESH;
use crate::harness::pool::now;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::sign::{self, access_claims};
use crate::harness::{Answer, Home, Output, Run, Server, m2m_jwt};
use serde_json::{Value, json};

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
fn a_target_that_moved_is_named_to_an_mcp_client_with_the_command_that_sets_it() {
    let server = sending("/mcp/");
    let (home, url) = (Home::new(), server.url());
    home.scripted_profile(&server.token_url());
    home.cogtok(["profile", "set", "ws", "targets.tools.url", &format!("{url}/mcp")]).run().ok();
    home.cogtok(["profile", "set", "ws", "targets.tools.kind", "gateway"]).run().ok();
    let asks = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let hints = |target: &str, env: &[(&str, &str)]| {
        let run = home.cogtok(["mcp-proxy", target, "-p", "ws", "--as", "m2m"]).stdin(format!("{asks}\n"));
        let output =
            env.iter().fold(run.env("COGTOK_M2M_CLIENT_SECRET", SECRET), |run, (name, value)| run.env(name, value));
        let output = output.run();
        let answer: Value = serde_json::from_str(output.stdout.trim()).unwrap();
        answer["error"]["data"]["hints"].clone()
    };
    let set = format!("if that is the right address: cogtok profile set ws targets.tools.url {url}/mcp/");
    assert_eq!(hints("tools", &[]), json!([set]));
    let call = format!("if that is the right address, call it: {url}/mcp/");
    assert_eq!(hints(&format!("{url}/mcp"), &[]), json!([call]));
    // An address of the token is no target's.
    let moved = Server::always(Answer::redirect(307, "/oauth2/token/"));
    let to = format!("{}/oauth2/token/", moved.url());
    let set = format!("if that is the right address: set COGTOK_TOKEN_URL to {to}");
    assert_eq!(hints("tools", &[("COGTOK_TOKEN_URL", &moved.token_url())]), json!([set]));
}

#[test]
fn an_address_is_changed_where_it_was_given() {
    let server = Server::always(Answer::redirect(307, "/oauth2/token/"));
    let (home, url) = (Home::new(), server.url());
    let there = format!("{url}/oauth2/token/");
    let hint = |output: &Output, says: &str| {
        output.code(6).stderr_has(&format!("hint: if that is the right address: {says}\n"));
        assert_eq!(output.stderr.matches("hint: ").count(), 1, "{}", output.stderr);
    };
    // The variable beats the profile, whatever that has.
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    let header = || home.cogtok(["header"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    hint(&header().env("COGTOK_TOKEN_URL", server.token_url()).run(), &format!("set COGTOK_TOKEN_URL to {there}"));
    hint(&home.scripted_m2m(&["--token-url", &server.token_url()]).run(), &format!("`--token-url {there}`"));
    // The variables of other scripts.
    home.config("version = 1\n");
    let run = home.scripted_m2m(&[]).env("COGNITO_TOKEN_URL", server.token_url());
    let run = run.env("COGNITO_M2M_CLIENT_ID", CLIENT).env("COGNITO_M2M_CLIENT_SECRET", SECRET);
    hint(&run.run(), &format!("set COGNITO_TOKEN_URL to {there}"));
    // What was followed helps.
    let token = Server::start(|request| match request.path.as_str() {
        "/oauth2/token/" => Answer::token(&m2m_jwt(CLIENT, "api/read api/write")),
        _ => Answer::redirect(307, "/oauth2/token/"),
    });
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    header().env("COGTOK_TOKEN_URL", format!("{}/oauth2/token/", token.url())).run().ok();
}

#[test]
fn the_address_of_the_api_or_the_domain_that_moved_is_told_with_its_key() {
    let (home, token) = (Home::new(), sign::sign(&access_claims(now())));
    let hint = |output: &Output, says: &str| {
        output.code(6).stderr_has(&format!("hint: if that is the right address: {says}\n"));
    };
    // Each request moves from /x to /y, whatever follows.
    let keys = Server::start(|request| match request.path.strip_prefix("/x") {
        Some(rest) => Answer::redirect(307, &format!("/y{rest}")),
        None => Answer::redirect(307, "/elsewhere"),
    });
    let (old, new) = (format!("{}/x", keys.url()), format!("{}/y", keys.url()));
    home.pool_profile(&old);
    let set = format!("cogtok profile set ws endpoint_url {new}, or add `--endpoint-url {new}`");
    hint(&home.verify(&token, &[]).run(), &set);
    home.pool_profile("http://127.0.0.1:9");
    hint(&home.verify(&token, &["--endpoint-url", &old]).run(), &format!("`--endpoint-url {new}`"));
    for variable in ["COGTOK_ENDPOINT_URL", "AWS_ENDPOINT_URL"] {
        hint(&home.verify(&token, &[]).env(variable, &old).run(), &format!("set {variable} to {new}"));
    }
    // Where what follows is another, no setting is known to be right.
    home.pool_profile(&keys.url());
    let output = home.verify(&token, &[]).run();
    output.code(6).stderr_has("hint: use that address itself").stderr_lacks("right address");
    // The API, unsigned and signed.
    let moved = || Server::start(|request| Answer::redirect(307, &format!("http://127.0.0.1:9{}", request.path)));
    let api = moved();
    home.pool_profile(&api.url());
    let set = "cogtok profile set ws endpoint_url http://127.0.0.1:9, or add `--endpoint-url http://127.0.0.1:9`";
    hint(&home.cogtok(["token", "revoke", "-"]).stdin(REFRESH).run(), set);
    hint(&home.cogtok(["user", "list"]).aws().run(), set);
    // The domain, of which the token endpoint is read. It has no path.
    let domain = moved();
    home.scripted_profile(&domain.token_url());
    home.cogtok(["profile", "unset", "ws", "m2m.token_url"]).run().ok();
    home.cogtok(["profile", "set", "ws", "domain", &domain.url()]).run().ok();
    hint(&home.scripted_m2m(&[]).run(), "cogtok profile set ws domain http://127.0.0.1:9");
    let pathless = Server::start(|request| Answer::redirect(307, &format!("/pool{}", request.path)));
    home.cogtok(["profile", "set", "ws", "domain", &pathless.url()]).run().ok();
    home.scripted_m2m(&[]).run().code(6).stderr_has("hint: use that address itself");
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
