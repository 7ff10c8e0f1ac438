//! `cogtok profile show`: a profile as written, or its effective settings with their sources.

mod origin;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::keys::{Key, Settings};
use serde_json::{Map, Value};

use crate::app::App;
use crate::app::about;
use crate::app::options::Output;
use crate::completion;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Show a profile as the configuration has it, or where each value in use comes from
///
/// `--origin` shows what a command would use: options override COGTOK_* variables, these override the profile, and the
/// rest comes from other values, the AWS tools' settings, or a default. It does not look up what a secret in Secrets
/// Manager adds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok profile show\n  \
    cogtok profile show ws --json\n  \
    cogtok profile show ws --origin --region eu-west-1")]
pub struct Show {
    /// The profile; else the one in use
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    name: Option<String>,
    /// Show what is in use, and where each value comes from
    #[arg(long)]
    origin: bool,
}

pub fn run(app: &App, args: &Show) -> Result<()> {
    if args.origin {
        return origin::run(app, args.name.as_deref());
    }
    let name = match &args.name {
        Some(name) => name.parse()?,
        None => app.existing_profile_name()?.ok_or_else(|| no_profile(app))?,
    };
    terminal::set_profile(Some(name.as_str()));
    let config = app.config()?;
    let mut settings = Settings::default();
    config.offer(&name, &mut settings)?;
    for oddity in config.oddities(Some(&name)) {
        log::warn!(target: "cogtok", "{}", about(&oddity));
    }
    let targets = config.target_settings(&name)?;
    let set = Key::ALL.iter().copied().filter(|key| !settings.list(*key).is_empty());
    if app.output(&FORMS)? == Output::Json {
        let mut object = Map::from_iter([("name".to_owned(), Value::from(name.as_str()))]);
        for key in set {
            object.insert(key.dotted().to_owned(), as_json(key, settings.list(key)));
        }
        object.extend(targets.into_iter().map(|setting| (setting.key(), Value::from(setting.value))));
        return terminal::data(&terminal::json(&Value::Object(object))).map(drop);
    }
    let set = set.map(|key| (key.dotted().to_owned(), settings.list(key).join(" ")));
    let rows: Vec<(String, String)> =
        set.chain(targets.into_iter().map(|setting| (setting.key(), setting.value))).collect();
    let widest = rows.iter().map(|(key, _)| key.len()).max().unwrap_or_default().max(16);
    let lines = rows.iter().map(|(key, value)| format!("{key:<widest$} {}\n", printable(value, 400)));
    terminal::data(&lines.collect::<String>()).map(drop)
}

fn no_profile(app: &App) -> Error {
    app.with_profiles(Error::config("no profile is chosen"))
}

fn as_json(key: Key, values: &[String]) -> Value {
    if key.is_list() { Value::from(values.to_vec()) } else { Value::from(values.join(" ")) }
}
