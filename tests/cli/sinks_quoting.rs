//! Any text at all, through each form and the real reader of that form, comes back as it was or is refused.

use crate::harness::shell::SHELLS;
use crate::harness::{Home, Server};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::path::PathBuf;

const COUNT: usize = 120;

/// Texts that have broken other programs, and random ones of the characters that do.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "'",
        "''",
        "'\\''",
        "\\",
        "\\\\",
        "\\'",
        "a'b",
        "\"",
        "`id`",
        "$(touch $HOME/hit)",
        "$HOME",
        "${HOME}",
        "~",
        "~root",
        "*",
        "/*",
        "?",
        "[a-z]*",
        "{a,b}",
        "a;b",
        "a&b",
        "a|b",
        "a>b",
        "a<b",
        "#a",
        "a #b",
        "!",
        "!!",
        "!a",
        "a b",
        " a",
        "a ",
        "a  b",
        "a\tb",
        "a\nb",
        "\n",
        "a\r",
        "-n",
        "--",
        "-e a",
        "=",
        "a=b",
        "%",
        "%s",
        "%d%n",
        "%PATH%",
        "^",
        "é",
        "日本",
        "\u{202e}",
        "\u{1b}[31m",
        "\u{7f}",
        "export X=1;",
        "'; touch $HOME/hit; '",
        "\\\n",
        "(",
        ")",
        "()",
        "a)",
        "<(id)",
        ":~",
        "~+",
        "\u{feff}",
        "api/read api/write",
        "a/b+c==",
        "'a'",
        "\"a\"",
        "$'a'",
        "\\x41",
        "\\n",
        "nul",
        "EOF",
        "cogtok_",
    ]
    .map(String::from)
    .into();
    let seed = 20_261_124;
    let mut random = StdRng::seed_from_u64(seed);
    let alphabet: Vec<char> = "abcXYZ019 -._~+/='\"\\$`*?[]{}()<>|&;#!%^@:,\t\n\ré日\u{1b}".chars().collect();
    let tame: Vec<char> = "abcXYZ019 -._~+/='\"$`{}()<>|&;#!%^@:,]".chars().collect();
    while texts.len() < COUNT {
        // Half of them without what no shell form carries, so that it is not refusals that are tested.
        let from = if texts.len().is_multiple_of(2) { &alphabet } else { &tame };
        let length = random.random_range(1..24);
        let text: String = (0..length).map(|_| *from.choose(&mut random).unwrap()).collect();
        // A secret that is read from a stream loses its line end, so it has none of its own.
        if !text.ends_with('\r') {
            texts.push(text);
        }
    }
    // Nor does it keep quotes around it, and it is more than spaces.
    let is_in = |text: &str, quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    texts.retain(|text| !text.ends_with('\r') && !['"', '\''].iter().any(|quote| is_in(text.trim(), *quote)));
    // A byte order mark at its beginning says how it is written.
    texts.retain(|text| !text.trim().is_empty() && !text.starts_with('\u{feff}'));
    texts
}

/// Whether this is nothing but what makes an evaluation fail.
fn is_failure(stdout: &str) -> bool {
    let names = ["COGNITO_M2M_CLIENT_ID", "COGNITO_M2M_CLIENT_SECRET", "COGNITO_TOKEN_URL", "COGNITO_M2M_SCOPES"];
    let each = |empty: fn(&str) -> String| names.map(empty).concat();
    [
        String::new(),
        each(|name| format!("export {name}=; ")) + "sh -c 'exit 1';\n",
        each(|name| format!("$env:{name} = $null; ")) + "throw 'cogtok failed with exit code 1'\n",
        each(|name| format!("set \"{name}=\"\r\n")) + "cmd /c exit 1\r\n",
    ]
    .contains(&stdout.to_string())
}

/// Each text that the form carries, in a file as it was printed.
fn printed(home: &Home, form: &str) -> Vec<(String, PathBuf)> {
    let dir = home.allow(home.path(format!("printed-{form}")));
    std::fs::create_dir(&dir).unwrap();
    let mut carried = Vec::new();
    for (n, text) in texts().into_iter().enumerate() {
        let run = home.cogtok(["token", "m2m", "--client-secret-stdin", &format!("--export-credentials={form}")]);
        // One line end is taken off.
        let output = run.stdin(format!("{text}\n")).prints_on_failure().run();
        match output.code {
            Some(0) => {
                let file = dir.join(format!("{n:03}"));
                std::fs::write(&file, &output.stdout).unwrap();
                carried.push((text, file));
            }
            _ => {
                output.code(1).stderr_has("can't express").check(is_failure(&output.stdout), "nothing of the value");
            }
        }
    }
    carried
}

fn home() -> (Home, Server) {
    let (home, server) = (Home::new(), Server::canary());
    home.scripted_profile(&server.token_url());
    // What an unquoted `*` would find.
    for name in ["a", "b", "-n", "x y", "export"] {
        home.allow(home.plant(format!("globs/{name}"), ""));
    }
    (home, server)
}

