//! `--export` when there is no token: the variables are emptied and the `eval` itself fails, whatever went wrong.

use crate::export::{evaluation, home_for, issuing, m2m};
use crate::harness::shell::SHELLS;
use crate::harness::{Answer, Home, Run, Server, poll, workshop};
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn line(names: &[&str], code: i32) -> String {
    let empty: String = names.iter().map(|name| format!("export {name}=; export {name}_EXPIRES_AT=; ")).collect();
    format!("{empty}sh -c 'exit {code}';\n")
}

/// A profile for each way to fail, and the command lines with the exit codes they must have.
fn failures() -> (Home, Vec<Server>, Vec<(&'static str, i32)>) {
    let refusing = Server::always(Answer::json(400, &serde_json::json!({"error": "invalid_client"})));
    let lying = Server::always(Answer::new(200, "text/html", "<html>"));
    let home = Home::new();
    let profile = |name: &str, url: String, more: &str| {
        format!(
            "[profiles.{name}]\nsecrets = [{more}]\n[profiles.{name}.m2m]\nclient_id = \"{name}\"\ntoken_url = \"{url}\"\n"
        )
    };
    let profiles = [
        profile("refused", refusing.token_url(), ""),
        profile("lied", lying.token_url(), ""),
        profile("kept", lying.token_url(), "\"m2m-client\""),
    ];
    home.config(&format!("version = 1\n{}", profiles.join("")));
    let cases = vec![
        ("cogtok token m2m -p refused --export --no-such-option", 2),
        ("cogtok token m2m -p refused --export --min-validity soon", 2),
        ("cogtok token m2m -p ../refused --export", 2),
        ("cogtok tokn m2m --export", 2),
        ("cogtok token m2m -p nosuch --export", 3),
        ("cogtok token m2m --export", 3),
        ("cogtok token m2m -p refused --client-secret-stdin --export < secret", 4),
        ("cogtok token m2m -p refused --export", 5),
        ("cogtok token m2m -p lied --client-secret-stdin --export < secret", 6),
        ("cogtok token m2m -p kept --export", 7),
        ("cogtok token m2m --secret-arn arn:aws:secretsmanager:us-east-1:111122223333:secret:x --export", 9),
    ];
    home.plant("secret", "s3cret-of-the-client");
    (home, vec![refusing, lying], cases)
}

#[test]
fn every_kind_of_failure_empties_a_stale_variable_and_makes_the_eval_fail_in_every_shell() {
    let (home, servers, cases) = failures();
    for shell in SHELLS {
        for is_quoted in [false, true] {
            let mut script = String::new();
            for (command, _) in &cases {
                let eval = evaluation(shell, command, is_quoted);
                script += &match shell {
                    "fish" => format!(
                        "set -gx COGTOK_ACCESS_TOKEN stale; set -gx COGTOK_ACCESS_TOKEN_EXPIRES_AT 1; {eval} 2>/dev/null\n\
                         echo \"$status [$COGTOK_ACCESS_TOKEN$COGTOK_ACCESS_TOKEN_EXPIRES_AT]\"\n"
                    ),
                    _ => format!(
                        "export COGTOK_ACCESS_TOKEN=stale COGTOK_ACCESS_TOKEN_EXPIRES_AT=1; {eval} 2>/dev/null\n\
                         echo \"$? [$COGTOK_ACCESS_TOKEN$COGTOK_ACCESS_TOKEN_EXPIRES_AT]\"\n"
                    ),
                };
            }
            let expected: String = cases.iter().map(|(_, code)| format!("{code} []\n")).collect();
            home.shell(shell, &script).cwd(home.path("")).run().ok().stdout_is(&expected);
        }
    }
    assert!(servers.iter().all(|server| server.hits() > 0));
}

#[test]
fn set_e_stops_at_a_failing_eval() {
    let (home, _servers, cases) = failures();
    for shell in ["bash", "dash", "zsh"] {
        for (command, code) in [cases[0], cases[4], cases[7], cases[10]] {
            for is_quoted in [false, true] {
                let script = format!("set -eu; {}; echo reached", evaluation(shell, command, is_quoted));
                home.shell(shell, &script).env("COGTOK_ACCESS_TOKEN", "stale").run().code(code).stdout_is("");
            }
        }
    }
}

#[test]
fn a_failure_prints_the_failing_line_and_the_other_forms_print_nothing() {
    let (home, _servers, cases) = failures();
    for (command, code) in &cases {
        let words = command.trim_end_matches(" < secret").split(' ').skip(1);
        let run = |form: &str| {
            let args = words.clone().map(|word| if word == "--export" { form.to_string() } else { word.to_string() });
            let run = home.cogtok(args);
            if command.contains("< secret") { run.stdin("s3cret-of-the-client") } else { run }
        };
        run("--export").prints_on_failure().run().code(*code).stdout_is(&line(&["COGTOK_ACCESS_TOKEN"], *code));
        for form in ["--export=json", "--export=dotenv"] {
            run(form).run().code(*code).stdout_is("").stderr_has("error: ");
        }
    }
}

#[test]
fn a_failing_export_of_a_user_leaves_neither_variable_stale() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let user = |args: &[&str]| home.cogtok(["token", "user", "-p", "ws"]).args(args).prints_on_failure();
    let both = ["COGTOK_ACCESS_TOKEN", "COGTOK_ID_TOKEN"];
    // Until the profile is read it may be either.
    user(&["--export", "--no-such-option"]).run().code(2).stdout_is(&line(&both, 2));
    home.cogtok(["token", "user", "-p", "nosuch", "--export"])
        .prints_on_failure()
        .run()
        .code(3)
        .stdout_is(&line(&both, 3));
    user(&["--export", "--token", "neither"]).run().code(2).stdout_is(&line(&both, 2));
    // Once it is known, the other one is somebody else's.
    for (token, variable) in [("id", "COGTOK_ID_TOKEN"), ("access", "COGTOK_ACCESS_TOKEN")] {
        user(&["--export", "--token", token]).run().code(3).stdout_is(&line(&[variable], 3));
        home.cogtok(["profile", "set", "ws", "user.token", token]).run().ok();
        user(&["--export"]).run().code(3).stdout_is(&line(&[variable], 3)).stderr_has("user.username");
        user(&["--export"]).env("COGTOK_USERNAME", "alice").run().code(5).stdout_is(&line(&[variable], 5));
    }
    user(&["--export", "--env-var", "T"]).run().code(3).stdout_is(&line(&["T"], 3));
    user(&["--env-var=T", "--export=fish", "--nonsense"]).run().code(2).stdout_is(&line(&["T"], 2));
}

