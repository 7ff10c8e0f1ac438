//! docs/terms.md rules: what it bans stands nowhere in the sources, the messages and the pages.

use std::path::{Path, PathBuf};

/// The idioms between backticks under "Never", before the colon that says what is written instead.
fn banned() -> Vec<String> {
    let page = include_str!("../../docs/terms.md").split("\n## Never\n").nth(1).expect("the list of idioms");
    let entries = page.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
    let idioms = entries.flat_map(|(idioms, _)| idioms.split('`').skip(1).step_by(2).map(str::to_owned));
    idioms.collect()
}

/// Sources and pages, without the list itself, what is generated, and the files of tests.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "build.rs", "config.example.toml"]
        .map(|name| root.join(name))
        .into();
    let mut folders = vec![root.join("src"), root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("docs/terms.md") {
                found.push(path);
            }
        }
    }
    found
}

fn has(line: &str, idiom: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices(idiom).any(|(at, _)| {
        !is_letter(line[..at].chars().next_back()) && !is_letter(line[at + idiom.len()..].chars().next())
    })
}

#[test]
fn what_the_page_of_terms_bans_is_said_nowhere() {
    let banned = banned();
    assert!(banned.len() >= 15 && banned.iter().any(|idiom| idiom == "to the letter"), "{banned:?}");
    let mut found = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let idioms = banned.iter().filter(|idiom| has(line, idiom));
            found.extend(idioms.map(|idiom| format!("{}:{}: `{idiom}`", path.display(), number + 1)));
        }
    }
    assert!(found.is_empty(), "docs/terms.md says what is written instead:\n{}", found.join("\n"));
    assert!(has("It is to the letter.", "to the letter") && !has("the amendment", "mend"));
}
