//! `cogtok profile list`: which profiles there are. Wakes neither the keyring nor the network.

use clap::Args;
use cogtok::error::{Advice, Result, printable};
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::types::ProfileName;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::io::table::table;
use crate::io::terminal;

const FORMS: [Output; 3] = [Output::Table, Output::Json, Output::Text];

/// List the profiles; * marks the one in use
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cogtok profile list\n  cogtok profile list --json | jq -r '.[].name'")]
pub struct List {}

pub fn run(app: &App) -> Result<()> {
    let config = app.config()?;
    // A broken default must not hide the list.
    let in_use = app.profile_name().unwrap_or_default();
    let rows: Vec<(ProfileName, Settings)> = config
        .names()
        .into_iter()
        .map(|name| {
            let mut settings = Settings::default();
            let _ = config.offer(&name, &mut settings);
            (name, settings)
        })
        .collect();
    let first = |settings: &Settings, key: Key| settings.list(key).first().cloned();
    if app.output(&FORMS)? == Output::Json {
        let list: Vec<Value> = rows
            .iter()
            .map(|(name, settings)| {
                json!({
                    "name": name.as_str(),
                    "is_current": in_use.as_ref() == Some(name),
                    "description": first(settings, Key::Description),
                    "user_pool_id": first(settings, Key::UserPoolId),
                    "region": first(settings, Key::Region),
                    "client_id": first(settings, Key::UserClientId),
                    "m2m_client_id": first(settings, Key::M2mClientId),
                    // The names that `profile show` uses.
                    "user.client_id": first(settings, Key::UserClientId),
                    "m2m.client_id": first(settings, Key::M2mClientId),
                })
            })
            .collect();
        return terminal::data(&terminal::json(&Value::Array(list))).map(drop);
    }
    if rows.is_empty() {
        terminal::hint(Advice::new("there is no profile yet; ").then(app.first_profile(None)));
        return Ok(());
    }
    if app.output(&FORMS)? == Output::Text {
        let names: String = rows.iter().map(|(name, _)| format!("{name}\n")).collect();
        return terminal::data(&names).map(drop);
    }
    let rows = rows.iter().map(|(name, settings)| {
        let mark = if in_use.as_ref() == Some(name) { "*" } else { "" };
        let has = |key, word| first(settings, key).map(|_| word);
        let uses = [has(Key::UserClientId, "user"), has(Key::M2mClientId, "m2m").or(has(Key::SecretArn, "m2m"))];
        let pool = first(settings, Key::UserPoolId).unwrap_or_default();
        vec![
            mark.to_owned(),
            name.to_string(),
            printable(&pool, 60),
            uses.into_iter().flatten().collect::<Vec<_>>().join(" "),
            printable(&first(settings, Key::Description).unwrap_or_default(), 60),
        ]
    });
    terminal::data(&table(&["", "NAME", "USER POOL", "TOKENS", "DESCRIPTION"], rows)).map(drop)
}
