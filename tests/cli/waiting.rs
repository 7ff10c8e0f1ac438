//! What a person sees of a slow server: for whom cogtok waits, and nothing of it is left.

use crate::harness::{Answer, Home, Server, m2m_jwt, scripted};
use std::time::Duration;

const SLOW: Duration = Duration::from_millis(2500);

fn token() -> Answer {
    Answer::token(&m2m_jwt(scripted::CLIENT, "api/read api/write"))
}

fn home_at(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    home
}

/// What is on the screen in the end: lines that were erased are not.
fn left(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.rsplit("\u{1b}[K").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_slow_answer_is_waited_for_with_a_line_that_goes_away() {
    let server = Server::always(token().delay(SLOW));
    let home = home_at(&server);
    let mut pty = home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET).pty_of(24, 80);
    pty.expect(&format!("Waiting for 127.0.0.1:{}…", server.port()));
    let session = pty.wait();
    assert_eq!(session.code, Some(0));
    let screen = left(&session.text);
    assert!(!screen.contains("Waiting") && screen.starts_with("eyJ"), "{screen}");
}

#[test]
fn a_second_try_says_that_it_is_one() {
    let busy = Answer::new(503, "text/plain", "busy").delay(Duration::from_millis(1500));
    let server = Server::script([busy, token().delay(SLOW)]);
    let home = home_at(&server);
    let mut pty = home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET).pty_of(24, 80);
    pty.expect("Waiting for ").expect("(try 2 of 4)");
    let session = pty.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert!(!left(&session.text).contains("Waiting"), "{}", session.text);
}

/// With the time limit of every call and with a shorter one: what was asked of whom, and how often.
#[test]
fn a_silent_server_is_named_with_the_tries() {
    let silent = |args: &'static [&'static str], operation: &'static str| {
        std::thread::spawn(move || {
            let (home, server) = (Home::new(), Server::always(Answer::never()));
            home.config(&format!(
                "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n\
                 [profiles.ws.user]\nclient_id = \"abcdefghijklmnopqrstuvwxyz\"\nusername = \"alice\"\n",
                server.url()
            ));
            let run = home.cogtok(["-p", "ws"]).args(args).aws().env("COGTOK_PASSWORD", "Correct-Horse-9");
            let said = format!("{operation}: no complete answer from 127.0.0.1:{}: ", server.port());
            run.run()
                .code(6)
                .stderr_has(&said)
                .stderr_has(" tries in ")
                .stderr_has("hint: try again, or allow more with `--timeout ");
        })
    };
    let all = [
        silent(&["user", "list"], "ListUsers"),
        silent(&["token", "user"], "InitiateAuth"),
        silent(&["user", "delete", "alice", "--yes"], "AdminGetUser"),
        silent(&["token", "user", "--timeout", "12s"], "InitiateAuth"),
        silent(&["user", "list", "--timeout", "12s"], "ListUsers"),
    ];
    all.into_iter().for_each(|run| run.join().unwrap());
}

#[test]
fn nothing_moves_for_programs_and_for_who_wants_quiet() {
    let server = Server::always(token().delay(SLOW));
    let home = home_at(&server);
    let piped = home.cogtok(["token", "m2m", "--no-cache"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET).run();
    piped.ok().quiet();
    let quiet = home.cogtok(["token", "m2m", "--no-cache", "-q"]).env("COGTOK_M2M_CLIENT_SECRET", scripted::SECRET);
    let session = quiet.pty_of(24, 80).wait();
    assert_eq!(session.code, Some(0));
    assert!(!session.text.contains("Waiting"), "{}", session.text);
}
