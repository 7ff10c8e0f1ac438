//! What PowerShell's script asks for: it can't be run here, so what it may not do is read from it, and what it hands over is
//! handed over.

use crate::harness::{Home, Run};
use std::path::Path;

const CONFIG: &str = "[profiles.workshop]\ndescription = \"on Tuesday\"\n[profiles.other]\n";

/// TAB behind the last of these words, as the script asks.
fn asked<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    let line = [&["cogtok"], words].concat().join("\n");
    home.cogtok(["--"]).env("COGTOK_COMPLETE", "powershell").env("_COGTOK_WORDS", line)
}

#[test]
fn no_script_evaluates_what_is_typed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let script = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let words = script.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        for word in words {
            let is_evaluation =
                ["invoke-expression", "iex", "eval", "invokescript", "expandstring", "scriptblock.create"];
            assert!(!is_evaluation.contains(&word), "{} has {word}", path.display());
        }
        count += 1;
    }
    assert!(count >= 5, "{count} scripts");
}

#[test]
fn the_words_of_the_line_are_handed_over_in_a_variable() {
    let home = Home::new();
    home.config(CONFIG);
    asked(&home, &["token", "m2m", "-p", "w"]).run().ok().quiet().stdout_is("workshop\ton Tuesday\n");
    asked(&home, &["token", "m2m", "-p", ""]).run().ok().quiet().stdout_has("other").stdout_has("workshop\ton Tuesday");
    asked(&home, &["tok"]).run().ok().quiet().stdout_has("token\t");
    asked(&home, &["token", "m2m", "--profile=o"]).run().ok().quiet().stdout_is("--profile=other\n");
    // Words that a shell would evaluate, or that it loses or takes apart as arguments.
    for word in ["$(touch ran)", "\"", "a b", "'", "", "`touch ran`", "ü"] {
        asked(&home, &["token", "m2m", "--scope", word, "-p", "o"]).run().ok().quiet().stdout_is("other\n");
    }
    assert!(!home.path("ran").exists());
}

#[test]
fn variables_that_are_left_over_change_no_command() {
    let home = Home::new();
    home.config(CONFIG);
    let plain = home.cogtok(["profile", "list"]).run();
    let run = home.cogtok(["profile", "list"]).env("COGTOK_COMPLETE", "powershell").env("_COGTOK_WORDS", "cogtok\ntok");
    run.run().ok().stdout_is(&plain.ok().stdout);
    // Another shell's words are its arguments.
    let bash = home.cogtok(["--", "cogtok", "stat"]).env("COGTOK_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "1");
    bash.env("_COGTOK_WORDS", "cogtok\ntok").run().ok().quiet().stdout_is("status");
}
