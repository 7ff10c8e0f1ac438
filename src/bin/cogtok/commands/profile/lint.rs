//! `cogtok profile lint`: what is wrong with the configuration, and where.

use std::path::{Path, PathBuf};

use crate::services::config_lint::{Finding, lint, lint_any};
use crate::services::import::{SourceKind, kind_of_content};
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::secrets::age_file;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::profile::domain;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::{Config, LIMIT, read_text};
use cogtok::store::file;
use serde_json::{Value, json};

use super::value_checks::check_aws_profile;
use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Check the configuration for mistakes, with line and column
///
/// Looked for are keys that no program reads, values that their keys can't have, secrets in plain text, kinds of secret that do
/// not exist, and a default profile that is not there. A file that `profile export` wrote is judged as one. No value is repeated. The exit code is 0 where nothing is found and 3
/// where something is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile lint\n  \
    cogtok profile lint ws\n  \
    cogtok profile lint ws-export.toml\n  \
    cogtok profile lint ./cogtok.toml --json | jq -r '.[].message'")]
pub struct Lint {
    /// One profile, or another file; else the whole configuration
    #[arg(value_name = "NAME|FILE", add = ArgValueCandidates::new(completion::profiles))]
    what: Option<String>,
}

pub fn run(app: &App, args: &Lint) -> Result<()> {
    let form = app.output(&FORMS)?;
    let (path, only) = meant(app, args.what.as_deref())?;
    // A profile export in the configuration's place is not a configuration.
    let is_config = app.config_path().is_ok_and(|config| config == path);
    if let Some(file) = args.what.as_deref().filter(|_| !is_config) {
        refuse_sealed(&path, file)?;
    }
    let text = read_text(&path)?;
    if text.is_none() {
        let missing = format!("there is no {}", path.display());
        if args.what.is_some() {
            return Err(Error::config(missing));
        }
        terminal::note(&missing);
    }
    let text = text.unwrap_or_default();
    // An export is made anew, from the configuration in use.
    if let Some(file) = args.what.as_deref().filter(|_| !is_config && kind_of_content(&text) != SourceKind::Export) {
        terminal::set_config(file);
    }
    let mut found = if is_config { lint(&text) } else { lint_any(&text) };
    if let Some(name) = &only {
        found.retain(|finding| finding.profile.as_deref() == Some(name.as_str()));
    }
    if is_config {
        check_surroundings(&path, only.as_ref());
    }
    let shown = path.display().to_string();
    terminal::data(&match form {
        Output::Json => terminal::json(&Value::Array(found.iter().map(|finding| as_json(finding, &shown)).collect())),
        _ => found.iter().map(|finding| format!("{}\n", in_words(finding, &shown))).collect(),
    })?;
    match found.len() {
        0 => Ok(()),
        1 => Err(Error::config(format!("one thing is wrong with {shown}"))),
        count => Err(Error::config(format!("{count} things are wrong with {shown}"))),
    }
}

/// Refuses an export that is sealed, which only an import can look into.
fn refuse_sealed(path: &Path, shown: &str) -> Result<()> {
    let is_sealed = dunce::canonicalize(path).ok().and_then(|target| file::read(&target, LIMIT).ok().flatten());
    if is_sealed.is_some_and(|bytes| age_file::is_sealed(&bytes)) {
        let error = Error::config(format!("{} is sealed with age", path.display()));
        return Err(
            error.hint(Advice::new("to see what is in it: cogtok profile import {file} --dry-run").word("file", shown))
        );
    }
    Ok(())
}

/// Warns of profiles of `~/.aws` that this machine does not have, and of odd addresses: nothing is wrong with the file.
fn check_surroundings(path: &Path, only: Option<&ProfileName>) {
    let Ok(config) = Config::load(path) else { return };
    for name in config.names().iter().filter(|name| only.is_none_or(|only| only == *name)) {
        let mut settings = Settings::default();
        if config.offer_key(name, Key::AwsProfile, &mut settings).is_ok()
            && let Some(named) = settings.list(Key::AwsProfile).first()
        {
            check_aws_profile(&format!("`aws_profile` of profile `{name}`"), named);
        }
        for key in [Key::Domain, Key::TokenUrl] {
            if config.offer_key(name, key, &mut settings).is_ok()
                && let Some(why) = settings.list(key).first().and_then(|value| domain::oddity(key, value))
            {
                log::warn!(target: "cogtok", "profile `{name}`: {why}");
            }
        }
    }
}

/// The file, and the one profile in it where only that is meant.
fn meant(app: &App, what: Option<&str>) -> Result<(PathBuf, Option<ProfileName>)> {
    let Some(what) = what else { return Ok((app.config_path()?, None)) };
    let path = std::path::absolute(what).unwrap_or_else(|_| PathBuf::from(what));
    let is_path = what.contains(std::path::is_separator);
    let name = what.parse::<ProfileName>().ok().filter(|_| !is_path);
    if let Some(name) = name {
        let config = match app.config_path() {
            Err(_) if path.is_file() => return Ok((path, None)),
            config => config?,
        };
        let names = Config::load(&config).map(|config| config.names());
        // A file that is not TOML has no recognisable profiles, so all of it is checked.
        if names.is_err() && !Path::new(&path).is_file() {
            return Ok((config, None));
        }
        let names = names.unwrap_or_default();
        if names.contains(&name) {
            return Ok((config, Some(name)));
        }
        if file::is_absent(&path) {
            return Err(cogtok::store::config::no_such_profile(&name, &names));
        }
    }
    Ok((path, None))
}

/// A finding as compilers write theirs, for editors to jump to.
pub fn in_words(finding: &Finding, file: &str) -> String {
    let of = finding.profile.as_ref().map(|name| format!(" (profile `{}`)", printable(name, 80))).unwrap_or_default();
    let hint = finding.hint.as_ref().and_then(terminal::shown).map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}:{}:{}: {}{of}{hint}", printable(file, 400), finding.line, finding.column, finding.message)
}

fn as_json(finding: &Finding, file: &str) -> Value {
    json!({
        "file": file,
        "line": finding.line,
        "column": finding.column,
        "profile": finding.profile,
        "key": finding.key,
        "message": finding.message,
        "hint": finding.hint.as_ref().and_then(terminal::shown),
    })
}
