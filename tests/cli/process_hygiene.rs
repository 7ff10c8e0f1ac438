//! What a process takes from around it and what it gives away: home, directory, environment, arguments, children, logs.

use crate::harness::scripted::SECRET;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Keyring, Run, Server, poll, workshop};
use rustix::process::Signal;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

const XDG: [&str; 4] = ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"];

/// A run with HOME alone, as a user whom the machine does not know: in a container with a random uid.
fn homeless<'h>(home: &'h Home, words: &[&str], value: Option<&str>) -> Run<'h> {
    let run = home.cogtok(words).under(["unshare", "--user", "--map-user=54321", "--map-group=54321"]);
    let run = XDG.iter().fold(run, |run, name| run.env_remove(name));
    match value {
        Some(value) => run.env("HOME", value),
        None => run.env_remove("HOME"),
    }
}

#[test]
fn without_a_usable_home_tokens_are_printed_and_nothing_is_written_anywhere() {
    crate::harness::need_namespaces();
    let server = Server::always(Answer::token("some-token"));
    let url = server.token_url();
    let token = ["token", "m2m", "--client-secret-stdin", "--client-id", "machine", "--token-url", &url];
    for (value, reason) in [
        (None, "there is no home directory"),
        (Some(""), "there is no home directory"),
        (Some("relative/home"), "there is no home directory"),
        (Some("."), "there is no home directory"),
        (Some("/dev/null"), "Not a directory"),
    ] {
        let home = Home::new();
        home.canary(SECRET);
        let create = homeless(&home, &["profile", "create", "ws", "--client-id", "web"], value).run();
        create.code(7).stderr_has(reason);
        if reason.starts_with("there") {
            create.stderr_has("set HOME or XDG_CONFIG_HOME, or add `--config FILE`");
        }
        homeless(&home, &["profile", "list", "--json"], value).run().ok().stdout_is("[]\n");
        for words in [&["token", "m2m"][..], &["token", "m2m", "-p", "ws"], &["user", "list"]] {
            let output = homeless(&home, words, value).run();
            if reason.starts_with("there") {
                output.code(3).stderr_has(reason).stderr_has("set HOME or XDG_CONFIG_HOME").stderr_lacks("create one");
                let is_relative = value.is_some_and(|home| !home.is_empty());
                output.check(output.stderr.contains("HOME is not an absolute path") == is_relative, "it says why");
            }
        }
        let served = homeless(&home, &token, value).stdin(SECRET).run();
        served.ok().stdout_is("some-token\n").stderr_has("warning: ");
        let file = home.path("elsewhere/config.toml");
        let named = homeless(&home, &["profile", "create", "ws", "--client-id", "web", "--config"], value).arg(&file);
        named.run().ok();
        assert!(file.is_file());
    }
}