/// What `script` prints for these files: one value and a NUL for each.
fn read_by(home: &Home, shell: &str, script: &str) -> Vec<String> {
    let output = home.shell(shell, script).cwd(home.path("globs")).run();
    let mut values: Vec<String> = output.ok().stdout.split('\0').map(String::from).collect();
    assert_eq!(values.pop().as_deref(), Some(""), "{}", output.describe());
    values
}

#[test]
fn every_shell_gets_what_was_put_in_quoted_or_not() {
    let (home, server) = home();
    let carried = printed(&home, "sh");
    assert!(carried.len() > COUNT / 3, "only {} of them were carried", carried.len());
    let wanted: Vec<&String> = carried.iter().map(|(text, _)| text).collect();
    let dir = home.path("printed-sh");
    for shell in SHELLS {
        for is_quoted in [false, true] {
            let script = match (shell, is_quoted) {
                ("fish", false) => "for f in DIR/*; eval (cat $f); printf '%s\\0' \"$COGNITO_M2M_CLIENT_SECRET\"; end",
                ("fish", true) => {
                    "for f in DIR/*; eval (cat $f | string collect); printf '%s\\0' \"$COGNITO_M2M_CLIENT_SECRET\"; end"
                }
                (_, false) => "for f in DIR/*; do eval $(cat $f); printf '%s\\0' \"$COGNITO_M2M_CLIENT_SECRET\"; done",
                (_, true) => {
                    "for f in DIR/*; do eval \"$(cat $f)\"; printf '%s\\0' \"$COGNITO_M2M_CLIENT_SECRET\"; done"
                }
            };
            let values = read_by(&home, shell, &script.replace("DIR", dir.to_str().unwrap()));
            assert_eq!(values.iter().collect::<Vec<_>>(), wanted, "{shell}, quoted: {is_quoted}");
        }
    }
    assert!(!home.path("hit").exists(), "a text was run");
    server.assert_untouched();
}

#[test]
fn json_for_programs_and_for_nushell_carries_everything() {
    let (home, _server) = home();
    for form in ["json", "nushell"] {
        let carried = printed(&home, form);
        assert_eq!(carried.len(), texts().len(), "{form}");
        for (text, file) in carried {
            let printed = std::fs::read_to_string(file).unwrap();
            assert_eq!(printed.matches('\n').count(), 1, "{printed:?}");
            assert!(printed.trim_end().chars().all(|c| !c.is_control()), "{printed:?}");
            let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(json["COGNITO_M2M_CLIENT_SECRET"], text.as_str());
            assert!(json.as_object().unwrap().values().all(serde_json::Value::is_string));
        }
    }
}

#[test]
fn readers_of_dotenv_files_get_what_was_put_in() {
    let (home, _server) = home();
    let carried = printed(&home, "dotenv");
    assert!(carried.len() > COUNT / 3, "only {} of them were carried", carried.len());
    for (text, file) in &carried {
        let found: Vec<(String, String)> = dotenvy::from_path_iter(file)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let secret = found.iter().find(|(name, _)| name == "COGNITO_M2M_CLIENT_SECRET").map(|(_, value)| value);
        assert_eq!(secret, Some(text));
        assert_eq!(found.len(), 4, "{text:?}");
    }
    // A shell may read such a file as well. It takes a tilde at the beginning for a home.
    let wanted: Vec<&String> = carried.iter().map(|(text, _)| text).filter(|text| !text.contains('~')).collect();
    for (text, file) in &carried {
        if text.contains('~') {
            std::fs::remove_file(file).unwrap();
        }
    }
    for shell in ["bash", "dash"] {
        let script = format!(
            "for f in {}/*; do . $f; printf '%s\\0' \"$COGNITO_M2M_CLIENT_SECRET\"; done",
            home.path("printed-dotenv").display()
        );
        assert_eq!(read_by(&home, shell, &script).iter().collect::<Vec<_>>(), wanted, "{shell}");
    }
}

#[test]
fn what_powershell_and_cmd_could_obey_is_doubled_or_refused() {
    // Neither is on this machine, so this says what they are documented to take.
    let (home, _server) = home();
    for (text, file) in printed(&home, "powershell") {
        let printed = std::fs::read_to_string(file).unwrap();
        let line = printed.lines().find_map(|line| line.strip_prefix("$env:COGNITO_M2M_CLIENT_SECRET = '")).unwrap();
        let inner = line.strip_suffix('\'').unwrap();
        assert_eq!(inner.replace("''", "\u{0}").matches('\'').count(), 0, "{printed}");
        assert_eq!(inner.replace("''", "'"), text);
    }
    for (text, file) in printed(&home, "cmd") {
        let printed = std::fs::read_to_string(file).unwrap();
        assert!(printed.contains(&format!("set \"COGNITO_M2M_CLIENT_SECRET={text}\"\r\n")), "{printed:?}");
        assert!(!text.contains(['"', '%', '!', '^', '\n', '\r']), "{text:?}");
    }
}
