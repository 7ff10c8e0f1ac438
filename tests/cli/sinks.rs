//! Where tokens go besides standard output: GitHub Actions, other shells, and the variables of the old scripts.

use crate::export::{home_for, issuing, m2m};
use crate::harness::scripted::SECRET;
use crate::harness::shell::SHELLS;
use crate::harness::{Answer, Home, Run, Server, unique, workshop};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every character that a token may have.
const TOKEN: &str = "~aZ09-._~+/aZ09==";

/// The file of GITHUB_ENV as the runner reads it.
fn as_runner(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let equals = line.find('=').unwrap_or(usize::MAX);
        match line.find("<<") {
            Some(heredoc) if heredoc < equals => {
                let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
                found.insert(name.to_string(), value.join("\n"));
            }
            _ if line.is_empty() => {}
            _ => drop(found.insert(line[..equals].to_string(), line[equals + 1..].to_string())),
        }
    }
    found
}

/// A home with the file of a step, and the run of that step.
fn github<'h>(home: &'h Home, content: &str, args: &[&str]) -> (PathBuf, Run<'h>) {
    let file = home.plant("runner/set_env", content);
    home.allow(&file);
    let run = m2m(home, &["--export=github-actions"]).args(args).env("GITHUB_ENV", &file);
    (file, run)
}

