//! `--export` when there is a token: what each shell makes of it, the other forms, the names, and who may read it.

use crate::harness::shell::SHELLS;
use crate::harness::{Answer, Home, Run, Server, workshop};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";
/// Every character that a token may have.
pub const TOKEN: &str = "~aZ09-._~+/aZ09==";

/// A home with the profile `ws` whose token endpoint is this server.
pub fn home_for(server: &Server) -> Home {
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws.m2m]\nclient_id = \"scripted\"\ntoken_url = \"{}\"\n",
        server.token_url()
    ));
    home
}

/// A server that issues `token`, and a home that may ask it.
pub fn issuing(token: &str) -> (Home, Server) {
    let server = Server::always(Answer::token(token));
    (home_for(&server), server)
}

pub fn m2m<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "m2m", "-p", "ws"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", "s3cret-of-the-client")
}

/// An `eval` of the command's output, quoted or not, in the words of this shell.
pub fn evaluation(shell: &str, command: &str, is_quoted: bool) -> String {
    match (shell, is_quoted) {
        ("fish", false) => format!("eval ({command})"),
        (_, false) => format!("eval $({command})"),
        (_, true) => format!("eval \"$({command})\""),
    }
}

#[test]
fn each_shell_gets_exactly_what_the_server_issued_quoted_or_not() {
    let (home, server) = issuing(TOKEN);
    let end = m2m(&home, &["--json"]).run().ok().json()["expires_at"].to_string();
    for shell in SHELLS {
        for is_quoted in [false, true] {
            // The values reach a child as well: they are exported.
            let script = format!(
                "{}; printf '%s\n' $COGTOK_ACCESS_TOKEN_EXPIRES_AT; printenv COGTOK_ACCESS_TOKEN",
                evaluation(shell, "cogtok token m2m -p ws --export", is_quoted)
            );
            let output = home.shell(shell, &script).run();
            output.ok().quiet().stdout_is(&format!("{end}\n{TOKEN}\n"));
        }
    }
    assert_eq!(server.hits(), 1);
    // fish of 3.4 and newer knows the form that the documentation shows, too.
    home.eval_in("fish", "eval $(cogtok token m2m -p ws --export); printenv COGTOK_ACCESS_TOKEN").ok();
    // What is printed does not depend on the name by which the form is asked for.
    let plain = m2m(&home, &["--export"]).run();
    plain
        .ok()
        .stdout_is(&format!("export COGTOK_ACCESS_TOKEN='{TOKEN}';\nexport COGTOK_ACCESS_TOKEN_EXPIRES_AT='{end}';\n"));
    for form in ["sh", "posix", "bash", "dash", "zsh", "fish"] {
        m2m(&home, &[&format!("--export={form}")]).run().ok().quiet().stdout_is(&plain.stdout);
    }
}

#[test]
fn a_token_that_a_shell_could_obey_never_reaches_one() {
    for token in ["a;touch $HOME/hit", "$(touch $HOME/hit)", "`touch $HOME/hit`", "a'; touch $HOME/hit; '", "a\nb", "*"]
    {
        let (home, _server) = issuing(token);
        for shell in SHELLS {
            for is_quoted in [false, true] {
                let command = "cogtok token m2m -p ws --export";
                let script = format!("{}; printf %s \"$COGTOK_ACCESS_TOKEN\"", evaluation(shell, command, is_quoted));
                let run = home.shell(shell, &script).env("COGTOK_M2M_CLIENT_SECRET", "s3cret-of-the-client");
                run.env("COGTOK_ACCESS_TOKEN", "stale").run().ok().stdout_is("").stderr_has("RFC 6750");
            }
        }
        assert!(!home.path("hit").exists(), "{token}");
    }
}

#[test]
fn json_and_dotenv_have_the_same_names_and_values() {
    let (home, _server) = issuing(TOKEN);
    let end = m2m(&home, &["--json"]).run().ok().json()["expires_at"].clone();
    let expected = json!({"COGTOK_ACCESS_TOKEN": TOKEN, "COGTOK_ACCESS_TOKEN_EXPIRES_AT": end});
    assert_eq!(m2m(&home, &["--export=json"]).run().ok().json(), expected);
    let dotenv = m2m(&home, &["--export=dotenv"]).run();
    dotenv.ok().stdout_is(&format!("COGTOK_ACCESS_TOKEN={TOKEN}\nCOGTOK_ACCESS_TOKEN_EXPIRES_AT={end}\n"));
    let named = m2m(&home, &["--export=dotenv", "--env-var", "T"]).run();
    named.ok().stdout_is(&format!("T={TOKEN}\nT_EXPIRES_AT={end}\n"));
    let json = m2m(&home, &["--export=json", "--env-var=T"]).run().ok().json();
    assert_eq!(json, json!({"T": TOKEN, "T_EXPIRES_AT": end}));
}

#[test]
fn a_token_whose_end_is_not_known_leaves_no_older_end_behind() {
    let server = Server::always(Answer::json(200, &json!({"access_token": TOKEN, "token_type": "Bearer"})));
    let home = home_for(&server);
    let script = "eval $(cogtok token m2m -p ws --export); printf '%s[%s]' \"$T\" \"$COGTOK_ACCESS_TOKEN_EXPIRES_AT\"";
    let run = home.shell("dash", script).env("COGTOK_M2M_CLIENT_SECRET", "s3cret-of-the-client");
    run.env("COGTOK_ACCESS_TOKEN_EXPIRES_AT", "1").run().ok().stdout_is("[]");
    let json = m2m(&home, &["--export=json"]).run().ok().json();
    assert_eq!(json["COGTOK_ACCESS_TOKEN_EXPIRES_AT"], Value::Null);
}

