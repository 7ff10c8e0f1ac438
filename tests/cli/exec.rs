//! `cogtok exec`: what the command gets, what it does not get, and whose exit code it is.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, jwt, m2m_jwt, workshop};
use cogtok::secret::VARIABLES;
use serde_json::json;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// `cogtok exec` with these options and this command; the profile's client secret is in the environment.
pub fn exec<'h>(home: &'h Home, options: &[&str], command: &[&str]) -> Run<'h> {
    home.cogtok(["exec"]).args(options).arg("--").args(command).env("COGTOK_M2M_CLIENT_SECRET", SECRET)
}

/// A home whose profile `ws` is a machine's alone, at a server that issues this token.
pub fn issuing(token: &str) -> (Home, Server) {
    let (home, server) = (Home::new(), Server::always(Answer::token(token)));
    home.scripted_profile(&server.token_url());
    (home, server)
}

fn m2m_token() -> String {
    m2m_jwt(CLIENT, "api/read api/write")
}

/// The variables that a run of `env -0` printed.
fn variables(stdout: &str) -> Vec<(&str, &str)> {
    stdout.split('\0').filter(|line| !line.is_empty()).map(|line| line.split_once('=').expect("NAME=value")).collect()
}

fn value<'a>(stdout: &'a str, name: &str) -> Option<&'a str> {
    variables(stdout).into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[test]
fn the_command_has_the_token_and_its_exit_code_is_handed_on() {
    let token = m2m_token();
    let (home, server) = issuing(&token);
    let test = exec(&home, &["--as", "m2m", "-p", "ws"], &["sh", "-c", "test -n \"$COGTOK_ACCESS_TOKEN\"; exit 7"]);
    test.run().code(7).quiet();
    let seen = exec(&home, &[], &["env", "-0"]).run();
    assert_eq!(value(&seen.ok().stdout, "COGTOK_ACCESS_TOKEN"), Some(token.as_str()));
    let end = home.scripted_m2m(&["--json"]).run().ok().json()["expires_at"].to_string();
    assert_eq!(value(&seen.stdout, "COGTOK_ACCESS_TOKEN_EXPIRES_AT"), Some(end.as_str()));
    for code in [0, 1, 2, 4, 101 + 1, 125, 126, 127, 130, 255] {
        exec(&home, &[], &["sh", "-c", &format!("exit {code}")]).run().code(code).quiet();
    }
    assert_eq!(server.hits(), 1, "the cache serves them all");
    let named = exec(&home, &["--env-var", "MY_TOKEN"], &["env", "-0"]).run();
    assert_eq!(value(&named.ok().stdout, "MY_TOKEN"), Some(token.as_str()));
    assert_eq!(value(&named.stdout, "MY_TOKEN_EXPIRES_AT"), Some(end.as_str()));
    assert_eq!(value(&named.stdout, "COGTOK_ACCESS_TOKEN"), None);
}

#[test]
fn arguments_streams_and_directory_are_the_commands_own() {
    let (home, _server) = issuing(&m2m_token());
    let odd: OsString = OsStringExt::from_vec(b"\xff'\"\\ $x".to_vec());
    let run = exec(&home, &[], &["printf", "[%s]", "--help", "-p", "", "--", "--export"]).arg(&odd).run();
    run.ok().stdout_is("[--help][-p][][--][--export][\u{fffd}'\"\\ $x]");
    exec(&home, &[], &["cat"]).stdin("for the command").run().ok().quiet().stdout_is("for the command");
    let both = exec(&home, &[], &["sh", "-c", "echo out; echo err >&2; pwd; exit 3"]).prints_on_failure().run();
    both.code(3).stdout_is(&format!("out\n{}\n", home.work().display()));
    assert_eq!(both.stderr, "err\n");
    // Nothing that was opened here is open there.
    let without = home.program("ls", ["/proc/self/fd"]).run();
    exec(&home, &["--no-cache"], &["ls", "/proc/self/fd"]).run().ok().stdout_is(&without.ok().stdout);
}

