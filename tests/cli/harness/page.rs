//! The command blocks of a page of the documentation, with what the comments right before them say.
//!
//! `<!-- not run: REASON -->`, `<!-- run by FILE -->` (another test does), `<!-- fresh -->` (on a home without a profile),
//! `<!-- each -->` (every command on a home of its own: they are alternatives), `<!-- before: SHELL -->`, `<!-- stdin: $NAME -->`,
//! `<!-- exit N -->`.

use std::path::{Path, PathBuf};

/// The languages that are commands.
const SHELLS: [&str; 13] =
    ["sh", "bash", "zsh", "fish", "console", "shell", "powershell", "nu", "bat", "cmd", "make", "cron", "elvish"];

/// A block of commands.
#[derive(Debug)]
pub struct Block {
    pub language: String,
    /// The line of its first command.
    pub line: usize,
    pub text: String,
    pub marks: Vec<String>,
}

impl Block {
    /// What stands behind this word in a mark.
    pub fn mark(&self, word: &str) -> Option<&str> {
        self.marks.iter().find_map(|mark| mark.strip_prefix(word)).map(str::trim)
    }

    /// Its commands with the line of each, one that goes on behind a `\` in one piece.
    pub fn commands(&self) -> Vec<(usize, String)> {
        let mut commands: Vec<(usize, String)> = Vec::new();
        let mut goes_on = false;
        for (at, line) in self.text.lines().enumerate() {
            match commands.last_mut() {
                Some((_, command)) if goes_on => *command += &format!("\n{line}"),
                _ if line.trim().is_empty() || line.starts_with('#') => continue,
                _ => commands.push((self.line + at, line.to_owned())),
            }
            goes_on = line.ends_with('\\') || line.ends_with('|');
        }
        commands
    }
}

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and every page, as they are named from the checkout.
pub fn pages() -> Vec<String> {
    let docs = std::fs::read_dir(root().join("docs")).expect("docs");
    let names = docs.map(|entry| PathBuf::from("docs").join(entry.expect("an entry").file_name()));
    let names = names.map(|name| name.to_str().expect("a UTF-8 name").to_owned()).filter(|name| name.ends_with(".md"));
    let mut names: Vec<String> = names.chain(["README.md".to_owned()]).collect();
    names.sort();
    names
}

/// The blocks of commands on this page, in their order.
pub fn blocks(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let (mut blocks, mut marks) = (Vec::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        // In a list, a block is indented as its item is.
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if let Some(mark) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            marks.push(mark.to_owned());
            continue;
        }
        let marks = std::mem::take(&mut marks);
        let Some(language) = line.strip_prefix("```") else { continue };
        let mut block = Block { language: language.to_owned(), line: 0, text: String::new(), marks };
        for (at, line) in lines.by_ref() {
            let line = line.get(indent..).unwrap_or_else(|| line.trim_start());
            if line.starts_with("```") {
                break;
            }
            if block.line == 0 {
                block.line = at + 1;
            }
            block.text += &format!("{line}\n");
        }
        if SHELLS.contains(&language) {
            blocks.push(block);
        }
    }
    blocks
}
