//! A browser sign-in by a person at a terminal: the address to open elsewhere, the one that is typed, and giving up.

use crate::harness::login::{CODE, alice, come_back, parameter, right};
use crate::harness::pty::{Pty, Session};
use crate::harness::{Answer, Home, Server, need, poll};
use rustix::process::Signal;
use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use url::Url;

fn home_of(server: &Server) -> (Home, Url) {
    let home = Home::new();
    let uri = home.login_profile(&server.url());
    (home, uri)
}

/// The address that is shown.
fn shown(terminal: &mut Pty<'_>) -> Url {
    terminal.expect("open this address").expect("Paste its full address here").expect_no_echo();
    let text = terminal.text();
    let line = text.lines().find(|line| line.contains("/oauth2/authorize?")).unwrap();
    Url::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[track_caller]
fn assert_ended(session: &Session, code: u32) {
    assert_eq!(session.code, Some(code), "{session:?}");
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

#[test]
fn the_address_that_a_browser_elsewhere_ends_at_can_be_typed() {
    let server = Server::script([alice()]);
    let (home, uri) = home_of(&server);
    let mut terminal = home.cogtok(["login", "--no-browser"]).env("BROWSER", "sh -c 'exit 1'").pty();
    let url = shown(&mut terminal);
    let right = right(&url);
    for (typed, says) in [
        ("hello".to_string(), "copy the whole address bar; it begins with http://127.0.0.1:"),
        (format!("https://evil.example/callback?{right}"), "not the address"),
        (format!("{uri}/more?{right}"), "not the address"),
        (uri.to_string(), "it has no state"),
        (format!("{uri}?code={CODE}&state=guess"), "state is another sign-in's"),
    ] {
        terminal.send_line(&typed).expect(says).expect("Paste its full address here").expect_no_echo();
    }
    assert_eq!(server.hits(), 0);
    // What is copied may have spaces around it.
    terminal.send_line(&format!("  {uri}?{right} "));
    terminal.expect("[Y/n] ").send_line("n").expect("alice@example.com is signed in");
    assert_ended(&terminal.wait(), 0);
    assert_eq!(server.requests()[0].form("redirect_uri").unwrap(), uri.as_str());
}

#[test]
fn without_a_browser_it_listens_all_the_same() {
    let server = Server::script([alice()]);
    let (home, _) = home_of(&server);
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    let url = shown(&mut terminal);
    assert_eq!(come_back(&url, &right(&url)).status, 200);
    terminal.expect("\n").expect("alice@example.com is signed in");
    assert_ended(&terminal.wait(), 0);
    // A refusal that is typed ends it as one that comes by itself.
    let server = Server::canary();
    let (home, uri) = home_of(&server);
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    let state = parameter(&shown(&mut terminal), "state").unwrap();
    terminal.send_line(&format!("{uri}?error=access_denied&state={state}"));
    assert_ended(&terminal.wait(), 4);
    server.assert_untouched();
}

#[test]
fn a_busy_port_or_the_end_of_what_is_typed_leaves_the_other_way() {
    // The port is another's: the address can still be typed.
    let server = Server::script([alice()]);
    let (home, uri) = home_of(&server);
    let busy = TcpListener::bind(("127.0.0.1", uri.port().unwrap())).unwrap();
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    let url = shown(&mut terminal);
    terminal.send_line(&format!("{uri}?{}", right(&url))).expect("[Y/n] ").send_line("n").expect("is signed in");
    assert_ended(&terminal.wait(), 0);
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    shown(&mut terminal);
    terminal.send("\u{4}");
    assert_ended(&terminal.wait(), 5);
    drop(busy);
    // Ctrl-D: nobody types any more, and the browser may come all the same.
    let server = Server::script([alice()]);
    let (home, _) = home_of(&server);
    let mut terminal = home.cogtok(["login", "--no-browser"]).pty();
    let url = shown(&mut terminal);
    terminal.send("\u{4}");
    assert_eq!(come_back(&url, &right(&url)).status, 200);
    terminal.expect("is signed in");
    assert_ended(&terminal.wait(), 0);
}

#[test]
fn without_a_terminal_the_address_is_on_standard_error() {
    let server = Server::script([alice()]);
    let (home, _) = home_of(&server);
    let log = home.allow(home.path("tmp/stderr"));
    let redirect = format!("2>'{}'", log.display());
    let running = home.cogtok(["login", "--no-browser", "-q"]).redirect(&redirect).spawn();
    let address = |text: String| {
        text.split_inclusive('\n')
            .find(|line| line.contains("/authorize?") && line.ends_with('\n'))
            .map(|line| line.trim_end().to_string())
    };
    let find = || std::fs::read_to_string(&log).ok().and_then(address);
    let url = Url::parse(&poll("the address", Duration::from_secs(10), find)).unwrap();
    come_back(&url, &right(&url));
    running.wait().ok().stdout_is("");
    // Not asking is no obstacle where nobody has to be asked here.
    let server = Server::script([alice()]);
    let (home, _) = home_of(&server);
    let browser = home.fake_browser();
    let running = home.cogtok(["login", "--no-input"]).browser(&browser).spawn();
    let url = browser.url();
    come_back(&url, &right(&url));
    running.wait().ok();
}

#[test]
fn giving_up_leaves_the_terminal_as_it_was_and_the_port_closed() {
    for (words, signal, code) in [
        (&["login", "--no-browser"][..], None, 130),
        (&["login", "--no-browser"], Some(Signal::TERM), 143),
        (&["login"], Some(Signal::INT), 130),
        (&["login"], None, 130),
    ] {
        let server = Server::canary();
        let (home, uri) = home_of(&server);
        let browser = home.fake_browser();
        let mut terminal = home.cogtok(words).browser(&browser).pty();
        match words.len() {
            2 => drop(shown(&mut terminal)),
            _ => drop(browser.url()),
        }
        let address = ("127.0.0.1", uri.port().unwrap());
        drop(TcpStream::connect(address).unwrap());
        // What was typed so far is not left for the shell.
        terminal.send("half an addr");
        let start = Instant::now();
        match signal {
            Some(signal) => terminal.signal(signal),
            None => drop(terminal.send("\u{3}")),
        }
        let session = terminal.wait();
        assert_ended(&session, code);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(TcpStream::connect(address).is_err(), "the port is closed");
        server.assert_untouched();
    }
}

#[test]
fn a_browser_that_can_not_be_opened_is_told_with_the_address() {
    let server = Server::canary();
    let (home, _) = home_of(&server);
    // Openers that fail, that are not there, and that lie in the current directory.
    home.allow(home.work());
    let trap = home.allow(home.path("tmp/trap"));
    for name in ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"] {
        let script = home.work().join(name);
        std::fs::write(&script, format!("#!/bin/sh\n: >'{}'\n", trap.display())).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    need("sh", "dash");
    let empty = home.path("tmp").display().to_string();
    for (browser, path) in
        [(Some("sh -c 'exit 3'"), None), (Some("./xdg-open"), None), (None, Some(format!(".:{empty}")))]
    {
        let mut run = home.cogtok(["login", "--wait", "1s"]);
        run = match browser {
            Some(browser) => run.env("BROWSER", browser),
            None => run,
        };
        run = match &path {
            Some(path) => run.env("PATH", path),
            None => run,
        };
        let output = run.run();
        output.code(5).stderr_has("no browser could be opened").stderr_has("/oauth2/authorize?");
    }
    assert!(!trap.exists(), "a program of the current directory was run");
    // Of several, the first that works is taken.
    let server = Server::script([Answer::json(400, &json!({"error": "invalid_grant"}))]);
    let (home, _) = home_of(&server);
    let browser = home.fake_browser();
    let list = format!("no-such-browser:sh -c 'exit 1':{}:sh -c 'exit 2'", browser.command());
    let running = home.cogtok(["login"]).env("BROWSER", list).spawn();
    let url = browser.url();
    come_back(&url, &right(&url));
    running.wait().code(4).stderr_lacks("no browser could be opened");
}

#[test]
fn the_address_is_shown_also_where_the_opener_says_that_it_opened_one() {
    let server = Server::canary();
    let (home, _) = home_of(&server);
    for args in [&["login", "--wait", "1s"][..], &["login", "--wait", "1s", "-q"]] {
        let output = home.cogtok(args).env("BROWSER", "sh -c 'exit 0'").run();
        output.code(5).stderr_has(&format!("{}/oauth2/authorize?", server.url()));
        output.stderr_lacks("no browser could be opened");
        output.check(args.len() > 3 || output.stderr.contains("cogtok login -p ws --no-browser"), "the other way");
    }
    // Another try asks for the same.
    let asked = ["login", "--scope", "openid email", "--scope=api/read", "--port", "9191", "--wait", "1s"];
    let output = home.cogtok(asked).env("BROWSER", "sh -c 'exit 0'").run();
    output.code(5).stderr_has("`cogtok login -p ws --port 9191 --scope 'openid email' --scope api/read --wait 5m`");
    // Where nobody opens one here, there is no need to say how.
    let output = home.cogtok(["login", "--wait", "1s", "--no-browser", "--lang="]).run();
    output.code(5).stderr_lacks("where no browser opens").stderr_has("`cogtok login -p ws --no-browser --wait 5m`");
    server.assert_untouched();
}