#[test]
fn a_step_of_github_actions_masks_the_token_and_leaves_it_to_the_next_ones() {
    let (home, _server) = issuing(TOKEN);
    let end = m2m(&home, &["--json"]).run().ok().json()["expires_at"].to_string();
    for (before, args, name) in [
        ("", &[][..], "COGTOK_ACCESS_TOKEN"),
        ("A=1\n", &[], "COGTOK_ACCESS_TOKEN"),
        // Whoever wrote before may have left the line open.
        ("A=1", &["--env-var", "API_TOKEN"], "API_TOKEN"),
    ] {
        let (file, run) = github(&home, before, args);
        run.run().ok().quiet().stdout_is(&format!("::add-mask::{TOKEN}\n"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(before), "{text}");
        let mut expected =
            BTreeMap::from([(name.to_string(), TOKEN.to_string()), (format!("{name}_EXPIRES_AT"), end.clone())]);
        if !before.is_empty() {
            expected.insert("A".into(), "1".into());
        }
        assert_eq!(as_runner(&text), expected, "{text}");
    }
}

#[test]
fn what_the_runner_did_not_make_is_not_written_to() {
    let (home, server) = issuing(TOKEN);
    insta::assert_snapshot!(m2m(&home, &["--export=github-actions"]).run().message(), @"
    exit 2
    error: GITHUB_ENV is not set
    hint: `--export=github-actions` is for a step of a GitHub Actions workflow
    ");
    m2m(&home, &["--export=github-actions"]).env("GITHUB_ENV", "").run().code(2);
    let (file, run) = github(&home, "A=1\n", &["--output-file", "x"]);
    insta::assert_snapshot!(run.run().message(), @"
    exit 2
    error: `github-actions` writes to the file of GITHUB_ENV, not to `--output-file`
    ");
    let link = home.allow(home.path("runner/link"));
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let fifo = home.allow(home.path("runner/fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (path, says) in [
        (home.path("runner/nosuch"), "No such file"),
        (home.path("runner"), "directory"),
        (link, "symbolic link"),
        (fifo, "not a regular file"),
        ("/dev/full".into(), "not a regular file"),
    ] {
        let output = m2m(&home, &["--export=github-actions"]).env("GITHUB_ENV", &path).run();
        output.code(7).stdout_is("").stderr_has(says).stderr_has("GITHUB_ENV");
    }
    assert_eq!(server.hits(), 0, "all of this is known before a token is that you asked for");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "A=1\n");
}

#[test]
fn a_full_disk_and_a_closed_log_leave_the_token_unwritten_or_masked() {
    let (home, _server) = issuing(TOKEN);
    m2m(&home, &[]).run().ok();
    let (file, run) = github(&home, "A=1\n", &[]);
    insta::assert_snapshot!(run.redirect(">/dev/full").run().message(), @"
    exit 7
    error: standard output can't be written: No space left on device (os error 28) (profile `ws`)
    ");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "A=1\n", "what is not masked is not handed on");
    crate::harness::need("strace", "strace");
    let log = home.allow(home.path("strace.log"));
    let inject = [
        "strace",
        "-f",
        "-qq",
        "-o",
        log.to_str().unwrap(),
        "-P",
        file.to_str().unwrap(),
        "-e",
        "inject=write:error=ENOSPC",
    ];
    let (_, run) = github(&home, "A=1\n", &[]);
    let output = run.under(inject).prints_on_failure().run();
    output.code(7).stdout_is(&format!("::add-mask::{TOKEN}\n")).stderr_has("No space left on device");
}

#[test]
fn no_token_ends_its_entry_in_the_runners_file() {
    for token in ["a\nPATH=/evil", "a\nEOF\nX=1", "a\r\nb", "a\n::add-mask::b"] {
        let (home, server) = issuing(token);
        let (file, run) = github(&home, "A=1\n", &[]);
        run.run().code(6).stdout_is("").stderr_has("RFC 6750");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "A=1\n");
        assert_eq!(server.hits(), 1);
    }
    // A client secret may be anything.
    let (home, _server) = issuing(TOKEN);
    let secret = "a\nEOF\n\nPATH=/evil\nX<<EOF\n%25";
    let file = home.allow(home.plant("runner/set_env", "A=1"));
    let run = home.cogtok(["token", "m2m", "-p", "ws", "--client-secret-stdin", "--export-credentials=github-actions"]);
    let output = run.stdin(format!("{secret}\n")).env("GITHUB_ENV", &file).run();
    output
        .ok()
        .stdout_is("::add-mask::a\n::add-mask::EOF\n::add-mask::PATH=/evil\n::add-mask::X<<EOF\n::add-mask::%2525\n");
    let found = as_runner(&std::fs::read_to_string(file).unwrap());
    assert_eq!(found["COGNITO_M2M_CLIENT_SECRET"], secret);
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn nushell_powershell_and_cmd_get_their_own_words() {
    let (home, _server) = issuing(TOKEN);
    let end = m2m(&home, &["--json"]).run().ok().json()["expires_at"].to_string();
    for form in ["nushell", "nu"] {
        let nushell = m2m(&home, &[&format!("--export={form}"), "--env-var", "T"]).run();
        assert_eq!(nushell.ok().json(), json!({"T": TOKEN, "T_EXPIRES_AT": end}));
    }
    for form in ["powershell", "pwsh"] {
        let powershell = m2m(&home, &[&format!("--export={form}"), "--env-var", "T"]).run();
        powershell.ok().stdout_is(&format!("$env:T = '{TOKEN}'\n$env:T_EXPIRES_AT = '{end}'\n"));
    }
    let cmd = m2m(&home, &["--export=cmd", "--env-var", "T"]).run();
    cmd.ok().stdout_is(&format!("set \"T={TOKEN}\"\r\nset \"T_EXPIRES_AT={end}\"\r\n"));
}

#[test]
fn each_form_fails_in_its_own_words_or_without_any() {
    let refusing = Server::always(Answer::json(400, &json!({"error": "invalid_client"})));
    let home = home_for(&refusing);
    let (access, end) = ("COGTOK_ACCESS_TOKEN", "COGTOK_ACCESS_TOKEN_EXPIRES_AT");
    let credentials = "export COGNITO_M2M_CLIENT_ID=; export COGNITO_M2M_CLIENT_SECRET=; export COGNITO_TOKEN_URL=; export COGNITO_M2M_SCOPES=; ";
    let file = home.allow(home.plant("runner/set_env", "A=1\n"));
    for (args, code, says) in [
        (
            &["--export=powershell"][..],
            4,
            format!("$env:{access} = $null; $env:{end} = $null; throw 'cogtok failed with exit code 4'\n"),
        ),
        (&["--export=cmd"], 4, format!("set \"{access}=\"\r\nset \"{end}=\"\r\ncmd /c exit 4\r\n")),
        (&["--export=cmd", "--nonsense"], 2, format!("set \"{access}=\"\r\nset \"{end}=\"\r\ncmd /c exit 2\r\n")),
        (&["--export=nushell"], 4, String::new()),
        (&["--export=github-actions"], 4, String::new()),
        (&["--export=github-actions", "--nonsense"], 2, String::new()),
        (&["--export", "--output-file", "token"], 4, String::new()),
        (&["--export-credentials", "--nonsense"], 2, format!("{credentials}sh -c 'exit 2';\n")),
        (&["--export-credentials=json", "--nonsense"], 2, String::new()),
    ] {
        let run = m2m(&home, args).env("GITHUB_ENV", &file).prints_on_failure().run();
        run.code(code).stdout_is(&says);
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "A=1\n");
}

#[test]
fn the_old_scripts_variables_are_printed_when_they_are_asked_for_by_name_and_warned_about() {
    let server = Server::canary();
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let output = home.scripted_m2m(&["--export-credentials"]).run();
    output.ok().stderr_has("warning: the client secret is being exported").stdout_is(&format!(
        "export COGNITO_M2M_CLIENT_ID='scripted+client';\nexport COGNITO_M2M_CLIENT_SECRET='{SECRET}';\n\
         export COGNITO_TOKEN_URL='{}';\nexport COGNITO_M2M_SCOPES='api/read api/write';\n",
        server.token_url()
    ));
    let json = home.scripted_m2m(&["--export-credentials=json", "--scope", "x"]).run().ok().json();
    assert_eq!(json["COGNITO_M2M_CLIENT_SECRET"], SECRET);
    assert_eq!(json["COGNITO_M2M_SCOPES"], "x");
    for shell in SHELLS {
        for is_quoted in [false, true] {
            let command = "cogtok token m2m --export-credentials";
            let eval = crate::export::evaluation(shell, command, is_quoted);
            let script = format!("{eval}; printenv COGNITO_M2M_CLIENT_ID COGNITO_M2M_CLIENT_SECRET COGNITO_M2M_SCOPES");
            let run = home.shell(shell, &script).env("COGTOK_M2M_CLIENT_SECRET", "an-exported-secret").run();
            run.ok().stdout_is("scripted+client\nan-exported-secret\napi/read api/write\n").stderr_has("warning");
        }
    }
    for other in ["--export", "--json", "--header", "-o json"] {
        let run = home.scripted_m2m(&["--export-credentials"]).args(other.split(' ')).prints_on_failure().run();
        run.code(2);
    }
    home.cogtok(["token", "user", "--export-credentials"]).prints_on_failure().run().code(2);
    let nobody = home.cogtok(["token", "m2m", "--export-credentials"]).prints_on_failure().run();
    nobody.code(5).stdout_has("export COGNITO_M2M_CLIENT_SECRET=; ").stdout_has("sh -c 'exit 5';");
    server.assert_untouched();
}

#[test]
fn the_variables_that_are_exported_are_the_ones_that_are_read_without_a_profile() {
    let workshop = workshop();
    let home = Home::new();
    let command = format!(
        "cogtok token m2m --secret-arn {} --endpoint-url {} --export-credentials",
        workshop.secret_arn, workshop.endpoint
    );
    let script = format!("eval \"$({command})\" && cogtok token m2m --json");
    let run = home.shell("bash", &script).aws().run();
    let token = run.ok().json();
    assert_eq!(token["source"], "network");
    assert!(token["scope"].as_str().unwrap().contains("api.dev/read"), "{token}");
    // A secret that has no URL can't be handed to scripts that need one.
    let bare = json!({"client_id": workshop.m2m.id, "client_secret": workshop.m2m.secret}).to_string();
    let body = json!({"Name": unique("bare"), "SecretString": bare});
    let arn: Value = workshop.ministack.admin("secretsmanager.CreateSecret", &body);
    let words = ["token", "m2m", "--export-credentials=json", "--secret-arn", arn["ARN"].as_str().unwrap()];
    let run = home.cogtok(words).args(["--endpoint-url", &workshop.endpoint]).aws().run();
    run.code(3).stderr_has("m2m.token_url");
}
