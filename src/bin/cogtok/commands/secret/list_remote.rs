//! `cogtok secret list-remote`: the secrets that the app client has at Cognito.

use clap::Args;
use cogtok::aws::admin::Admin;
use cogtok::error::{Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::missing;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::io::moment::moment;
use crate::io::table::table;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Table, Output::Json];

/// List the secrets of the m2m client at Cognito, without values
///
/// An app client has one or two (ListUserPoolClientSecrets).
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cogtok secret list-remote -p ws\n  cogtok secret list-remote --json | jq length")]
pub struct ListRemote {
    /// The app client [default: the profile's m2m.client_id]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
}

pub fn run(app: &App, args: &ListRemote) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.profile(&[(Key::M2mClientId, args.client_id.clone())])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let client = profile.m2m.client_id.as_ref().ok_or_else(|| missing(Key::M2mClientId))?;
    let secrets = app.block_on(async { Admin::new(&app.wire()?, &profile).await?.client_secrets(client).await })?;
    if form == Output::Json {
        let list = secrets.iter().map(|secret| json!({"id": secret.id, "created_at": secret.created_at})).collect();
        return terminal::data(&terminal::json_line(&Value::Array(list))).map(drop);
    }
    let rows = secrets.iter().map(|secret| {
        let created = secret.created_at.and_then(|at| u64::try_from(at).ok()).map(moment);
        vec![printable(&secret.id, 200), created.unwrap_or_default()]
    });
    terminal::data(&table(&["ID", "CREATED"], rows)).map(drop)
}
