//! `cogtok group list`: the groups of the pool.

use clap::Args;
use cogtok::aws::admin::Admin;
use cogtok::aws::groups::Group;
use cogtok::error::{Result, printable};
use serde_json::{Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::commands::user::pool_user::note_seen;
use crate::io::moment::day;
use crate::io::table::table;
use crate::io::terminal;

const FORMS: [Output; 3] = [Output::Table, Output::Json, Output::Text];

/// List the groups of the pool
///
/// Where a user is in several groups, that with the lowest precedence comes first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cogtok group list -p ws\n  cogtok group list --json | jq -r '.[].name'")]
pub struct List {}

pub fn run(app: &App) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let groups = app.block_on(async { Admin::new(&app.wire()?, &profile).await?.groups().await })?;
    note_seen(app, &profile, [], groups.iter().map(|group| group.name.as_str()));
    let text = match form {
        Output::Json => terminal::json_line(&Value::Array(groups.iter().map(as_json).collect())),
        Output::Text => groups.iter().map(|group| format!("{}\n", printable(&group.name, 200))).collect(),
        _ => table(&["GROUP", "PRECEDENCE", "CREATED", "DESCRIPTION"], groups.iter().map(row)),
    };
    terminal::data(&text).map(drop)
}

fn row(group: &Group) -> Vec<String> {
    vec![
        printable(&group.name, 128),
        group.precedence.map(|precedence| precedence.to_string()).unwrap_or_default(),
        group.created_at.map(day).unwrap_or_default(),
        printable(group.description.as_deref().unwrap_or_default(), 200),
    ]
}

/// A group as `--json` prints it.
pub fn as_json(group: &Group) -> Value {
    json!({
        "name": group.name,
        "description": group.description,
        "precedence": group.precedence,
        "role_arn": group.role_arn,
        "created_at": group.created_at,
    })
}
