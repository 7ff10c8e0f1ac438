//! `cogtok user show`: one user as the pool knows it.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Result, printable};
use cogtok::settings::types::Username;

use super::list;
use super::pool_user::{no_such_user, note_seen, typed};
use crate::app::App;
use crate::app::options::Output;
use crate::completion;
use crate::io::moment::day;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Show a user's status and attributes
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok user show alice@example.com -p ws\n  \
    cogtok user show alice@example.com --json | jq -r .status")]
pub struct Show {
    /// The user: name, e-mail address or sub
    #[arg(add = ArgValueCandidates::new(completion::users))]
    username: String,
}

pub fn run(app: &App, args: &Show) -> Result<()> {
    let form = app.output(&FORMS)?;
    let username: Username = args.username.parse()?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let user = app.block_on(async { Admin::new(&app.wire()?, &profile).await?.get(username.as_str()).await })?;
    let user = user.ok_or_else(|| no_such_user(&username))?;
    note_seen(app, &profile, [typed(&user)], []);
    if form == Output::Json {
        return terminal::data(&terminal::json_line(&list::as_json(&user))).map(drop);
    }
    // What the answer does not say is left out.
    let said = [
        ("username", Some(user.username.clone())),
        ("status", user.status.clone()),
        ("enabled", user.is_enabled.map(|is| if is { "yes" } else { "no" }.to_owned())),
        ("created", user.created_at.map(day)),
    ];
    let mut lines: Vec<(&str, String)> = said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    lines.extend(user.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let text: String =
        lines.iter().map(|(name, value)| format!("{:<16} {}\n", printable(name, 60), printable(value, 300))).collect();
    terminal::data(&text).map(drop)
}
