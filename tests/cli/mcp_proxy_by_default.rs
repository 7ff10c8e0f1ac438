//! `cogtok mcp-proxy` without options: where a browser can open and the profile says all that a sign-in needs, a person signs in from
//! within; what the server's metadata says is compared with the token.

use crate::harness::login::{FakeBrowser, alice, chromium, sign_in};
use crate::harness::ports::free_port;
use crate::harness::{Answer, Home, Request, Server, binary, workshop};
use crate::mcp_proxy_login::{Proxy, list, server};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

fn command(home: &Home, server: &Server, browser: Option<&FakeBrowser>, more: &[&str]) -> Command {
    let mut command = home.command(binary());
    command.args(["mcp-proxy", &format!("{}/mcp", server.url()), "--as", "user"]).args(more);
    if let Some(browser) = browser {
        command.env("BROWSER", browser.command());
    }
    command
}

/// A request of a client that wants to hear nothing meanwhile.
fn silent_list(id: u64) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {}}).to_string()
}

/// The error that a client gets, after nothing else.
#[track_caller]
fn refused_at_once(proxy: &mut Proxy) -> Value {
    proxy.say(&list(1));
    let (before, answer) = proxy.hear(1);
    assert_eq!(before, [] as [Value; 0]);
    assert_eq!(answer["error"]["code"], -32000);
    assert!(answer["error"]["data"]["hints"].to_string().contains("cogtok login"), "{answer}");
    assert_eq!(proxy.end(), Some(0));
    answer
}

#[test]
fn a_person_signs_in_once_with_a_real_browser_for_all_proxies_that_wait() {
    let workshop = workshop();
    let email = workshop.user(PASSWORD);
    let (home, server) = (Home::new(), server());
    let uri = format!("http://127.0.0.1:{}/callback", free_port());
    home.browser_profile(workshop, &uri);
    let browser = home.fake_browser();
    let mut proxies: Vec<Proxy> = (0..3).map(|_| Proxy::start(command(&home, &server, Some(&browser), &[]))).collect();
    // Two of the clients want to hear what they wait for, and one does not.
    for (proxy, line) in proxies.iter_mut().zip([list(7), list(7), silent_list(7)]) {
        proxy.say(&line);
    }
    let url = browser.url();
    for proxy in &proxies[..2] {
        let told = proxy.lines.recv_timeout(Duration::from_secs(60)).expect("progress");
        assert_eq!((&told["method"], &told["params"]["progressToken"]), (&json!("notifications/progress"), &json!(7)));
    }
    assert_eq!(server.hits(), 0);
    let page = chromium(&url, &email, PASSWORD);
    assert_eq!(page["title"], "cogtok: Signed in");
    for (number, proxy) in proxies.iter().enumerate() {
        let (before, answer) = proxy.hear(7);
        assert_eq!(answer["result"]["tools"][0]["name"], "t", "{answer}");
        assert!(number < 2 || before.is_empty(), "it gave no progressToken: {before:?}");
    }
    assert_eq!(browser.url(), url, "one browser for all");
    for mut proxy in proxies {
        assert_eq!(proxy.end(), Some(0));
    }
}

#[test]
fn no_browser_opens_where_one_is_not_wanted_or_can_not_do() {
    let pages = Server::canary();
    let (home, server) = (Home::new(), server());
    home.login_profile(&pages.url());
    let browser = home.fake_browser();
    let is_open = || std::fs::read_dir(home.path("")).unwrap().flatten().any(|dir| dir.path().join("url").exists());
    refused_at_once(&mut Proxy::start(command(&home, &server, Some(&browser), &["--no-login"])));
    // No display, and then one without a program that opens anything.
    refused_at_once(&mut Proxy::start(command(&home, &server, None, &[])));
    for (name, value) in [("BROWSER", "no-such-program-anywhere"), ("DISPLAY", ":1"), ("WAYLAND_DISPLAY", "wayland-1")]
    {
        let mut without = command(&home, &server, None, &[]);
        without.env(name, value).env("PATH", home.path("empty"));
        refused_at_once(&mut Proxy::start(without));
    }
    // A profile that names no redirect URI, or no domain.
    for key in ["user.redirect_uris", "domain"] {
        home.login_profile(&pages.url());
        home.cogtok(["profile", "unset", "ws", key]).run().ok();
        refused_at_once(&mut Proxy::start(command(&home, &server, Some(&browser), &[])));
    }
    assert!(!is_open());
    let both = home.cogtok(["mcp-proxy", "http://127.0.0.1:9/mcp", "--login", "--no-login"]).run();
    both.code(2).stderr_has("--no-login");
    home.cogtok(["mcp-proxy", "http://127.0.0.1:9/mcp", "--no-login", "--wait", "1s"]).run().code(2);
    pages.assert_untouched();
    server.assert_untouched();
}