/// Starts `run`, sends the signal once `is_there`, and wants the failing line at once.
fn assert_signal_fails_the_eval(run: impl Fn() -> Run<'static>, is_there: impl Fn() -> bool) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut running = run().prints_on_failure().spawn();
        poll("it waits", Duration::from_secs(10), || is_there().then_some(()));
        let start = Instant::now();
        running.signal(signal);
        let output = running.wait();
        output.code(code).stdout_is(&line(&["COGTOK_ACCESS_TOKEN"], code));
        output.check(start.elapsed() < Duration::from_secs(4), "it expires at once");
    }
}

#[test]
fn a_signal_while_the_network_is_waited_for_fails_the_eval() {
    let server: &'static Server = Box::leak(Box::new(Server::always(Answer::never())));
    let home: &'static Home = Box::leak(Box::new(home_for(server)));
    let hits = std::cell::Cell::new(0);
    assert_signal_fails_the_eval(
        || {
            hits.set(server.hits());
            m2m(home, &["--export"])
        },
        || server.hits() > hits.get(),
    );
}

#[test]
fn a_signal_while_another_caller_is_waited_for_fails_the_eval() {
    let server: &'static Server = Box::leak(Box::new(Server::always(Answer::never())));
    let home: &'static Home = Box::leak(Box::new(home_for(server)));
    let mut holder = m2m(home, &[]).spawn();
    poll("the lock is held", Duration::from_secs(10), || (server.hits() == 1).then_some(()));
    let pid = std::cell::Cell::new(0);
    assert_signal_fails_the_eval(
        || m2m(home, &["--export"]),
        || {
            pid.set(waiting_for_a_lock(home, holder.pid()));
            pid.get() != 0
        },
    );
    assert_eq!(server.hits(), 1);
    holder.kill();
    assert_eq!(holder.wait().signal, Some(9));
}

/// A process of this home, other than `holder`, that waits for a file lock; 0 if there is none.
fn waiting_for_a_lock(home: &Home, holder: i32) -> i32 {
    let root = format!("HOME={}", home.path("").display());
    let root = root.trim_end_matches('/').as_bytes().to_vec();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let waiting = locks.lines().filter(|line| line.contains("->") && line.contains("FLOCK"));
    let mut pids = waiting.filter_map(|line| line.split_whitespace().nth(5)?.parse::<i32>().ok());
    pids.find(|pid| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        *pid != holder && environ.split(|byte| *byte == 0).any(|variable| variable == root)
    })
    .unwrap_or(0)
}

#[test]
fn a_signal_while_standard_input_is_read_fails_the_eval() {
    let (home, server) = issuing("token");
    let fifo = home.allow(home.path("never-written"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let home: &'static Home = Box::leak(Box::new(home));
    let pid = std::cell::Cell::new(0);
    let run = || {
        let run = home.cogtok(["token", "m2m", "-p", "ws", "--client-secret-stdin", "--export"]);
        run.redirect(&format!("<>'{}'", fifo.display()))
    };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut running = run().prints_on_failure().spawn();
        pid.set(running.pid());
        poll("it reads", Duration::from_secs(10), || {
            let exe = std::fs::read_link(format!("/proc/{}/exe", pid.get())).ok()?;
            let call = std::fs::read_to_string(format!("/proc/{}/syscall", pid.get())).ok()?;
            (exe.ends_with("cogtok") && call.starts_with(crate::harness::READS_STDIN)).then_some(())
        });
        running.signal(signal);
        running.wait().code(code).stdout_is(&line(&["COGTOK_ACCESS_TOKEN"], code));
    }
    server.assert_untouched();
}
