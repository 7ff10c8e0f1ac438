//! Questions on a terminal: where they are asked, what is shown, and how the terminal is left.

use crate::harness::pty::{Pty, Session};
use crate::harness::verify::verify;
use crate::harness::{Home, Proxy, Run, need, poll, workshop};
use rustix::process::Signal;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const WRONG: &str = "Wrong-Donkey-8-Charger";
const NEW: &str = "Another-Horse-9-Battery";

/// A home with the workshop's profile `ws` whose user is `username`; no password may ever be shown.
fn home_of(username: &str) -> Home {
    let home = Home::new();
    for password in [PASSWORD, WRONG, NEW] {
        home.canary(password);
    }
    home.workshop_profile(workshop());
    home.cogtok(["profile", "set", "ws", "user.username", username]).run().ok();
    home
}

fn token_user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws"]).args(args)
}

/// `script` in a bash on a terminal.
fn bash<'h>(home: &'h Home, script: &str) -> Pty<'h> {
    home.shell("bash", script).pty()
}

fn ask(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn assert_restored(session: &Session) {
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

#[test]
fn the_password_is_asked_for_on_the_terminal_while_standard_output_is_captured() {
    let email = workshop().user(PASSWORD);
    let home = home_of(&email);
    let file = home.allow(home.path("token"));
    let mut terminal = bash(
        &home,
        &format!("T=$(cogtok token user -p ws --no-refresh); echo \"$?\"; printf %s \"$T\" >{}", file.display()),
    );
    ask(&mut terminal, &format!("Password for {email}: "), PASSWORD);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0));
    assert_restored(&session);
    let token = std::fs::read_to_string(&file).unwrap();
    verify(&token, workshop());
    // Nothing but the question and bash's own line: no hint, for nobody reads a token there. A busy machine is waited for, in a line
    // that goes away.
    let mut text = session.text.clone();
    while let Some((before, rest)) = text.split_once("Waiting for ") {
        text = format!("{before}{}", rest.split_once("\u{1b}[K").map_or("", |(_, after)| after));
    }
    assert_eq!(text, format!("Password for {email}: \n0\n"));

    // The same with standard error captured as well: the question is on the terminal all the same.
    let home = home_of(&email);
    let both = home.allow(home.path("both"));
    let mut terminal = bash(&home, &format!("cogtok token user -p ws --no-refresh >{} 2>&1; echo $?", both.display()));
    ask(&mut terminal, "Password for ", PASSWORD);
    terminal.expect("0");
    assert_restored(&terminal.wait());
    verify(std::fs::read_to_string(&both).unwrap().trim_end(), workshop());
}

#[test]
fn a_wrong_password_and_an_empty_one_leave_the_terminal_as_it_was() {
    let email = workshop().user(PASSWORD);
    let proxy = Proxy::new(&workshop().endpoint);
    for (typed, code, message) in
        [(WRONG, 4, "Incorrect username or password"), ("", 2, "nothing was typed"), ("\u{4}", 5, "nothing was typed")]
    {
        let home = home_of(&email);
        let before = proxy.log().len();
        // A wrong one is asked for three times, and so is an empty one.
        let times = if typed == "\u{4}" { 1 } else { 3 };
        let mut terminal = token_user(&home, &["--endpoint-url", &proxy.url()]).pty();
        for _ in 0..times {
            terminal.expect("Password for ").expect_no_echo();
            match typed {
                "\u{4}" => terminal.send(typed),
                _ => terminal.send_line(typed),
            };
        }
        let session = terminal.wait();
        assert_restored(&session);
        assert!(session.text.contains(message), "{session:?}");
        assert!(session.code == Some(code), "{session:?}");
        assert_eq!(proxy.log().len() - before, if typed == WRONG { 6 } else { 0 });
    }
}

