//! `cogtok profile show --origin`: what a command would use, and where each value comes from.

use std::collections::BTreeMap;

use crate::services::config_lint::{line_at_top, lines_of_keys, lines_of_targets};
use cogtok::error::{Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::provenance::{Provenance, WithProvenance, sources};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::read_text;
use serde_json::{Map, Value, json};

use super::{FORMS, as_json, no_profile};
use crate::app::App;
use crate::app::about;
use crate::app::options::Output;
use crate::env;
use crate::env::aws_environment;
use crate::io::table::table;
use crate::io::terminal;

/// The source of a value, as text and as JSON.
struct FoundValue {
    /// The kind of source, as one word.
    kind: &'static str,
    /// The option, the variable or the key.
    name: Option<String>,
    /// The line, where it is in the configuration.
    line: Option<usize>,
}

pub fn run(app: &App, typed: Option<&str>) -> Result<()> {
    let form = app.output(&FORMS)?;
    let name: Option<ProfileName> = match typed {
        Some(name) => Some(name.parse()?),
        None => app.existing_profile_name()?,
    };
    terminal::set_profile(name.as_ref().map(ProfileName::as_str));
    let (config, aws) = (app.config()?, aws_environment());
    for oddity in config.oddities(name.as_ref()) {
        log::warn!(target: "cogtok", "{}", about(&oddity));
    }
    let settings = app.settings(name.as_ref(), &[])?;
    let profile = app.resolve_region(Profile::resolve(name.clone(), &settings, &aws)?);
    let targets = name.as_ref().map(|name| config.target_settings(name)).transpose()?.unwrap_or_default();
    let rows = sources(&settings, &aws, profile.region.as_ref())?;
    // Variables may replace a profile; default values can't.
    if name.is_none() && !Key::ALL.iter().any(|key| settings.origin(*key).is_some()) {
        return Err(no_profile(app));
    }
    let text = config.path().map(read_text).transpose()?.flatten().unwrap_or_default();
    let lines = name.as_ref().map(|name| lines_of_keys(&text, name)).unwrap_or_default();
    let chosen = if name.is_some() { chosen(app, typed, &text) } else { None };
    let lines_of_targets = name.as_ref().map(|name| lines_of_targets(&text, name)).unwrap_or_default();
    let of_profile = rows.iter().map(|row| (label(row), as_json(row.key, &row.values), found(row, &lines)));
    let of_targets = targets.into_iter().map(|setting| {
        let key = setting.key();
        let line = lines_of_targets.get(&key).copied();
        (key, Value::from(setting.value), FoundValue { kind: "profile", name: None, line })
    });
    let found: Vec<(String, Value, FoundValue)> = of_profile.chain(of_targets).collect();
    let file = config.path().map(|path| path.display().to_string()).unwrap_or_default();
    if form == Output::Json {
        let values: Map<String, Value> =
            found.into_iter().map(|(key, value, found)| (key, entry(value, &found, &file))).collect();
        let profile = name.as_ref().map(|name| Value::from(name.as_str())).unwrap_or_default();
        let profile = chosen.map_or(json!({ "value": profile }), |found| entry(profile, &found, &file));
        return terminal::data(&terminal::json(&json!({ "profile": profile, "values": values }))).map(drop);
    }
    let first = name.zip(chosen).map(|(name, found)| vec!["profile".to_owned(), name.to_string(), in_words(&found)]);
    let cells =
        found.iter().map(|(key, value, found)| vec![key.clone(), printable(&shown(value), 400), in_words(found)]);
    terminal::data(&table(&["KEY", "VALUE", "FROM"], first.into_iter().chain(cells)))?;
    if !lines.is_empty() || !lines_of_targets.is_empty() {
        terminal::note(&format!("the lines are those of {file}"));
    }
    Ok(())
}

/// The option, variable or file that chose the profile.
fn chosen(app: &App, typed: Option<&str>, text: &str) -> Option<FoundValue> {
    let of = |kind, name: &str, line| Some(FoundValue { kind, name: Some(name.to_owned()), line });
    match (typed, &app.global.profile, env::var("COGTOK_PROFILE")) {
        (Some(_), ..) => Some(FoundValue { kind: "argument", name: None, line: None }),
        (None, Some(_), _) => of("option", "--profile", None),
        (None, None, Some(_)) => of("variable", "COGTOK_PROFILE", None),
        (None, None, None) => of("default", "default_profile", line_at_top(text, "default_profile")),
    }
}

fn found(row: &WithProvenance, lines: &BTreeMap<Key, usize>) -> FoundValue {
    let of = |kind, name: Option<&str>| FoundValue { kind, name: name.map(str::to_owned), line: None };
    match row.source {
        Provenance::Option => of("option", option(row.key)),
        Provenance::Variable(name) => of("variable", Some(name)),
        Provenance::Profile => FoundValue { line: lines.get(&row.key).copied(), ..of("profile", None) },
        Provenance::ReadFrom(key) => of("read-from", Some(key.dotted())),
        Provenance::AwsVariable(name) => of("aws-variable", Some(name)),
        Provenance::AwsFiles => of("aws-files", None),
        Provenance::Default => of("default", None),
    }
}

/// The global option that is a setting of a profile.
fn option(key: Key) -> Option<&'static str> {
    match key {
        Key::Region => Some("--region"),
        Key::AwsProfile => Some("--aws-profile"),
        Key::EndpointUrl => Some("--endpoint-url"),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        value => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn label(row: &WithProvenance) -> String {
    match row.service {
        Some(service) => format!("{} ({service})", row.key.dotted()),
        None => row.key.dotted().to_owned(),
    }
}

fn in_words(found: &FoundValue) -> String {
    let name = found.name.as_deref();
    match (found.kind, name, found.line) {
        ("profile", _, Some(line)) => format!("profile, line {line}"),
        ("read-from", Some(key), _) => format!("read from {key}"),
        ("aws-files", ..) => "the AWS tools' files".to_owned(),
        ("argument", ..) => "the command line".to_owned(),
        (_, Some(name), Some(line)) => format!("{name}, line {line}"),
        (kind, name, _) => name.unwrap_or(kind).to_owned(),
    }
}

fn entry(value: Value, found: &FoundValue, file: &str) -> Value {
    let mut object = json!({ "value": value, "source": found.kind });
    if let Some(name) = &found.name {
        object["name"] = Value::from(name.as_str());
    }
    if let Some(line) = found.line {
        object["file"] = Value::from(file);
        object["line"] = Value::from(line);
    }
    object
}