/// A home where alice is signed in: her token has the scopes `openid aws.cognito.signin.user.admin`.
fn signed_in() -> Home {
    let pages = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&pages.url());
    let (output, _) = sign_in(home.cogtok(["login"]), &home.fake_browser());
    output.ok();
    home
}

/// The client's error for a server that answers 401 with this challenge and has this metadata at this path.
fn told(home: &Home, challenge: &'static str, path: &'static str, metadata: &Value) -> (String, Vec<String>) {
    let metadata = metadata.clone();
    let server = Server::start(move |request: &Request| {
        let here = format!("http://{}", request.header("host").unwrap());
        if request.method == "GET" {
            assert_eq!(request.header("authorization"), None, "the metadata is asked for without a token");
            let text = metadata.to_string().replace("HERE", &here);
            return if request.path == path {
                Answer::new(200, "application/json", text)
            } else {
                Answer::new(404, "text/plain", "")
            };
        }
        let refused = Answer::json(401, &json!({"message": "no"}));
        if challenge.is_empty() {
            refused
        } else {
            refused.header("WWW-Authenticate", &challenge.replace("HERE", &here))
        }
    });
    let mut proxy = Proxy::start(command(home, &server, None, &["--no-login"]));
    // There is no other token the first time, and none is asked for the second time.
    let told: Vec<String> = [1, 2]
        .map(|id| {
            proxy.say(&list(id));
            proxy.hear(id).1["error"]["data"]["hints"].to_string()
        })
        .into();
    let of_metadata = |hints: &str| hints.split("its metadata").skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of_metadata(&told[0]), of_metadata(&told[1]));
    let hints = told[1].clone();
    assert_eq!(proxy.end(), Some(0));
    let seen: Vec<String> =
        server.requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    // Both of the client's requests, and nothing again.
    let posts: Vec<String> =
        server.requests().iter().filter(|request| request.method == "POST").map(Request::text).collect();
    assert_eq!(posts, [list(1), list(2)]);
    (hints, seen.iter().filter_map(|line| line.strip_prefix("GET ")).map(str::to_owned).collect())
}

#[test]
fn metadata_is_looked_for_where_no_challenge_names_it_and_scopes_are_compared() {
    let home = signed_in();
    let ours = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0/.well-known/openid-configuration";
    let metadata = |issuer: &str, scopes: Value| json!({"resource": "HERE/mcp", "authorization_servers": [issuer], "scopes_supported": scopes});
    let beside = concat!("/.well-known/oauth-protected-resource", "/mcp");
    let named = "Bearer resource_metadata=\"HERE/there?x=1\"";
    let scope = "its metadata asks for the scope gw/invoke or gw/list, but the token has openid";
    let issuer = "its metadata names the issuer https://auth.example";
    for (challenge, path, metadata, says) in [
        (named, "/there?x=1", metadata(ours, json!(["gw/invoke", "gw/list"])), &[scope][..]),
        ("", beside, metadata(ours, json!(["gw/invoke", "gw/list"])), &[scope]),
        ("Bearer", WELL_KNOWN, metadata("https://auth.example", json!(["gw/invoke", "gw/list"])), &[issuer, scope]),
        ("", beside, metadata(ours, json!(["x", "openid"])), &[]),
        ("", beside, metadata(ours, json!([])), &[]),
        // It is about another server.
        ("", beside, json!({"resource": "https://other.example/mcp", "authorization_servers": ["https://x"]}), &[]),
        ("", "/nowhere", json!({}), &[]),
    ] {
        let (hints, asked) = told(&home, challenge, path, &metadata);
        assert_eq!(hints.matches("its metadata").count(), says.len(), "{path} {metadata}: {hints}");
        assert!(says.iter().all(|says| hints.contains(says)), "{path}: {hints}");
        let by_rule = if path == beside { vec![beside; 2] } else { vec![beside, WELL_KNOWN, WELL_KNOWN] };
        match (challenge, path) {
            (_, "/nowhere") => assert_eq!(asked, [beside, WELL_KNOWN], "what is not there is looked for once"),
            (challenge, _) if challenge == named => assert_eq!(asked, ["/there?x=1"; 2]),
            _ => assert_eq!(asked, by_rule),
        }
    }
}
