//! `cogtok doctor`: what could keep the profile from working.

mod next_step;
mod report;
mod run_checks;

use crate::services::doctor::failure;
use clap::Args;
use cogtok::error::Result;
use cogtok::settings::types::ProfileName;

use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Find out what keeps a profile from working
///
/// Checks the configuration, the secret store, AWS credentials, the clock, the network, the pool and its app clients,
/// and says what to type where something is wrong. The last line is what to type next. cogtok changes nothing here, asks
/// nothing, and shows no secret: you can paste the result into a ticket. The exit code is that of the first check that
/// fails.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok doctor -p ws\n  \
    cogtok doctor --offline\n  \
    cogtok doctor --json | jq '.[] | select(.status == \"fail\")'")]
pub struct Doctor {
    /// Leave out what needs the network
    #[arg(long)]
    offline: bool,
}

pub fn run(app: &App, args: &Doctor) -> Result<()> {
    let form = app.output(&FORMS)?;
    let name = app.profile_name();
    let found = run_checks::look(app, args.offline, name.as_ref().map(Option::as_ref));
    let profile = name.as_ref().ok().and_then(Option::as_ref).map(ProfileName::as_str);
    terminal::data(&match form {
        Output::Json => report::json(&found, profile),
        _ => report::text(&found, profile),
    })?;
    match failure(&found) {
        // The last line is always what to do next.
        Some(error) if error.advice().iter().all(|hint| terminal::shown(hint).is_none()) => {
            Err(error.hint("see `cogtok help checks`"))
        }
        Some(error) => Err(error),
        None if form == Output::Text => {
            terminal::note(&report::summary(&found));
            if let Some(next) = terminal::shown(&next_step::next_step(app, &found)) {
                terminal::note(&format!("Next, {next}"));
            }
            Ok(())
        }
        None => Ok(()),
    }
}
