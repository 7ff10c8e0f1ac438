//! `--copy` and the clipboard of a real X server, filled and read by the programs that people have.

use crate::harness::guard::Guard;
use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Server, m2m_jwt, need, poll};
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// An X server without a screen that anybody sees.
struct Display {
    name: String,
    _server: Guard,
}

impl Display {
    fn start() -> Self {
        need("Xvfb", "xvfb");
        need("xclip", "xclip");
        let dir = Guard::dir();
        // It picks a number that is free, and prints it when it listens.
        let command = ["Xvfb", "-displayfd", "1", "-screen", "0", "64x64x24", "-nolisten", "tcp", "-noreset", "-ac"];
        let server = Guard::start(dir, "/dev/null".as_ref(), &command, &[]);
        let name = poll("Xvfb listens", LIMIT, || {
            assert!(!server.ended(), "Xvfb ended:\n{}", server.log());
            let log = server.log();
            log.lines().find(|line| line.parse::<u32>().is_ok()).map(|number| format!(":{number}"))
        });
        Self { name, _server: server }
    }

    fn xclip(&self, direction: &str) -> Command {
        let mut command = Command::new("xclip");
        command.args(["-selection", "clipboard", direction]).env("DISPLAY", &self.name);
        command.stderr(Stdio::null());
        command
    }

    /// What is in the clipboard; nothing where nobody owns it.
    fn content(&self) -> String {
        let output = self.xclip("-out").stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn fill(&self, text: &str) {
        use std::io::Write;
        let mut child = self.xclip("-in").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

/// A PATH whose xclip has another home: who owns a selection stays until somebody else owns it, and is no stray of the test.
fn path(home: &Home) -> String {
    let script = "#!/bin/sh\nHOME=/nonexistent exec /usr/bin/xclip \"$@\"\n";
    let program = home.plant("bin/xclip", script);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", home.path("bin").display())
}

fn home() -> (Home, Server, String) {
    let token = m2m_jwt(CLIENT, "api/read api/write");
    let server = Server::always(Answer::token(&token));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server, token)
}

#[test]
fn the_token_is_there_to_paste_and_is_cleared_after_the_time() {
    let (home, _server, token) = home();
    let display = Display::start();
    display.fill("what was there before");
    let copy = home.scripted_m2m(&["--copy=6s"]).env("PATH", path(&home));
    let running = copy.env("DISPLAY", &display.name).spawn();
    poll("the token can be pasted", LIMIT, || (display.content() == token).then_some(()));
    running.wait().ok().stdout_is("").stderr_has("cleared the clipboard");
    assert_eq!(display.content(), "");
}

#[test]
fn what_somebody_copied_meanwhile_is_left_there() {
    let (home, _server, token) = home();
    let display = Display::start();
    let copy = home.scripted_m2m(&["--copy=10s"]).env("PATH", path(&home));
    let running = copy.env("DISPLAY", &display.name).spawn();
    poll("the token can be pasted", LIMIT, || (display.content() == token).then_some(()));
    display.fill("a word of somebody's own");
    let output = running.wait();
    output.ok().stderr_has("something else is in the clipboard by now").stderr_lacks("cleared the clipboard");
    assert_eq!(display.content(), "a word of somebody's own");
}