#[test]
fn a_home_that_is_not_there_yet_is_made_and_a_relative_xdg_directory_is_ignored() {
    crate::harness::need_namespaces();
    let home = Home::new();
    let new = home.path("made/home");
    homeless(&home, &["profile", "create", "ws", "--client-id", "web"], new.to_str()).run().ok();
    assert!(new.join(".config/cogtok/config.toml").is_file());
    for value in ["relative", "./x", "../x", ""] {
        let home = Home::new();
        let create = home.cogtok(["profile", "create", "ws", "--client-id", "web"]);
        XDG.iter().fold(create, |run, name| run.env(name, value)).run().ok();
        assert!(home.config_file().is_file(), "XDG directories set to {value:?}");
    }
    let home = Home::new();
    let file = home.plant("a-file", "");
    let create = || home.cogtok(["profile", "create", "ws", "--client-id", "web"]);
    insta::assert_snapshot!(create().env("XDG_CONFIG_HOME", &file).run().message(), @"
    exit 7
    error: [home]/a-file/cogtok/config.toml can't be written: Not a directory (os error 20)
    hint: name another file with `--config FILE`, or another place with XDG_CONFIG_HOME
    ");
    let odd: OsString =
        OsStringExt::from_vec([home.path("odd").into_os_string().into_vec(), b"\n\xff\x1b[1m".to_vec()].concat());
    create().env("XDG_CONFIG_HOME", &odd).run().ok();
    home.cogtok(["profile", "list", "-o", "text"]).env("XDG_CONFIG_HOME", &odd).run().ok().stdout_is("ws\n");
}

#[test]
fn nothing_in_the_working_directory_is_read_or_run() {
    let home = Home::new();
    let canary = Server::canary();
    let config = format!(
        "default_profile = \"evil\"\n[profiles.evil]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"x\"\nm2m.token_url = \"{}\"\n",
        canary.token_url()
    );
    for name in ["cogtok.toml", "config.toml", ".cogtok.toml", ".cogtok/config.toml", "cogtok/config.toml"] {
        home.plant(format!("work/{name}"), &config);
    }
    for dir in [".cogtok", "cogtok"] {
        home.allow(home.work().join(dir));
    }
    let dotenv = format!("COGTOK_PROFILE=evil\nCOGTOK_TOKEN_URL={}\nCOGTOK_CONFIG=cogtok.toml\n", canary.token_url());
    home.plant("work/.env", dotenv);
    let script = "#!/bin/sh\necho $0 >>\"$HOME/ran\"\n";
    for name in ["gpg", "xdg-open", "secret-tool", "dbus-launch", "dbus-daemon", "aws", "git", "getent"] {
        let path = home.plant(format!("work/{name}"), script);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    let path = format!(".:{}", std::env::var("PATH").unwrap());
    let run = |words: &[&str]| home.cogtok(words).env("PATH", &path).env_remove("DBUS_SESSION_BUS_ADDRESS").run();
    run(&["profile", "list", "-o", "text"]).ok().stdout_is("");
    run(&["profile", "current"]).code(3).stderr_has("no profile is chosen");
    run(&["token", "m2m"]).code(3).stderr_has("no profile is chosen");
    run(&["token", "m2m", "-p", "evil"]).code(3).stderr_has("there is no profile `evil`");
    run(&["profile", "create", "pool", "--user-pool-id", "us-east-1_x"]).ok();
    run(&["user", "create", "-p", "pool", "--timeout", "5s"]).code(9);
    run(&["profile", "delete", "pool", "--yes"]).ok();
    run(&["profile", "create", "ws", "--m2m-client-id", "m", "--token-url", "https://t.example/"]).ok();
    home.config(
        &std::fs::read_to_string(home.config_file())
            .unwrap()
            .replace("[profiles.ws]", "[profiles.ws]\nsecrets = [\"m2m-client\"]"),
    );
    run(&["token", "m2m"]).code(7).stderr_has("no keyring service");
    assert!(!home.path("ran").exists(), "{}", std::fs::read_to_string(home.path("ran")).unwrap());
    canary.assert_untouched();
}

#[test]
fn a_credential_process_never_sees_the_secrets_of_the_environment() {
    let (home, workshop) = (Home::new(), workshop());
    let dump = home.path("dump");
    // What the child has, and what its parent shows to everybody.
    let script = format!(
        "#!/bin/sh\nenv >'{0}'\ntr '\\0' '\\n' </proc/$PPID/cmdline >>'{0}'\necho '{{\"Version\":1,\"AccessKeyId\":\"test\",\"SecretAccessKey\":\"test\"}}'\n",
        dump.display()
    );
    let program = home.plant("credentials.sh", script);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    home.plant(
        ".aws/config",
        format!("[profile org]\nregion = us-east-1\ncredential_process = {}\n", program.display()),
    );
    let words = ["token", "m2m", "--aws-profile", "org", "--secret-arn", &workshop.secret_arn];
    let mut run = home.cogtok(words).args(["--endpoint-url", &workshop.endpoint]).env("VISIBLE", "to-the-child");
    for name in ["COGTOK_PASSWORD", "COGTOK_USER_CLIENT_SECRET", "COGTOK_M2M_CLIENT_SECRET", "COGTOK_PASSPHRASE"] {
        let value = format!("secret-of-{name}");
        run = run.canary(&value).env(name, &value);
    }
    run.run().ok();
    let seen = std::fs::read_to_string(dump).unwrap();
    assert!(seen.contains("VISIBLE=to-the-child"), "the program was never run:\n{seen}");
    assert!(!seen.contains("secret-of-"), "{seen}");
}

#[test]
fn a_core_file_is_never_written() {
    let home = Home::new();
    let server = Server::always(Answer::never());
    home.scripted_profile(&server.token_url());
    let unlimited = ["sh", "-c", "ulimit -c unlimited; exec \"$@\"", "sh"];
    let mut running = home.scripted_m2m(&[]).under(unlimited).spawn();
    poll("the request is on its way", Duration::from_secs(10), || (server.hits() > 0).then_some(()));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    // The soft limit counts; the hard one is the user's, for the commands that `exec` becomes.
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    running.signal(Signal::QUIT);
    assert_eq!(running.wait().signal, Some(3));
}

#[test]
fn no_variable_makes_a_library_talk() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let authority = Authority::new();
    let pem = home.plant("ca.pem", authority.pem());
    let server = authority.serve(Certificate::Good, |request| match request.operation() {
        Some(_) => Answer::aws_error("NotAuthorizedException", "Incorrect username or password."),
        None => Answer::token("a-token-on-stdout-alone"),
    });
    home.scripted_profile(&server.token_url());
    home.canary("a-password-on-stdin");
    home.canary_token("a-token-on-stdout-alone");
    let keys = home.path("tls-keys");
    let loud = |words: &[&str]| {
        let run = home.cogtok(words).arg("--ca-bundle").arg(&pem).keyring(&keyring);
        let run = run.env("SSLKEYLOGFILE", &keys).env("RUST_BACKTRACE", "full");
        let names = [
            "RUST_LOG",
            "COGTOK_LOG",
            "AWS_LOG",
            "SMITHY_LOG",
            "RUST_LOG_STYLE",
            "DEBUG",
            "COGTOK_DEBUG",
            "G_MESSAGES_DEBUG",
        ];
        names.iter().fold(run, |run, name| run.env(name, "trace"))
    };
    let user = ["--client-id", "web", "--region", "us-east-1", "--endpoint-url", &server.url()];
    let sign_in = ["token", "user", "--username", "alice", "--auth-flow", "password", "--password-stdin"];
    for verbosity in ["--color=never", "-v", "-vv", "-vvvv"] {
        let stored = loud(&["secret", "set", "m2m-client", verbosity]).stdin(SECRET).run();
        let token = loud(&["token", "m2m", "--no-cache", verbosity]).run();
        token.ok().stdout_is("a-token-on-stdout-alone\n");
        let refused = loud(&sign_in).args(user).arg(verbosity).stdin("a-password-on-stdin").run();
        refused.code(4);
        let is_silent = verbosity.starts_with("--");
        for output in [stored.ok(), &token, &refused] {
            for library in ["hyper", "rustls", "zbus", "aws_", "TRACE", "DEBUG", "tokio"] {
                output.stderr_lacks(library);
            }
        }
        token.check(token.stderr.is_empty() == is_silent, "expected requests with -v and nothing without");
    }
    assert!(!keys.exists(), "the keys of the TLS session were written");
}

#[test]
fn what_is_not_utf8_is_a_usage_error_and_never_a_panic() {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws]\n");
    let bad = |text: &str| -> OsString { OsStringExt::from_vec([text.as_bytes(), b"\xff\xfe".as_slice()].concat()) };
    for words in [
        vec![bad("")],
        vec!["profile".into(), bad("")],
        vec!["profile".into(), "show".into(), bad("ws")],
        vec!["profile".into(), "create".into(), bad("ws")],
        vec!["profile".into(), "set".into(), "ws".into(), bad("reg"), "x".into()],
        vec!["profile".into(), "set".into(), "ws".into(), "region".into(), bad("us-east-1")],
        vec!["token".into(), "m2m".into(), bad("--scope=a")],
        vec!["token".into(), "m2m".into(), bad("--exp")],
        vec!["token".into(), "m2m".into(), bad("--timeout=1s")],
        vec!["secret".into(), "set".into(), bad("m2m-client")],
        vec![bad("--profile="), "profile".into(), "current".into()],
    ] {
        home.cogtok(&words).run().code(2).stderr_has("error: ");
    }
    let file = home.path("tmp").join(bad("config.toml"));
    std::fs::write(&file, "[profiles.there]\n").unwrap();
    home.cogtok(["profile", "list", "-o", "text", "--config"]).arg(&file).run().ok().stdout_is("there\n");
    // A variable that can't be read must not be taken for one that is not set.
    for name in ["COGTOK_PROFILE", "COGTOK_TIMEOUT", "COGTOK_M2M_CLIENT_SECRET"] {
        let output = home.cogtok(["token", "m2m", "--client-id", "x", "--token-url", "https://t.example/"]);
        output.env(name, bad("ws")).run().code(2).stderr_has(&format!("{name} is not")).stderr_has("UTF-8");
    }
    let many = vec!["x"; 100_000];
    home.cogtok(["profile", "show"]).args(many).run().code(2);
}

#[test]
fn a_full_standard_output_is_exit_7_and_a_closed_one_no_error() {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws]\nregion = \"us-east-1\"\n");
    for words in [
        &["profile", "list"][..],
        &["profile", "show"],
        &["profile", "current"],
        &["secret", "status"],
        &["--help"],
        &["--version"],
    ] {
        let full = home.cogtok(words).redirect(">/dev/full").run();
        full.code(7).stderr_has("standard output can't be written: No space left on device");
        let script = format!("set -o pipefail; cogtok {} | true", words.join(" "));
        home.shell("bash", &script).run().ok().quiet();
    }
}
