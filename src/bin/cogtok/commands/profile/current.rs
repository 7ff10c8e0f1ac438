//! `cogtok profile current`: which profile is in use.

use clap::Args;
use cogtok::error::{Advice, Error, Result};
use cogtok::store::config::list;

use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Print the name of the profile in use
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile current\n  \
    PS1='$(cogtok profile current --prompt) \\$ '")]
pub struct Current {
    /// For a shell's prompt: print nothing, and do not fail, where no profile is in use
    #[arg(long)]
    pub prompt: bool,
}

pub fn run(app: &App, args: &Current) -> Result<()> {
    if args.prompt {
        app.output(&[Output::Text])?;
        return prompt(app);
    }
    let config = app.config()?;
    let Some(name) = app.existing_profile_name()? else {
        let names = config.names();
        let error = Error::config("no profile is chosen");
        return Err(if names.is_empty() {
            error.hint(app.first_profile(None))
        } else {
            error.hint(Advice::new("choose one with `cogtok profile use NAME`: {names}").text("names", list(&names)))
        });
    };
    match app.output(&FORMS)? {
        Output::Json => terminal::data(&terminal::json(&serde_json::json!({ "name": name.as_str() }))),
        _ => terminal::data(&format!("{name}\n")),
    }
    .map(drop)
}

/// Ignores every problem with the configuration: a prompt is no place for errors.
fn prompt(app: &App) -> Result<()> {
    let Ok(Some(name)) = app.profile_name() else { return Ok(()) };
    match app.config() {
        Ok(config) if config.names().contains(&name) => terminal::data(&format!("{name}\n")).map(drop),
        _ => Ok(()),
    }
}