#[test]
fn limits_and_umask_are_those_of_the_caller() {
    let (home, _server) = issuing(&m2m_token());
    let show = "umask; ulimit -c; ulimit -Hc";
    let set = "umask 027; ulimit -Hc 4000 2>/dev/null; ulimit -Sc 2000; exec \"$@\"";
    let without = home.program("sh", ["-c", set, "sh", "sh", "-c", show]).run();
    let with = exec(&home, &["--no-cache"], &["sh", "-c", show]).under(["sh", "-c", set, "sh"]).run();
    with.ok().stdout_is(&without.ok().stdout);
    with.check(with.stdout.starts_with("0027\n2000\n"), "what was set");
}

#[test]
fn no_secret_of_the_environment_reaches_the_command() {
    let token = m2m_token();
    let (home, _server) = issuing(&token);
    let mut run = exec(&home, &["--no-cache"], &["env", "-0"]).env("VISIBLE", "to-the-command");
    for name in VARIABLES.iter().filter(|name| **name != "COGTOK_M2M_CLIENT_SECRET") {
        run = run.env(name, format!("canary-of-{name}"));
    }
    let seen = run.env("COGTOK_ACCESS_TOKEN", "stale").run();
    for name in VARIABLES {
        assert_eq!(value(&seen.ok().stdout, name), None, "{name}");
    }
    seen.check(!seen.stdout.contains("canary-of-") && !seen.stdout.contains(SECRET), "a secret under another name");
    assert_eq!(value(&seen.stdout, "VISIBLE"), Some("to-the-command"));
    assert_eq!(value(&seen.stdout, "COGTOK_ACCESS_TOKEN"), Some(token.as_str()));
    // Every secret that the program reads from a variable is in the list.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut dirs = vec![root];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("env::secret(\"").skip(1) {
                let name = call.split('"').next().unwrap();
                assert!(VARIABLES.contains(&name), "{}: {name}", path.display());
            }
        }
    }
}

#[test]
fn a_token_whose_end_is_not_known_leaves_no_older_end_behind() {
    let (home, server) =
        (Home::new(), Server::always(Answer::json(200, &json!({"access_token": "opaque", "token_type": "Bearer"}))));
    home.scripted_profile(&server.token_url());
    let seen = exec(&home, &[], &["env", "-0"]).env("COGTOK_ACCESS_TOKEN_EXPIRES_AT", "1").run();
    assert_eq!(value(&seen.ok().stdout, "COGTOK_ACCESS_TOKEN_EXPIRES_AT"), None);
    seen.stderr_has("the token does not say how long it is valid");
}

