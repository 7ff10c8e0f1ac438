//! Elvish and nushell themselves: TAB, and a token in a variable, as docs/completion.md and docs/scripts.md say.

use crate::harness::pty::Pty;
use crate::harness::scripted::CLIENT;
use crate::harness::shell::path_with_cogtok;
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, need, nushell};
use serde_json::{Value, json};

const COMPLETION: &str = include_str!("../../docs/completion.md");
const SCRIPTS: &str = include_str!("../../docs/scripts.md");

const CONFIG: &str = "[profiles.workshop]\ndescription = \"on Tuesday\"\n[profiles.workbench]\n[profiles.other]\n\
    [profiles.other.m2m]\nscopes = [\"a:b/read\", \"a:b/write\"]\n";

/// The block of a page in this language.
fn block(page: &'static str, language: &str) -> &'static str {
    let found = page.split(&format!("\n```{language}\n")).nth(1).and_then(|rest| rest.split("\n```").next());
    found.unwrap_or_else(|| panic!("the page has no block in {language}"))
}

/// A home that has a token of `ws` in its cache, and that token.
fn prepared() -> (Home, Server, String) {
    let token = m2m_jwt(CLIENT, "api/read");
    let endpoint = Server::always(Answer::token(&token));
    let home = Home::new();
    home.scripted_profile(&endpoint.token_url());
    home.scripted_m2m(&[]).run().ok();
    (home, endpoint, token)
}

fn elvish<'h>(home: &'h Home, script: &str) -> Run<'h> {
    need("elvish", "elvish");
    home.program("elvish", ["-norc", "-c", script]).env("PATH", path_with_cogtok())
}

fn nu<'h>(home: &'h Home, script: &str) -> Run<'h> {
    home.program(nushell(), ["--no-config-file", "--commands", script]).env("PATH", path_with_cogtok())
}

#[test]
fn a_token_gets_into_the_environment() {
    let (home, _endpoint, token) = prepared();
    let read = "^printenv COGTOK_ACCESS_TOKEN; ^printenv COGTOK_ACCESS_TOKEN_EXPIRES_AT";
    let in_nu = nu(&home, &format!("{}; {read}", block(SCRIPTS, "nu"))).run();
    let in_elvish = elvish(&home, &format!("{}\n{}", block(SCRIPTS, "elvish"), read.replace('^', "e:"))).run();
    let end = home.scripted_m2m(&["--json"]).run().ok().json()["expires_at"].to_string();
    in_nu.ok().stdout_is(&format!("{token}\n{end}\n"));
    in_elvish.ok().stdout_is(&format!("{token}\n{end}\n"));
}

#[test]
fn without_a_token_the_script_stops() {
    let (home, _endpoint, _) = prepared();
    let lost = |recipe: &str| recipe.replace("-p ws", "-p lost");
    let in_nu = nu(&home, &format!("{}; print after", lost(block(SCRIPTS, "nu")))).run();
    // Caught, since Elvish colours what it says of it.
    let script = format!("try {{\n{}\necho after\n}} catch {{ exit 3 }}", lost(block(SCRIPTS, "elvish")));
    let in_elvish = elvish(&home, &script).run();
    for output in [in_nu, in_elvish] {
        output.check(output.code != Some(0), "it fails").stderr_has("no profile `lost`");
        output.check(!output.stdout.contains("after"), "nothing is run after it");
    }
}

/// Elvish on a terminal, with the script as docs/completion.md says.
fn terminal(home: &Home) -> Pty<'_> {
    need("elvish", "elvish");
    let row = COMPLETION.lines().find(|line| line.starts_with("| Elvish |")).expect("a row of the table");
    let line = row.split('`').nth(1).expect("code").replace("\\|", "|");
    let prompt = "set edit:prompt = { put 'ready> ' }\nset edit:rprompt = { put '' }\n";
    home.plant(".config/elvish/rc.elv", format!("{line}\n{prompt}"));
    let mut terminal = home.program("elvish", [""; 0]).env("PATH", path_with_cogtok()).pty();
    terminal.expect("ready> ");
    terminal
}

#[test]
fn tab_completes_in_elvish() {
    let home = Home::new();
    home.config(CONFIG);
    let mut terminal = terminal(&home);
    for (keys, words) in [
        ("cogtok tok\t m2m", "<cogtok><token><m2m>"),
        ("cogtok token m2m -p o\t", "<cogtok><token><m2m><-p><other>"),
        ("cogtok token m2m -p w\ts\t", "<-p><workshop>"),
        ("cogtok secret set m2\t", "<cogtok><secret><set><m2m-client>"),
        ("cogtok token m2m -p other --scope a:b/r\t", "<--scope><a:b/read>"),
    ] {
        // To the beginning of the line, so that what was completed becomes the arguments of a command that shows them.
        terminal.send(keys).send("\u{1b}[He:printf '<%s>' \r").expect(words).expect("ready> ");
    }
    terminal.send_line("exit");
    terminal.wait();
}

#[test]
fn what_nushell_is_told_of_external_completion_offers_what_cogtok_offers() {
    let home = Home::new();
    home.config(CONFIG);
    let offered = |words: &[&str]| -> Value {
        let spans = serde_json::to_string(words).unwrap();
        let script = format!(
            "{}\ndo $env.config.completions.external.completer {spans} | to json --raw",
            block(COMPLETION, "nu")
        );
        nu(&home, &script).run().ok().json()
    };
    assert_eq!(
        offered(&["cogtok", "token", "m2m", "-p", "works"]),
        json!([{"value": "workshop", "description": "on Tuesday"}])
    );
    assert_eq!(offered(&["cogtok", "token", "m2m", "-p", "o"]), json!([{"value": "other", "description": ""}]));
    assert_eq!(offered(&["cogtok", "profile", "use", ""]).as_array().unwrap().len(), 3);
    assert_eq!(offered(&["cogtok", "profile", "use", "zzz"]), json!([]));
    // The commands of others are not cogtok's to complete: nushell goes on with files.
    assert_eq!(offered(&["git", "sta"]), Value::Null);
}

#[test]
fn tab_completes_in_nushell() {
    let home = Home::new();
    home.config(CONFIG);
    let prompt = "$env.config.show_banner = false\n$env.PROMPT_COMMAND = {|| 'ready> '}\n\
        $env.PROMPT_COMMAND_RIGHT = {|| ''}\n$env.PROMPT_INDICATOR = ''\n";
    let config = home.plant("nu/config.nu", format!("{}\n{prompt}", block(COMPLETION, "nu")));
    let empty = home.plant("nu/env.nu", "");
    let nu = home.program(nushell(), ["--config"]).arg(config).arg("--env-config").arg(empty);
    let mut terminal = nu.env("PATH", path_with_cogtok()).answering_pty();
    terminal.expect("ready> ");
    for (keys, words) in [
        ("cogtok tok\t m2m", "<cogtok><token><m2m>"),
        ("cogtok token m2m -p o\t", "<cogtok><token><m2m><-p><other>"),
        ("cogtok token m2m -p works\t", "<-p><workshop>"),
        ("cogtok secret set m2\t", "<cogtok><secret><set><m2m-client>"),
        ("cogtok token m2m -p other --scope a:b/r\t", "<--scope><a:b/read>"),
    ] {
        // To the beginning of the line, so that what was completed becomes the arguments of a command that shows them.
        terminal.send(keys).send("\u{1}^printf '<%s>' \r").expect(words).expect("ready> ");
    }
    terminal.send_line("exit");
    terminal.wait();
}
