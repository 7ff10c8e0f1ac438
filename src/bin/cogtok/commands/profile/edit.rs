//! `cogtok profile edit`: the configuration in an editor, checked before it takes the place of the old one.

mod editor;

use std::path::Path;

use crate::services::config_edit::{newer, put};
use crate::services::config_lint::{Finding, lint};
use clap::Args;
use cogtok::error::{Advice, Error, Result};
use cogtok::store::config::{Config, VERSION, read_text};

use self::editor::Copy;
use super::left_behind;
use super::lint::in_words;
use crate::app::App;
use crate::io::{signals, terminal};

/// The text for the editor if there is no configuration yet.
const EMPTY: &str = "version = 1\n";

/// The most mistakes that are printed at once.
const TOLD: usize = 4;

/// Edit the configuration in an editor; cogtok checks it before it saves it
///
/// The editor is that of VISUAL, else EDITOR, else vi. It gets a private copy. If the edited copy is not TOML, or has
/// an invalid key or value, nothing changes: at a terminal you may edit it again, otherwise the exit code is 3 and the
/// message says where the copy is. Mistakes that were there before are reported and do not stop you.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile edit\n  \
    VISUAL='code --wait' cogtok profile edit")]
pub struct Edit {}

pub fn run(app: &App) -> Result<()> {
    let path = app.config_path()?;
    let before = read_text(&path)?;
    let text = before.clone().unwrap_or_else(|| EMPTY.to_owned());
    if is_newer(&text) {
        return Err(newer(&path));
    }
    let editor = editor::command()?;
    let copy = Copy::of(&text)?;
    // A signal ends the process without deleting the copy.
    signals::set_last_words(Some(format!("interrupted: what you wrote is in {}", copy.path().display())));
    let outcome = edit(&editor, &copy, &text).and_then(|edited| match edited {
        Some(edited) => keep(app, &path, before.as_deref(), &edited, &copy),
        None => {
            terminal::note("nothing was changed");
            Ok(())
        }
    });
    signals::set_last_words(None);
    outcome
}

/// The text that somebody made of the copy; `None` where it is the same as before.
fn edit(editor: &str, copy: &Copy, text: &str) -> Result<Option<String>> {
    let shown = copy.path().display().to_string();
    loop {
        editor::run(editor, copy, text)?;
        let edited = copy.read()?;
        if edited == text {
            return Ok(None);
        }
        let mistakes = mistakes(text, &edited);
        if mistakes.is_empty() {
            return Ok(Some(edited));
        }
        for mistake in mistakes.iter().take(TOLD) {
            terminal::complain(&in_words(mistake, &shown));
        }
        if mistakes.len() > TOLD {
            terminal::note(&format!("and {} more", mistakes.len() - TOLD));
        }
        if !is_edited_again() {
            copy.leave();
            return Err(Error::config("nothing was changed: the edited configuration has mistakes")
                .hint(format!("what you wrote is in {shown}"))
                .hint(Advice::new("see its mistakes: cogtok profile lint {file}").word("file", &shown)));
        }
    }
}

/// Whether somebody wants to edit it again. An answer that can't be read counts as a no: what was written must not be lost.
fn is_edited_again() -> bool {
    terminal::can_ask()
        && terminal::confirm("Edit it again?", "").unwrap_or_else(|error| {
            log::warn!(target: "cogtok", "{error}");
            false
        })
}

/// The mistakes that the edit added. Earlier ones may be deliberate, such as a key for a later version.
fn mistakes(before: &str, edited: &str) -> Vec<Finding> {
    if edited.trim().is_empty() {
        let message = "the file is empty; `cogtok profile delete` deletes profiles".to_owned();
        return vec![Finding { line: 1, column: 1, profile: None, key: None, message, hint: None }];
    }
    let (old, mut new) = (lint(before), lint(edited));
    let is_toml = edited.parse::<toml::Table>().is_ok();
    new.retain(|finding| !is_toml || !old.iter().any(|known| known.is_like(finding)));
    new
}

fn keep(app: &App, path: &Path, before: Option<&str>, edited: &str, copy: &Copy) -> Result<()> {
    let shown = copy.path().display().to_string();
    let config = left_behind::before_any(app);
    if let Err(error) = put(path, app.deadline(), before, edited) {
        copy.leave();
        return Err(error.hint(format!("what you wrote is in {shown}: diff {} {shown}", path.display())));
    }
    terminal::note(&format!("{} is changed", path.display()));
    let names = config.as_ref().map(Config::names).unwrap_or_default();
    left_behind::tell(app, config.as_ref(), &names);
    for finding in lint(edited) {
        log::warn!(target: "cogtok", "{}", in_words(&finding, &path.display().to_string()));
    }
    Ok(())
}

fn is_newer(text: &str) -> bool {
    let table: Option<toml::Table> = text.parse().ok();
    table.and_then(|table| table.get("version")?.as_integer()).is_some_and(|version| version > VERSION)
}