#[test]
fn what_fails_before_the_command_is_125_and_the_command_is_never_run() {
    let refusing = Server::always(Answer::json(400, &json!({"error": "invalid_client"})));
    let home = Home::new();
    home.scripted_profile(&refusing.token_url());
    let marker = home.path("work/was-run");
    let marker = marker.to_str().unwrap();
    for (options, says) in [
        (&["--no-such-option"][..], "--no-such-option"),
        (&["--as", "nobody"], "nobody"),
        (&["-p", "nosuch"], "no profile `nosuch`"),
        (&["--env-var", "LD_PRELOAD"], "variable name"),
        (&["--env-var", "A;B"], "variable name"),
        (&["--as", "user", "--scope", "x"], "--scope"),
        (&["--as", "m2m", "--username", "alice"], "--username"),
        (&["--username", "alice", "--scope", "x"], "cannot be used with"),
        (&["-o", "json"], "`exec` can't print JSON"),
        (&["--as", "user"], "no Region is known"),
        (&[], "invalid_client"),
    ] {
        let output = exec(&home, options, &["touch", marker]).run();
        output.code(125).stdout_is("").stderr_has(says);
    }
    insta::assert_snapshot!(home.cogtok(["exec", "--", "touch", marker]).run().message(), @"
    exit 125
    error: the secret of client scripted+client is needed, and there is no terminal to ask at (profile `ws`)
    hint: store it once: cogtok secret set m2m-client -p ws; or set COGTOK_M2M_CLIENT_SECRET
    ");
    insta::assert_snapshot!(home.cogtok(["exec"]).run().message(), @"
    exit 125
    error: `exec` needs <COMMAND>...
    hint: the command goes after `--`: cogtok exec -- COMMAND
    hint: usage: cogtok exec -- <COMMAND>...
    hint: see `cogtok exec --help`
    ");
    insta::assert_snapshot!(home.cogtok(["exec", "--"]).run().message(), @"
    exit 125
    error: `exec` needs <COMMAND>...
    hint: the command goes after `--`: cogtok exec -- COMMAND
    hint: usage: cogtok exec -- <COMMAND>...
    hint: see `cogtok exec --help`
    ");
    // What was typed before the command stays.
    let options = ["-p", "ws", "exec", "--as", "m2m", "--scope=api/read", "touch", marker, "-p", "x"];
    let typed = "the command goes after `--`: cogtok exec -p ws --as m2m --scope SCOPE -- COMMAND";
    home.cogtok(options).run().code(125).stderr_has(typed);
    // What may be a secret is not repeated.
    for options in
        [&["--token", "eyJ.canary.x"][..], &["--token=eyJ.canary.x"], &["--as", "eyJ.canary.x"], &["-vp", "ws"]]
    {
        let output = home.cogtok(["exec"]).args(options).args(["touch", marker]).run();
        output.code(125).stderr_lacks("canary").stderr_has("the command goes after `--`");
    }
    insta::assert_snapshot!(home.cogtok(["exec", "touch", marker]).run().message(), @"
    exit 125
    error: unexpected argument (not shown: it may be a secret)
    hint: the command goes after `--`: cogtok exec -- COMMAND
    hint: usage: cogtok exec [OPTIONS] -- <COMMAND>...
    hint: see `cogtok exec --help`
    ");
    home.cogtok(["-p", "ws", "--timeout", "1s", "exec", "--nonsense"]).run().code(125);
    assert!(!home.path("work/was-run").exists());
    // Nobody else's failure is.
    home.cogtok(["profile", "use", "exec"]).run().code(3);
    home.cogtok(["-p", "exec", "token", "m2m"]).run().code(3);
    home.cogtok(["--config", "exec", "tokn", "exec"]).run().code(2);
}

#[test]
fn a_command_that_is_not_there_is_127_and_one_that_cant_be_run_126() {
    let (home, _server) = issuing(&m2m_token());
    let plain = home.plant("tmp/plain.sh", "#!/bin/sh\necho ran\n");
    let lost = home.plant("tmp/lost.sh", "#!/no/such/interpreter\n");
    let bare = home.plant("tmp/bare.sh", "echo ran without a first line\n");
    for path in [&lost, &bare] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    let run = |command: &str| exec(&home, &[], &[command]).run();
    run("no-such-command").code(127).stderr_has("`no-such-command` can't be run").stderr_has("PATH");
    run("/no/such/file").code(127);
    run(lost.to_str().unwrap()).code(127).stderr_has("interpreter");
    run("").code(127);
    run(plain.to_str().unwrap()).code(126).stderr_has("Permission denied");
    run(home.path("tmp").to_str().unwrap()).code(126);
    run("a\u{1b}[31mb").code(127).stderr_has("\\u{1b}[31m");
    // As a shell takes it, and `env`.
    run(bare.to_str().unwrap()).ok().stdout_is("ran without a first line\n");
}

#[test]
fn the_users_token_is_taken_where_the_profile_or_an_option_says_so() {
    let email = workshop().user(PASSWORD);
    let home = Home::new();
    home.canary(PASSWORD);
    home.workshop_profile(workshop());
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    let run = |options: &[&str]| exec(&home, options, &["env", "-0"]).env("COGTOK_PASSWORD", PASSWORD).run();
    let claims = |token: &str| {
        use base64::Engine;
        let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<serde_json::Value>(&payload).unwrap()
    };
    run(&[]).code(125).stderr_has("--as user").stderr_has("--as m2m");
    let access = run(&["--as", "user"]);
    assert_eq!(claims(value(&access.ok().stdout, "COGTOK_ACCESS_TOKEN").unwrap())["token_use"], "access");
    for options in [&["--as", "user", "--token", "id"][..], &["--token", "id"]] {
        let id = run(options);
        assert_eq!(claims(value(&id.ok().stdout, "COGTOK_ID_TOKEN").unwrap())["token_use"], "id");
        assert_eq!(value(&id.stdout, "COGTOK_ACCESS_TOKEN"), None);
    }
    // A profile of users alone needs no `--as`.
    let pool = ["--user-pool-id", &workshop().pool_id, "--endpoint-url", &workshop().endpoint];
    let create = home.cogtok(["profile", "create", "people", "--client-id", &workshop().web.id, "--username", &email]);
    create.args(pool).run().ok();
    run(&["-p", "people"]).ok();
    home.config("[profiles.none]\nregion = \"us-east-1\"\n");
    run(&["-p", "none"]).code(125).stderr_has("user.client_id");
}

#[test]
fn a_password_is_asked_for_before_the_command_has_the_terminal() {
    let email = workshop().user(PASSWORD);
    let home = Home::new();
    home.canary(PASSWORD);
    home.workshop_profile(workshop());
    let script = "read -r line; echo \"read: $line, token: ${COGTOK_ACCESS_TOKEN:+there}\"; exit 9";
    let mut terminal = exec(&home, &["--as", "user", "--username", &email], &["sh", "-c", script]).pty();
    terminal.expect(&format!("Password for {email}: ")).expect_no_echo().send_line(PASSWORD);
    super::harness::poll("the echo is back", std::time::Duration::from_secs(10), || terminal.echo().then_some(()));
    terminal.send_line("typed").expect("read: typed, token: there");
    let session = terminal.wait();
    assert_eq!(session.code, Some(9), "{session:?}");
    assert!(session.echo && session.canonical);
}

#[test]
fn a_token_with_little_life_left_is_warned_about_and_the_time_asked_for_is_kept() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let brief = jwt(&json!({"exp": now + 600, "scope": "api/read api/write"}));
    let (home, server) = issuing(&brief);
    exec(&home, &[], &["true"]).run().ok().quiet();
    exec(&home, &[], &["true"]).run().ok().quiet();
    assert_eq!(server.hits(), 1);
    let output = exec(&home, &["--min-validity", "30m"], &["true"]).run();
    output.ok().stderr_has("less than the 1800 s of `min_validity`");
    assert_eq!(server.hits(), 2);
}

/// As `execvp` does it. cogtok outlives the command in two of the three ways.
#[test]
fn a_script_without_an_interpreter_is_the_shells_in_every_way_to_run_it() {
    let (home, _server) = issuing(&m2m_token());
    let script = home.plant("work/-plain", "echo \"$# $1\"; exit 7\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.path("work").display(), std::env::var("PATH").unwrap());
    let run = |words: &[&str], program: &str| {
        let run = home.cogtok(words).args(["--", program, "a b", "c"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        run.env("PATH", &path).prints_on_failure().run()
    };
    for words in [&["exec"][..], &["exec", "--renew"], &["serve", "-p", "ws"]] {
        for program in [script.to_str().unwrap(), "./-plain", "-plain"] {
            run(words, program).code(7).stdout_is("2 a b\n").quiet();
        }
    }
    for words in [&["exec"][..], &["exec", "--renew"], &["serve", "-p", "ws"]] {
        run(words, "/").code(126).stderr_has("check that it is a program and that you may run it");
    }
}
