//! `cogtok exec` and signals: the command is the process, so each signal is its own, and none is lost on the way to it.

use crate::exec::{exec, issuing};
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Running, Server, binary, m2m_jwt, need, poll};
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(10);

fn home() -> (Home, Server) {
    issuing(&m2m_jwt(CLIENT, "api/read api/write"))
}

/// A command that says that it runs, and goes on until something ends it.
fn waiting(ready: &Path, trap: &str) -> String {
    format!("{trap} : >'{}'; while :; do sleep 0.02; done", ready.display())
}

fn is_there(ready: &Path) {
    poll("the command runs", LIMIT, || ready.exists().then_some(()));
}

#[test]
fn a_signal_to_cogtok_is_the_commands_to_handle() {
    let (home, _server) = home();
    let ready = home.allow(home.path("tmp/ready"));
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::QUIT, "QUIT"),
    ] {
        let _ = std::fs::remove_file(&ready);
        let script = waiting(&ready, &format!("trap 'echo got {name}; exit 5' {name};"));
        let mut running = exec(&home, &["--no-cache"], &["sh", "-c", &script]).prints_on_failure().spawn();
        is_there(&ready);
        running.signal(signal);
        running.wait().code(5).stdout_is(&format!("got {name}\n"));
    }
}

#[test]
fn a_signal_that_the_command_does_not_handle_ends_it_and_nothing_is_left() {
    let (home, _server) = home();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL, Signal::QUIT, Signal::PIPE, Signal::ALARM] {
        let mut running = exec(&home, &["--no-cache"], &["sleep", "30"]).spawn();
        poll("it sleeps", LIMIT, || {
            let exe = std::fs::read_link(format!("/proc/{}/exe", running.pid())).ok()?;
            (!exe.ends_with("cogtok")).then_some(())
        });
        running.signal(signal);
        // The oracle looks for processes that are left of this home.
        let output = running.wait();
        output.check(output.signal == Some(signal.as_raw()), &format!("{signal:?}"));
    }
}

#[test]
fn a_command_that_dies_of_a_signal_gives_a_shell_the_code_that_it_would_have_given() {
    let (home, _server) = home();
    for (name, number) in [("INT", 2), ("TERM", 15), ("KILL", 9), ("SEGV", 11), ("PIPE", 13)] {
        let script = format!("kill -{name} $$");
        let direct = exec(&home, &[], &["sh", "-c", &script]).may_be_killed().run();
        direct.check(direct.signal == Some(number), name);
        let shell = format!("cogtok exec -- sh -c '{script}'; echo $?");
        // The token is in the cache by now.
        let shell = home.shell("dash", &shell).run();
        shell.stdout_is(&format!("{}\n", 128 + number));
    }
}

#[test]
fn a_signal_before_there_is_a_token_ends_cogtok_and_the_command_never_runs() {
    let server = Server::always(Answer::never());
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let before = server.hits();
        let mut running = exec(&home, &[], &["touch", "was-run"]).spawn();
        poll("it asks", LIMIT, || (server.hits() > before).then_some(()));
        running.signal(signal);
        running.wait().code(code).stdout_is("");
    }
    assert!(!home.path("work/was-run").exists());
}

/// Sends the signal so long after the request came, and says whether it met the command; it must have met somebody.
fn sent_after(home: &Home, server: &Server, signal: Signal, pause: Duration) -> bool {
    let before = server.hits();
    let mut running: Running<'_> = exec(home, &["--no-cache"], &["sleep", "2"]).timeout(LIMIT).spawn();
    let start = Instant::now();
    while server.hits() == before {
        assert!(start.elapsed() < LIMIT, "it never asks");
        std::thread::yield_now();
    }
    std::thread::sleep(pause);
    running.signal(signal);
    let output = running.wait();
    let is_ended = output.signal == Some(signal.as_raw()) || output.code == Some(128 + signal.as_raw());
    output.check(is_ended, &format!("{signal:?} {pause:?} after the request was lost"));
    output.signal.is_some()
}

#[test]
fn no_signal_is_lost_around_the_time_when_cogtok_becomes_the_command() {
    let server = Server::start(|_| Answer::token("some-token").delay(Duration::from_millis(4)));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    // From before the answer to the running command.
    let met = |step: u64| {
        let signal = if step.is_multiple_of(2) { Signal::TERM } else { Signal::INT };
        sent_after(&home, &server, signal, Duration::from_micros(250 * step))
    };
    let (late, early): (Vec<bool>, Vec<bool>) = (0..100).map(met).partition(|was_command| *was_command);
    assert!(!early.is_empty() && !late.is_empty(), "{} before, {} after", early.len(), late.len());
}

#[test]
fn a_signal_at_any_system_call_on_the_way_to_the_command_has_its_effect() {
    crate::harness::need("strace", "strace");
    // strace has the same environment, so this secret is nobody's.
    let (home, _server) = crate::export::issuing("some-token");
    let log = home.allow(home.path("strace.log"));
    let (mut handled, mut died) = (0, 0);
    for calls in ["umask", "prlimit64", "execve", "?rt_sigprocmask", "write", "close", "futex"] {
        for n in 1..60 {
            let inject = format!("inject={calls}:signal=TERM:when={n}");
            let strace = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", &inject];
            let run = home.cogtok(["exec", "-p", "ws", "--no-cache", "--", "true"]).under(strace).may_be_killed();
            let output = run.env("COGTOK_M2M_CLIENT_SECRET", "s3cret-of-the-client").run();
            let was_sent = std::fs::read_to_string(&log).unwrap().contains("SIGTERM {");
            match (output.code, output.signal) {
                (Some(0), _) if !was_sent => break,
                (Some(143), _) => handled += 1,
                (_, Some(15)) => died += 1,
                _ => panic!("the signal at {calls} {n} was lost\n{}", output.describe()),
            }
        }
    }
    assert!(handled + died > 20, "{handled} were handled, {died} killed");
}