#[test]
fn what_is_typed_as_soon_as_a_question_is_visible_counts() {
    need("strace", "strace");
    let home = home_of("alice@example.com");
    home.cogtok(["profile", "set", "ws", "endpoint_url", "http://127.0.0.1:9"]).run().ok();
    for (typed, code, message) in
        [("\u{4}", 5, "nothing was typed"), ("half\u{15}\u{4}", 5, "nothing was typed"), (WRONG, 6, "Connection")]
    {
        // Each change of the terminal's modes is slow, as on a busy machine.
        let slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", "/dev/tty", "-e", "trace=ioctl", "-e"];
        let slow = slow.into_iter().chain(["inject=ioctl:delay_enter=100ms"]);
        let mut terminal = token_user(&home, &[]).under(slow).pty();
        terminal.expect("Password for ").send(typed);
        if typed == WRONG {
            terminal.send_line("");
        }
        let session = terminal.wait();
        assert_restored(&session);
        assert!(session.code == Some(code) && session.text.contains(message), "{typed:?}: {session:?}");
    }
}

#[test]
fn ctrl_c_and_signals_restore_the_terminal_and_leave_nothing_for_the_shell() {
    let home = home_of("alice@example.com");
    for (signal, code) in [(None, 130), (Some(Signal::INT), 130), (Some(Signal::TERM), 143), (Some(Signal::HUP), 129)] {
        let mut terminal = token_user(&home, &[]).pty();
        terminal.expect("Password for ").expect_no_echo().send("half-typed-secret");
        match signal {
            Some(signal) => terminal.signal(signal),
            None => drop(terminal.send("\u{3}")),
        }
        let session = terminal.wait();
        assert_eq!(session.code, Some(code), "{session:?}");
        assert_restored(&session);
        assert!(!session.text.contains("half-typed"), "{session:?}");
        assert!(session.text.ends_with('\n'), "the shell's prompt begins on a line of its own: {session:?}");
    }
    // The shell that comes back is not given what was typed: it would run it.
    for keys in ["\u{3}", ""] {
        let mut terminal =
            bash(&home, "cogtok token user -p ws; echo \"code $?\"; read -r line; echo \"left [$line]\"");
        terminal.expect("Password for ").expect_no_echo().send("rm -rf something");
        if keys.is_empty() {
            let pid = poll("cogtok asks", Duration::from_secs(10), || asking(&home));
            rustix::process::kill_process(pid, Signal::TERM).unwrap();
        }
        terminal.send(keys).expect(if keys.is_empty() { "code 143" } else { "code 130" });
        terminal.send_line("").expect("left []");
        assert_restored(&terminal.wait());
    }
}

/// The cogtok of this home that has the terminal open for a question.
fn asking(home: &Home) -> Option<rustix::process::Pid> {
    let root = format!("HOME={}", home.path("").display());
    let root = root.trim_end_matches('/');
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let is_cogtok = std::fs::read_link(entry.path().join("exe")).ok()?.ends_with("cogtok");
        let environ = std::fs::read(entry.path().join("environ")).ok()?;
        let is_ours = environ.split(|byte| *byte == 0).any(|variable| variable == root.as_bytes());
        (is_cogtok && is_ours).then(|| rustix::process::Pid::from_raw(pid))?
    })
}

#[test]
fn an_interrupted_question_fails_the_eval_that_waits_for_it() {
    let home = home_of("alice@example.com");
    let script = "export COGTOK_ACCESS_TOKEN=stale; eval $(cogtok token user -p ws --export); echo \"$? [$COGTOK_ACCESS_TOKEN]\"";
    let mut terminal = bash(&home, &format!("trap : INT; {script}"));
    terminal.expect("Password for ").expect_no_echo().send("\u{3}").expect("130 []");
    assert_restored(&terminal.wait());
}

