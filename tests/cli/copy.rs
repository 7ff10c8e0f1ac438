//! `--copy`: the token in the clipboard for a while, and nowhere else.

use crate::harness::{Answer, Home, Server, m2m_jwt, scripted};
use std::path::PathBuf;

fn home() -> (Home, Server, String) {
    let token = m2m_jwt(scripted::CLIENT, "api/read api/write");
    let server = Server::always(Answer::token(&token));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server, token)
}

/// A clipboard as Wayland's programs have it: a file that they fill and print.
fn clipboard(home: &Home) -> (String, PathBuf) {
    let content = home.allow(home.path("clipboard"));
    for (name, script) in [
        ("wl-copy", "cat >\"$HOME/clipboard\"\necho \"$(wc -c <\"$HOME/clipboard\") $*\" >>\"$HOME/log\""),
        ("wl-paste", "cat \"$HOME/clipboard\""),
    ] {
        let program = home.plant(format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    home.allow(home.path("log"));
    (format!("{}:/usr/bin:/bin", home.path("bin").display()), content)
}

#[test]
fn the_clipboard_has_the_token_until_the_time_is_over() {
    let (home, _server, token) = home();
    let (path, content) = clipboard(&home);
    let copy = |args: &[&str]| {
        let run = home.scripted_m2m(args).env("PATH", &path).env("WAYLAND_DISPLAY", "wayland-0");
        run.run()
    };
    let output = copy(&["--copy=1s"]);
    output.ok().stdout_is("").stderr_has("copied the access token to the clipboard; cogtok clears it in 1 s");
    output.stderr_has("cleared the clipboard").stderr_lacks(&token);
    assert_eq!(std::fs::read_to_string(&content).unwrap(), "");
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert_eq!(log, format!("{} --sensitive\n0 --sensitive\n", token.len()));
    // A header is copied as one.
    std::fs::remove_file(home.path("log")).unwrap();
    copy(&["--copy=1s", "--header"]).ok().stdout_is("").stderr_has("the Authorization header");
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.starts_with(&format!("{} ", "Authorization: Bearer ".len() + token.len())), "{log}");
    for other in ["--json", "--output-file=x"] {
        home.scripted_m2m(&["--copy", other]).run().code(2);
    }
}

#[test]
fn a_terminal_is_the_clipboard_where_there_is_no_other() {
    use base64::Engine;
    let (home, _server, token) = home();
    let run = home.cogtok(["token", "m2m", "--copy=1s"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET);
    let session = run.env("SSH_TTY", "/dev/pts/9").pty_of(24, 80).wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    let encoded = base64::engine::general_purpose::STANDARD.encode(&token);
    let filled = session.text.find(&format!("\u{1b}]52;c;{encoded}\u{7}")).expect("filled");
    let cleared = session.text.find("\u{1b}]52;c;\u{7}").expect("cleared");
    assert!(filled < cleared && !session.text.contains(&token), "{}", session.text);
}

#[test]
fn ctrl_c_clears_at_once() {
    let (home, _server, _) = home();
    let run = home.cogtok(["token", "m2m", "--copy"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET);
    let mut pty = run.env("SSH_TTY", "/dev/pts/9").pty_of(24, 80);
    pty.expect("copied the access token").send("\u{3}").expect("\u{1b}]52;c;\u{7}");
    assert_eq!(pty.wait().code, Some(130));
}

#[test]
fn without_a_clipboard_and_a_terminal_it_is_an_error() {
    let (home, _server, token) = home();
    let output = home.scripted_m2m(&["--copy"]).env("PATH", "/nonexistent").under(["/usr/bin/setsid", "-w"]).run();
    output.code(1).stdout_is("").stderr_has("no clipboard was found").stderr_lacks(&token);
}