#[test]
fn signals_that_were_ignored_stay_ignored() {
    let (home, _server) = home();
    for name in ["HUP", "INT", "TERM"] {
        let ignoring = format!("trap '' {name}; exec \"$@\"");
        let script = format!("kill -{name} $$; echo alive");
        for cache in ["--no-cache", "--force-refresh"] {
            let run = exec(&home, &[cache], &["sh", "-c", &script]).under(["sh", "-c", &ignoring, "sh"]);
            run.run().ok().stdout_is("alive\n");
        }
    }
    crate::harness::need("nohup", "coreutils");
    let run = exec(&home, &["--no-cache"], &["sh", "-c", "kill -HUP $$; echo alive"]).under(["nohup"]);
    run.run().ok().stdout_is("alive\n");
}

#[test]
fn an_ignored_signal_does_not_end_the_wait_for_a_token() {
    let server = Server::start(|_| Answer::token("some-token").delay(Duration::from_millis(700)));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let run = exec(&home, &[], &["sh", "-c", "echo ran"]).under(["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]);
    let mut running = run.spawn();
    poll("it asks", LIMIT, || (server.hits() == 1).then_some(()));
    running.signal(Signal::HUP);
    running.wait().ok().stdout_is("ran\n");
}

/// Programs that read each key themselves stop themselves at Ctrl-Z. The shell waits for cogtok.
#[test]
fn a_command_that_stops_itself_gives_the_terminal_back_to_the_shell() {
    need("bash", "bash");
    let (home, _server) = home();
    let bash = home.program("bash", ["--norc", "--noprofile", "-i"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
    let mut terminal = bash.env("PS1", "ready> ").pty();
    let line = format!("{} exec --renew -- sh -c 'kill -STOP $$; echo went \"\"on'", binary().display());
    terminal.expect("ready> ").send_line(&line).expect("Stopped").expect("ready> ").send_line("fg").expect("went on");
    terminal.expect("ready> ").send_line("exit");
    assert_eq!(terminal.wait().code, Some(0));
}

#[test]
fn without_a_terminal_a_command_that_is_stopped_is_waited_for() {
    let (home, _server) = home();
    let ready = home.allow(home.path("tmp/ready"));
    let script = format!("echo $$ >'{0}.new'; mv '{0}.new' '{0}'; kill -STOP $$; exit 7", ready.display());
    let running = exec(&home, &["--renew"], &["sh", "-c", &script]).prints_on_failure().spawn();
    let pid = poll("the command runs", LIMIT, || std::fs::read_to_string(&ready).ok()?.trim().parse::<i32>().ok());
    poll("it is stopped", LIMIT, || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.starts_with('T').then_some(())
    });
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::CONT).unwrap();
    running.wait().code(7);
}

/// A command that cogtok outlives, started in each of the two ways, with what comes before its arguments.
const OUTLIVED: [&[&str]; 2] = [&["exec", "--renew", "--"], &["serve", "-p", "ws", "--"]];

#[test]
fn each_signal_to_cogtok_alone_is_handed_on_to_a_command_that_it_outlives() {
    let (home, _server) = home();
    let ready = home.allow(home.path("tmp/ready"));
    for signal in [
        Signal::INT,
        Signal::QUIT,
        Signal::TERM,
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::IO,
        Signal::POWER,
        Signal::XCPU,
        Signal::XFSZ,
        Signal::STKFLT,
        Signal::TRAP,
        Signal::ABORT,
        Signal::WINCH,
    ] {
        for words in OUTLIVED {
            let _ = std::fs::remove_file(&ready);
            let number = signal.as_raw();
            let script = waiting(&ready, &format!("trap 'echo got {number}; exit 5' {number};"));
            let run = home.cogtok(words).args(["sh", "-c", &script]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
            let mut running = run.timeout(LIMIT).prints_on_failure().spawn();
            is_there(&ready);
            running.signal(signal);
            running.wait().code(5).stdout_is(&format!("got {number}\n"));
        }
    }
}

#[test]
fn a_signal_that_ends_a_command_that_cogtok_outlives_leaves_nothing() {
    let (home, _server) = home();
    let ready = home.allow(home.path("tmp/ready"));
    for signal in [Signal::INT, Signal::QUIT, Signal::ALARM, Signal::ABORT] {
        let _ = std::fs::remove_file(&ready);
        let script = format!(": >'{}'; exec sleep 30", ready.display());
        let mut running = exec(&home, &["--renew"], &["sh", "-c", &script]).timeout(LIMIT).spawn();
        is_there(&ready);
        running.signal(signal);
        // The oracle looks for processes that are left of this home.
        running.wait().code(128 + signal.as_raw());
        assert_eq!(std::fs::read_dir(home.path("run/cogtok")).unwrap().count(), 0, "{signal:?}");
    }
}

#[test]
fn ctrl_c_reaches_a_command_that_cogtok_outlives_once() {
    let (home, _server) = home();
    let script = "trap 'n=$((n + 1)); echo interrupt $n.' INT; trap 'echo $n in all.; exit 5' USR1
        echo ready.; while :; do sleep 0.02; done";
    for words in OUTLIVED {
        let run = home.cogtok(words).args(["sh", "-c", script]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        let mut terminal = run.pty();
        for n in 1..=2 {
            terminal.expect(if n == 1 { "ready." } else { "interrupt 1." }).send("\u{3}");
        }
        terminal.expect("interrupt 2.").signal(Signal::USR1);
        terminal.expect("2 in all.");
        assert_eq!(terminal.wait().code, Some(5));
    }
}