#[test]
fn a_stopped_question_gives_the_terminal_back_and_goes_on_without_echo() {
    let email = workshop().user(PASSWORD);
    let home = home_of(&email);
    let mut terminal = token_user(&home, &["--header"]).pty();
    terminal.expect("Password for ").expect_no_echo();
    // What is typed and not read yet is dropped by a stop, as it should be: wait until it has been read.
    let pid = poll("cogtok asks", Duration::from_secs(10), || asking(&home)).as_raw_nonzero();
    let read = || -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    };
    let before = read();
    terminal.send(&PASSWORD[..5]);
    poll("what was typed is read", Duration::from_secs(10), || (read() == before + 5).then_some(()));
    terminal.signal(Signal::TSTP);
    poll("the modes are given back", Duration::from_secs(10), || terminal.echo().then_some(()));
    terminal.signal(Signal::CONT);
    terminal
        .expect_no_echo()
        .send_line(&PASSWORD[5..])
        .expect("[Y/n] ")
        .send_line("n")
        .expect("Authorization: Bearer ");
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert_restored(&session);
}

#[test]
fn ctrl_z_stops_at_every_question_and_fg_shows_it_again() {
    let email = workshop().user(PASSWORD);
    let home = home_of(&email);
    for (command, question, typed, ends) in [
        ("cogtok token user -p ws --no-refresh >/dev/null", "Password for ", PASSWORD, "code 0"),
        ("cogtok profile delete ws", "[y/N] ", "n", "nothing was deleted"),
        ("cogtok init", "Source: ", "./no-such.age", "There is no file `./no-such.age`."),
        ("cogtok token verify -", "Paste the token, then Enter and Ctrl-D.", "\u{3}", "code 130"),
        (
            "cogtok token user -p ws --no-refresh --password-stdin",
            "Paste it, then Enter and Ctrl-D; it is not shown.",
            "\u{3}",
            "code 130",
        ),
    ] {
        // Only a shell with job control stops what it runs.
        let mut terminal = home.shell("bash", "PS1='> ' exec bash --norc --noprofile -i").pty();
        terminal.expect("> ").send_line(command).expect(question);
        // What has been typed so far still counts, and is shown again where it may be seen.
        let (first, rest) = if question == "Source: " { typed.split_at(7) } else { ("", typed) };
        terminal.send(first).expect(first);
        terminal.send("\u{1a}").expect("Stopped").expect("> ").send_line("fg").expect(question);
        terminal.send_line(rest).expect(if first.is_empty() { "" } else { typed });
        if question == "Source: " {
            terminal.expect(ends).expect(question).send("\u{3}").expect("> ").send_line("exit");
        } else {
            terminal.expect("> ").send_line("echo \"code $?\"; exit").expect(if ends == "code 0" {
                ends
            } else {
                "code 1"
            });
        }
        let session = terminal.wait();
        assert_restored(&session);
        assert!(session.text.contains(ends), "{session:?}");
    }
}

#[test]
fn ctrl_backslash_leaves_no_terminal_that_shows_nothing() {
    let email = workshop().user(PASSWORD);
    let home = home_of(&email);
    let mut terminal = token_user(&home, &["--no-refresh", "--header"]).pty();
    terminal.expect("Password for ").send("\u{1c}").send_line(PASSWORD).expect("Authorization: Bearer ");
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert_restored(&session);
    let mut terminal = home.cogtok(["init"]).pty();
    terminal.expect("Source: ").send("\u{1c}").send_line("./no-such.age").expect("There is no file `./no-such.age`.");
    terminal.expect("Source: ").send("\u{3}");
    let session = terminal.wait();
    assert_eq!(session.code, Some(130), "{session:?}");
    assert_restored(&session);
}