#[test]
fn a_variable_of_another_name_is_a_plain_identifier_that_nothing_obeys() {
    let (home, server) = issuing(TOKEN);
    for name in ["MY_TOKEN", "_t", "t2", "GITHUB_TOKEN"] {
        let output = m2m(&home, &["--export", "--env-var", name]).run();
        output.ok().stdout_has(&format!("export {name}='{TOKEN}';\nexport {name}_EXPIRES_AT='"));
    }
    let before = server.hits();
    let long = "A".repeat(129);
    for name in [
        "",
        "1A",
        "X;id",
        "X id",
        "X=1",
        "X\nid",
        "$(id)",
        "`id`",
        "a-b",
        "é",
        "'",
        "-x",
        &long,
        "PATH",
        "path",
        "IFS",
        "LD_PRELOAD",
        "ld_library_path",
        "DYLD_INSERT_LIBRARIES",
        "BASH_ENV",
        "ENV",
        "PROMPT_COMMAND",
        "PS4",
        "HOME",
        "SHELL",
        "GIT_SSH_COMMAND",
        "PYTHONPATH",
        "PERL5OPT",
        "NODE_OPTIONS",
        "BASH_FUNC_x",
        "PPID",
        "UID",
        "SHELLOPTS",
    ] {
        let output = m2m(&home, &["--export", &format!("--env-var={name}")]).prints_on_failure().run();
        output.code(2).stderr_has("variable name");
        // The failing line empties the variable that would have been set, and no word of the bad name is in it.
        output.stdout_is("export COGTOK_ACCESS_TOKEN=; export COGTOK_ACCESS_TOKEN_EXPIRES_AT=; sh -c 'exit 2';\n");
    }
    assert_eq!(server.hits(), before);
    insta::assert_snapshot!(m2m(&home, &["--env-var", "T"]).run().message(), @"
    exit 2
    error: `token m2m` needs --export[=<FORM>]
    hint: usage: cogtok token m2m --export[=<FORM>] --profile <NAME> --env-var <NAME>
    hint: see `cogtok token m2m --help`
    ");
}

#[test]
fn what_contradicts_an_export_is_a_usage_error_and_the_eval_fails() {
    let (home, server) = issuing(TOKEN);
    let line = "export COGTOK_ACCESS_TOKEN=; export COGTOK_ACCESS_TOKEN_EXPIRES_AT=; sh -c 'exit 2';\n";
    for args in [
        &["--export", "--json"][..],
        &["--export", "--header"],
        &["--export", "-o", "json"],
        &["--export=sh", "--export"],
        &["--export=nosuch"],
        &["--export="],
        &["--export", "json"],
        &["--export", "--scop", "x"],
        &["--export", "--", "x"],
    ] {
        m2m(&home, args).prints_on_failure().run().code(2).stdout_is(line);
    }
    for args in [&["tokn", "m2m", "--export"][..], &["--export", "token", "m2m"], &["token", "--export"], &["--export"]]
    {
        home.cogtok(args).prints_on_failure().run().code(2).stdout_is(line);
    }
    for args in [&["--export=json", "--json"][..], &["--export=dotenv", "--header"], &["--export=json", "--scop"]] {
        m2m(&home, args).run().code(2).stdout_is("");
    }
    assert_eq!(server.hits(), 0);
}

#[test]
fn the_id_token_has_a_variable_of_its_own() {
    let email = workshop().user(PASSWORD);
    let home = Home::new();
    home.workshop_profile(workshop());
    home.canary(PASSWORD);
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    let user = |args: &[&str]| home.cogtok(["token", "user", "-p", "ws"]).args(args).env("COGTOK_PASSWORD", PASSWORD);
    let both = user(&["--json"]).run().ok().json();
    for (token, variable, other) in
        [("id", "COGTOK_ID_TOKEN", "COGTOK_ACCESS_TOKEN"), ("access", "COGTOK_ACCESS_TOKEN", "COGTOK_ID_TOKEN")]
    {
        let value = both[format!("{token}_token")].as_str().unwrap();
        let output = user(&["--token", token, "--export"]).run();
        output.ok().stdout_has(&format!("export {variable}='{value}';\nexport {variable}_EXPIRES_AT='"));
        output.check(!output.stdout.contains(other), "the other token's variable is left alone");
        home.cogtok(["profile", "set", "ws", "user.token", token]).run().ok();
        user(&["--export"]).run().ok().stdout_is(&output.stdout);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_exit_7() {
    let (home, _server) = issuing(TOKEN);
    let fifo = home.allow(home.path("nobody-reads"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // A pipe whose only reader is gone before cogtok begins.
    let closed = format!("3<>'{0}' 4>'{0}' 3<&- >&4", fifo.display());
    for args in [&[][..], &["--json"], &["--header"], &["--export"], &["--export=json"]] {
        m2m(&home, args).redirect(&closed).run().ok().quiet();
        let full = m2m(&home, args).redirect(">/dev/full").run();
        full.code(7).stderr_has("standard output can't be written");
    }
    home.cogtok(["--help"]).redirect(&closed).run().ok().quiet();
    home.cogtok(["profile", "list"]).redirect(&closed).run().ok().quiet();
    home.eval_in("bash", "cogtok token m2m -p ws | head -c0; echo ${PIPESTATUS[0]}").ok().quiet().stdout_is("0\n");
}