#[test]
fn whatever_signal_ends_a_question_the_terminal_shows_what_is_typed_again() {
    let home = home_of("alice@example.com");
    for number in [3, 5, 6, 10, 12, 14, 16, 24, 25, 26, 27, 29, 30, 40] {
        let mut terminal = bash(&home, "cogtok token user -p ws; echo \"code $?\"");
        terminal.expect("Password for ").expect_no_echo();
        let pid = poll("cogtok asks", Duration::from_secs(10), || asking(&home)).as_raw_nonzero();
        let kill = std::process::Command::new("kill").args([format!("-{number}"), pid.to_string()]).status();
        assert!(kill.unwrap().success(), "{number}");
        terminal.expect(&format!("code {}", 128 + number));
        assert_restored(&terminal.wait());
    }
}

#[test]
fn an_end_of_input_at_yes_or_no_ends_the_line() {
    let home = home_of("alice@example.com");
    let mut terminal = home.cogtok(["profile", "delete", "ws"]).pty();
    terminal.expect("[y/N] ").send("\u{4}");
    let session = terminal.wait();
    assert!(
        session.code == Some(1) && session.text.contains("[y/N] \n") && session.text.contains("nothing was deleted"),
        "{session:?}"
    );
}

#[test]
fn a_new_password_is_asked_for_twice_and_must_be_the_same() {
    let email = workshop().temporary_user(PASSWORD);
    let home = home_of(&email);
    let mut terminal = token_user(&home, &[]).pty();
    ask(&mut terminal, "Password for ", PASSWORD);
    for _ in 0..3 {
        ask(&mut terminal, "New password: ", NEW);
        ask(&mut terminal, "Repeat new password: ", WRONG);
    }
    let session = terminal.wait();
    assert!(session.code == Some(2) && session.text.contains("don't match"), "{session:?}");
    assert_restored(&session);
    assert_eq!(workshop().find_user(&email).unwrap()["UserStatus"], "FORCE_CHANGE_PASSWORD");

    let file = home.allow(home.path("token"));
    let mut terminal = bash(&home, &format!("cogtok token user -p ws --no-refresh >{}", file.display()));
    ask(&mut terminal, "Password for ", PASSWORD);
    ask(&mut terminal, "New password: ", NEW);
    ask(&mut terminal, "Repeat new password: ", NEW);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    verify(std::fs::read_to_string(&file).unwrap().trim_end(), workshop());
    workshop().sign_in(&email, NEW).unwrap();
}

#[test]
fn the_secret_of_a_machine_client_is_asked_for_as_well() {
    let home = home_of("alice@example.com");
    let file = home.allow(home.path("token"));
    let mut terminal = bash(&home, &format!("cogtok token m2m -p ws >{}", file.display()));
    ask(&mut terminal, &format!("Secret of client {}: ", workshop().m2m.id), workshop().m2m_secret());
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert_restored(&session);
    let claims = verify(std::fs::read_to_string(&file).unwrap().trim_end(), workshop());
    assert_eq!(claims["client_id"], workshop().m2m.id.as_str());
}

#[test]
fn nothing_is_asked_with_no_input_or_without_a_terminal() {
    let home = home_of("alice@example.com");
    let session = token_user(&home, &["--no-input"]).pty().wait();
    assert_eq!(session.code, Some(5), "{session:?}");
    assert!(session.text.contains("`--password-stdin`"), "{session:?}");
    let closed = token_user(&home, &[]).redirect("<&-").run();
    closed.code(5).stderr_has("`--password-stdin`").stderr_has("COGTOK_PASSWORD").stderr_has("`ws`");
    closed.within(Duration::ZERO);
    let mut terminal = bash(&home, "cogtok token user -p ws </dev/null; echo \"code $?\"");
    terminal.expect("standard input is not the terminal").expect("code 5");
    terminal.wait();
    let secret = home.cogtok(["secret", "set", "password", "-p", "ws"]).run();
    secret.code(2).stderr_has("empty");
}

#[test]
fn the_hint_after_a_token_is_for_people_who_can_use_it() {
    let email = workshop().user(PASSWORD);
    let home = home_of(&email);
    token_user(&home, &[]).env("COGTOK_PASSWORD", PASSWORD).run().ok().keeps_no_session();
    let hint = |args: &[&str]| token_user(&home, args).pty().wait();
    let session = hint(&[]);
    assert!(session.text.contains("cogtok token user -p ws --header | curl -H @- URL"), "{session:?}");
    // What it says works as typed, and keeps the token out of the arguments of curl.
    let command = &session.text[session.text.find("cogtok token user").unwrap()..session.text.find(" URL").unwrap()];
    let command = command.replace("curl ", "curl -sS --noproxy '*' ");
    let echo = crate::harness::Server::canary();
    crate::harness::need("curl", "curl");
    let token = token_user(&home, &[]).run();
    for (at, shell) in ["bash", "dash", "zsh", "fish"].into_iter().enumerate() {
        home.eval_in(shell, &format!("{command} {}", echo.url())).ok();
        assert_eq!(echo.requests()[at].header("authorization"), Some(format!("Bearer {}", token.line()).as_str()));
    }

    assert!(hint(&["--token", "id"]).text.contains("cogtok token user --token id -p ws --header"));
    for silent in [&["-q"][..], &["--json"], &["--header"], &["--export"]] {
        let session = hint(silent);
        assert!(session.code == Some(0) && !session.text.contains("hint"), "{silent:?}: {session:?}");
    }
    let mut terminal = bash(
        &home,
        "cogtok token user -p ws | cat >/dev/null; cogtok token user -p ws 2>/dev/null >/dev/null; echo done",
    );
    terminal.expect("done");
    assert!(!terminal.wait().text.contains("hint"));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let home = home_of("alice@example.com");
    let run = |args: &[&str]| home.cogtok(["profile", "show", "nosuch"]).args(args);
    let is_colored = |run: Run<'_>| {
        let session = run.pty().wait();
        assert_eq!(session.code, Some(3), "{session:?}");
        session.text.contains("\u{1b}[")
    };
    assert!(is_colored(run(&[])));
    assert!(is_colored(run(&["--color", "always"])));
    assert!(is_colored(run(&[]).env("NO_COLOR", "")), "an empty NO_COLOR does not count (no-color.org)");
    assert!(!is_colored(run(&[]).env("NO_COLOR", "1")));
    assert!(!is_colored(run(&["--color", "never"])));
    assert!(!is_colored(
        home.program("env", ["TERM=dumb"]).arg(crate::harness::binary()).args(["profile", "show", "nosuch"])
    ));
    // A pipe gets none: the oracles of every other test see to that.
    run(&[]).run().code(3);
}

#[test]
fn deleting_a_profile_is_asked_back() {
    let home = home_of("alice@example.com");
    let delete = || home.cogtok(["profile", "delete", "ws"]);
    insta::assert_snapshot!(delete().run().message(), @"
    exit 5
    error: Delete profile `ws` with its secrets and cached tokens? cogtok can't ask that: there is no terminal to ask at
    hint: add `--yes`: cogtok profile delete ws --yes
    ");
    for (answer, is_deleted) in
        [("n\r", false), ("\r", false), ("yes please\r", false), ("\u{4}", false), ("y\r", true)]
    {
        let mut terminal = delete().pty();
        terminal.expect("Delete profile `ws`").expect("[y/N] ").send(answer);
        let session = terminal.wait();
        assert_eq!(session.code, Some(u32::from(!is_deleted)), "{answer:?}: {session:?}");
        let list = home.cogtok(["profile", "list"]).run();
        assert_eq!(!list.ok().stdout.contains("ws"), is_deleted, "{answer:?}");
    }
    home.config("version = 1\n[profiles.other]\n");
    let mut terminal = home.cogtok(["profile", "delete", "other"]).pty();
    terminal.expect("[y/N] ").send("\u{3}");
    let session = terminal.wait();
    assert_eq!(session.code, Some(130), "{session:?}");
    home.cogtok(["profile", "show", "other"]).run().ok();
}
